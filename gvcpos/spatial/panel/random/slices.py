"""The likelihood with random effects at many (lambda, phi) at once, for the cuts of it that intervals are made of.

Where K is a multiple of the identity its cross-products are those of deviations, and of means over 1 + T phi. Elsewhere
they need K⁻¹. K = I + T phi BB', so that the eigenvectors of BB' serve all phi of one lambda; and over a rectangle of
(lambda, s = log(1 + T phi)) cross-products and log|K| are smooth, so that polynomials through Chebyshev points give
them all but exactly (Berrut and Trefethen 2004, SIAM Rev. 46:501).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.likelihood import Moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant

if TYPE_CHECKING:
    from gvcpos.spatial.panel.random.likelihood import RandomLikelihood

Array = npt.NDArray[np.float64]
Ends = tuple[float, float]

_NODES = ((10, 7), (18, 12), (34, 20))  # of lambda and s
_TRIED = np.array(
    [[0.07, 0.93], [0.46, 0.39], [0.93, 0.1], [0.21, 0.62], [0.78, 0.85]]
)  # where polynomials are checked
_CLOSE = 1e-8
_FEW = 6  # values of phi that cost less by factorisations than by eigenvectors


def weighed(likelihood: RandomLikelihood, lam: Array, s: Array) -> tuple[Array, Array]:
    """Return what the means add to the cross-products, and log|K|, at each (lambda, s).

    Parameters
    ----------
    likelihood : RandomLikelihood
    lam, s : ndarray, of one shape

    Returns
    -------
    products : ndarray, shape (*shape, j+k, j+k)
    logdet : ndarray, of their shape
    """
    kernels, (plain, lagged) = likelihood.kernels, likelihood.parts.means
    size = plain.shape[1]
    products, logdet = np.empty((lam.size, size, size)), np.empty(lam.size)
    each, of = np.unique(lam.ravel(), return_inverse=True)
    shared = np.expm1(s.ravel())
    for i, one in enumerate(each):
        places = np.flatnonzero(of == i)
        if lagged is not None and kernels.parts is not None and kernels.parts.dense and len(places) > _FEW:
            Z = plain - one * lagged
            inner, turned = np.linalg.eigh(kernels.at(float(one), 0.0).square(np.eye(len(Z))))
            K, turned = 1.0 + shared[places, None] * np.maximum(inner, 0.0), turned.T @ Z
            products[places] = turned.T @ (turned / K[:, :, None])
            logdet[places] = np.log(K).sum(axis=1)
            continue
        for place in places:
            kernel = kernels.at(float(one), float(shared[place]) / kernels.periods)
            products[place], logdet[place] = likelihood.parts.added(kernel).value, kernel.logdet
    return products.reshape(*lam.shape, size, size), logdet.reshape(lam.shape)


def filtered(of: Moments, lam: Array) -> Array:
    """Return cross-products filtered by I − λM at each lambda, (*s, j+k, j+k)."""
    at = lam[..., None, None]
    return np.asarray(of.C0 - at * of.C1 + at * at * of.C2)


def sliced(likelihood: RandomLikelihood, lam: Array, root: Array) -> tuple[Array, Array]:
    """Return cross-products and −½ log|K| at each (lambda, root), whose shapes broadcast."""
    lam, s = np.broadcast_arrays(np.asarray(lam, dtype=float), np.square(root))
    own = filtered(likelihood.parts.within, lam)
    if likelihood.kernels.parts is None:
        means = filtered(likelihood.parts.between, lam) * np.exp(-s)[..., None, None]
        return own + means, -0.5 * likelihood.kernels.units * s
    means, logdet = weighed(likelihood, lam, s)
    return own + means, -0.5 * logdet


@dataclass(frozen=True)
class Tabled:
    """A likelihood whose K⁻¹ is interpolated over a rectangle.

    Attributes
    ----------
    exact : RandomLikelihood
    lam, s : ndarray, shape (a,), (q,)
        Chebyshev points.
    values : ndarray, shape (a, q, p)
        The upper triangle of the means' cross-products, and log|K|.
    """

    exact: RandomLikelihood
    lam: Array
    s: Array
    values: Array

    @property
    def lag(self) -> LogDeterminant | None:
        """log|I − ρW|."""
        return self.exact.lag

    @property
    def error(self) -> LogDeterminant | None:
        """log|I − λM|."""
        return self.exact.error

    @property
    def nobs(self) -> int:
        """N times T."""
        return self.exact.nobs

    @property
    def determinants(self) -> int:
        """T."""
        return self.exact.determinants

    @property
    def basis(self) -> Moments:
        """That of the likelihood."""
        return self.exact.basis

    @property
    def widest(self) -> float:
        """That of the likelihood."""
        return self.exact.widest

    def near(self, lam: Ends, root: Ends) -> RandomLikelihood | Tabled:
        """Return itself for a part of its rectangle, else a table anew."""
        inside = _holds(self.lam, lam) and _holds(self.s, (root[0] ** 2, root[1] ** 2))
        return self if inside else tabled(self.exact, lam, root)

    def products(self, lam: Array, root: Array) -> tuple[Array, Array]:
        """Return cross-products and −½ log|K| at each (lambda, root), whose shapes broadcast."""
        lam, s = np.broadcast_arrays(np.asarray(lam, dtype=float), np.square(root))
        values = self._at(lam, s)
        size = self.exact.parts.within.C0.shape[0]
        upper = np.triu_indices(size)
        out = filtered(self.exact.parts.within, lam)
        out[..., upper[0], upper[1]] += values[..., :-1]
        out[..., upper[1], upper[0]] = out[..., upper[0], upper[1]]
        return out, -0.5 * values[..., -1]

    def _at(self, lam: Array, s: Array) -> Array:
        """Return the polynomials, shape (*lam.shape, p)."""
        a, q, p = self.values.shape
        rows = (_barycentric(self.lam, lam.ravel()) @ self.values.reshape(a, q * p)).reshape(-1, q, p)
        return np.einsum("mq,mqp->mp", _barycentric(self.s, s.ravel()), rows).reshape(*lam.shape, p)

    def misses(self, lam: Ends, s: Ends) -> float:
        """Return how far the polynomials are off between their points, as a share of the products, and of log|K|."""
        tried = np.array([lam[0], s[0]]) + _TRIED * np.array([lam[1] - lam[0], s[1] - s[0]])
        want, got = _packed(self.exact, tried[:, 0], tried[:, 1]), self._at(tried[:, 0], tried[:, 1])
        scale = np.append(np.full(want.shape[1] - 1, np.abs(want[:, :-1]).max()), max(1.0, np.abs(want[:, -1]).max()))
        return float((np.abs(want - got) / scale).max())


def tabled(likelihood: RandomLikelihood, lam: Ends, root: Ends) -> RandomLikelihood | Tabled:
    """Interpolate K⁻¹ over a rectangle, with as many points as it takes; the likelihood itself where that is many."""
    s = (root[0] ** 2, root[1] ** 2)
    for nodes in _NODES:
        lams, shares = _chebyshev(lam, nodes[0]), _chebyshev(s, nodes[1])
        found = Tabled(likelihood, lams, shares, _packed(likelihood, *np.meshgrid(lams, shares, indexing="ij")))
        if found.misses(lam, s) <= _CLOSE:
            return found
    return likelihood


def _holds(points: Array, ends: Ends) -> bool:
    """Whether an interval is within that of the points."""
    return bool(points[0] <= ends[0] and ends[1] <= points[-1])


def _packed(likelihood: RandomLikelihood, lam: Array, s: Array) -> Array:
    """Upper triangles and log|K|, shape (*lam.shape, p)."""
    products, logdet = weighed(likelihood, lam, s)
    upper = np.triu_indices(products.shape[-1])
    return np.concatenate([products[..., upper[0], upper[1]], logdet[..., None]], axis=-1)


def _chebyshev(ends: Ends, count: int) -> Array:
    """Chebyshev points of the second kind, which have the ends among them; one where there is nothing between."""
    if ends[1] <= ends[0]:
        return np.array([ends[0]])
    share = 0.5 - 0.5 * np.cos(np.pi * np.arange(count) / (count - 1))
    return np.asarray(ends[0] + (ends[1] - ends[0]) * share)


def _barycentric(points: Array, at: Array) -> Array:
    """Return weights of values at Chebyshev points for values elsewhere, shape (m, n)."""
    n = len(points)
    if n == 1:
        return np.ones((len(at), 1))
    sign = np.where(np.arange(n) % 2, -1.0, 1.0)
    sign[[0, -1]] *= 0.5
    gap = at[:, None] - points
    hit = gap == 0.0
    weight = sign / np.where(hit, 1.0, gap)
    out = weight / weight.sum(axis=1, keepdims=True)
    return np.where(hit.any(axis=1, keepdims=True), hit.astype(float), out)
