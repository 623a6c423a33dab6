"""Estimates of a chain's output within wide sectors, from trade and production or from shares that are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos._core.options import choose
from gvcpos.chains.chain import Chain
from gvcpos.chains.split.cells import WideCells
from gvcpos.chains.split.data import Goods, HasFrame, money_scale, read_flows, read_production
from gvcpos.tables import IOTable

_T = TypeVar("_T", str, float)
FloatArray = npt.NDArray[np.float64]
MissingProduction = Literal["wide-ratio", "exports", "none"]
ReExports = Literal["made", "dropped"]


@dataclass(frozen=True)
class DataRules:
    """How trade and production data are read.

    Attributes
    ----------
    rest : str, optional
        Country of the table that takes in those it does not have; by default they are an error.
    unit : str or float
        Of ``value`` in both frames ("million USD", "USD thousand"), or the table's units in one unit of it.
    missing : {"wide-ratio", "exports", "none"} or mapping of stage to one
        Output without production data: exports over the part of its output that the wide sector sells abroad; exports
        alone; or nothing, exports being re-exports.
    reexports : {"made", "dropped"}
        Exports beyond production: output is raised to them, or they are scaled to it.
    cap : float, optional
        Largest share of a wide sector; by default more than the whole is an error.
    relative_error : float or mapping of stage to float
        Of output, where the production frame does not say.
    """

    rest: str | None = None
    unit: str | float = "million USD"
    missing: MissingProduction | Mapping[str, MissingProduction] = "wide-ratio"
    reexports: ReExports = "made"
    cap: float | None = None
    relative_error: float | Mapping[str, float] = 0.2

    @classmethod
    def of(cls, rules: Mapping[str, Any]) -> DataRules:
        """Make rules of keywords; InputError for one that is not known or cannot be."""
        unknown = [name for name in rules if name not in cls.__dataclass_fields__]
        if unknown:
            known = ", ".join(cls.__dataclass_fields__)
            raise InputError(f"no rule {enumerate_labels(unknown)} for trade and production data. Allowed: {known}.")
        found = cls(**rules)
        choose(found.reexports, ReExports, "reexports")
        if found.cap is not None and not 0 < found.cap <= 1:
            raise InputError(f"cap={found.cap}: the largest share of a wide sector's output lies in (0, 1].")
        return found


@dataclass(frozen=True, eq=False)
class Estimates:
    """Output of the chain's goods and their sales by destination, in the table's unit; G countries, W wide sectors.

    Attributes
    ----------
    sectors, stages : tuple of str
        W wide sectors and the stage of each.
    wide, output, relative_error : ndarray, shape (G, W)
    sales, asked : ndarray, shape (G, W, G)
        Sales as they are used, home included, and exports as the data have them (NaN without data).
    basis : ndarray of str, shape (G, W)
    """

    sectors: tuple[str, ...]
    stages: tuple[str, ...]
    wide: FloatArray
    output: FloatArray
    relative_error: FloatArray
    sales: FloatArray
    asked: FloatArray
    basis: npt.NDArray[np.object_]

    @classmethod
    def of_shares(
        cls, table: IOTable, sectors: tuple[str, ...], stages: tuple[str, ...], share: FloatArray, error: FloatArray
    ) -> Estimates:
        """Take shares (G, W) of output, sold as the wide sectors sell."""
        wide, to = wide_sales(table, sectors)
        output = share * np.maximum(wide, 0.0)
        total = to.sum(axis=2, keepdims=True)
        sales = np.divide(to, total, out=np.zeros_like(to), where=total > 0) * output[:, :, None]
        basis = np.where(share > 0, "share given", "none").astype(object)
        return cls(sectors, stages, wide, output, error, sales, np.full_like(sales, np.nan), basis)


def wide_sales(table: IOTable, sectors: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
    """Return output (G, W) and positive sales by destination (G, W, G) of some sectors."""
    cells = WideCells.of(table, locate(sectors, table.sectors, "sector"))
    G, _, W = cells.shape
    return cells.x.reshape(G, W), cells.by_destination(np.maximum(cells.rows, 0.0)).reshape(G, W, G)


def goods_of(table: IOTable, chain: Chain, rest: str | None = None) -> Goods:
    """Find the wide sectors that make goods of a chain.

    Raises
    ------
    LabelError
        If the table lacks a sector of the chain, or `rest`.
    InputError
        If no stage has HS codes, one has several sectors and does not say which makes what, or codes of two sectors
        lie within each other.
    """
    chain.check(table)
    if rest is not None:
        locate([rest], table.countries, "country of the table")
    of: dict[str, str] = {}
    for stage in chain.stages:
        if stage.hs and not stage.sector_of:
            raise InputError(
                f"chain {chain.name!r}: stage {stage.name!r} has the sectors {enumerate_labels(stage.sectors)} and "
                "does not say which of them makes HS " + enumerate_labels(stage.hs) + ". Give hs as {sector: [codes]}."
            )
        for hs, sector in stage.sector_of.items():
            code = hs.replace(".", "")
            clash = [c for c in of if c.startswith(code) or code.startswith(c)]
            if clash:
                raise InputError(f"chain {chain.name!r}: HS {hs} and {clash[0]} lie within each other. Keep one.")
            of[code] = sector
    if not of:
        raise InputError(f"chain {chain.name!r} has no HS codes. Give hs to its stages, or weights made from shares.")
    sectors = tuple(s for s in chain.sectors if s in set(of.values()))
    stages = tuple(chain.stage_of()[s] for s in sectors)
    return Goods(table.countries, sectors, stages, of, table.year, rest)


def estimate(
    table: IOTable, chain: Chain, trade: pd.DataFrame | HasFrame, production: pd.DataFrame | None, rules: DataRules
) -> Estimates:
    """Estimate from trade and production; see `SplitWeights.from_trade`."""
    goods = goods_of(table, chain, rules.rest)
    scale = money_scale(rules.unit, table.meta.unit)
    flows = read_flows(trade, goods, scale)
    wide, to = wide_sales(table, goods.sectors)
    home = np.arange(len(goods.countries))
    domestic = flows[home, :, home].copy()  # of countries counted in `rest` with one another
    flows[home, :, home] = 0.0
    exports = flows.sum(axis=2)
    errors = np.array([_of_stage(rules.relative_error, stage, "relative_error") for stage in goods.stages], dtype=float)
    made = np.full(wide.shape, np.nan)
    relative = np.broadcast_to(errors, wide.shape).copy()
    if production is not None:
        made, own = read_production(production, goods, scale, table.meta.unit, exports)
        relative = np.where(np.isnan(own), relative, own)
    missing = [choose(_of_stage(rules.missing, s, "missing"), MissingProduction, "missing") for s in goods.stages]
    traded = exports + domestic
    grossed = np.divide(exports, _sold_abroad(wide, to), out=exports.copy(), where=_sold_abroad(wide, to) > 0)
    output, basis = _output(made, traded, np.maximum(grossed, traded), np.array(missing, dtype=object))
    if rules.reexports == "made":
        short = ~np.isnan(made) & (output < traded)
        basis[short], output[short] = "exports: production is less", traded[short]
    scaled = np.minimum(1.0, np.divide(output, exports, out=np.ones_like(output), where=exports > 0))
    sales = flows * scaled[:, :, None]
    sales[home, :, home] = np.maximum(output - sales.sum(axis=2), 0.0)
    basis[(output == 0) & (basis != "none made")] = "none"
    asked = flows.copy()
    asked[home, :, home] = np.nan
    found = Estimates(goods.sectors, goods.stages, wide, output, relative, sales, asked, basis)
    return _within(found, goods.countries, rules.cap)


def _output(
    made: FloatArray, traded: FloatArray, grossed: FloatArray, rules: npt.NDArray[np.object_]
) -> tuple[FloatArray, npt.NDArray[np.object_]]:
    """Return output and what it rests on: production, else what the rule makes of exports."""
    by_rule = np.where(rules == "wide-ratio", grossed, np.where(rules == "exports", traded, 0.0))
    words = {
        "wide-ratio": "exports, sold abroad as the wide sector",
        "exports": "exports",
        "none": "none made",
    }
    basis = np.broadcast_to(np.array([words[rule] for rule in rules], dtype=object), made.shape)
    known = ~np.isnan(made)
    return np.where(known, np.nan_to_num(made), by_rule), np.where(known, "production", basis).astype(object)


def _sold_abroad(wide: FloatArray, to: FloatArray) -> FloatArray:
    """Return the part of output that the wide sectors sell abroad, (G, W)."""
    home = np.arange(len(wide))
    total = to.sum(axis=2)
    return np.divide(total - to[home, :, home], total, out=np.zeros_like(total), where=total > 0)


def _within(found: Estimates, countries: tuple[str, ...], cap: float | None) -> Estimates:
    """Refuse output larger than the wide sector's, or cut it to the cap."""
    limit = (1.0 if cap is None else cap) * np.maximum(found.wide, 0.0)
    over = found.output > limit
    if not over.any():
        return found
    if cap is None:
        named = [
            f"{countries[i]} {found.sectors[j]} ({found.output[i, j]:.4g} of {found.wide[i, j]:.4g})"
            for i, j in np.argwhere(over)
        ]
        raise InputError(
            f"the chain would make more than the whole wide sector in {enumerate_labels(named, 5)}. Check the units "
            "and re-exports, or give cap= as the largest share to be allowed."
        )
    output = np.minimum(found.output, limit)
    basis = found.basis.copy()
    basis[over] = [f"{text}; cut to the cap" for text in basis[over]]
    part = np.divide(output, found.output, out=np.ones_like(output), where=found.output > 0)
    return replace(found, output=output, sales=found.sales * part[:, :, None], basis=basis)


def _of_stage(value: _T | Mapping[str, _T], stage: str, what: str) -> _T:
    if not isinstance(value, Mapping):
        return value
    if stage not in value:
        raise LabelError(f"{what} says nothing of the stage {stage!r}. It has: {enumerate_labels(value)}.")
    return value[stage]
