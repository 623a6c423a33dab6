"""Tables kept as numpy arrays in one ``.npz`` file: the convention, and its reader.

Arrays in the file, G countries, N sectors, C final-demand categories:

==================  =============  =====================================================================
name                shape          content
==================  =============  =====================================================================
``Z``               (G·N, G·N)     intermediate deliveries, country-major, sector-minor
``F``               (G·N, G·C)     final demand, destination-major, category-minor
``x``               (G·N,)         gross output
``countries``       (G,)           labels, ISO3 and ROW; or ``regions``
``sectors``         (N,)           labels
``fd``              (C,)           labels of the final-demand categories
``year``            ()             reference year
``row_scale``       (G·N,)         optional: Z is to be multiplied by it, row by row (Z was rounded)
``va_rows_labels``  (K,)           optional: names of the rows below, sums among them
``va_rows_Z``       (K, G·N)       optional: those rows
``countries_source``  (G,)         optional: the publisher's own codes
==================  =============  =====================================================================

Numbers only, read without pickle. Million USD at current prices unless ``unit=`` says otherwise.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np

from gvcpos._core.errors import FormatError
from gvcpos.tables.iotable import FloatArray
from gvcpos.tables.readers.assemble import Parts
from gvcpos.tables.readers.source import Source

_NEEDED = ("Z", "F", "x", "sectors", "fd", "year")
_SUMS = frozenset({"r60", "r69", "total intermediate consumption", "total gross production"})


def sniff(source: Source) -> bool:
    """Tell whether a file is an npz archive with the arrays of the convention."""
    return source.kind == "npz" and {"Z.npy", "F.npy", "x.npy"} <= set(source.members)


def read(source: Source, *, unit: str = "million USD, current prices", name: str | None = None) -> Parts:
    """Read a table kept as arrays.

    With ``row_scale``, or without value-added rows, value added is what the columns leave of output, in one
    row ``va``: scaling mends the rows that rounding broke, and no published row would close the columns.

    Parameters
    ----------
    source : Source
    unit : str
    name : str, optional
        The table's source; default the file's name without its year.
    """
    data = _load(source.path)
    scale = data.get("row_scale")
    Z = np.asarray(data["Z"], dtype=float)
    notes: tuple[str, ...] = ()
    if scale is not None:
        Z *= np.asarray(scale, dtype=float)[:, None]
        notes = ("rows of Z scaled by row_scale, which undoes the rounding of cells",)
    x = np.asarray(data["x"], dtype=float)
    labels, va = (None, None) if scale is not None else _primary(data)
    if va is None:
        notes = (*notes, "value added is output less the column sums of Z")
    countries = data["countries"] if "countries" in data else data["regions"]
    own = data.get("countries_source", countries)
    return Parts(
        Z=Z,
        Y=np.asarray(data["F"], dtype=float),
        va=va,
        x=x,
        countries=[str(c) for c in countries],
        sectors=[str(s) for s in data["sectors"]],
        final_categories=[str(f) for f in data["fd"]],
        va_rows=labels,
        publisher="arrays",
        source=name or re.sub(r"[_-]?(19|20)\d\d$", "", source.path.stem),
        year=int(data["year"]),
        unit=unit,
        vintage="",
        tolerance=_tolerance(data, x),
        synthetic=source.synthetic,
        notes=notes,
        original_countries={str(c): str(o) for c, o in zip(countries, own, strict=True) if str(c) != str(o)},
    )


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {name: archive[name] for name in archive.files}
    except (zipfile.BadZipFile, OSError, ValueError, EOFError) as error:
        raise FormatError(f"{path}: the arrays cannot be read ({error}). Fetch the file again.") from error
    missing = [name for name in _NEEDED if name not in data]
    if "countries" not in data and "regions" not in data:
        missing.append("countries")
    if missing:
        raise FormatError(
            f"{path}: the arrays {', '.join(missing)} are missing; found {', '.join(sorted(data))}. "
            "See gvcpos.tables.readers.arrays for the convention."
        )
    n = len(data["sectors"]) * len(data["countries"] if "countries" in data else data["regions"])
    if data["Z"].shape != (n, n) or data["x"].shape != (n,):
        raise FormatError(
            f"{path}: Z is {data['Z'].shape} and x {data['x'].shape}, where the labels ask for {(n, n)} and "
            f"{(n,)}. Write the arrays again."
        )
    return data


def _primary(data: dict[str, np.ndarray]) -> tuple[list[str] | None, FloatArray | None]:
    if "va_rows_Z" not in data:
        return None, None
    labels = [str(label) for label in data["va_rows_labels"]]
    kept = [k for k, label in enumerate(labels) if label.lower() not in _SUMS]
    return [labels[k] for k in kept], np.asarray(data["va_rows_Z"], dtype=float)[kept]


def _tolerance(data: dict[str, np.ndarray], x: FloatArray) -> float:
    """What rounding explains: half a unit a cell for integers; sums of single-precision cells otherwise.

    Single precision is 6e-8 of a cell; a millionth of the largest output covers a row of such cells.
    """
    if np.issubdtype(data["Z"].dtype, np.integer):
        return 0.5 * (data["F"].shape[1] + (0 if "row_scale" in data else len(x)) + 1)
    return max(1e-3, 1e-6 * float(np.abs(x).max()))
