"""Join counts: how often neighbours belong to the same class, over the map and unit by unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align, enumerate_labels
from gvcpos.spatial.global_statistic import Permuted, named
from gvcpos.spatial.local_statistic import LocalStatistic, score_of
from gvcpos.spatial.moments import dealt_moments, relabelled_moments
from gvcpos.spatial.permutation import (
    Alternative,
    FloatArray,
    false_discovery,
    normal_p,
    pseudo_p,
    relabelled_sums,
)
from gvcpos.spatial.variables import by_year
from gvcpos.spatial.weights.matrix import Weights

_ROUNDING = 1e-14  # share of a squared mean that is no variance
_MANY = 20  # different numbers that may be the codes of classes


class JoinCounts(Permuted):
    """Joins between classes of units: clusters, yes and no, or any other labels.

    Parameters
    ----------
    classes : Series
        One class a unit, labelled; the order does not matter. Two classes or more.
    weights : Weights
        Who is a neighbour of whom; the size of a weight does not count. A link in one direction is half a join.
    permutations : int
        Random relabellings; 0 for none.
    seed : int
    alternative : {"two-sided", "greater", "less"}
        ``"greater"`` asks for more joins than chance.

    Attributes
    ----------
    frame : DataFrame
        One row a pair of classes, in alphabetical order: class_a, class_b, joins, expected, variance, z_score, p_norm,
        p_sim, p_fdr. Moments are exact when every assignment of the classes to units is equally likely; p_fdr adjusts
        p_sim (p_norm without permutations) for the number of pairs.
    joins : float
        All joins.
    sizes : dict
        Units of each class.
    n, name, weights, permutations, seed, alternative

    Raises
    ------
    LabelError
        If the labels are not exactly the units of the weights.
    InputError
        If a class is missing or there is one only, numbers have too many values for classes, or every unit is a
        neighbour of every other, so that all joins are certain.

    References
    ----------
    Cliff, A. D. and Ord, J. K. (1981), Spatial Processes, Pion, ch. 1. Equal to esda's counts for two classes.
    """

    def __init__(
        self,
        classes: pd.Series,
        weights: Weights,
        *,
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        self.name = named(classes, "the classes")
        ordered = linked_to_some(self._begin(weights, permutations, seed, alternative))
        kinds, which = classes_for(classes, ordered, self.name)
        self._count(ordered, kinds, np.eye(len(kinds))[which][:, None, :])

    def _count(self, ordered: Weights, kinds: list[str], member: FloatArray) -> None:
        """Count joins; `member`, shape (n, T, classes), is 1 where a unit is in a class in a period."""
        links = binary(ordered.matrix)
        self.joins = float(links.sum() / 2) * member.shape[1]
        self.sizes = {kind: int(count) for kind, count in zip(kinds, member.sum(axis=(0, 1)), strict=True)}
        rows = [
            self._pair(links, member, a, b) | {"class_a": kinds[a], "class_b": kinds[b]}
            for a in range(len(kinds))
            for b in range(a, len(kinds))
        ]
        frame = pd.DataFrame(rows)
        p = frame["p_sim"] if self.permutations else frame["p_norm"]
        frame["p_fdr"] = false_discovery(p.to_numpy(dtype=float))
        first = ["class_a", "class_b"]
        self.frame = frame[[*first, *(c for c in frame if c not in first)]]

    def _pair(self, links: sparse.csr_array, member: FloatArray, a: int, b: int) -> dict[str, float]:
        U = member[:, :, a] @ member[:, :, b].T / 2
        if a != b:
            U = U + U.T
        joins = float((links * U).sum())
        expected, variance = relabelled_moments(links, U)
        # A class of one unit has no joins with itself, and rounding is not a variance.
        variance = variance if variance > _ROUNDING * expected**2 else 0.0
        z = float(score_of(np.array([joins - expected]), np.array([variance]))[0])
        draws = relabelled_sums(links, U, self.permutations, self.seed)
        p_sim = float(pseudo_p(joins, draws, self.alternative)) if self.permutations else float("nan")
        p_norm = float(normal_p(z, self.alternative))
        tested = not np.isnan(z)
        return {
            "joins": joins, "expected": expected, "variance": variance, "z_score": z, "p_norm": p_norm,
            "p_sim": p_sim if tested else float("nan"),
        }  # fmt: skip

    def to_frame(self) -> pd.DataFrame:
        """Return a copy of `frame`."""
        return self.frame.copy()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{k} {v}" for k, v in self.sizes.items())
        return f"<JoinCounts {self.name}: {sizes}; {self.joins:g} joins>"


class PooledJoinCounts(JoinCounts):
    """Joins between classes of units over all years of a balanced panel.

    Parameters
    ----------
    data : DataFrame or Series
        With `entity` and `time` as columns or index levels.
    column : str or None
        The classes; None for a Series.
    weights, permutations, seed, alternative
        See `JoinCounts`. Whole histories of classes are dealt out, as in `PooledMoran`.
    entity, time : str

    Attributes
    ----------
    frame : DataFrame
        As that of `JoinCounts`, joins summed over the years, moments exact over all assignments of histories to units.
    joins, sizes
        Joins and units of each class, summed over the years.
    years : tuple

    Raises
    ------
    LabelError
        If a country is missing, left over or given twice in a year; the message names both.
    InputError
        If a class is missing in a year; and as `JoinCounts`.
    """

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        ordered = linked_to_some(self._begin(weights, permutations, seed, alternative))
        years, parts, numbers = [], [], False
        for year, classes in by_year(data, column, entity, time):
            self.name = named(classes, "the classes")
            years.append(year)
            numbers |= are_numbers(classes)
            parts.append(texts_for(classes, ordered, f"{self.name} of {year}"))
        if not years:
            raise InputError("the panel has no rows.")
        self.years = tuple(years)
        found = [text for part in parts for text in part]
        kinds = several(sorted(set(found)), self.name, len(found) if numbers else None)
        self._count(
            ordered, kinds, np.stack([[[t == k for k in kinds] for t in part] for part in parts], 1).astype(float)
        )


class LocalJoinCounts(LocalStatistic):
    """Joins of every unit of one class with others of that class.

    Parameters
    ----------
    classes : Series
        One class a unit, labelled.
    weights : Weights
        Who is a neighbour of whom; the size of a weight does not count.
    of : str
        The class whose units are tested; the others of the map are not.
    alternative, level
        See `LocalMoran`; ``"greater"`` looks for more joins than chance.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, class, joins, neighbours, expected, variance, z_score, p_norm,
        p_exact, p_fdr, cluster. p_exact is hypergeometric, so there are no permutations; a two-sided one is twice the
        smaller tail. cluster is ``joined``, ``apart``, ``ns`` (also units of other classes) or ``island``.

    Raises
    ------
    LabelError, InputError
        As `JoinCounts`; and if no unit is of the class.

    References
    ----------
    Anselin, L. and Li, X. (2019), Journal of Geographical Systems 21:189-210. Joins equal esda's Join_Counts_Local.
    """

    kinds = ("joined", "apart", "ns", "island")
    title = "Local join counts"

    def __init__(
        self,
        classes: pd.Series,
        weights: Weights,
        of: object,
        *,
        alternative: Alternative = "greater",
        level: float = 0.05,
    ) -> None:
        ordered = linked_to_some(self._begin(weights, 1, 0, alternative, level))
        self.permutations = 0
        kinds, which = classes_for(classes, ordered, named(classes, "the classes"))
        if str(of) not in kinds:
            raise InputError(f"no unit is of class {str(of)!r}; there are {enumerate_labels(kinds)}.")
        self.name = f"{'class' if classes.name is None else classes.name} {of}"
        x = (which == kinds.index(str(of))).astype(float)
        links = binary(ordered.matrix)
        joins, degree = x * (links @ x), np.diff(links.indptr).astype(float)
        expected, variance = dealt_moments(links, lambda i: x[i] * x)
        tested = (x > 0) & (degree > 0)
        score = score_of(joins - expected, np.where(tested, variance, 0.0))
        p = np.where(tested, _hypergeometric(joins, degree, x.sum() - 1, self.n - 1, alternative), np.nan)
        names = np.array(kinds)[which]
        columns = {
            "class": names, "joins": joins, "neighbours": degree, "expected": expected, "variance": variance,
            "z_score": score, "p_norm": normal_p(score, alternative), "p_exact": p, "p_fdr": false_discovery(p),
        }  # fmt: skip
        self._finish(columns, ordered, np.where(joins > expected, "joined", "apart"))


def _hypergeometric(
    joins: FloatArray, degree: FloatArray, others: float, n: int, alternative: Alternative
) -> FloatArray:
    """Return p-values of `joins` marked among `degree` of n others, `others` of which are marked."""
    above = stats.hypergeom.sf(joins - 1, n, others, degree)
    below = stats.hypergeom.cdf(joins, n, others, degree)
    return {"greater": above, "less": below, "two-sided": np.minimum(1.0, 2.0 * np.minimum(above, below))}[alternative]


def binary(W: sparse.csr_array) -> sparse.csr_array:
    """Return the same links with weights of one."""
    return sparse.csr_array((np.ones(W.nnz), W.indices.copy(), W.indptr.copy()), shape=W.shape)


def linked_to_some(weights: Weights) -> Weights:
    """Return the weights; refuse those that make every unit a neighbour of every other, however near.

    Raises
    ------
    InputError
        If they do: who is joined to whom is then no matter of chance.
    """
    n = weights.n
    if weights.matrix.nnz == n * (n - 1):
        raise InputError(
            f"the weights link each of {n} units to all {n - 1} others, as inverse distances without a cutoff do: "
            "joins count links, whatever their weight, and every count is certain. Take contiguity, knn or "
            "inverse_distance(..., cutoff=...); or a statistic that uses the size of the weights, such as Moran."
        )
    return weights


def are_numbers(classes: pd.Series) -> bool:
    """Whether the classes are numbers, of which there can be as many as units; yes and no are none."""
    return pd.api.types.is_numeric_dtype(classes) and not pd.api.types.is_bool_dtype(classes)


def classes_for(classes: pd.Series, weights: Weights, what: str) -> tuple[list[str], np.ndarray]:
    """Return the classes in alphabetical order, and the number of each unit's class in the order of the weights.

    Raises
    ------
    LabelError
        If the labels are not exactly the units of the weights.
    InputError
        If a class is missing, there is one only, or numbers have too many values for classes.
    """
    text = texts_for(classes, weights, what)
    kinds = several(sorted(set(text)), what, len(text) if are_numbers(classes) else None)
    place = {kind: k for k, kind in enumerate(kinds)}
    return kinds, np.array([place[value] for value in text])


def several(kinds: list[str], what: str, numbers: int | None = None) -> list[str]:
    """Return the classes, of which there must be two or more, and not too many where they are `numbers` of values."""
    if len(kinds) < 2:
        raise InputError(f"{what} are all {kinds[0]!r}; joins between classes need two or more.")
    if numbers is not None and (len(kinds) > _MANY or 2 * len(kinds) > numbers):
        raise InputError(
            f"{what} are numbers with {len(kinds)} different values among {numbers}, {kinds[0]}, {kinds[1]} ...: too "
            "many for classes. Cut them, as with pd.qcut(values, 3, labels=False) or values > values.median(); or take "
            "Moran, which is made for numbers."
        )
    return kinds


def texts_for(classes: pd.Series, weights: Weights, what: str) -> list[str]:
    """Return the class of every unit in the order of the weights; errors as `classes_for`."""
    order = align(list(classes.index), weights.ids, what, "the weights")
    found = classes.iloc[order]
    gone = found.isna().to_numpy()
    if gone.any():
        names = enumerate_labels(weights.ids[i] for i in np.flatnonzero(gone))
        raise InputError(f"{what} are missing for {names}. Take these units out of both, by name.")
    return [str(value) for value in found]
