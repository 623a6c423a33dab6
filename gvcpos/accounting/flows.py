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
    def intermediate_exports(self) -> FloatArray:
        """Exports of intermediate goods A^F x."""
        return self.system.foreign(self.x)

    @cached_property
    def exports(self) -> FloatArray:
        """Gross exports e_s = Σ_{r≠s} (Y_sr + A_sr x_r)."""
        return self.y_foreign + self.intermediate_exports

    @cached_property
    def w(self) -> FloatArray:
        """Domestic value added per unit of final output v_s L_ss."""
        return self.system.local_transposed(self.v)

    @cached_property
    def output_solves(self) -> FloatArray:
        """B x and B A^F x, shape (GN, 2)."""
        return self.system.solve(np.stack([self.x, self.intermediate_exports], axis=1))

    @cached_property
    def input_solves(self) -> FloatArray:
        """u B, w A^F B and w L A^F B as columns, shape (GN, 3), with w = vL."""
        w_rows = np.stack([self.w, self.system.local_transposed(self.w)], axis=1)
        rows = np.column_stack([np.ones_like(self.x), self.system.foreign_transposed(w_rows)])
        return self.system.solve_transposed(rows)

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

    @cached_property
    def _absorbed(self) -> FloatArray:
        spread = self.system.block_columns
        return self.system.solve(np.concatenate([self.Y, spread(self.y_domestic), spread(self.y_foreign)], axis=1))

    @property
    def absorbed(self) -> FloatArray:
        """Output absorbed by each country's final demand B Y, shape (GN, G)."""
        return self._absorbed[:, : self.system.G]

    @property
    def for_home(self) -> FloatArray:
        """Output needed for the final goods that each country sells at home, B_st Y_tt, shape (GN, G)."""
        return self._absorbed[:, self.system.G : 2 * self.system.G]

    @property
    def for_abroad(self) -> FloatArray:
        """Output needed for the final goods that each country exports, B_st Σ_{w≠t} Y_tw, shape (GN, G)."""
        return self._absorbed[:, 2 * self.system.G :]

    @cached_property
    def returned(self) -> FloatArray:
        """Intermediate exports that end in the exporter's own final demand, Σ_{r≠s} A_sr (BY)_rs,
        and those that serve its own final exports, Σ_{r≠s} A_sr B_rs Σ_{t≠s} Y_st: shape (GN, 2)."""
        return self.system.foreign_own(self.absorbed, self.for_abroad)
