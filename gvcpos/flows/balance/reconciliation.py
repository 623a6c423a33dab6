"""Data reconciled to equations that say more than needed: weighted least squares, non-negative flows.

min (d - d0)' V^-1 (d - d0) subject to r(d) = 0 and x(d) >= 0, where x(d) solves as many equations as there are unknowns
and r is what the others miss 0 by. Steps are those of Gauss-Newton, d = d0 - V J' (J V J')^+ (r + J (d0 - d)), J the
derivative of r, as in Cencic (2016, Sustain. Environ. Res. 26:291); transfer coefficients are data like flows.
Flows that would be negative are held at 0: each step is then a least-distance problem (Lawson & Hanson 1974, ch. 23).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

FloatArray = npt.NDArray[np.float64]
RANK = 1e-9  # of the largest singular value: what counts as a constraint on the data


@dataclass(frozen=True, eq=False)
class Constraints:
    """Constraints on data in units of their standard deviations, split by their singular values.

    Attributes
    ----------
    left : (M, r) float array
        Combinations of equations that the data can meet.
    values : (r,) float array
    right : (r, K) float array
        What they ask of the data.
    """

    left: FloatArray
    values: FloatArray
    right: FloatArray

    @classmethod
    def of(cls, jacobian: FloatArray, sd: FloatArray) -> Constraints:
        """Split derivatives (M, K) by data with standard deviations (K,)."""
        left, values, right = np.linalg.svd(jacobian * sd, full_matrices=False)
        keep = values > RANK * max(float(values.max(initial=0.0)), 1e-300)
        return cls(left[:, keep], values[keep], right[keep])

    @property
    def rank(self) -> int:
        """How many independent constraints."""
        return len(self.values)

    def least(self, misses: FloatArray) -> FloatArray:
        """Return the shortest u with (J sd) u = misses, as far as the data can: (..., K) of (..., M)."""
        return np.asarray(self.asked(misses.T).T @ self.right)

    def asked(self, misses: FloatArray) -> FloatArray:
        """Return how far along `right` misses (M, ...) ask the data to move, (r, ...)."""
        return np.asarray(((misses.T @ self.left) / self.values).T)

    def unmet(self, misses: FloatArray) -> FloatArray:
        """Return what of misses (M,) no change of the data meets."""
        return np.asarray(misses - self.left @ (self.left.T @ misses))


def least_distance(constraints: Constraints, misses: FloatArray, slopes: FloatArray, floors: FloatArray) -> FloatArray:
    """Find the shortest u with (J sd) u = misses and slopes u >= floors.

    Parameters
    ----------
    constraints : Constraints
    misses : (M,) float array
    slopes : (N, K) float array
    floors : (N,) float array

    Returns
    -------
    (K,) float array
        NaN if no u meets the floors.
    """
    base = constraints.least(misses)
    right = constraints.right
    inner = slopes - (slopes @ right.T) @ right  # what is left to move without touching the equations
    need = floors - slopes @ base
    size = max(float(np.abs(need).max(initial=0.0)), 1e-300)
    system = np.vstack([inner.T, need / size])
    target = np.zeros(len(system))
    target[-1] = 1.0
    weights, distance = nnls(system, target)
    if distance <= 1e-12:
        return np.full_like(base, np.nan)
    rest = system @ weights - target
    return np.asarray(base - size * rest[:-1] / rest[-1])


@dataclass(frozen=True, eq=False)
class Spread:
    """Standard deviations of the data as independent sources, for first-order propagation.

    Attributes
    ----------
    year, datum : (S,) int array
        Source s is that of a datum in a year, or of a datum in all years (year -1).
    sd : (T, K) float array
    """

    year: npt.NDArray[np.int64]
    datum: npt.NDArray[np.int64]
    sd: FloatArray

    @classmethod
    def of(cls, sd: FloatArray, correlated: npt.NDArray[np.bool_]) -> Spread:
        """Make one source of a datum that is drawn once for all years, T of one that is drawn each year."""
        years = sd.shape[0]
        pairs = [
            (year, datum)
            for datum in range(sd.shape[1])
            if sd[:, datum].any()
            for year in ((-1,) if correlated[datum] else range(years))
        ]
        year, datum = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        return cls(year, datum, sd)

    def matrix(self) -> FloatArray:
        """(T, K, S): deviation of the data for one standard deviation of each source."""
        out = np.zeros((*self.sd.shape, len(self.year)))
        for source, (year, datum) in enumerate(zip(self.year, self.datum, strict=True)):
            rows = slice(None) if year < 0 else year
            out[rows, datum, source] = self.sd[rows, datum]
        return out


@dataclass(frozen=True, eq=False)
class Secant:
    """Broyden's method for many draws, each with r unknowns and a slope of its own.

    Attributes
    ----------
    at : (r, B) float array
        Where the draws are.
    step : (r, B) float array
        By how much they moved last.
    asked : (r, B) or (r, 0) float array
        How far they were asked to move there; nothing before the first step.
    inverse : (B, r, r) float array
        What moves a draw by what it is asked to.
    """

    at: FloatArray
    step: FloatArray
    asked: FloatArray
    inverse: FloatArray

    @classmethod
    def start(cls, at: FloatArray) -> Secant:
        """Start at (r, B), with slopes of 1."""
        inverse = np.repeat(np.eye(len(at))[None], at.shape[1], axis=0)
        return cls(at, np.zeros_like(at), np.zeros((len(at), 0)), inverse)

    def moved(self, asked: FloatArray, still: npt.NDArray[np.bool_]) -> Secant:
        """Move the draws that `still` (B,) move, of those before, by what they are asked to, (r, B)."""
        wanted, inverse = asked[:, still], self.inverse[still]
        if self.asked.size:
            step = self.step[:, still].T
            there = np.einsum("bij,bj->bi", inverse, (self.asked[:, still] - wanted).T)
            back = np.einsum("bi,bij->bj", step, inverse)
            along = (step * there).sum(axis=1)
            sound = np.abs(along) > 1e-3 * (step * step).sum(axis=1)
            gain = np.divide(step - there, along[:, None], out=np.zeros_like(step), where=sound[:, None])
            inverse = inverse + gain[:, :, None] * back[:, None, :]
        step = np.einsum("bij,jb->ib", inverse, wanted)
        return Secant(self.at[:, still] + step, step, wanted, inverse)
