"""The weights as esda reads them: untransformed, and summarised once for many variables and years."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

from libpysal.graph import Graph
from scipy import sparse

from gvcpos.spatial.variables import FloatArray
from gvcpos.spatial.weights.matrix import Weights


class FixedGraph(Graph):
    """A graph that esda's request for a transformation leaves as it is.

    Weights are normalised, or not, before they come here. Most of the time of a Moran's I would otherwise go into
    summing up the same weights again.
    """

    def transform(self, transformation: Any) -> FixedGraph:
        """Return the graph itself."""
        return self

    @cached_property
    def sparse(self) -> Any:
        """Return the weights as csr without stored zeros: libpysal keeps one for each island, and esda trips on it."""
        matrix = super().sparse
        matrix.eliminate_zeros()
        return matrix

    def summary(self, asymmetries: bool = False) -> Any:
        """Return S0, S1, S2 and the rest, computed once."""
        return self._summary

    @cached_property
    def _summary(self) -> Any:
        return super().summary()


def by_esda(statistic: Callable[..., Any], *values: FloatArray, weights: Weights) -> Any:
    """Return an esda statistic of values in the order of the weights, without permutations.

    Parameters
    ----------
    statistic : callable
        A class of esda that takes values, weights, a transformation and a number of permutations.
    *values : ndarray, shape (n,)
    weights : Weights
        Taken as they are.
    """
    with warnings.catch_warnings():  # esda changes the process's warning filters
        return statistic(*values, graph_of(weights), transformation="O", permutations=0)


@lru_cache(maxsize=8)
def graph_of(weights: Weights) -> FixedGraph:
    """Return the graph of weights, which are immutable, so that it can be kept.

    Units are numbered by position: a graph of integers keeps their order.
    """
    return fixed(weights.matrix)


def fixed(matrix: sparse.csr_array) -> FixedGraph:
    """Return the graph of a matrix of shape (n, n), which may have a diagonal."""
    return FixedGraph(Graph.from_sparse(matrix.copy()).adjacency, is_sorted=True)
