"""What two entities contribute to the score of (rho, lambda) with random effects that leave entities independent.

The score is quadratic in filtered disturbances v, sum_t z_t'A_tv_t / s2 with z = Ω⁻¹v and A_t a period's operators.
Ω acts on periods, so that z_i is made of v_i alone, and what two entities contribute is
    q_ij = sum_t (A_t,ij z_it v_jt + A_t,ji z_jt v_it) / s2,
of mean zero and uncorrelated with that of all other pairs and of single entities where v_i and v_j are independent,
whatever their covariances over time are. Where W does not change, q_ij = (A_ij + A_ji) z_i'v_j / s2.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inference.scores import EXACT_UP_TO, transposed
from gvcpos.spatial.panel.random.covariance import RandomPieces

Array = npt.NDArray[np.float64]

_BLOCK = 256
_PROBES = 64


def pair_products(pieces: RandomPieces) -> Array:
    """Sum the outer products of the pairs' contributions, (p, p); of many units through probes."""
    if pieces.operators.count == 0:
        return np.zeros((0, 0))
    total = probed_products(pieces) if pieces.v.shape[1] > EXACT_UP_TO else _exact_products(pieces)
    return total * 0.5 / pieces.sigma2**2  # each pair stands twice


def _exact_products(pieces: RandomPieces) -> Array:
    z, v = pieces.kernel.weigh(pieces.v), pieces.v
    (n, p), total = (v.shape[1], pieces.spatial), np.zeros((pieces.spatial, pieces.spatial))
    each = [(one, transposed(one), periods) for one, periods in pieces.operators.by_period()]
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        rows, unit = slice(start, stop), np.eye(stop - start, n, start)
        found = np.zeros((p, stop - start, n))
        for one, turned, t in each:
            forth, back = z[t][:, rows].T @ v[t], v[t][:, rows].T @ z[t]
            for a, (own, other) in enumerate(zip(turned(unit), one.apply(unit), strict=True)):
                found[a] += own * forth + other * back  # rows i of A and of A'
        found[:, np.arange(stop - start), np.arange(start, stop)] = 0.0
        total += np.einsum("aij,bij->ab", found, found)
    return total


def probed_products(pieces: RandomPieces, probes: int = _PROBES, seed: int = 0) -> Array:
    """Estimate twice the sum over pairs, (p, p), by T solves a probe; see `inference.scores.probed_products`."""
    z, v, within = pieces.kernel.weigh(pieces.v), pieces.v, pieces.within
    assert within is not None
    own = np.moveaxis(within.stacked_diagonal(len(v)).reshape(*v.shape, -1), 2, 0)
    own = 2.0 * (own * z * v).sum(axis=1)
    each = [(one, transposed(one), periods) for one, periods in pieces.operators.by_period()]
    rng, total = np.random.default_rng(seed), np.zeros((pieces.spatial, pieces.spatial))
    for _ in range(probes):
        signs = rng.choice([-1.0, 1.0], size=v.shape[1])
        moved = -own * signs
        for one, turned, t in each:
            forth, back = one.apply(v[t] * signs), turned(z[t] * signs)
            for a, (along, against) in enumerate(zip(forth, back, strict=True)):
                moved[a] += (z[t] * along + v[t] * against).sum(axis=0)
        total += moved @ moved.T
    return total / probes
