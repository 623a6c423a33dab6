"""From a YAML file to a checked system; every fault with its line and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gvcpos._core.errors import SpecificationError
from gvcpos._core.faults import allowed_keys, block_of, placed, shown, words_of
from gvcpos._core.resources import file_or_shipped, shipped_files
from gvcpos._core.yaml_lines import LineOf
from gvcpos.flows.system.checks import cross_faults
from gvcpos.flows.system.spec import SystemSpec


def shipped_systems() -> dict[str, Path]:
    """Return the systems that ship with gvcpos, name to path."""
    return shipped_files("flows")


def find_system(name: str | Path) -> Path:
    """Return the path of a system: a YAML file, or the name of a shipped one.

    Raises
    ------
    InputError
        If it is neither; the message lists the shipped ones.
    """
    return file_or_shipped(name, "flows", "system")


def checked(data: Any, line_of: LineOf, name: str) -> SystemSpec:
    """Check what a YAML file says.

    Parameters
    ----------
    data : object
        As YAML gives it.
    line_of : callable
        From a path of keys to its line.
    name : str
        Of the file, for messages.

    Raises
    ------
    SpecificationError
        Every fault on a line of its own: file, line, key, what was found, what is allowed.
    """
    if not isinstance(data, dict):
        raise SpecificationError(f"{name}: a system is a mapping with the keys {allowed_keys(SystemSpec)}.")
    try:
        spec = SystemSpec.model_validate(data)
    except ValidationError as error:
        faults = dict.fromkeys(_fault_lines(error.errors(), line_of, name))
        raise SpecificationError("\n".join(faults)) from None
    found = [f"{place(path, line_of, name)}: {message}." for path, message in cross_faults(spec)]
    if found:
        raise SpecificationError("\n".join(found))
    return spec


def place(path: tuple[int | str, ...], line_of: LineOf, name: str) -> str:
    """Say where something of a system stands, as in ``"toy.yaml, line 12: flows.ore"``."""
    return f"{name}, line {line_of(path)}: {'.'.join(str(part) for part in path)}"


def flow_schema() -> dict[str, Any]:
    """Return the JSON schema of a system's file, for editors that complete and check YAML while it is written."""
    schema = SystemSpec.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _fault_lines(errors: Sequence[ErrorDetails], line_of: LineOf, name: str) -> Iterator[str]:
    for item in errors:
        if item["type"] == "too_short" and item["input"]:
            continue  # a list of wrong entries: those are told
        path, types = placed(SystemSpec, item["loc"])
        where = place(path, line_of, name) if path else f"{name}"
        if item["type"] == "extra_forbidden":
            block = block_of(placed(SystemSpec, item["loc"][:-1])[1]) or SystemSpec
            yield f"{where}: unknown key. Allowed here: {allowed_keys(block)}."
        elif item["type"] == "missing":
            yield f"{where}: is missing. It must be given."
        else:
            yield f"{where}{shown(item['input'])}: {words_of(item, types)}."
