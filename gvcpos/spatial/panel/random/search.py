"""The maxima of the likelihood with random effects: coarse grids find the hills, the analytic score their tops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.ndimage import maximum_filter

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.ml.climb import EDGE, climb
from gvcpos.spatial.panel.ml.logdet import LogDeterminant
from gvcpos.spatial.panel.ml.search import Mode
from gvcpos.spatial.panel.random.likelihood import HIGHEST, RandomLikelihood

Array = npt.NDArray[np.float64]

_SHARES = np.array([0.0, 0.1, 0.3, 0.7, 1.2, 2.0, 3.0, 4.0, 5.5, 7.5, 10.0, 14.0, HIGHEST])
_FEW = 7  # points of lambda where every point needs a factorisation
_SOME = 15
_MANY = 41
_SAME = 1e-5


@dataclass(frozen=True)
class RandomMode(Mode):
    """A maximum of the likelihood with random effects.

    Attributes
    ----------
    phi : float
        sigma²_mu / sigma².
    """

    phi: float


def maximise(likelihood: RandomLikelihood) -> tuple[RandomMode, ...]:
    """Find the maxima, highest first.

    phi is searched as s = log(1 + T phi): the likelihood can have a maximum at s = 0 and another inside
    (Maddala 1971; Breusch 1987).

    Raises
    ------
    EstimationError
        If the likelihood is finite nowhere.
    """
    bounds = np.array([_ends(likelihood.lag), _ends(likelihood.error), (0.0, HIGHEST)])
    scalar = replace(likelihood, kernels=replace(likelihood.kernels, parts=None))
    fine = _starts(scalar, bounds, _MANY)
    coarse = [] if likelihood.kernels.parts is None else _starts(likelihood, bounds, _FEW)
    if not fine:
        raise EstimationError(
            "the likelihood is not finite anywhere on the admissible interval: "
            "the regressors may explain y exactly, or y does not vary."
        )
    free = np.ptp(bounds, axis=1) > 0.0
    modes: list[RandomMode] = []
    points: list[Array] = []
    near = np.ptp(bounds, axis=1) / np.array([_FEW, _FEW, len(_SHARES)])
    for place, start in enumerate([*fine, *coarse]):
        # The coarse grid looks for hills that K has and the identity has not; one beside a known top is that one.
        if place >= len(fine) and any((np.abs(start - other) <= near).all() for other in points):
            continue
        top = climb(partial(_function, likelihood, free), start[free], bounds[free], likelihood.nobs)
        full = np.zeros(3)
        full[free] = top.point
        if all(np.abs(full - other).max() > _SAME for other in points):
            points.append(full)
            phi = float(np.expm1(full[2])) / likelihood.kernels.periods
            modes.append(RandomMode(float(full[0]), float(full[1]), top.height, bool(top.inside.all()), phi))
    return tuple(sorted(modes, key=lambda mode: -mode.loglik))


def _function(likelihood: RandomLikelihood, free: npt.NDArray[np.bool_], p: Array) -> tuple[float, Array]:
    """Value and score in the free ones of (rho, lambda, s)."""
    full = np.zeros(3)
    full[free] = p
    T = likelihood.kernels.periods
    value, score = likelihood.evaluate(full[0], full[1], np.expm1(full[2]) / T)
    score[2] *= np.exp(full[2]) / T
    return value, score[free]


def _ends(logdet: LogDeterminant | None) -> tuple[float, float]:
    if logdet is None:
        return 0.0, 0.0
    lower, upper = logdet.spectrum.interval
    margin = EDGE * (upper - lower)
    return lower + margin, upper - margin


def _starts(likelihood: RandomLikelihood, bounds: Array, lams: int) -> list[Array]:
    """Grid points that no neighbour exceeds, highest first."""
    rho, lam = _grid(likelihood.lag, bounds[0], _MANY), _grid(likelihood.error, bounds[1], lams)
    T, logdets = likelihood.kernels.periods, likelihood.logdets(rho, lam)
    values = np.stack([_surface(likelihood, (rho, lam), float(np.expm1(s)) / T, logdets) for s in _SHARES], axis=2)
    values = np.where(np.isfinite(values), values, -np.inf)
    top = np.isfinite(values) & (values >= maximum_filter(values, size=3, mode="constant", cval=-np.inf))
    places = sorted(np.argwhere(top).tolist(), key=lambda place: -float(values[tuple(place)]))
    return [np.array([rho[i], lam[j], _SHARES[m]]) for i, j, m in places]


def _surface(likelihood: RandomLikelihood, at: tuple[Array, Array], phi: float, logdets: Any) -> Array:
    """The likelihood on a grid; -inf where I - lambda M leaves nothing of the dummies of periods, at its edge."""
    rho, lam = at
    try:
        return likelihood.surface(rho, lam, phi, logdets)
    except np.linalg.LinAlgError:
        if len(lam) == 1:
            return np.full((len(rho), 1), -np.inf)
        parts = [_surface(likelihood, (rho, one), phi, likelihood.logdets(rho, one)) for one in lam[:, None]]
        return np.concatenate(parts, axis=1)


def _grid(logdet: LogDeterminant | None, ends: Array, points: int) -> Array:
    """Points between the ends; fewer where each costs a factorisation, one for a parameter that is not there."""
    if logdet is None:
        return np.zeros(1)
    return np.linspace(ends[0], ends[1], points if logdet.spectrum.eigenvalues is not None else min(points, _SOME))
