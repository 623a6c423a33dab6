"""Variables of a study from files: each made by its rule, lagged, and open about what was observed and what filled."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import FilledWarning, InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.study.country_files import merge_covariates
from gvcpos.study.spec import CovariatesBlock, VariableBlock

FloatArray = npt.NDArray[np.float64]
_TRANSFORMS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "none": lambda v: v,
    "log": np.log,
    "log1p": np.log1p,
    "asinh": np.arcsinh,
}
_LEAST = {"log": (0.0, "positive"), "log1p": (-1.0, "above -1")}
RULES = ["variable", "unit", "made_of", "file", "years", "rule", "observed", "filled", "missing", "countries_missing"]


@dataclass(frozen=True, eq=False)
class Made:
    """A variable for every country and year asked for.

    Attributes
    ----------
    values : Series
        Index (country, year of the study); NaN where missing.
    filled : Series
        Of the same index: whether a rule filled the value.
    text : str
        The rule in words.
    """

    values: pd.Series
    filled: pd.Series
    text: str


def add_covariates(
    panel: pd.DataFrame, files: Iterable[tuple[CovariatesBlock | None, pd.DataFrame]], exclude: Sequence[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bring the variables of all files to a panel by country and year.

    Parameters
    ----------
    panel : DataFrame
        Tidy, with country and year; excluded economies leave it if there are covariates.
    files : iterable of (CovariatesBlock or None, DataFrame)
        As `read_covariates` gives; None for covariates that come with the tables.
    exclude : sequence of str

    Returns
    -------
    panel : DataFrame
    rules : DataFrame
        One row a variable made by a rule: variable, unit, made_of, file, years, rule, observed, filled, missing (cells
        of country and year), countries_missing (how many lack a value in some year).

    Raises
    ------
    LabelError, InputError
        See `merge_covariates` and `make_variable`.

    Warns
    -----
    FilledWarning
        Naming what a rule filled.
    """
    rows: list[list[object]] = []
    for block, frame in files:
        panel = panel[~panel["country"].isin(list(exclude))].reset_index(drop=True)
        if block is None or not block.variables:
            panel = merge_covariates(panel, frame, "drop" if block is None else block.extra)
            continue
        _check(frame, block, panel)
        cells = pd.MultiIndex.from_frame(panel[["country", "year"]].drop_duplicates())
        for name, how in block.variables.items():
            made = make_variable(frame, name, how, cells, block.path)
            _tell(name, made, block.path)
            keys = pd.MultiIndex.from_frame(panel[["country", "year"]])
            panel = panel.assign(**{name: made.values.reindex(keys).to_numpy()})
            rows.append(_rule(name, how, made, block.path))
    return panel, pd.DataFrame(rows, columns=RULES)


def make_variable(frame: pd.DataFrame, name: str, how: VariableBlock, cells: pd.MultiIndex, where: str) -> Made:
    """Make one variable for every cell of country and year.

    Parameters
    ----------
    frame : DataFrame
        country, year and the columns that the variable is made of; each country and year once.
    name : str
    how : VariableBlock
    cells : MultiIndex
        Countries and years of the study.
    where : str
        For messages.

    Returns
    -------
    Made
        transform(column / per × scale) of year t − lag, gaps filled by the rule before the transformation.

    Raises
    ------
    InputError
        If a column is absent or not numeric, a gap is there under ``gaps: error``, or a value has no logarithm.
    """
    raw = _numbers(frame, how.column, where)
    if how.per is not None:
        raw = raw / _numbers(frame, how.per, where).replace(0.0, np.nan)
    series = pd.Series((raw * how.scale).to_numpy(), pd.MultiIndex.from_frame(frame[["country", "year"]]))
    lagged = pd.MultiIndex.from_arrays([cells.get_level_values(0), cells.get_level_values(1) - how.lag])
    values = series.reindex(lagged).to_numpy()
    gaps = np.isnan(values)
    if how.gaps == "error" and gaps.any():
        named = enumerate_labels((f"{c} {y}" for c, y in lagged[gaps]), 12)
        raise InputError(f"{where}: no {how.column} for {name} in {named}. Add it, or say with gaps what stands there.")
    text = "missing stays missing"
    if how.gaps == "zero":
        values, text = np.where(gaps, 0.0, values), "missing is zero"
    elif how.within is not None:
        text = f"missing is the last value of up to {how.within} years before"
        for back in range(1, how.within + 1):
            earlier = pd.MultiIndex.from_arrays([lagged.get_level_values(0), lagged.get_level_values(1) - back])
            values = np.where(np.isnan(values), series.reindex(earlier).to_numpy(), values)
    filled = gaps & ~np.isnan(values)
    _require_domain(values, how, cells, f"{where}, {name}")
    return Made(pd.Series(_TRANSFORMS[how.transform](values), cells), pd.Series(filled, cells), text)


