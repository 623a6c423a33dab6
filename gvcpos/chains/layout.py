"""The layout of a chain file, checked key by key; a wrong one is named with its place and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gvcpos._core.errors import SpecificationError
from gvcpos._core.yaml_lines import YamlPath

Where = Callable[[YamlPath], str]

_CHAIN_KEYS = ("name", "classification", "boundary", "stages", "boundaries", "notes")
_STAGE_KEYS = ("name", "description", "sectors", "hs")
_CHANGE_KEYS = ("sectors", "hs")
_HS = re.compile(r"\d{4}(\.\d{2}(\.?\d{2})?)?")


def chain_parts(data: Any, where: Where, boundary: str | None) -> dict[str, Any]:
    """Check a chain's layout and resolve its boundary.

    Parameters
    ----------
    data : object
        What the YAML holds: keys ``name``, ``stages`` (a list of name, sectors, hs, description), and
        optionally ``classification``, ``notes``, ``boundary`` and ``boundaries`` (boundary to stage to the
        sectors and hs it has under that boundary).
    where : callable
        Path in `data` to words for the message, as in ``"chain.yaml, line 3"``.
    boundary : str or None
        The wanted one of ``boundaries``.

    Returns
    -------
    dict
        ``name``, ``classification``, ``boundary`` and ``stages``, a list of keyword arguments. ``hs`` may be a list
        or a mapping of the stage's sectors to lists.
    """
    _mapping(data, (), where, _CHAIN_KEYS, required=("name", "stages"))
    stages = data["stages"]
    if not isinstance(stages, list) or not stages:
        raise SpecificationError(f"{where(('stages',))}: stages must be a list of at least one stage.")
    parts = {key: _text(data, key, (), where) for key in ("name", "classification", "boundary")}
    _text(data, "notes", (), where)
    resolved = [_stage(stage, ("stages", i), where) for i, stage in enumerate(stages)]
    for i, stage in enumerate(resolved):
        if stage["name"] in [s["name"] for s in resolved[:i]]:
            raise SpecificationError(
                f"{where(('stages', i, 'name'))}: stage {stage['name']!r} occurs twice. Rename one."
            )
    changes, chosen = _boundary(data, [s["name"] for s in resolved], where, boundary or parts["boundary"])
    return parts | {"boundary": chosen, "stages": [s | changes.get(s["name"], {}) for s in resolved]}


def _stage(data: Any, path: YamlPath, where: Where) -> dict[str, Any]:
    _mapping(data, path, where, _STAGE_KEYS, required=("name", "sectors"))
    return {
        "name": _text(data, "name", path, where),
        "description": _text(data, "description", path, where),
        "sectors": _labels(data["sectors"], (*path, "sectors"), where),
    } | _goods(data.get("hs", []), (*path, "hs"), where)


def _goods(data: Any, path: YamlPath, where: Where) -> dict[str, Any]:
    """Read HS codes as a list, or as lists of the sectors that make the goods."""
    if not isinstance(data, Mapping):
        return {"hs": _labels(data, path, where, _HS), "goods": ()}
    goods = [(hs, str(sector)) for sector, codes in data.items() for hs in _labels(codes, (*path, sector), where, _HS)]
    codes = [hs for hs, _ in goods]
    twice = [hs for i, hs in enumerate(codes) if hs in codes[:i]]
    if twice:
        raise SpecificationError(f"{where(path)}: HS {twice[0]} is given to two sectors. Choose the one that makes it.")
    return {"hs": tuple(codes), "goods": tuple(goods)}


def _boundary(
    data: Mapping[str, Any], stages: list[str], where: Where, wanted: str
) -> tuple[dict[str, dict[str, Any]], str]:
    """Check every boundary; return the changes of the wanted one, stage by stage, and its name."""
    options = data.get("boundaries")
    if options is None:
        if wanted != (data.get("boundary") or ""):
            raise SpecificationError(
                f"{where(())}: boundary {wanted!r} was asked for, but the chain has no boundaries. "
                "Ask for none (null in a study's chain.boundary)."
            )
        return {}, wanted
    _mapping(options, ("boundaries",), where, None)
    checked = {name: _changes(value, ("boundaries", name), stages, where) for name, value in options.items()}
    if wanted not in checked:
        raise SpecificationError(
            f"{where(('boundary',))}: boundary {wanted!r} is not among the boundaries. "
            f"Allowed: {', '.join(map(repr, checked))}."
        )
    return checked[wanted], wanted


def _changes(data: Any, path: YamlPath, stages: list[str], where: Where) -> dict[str, dict[str, Any]]:
    _mapping(data, path, where, tuple(stages))
    out: dict[str, dict[str, Any]] = {}
    for stage, change in data.items():
        place = (*path, stage)
        _mapping(change, place, where, _CHANGE_KEYS)
        out[stage] = {}
        if "sectors" in change:
            out[stage] = {"sectors": _labels(change["sectors"], (*place, "sectors"), where)}
        if "hs" in change:
            out[stage] |= _goods(change["hs"], (*place, "hs"), where)
    return out


def _mapping(
    data: Any, path: YamlPath, where: Where, allowed: tuple[str, ...] | None, required: tuple[str, ...] = ()
) -> None:
    """Require a mapping with the allowed keys, and with all of the required ones."""
    if not isinstance(data, Mapping):
        raise SpecificationError(
            f"{where(path)}: {_name(path)} must be a mapping"
            + (f" with the keys {', '.join(allowed)}" if allowed else "")
            + f", not {data!r}."
        )
    for key in data:
        if allowed is not None and key not in allowed:
            raise SpecificationError(
                f"{where((*path, key))}: {key!r} is not known in {_name(path)}. Allowed: {', '.join(allowed)}."
            )
    missing = [key for key in required if key not in data]
    if missing:
        raise SpecificationError(f"{where(path)}: {_name(path)} lacks {', '.join(missing)}.")


def _text(data: Mapping[str, Any], key: str, path: YamlPath, where: Where) -> str:
    value = data.get(key, "")
    if not isinstance(value, str) or (key in data and not value.strip()):
        raise SpecificationError(
            f"{where((*path, key))}: {key} must be text, not {value!r}. Put it in quotes if it is a label."
        )
    return value.strip()


def _labels(data: Any, path: YamlPath, where: Where, pattern: re.Pattern[str] | None = None) -> tuple[str, ...]:
    """Require a list of text labels; YAML reads an unquoted 2530.90 as a number and no as false."""
    if not isinstance(data, list):
        raise SpecificationError(f"{where(path)}: {path[-1]} must be a list, as in [a, b], not {data!r}.")
    for i, item in enumerate(data):
        place = (*path, i)
        if not isinstance(item, str) or not item.strip():
            raise SpecificationError(f"{where(place)}: {item!r} in {path[-1]} is not text. Put the label in quotes.")
        if pattern is not None and not pattern.fullmatch(item):
            raise SpecificationError(
                f'{where(place)}: {item!r} is not an HS code. Allowed: 4, 6 or 8 digits, as in "2846.10".'
            )
    return tuple(item.strip() for item in data)


def _name(path: YamlPath) -> str:
    return "the chain" if not path else ".".join(str(key) for key in path)
