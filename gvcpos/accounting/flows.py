"""The flows of one table that every index is made of, each computed once and kept.

Vectors have shape (n,); matrices (n, G) have a column for every country.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem
from gvcpos.accounting.sales import DirectSales


class WorldFlows:
    """Value added, final demand and exports of a table, and the few solves of its Leontief system.

    Parameters
    ----------
    system : LeontiefSystem
    Y : ndarray, shape (n, G)
        Final demand by destination, categories summed.
    va : ndarray, shape (n,)
        Value added. Cells with x = 0 have the coefficient 0.
    """

    def __init__(self, system: LeontiefSystem, Y: FloatArray, va: FloatArray) -> None:
        self.system, self.Y, self.va, self.x = system, Y, va, system.x

    @property
    def live(self) -> FloatArray:
        """1 where there is output, 0 where there is none: what vB is on a balanced table."""
        return (self.x != 0).astype(np.float64)

    @cached_property
    def v(self) -> FloatArray:
        """Value-added coefficients va/x."""
        return self.va * self.system.inverse_x

    @cached_property
    def y(self) -> FloatArray:
        """Final demand for the goods of a cell, all destinations."""
        return self.Y.sum(axis=1)

    @cached_property
    def y_domestic(self) -> FloatArray:
        """Domestic final demand Y_ss."""
        return self.system.blocks.own(self.Y)

    @cached_property
    def y_foreign(self) -> FloatArray:
        """Exports of final goods Σ_{r≠s} Y_sr."""
        return self.system.blocks.abroad(self.Y)

    @cached_property
    def local_demand(self) -> FloatArray:
        """Output that final demand needs at home alone, L y^D and L y^F, shape (n, 2)."""
        return self.system.local(np.stack([self.y_domestic, self.y_foreign], axis=1))

    @cached_property
    def w(self) -> FloatArray:
        """Domestic value added per unit of final output v_s L_ss."""
        return self.system.local_transposed(self.v)

    @cached_property
    def _first_pass(self) -> tuple[FloatArray, FloatArray]:
        """A^F times [x, L y^D, L y^F] and its transpose times [w, wL], in one pass over Z."""
        columns = np.column_stack([self.x, self.local_demand])
        rows = np.stack([self.w, self.system.local_transposed(self.w)], axis=1)
        sold, _, bought = self.system.foreign_products(columns=columns, rows=rows)
        return sold, bought

    @property
    def sold_on(self) -> FloatArray:
        """Intermediate exports A^F x, and those for partners' L y^D and L y^F, shape (n, 3)."""
        return self._first_pass[0]

    @property
    def intermediate_exports(self) -> FloatArray:
        """Exports of intermediate goods A^F x."""
        return self.sold_on[:, 0]

    @property
    def imported_value(self) -> FloatArray:
        """Value added of direct suppliers abroad, w A^F and w L A^F as columns, shape (n, 2)."""
        return self._first_pass[1]

    @cached_property
    def exports(self) -> FloatArray:
        """Gross exports e_s = Σ_{r≠s} (Y_sr + A_sr x_r)."""
        return self.y_foreign + self.intermediate_exports

    @cached_property
    def _solved(self) -> FloatArray:
        """All that is solved forward, in one call: few columns read the factors as often as many do."""
        spread = self.system.blocks.spread
        return self.system.solve(
            _side_by_side(
                self.x,
                self.intermediate_exports,
                self.Y,
                spread(self.y_domestic),
                spread(self.y_foreign),
            ),
            overwrite=True,
        )

    @property
    def output_solves(self) -> FloatArray:
        """B x and B A^F x, shape (n, 2)."""
        return self._solved[:, :2]

    @property
    def absorbed(self) -> FloatArray:
        """Output absorbed by each country's final demand B Y, shape (n, G)."""
        return self._solved[:, 2 : 2 + self.system.blocks.G]

    @property
    def for_home(self) -> FloatArray:
        """Output needed for the final goods that each country sells at home, B_st Y_tt, shape (n, G)."""
        return self._solved[:, 2 + self.system.blocks.G : 2 + 2 * self.system.blocks.G]

    @property
    def for_abroad(self) -> FloatArray:
        """Output needed for the final goods that each country exports, B_st Σ_{w≠t} Y_tw, shape (n, G)."""
        return self._solved[:, 2 + 2 * self.system.blocks.G :]

    @cached_property
    def _solved_transposed(self) -> FloatArray:
        """All that is solved backward, in one call."""
        spread = self.system.blocks.spread(self.v)
        ones, live = np.ones_like(self.x), self.live
        at_home = self.system.domestic_transposed(live)
        known = _side_by_side(ones, self.imported_value, at_home, self.w, live, spread)
        return self.system.solve_transposed(known, overwrite=True)

    @property
    def input_solves(self) -> FloatArray:
        """u B, w A^F B, w L A^F B, l A^D B, w B and l B as columns, shape (n, 6); l is `live`."""
        return self._solved_transposed[:, :6]

    @cached_property
    def value_in(self) -> FloatArray:
        """Value added of all origins per unit of final output, vB = w + w A^F B (1 on a balanced table)."""
        return self.w + self.input_solves[:, 1]

    @cached_property
    def own_content(self) -> FloatArray:
        """Own value added per unit of exports v_s B_ss."""
        return self.system.blocks.own(self._solved_transposed[:, 6:])

    @cached_property
    def _second_pass(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """What of the solutions crosses a border, in one pass over Z."""
        bx, bfx = self.output_solves.T
        # B A^D x = B x − x − B A^F x, as B A x = B x − x.
        columns = np.stack([bfx, bx - self.x - bfx, self.system.blocks.own(self.for_home)], axis=1)
        own = (self.absorbed, self.for_abroad, self.system.local(self.Y))
        return self.system.foreign_products(columns, own)

    @property
    def onward(self) -> FloatArray:
        """A^F B A^F x, A^F B A^D x and Σ_{r≠s} A_sr B_rr Y_rr, shape (n, 3)."""
        return self._second_pass[0]

    @property
    def returned(self) -> FloatArray:
        """Intermediate exports of s that serve s again, Σ_{r≠s} A_sr m_rs, shape (n, 3).

        m is BY: all that ends in the exporter's own final demand; B_rs Σ_{t≠s} Y_st: what goes into its own
        final exports; L_rr Y_rs: what the direct importer sends back as final goods.
        """
        return self._second_pass[1]

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


def _side_by_side(*parts: FloatArray) -> FloatArray:
    """Put vectors and matrices side by side in the column order that LAPACK solves in."""
    rows = [np.atleast_2d(part.T) for part in parts]
    return np.concatenate(rows).T
