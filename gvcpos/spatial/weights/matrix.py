"""The spatial weights matrix as an immutable, labelled object."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError, IslandWarning
from gvcpos._core.labels import align, enumerate_labels, locate, unique
from gvcpos._core.options import Islands, Normalisation, choose
from gvcpos.spatial.weights import normalise


@dataclass(frozen=True, eq=False)
class Weights:
    """A spatial weights matrix: row = focal unit, column = neighbour.

    Make one with `weights.contiguity`, `weights.knn`, `weights.inverse_distance`, `weights.linkage`,
    `Weights.from_dense`, `Weights.from_sparse` or `Weights.from_graph`. Every operation returns a new object.

    Attributes
    ----------
    ids : tuple of str
        The n units, in the order of rows and columns.
    kind : str
        How the weights were made, as in ``"inverse_distance"``.
    description : str
        One line for a table's note.
    parameters : mapping
        What the constructor was given, as in ``{"power": 1.0}``.
    normalisation : {"none", "row", "spectral"}
        What the weights were divided by.
    """

    ids: tuple[str, ...]
    _matrix: sparse.csr_array = field(repr=False)
    kind: str = "custom"
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    normalisation: str = "none"

    def __post_init__(self) -> None:
        ids = unique(self.ids, "units of the weights")
        choose(self.normalisation, Normalisation, "normalisation")
        object.__setattr__(self, "ids", ids)
        object.__setattr__(self, "_matrix", _checked(self._matrix, ids))
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))

    @classmethod
    def from_sparse(
        cls,
        ids: Iterable[object],
        matrix: Any,
        *,
        kind: str = "custom",
        description: str = "",
        parameters: Mapping[str, Any] | None = None,
        islands: Islands = "error",
    ) -> Weights:
        """Make weights from a scipy sparse matrix of shape (n, n).

        Parameters
        ----------
        ids : iterable of str
            n labels, in the order of rows and columns.
        matrix : sparse array, shape (n, n)
            Non-negative and finite, nothing on the diagonal.
        kind, description, parameters
            See `Weights`.
        islands : {"error", "keep"}
            What to do with units that have no neighbours.

        Raises
        ------
        LabelError
            If an id is duplicated or empty.
        InputError
            If the shape does not fit, a weight is negative or not finite, a unit is its own neighbour, or there
            are islands and they were not asked for.
        """
        made = cls(tuple(unique(ids, "units of the weights")), matrix, kind, description, parameters or {})
        if normalise.rows_sum_to_one(made._matrix):
            made = replace(made, normalisation="row")
        return made._with_islands(islands)

    @classmethod
    def from_dense(
        cls,
        ids: Iterable[object],
        array: npt.ArrayLike,
        *,
        kind: str = "custom",
        description: str = "",
        parameters: Mapping[str, Any] | None = None,
        islands: Islands = "error",
    ) -> Weights:
        """Make weights from an array of shape (n, n), or a frame that is brought to `ids`; else as `from_sparse`."""
        ids = tuple(ids)
        if isinstance(array, pd.DataFrame):
            axes = [align(list(axis), ids, "the frame of weights", "ids") for axis in (array.index, array.columns)]
            array = array.to_numpy(dtype=np.float64, na_value=np.nan)[np.ix_(*axes)]
        dense = np.array(array, dtype=np.float64)
        if dense.ndim != 2:
            raise InputError(f"the weights have shape {dense.shape}; a square matrix is needed.")
        return cls.from_sparse(
            ids,
            sparse.csr_array(dense),
            kind=kind,
            description=description,
            parameters=parameters,
            islands=islands,
        )

    @classmethod
    def from_graph(cls, graph: Any, *, kind: str = "graph", islands: Islands = "error") -> Weights:
        """Make weights from a `libpysal.graph.Graph` or `libpysal.weights.W`, which is copied; ids become text."""
        found = _graph_ids(graph)
        if not found:
            raise InputError(
                f"a {type(graph).__name__} is no libpysal Graph or W. Arrays are taken by Weights.from_dense and "
                "Weights.from_sparse, data frames by from_square and from_edges of gvcpos.spatial.weights."
            )
        return cls.from_sparse(
            list(getattr(graph, found)),
            graph.sparse.copy(),
            kind=kind,
            description="from a libpysal graph",
            islands=islands,
        )

    @classmethod
    def of(cls, given: Any, what: str = "W") -> Weights:
        """Return `Weights` as they are, and a libpysal Graph or W or a labelled square frame as `Weights`.

        Parameters
        ----------
        given : Weights, libpysal Graph or W, or DataFrame
            A frame as in `from_square`: rows are focal units, columns neighbours.
        what : str
            Name of the argument, for messages.

        Raises
        ------
        LabelError
            If rows and columns of a frame differ.
        InputError
            If it is anything else, as an array is, which has no labels; and as `from_graph` and `from_square`.
        """
        if isinstance(given, Weights):
            return given
        from gvcpos.spatial.weights.frames import from_square

        try:
            if isinstance(given, pd.DataFrame):
                return from_square(given)
            if _graph_ids(given):
                return cls.from_graph(given)
        except InputError as error:
            raise type(error)(f"{what}: {error}") from error
        raise InputError(
            f"{what} is a {type(given).__name__}; Weights are needed. Weights.from_graph makes them of a libpysal "
            "Graph or W, from_square of gvcpos.spatial.weights of a labelled frame, Weights.from_dense(ids, array) of "
            "an array."
        )

    @property
    def matrix(self) -> sparse.csr_array:
        """The weights, csr of shape (n, n); its arrays are read-only, and what is done to it stays outside."""
        return copy(self._matrix)  # shallow: the checks of a new array would be a good part of a small fit

    @property
    def n(self) -> int:
        """Number of units."""
        return len(self.ids)

    @cached_property
    def islands(self) -> tuple[str, ...]:
        """Units without neighbours."""
        return tuple(self.ids[i] for i in np.flatnonzero(np.diff(self._matrix.indptr) == 0))

    @cached_property
    def is_row_normalised(self) -> bool:
        """True if every row sums to one within 1e-9; an island's row does not."""
        return normalise.rows_sum_to_one(self._matrix)

    def dense(self) -> npt.NDArray[np.float64]:
        """Return the weights as an array of shape (n, n), a copy."""
        return self._matrix.toarray()

    def neighbours(self, unit: str) -> pd.Series:
        """Return the weights of one unit's neighbours, labelled, in the order of `ids`."""
        i = int(locate([unit], self.ids, "unit of the weights")[0])
        low, high = self._matrix.indptr[i : i + 2]
        names = [self.ids[j] for j in self._matrix.indices[low:high]]
        return pd.Series(self._matrix.data[low:high].copy(), index=pd.Index(names, name="neighbour"), name="weight")

    def to_frame(self) -> pd.DataFrame:
        """Return the non-zero weights as a tidy frame: focal, neighbour, weight."""
        rows, columns = self._matrix.nonzero()
        names = np.array(self.ids, dtype=object)
        return pd.DataFrame({"focal": names[rows], "neighbour": names[columns], "weight": self._matrix.data.copy()})

    def to_graph(self) -> Any:
        """Return a `libpysal.graph.Graph` with the same ids and weights, a copy."""
        from libpysal.graph import Graph

        return Graph.from_sparse(self._matrix.copy(), ids=list(self.ids))

    def align(self, ids: Sequence[object]) -> Weights:
        """Return the same weights with the units in the order of `ids`.

        Raises
        ------
        LabelError
            If `ids` does not name exactly the units of the weights; the message names the difference.
        """
        order = align(self.ids, ids, "the weights", "the labels asked for")
        if np.array_equal(order, np.arange(self.n)):
            return self
        return replace(self, ids=tuple(str(i) for i in ids), _matrix=self._matrix[order][:, order])

    def subset(self, ids: Iterable[object], *, islands: Islands = "error", renormalise: bool = False) -> Weights:
        """Keep some units, in the order given; weights are as they were, so rows of row-normalised weights shrink.

        With ``renormalise=True`` what is left is normalised again as the whole was.

        Raises
        ------
        LabelError
            If an id is unknown or duplicated.
        InputError
            If a unit loses all its neighbours and ``islands="error"``.
        """
        chosen = unique(ids, "chosen units")
        order = locate(chosen, self.ids, "unit of the weights")
        part = replace(self, ids=chosen, _matrix=self._matrix[order][:, order], normalisation="none")
        if part.is_row_normalised:
            part = replace(part, normalisation="row")
        part = part._with_islands(islands)
        return part.normalised(self.normalisation) if renormalise and self.normalisation != "none" else part  # type: ignore[arg-type]

    def normalised(self, kind: Normalisation = "row") -> Weights:
        """Divide by row sums (``"row"``) or by the spectral radius (``"spectral"``).

        Raises
        ------
        InputError
            If ``"none"`` is asked of normalised weights (the raw ones are not kept), or the spectral radius is 0.
        """
        choose(kind, Normalisation, "normalisation")
        if kind == self.normalisation:
            return self
        if kind == "none":
            raise InputError(
                f"these weights are {self.normalisation}-normalised; the raw ones are not kept. Make them anew."
            )
        divide = normalise.by_rows if kind == "row" else normalise.by_spectrum
        return replace(self, _matrix=divide(self._matrix), normalisation=kind)

    def save(self, path: str | Path) -> Path:
        """Write the weights losslessly as ``.parquet`` or ``.csv``, or for other programs; see `weights.files.save`."""
        from gvcpos.spatial.weights.files import save

        return save(self, path)

    @staticmethod
    def read(path: str | Path, *, ids: Iterable[object] | None = None, islands: Islands = "error") -> Weights:
        """Read weights from a file; see `gvcpos.spatial.weights.files.read`."""
        from gvcpos.spatial.weights.files import read

        return read(path, ids=ids, islands=islands)

    def _with_islands(self, islands: Islands) -> Weights:
        """Return self, or refuse or warn of units without neighbours."""
        choose(islands, Islands, "islands")
        if not self.islands:
            return self
        found = f"{len(self.islands)} of {self.n} units have no neighbours: {enumerate_labels(self.islands, 20)}."
        if islands == "error":
            raise InputError(f'{found} Drop them, choose other weights, or keep them with islands="keep".')
        warnings.warn(f"{found} They were kept; their spatial lag is 0.", IslandWarning, stacklevel=3)
        return self

    def __repr__(self) -> str:
        what = f", {self.description}" if self.description else ""
        return f"<Weights {self.kind}: {self.n} units, {self._matrix.nnz} links, {self.normalisation}-normalised{what}>"


