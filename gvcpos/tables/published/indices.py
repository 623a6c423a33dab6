"""PublishedIndices: what a publisher computed, tidy, with its source in a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.tables.published.countries import iso3_of

PublishedLevel = Literal["sector", "stage", "country"]
SOURCE = "source"


@dataclass(frozen=True, eq=False)
class PublishedIndices:
    """Indices as published, one row a country, sector (or stage), year and source.

    Make one with `read_published` or `PublishedIndices.from_frame`.

    Attributes
    ----------
    frame : DataFrame
        country (ISO3), sector or stage (absent at country level), year, the measures, source; sorted by first
        appearance of country and sector, then year.
    units : mapping of str to str
        Measure to unit, as far as known.
    publisher : str
        Layout that it was read from, as in ``"adb"``.
    """

    frame: pd.DataFrame
    units: Mapping[str, str] = field(default_factory=dict)
    publisher: str = "tidy"

    def __post_init__(self) -> None:
        object.__setattr__(self, "units", MappingProxyType(dict(self.units)))

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        source: str | None = None,
        sources: Sequence[str] | None = None,
        units: Mapping[str, str] | None = None,
        publisher: str = "tidy",
        sectors: Iterable[str] | None = None,
        where: str = "published indices",
    ) -> PublishedIndices:
        """Check a wide tidy frame and make it published indices.

        Parameters
        ----------
        frame : DataFrame
            country, sector or stage (or neither), year, measures and, unless `source` is given, source.
        source : str, optional
            Source of every row, if the frame has no such column.
        sources : sequence of str, optional
            Sources to keep. A frame of several is refused unless all that shall stay are named here.
        units : mapping, optional
        publisher : str
            Whose country codes are translated to ISO3; see ``data/concordances/countries.csv``.
        sectors : iterable of str, optional
            The labels that there are, as in c1 … c35; others are an error.
        where : str
            What messages call the frame.

        Raises
        ------
        InputError
            If a column is absent, a measure is not numeric, a year is not whole, a row has no source, or several
            sources are there and not asked for by name.
        LabelError
            If a country or sector is unknown, or a country, sector, year and source occur twice.
        """
        made = frame.assign(source=source) if source is not None and SOURCE not in frame else frame.copy()
        unit = _unit_of(made, where)
        keys = [name for name in ("country", unit, "year") if name]
        _require_source(made, where)
        made = _one_source(made, sources, where)
        made["country"] = made["country"].astype(str).map(iso3_of(made["country"], publisher, where))
        made["year"] = _whole(made["year"], where)
        if unit:
            made[unit] = made[unit].astype(str)
            if sectors is not None:
                locate(dict.fromkeys(made[unit]), list(sectors), f"sector of {publisher} ({where})")
        measures = [name for name in made.columns if name not in (*keys, SOURCE)]
        made = _numeric(made, measures, where)[[*keys, *measures, SOURCE]]
        _require_once(made, [*keys, SOURCE], where)
        return cls(_sorted(made, keys), {k: v for k, v in (units or {}).items() if k in measures}, publisher)

    @property
    def level(self) -> PublishedLevel:
        """Whether rows are sectors, stages or whole countries."""
        return "sector" if "sector" in self.frame else "stage" if "stage" in self.frame else "country"

    @property
    def sources(self) -> tuple[str, ...]:
        """Sources, in order of appearance."""
        return tuple(self.frame[SOURCE].drop_duplicates())

    @property
    def countries(self) -> tuple[str, ...]:
        """ISO3 codes, in order of appearance."""
        return tuple(self.frame["country"].drop_duplicates())

    @property
    def sectors(self) -> tuple[str, ...]:
        """Sectors or stages, in order of appearance; none at country level."""
        return () if self.level == "country" else tuple(self.frame[self.level].drop_duplicates())

    @property
    def years(self) -> tuple[int, ...]:
        """Years, ascending."""
        return tuple(sorted(int(year) for year in self.frame["year"].unique()))

    @property
    def measures(self) -> tuple[str, ...]:
        """Columns of values."""
        return tuple(c for c in self.frame.columns if c not in ("country", "sector", "stage", "year", SOURCE))

    def between(self, first: int | None = None, last: int | None = None) -> PublishedIndices:
        """Keep the years from `first` to `last`; `InputError` if none is left."""
        low, high = (self.years[0] if first is None else first), (self.years[-1] if last is None else last)
        kept = self.frame[self.frame["year"].between(low, high)]
        if kept.empty:
            raise InputError(f"no year from {low} to {high}; there are {self.years[0]}-{self.years[-1]}.")
        return PublishedIndices(kept.reset_index(drop=True), self.units, self.publisher)

    def to_long(self) -> pd.DataFrame:
        """Return country, sector, year, measure, value, unit, source; missing values have no row."""
        keys = [c for c in self.frame.columns if c not in self.measures]
        long = self.frame.melt(keys, list(self.measures), var_name="measure", value_name="value").dropna(
            subset=["value"]
        )
        long["unit"] = [self.units.get(name, "") for name in long["measure"]]
        order = [c for c in keys if c != SOURCE]
        return long[[*order, "measure", "value", "unit", SOURCE]].reset_index(drop=True)

    def __repr__(self) -> str:
        size = f"{len(self.countries)} countries x {len(self.sectors) or 1} {self.level}"
        years = f"{self.years[0]}-{self.years[-1]}"
        return f"<PublishedIndices: {size}, {years}, {len(self.measures)} measures, {'; '.join(self.sources)}>"


def _unit_of(frame: pd.DataFrame, where: str) -> str:
    absent = [name for name in ("country", "year", SOURCE) if name not in frame]
    if absent:
        hint = " Name it with source=." if absent == [SOURCE] else ""
        raise InputError(f"{where}: no column {', '.join(absent)}. It has {enumerate_labels(frame.columns, 20)}.{hint}")
    both = [name for name in ("sector", "stage") if name in frame]
    if len(both) > 1:
        raise InputError(f"{where}: columns sector and stage. Give rows by one of them.")
    return both[0] if both else ""


def _require_source(frame: pd.DataFrame, where: str) -> None:
    empty = frame[SOURCE].isna() | (frame[SOURCE].astype(str).str.strip() == "")
    if empty.any():
        rows = enumerate_labels(int(i) + 1 for i in np.flatnonzero(empty))
        raise InputError(f"{where}: no source in row {rows}. Every row must say where it comes from.")


def _one_source(frame: pd.DataFrame, sources: Sequence[str] | None, where: str) -> pd.DataFrame:
    """Keep the sources asked for by name; several are never kept without being asked for."""
    found = list(dict.fromkeys(frame[SOURCE].astype(str)))
    if sources is None:
        if len(found) > 1:
            raise InputError(
                f"{where}: rows of {len(found)} sources ({enumerate_labels(found)}) are not mixed silently. Name those "
                "to keep with sources=[...]; the column source stays."
            )
        return frame
    locate(sources, found, f"source in {where}")
    return frame[frame[SOURCE].isin(list(sources))].copy()


def _whole(years: pd.Series, where: str) -> pd.Series:
    numbers = pd.to_numeric(years, errors="coerce")
    bad = ~(numbers % 1 == 0)
    if bad.any():
        shown = enumerate_labels(repr(year) for year in years[bad].tolist())
        raise InputError(f"{where}: {shown} where a year was expected. Correct the file.")
    return numbers.astype(int)


def _numeric(frame: pd.DataFrame, measures: list[str], where: str) -> pd.DataFrame:
    if not measures:
        raise InputError(f"{where}: no column of values beside {enumerate_labels(frame.columns)}.")
    text = [name for name in measures if not pd.api.types.is_numeric_dtype(frame[name])]
    if text:
        raise InputError(f"{where}: column {enumerate_labels(text)} is not numeric. Drop or correct it.")
    return frame.astype(dict.fromkeys(measures, float))


def _require_once(frame: pd.DataFrame, keys: list[str], where: str) -> None:
    twice = frame.duplicated(keys)
    if twice.any():
        named = frame.loc[twice, keys].astype(str).agg(" ".join, axis=1)
        raise LabelError(f"{where}: duplicated rows for {enumerate_labels(named, 4)}. Each must occur once.")


def _sorted(frame: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Sort by first appearance of source, country and sector, then by year."""
    codes = [pd.factorize(frame[name])[0] for name in keys if name != "year"]
    order = np.lexsort([frame["year"].to_numpy(), *reversed(codes), pd.factorize(frame[SOURCE])[0]])
    return frame.iloc[order].reset_index(drop=True)
