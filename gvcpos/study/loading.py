"""From a YAML file and `--set` overrides to a checked specification; errors name the line and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from gvcpos._core.errors import SpecificationError
from gvcpos._core.faults import allowed_keys
from gvcpos._core.resources import file_or_shipped, shipped_files
from gvcpos._core.yaml_lines import load_yaml_with_lines
from gvcpos.study.faults import fault_lines
from gvcpos.study.spec import StudySpec


def shipped_studies() -> dict[str, Path]:
    """Return the studies that ship with gvcpos, name to path."""
    return shipped_files("studies")


def find_study(study: str | Path) -> Path:
    """Return the path of a study: a YAML file, or the name of a shipped one.

    Raises
    ------
    InputError
        If it is neither; the message lists the shipped ones.
    """
    return file_or_shipped(study, "studies", "study")


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
        raise SpecificationError(f"{path}: a study is a mapping with the keys {allowed_keys(StudySpec)}.")
    changed: dict[tuple[str, ...], str] = {}
    for text in overrides:
        keys, value = parse_override(text)
        _put(data, keys, value, text)
        changed[keys] = text
    try:
        return StudySpec.model_validate(data)
    except ValidationError as error:
        faults = dict.fromkeys(fault_lines(error.errors(), str(path), line_of, changed))
        raise SpecificationError("\n".join(faults)) from None


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
