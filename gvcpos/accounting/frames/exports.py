"""Frames of gross exports, decomposed: for countries, sectors and pairs; all from the inverse."""

from __future__ import annotations

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import Approach, FlowLevel, Perspective, choose
from gvcpos.accounting.exports import borin_mancini as bm
from gvcpos.accounting.exports.wwz import kww_terms, wwz_terms
from gvcpos.accounting.ledger import Columns, Ledger


class ExportFrames(Ledger):
    """What `ValueAddedAccounts` says of exports."""

    def wwz(self, by: FlowLevel = "sector_pair") -> pd.DataFrame:
        """Return the sixteen terms of Wang, Wei & Zhu (NBER w19677) by published name; they sum to gross exports."""
        return self.pair_frame(wwz_terms(self.pairs), by)

    def kww(self, by: FlowLevel = "country") -> pd.DataFrame:
        """Return the nine terms of Koopman, Wang & Wei (AER 104:459), summed from the sixteen of `wwz`.

        FVA_FIN, FVA_INT and FDC mix perspectives and are not Borin & Mancini's FVA and FDC.
        """
        return self.pair_frame(kww_terms(wwz_terms(self.pairs)), by)

    def exports(
        self,
        by: FlowLevel = "country",
        *,
        perspective: Perspective = "exporter",
        approach: Approach = "source",
        detail: bool = True,
    ) -> pd.DataFrame:
        """Return the Borin–Mancini decomposition of gross exports.

        Parameters
        ----------
        by : {"country", "sector", "pair", "sector_pair"}
            Rows: exporters, exporting sectors, pairs, exporting sectors by partner.
        perspective : str
            The perimeter within which an item is counted twice.
        approach : {"source", "sink"}
            Whether an item counts at the first or at the last crossing of the perimeter.
        detail : bool
            Also VAX1–VAX4, REF1, REF2.
        """
        choose(approach, Approach, "approach")
        terms = self._terms(choose(perspective, Perspective, "perspective"), approach, detail)
        return self.pair_frame({name: terms[name] for name in bm.ORDER if name in terms}, by)

    def _terms(self, perspective: str, approach: str, detail: bool) -> Columns:
        pairs = self.pairs
        content = bm.Content.of_pairs(pairs)
        if perspective == "exporter" and approach == "source":
            return bm.source_terms(content, pairs.sales, detail)
        if perspective == "exporter":
            return bm.sink_terms(content, pairs.sales)
        if perspective in ("sector", "sector_pair"):
            again = bm.pair_again(pairs)
            if perspective == "sector":
                again = again.sum(axis=1, keepdims=True)
            return bm.self_terms(content, again, pairs.exports, pairs.sales.returned)
        raise InputError(f"perspective={perspective!r}")
