"""From a YAML file and `--set` overrides to a checked specification; errors name the line and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos._core.resources import data_path
from gvcpos._core.yaml_lines import LineOf, load_yaml_with_lines
from gvcpos.study.spec import StudySpec


def shipped_studies() -> dict[str, Path]:
    """Return the studies that ship with gvcpos, name to path."""
    return {path.stem: path for path in sorted(data_path("studies").glob("*.yaml"))}


def find_study(study: str | Path) -> Path:
    """Return the path of a study: a YAML file, or the name of a shipped one.

    Raises
    ------
    InputError
        If it is neither; the message lists the shipped ones.
    """
    path = Path(study).expanduser()
    if path.is_file():
        return path
    shipped = shipped_studies()
    if str(study) in shipped:
        return shipped[str(study)]
    raise InputError(f"{study}: no such file, and no shipped study of that name ({', '.join(shipped)}).")


def load_spec(path: str | Path, overrides: Iterable[str] = ()) -> StudySpec:
    """Read and check a specification.

    Parameters
    ----------
    path : str or Path
        YAML file.
    overrides : iterable of str
        ``"panel.effects=entity"``: dotted key, equals sign, YAML value.

    Raises
    ------
    SpecificationError
        If a key or a value is wrong. Every fault is listed with its line (or its override) and what is allowed.
    """
    data, line_of = load_yaml_with_lines(path)
    if not isinstance(data, dict):
        raise SpecificationError(f"{path}: a study is a mapping with the keys {_keys(StudySpec)}.")
    changed: dict[tuple[str, ...], str] = {}
    for text in overrides:
        keys, value = parse_override(text)
        _put(data, keys, value, text)
        changed[keys] = text
    try:
        return StudySpec.model_validate(data)
    except ValidationError as error:
        faults = [_fault(item, str(path), line_of, changed) for item in error.errors()]
        raise SpecificationError("\n".join(dict.fromkeys(faults))) from None


def parse_override(text: str) -> tuple[tuple[str, ...], Any]:
    """Split ``"a.b=value"`` into its keys and its YAML value."""
    key, sign, value = text.partition("=")
    keys = tuple(part.strip() for part in key.split("."))
    if not sign or not all(keys):
        raise SpecificationError(f"--set {text}: expected key=value, as in --set panel.effects=entity.")
    try:
        return keys, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise SpecificationError(f"--set {text}: the value is not YAML ({str(error).splitlines()[0]}).") from None


def _put(data: dict[str, Any], keys: tuple[str, ...], value: Any, text: str) -> None:
    node: Any = data
    for key in keys[:-1]:
        node = node.setdefault(key, {})
        if not isinstance(node, dict):
            raise SpecificationError(f"--set {text}: {key} holds a value, not further keys.")
    node[keys[-1]] = value


def _fault(item: ErrorDetails, name: str, line_of: LineOf, changed: Mapping[tuple[str, ...], str]) -> str:
    """Write one fault as one line."""
    # A union's branch ("synthetic", "files") is part of pydantic's location but not of the file.
    path = tuple(part for i, part in enumerate(item["loc"]) if not (i == 1 and item["loc"][0] == "tables"))
    dotted = ".".join(map(str, path)) or "the study"
    override = next((text for keys, text in changed.items() if path[: len(keys)] == keys), None)
    where = f"--set {override}" if override else f"{name}, line {line_of(path)}"
    if item["type"] == "extra_forbidden":
        return f"{where}: unknown key {dotted}. Allowed here: {_keys(_block_at(item['loc'][:-1]))}."
    if item["type"] == "missing":
        return f"{where}: {dotted} is missing. It must be given."
    message = item["msg"].removeprefix("Value error, ")
    return f"{where}: {dotted} = {item['input']!r}: {message[0].lower()}{message[1:]}."


def _block_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """Return the block that a pydantic location leads to."""
    block: type[BaseModel] = StudySpec
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


def _keys(block: type[BaseModel]) -> str:
    return ", ".join(block.model_fields)
