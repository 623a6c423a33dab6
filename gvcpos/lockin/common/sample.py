"""From a tidy panel to the sample of one test: checked, sorted, without gaps, and open about what it drops."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate

_FEWEST_COUNTRIES = 4
_FEWEST_YEARS = 3
MAY_BE_ABSENT = "ROW"  # what is excluded by default, so that panels with and without a rest of the world work alike


def excluded(countries: Iterable[str]) -> tuple[str, ...]:
    """Return the countries to leave out as a tuple; a bare string would be taken letter by letter and is refused."""
    if isinstance(countries, str):
        raise InputError(f"exclude={countries!r}: give a list of countries, as in exclude=[{countries!r}].")
    return tuple(str(country) for country in countries)


def unit_column(panel: pd.DataFrame) -> str:
    """Return ``"stage"`` or ``"sector"``, whichever the panel is by."""
    for column in ("stage", "sector"):
        if column in panel.columns:
            return column
    raise InputError("the panel has neither a stage nor a sector column. Make it with gvc_panel.")


def stage_names(panel: pd.DataFrame) -> tuple[str, ...]:
    """Return the panel's stages in the order in which they occur."""
    return tuple(str(s) for s in panel[unit_column(panel)].drop_duplicates())


def stage_frame(panel: pd.DataFrame, stage: str, columns: Sequence[str], exclude: Iterable[str] = ()) -> pd.DataFrame:
    """Take one stage of a panel.

    Parameters
    ----------
    panel : DataFrame
        Tidy, with country, stage (or sector), year and `columns`; rows in any order.
    stage : str
    columns : sequence of str
        Values wanted.
    exclude : iterable of str
        Countries left out; each must be in the panel (in any stage), except ROW, the default, which may be absent.

    Returns
    -------
    DataFrame
        Index (country, year), sorted, one row each; columns as wanted, as floats.

    Raises
    ------
    InputError
        If a column is not in the panel.
    LabelError
        If the panel lacks the stage or an excluded country, or has two rows for a country and year.
    """
    unit = unit_column(panel)
    absent = [c for c in ("country", "year", *columns) if c not in panel.columns]
    if absent:
        raise InputError(
            f"the panel has no column {enumerate_labels(absent)}. It has: {enumerate_labels(panel.columns, 40)}."
        )
    keys = [c for c in columns if c in ("country", "year", unit)]
    if keys:
        raise InputError(
            f"{enumerate_labels(keys)} names the rows of the panel and cannot be a variable. Choose another."
        )
    locate([stage], stage_names(panel), unit)
    left_out = known_excluded(exclude, panel)
    keep = (panel[unit] == stage) & ~panel["country"].isin(left_out)
    frame = panel.loc[keep, ["country", "year", *dict.fromkeys(columns)]]
    twice = frame.duplicated(["country", "year"])
    if twice.any():
        rows = [f"{c} {y}" for c, y in frame.loc[twice, ["country", "year"]].itertuples(index=False)]
        raise LabelError(f"panel, {unit} {stage}: duplicated rows for {enumerate_labels(rows)}. Each must occur once.")
    frame = frame.assign(country=frame["country"].astype(str)).set_index(["country", "year"])
    try:
        return frame.sort_index().astype(float)
    except (ValueError, TypeError) as error:
        text = enumerate_labels(c for c in frame.columns if not pd.api.types.is_numeric_dtype(frame[c]))
        raise InputError(f"column {text} of the panel is not numeric ({error}). Correct it at its source.") from error


def known_excluded(exclude: Iterable[str], panel: pd.DataFrame) -> tuple[str, ...]:
    """Return the countries to leave out, which the panel must have, except ROW.

    Raises
    ------
    LabelError
        Naming those that it has not.
    """
    left_out = excluded(exclude)
    have = [str(country) for country in panel["country"].unique()]
    unknown = [country for country in left_out if country not in have and country != MAY_BE_ABSENT]
    if unknown:
        raise LabelError(
            f"exclude: {enumerate_labels(unknown)} not in the panel. It has: {enumerate_labels(have, 80)}. "
            f"(Only {MAY_BE_ABSENT}, the default, may be absent.)"
        )
    return left_out


