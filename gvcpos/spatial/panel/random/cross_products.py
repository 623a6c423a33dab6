"""Cross-products of the columns of a model with random effects: their parts, and what the effects make of them.

Q = v'Ω⁻¹v is a quadratic form of the cross-products of filtered columns. Where the filter B is one, those of deviations
count in full and those of √T times the means by K⁻¹. Where B_t differs and effects stay at home, Q is that of the best
prediction of the effects (Henderson 1975, Biometrics 31:423):
Q = min over mu of sum_t |B_t(u_t − mu)|² + |mu|²/phi. With m the means over time of u, w_t = u_t − m,
b = sum_t B_t'B_t w_t, P = sum_t B_t'B_t and K = I + phi P, effects are predicted by m + d, K d = phi b − m, and
Q = sum_t |B_tw_t|² − 2 b'd + d'P d + phi h'h,  K h = b + P m.
d is small where phi is large, so that no digits are lost in differences; b is zero where B does not change. The
derivatives are those with mu held (Danskin): of B_t'B_t = I − λ(M_t + M_t') + λ² M_t'M_t by lambda, and −h'h by phi.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inputs.transform import spatial_lag
from gvcpos.spatial.panel.ml.estimation import flat
from gvcpos.spatial.panel.ml.likelihood import Moments
from gvcpos.spatial.panel.random.kernel import Kernel, ScalarKernel
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Added:
    """Weighted cross-products of (y, Wy, X), or what means add to them, and their derivatives.

    Attributes
    ----------
    value, by_lam, by_phi : ndarray, shape (j+k, j+k)
    """

    value: Array
    by_lam: Array
    by_phi: Array


@dataclass(frozen=True)
class Parts:
    """The cross-products of deviations and means, split once.

    Attributes
    ----------
    within, between : Moments
        Of deviations and of √T times means, filtered; the basis is common to both. Where M changes, deviations are
        taken before they are filtered, and `between` is what the pooled cross-products have beyond them.
    means : (ndarray, ndarray or None), shape (N, j+k)
        √T times the means of the columns, and of M times the columns; None where M changes.
    strays : (ndarray, ndarray) or None, shape (N, j+k)
        Where M changes, sum_t (M_t + M_t')w_t and sum_t M_t'M_t w_t: b is −λ times the first + λ² times the second.
    """

    within: Moments
    between: Moments
    means: tuple[Array, Array | None]
    strays: tuple[Array, Array] | None = None

    def added(self, kernel: Kernel) -> Added:
        """Return what the means add to the cross-products of the deviations."""
        if isinstance(kernel, ScalarKernel):
            return self._shared_out(kernel)
        return self._predicted(kernel) if isinstance(kernel, PeriodKernel) else self._by_means(kernel)

    def _shared_out(self, kernel: ScalarKernel) -> Added:
        lam, b, weight = kernel.lam, self.between, kernel.weight
        own = b.C0 - lam * b.C1 + lam**2 * b.C2
        return Added(weight * own, weight * (2.0 * lam * b.C2 - b.C1), -kernel.periods * weight**2 * own)

    def _by_means(self, kernel: Kernel) -> Added:
        plain, lagged = self.means
        assert lagged is not None
        Z = plain - kernel.lam * lagged
        H = kernel.solve(Z)
        turned = lagged.T @ H
        return Added(Z.T @ H, -turned - turned.T - H.T @ kernel.by_lam(H), -(H.T @ kernel.by_phi(H)))

    def _predicted(self, kernel: PeriodKernel) -> Added:
        T, lam, phi = kernel.periods, kernel.lam, kernel.phi
        assert self.strays is not None
        (one, two), m = self.strays, self.means[0] / np.sqrt(T)
        b, moved = lam * lam * two - lam * one, 2.0 * lam * two - one
        d, h = kernel.solve(phi * b - m), kernel.solve(b + T * kernel.square(m))
        turned, slope, squares = b.T @ d, moved.T @ d, h.T @ h
        value = T * d.T @ kernel.square(d) - turned - turned.T + phi * squares
        return Added(value, T * d.T @ kernel.square(d, 1) - slope - slope.T, -squares)


def parts_of(plain: Array, lagged: Array | None, basis: tuple[Array, Array]) -> Parts:
    """Split columns, and M times these, shape (T, N, j+k), in deviations and means; `basis` is that of `Moments`."""
    within, between = (
        Moments(*_products(half(plain), None if lagged is None else half(lagged)), *basis)
        for half in (_deviations, _means)
    )
    return Parts(within, between, (_means(plain), None if lagged is None else _means(lagged)))


def parts_by_period(plain: Array, matrices: PeriodMatrix, basis: tuple[Array, Array]) -> Parts:
    """Split columns, shape (T, N, j+k), that are filtered by I − λM_t, M_t in `matrices`."""
    w, turned = plain - plain.mean(axis=0), matrices.transposed
    lagged = spatial_lag(matrices, w)
    own, pooled = _products(flat(w), flat(lagged)), _products(flat(plain), flat(spatial_lag(matrices, plain)))
    C0, C1, C2 = (a - b for a, b in zip(pooled, own, strict=True))
    strays = (lagged + spatial_lag(turned, w)).sum(axis=0), spatial_lag(turned, lagged).sum(axis=0)
    return Parts(Moments(*own, *basis), Moments(C0, C1, C2, *basis), (_means(plain), None), strays)


def _means(Z: Array) -> Array:
    """√T times the means over time."""
    return np.asarray(np.sqrt(len(Z)) * Z.mean(axis=0))


def _deviations(Z: Array) -> Array:
    """The deviations from them, stacked."""
    return flat(Z - Z.mean(axis=0))


def _products(plain: Array, lagged: Array | None) -> tuple[Array, Array, Array]:
    """Cross-products of the columns filtered by I − λM, as coefficients of 1, −λ and λ²."""
    C0 = plain.T @ plain
    if lagged is None:
        return C0, np.zeros_like(C0), np.zeros_like(C0)
    cross = plain.T @ lagged
    return C0, cross + cross.T, lagged.T @ lagged
