"""When a supplier stops: what importers lose directly, and what hangs on the sales through the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import AccountLevel, Goods, choose
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.exports.extraction import lost_output
from gvcpos.accounting.final_use import Names, country_mask, sector_mask
from gvcpos.tables import IOTable
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.layout import grouped
from gvcpos.trade.measures import FloatArray, over

ASSUMPTIONS = (
    "Hypothetical extraction (Los, Timmer & de Vries 2016): the sales are taken out of A and of final demand, all "
    "other "
    "coefficients and all other final demand stay as they are.",
    "Leontief technology: the value added and output shown are what the lost sales kept busy, in the supplier and in "
    "whoever supplies it.",
    "Buyers are taken to go on producing: whether they can do so without the inputs is not modelled. inputs_lost says "
    "how "
    "much they bought, which understates what a scarce input stops.",
    "No prices, stocks, substitution or other suppliers: a first-round figure of exposure, no forecast.",
    "Sectors are the table's, far wider than one commodity, unless they were split.",
)


def direct_stop(flows: TradeFlows, exporters: str | Iterable[str], *, by_item: bool = True) -> pd.DataFrame:
    """Return what every importer loses directly if some exporters stop selling.

    Parameters
    ----------
    flows : TradeFlows
    exporters : str or iterable of str
    by_item : bool
        By HS code (or stage), or over all of them.

    Returns
    -------
    DataFrame
        importer, [hs or stage,] year; ``imports`` and ``lost`` in USD million, ``share_lost``; ``lost_t`` in metric
        tons, NaN where a mass is missing. Rows of all importers but the stopping ones, also of those that lose nothing.

    Raises
    ------
    LabelError
        If an exporter sells nothing here.
    """
    names = [exporters] if isinstance(exporters, str) else list(exporters)
    keys = ["importer", *([flows.item] if by_item else []), "year"]
    every = grouped(flows, keys)
    stopped = (
        grouped(flows.select(exporters=names), keys).set_index(keys).reindex(pd.MultiIndex.from_frame(every[keys]))
    )
    sold = stopped["value"].notna().to_numpy()
    lost = np.where(sold, stopped["value"].to_numpy(), 0.0)
    imports = every["value"].to_numpy()
    out = every[keys].assign(
        imports=imports,
        lost=lost,
        share_lost=over(lost, imports),
        lost_t=np.where(sold, stopped["mass"].to_numpy(), 0.0),
    )
    return out[~out["importer"].isin(names)].reset_index(drop=True)


@dataclass(frozen=True, eq=False)
class SupplyStop:
    """What hangs on some sales of a country: the answer of `supply_stop`.

    Attributes
    ----------
    frame : DataFrame
        country, [sector,] year; ``sales_lost``, the sales taken out, by seller; ``value_added_lost`` and
        ``output_lost``, what they kept busy, by where; ``value_added_share`` and ``output_share``, of all there;
        ``inputs_lost``, intermediates the country (or sector) would no longer get, and ``inputs_share`` of all it
        uses; ``final_lost`` (by country only). In the table's unit.
    supplier : str
    sectors : tuple of str
    importers : tuple of str
        Empty for all.
    share : float
        Part of the sales that stops.
    unit : str
    synthetic : bool
    assumptions : tuple of str
        What the figures rest on.
    """

    frame: pd.DataFrame
    supplier: str
    sectors: tuple[str, ...]
    importers: tuple[str, ...]
    share: float
    unit: str
    synthetic: bool
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def sentence(self) -> str:
        """What was found, in one sentence."""
        total = self.frame[["sales_lost", "value_added_lost", "output_lost"]].sum()
        own = self.frame.loc[self.frame["country"] == self.supplier, "value_added_lost"].sum()
        inside = f" ({own / total['value_added_lost']:.0%} of it there)" if total["value_added_lost"] > 0 else ""
        to = f" to {enumerate_labels(self.importers)}" if self.importers else ""
        part = "" if self.share == 1.0 else f"{self.share:.0%} of its "
        made_up = " Synthetic numbers." if self.synthetic else ""
        sales, value_added, output = (_money(float(amount)) for amount in total)
        return (
            f"If {self.supplier} stopped selling {part}{enumerate_labels(self.sectors)}{to}, {sales} of sales would "
            f"go, and with them {value_added} of value added{inside} and {output} of output in the world "
            f"({self.unit}), under hypothetical extraction.{made_up}"
        )


def _money(amount: float) -> str:
    """Write an amount with three digits or more."""
    return f"{amount:,.0f}" if abs(amount) >= 100 else f"{amount:.3g}"


def supply_stop(
    table: IOTable,
    exporter: str,
    sectors: Names,
    importers: Names = None,
    *,
    share: float = 1.0,
    goods: Goods = "all",
    by: AccountLevel = "country",
    accounts: ValueAddedAccounts | None = None,
) -> SupplyStop:
    """Return what hangs on a country's sales of some sectors, by partial hypothetical extraction.

    Parameters
    ----------
    table : IOTable
    exporter : str
        Who stops.
    sectors : str or iterable of str or None
        What it stops selling; None for everything.
    importers : str or iterable of str, optional
        To whom; all others by default. Sales at home go on.
    share : float
        Part of these sales that stops, 0 to 1.
    goods : {"all", "intermediate", "final"}
    by : {"country", "sector"}
    accounts : ValueAddedAccounts, optional
        Of the table, if made already: its factorisation is used again.

    Raises
    ------
    InputError
        If the accounts are another table's, or the share is not from 0 to 1.
    LabelError
        If a country or sector is not in the table.

    Notes
    -----
    x − x* = (I − A + U)⁻¹ e with U and e the sales taken out (`ValueAddedAccounts.extraction`, whose ``gdp_lost`` this
    value added is (=)). For all of a country's exports, its own loss is their domestic value added. See `ASSUMPTIONS`.
    """
    books = ValueAddedAccounts(table) if accounts is None else accounts
    if books.table is not table:
        raise InputError("accounts: made from another table. Give those of this table, or none.")
    chosen = choose(goods, Goods, "goods")
    sale = _sale(books, exporter, sectors, importers, chosen != "final", chosen != "intermediate")
    lost, removed = _lost(books, sale, share)
    total = books.summing(choose(by, AccountLevel, "by"))
    columns = {"sales_lost": total(removed), "value_added_lost": total(books.flows.v * lost)}
    columns |= {"output_lost": total(lost), "value_added_share": over(columns["value_added_lost"], total(books.va))}
    columns["output_share"] = over(columns["output_lost"], total(books.x))
    columns |= {name: share * bought for name, bought in _bought(books, sale, by).items()}
    return SupplyStop(
        frame=books.frame(columns, by),
        supplier=exporter,
        sectors=_names(sectors, table.sectors),
        importers=() if importers is None else _names(importers, table.countries),
        share=share,
        unit=table.meta.unit,
        synthetic=table.meta.synthetic,
    )


def _lost(books: ValueAddedAccounts, sale: _Sale, share: float) -> tuple[FloatArray, FloatArray]:
    """Output lost and sales taken out, (n,) each, when a share of some sales stops."""
    if not 0.0 <= share <= 1.0:
        raise InputError(f"share: {share!r}. Give the part of the sales that stops, from 0 to 1.")
    wanted = {"intermediate": sale.inputs, "final": sale.final}
    return lost_output(books.flows, sale.cells, sale.buyers, share=share, **wanted)


@dataclass(frozen=True)
class _Sale:
    """Which sales are taken out: cells (n,) and buyers (G,) in the system's order, and which goods."""

    cells: npt.NDArray[np.bool_]
    buyers: npt.NDArray[np.bool_]
    inputs: bool
    final: bool


