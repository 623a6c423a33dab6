"""Files written whole or not at all, and their checksums."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gvcpos._core.errors import InputError

_CHUNK = 1 << 20


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; it becomes `path` when the block ends without an error.

    Parameters
    ----------
    path : str or Path
        The file to write. Its folder is made if need be.

    Yields
    ------
    Path
        Where to write. An interrupted write leaves the old file, or none.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> Path:
    """Write `text` as UTF-8 with Unix line ends, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def existing_file(path: str | Path, what: str) -> Path:
    """Return `path` if it is a file.

    Raises
    ------
    InputError
        If there is no such file; the message says what was looked for.
    """
    found = Path(path).expanduser()
    if found.is_dir():
        raise InputError(f"{found}: a folder, where {what} was expected. Name the file itself.")
    if not found.is_file():
        start = "" if found.is_absolute() else f"; it is relative to {Path.cwd()}"
        raise InputError(f"{found}: no such file ({what}). Check the path{start}.")
    return found
