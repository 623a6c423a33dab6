"""What stocks remember: how much of each inflow leaves at which age, and what leaves of what was there before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.flows.stocks.ages import (
    Timing,
    age_structure,
    left_of_history,
    legacy_of_stock,
    outflow_shares,
    remaining_shares,
)
from gvcpos.flows.stocks.lifetimes import Lifetime, LifetimeName
from gvcpos.flows.system.checks import number_in
from gvcpos.flows.system.data import DataVector
from gvcpos.flows.system.quantities import Stated
from gvcpos.flows.system.spec import StockBlock, SystemSpec

FloatArray = npt.NDArray[np.float64]
_OLDEST = 200  # vintages of an initial stock at most
_LIVES = 8.0  # or as many mean lifetimes


@dataclass(frozen=True, eq=False)
class StockMemory:
    """A stock with a lifetime, as columns of the data.

    Attributes
    ----------
    process : str
    distribution, timing : str
    parameters : mapping of str to int
        Name of a parameter to its column.
    before : (H, L) float array
        Earlier inflows, the oldest first (history), or shares of the layers in one row (initial stock); H may be 0.
    factors : (L,) tuple of int
        Columns that each layer of `before` is multiplied with.
    initial : bool
        Whether the factors are the stock at the start.
    growth : float
        Of the inflow behind an initial stock.
    oldest : int
        Vintages of an initial stock: as many in every draw, so that no draw depends on the others.
    """

    process: str
    distribution: LifetimeName
    timing: Timing
    parameters: Mapping[str, int]
    before: FloatArray
    factors: tuple[int, ...]
    initial: bool
    growth: float
    oldest: int = _OLDEST

    def reaching(self, first: FloatArray) -> StockMemory:
        """Return the memory with as many vintages as the mean lifetime at data (K,) needs."""
        mean = float(self._lifetime(first).mean())
        return replace(self, oldest=int(min(_OLDEST, np.ceil(_LIVES * mean) + 1)))

    def shares(self, data: FloatArray, years: int) -> FloatArray:
        """(T, B): share of an inflow that leaves at each age, of data (K, B) of the first year."""
        return np.ascontiguousarray(outflow_shares(self._lifetime(data), years, self.timing).T)

    def legacy(self, data: FloatArray, years: int) -> FloatArray:
        """(T + 1, L, B): what is left of earlier inflows before the first year and at the end of each."""
        layers = self.before.shape[1]
        if not self.factors:
            return np.zeros((years + 1, layers, 1))
        lifetime = self._lifetime(data)
        factor = np.stack([data[column] for column in self.factors])  # (L, B)
        if self.initial:
            remaining = remaining_shares(lifetime, self.oldest + years, self.timing)
            ages = age_structure(remaining[..., : self.oldest], self.growth)  # (B, H)
            held = ages[..., None] * (factor.T * self.before[0])[:, None, :]
            return np.moveaxis(legacy_of_stock(held, remaining, years).sum(axis=-2), 0, -1)
        remaining = remaining_shares(lifetime, len(self.before) + years, self.timing)
        return np.moveaxis(left_of_history(self.before, remaining, years), 0, -1) * factor

    def _lifetime(self, data: FloatArray) -> Lifetime:
        return Lifetime(self.distribution, {name: data[column] for name, column in self.parameters.items()})


def memories_of(spec: SystemSpec, data: DataVector) -> tuple[StockMemory, ...]:
    """Return the stocks with a lifetime, in the order of the processes.

    Raises
    ------
    SpecificationError
        If nothing is left at any age of an initial stock.
    """
    column = {name: number for number, name in enumerate(data.names)}
    found = [
        _memory(name, process.stock, spec, column).reaching(data.values[0])
        for name, process in spec.processes.items()
        if process.stock is not None and process.stock.lifetime is not None
    ]
    for memory in found:
        try:
            memory.legacy(data.values[0][:, None], len(spec.all_years))
        except InputError as error:
            raise SpecificationError(f"processes.{memory.process}.stock: {error}") from error
    return tuple(found)


def stocks_at_start(spec: SystemSpec, data: DataVector, first: FloatArray) -> dict[str, FloatArray]:
    """Return what stocks hold before the first year, process to (L,) kt, where the file says it.

    Parameters
    ----------
    spec : SystemSpec
    data : DataVector
    first : (K,) float array
        Data of the first year.
    """
    column = {name: number for number, name in enumerate(data.names)}
    out = {m.process: m.legacy(first[:, None], 1)[0, :, 0] for m in memories_of(spec, data)}
    for name, process in spec.processes.items():
        if process.stock is not None and process.stock.initial is not None:
            shares, columns = _before(name, process.stock, spec, column)
            out[name] = shares[0] * first[list(columns)]
    return out


def _memory(name: str, stock: StockBlock, spec: SystemSpec, column: Mapping[str, int]) -> StockMemory:
    assert stock.lifetime is not None
    names = [key for key in ("shape", "scale", "mean", "sd") if getattr(stock.lifetime, key) is not None]
    before, factors = _before(name, stock, spec, column)
    return StockMemory(
        process=name,
        distribution=stock.lifetime.distribution,
        timing=stock.timing,
        parameters={key: column[f"{name}.lifetime.{key}"] for key in names},
        before=before,
        factors=factors,
        initial=stock.initial is not None,
        growth=stock.growth,
    )


def _before(
    name: str, stock: StockBlock, spec: SystemSpec, column: Mapping[str, int]
) -> tuple[FloatArray, tuple[int, ...]]:
    """Return earlier inflows by year and layer (of an initial stock: shares of layers), and the columns of factors."""
    key = "history" if stock.history is not None else "initial"
    given = getattr(stock, key)
    if given is None:
        return np.zeros((0, len(spec.layers))), ()
    first = spec.all_years[0]
    split = dict.fromkeys(spec.layers, 1.0)
    if not isinstance(given, Mapping) and stock.composition is not None:
        split = {layer: number_in(part, first) for layer, part in stock.composition.items()}
    apart = isinstance(given, Mapping)
    blocks: dict[str, Stated] = {layer: given[layer] if apart else given for layer in spec.layers}
    columns = tuple(column[f"{name}.{key}[{layer}]" if apart else f"{name}.{key}"] for layer in blocks)
    if key == "initial":
        return np.array([[split[layer] for layer in spec.layers]]), columns
    oldest = min(min(block.values or {first - 1: 0.0}) for block in blocks.values())
    inflows = [
        [(block.values or {}).get(year, 0.0) * block.size * split[layer] for layer, block in blocks.items()]
        for year in range(oldest, first)
    ]
    return np.array(inflows), columns
