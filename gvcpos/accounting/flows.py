"""The flows of one table that need a solve for every exporter: absorption, own content, what returns.

Matrices (n, G) have a column for every exporter.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.sales import DirectSales
from gvcpos.accounting.vectors import VectorFlows


class WorldFlows(VectorFlows):
    """The vectors of a table and, beside them, what 4 G more columns of its Leontief system say."""

    @cached_property
    def absorbed(self) -> FloatArray:
        """Output absorbed by each exporter's final demand B Y, shape (n, G)."""
        return self.system.solve(self.Y)

    @cached_property
    def _by_seller(self) -> FloatArray:
        return self.system.solve_spread(np.stack([self.y_domestic, self.y_foreign], axis=1))

    @property
    def for_home(self) -> FloatArray:
        """Output needed for the final goods that each exporter sells at home, B_st Y_tt, shape (n, G)."""
        return self._by_seller[0]

    @property
    def for_abroad(self) -> FloatArray:
        """Output needed for the final goods that each exporter sells abroad, B_st Σ_{w≠t} Y_tw, shape (n, G)."""
        return self._by_seller[1]

    @cached_property
    def content(self) -> FloatArray:
        """Value added of t in a unit of s's exports, (v_t B_ts)': rows of s, a column for each t, shape (n, G)."""
        return self.system.solve_spread_transposed(self.v)

    @cached_property
    def own_content(self) -> FloatArray:
        """Own value added in a unit of exports v_s B_ss."""
        return self.system.blocks.own(self.content)

    @cached_property
    def foreign_content(self) -> FloatArray:
        """Foreign value added in a unit of exports Σ_{t≠s} v_t B_ts."""
        return self.system.blocks.abroad(self.content)

    @cached_property
    def _across(self) -> tuple[FloatArray, FloatArray]:
        """What of the solutions crosses a border, in one pass over Z."""
        own = (self.absorbed, self.for_abroad, self.system.local(self.Y))
        column, owned, _ = self.system.foreign_products(self.system.blocks.own(self.for_home)[:, None], own)
        return column[:, 0], owned

    @property
    def round_home(self) -> FloatArray:
        """Σ_{r≠s} A_sr B_rr Y_rr, intermediate exports for what partners make and use at home."""
        return self._across[0]

    @property
    def returned(self) -> FloatArray:
        """Intermediate exports of s that serve s again, Σ_{r≠s} A_sr m_rs, shape (n, 3).

        m is BY: all that ends in the exporter's own final demand; B_rs Σ_{t≠s} Y_st: what goes into its own
        final exports; L_rr Y_rs: what the direct importer sends back as final goods.
        """
        return self._across[1]

    @cached_property
    def sales(self) -> DirectSales:
        """What exports serve, summed over partners, shape (n,) each."""
        intermediate, used, passed = self.sold_on.T
        returned, _, sent_back = self.returned.T
        return DirectSales(self.y_foreign, intermediate, used, passed, sent_back, returned)

    @cached_property
    def absorbed_abroad(self) -> FloatArray:
        """Value added absorbed by foreign final demand by sector of origin, v̂ Σ_{r≠s} (BY)_sr, shape (n,).

        The numerator of the VAX ratio of Johnson & Noguera (2012, J. Int. Econ. 86:224).
        """
        return self.v * self.system.blocks.abroad(self.absorbed)
