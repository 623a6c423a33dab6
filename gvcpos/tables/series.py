"""Tables of several years, read when they are asked for and never all kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.aggregation import reorder
from gvcpos.tables.iotable import IOTable

_KEPT = 2
_DIMENSIONS = ("countries", "sectors", "final-demand categories", "value-added rows")
_SAME = "Bring all years to the same labels with aggregate() or select()."
_RELEASE = "Read all years from one release and format, or make them alike with IOTable.from_arrays()."
_REMEDY = dict(zip(_DIMENSIONS, (_SAME, _SAME, _RELEASE, _RELEASE), strict=True))
Labels = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_SUFFIXES = frozenset({".arrow", ".csv", ".npz", ".rda", ".rdata", ".xlsx", ".zip"})


@dataclass(frozen=True)
class _Entry:
    """One year: where it comes from, for messages, and how it is loaded."""

    where: str
    path: Path | None
    load: Callable[[], IOTable]


class TableSeries:
    """Input-output tables by year with the same labels: countries, sectors, final-demand categories, value-added rows.

    Made by `read_tables` (from files, on demand), `TableSeries.from_tables` (in memory) or
    `TableSeries.from_loaders` (made on demand). Tables come out
    in the order of labels of the first one loaded; at most two are kept.

    Attributes
    ----------
    years : tuple of int
        Sorted.
    paths : tuple of Path
        The files behind the series, by year, each once; empty for tables in memory.
    """

    def __init__(self, entries: dict[int, _Entry]) -> None:
        if not entries:
            raise InputError("a series needs at least one table; none was given.")
        self._entries = {year: entries[year] for year in sorted(entries)}
        self._cache: OrderedDict[int, IOTable] = OrderedDict()
        self._labels: tuple[int, Labels] | None = None
        self._measured: tuple[str, bool] | None = None

    @classmethod
    def from_tables(cls, tables: Iterable[IOTable]) -> TableSeries:
        """Make a series of tables that are in memory already.

        Raises
        ------
        InputError
            If two tables have the same year, or there is none.
        """
        entries: dict[int, _Entry] = {}
        for table in tables:
            if table.year in entries:
                raise InputError(f"two tables of the year {table.year}: {entries[table.year].where} and {table!r}.")
            entries[table.year] = _Entry(repr(table), None, _Held(table))
        return cls(entries)

    @classmethod
    def from_loaders(cls, loaders: Mapping[int, Callable[[], IOTable]], source: str) -> TableSeries:
        """Make a series whose tables are made when they are asked for.

        Parameters
        ----------
        loaders : mapping
            Year to a function without arguments that returns its table.
        source : str
            Where they come from, for messages.
        """
        return cls({year: _Entry(source, None, load) for year, load in loaders.items()})

    def between(self, first: int | None = None, last: int | None = None) -> TableSeries:
        """Return the series without the years before `first` and after `last`.

        Raises
        ------
        InputError
            If no year is left.
        """
        kept = {
            year: entry
            for year, entry in self._entries.items()
            if (first is None or year >= first) and (last is None or year <= last)
        }
        if not kept:
            have = enumerate_labels(self.years, 40)
            raise InputError(f"no table between {first} and {last}. There are: {have}.")
        return TableSeries(kept)

    @property
    def years(self) -> tuple[int, ...]:
        """Years of the series, sorted."""
        return tuple(self._entries)

    @property
    def paths(self) -> tuple[Path, ...]:
        """Files behind the series in the order of their years, each once."""
        return tuple(dict.fromkeys(e.path for e in self._entries.values() if e.path is not None))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[IOTable]:
        """Give the tables year by year."""
        for year in self.years:
            yield self[year]

    def __contains__(self, year: object) -> bool:
        return year in self._entries

    def __getitem__(self, year: int) -> IOTable:
        """Return the table of a year, reading it if need be.

        Raises
        ------
        InputError
            If the series lacks the year, or the file turns out to hold another one.
        LabelError
            If countries, sectors, final-demand categories or value-added rows differ from those of the first table
            loaded: an index would not mean the same in all years.
        """
        if year not in self._entries:
            raise InputError(f"no table of {year}. There are: {enumerate_labels(self.years, 40)}.")
        if year in self._cache:
            self._cache.move_to_end(year)
            return self._cache[year]
        entry = self._entries[year]
        table = entry.load()
        if table.year != year:
            raise InputError(
                f"{entry.where}: named as {year}, but the table inside is of {table.year}. Rename the file."
            )
        table = self._like_the_first(table, entry.where)
        self._cache[year] = table
        while len(self._cache) > _KEPT:
            self._cache.popitem(last=False)
        return table

    def __repr__(self) -> str:
        return f"<TableSeries of {len(self)} tables, {self.years[0]}-{self.years[-1]}>"

    def _like_the_first(self, table: IOTable, where: str) -> IOTable:
        measured = (table.meta.unit, table.meta.synthetic)
        if self._measured not in (None, measured):
            raise InputError(
                f"{where}: in {table.meta.unit}{' (synthetic)' * table.meta.synthetic}, other years of the series in "
                f"{self._measured[0]}{' (synthetic)' * self._measured[1]}. Do not mix them: name files of one kind."
            )
        self._measured = measured
        labels = (table.countries, table.sectors, table.final_categories, table.va_rows)
        if self._labels is None:
            self._labels = (table.year, labels)
            return table
        first, wanted = self._labels
        for what, have, want in zip(_DIMENSIONS, labels, wanted, strict=True):
            lacks = [label for label in want if label not in have]
            extra = [label for label in have if label not in want]
            if lacks or extra:
                said = [f"lacks {enumerate_labels(lacks)}"] if lacks else []
                said += [f"has {enumerate_labels(extra)} in addition"] if extra else []
                raise LabelError(
                    f"{where}: the {what} of {table.year} differ from those of {first}: it {' and '.join(said)}. "
                    f"{_REMEDY[what]}"
                )
        return table if labels == wanted else reorder(table, *wanted)


@dataclass(frozen=True)
class _Held:
    table: IOTable

    def __call__(self) -> IOTable:
        return self.table


@dataclass(frozen=True)
class _Read:
    """A file to be read later, with the reader's options."""

    path: Path
    options: dict[str, object]

    def __call__(self) -> IOTable:
        from gvcpos.tables.readers import read_table

        return read_table(self.path, **self.options)


