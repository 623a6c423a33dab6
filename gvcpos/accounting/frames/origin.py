"""Frames of where value added comes from: in exports, output and final demand; specialisation and advantage."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import AccountLevel, FlowLevel, OriginLevel, OriginOf, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.final_use import Names, country_mask
from gvcpos.accounting.indices import origin as sources
from gvcpos.accounting.indices.advantage import export_values, revealed_advantage
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.labelled import TidyFrame
from gvcpos.accounting.ledger import Ledger
from gvcpos.accounting.satellites import Satellite

_NAMES = {"rca": "exports", "rca_vaxes": "vax_exporting", "rca_vaxos": "vax_origin", "nrca": "dc_origin"}


class OriginFrames(Ledger):
    """What `ValueAddedAccounts` says of the origin of value added."""

    def origin(
        self,
        of: OriginOf = "exports",
        *,
        origin: OriginLevel = "country",
        destination: OriginLevel = "country",
        partners: Names = None,
        satellite: Satellite | None = None,
    ) -> pd.DataFrame:
        """Return the Leontief origin of value added, v̂BÊ, v̂Bx̂, v̂BY, v̂Bŷ or v̂B, summed before it is made.

        Parameters
        ----------
        of : {"exports", "output", "final_demand", "final_goods", "none"}
            What the value added is in: gross exports v̂BÊ; output v̂Bx̂; final demand by the country that absorbs it,
            v̂BY; final goods by country and sector of completion, v̂Bŷ; a unit of final output, v̂B.
        origin : {"country", "sector", "country_sector"}
            Rows: where value is added.
        destination : {"country", "sector", "country_sector"}
            Columns: exporter, producer or place of completion; for final demand only the absorbing country.
        partners : str or iterable of str, optional
            Count only exports to these countries.
        satellite : Satellite, optional
            Trace its rows instead of value added.

        Returns
        -------
        DataFrame
            ``origin_country``, ``origin_sector``, ``country``, ``sector`` (those asked for, categorical), ``year``,
            and ``value_added``, or a column for each row of the satellite. What one column of v̂BÊ sums to is the
            cell's exports, of v̂Bx̂ its output … on a balanced table (=), and 0 for a cell without output.

        Notes
        -----
        The largest array made is n × min(rows, columns); for country_sector by country_sector it is one n × n, and
        the frame has n² rows.
        """
        weights = self._weights(choose(of, OriginOf, "of"), partners)
        rows = self._grouping(choose(origin, OriginLevel, "origin"))
        columns = self._grouping(choose(destination, OriginLevel, "destination"))
        if of == "final_demand" and destination != "country":
            raise InputError('the destinations of final demand are countries: ask for destination="country".')
        if of == "none" and not (destination == "country_sector" and columns.single):
            raise InputError(
                'coefficients of several cells have no sum: with of="none" ask for destination="country_sector", '
                "without groups."
            )
        known = self.flows.content if satellite is None and origin == "country" and of != "final_demand" else None
        values = {}
        for name, s in self._per_output(satellite).items():
            if of == "final_demand":
                values[name] = rows.sums(s[:, None] * self.flows.absorbed)
            else:
                values[name] = sources.traced(self.system, s, weights, rows, columns, content=known)
        return self._crossed(values, origin, destination)

    def vertical_specialisation(self, by: AccountLevel = "country") -> pd.DataFrame:
        """Return VS and VS1 of Hummels, Ishii & Yi 2001, and their shares in exports.

        By sector VS belongs to the exporting sector, VS1 to the sector of origin, so that only its share by country
        is one of the same exports.
        """
        total = self.summing(by)
        gross = total(self.flows.exports)
        money = {name: total(values) for name, values in sources.vertical_specialisation(self.flows).items()}
        shares = {f"{name}_share": ratio(values, gross) for name, values in money.items()}
        return self.frame({"exports": gross} | money | shares, by)

    def demand_origin(self, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return value added by where it is absorbed: ``dfddva``, ``dfdfva``, ``ffddva`` of R gvc.

        Own value added in own final demand, foreign value added in own final demand, own value added in others'
        final demand (VAX); sectors are those of origin.
        """
        parts = sources.demand_content(self.flows, self._grouping("sector"))
        N = len(self.exporters.sectors)
        foreign = parts["dfdfva"].reshape(-1, N).sum(axis=1) if by == "country" else parts["dfdfva"]
        total = self.summing(by)
        return self.frame({"dfddva": total(parts["dfddva"]), "dfdfva": foreign, "ffddva": total(parts["ffddva"])}, by)

    def gross_trade(self, by: FlowLevel = "sector_pair") -> pd.DataFrame:
        """Return gross exports; without partners also gross imports, by sector as imports of that sector's products."""
        if choose(by, FlowLevel, "by") in ("pair", "sector_pair"):
            return self.pair_frame({"exports": self._bilateral_exports}, by)
        imports = sources.imports_by_product(self._bilateral_exports, self._grouping("sector"))
        if by == "country":
            imports = imports.reshape(-1, len(self.exporters.sectors)).sum(axis=1)
        return self.frame({"exports": self.summing(by)(self.flows.exports), "imports": imports}, by)

    def rca(self) -> pd.DataFrame:
        """Return revealed comparative advantage by sector, gross and in value added, and what it is measured in.

        ``rca`` of gross ``exports``; ``rca_vaxes`` of value added absorbed abroad by exporting sector
        (``vax_exporting``); ``rca_vaxos`` of the same by sector of origin (``vax_origin``); ``nrca`` of the domestic
        content of exports by sector of origin (``dc_origin``), as R gvc has it. NaN for a country without exports
        and for a sector that nobody exports.
        """
        N = len(self.exporters.sectors)
        values = {name: self.exporters.by_row(flow) for name, flow in export_values(self.flows).items()}
        indices = {name: revealed_advantage(values[of].reshape(-1, N)).ravel() for name, of in _NAMES.items()}
        return self.frame(values | indices, "sector")

    @cached_property
    def _bilateral_exports(self) -> FloatArray:
        return sources.bilateral_exports(self.flows)

    def _weights(self, of: str, partners: Names) -> FloatArray:
        """Return what cells are weighted with, shape (n,)."""
        if partners is not None:
            if of != "exports":
                raise InputError(f'partners are of exports: with of="{of}" there are none. Leave partners out.')
            chosen = country_mask(partners, self.table, self.exporters, "partner")
            return self._bilateral_exports[:, self._whole(chosen)].sum(axis=1)
        flows = self.flows
        return {
            "exports": lambda: flows.exports,
            "output": lambda: flows.x,
            "final_goods": lambda: flows.y,
            "final_demand": lambda: flows.y,
            "none": lambda: np.ones_like(flows.x),
        }[of]()

    def _whole(self, chosen: np.ndarray) -> np.ndarray:
        """Return which exporters are chosen; a part of a group is refused, as its imports are the group's."""
        whole = np.zeros(len(self.exporters.names), dtype=bool)
        for exporter, name in enumerate(self.exporters.names):
            members = chosen[self.exporters.exporter_of_country == exporter]
            if members.any() and not members.all():
                raise InputError(f"partners has a part of the group {name}. Name the group, or do not group.")
            whole[exporter] = members.any()
        return whole

    def _grouping(self, level: str) -> sources.Grouping:
        """Return what cells are summed to at a level."""
        G, N, row = len(self.exporters.names), len(self.exporters.sectors), self.exporters.row_of_cell
        if level == "country":
            return sources.Grouping(self.exporters.blocks.of_cell, G)
        return sources.Grouping(row % N, N) if level == "sector" else sources.Grouping(row, G * N)

    def _per_output(self, satellite: Satellite | None) -> dict[str, FloatArray]:
        """Return value added, or each row of a satellite, per unit of output, shape (n,) each."""
        if satellite is None:
            return {"value_added": self.flows.v}
        amounts = self._amounts(satellite)
        return dict(zip(satellite.rows, amounts * self.system.inverse_x, strict=True))

    def _amounts(self, satellite: Satellite) -> FloatArray:
        """Return the rows of a satellite in the system's order, shape (K, n)."""
        return self.exporters.arranged(satellite.aligned(self.table).T).T

    def _crossed(self, values: dict[str, FloatArray], origin: str, destination: str) -> pd.DataFrame:
        """Label matrices (rows, columns) in long form; labels are categorical, as there may be n² rows."""
        index: dict[str, Any] = {}
        p, q = next(iter(values.values())).shape
        place = {"origin_": (origin, np.repeat(np.arange(p), q)), "": (destination, np.tile(np.arange(q), p))}
        countries, sectors = self.exporters.names, self.exporters.sectors
        for prefix, (level, at) in place.items():
            N = len(sectors) if level == "country_sector" else 1
            if level != "sector":
                index[f"{prefix}country"] = pd.Categorical.from_codes(at // N, pd.Index(countries))
            if level != "country":
                index[f"{prefix}sector"] = pd.Categorical.from_codes(at % len(sectors), pd.Index(sectors))
        return TidyFrame(index | {"year": self.table.year} | {name: flow.ravel() for name, flow in values.items()})
