"""How countries move in the Moran scatter plot: paths, quadrant transitions, directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.permutation import Alternative, FloatArray, false_discovery, pseudo_p
from gvcpos.spatial.transitions import IntArray, probabilities, shorrocks, transition_counts
from gvcpos.spatial.variables import alphabetical, column_name, panel_for
from gvcpos.spatial.weights.matrix import Weights

QUADRANTS = ("HH", "LH", "LL", "HL")
_TURNS = ("0", "I", "II", "III")  # who crosses the mean: nobody, oneself, the neighbours, both


class LisaPaths:
    """Paths of countries through the Moran scatter plot, year by year.

    Parameters
    ----------
    data, column, weights, entity, time
        As `moran_by_year`; the panel is balanced. Each year is standardised by its own mean and standard deviation.

    Attributes
    ----------
    frame : DataFrame
        country, year, z, lag, quadrant, in the order of the weights, then years.
    summary : DataFrame
        country, length (of the path, relative to the mean country's), tortuosity (length over distance from start to
        end; 1 is straight), moves (years with a new quadrant), start, end (quadrants).
    transitions : DataFrame, shape (4, 4)
        Counts of quadrant before and after.
    kinds : DataFrame
        country, year (of arrival), type: ``0`` no move, ``I`` oneself only, ``II`` the neighbours only, ``III`` both.
    years, name, weights

    Raises
    ------
    LabelError, InputError
        As `moran_by_year`; and if there is one year only.

    References
    ----------
    Rey, S. J. (2001), Geographical Analysis 33:194-214. Rey, S. J. and Ye, X. (2010), in Páez et al. (eds), Progress in
    Spatial Analysis, Springer, for length and tortuosity.
    """

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
    ) -> None:
        self.weights = weights = Weights.of(weights, "weights")
        ordered = alphabetical(weights)
        self.name = column_name(data, column)
        Z, Z_lag, years = coordinates(data, column, ordered, entity, time)
        self.years = tuple(years)
        order = ordered.ids
        index = [order.index(unit) for unit in weights.ids]
        z, lag = Z[index], Z_lag[index]
        which = quadrant_of(z, lag)
        self.frame = _long(weights.ids, years, {"z": z, "lag": lag, "quadrant": np.array(QUADRANTS)[which]})
        self.summary = _summary(weights.ids, z, lag, which)
        counts = transition_counts(which[:, :-1].ravel(), which[:, 1:].ravel(), 4)
        names = [pd.Index(QUADRANTS, name=side) for side in ("before", "after")]
        self.transitions = pd.DataFrame(counts, index=names[0], columns=names[1])
        own, around = np.diff(z > 0, axis=1), np.diff(lag > 0, axis=1)
        turns = np.array(_TURNS)[own + 2 * around]
        self.kinds = _long(weights.ids, years[1:], {"type": turns})

    @property
    def probabilities(self) -> pd.DataFrame:
        """Transition probabilities between quadrants; a quadrant never left has missing ones."""
        shares = probabilities(self.transitions.to_numpy())
        return pd.DataFrame(shares, index=self.transitions.index, columns=self.transitions.columns)

    @property
    def shorrocks(self) -> float:
        """Shorrocks's mobility between quadrants, (4 − tr P)/3."""
        return shorrocks(self.probabilities.to_numpy())

    def independence(self) -> dict[str, Any]:
        """Test that a country and its neighbours cross the mean independently of each other.

        Returns
        -------
        dict
            chi2, lr, df, p_chi2, p_lr and expected (DataFrame): under the null the probabilities are products of those
            of the country's own moves and of the neighbours'. df counts cells of quadrants that were left, less those
            rows and the free rows of the two 2 × 2 matrices: 8 if all were.
        """
        return independence(self.transitions)

    def __repr__(self) -> str:
        return f"<LisaPaths {self.name}: {len(self.weights.ids)} units, {self.years[0]} to {self.years[-1]}>"


@dataclass(frozen=True)
class DirectionalLisa:
    """Directions of movement in the Moran scatter plot between two years.

    Attributes
    ----------
    frame : DataFrame
        country, dz, dlag, length, angle (degrees from 0 to 360, counter-clockwise from the east), sector (from 0).
    sectors : DataFrame
        sector, from, to (degrees), count, expected (mean of the relabellings), p_sim, p_fdr.
    start, end, name, permutations, seed, alternative

    References
    ----------
    Rey, S. J., Murray, A. T. and Anselin, L. (2011), Letters in Spatial and Resource Sciences 4:81-90.
    """

    frame: pd.DataFrame
    sectors: pd.DataFrame
    start: object
    end: object
    name: str
    permutations: int
    seed: int
    alternative: str
    description: str


