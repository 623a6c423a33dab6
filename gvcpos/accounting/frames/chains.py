"""Frames of chosen chains and of satellites: income and jobs, distances, footprints, functions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos._core.options import AccountLevel, choose
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.final_use import FinalUse, Names, country_mask, sector_mask
from gvcpos.accounting.frames.origin import OriginFrames
from gvcpos.accounting.indices import footprints as taken
from gvcpos.accounting.indices.distance import reach_from, reach_to
from gvcpos.accounting.indices.position import ratio
from gvcpos.accounting.labelled import TidyFrame
from gvcpos.accounting.satellites import Satellite


class ChainFrames(OriginFrames):
    """What `ValueAddedAccounts` says of chains with a chosen end, and of satellite accounts."""

    def gvc_income(
        self, final: FinalUse | None = None, *, satellite: Satellite | None = None, by: AccountLevel = "sector"
    ) -> pd.DataFrame:
        """Return who earns from a chain, v̂Bf (Timmer, Erumban, Los, Stehrer & de Vries 2014, J. Econ. Persp. 28:99).

        Parameters
        ----------
        final : FinalUse, optional
            The final products of the chain, f; default all.
        satellite : Satellite, optional
            Its rows are traced too: with employment, jobs in the chain, (employment/x)^ B f.
        by : "sector" or "country"
            Where the income is earned.

        Returns
        -------
        DataFrame
            ``gvc_income``; ``gvc_income_share``, its share in the chain's total, which is Σ f on a balanced table
            (=); a column for each row of the satellite.
        """
        total = self.summing(choose(by, AccountLevel, "by"))
        output = self.system.solve(self._final(final))
        income = total(self.flows.v * output)
        columns = {"gvc_income": income, "gvc_income_share": ratio(income, np.full_like(income, income.sum()))}
        extra = {} if satellite is None else self._per_output(satellite)
        return self.frame(columns | {name: total(s * output) for name, s in extra.items()}, by)

    def distance(self, final: FinalUse | None = None, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return the distance in stages to a chosen final demand, (BBf)_i / (Bf)_i (Meng, Ye & Wei 2020).

        Parameters
        ----------
        final : FinalUse, optional
            The final demand f; default all of it, and the distance is then upstreamness.
        by : "sector" or "country"
            Countries are averages with ``output`` as weights.

        Returns
        -------
        DataFrame
            ``distance_to_final``; ``output``, Bf, which the final demand needs of a cell, and ``gvc_income``,
            v_i (Bf)_i, the weights of a smile curve. NaN where nothing reaches the final demand.
        """
        total = self.summing(choose(by, AccountLevel, "by"))
        reach = reach_to(self.system, self._final(final))
        output = total(reach.flow)
        stages = ratio(total(reach.stages), output)
        return self.frame(
            {"distance_to_final": stages, "output": output, "gvc_income": total(self.flows.v * reach.flow)}, by
        )

    def distance_from_inputs(
        self, countries: Names = None, sectors: Names = None, by: AccountLevel = "sector"
    ) -> pd.DataFrame:
        """Return the distance in stages from primary inputs of chosen origin, (hBB)_j / (hB)_j, h = v of the origin.

        Parameters
        ----------
        countries, sectors : str or iterable of str, optional
            Where the value is added; default everywhere, and the distance is then downstreamness.
        by : "sector" or "country"
            Averages with the inputs in output, hB x̂, as weights.

        Returns
        -------
        DataFrame
            ``distance_from_inputs``; ``input_share``, hB: the inputs in a unit of output. NaN where there are none,
            or no output.
        """
        total = self.summing(choose(by, AccountLevel, "by"))
        chosen = np.outer(
            country_mask(countries, self.table, self.exporters, "country of origin"),
            sector_mask(sectors, self.table, self.exporters),
        ).ravel()
        reach = reach_from(self.system, self.exporters.arranged(chosen.astype(np.float64)) * self.flows.v)
        inside = total(reach.flow * self.x)
        stages = ratio(total(reach.stages * self.x), inside)
        return self.frame({"distance_from_inputs": stages, "input_share": ratio(inside, total(self.x))}, by)

    def footprints(self, satellite: Satellite | None = None, by: AccountLevel = "country") -> pd.DataFrame:
        """Return production- and consumption-based accounts under pymrio's names; of value added by default.

        Returns
        -------
        DataFrame
            A line for each row of the satellite. ``D_pba`` what production takes, ``D_cba`` what final demand takes
            in all the world, ``D_exp`` what others' final demand takes here, ``D_imp`` what own final demand takes
            abroad: absorbed value, not the content of gross trade. D_cba = D_pba − D_exp + D_imp by country (=).
            By sector D_pba and D_exp are by producer, D_cba and D_imp by final product, and ``F_Y``, what final
            users take directly, is left out; by country it is a column of its own and part of D_pba and D_cba.
        """
        rows, amounts, direct = self._satellite(satellite)
        if choose(by, AccountLevel, "by") == "country":
            found = taken.accounts_by_exporter(self.flows, amounts, direct) | {"F_Y": direct}
        else:
            found = taken.accounts_by_sector(
                self.flows, amounts, self._grouping("country_sector"), self._grouping("sector")
            )
        return self._stacked(found, rows, by)

    def intensities(self, satellite: Satellite | None = None, by: AccountLevel = "sector") -> pd.DataFrame:
        """Return amounts ``F``, ``S = F/x`` and ``M = SB`` (what a unit of final output takes in all the world).

        Groups and countries have averages with output as weights; NaN where there is no output.
        """
        rows, amounts, _ = self._satellite(satellite)
        total = self.summing(choose(by, AccountLevel, "by"))
        F, output = total(amounts.T).T, total(self.x)
        whole = total((taken.multipliers(self.flows, amounts) * self.x).T).T
        return self._stacked({"F": F, "S": ratio(F, output[None, :]), "M": ratio(whole, output[None, :])}, rows, by)

    def final_intensities(self, satellite: Satellite) -> pd.DataFrame:
        """Return what final users take directly, ``F_Y``, and ``S_Y``, per unit of what they spend.

        By the table's own countries and, where the satellite has them, final-demand categories.
        """
        table, rows = self.table, satellite.rows
        direct, spent = satellite.direct_by_category(table), table.Y.sum(axis=0)
        G = len(table.countries)
        categories = list(table.final_categories) if direct.shape[1] == len(spent) else ["all"]
        spent = spent.reshape(G, len(categories), -1).sum(axis=2).ravel()
        C, K = len(categories), len(rows)
        return TidyFrame(
            {
                "country": np.repeat(np.array(table.countries, dtype=object), C * K),
                "category": np.tile(np.repeat(np.array(categories, dtype=object), K), G),
                "satellite": list(rows) * (G * C),
                "year": table.year,
                "F_Y": direct.T.ravel(),
                "S_Y": ratio(direct, spent[None, :]).T.ravel(),
            }
        )

    def functional_specialisation(self, satellite: Satellite) -> pd.DataFrame:
        """Return ``fs``, functional specialisation in trade (Timmer, Miroudot & de Vries 2019), by country.

        Parameters
        ----------
        satellite : Satellite
            A row for each function (fabrication, R&D, marketing, management): the income of those who carry it out.

        Returns
        -------
        DataFrame
            ``function_income``, income in the domestic value added of exports; ``function_share`` of all functions
            of the country; ``fs``, that share over the world's.
        """
        rows, amounts, _ = self._satellite(satellite)
        return self._stacked(taken.functions_in_exports(self.flows, amounts), rows, "country")

    def _final(self, final: FinalUse | None) -> FloatArray:
        return self.flows.y if final is None else final.vector(self.table, self.exporters)

    def _satellite(self, satellite: Satellite | None) -> tuple[tuple[str, ...], FloatArray, FloatArray]:
        """Return names, amounts (K, n) and what final users take themselves (K, G)."""
        if satellite is None:
            return ("value_added",), self.va[None, :], np.zeros((1, len(self.exporters.names)))
        direct = self.exporters.destinations(satellite.direct(self.table))
        return satellite.rows, self._amounts(satellite), direct

    def _stacked(self, columns: dict[str, FloatArray], rows: tuple[str, ...], by: str) -> pd.DataFrame:
        """Label values (K, rows of a frame) with a line for each of the K, which stand side by side."""
        labels = self._rows(by)
        times = len(labels["country"])
        index = {name: label.repeat(len(rows)) for name, label in labels.items()}
        values = {name: each.T.ravel() for name, each in columns.items()}
        return TidyFrame(index | {"satellite": list(rows) * times, "year": self.table.year} | values)
