"""Entity effects beside a spatial error whose weights change, transformed away: the restricted likelihood.

No transformation of the data over time commutes with another M_t in every period, but the density of what is
orthogonal to the effects exists (Patterson and Thompson 1971, Biometrika 58:545; Harville 1974): with D the dummies,
R = I − λM of all periods, B = RD and K = B'B the log-determinant loses ½ log|K|, and (T − 1)N or (T − 1)(N − 1)
observations are left. Where M does not change, K = T R'R, and this is Lee and Yu's (2010) transformed likelihood. The
score of λ is e'QHQe/σ² − tr QH, with Q = I − BK⁻¹B' and H = M(I − λM)⁻¹; with time effects everything is less its mean
over units, which row-normalised M_t allow.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inputs.transform import Transformation, spatial_lag
from gvcpos.spatial.panel.ml.entity_dummies import entity_dummies
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.operators import OperatorTraces
from gvcpos.spatial.panel.ml.period_operators import PeriodMultiplier

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RestrictedLogDeterminant(LogDeterminant):
    """[sum_t log|I − λM_t| − ½ log|K(λ)| + ½ log|K(0)|] / (T − 1), so that T − 1 times it enters the likelihood.

    Attributes
    ----------
    spectrum : PeriodSpectrum
        Of M_t.
    drop_unit : bool
        Whether time effects are gone, and log(1 − λ) with them.
    transformation : Transformation
    """

    transformation: Transformation

    @cached_property
    def dummies(self) -> tuple[Array, Array]:
        """D and E = MD, shape (T, N, d)."""
        D = entity_dummies(self.transformation, demeaned=self.drop_unit)
        E = spatial_lag(self.spectrum.operator, D)
        return self._centred(D), self._centred(E)

    @cached_property
    def products(self) -> tuple[Array, Array, Array]:
        """K = K0 − λ K1 + λ² K2."""
        D, E = (Z.reshape(-1, Z.shape[2]) for Z in self.dummies)
        cross = D.T @ E
        return D.T @ D, cross + cross.T, E.T @ E

    def value(self, r: Array) -> Array:
        """Return the value at each r; shape of r."""
        t, flat = self.transformation, np.ravel(np.asarray(r, dtype=float))
        start = np.linalg.slogdet(self.products[0])[1]
        lost = np.array([0.5 * (np.linalg.slogdet(self._K(one))[1] - start) for one in flat]).reshape(np.shape(r))
        return np.asarray((t.periods * super().value(np.asarray(r)) - lost) / t.determinants)

    def slope(self, r: float) -> float:
        """Return the derivative with respect to r, −tr QH / (T − 1)."""
        t, (_, K1, K2) = self.transformation, self.products
        lost = 0.5 * float(np.trace(np.linalg.solve(self._K(r), 2.0 * r * K2 - K1)))
        return (t.periods * super().slope(r) - lost) / t.determinants

    def slopes(self, r: Array) -> Array:
        """Return the derivative at each r, shape (m,)."""
        return np.array([self.slope(float(one)) for one in r])

    def traces(self, multiplier: PeriodMultiplier) -> OperatorTraces:
        """Return the traces of QH at λ over T − 1, those of H in the unrestricted likelihood."""
        t, lam = self.transformation, multiplier.r
        D, E = self.dummies
        B = D - lam * E
        HE, F = self._moved(multiplier, E, B)
        plain = multiplier.traces(projected=self.drop_unit)
        b, e, he, f = (Z.reshape(-1, Z.shape[2]) for Z in (B, E, HE, F))
        S, inverse = b.T @ e, np.linalg.inv(b.T @ b)
        KS, KE = inverse @ S, inverse @ (e.T @ e)
        gg = t.periods * plain.gg - 2.0 * np.trace(inverse @ (b.T @ he)) + np.trace(KS @ KS)
        gtg = t.periods * plain.gtg - np.trace(inverse @ (f.T @ f)) - np.trace(KE) + np.trace(KS @ inverse @ S.T)
        curved = inverse @ (S + S.T)
        square = t.periods * plain.gg + np.trace(KE) - 0.5 * np.trace(curved @ curved)
        single = t.periods * plain.g - np.trace(KS)

        def diagonal() -> Array:
            own = multiplier.stacked_diagonal(projected=self.drop_unit)
            return own - ((b @ inverse) * f + (e @ inverse) * b - (b @ KS @ inverse) * b).sum(axis=1)

        share = 1.0 / t.determinants
        double = np.array([[gg + gtg]]) * share
        return RestrictedTraces(np.array([single * share]), double, np.array([[square * share]]), diagonal)

    def _K(self, r: float) -> Array:
        K0, K1, K2 = self.products
        return np.asarray(K0 - r * K1 + r * r * K2)

    def _centred(self, Z: Array) -> Array:
        return Z - Z.mean(axis=1, keepdims=True) if self.drop_unit else Z

    def _moved(self, multiplier: PeriodMultiplier, E: Array, B: Array) -> tuple[Array, Array]:
        """Return H E and H'B, shape (T, N, d): the columns of a period are rows for its multiplier."""
        HE, F = np.empty_like(E), np.empty_like(B)
        for number, rows in multiplier.periods.blocks(len(E)):
            one = multiplier.each[number]
            for i in rows:
                HE[i] = one.apply(np.ascontiguousarray(E[i].T)).T
                F[i] = one.spectrum.matrix.T @ one.transposed_inverse_apply(np.ascontiguousarray(B[i].T)).T
        return self._centred(HE), self._centred(F)


@dataclass(frozen=True)
class RestrictedTraces(OperatorTraces):
    """Traces of QH, QHQ(H + H') and minus the second derivative, over T − 1; `make_diagonal` gives diag QHQ (T*N,)."""

    def stacked_diagonal(self, periods: int) -> Array:
        """Diagonal of QHQ over 1 − 1/T, which the sandwich multiplies with; shape (T*N, 1)."""
        return np.asarray(self.make_diagonal()[:, None] / (1.0 - 1.0 / periods))
