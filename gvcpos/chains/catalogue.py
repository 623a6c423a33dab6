"""The chains that ship with gvcpos, by name and sector list."""

from __future__ import annotations

from pathlib import Path

from gvcpos._core.errors import InputError
from gvcpos._core.resources import data_path


def shipped_chains() -> dict[str, tuple[str, ...]]:
    """Return the name of every shipped chain and the sector lists it exists for, as `Chain.shipped` takes them."""
    found: dict[str, list[str]] = {}
    for path in sorted(data_path("chains").glob("*.yaml")):
        name, _, classification = path.stem.rpartition("_")
        found.setdefault(name, []).append(classification)
    return {name: tuple(lists) for name, lists in found.items()}


def shipped_path(name: str, classification: str) -> Path:
    """Return the file of a shipped chain.

    Raises
    ------
    InputError
        If there is none; the message names those there are.
    """
    known = shipped_chains()
    if name not in known:
        raise InputError(f"no chain {name!r} ships with gvcpos. There are: {', '.join(known)}.")
    if classification not in known[name]:
        raise InputError(
            f"the chain {name!r} does not ship for the sector list {classification!r}. "
            f"It exists for: {', '.join(known[name])}."
        )
    return data_path(f"chains/{name}_{classification}.yaml")
