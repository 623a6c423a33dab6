"""Mobility between classes: Markov transitions, and whether they depend on the neighbours or on the period."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import ClassBounds, choose
from gvcpos.spatial.permutation import FloatArray, pseudo_p
from gvcpos.spatial.variables import alphabetical, column_name, panel_for
from gvcpos.spatial.weights.matrix import Weights

IntArray = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Homogeneity:
    """Test that several transition matrices are one.

    Attributes
    ----------
    chi2, p_chi2 : float
        Pearson's Σ n_i(m) (p_ij(m) − p_ij)²/p_ij.
    lr, p_lr : float
        Likelihood ratio 2 Σ n_ij(m) ln(p_ij(m)/p_ij).
    df : int
        Σ_i (a_i − 1)(b_i − 1): a_i matrices with departures from class i, b_i classes reached from it.
    p_sim : float
        Share of relabellings of the neighbours with a chi2 as large; NaN where none were made.
    groups : int
        Matrices compared.

    References
    ----------
    Anderson, T. W. and Goodman, L. A. (1957), Annals of Mathematical Statistics 28:89-110. Bickenbach, F. and Bode, E.
    (2003), International Regional Science Review 26:363-392.
    """

    chi2: float
    p_chi2: float
    lr: float
    p_lr: float
    df: int
    p_sim: float
    groups: int


class Markov:
    """Transitions of countries between classes of a variable, from each year of a panel to the next.

    Parameters
    ----------
    data : DataFrame or Series
        Balanced, with `entity` and `time` as columns or index levels.
    column : str or None
        The variable; None for a Series.
    weights : Weights
        Gives the countries; `SpatialMarkov` uses the links too.
    classes : int or sequence of float
        How many classes with equal numbers, or the bounds between them, ascending.
    bounds : {"year", "pooled"}
        Quantiles of each year (mobility between ranks) or of all years (mobility in absolute terms). Given bounds are
        used as they are.
    entity, time : str

    Attributes
    ----------
    counts, probabilities : DataFrame, shape (k, k)
        Row: class before; column: class after. A class never left has missing probabilities.
    states : DataFrame
        Class (1 lowest) of each country and year.
    years : tuple
    k : int

    Raises
    ------
    LabelError
        If a country is missing, left over or given twice in a year.
    InputError
        If values are missing, there are fewer than two years or two classes, or bounds do not ascend.
    """

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        classes: int | Sequence[float] = 5,
        bounds: ClassBounds = "year",
        entity: str = "country",
        time: str = "year",
    ) -> None:
        choose(bounds, ClassBounds, "bounds")
        self.weights = weights = Weights.of(weights, "weights")
        ordered = alphabetical(weights)
        Y, years = panel_for(data, column, ordered, entity, time)
        if len(years) < 2:
            raise InputError(f"the panel has one year, {years[0]}; a transition needs two.")
        self.years = tuple(years)
        self.name = column_name(data, column)
        self._values, self._ordered = Y, ordered
        self._classes, self._by = classes, bounds
        which, self.k = classified(Y, classes, bounds)
        self._which = which
        names = range(1, self.k + 1)
        self.states = pd.DataFrame(which + 1, index=list(ordered.ids), columns=years).loc[list(weights.ids)]
        counts = transition_counts(which[:, :-1].ravel(), which[:, 1:].ravel(), self.k)
        self.counts = pd.DataFrame(counts, index=pd.Index(names, name="before"), columns=pd.Index(names, name="after"))
        self.probabilities = self.counts.copy().astype(float)
        self.probabilities[:] = probabilities(counts)

    @property
    def shorrocks(self) -> float:
        """Shorrocks's mobility (k − tr P)/(k − 1): 0 if nobody moves."""
        return shorrocks(self.probabilities.to_numpy())

    @property
    def stationary(self) -> pd.Series:
        """Shares of the classes in the long run.

        Raises
        ------
        InputError
            If they depend on where one starts, or a class is never left by an observed transition.
        """
        return pd.Series(stationary(self.probabilities.to_numpy()), index=self.probabilities.index, name="stationary")

    @property
    def sojourn(self) -> pd.Series:
        """Expected years in a class before leaving it, 1/(1 − p_ii)."""
        stay = np.diag(self.probabilities.to_numpy())
        with np.errstate(divide="ignore"):
            return pd.Series(1.0 / (1.0 - stay), index=self.probabilities.index, name="sojourn")

    def time_homogeneity(self, breaks: Sequence[object] | None = None) -> Homogeneity:
        """Test that transitions are the same in all periods.

        Parameters
        ----------
        breaks : sequence of years, optional
            First year of each period after the first; by default the middle year.
        """
        starts = list(self.years[:-1])
        cuts = list(breaks) if breaks is not None else [starts[(len(starts) + 1) // 2]]
        odd = [year for year in cuts if year not in starts[1:]]
        if odd or not cuts:
            raise InputError(f"breaks {odd or cuts} are no years in which a later period can start: {starts[1:]}.")
        at = sorted(starts.index(year) for year in set(cuts))
        period = np.searchsorted(at, np.arange(len(starts)), side="right")
        group = np.broadcast_to(period, (len(self._which), len(starts)))
        return homogeneity(counts_by_group(self._which, group, self.k, len(at) + 1))

    def to_frame(self) -> pd.DataFrame:
        """Return transitions one a row: before, after, count, probability."""
        names = self.counts.index.to_numpy()
        cells = {"before": np.repeat(names, self.k), "after": np.tile(names, self.k)}
        parts = {"count": self.counts, "probability": self.probabilities}
        return pd.DataFrame(cells | {name: part.to_numpy().ravel() for name, part in parts.items()})

    def __repr__(self) -> str:
        total = int(self.counts.to_numpy().sum())
        return (
            f"<{type(self).__name__} {self.name}: {self.k} classes, {total} transitions, mobility {self.shorrocks:.3f}>"
        )


class SpatialMarkov(Markov):
    """Transitions given the class of the neighbours' mean (spatial lag) in the year before.

    Parameters
    ----------
    data, column, weights, classes, bounds, entity, time
        See `Markov`; the lag is put into classes by the same rule, with its own quantiles (given bounds serve both).
    permutations : int
        Relabellings that give countries the lags' histories of others, for `test.p_sim`; 0 for none. The chi-squared
        distribution takes transitions for independent, which those of neighbours are not.
    seed : int

    Attributes
    ----------
    conditional : dict of int to DataFrame
        Counts of transitions for each class of the lag.
    test : Homogeneity
        Of transitions across classes of the lag.

    References
    ----------
    Rey, S. J. (2001), Geographical Analysis 33:194-214.
    """

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        classes: int | Sequence[float] = 5,
        bounds: ClassBounds = "year",
        permutations: int = 999,
        seed: int = 0,
        entity: str = "country",
        time: str = "year",
    ) -> None:
        super().__init__(data, column, weights, classes=classes, bounds=bounds, entity=entity, time=time)
        lag, groups = classified(np.asarray(self._ordered.matrix @ self._values), self._classes, self._by)
        counts = counts_by_group(self._which, lag[:, :-1], self.k, groups)
        self.conditional = {
            m + 1: pd.DataFrame(part, index=self.counts.index, columns=self.counts.columns)
            for m, part in enumerate(counts)
        }
        rng = np.random.default_rng(seed)
        orders = (rng.permutation(len(lag)) for _ in range(permutations))
        draws = np.array([_pearson(counts_by_group(self._which, lag[o, :-1], self.k, groups))[0] for o in orders])
        self.test = homogeneity(counts, draws)

    def conditional_probabilities(self, lag_class: int) -> pd.DataFrame:
        """Return the transition probabilities given the class of the lag."""
        if lag_class not in self.conditional:
            raise InputError(f"no class {lag_class} of the lag; there are {enumerate_labels(self.conditional)}.")
        counts = self.conditional[lag_class]
        return pd.DataFrame(probabilities(counts.to_numpy()), index=counts.index, columns=counts.columns)


def classified(Y: FloatArray, classes: int | Sequence[float], bounds: ClassBounds) -> tuple[IntArray, int]:
    """Return the class of each cell from 0, shape (n, T), and how many classes there are.

    A value on a bound belongs to the class below it. Ties can leave a class empty.
    """
    if not isinstance(classes, int):
        cuts = np.asarray(classes, dtype=float)
        if cuts.ndim != 1 or not len(cuts) or not np.isfinite(cuts).all() or (np.diff(cuts) <= 0).any():
            raise InputError(f"classes={classes}: bounds must be finite numbers that ascend.")
        return np.searchsorted(cuts, Y, side="left").astype(np.intp), len(cuts) + 1
    if not 2 <= classes <= len(Y):
        raise InputError(f"classes={classes}: from 2 up to the number of countries, {len(Y)}.")
    inner = np.linspace(0.0, 1.0, classes + 1)[1:-1]
    if bounds == "pooled":
        return np.searchsorted(np.quantile(Y, inner), Y, side="left").astype(np.intp), classes
    columns = [np.searchsorted(np.quantile(y, inner), y, side="left") for y in Y.T]
    return np.column_stack(columns).astype(np.intp), classes


def transition_counts(before: IntArray, after: IntArray, k: int) -> IntArray:
    """Return how often each class was followed by each, shape (k, k)."""
    return np.bincount(before * k + after, minlength=k * k).reshape(k, k)


def counts_by_group(which: IntArray, group: IntArray, k: int, groups: int) -> IntArray:
    """Return transition counts of each group, shape (groups, k, k), from classes (n, T) and groups (n, T − 1)."""
    code = (group * k + which[:, :-1]) * k + which[:, 1:]
    return np.bincount(code.ravel(), minlength=groups * k * k).reshape(groups, k, k)


def probabilities(counts: npt.NDArray[np.integer]) -> FloatArray:
    """Return rows of counts as shares, shape (..., k, k); NaN in a row of none."""
    total = counts.sum(axis=-1, keepdims=True).astype(float)
    return np.divide(counts, total, out=np.full(counts.shape, np.nan), where=total > 0)


def shorrocks(P: FloatArray) -> float:
    """Return Shorrocks's mobility (k − tr P)/(k − 1) of a transition matrix of shape (k, k)."""
    k = len(P)
    return float((k - np.trace(P)) / (k - 1))


def stationary(P: FloatArray) -> FloatArray:
    """Return the shares that a transition matrix of shape (k, k) leaves as they are.

    Raises
    ------
    InputError
        If a row is missing or more than one set of shares stays as it is.
    """
    k = len(P)
    if not np.isfinite(P).all():
        raise InputError("a class has no departures, so where it leads is unknown. Take fewer classes.")
    system = np.vstack([P.T - np.eye(k), np.ones(k)])
    if np.linalg.matrix_rank(system, tol=1e-10) < k:
        raise InputError("classes fall into groups that are never left: long-run shares depend on the start.")
    shares = np.linalg.lstsq(system, np.append(np.zeros(k), 1.0), rcond=None)[0]
    return np.maximum(shares, 0.0)


def homogeneity(counts: npt.NDArray[np.integer], draws: FloatArray | None = None) -> Homogeneity:
    """Test that transition counts of several groups, shape (m, k, k), have the same probabilities.

    `draws` are chi2 statistics under relabelling, if there are any.
    """
    chi2, lr = _pearson(counts)
    starts = (counts.sum(axis=2) > 0).sum(axis=0)
    ends = (counts.sum(axis=0) > 0).sum(axis=1)
    df = int((np.maximum(starts - 1, 0) * np.maximum(ends - 1, 0)).sum())
    p = [float(stats.chi2.sf(value, df)) if df else float("nan") for value in (chi2, lr)]
    made = draws is not None and len(draws) > 0
    p_sim = float(pseudo_p(chi2, draws, "greater")) if made and draws is not None else float("nan")
    return Homogeneity(chi2, p[0], lr, p[1], df, p_sim, len(counts))


def _pearson(counts: npt.NDArray[np.integer]) -> tuple[float, float]:
    """Return Pearson's and the likelihood-ratio statistic of counts of shape (m, k, k)."""
    whole = counts.sum(axis=0)
    departures = counts.sum(axis=2, keepdims=True)
    rows = np.maximum(whole.sum(axis=1, keepdims=True), 1)
    expected = departures * (whole / rows)
    seen = expected > 0
    gap = (counts[seen] - expected[seen]) ** 2 / expected[seen]
    some = counts > 0
    ratio = counts[some] * np.log(counts[some] / expected[some])
    return float(gap.sum()), float(2.0 * ratio.sum())
