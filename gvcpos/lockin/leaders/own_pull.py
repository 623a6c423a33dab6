"""Structural pull-through: how much of a country's early-stage value added ends in its own late-stage products.

It is accounting, not growth: the Leontief inverse of each year says where the value added goes. The trend over the
years is what is tested.
"""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gvcpos.lockin.axes import scope_rows
from gvcpos.lockin.common.results import Evidence, LockInTest, require_level
from gvcpos.lockin.common.sample import stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.trend import Shocks, Trend, scope_trend
from gvcpos.lockin.common.wording import interval_text, judgement, number, percent
from gvcpos.lockin.leaders.embodied import own_shares

_COLUMNS = ("own_share", "own", "foreign", "elsewhere", "benchmark")


def structural_pull_through(
    flows: pd.DataFrame,
    source: str = "upstream",
    target: str = "downstream",
    *,
    scope: ScopeLike = None,
    shocks: Shocks = "common",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether the share of source-stage value added that ends in own target products has a trend.

    Parameters
    ----------
    flows : DataFrame
        Of `stage_flows`, all years.
    source, target : str
        Stages.
    scope : str, iterable, mapping or None
        For whom; several countries count alike, each by its own share.
    shocks : {"common", "independent"}
        What several countries share; see `scope_trend`.
    exclude : iterable of str
        Aggregates, whose own share is no country's; what others' value added ends in them counts as foreign. Each must
        be in the flows, except ROW, which may be absent.
    level : float

    Returns
    -------
    LockInTest
        Of the mean change a year of own/(own + foreign). A falling share is evidence of lock-in (others finish what the
        country extracts), a rising one of upgrading. ``details``: ``shares``, by year the mean over the scope of
        own_share, own, foreign, elsewhere and benchmark (see `own_shares`); ``countries``, the same by country.

    Raises
    ------
    LabelError, InputError
        If a stage, a country or a column is unknown.
    EstimationError
        With fewer than five years.

    Warns
    -----
    DroppedRowsWarning
        Naming countries whose source stage adds nothing to any target product in some year.
    """
    require_level(level)
    shares = own_shares(flows, source, target).assign(stage=f"{source} → {target}")
    whom = Scope.of(scope, shares, exclude)
    what = f"structural pull-through of {whom.name}, {source} to {target}"
    frame = scope_rows(stage_frame(shares, f"{source} → {target}", _COLUMNS, exclude), whom, what)
    trend = scope_trend(frame["own_share"].unstack("country"), what, shocks=shocks, level=level)
    return _test(trend, frame, (source, target), whom, level)


def _test(trend: Trend, frame: pd.DataFrame, stages: tuple[str, str], whom: Scope, level: float) -> LockInTest:
    source, target = stages
    result, falls = trend.result, trend.result.estimate < 0
    evidence: Evidence = "none" if result.pvalue >= level else "lock-in" if falls else "upgrading"
    means = frame.groupby(level="year").mean()
    return LockInTest.of(
        result,
        name=f"structural pull-through: {source} to {target}" + ("" if whom.kind == "world" else f", {whom.name}"),
        null=f"the share of {source} value added in own rather than foreign {target} products does not change",
        alternative="it rises or falls",
        level=level,
        nobs=trend.nobs,
        ncountries=trend.ncountries,
        sentence=_sentence(trend, means, stages, whom, level),
        details={"shares": means.reset_index(), "countries": frame.reset_index()},
        quantity="mean change of the own share a year",
        scope=whom.name,
        effect=(
            f"{number(abs(100 * result.estimate))} percentage points {'less' if falls else 'more'} a year of the "
            f"{source} value added in {target} products is in the country's own"
        ),
        evidence=evidence,
    )


def _sentence(trend: Trend, means: pd.DataFrame, stages: tuple[str, str], whom: Scope, level: float) -> str:
    source, target = stages
    verdict = judgement(trend.result.pvalue, level, "it has no trend", "two-sided")
    first, last = means.iloc[0], means.iloc[-1]
    held = {"world": "the mean country", "group": f"the mean country of {whom.name}", "country": whom.name}[whom.kind]
    return (
        f"Of the {source} value added of {held} that ends in {target} products, the share in its own products went "
        f"from {percent(first['own_share'])} ({means.index[0]}) to {percent(last['own_share'])} ({means.index[-1]}; "
        f"{percent(last['benchmark'])} if products drew on all sources alike), a mean change a year of "
        f"{interval_text(trend.result, level)}. {verdict}."
    )
