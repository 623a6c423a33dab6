"""How long things stay in use: four lifetime distributions, their survival functions and their means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import gamma, ndtr
from scipy.stats import lognorm, norm, weibull_min

from gvcpos._core.errors import InputError
from gvcpos._core.options import choose

FloatArray = npt.NDArray[np.float64]
LifetimeName = Literal["weibull", "lognormal", "normal", "fixed"]

_NAMES: Mapping[str, tuple[frozenset[str], ...]] = {
    "weibull": (frozenset({"shape", "scale"}), frozenset({"shape", "mean"})),
    "lognormal": (frozenset({"mean", "sd"}),),
    "normal": (frozenset({"mean", "sd"}),),
    "fixed": (frozenset({"mean"}),),
}


@dataclass(frozen=True, eq=False)
class Lifetime:
    """A lifetime distribution whose parameters may differ by draw, by layer or by vintage.

    Attributes
    ----------
    distribution : str
        "weibull", "lognormal", "normal" or "fixed".
    parameters : mapping of str to (...) float array
        Years, but for ``shape``. Weibull: ``shape`` and ``scale``, or ``shape`` and ``mean``. Log-normal: ``mean`` and
        ``sd`` of the lifetime itself, not of its logarithm. Normal: ``mean`` and ``sd`` before truncation at 0.
        Fixed: ``mean``.
    truncated : bool
        Of a normal lifetime: truncated at 0, the default; or, if False, what would have lived less than no time
        leaves in the year it came in.

    Raises
    ------
    InputError
        If a parameter is missing, left over, not finite or not positive.
    """

    distribution: LifetimeName
    parameters: Mapping[str, FloatArray]
    truncated: bool = True

    def __post_init__(self) -> None:
        choose(self.distribution, LifetimeName, "distribution")
        given, wanted = frozenset(self.parameters), _NAMES[self.distribution]
        if given not in wanted:
            text = " or ".join(", ".join(sorted(names)) for names in wanted)
            raise InputError(
                f"a {self.distribution} lifetime has {', '.join(sorted(given)) or 'nothing'}: give {text}."
            )
        arrays = {name: np.asarray(value, dtype=np.float64) for name, value in self.parameters.items()}
        for name, value in arrays.items():
            if not (np.isfinite(value).all() and (value > 0.0).all()):
                raise InputError(f"{name} of a {self.distribution} lifetime is {value.min()}: it must be positive.")
        object.__setattr__(self, "parameters", arrays)

    @classmethod
    def of(cls, distribution: LifetimeName, *, truncated: bool = True, **parameters: npt.ArrayLike) -> Lifetime:
        """Make a lifetime of keyword parameters, as in ``Lifetime.of("weibull", shape=3.5, scale=15)``."""
        values = {name: np.asarray(value, dtype=np.float64) for name, value in parameters.items()}
        return cls(distribution, values, truncated)

    @property
    def shape(self) -> tuple[int, ...]:
        """Leading dimensions (...) of the parameters taken together."""
        return np.broadcast_shapes(*(value.shape for value in self.parameters.values()))

    def survival(self, age: npt.ArrayLike) -> FloatArray:
        """Return the share still in use at exact ages.

        Parameters
        ----------
        age : (A,) array_like
            Years, not whole ones alone.

        Returns
        -------
        (..., A) float array
            P(lifetime > age); 1 below 0 for what cannot leave before it came.
        """
        years = np.asarray(age, dtype=np.float64)
        at = {name: value[..., None] for name, value in self.parameters.items()}
        match self.distribution:
            case "weibull":
                out = weibull_min.sf(
                    years, c=at["shape"], scale=at["scale"] if "scale" in at else self._scale()[..., None]
                )
            case "lognormal":
                sigma = np.sqrt(np.log1p((at["sd"] / at["mean"]) ** 2))
                out = lognorm.sf(years, s=sigma, scale=at["mean"] * np.exp(-0.5 * sigma**2))
            case "normal":
                out = norm.sf(years, loc=at["mean"], scale=at["sd"])
                if self.truncated:
                    out = np.minimum(out / ndtr(at["mean"] / at["sd"]), 1.0)
            case _:
                out = (years < at["mean"]).astype(np.float64)
        return np.asarray(np.broadcast_to(out, (*self.shape, *years.shape)), dtype=np.float64)

    def mean(self) -> FloatArray:
        """Return the mean lifetime in years, shape (...)."""
        if self.distribution == "weibull" and "scale" in self.parameters:
            mean = self.parameters["scale"] * gamma(1.0 + 1.0 / self.parameters["shape"])
        elif self.distribution == "normal":
            centre, spread = self.parameters["mean"], self.parameters["sd"]
            z = centre / spread
            beyond = ndtr(z) if self.truncated else 1.0  # E[max(X, 0)] where nothing is cut off
            mean = (centre * ndtr(z) + spread * norm.pdf(z)) / beyond
        else:
            mean = self.parameters["mean"]
        return np.asarray(np.broadcast_to(mean, self.shape), dtype=np.float64)

    def _scale(self) -> FloatArray:
        """Scale of the Weibull with the given mean, (...)."""
        return np.asarray(self.parameters["mean"] / gamma(1.0 + 1.0 / self.parameters["shape"]))