def _sale(books: ValueAddedAccounts, exporter: str, sectors: Names, importers: Names, *goods: bool) -> _Sale:
    """Find the sales in the accounts' system; the supplier is no buyer of its own exports."""
    table, exporters = books.table, books.exporters
    seller = country_mask(exporter, table, exporters, "exporter")
    buyers = country_mask(importers, table, exporters, "importer") & ~seller
    cells = np.outer(seller, sector_mask(sectors, table, exporters)).ravel()
    chosen = np.zeros(len(exporters.names), dtype=bool)
    chosen[exporters.exporter_of_country[buyers]] = True
    parts = [exporters.names[g] for g in exporters.exporter_of_country[~buyers & ~seller] if chosen[g]]
    if parts:
        raise InputError(f"importers have a part of the group {parts[0]}. Name the group, or do not group.")
    return _Sale(cells if exporters.order is None else cells[exporters.order], chosen, *goods)


def _bought(books: ValueAddedAccounts, sale: _Sale, by: str) -> dict[str, FloatArray]:
    """Return what buyers no longer get, by country or by country and sector."""
    system, total = books.system, books.summing(by)
    of = system.blocks.of_cell
    away = (of[sale.cells][:, None] != of) & sale.buyers[of] & sale.inputs
    inputs = total((system.Z[sale.cells] * away).sum(axis=0))
    columns = {"inputs_lost": inputs, "inputs_share": over(inputs, total(system.sums[1]))}
    if by == "country":
        others = (of[sale.cells][:, None] != np.arange(len(sale.buyers))) & sale.buyers & sale.final
        columns["final_lost"] = (books.flows.Y[sale.cells] * others).sum(axis=0)
    return columns


def _names(wanted: Names, every: tuple[str, ...]) -> tuple[str, ...]:
    if wanted is None:
        return tuple(every)
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)
