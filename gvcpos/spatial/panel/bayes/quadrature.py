"""Integrals of a peaked density over the admissible intervals of rho and lambda, in logarithms.

Gauss-Legendre panels on the box outside of which the integrand is below e⁻⁶⁰ of its top, halved until the integral
stands still. A substitution that is flat at both ends takes the kink of a Beta(a, a) prior out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import betaln

from gvcpos._core.errors import EstimationError

Array = npt.NDArray[np.float64]
Density = Callable[[Array, Array], Array]

_POINTS = 12
_GRID = 33
_BELOW = 60.0
_SETTLED = 1e-9
_EDGE = 1e-10
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(_POINTS)


@dataclass(frozen=True)
class Axis:
    """One spatial parameter, as a function of s in (0, 1).

    Attributes
    ----------
    interval : (float, float)
    shape : float
        a of its Beta(a, a) prior.
    """

    interval: tuple[float, float]
    shape: float

    def at(self, s: Array) -> tuple[Array, Array]:
        """Return the parameter at s and the log of prior density times Jacobian, shape of s.

        s⁴(35 − 84s + 70s² − 20s³) has the slope 140 s³(1 − s)³. Both tails are formed from their own end, so that
        they keep their digits.
        """
        lower, upper = self.interval
        left, right = _smooth(s), _smooth(1.0 - s)
        with np.errstate(divide="ignore"):
            log_jacobian = np.log(140.0) + 3.0 * (np.log(s) + np.log1p(-s))
            log_prior = (self.shape - 1.0) * (np.log(left) + np.log(right)) - betaln(self.shape, self.shape)
        width = upper - lower
        inside = np.where(left < 0.5, lower + width * left, upper - width * right)
        # I − λM is singular at the ends: a filtered constant would vanish there.
        return np.clip(inside, lower + _EDGE * width, upper - _EDGE * width), log_jacobian + log_prior


def _smooth(s: Array) -> Array:
    return np.asarray(s**4 * (35.0 - 84.0 * s + 70.0 * s**2 - 20.0 * s**3))


def integrate(log_density: Density, axes: tuple[Axis | None, Axis | None]) -> tuple[float, float, float]:
    """Integrate exp(log_density(rho, lam)) times the priors.

    Parameters
    ----------
    log_density : callable
        Of arrays that broadcast.
    axes : (Axis or None, Axis or None)
        None for a parameter that is not there.

    Returns
    -------
    log_integral, mean_rho, mean_lam : float
        The means under the integrand; 0 for a parameter that is not there.

    Raises
    ------
    EstimationError
        If the integral does not settle.
    """
    box = _box(log_density, axes)
    before: tuple[float, float, float] | None = None
    for panels in (4, 8, 16, 32, 64):
        found = _composite(log_density, axes, box, panels)
        if all(axis is None for axis in axes):
            return found
        if before is not None and max(abs(a - b) for a, b in zip(found, before, strict=True)) < _SETTLED:
            return found
        before = found
    raise EstimationError(
        "the integral over the spatial parameters does not settle. Their posterior may pile up at an end of the "
        "admissible interval: look at the modes of the likelihood."
    )


def _values(log_density: Density, axes: tuple[Axis | None, Axis | None], points: list[Array]) -> tuple[Array, ...]:
    """Log integrand on the grid of s, with the parameters at each s of either axis."""
    placed = [(np.zeros(1), np.zeros(1)) if axis is None else axis.at(s) for axis, s in zip(axes, points, strict=True)]
    (rho, first), (lam, second) = placed
    values = np.broadcast_to(log_density(rho[:, None], lam[None, :]), (len(rho), len(lam)))
    return np.where(np.isfinite(values), values, -np.inf) + first[:, None] + second[None, :], rho, lam


def _box(log_density: Density, axes: tuple[Axis | None, Axis | None]) -> list[tuple[float, float]]:
    """Shrink the unit square to where the integrand is within e⁻⁶⁰ of its top, until it no longer halves."""
    box = [(0.0, 1.0), (0.0, 1.0)]
    for _ in range(20):
        points = [
            np.linspace(a, b, _GRID + 2)[1:-1] if axis else np.zeros(1) for axis, (a, b) in zip(axes, box, strict=True)
        ]
        values = _values(log_density, axes, points)[0]
        if not np.isfinite(values).any():
            raise EstimationError(
                "the density of the data is zero or not finite everywhere: check y and the regressors."
            )
        high = values > values.max() - _BELOW
        smaller = []
        for side, (axis, (a, b)) in enumerate(zip(axes, box, strict=True)):
            places = np.flatnonzero(high.any(axis=1 - side))
            step = (b - a) / (_GRID + 1)
            ends = max(a, a + step * places[0]), min(b, a + step * (places[-1] + 2))
            smaller.append(ends if axis else (a, b))
        shrunk = any(d - c < 0.7 * (b - a) for (a, b), (c, d) in zip(box, smaller, strict=True))
        box = smaller
        if not shrunk:
            break
    return box


def _composite(
    log_density: Density, axes: tuple[Axis | None, Axis | None], box: list[tuple[float, float]], panels: int
) -> tuple[float, float, float]:
    """Gauss-Legendre on equal panels in each axis."""
    points, weights = [], []
    for axis, (a, b) in zip(axes, box, strict=True):
        edges = np.linspace(a, b, panels + 1)
        half = 0.5 * np.diff(edges)
        s = (edges[:-1, None] + half[:, None] * (1.0 + _NODES)).ravel()
        points.append(s if axis else np.zeros(1))
        weights.append((half[:, None] * _WEIGHTS).ravel() if axis else np.ones(1))
    values, rho, lam = _values(log_density, axes, points)
    top = float(values.max())
    mass = np.exp(values - top) * weights[0][:, None] * weights[1][None, :]
    total = float(mass.sum())
    return top + float(np.log(total)), float(mass.sum(axis=1) @ rho) / total, float(mass.sum(axis=0) @ lam) / total
