"""What every exporter sells to every partner, and what becomes of it: matrices (n, G), rows of s, a column for each r.

All of it follows from the inverse B in passes over Z and over B; no matrix n × n is made besides. Own blocks are 0.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray, pair_products, transposed
from gvcpos.accounting.flows import WorldFlows
from gvcpos.accounting.sales import Sales


class PairFlows:
    """The flows between all pairs of exporters.

    Parameters
    ----------
    flows : WorldFlows
        Its system is inverted at once: from here on every product is a pass over B.
    """

    def __init__(self, flows: WorldFlows) -> None:
        self.flows, self.system, self.blocks = flows, flows.system, flows.system.blocks
        self.system.inverse()

    @property
    def B(self) -> FloatArray:
        """The inverse, shape (n, n)."""
        return self.system.inverse()

    @cached_property
    def final(self) -> FloatArray:
        """Exports of final goods Y_sr."""
        return self.blocks.without_own(self.flows.Y)

    @cached_property
    def exports(self) -> FloatArray:
        """Gross exports e_sr = Y_sr + A_sr x_r."""
        return self.final + self.sales.intermediate

    @cached_property
    def absorbed(self) -> FloatArray:
        """Output of each cell absorbed by each partner's final demand, BY."""
        return self.flows.absorbed

    @property
    def content(self) -> FloatArray:
        """Value added of t in a unit of s's exports, (v_t B_ts)': rows of s, a column for each t."""
        return self.flows.content

    @property
    def own(self) -> FloatArray:
        """Own value added in a unit of exports v_s B_ss, shape (n,)."""
        return self.flows.own_content

    @property
    def foreign(self) -> FloatArray:
        """Foreign value added in a unit of exports Σ_{t≠s} v_t B_ts, shape (n,)."""
        return self.flows.foreign_content

    @cached_property
    def single(self) -> FloatArray:
        """Foreign value added counted once f = (Σ_{t≠s} v_t B_ts)(I + M_s)⁻¹, shape (n,)."""
        rows = self.blocks.solve(transposed(self.system.diagonal_blocks), self.foreign)
        return self.system.local_transposed(rows)

    @cached_property
    def _through_exporter(self) -> FloatArray:
        """B_rs B_ss⁻¹ m_s for m = L_ss e_s, L_ss Σ_{t≠s} Y_st and (BY)_ss − L_ss Y_ss, shape (3, n, G)."""
        home, abroad = self.flows.local_demand.T
        returned = self.blocks.own(self.absorbed) - home
        m = np.stack([self.system.local(self.flows.exports), abroad, returned], axis=1)
        return self.system.solve_spread(self.blocks.solve(self.system.diagonal_blocks, m))

    @cached_property
    def sales(self) -> Sales:
        """What the intermediate exports of s to r are used for; see `Sales`."""
        flows, blocks = self.flows, self.blocks
        home, abroad = flows.for_home, flows.for_abroad
        again, again_final, returned = self._through_exporter
        inside = blocks.multiply(self.system.diagonal_blocks, flows.Y)
        back = blocks.solve(self.system.diagonal_blocks, self.absorbed)
        _, (crossed,) = pair_products(self.B, blocks, np.empty((blocks.n, 0)), [back])
        local = self.system.local(flows.Y)
        shared = {
            "intermediate": flows.x,
            "used": flows.local_demand[:, 0],
            "passed": flows.local_demand[:, 1],
            "round_home": blocks.own(home),
            "round_abroad": blocks.own(abroad),
            "world_home": home.sum(axis=1),
            "world_abroad": abroad.sum(axis=1),
            "absorbed": blocks.own(self.absorbed),
        }
        paired = {
            "sent_back": local,
            "returned": self.absorbed,
            "via_home": home,
            "via_abroad": abroad,
            "round_back": inside,
            "again": again,
            "again_final": again_final,
            "returned_through": returned,
            "absorbed_through": crossed,
        }
        scale = self.system.inverse_x[:, None]
        by_importer = np.stack(list(shared.values()), axis=1) * scale
        alone, both = pair_products(self.system.Z, blocks, by_importer, [m * scale for m in paired.values()])
        served = dict(zip(shared, alone, strict=True)) | dict(zip(paired, both, strict=True))
        return Sales(final=self.final, **served)

    def onward(self, m: FloatArray) -> FloatArray:
        """Return A_sr L_rr m_r for a vector of each partner, shape (n, G)."""
        scaled = self.system.local(m) * self.system.inverse_x
        return pair_products(self.system.Z, self.blocks, scaled[:, None], ())[0][0]
