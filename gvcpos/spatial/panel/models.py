"""The static models: which spatial terms each has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Features:
    """Spatial terms of a model.

    Attributes
    ----------
    lag : bool
        ρWy.
    error : bool
        u = λMu + e.
    durbin : bool
        WXθ.
    """

    lag: bool
    error: bool
    durbin: bool

    @property
    def spatial(self) -> tuple[str, ...]:
        """Names of the spatial parameters, in the order of the covariance."""
        return ("rho",) * self.lag + ("lambda",) * self.error


MODELS: dict[str, Features] = {
    "slx": Features(lag=False, error=False, durbin=True),
    "sar": Features(lag=True, error=False, durbin=False),
    "sem": Features(lag=False, error=True, durbin=False),
    "sdm": Features(lag=True, error=False, durbin=True),
    "sdem": Features(lag=False, error=True, durbin=True),
    "sac": Features(lag=True, error=True, durbin=False),
    "gns": Features(lag=True, error=True, durbin=True),
}
