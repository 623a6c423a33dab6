"""Frames of gross exports, decomposed: for countries, sectors and pairs; all from the inverse."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from gvcpos._core.options import Approach, FlowLevel, Perspective, choose
from gvcpos.accounting.exports import borin_mancini as bm
from gvcpos.accounting.exports.perimeters import Perimeters, last_foreign
from gvcpos.accounting.exports.wwz import flow_totals, kww_terms, wwz_terms
from gvcpos.accounting.ledger import Columns, Ledger


class ExportFrames(Ledger):
    """What `ValueAddedAccounts` says of exports."""

    def wwz(self, by: FlowLevel = "sector_pair", *, totals: bool = False) -> pd.DataFrame:
        """Return the sixteen terms of Wang, Wei & Zhu (NBER w19677) by published name; they sum to gross exports.

        With `totals` also gross exports, ``texp`` = ``texpfd`` + ``texpint`` (final and intermediate goods), and
        ``DViX_Fsr``, domestic value added in them by sector of origin, not by exporting sector.
        """
        terms = wwz_terms(self.pairs)
        terms = self.closed(terms, self.pairs.exports, tuple(terms))
        return self.pair_frame(terms | (flow_totals(self.pairs) if totals else {}), by)

    def kww(self, by: FlowLevel = "country") -> pd.DataFrame:
        """Return the nine terms of Koopman, Wang & Wei (AER 104:459), summed from the sixteen of `wwz`.

        FVA_FIN, FVA_INT and FDC mix perspectives and are not Borin & Mancini's FVA and FDC.
        """
        terms = kww_terms(wwz_terms(self.pairs))
        return self.pair_frame(self.closed(terms, self.pairs.exports, tuple(terms)), by)

    def exports(
        self,
        by: FlowLevel = "country",
        *,
        perspective: Perspective = "exporter",
        approach: Approach = "source",
        detail: bool = True,
    ) -> pd.DataFrame:
        """Return the Borin–Mancini decomposition of gross exports: GEXP = DVA + DDC + FVA + FDC.

        Parameters
        ----------
        by : {"country", "sector", "pair", "sector_pair"}
            Rows: exporters, exporting sectors, pairs, exporting sectors by partner.
        perspective : {"exporter", "world", "sector", "sector_pair", "pair", "importer"}
            The perimeter within which an item is counted twice: all exports of the exporter; every border of the
            world, as foreign value added (what is domestic is then the exporter's); all exports of the sector;
            the sector's exports to the partner; all exports to the partner (`pure`); all that the partner imports.
            A sector is one cell of the table, also where countries or sectors are grouped; `miroudot_ye` takes any
            cells as one border.
        approach : {"source", "sink"}
            Whether an item counts at the first or at the last crossing of the perimeter. Summed over the perimeter
            they agree: exporters for "exporter", sectors for "sector", pairs for "pair", each flow for "sector_pair",
            the world for "world"; for "importer" the sum DVA + FVA of all that an importer buys does.
        detail : bool
            Also VAX1–VAX4, REF1, REF2, DDC1, DDC2, FVA1–FVA4.

        Returns
        -------
        DataFrame
            Terms under their published names. DAVAX, GVC, GVCB and GVCF belong to the exporter's own border and its
            first crossing, VAXIM to the last crossing: other frames do not have them.
        """
        choose(approach, Approach, "approach")
        choose(perspective, Perspective, "perspective")
        terms = self._source(perspective, detail) if approach == "source" else self._sink(perspective, detail)
        ordered = {name: terms[name] for name in bm.ORDER if name in terms}
        return self.pair_frame(self.closed(ordered, self.pairs.exports, ("DVA", "DDC", "FVA", "FDC")), by)

    @cached_property
    def _perimeters(self) -> Perimeters:
        return Perimeters(self.pairs)

    def _source(self, perspective: str, detail: bool) -> Columns:
        content, sales = self._perimeters.content(perspective), self.pairs.sales
        terms = bm.source_terms(content, sales, detail)
        if perspective != "exporter":
            terms = {name: value for name, value in terms.items() if name not in bm.LINKAGES}
        return terms | bm.source_details(content, sales) if detail else terms

    def _sink(self, perspective: str, detail: bool) -> Columns:
        pairs = self.pairs
        later = self._perimeters.recrossing(perspective)
        terms = bm.sink_terms(bm.Content.of_pairs(pairs), pairs.sales, later, detail)
        if perspective == "world":
            last = last_foreign(pairs)
            terms |= {name: value for name, value in last.items() if name in terms}
            terms["FDC"] = terms["FC"] - terms["FVA"]
        return terms
