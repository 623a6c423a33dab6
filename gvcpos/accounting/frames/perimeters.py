"""Frames of what a chosen border decides: imports, extracted exports, Miroudot & Ye's perimeters."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import AccountLevel, FlowLevel, Goods, WideBorder, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.exports import borin_mancini as bm
from gvcpos.accounting.exports.extraction import lost_output
from gvcpos.accounting.exports.imports import import_content
from gvcpos.accounting.exports.perimeters import Perimeters, border_content
from gvcpos.accounting.final_use import Names, country_mask, sector_mask
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.labelled import TidyFrame
from gvcpos.accounting.ledger import Ledger
from gvcpos.accounting.sales import DirectSales

_BORDER_COLUMNS = ("GEXP", "DC", "DVA", "DDC", "FC", "FVA", "FDC")
Mask = npt.NDArray[np.bool_]


class PerimeterFrames(Ledger):
    """What `ValueAddedAccounts` says of a chosen set of flows."""

    def imports(self, by: FlowLevel = "country") -> pd.DataFrame:
        """Return the value added in imports, counted once when it enters, and what is counted again.

        Parameters
        ----------
        by : {"country", "sector", "pair", "sector_pair"}
            ``country`` is the importer and ``partner`` where value is added, itself included: not who sells it
            (for that, `exports` with perspective "importer"). ``sector`` is the sector where value is added.

        Returns
        -------
        DataFrame
            ``VA`` and ``DC``; by country also gross imports, ``GIMP`` = VA + DC. DC is double counting here, as in
            icio, not domestic content.
        """
        choose(by, FlowLevel, "by")
        values = dict(zip(("VA", "DC"), import_content(self.pairs), strict=True))
        G, N = len(self.exporters.names), len(self.exporters.sectors)
        if by in ("country", "pair"):
            summed = {name: self.exporters.by_exporter(value).T for name, value in values.items()}
        else:
            summed = {name: self.exporters.by_row(value).T for name, value in values.items()}
        if by in ("country", "sector"):
            summed = {name: value.reshape(G, G, -1).sum(axis=1) for name, value in summed.items()}
        columns = {name: value.ravel() for name, value in summed.items()}
        if by == "country":
            return self.frame({"GIMP": self.pairs.exports.sum(axis=0)} | columns, by)
        if by == "sector":
            return self.frame(columns, by)
        partners, sectors = pd.Index(self.exporters.names), pd.Index(self.exporters.sectors)
        rows = G * (N if by == "sector_pair" else 1)
        index: dict[str, pd.Index] = {"country": partners.repeat(rows)}
        index["partner"] = partners.repeat(rows // G).take(np.tile(np.arange(rows), G))
        if by == "sector_pair":
            index["sector"] = sectors.take(np.tile(np.arange(N), G * G))
        return TidyFrame(index | {"year": self.table.year} | columns)

    def extraction(
        self,
        exporters: Names = None,
        sectors: Names = None,
        partners: Names = None,
        *,
        goods: Goods = "all",
        by: AccountLevel = "country",
    ) -> pd.DataFrame:
        """Return what everybody's value added would lose without some exports (Los, Timmer & de Vries 2016).

        Parameters
        ----------
        exporters, sectors, partners : str or iterable of str, optional
            Whose exports, of what, to whom are taken out; all by default. Sales at home stay, those within a group
            of countries too. Final demand and the inputs of what is left stay as they are.
        goods : {"all", "intermediate", "final"}
            Which goods are taken out.
        by : {"country", "sector"}

        Returns
        -------
        DataFrame
            ``exports_removed``; ``gdp_lost``, value added that disappears, by where it was added; ``gdp_share``, its
            share in value added.

        Notes
        -----
        For one exporter its own loss is v_s L_ss e_s, DVA, and that of others FVA of the source (=); for one exporter
        and one partner they are DVA and FVA of perspective "pair" (=).
        """
        chosen = choose(goods, Goods, "goods")
        lost, removed = lost_output(
            self.flows,
            self._chosen_cells(exporters, sectors),
            self._chosen_exporters(partners, "partner"),
            intermediate=chosen != "final",
            final=chosen != "intermediate",
        )
        total = self.summing(choose(by, AccountLevel, "by"))
        gdp_lost = total(self.flows.v * lost)
        shares = {"gdp_share": ratio(gdp_lost, total(self.va))}
        return self.frame({"exports_removed": total(removed), "gdp_lost": gdp_lost} | shares, by)

    def miroudot_ye(
        self,
        by: FlowLevel = "country",
        *,
        perimeter: WideBorder = "country",
        exporters: Names = None,
        sectors: Names = None,
        partners: Names = None,
        detail: bool = False,
    ) -> pd.DataFrame:
        """Return Miroudot & Ye's decomposition of exports across a chosen border, at its first crossing.

        Parameters
        ----------
        by : {"country", "sector", "pair", "sector_pair"}
        perimeter : {"country", "world"}
            What is counted twice: what has crossed the exporter's border before, or any border as foreign value added.
        exporters : str or iterable of str, optional
            Rows; all by default.
        sectors, partners : str or iterable of str, optional
            Only the exports of these sectors of the exporter, to these partners, are the border, and only they are
            decomposed; all by default, which is the exporter's perspective of `exports`.
        detail : bool
            Also VAX, REF and all sub-terms.

        Notes
        -----
        With perimeter="world" FVA is what exvatools 0.9 calls FDC1, and FDC its FDC2: it prints 0 for FVA.
        """
        if choose(perimeter, WideBorder, "perimeter") == "world" and (sectors is not None or partners is not None):
            raise InputError(
                'perimeter="world" is every border: sectors and partners would not change what is counted twice. '
                'Leave them out, or take perimeter="country".'
            )
        buyers, cells = self._chosen_exporters(partners, "partner"), self._chosen_cells(exporters, sectors)
        if perimeter == "world" or (sectors is None and partners is None):
            content = Perimeters(self.pairs).content("world" if perimeter == "world" else "exporter")
        else:
            content = border_content(self.pairs, cells, buyers)
        sales = _only(self.pairs.sales, np.outer(cells, buyers))
        terms = bm.source_terms(content, sales) | bm.source_details(content, sales)
        names = [name for name in bm.ORDER if name in terms and name not in bm.LINKAGES]
        columns = {name: terms[name] for name in names if detail or name in _BORDER_COLUMNS}
        frame = self.pair_frame(columns, by)
        wanted = np.array(self.exporters.names)[self._chosen_exporters(exporters, "exporter")]
        frame = frame[frame["country"].isin(wanted)]
        if "partner" in frame:
            frame = frame[frame["partner"].isin(np.array(self.exporters.names)[buyers])]
        return frame.reset_index(drop=True)

    def _chosen_exporters(self, wanted: Names, what: str) -> Mask:
        """Return which exporters are chosen, shape (G,); a part of a group is refused."""
        countries = country_mask(wanted, self.table, self.exporters, what)
        out = np.zeros(len(self.exporters.names), dtype=bool)
        for i, name in enumerate(self.exporters.names):
            members = countries[self.exporters.exporter_of_country == i]
            if members.any() and not members.all():
                raise InputError(f"the {what}s have a part of the group {name}. Name the group, or do not group.")
            out[i] = members.any()
        return out

    def _chosen_cells(self, exporters: Names, sectors: Names) -> Mask:
        """Return which cells are of chosen exporters and sectors, shape (n,)."""
        countries = self._chosen_exporters(exporters, "exporter")[self.exporters.exporter_of_country]
        kept = np.outer(countries, sector_mask(sectors, self.table, self.exporters)).ravel()
        return kept if self.exporters.order is None else kept[self.exporters.order]


def _only(sales: DirectSales, kept: Mask) -> DirectSales:
    """Return the sales of chosen flows, 0 for all others."""
    flows: dict[str, FloatArray] = {f.name: getattr(sales, f.name) * kept for f in fields(DirectSales)}
    return DirectSales(**flows)
