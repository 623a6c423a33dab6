"""The covariance of the filtered means: what random effects add to innovations, between units.

With v = (I − λM)(y − ρWy − Xβ), √T times the means of v over time have the covariance sigma² K, their deviations
sigma² I. With B = I − λM and phi = sigma²_mu / sigma²:
K = I + T phi B B' where u = mu + B⁻¹ e (Anselin 1988, ch. 10; Baltagi, Song and Koh 2003), and
K = (1 + T phi) I where u = B⁻¹ (mu + e) (Kapoor, Kelejian and Prucha 2007). Without a spatial error both are one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse import linalg

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.ml.logdet import Spectrum

Array = npt.NDArray[np.float64]

_STEP = 1e-5  # of a first difference
_WIDE = 1e-3  # of a second one


@dataclass(frozen=True)
class Kernel(ABC):
    """K = I + T phi S at one value of (lambda, phi), S = I or BB'; products are with (N, m) arrays.

    Attributes
    ----------
    units, periods : int
    lam, phi : float
    """

    units: int
    periods: int
    lam: float
    phi: float

    @abstractmethod
    def square(self, Z: Array, derivative: int = 0) -> Array:
        """Return S Z, or a derivative of S with respect to lambda times Z."""

    @abstractmethod
    def solve(self, Z: Array) -> Array:
        """Return K⁻¹ Z."""

    @abstractmethod
    def loading(self, Z: Array, *, transposed: bool = False) -> Array:
        """Return L Z or L'Z; L = I or B takes the random effects to the filtered data."""

    @abstractmethod
    def row_sums(self, power: int) -> Array:
        """Return the sums over each row of the entries of L to a power, shape (N,)."""

    @property
    @abstractmethod
    def logdet(self) -> float:
        """log|K|."""

    @property
    @abstractmethod
    def logdet_slopes(self) -> tuple[float, float]:
        """Its derivatives with respect to lambda and phi."""

    @property
    @abstractmethod
    def logdet_curvature(self) -> Array:
        """Its second derivatives with respect to lambda and phi, shape (2, 2)."""

    @property
    def shared(self) -> float:
        """T phi."""
        return self.periods * self.phi

    def apply(self, Z: Array) -> Array:
        """Return K Z."""
        return Z + self.shared * self.square(Z)

    def by_lam(self, Z: Array, order: int = 1) -> Array:
        """Return the first or second derivative of K with respect to lambda, times Z."""
        return self.shared * self.square(Z, order)

    def by_phi(self, Z: Array) -> Array:
        """Return the derivative of K with respect to phi, times Z."""
        return self.periods * self.square(Z)

    def by_both(self, Z: Array) -> Array:
        """Return the cross derivative of K, times Z."""
        return self.periods * self.square(Z, 1)

    def weigh(self, Z: Array) -> Array:
        """Return Ω⁻¹ Z: deviations as they are, means over time by K⁻¹; Z is (T, N) or (T, N, k)."""
        mean = Z.mean(axis=0)
        return Z - mean + self.solve(mean.reshape(len(mean), -1)).reshape(mean.shape)

    def gather(self, Z: Array) -> Array:
        """Return L' of all periods times Z, (T, N, ...) to (N, ...): what takes data back to the effects."""
        total = Z.sum(axis=0)
        return self.loading(total.reshape(len(total), -1), transposed=True).reshape(total.shape)

    def pushed(self, weighed: Array) -> Array:
        """Return the derivatives of Ω with respect to lambda and phi, times Ω⁻¹v; (T, N) to (T, N, 2)."""
        mean = weighed.mean(axis=0)[:, None]
        return np.broadcast_to(np.hstack([self.by_lam(mean), self.by_phi(mean)]), (*weighed.shape, 2))

    def bent(self, weighed: Array) -> tuple[float, float]:
        """Return the second derivatives of Ω by lambda, and by lambda and phi, between two Ω⁻¹v; (T, N)."""
        h = np.sqrt(len(weighed)) * weighed.mean(axis=0)[:, None]
        return float(np.vdot(h, self.by_lam(h, 2))), float(np.vdot(h, self.by_both(h)))


