"""What moves the covariance of all data where weights change over time and random effects stay at home.

The covariance sigma² Ω = sigma² (I + phi LL') of filtered data moves with rho by G̃Ω + ΩG̃', with lambda by S = H + H'
(the effects do not go through the error), and with phi by LL'. Ω⁻¹ = I − phi LK⁻¹L' and Ω⁻¹L = LK⁻¹: all traces are
those of the periods' own operators less what K⁻¹ adds, sums over the periods of matrices between units:

    lambda, lambda   ½ sum tr SS − phi tr K⁻¹ sum B'SSB + ½ phi² tr (K⁻¹U)²,  U = sum B'SB
    rho, rho         sum tr G̃(G̃ + G̃') + phi sum |G̃B|² − phi tr K⁻¹ sum B'G̃G̃'B − phi² tr K⁻¹VV',  V = sum B'G̃B
    rho, lambda      sum tr G̃S − phi tr K⁻¹ sum B'G̃SB
    with phi         tr K⁻¹V,  ½ tr K⁻¹UK⁻¹  and  ½ tr QQ,  Q = L'LK⁻¹
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.operators import Operators
from gvcpos.spatial.panel.random.period_kernel import PeriodKernel
from gvcpos.spatial.panel.random.traces import Traces

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Matrices between units of the periods that have one pair of W and M.

    Attributes
    ----------
    rows : ndarray of int
        These periods.
    B, S : ndarray, shape (N, N)
        I − λM, and H + H'.
    G : ndarray (N, N) or None
        G̃; None without a spatial lag.
    """

    rows: npt.NDArray[np.intp]
    B: Array
    S: Array
    G: Array | None


@dataclass(frozen=True)
class Sums:
    """Sums over the periods; those with G̃ are zero without a spatial lag.

    Attributes
    ----------
    SS, GS, GG : float
        ½ tr SS, tr G̃S, and tr G̃(G̃ + G̃') + phi |G̃B|².
    S, G : float
        ½ tr S and tr G̃.
    BSSB, BGSB, BGGB : ndarray, shape (N, N)
        B'SSB, B'G̃SB, B'G̃G̃'B.
    U, V : ndarray, shape (N, N)
        B'SB and B'G̃B.
    """

    SS: float
    GS: float
    GG: float
    S: float
    G: float
    BSSB: Array
    BGSB: Array
    BGGB: Array
    U: Array
    V: Array


def period_forms(kernel: PeriodKernel, ops: Operators) -> Traces:
    """Return the traces of (rho, lambda, phi), rho where there is a spatial lag.

    Parameters
    ----------
    kernel : PeriodKernel
    ops : Operators
        With a spatial error.
    """
    phi, inverse, found = kernel.phi, kernel.solve(np.eye(kernel.units)), _sums(kernel, ops)
    KU, KV = inverse @ found.U, inverse @ found.V
    Q = kernel.periods * kernel.square(inverse)
    single = np.array([found.G, found.S - 0.5 * phi * np.trace(KU), 0.5 * np.trace(Q)])
    rho = found.GG - phi * np.vdot(inverse, found.BGGB) - phi**2 * np.vdot(KV, found.V)
    both = found.GS - phi * np.vdot(inverse, found.BGSB)
    lam = found.SS - phi * np.vdot(inverse, found.BSSB) + 0.5 * phi**2 * np.vdot(KU.T, KU)
    by_phi = np.array([np.trace(KV), 0.5 * np.vdot(inverse, KU), 0.5 * np.vdot(Q.T, Q)])
    double = np.array([[rho, both, by_phi[0]], [both, lam, by_phi[1]], by_phi])
    first = 0 if ops.lag is not None else 1

    def diagonals() -> tuple[Array, Array]:
        """Put them together where they are asked for."""
        return _own_diagonals(kernel, ops, inverse, found.U)[:, first:], _effects(inverse, KU, KV, Q)[:, first:]

    return Traces(single[first:], double[first:, first:], diagonals)


def _pairs(kernel: PeriodKernel, ops: Operators) -> Iterator[Pair]:
    """Make the matrices of each pair of W and M, one after the other: all together would be T times N x N."""
    eye, periods = np.eye(kernel.units), np.arange(kernel.periods)
    for one, rows in ops.by_period():
        assert one.error is not None
        G, H = [None, *(A.T for A in one.apply(eye))][-2:]  # rows in, columns out
        assert H is not None
        yield Pair(periods[rows], eye - kernel.lam * one.error.spectrum.dense, H + H.T, G)


def _sums(kernel: PeriodKernel, ops: Operators) -> Sums:
    numbers, matrices = np.zeros(5), np.zeros((5, kernel.units, kernel.units))
    for pair in _pairs(kernel, ops):
        B, S, G, count = pair.B, pair.S, pair.G, len(pair.rows)
        SB = S @ B
        numbers[[0, 3]] += count * np.array([0.5 * np.vdot(S, S), 0.5 * np.trace(S)])
        matrices[0] += count * SB.T @ SB
        matrices[3] += count * B.T @ SB
        if G is None:
            continue
        GB, turned = G @ B, G.T @ B
        squares = np.vdot(G.T, G) + np.vdot(G, G) + kernel.phi * np.vdot(GB, GB)
        numbers[[1, 2, 4]] += count * np.array([np.vdot(G, S), squares, np.trace(G)])
        matrices[1] += count * turned.T @ SB
        matrices[2] += count * turned.T @ turned
        matrices[4] += count * B.T @ GB
    SS, GS, GG, trace_S, trace_G = numbers.tolist()
    return Sums(SS, GS, GG, trace_S, trace_G, *matrices)


def _own_diagonals(kernel: PeriodKernel, ops: Operators, inverse: Array, U: Array) -> Array:
    """Diagonals of Ω⁻¹G̃, ½ Ω⁻¹SΩ⁻¹, ½ LK⁻¹K⁻¹L' and ½ Ω⁻¹, shape (T*N, 4)."""
    out, phi = np.zeros((kernel.periods, kernel.units, 4)), kernel.phi
    middle = inverse @ U @ inverse
    for pair in _pairs(kernel, ops):
        B, S, G = pair.B, pair.S, pair.G
        turned, own = B @ inverse, np.zeros((kernel.units, 4))
        if G is not None:
            own[:, 0] = np.diag(G) - phi * (turned * (G.T @ B)).sum(axis=1)
        squares = phi**2 * ((B @ middle) * B).sum(axis=1)
        own[:, 1] = 0.5 * (np.diag(S) - 2.0 * phi * (turned * (S @ B)).sum(axis=1) + squares)
        own[:, 2] = 0.5 * (turned**2).sum(axis=1)
        own[:, 3] = 0.5 * (1.0 - phi * (turned * B).sum(axis=1))
        out[pair.rows] = own
    return out.reshape(-1, 4)


def _effects(inverse: Array, KU: Array, KV: Array, Q: Array) -> Array:
    """Diagonals of the same between L' and L: of K⁻¹V, ½ K⁻¹UK⁻¹, ½ QQ and ½ Q, shape (N, 4)."""
    return np.column_stack([np.diag(KV), 0.5 * (KU * inverse).sum(axis=1), 0.5 * (Q**2).sum(axis=1), 0.5 * np.diag(Q)])
