"""Ranks and how sure they are: confidence sets for ranks from estimates and their errors.

Mogstad, Romano, Shaikh & Wilhelm (2024, Rev. Econ. Stud. 91:476). That j is below k is a one-sided hypothesis on the
difference of two estimates; those rejected, with the familywise error held at the level by the largest studentised
difference of the draws, stepping down (Romano & Wolf 2005), bound the rank. A marginal set holds the rank of its own
country with confidence 1 − level; simultaneous sets hold all ranks at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, enumerate_labels, locate, unique
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import require_level
from gvcpos.lockin.common.sample import excluded

FloatArray = npt.NDArray[np.float64]
RankSets = Literal["marginal", "simultaneous"]
_NORMAL_DRAWS = 4000


def rank_intervals(
    estimates: pd.Series,
    *,
    draws: pd.DataFrame | None = None,
    cov: pd.DataFrame | None = None,
    std_errors: pd.Series | None = None,
    sets: RankSets = "marginal",
    level: float = 0.05,
    seed: int = 0,
) -> pd.DataFrame:
    """Bound the rank of every country.

    Parameters
    ----------
    estimates : Series
        Country to its measure; the largest is first.
    draws : DataFrame, shape (draws, countries), optional
        The measure drawn again, as by Monte Carlo or a bootstrap: its spread about its own mean is the error.
    cov : DataFrame, shape (countries, countries), optional
        Covariance of the estimates, taken as normal.
    std_errors : Series, optional
        Of estimates that are independent and normal. Give one of the three.
    sets : {"marginal", "simultaneous"}
    level : float
        One less the confidence.
    seed : int
        Of the normal draws.

    Returns
    -------
    DataFrame
        country, estimate, rank, rank_low and rank_high (the set is every rank from one to the other), in the order of
        `estimates`.

    Raises
    ------
    LabelError
        If the countries of the two are not the same.
    InputError
        If not just one source of errors is given, a value is not finite, or a standard error negative.
    """
    require_level(level)
    choose(sets, RankSets, "sets")
    names = unique(estimates.index, "countries of the estimates")
    values = estimates.to_numpy(float)
    errors = _errors(names, {"draws": draws, "cov": cov, "std_errors": std_errors}, seed)
    if not (np.isfinite(values).all() and np.isfinite(errors).all()):
        raise InputError("rank_intervals: an estimate or an error is not finite. Leave its country out.")
    low, high = rank_sets(values, errors, simultaneous=sets == "simultaneous", level=level)
    rank = estimates.rank(ascending=False, method="min").astype(int).to_numpy()
    return pd.DataFrame({"country": names, "estimate": values, "rank": rank, "rank_low": low, "rank_high": high})


def _errors(names: tuple[str, ...], given: dict[str, pd.DataFrame | pd.Series | None], seed: int) -> FloatArray:
    """Return draws of the error, centred, shape (R, p), in the order of `names`."""
    there = [name for name, value in given.items() if value is not None]
    if len(there) != 1:
        found = enumerate_labels(there) or "none"
        raise InputError(f"rank_intervals needs one of draws, cov and std_errors; it was given {found}.")
    source = given[there[0]]
    assert source is not None  # there[0] is one that was given
    if there[0] == "draws":
        order = align(_labels(source.columns), names, "columns of the draws", "the estimates")
        drawn = source.to_numpy(float)[:, order]
        return np.asarray(drawn - drawn.mean(axis=0))
    order = align(_labels(source.index), names, f"index of {there[0]}", "the estimates")
    normal = np.random.default_rng(seed).normal(size=(_NORMAL_DRAWS, len(names)))
    if there[0] == "std_errors":
        spread = source.to_numpy(float)[order]
        if (spread < 0).any():
            named = enumerate_labels(name for name, bad in zip(names, spread < 0, strict=True) if bad)
            raise InputError(f"rank_intervals: the standard errors of {named} are negative. Give their sizes.")
        return np.asarray(normal * spread)
    columns = align(_labels(source.columns), names, "columns of cov", "the estimates")
    values, vectors = np.linalg.eigh(source.to_numpy(float)[np.ix_(order, columns)])
    return np.asarray(normal @ (vectors * np.sqrt(np.maximum(values, 0.0))).T)


def _labels(labels: Iterable[Hashable]) -> list[str]:
    return [str(label) for label in labels]


def rank_sets(
    estimates: FloatArray, errors: FloatArray, *, simultaneous: bool = False, level: float = 0.05
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the lowest and the highest rank that each estimate can have, shape (p,) each.

    Parameters
    ----------
    estimates : ndarray, shape (p,)
    errors : ndarray, shape (R, p)
        Draws of the estimates less their mean.
    simultaneous : bool
        One set of hypotheses for all ranks, or one for each.
    level : float

    Notes
    -----
    A pair whose difference does not vary in the draws is known: its order is that of the estimates.
    """
    p = len(estimates)
    gap = estimates[:, None] - estimates[None, :]
    scale = np.stack([np.std(errors[:, [j]] - errors, axis=0, ddof=1) for j in range(p)])
    sure = scale <= 1e-12 * np.abs(estimates).max(initial=0.0)
    above = sure & (gap > 0)
    off = ~np.eye(p, dtype=bool) & ~sure
    if simultaneous:
        rows, columns = np.nonzero(off)
        above[rows, columns] |= _stepped(gap, scale, errors, (rows, columns), level)
        below = above.T
    else:
        below = above.T.copy()
        for j in range(p):
            others = np.flatnonzero(off[j])
            rows, columns = np.r_[np.full(others.size, j), others], np.r_[others, np.full(others.size, j)]
            found = _stepped(gap, scale, errors, (rows, columns), level)
            above[j, others] |= found[: others.size]
            below[j, others] |= found[others.size :]
    return 1 + below.sum(axis=1), p - above.sum(axis=1)


