"""Frames of indices by country and sector: position, participation, lengths; all from a few solves."""

from __future__ import annotations

from functools import cached_property

import pandas as pd

from gvcpos._core.labels import locate
from gvcpos._core.options import AccountLevel, FlowLevel, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.exports import borin_mancini as bm
from gvcpos.accounting.indices import lengths as wwyz_lengths
from gvcpos.accounting.indices import participation as gvc
from gvcpos.accounting.indices.position import Position, averaged, corrected_positions, positions, ratio
from gvcpos.accounting.ledger import Columns, Ledger


class IndexFrames(Ledger):
    """What `ValueAddedAccounts` says of countries and sectors without forming the inverse."""

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
        return self.frame({"upstreamness": found.upstreamness, "fgo": found.fgo}, by)

    def downstreamness(self, inventories: str | None = None, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return ``downstreamness`` and ``va_rate``; parameters as in `upstreamness`."""
        found = self._positions(inventories, by)
        return self.frame({"downstreamness": found.downstreamness, "va_rate": found.va_rate}, by)

    def position(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return every measure of position: U, D, F/GO, VA/GO, ``gvc_position``, ``kpww_position``."""
        lengths, kpww = self._length_columns(by), self._kpww_columns(by)
        last = {"gvc_position": lengths["gvc_position"], "kpww_position": kpww["kpww_position"]}
        return self.frame(self._position_columns(by) | last, by)

    def participation(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return WWYZ 2017a participation, forward and backward with its parts, and KPWW 2010."""
        return self.frame(self._wwyz_columns(by) | self._kpww_columns(by), by)

    def kpww(self, by: FlowLevel = "country") -> pd.DataFrame:
        """Return KPWW 2010 participation and position of exports.

        By sector IV and FV belong to the exporting sector. Countries and sectors have beside them the looser forward
        measure ``fexdva``, by sector of origin. That of pairs is FEXDVA in `tiva`: its partner is not the importer.
        """
        if choose(by, FlowLevel, "by") in ("pair", "sector_pair"):
            indirect, foreign = gvc.pair_value_added(self.pairs)
            money = self.level({"E": self.pairs.exports, "IV": indirect, "FV": foreign}, by)
            return self.flow_frame(gvc.kpww_columns(money["E"], money["IV"], money["FV"]), by)
        loose = self._level(gvc.forward_linkage(self.flows), by)
        return self.frame(self._kpww_columns(by) | {"fexdva": ratio(loose, self._level(self.flows.exports, by))}, by)

    def lengths(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return WWYZ 2017b production lengths and ``gvc_position``; sectors are summed before dividing."""
        return self.frame(self._length_columns(by), by)

    def production_flows(self, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return the money that `participation` and `lengths` are ratios of, by the names of NBER w23261.

        Value added ``va`` = V_D + V_RT + V_GVC and final goods ``y`` = Y_D + Y_RT + Y_GVC; GVC = simple + complex;
        X… is the same times the stages it passes, as in plv = Xv / va and plv_gvc_home = Xvd_GVC / V_GVC.
        """
        sides = zip("vy", self._stages, self._splits, strict=True)
        money = [wwyz_lengths.flow_columns(stages, split, side) for side, stages, split in sides]
        return self.frame({name: self._level(flow, by) for part in money for name, flow in part.items()}, by)

    def vax(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return gross exports, value added absorbed abroad by origin and their ratio (may exceed 1 by sector)."""
        return self.frame(self._vax_columns(by), by)

    def indices(self, *, split_foreign: bool = True) -> pd.DataFrame:
        """Return every index by country and sector.

        Parameters
        ----------
        split_foreign : bool
            Whether to split foreign content into FVA and FDC, the only two columns that need the full inverse
            (about twice the cost of all others together).
        """
        return self.frame(self._all_columns("sector", split_foreign), "sector")

    def country_indices(self, *, split_foreign: bool = True) -> pd.DataFrame:
        """Return every index by country; parameters as in `indices`."""
        return self.frame(self._all_columns("country", split_foreign), "country")

    def _all_columns(self, by: str, split_foreign: bool) -> Columns:
        base = {"x": self.x, "va": self.va, "exports": self.flows.exports}
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
        return self.summing(by)(values)

    def _positions(self, inventories: str | None, by: str) -> Position:
        if inventories is None:
            found = self._plain_positions
        else:
            k = int(locate([inventories], self.table.final_categories, "final-demand category")[0])
            stock = self.table.Y.reshape(len(self.x), self.table.shape[0], -1)[:, :, k].sum(axis=1)
            found = corrected_positions(self.system, self.flows.y, self.exporters.arranged(stock))
        return averaged(found, self.x, self.summing(by))

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
        forward, backward = (split.summed(self.summing(by)) for split in self._splits)
        return gvc.split_columns(forward, "forward") | gvc.split_columns(backward, "backward")

    @cached_property
    def _stages(self) -> tuple[wwyz_lengths.Stages, wwyz_lengths.Stages]:
        return wwyz_lengths.forward_stages(self.flows), wwyz_lengths.backward_stages(self.flows)

    def _length_columns(self, by: str) -> Columns:
        forward, backward = (stages.summed(self.summing(by)) for stages in self._stages)
        return wwyz_lengths.length_columns(forward, backward)

    @cached_property
    def _kpww_values(self) -> tuple[FloatArray, FloatArray]:
        return gvc.indirect_value_added(self.flows), gvc.foreign_value_added(self.flows)

    def _kpww_columns(self, by: str) -> Columns:
        indirect, foreign = (self._level(values, by) for values in self._kpww_values)
        return gvc.kpww_columns(self._level(self.flows.exports, by), indirect, foreign)

    def _vax_columns(self, by: str) -> Columns:
        gross = self._level(self.flows.exports, by)
        absorbed = self._level(self.flows.absorbed_abroad, by)
        return {"exports": gross, "vax_origin": absorbed, "vax_ratio": ratio(absorbed, gross)}

    def _export_columns(self, by: str, split_foreign: bool) -> Columns:
        flows = self.flows
        single = self.pairs.single if split_foreign else None
        content = bm.Content(flows.w, flows.own_content, flows.foreign_content, single)
        terms = bm.source_terms(content, flows.sales)
        return {name: self._level(terms[name], by) for name in bm.ORDER if name in terms}