def _graph_ids(graph: Any) -> str:
    """Name the attribute in which a libpysal Graph or W has its ids; nothing where it is none."""
    found = next((name for name in ("unique_ids", "id_order") if hasattr(graph, name)), "")
    return found if hasattr(graph, "sparse") else ""


def _checked(matrix: Any, ids: tuple[str, ...]) -> sparse.csr_array:
    """Return a read-only csr copy with sorted indices and no stored zeros, or say which pair is wrong."""
    csr = sparse.csr_array(matrix, dtype=np.float64, copy=True)
    if csr.shape != (len(ids), len(ids)):
        raise InputError(f"the weights have shape {csr.shape}; {len(ids)} units ask for a square of that size.")
    csr.sum_duplicates()
    csr.eliminate_zeros()
    csr.sort_indices()
    bad = ~(np.isfinite(csr.data) & (csr.data > 0))
    if bad.any():
        k = int(np.flatnonzero(bad)[0])
        row = int(np.searchsorted(csr.indptr, k, side="right") - 1)
        pair = f"{ids[row]} -> {ids[csr.indices[k]]}"
        raise InputError(f"the weight of {pair} is {csr.data[k]}. Weights must be finite numbers, zero or more.")
    own = np.flatnonzero(csr.diagonal())
    if own.size:
        raise InputError(
            f"units that are their own neighbours: {enumerate_labels(ids[i] for i in own)}. The diagonal must be 0."
        )
    for array in (csr.data, csr.indices, csr.indptr):
        array.flags.writeable = False
    return csr
