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
