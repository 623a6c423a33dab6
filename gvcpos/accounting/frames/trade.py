"""Frames of trade in value added by published codes, and of the participation of exports; all from the inverse."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from gvcpos._core.options import FlowLevel, TivaOutput, choose
from gvcpos.accounting.exports import tiva as oecd
from gvcpos.accounting.exports.tripartite import tripartite, tripartite_shares
from gvcpos.accounting.ledger import Columns, Ledger


class TradeFrames(Ledger):
    """What `ValueAddedAccounts` says of trade as OECD and the World Bank publish it."""

    def tiva(self, by: FlowLevel = "country", *, output: TivaOutput = "tiva") -> pd.DataFrame:
        """Return OECD's indicators of trade in value added under their TiVA codes.

        Parameters
        ----------
        by : {"country", "sector", "pair", "sector_pair"}
            Frames of pairs keep the rows of an exporter with itself, where DOM and DXD_DVA are. ``partner`` is the
            importer, but the origin for DEXFVAP, DFD_FVA and imports, the one who exports again for FEXDVAP and
            FEXDVA, and the final absorber for FFD_DVA. ``sector`` is the exporting one for EXGR codes and DEXFVAP, of
            origin for FFD_DVA, DXD_DVA, FD_VA and FEXDVA, the partner's for IMGR codes, DFD_FVA and FEXDVAP.
        output : {"tiva", "shares", "terms", "standard"}
            All indicators in money; OECD's shares in percent; the five that sum to EXGR; or aggregates named like those
            of other decompositions, whose GVCB and GVCF are OECD's (DEXFVAP, FEXDVAP), not Borin & Mancini's.

        Notes
        -----
        VA, PROD and the shares made of them have no partner; shares of partners (EXGR_DVApSH, …) only pairs. REF by
        sector or pair mixes sectors of origin with exporting ones and may be negative; an exporter's total is right.
        FEXDVA is FEXDVAP by sector of origin; summed over partners it is VS1 of Hummels, Ishii & Yi.
        """
        choose(output, TivaOutput, "output")
        codes = self._tiva_codes(choose(by, FlowLevel, "by"))
        if output == "shares":
            sectors = 1 if by in ("country", "pair") else len(self.exporters.sectors)
            return self.flow_frame(oecd.shares(codes, sectors), by, itself=True)
        if output == "standard":
            return self.flow_frame(oecd.standard(codes), by, itself=True)
        names = oecd.TERMS if output == "terms" else oecd.TIVA
        return self.flow_frame({name: codes[name] for name in names if name in codes}, by, itself=True)

    def tripartite(self, by: FlowLevel = "country") -> pd.DataFrame:
        """Return the trade-based participation of Borin, Mancini & Taglioni (World Bank WP 9785) and forwardness.

        GEXP = DAVAX (traditional) + GVC_PF (pure forward) + GVC_PB (pure backward) + GVC_TS (two-sided); GVC is the
        last three. Shares are ratios of sums, NaN where there is no trade.
        """
        money = self.level(self._tripartite_flows, by)
        return self.flow_frame(money | tripartite_shares(money), by)

    @cached_property
    def _tripartite_flows(self) -> Columns:
        return tripartite(self.pairs)

    @cached_property
    def _tiva_flows(self) -> Columns:
        return oecd.flows_of_exporters(self.pairs)

    def _tiva_codes(self, by: str) -> Columns:
        total = self.summing(by)
        codes = oecd.indicators({code: total(flow) for code, flow in self._tiva_flows.items()})
        if by in ("pair", "sector_pair"):
            return codes
        alone = {"VA": total(self.va), "PROD": total(self.x)}
        return {code: value.sum(axis=1) for code, value in codes.items()} | alone