def directional_lisa(
    data: pd.DataFrame | pd.Series,
    column: str | None,
    weights: Weights,
    start: object,
    end: object,
    *,
    sectors: int = 8,
    entity: str = "country",
    time: str = "year",
    permutations: int = 999,
    seed: int = 0,
    alternative: Alternative = "two-sided",
) -> DirectionalLisa:
    """Count the directions in which countries and their neighbours moved, and compare with chance.

    Parameters
    ----------
    data, column, weights, entity, time
        See `LisaPaths`.
    start, end
        Two years of the panel.
    sectors : int
        Equal sectors of the circle, the first from the east counter-clockwise; a multiple of 4 keeps quadrants apart.
    permutations, seed
        Relabellings of both years together: a country keeps its own change, the neighbours become others.
    alternative
        See `Moran`; p_fdr adjusts for the number of sectors.

    Raises
    ------
    LabelError, InputError
        As `LisaPaths`; and if a year is absent, or sectors or permutations are not whole numbers in range.
    """
    if sectors < 2 or int(sectors) != sectors or permutations < 1:
        raise InputError(f"sectors={sectors}, permutations={permutations}: whole numbers, 2 or more and 1 or more.")
    ordered = alphabetical(weights := Weights.of(weights, "weights"))
    Z, _, years = coordinates(data, column, ordered, entity, time)
    gone = [year for year in (start, end) if year not in years]
    if gone or start == end:
        raise InputError(f"start={start}, end={end}: two different years of {enumerate_labels(years, 20)} are needed.")
    dz = Z[:, years.index(end)] - Z[:, years.index(start)]
    dlag = np.asarray(ordered.matrix @ dz)
    angle, which = direction(dz, dlag, sectors)
    rng = np.random.default_rng(seed)
    shuffled = (rng.permutation(dz) for _ in range(permutations))
    draws = np.array([_counts(moved, np.asarray(ordered.matrix @ moved), sectors) for moved in shuffled]).T
    seen = _counts(dz, dlag, sectors)
    p = pseudo_p(seen, draws, alternative)
    edges = np.linspace(0.0, 360.0, sectors + 1)
    table = pd.DataFrame(
        {"sector": range(sectors), "from": edges[:-1], "to": edges[1:], "count": seen}
        | {"expected": draws.mean(axis=1), "p_sim": p, "p_fdr": false_discovery(p)}
    )
    columns = {"dz": dz, "dlag": dlag, "length": np.hypot(dz, dlag), "angle": angle, "sector": which}
    frame = pd.DataFrame({"country": list(ordered.ids)} | columns)
    frame = frame.set_index("country").loc[list(weights.ids)].reset_index()
    name, about = column_name(data, column), weights.description or weights.kind
    return DirectionalLisa(frame, table, start, end, name, permutations, seed, alternative, about)


def _counts(dz: FloatArray, dlag: FloatArray, sectors: int) -> IntArray:
    return np.bincount(direction(dz, dlag, sectors)[1], minlength=sectors)


def coordinates(
    data: pd.DataFrame | pd.Series, column: str | None, ordered: Weights, entity: str, time: str
) -> tuple[FloatArray, FloatArray, list[object]]:
    """Return each year's standardised values and their lags, shape (n, T) both, and the years."""
    Y, years = panel_for(data, column, ordered, entity, time)
    if len(years) < 2:
        raise InputError(f"the panel has one year, {years[0]}; a path needs two.")
    Z = (Y - Y.mean(axis=0)) / Y.std(axis=0)
    return Z, np.asarray(ordered.matrix @ Z), years


def quadrant_of(z: FloatArray, lag: FloatArray) -> IntArray:
    """Return the quadrant as a position in `QUADRANTS`, any shape."""
    return np.where(z > 0, np.where(lag > 0, 0, 3), np.where(lag > 0, 1, 2)).astype(np.intp)


def direction(dz: FloatArray, dlag: FloatArray, sectors: int) -> tuple[FloatArray, IntArray]:
    """Return angles in degrees from 0 to 360 and the sector of each, shape (n,) both."""
    angle = np.degrees(np.arctan2(dlag, dz)) % 360.0
    return angle, np.minimum((angle * sectors / 360.0).astype(np.intp), sectors - 1)


def independence(transitions: pd.DataFrame) -> dict[str, Any]:
    """Test quadrant transitions, shape (4, 4), for independence of own and neighbours' moves; see `LisaPaths`."""
    n = transitions.loc[list(QUADRANTS), list(QUADRANTS)].to_numpy(dtype=float)
    own = np.array([name[0] == "H" for name in QUADRANTS])
    near = np.array([name[1] == "H" for name in QUADRANTS])
    product, free = np.ones((4, 4)), 0
    for high in (own, near):
        member = np.column_stack([high, ~high]).astype(float)
        shares = probabilities(member.T @ n @ member)
        product *= member @ np.nan_to_num(shares) @ member.T
        free += int(((np.nan_to_num(shares) > 0).sum(axis=1) - 1).clip(min=0).sum())
    expected = n.sum(axis=1, keepdims=True) * product
    cells = expected > 0
    df = int(cells.sum() - cells.any(axis=1).sum()) - free
    chi2 = float(((n[cells] - expected[cells]) ** 2 / expected[cells]).sum())
    some = n > 0
    lr = float(2.0 * (n[some] * np.log(n[some] / expected[some])).sum())
    p = [float(stats.chi2.sf(value, df)) if df > 0 else float("nan") for value in (chi2, lr)]
    table = pd.DataFrame(expected, index=transitions.index, columns=transitions.columns)
    return {"chi2": chi2, "lr": lr, "df": df, "p_chi2": p[0], "p_lr": p[1], "expected": table}


def _summary(ids: tuple[str, ...], z: FloatArray, lag: FloatArray, which: IntArray) -> pd.DataFrame:
    length = np.hypot(np.diff(z, axis=1), np.diff(lag, axis=1)).sum(axis=1)
    straight = np.hypot(z[:, -1] - z[:, 0], lag[:, -1] - lag[:, 0])
    turns = np.full(len(ids), np.nan)
    np.divide(length, straight, out=turns, where=straight > 0)
    names = np.array(QUADRANTS)
    moves = (np.diff(which, axis=1) != 0).sum(axis=1)
    columns = {"country": list(ids), "length": length / length.mean(), "tortuosity": turns, "moves": moves}
    return pd.DataFrame(columns | {"start": names[which[:, 0]], "end": names[which[:, -1]]})


def _long(ids: tuple[str, ...], years: list[object], columns: Mapping[str, np.ndarray]) -> pd.DataFrame:
    cells = {"country": np.repeat(list(ids), len(years)), "year": list(years) * len(ids)}
    return pd.DataFrame(cells | {name: part.ravel() for name, part in columns.items()})
