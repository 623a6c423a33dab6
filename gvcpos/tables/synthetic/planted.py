"""The planted parameters: what an analysis of the synthetic world has to find again."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import SpecificationError
from gvcpos._core.options import choose

STAGES = ("upstream", "midstream", "downstream")
Regime = Literal["lock-in", "absent", "reversed"]
Course = Literal["level", "walk", "closing"]
# Suppliers of ores and metals in the three regimes.
DRIFTING = ("CHN", "AUS", "BRA", "IND", "IDN", "MYS", "VNM", "THA")


@dataclass(frozen=True)
class Event:
    """A shock to the value added of a stage in one year.

    Attributes
    ----------
    name : str
        What happens.
    year : int
        When; the level returns the year after unless another event follows.
    size : float
        Added to the logarithm of value added (and so of output; the value-added rate is untouched).
    country : str, optional
        Where; everywhere if not given, which time effects absorb.
    stage : str, optional
        Which stage; every sector if not given.
    """

    name: str
    year: int
    size: float
    country: str | None = None
    stage: str | None = None

    def __post_init__(self) -> None:
        if self.stage is not None and self.stage not in STAGES:
            raise SpecificationError(f"event {self.name!r}: no stage {self.stage!r}. Allowed: {', '.join(STAGES)}.")


EVENTS = (
    Event("world demand slump", 2009, -0.12),
    Event("export quota cut", 2010, -0.20, "CHN", "upstream"),
    Event("export quota cut", 2011, -0.25, "CHN", "upstream"),
)


@dataclass(frozen=True)
class Planted:
    """Parameters of the synthetic world; triples run upstream, midstream, downstream.

    For each stage s, with y the value-added rate (value added over output), X the output-weighted
    upstreamness, z the R&D intensity, W the row-normalised inverse distances of capitals and ε ~ N(0, sigma²):

        y_st = rho W y_st + slope_s X_st + rd z_t + slope_spill_s W X_st + rd_spill W z_t + μ_s + α_st + ε_st

    and, with v value added and e ~ N(0, pull_sigma²):

        Δ ln v_down,t = pull_through Δ ln v_up,t−1 + μ + α_t + e_t

    Attributes
    ----------
    rho : float
        Spatial dependence of the value-added rate.
    slope, slope_spill : (float, float, float)
        Own and neighbours' effect of upstreamness; a negative upstream slope is the planted lock-in.
    rd, rd_spill : float
        Own and neighbours' effect of R&D intensity.
    sigma : float
        Standard deviation of ε.
    pull_through, pull_sigma : float
        Elasticity of downstream to last year's upstream growth, and standard deviation of e.
    dominant_share : (float, float)
        CHN's share of the world's upstream value added in the first and the last year, before events.
    events : tuple of Event
        Shocks; those of years outside the world are ignored.
    drift : float
        What is added to the upstream position of the countries in `drifting` every year, over and above the rest of
        the process; their capture follows by `slope`.
    drifting : tuple of str
        Those of them that the world lacks are ignored.
    openness : float
        Yearly growth, in logarithms, of what everybody tends to buy abroad rather than at home.
    course : {"level", "walk", "closing"}
        How the value-added rate of a country moves: around a level of its own with ε of each year; by ε from year to
        year, so that it comes back to nothing; or around one level of all countries with ε / log(t + 1), so that
        countries close in on each other (the border of convergence in Phillips and Sul 2007).
    regional : bool
        Whether levels of the value-added rate are alike among close countries.
    stragglers : tuple of str
        Where countries close in on each other: if there are any, the others are five times nearer to the common level
        than they, from the first year on.
    """

    rho: float = 0.5
    slope: tuple[float, float, float] = (-0.08, 0.0, 0.10)
    slope_spill: tuple[float, float, float] = (-0.15, 0.05, 0.15)
    rd: float = 0.03
    rd_spill: float = 0.05
    sigma: float = 0.02
    pull_through: float = 0.3
    pull_sigma: float = 0.06
    dominant_share: tuple[float, float] = (0.52, 0.60)
    events: tuple[Event, ...] = EVENTS
    drift: float = 0.0
    drifting: tuple[str, ...] = ()
    openness: float = 0.0
    course: Course = "level"
    regional: bool = True
    stragglers: tuple[str, ...] = ()

    @classmethod
    def regime(cls, name: Regime, strength: float = 1.0) -> Planted:
        """Return the parameters of a world with lock-in, without, or with its reverse.

        Parameters
        ----------
        name : {"lock-in", "absent", "reversed"}
        strength : float
            Multiplies what sets the regimes apart.

        Notes
        -----
        In all three participation deepens and `DRIFTING` move upstream. With lock-in that costs them capture, and
        upstream growth crowds downstream growth out; absent, it does neither; reversed, it adds capture, and upstream
        growth pulls downstream growth along.
        """
        slope, pull = {"lock-in": (-0.08, -0.3), "absent": (0.0, 0.0), "reversed": (0.08, 0.3)}[
            choose(name, Regime, "regime")
        ]
        slope, pull = strength * slope, strength * pull
        return cls(
            slope=(slope, 0.0, 0.0),
            slope_spill=(slope / 2, 0.0, 0.0),
            pull_through=pull,
            drift=0.02,
            drifting=DRIFTING,
            openness=0.03,
        )

    def __post_init__(self) -> None:
        for name in ("slope", "slope_spill"):
            values = tuple(float(v) for v in getattr(self, name))
            if len(values) != len(STAGES):
                raise SpecificationError(f"{name} needs {len(STAGES)} values ({', '.join(STAGES)}), got {values}.")
            object.__setattr__(self, name, values)
        shares = tuple(float(v) for v in self.dominant_share)
        if len(shares) != 2 or not all(0.0 < share < 1.0 for share in shares):
            raise SpecificationError(f"dominant_share={shares}: give the first and last year's share, each in (0, 1).")
        object.__setattr__(self, "dominant_share", shares)
        object.__setattr__(self, "events", tuple(self.events))
        object.__setattr__(self, "drifting", tuple(self.drifting))
        object.__setattr__(self, "stragglers", tuple(self.stragglers))
        choose(self.course, Course, "course")
        if not -1.0 < self.rho < 1.0:
            raise SpecificationError(f"rho={self.rho}: with row-normalised weights it must lie in (-1, 1).")
        if self.sigma <= 0 or self.pull_sigma <= 0:
            raise SpecificationError(f"sigma={self.sigma}, pull_sigma={self.pull_sigma}: both must be positive.")

    def to_frame(self) -> pd.DataFrame:
        """Return one row per planted number: parameter, stage ("" where common), value, meaning."""
        rows: list[tuple[str, str, float, str]] = []
        for field in fields(self):
            value, meaning = getattr(self, field.name), _MEANING.get(field.name, "")
            if field.name in ("slope", "slope_spill"):
                rows += [(field.name, stage, v, meaning) for stage, v in zip(STAGES, value, strict=True)]
            elif field.name == "dominant_share":
                rows.append(("dominant_share_first", STAGES[0], value[0], meaning + ", first year"))
                rows.append(("dominant_share_last", STAGES[0], value[1], meaning + ", last year"))
            elif field.name == "events":
                rows += [_event_row(event) for event in value]
            elif field.name == "drifting":
                rows += [
                    ("drifting", STAGES[0], self.drift, f"{country} moves upstream every year") for country in value
                ]
            elif field.name == "drift" or (field.name in _SELDOM and value == field.default):
                continue
            elif field.name in ("course", "regional"):
                rows.append((f"{field.name}: {value}", "", np.nan, _MEANING[field.name]))
            elif field.name == "stragglers":
                rows.append((f"stragglers: {', '.join(value)}", "", np.nan, _MEANING[field.name]))
            else:
                rows.append((field.name, "downstream" if "pull" in field.name else "", float(value), meaning))
        return pd.DataFrame(rows, columns=["parameter", "stage", "value", "meaning"])


_MEANING = {
    "rho": "spatial dependence of the value-added rate, W y",
    "slope": "effect of upstreamness on the value-added rate",
    "slope_spill": "effect of neighbours' upstreamness, W X",
    "rd": "effect of R&D intensity on the value-added rate",
    "rd_spill": "effect of neighbours' R&D intensity, W z",
    "sigma": "standard deviation of the value-added rate's disturbance",
    "pull_through": "elasticity of downstream to last year's upstream value-added growth",
    "pull_sigma": "standard deviation of the downstream growth disturbance",
    "openness": "yearly growth of the inclination to buy abroad, in logarithms",
    "dominant_share": "CHN's share of world upstream value added before events",
    "course": "how the value-added rate moves over the years",
    "regional": "whether levels of the value-added rate are alike among close countries",
    "stragglers": "countries that are further from the common level than the others",
}
_SELDOM = ("openness", "course", "regional", "stragglers")  # told where they are not as by default


def _event_row(event: Event) -> tuple[str, str, float, str]:
    where = event.country or "world"
    return f"event_{event.year}", event.stage or "", event.size, f"{event.name}, {where}: log change of value added"