def _stepped(
    gap: FloatArray,
    scale: FloatArray,
    errors: FloatArray,
    pairs: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]],
    level: float,
) -> npt.NDArray[np.bool_]:
    """Say for which pairs (j, k) the first is above the second, stepping down until nothing more is found."""
    rows, columns = pairs
    if not rows.size:
        return np.zeros(0, dtype=bool)
    t = gap[rows, columns] / scale[rows, columns]
    drawn = (errors[:, rows] - errors[:, columns]) / scale[rows, columns]
    found = np.zeros(rows.size, dtype=bool)
    while not found.all():
        cut = np.quantile(drawn[:, ~found].max(axis=1), 1 - level)
        new = ~found & (t > cut)
        if not new.any():
            break
        found |= new
    return found


def dominance_ranks(
    measures: pd.DataFrame,
    column: str = "va_share",
    *,
    draws: pd.DataFrame | Iterable[pd.DataFrame],
    sets: RankSets = "marginal",
    level: float = 0.05,
    exclude: Iterable[str] = ("ROW",),
) -> pd.DataFrame:
    """Bound the ranks of a measure of dominance in every year.

    Parameters
    ----------
    measures : DataFrame
        country, year and `column`, one stage, as of `dominance` or `stage_network`.
    column : str
    draws : DataFrame or iterable of DataFrame
        country, year, draw and `column`: the measure of the same countries and years drawn again; or one panel a draw,
        as of ``drawn_panels(...).frame(k)``, which has no draw. Of several stages that of the measures is taken.
    sets, level
        As in `rank_intervals`.
    exclude : iterable of str
        What `dominance` leaves out: left out of the draws too where the measures have it not.

    Returns
    -------
    DataFrame
        country, year, estimate, rank, rank_low, rank_high; in the order of `measures`.

    Raises
    ------
    InputError
        If a column is missing, or a country has two rows in a year, as with several stages.
    LabelError
        If the draws are of other countries or stages, or lack a year.
    """
    _one_row_each(measures, "measures", ["country", "year"], column)
    drawn = _drawn_again(draws, measures, column, excluded(exclude))
    years = [int(y) for y in measures["year"].unique()]
    have = sorted({str(int(y)) for y in drawn["year"]})
    align(have, [str(y) for y in sorted(years)], "years of the draws", "measures")
    parts = []
    for year in years:
        own = measures[measures["year"] == year].set_index("country")[column]
        wide = drawn[drawn["year"] == year].pivot(index="draw", columns="country", values=column)
        parts.append(rank_intervals(own, draws=wide, sets=sets, level=level).assign(year=year))
    out = pd.concat(parts).set_index(["country", "year"])
    keys = pd.MultiIndex.from_frame(measures[["country", "year"]])
    return out.loc[keys].reset_index()


def _drawn_again(
    draws: pd.DataFrame | Iterable[pd.DataFrame], measures: pd.DataFrame, column: str, left_out: Iterable[str]
) -> pd.DataFrame:
    """Return country, year, draw and the measure: of the stage of the measures, without what they leave out."""
    if isinstance(draws, pd.DataFrame):
        one = draws
    else:
        panels = list(draws)
        if not panels:
            raise InputError("dominance_ranks: draws holds no panel. Give at least two.")
        one = pd.concat([panel.assign(draw=k) for k, panel in enumerate(panels, start=1)], ignore_index=True)
    if "stage" in one.columns and "stage" in measures.columns:
        stages = [str(s) for s in measures["stage"].unique()]
        locate(stages, [str(s) for s in one["stage"].unique()], "stage of the draws")
        one = one[one["stage"].isin(stages)]
    gone = [c for c in left_out if c not in set(measures["country"])]
    one = one[~one["country"].isin(gone)] if "country" in one.columns else one
    _one_row_each(one, "draws", ["country", "year", "draw"], column)
    return one


def _one_row_each(frame: pd.DataFrame, what: str, keys: list[str], column: str) -> None:
    absent = [c for c in (*keys, column) if c not in frame.columns]
    if absent:
        raise InputError(f"dominance_ranks: the {what} have no column {enumerate_labels(absent)}.")
    if frame.duplicated(keys).any():
        raise InputError(f"dominance_ranks: the {what} have two rows for a country and year. Take one stage only.")
