"""From a system and a scenario to the changed system: numbers of its file, looked up by place and written anew."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from math import inf
from typing import Any

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.flows.scenarios.reconciled import at_reconciled
from gvcpos.flows.scenarios.series import Node, block_of, write_years
from gvcpos.flows.scenarios.spec import ChangeBlock, ScenarioBlock
from gvcpos.flows.system.flow_system import FlowSystem
from gvcpos.flows.system.loading import checked

Slot = tuple[Node, str]
_WIDTHS = ("low", "mode", "high")


def in_scenario(system: FlowSystem, scenario: str | ScenarioBlock) -> FlowSystem:
    """Return the system with a scenario's changes.

    Parameters
    ----------
    system : FlowSystem
    scenario : str or ScenarioBlock
        Name of one in the system's file, or changes made in Python.

    Returns
    -------
    FlowSystem
        At the reconciled numbers, without those that the scenario releases, then changed, and checked as a file is. A
        changed number keeps the relative width of its distribution; a number set to zero is certain.

    Raises
    ------
    InputError
        If the scenario or the place of a change is unknown, or a year is not the system's.
    SpecificationError
        If the changed numbers cannot be: shares over 1, bounds out of order.
    """
    name, block = named(system, scenario)
    data = at_reconciled(system)
    for place in block.release:
        for holder, key in list(slots(data, place, f"scenario {name}: release {place}", whole=True)):
            del holder[key]
    for change in block.changes:
        where = f"scenario {name}: {change.at}"
        if unknown := sorted(set(change.years or ()) - set(system.network.years)):
            raise InputError(f"{where}: the system has no year {enumerate_labels(unknown)}.")
        for holder, key in slots(data, change.at, where):
            holder[key] = _changed(holder[key], change, system.network.years, where)
    spec = checked(data, system.line_of, f"{system.name}, scenario {name}")
    return FlowSystem.of(spec, system.name, system.line_of)


def named(system: FlowSystem, scenario: str | ScenarioBlock) -> tuple[str, ScenarioBlock]:
    """Return name and block of a scenario.

    Raises
    ------
    InputError
        If the system's file has none of this name.
    """
    if isinstance(scenario, ScenarioBlock):
        return scenario.title, scenario
    known = system.spec.scenarios
    if scenario not in known:
        raise InputError(f"{system.name}: no scenario {scenario!r}. There are: {', '.join(known) or 'none'}.")
    return scenario, known[scenario]


def before(system: FlowSystem, scenario: str | ScenarioBlock) -> FlowSystem:
    """Return what a scenario starts from: the reconciled system without the numbers that it releases."""
    _, block = named(system, scenario)
    return in_scenario(system, block.model_copy(update={"changes": ()}))


def slots(data: Node, at: str, where: str, *, whole: bool = False) -> Iterator[Slot]:
    """Give every number (or block of one) at a place, as its holder and key; blocks by layer are gone into, or `whole`.

    Raises
    ------
    InputError
        If nothing stands there.
    """
    holders: list[tuple[Node, str]] = [({"": data}, "")]
    parts = at.split(".")
    for depth, part in enumerate(parts):
        found = [
            (node, key)
            for above, name in holders
            for node in ([above[name]] if isinstance(above[name], dict) else [])
            for key in node
            if fnmatchcase(str(key), part)
        ]
        if not found:
            there = dict.fromkeys(
                str(k) for above, name in holders if isinstance(above[name], dict) for k in above[name]
            )
            place = ".".join(parts[:depth]) or "the system"
            raise InputError(f"{where}: no {part!r} in {place}. There are: {enumerate_labels(there) or 'no keys'}.")
        holders = found
    ends = holders if whole else [end for holder, key in holders for end in _numbers(holder, key)]
    if not ends:
        raise InputError(f"{where}: holds no number that a scenario could change.")
    yield from ends


def _numbers(holder: Node, key: str) -> Iterator[Slot]:
    """The number at a key, or those of every layer below it."""
    found = holder[key]
    if isinstance(found, dict) and not {"value", "values"} & set(found):
        for below in found:
            yield from _numbers(found, below)
    elif isinstance(found, dict) or (isinstance(found, int | float) and not isinstance(found, bool)):
        yield holder, key


def _changed(found: Any, change: ChangeBlock, years: tuple[int, ...], where: str) -> Any:
    """Return a number, or a block of one, changed."""
    block, old = block_of(found, years)
    new = {year: _moved(value, change, year) for year, value in old.items()}
    write_years(block, new, constant=change.years is None and block.get("values") is None)
    width = block.get("uncertainty")
    if width is not None:
        factors = {new[year] / value for year, value in old.items() if value and new[year] != value}
        most = 1.0 if {"share", "composition"} & set(change.at.split(".")) else inf
        block["uncertainty"] = _widened(dict(width), factors, most=most, series="values" in block, where=where)
        if block["uncertainty"] is None:
            del block["uncertainty"]
    return block


def _moved(value: float, change: ChangeBlock, year: int) -> float:
    if change.years is not None and year not in change.years:
        return value
    return float(change.to) if change.to is not None else value * float(change.by or 0.0)


def _widened(width: Node, factors: set[float], *, most: float, series: bool, where: str) -> Node | None:
    """Scale absolute widths along with the number, bounds up to `most`; None where nothing is left to be uncertain."""
    if not factors or width.get("relative") is not None:
        return width
    factor = factors.pop()
    if series or factors:
        raise InputError(
            f"{where}: the number has bounds or an absolute standard deviation, which cannot change in some years "
            "only. Change it in all years, or give its uncertainty as relative."
        )
    if factor == 0.0:
        return None
    for key in _WIDTHS:
        if width.get(key) is not None:
            width[key] = min(width[key] * factor, most)
    if isinstance(width.get("sd"), dict):
        width["sd"] = width["sd"] | {"value": width["sd"]["value"] * factor}
    elif width.get("sd") is not None:
        width["sd"] = width["sd"] * factor
    return width
