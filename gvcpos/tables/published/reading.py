"""read_published: files of published indices of any layout into one tidy object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos._core.errors import FormatError, InputError, LabelError
from gvcpos._core.files import existing_file
from gvcpos._core.labels import enumerate_labels
from gvcpos.tables.published.indices import SOURCE, PublishedIndices
from gvcpos.tables.published.layouts import LAYOUTS, UNITS, Layout

_LABELS = ("country", "sector", "stage", "measure", "unit", SOURCE)
_LONG = {"measure", "value"}
_EQUAL = 1e-9


def read_published(
    paths: str | Path | Iterable[str | Path],
    *,
    layout: str | None = None,
    source: str | None = None,
    sources: Sequence[str] | None = None,
    columns: Mapping[str, str] | None = None,
    where: Mapping[str, object] | None = None,
    units: Mapping[str, str] | None = None,
    sectors: Iterable[str] | None = None,
) -> PublishedIndices:
    """Read published indices.

    Parameters
    ----------
    paths : path or iterable of path
        csv or parquet; several files are families of measures of the same rows, which are joined.
    layout : {"adb", "antras-chor", "tidy"}, optional
        Found from the columns by default. Tidy is wide (country, sector or stage, year, a column a measure, source)
        or long (… measure, value, unit, source).
    source : str, optional
        Where the numbers come from, for the column of that name; needed unless the files have it.
    sources : sequence of str, optional
        Sources to keep; files with rows of several are refused without it.
    columns, where : mapping, optional
        Of a tidy file: its own names to those above (``{"REF_AREA": "country"}``); and column, as the file names it,
        to the value of the rows to keep (``{"COUNTERPART_AREA": "W"}``).
    units : mapping, optional
        Measure to unit, where files do not say.
    sectors : iterable of str, optional
        The sectors that there are; others are an error. ADB's and Antràs and Chor's are c1 … c35.

    Raises
    ------
    FormatError
        If a file is laid out otherwise.
    InputError, LabelError
        See `PublishedIndices.from_frame`; also if files disagree on a measure, or on which rows there are.
    """
    files = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    said = dict(units or {})
    parts, known = _parts(files, layout, columns or {}, where or {}, said)
    return PublishedIndices.from_frame(
        _join(parts, files),
        source=source,
        sources=sources,
        units=(UNITS if known else {}) | said,
        publisher=known.name if known else "*",
        sectors=known.sectors if known and sectors is None else sectors,
        where=enumerate_labels([file.name for file in files], 4),
    )


def _parts(
    files: list[Path],
    layout: str | None,
    columns: Mapping[str, str],
    where: Mapping[str, object],
    units: dict[str, str],
) -> tuple[list[pd.DataFrame], Layout | None]:
    """Read every file; all must be laid out alike."""
    if not files:
        raise InputError("read_published: no file was given.")
    if layout is not None and layout not in (*LAYOUTS, "tidy"):
        raise InputError(f"layout={layout!r} is not known. Allowed: {enumerate_labels((*LAYOUTS, 'tidy'))}.")
    read = [_read(file, layout, columns, where, units) for file in files]
    kinds = dict.fromkeys(kind.name if kind else "tidy" for _, kind in read)
    if len(kinds) > 1:
        raise FormatError(
            f"{enumerate_labels(files)}: files of different layouts ({enumerate_labels(kinds)}). Read each release by "
            "itself."
        )
    return [frame for frame, _ in read], read[0][1]


def _read(
    file: Path,
    layout: str | None,
    columns: Mapping[str, str],
    where: Mapping[str, object],
    units: dict[str, str],
) -> tuple[pd.DataFrame, Layout | None]:
    frame = _raw(existing_file(file, "published indices"), columns)
    kind = LAYOUTS.get(layout or "", next((k for k in LAYOUTS.values() if k.owns(set(frame.columns))), None))
    kind = None if layout == "tidy" else kind
    if kind is not None and not kind.owns(set(frame.columns)):
        raise FormatError(f"{file}: not laid out as {kind.name}; it has {enumerate_labels(frame.columns, 20)}.")
    for name, value in where.items():
        if name not in frame:
            raise InputError(f"{file}: where names a column {name!r}; it has {enumerate_labels(frame.columns, 20)}.")
        frame = frame[frame[name] == value]
    if frame.empty:
        raise InputError(f"{file}: no row" + (f" where {dict(where)}" if where else "") + ".")
    if kind is not None:
        return kind.tidy(frame), kind
    frame = frame.rename(columns=dict(columns))
    return (_wide(frame, file, units) if set(frame.columns) >= _LONG else frame), None


def _raw(file: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    """Read a file; "NA" is a label in columns of labels and a missing number elsewhere."""
    if file.suffix == ".parquet":
        return pd.read_parquet(file)
    labels = {old for old, new in columns.items() if new in _LABELS} | set(_LABELS)
    try:
        names = pd.read_csv(file, nrows=0).columns
        missing = {name: ["", "NA", "NaN", "nan", "."] for name in names if name not in labels}
        return pd.read_csv(file, keep_default_na=False, na_values=missing)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FormatError(f"{file}: not a csv file that can be read ({error}).") from error


def _wide(frame: pd.DataFrame, file: Path, units: dict[str, str]) -> pd.DataFrame:
    """Lay a long file out with a column a measure; its units are noted, several for one measure are an error."""
    keys = [name for name in ("country", "sector", "stage", "year", SOURCE) if name in frame]
    twice = frame.duplicated([*keys, "measure"])
    if twice.any():
        named = frame.loc[twice, [*keys, "measure"]].astype(str).agg(" ".join, axis=1)
        raise LabelError(f"{file}: duplicated rows for {enumerate_labels(named, 4)}. Each must occur once.")
    if "unit" in frame:
        pairs = frame[["measure", "unit"]].drop_duplicates()
        several = pairs["measure"][pairs["measure"].duplicated()]
        if not several.empty:
            raise InputError(f"{file}: {enumerate_labels(several)} comes in several units. Keep one with where=.")
        for name, unit in pairs.itertuples(index=False):
            units.setdefault(str(name), str(unit))
    measures = list(dict.fromkeys(frame["measure"]))
    wide = frame.pivot(index=keys, columns="measure", values="value")[measures].reset_index()
    # Rows in order of appearance: a pivot would sort the labels.
    return frame[keys].drop_duplicates().merge(wide.rename_axis(columns=None), on=keys, validate="1:1")


def _join(parts: list[pd.DataFrame], files: list[Path]) -> pd.DataFrame:
    """Join families of measures by country, sector and year; a measure that two have must be the same in both."""
    made = parts[0]
    for other, file in zip(parts[1:], files[1:], strict=True):
        keys = [name for name in ("country", "sector", "stage", "year", SOURCE) if name in made and name in other]
        for frame, name in ((made, files[0]), (other, file)):
            if frame.duplicated(keys).any():
                named = frame.loc[frame.duplicated(keys), keys].astype(str).agg(" ".join, axis=1)
                raise LabelError(f"{name}: duplicated rows for {enumerate_labels(named, 4)}. Each must occur once.")
        lone = pd.MultiIndex.from_frame(made[keys]).symmetric_difference(pd.MultiIndex.from_frame(other[keys]))
        if len(lone):
            rows = enumerate_labels((" ".join(map(str, row)) for row in lone), 4)
            raise LabelError(
                f"{file.name}: not the rows of {files[0].name}: {rows} in one of them only. "
                "Files read together are families of measures of one release."
            )
        made = _agreed(made.merge(other, on=keys, how="left", suffixes=("", "\0"), validate="1:1"), file)
    return made


def _agreed(both: pd.DataFrame, file: Path) -> pd.DataFrame:
    doubled = [name for name in both.columns if str(name).endswith("\0")]
    for name in doubled:
        mine, theirs = (both[c].to_numpy(float) for c in (name.removesuffix("\0"), name))
        apart = ~np.isclose(mine, theirs, rtol=_EQUAL, atol=_EQUAL, equal_nan=True)
        if apart.any():
            raise InputError(
                f"{file.name}: {int(apart.sum())} values of {name[:-1]!r} differ from those of the other files. They "
                "are of different releases: read them apart."
            )
    return both.drop(columns=doubled)