class ScalarKernel(Kernel):
    """K = (1 + T phi) I: no spatial error, or one that the random effects go through as well."""

    @property
    def weight(self) -> float:
        """1 / (1 + T phi): what a mean counts beside a deviation."""
        return 1.0 / (1.0 + self.shared)

    def square(self, Z: Array, derivative: int = 0) -> Array:
        """Return Z; its derivatives are zero."""
        return np.zeros_like(Z) if derivative else Z

    def solve(self, Z: Array) -> Array:
        """Return K⁻¹ Z."""
        return Z * self.weight

    def loading(self, Z: Array, *, transposed: bool = False) -> Array:
        """Return Z."""
        return Z

    def row_sums(self, power: int) -> Array:
        """Return ones: L is the identity."""
        return np.ones(self.units)

    @property
    def logdet(self) -> float:
        """log|K|."""
        return float(self.units * np.log1p(self.shared))

    @property
    def logdet_slopes(self) -> tuple[float, float]:
        """Its derivatives with respect to lambda and phi."""
        return 0.0, self.units * self.periods * self.weight

    @property
    def logdet_curvature(self) -> Array:
        """Its second derivatives with respect to lambda and phi, shape (2, 2)."""
        return np.array([[0.0, 0.0], [0.0, -self.units * (self.periods * self.weight) ** 2]])


@dataclass(frozen=True)
class Squares:
    """What K = I + T phi BB' is made of: BB' = I − λ(M + M') + λ² MM'.

    Attributes
    ----------
    M, sum, product : (N, N)
        M, M + M' and MM'; sparse where M is large and sparse.
    lower, upper : float
        Admissible interval of lambda.
    """

    M: Array | sparse.csr_array
    sum: Array | sparse.csr_array
    product: Array | sparse.csr_array
    lower: float
    upper: float

    @property
    def dense(self) -> bool:
        """Whether K is factorised as a full matrix."""
        return isinstance(self.M, np.ndarray)

    def kernel(self, shape: tuple[int, int], lam: float, phi: float) -> SpatialKernel:
        """Return K at one value of its parameters; `shape` is (units, periods)."""
        return SpatialKernel(*shape, lam, phi, self)


def squares(spectrum: Spectrum) -> Squares:
    """Form the parts of BB'."""
    M: Array | sparse.csr_array = spectrum.matrix if spectrum.eigenvalues is None else spectrum.matrix.toarray()
    return Squares(M, M + M.T, M @ M.T, *spectrum.interval)


