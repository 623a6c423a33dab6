"""Effects taken apart, as methods of a fitted panel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pandas as pd

from gvcpos.spatial.panel.impacts.effect_points import gradient, points, reading
from gvcpos.spatial.panel.impacts.partition import partition_frame
from gvcpos.spatial.panel.impacts.unit_effects import matrix_frame, unit_frame

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults


class EffectMethods:
    """Effects by order of neighbour and by unit."""

    def effects_by_order(self, orders: int = 4, *, level: float = 0.95) -> pd.DataFrame:
        """Return direct, indirect and total effects by order of neighbour, with delta errors.

        Parameters
        ----------
        orders : int
            The highest power of W that is shown on its own.
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            Index (effect, variable, order); order "0", "1", ... are the powers of W, "rest" all higher ones, "all"
            the sum, which is that of ``effects("delta")``. Columns as there.
        """
        result = cast("SpatialPanelResults", self)
        read = reading(result)
        totals = points(result, read.mean[None, :])[0], gradient(result, read.mean)
        return partition_frame(read, totals, orders, level)

    def effects_by_unit(
        self,
        variable: str,
        *,
        rows: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        top: int | None = None,
        period: object | None = None,
    ) -> pd.DataFrame:
        """Return who affects whom: ∂y of the unit in the row by ∂x of the unit in the column.

        Parameters
        ----------
        variable : str
            A regressor.
        rows, columns : sequence of str, optional
            Only these units; then nothing of size N x N is formed.
        top : int, optional
            Return instead the strongest pairs of different units: source, affected, effect.
        period : label, optional
            Where W changes over time: the period whose neighbours are meant.

        Raises
        ------
        LabelError
            If a name is not a regressor, a unit or a period.
        InputError
            If the whole matrix of more than 5000 units is asked for, or W changes and no period is given.
        """
        return matrix_frame(reading(cast("SpatialPanelResults", self)), variable, rows, columns, top, period=period)

    def unit_effects(self, variable: str, *, level: float = 0.95, period: object | None = None) -> pd.DataFrame:
        """Return what x does in each unit, with delta errors.

        Parameters
        ----------
        variable : str
            A regressor.
        level : float
            Of the intervals.
        period : label, optional
            Where W changes over time: the period whose neighbours are meant.

        Returns
        -------
        DataFrame
            Index (effect, entity); effect "direct" is that of the unit's x on its own y, "in" that of all other
            units' x on its y, "out" that of its x on all other units' y. The means of "in" and of "out" are both
            the indirect effect of `effects`.
        """
        return unit_frame(reading(cast("SpatialPanelResults", self)), variable, level, period)