def complete_rows(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Drop rows with a value that is not finite, with a warning that says what each country lacks and when.

    Warns
    -----
    DroppedRowsWarning
    """
    bad = ~np.isfinite(frame.to_numpy()).all(axis=1)
    if bad.any():
        warnings.warn(
            f"{what}: {int(bad.sum())} of {len(frame)} rows dropped: {_lacks_text(frame)}.",
            DroppedRowsWarning,
            stacklevel=3,
        )
    return frame.loc[~bad]


def complete_countries(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Keep the countries that have every value in every year, with a warning that says what the others lack.

    Raises
    ------
    EstimationError
        If no country has.

    Warns
    -----
    DroppedRowsWarning
    """
    countries, years = (frame.index.get_level_values(level) for level in ("country", "year"))
    good = pd.Series(np.isfinite(frame.to_numpy()).all(axis=1), index=frame.index)
    kept = good.groupby(level="country").sum() == years.nunique()
    short = int((~kept).sum())
    if short == len(kept):
        raise EstimationError(f"{what}: no country has every value in every year: {_lacks_text(frame)}.")
    if short:
        warnings.warn(
            f"{what}: {short} of {len(kept)} countries dropped, as a spatial panel needs every year: "
            f"{_lacks_text(frame, rows=True)}.",
            DroppedRowsWarning,
            stacklevel=3,
        )
    return frame.loc[kept.loc[countries].to_numpy()]


def _lacks_text(frame: pd.DataFrame, *, rows: bool = False) -> str:
    """Say what each country lacks and when: ``CHN (no rd in 2005), JPN (no va_rate in any year)``; `rows` too."""
    years = list(dict.fromkeys(sorted(frame.index.get_level_values("year"))))
    said = []
    for country, part in frame.groupby(level="country", sort=False):
        own = part.droplevel("country")
        when: dict[tuple[int, ...], list[str]] = {}
        for column in own.columns:
            gaps = tuple(own.index[~np.isfinite(own[column].to_numpy())])
            when.setdefault(gaps, []).append(str(column))
        if rows:
            when.setdefault(tuple(year for year in years if year not in own.index), []).append("row")
        parts = [
            f"no {', '.join(names)} in {'any year' if len(gaps) == len(years) else enumerate_labels(gaps)}"
            for gaps, names in when.items()
            if gaps
        ]
        if parts:
            said.append(f"{country} ({'; '.join(parts)})")
    return enumerate_labels(said)


def require_size(frame: pd.DataFrame, parameters: int, what: str) -> None:
    """Raise `EstimationError` unless a two-way regression on `frame` has something to go by."""
    countries = frame.index.get_level_values("country").nunique()
    years = frame.index.get_level_values("year").nunique()
    free = len(frame) - countries - years + 1 - parameters
    if countries < _FEWEST_COUNTRIES or years < _FEWEST_YEARS or free < 1:
        raise EstimationError(
            f"{what}: {len(frame)} rows of {countries} countries in {years} years leave {free} degrees of freedom. "
            f"At least {_FEWEST_COUNTRIES} countries and {_FEWEST_YEARS} years are needed."
        )


def wide_frames(
    panel: pd.DataFrame, stages: Sequence[str], column: str, exclude: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Lay out a column of some stages as year × country on a regular grid of years.

    Returns
    -------
    dict of str to DataFrame
        Stage to frame, shape (years, countries): the same years (gaps filled with NaN rows) and countries in each.
    """
    wide = {s: stage_frame(panel, s, [column], exclude)[column].unstack("country") for s in stages}
    countries = sorted(set().union(*(f.columns for f in wide.values())))
    years = sorted(set().union(*(f.index for f in wide.values())))
    step = int(np.gcd.reduce(np.diff(years))) if len(years) > 1 else 1
    grid = range(int(years[0]), int(years[-1]) + 1, step)
    return {s: f.reindex(index=grid, columns=countries) for s, f in wide.items()}


def wide_positive(panel: pd.DataFrame, stages: Sequence[str], column: str, exclude: Iterable[str]) -> dict:
    """Lay out a positive column of some stages as year × country on a regular grid of years.

    Returns
    -------
    dict of str to DataFrame
        Stage to frame, shape (years, countries): the same years (gaps filled with NaN rows) and countries in
        each. A country with a value ≤ 0 in any of the stages is dropped from all: its logarithm is undefined.

    Warns
    -----
    DroppedRowsWarning
        Naming the countries dropped.
    """
    wide = wide_frames(panel, stages, column, exclude)
    countries = list(wide[stages[0]].columns)
    bad = [c for c in countries if any((f[c] <= 0).any() or f[c].isna().all() for f in wide.values())]
    if bad:
        warnings.warn(
            f"growth of {column} in {enumerate_labels(stages)}: {len(bad)} of {len(countries)} countries dropped, "
            f"{enumerate_labels(bad)}: {column} is zero, negative or absent there and has no logarithm.",
            DroppedRowsWarning,
            stacklevel=3,
        )
    return {s: f.drop(columns=bad) for s, f in wide.items()}
