"""The inter-country input-output table as an immutable, labelled object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import unique

if TYPE_CHECKING:
    from gvcpos.tables.validation import TableReport

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TableMeta:
    """Where a table comes from and in what it is measured.

    Attributes
    ----------
    year : int
        Reference year.
    unit : str
        Unit of every money cell, as in ``"million USD, current prices"``.
    source, vintage : str
        Publisher and release.
    tolerance : float
        Absolute identity error, in `unit`, that the publisher's rounding explains.
    synthetic : bool
        True for invented numbers.
    original_countries : mapping
        Country label in the table to the publisher's own code, where they differ.
    notes : tuple of str
        What the reader changed or found odd.
    """

    year: int
    unit: str
    source: str
    vintage: str = ""
    tolerance: float = 1e-6
    synthetic: bool = False
    original_countries: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class IOTable:
    """An inter-country input-output table: G countries, N sectors, C final-demand categories.

    Rows and columns run country-major, sector-minor. Arrays are read-only; every operation returns a new
    table. Make one with `IOTable.from_arrays`, `read_table` or `synthetic_world`.

    Attributes
    ----------
    Z : ndarray, shape (G·N, G·N)
        Intermediate deliveries, row = seller, column = buyer.
    Y : ndarray, shape (G·N, G·C)
        Final demand, columns by destination country (major) and category (minor).
    va : ndarray, shape (K, G·N)
        Value-added rows (primary inputs); their sum closes the columns.
    x : ndarray, shape (G·N,)
        Gross output.
    countries, sectors, final_categories, va_rows : tuple of str
        Labels.
    meta : TableMeta
        Year, unit, source, vintage.

    Notes
    -----
    The identities are x = Z1 + Y1 and x' = 1'Z + 1'va; `validate` reports by how much they fail.
    """

    Z: FloatArray
    Y: FloatArray
    va: FloatArray
    x: FloatArray
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    final_categories: tuple[str, ...]
    va_rows: tuple[str, ...]
    meta: TableMeta

    @classmethod
    def from_arrays(
        cls,
        Z: npt.ArrayLike,
        Y: npt.ArrayLike,
        *,
        countries: Iterable[object],
        sectors: Iterable[object],
        final_categories: Iterable[object] = ("final",),
        va: npt.ArrayLike | None = None,
        va_rows: Iterable[object] | None = None,
        x: npt.ArrayLike | None = None,
        year: int = 0,
        unit: str = "unit not stated",
        source: str = "arrays",
        vintage: str = "",
        tolerance: float | None = None,
        synthetic: bool = False,
        original_countries: Mapping[str, str] | None = None,
        notes: Sequence[str] = (),
    ) -> IOTable:
        """Make a table from arrays.

        Parameters
        ----------
        Z : array_like, shape (G·N, G·N)
            Intermediate deliveries, country-major, sector-minor.
        Y : array_like, shape (G·N, G·C)
            Final demand by destination (major) and category (minor).
        countries, sectors, final_categories : iterable of str
            G, N and C labels.
        va : array_like, shape (K, G·N) or (G·N,), optional
            Value-added rows. Default: one row, x less the column sums of Z.
        va_rows : iterable of str, optional
            K labels; default ``"va"`` (or ``"va1"``, …).
        x : array_like, shape (G·N,), optional
            Gross output; default the row sums of Z and Y.
        year, unit, source, vintage, tolerance, synthetic, original_countries, notes
            See `TableMeta`. The default tolerance is 1e-9 of the largest output.

        Raises
        ------
        LabelError
            For duplicated or empty labels.
        InputError
            If shapes do not fit the labels or a cell is not finite.
        """
        c, s = unique(countries, "countries"), unique(sectors, "sectors")
        f = unique(final_categories, "final-demand categories")
        n = len(c) * len(s)
        z = _matrix(Z, "Z", (n, n))
        y = _matrix(Y, "Y", (n, len(c) * len(f)))
        output = _matrix(z.sum(axis=1) + y.sum(axis=1) if x is None else x, "x", (n,))
        primary, rows = _primary_inputs(output - z.sum(axis=0) if va is None else va, va_rows, n)
        allowed = 1e-9 * max(float(np.abs(output).max(initial=0.0)), 1e-300) if tolerance is None else tolerance
        originals = dict(original_countries or {})
        meta = TableMeta(int(year), unit, source, vintage, allowed, synthetic, originals, tuple(notes))
        return cls(z, y, primary, output, c, s, f, rows, meta)

    @property
    def year(self) -> int:
        """Reference year."""
        return self.meta.year

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of countries and of sectors, (G, N)."""
        return len(self.countries), len(self.sectors)

    @cached_property
    def index(self) -> pd.MultiIndex:
        """Row labels (country, sector), country-major."""
        return pd.MultiIndex.from_product([self.countries, self.sectors], names=["country", "sector"])

    @cached_property
    def nodes(self) -> tuple[tuple[str, str], ...]:
        """The (country, sector) of every row, country-major."""
        return tuple(product(self.countries, self.sectors))

    @cached_property
    def va_total(self) -> FloatArray:
        """Value added summed over its rows, shape (G·N,)."""
        return _frozen(self.va.sum(axis=0))

    @cached_property
    def final_demand(self) -> FloatArray:
        """Final demand by destination, categories summed, shape (G·N, G)."""
        n, g = len(self.x), len(self.countries)
        return _frozen(self.Y.reshape(n, g, -1).sum(axis=2))

    def frame(self, part: str = "Z") -> pd.DataFrame:
        """Return ``"Z"``, ``"Y"``, ``"va"`` or ``"x"`` as a labelled DataFrame (a copy)."""
        columns = pd.MultiIndex.from_product([self.countries, self.final_categories], names=["country", "category"])
        parts = {
            "Z": lambda: pd.DataFrame(self.Z, index=self.index, columns=self.index, copy=True),
            "Y": lambda: pd.DataFrame(self.Y, index=self.index, columns=columns, copy=True),
            "va": lambda: pd.DataFrame(self.va, index=list(self.va_rows), columns=self.index, copy=True),
            "x": lambda: pd.DataFrame({"x": self.x}, index=self.index, copy=True),
        }
        if part not in parts:
            raise InputError(f"no part {part!r} in a table. Allowed: {', '.join(parts)}.")
        return parts[part]()

    def with_meta(self, **changes: object) -> IOTable:
        """Return the same table with some `TableMeta` fields changed."""
        return replace(self, meta=replace(self.meta, **changes))  # type: ignore[arg-type]

    def validate(self, tolerance: float | None = None) -> TableReport:
        """Check the identities and name what is odd; see `gvcpos.tables.validation.validate`."""
        from gvcpos.tables.validation import validate

        return validate(self, tolerance)

    def aggregate(
        self,
        countries: Mapping[str, str] | None = None,
        sectors: Mapping[str, str] | None = None,
        *,
        keep_rest: bool = False,
    ) -> IOTable:
        """Sum countries and sectors into groups; see `gvcpos.tables.aggregation.aggregate`."""
        from gvcpos.tables.aggregation import aggregate

        return aggregate(self, countries, sectors, keep_rest=keep_rest)

    def select(
        self,
        countries: Iterable[str] | None = None,
        sectors: Iterable[str] | None = None,
        *,
        rest: tuple[str, str] = ("ROW", "OTHER"),
    ) -> IOTable:
        """Keep some countries and sectors, the rest merged; see `gvcpos.tables.aggregation.select`."""
        from gvcpos.tables.aggregation import select

        return select(self, countries, sectors, rest=rest)

    def save(self, path: str | Path) -> Path:
        """Write the table losslessly as an Arrow file; see `gvcpos.tables.native.save`."""
        from gvcpos.tables.native import save

        return save(self, path)

    def __repr__(self) -> str:
        g, n = self.shape
        made = "SYNTHETIC " if self.meta.synthetic else ""
        return f"<{made}IOTable {self.meta.source} {self.year}: {g} countries x {n} sectors, {self.meta.unit}>"


def _primary_inputs(va: npt.ArrayLike, names: Iterable[object] | None, n: int) -> tuple[FloatArray, tuple[str, ...]]:
    """Return value-added rows, shape (K, n), and their names."""
    primary = np.atleast_2d(np.asarray(va, dtype=float))
    count = primary.shape[0]
    default = ["va"] if count == 1 else [f"va{k + 1}" for k in range(count)]
    rows = unique(default if names is None else names, "value-added rows")
    if len(rows) != count:
        raise InputError(f"va has {count} rows but {len(rows)} names.")
    return _matrix(primary, "va", (count, n)), rows


def _frozen(array: FloatArray) -> FloatArray:
    array.flags.writeable = False
    return array


def _matrix(values: npt.ArrayLike, name: str, shape: tuple[int, ...]) -> FloatArray:
    """Return a read-only float array of the wanted shape that nobody else can write to."""
    array = np.array(values, dtype=np.float64, order="C")
    if array.shape != shape:
        raise InputError(f"{name} has shape {array.shape}; the labels ask for {shape}.")
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))[0]
        raise InputError(f"{name}{[int(i) for i in bad]} is {array[tuple(bad)]}. Every cell must be a finite number.")
    return _frozen(array)
