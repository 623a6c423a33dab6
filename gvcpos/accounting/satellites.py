"""Satellite accounts: work, emissions or income by occupation of every cell, beside the table and aligned by label."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import IdentityWarning, InputError, LabelError
from gvcpos._core.labels import align, enumerate_labels, unique
from gvcpos.accounting.blocks import FloatArray
from gvcpos.tables import IOTable

Pairs = tuple[tuple[str, str], ...]
_TAKEN = ("country", "sector", "partner", "category", "satellite", "year", "origin_country", "origin_sector")


@dataclass(frozen=True, eq=False)
class Satellite:
    """Rows of what production takes besides money, by cell, and what final users take themselves.

    Make one with `Satellite.from_frame` (rows × cells) or `Satellite.from_tidy` (a line for each cell).

    Attributes
    ----------
    rows : tuple of str
        K labels, as in ``("employment",)``.
    F : ndarray, shape (K, m)
        Amounts, not per unit of output.
    cells : tuple of (country, sector)
        m labels of the columns of `F`, in any order.
    F_Y : ndarray, shape (K, k)
        What final users take directly (households' emissions); k = 0 for nothing.
    uses : tuple of (country, category)
        k labels of the columns of `F_Y`; the category is ``""`` where it is by country alone.
    unit : str
    """

    rows: tuple[str, ...]
    F: FloatArray
    cells: Pairs
    F_Y: FloatArray
    uses: Pairs
    unit: str = "unit not stated"

    @classmethod
    def from_frame(
        cls, F: pd.DataFrame, final: pd.DataFrame | None = None, *, unit: str = "unit not stated"
    ) -> Satellite:
        """Make a satellite from rows by cells.

        Parameters
        ----------
        F : DataFrame
            Index: names of the rows; columns: a MultiIndex (country, sector).
        final : DataFrame, optional
            The same rows; columns: a MultiIndex (country, category), or countries.

        Raises
        ------
        LabelError
            For duplicated rows or cells, or rows of `final` that are not those of `F`.
        InputError
            For a cell that is no finite number, or columns that are not pairs of labels.
        """
        rows = unique(F.index, "rows of the satellite")
        taken = [row for row in rows if row in _TAKEN]
        if taken:
            raise LabelError(f"a row of a satellite cannot be called {enumerate_labels(taken)}. Rename it.")
        uses, direct = ((), np.zeros((len(rows), 0))) if final is None else _uses(final, rows)
        return cls(rows, _numbers(F, rows), _pairs(F.columns, "(country, sector)"), direct, uses, unit)

    @classmethod
    def from_tidy(
        cls, frame: pd.DataFrame, rows: str | Iterable[str] | None = None, *, unit: str = "unit not stated"
    ) -> Satellite:
        """Make a satellite from a frame with columns ``country``, ``sector`` and one for each row.

        Parameters
        ----------
        frame : DataFrame
            One line for each cell of one year.
        rows : str or iterable of str, optional
            Columns to take; default all but ``country``, ``sector`` and ``year``.
        """
        lacking = [name for name in ("country", "sector") if name not in frame.columns]
        if lacking:
            raise LabelError(f"the satellite has no column {enumerate_labels(lacking)}; it needs country and sector.")
        if "year" in frame.columns and frame["year"].nunique() > 1:
            raise InputError(f"the satellite has {frame['year'].nunique()} years. Choose the table's.")
        known = [c for c in frame.columns if c not in ("country", "sector", "year")] if rows is None else rows
        wanted = [known] if isinstance(known, str) else list(known)
        absent = [name for name in wanted if name not in frame.columns]
        if absent:
            raise LabelError(f"the satellite has no column {enumerate_labels(absent)}.")
        return cls.from_frame(frame.set_index(["country", "sector"])[wanted].T, unit=unit)

    def aligned(self, table: IOTable) -> FloatArray:
        """Return the rows by cell of a table, shape (K, n), in the table's order.

        Raises
        ------
        LabelError
            If a country, a sector or a cell is missing, duplicated or left over; the message names it.
        """
        order = _order(self.cells, (table.countries, table.sectors), ("countries", "sectors"))
        amounts = self.F[:, order]
        self._warn_of_idle(amounts, table)
        return amounts

    def direct(self, table: IOTable) -> FloatArray:
        """Return what final users take themselves by country, shape (K, countries); errors as in `aligned`."""
        G = len(table.countries)
        by_category = self.direct_by_category(table)
        return by_category if by_category.shape[1] == G else by_category.reshape(len(self.rows), G, -1).sum(axis=2)

    def direct_by_category(self, table: IOTable) -> FloatArray:
        """Return it by country and final-demand category, (K, countries · C), or (K, countries) where not known."""
        if not self.uses:
            return np.zeros((len(self.rows), len(table.countries)))
        categories = table.final_categories if any(category for _, category in self.uses) else ("",)
        return self.F_Y[:, _order(self.uses, (table.countries, categories), ("countries", "final-demand categories"))]

    def _warn_of_idle(self, amounts: FloatArray, table: IOTable) -> None:
        lost = np.where(table.x == 0, amounts, 0.0)
        if lost.any():
            row, cell = np.unravel_index(int(np.abs(lost).argmax()), lost.shape)
            warnings.warn(
                IdentityWarning(
                    f"the satellite has {self.rows[row]} {lost[row, cell]:.6g} in {' '.join(table.nodes[cell])}, which "
                    f"has no output: {lost[row].sum():.6g} in all is in no product, and consumption falls short by it."
                ),
                stacklevel=3,
            )


def _order(have: Pairs, want: tuple[Sequence[str], Sequence[str]], what: tuple[str, str]) -> np.ndarray:
    """Find the order of pairs of labels; whole countries and sectors that do not fit are named first."""
    for level in (0, 1) if any(want[1]) else (0,):
        label = f"{what[level]} of the satellite"
        align(list(dict.fromkeys(pair[level] for pair in have)), want[level], label, f"{what[level]} of the table")
    names = [" ".join(pair).strip() for pair in have]
    wanted = [f"{first} {second}".strip() for first in want[0] for second in want[1]]
    return align(names, wanted, "the satellite", "the table")


def _uses(final: pd.DataFrame, rows: tuple[str, ...]) -> tuple[Pairs, FloatArray]:
    order = align(list(final.index), rows, "rows of the final users", "rows of the satellite")
    pairs = (
        _pairs(final.columns, "(country, category)")
        if isinstance(final.columns, pd.MultiIndex)
        else tuple((str(country), "") for country in final.columns)
    )
    return pairs, _numbers(final.iloc[order], rows)


def _pairs(columns: pd.Index, what: str) -> Pairs:
    if columns.nlevels != 2:
        raise InputError(f"the columns of a satellite are a MultiIndex {what}, not {columns.nlevels} level(s).")
    return tuple((str(first), str(second)) for first, second in columns)


def _numbers(frame: pd.DataFrame, rows: tuple[str, ...]) -> FloatArray:
    """Return the values as floats; name the row and the label of the first that is no finite number."""
    values = frame.apply(pd.to_numeric, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        label = frame.columns[column]
        where = " ".join(map(str, label)) if isinstance(label, tuple) else str(label)
        raise InputError(
            f"the satellite has {frame.iat[row, column]!r} in row {rows[row]}, {where}. Every cell must be a finite "
            "number: fill what is missing, or leave the row out."
        )
    return values
