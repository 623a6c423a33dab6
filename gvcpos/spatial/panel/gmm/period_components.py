"""Variance components with a spatial error whose weights change over time: six moments that do not fall apart.

u_t = λM_tu_t + e_t, e_t = mu + v_t. With 𝓜 the block-diagonal matrix of all M_t, Q0 and Q1 as in `components` and
ē = 𝓜e, the moments of Kapoor, Kelejian and Prucha (2007) are e'Qe, ē'Qē and ē'Qe for both Q. Q0 and Q1 do not commute
with 𝓜: ē'Q0ē keeps (M_t − M̄)mu and ē'Q1ē gains from innovations, so that both expectations have both variances. With
m = mean tr M_t'M_t and b = tr M̄'M̄, M̄ the mean of M_t,
  E ē'Q0ē = σv² [(T − 2)m + b] + σ1² (m − b),  E ē'Q1ē = σv² (m − b) + σ1² b,
and E ē'Qe as with one M, tr M̄ in the place of tr M. Variances are 2 tr AΩBΩ, normal components, Ω = σv²Q0 + σ1²Q1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.gmm.components import Components, single
from gvcpos.spatial.panel.gmm.error_moments import Quadratics, product, solve, square
from gvcpos.spatial.panel.gmm.two_stage import Array
from gvcpos.spatial.panel.inputs.transform import Transformation, spatial_lag
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Matrix: TypeAlias = "npt.NDArray[np.float64] | sparse.csr_array"
Blocks: TypeAlias = dict[tuple[int, int], Matrix]

_FULL = 200  # units up to which full matrices are faster


@dataclass(frozen=True)
class PeriodComponentForms:
    """The six moments.

    Attributes
    ----------
    matrix : PeriodMatrix
        M_t.
    transformation : Transformation
        Time effects or none, which J = I − 11'/N takes out after M_t.
    """

    matrix: PeriodMatrix
    transformation: Transformation

    @property
    def units(self) -> int:
        """N, or N − 1 beside time effects."""
        return self.transformation.units - self.transformation.time

    @property
    def sizes(self) -> Array:
        """What each moment is divided by, shape (6,)."""
        return self.units * np.repeat([self.transformation.periods - 1.0, 1.0], 3)

    @cached_property
    def each(self) -> tuple[tuple[float, Matrix], ...]:
        """The different J M_t J, with the share of the periods that each has; full where that is faster."""
        J, made = self._unit, self.matrix.distinct
        full = [one.toarray() if isinstance(J, np.ndarray) else one for one in made]
        return tuple(zip(self.matrix.shares.tolist(), (J @ one @ J for one in full), strict=True))

    def quadratics(self, u: Array) -> Quadratics:
        """Return the moments of residuals u, shape (T, N), effects still in them."""
        moved = [u, spatial_lag(self.matrix, u)]
        moved.append(spatial_lag(self.matrix, moved[1]))
        within = [self.transformation.within(one) for one in moved]
        rows = []
        for a, b, c in ([one - one.mean(axis=0) for one in within], [single(one) for one in within]):
            rows += [square(a, b), square(b, c), product(a, b, c)]
        return Quadratics(np.stack(rows) / self.sizes[:, None], self.expectation / self.sizes[:, None])

    @property
    def expectation(self) -> Array:
        """What σv² and σ1² add to the moments before they are divided, shape (6, 2)."""
        T, mean = self.transformation.periods, self._mean(lambda M: M)
        m = sum(share * _dot(M, M) for share, M in self.each)
        b, trace = _dot(mean, mean), float(mean.diagonal().sum())
        of_v = [self.units * (T - 1.0), (T - 2.0) * m + b, (T - 1.0) * trace, 0.0, m - b, 0.0]
        return np.column_stack([of_v, [0.0, m - b, 0.0, self.units, b, trace]])

    def adjoints(self, e: Array) -> list[Array]:
        """Return (A + A')e of every moment over its size, each (T, N), for e (T, N) without time effects."""
        within, back = self.transformation.within, self.matrix.transposed
        moved, out = within(spatial_lag(self.matrix, e)), []
        for take in (lambda Z: Z - Z.mean(axis=0), lambda Z: np.broadcast_to(Z.mean(axis=0), Z.shape)):
            out += [2.0 * take(e), 2.0 * spatial_lag(back, take(moved)), take(moved) + spatial_lag(back, take(e))]
        return [one / size for one, size in zip(out, self.sizes, strict=True)]

    def variance(self, sigma2_v: float, sigma2_1: float) -> Array:
        """Return N (or N − 1) times the variance of the moments under normal components, shape (6, 6).

        Notes
        -----
        Every Ω^½AΩ^½ is σv²X + VΓV' with X a block-diagonal matrix, I, D = (M_t'M_t), S = (M_t + M_t')/2 or none, and V
        of 4N columns, one block of I, M_t', D_t and S_t over √T for each period: all traces are of N x N matrices.
        """
        inner, W, cross = self._blocks
        parts = self._low_rank(float(np.sqrt(sigma2_v)), float(np.sqrt(sigma2_1)))
        GW = [_symmetric(one) @ W for one in parts]
        turned = [one.T for one in GW]
        out = np.zeros((6, 6))
        out[:3, :3] = 0.5 * sigma2_v**2 * inner
        for i in range(3):
            out[i] += [
                sigma2_v * sum((1 + (a != b)) * _dot(G, cross[i][a, b]) for (a, b), G in one.items()) for one in parts
            ]
        out = out + out.T
        for i in range(6):
            for j in range(i + 1):
                value = _dot(GW[i], turned[j])
                out[i, j] += value
                out[j, i] += value * (i != j)
        return np.asarray(2.0 * self.units * out / np.outer(self.sizes, self.sizes))

    @cached_property
    def _unit(self) -> Matrix:
        """J, or I without time effects."""
        n, time = self.transformation.units, self.transformation.time
        return np.eye(n) - time / n if time or n <= _FULL else sparse.eye_array(n, format="csr")

    def _mean(self, of: Callable[[Matrix], Matrix]) -> Matrix:
        """Return the mean over the periods of a function of M_t."""
        return _sum([share * of(M) for share, M in self.each])

    def _diagonal(self, M: Matrix) -> tuple[Matrix, Matrix, Matrix]:
        """Return the block of a period in the three X."""
        return self._unit, M.T @ M, 0.5 * (M + M.T)

    @cached_property
    def _blocks(self) -> tuple[Array, Matrix, list[Blocks]]:
        """Return tr XX' summed over the periods, (3, 3), V'V, (4N, 4N), and what Γ meets of V'XV for each X."""
        inner = self.transformation.periods * sum(
            share * np.array([[_dot(a, b) for b in self._diagonal(M)] for a in self._diagonal(M)])
            for share, M in self.each
        )
        W, cross = _Totals(), [_Totals(), _Totals(), _Totals()]
        for share, M in self.each:
            X = self._diagonal(M)
            V = (X[0], M.T, X[1], X[2])
            for j, right in enumerate(V):
                for i, left in enumerate(V[: j + 1]):
                    W.add((i, j), share * (left.T @ right))
                for found, one in zip(cross, X, strict=True):
                    found.add((0, j), share * (one @ right))
            for found, one in zip(cross, X, strict=True):
                found.add((1, 1), share * (M @ one @ M.T))
        return np.asarray(inner), _symmetric(W.blocks), [one.blocks for one in cross]

    def _low_rank(self, s: float, r: float) -> list[Blocks]:
        """Return the upper blocks of Γ of the six moments, from the standard deviations σv and σ1.

        Ω^½L = rL and Ω^½F = sF + (r − s)L M̄', with L and F the first two blocks of V.
        """
        one, d, M = self._unit, r - s, self._mean(lambda M: M)
        D, S = self._mean(lambda M: M.T @ M), self._mean(lambda M: 0.5 * (M + M.T))
        inner, side, both = d * d * (M.T @ M), s * d * M.T, 0.5 * r * d * (M + M.T)
        return [
            {(0, 0): -s * s * one},
            {(0, 0): d * d * D - inner, (0, 1): -side, (1, 1): -s * s * one, (0, 2): s * d * one},
            {(0, 0): d * d * S - both, (0, 1): -0.5 * r * s * one, (0, 3): s * d * one},
            {(0, 0): r * r * one},
            {(0, 0): inner, (0, 1): side, (1, 1): s * s * one},
            {(0, 0): both, (0, 1): 0.5 * r * s * one},
        ]


class _Totals:
    """Sums of blocks by their place."""

    def __init__(self) -> None:
        self.blocks: Blocks = {}

    def add(self, place: tuple[int, int], block: Matrix) -> None:
        """Add a block to what is at its place."""
        self.blocks[place] = self.blocks[place] + block if place in self.blocks else block


def _dot(a: Matrix, b: Matrix) -> float:
    """Return tr AB'."""
    return float((a * b).sum())


def _sum(matrices: list[Matrix]) -> Matrix:
    return sum(matrices[1:], matrices[0])


def _symmetric(blocks: Blocks) -> Matrix:
    """Put the blocks of a symmetric matrix together, four by four, of which the upper ones are given."""
    first = blocks[0, 0]
    zero = np.zeros(first.shape) if isinstance(first, np.ndarray) else sparse.csr_array(first.shape)
    whole = blocks | {(j, i): block.T for (i, j), block in blocks.items()}
    rows = [[whole.get((i, j), zero) for j in range(4)] for i in range(4)]
    return np.block(rows) if isinstance(zero, np.ndarray) else sparse.csr_array(sparse.block_array(rows))


def period_components(spectrum: PeriodSpectrum, t: Transformation, u: Array, weighting: str) -> Components:
    """Estimate lambda and both variances from residuals u, shape (T, N), of one regression.

    Parameters
    ----------
    spectrum : PeriodSpectrum
        Of M_t.
    t : Transformation
    u : ndarray, shape (T, N)
    weighting : {"initial", "weighted", "full"}
        As in `components`; the first solves the three moments of Q0 and the first of Q1 together.
    """
    forms = PeriodComponentForms(spectrum.periods, t)
    moments = forms.quadratics(u)
    found = solve(Quadratics(moments.c[:4], moments.E[:4]), np.eye(4), spectrum.interval)
    sigma2_v, sigma2_1 = (float(one) for one in found.variances)
    if weighting != "initial":
        scale = np.repeat([sigma2_v**2 / (t.periods - 1), sigma2_1**2], 3)
        spread = forms.variance(sigma2_v, sigma2_1) if weighting == "full" else np.diag(scale)
        weight = np.linalg.inv(spread)
        found = solve(moments, weight / weight.max(), spectrum.interval)
        sigma2_v, sigma2_1 = (float(one) for one in found.variances)
    used = len(found.D)
    return Components(sigma2_v, sigma2_1, found, forms.variance(sigma2_v, sigma2_1)[:used, :used])
