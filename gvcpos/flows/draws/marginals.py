"""What one uncertain datum may be: six distributions by their quantile functions, cut off where values cannot be."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
from scipy.special import betainc, betaincinv, ndtr, ndtri

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose

FloatArray = npt.NDArray[np.float64]
DistributionName = Literal["normal", "lognormal", "truncated normal", "triangular", "beta", "uniform"]
_RARE = 1e-3  # a normal that leaves its bounds more often than this was not meant to


@dataclass(frozen=True, eq=False)
class Marginal:
    """The distribution of one datum in each of T years; years whose spread is 0 are known.

    Attributes
    ----------
    distribution : str
        "normal", "lognormal", "truncated normal", "triangular", "beta" or "uniform".
    shape : (n, T) float array
        What the distribution needs: location and scale of a normal; mean and sd of the logarithm; low, mode and high;
        alpha, beta, low and high; low and high.
    centre : (T,) float array
        What the point solution takes.
    bounds : (float, float)
        Values outside cannot be: the distribution is cut off there and what is left scaled up.
    """

    distribution: DistributionName
    shape: FloatArray
    centre: FloatArray
    bounds: tuple[float, float] = (-np.inf, np.inf)

    @classmethod
    def of_sd(
        cls,
        distribution: DistributionName,
        centre: npt.ArrayLike,
        sd: npt.ArrayLike,
        bounds: tuple[float, float] = (-np.inf, np.inf),
    ) -> Marginal:
        """Make a distribution of its centre and standard deviation.

        The centre is the mean, and `sd` the standard deviation, before anything is cut off at the bounds. A triangular
        or uniform distribution is then symmetric; a beta distribution lies on the bounds, which must be finite.

        Parameters
        ----------
        centre, sd : (T,) array_like

        Raises
        ------
        InputError
            If no such distribution exists, or a normal one leaves the bounds in more than one draw of a thousand.
        """
        choose(distribution, DistributionName, "distribution")
        m = np.atleast_1d(np.asarray(centre, dtype=np.float64))
        s = np.broadcast_to(np.asarray(sd, dtype=np.float64), m.shape).copy()
        if not (np.isfinite(m).all() and np.isfinite(s).all() and (s >= 0.0).all()):
            raise InputError(
                f"centre {m.tolist()} and standard deviation {s.tolist()}: finite and not negative wanted."
            )
        shape = _shape_of_sd(distribution, m, s, bounds)
        out = cls(distribution, np.where(s > 0.0, shape, np.nan), m, bounds)
        out._check()
        return out

    @classmethod
    def of_range(
        cls,
        distribution: DistributionName,
        low: npt.ArrayLike,
        high: npt.ArrayLike,
        mode: npt.ArrayLike | None = None,
        bounds: tuple[float, float] = (-np.inf, np.inf),
    ) -> Marginal:
        """Make a triangular, beta or uniform distribution of where it begins and ends.

        The centre is the mode, or the middle of a uniform one. The beta distribution is that of PERT (Malcolm et al.
        1959, Oper. Res. 7:646): mean (low + 4 mode + high) / 6.

        Parameters
        ----------
        low, high, mode : (T,) array_like
        """
        choose(distribution, DistributionName, "distribution")
        if distribution not in ("triangular", "beta", "uniform"):
            raise InputError(f"a {distribution} distribution has no low and high. Give its standard deviation.")
        a, b = (np.atleast_1d(np.asarray(value, dtype=np.float64)) for value in (low, high))
        c = 0.5 * (a + b) if mode is None else np.atleast_1d(np.asarray(mode, dtype=np.float64))
        a, b, c = (np.array(value) for value in np.broadcast_arrays(a, b, c))
        if not ((a <= c) & (c <= b)).all() or a.min() < bounds[0] or b.max() > bounds[1]:
            at = int(np.argmin((a <= c) & (c <= b)))
            raise InputError(
                f"low {a[at]:g}, mode {c[at]:g}, high {b[at]:g}: wanted in this order and between "
                f"{bounds[0]:g} and {bounds[1]:g}."
            )
        width = np.where(b > a, b - a, 1.0)
        rows = {
            "triangular": (a, c, b),
            "beta": (1.0 + 4.0 * (c - a) / width, 1.0 + 4.0 * (b - c) / width, a, b),
            "uniform": (a, b),
        }[distribution]
        return cls(distribution, np.where(b > a, np.stack(rows), np.nan), c, bounds)

    @property
    def certain(self) -> npt.NDArray[np.bool_]:
        """Years in which the datum is known, (T,)."""
        return np.asarray(np.isnan(self.shape[0]))

    def ppf(self, u: npt.ArrayLike) -> FloatArray:
        """Return quantiles.

        Parameters
        ----------
        u : (n, 1) or (n, T) array_like
            Between 0 and 1; one column for all years, or one a year.

        Returns
        -------
        (n, T) float array
        """
        at = np.ascontiguousarray(np.asarray(u, dtype=np.float64).T)  # draws last: every year is one run of numbers
        columns, inverse = self._alike
        if len(at) == 1 and columns.shape[1] < self.centre.size:  # years alike are computed once
            return self._known(self._quantile(at, columns[:-1], self._alike_ends), columns[0], columns[-1])[inverse].T
        return self._known(self._quantile(at, self.shape, self._ends), self.shape[0], self.centre).T

    @staticmethod
    def _known(found: FloatArray, shape: FloatArray, centre: FloatArray) -> FloatArray:
        """Put what is known (C,) in place of quantiles (C, n) of no shape."""
        certain = np.isnan(shape)
        if certain.any():
            found[certain] = centre[certain, None]
        return found

    @cached_property
    def _ends(self) -> tuple[FloatArray, FloatArray] | None:
        """Probabilities at the bounds in each year, (C, 1) each; None where nothing is cut off."""
        return self._cut(self.shape)

    @cached_property
    def _alike_ends(self) -> tuple[FloatArray, FloatArray] | None:
        """The same for the different columns of `_alike`."""
        return self._cut(self._alike[0][:-1])

    def _cut(self, shape: FloatArray) -> tuple[FloatArray, FloatArray] | None:
        if np.isinf(self.bounds).all():
            return None
        low, high = (_cdf(self.distribution, np.float64(bound), shape)[:, None] for bound in self.bounds)
        return (low, high) if (low != 0.0).any() or (high != 1.0).any() else None

    @cached_property
    def _alike(self) -> tuple[FloatArray, npt.NDArray[np.intp]]:
        """Different columns of shape and centre, and which of them each year has."""
        columns, inverse = np.unique(np.vstack([self.shape, self.centre]), axis=1, return_inverse=True)
        return columns, inverse.reshape(-1)

    def _quantile(self, u: FloatArray, shape: FloatArray, ends: tuple[FloatArray, FloatArray] | None) -> FloatArray:
        """Quantiles between the bounds, (C, n) of shapes (k, C); nan where the shape is."""
        if ends is not None:
            low, high = ends
            u = low + u * (high - low)
        out = _ppf(self.distribution, u, shape[..., None])
        return out if np.isinf(self.bounds).all() else np.clip(out, *self.bounds, out=out)

    def _check(self) -> None:
        """Refuse a normal that often leaves its bounds, and bounds that leave nothing."""
        known = self.shape[:, ~self.certain]
        low, high = (_cdf(self.distribution, np.float64(bound), known) for bound in self.bounds)
        outside = 1.0 - (high - low)
        if outside.size == 0 or self.distribution == "beta":
            return
        most = float(outside.max())
        if self.distribution == "normal" and most > _RARE:
            raise InputError(
                f"normal with mean {known[0, outside.argmax()]:g} and sd {known[1, outside.argmax()]:g} is outside "
                f"{self.bounds[0]:g} to {self.bounds[1]:g} in {most:.1%} of draws: take 'truncated normal'."
            )
        if most > 1.0 - 1e-6:
            raise InputError(f"a {self.distribution} datum is never between {self.bounds[0]:g} and {self.bounds[1]:g}.")


def _shape_of_sd(distribution: str, m: FloatArray, s: FloatArray, bounds: tuple[float, float]) -> FloatArray:
    """What a distribution with mean m and standard deviation s needs, (n, T)."""
    spread = s > 0.0
    if distribution == "lognormal":
        if not (m[spread] > 0.0).all():
            raise InputError(f"log-normal with mean {m[spread].min():g}: it must be positive.")
        ratio = np.divide(s, m, out=np.zeros_like(m), where=spread)
        sigma = np.sqrt(np.log1p(ratio**2))
        return np.stack([np.log(np.where(spread, m, 1.0)) - 0.5 * sigma**2, sigma])
    if distribution == "triangular":
        return np.stack([m - np.sqrt(6.0) * s, m, m + np.sqrt(6.0) * s])
    if distribution == "uniform":
        return np.stack([m - np.sqrt(3.0) * s, m + np.sqrt(3.0) * s])
    if distribution != "beta":
        return np.stack([m, s])
    low, high = bounds
    if not np.isfinite(bounds).all():
        raise InputError("a beta datum that is no share has no bounds of its own: give low, mode and high.")
    at, wide = (m - low) / (high - low), s / (high - low)
    size = np.divide(at * (1.0 - at), wide**2, out=np.full_like(m, 2.0), where=spread) - 1.0
    if not (size > 0.0).all():
        worst = int(np.argmin(size))
        raise InputError(
            f"beta with mean {m[worst]:g} and sd {s[worst]:g} between {low:g} and {high:g}: sd is too large."
        )
    return np.stack([at * size, (1.0 - at) * size, np.full_like(m, low), np.full_like(m, high)])


def _ppf(distribution: str, u: FloatArray, shape: FloatArray) -> FloatArray:
    """Quantiles (C, n) of shapes (k, C, 1)."""
    match distribution:
        case "normal" | "truncated normal":
            return np.asarray(shape[0] + shape[1] * ndtri(u))
        case "lognormal":
            return np.asarray(np.exp(shape[0] + shape[1] * ndtri(u)))
        case "uniform":
            return np.asarray(shape[0] + u * (shape[1] - shape[0]))
        case "beta":
            return np.asarray(shape[2] + (shape[3] - shape[2]) * betaincinv(shape[0], shape[1], u))
    low, mode, high = shape
    left, right = mode - low, high - mode
    width = left + right
    rising = low + np.sqrt(u * width * left)
    return np.where(u * width < left, rising, high - np.sqrt((1.0 - u) * width * right))


def _cdf(distribution: str, x: np.float64, shape: FloatArray) -> FloatArray:
    """Probability of at most x, (C,) of shapes (k, C)."""
    match distribution:
        case "normal" | "truncated normal":
            return np.asarray(ndtr((x - shape[0]) / shape[1]))
        case "lognormal":
            return (
                np.asarray(ndtr((np.log(max(x, 0.0)) - shape[0]) / shape[1])) if x > 0.0 else np.zeros(shape.shape[1])
            )
        case "uniform":
            return np.clip((x - shape[0]) / (shape[1] - shape[0]), 0.0, 1.0)
        case "beta":
            at = np.clip((x - shape[2]) / (shape[3] - shape[2]), 0.0, 1.0)
            return np.asarray(betainc(shape[0], shape[1], at))
    low, mode, high = shape
    at = np.clip(x, low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        rising = (at - low) ** 2 / ((high - low) * (mode - low))
        falling = 1.0 - (high - at) ** 2 / ((high - low) * (high - mode))
    return np.where(at < mode, rising, np.where(at >= high, 1.0, falling))


DISTRIBUTIONS: tuple[str, ...] = get_args(DistributionName)
