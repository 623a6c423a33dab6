"""The results folder: filled aside, put in place whole."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.files import atomic_path, write_text
from gvcpos._core.labels import enumerate_labels

MANIFEST = "manifest.json"


def check_target(out: str | Path) -> Path:
    """Return the results folder's path if it may be written.

    Raises
    ------
    InputError
        If it is a file or lies in one, cannot be written, or is a folder that holds something else than earlier
        results.
    """
    target = Path(out).expanduser().resolve()
    check_parent(target)
    if target.exists() and not target.is_dir():
        raise InputError(f"{out}: a file, where a results folder was expected. Name another folder with --out.")
    if target.is_dir() and any(target.iterdir()) and not (target / MANIFEST).is_file():
        raise InputError(
            f"{out}: the folder holds files that are not gvcpos results (no {MANIFEST}). "
            "Nothing was written. Name an empty or a new folder with --out."
        )
    foreign = _not_ours(target)
    if foreign:
        raise InputError(
            f"{out}: beside earlier results it holds {enumerate_labels(foreign)}, which a new run would delete. "
            "Nothing was written. Move them, or name another folder with --out."
        )
    return target


def check_parent(path: Path) -> None:
    """Raise `InputError` if a file or folder of this path could not be made where it is to lie."""
    above = next(folder for folder in path.absolute().parents if folder.exists())
    if not above.is_dir():
        raise InputError(f"{path}: {above} is a file, so that nothing can be written into it. Name another place.")
    if not os.access(above, os.W_OK | os.X_OK):
        raise InputError(f"{path}: the folder {above} may not be written. Name another place.")


def _not_ours(target: Path) -> list[str]:
    """List the files of a results folder that its manifest does not name."""
    manifest = target / MANIFEST
    if not manifest.is_file():
        return []
    try:
        listed = {item["path"] for item in json.loads(manifest.read_text(encoding="utf-8"))["outputs"]}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{manifest}: not a manifest of gvcpos. Name another folder with --out.") from None
    present = {path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file()}
    return sorted(present - listed - {MANIFEST})


@contextmanager
def fresh_folder(out: str | Path) -> Iterator[Path]:
    """Give an empty folder beside `out`; it takes the place of `out` when the block ends without an error.

    Parameters
    ----------
    out : str or Path
        The results folder. Earlier results in it stay until the new ones are complete.

    Raises
    ------
    InputError
        See `check_target`.
    """
    target = check_target(out)
    target.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        yield stage
        stage.chmod(0o755)
        old = stage.with_name(stage.name + "-old")
        if target.exists():
            target.rename(old)
        stage.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def write_copy(source: Path, path: Path) -> None:
    """Copy a shipped YAML file to change, with the name of the new file as its ``name``.

    Raises
    ------
    InputError
        If the new file exists.
    """
    if path.exists():
        raise InputError(f"{path}: exists already. Name another file; nothing was written.")
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", path.stem).strip("-_") or "study"
    text = source.read_text(encoding="utf-8")
    write_text(path, re.sub(r"^name: .*$", f"name: {name[:64]}", text, count=1, flags=re.MULTILINE))


def write_frame(frame: pd.DataFrame, stem: Path) -> None:
    """Write a frame as ``stem.parquet`` and ``stem.csv``; the same frame gives the same bytes."""
    write_table(frame, stem.with_name(stem.name + ".parquet"))
    write_table(frame, stem.with_name(stem.name + ".csv"))


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a frame to one file, by its ending: .parquet or .csv.

    Raises
    ------
    InputError
        For another ending.
    """
    if path.suffix not in {".parquet", ".csv"}:
        raise InputError(f"{path}: the ending must be .parquet or .csv.")
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            frame.to_csv(temporary, index=False, lineterminator="\n")
        else:
            frame.to_parquet(temporary, index=False, compression="zstd")
