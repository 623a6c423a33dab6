"""The vectors of one table that indices are made of, each computed once and kept, from two solves.

Vectors have shape (n,).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem


class VectorFlows:
    """Value added, final demand and exports of a table, and the few solves that its vectors need.

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
    def w_local(self) -> FloatArray:
        """The same once more through the domestic system, wL."""
        return self.system.local_transposed(self.w)

    @cached_property
    def _first_pass(self) -> tuple[FloatArray, FloatArray]:
        """A^F times [x, L y^D, L y^F] and its transpose times [w, wL], in one pass over Z."""
        columns = np.column_stack([self.x, self.local_demand])
        rows = np.stack([self.w, self.w_local], axis=1)
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
    def output_solves(self) -> FloatArray:
        """B x and B A^F x, shape (n, 2)."""
        return self.system.solve(np.stack([self.x, self.intermediate_exports]).T, overwrite=True)

    @cached_property
    def input_solves(self) -> FloatArray:
        """u B, w A^F B, w L A^F B, l A^D B, w B and l B as columns, shape (n, 6); l is `live`."""
        at_home = self.system.domestic_transposed(self.live)
        rows = [np.ones_like(self.x), *self.imported_value.T, at_home, self.w, self.live]
        return self.system.factorise_with(np.stack(rows).T)

    @cached_property
    def value_in(self) -> FloatArray:
        """Value added of all origins per unit of final output, vB = w + w A^F B (1 on a balanced table)."""
        return self.w + self.input_solves[:, 1]

    @cached_property
    def onward(self) -> FloatArray:
        """A^F B A^D x, exports of intermediates for what partners make of their own."""
        bx, bfx = self.output_solves.T
        # B A^D x = B x − x − B A^F x, as B A x = B x − x.
        return self.system.foreign(bx - self.x - bfx)
