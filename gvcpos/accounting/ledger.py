"""One table laid out for its accounts: the exporters, the system and its flows, and frames of what is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

import numpy as np
import pandas as pd

from gvcpos._core.errors import IdentityError
from gvcpos._core.options import AccountLevel, FlowLevel, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.exporters import Exporters
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.labelled import TidyFrame
from gvcpos.accounting.leontief import LeontiefSystem
from gvcpos.accounting.pairs import PairFlows
from gvcpos.tables import IOTable

Columns = dict[str, FloatArray]


class Ledger:
    """A table, its exporters, its Leontief system, and the flows that are made when they are first asked for.

    Parameters
    ----------
    table : IOTable
    exporters : Exporters
    tolerance : float, optional
        Absolute identity error to accept; see `ValueAddedAccounts`.
    reports_residuals : bool
        Compute whatever the error, and print it in columns of its own.

    Attributes
    ----------
    table : IOTable
    exporters : Exporters
    system : LeontiefSystem
    x, va : ndarray, shape (n,)
        Output and value added in the system's order.
    """

    def __init__(
        self, table: IOTable, exporters: Exporters, tolerance: float | None, *, reports_residuals: bool = False
    ) -> None:
        self.table, self.exporters, self.reports_residuals = table, exporters, reports_residuals
        self.x, self.va = exporters.arranged(table.x), exporters.arranged(table.va_total)
        order = np.arange(len(self.x)) if exporters.order is None else exporters.order
        self.system = LeontiefSystem(
            exporters.arranged_square(table.Z),
            self.x,
            exporters.blocks,
            name=lambda i: " ".join(map(str, table.index[order[i]])),
        )
        if not reports_residuals:
            self._require_balance(tolerance)

    @cached_property
    def flows(self) -> WorldFlows:
        """Flows by cell, from a few solves."""
        demand = self.exporters.arranged(self.exporters.destinations(self.table.final_demand))
        return WorldFlows(self.system, demand, self.va)

    @cached_property
    def pairs(self) -> PairFlows:
        """Flows between all pairs of exporters, from the inverse."""
        return PairFlows(self.flows)

    def summing(self, by: str) -> Callable[[FloatArray], FloatArray]:
        """Return what sums cells, along the first axis, to exporters or to exporter x sector."""
        return self.exporters.by_exporter if by in ("country", "pair") else self.exporters.by_row

    def frame(self, columns: Mapping[str, FloatArray], by: str) -> pd.DataFrame:
        """Label values that are by exporter, (G,), or by exporter and sector, (G·N,)."""
        choose(by, AccountLevel, "by")
        values = {name: values + 0.0 for name, values in (dict(columns) | self._residuals(by)).items()}  # -0.0 is 0.0
        return TidyFrame(self._rows(by) | {"year": self.table.year} | values)

    def _residuals(self, by: str) -> Columns:
        if not self.reports_residuals:
            return {}
        total = self.summing(by)
        return {"row_residual": total(self.row_residual), "column_residual": total(self.column_residual)}

    def closed(self, terms: Columns, whole: FloatArray, parts: Iterable[str]) -> Columns:
        """Add what the parts leave of the whole, where residuals are to be reported."""
        if not self.reports_residuals:
            return terms
        return terms | {"residual": whole - sum((terms[name] for name in parts), np.zeros_like(whole))}

    def level(self, flows: Mapping[str, FloatArray], by: str) -> Columns:
        """Sum flows by cell and partner, (n, G), to a level: (rows, G), or (rows,) where partners are summed too."""
        choose(by, FlowLevel, "by")
        total, together = self.summing(by), by in ("country", "sector")
        return {name: total(flow.sum(axis=1) if together else flow) for name, flow in flows.items()}

    def pair_frame(self, columns: Mapping[str, FloatArray], by: str, *, itself: bool = False) -> pd.DataFrame:
        """Label flows by cell and partner, (n, G), summed to a level; parameters as in `flow_frame`."""
        return self.flow_frame(self.level(columns, by), by, itself=itself)

    def flow_frame(self, columns: Mapping[str, FloatArray], by: str, *, itself: bool = False) -> pd.DataFrame:
        """Label flows that are summed to a level.

        Parameters
        ----------
        columns : mapping of str to ndarray, shape (rows, G) each, or (rows,) without partners
        by : {"country", "sector", "pair", "sector_pair"}
            The first two are without partners.
        itself : bool
            Keep the rows of an exporter with itself.
        """
        if choose(by, FlowLevel, "by") in ("country", "sector"):
            return self.frame(columns, by)
        labels = self._rows("country" if by == "pair" else "sector")
        G = len(self.exporters.names)
        rows = len(next(iter(labels.values())))
        kept = np.ones((rows, G), dtype=bool)
        if not itself:
            kept[np.arange(rows), np.repeat(np.arange(G), rows // G)] = False
        row, partner = np.nonzero(kept)
        where = kept.ravel()
        index = {name: label.take(row) for name, label in labels.items()}
        index["partner"] = pd.Index(self.exporters.names).take(partner)
        values = {name: flow.ravel()[where] + 0.0 for name, flow in columns.items()}  # -0.0 is 0.0
        return TidyFrame(index | {"year": self.table.year} | values)

    def _rows(self, by: str) -> dict[str, pd.Index]:
        countries, sectors = pd.Index(self.exporters.names), pd.Index(self.exporters.sectors)
        if by == "country":
            return {"country": countries}
        return {
            "country": countries.repeat(len(sectors)),
            "sector": sectors.take(np.tile(np.arange(len(sectors)), len(countries))),
        }

    def _require_balance(self, tolerance: float | None) -> None:
        """Refuse a table that does not balance; the report is made only then."""
        table, system = self.table, self.system
        size = float(np.abs(self.x).max(initial=0.0))
        allowed = max(table.meta.tolerance, 1e-9 * size) if tolerance is None else tolerance
        row = np.abs(self.row_residual).max(initial=0.0)
        column = np.abs(self.column_residual).max(initial=0.0)
        if not max(row, column) <= allowed:
            table.validate(allowed).require("the table")
        idle = np.flatnonzero(self.x == 0)
        spent = np.abs(system.Z[:, idle]).sum(axis=0)
        if idle.size and spent.max() > allowed:
            worst = idle[int(spent.argmax())]
            raise IdentityError(
                f"{system.name(worst)} has no output but buys inputs worth {spent.max():.6g}, more "
                f"than the tolerance {allowed:.6g}. Its coefficients are undefined: correct or aggregate the sector."
            )

    @property
    def row_residual(self) -> FloatArray:
        """Output less all deliveries, x − Z1 − Y1, shape (n,)."""
        return self.x - self.system.sums[0] - self.exporters.arranged(self.table.Y.sum(axis=1))

    @property
    def column_residual(self) -> FloatArray:
        """Output less all inputs, x − Z'1 − va, shape (n,)."""
        return self.x - self.system.sums[1] - self.va
