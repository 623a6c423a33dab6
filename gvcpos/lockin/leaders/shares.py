"""Who dominates a stage: shares, comparative advantage, concentration, rank; and whether the lead has a trend."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.lockin.common.results import Inference, LockInTest, require_level
from gvcpos.lockin.common.sample import complete_rows, stage_frame, stage_names, unit_column
from gvcpos.lockin.common.trend import series_trend
from gvcpos.lockin.common.wording import interval_text, judgement, number, percent

_SHARES = ("va_share", "export_share")
_OPTIONAL = ("rca", "rca_va", "upstreamness", "downstreamness", "gvc_position")
_ROUNDING = 1e-9
_WORTH_SAYING = 5e-4


def dominance(panel: pd.DataFrame, stage: str | None = None, *, exclude: Iterable[str] = ("ROW",)) -> pd.DataFrame:
    """Measure every country's weight in a stage, year by year.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`, with va_share and export_share.
    stage : str, optional
        One stage; default all.
    exclude : iterable of str
        Aggregates, which are no country and are neither ranked nor counted in the concentration; each must be in
        the panel, except ROW, which may be absent. Shares stay shares of the whole world.

    Returns
    -------
    DataFrame
        country, stage, year; va_share and export_share (of the world's stage); va_rank and export_rank
        (1 = largest); va_hhi and export_hhi, Σ share² over the countries kept, the same for all rows of a stage
        and year (Herfindahl–Hirschman); va_left_out and export_left_out, the share s of the world's stage that
        belongs to none of them: the index of all economies lies between the HHI and HHI + s²; rca, rca_va (Balassa
        1965) and positions as far as the panel has them, and upstream_rank (1 = most upstream).

    Raises
    ------
    LabelError, InputError
        If the stage, an excluded country or a column is unknown, or rows are duplicated.
    """
    unit = unit_column(panel)
    columns = [*_SHARES, *(c for c in _OPTIONAL if c in panel.columns)]
    wanted = stage_names(panel) if stage is None else (stage,)
    frames = [_stage_dominance(stage_frame(panel, s, columns, exclude)).assign(**{unit: s}) for s in wanted]
    out = pd.concat(frames).reset_index()
    rest = [c for c in out.columns if c not in ("country", unit, "year")]
    return out[["country", unit, "year", *rest]]


def _stage_dominance(frame: pd.DataFrame) -> pd.DataFrame:
    by_year = frame.groupby(level="year", sort=False)
    for share in _SHARES:
        short = share.removesuffix("_share")
        frame[f"{short}_rank"] = by_year[share].rank(ascending=False, method="min")
        frame[f"{short}_hhi"] = (frame[share] ** 2).groupby(level="year", sort=False).transform("sum")
        rest = 1.0 - by_year[share].transform("sum")
        frame[f"{short}_left_out"] = rest.where(rest.abs() > _ROUNDING, 0.0)
    if "upstreamness" in frame:
        frame["upstream_rank"] = by_year["upstreamness"].rank(ascending=False, method="min")
    return frame


def dominance_summary(measures: pd.DataFrame) -> pd.DataFrame:
    """Sum `dominance` up: per stage its leader (largest mean share of value added) and how the lead went.

    Returns
    -------
    DataFrame
        stage, leader, mean, first and last va_share and export_share, the last HHI, the share that it leaves out
        (va_left_out_last) and its equivalent number of equal countries 1/HHI, years in which the leader ranks first,
        who leads in the last year (last_leader), and the last RCA where known.
    """
    unit = unit_column(measures)
    rows = []
    for stage in stage_names(measures):
        part = measures[measures[unit] == stage]
        leader = leading_country(part)
        own = part[part["country"] == leader].sort_values("year")
        first, last = own.iloc[0], own.iloc[-1]
        row = {
            unit: stage,
            "leader": leader,
            "first_year": int(first["year"]),
            "last_year": int(last["year"]),
            "years_first": int((own["va_rank"] == 1).sum()),
            "last_leader": leading_country(part[part["year"] == last["year"]]),
        }
        for share in _SHARES:
            row |= {f"{share}_mean": own[share].mean(), f"{share}_first": first[share], f"{share}_last": last[share]}
        row |= {"va_hhi_last": last["va_hhi"], "va_left_out_last": last["va_left_out"]}
        row |= {"equal_countries_last": 1 / last["va_hhi"]}
        row |= {f"{c}_last": last[c] for c in _OPTIONAL if c in own.columns}
        rows.append(row)
    return pd.DataFrame(rows)


def concentration_sentence(leader: pd.Series, stage: str) -> str:
    """Say how concentrated a stage is in the last year, and what part of it the index leaves out.

    Parameters
    ----------
    leader : Series
        The stage's row of `dominance_summary`.
    stage : str
    """
    hhi, rest = float(leader["va_hhi_last"]), float(leader["va_left_out_last"])
    said = f"The Herfindahl–Hirschman index of {stage} value added is {number(hhi)} in {leader['last_year']}"
    if not rest > _WORTH_SAYING:
        return f"{said}, over the whole world."
    return (
        f"{said}, a lower bound: {percent(rest)} of the world's stage belongs to economies that are left out. "
        f"Were they one country, it would be {number(hhi + rest**2)}."
    )


def leading_country(part: pd.DataFrame, share: str = "va_share") -> str:
    """Return the country with the largest mean share; of equals the first in the alphabet."""
    means = part.groupby("country")[share].mean().sort_index()
    return str(means.idxmax())


def dominance_trend(
    panel: pd.DataFrame,
    stage: str = "upstream",
    country: str | None = None,
    *,
    share: str = "va_share",
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether a country's share in a stage has a trend.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stage : str
    country : str, optional
        Default the leader: the largest mean share over all years.
    share : {"va_share", "export_share"}
    exclude : iterable of str
        Countries that cannot lead; see `dominance`.
    level : float

    Returns
    -------
    LockInTest
        Of the mean change of the share per year, as a fraction of the world's stage.

    Raises
    ------
    EstimationError
        With fewer than five consecutive years.
    """
    require_level(level)
    if share not in _SHARES:
        raise InputError(f"share={share!r} is not known. Allowed: {', '.join(_SHARES)}.")
    country, series = _series(stage_frame(panel, stage, [share], exclude), country, share)
    result = series_trend(series, f"trend of {country} in {stage}", level=level)
    noun = "value added" if share == "va_share" else "exports"
    return LockInTest.of(
        result,
        name=f"dominance trend: {country} in {stage}",
        null=f"the share of {country} in {stage} {noun} does not change on average",
        alternative="it rises or falls",
        level=level,
        nobs=len(series) - 1,
        ncountries=1,
        sentence=_sentence(result, series, f"The share of {country} in the world's {stage} {noun}", level),
        details={"share": series.rename_axis("year").reset_index()},
        quantity="mean change of the share per year",
    )


def _series(frame: pd.DataFrame, country: str | None, share: str) -> tuple[str, pd.Series]:
    """Return the country, by default the leader, and its share by year."""
    names = tuple(dict.fromkeys(frame.index.get_level_values("country")))
    chosen = leading_country(frame.reset_index(), share) if country is None else country
    locate([chosen], names, "country of the panel")
    return chosen, complete_rows(frame.loc[[chosen]], f"trend of {chosen}")[share].droplevel("country")


def _sentence(result: Inference, series: pd.Series, subject: str, level: float) -> str:
    ends = [f"{percent(series.iloc[k])} ({int(series.index[k])})" for k in (0, -1)]
    return (
        f"{subject} went from {ends[0]} to {ends[1]}, a mean change per year of {interval_text(result, level)}. "
        f"{judgement(result.pvalue, level, 'it has no trend', 'two-sided')}."
    )