def read_tables(paths: str | Path | Iterable[str | Path], **options: object) -> TableSeries:
    """Make a series of tables from files; nothing but their years is read at once.

    Parameters
    ----------
    paths : path or iterable of paths
        Files, folders (every table file in them, not deeper) and patterns such as ``"adb/*.xlsx"``.
    **options
        Passed to `read_table` for every file.

    Raises
    ------
    InputError
        If nothing is found or two files hold the same year; the message names both.
    """
    from gvcpos.tables.readers.registry import years_of

    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    entries: dict[int, _Entry] = {}
    for path in (file for each in listed for file in _files(Path(each).expanduser())):
        years = years_of(path, options)
        several = years is not None and len(years) > 1
        if years is None:  # neither the name nor a cheap look tells: read it once
            years = (_Read(path, options)().year,)
        for year in years:
            if year in entries:
                raise InputError(f"two tables of the year {year}: {entries[year].where} and {path}. Name one of them.")
            entries[year] = _Entry(str(path), path, _Read(path, {**options, "year": year} if several else options))
    if not entries:
        raise InputError(f"no table files found in {enumerate_labels(listed)}.")
    return TableSeries(entries)


def _files(path: Path) -> list[Path]:
    """Return the files that a path, a folder or a pattern means, sorted."""
    if path.is_dir():
        found = [p for p in path.iterdir() if p.suffix.lower() in _SUFFIXES and not p.name.startswith(".")]
        if not found:
            raise InputError(f"{path}: a folder without table files ({', '.join(sorted(_SUFFIXES))}).")
        return sorted(found)
    if any(sign in path.name for sign in "*?[") and not path.exists():
        found = [p for p in path.parent.glob(path.name) if p.is_file()]
        if not found:
            raise InputError(f"{path}: the pattern matches no file.")
        return sorted(found)
    return [path]
