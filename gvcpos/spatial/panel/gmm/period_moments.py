"""Quadratic moments of a spatial error whose weights change over time: those of every period, added up.

e_t = (I − λM_t)u_t has the moments of `error_moments` with M_t in place of M, and innovations of different periods are
uncorrelated: moments, what they expect and, unless units are clusters, their variances are sums over the periods.
Beside fixed entity effects there are no such moments: (I − λM_t)(u_t + mu) has effects that change over time. Random
ones that go through the error have those of `period_components`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.gmm.error_moments import ErrorForms, Quadratics
from gvcpos.spatial.panel.gmm.two_stage import Array, Scores
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.weights.period_matrix import PeriodMatrix


@dataclass(frozen=True)
class PeriodErrorForms(ErrorForms):
    """The moments of all periods; time effects or none.

    Attributes
    ----------
    matrix : PeriodMatrix
        Where `ErrorForms` has one csr_array.
    transformation : Transformation
        Without entity effects.
    robust : bool
    """

    @property
    def periods(self) -> PeriodMatrix:
        """The matrices of all periods."""
        return cast(PeriodMatrix, self.matrix)

    @cached_property
    def each(self) -> tuple[ErrorForms, ...]:
        """The moments of each different M, over the periods that have it."""
        t = self.transformation
        sizes = np.bincount(self.periods.place)
        return tuple(
            ErrorForms(one, Transformation(t.units, int(size), False, t.time, t.lee_yu), self.robust)
            for one, size in zip(self.periods.distinct, sizes, strict=True)
        )

    def quadratics(self, u: Array) -> Quadratics:
        """Return the moments of residuals u, shape (T, N), effects still in them: their means over the periods."""
        found = [forms.quadratics(u[rows]) for forms, rows in self._blocks(u)]
        shares = self.periods.shares
        c, E = (np.tensordot(shares, np.stack([getattr(one, name) for one in found]), 1) for name in ("c", "E"))
        return Quadratics(c, E)

    def adjoints(self, e: Array) -> list[Array]:
        """Return (A + A')e of every moment, each (T, N), for innovations e (T, N) without effects."""
        out: list[Array] = []
        for forms, rows in self._blocks(e):
            found = forms.adjoints(e[rows])
            out = out or [np.empty_like(e) for _ in found]
            for whole, part in zip(out, found, strict=True):
                whole[rows] = part
        return out

    def variance(self, e: Array, scores: Scores, sigma2: float | None = None) -> Array:
        """Return n times the variance of the moments at the true regression, shape (r, r); see `ErrorForms`."""
        pooled = float((e**2).sum()) / self.transformation.nobs if sigma2 is None else sigma2
        if self.robust and scores.by_entity:
            return self._clustered(e, scores)
        parts = [forms.variance(e[rows], scores, pooled) for forms, rows in self._blocks(e)]
        return np.asarray(np.tensordot(self.periods.shares, np.stack(parts), 1))

    def _clustered(self, e: Array, scores: Scores) -> Array:
        """Sum over pairs of units of (sum_t B_t,ij e_it e_jt)² / 2: the pairs of all periods depend on each other."""
        total = [sparse.csr_array((e.shape[1],) * 2) for _ in range(2)]
        for forms, rows in self._blocks(e):
            for r, B in enumerate(forms.symmetric):
                at = np.repeat(np.arange(B.shape[0]), np.diff(B.indptr)), B.indices
                products = np.einsum("tp,tp->p", e[rows][:, at[0]], e[rows][:, at[1]])
                total[r] = total[r] + sparse.csr_array((B.data * products, B.indices, B.indptr), shape=B.shape)
        out = np.array([[float(a.multiply(b).sum()) for b in total] for a in total])
        return np.asarray(scores.factor * out / (2.0 * self.transformation.nobs))

    def _blocks(self, Z: Array) -> Iterator[tuple[ErrorForms, npt.NDArray[np.intp]]]:
        """Yield the moments of each different M and the periods that have it."""
        for number, rows in self.periods.blocks(len(Z)):
            yield self.each[number], rows


def error_forms(matrix: sparse.csr_array | PeriodMatrix, t: Transformation, *, robust: bool) -> ErrorForms:
    """Return the moments of one M, or of the M of all periods."""
    kind = PeriodErrorForms if isinstance(matrix, PeriodMatrix) else ErrorForms
    return kind(cast(sparse.csr_array, matrix), t, robust)
