"""How innovations move with the spatial parameters: G̃ = R G R⁻¹ for rho and H = M (I − λM)⁻¹ for lambda.

−∂e/∂ρ = R W y = R G Xβ + G̃ e and −∂e/∂λ = M u = H e, with R = I − λM and G = W (I − ρW)⁻¹. The information matrix
needs their traces, those of their products, and their diagonals (Anselin 1988, ch. 6).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.joint_traces import JointTraces
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier, filtered

Array = npt.NDArray[np.float64]

_BLOCK = 256


@dataclass(frozen=True)
class OperatorTraces:
    """Traces of the operators, or of F'·F with F the orthonormal complement of the constant vector.

    Attributes
    ----------
    single : ndarray, shape (p,)
        tr A_i.
    double : ndarray, shape (p, p)
        tr A_i A_j + tr A_i' A_j.
    square : ndarray, shape (p, p)
        tr A_i A_j.
    make_diagonal : callable
        What computes the diagonals: for a large W dear, and seldom asked for.
    """

    single: Array
    double: Array
    square: Array
    make_diagonal: Callable[[], Array]

    @cached_property
    def diagonal(self) -> Array:
        """Diagonals, shape (p, N), of which the column means are taken out when projected."""
        return self.make_diagonal()

    def stacked_diagonal(self, periods: int) -> Array:
        """Diagonals of the operators of every period, shape (T*N, p)."""
        return np.tile(self.diagonal.T, (periods, 1))


@dataclass(frozen=True)
class Operators:
    """The operators at one value of the spatial parameters.

    Attributes
    ----------
    lag, error : Multiplier or None
        G of W at rho and H of M at lambda; None where the model has no such parameter.
    """

    lag: Multiplier | None
    error: Multiplier | None

    @property
    def count(self) -> int:
        """Number p of spatial parameters."""
        return (self.lag is not None) + (self.error is not None)

    def apply(self, e: Array, *, projected: bool = False) -> list[Array]:
        """Return G̃ e and H e, as far as the model has them; e is (T, N).

        With `projected`, means over units are out of e, and may be taken out of the result.
        """
        if projected and self.count == 1:
            return [one.apply_projected(e) for one in (self.lag, self.error) if one is not None]
        out = []
        if self.lag is not None:
            out.append(self._conjugate(e))
        if self.error is not None:
            out.append(self.error.apply(e))
        return out

    def traces(self, *, projected: bool) -> OperatorTraces:
        """Return the traces; `projected` needs row-normalised weights."""
        if self.lag is not None and self.error is not None:
            return self._two(projected)
        one = self.lag or self.error
        if one is None:
            raise ValueError("no spatial parameter, no operator")
        t = one.traces(projected=projected)
        return OperatorTraces(
            np.array([t.g]), np.array([[t.gg + t.gtg]]), np.array([[t.gg]]), lambda: np.asarray(t.diagonal)[None, :]
        )

    def by_period(self) -> list[tuple[Operators, slice | npt.NDArray[np.intp]]]:
        """Return the operators of each different W, and the periods that have it: here one, of all."""
        return [(self, slice(None))]

    def variation(self, *, projected: bool) -> float:
        """What the variance of the lag's score lacks of its slope because W changes over time: nothing."""
        return 0.0

    def _conjugate(self, e: Array) -> Array:
        assert self.lag is not None
        if self.error is None:
            return self.lag.apply(e)
        inner = self.lag.apply(self.error.inverse_apply(e))
        return filtered(self.error.spectrum, self.error.r, inner)

    def _two(self, projected: bool) -> OperatorTraces:
        """Traces of both, column block by column block: A_i = J A_i where the time effects are gone."""
        assert self.lag is not None
        assert self.error is not None
        if self.lag.by_determinants and self.error.by_determinants:
            joint = JointTraces(self.lag, self.error, projected)
            return OperatorTraces(joint.single, joint.square + joint.cross, joint.square, joint.diagonal)
        n = self.lag.spectrum.n
        single, square, cross = np.zeros(2), np.zeros((2, 2)), np.zeros((2, 2))
        diagonal = np.empty((2, n))
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            # Row i of a (T, N) array is a vector: rows hold the columns of the operators.
            first = self._columns(np.eye(stop - start, n, start), projected)
            rows = np.arange(stop - start), np.arange(start, stop)
            for i in range(2):
                single[i] += first[i][rows].sum()
                diagonal[i, start:stop] = first[i][rows]
                again = self._columns(first[i], projected)
                for j in range(2):
                    square[j, i] += again[j][rows].sum()
                    cross[i, j] += float(np.vdot(first[i], first[j]))
        return OperatorTraces(single, square + cross, square, lambda: diagonal)

    def _columns(self, Z: Array, projected: bool) -> list[Array]:
        """Return the operators, projected or not, applied to the rows of Z."""
        if projected:
            Z = Z - Z.mean(axis=1, keepdims=True)
        found = self.apply(Z)
        return [A - A.mean(axis=1, keepdims=True) for A in found] if projected else found


def operators(lag: tuple[Spectrum, float] | None, error: tuple[Spectrum, float] | None) -> Operators:
    """Make the operators from (spectrum, value) of rho and of lambda."""
    return Operators(None if lag is None else Multiplier(*lag), None if error is None else Multiplier(*error))
