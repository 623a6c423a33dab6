"""Likelihood-ratio intervals of rho and lambda: what the data do not refuse when the rest is estimated anew.

Where a model has both, their likelihood can be a long ridge or have two hills; the curvature at its top, on which
standard errors rest, then says little. The profile follows the ridge.

Where W changes over time and entity effects are taken out, the log-likelihood of rho is one whose score has mean zero,
but a larger variance than slope: the ratio is chi-squared times c = (J^-1 V J^-1)_ii / (J^-1)_ii, V the variance of the
score and J its slope, and is compared with that (Kent 1982, Biometrika 69:19; Pace, Salvan and Sartori 2011, Stat.
Sinica 21:129). For a density c is one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import chi2

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inference.covariance import Pieces, information, scaled_inverse, variation
from gvcpos.spatial.panel.inference.normal import critical_value
from gvcpos.spatial.panel.ml.climb import EDGE
from gvcpos.spatial.panel.ml.estimation import columns_of, concentrated
from gvcpos.spatial.panel.ml.likelihood import Concentrated
from gvcpos.spatial.panel.ml.logdet import LogDeterminant

if TYPE_CHECKING:
    from gvcpos.spatial.panel.ml.estimation import Estimate
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]

_GRID = 61
_FINE = np.linspace(-1.0, 1.0, 9)


@dataclass(frozen=True)
class Profile:
    """The likelihood of one spatial parameter, the other one, if there is one, estimated anew at each value.

    Attributes
    ----------
    value : callable
        From a number to the log-likelihood.
    grid : ndarray, shape (m,)
        Over the admissible interval.
    heights : ndarray, shape (m,)
        Of the grid.
    """

    value: Callable[[float], float]
    grid: Array
    heights: Array


def profile(likelihood: Concentrated, name: str) -> Profile:
    """Return the profile of "rho" or "lambda"."""
    of_rho = name == "rho"

    def height(r: Array, other: Array) -> Array:
        return np.asarray(likelihood.value(r, other) if of_rho else likelihood.value(other, r))

    def near(r: Array, other: Array) -> Array:
        return np.asarray(likelihood.between(r, other) if of_rho else likelihood.between(other, r))

    grid = _points(likelihood.lag if of_rho else likelihood.error)
    if (likelihood.error if of_rho else likelihood.lag) is None:
        zero = np.zeros(())
        return Profile(lambda r: float(height(np.array(r), zero)), grid, height(grid, zero))
    others = _points(likelihood.error if of_rho else likelihood.lag)

    def value(r: float) -> float:
        """The other parameter's best, by grids within grids."""
        at, step = np.array(r), float(others[1] - others[0])
        heights = height(at, others)
        around = others
        for _ in range(5):
            top = float(around[int(np.nanargmax(heights))])
            around = np.clip(top + step * _FINE, others[0], others[-1])
            heights, step = near(at, around), 0.25 * step
        return _vertex(around, heights)

    return Profile(value, grid, np.nanmax(height(grid[:, None], others[None, :]), axis=1))


def _vertex(points: Array, heights: Array) -> float:
    """Return the height of the parabola through the best of equidistant points and its neighbours."""
    top = int(np.nanargmax(heights))
    if not 0 < top < len(points) - 1:
        return float(heights[top])
    left, best, right = (float(one) for one in heights[top - 1 : top + 2])
    bend = left - 2.0 * best + right
    return best - (right - left) ** 2 / (8.0 * bend) if bend < 0.0 else best


def interval(found: Profile, at: float, peak: float, level: float, scale: float = 1.0) -> tuple[float, float]:
    """Return the outermost values whose log-likelihood is within half a chi-squared quantile of the peak.

    Parameters
    ----------
    found : Profile
    at, peak : float
        The estimate and its log-likelihood.
    level : float
    scale : float
        What the ratio is a multiple of a chi-squared by; see `ratio_scale`.

    Returns
    -------
    lower, upper : float
        NaN where the end of the admissible interval is not refused. Between two hills there may be values that are.
    """
    floor = peak - 0.5 * scale * float(chi2.ppf(level, 1))
    inside = np.append(found.grid[found.heights >= floor], at)
    below, above = found.grid[found.grid < inside.min()][::-1], found.grid[found.grid > inside.max()]
    return _crossing(found, floor, float(inside.min()), below), _crossing(found, floor, float(inside.max()), above)


def ratio_scale(pieces: Pieces, place: int) -> float:
    """Return c for the spatial parameter at a place: one, unless W changes and entity effects are transformed away."""
    excess, at = variation(pieces), pieces.X.shape[1] + place
    if not excess.any():
        return 1.0
    inverse = scaled_inverse(information(pieces))
    return 1.0 + float((inverse @ excess @ inverse)[at, at] / inverse[at, at])


def _crossing(found: Profile, floor: float, start: float, outwards: Array) -> float:
    """Return where the profile falls below the floor on the way from `start` over the points outwards."""
    for point in outwards:
        if found.value(float(point)) < floor:
            return float(brentq(lambda r: found.value(r) - floor, start, float(point), xtol=1e-10))
        start = float(point)
    return float("nan")


def _points(logdet: LogDeterminant | None) -> Array:
    """Return points over the admissible interval of a parameter."""
    if logdet is None:
        raise InputError("the model has no such parameter.")
    lower, upper = logdet.spectrum.interval
    margin = EDGE * (upper - lower)
    return np.linspace(lower + margin, upper - margin, _GRID)


class ProfileMethods:
    """Intervals of rho and lambda by the likelihood itself."""

    model: SpatialPanel
    estimate: Estimate

    def profile_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Likelihood-ratio intervals of rho and lambda.

        In SAC and GNS models with one W for lag and error, intervals from standard errors cover far less than they
        say in samples of usual size; these keep their level (see the simulations in the guide).

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            By parameter: estimate, lower, upper. A bound is NaN where the end of the admissible interval is not
            refused. With two maxima the interval reaches from the one's lower to the other's upper bound.

        Raises
        ------
        InputError
            If the model has neither rho nor lambda, or `level` is not between 0 and 1.

        Notes
        -----
        The ratio is chi-squared with one degree of freedom, times c where W changes over time (see the module), for
        normal innovations of one variance, whatever covariance the fit has.
        """
        critical_value(level)
        features = self.model.features
        if not features.spatial:
            raise InputError(f"a {self.model.model} model has neither rho nor lambda: there is nothing to profile.")
        panel, pieces = self.model.arrays, self.estimate.pieces
        likelihood = concentrated(panel, features, columns_of(panel, features).crossed)
        rows = {
            name: (at, *interval(profile(likelihood, name), at, self.estimate.loglik, level, ratio_scale(pieces, i)))
            for i, (name, at) in enumerate(self.estimate.spatial.items())
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])
