"""Whose score is what: the derivative of the log-likelihood split into contributions of units, pairs and periods.

The score of (beta, spatial, sigma2) is linear plus quadratic in the innovations,
    s = sum_it b_it e_it / s2 + sum_t (e_t' A e_t / s2 - tr A),
with A = G̃ for rho and H for lambda, projected where time effects are gone. Its terms belong to
    a cell (i, t):         b_it e_it / s2 + A_ii e_it² / s2 - its share of the trace,
    two units in a period: (A_ij + A_ji) e_it e_jt / s2,
which are uncorrelated with each other when units are independent (Hoeffding's decomposition; for one cross-section the
martingale differences of Kelejian and Prucha 2001, J. Econometrics 104:219, without their order of units). Giving a
unit its row e_it (A e_t)_i instead would lose tr AA of the variance tr AA + tr A'A, as rows of different units are
correlated.

Where W changes over time, A is A_t. With entity effects the innovations are e_t + ē, and A_t ē does not leave with the
means over time: e_it (A_t ē)_i is a term of the cell, as ē is uncorrelated with e where innovations are independent
over time. What it takes from the pairs is of order 1/T, and of the order of the changes of W.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.covariance import Pieces
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier, filtered
from gvcpos.spatial.panel.ml.operators import Operators

Array = npt.NDArray[np.float64]
Periods = slice | npt.NDArray[np.intp]

_BLOCK = 256
EXACT_UP_TO = 5000  # units; of more, pairs are looked at through probes
_PROBES = 64


def cell_scores(pieces: Pieces) -> Array:
    """Return the score with each pair's part given to the row it stands in; exact for sums over units of a period.

    Parameters
    ----------
    pieces : Pieces
        At the maximum the contributions sum to zero.

    Returns
    -------
    ndarray, shape (T, N, k+p+1)
        Of beta, the spatial parameters and sigma2.
    """
    t, s2 = pieces.transformation, pieces.sigma2
    e = pieces.e[:, None]
    spatial = pieces.lagged * e / s2 - _trace_share(pieces)
    sigma = e**2 / (2.0 * s2**2) - t.nobs / (2.0 * s2 * t.units * t.periods)
    return np.hstack([pieces.X * e / s2, spatial, sigma]).reshape(t.periods, t.units, -1)


def own_scores(pieces: Pieces) -> Array:
    """Return what each cell contributes alone, without the pairs; shape (T, N, k+p+1)."""
    out, p, k = cell_scores(pieces), pieces.lagged.shape[1], pieces.X.shape[1]
    if p:
        e = pieces.e.reshape(out.shape[:2])
        moved = np.stack([_project(A, pieces) for A in pieces.operators.apply(_project(e, pieces))], axis=2)
        paired = moved - e[:, :, None] * _diagonals(pieces).reshape(*e.shape, p)
        out[:, :, k : k + p] -= paired * e[:, :, None] / pieces.sigma2
    return out


def pair_products(pieces: Pieces) -> tuple[Array, Array]:
    """Sum the outer products of the pairs' contributions.

    Returns
    -------
    by_unit : ndarray, shape (p, p)
        A pair's contributions summed over periods first: innovations of a unit may be correlated over time.
    by_cell : ndarray, shape (p, p)
        Every period for itself.
    """
    p, t = pieces.lagged.shape[1], pieces.transformation
    if p and t.units > EXACT_UP_TO:
        return probed_products(pieces)
    e = pieces.e.reshape(t.periods, t.units)
    by_unit, by_cell = np.zeros((p, p)), np.zeros((p, p))
    for rows, parts in _pair_blocks(pieces):
        summed = sum(K * (e[periods][:, rows].T @ e[periods]) for periods, K in parts)
        by_unit += np.einsum("aij,bij->ab", summed, summed)
        for periods, K in parts:
            squared = (e[periods][:, rows] ** 2).T @ e[periods] ** 2
            by_cell += np.einsum("aij,bij->ab", K * squared, K)
    return 0.5 * by_unit / pieces.sigma2**2, 0.5 * by_cell / pieces.sigma2**2  # each pair stands twice


def probed_products(pieces: Pieces, probes: int = _PROBES, seed: int = 0) -> tuple[Array, Array]:
    """Estimate `pair_products` of many units by T solves a probe in place of N, without the pairs.

    With B = K o sum_t e_t e_t', K = A + A' without its diagonal, the sum of squares over all pairs is E |B z|² for
    random signs z, and B z = sum_t e_t o K (e_t o z) (Hutchinson 1990). Its relative error is of order
    sqrt(2 / (probes N)): some 2 in a thousand of the variance at 5,000 units and 64 probes.
    """
    t, p = pieces.transformation, pieces.lagged.shape[1]
    e = pieces.e.reshape(t.periods, t.units)
    own = 2.0 * _diagonals(pieces).T.reshape(p, *e.shape)
    each = [(periods, both_ways(operators)) for operators, periods in pieces.operators.by_period()]
    rng = np.random.default_rng(seed)
    by_unit, by_cell = np.zeros((p, p)), np.zeros((p, p))
    for _ in range(probes):
        x = e * rng.choice([-1.0, 1.0], size=t.units)
        inside, moved = _project(x, pieces), np.empty((p, *e.shape))
        for periods, both in each:
            moved[:, periods] = both(inside[periods])
        moved = e * (_project(moved, pieces) - own * x)
        by_unit += np.einsum("an,bn->ab", moved.sum(axis=1), moved.sum(axis=1))
        by_cell += np.einsum("atn,btn->ab", moved, moved)
    scale = 0.5 / (probes * pieces.sigma2**2)
    return by_unit * scale, by_cell * scale


def _pair_blocks(pieces: Pieces) -> Iterator[tuple[slice, list[tuple[Periods, Array]]]]:
    """Yield rows of A + A' of all operators, shape (p, m, N), the diagonal set to zero, and the periods that have them.

    Where W changes there are as many in a block as there are different W.
    """
    if pieces.operators.count == 0:
        return
    n = pieces.transformation.units
    each = [(periods, both_ways(operators)) for operators, periods in pieces.operators.by_period()]
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        unit = _project(np.eye(stop - start, n, start), pieces)
        parts = []
        for periods, both in each:
            K = _project(both(unit), pieces)
            K[:, np.arange(stop - start), np.arange(start, stop)] = 0.0
            parts.append((periods, K))
        yield slice(start, stop), parts


def both_ways(operators: Operators) -> Callable[[Array], Array]:
    """Return what applies A + A' of one W to the rows of an array (m, N); the result is (p, m, N)."""
    turned = transposed(operators)
    return lambda Z: np.stack([a + b for a, b in zip(operators.apply(Z), turned(Z), strict=True)])


