"""WIOD 2013 tables in R's format, in the two shapes in which R packages carry them.

* a list of class ``iot`` with ``year``, ``countries``, ``industries``, ``inter``, ``final`` and ``output``;
* two data frames of text, ``intermediate_demand`` and ``final_demand``, with two header rows and two label
  columns, the rows r60 … r69 below.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.assemble import Parts, grid, same_labels
from gvcpos.tables.readers.coded_sheet import MARGINS
from gvcpos.tables.readers.rserial import RObject, read_rdata
from gvcpos.tables.readers.source import Source, year_in_name

_FINAL = ("c37", "c38", "c39", "c41", "c42")
_SUMS = ("r60", "r69")


@dataclass(frozen=True)
class _Text:
    """A data frame of text cut into labels and numbers, shape (rows, columns)."""

    rows: list[tuple[str, str]]
    columns: list[tuple[str, str]]
    cells: FloatArray


def sniff(source: Source) -> bool:
    """Tell whether a file is an R workspace."""
    return source.kind == "rdata"


def read(source: Source, *, year: int | None = None, countries: list[str] | None = None) -> Parts:
    """Read a WIOD table from an R workspace.

    Parameters
    ----------
    source : Source
    year : int, optional
        Needed for the two data frames, which do not state it.
    countries : list of str, optional
        Labels for a regional table whose file does not name its regions; default ``R1``, ``R2``, …
    """
    objects = read_rdata(source.path)
    for value in objects.values():
        if {"inter", "final", "output"} <= set(value.names):
            return _from_list(value, source, countries)
    if {"intermediate_demand", "final_demand"} <= set(objects):
        return _from_frames(objects, source, year)
    raise FormatError(
        f"{source.path}: an R workspace with {', '.join(objects) or 'no data'}; expected a list of class iot, or "
        "intermediate_demand and final_demand. Not a WIOD table."
    )


def _from_list(table: RObject, source: Source, named: list[str] | None) -> Parts:
    Z, Y = _matrix(table, "inter", source.path), _matrix(table, "final", source.path)
    x = np.asarray(_part(table, "output", source.path).values, dtype=float)
    sectors = _labels(table, "industries", source.path)
    listed = _labels(table, "countries", source.path)
    year = int(np.asarray(_part(table, "year", source.path).values)[0])
    regions, odd = divmod(len(x), len(sectors))
    if odd or Z.shape != (len(x), len(x)) or len(Y) != len(x) or Y.shape[1] % regions:
        raise FormatError(
            f"{source.path}: inter is {Z.shape}, final {Y.shape} and output {x.shape}, which {len(sectors)} "
            "industries do not explain. Fetch the file again."
        )
    notes: tuple[str, ...] = ("value added is output less the column sums of Z",)
    if named is None and len(listed) != regions:
        named = [f"R{k + 1}" for k in range(regions)]
        notes = (*notes, f"the file lists {len(listed)} countries for its {regions} regions; named R1 …")
    integers = bool((np.rint(Z) == Z).all())
    per_region = Y.shape[1] // regions
    return Parts(
        Z=Z,
        Y=Y,
        va=None,
        x=x,
        countries=named or listed,
        sectors=sectors,
        final_categories=_FINAL if per_region == len(_FINAL) else [f"f{k + 1}" for k in range(per_region)],
        va_rows=None,
        publisher="wiod2013",
        source="WIOD 2013 release (R)",
        year=year,
        unit="million USD, current prices",
        vintage="",
        tolerance=_rounding(Z, Y, x, integers),
        synthetic=source.synthetic,
        notes=notes,
    )


def _from_frames(objects: dict[str, RObject], source: Source, year: int | None) -> Parts:
    inter = _text_frame(objects["intermediate_demand"], source.path)
    final = _text_frame(objects["final_demand"], source.path)
    when = year or year_in_name(source.path)
    if when is None:
        raise FormatError(f"{source.path}: neither the data frames nor the name state the year. Give year=.")
    codes = [code or MARGINS for _, code in inter.rows]
    sold = [i for i, code in enumerate(codes) if code.startswith("c")]
    below = np.array([i for i, code in enumerate(codes) if code.startswith("r") and code not in _SUMS])
    if "r69" not in codes or "r64" not in codes:
        raise FormatError(f"{source.path}: no rows r64 and r69 below the industries. Fetch the file again.")
    pairs = [inter.rows[i] for i in sold]
    countries, sectors, order = grid(pairs, "rows", source.path)
    if inter.columns != pairs or final.rows[: len(sold)] != pairs:
        raise FormatError(f"{source.path}: rows and columns carry different labels. Fetch the file again.")
    destinations, finals, y_order = grid(final.columns, "final-demand columns", source.path)
    same_labels(countries, destinations, "countries", source.path)
    by_destination = y_order.reshape(len(destinations), -1)
    y_order = by_destination[[destinations.index(country) for country in countries]].ravel()
    rows = np.array(sold)[order]
    Z, Y = inter.cells[np.ix_(rows, order)], final.cells[np.ix_(rows, y_order)]
    x = inter.cells[codes.index("r69")][order]
    return Parts(
        Z=Z,
        Y=Y,
        va=inter.cells[np.ix_(below, order)],
        x=x,
        countries=countries,
        sectors=sectors,
        final_categories=finals,
        va_rows=[codes[i] for i in below],
        publisher="wiod2013",
        source="WIOD 2013 release (R)",
        year=when,
        unit="million USD, current prices",
        vintage="",
        tolerance=_rounding(Z, Y, x, integers=True),
        synthetic=source.synthetic,
    )


def _rounding(Z: FloatArray, Y: FloatArray, x: FloatArray, integers: bool) -> float:
    """Half a unit for every cell of a row of integers; else a millionth of the largest output.

    The latter covers a row of cells once kept in single precision (6e-8 of a cell).
    """
    if integers:
        return 0.5 * (Z.shape[1] + Y.shape[1] + 1)
    return max(1e-3, 1e-6 * float(np.abs(x).max()))


def _part(table: RObject, name: str, path: Path) -> RObject:
    part = table.get(name)
    if part is None:
        raise FormatError(f"{path}: the list has no element {name!r}; it has {', '.join(table.names)}.")
    return part


def _labels(table: RObject, name: str, path: Path) -> list[str]:
    values = _part(table, name, path).values
    return [str(value) for value in values]  # type: ignore[attr-defined]


def _matrix(table: RObject, name: str, path: Path) -> FloatArray:
    part = _part(table, name, path)
    dim = part.attributes.get("dim")
    if not isinstance(dim, RObject):
        raise FormatError(f"{path}: {name} is not a matrix. Fetch the file again.")
    shape = tuple(int(d) for d in np.asarray(dim.values))
    return np.asarray(part.values, dtype=float).reshape(shape, order="F")


def _text_frame(frame: RObject, path: Path) -> _Text:
    """Cut a data frame of text: two label columns on the left, two header rows on top."""
    columns = [list(column.values) for column in frame.values]  # type: ignore[attr-defined]
    rows = list(zip(columns[0][2:], columns[1][2:], strict=True))
    cells = np.empty((len(rows), len(columns) - 2))
    for j, column in enumerate(columns[2:]):
        try:
            cells[:, j] = column[2:]
        except ValueError as error:
            raise FormatError(
                f"{path}, column {column[0]} {column[1]}: {error}. Correct it or fetch the file again."
            ) from error
    return _Text(rows, [(c[0], c[1]) for c in columns[2:]], cells)
