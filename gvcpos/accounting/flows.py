"""The flows of one table that every index is made of, each computed once and kept.

Vectors have shape (GN,), country-major; matrices (GN, G) have a column for every country.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.leontief import FloatArray, LeontiefSystem


class WorldFlows:
    """Value added, final demand and exports of a table, and the few solves of its Leontief system.

    Parameters
    ----------
    system : LeontiefSystem
    Y : ndarray, shape (GN, G)
        Final demand by destination, categories summed.
    va : ndarray, shape (GN,)
        Value added. Cells with x = 0 have the coefficient 0.
    """

    def __init__(self, system: LeontiefSystem, Y: FloatArray, va: FloatArray) -> None:
        self.system, self.Y, self.va, self.x = system, Y, va, system.x

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
        return self.system.own_blocks(self.Y)

    @cached_property
    def y_foreign(self) -> FloatArray:
        """Exports of final goods Σ_{r≠s} Y_sr."""
        return self.system.abroad(self.Y)

    @cached_property
    def local_demand(self) -> FloatArray:
        """Output that final demand needs at home alone, L y^D and L y^F, shape (GN, 2)."""
        return self.system.local(np.stack([self.y_domestic, self.y_foreign], axis=1))

    @cached_property
    def sold_on(self) -> FloatArray:
        """Intermediate exports A^F x, and those for partners' L y^D and L y^F, shape (GN, 3): one pass over Z."""
        return self.system.foreign(np.column_stack([self.x, self.local_demand]))

    @property
    def intermediate_exports(self) -> FloatArray:
        """Exports of intermediate goods A^F x."""
        return self.sold_on[:, 0]

    @cached_property
    def exports(self) -> FloatArray:
        """Gross exports e_s = Σ_{r≠s} (Y_sr + A_sr x_r)."""
        return self.y_foreign + self.intermediate_exports

    @cached_property
    def w(self) -> FloatArray:
        """Domestic value added per unit of final output v_s L_ss."""
        return self.system.local_transposed(self.v)

    @cached_property
    def imported_value(self) -> FloatArray:
        """w A^F and w L A^F as columns, shape (GN, 2), with w = vL."""
        rows = np.stack([self.w, self.system.local_transposed(self.w)], axis=1)
        return self.system.foreign_transposed(rows)

    def solve_all(self) -> None:
        """Make the solves for all indices in two calls instead of four, unless some are made already.

        A solve with few columns is bound by memory: it reads the factors as often as one with many columns.
        Whoever wants a single index does better without.
        """
        if not {"output_solves", "input_solves", "absorption", "origin"} & vars(self).keys():
            output, inputs = self._output_columns(), self._input_columns()
            solved = self.system.solve(np.concatenate([output, self._absorption_columns()], axis=1))
            self.output_solves, self.absorption = solved[:, : output.shape[1]], solved[:, output.shape[1] :]
            origin = self.system.block_columns(self.v)
            solved = self.system.solve_transposed(np.concatenate([inputs, origin], axis=1))
            self.input_solves, self.origin = solved[:, : inputs.shape[1]], solved[:, inputs.shape[1] :]

    def _output_columns(self) -> FloatArray:
        return np.stack([self.x, self.intermediate_exports], axis=1)

    def _input_columns(self) -> FloatArray:
        return np.column_stack([np.ones_like(self.x), self.imported_value])

    def _absorption_columns(self) -> FloatArray:
        spread = self.system.block_columns
        return np.concatenate([self.Y, spread(self.y_domestic), spread(self.y_foreign)], axis=1)

    @cached_property
    def output_solves(self) -> FloatArray:
        """B x and B A^F x, shape (GN, 2)."""
        return self.system.solve(self._output_columns())

    @cached_property
    def input_solves(self) -> FloatArray:
        """u B, w A^F B and w L A^F B as columns, shape (GN, 3)."""
        return self.system.solve_transposed(self._input_columns())

    @cached_property
    def absorption(self) -> FloatArray:
        """B times all of Y, its domestic and its exported part by country, shape (GN, 3G)."""
        return self.system.solve(self._absorption_columns())

    @cached_property
    def value_in(self) -> FloatArray:
        """Value added of all origins per unit of final output, vB = w + w A^F B (1 on a balanced table)."""
        return self.w + self.input_solves[:, 1]

    @cached_property
    def origin(self) -> FloatArray:
        """Value added of country s per unit of final output of every cell, v_s B, as column s: (GN, G)."""
        return self.system.solve_transposed(self.system.block_columns(self.v))

    @cached_property
    def own_content(self) -> FloatArray:
        """Own value added per unit of exports v_s B_ss."""
        return self.system.own_blocks(self.origin)

    @property
    def absorbed(self) -> FloatArray:
        """Output absorbed by each country's final demand B Y, shape (GN, G)."""
        return self.absorption[:, : self.system.G]

    @property
    def for_home(self) -> FloatArray:
        """Output needed for the final goods that each country sells at home, B_st Y_tt, shape (GN, G)."""
        return self.absorption[:, self.system.G : 2 * self.system.G]

    @property
    def for_abroad(self) -> FloatArray:
        """Output needed for the final goods that each country exports, B_st Σ_{w≠t} Y_tw, shape (GN, G)."""
        return self.absorption[:, 2 * self.system.G :]

    @cached_property
    def returned(self) -> FloatArray:
        """Intermediate exports of s that serve s again, Σ_{r≠s} A_sr m_rs, shape (GN, 3).

        m is BY: all that ends in the exporter's own final demand; B_rs Σ_{t≠s} Y_st: what goes into its own
        final exports; L_rr Y_rs: what the direct importer sends back as final goods.
        """
        near = self.system.local(self.Y)
        return self.system.foreign_own(self.absorbed, self.for_abroad, near)
