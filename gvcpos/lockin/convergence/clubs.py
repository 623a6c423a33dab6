"""Convergence clubs: do all countries' captures meet, or do some stay in a low club?

Log t test and clustering of Phillips & Sul (2007, 2009), with critical values simulated for the panel's years and
persistence: with 6 to 15 years the normal −1.65 would reject convergence that holds in one panel of ten to four.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.lockin.common.results import Evidence, LockInTest, require_level
from gvcpos.lockin.common.sample import complete_countries, excluded, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.convergence.club_position import Standing, standing
from gvcpos.lockin.convergence.club_search import ClubSearch, Partition
from gvcpos.lockin.convergence.club_words import club_effect, club_sentence
from gvcpos.lockin.convergence.log_t import (
    TRIM,
    LogT,
    critical_value,
    log_t,
    null_statistics,
    persistence,
    relative_paths,
)
from gvcpos.spatial import Weights

_FEWEST_YEARS = 6
_FEWEST_COUNTRIES = 6


def convergence_clubs(
    panel: pd.DataFrame,
    column: str = "va_rate",
    stage: str = "upstream",
    *,
    position: str | None = None,
    weights: Weights | None = None,
    scope: ScopeLike = None,
    trim: float = TRIM,
    smoothing: float | None = None,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test convergence and find the clubs.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    column, stage : str
        Capture, positive on average in each year.
    position : str, optional
        Column of position; without it nothing is said of lock-in.
    weights : Weights, optional
        For position: neighbours that are alike count for less.
    scope : str, list, mapping or None
        The world: do all converge? A country or group: does it converge with the highest club of the world?
    trim : float
        Share of years left out at the start of the regression.
    smoothing : float, optional
        Hodrick–Prescott parameter with which cycles are taken out first (Phillips & Sul use 400 for annual data).
    exclude, level
        As for `position_capture_slope`.

    Returns
    -------
    LockInTest
        H0: convergence (b ≥ 0), rejected by a low t. Differences that last are no lock-in by themselves: ``evidence``
        is lock-in where those further upstream keep less (rank correlation) — and a country or group is upstream of the
        mean, below it and below the highest club —, upgrading where they keep more, or b > 0 is shown. ``details``:
        ``clubs`` (country, club — 0 for none —, first, last value, relative path), ``tests``, ``paths``, ``method``,
        ``position``.

    Raises
    ------
    InputError, LabelError, EstimationError
        If years are not evenly spaced, a yearly mean is not positive or weights lack a country; with fewer than 6 years
        or countries; for a country or group where there is no club. Countries that lack a year are named in a warning.

    Notes
    -----
    Clubs of a country or group are found with the data that test them: its p-value describes and does not confirm.
    """
    require_level(level)
    whom = Scope.of(scope, panel, left_out := excluded(exclude))
    found = _clubs(_wide(panel, column, stage, left_out), smoothing, trim, level)
    if position is not None:
        at = stage_frame(panel, stage, [position], left_out)[position]
        found = replace(found, standing=standing(at, found.last(), weights))
    return _test(found, _rows(found, whom, stage), whom, column, stage)


@dataclass(frozen=True, eq=False)
class _Found:
    """Paths (country × year), what was tested, the clubs, and how they go with position."""

    wide: pd.DataFrame
    y: np.ndarray
    partition: Partition
    rho: float
    trim: float
    level: float
    standing: Standing | None = None

    def last(self) -> pd.Series:
        """Last relative path of every country."""
        return pd.Series(relative_paths(self.y)[:, -1], index=self.wide.index)

    def fit(self, rows: np.ndarray) -> LogT:
        """Log t regression of some rows."""
        return log_t(self.y[rows], self.trim)

    def drawn(self, n: int) -> np.ndarray:
        """Statistics under the null for n countries."""
        return null_statistics(n, self.y.shape[1], self.rho, self.trim)


def _clubs(wide: pd.DataFrame, smoothing: float | None, trim: float, level: float) -> _Found:
    """Find the clubs of complete series, country by year."""
    y = wide.to_numpy() if smoothing is None else _smooth(wide.to_numpy(), smoothing)
    rho = persistence(y)
    search = ClubSearch(y, lambda n: critical_value(n, y.shape[1], rho, level, trim), trim=trim)
    return _Found(wide, y, search.run(), rho, trim, level)


def _wide(panel: pd.DataFrame, column: str, stage: str, left_out: tuple[str, ...]) -> pd.DataFrame:
    """Return complete series, country by year."""
    what = f"{stage}: clubs of {column}"
    series = complete_countries(stage_frame(panel, stage, [column], left_out), what)[column]
    return _checked(series.unstack("year"), what)


def _checked(wide: pd.DataFrame, what: str) -> pd.DataFrame:
    years = [int(y) for y in wide.columns]
    if len(years) < _FEWEST_YEARS or len(wide) < _FEWEST_COUNTRIES:
        raise EstimationError(
            f"{what}: {len(wide)} countries in {len(years)} years. At least {_FEWEST_COUNTRIES} countries and "
            f"{_FEWEST_YEARS} years are needed."
        )
    if len(set(np.diff(years))) > 1:
        raise InputError(f"{what}: the years {years} are not evenly spaced. Take a part of them that is.")
    means = wide.to_numpy().mean(axis=0)
    if (means <= 0).any():
        raise InputError(
            f"{what}: the mean of {years[int(np.argmin(means))]} is {means.min():.3g}; it must be positive."
        )
    return wide


