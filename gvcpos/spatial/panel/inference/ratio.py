"""Likelihood-ratio intervals and tests of coefficients and of direct, indirect and total effects.

Each is c(ρ)'β with β the coefficients: an effect is a·β + b·θ, a and b averages over (I − ρW)⁻¹ and (I − ρW)⁻¹W. Its
interval is what the likelihood, the rest estimated anew, does not refuse. At given (ρ, λ), and φ of random effects,
that is c'β̂ ± √{c'(X*'X*)⁻¹c · RSS · [exp(2 (l − floor) / n) − 1]}, so that the ends are the outermost of these over
all (ρ, λ, φ) above the floor: no search in β (cf. Venzon and Moolgavkar 1988, Appl. Statist. 37:87).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from gvcpos.spatial.panel.inference.climbing import Start, Value, climb_all
from gvcpos.spatial.panel.inference.cuts import Cut, Ends, Surface
from gvcpos.spatial.panel.inference.ridge import Rows, across, extremes, profiled, ridge, starts
from gvcpos.spatial.panel.ml.climb import EDGE

Array = npt.NDArray[np.float64]
_FAR = 40.0  # below the peak: where a search for zero starts

Weighing = Callable[[Array], tuple[Array, Array]]


@dataclass(frozen=True)
class Combinations:
    """Functions c(ρ)'β of the parameters.

    Attributes
    ----------
    own, lag : ndarray of int, shape (f,)
        Places of the two coefficients; equal where there is one only.
    weigh : callable
        From rho (f, n), or (1, n) for all alike, to the weights of both, each (f, n).
    of_rho : bool
        Whether the weights depend on rho.
    """

    own: npt.NDArray[np.intp]
    lag: npt.NDArray[np.intp]
    weigh: Weighing
    of_rho: bool

    def __len__(self) -> int:
        return len(self.own)

    def moments(self, cut: Cut, rho: Array) -> tuple[Array, Array]:
        """Return estimate and variance over sigma² at each point; cut (f or 1, a), rho (f or 1, a, b) -> (f, a, b)."""
        f, (i, j) = np.arange(len(self)), (self.own, self.lag)
        a, b = (one.reshape(len(f), *rho.shape[1:]) for one in self.weigh(rho.reshape(len(rho), -1)))
        mean, spread = (np.broadcast_to(one, (len(f), *one.shape[1:])) for one in (cut.mean, cut.spread))

        def centre(k: npt.NDArray[np.intp]) -> Array:
            """Line in rho of one coefficient each."""
            return np.asarray(mean[f, :, 0, k][:, :, None] - rho * mean[f, :, 1, k][:, :, None])

        own, both, lag = (spread[f, :, p, q][:, :, None] for p, q in ((i, i), (i, j), (j, j)))
        estimate = a * centre(i) + b * centre(j)
        return estimate, np.maximum(a * a * own + 2.0 * a * b * both + b * b * lag, 0.0)


def coefficients(count: int) -> Combinations:
    """Return the coefficients themselves."""
    places = np.arange(count)

    def weigh(rho: Array) -> tuple[Array, Array]:
        """One, and nothing."""
        shape = (count, rho.shape[1])
        return np.ones(shape), np.zeros(shape)

    return Combinations(places, places, weigh, of_rho=False)


@dataclass(frozen=True)
class Ratio:
    """The likelihood around its peak.

    Attributes
    ----------
    surface : Surface
    peak : float
        The highest log-likelihood.
    modes : ndarray, shape (m, 3)
        lambda, root of phi and log-likelihood of every mode.
    """

    surface: Surface
    peak: float
    modes: Array
    _above: dict[float, Rows] = field(default_factory=dict, repr=False, compare=False)

    def floor(self, level: float) -> float:
        """Return the log-likelihood that the ends of an interval have."""
        return self.peak - 0.5 * float(chi2.ppf(level, 1))

    def above(self, floor: float) -> Rows:
        """Return the rows above the floor, which are kept."""
        if floor not in self._above:
            self._above[floor] = ridge(self.surface, floor, self.modes[self.modes[:, 2] >= floor, :2])
        return self._above[floor]

    def spatial_ends(self, level: float) -> tuple[Ends, Ends, Ends]:
        """Return the ends of the intervals of rho, lambda and the root of phi; admissible ends where not refused."""
        return extremes(self.above(self.floor(level)), self.floor(level))

    def ends(self, what: Combinations, level: float) -> tuple[Array, Array]:
        """Return lower and upper ends of the intervals, each (f,); infinite where an effect has no bound.

        An effect has none where the likelihood does not refuse the end of rho's interval, at which (I − ρW)⁻¹ is
        infinite.
        """
        floor, f = self.floor(level), len(what)
        found = self.above(floor)
        surface = found.surface
        twice = Combinations(np.tile(what.own, 2), np.tile(what.lag, 2), _twice(what.weigh), what.of_rho)
        sign = np.repeat([-1.0, 1.0], f)[:, None, None]

        def value(lam: Array, root: Array, rho: Array) -> Array:
            """Outer ends at some points, minus infinity below the floor."""
            cut = surface.cut(lam, root)
            estimate, variance = twice.moments(cut, rho)
            room = surface.height(cut, rho) - floor
            scale = np.expm1(np.maximum(2.0 * room / surface.nobs, 0.0)) * cut.squares(rho)
            return np.where(room >= 0.0, sign * estimate + np.sqrt(variance * scale), -np.inf)

        best, point = climb_all(value, surface, _started(value, found))
        if what.of_rho:
            (lower, upper), rho = surface.intervals[0], point[:, 2]
            at_end = np.minimum(rho - lower, upper - rho) <= EDGE * (upper - lower)
            best = np.where(at_end, np.inf, best)
        return 0.0 - best[:f], best[f:]

    def refusals(self, what: Combinations) -> Array:
        """Return likelihood ratios of "it is zero", shape (f,), chi-squared with one degree of freedom."""
        near, far = self.above(self.floor(0.95)), self.above(self.peak - _FAR)
        surface = far.surface

        def value(lam: Array, root: Array, rho: Array) -> Array:
            """Log-likelihood at some points, where the combination is held at zero."""
            cut = surface.cut(lam, root)
            estimate, variance = what.moments(cut, rho)
            with np.errstate(divide="ignore", invalid="ignore"):
                extra = np.where(variance > 0.0, estimate**2 / variance, np.where(estimate == 0.0, 0.0, np.inf))
            return surface.height(cut, rho, extra)

        one, other = _started(value, far), _started(value, near)
        best = climb_all(value, surface, one.or_better(other))[0]
        return np.maximum(2.0 * (self.peak - np.maximum(best, self._without_lag(what))), 0.0)

    def _without_lag(self, what: Combinations) -> Array:
        """Return the peak at rho = 0 for effects that are zero there, which a grid does not meet; else -inf."""
        lower, upper = self.surface.intervals[0]
        if not what.of_rho or not lower < 0.0 < upper:
            return np.full(len(what), -np.inf)
        a, b = what.weigh(np.zeros((1, 1)))
        vanish = (np.abs(a[:, 0]) <= 1e-12) & ((np.abs(b[:, 0]) <= 1e-12) | (what.own == what.lag))
        return np.where(vanish, self.restricted("rho"), -np.inf)

    def refusal(self, name: str) -> float:
        """Return the likelihood ratio of "rho", "lambda" or "phi" being zero."""
        return max(2.0 * (self.peak - self.restricted(name)), 0.0)

    def restricted(self, name: str) -> float:
        """Return the highest log-likelihood with "rho", "lambda" or "phi" at zero."""
        found = self.above(self.peak - _FAR)
        return float(profiled(found, {"lambda": 0, "phi": 1, "rho": 2}[name], np.zeros(1))[0])


def _started(value: Value, found: Rows) -> Start:
    """Where to climb from: the best of points across the rows."""
    points, (lam, root) = across(found), found.pairs
    return starts(value(lam[None, :], root[None, :], points[None]), points, found)


def _twice(weigh: Weighing) -> Weighing:
    def weighed(rho: Array) -> tuple[Array, Array]:
        """Weights of the first half of the rows and of the second."""
        halves = [rho, rho] if len(rho) == 1 else [rho[: len(rho) // 2], rho[len(rho) // 2 :]]
        first = weigh(halves[0])
        second = first if len(rho) == 1 else weigh(halves[1])
        return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])

    return weighed
