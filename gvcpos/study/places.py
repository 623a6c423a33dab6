"""Where the files of a study are looked for, and how its csv files are read."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.files import existing_file
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path


@dataclass
class Places:
    """Where the files that a study names are looked for, and which of them were used."""

    study_folder: Path
    data: Path | None
    used: dict[str, Path] = field(default_factory=dict)

    def files(self, pattern: str) -> list[Path]:
        """Return the files that a name or a pattern of a study stands for, sorted, and note them as used.

        Raises
        ------
        InputError
            If ``${data}`` is needed but no data folder was given, or if nothing matches.
        """
        full = self._expand(pattern)
        found = [Path(name) for name in sorted(glob.glob(str(full)))] if glob.has_magic(str(full)) else [full]
        if not found:
            raise InputError(f"{pattern}: no file matches ({full}). Check the pattern and the data folder.")
        for path in found:
            existing_file(path, f"named in the study as {pattern}")
            self.used[f"{pattern.rpartition('/')[0]}/{path.name}".lstrip("/")] = path
        return found

    def file(self, name: str) -> Path:
        """Return the one file that a name of a study stands for."""
        return self.files(glob.escape(name) if glob.has_magic(name) else name)[0]

    def shipped(self, name: str) -> Path:
        """Return the path of a file that ships with gvcpos, and note it as used."""
        self.used[f"gvcpos:{name}"] = path = data_path(name)
        return path

    def _expand(self, pattern: str) -> Path:
        if "${data}" in pattern:
            if self.data is None:
                raise InputError(
                    f"{pattern}: the study needs a data folder for ${{data}}. Name it with --data FOLDER or set "
                    "GVCPOS_SHARED."
                )
            return Path(pattern.replace("${data}", str(self.data)))
        path = Path(pattern).expanduser()
        return path if path.is_absolute() else self.study_folder / path


def find_data(data: str | Path | None) -> Path | None:
    """Return the data folder: the one given, else that of ``GVCPOS_SHARED``, else None.

    A folder that holds a folder ``data`` stands for the latter.

    Raises
    ------
    InputError
        If the folder is named but absent.
    """
    named = data or os.environ.get("GVCPOS_SHARED")
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if not folder.is_dir():
        raise InputError(f"{named}: no such folder (--data or GVCPOS_SHARED).")
    return folder / "data" if (folder / "data").is_dir() else folder


def need_columns(frame: pd.DataFrame, names: Sequence[str], path: Path) -> None:
    """Raise `InputError` unless a frame read from `path` has all of these columns."""
    lacking = [name for name in names if name not in frame]
    if lacking:
        have = enumerate_labels(frame.columns, 20)
        raise InputError(f"{path}: no column {enumerate_labels(lacking)}. It has {have}.")


def rows_where(frame: pd.DataFrame, where: Mapping[str, object], path: Path) -> pd.DataFrame:
    """Return the rows in which every column has the value asked for; `InputError` if there is none."""
    need_columns(frame, list(where), path)
    for name, value in where.items():
        frame = frame[frame[name] == value]
    if frame.empty:
        said = ", ".join(f"{name} = {value}" for name, value in where.items())
        raise InputError(f"{path}: no row with {said}. Check where." if where else f"{path}: no rows.")
    return frame.reset_index(drop=True)


def read_csv(path: Path, labels: list[str], *, nrows: int | None = None) -> pd.DataFrame:
    """Read a csv in which label columns are text, where "NA" is a label, and it is a missing number elsewhere."""
    try:
        columns = pd.read_csv(path, nrows=0).columns
        missing = {name: ["", "NA", "NaN", "nan", "."] for name in columns if name not in labels}
        text = {name: str for name in columns if name in labels}
        return pd.read_csv(path, keep_default_na=False, na_values=missing, dtype=text, nrows=nrows)
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a csv file that can be read ({error}).") from error
