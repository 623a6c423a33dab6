"""The headline of a verdict: who dominates, and what slope and pull-through say together in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gvcpos.lockin.capture.capture_slopes import position_capture_slopes
from gvcpos.lockin.capture.equal_slopes import slope_equality
from gvcpos.lockin.capture.slope_models import SlopeKind
from gvcpos.lockin.common.results import LockInTest
from gvcpos.lockin.common.sample import stage_names, unit_column
from gvcpos.lockin.common.wording import p_text, percent
from gvcpos.lockin.leaders.shares import concentration_sentence, dominance, dominance_summary, dominance_trend
from gvcpos.lockin.pull.growth_pull import pull_through

if TYPE_CHECKING:
    from gvcpos.lockin.entries import Case


@dataclass(frozen=True, eq=False)
class Headline:
    """Dominance and the first tests.

    Attributes
    ----------
    tests : tuple of LockInTest
        Trend of the leader's share, position–capture slopes by stage, their equality, pull-through.
    dominance, leaders : DataFrame
    sentence, concentration : str
    """

    tests: tuple[LockInTest, ...]
    dominance: pd.DataFrame
    leaders: pd.DataFrame
    sentence: str
    concentration: str


def headline(
    case: Case,
    *,
    slope: SlopeKind,
    stages: Sequence[str] | None,
    leader: str | None,
    placebo: str | None,
    own_lags: int,
) -> Headline:
    """Measure dominance and run the first tests; parameters as in `lock_in`."""
    panel, upstream, weights = case.panel, case.upstream, case.weights
    names = [s for s in stage_names(panel) if s != placebo] if stages is None else list(stages)
    names = [upstream, *(s for s in names if s != upstream)]
    model: dict[str, Any] = {"capture": case.capture, "position": case.position, "controls": case.controls}
    model |= {"weights": weights, "cov_type": case.cov_type}
    trend = dominance_trend(panel, upstream, leader, **case.common)
    slopes = position_capture_slopes(panel, names, slope=slope, **model, **case.common)
    # What slope_equality compares are coefficients, so it stands beside coefficients only.
    comparable = len(names) > 1 and (weights is None or slope == "coefficient")
    equal = (slope_equality(panel, names, **model, **case.common),) if comparable else ()
    pull = pull_through(
        panel, upstream, case.downstream, lags=case.lags, own_lags=own_lags, placebo=placebo, **case.common
    )
    leaders = dominance_summary(measures := dominance(panel, exclude=case.exclude))
    first = leaders[leaders[unit_column(panel)] == upstream].iloc[0]
    made = "Synthetic data: " if panel.attrs.get("synthetic") else ""
    sentence = made + _lead(first, upstream) + _together(slopes[0], pull, upstream, case.downstream)
    return Headline(
        (trend, *slopes, *equal, pull), measures, leaders, sentence, concentration_sentence(first, upstream)
    )


def _lead(leader: pd.Series, upstream: str) -> str:
    years = f"{leader['first_year']}–{leader['last_year']}"
    lead = (
        f"{leader['leader']} leads the {upstream} stage with {percent(leader['va_share_mean'])} of the world's "
        f"value added on average over {years}"
    )
    if leader["last_leader"] == leader["leader"]:
        return f"{lead}. "
    return f"{lead}, but no longer in {leader['last_year']}, when {leader['last_leader']} does. "


def _together(slope: LockInTest, pull: LockInTest, upstream: str, downstream: str) -> str:
    """Put the two lock-in tests into one sentence; what is not rejected is not shown, rather than false."""
    level = percent(slope.level)
    falls = f"moving upstream goes with capturing less (one-sided {p_text(slope.pvalue)})"
    flat = f"it is not shown that moving upstream goes with capturing less (one-sided {p_text(slope.pvalue)})"
    pulls = f"{upstream} growth pulls own {downstream} growth along ({p_text(pull.pvalue)})"
    crowds = f"{upstream} growth is followed by own {downstream} decline ({p_text(pull.pvalue)})"
    none = f"{upstream} growth is not shown to pull own {downstream} growth along ({p_text(pull.pvalue)})"
    pulled = pull.rejected and pull.estimate > 0
    crowded = pull.rejected and pull.estimate < 0
    if slope.rejected and pulled:
        return f"The evidence on lock-in is mixed at the {level} level: {falls}, yet {pulls}."
    if slope.rejected:
        return f"The tests speak for low-end lock-in at the {level} level: {falls}, and {crowds if crowded else none}."
    if pulled:
        return f"The tests do not show lock-in at the {level} level: {flat}, and {pulls}."
    if crowded:
        return f"The evidence on lock-in is mixed at the {level} level: {flat}, yet {crowds}."
    return f"The tests are inconclusive at the {level} level: {flat}, and {none}."