def _check(frame: pd.DataFrame, block: CovariatesBlock, panel: pd.DataFrame) -> None:
    twice = frame.duplicated(["country", "year"])
    if twice.any():
        named = frame.loc[twice, ["country", "year"]].astype(str).agg(" ".join, axis=1)
        raise LabelError(f"{block.path}: duplicated labels: {enumerate_labels(named)}. Choose rows with where.")
    clash = [name for name in block.variables if name in panel.columns]
    if clash:
        raise LabelError(f"{block.path}: variables that the panel has already: {enumerate_labels(clash)}. Rename them.")
    extra = sorted(set(frame["country"].astype(str)) - set(panel["country"]))
    if extra and block.extra == "error":
        raise LabelError(
            f"{block.path} has {enumerate_labels(extra)}, which the panel does not. Set extra: drop in its block."
        )


def _numbers(frame: pd.DataFrame, column: str, where: str) -> pd.Series:
    if column not in frame:
        raise InputError(f"{where}: no column {column}. It has {enumerate_labels(frame.columns, 40)}.")
    if not pd.api.types.is_numeric_dtype(frame[column]):
        raise InputError(f"{where}: column {column} is not numeric. Correct the file.")
    return frame[column].astype(float)


def _require_domain(values: FloatArray, how: VariableBlock, cells: pd.MultiIndex, what: str) -> None:
    if how.transform not in _LEAST:
        return
    least, words = _LEAST[how.transform]
    bad = values <= least
    if bad.any():
        named = enumerate_labels(f"{c} {y}" for c, y in cells[bad])
        raise InputError(f"{what}: {how.transform} needs values {words}; not so in {named}. Use asinh or none.")


def _tell(name: str, made: Made, where: str) -> None:
    if not made.filled.any():
        return
    cells = made.filled[made.filled].index
    years = {country: [int(y) for c, y in cells if c == country] for country in dict.fromkeys(c for c, _ in cells)}
    whole = made.filled.groupby(level=0).size().max()
    said = [c if len(ys) == whole else f"{c} ({', '.join(map(str, ys))})" for c, ys in years.items()]
    warnings.warn(
        f"{name} ({where}): {len(cells)} of {len(made.filled)} values filled by rule, {made.text}: "
        f"{enumerate_labels(said, 80)}.",
        FilledWarning,
        stacklevel=3,
    )


def _rule(name: str, how: VariableBlock, made: Made, where: str) -> list[object]:
    missing = made.values.isna()
    years = made.values.index.get_level_values(1) - how.lag
    column = how.column if how.per is None else f"{how.column} / {how.per}"
    column = column if how.scale == 1.0 else f"{column} x {how.scale:g}"
    column = column if how.transform == "none" else f"{how.transform}({column})"
    observed = int((~missing & ~made.filled).sum())
    lacking = int(missing.groupby(level=0).any().sum())
    made_of = column if how.lag == 0 else f"{column}, {how.lag} year{'s' if how.lag > 1 else ''} before"
    span = f"{years.min()}-{years.max()}"
    return [name, how.unit, made_of, where.rpartition("/")[2], span, made.text, observed, int(made.filled.sum()),
            int(missing.sum()), lacking]  # fmt: skip
