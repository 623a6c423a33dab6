"""Numbers of a file, one or a series over years, read and written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Node = dict[str, Any]


def block_of(found: Any, years: tuple[int, ...]) -> tuple[Node, dict[int, float]]:
    """Return a copy of a number of the file as a block, and its value in each year."""
    block: Node = dict(found) if isinstance(found, dict) else {"value": float(found)}
    old: dict[int, Any] = block.get("values") or dict.fromkeys(years, block["value"])
    return block, {year: float(value) for year, value in old.items()}


def write_years(block: Node, new: Mapping[int, float], *, constant: bool) -> None:
    """Put values by year into a block, in place: as a series, or as one number where they are `constant`."""
    if constant:
        block["value"] = next(iter(new.values()))
    else:
        block.pop("value", None)
        block["values"] = dict(new)
