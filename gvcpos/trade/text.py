"""Large csv files read block by block as text, so that codes keep their zeros and faults their line."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from gvcpos._core.errors import FormatError, InputError
from gvcpos._core.files import existing_file

FloatArray = npt.NDArray[np.float64]
_BLANK = ("", "NA", "N/A", "nan", "NaN", "null", "NULL")
_BLOCK = 1 << 24


@dataclass(frozen=True)
class TextFile:
    """A csv file, or one inside a zip archive."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.path}: {self.member}" if self.member else str(self.path)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open it for reading bytes; ``.gz`` is unpacked."""
        if self.member:
            with zipfile.ZipFile(self.path) as archive, archive.open(self.member) as stream:
                yield stream
        elif self.path.suffix == ".gz":
            import gzip

            with gzip.open(self.path, "rb") as stream:
                yield stream  # type: ignore[misc]  # GzipFile reads bytes
        else:
            with self.path.open("rb") as stream:
                yield stream

    def start(self) -> tuple[list[str], str, int]:
        """Return column names, the delimiter, and how many fields a line of data has.

        Raises
        ------
        FormatError
            If the file is empty.
        """
        try:
            with self.open() as stream:
                top = stream.read(1 << 16)
        except (OSError, EOFError, zipfile.BadZipFile) as error:
            raise FormatError(f"{self.name}: cannot be unpacked ({error}). Fetch it again.") from error
        lines = top.decode("utf-8-sig", errors="replace").splitlines()
        if not lines or not lines[0].strip():
            raise FormatError(f"{self.name}: the file is empty or begins with a blank line. Fetch it again.")
        delimiter = max(",\t;", key=lines[0].count)
        rows = csv.reader(io.StringIO("\n".join(lines[:2])), delimiter=delimiter)
        header = [cell.strip() for cell in next(rows)]
        return header, delimiter, len(next(rows, header))

    def blocks(
        self, columns: Mapping[str, str], keep: tuple[str, Callable[[str], bool]] | None = None
    ) -> Iterator[pd.DataFrame]:
        """Give the file block by block, as text.

        Parameters
        ----------
        columns : mapping
            Column of the file to the name it gets; others are not read.
        keep : (str, callable), optional
            A column (its new name) and what says of a text in it whether the row is wanted.

        Yields
        ------
        DataFrame
            Text columns, blanks at the ends stripped; the index is the line in the file (the header is line 1).
        """
        header, delimiter, width = self.start()
        # Some downloads end every line, or every one but the header, in a delimiter.
        names = [f"{i}" for i in range(max(width, len(header)))]
        place = {new: names[header.index(old)] for old, new in columns.items()}
        line = 2
        try:
            with self.open() as stream:
                reader = pacsv.open_csv(
                    stream,
                    read_options=pacsv.ReadOptions(column_names=names, skip_rows=1, block_size=_BLOCK),
                    parse_options=pacsv.ParseOptions(delimiter=delimiter),
                    convert_options=pacsv.ConvertOptions(
                        column_types={name: pa.string() for name in place.values()},
                        include_columns=list(place.values()),
                        strings_can_be_null=False,
                        check_utf8=False,  # the columns wanted are ASCII; the names beside them may be Latin-1
                    ),
                )
                for batch in reader:
                    yield _text(batch, place, line, keep)
                    line += batch.num_rows
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise FormatError(
                f"{self.name}: {_plain(error)}. The file is cut short or edited: fetch it again."
            ) from error


def _text(
    batch: pa.RecordBatch, place: Mapping[str, str], line: int, keep: tuple[str, Callable[[str], bool]] | None
) -> pd.DataFrame:
    """Return the wanted rows of a batch as text."""
    rows = np.arange(batch.num_rows)
    if keep is not None:
        codes = batch.column(place[keep[0]]).dictionary_encode()
        wanted = np.array([keep[1](str(text).strip()) for text in codes.dictionary.to_pylist()], dtype=bool)
        rows = np.flatnonzero(wanted[codes.indices.to_numpy(zero_copy_only=False)]) if wanted.size else rows[:0]
        batch = batch.take(pa.array(rows))
    texts = {new: [str(cell).strip() for cell in batch.column(old).to_pylist()] for new, old in place.items()}
    return pd.DataFrame(texts, index=rows + line, dtype=object)


def _plain(error: Exception) -> str:
    return re.sub(r"\s+", " ", str(error)).strip().rstrip(".")[:200]


def csv_files(path: str | Path, what: str, wanted: re.Pattern[str] | None = None) -> list[TextFile]:
    """Return the csv files of a path: itself, or those inside a zip archive whose name is as `wanted`.

    Raises
    ------
    InputError, FormatError
        If there is no such file, or the archive has none that is wanted.
    """
    file = existing_file(path, what)
    if not zipfile.is_zipfile(file):
        return [TextFile(file)]
    with zipfile.ZipFile(file) as archive:
        inside = sorted(n for n in archive.namelist() if n.lower().endswith(".csv") and not n.startswith("__MACOSX"))
    chosen = [name for name in inside if wanted is None or wanted.search(Path(name).name)]
    if not chosen:
        raise FormatError(f"{file}: the archive has no {what} (it has {', '.join(inside[:5]) or 'no csv files'}).")
    return [TextFile(file, name) for name in chosen]


def numbers(text: pd.Series, name: str, column: str) -> FloatArray:
    """Return a column of text as numbers; blank and NA are missing.

    Raises
    ------
    FormatError
        If a cell is something else; file, line and column are named.
    """
    cells = text.mask(text.isin(_BLANK), np.nan)
    values = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    bad = np.flatnonzero((np.isnan(values) & cells.notna().to_numpy()) | np.isinf(values))
    if bad.size:
        raise FormatError(
            f"{name}, line {text.index[bad[0]]}, column {column}: {text.iloc[bad[0]]!r} is not a number. Correct the "
            "cell or fetch the file again."
        )
    return values


def need(header: list[str], wanted: Mapping[str, str], name: str, what: str) -> None:
    """Raise FormatError if a file lacks columns; the message has those it has."""
    missing = [column for column in wanted if column not in header]
    if missing:
        raise FormatError(
            f"{name}: {what} has the columns {', '.join(wanted)}; this file lacks {', '.join(missing)} (it has "
            f"{', '.join(header[:12])}). Give the file as it was published."
        )


def as_paths(paths: str | Path | Iterable[str | Path]) -> list[Path]:
    """Return one path or several as a list; InputError if there is none."""
    found = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not found:
        raise InputError("no file was given. Name one or more.")
    return found
