"""The maximum of a likelihood in one spatial parameter whose every value costs a factorisation of a large W.

The edges of the pieces of log|I − rW| are walked uphill from 0; in the piece that holds the top the log-determinant
is a polynomial, so the score's root costs nothing more. A fit takes some twenty factorisations, the next on the
same W few or none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.ml.determinants import edges as edges_of
from gvcpos.spatial.panel.ml.likelihood import Concentrated
from gvcpos.spatial.panel.ml.logdet import LogDeterminant

_INSIDE = 1e-9


def walk(likelihood: Concentrated, of: LogDeterminant) -> tuple[float, float, bool]:
    """Return the parameter, the log-likelihood there, and whether it is inside the admissible interval.

    Parameters
    ----------
    likelihood : Concentrated
        With one spatial parameter.
    of : LogDeterminant
        Its log-determinant.

    Raises
    ------
    EstimationError
        If the likelihood is not finite.
    """
    edges, lag = edges_of(of.spectrum.interval), likelihood.lag is not None

    def at(r: float) -> tuple[float, float]:
        return (r, 0.0) if lag else (0.0, r)

    def edge(i: int) -> float:
        rho, lam = at(float(edges[i]))
        # An array of one: an exact value, not a polynomial made for its sake.
        return float(likelihood.value(np.array([rho]), np.array([lam]))[0])

    def score(r: float) -> float:
        return float(likelihood.score(*at(r))[0 if lag else 1])

    top = _uphill(edge, len(edges))
    left = _side(edge, top, len(edges))
    for i in (left, top - 1 if left == top else top):
        if not 0 <= i < len(edges) - 1:
            continue
        inside = _INSIDE * (edges[i + 1] - edges[i])  # an edge itself may count to the piece beyond it
        a, b = float(edges[i] + inside), float(edges[i + 1] - inside)
        if score(a) > 0.0 > score(b):
            r = float(brentq(score, a, b, xtol=1e-13, rtol=1e-13))
            rho, lam = at(r)
            return r, float(likelihood.value(np.array(rho), np.array(lam))), True
    return float(edges[top]), edge(top), 0 < top < len(edges) - 1


def _uphill(height: Callable[[int], float], count: int) -> int:
    """Walk from the middle to an edge that neither neighbour exceeds."""
    right = count // 2
    left = right - 1
    if not np.isfinite([height(left), height(right)]).all():
        raise EstimationError(
            "the likelihood is not finite near 0: the regressors may explain y exactly, or y does not vary."
        )
    step, here = (1, right) if height(right) >= height(left) else (-1, left)
    while 0 <= here + step < count and height(here + step) > height(here):
        here += step
    return here


def _side(height: Callable[[int], float], top: int, count: int) -> int:
    """Return the piece beside an edge in which the top more likely lies: beside the higher neighbour."""
    if top == 0 or top == count - 1:
        return max(top - 1, 0)
    return top if height(top + 1) > height(top - 1) else top - 1