def _smooth(y: np.ndarray, parameter: float) -> np.ndarray:
    from statsmodels.tsa.filters.hp_filter import hpfilter

    if parameter <= 0:
        raise InputError(f"smoothing={parameter!r} must be positive, as in 400.")
    return np.array([hpfilter(row, lamb=parameter)[1] for row in y])


def _rows(found: _Found, scope: Scope, stage: str) -> np.ndarray:
    """Rows that are tested together."""
    if scope.kind == "world":
        return np.arange(len(found.wide))
    own = np.flatnonzero(found.wide.index.isin(scope.countries))
    if len(own) == 0:
        raise EstimationError(f"{stage}: {scope.name} has no complete series.")
    if not found.partition.clubs:
        raise EstimationError(f"{stage}: no countries converge, so that there is no highest club to compare with.")
    return np.union1d(found.partition.clubs[0], own)


def _test(found: _Found, rows: np.ndarray, scope: Scope, column: str, stage: str) -> LockInTest:
    fit, drawn, level = found.fit(rows), found.drawn(len(rows)), found.level
    pvalue = float((1 + (drawn <= fit.t).sum()) / (1 + len(drawn)))
    above = float((1 + (drawn >= fit.t).sum()) / (1 + len(drawn)))
    low, high = np.quantile(drawn, [level / 2, 1 - level / 2])
    cut, far = np.quantile(drawn, [level, 0.8])
    members = _members(found)
    reading: Evidence = _reading(found, members, scope) if pvalue < level else "upgrading" if above < level else "none"
    target = "all countries" if scope.kind == "world" else f"{scope.name} and the highest club"
    said = club_sentence(fit, pvalue, members, target=target, level=level, post=scope.kind != "world")
    if pvalue < level and found.standing is not None:
        said = f"{said} {found.standing.sentence(level)}"
    return LockInTest(
        name=f"convergence clubs: {stage}",
        null=f"{column} of {target} converges in {stage} (b ≥ 0)",
        alternative="it does not (b < 0)",
        estimate=fit.b,
        std_error=fit.std_error,
        conf_int=(float(fit.b - high * fit.std_error), float(fit.b - low * fit.std_error)),
        statistic=fit.t,
        distribution="simulated log t",
        df=np.nan,
        pvalue=pvalue,
        level=level,
        nobs=len(rows) * found.y.shape[1],
        ncountries=len(rows),
        sentence=said,
        details=_details(found, members),
        quantity="b of log t, twice the speed of convergence",
        scope=scope.name,
        effect=club_effect(members, scope, column),
        evidence=reading,
        mde=float((far - cut) * fit.std_error),
    )


def _members(found: _Found) -> pd.DataFrame:
    club = np.zeros(len(found.wide), dtype=int)
    for number, rows in enumerate(found.partition.clubs, start=1):
        club[rows] = number
    first, last = found.wide.columns[0], found.wide.columns[-1]
    return pd.DataFrame(
        {
            "country": found.wide.index.astype(str),
            "club": club,
            "first_year": int(first),
            "first": found.wide[first].to_numpy(),
            "last_year": int(last),
            "last": found.wide[last].to_numpy(),
            "relative": relative_paths(found.y)[:, -1],
        }
    )


def _reading(found: _Found, members: pd.DataFrame, scope: Scope) -> Evidence:
    """Return what lasting differences speak for: a country or group must be below and upstream itself for lock-in."""
    if found.standing is None:
        return "none"
    reading = found.standing.evidence(found.level)
    if scope.kind == "world" or reading != "lock-in":
        return reading if scope.kind == "world" else "none"
    top = members.loc[members["club"] == 1, "relative"].mean()
    own = members[members["country"].isin(scope.countries) & (members["club"] != 1)]
    below = len(own) > 0 and own["relative"].mean() < min(top, 1.0)
    return "lock-in" if below and 2 * own["country"].isin(found.standing.ahead).sum() > len(own) else "none"


def _details(found: _Found, members: pd.DataFrame) -> dict[str, pd.DataFrame]:
    rows = []
    for number, club in enumerate(found.partition.clubs, start=1):
        fit, n = found.fit(club), len(club)
        cut = critical_value(n, found.y.shape[1], found.rho, found.level, found.trim)
        rows.append([number, n, float(found.wide.iloc[club, -1].mean()), fit.b, fit.std_error, fit.t, cut])
    tests = pd.DataFrame(rows, columns=["club", "countries", "last_mean", "b", "std_error", "t", "critical"])
    countries, periods = (axis.to_numpy() for axis in found.wide.axes)
    h = relative_paths(found.y)
    paths = pd.DataFrame(
        {"country": np.repeat(countries, len(periods)), "year": np.tile(periods, len(countries)), "h": h.ravel()}
    )
    paths["club"] = paths["country"].map(members.set_index("country")["club"])
    n, years = found.y.shape
    method = pd.DataFrame(
        [
            {
                "critical": critical_value(n, years, found.rho, found.level, found.trim),
                "ar1": found.rho,
                "years": years,
                "countries": n,
                "normal_size": float((found.drawn(n) < -1.65).mean()),
            }
        ]
    )
    out = {"clubs": members, "tests": tests, "paths": paths, "method": method}
    return out if found.standing is None else {**out, "position": found.standing.to_frame()}
