"""What is wrong with a block of a YAML file, as one plain sentence: where it stands, what it says, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

Keys = tuple[int | str, ...]

WORDS = {
    "string_type": "must be text",
    "string_too_short": "must not be empty",
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
    "string_pattern_mismatch": "must be letters, digits, - and _, at most 64, beginning with a letter or a digit",
    "invalid_key": "keys must be text",
    "value_error": "{error}",
}
BLOCKS = ("model_type", "model_attributes_type", "dict_type")
_NUMBERS = ("int_type", "float_type")


def placed(root: type[BaseModel], location: Iterable[int | str]) -> tuple[Keys, list[Any]]:
    """Follow a location of pydantic's through a block.

    Parameters
    ----------
    root : type
        The block that was read.
    location : iterable
        Keys of the file and, between them, what pydantic calls the branches of unions.

    Returns
    -------
    path : tuple
        The keys of the file alone.
    types : list
        What may stand there.
    """
    path: Keys = ()
    here: list[Any] = [root]
    for part in location:
        here, in_file = _step(here, part)
        path = (*path, part) if in_file else path
    return path, here


def block_of(types: Iterable[Any]) -> type[BaseModel] | None:
    """Return the first block among types, as `placed` gives them."""
    return next(iter(_blocks([kind for annotation in types for _, kind in _branches(annotation)])), None)


def allowed_keys(block: type[BaseModel]) -> str:
    """Return the keys of a block, for a message."""
    return ", ".join(field.alias or name for name, field in block.model_fields.items())


def shown(value: Any) -> str:
    """Write a value as YAML has it, unless it is a whole block, which would hide the message."""
    yaml = {None: "null", True: "true", False: "false"}
    if isinstance(value, dict) and value:
        return ""
    return f" = {yaml[value] if value is None or isinstance(value, bool) else repr(value)}"


def words_of(item: ErrorDetails, types: Iterable[Any]) -> str:
    """Say what must be, where `types` may stand."""
    kind, value = item["type"], item["input"]
    if isinstance(value, bool):
        must = WORDS[kind] if kind in _NUMBERS else "must not be true or false: put a name in quotes"
        return f"{must} (YAML reads an unquoted yes, no, on or off as true or false)"
    if kind == "float_type" and isinstance(value, str) and _is_number(value):
        return f"must be a number (YAML reads {value} as text: write it without an e, or as in 1.0e-5)"
    if kind == "tuple_type":
        return f"must be a list, as in [{value}]" if isinstance(value, str | int | float) else "must be a list"
    if kind in BLOCKS:
        block = block_of(types)
        return f"must be a block of keys: {allowed_keys(block)}" if block else "must be a block of keys"
    if kind not in WORDS:  # a kind of fault that no field of ours has today
        return item["msg"][0].lower() + item["msg"][1:]
    return WORDS[kind].format(**item.get("ctx", {}))


def _is_number(text: str) -> bool:
    try:
        return bool(float(text) == float(text))
    except ValueError:
        return False


def _step(here: list[Any], part: int | str) -> tuple[list[Any], bool]:
    """Go one part of a location on: what may stand there, and whether the part is a key of the file."""
    branches = [branch for annotation in here for branch in _branches(annotation)]
    tagged = [kind for tag, kind in branches if tag is not None and tag == part]
    if tagged:
        return tagged, False
    kinds = [kind for _, kind in branches]
    blocks = _blocks(kinds)
    if len(blocks) > 1:
        for block in blocks:
            field = block.model_fields.get("kind")
            if field is not None and part in get_args(field.annotation):
                return [block], False
    for block in blocks:
        for name, info in block.model_fields.items():
            if part == (info.alias or name):
                return [info.annotation], True
    if part == "[key]":
        return kinds, False
    inner = [get_args(kind) for kind in kinds if get_origin(kind) in (dict, list, tuple)]
    inside = [args[1] if len(args) > 1 and args[1] is not ... else args[0] for args in inner if args]
    return inside or here, True


def _blocks(kinds: Iterable[Any]) -> list[type[BaseModel]]:
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]


def _branches(annotation: Any) -> list[tuple[object, Any]]:
    """Take a union apart: (tag or None, type) of each branch."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        tag = next((m.tag for m in more if isinstance(m, Tag)), None)
        return [(tag or own, kind) for own, kind in _branches(inner)]
    if get_origin(annotation) in (Union, UnionType):
        return [branch for kind in get_args(annotation) for branch in _branches(kind)]
    return [] if annotation in (None, NoneType) or get_origin(annotation) is Literal else [(None, annotation)]
