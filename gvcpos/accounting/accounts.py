"""The accounts of one table: labelled, lazy, tidy."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pandas as pd

from gvcpos._core.errors import IdentityError
from gvcpos._core.labels import locate
from gvcpos._core.options import AccountLevel, choose
from gvcpos.accounting import exports as bm
from gvcpos.accounting import lengths as wwyz_lengths
from gvcpos.accounting import participation as gvc
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.leontief import FloatArray, LeontiefSystem
from gvcpos.accounting.position import Position, by_country, corrected_positions, positions, ratio
from gvcpos.tables import IOTable

Columns = dict[str, FloatArray]


class ValueAddedAccounts:
    """Indices of value chains from one table; the Leontief system is formed at once and factorised when first needed.

    Parameters
    ----------
    table : IOTable
    tolerance : float, optional
        Absolute identity error to accept, in the table's unit; default the publisher's (`TableMeta.tolerance`)
        or 1e-9 of the largest output, whichever is larger.

    Raises
    ------
    IdentityError
        If rows or columns do not balance within the tolerance, or a cell without output buys inputs.

    Notes
    -----
    Gross output is the table's x and value added its va, all rows summed: identities between indices hold to
    the table's own error. Frames are tidy: country, sector, year, then values under the names that
    `gvcpos.accounting.describe_measures` explains. A ratio without a base (no output, no exports, no flow through
    value chains) is NaN, never infinite; cells with negative output or value added are computed like any other.
    Where a cell has no output but final uses that cancel (some in WIOD 2013), its exports have no origin: they
    are in GEXP and GVC and in no other term.
    """

    def __init__(self, table: IOTable, *, tolerance: float | None = None) -> None:
        self.table = table
        G, N = table.shape
        self.system = LeontiefSystem(table.Z, table.x, G, N, name=lambda i: " ".join(map(str, table.index[i])))
        _require_balance(table, self.system, tolerance)

    @cached_property
    def flows(self) -> WorldFlows:
        """The flows that the indices are made of."""
        return WorldFlows(self.system, self.table.final_demand, self.table.va_total)

    def upstreamness(self, inventories: str | None = None, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return ``upstreamness`` and ``fgo``; countries are averages with output as weights.

        Parameters
        ----------
        inventories : str, optional
            The final-demand category that holds changes in inventories, as in ``"c42"``: its net value is
            spread over the other uses of each row (Antràs, Chor, Fally & Hillberry 2012). Default: no
            correction. A row that has no use but inventories is NaN.
        by : "sector" or "country"
        """
        found = self._positions(inventories, by)
        return self._frame({"upstreamness": found.upstreamness, "fgo": found.fgo}, by)

    def downstreamness(self, inventories: str | None = None, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return ``downstreamness`` and ``va_rate``; parameters as in `upstreamness`."""
        found = self._positions(inventories, by)
        return self._frame({"downstreamness": found.downstreamness, "va_rate": found.va_rate}, by)

    def position(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return every measure of position: U, D, F/GO, VA/GO, ``gvc_position``, ``kpww_position``."""
        lengths, kpww = self._length_columns(by), self._kpww_columns(by)
        last = {"gvc_position": lengths["gvc_position"], "kpww_position": kpww["kpww_position"]}
        return self._frame(self._position_columns(by) | last, by)

    def participation(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return WWYZ 2017a participation, forward and backward with its parts, and KPWW 2010."""
        return self._frame(self._wwyz_columns(by) | self._kpww_columns(by), by)

    def kpww(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return KPWW 2010 participation and position, and beside them the looser forward measure ``fexdva``.

        By sector IV and FV belong to the exporting sector, ``fexdva`` to the sector of origin.
        """
        loose = self._level(gvc.forward_linkage(self.flows), by)
        return self._frame(self._kpww_columns(by) | {"fexdva": ratio(loose, self._level(self.flows.exports, by))}, by)

    def lengths(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return WWYZ 2017b production lengths and ``gvc_position``; sectors are summed before dividing."""
        return self._frame(self._length_columns(by), by)

    def vax(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return gross exports, value added absorbed abroad by origin and their ratio (may exceed 1 by sector)."""
        return self._frame(self._vax_columns(by), by)

    def exports(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return the Borin–Mancini decomposition of gross exports, exporter perspective, source approach.

        ``by="sector"`` is by exporting sector. FVA and FDC need the inverse; see `gvcpos.accounting.exports`.
        """
        return self._frame(self._export_columns(by, split_foreign=True), by)

    def indices(self, *, split_foreign: bool = True) -> pd.DataFrame:
        """Return every index by country and sector.

        Parameters
        ----------
        split_foreign : bool
            Whether to split foreign content into FVA and FDC, the only two columns that need the full inverse
            (about twice the cost of all others together).
        """
        return self._frame(self._all_columns("sector", split_foreign), "sector")

    def country_indices(self, *, split_foreign: bool = True) -> pd.DataFrame:
        """Return every index by country; parameters as in `indices`."""
        return self._frame(self._all_columns("country", split_foreign), "country")

    def _all_columns(self, by: str, split_foreign: bool) -> Columns:
        base = {"x": self.table.x, "va": self.table.va_total, "exports": self.flows.exports}
        export_terms = self._export_columns(by, split_foreign)
        del export_terms["GEXP"]
        return (
            {name: self._level(values, by) for name, values in base.items()}
            | self._position_columns(by)
            | self._wwyz_columns(by)
            | self._length_columns(by)
            | self._kpww_columns(by)
            | {name: values for name, values in self._vax_columns(by).items() if name != "exports"}
            | export_terms
        )

    def _level(self, values: FloatArray, by: str) -> FloatArray:
        return self.system.country_sums(values) if by == "country" else values

    def _positions(self, inventories: str | None, by: str) -> Position:
        if inventories is None:
            found = self._plain_positions
        else:
            G, _ = self.table.shape
            k = int(locate([inventories], self.table.final_categories, "final-demand category")[0])
            stock = self.table.Y.reshape(len(self.table.x), G, -1)[:, :, k].sum(axis=1)
            found = corrected_positions(self.system, self.flows.y, stock)
        return by_country(found, self.table.x, self.table.shape[0]) if by == "country" else found

    @cached_property
    def _plain_positions(self) -> Position:
        flows = self.flows
        return positions(flows.x, flows.y, flows.va, flows.output_solves[:, 0], flows.input_solves[:, 0])

    def _position_columns(self, by: str) -> Columns:
        found = self._positions(None, by)
        return {
            "va_rate": found.va_rate,
            "fgo": found.fgo,
            "upstreamness": found.upstreamness,
            "downstreamness": found.downstreamness,
        }

    @cached_property
    def _splits(self) -> tuple[gvc.Split, gvc.Split]:
        return gvc.forward_split(self.flows), gvc.backward_split(self.flows)

    def _wwyz_columns(self, by: str) -> Columns:
        forward, backward = self._splits
        if by == "country":
            G = self.table.shape[0]
            forward, backward = forward.by_country(G), backward.by_country(G)
        return gvc.split_columns(forward, "forward") | gvc.split_columns(backward, "backward")

    @cached_property
    def _stages(self) -> tuple[wwyz_lengths.Stages, wwyz_lengths.Stages]:
        return wwyz_lengths.forward_stages(self.flows), wwyz_lengths.backward_stages(self.flows)

    def _length_columns(self, by: str) -> Columns:
        forward, backward = self._stages
        if by == "country":
            G = self.table.shape[0]
            forward, backward = forward.by_country(G), backward.by_country(G)
        return wwyz_lengths.length_columns(forward, backward)

    @cached_property
    def _kpww_values(self) -> tuple[FloatArray, FloatArray]:
        return gvc.indirect_value_added(self.flows), gvc.foreign_value_added(self.flows)

    def _kpww_columns(self, by: str) -> Columns:
        indirect, foreign = (self._level(values, by) for values in self._kpww_values)
        return gvc.kpww_columns(self._level(self.flows.exports, by), indirect, foreign)

    def _vax_columns(self, by: str) -> Columns:
        gross = self._level(self.flows.exports, by)
        absorbed = self._level(bm.absorbed_abroad(self.flows), by)
        return {"exports": gross, "vax_origin": absorbed, "vax_ratio": ratio(absorbed, gross)}

    @cached_property
    def _export_terms(self) -> Columns:
        return bm.export_terms(self.flows)

    @cached_property
    def _foreign_terms(self) -> Columns:
        return bm.foreign_terms(self.flows)

    def _export_columns(self, by: str, split_foreign: bool) -> Columns:
        terms = self._export_terms | (self._foreign_terms if split_foreign else {})
        names = [name for name in bm.TERMS + bm.DETAIL if name in terms]
        return {name: self._level(terms[name], by) for name in names}

    def _frame(self, columns: Columns, by: str) -> pd.DataFrame:
        choose(by, AccountLevel, "by")
        (G, N), countries = self.table.shape, pd.Index(self.table.countries)
        if by == "country":
            labels: dict[str, object] = {"country": countries}
        else:
            sectors = pd.Index(self.table.sectors).take(np.tile(np.arange(N), G))
            labels = {"country": countries.repeat(N), "sector": sectors}
        return pd.DataFrame(labels | {"year": self.table.year} | columns)


def _require_balance(table: IOTable, system: LeontiefSystem, tolerance: float | None) -> None:
    """Refuse a table that does not balance; the report is made only then."""
    size = float(np.abs(table.x).max(initial=0.0))
    allowed = max(table.meta.tolerance, 1e-9 * size) if tolerance is None else tolerance
    row = np.abs(system.row_sums + table.Y.sum(axis=1) - table.x).max()
    column = np.abs(system.column_sums + table.va_total - table.x).max()
    if not max(row, column) <= allowed:
        table.validate(allowed).require("the table")
    idle = np.flatnonzero(table.x == 0)
    spent = np.abs(table.Z[:, idle]).sum(axis=0)
    if idle.size and spent.max() > allowed:
        worst = idle[int(spent.argmax())]
        raise IdentityError(
            f"{' '.join(map(str, table.index[worst]))} has no output but buys inputs worth {spent.max():.6g}, more "
            f"than the tolerance {allowed:.6g}. Its coefficients are undefined: correct or aggregate the sector."
        )
