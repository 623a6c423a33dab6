"""What is wrong with a specification, each fault as one plain sentence with its place and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from gvcpos._core.yaml_lines import LineOf
from gvcpos.study.spec import StudySpec

Keys = tuple[str, ...]

_WORDS = {
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "too_short": "must not be empty",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be 'synthetic', 'files' or 'published'",
    "union_tag_not_found": "tables needs a kind: 'synthetic', 'files' or 'published'",
    "string_pattern_mismatch": "must be letters, digits, - and _, at most 64, beginning with a letter or a digit",
    "invalid_key": "keys must be text",
    "value_error": "{error}",
}
_UNIONS = ("tables", "covariates")
_NUMBERS = ("int_type", "float_type")
_BLOCKS = ("model_type", "model_attributes_type", "dict_type")


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


def allowed_keys(block: type[BaseModel]) -> str:
    """Return the keys of a block, for a message."""
    return ", ".join(block.model_fields)


def _line(item: ErrorDetails, name: str, line_of: LineOf, changed: Mapping[Keys, str]) -> str:
    # A union's branch ("synthetic", "files"; "one", "many") is part of pydantic's location but not of the file.
    path = tuple(part for i, part in enumerate(item["loc"]) if not (i == 1 and item["loc"][0] in _UNIONS))
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
        return f"{where}: unknown key {dotted}. Allowed here: {allowed_keys(_block_at(item['loc'][:-1]))}."
    if item["type"] == "missing":
        return f"{where}: {dotted} is missing. It must be given."
    return f"{where}: {dotted}{_shown(value)}: {_words(item)}."


def _dotted(path: tuple[int | str, ...]) -> str:
    """Write a path as it stands in ``--set``, with the number of an entry of a list from 1."""
    keys = ".".join(part for part in path if isinstance(part, str)) or "the study"
    entry = next((part for part in path if isinstance(part, int)), None)
    return keys if entry is None else f"{keys}, entry {entry + 1}"


def _shown(value: Any) -> str:
    """Write a value as YAML has it, unless it is a whole block, which would hide the message."""
    yaml = {None: "null", True: "true", False: "false"}
    if isinstance(value, dict) and value:
        return ""
    return f" = {yaml[value] if value is None or isinstance(value, bool) else repr(value)}"


def _words(item: ErrorDetails) -> str:
    kind, value = item["type"], item["input"]
    if isinstance(value, bool):
        must = _WORDS[kind] if kind in _NUMBERS else "must not be true or false: put a name in quotes"
        return f"{must} (YAML reads an unquoted yes, no, on or off as true or false)"
    if kind == "tuple_type":
        return f"must be a list, as in [{value}]" if isinstance(value, str | int | float) else "must be a list"
    if kind in _BLOCKS:
        if item["loc"] == ("tables",):
            return "must be a block of keys, with kind 'synthetic', 'files' or 'published'"
        return f"must be a block of keys: {allowed_keys(_block_at(item['loc']))}"
    if kind not in _WORDS:  # a kind of fault that no field of ours has today
        return item["msg"][0].lower() + item["msg"][1:]
    return _WORDS[kind].format(**item.get("ctx", {}))


def _block_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the block that a pydantic location leads to."""
    block: type[BaseModel] = StudySpec
    choices: dict[object, type[BaseModel]] = {}
    for part in location:
        if part in block.model_fields:
            found = _blocks_in(block.model_fields[str(part)].annotation)
            choices = {
                kind: b for b in found for kind in get_args(getattr(b.model_fields.get("kind"), "annotation", None))
            }
            block = found[0] if found else block
        else:
            block = choices.get(part, block)
    return block


def _blocks_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [block for part in get_args(annotation) for block in _blocks_in(part)]
