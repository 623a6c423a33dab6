"""What is wrong with a specification, each fault as one plain sentence with its place and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from gvcpos._core.faults import BLOCKS, allowed_keys, block_of, placed, shown, words_of
from gvcpos._core.yaml_lines import LineOf
from gvcpos.study.spec import StudySpec

Keys = tuple[str, ...]

_TABLES = {
    "union_tag_invalid": "must be 'synthetic', 'files' or 'published'",
    "union_tag_not_found": "tables needs a kind: 'synthetic', 'files' or 'published'",
} | dict.fromkeys(BLOCKS, "must be a block of keys, with kind 'synthetic', 'files' or 'published'")


def fault_lines(
    errors: Sequence[ErrorDetails], name: str, line_of: LineOf, changed: Mapping[Keys, str]
) -> Iterator[str]:
    """Write each fault once.

    Parameters
    ----------
    errors : sequence
        Of pydantic.
    name : str
        Of the file.
    line_of : callable
        From a path of keys to its line.
    changed : mapping
        Path of keys to the text of the ``--set`` that changed it.
    """
    for item in errors:
        if item["type"] == "too_short" and item["input"]:
            continue  # a list of wrong entries: those are told
        yield _line(item, name, line_of, changed)


def _line(item: ErrorDetails, name: str, line_of: LineOf, changed: Mapping[Keys, str]) -> str:
    path, types = placed(StudySpec, item["loc"])
    value = item["input"]
    if item["type"] == "union_tag_invalid":
        path, value = (*path, "kind"), value["kind"]
    override = next((text for keys, text in changed.items() if path[: len(keys)] == keys), None)
    where = f"--set {override}" if override else f"{name}, line {line_of(path)}"
    within = [f"--set {text}" for keys, text in changed.items() if keys[: len(path)] == path]
    if item["type"] == "value_error" and within and not override:  # of keys that do not go together
        where = f"{where}, with {', '.join(within)}"
    dotted = _dotted(path)
    if item["type"] == "extra_forbidden":
        block = block_of(placed(StudySpec, item["loc"][:-1])[1])
        return f"{where}: unknown key {dotted}. Allowed here: {allowed_keys(block or StudySpec)}."
    if item["type"] == "missing":
        return f"{where}: {dotted} is missing. It must be given."
    return f"{where}: {dotted}{shown(value)}: {_words(item, types)}."


def _dotted(path: tuple[int | str, ...]) -> str:
    """Write a path as it stands in ``--set``, with the number of an entry of a list from 1."""
    keys = ".".join(part for part in path if isinstance(part, str)) or "the study"
    entry = next((part for part in path if isinstance(part, int)), None)
    return keys if entry is None else f"{keys}, entry {entry + 1}"


def _words(item: ErrorDetails, types: Sequence[Any]) -> str:
    of_tables = item["loc"] == ("tables",) and item["type"] in _TABLES and not isinstance(item["input"], bool)
    return _TABLES[item["type"]].format(**item.get("ctx", {})) if of_tables else words_of(item, types)
