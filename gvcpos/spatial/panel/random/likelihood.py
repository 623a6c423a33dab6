"""The concentrated likelihood of (rho, lambda, phi) with random effects.

v = (I − λM)(y − ρWy − Xβ); deviations from means over time have the covariance sigma² I, √T times the means sigma² K:
l(ρ, λ, φ) = −NT/2 (log 2π + 1 + log Q/NT) + T (log|I − ρW| + log|I − λM|) − ½ log|K|,
Q = v_w'v_w + v_b'K⁻¹v_b with beta concentrated out (Anselin 1988; Elhorst 2014, ch. 3; Millo and Piras 2012).
Cross-products are split in within and between parts once, so one evaluation costs O(k³) where K is a multiple of the
identity, and a factorisation of K otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import solve_triangular

from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import PanelArrays, flat
from gvcpos.spatial.panel.ml.likelihood import Moments, gaussian
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.kernel import Kernel, Kernels, squares
from gvcpos.spatial.panel.random.slices import Tabled, sliced, tabled

Array = npt.NDArray[np.float64]

HIGHEST = 20.0  # log(1 + T phi) searched: beyond, means count for nothing and the effects are fixed


@dataclass(frozen=True)
class Cross:
    """Cross-products of (y, Wy, X) weighted by the inverse covariance, and their derivatives.

    Attributes
    ----------
    value, by_lam, by_phi : ndarray, shape (j+k, j+k)
    """

    value: Array
    by_lam: Array
    by_phi: Array


@dataclass(frozen=True)
class RandomLikelihood:
    """The concentrated log-likelihood of (rho, lambda, phi).

    Attributes
    ----------
    within, between : Moments
        Cross-products of deviations and of √T times means; the basis is common to both.
    means : (ndarray, ndarray or None), shape (N, j+k)
        √T times the means of the columns, and of M times the columns.
    kernels : Kernels
    lag, error : LogDeterminant or None
    """

    within: Moments
    between: Moments
    means: tuple[Array, Array | None]
    kernels: Kernels
    lag: LogDeterminant | None
    error: LogDeterminant | None

    @property
    def nobs(self) -> int:
        """N times T."""
        return self.kernels.units * self.kernels.periods

    @property
    def determinants(self) -> int:
        """T: how often the log-determinants enter."""
        return self.kernels.periods

    @property
    def basis(self) -> Moments:
        """What leads back from the basis of X."""
        return self.within

    @property
    def widest(self) -> float:
        """The largest √log(1 + T phi) looked at."""
        return float(np.sqrt(HIGHEST))

    def products(self, lam: Array, root: Array) -> tuple[Array, Array]:
        """Return cross-products and −½ log|K| at each (lambda, root), root = √log(1 + T phi); see `slices`."""
        return sliced(self, lam, root)

    def near(self, lam: tuple[float, float], root: tuple[float, float]) -> RandomLikelihood | Tabled:
        """Return what is quick over a rectangle: itself, or with K⁻¹ interpolated."""
        return self if self.kernels.parts is None else tabled(self, lam, root)

    def evaluate(self, rho: float, lam: float, phi: float) -> tuple[float, Array]:
        """Return the log-likelihood and its derivatives with respect to rho, lambda and phi, shape (3,)."""
        kernel = self.kernels.at(lam, phi)
        cross = self._cross(kernel)
        moments = self._moments(cross.value)
        c = moments.direction(rho, 0.0)
        rss = float(c @ cross.value @ c)
        slopes = [moments.slopes(rho, 0.0)[0], float(c @ cross.by_lam @ c), float(c @ cross.by_phi @ c)]
        logdet, score = 0.0, -0.5 * self.nobs * np.array(slopes) / rss
        for place, (each, at) in enumerate(((self.lag, rho), (self.error, lam))):
            if each is None:
                score[place] = 0.0
                continue
            logdet += float(each.value(np.array(at)))
            score[place] += self.kernels.periods * each.slope(at)
        score[1:] -= 0.5 * np.array(kernel.logdet_slopes)
        value = gaussian(np.array(rss), np.array(logdet), self.nobs, self.kernels.periods)
        return float(value) - 0.5 * kernel.logdet, score

    def logdets(self, rhos: Array, lams: Array) -> Array:
        """Return log|I − ρW| + log|I − λM| on a grid, shape (len(rhos), len(lams))."""
        lag = np.zeros(len(rhos)) if self.lag is None else self.lag.value(rhos)
        error = np.zeros(len(lams)) if self.error is None else self.error.value(lams)
        return lag[:, None] + error[None, :]

    def surface(self, rhos: Array, lams: Array, phi: float, logdets: Array) -> Array:
        """Return the log-likelihood on a grid, shape (len(rhos), len(lams)), given the log-determinants."""
        if self.kernels.parts is None:
            rss = self._scalar(phi).rss(rhos[:, None], lams[None, :])
            kernels = np.full(len(lams), self.kernels.at(0.0, phi).logdet)
        else:
            found = [self.kernels.at(float(lam), phi) for lam in lams]
            rss = np.stack([self._moments(self._cross(k).value).rss(rhos, np.array(0.0)) for k in found], axis=1)
            kernels = np.array([k.logdet for k in found])
        return gaussian(rss, logdets, self.nobs, self.kernels.periods) - 0.5 * kernels

    def beta(self, rho: float, lam: float, phi: float) -> Array:
        """Return the generalised least-squares coefficients, shape (k,)."""
        return self._moments(self._cross(self.kernels.at(lam, phi)).value).beta(rho, 0.0)

    def _cross(self, kernel: Kernel) -> Cross:
        lam, w, b = kernel.lam, self.within, self.between
        value, by_lam = w.C0 - lam * w.C1 + lam**2 * w.C2, 2.0 * lam * w.C2 - w.C1
        if self.kernels.parts is None:
            weight, T = 1.0 / (1.0 + kernel.shared), kernel.periods
            own = b.C0 - lam * b.C1 + lam**2 * b.C2
            return Cross(value + weight * own, by_lam + weight * (2.0 * lam * b.C2 - b.C1), -T * weight**2 * own)
        plain, lagged = self.means
        assert lagged is not None
        Z = plain - lam * lagged
        H = kernel.solve(Z)
        turned = lagged.T @ H
        return Cross(value + Z.T @ H, by_lam - turned - turned.T - H.T @ kernel.by_lam(H), -(H.T @ kernel.by_phi(H)))

    def _moments(self, C: Array) -> Moments:
        zero = np.zeros_like(C)
        return Moments((C + C.T) / 2.0, zero, zero, self.within.b, self.within.R)

    def _scalar(self, phi: float) -> Moments:
        w, b, weight = self.within, self.between, 1.0 / (1.0 + self.kernels.periods * phi)
        return Moments(w.C0 + weight * b.C0, w.C1 + weight * b.C1, w.C2 + weight * b.C2, w.b, w.R)


def random_likelihood(panel: PanelArrays, design: Array, features: Features, *, kkp: bool) -> RandomLikelihood:
    """Form the cross-products.

    Parameters
    ----------
    panel : PanelArrays
    design : ndarray, shape (T, N, k)
    features : Features
    kkp : bool
        Whether the random effects go through the spatial error as well.
    """
    T, N = panel.y.shape
    targets = panel.y[:, :, None]
    if features.lag:
        targets = np.concatenate([targets, spatial_lag(operator(panel.spectrum.matrix), targets)], axis=2)
    Q, R = np.linalg.qr(flat(design))
    g = Q.T @ flat(targets)
    b = solve_triangular(R, g)
    plain = np.column_stack([flat(targets) - Q @ g, Q]).reshape(T, N, -1)
    lagged = spatial_lag(operator(panel.error_spectrum.matrix), plain) if features.error else None
    within, between = (_part(plain, lagged, mean) for mean in (False, True))
    parts = squares(panel.error_spectrum) if features.error and not kkp else None
    return RandomLikelihood(
        Moments(*_products(*within), b, R),
        Moments(*_products(*between), b, R),
        between,
        Kernels(N, T, parts),
        LogDeterminant(panel.spectrum, False) if features.lag else None,
        LogDeterminant(panel.error_spectrum, False) if features.error else None,
    )


def _part(plain: Array, lagged: Array | None, mean: bool) -> tuple[Array, Array | None]:
    """√T times the means over time, or the deviations from them, stacked."""

    def part(Z: Array) -> Array:
        return np.sqrt(len(Z)) * Z.mean(axis=0) if mean else flat(Z - Z.mean(axis=0))

    return part(plain), None if lagged is None else part(lagged)


def _products(plain: Array, lagged: Array | None) -> tuple[Array, Array, Array]:
    """Cross-products of the columns filtered by I − λM, as coefficients of 1, −λ and λ²."""
    C0 = plain.T @ plain
    if lagged is None:
        return C0, np.zeros_like(C0), np.zeros_like(C0)
    cross = plain.T @ lagged
    return C0, cross + cross.T, lagged.T @ lagged