@dataclass(frozen=True)
class SpatialKernel(Kernel):
    """K = I + T phi BB': random effects that stay at home.

    Attributes
    ----------
    parts : Squares
    """

    parts: Squares

    def square(self, Z: Array, derivative: int = 0) -> Array:
        """Return BB'Z or a derivative of BB' times Z."""
        p, lam = self.parts, self.lam
        if derivative == 2:
            return np.asarray(2.0 * (p.product @ Z))
        if derivative == 1:
            return np.asarray(2.0 * lam * (p.product @ Z) - p.sum @ Z)
        return np.asarray(Z - lam * (p.sum @ Z) + lam**2 * (p.product @ Z))

    def solve(self, Z: Array) -> Array:
        """Return K⁻¹ Z."""
        if self.parts.dense:
            return np.asarray(lapack.dpotrs(self._cholesky, Z, lower=1)[0])
        return np.asarray(self._factor.solve(np.ascontiguousarray(Z)))

    def loading(self, Z: Array, *, transposed: bool = False) -> Array:
        """Return B Z or B'Z."""
        M = self.parts.M.T if transposed else self.parts.M
        return np.asarray(Z - self.lam * (M @ Z))

    def row_sums(self, power: int) -> Array:
        """Return the sums over each row of the entries of B to a power."""
        M = sparse.csr_array(self.parts.M)
        own = M.diagonal()
        beside = M.power(power).sum(axis=1) - own**power
        return np.asarray((-self.lam) ** power * beside + (1.0 - self.lam * own) ** power)

    @property
    def logdet(self) -> float:
        """log|K|."""
        if self.parts.dense:
            return 2.0 * float(np.log(self._cholesky.diagonal()).sum())
        return float(np.log(np.abs(self._factor.U.diagonal())).sum())

    @property
    def logdet_slopes(self) -> tuple[float, float]:
        """Its derivatives with respect to lambda and phi; by differences of the exact value where K is sparse."""
        p, lam = self.parts, self.lam
        if isinstance(p.sum, np.ndarray) and isinstance(p.product, np.ndarray):
            of_sum, of_product = (float(np.vdot(self._inverse, A)) for A in (p.sum, p.product))
            own = float(np.trace(self._inverse)) - lam * of_sum + lam**2 * of_product
            return self.shared * (2.0 * lam * of_product - of_sum), self.periods * own
        h = min(_STEP, 0.5 * (p.upper - lam), 0.5 * (lam - p.lower))
        step = _STEP * (self.phi + 1.0 / self.periods)  # K is positive definite a little below phi = 0 as well
        by_lam = (self._at(lam + h, self.phi) - self._at(lam - h, self.phi)) / (2.0 * h)
        return by_lam, (self._at(lam, self.phi + step) - self._at(lam, self.phi - step)) / (2.0 * step)

    @property
    def logdet_curvature(self) -> Array:
        """Its second derivatives with respect to lambda and phi, shape (2, 2); by differences where K is sparse."""
        if not self.parts.dense:
            return self._curvature_by_differences()
        eye = np.eye(self.units)
        by_lam, by_phi = self.solve(self.by_lam(eye)), self.solve(self.by_phi(eye))
        twice, both = (np.trace(self.solve(Z)) for Z in (self.by_lam(eye, 2), self.by_both(eye)))
        cross = both - np.vdot(by_lam.T, by_phi)
        return np.array([[twice - np.vdot(by_lam.T, by_lam), cross], [cross, -np.vdot(by_phi.T, by_phi)]])

    def _curvature_by_differences(self) -> Array:
        p, f = self.parts, self._at
        a = min(_WIDE, 0.5 * (p.upper - self.lam), 0.5 * (self.lam - p.lower))
        b = _WIDE * (self.phi + 1.0 / self.periods)
        lams, phis = (self.lam - a, self.lam, self.lam + a), (self.phi - b, self.phi, self.phi + b)
        grid = np.array([[f(lam, phi) for phi in phis] for lam in lams])
        cross = (grid[2, 2] - grid[2, 0] - grid[0, 2] + grid[0, 0]) / (4.0 * a * b)
        by_lam, by_phi = (line[2] - 2.0 * line[1] + line[0] for line in (grid[:, 1], grid[1]))
        return np.array([[by_lam / a**2, cross], [cross, by_phi / b**2]])

    def _at(self, lam: float, phi: float) -> float:
        return SpatialKernel(self.units, self.periods, lam, phi, self.parts).logdet

    @cached_property
    def _matrix(self) -> Array | sparse.csr_array:
        p, lam = self.parts, self.lam
        eye = np.eye(self.units) if p.dense else sparse.eye_array(self.units, format="csr")
        return (1.0 + self.shared) * eye + self.shared * (lam**2 * p.product - lam * p.sum)

    @cached_property
    def _cholesky(self) -> Array:
        factor, info = lapack.dpotrf(self._matrix, lower=1)
        if info:
            raise EstimationError(f"the covariance of the means is not positive definite at lambda = {self.lam:.6f}.")
        return np.asarray(factor)

    @cached_property
    def _inverse(self) -> Array:
        lower, _ = lapack.dpotri(self._cholesky, lower=1)
        return np.asarray(np.tril(lower) + np.tril(lower, -1).T)

    @cached_property
    def _factor(self) -> linalg.SuperLU:
        matrix, symmetric = sparse.csc_array(self._matrix), {"SymmetricMode": True}
        return linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=symmetric)


@dataclass(frozen=True)
class Kernels:
    """All K of one model.

    Attributes
    ----------
    units, periods : int
    parts : Squares or None
        None where K is a multiple of the identity.
    """

    units: int
    periods: int
    parts: Squares | None

    def at(self, lam: float, phi: float) -> Kernel:
        """Return K at one value of its parameters."""
        if self.parts is None:
            return ScalarKernel(self.units, self.periods, lam, phi)
        return self.parts.kernel((self.units, self.periods), lam, phi)
