"""The spectrum of W and log|I - rW|: computed once per W and kept.

Dense or moderate W: all eigenvalues, real ones through the symmetric problem where W is diagonally
similar to a symmetric matrix (as a row-normalised symmetric matrix is). Large sparse W: an exact sparse LU.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph, linalg

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.inputs.transform import operator
from gvcpos.spatial.panel.ml.determinants import Determinants
from gvcpos.spatial.panel.ml.interpolation import along_all

Array = npt.NDArray[np.float64]
Roots = npt.NDArray[np.float64] | npt.NDArray[np.complex128]

_SPARSE_FROM = 1000  # below, one eigenvalue problem beats some twenty factorisations
_SPARSE_DENSITY = 0.05
_REAL = 1e-9  # an imaginary part below this is rounding
_KEPT = 8
_cache: OrderedDict[str, Spectrum] = OrderedDict()


@dataclass(frozen=True)
class Spectrum:
    """What the likelihood needs to know about W.

    Attributes
    ----------
    matrix : csr_array, shape (N, N)
    eigenvalues : ndarray (N,), real or complex, or None for a large sparse W
    interval : (float, float)
        The open interval around zero in which I - rW is non-singular: the reciprocals of the smallest and
        the largest real eigenvalue (Ord 1975, JASA 70:120); without a negative real eigenvalue the lower
        end is minus the reciprocal of the spectral radius.
    """

    matrix: sparse.csr_array
    eigenvalues: Roots | None
    interval: tuple[float, float]

    @property
    def dense(self) -> Array:
        """W as an array, not kept where W is thin."""
        return self.operator if isinstance(self.operator, np.ndarray) else self.matrix.toarray()

    @property
    def n(self) -> int:
        """Number of units N."""
        return int(self.matrix.shape[0])

    @cached_property
    def operator(self) -> Array | sparse.csr_array:
        """W as `spatial_lag` takes it: dense where nearly full."""
        return operator(self.matrix)

    @cached_property
    def row_sums(self) -> Array:
        """Sums of the rows of W, shape (N,)."""
        return np.asarray(self.matrix.sum(axis=1))

    @property
    def parts(self) -> tuple[tuple[Spectrum, float], ...]:
        """Spectra of the different W and the share of the periods that has each: one, where W does not change."""
        return ((self, 1.0),)

    @cached_property
    def determinants(self) -> Determinants:
        """Exact log-determinants of a large sparse W, and the polynomials between them."""
        return Determinants(self.matrix, self.interval)

    @cached_property
    def without_unit(self) -> Roots | None:
        """All eigenvalues but the one nearest to 1."""
        if self.eigenvalues is None:
            return None
        roots = self.eigenvalues
        kept = np.arange(len(roots)) != np.argmin(np.abs(roots - 1.0))
        return roots[kept]


@dataclass(frozen=True)
class LogDeterminant:
    """log|I - rW|, less log(1 - r) when the time effects were transformed away (Lee and Yu 2010, eq. 24).

    Where W changes over time, the mean over the periods.

    Attributes
    ----------
    spectrum : Spectrum
    drop_unit : bool
        Whether the unit root that belongs to the constant vector is taken out.
    """

    spectrum: Spectrum
    drop_unit: bool

    def value(self, r: Array) -> Array:
        """Return log|I - rW| (- log(1 - r)) at each r; shape of r."""
        return self._mean(lambda one: one._value(r))

    def _value(self, r: Array) -> Array:
        roots = self._roots()
        if roots is not None:
            return np.asarray(np.log(np.abs(1.0 - np.multiply.outer(r, roots))).sum(axis=-1))
        at = self.spectrum.determinants
        r = np.asarray(r, dtype=float)
        # A grid is looked at once; a single value belongs to a climb, which comes back to its neighbourhood.
        full = at.derivative(r, 0) if r.ndim == 0 else np.array([at.at(float(one)) for one in r.ravel()])
        full = full.reshape(r.shape)
        return full - np.log(1.0 - r) if self.drop_unit else full

    def between(self, r: Array) -> Array:
        """Return `value` at many near points: of a large W, or of many W, by polynomials that meet it to rounding."""
        if len(self.spectrum.parts) > 1:
            points = np.asarray(r, dtype=float)
            return along_all(lambda each: self.value(each)[:, None], points.ravel()).reshape(points.shape)
        if self._roots() is not None:
            return self.value(r)
        full = self.spectrum.determinants.derivative(np.asarray(r, dtype=float), 0)
        return full - np.log(1.0 - r) if self.drop_unit else full

    def slope(self, r: float) -> float:
        """Return the derivative with respect to r, -tr W(I - rW)^-1 (+ 1/(1 - r))."""
        if type(self.spectrum) is Spectrum:
            return self._slope(r)
        return float(self._mean(lambda one: np.asarray(one._slope(r))))

    def _slope(self, r: float) -> float:
        roots = self._roots()
        if roots is not None:
            return float(-np.real(roots / (1.0 - r * roots)).sum())
        slope = float(self.spectrum.determinants.derivative(np.array(r), 1))
        return slope + 1.0 / (1.0 - r) if self.drop_unit else slope

    def slopes(self, r: Array) -> Array:
        """Return the derivative at each r, shape (m,)."""
        return self._mean(lambda one: one._slopes(r))

    def _slopes(self, r: Array) -> Array:
        roots = self._roots()
        if roots is None:
            found = self.spectrum.determinants.derivative(r, 1)
            return found + 1.0 / (1.0 - r) if self.drop_unit else found
        return np.asarray(-np.real(roots / (1.0 - np.multiply.outer(r, roots))).sum(axis=-1))

    def _mean(self, function: Callable[[LogDeterminant], Array]) -> Array:
        """Average over the periods."""
        if type(self.spectrum) is Spectrum:
            return function(self)
        parts = self.spectrum.parts
        return np.asarray(sum(share * function(LogDeterminant(one, self.drop_unit)) for one, share in parts))

    def _roots(self) -> Roots | None:
        """Eigenvalues that enter: all, or all but the one nearest to 1."""
        return self.spectrum.without_unit if self.drop_unit else self.spectrum.eigenvalues


def spectrum(matrix: sparse.csr_array) -> Spectrum:
    """Return the spectrum of W, from the kept ones if this W was seen before.

    Parameters
    ----------
    matrix : csr_array, shape (N, N)
        Spatial weights.

    Raises
    ------
    EstimationError
        If W has no positive real eigenvalue, so that r has no admissible interval.
    """
    return kept(matrix, "exact", lambda: _compute(matrix))


def kept(matrix: sparse.csr_array, kind: str, make: Callable[[], Spectrum]) -> Spectrum:
    """Return the spectrum of some kind of W, made where this W was not seen before."""
    digest = hashlib.blake2b(kind.encode() + np.int64(matrix.shape[0]).tobytes())
    for part in (matrix.indptr, matrix.indices, matrix.data):
        digest.update(np.ascontiguousarray(part).data)
    key = digest.hexdigest()
    if key not in _cache:
        _cache[key] = make()
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def forget() -> None:
    """Drop all kept spectra, as for timing."""
    _cache.clear()


def _compute(matrix: sparse.csr_array) -> Spectrum:
    """Compute the eigenvalues, or only the interval for a large sparse W."""
    n = matrix.shape[0]
    if n >= _SPARSE_FROM and matrix.nnz < _SPARSE_DENSITY * n * n:
        return Spectrum(matrix, None, _sparse_interval(matrix))
    scale = similarity_scale(matrix)
    if scale is None:
        roots = np.linalg.eigvals(matrix.toarray())
    else:
        symmetric = matrix.toarray() * (scale[:, None] / scale[None, :])
        roots = np.linalg.eigvalsh((symmetric + symmetric.T) / 2.0)
    if np.iscomplexobj(roots) and np.abs(roots.imag).max() < _REAL:
        roots = roots.real
    roots.setflags(write=False)
    return Spectrum(matrix, roots, _interval(roots))


def _interval(roots: Roots) -> tuple[float, float]:
    """Admissible interval of r from the eigenvalues."""
    radius = float(np.abs(roots).max())
    real = np.real(roots[np.abs(np.imag(roots)) < _REAL])
    if not real.size or real.max() <= _REAL * radius or radius == 0.0:
        raise EstimationError(
            "W has no positive real eigenvalue, so the spatial parameter has no admissible interval. "
            "Check that W is not zero."
        )
    lowest = float(real.min())
    return (1.0 / lowest if lowest < -_REAL * radius else -1.0 / radius), float(1.0 / real.max())


def _sparse_interval(matrix: sparse.csr_array) -> tuple[float, float]:
    """Admissible interval of a large sparse W from its extreme eigenvalues."""
    if not matrix.nnz:
        return _interval(np.zeros(1))
    radius = _radius_of_rows(matrix)
    scale = similarity_scale(matrix)
    if scale is None:
        radius = spectral_radius(matrix)
        return -1.0 / radius, 1.0 / radius
    symmetric = sparse.diags_array(scale) @ matrix @ sparse.diags_array(1.0 / scale)
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    which, k = ("BE", 2) if radius is None else ("SA", 1)
    ends = linalg.eigsh((symmetric + symmetric.T) / 2.0, k=k, which=which, v0=start, return_eigenvectors=False)
    return 1.0 / float(ends.min()), 1.0 / (float(ends.max()) if radius is None else radius)


def spectral_radius(matrix: sparse.csr_array) -> float:
    """Return the largest eigenvalue by size of a W without negative weights.

    Raises
    ------
    EstimationError
        If it is zero.
    """
    radius = _radius_of_rows(matrix) if matrix.nnz else 0.0
    if radius is None and matrix.shape[0] < 3:
        radius = float(np.abs(np.linalg.eigvals(matrix.toarray())).max())
    if radius is None:
        start = np.ones(matrix.shape[0])
        radius = float(np.abs(linalg.eigs(matrix, k=1, which="LM", v0=start, return_eigenvectors=False)[0]))
    if radius <= 0.0:
        _interval(np.zeros(1))
    return radius


def _radius_of_rows(matrix: sparse.csr_array) -> float | None:
    """Return the sum of every row where all are the same, which is then the spectral radius."""
    sums = np.asarray(matrix.sum(axis=1))
    return float(sums.max()) if matrix.data.min() >= 0.0 and np.ptp(sums) <= _REAL * sums.max() else None


def similarity_scale(matrix: sparse.csr_array) -> Array | None:
    """Find d > 0 such that diag(d) W diag(1/d) is symmetric, or None if there is no such d.

    A row-normalised symmetric matrix has one (the square roots of its row sums), and then its eigenvalues
    are real and cost a symmetric problem (Ord 1975).
    """
    n = matrix.shape[0]
    if matrix.nnz == n * (n - 1) and n > 1 and not matrix.diagonal().any():
        return _scale_of_full(matrix.toarray())
    other = matrix.T.tocsr()
    pattern = (matrix != 0) != (other != 0)
    if pattern.nnz or matrix.nnz == 0 or matrix.data.min() < 0.0:
        return None
    ratio = matrix.copy()  # log(w_ij / w_ji) on the pattern of W
    ratio.sort_indices()
    other.sort_indices()
    ratio.data = 0.5 * (np.log(ratio.data) - np.log(other.data))
    steps = _potential(ratio)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(ratio.indptr))
    gap = np.abs(steps[ratio.indices] - steps[rows] - ratio.data)
    return np.exp(steps) if gap.max() < 1e-9 else None


def _scale_of_full(W: Array) -> Array | None:
    """Find d where all units are neighbours, so that one row tells it."""
    if (W < 0.0).any():
        return None
    np.fill_diagonal(W, 1.0)
    steps = 0.5 * (np.log(W[0]) - np.log(W[:, 0]))
    size = np.exp(steps)
    scaled = W * size[:, None] / size
    return size if np.abs(np.log(scaled / scaled.T)).max() < 2e-9 else None


def _potential(ratio: sparse.csr_array) -> Array:
    """Sum the entries of `ratio` along a spanning tree of every component; shape (N,)."""
    n = ratio.shape[0]
    graph = sparse.csr_array((np.ones(ratio.nnz), ratio.indices, ratio.indptr), shape=ratio.shape)
    parent = np.arange(n)
    count, component = csgraph.connected_components(graph, directed=False)
    roots = np.unique(component, return_index=True)[1]
    for root in roots[np.bincount(component, minlength=count) > 1]:
        order, before = csgraph.breadth_first_order(graph, root, directed=True)
        parent[order[1:]] = before[order[1:]]
    child = np.flatnonzero(parent != np.arange(n))
    steps = np.zeros(n)
    steps[child] = np.asarray(ratio[parent[child], child]).ravel()
    while (parent[parent] != parent).any():  # each pass doubles how far a node looks up the tree
        steps, parent = steps + steps[parent], parent[parent]
    return steps
