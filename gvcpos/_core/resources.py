"""Where the data that ships with gvcpos is found."""

from __future__ import annotations

from pathlib import Path

from gvcpos._core.errors import InputError

_INSTALLED = Path(__file__).resolve().parents[1] / "_data"
_CHECKOUT = Path(__file__).resolve().parents[2] / "data"


def data_path(name: str) -> Path:
    """Return the path of a shipped data file, as in ``data_path("chains/rare_earths_adb35.yaml")``.

    Raises
    ------
    InputError
        If no such file ships.
    """
    root = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
    path = root / name
    if not path.exists():
        raise InputError(f"{name}: no such file among the data shipped with gvcpos ({root}).")
    return path


def shipped_files(folder: str) -> dict[str, Path]:
    """Return the YAML files of a shipped folder, name to path."""
    return {path.stem: path for path in sorted(data_path(folder).glob("*.yaml"))}


def file_or_shipped(name: str | Path, folder: str, what: str) -> Path:
    """Return a file as it is named, or the shipped one of that name; `what` says in messages what it is.

    Raises
    ------
    InputError
        If it is neither; the message lists the shipped ones.
    """
    path = Path(name).expanduser()
    if path.is_file():
        return path
    shipped = shipped_files(folder)
    if str(name) in shipped:
        return shipped[str(name)]
    raise InputError(f"{name}: no such file, and no shipped {what} of that name ({', '.join(shipped)}).")
