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
from gvcpos.spatial.panel.ml.period_spectrum import changes
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random.cross_products import Added, Parts, parts_by_period, parts_of
from gvcpos.spatial.panel.random.kernel import Kernel, Kernels, squares
from gvcpos.spatial.panel.random.period_kernel import period_squares
from gvcpos.spatial.panel.random.slices import Tabled, sliced, tabled

Array = npt.NDArray[np.float64]

HIGHEST = 20.0  # log(1 + T phi) searched: beyond, means count for nothing and the effects are fixed


@dataclass(frozen=True)
class RandomLikelihood:
    """The concentrated log-likelihood of (rho, lambda, phi).

    Attributes
    ----------
    parts : Parts
        Cross-products of deviations and of means.
    kernels : Kernels
    lag, error : LogDeterminant or None
    """

    parts: Parts
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
        return self.parts.within

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

    def _cross(self, kernel: Kernel) -> Added:
        lam, w, means = kernel.lam, self.parts.within, self.parts.added(kernel)
        value, by_lam = w.C0 - lam * w.C1 + lam**2 * w.C2, 2.0 * lam * w.C2 - w.C1
        return Added(value + means.value, by_lam + means.by_lam, means.by_phi)

    def _moments(self, C: Array) -> Moments:
        zero = np.zeros_like(C)
        return Moments((C + C.T) / 2.0, zero, zero, self.basis.b, self.basis.R)

    def _scalar(self, phi: float) -> Moments:
        w, b, weight = self.parts.within, self.parts.between, 1.0 / (1.0 + self.kernels.periods * phi)
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
    basis = solve_triangular(R, g), R
    plain = np.column_stack([flat(targets) - Q @ g, Q]).reshape(T, N, -1)
    return RandomLikelihood(
        *_parts(panel, features, plain, basis, kkp=kkp),
        LogDeterminant(panel.spectrum, False) if features.lag else None,
        LogDeterminant(panel.error_spectrum, False) if features.error else None,
    )


def _parts(
    panel: PanelArrays, features: Features, plain: Array, basis: tuple[Array, Array], *, kkp: bool
) -> tuple[Parts, Kernels]:
    """Filter the columns, and say what their covariance is made of."""
    (T, N), error = panel.y.shape, panel.error_spectrum
    if features.error and not kkp and (changes(error) or (features.lag and changes(panel.spectrum))):
        home = period_squares(error, T)
        return parts_by_period(plain, home.matrices, basis), Kernels(N, T, home)
    lagged = spatial_lag(operator(error.matrix), plain) if features.error else None
    return parts_of(plain, lagged, basis), Kernels(N, T, squares(error) if features.error and not kkp else None)
