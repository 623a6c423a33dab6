"""What a table's own figures say about it: identity errors, zero-output sectors, negative cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import IdentityError
from gvcpos.tables.iotable import IOTable


@dataclass(frozen=True)
class TableReport:
    """The findings of `validate`; money figures are in the table's unit.

    Attributes
    ----------
    row_error, column_error : float
        Largest |Z1 + Y1 − x| and |1'Z + 1'va − x|.
    row_worst, column_worst : (str, str)
        Country and sector where they occur.
    tolerance : float
        The publisher's own rounding error, against which `ok` is judged.
    zero_output, negative_output, negative_va : tuple of (str, str)
        Country-sectors with x = 0, x < 0 and total value added < 0.
    negative_Z, negative_Y : int
        Number of negative cells.
    """

    row_error: float
    row_worst: tuple[str, str]
    column_error: float
    column_worst: tuple[str, str]
    tolerance: float
    zero_output: tuple[tuple[str, str], ...]
    negative_output: tuple[tuple[str, str], ...]
    negative_va: tuple[tuple[str, str], ...]
    negative_Z: int
    negative_Y: int

    @property
    def ok(self) -> bool:
        """True if both identities hold within the tolerance."""
        return max(self.row_error, self.column_error) <= self.tolerance

    def require(self, what: str = "the table") -> None:
        """Raise `IdentityError` unless both identities hold within the tolerance."""
        if self.ok:
            return
        side, error, worst = max(
            ("row", self.row_error, self.row_worst),
            ("column", self.column_error, self.column_worst),
            key=lambda t: t[1],
        )
        raise IdentityError(
            f"{what} does not balance: the {side} of {worst[0]} {worst[1]} is off by {error:.6g}, more than the "
            f"tolerance {self.tolerance:.6g}. Check the file, give a larger tolerance, or balance the table first."
        )

    def __str__(self) -> str:
        lines = [
            f"row identity     worst |Z1 + Y1 - x|     {self.row_error:.6g} at {' '.join(self.row_worst)}",
            f"column identity  worst |1'Z + 1'va - x|  {self.column_error:.6g} at {' '.join(self.column_worst)}",
            f"tolerance        {self.tolerance:.6g}: {'within' if self.ok else 'EXCEEDED'}",
            f"zero output      {_named(self.zero_output)}",
            f"negative output  {_named(self.negative_output)}",
            f"negative va      {_named(self.negative_va)}",
            f"negative cells   {self.negative_Z} in Z, {self.negative_Y} in Y",
        ]
        return "\n".join(lines)


def validate(table: IOTable, tolerance: float | None = None) -> TableReport:
    """Check a table's identities and list what is odd about it.

    Parameters
    ----------
    table : IOTable
    tolerance : float, optional
        Absolute, in the table's unit; default the publisher's, ``table.meta.tolerance``.

    Returns
    -------
    TableReport
        Nothing is changed and nothing raised; call ``.require()`` for an error.
    """
    row = np.abs(table.Z.sum(axis=1) + table.Y.sum(axis=1) - table.x)
    column = np.abs(table.Z.sum(axis=0) + table.va_total - table.x)
    return TableReport(
        row_error=float(row.max()),
        row_worst=table.nodes[int(row.argmax())],
        column_error=float(column.max()),
        column_worst=table.nodes[int(column.argmax())],
        tolerance=table.meta.tolerance if tolerance is None else tolerance,
        zero_output=_where(table, table.x == 0),
        negative_output=_where(table, table.x < 0),
        negative_va=_where(table, table.va_total < 0),
        negative_Z=int((table.Z < 0).sum()),
        negative_Y=int((table.Y < 0).sum()),
    )


def _where(table: IOTable, mask: np.ndarray) -> tuple[tuple[str, str], ...]:
    return tuple(table.nodes[int(i)] for i in np.flatnonzero(mask))


def _named(cells: tuple[tuple[str, str], ...], most: int = 6) -> str:
    if not cells:
        return "none"
    names = ", ".join(f"{c} {s}" for c, s in cells[:most])
    return f"{len(cells)}: {names}" + (" ..." if len(cells) > most else "")
