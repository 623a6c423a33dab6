"""Small invented tables and the files publishers would make of them. Every number here is synthetic."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from gvcpos.tables import IOTable


def _codes(text: str) -> list[str]:
    return text.split()


# the 62 economy codes of ADB-MRIO in the file's order, then those that the 72 and 75 variants add
ADB62 = _codes(
    "AUS AUT BEL BGR BRA CAN SWI PRC CYP CZE GER DEN SPA EST FIN FRA UKG GRC HRV HUN INO IND IRE ITA JPN KOR LTU "
    "LUX LVA MEX MLT NET NOR POL POR ROM RUS SVK SVN SWE TUR TAP USA BAN MAL PHI THA VIE KAZ MON SRI PAK FIJ LAO "
    "BRU BHU KGZ CAM MLD NEP SIN HKG"
)
ADB72 = [*ADB62, "ARG", "COL", "ECU", "ARM", "GEO", "EGY", "KUW", "SAU", "UAE", "NZL"]
ADB75 = [*ADB72, "TJK", "UZB", "AZE"]
Sheet = list[list[object]]


def random_table(
    seed: int,
    countries: Sequence[str] = ("AUS", "NA", "ROW"),
    sectors: Sequence[str] = ("c1", "c2", "c3", "c4"),
    finals: Sequence[str] = ("F1", "F2", "F3", "F4", "F5"),
    va_rows: Sequence[str] = ("r99", "r61", "r62", "r63", "r64", "r65"),
    *,
    decimals: int | None = None,
) -> IOTable:
    """A balanced table with negative inventories and a sector without output."""
    rng = np.random.default_rng(seed)
    g, n, c = len(countries), len(sectors), len(finals)
    Z = rng.gamma(0.5, 10.0, (g * n, g * n))
    Y = rng.gamma(0.5, 60.0, (g * n, g * c))
    Y[:, c - 1 :: c] -= 20.0
    Z[n - 1], Z[:, n - 1], Y[n - 1] = 0.0, 0.0, 0.0
    if decimals is not None:
        Z, Y = Z.round(decimals), Y.round(decimals)
    x = Z.sum(axis=1) + Y.sum(axis=1)
    va = np.zeros((len(va_rows), g * n))
    va[0] = 0.03 * x
    main = max(len(va_rows) - 2, 1)
    va[main] = x - Z.sum(axis=0) - va[0]
    return IOTable.from_arrays(
        Z,
        Y,
        countries=countries,
        sectors=sectors,
        final_categories=finals,
        va=va,
        va_rows=va_rows,
        x=x,
        year=2007,
        unit="million USD, current prices",
        source="builder",
        synthetic=True,
    )


def coded_sheet(table: IOTable, *, new_header: bool = True, adb: bool = True) -> Sheet:
    """The cells of an ADB-MRIO (or WIOD 2013) sheet; final-demand codes are those of the table."""
    pairs = [(c, s) for c in table.countries for s in table.sectors]
    users = [(c, f) for c in table.countries for f in table.final_categories]
    width = len(pairs) + len(users)
    left: list[object] = ["", "", "", ""]
    title = [
        [f"{'Multiregional Input-Output Table' if adb else 'World Input-Output Table for'} {table.year}"],
        [f"{len(table.countries)} economies, at current prices (industry by industry)"],
        ["In millions of US$"],
    ]
    rows: Sheet = [[*line, *[""] * (width + 4)] for line in title]
    if adb:
        codes = [f"{k + 1:04d}" for k in range(width)] if new_header else [""] * width
        rows.append([*left, *codes, ""])
    rows.append([*left, *(f"name of {s}" for _, s in [*pairs, *users]), "TOTAL" if adb else "Total output"])
    rows.append([*left, *(c for c, _ in [*pairs, *users]), "ToT" if adb else ""])
    rows.append([*left, *(s for _, s in [*pairs, *users]), "ToT" if adb and new_header else ""])
    for i, (country, sector) in enumerate(pairs):
        cells = [*table.Z[i], *table.Y[i], table.x[i]]
        rows.append(["", f"name of {sector}", country, sector, *map(float, cells)])
    fill = [0.0] * len(users)
    sums = [*table.Z.sum(axis=0), *table.Y.sum(axis=0)]
    rows.append(["", "Total intermediate consumption", "ToT", "r60", *map(float, sums), ""])
    for name, values in zip(table.va_rows, table.va, strict=True):
        margin = name == "r65"
        text = "International Transport Margins" if margin else f"name of {name}"
        code = ("trs" if new_header else "") if margin else name
        rows.append(["", text, "ToT", code, *map(float, values), *fill, ""])
    rows.append(["", "TOTAL", "ToT", "r69", *map(float, table.x), *fill, ""])
    rows.append(["", "$ = United States dollar; cif = cost, insurance, and freight."])
    return rows


def write_xlsx(path: Path, rows: Sheet, sheet: str = "ADB MRIO 2007") -> Path:
    """Write cells as a workbook with the table's sheet and a legend."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    main = book.create_sheet(sheet)
    for row in rows:
        main.append([None if cell == "" else cell for cell in row])
    book.create_sheet("Legend").append(["Code", "Economy"])
    book.save(path)
    return path


def write_icio(
    path: Path, table: IOTable, *, change: Callable[[list[list[str]]], None] | None = None, whole: bool = True
) -> Path:
    """Write a table as an OECD ICIO csv; parts CN1 … get no final demand unless `whole` is False."""
    parts = {"CN1", "CN2", "MX1", "MX2"} if whole else set()
    pairs = [f"{c}_{s}" for c in table.countries for s in table.sectors]
    users = [
        (j, f"{c}_{f}")
        for j, (c, f) in enumerate((c, f) for c in table.countries for f in table.final_categories)
        if c not in parts
    ]
    rows = [["V1", *pairs, *(label for _, label in users), "OUT"]]
    for i, label in enumerate(pairs):
        cells = [*table.Z[i], *(table.Y[i, j] for j, _ in users), table.x[i]]
        rows.append([label, *map(repr, map(float, cells))])
    zeros = ["0.0"] * len(users)
    for name, values in zip(table.va_rows, table.va, strict=True):
        rows.append([name, *map(repr, map(float, values)), *zeros, ""])
    rows.append(["OUT", *map(repr, map(float, table.x)), *zeros, ""])
    if change is not None:
        change(rows)
    path.write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def same_numbers(one: IOTable, other: IOTable) -> bool:
    """True if all four parts agree bit for bit."""
    return all(np.array_equal(getattr(one, part), getattr(other, part)) for part in ("Z", "Y", "va", "x"))


def same_to_16_digits(one: IOTable, other: IOTable) -> bool:
    """True if all four parts agree but for the digits that openpyxl drops."""
    parts = ((getattr(one, part), getattr(other, part)) for part in ("Z", "Y", "va", "x"))
    return all(a.shape == b.shape and np.allclose(a, b, rtol=2e-15, atol=1e-300) for a, b in parts)
