"""From labelled parts to a checked table: completeness of labels, ISO3 codes, accounting identities."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import FormatError, IdentityError, IdentityWarning, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.concordance import to_iso3
from gvcpos.tables.iotable import FloatArray, IOTable
from gvcpos.tables.validation import TableReport

Pair = tuple[str, str]


@dataclass(frozen=True)
class Parts:
    """What a publisher's reader found, under the publisher's own country codes.

    Arrays are as in `IOTable`; `publisher` is the key of the country concordance.
    """

    Z: FloatArray
    Y: FloatArray
    va: FloatArray | None
    x: FloatArray
    countries: Sequence[str]
    sectors: Sequence[str]
    final_categories: Sequence[str]
    va_rows: Sequence[str] | None
    publisher: str
    source: str
    year: int
    unit: str
    vintage: str
    tolerance: float
    synthetic: bool = False
    notes: tuple[str, ...] = ()
    original_countries: dict[str, str] | None = None


def finish(parts: Parts, path: Path, *, strict: bool = False) -> IOTable:
    """Make the table and hold it against its identities.

    Raises
    ------
    FormatError
        If the parts do not make a table.
    IdentityError
        If `strict` and an identity fails by more than the publisher's tolerance; otherwise that is an
        `IdentityWarning`.
    """
    try:
        iso3, original = to_iso3(parts.countries, parts.publisher)
    except LabelError as error:
        raise FormatError(f"{path}: {error}") from error
    table = IOTable.from_arrays(
        parts.Z,
        parts.Y,
        countries=iso3,
        sectors=parts.sectors,
        final_categories=parts.final_categories,
        va=parts.va,
        va_rows=parts.va_rows,
        x=parts.x,
        year=parts.year,
        unit=parts.unit,
        source=parts.source,
        vintage=parts.vintage,
        tolerance=parts.tolerance,
        synthetic=parts.synthetic,
        original_countries={**original, **(parts.original_countries or {})},
        notes=parts.notes,
    )
    hold_to_identities(table, path, strict=strict)
    return table


def hold_to_identities(table: IOTable, path: Path, *, strict: bool) -> TableReport:
    """Warn (or raise, if `strict`) where an identity fails by more than the table's tolerance."""
    report = table.validate()
    try:
        report.require(str(path))
    except IdentityError as error:
        if strict:
            raise
        warnings.warn(IdentityWarning(str(error)), stacklevel=5)
    return report


def grid(pairs: Sequence[Pair], what: str, path: Path) -> tuple[list[str], list[str], npt.NDArray[np.intp]]:
    """Find the order that makes (country, item) labels country-major and item-minor.

    Parameters
    ----------
    pairs : sequence of (str, str)
        Labels in the file's order.
    what : str
        What they label, as in ``"rows"``.

    Returns
    -------
    countries, items : list of str
        In order of first appearance.
    order : ndarray of int
        Positions such that ``pairs[order]`` is the full product.

    Raises
    ------
    FormatError
        If a pair occurs twice or one of the product is missing; the message names the first ones.
    """
    countries = list(dict.fromkeys(c for c, _ in pairs))
    items = list(dict.fromkeys(i for _, i in pairs))
    twice = [f"{c} {i}" for (c, i), count in Counter(pairs).items() if count > 1]
    if twice:
        raise FormatError(
            f"{path}: duplicated {what}: {enumerate_labels(twice)}. Every country and code must occur once; "
            "correct the labels or fetch the file again."
        )
    place = {pair: k for k, pair in enumerate(pairs)}
    missing = [f"{c} {i}" for c in countries for i in items if (c, i) not in place]
    if missing:
        raise FormatError(
            f"{path}: {what} missing: {enumerate_labels(missing)}, while other countries have them. "
            "Fetch the file again."
        )
    return countries, items, np.array([place[c, i] for c in countries for i in items], dtype=np.intp)


def same_labels(rows: Sequence[str], columns: Sequence[str], what: str, path: Path) -> None:
    """Raise FormatError unless rows and columns carry the same countries (or sectors)."""
    missing = [label for label in rows if label not in set(columns)]
    extra = [label for label in columns if label not in set(rows)]
    if missing or extra:
        lacks = f"no columns for {enumerate_labels(missing)}" if missing else ""
        more = f"no rows for {enumerate_labels(extra)}" if extra else ""
        raise FormatError(
            f"{path}: {what} of rows and columns differ: {'; '.join(filter(None, (lacks, more)))}. "
            "A table needs the same in both; fetch the file again."
        )
