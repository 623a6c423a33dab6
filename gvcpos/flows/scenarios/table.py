"""A scenario carried on through an input-output table: what hangs on the sales that change, and who pays for prices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.exports.extraction import lost_output
from gvcpos.accounting.leontief import LeontiefSystem
from gvcpos.chains import Chain
from gvcpos.flows.network import FloatArray, IntArray
from gvcpos.tables import IOTable

ASSUMPTIONS = (
    "Quantities: the country's sales abroad of each stage change by the scenario's rate, everybody else's coefficients "
    "and final demand stay (partial hypothetical extraction; Los, Timmer & de Vries 2016). Buyers are taken to go on "
    "producing.",
    "Prices: Leontief's cost-push model; the stage's prices change by the scenario's rate, everybody passes costs on "
    "in full, quantities stay. What final users pay is what the stages' owners earn, to the last cent.",
    "No substitution, no stocks, no other supplier: first rounds of exposure, no forecast.",
    "Stages are as wide as the table's sectors, unless they were split (`Chain.split`).",
)


@dataclass(frozen=True, eq=False)
class ThroughTable:
    """What a scenario does beyond the chain: the answer of `through_table`.

    Attributes
    ----------
    frame : DataFrame
        country, year; ``sales_change``, of its sales abroad; ``value_added_change`` and ``output_change`` that hang on
        them, by where; ``value_added_share``, of all value added there; ``paid``, what final users there pay more for
        the same goods; ``paid_share``, of their final demand; ``earned``, more value added at given quantities. In the
        table's unit.
    country : str
        Whose stages change.
    unit : str
    synthetic : bool
    assumptions : tuple of str
    """

    frame: pd.DataFrame
    country: str
    unit: str
    synthetic: bool
    assumptions: tuple[str, ...] = ASSUMPTIONS


def price_change(system: LeontiefSystem, cells: IntArray, change: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return relative price changes of all cells and the change of value added per output behind them, (n,) each.

    Parameters
    ----------
    system : LeontiefSystem
    cells : (S,) int array
        Whose prices change from within.
    change : (S,) array
        By how much, relative.

    Notes
    -----
    Δp = Bᵀ Δv with Δv zero but in the S cells, and Δp there as given: Δv_S = ((Bᵀ)_SS)⁻¹ Δp_S; S solves.
    """
    unit = np.zeros((system.blocks.n, len(cells)), order="F")
    unit[cells, np.arange(len(cells))] = 1.0
    spread = system.solve_transposed(unit)
    margin = np.linalg.solve(spread[cells], change)
    added = np.zeros(system.blocks.n)
    added[cells] = margin
    return np.asarray(spread @ margin), added


def through_table(
    changes: pd.DataFrame,
    table: IOTable,
    chain: Chain,
    country: str = "CHN",
    *,
    stages: Mapping[str, str] | None = None,
    accounts: ValueAddedAccounts | None = None,
) -> ThroughTable:
    """Carry a scenario's changes of stages through a table.

    Parameters
    ----------
    changes : DataFrame
        One row a stage: stage, quantity (relative change of what the country sells abroad) and price (relative change
        of its unit value), as `stage_changes` makes it. NaN is no change.
    table : IOTable
        Best one that was split for the chain, with the split's chain.
    chain : Chain
        Which sectors are which stage.
    country : str
        The flow system's.
    stages : mapping, optional
        Stage of the flow system to stage of the chain, where they have other names.
    accounts : ValueAddedAccounts, optional
        Of the table, if made already.

    Raises
    ------
    LabelError
        If the country or a sector is not in the table, or a stage not in the chain or twice in the changes.
    InputError
        If a sale falls by more than all of it, or the accounts are another table's or group countries.
    """
    books = ValueAddedAccounts(table) if accounts is None else accounts
    if books.table is not table or books.exporters.order is not None:
        raise InputError("accounts: made from another table, or of groups of countries. Give plain ones of this table.")
    quantity, price = _by_cell(_named(changes, stages), table, chain, country)
    cells = np.flatnonzero(quantity != 0.0)
    partners = np.array([name != country for name in table.countries])
    lost, removed = lost_output(books.flows, quantity != 0.0, partners, share=-quantity)
    total = books.summing("country")
    moved = np.flatnonzero(price != 0.0)
    p, v = (
        price_change(books.system, moved, price[moved]) if moved.size else (np.zeros_like(price), np.zeros_like(price))
    )
    demand = np.asarray(books.flows.Y)
    paid, bought = p @ demand, demand.sum(axis=0)
    value_added = total(books.va)
    change = -total(books.flows.v * lost) if cells.size else np.zeros_like(value_added)
    columns = {
        "sales_change": -total(removed),
        "value_added_change": change,
        "output_change": -total(lost),
        "value_added_share": np.divide(change, value_added, out=np.zeros_like(change), where=value_added != 0.0),
        "paid": paid,
        "paid_share": np.divide(paid, bought, out=np.zeros_like(paid), where=bought != 0.0),
        "earned": total(v * books.x),
    }
    return ThroughTable(books.frame(columns, "country"), country, table.meta.unit, table.meta.synthetic)


def _named(changes: pd.DataFrame, stages: Mapping[str, str] | None) -> pd.DataFrame:
    """Changes under the chain's names of stages; those that the mapping leaves out are dropped."""
    locate(("stage", "quantity", "price"), [str(c) for c in changes.columns], "columns of the changes")
    if stages is None:
        return changes
    unique(list(stages.values()), "stages of the chain")
    if absent := [name for name in stages if name not in set(changes["stage"])]:
        raise LabelError(f"stages: {enumerate_labels(absent)} are not among those of the changes.")
    kept = changes[changes["stage"].isin(list(stages))]
    return kept.assign(stage=kept["stage"].map(dict(stages)))


def _by_cell(changes: pd.DataFrame, table: IOTable, chain: Chain, country: str) -> tuple[FloatArray, FloatArray]:
    """Relative changes of quantity and price of every cell, (n,) each."""
    at = int(locate([country], table.countries, "countries")[0]) * len(table.sectors)
    known = [stage.name for stage in chain.stages]
    found = locate(changes["stage"], known, "stages of the chain")
    quantity, price = np.zeros((2, len(table.countries) * len(table.sectors)))
    for number, row in zip(found, changes.to_dict("records"), strict=True):
        cells = at + locate(chain.stages[number].sectors, table.sectors, "sectors")
        quantity[cells], price[cells] = np.nan_to_num([row["quantity"], row["price"]])
        if quantity[cells[0]] < -1.0:
            raise InputError(
                f"stage {row['stage']}: sales change by {row['quantity']:.3g}; they cannot fall below none."
            )
    return quantity, price
