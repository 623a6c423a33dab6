"""Stages of a panel as years × countries: growth, changes, logarithms or levels, and how far apart the years are."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import choose
from gvcpos.lockin.common.sample import wide_frames, wide_positive
from gvcpos.lockin.common.scope import Scope
from gvcpos.lockin.pull.projection_fit import Rows

Transform = Literal["growth", "change", "log", "level"]
_FEWEST_CLUSTERS = 6


def wide_series(
    panel: pd.DataFrame, stages: Sequence[str], column: str, transform: Transform, exclude: Iterable[str]
) -> dict[str, pd.DataFrame]:
    """Return stage to series, shape (years, countries).

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    stages : sequence of str
    column : str
    transform : {"growth", "change", "log", "level"}
        Difference of logarithms, difference, logarithm, or the column as it is. The first two lose the first year.
    exclude : iterable of str

    Warns
    -----
    DroppedRowsWarning
        Naming the countries without a logarithm, if one is needed.
    """
    choose(transform, Transform, "transform")
    if transform in ("growth", "log"):
        wide = {s: np.log(f) for s, f in wide_positive(panel, stages, column, exclude).items()}
    else:
        wide = wide_frames(panel, stages, column, exclude)
    return {s: f.diff().iloc[1:] for s, f in wide.items()} if transform in ("growth", "change") else wide


def balanced(wide: Mapping[str, pd.DataFrame], what: str) -> dict[str, pd.DataFrame]:
    """Keep the countries that have every value in every year.

    Raises
    ------
    EstimationError
        If no country has.

    Warns
    -----
    DroppedRowsWarning
        Naming the others.
    """
    first = next(iter(wide.values()))
    bad = [c for c in first.columns if any(not np.isfinite(f[c].to_numpy()).all() for f in wide.values())]
    if len(bad) == len(first.columns):
        raise EstimationError(f"{what}: no country has every value in every year. Take a shorter panel.")
    if bad:
        warnings.warn(
            f"{what}: {len(bad)} of {len(first.columns)} countries dropped, {enumerate_labels(bad)}: a year is missing "
            "there.",
            DroppedRowsWarning,
            stacklevel=3,
        )
    return {s: f.drop(columns=bad) for s, f in wide.items()}


def stacked(columns: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Turn year × country frames into complete rows (country, year); lost rows are those without a past."""
    first = next(iter(columns.values()))
    index = pd.MultiIndex.from_product([first.columns, first.index], names=["country", "year"])
    data: dict[str, Any] = {name: frame.to_numpy().T.ravel() for name, frame in columns.items()}
    return pd.DataFrame(data, index=index).dropna()


def regression_rows(sample: pd.DataFrame, countries: Sequence[Any]) -> Rows:
    """Turn rows of `stacked` (response, regressor, controls) into arrays, countries numbered as given."""
    place = {name: i for i, name in enumerate(countries)}
    country = np.array([place[c] for c in sample.index.get_level_values("country")])
    year = np.unique(sample.index.get_level_values("year"), return_inverse=True)[1]
    values = sample.to_numpy(float)
    return Rows(values[:, 0], values[:, 1], values[:, 2:], country, year, len(countries))


def of_scope(panel: pd.DataFrame, scope: Scope, exclude: tuple[str, ...]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of a scope and who is left to exclude from them."""
    return (panel, exclude) if scope.kind == "world" else (scope.take(panel), ())


def refuse_country(scope: Scope, what: str, instead: str) -> None:
    """Raise `InputError` if a test that needs several countries is asked for of one."""
    if len(scope.countries) == 1:
        raise InputError(f"{what} for {scope.name} alone: {instead}")


def require_clusters(scope: Scope, what: str) -> None:
    """Raise `InputError` if a scope has too few countries for errors clustered by country."""
    if len(scope.countries) < _FEWEST_CLUSTERS:
        raise InputError(
            f"{what} for {scope.name}: errors clustered by {len(scope.countries)} countries are no guide; "
            f"{_FEWEST_CLUSTERS} are the fewest. Use a larger group, or dumitrescu_hurlin, which takes one country too."
        )


def members(scope: Scope, columns: Iterable[Any], what: str) -> list[str]:
    """Return the scope's countries that are among `columns`, in the order of `columns`.

    Raises
    ------
    EstimationError
        If none is.
    """
    kept = [str(c) for c in columns if str(c) in set(scope.countries)]
    if not kept:
        raise EstimationError(f"{what}: {scope.name} has no complete series of positive values.")
    return kept


def spacing(years: pd.Index) -> int:
    """Return how many years lie between observations, the same all along."""
    return int(np.diff(years[:2])[0])


def span_text(steps: int, step: int) -> str:
    """Say how long a number of observations is: ``the year after``, ``the 4 years after``."""
    return "the year after" if steps * step == 1 else f"the {steps * step} years after"


def pull_evidence(pvalue: float, level: float, estimate: float) -> Literal["lock-in", "upgrading", "none"]:
    """Say what a rejected null of no pull-through speaks for: growth that follows, or growth that is crowded out."""
    if not pvalue < level:
        return "none"
    return "upgrading" if estimate > 0 else "lock-in"


def pull_effect(estimate: float, source: str, target: str, when: str) -> str:
    """Write an elasticity as percentage points of growth after ten per cent more at the source."""
    more = "more" if estimate >= 0 else "less"
    return f"{abs(10 * estimate):.2g} % {more} {target} value added in {when} for 10 % more {source} value added"
