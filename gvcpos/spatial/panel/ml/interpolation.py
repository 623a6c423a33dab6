"""A smooth function of one parameter at many values of it, for the price of a few.

A thousand draws of rho lie close together, where averages over (I − rW)⁻¹ are analytic: Chebyshev polynomials through
17 or 33 exact values meet them to rounding. Where they do not, the stretch is halved; a stretch with few points is
evaluated at the points themselves, so that nothing is ever left approximate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from numpy.polynomial import chebyshev

Array = npt.NDArray[np.float64]

_NODES = (17, 33)
_TOLERANCE = 1e-12


def along(function: Callable[[float], Array], points: Array) -> Array:
    """Evaluate a function at every point.

    Parameters
    ----------
    function : callable
        Of a float; returns an array of shape (p,).
    points : ndarray, shape (m,)

    Returns
    -------
    ndarray, shape (m, p)
        Right to 1e-12 of the largest value on a stretch.
    """
    return along_all(lambda each: np.array([function(float(one)) for one in each]), points)


def along_all(function: Callable[[Array], Array], points: Array) -> Array:
    """As `along`, of a function that takes many values at once: (m,) to (m, p)."""
    if len(points) <= _NODES[0]:
        return function(points)
    lower, upper = float(points.min()), float(points.max())
    if upper - lower <= 1e-14 * max(abs(lower), abs(upper)):
        return np.tile(function(np.array([lower])), (len(points), 1))
    centre, half = 0.5 * (lower + upper), 0.5 * (upper - lower)
    for nodes in _NODES:
        x = chebyshev.chebpts2(nodes)
        values = function(centre + half * x)
        coefficients = chebyshev.chebfit(x, values, nodes - 1)
        size = np.abs(coefficients).max(axis=0)
        if (np.abs(coefficients[-2:]) <= _TOLERANCE * np.maximum(size, 1e-300)).all():
            return np.ascontiguousarray(chebyshev.chebval((points - centre) / half, coefficients).T)
    low = points <= centre
    out = np.empty((len(points), values.shape[1]))
    out[low], out[~low] = along_all(function, points[low]), along_all(function, points[~low])
    return out
