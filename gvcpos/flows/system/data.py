"""The vector of a system's data: every number of the file, year by year in the units inside, with its distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import SpecificationError
from gvcpos._core.labels import locate, unique
from gvcpos.flows.system.quantities import Distribution, Spreadable, Stated, Uncertainty
from gvcpos.flows.system.spec import SystemSpec
from gvcpos.flows.units import INSIDE, factor

FloatArray = npt.NDArray[np.float64]
What = Literal["value", "share", "composition", "ratio", "lifetime", "history", "initial", "price", "cost"]


@dataclass(frozen=True, eq=False)
class Datum:
    """One number of the file over the years.

    Attributes
    ----------
    name : str
        As in ``"ore"``, ``"ore[light]"``, ``"concentrate.share"``, ``"ore.composition[light]"``,
        ``"use.lifetime.scale"``.
    what : str
        value, share, composition, ratio, lifetime, history, initial; of other parts of the file price or cost.
    owner : str
        The flow or the process.
    layer : str or None
    values : (T,) float array
        In `unit`. Of a history: 1, a factor on the whole of it.
    sd : (T,) float array
        Standard deviation; 0 where the number is exact.
    low, mode, high : (T,) float array
        Bounds of the distribution (-inf and inf if it has none) and its mode (of a triangular or beta one).
    distribution : str or None
        None if the number is exact.
    correlated : bool
        One draw for all years.
    unit : str
        kt, 1, year, USD million/kt, ...
    source, assumed, grade : str
        Empty if not given; the grade is the source's if the number has none of its own.
    calibrated_to : tuple of str
    path : tuple
        Where it stands in the file.
    """

    name: str
    what: What
    owner: str
    layer: str | None
    values: FloatArray
    sd: FloatArray
    low: FloatArray
    mode: FloatArray
    high: FloatArray
    distribution: Distribution | None
    correlated: bool
    unit: str
    source: str
    assumed: str
    calibrated_to: tuple[str, ...]
    grade: str
    path: tuple[int | str, ...]

    @property
    def status(self) -> str:
        """How the number is known: ``"source"``, ``"assumed"``, ``"calibrated"`` or ``"not stated"``."""
        if self.calibrated_to:
            return "calibrated"
        return "source" if self.source else "assumed" if self.assumed else "not stated"

    @classmethod
    def of(
        cls,
        block: Stated,
        spec: SystemSpec,
        *,
        name: str,
        what: What,
        owner: str,
        layer: str | None,
        path: tuple[int | str, ...],
    ) -> Datum:
        """Make one of a block of the file; of a history, the factor on it.

        Raises
        ------
        SpecificationError
            If the distribution cannot have this standard deviation.
        """
        size = 1.0 if what == "history" else block.size
        values = np.array([1.0 if what == "history" else _at(block, year) * size for year in spec.all_years])
        spread = _spread(block, values, size, what)
        grade = block.grade or (spec.sources[block.source].grade if block.source in spec.sources else None)
        found = cls(
            name=name,
            what=what,
            owner=owner,
            layer=layer,
            values=values,
            **spread,
            distribution=None if block.uncertainty is None else block.uncertainty.kind,
            correlated=block.uncertainty is None or block.uncertainty.correlated,
            unit="1" if what == "history" else INSIDE[block.measure],
            source=block.source or "",
            assumed=block.assumed or "",
            calibrated_to=block.calibrated_to or (),
            grade=grade or "",
            path=path,
        )
        if found.distribution == "beta":
            impossible = (found.sd > 0) & (found.sd**2 >= (values - found.low) * (found.high - values))
            if impossible.any():
                raise SpecificationError(
                    f"{name}: no beta distribution between its bounds has this standard deviation."
                )
        return found


@dataclass(frozen=True, eq=False)
class DataVector:
    """All data of a system: names and arrays (T, K).

    Attributes
    ----------
    data : tuple of Datum
        K data.
    years : tuple of int
        T years.
    """

    data: tuple[Datum, ...]
    years: tuple[int, ...]

    def __post_init__(self) -> None:
        unique(self.names, "data of the system")

    def __iter__(self) -> Iterator[Datum]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """K names."""
        return tuple(datum.name for datum in self.data)

    @cached_property
    def values(self) -> FloatArray:
        """(T, K), in the units inside."""
        return self._stacked(datum.values for datum in self.data)

    @cached_property
    def sd(self) -> FloatArray:
        """(T, K) standard deviations."""
        return self._stacked(datum.sd for datum in self.data)

    @property
    def distributions(self) -> tuple[Distribution | None, ...]:
        """K distributions; None for exact numbers."""
        return tuple(datum.distribution for datum in self.data)

    @cached_property
    def correlated(self) -> npt.NDArray[np.bool_]:
        """(K,): one draw for all years."""
        return np.array([datum.correlated for datum in self.data], dtype=bool)

    def at(self, names: Iterable[str]) -> npt.NDArray[np.intp]:
        """Return the columns of some data by name."""
        return locate(names, self.names, "data")

    def to_frame(self) -> pd.DataFrame:
        """Return the data: year, name, what, owner, layer, value, sd, unit, distribution, and where they are from."""
        rows = [
            {
                "year": year,
                "name": d.name,
                "what": d.what,
                "owner": d.owner,
                "layer": d.layer or "total",
                "value": d.values[t],
                "sd": d.sd[t],
                "unit": d.unit,
                "distribution": d.distribution or "exact",
                "status": d.status,
                "source": d.source,
                "grade": d.grade,
                "assumed": d.assumed,
                "calibrated_to": ", ".join(d.calibrated_to),
            }
            for d in self.data
            for t, year in enumerate(self.years)
        ]
        return pd.DataFrame(rows)

    def _stacked(self, columns: Iterable[FloatArray]) -> FloatArray:
        found = list(columns)
        out = np.stack(found, axis=1) if found else np.zeros((len(self.years), 0))
        out.flags.writeable = False
        return out


def _at(block: Stated, year: int) -> float:
    return float(block.value if block.value is not None else (block.values or {})[year])


def _spread(block: Stated, values: FloatArray, size: float, what: What) -> dict[str, FloatArray]:
    """Return sd, low, mode and high, (T,) each, in the unit inside."""
    found = block.uncertainty
    least = np.full_like(values, block.lowest)
    most = np.full_like(values, np.inf if what == "history" else block.highest)
    free = np.full_like(values, np.inf)
    if found is None:
        return {"sd": np.zeros_like(values), "low": values, "mode": values, "high": values}
    if found.low is not None and found.high is not None:
        given = _mean_of_history(block) if what == "history" else 1.0
        low, high = (np.full_like(values, bound * size / given) for bound in (found.low, found.high))
        mode = values if found.mode is None else np.full_like(values, found.mode * size / given)
        bounded = _deviation(found, block, values, what) if found.relative is not None or found.sd is not None else None
        sd = bounded if bounded is not None else _sd_between(found.kind, low, mode, high)
        return {"sd": sd, "low": low, "mode": mode, "high": high}
    sd = _deviation(found, block, values, what)
    if found.kind in ("triangular", "uniform"):
        half = np.sqrt(6.0 if found.kind == "triangular" else 3.0) * sd
        low, high = np.maximum(values - half, least), np.minimum(values + half, most)
        return {"sd": _sd_between(found.kind, low, values, high), "low": low, "mode": values, "high": high}
    if found.kind == "normal":
        return {"sd": sd, "low": -free, "mode": values, "high": free}
    return {"sd": sd, "low": least, "mode": values, "high": most}


def _deviation(found: Uncertainty, block: Stated, values: FloatArray, what: What) -> FloatArray:
    """Standard deviation as given, in the unit inside."""
    if found.relative is not None:
        return np.asarray(found.relative * values)
    given = found.sd.value if isinstance(found.sd, Spreadable) else found.sd
    unit = found.sd.unit if isinstance(found.sd, Spreadable) else block.unit
    deviation = float(given or 0.0) * factor(unit, block.measure)
    return np.full_like(values, deviation / (_mean_of_history(block) * block.size) if what == "history" else deviation)


def _mean_of_history(block: Stated) -> float:
    """Mean of a series, in its unit: what the deviation of a whole history is relative to."""
    return float(np.mean(list((block.values or {0: block.value or 1.0}).values()))) or 1.0


def _sd_between(kind: str, low: FloatArray, mode: FloatArray, high: FloatArray) -> FloatArray:
    """Standard deviation of a distribution by its bounds; a beta one is that of PERT, a sixth of its range."""
    if kind == "uniform":
        return np.asarray((high - low) / np.sqrt(12.0))
    if kind == "triangular":
        return np.asarray(np.sqrt((low**2 + mode**2 + high**2 - low * mode - low * high - mode * high) / 18.0))
    mean = (low + 4.0 * mode + high) / 6.0
    return np.asarray(np.sqrt((mean - low) * (high - mean) / 7.0))


def by_layer(found: Any) -> dict[str | None, Any]:
    """Return parts by layer; of a number for all layers, one part without a layer."""
    return dict(found) if isinstance(found, Mapping) else {None: found}