def transposed(operators: Operators) -> Callable[[Array], list[Array]]:
    """Return what applies the transposes to the rows of an array (m, N).

    G' and H' are those of W' and M', and (R G R⁻¹)' = R'⁻¹ G' R'.
    """
    lag = None if operators.lag is None else _turn(operators.lag)
    error = None if operators.error is None else _turn(operators.error)

    def apply(Z: Array) -> list[Array]:
        """Return the operators of rho and lambda, as far as there are, times Z."""
        out = []
        if lag is not None:
            moved = lag.apply(Z if error is None else filtered(error.spectrum, error.r, Z))
            out.append(moved if error is None else error.inverse_apply(moved))
        if error is not None:
            out.append(error.apply(Z))
        return out

    return apply


def _turn(one: Multiplier) -> Multiplier:
    s = one.spectrum
    return Multiplier(Spectrum(s.matrix.T.tocsr(), s.eigenvalues, s.interval), one.r)


def _project(Z: Array, pieces: Pieces) -> Array:
    """Take the mean over units out where the time effects are gone."""
    return Z - Z.mean(axis=-1, keepdims=True) if pieces.transformation.time else Z


def _diagonals(pieces: Pieces) -> Array:
    """Diagonals of the operators of every period, projected where the time effects are gone; shape (T*N, p)."""
    t, traces = pieces.transformation, pieces.traces
    assert traces is not None
    found = traces.stacked_diagonal(t.periods)
    if t.lee_yu or not t.time:
        return found
    out, one = found.reshape(t.periods, t.units, -1).copy(), np.full((1, t.units), 1.0 / t.units)
    for operators, periods in pieces.operators.by_period():
        rows, columns = np.vstack(operators.apply(one)).T, np.vstack(transposed(operators)(one)).T
        out[periods] += rows.mean(axis=0) - rows - columns
    return out.reshape(found.shape)


def _trace_share(pieces: Pieces) -> Array:
    """What each cell bears of the log-determinants' slopes, by its diagonal element; shape (T*N, p)."""
    t, traces = pieces.transformation, pieces.traces
    if traces is None:
        return np.empty((len(pieces.e), 0))
    own = _diagonals(pieces)
    rest = traces.single - own.sum(axis=0) / t.periods  # only the direct likelihood with time effects leaves one
    return np.asarray((own + rest / t.units) * t.determinants / t.periods)
