"""What every column of the accounts means: its name, its equation, its source, the identity it obeys, its namesakes.

The registry is data, ``data/measures/*.yaml``: a file for each family of columns, one for what is mixed up again and
again, one for the symbols. A column's full name is ``family.NAME``, as FVA of one decomposition is not that of another.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path
from gvcpos._core.yaml_lines import load_yaml_with_lines

# In reading order, which is that of the columns of `ValueAddedAccounts.indices` for the families that are in it.
FAMILIES = (
    "table", "position", "wwyz", "lengths", "kpww", "vax", "exports",
    "kww", "wwz", "tripartite", "imports", "extraction", "tiva", "tiva_shares", "tiva_standard",
    "origin", "rca", "production_flows", "chains", "residuals",
)  # fmt: skip
UNITS = ("money", "share", "percent", "ratio", "stages", "log points", "satellite", "satellite per money")
_NEEDED = {"label", "equation"}
_KNOWN = _NEEDED | {"source", "unit", "identity", "variants", "note", "frames", "aliases"}


@dataclass(frozen=True)
class Measure:
    """One column.

    Attributes
    ----------
    name, label, equation, source : str
        Its published name, what it says, how it is computed, who defined it.
    unit : str
        One of `UNITS`.
    family : str
        Decomposition or group of indices that it belongs to.
    identity : tuple of str
        What holds for it on every balanced table; equations of names alone hold for countries.
    variants : tuple of (str, str)
        Equations under other settings, as in ``("sink", "o # (e_sr − a_sr)")``.
    note : str
    frames : tuple of str
        Methods of `ValueAddedAccounts` that print it.
    aliases : tuple of str
        What other programs call it.
    """

    name: str
    label: str
    equation: str
    source: str
    unit: str
    family: str = ""
    identity: tuple[str, ...] = ()
    variants: tuple[tuple[str, str], ...] = ()
    note: str = ""
    frames: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Its full name, ``family.NAME``."""
        return f"{self.family}.{self.name}"


@dataclass(frozen=True)
class Family:
    """The columns of one decomposition or group of indices."""

    name: str
    title: str
    about: str
    source: str
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Confusion:
    """Something that is mixed up again and again, and the full names of the measures it is about."""

    name: str
    title: str
    text: str
    measures: tuple[str, ...]


@dataclass(frozen=True)
class Registry:
    """All families, confusions and symbols."""

    families: tuple[Family, ...]
    confusions: tuple[Confusion, ...]
    symbols: tuple[tuple[str, str], ...]

    @cached_property
    def measures(self) -> dict[str, Measure]:
        """Every measure by its full name."""
        return {measure.key: measure for family in self.families for measure in family.measures}


def describe_measures(frame: str = "indices") -> dict[str, Measure]:
    """Return every column that a frame can print, by name.

    Parameters
    ----------
    frame : str
        A method of `ValueAddedAccounts`, whatever its options; ``"indices"`` is also what ``country_indices`` prints,
        in the order of the columns.

    Raises
    ------
    InputError
        If there is no such frame.
    """
    found = {measure.name: measure for measure in registry().measures.values() if frame in measure.frames}
    if not found:
        known = dict.fromkeys(name for measure in registry().measures.values() for name in measure.frames)
        raise InputError(f"frame={frame!r} is not known. There are: {', '.join(sorted(known))}.")
    return found


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Read what ships."""
    return read_registry(data_path("measures"))


def read_registry(folder: Path) -> Registry:
    """Read and check the measures of a folder.

    Raises
    ------
    SpecificationError
        If an entry lacks its label, equation, source or unit, has a key that means nothing, or a confusion is about a
        measure that does not exist; the message has file and name.
    """
    families = tuple(_family(folder / f"{name}.yaml") for name in FAMILIES)
    keys = [measure.key for family in families for measure in family.measures]
    confusions = tuple(_confusion(name, entry, keys) for name, entry in _mapping(folder / "confusions.yaml").items())
    symbols = tuple((str(symbol), _line(text)) for symbol, text in _mapping(folder / "notation.yaml").items())
    return Registry(families, confusions, symbols)


def _mapping(path: Path) -> Mapping[str, Any]:
    data, _ = load_yaml_with_lines(path)
    if not isinstance(data, dict):
        raise SpecificationError(f"{path.name}: must be a mapping of names.")
    return data


def _family(path: Path) -> Family:
    data = _mapping(path)
    title, about, source = _texts(data, path.name, "title", "about", "source")
    entries = data.get("measures")
    if not isinstance(entries, dict):
        raise SpecificationError(f"{path.name}: has no measures.")
    given = {name: data[name] for name in ("source", "unit", "frames") if name in data}
    measures = tuple(_measure(path.stem, str(name), given, entry) for name, entry in entries.items())
    return Family(path.stem, title, about, source, measures)


def _measure(family: str, name: str, given: Mapping[str, Any], entry: Any) -> Measure:
    where = f"{family}.yaml: {name}"
    if not isinstance(entry, dict) or not _NEEDED <= set(entry) <= _KNOWN:
        raise SpecificationError(
            f"{where}: needs {enumerate_labels(sorted(_NEEDED))}; may have {enumerate_labels(sorted(_KNOWN), 20)}."
        )
    full = {**given, **entry}
    label, equation, source, unit = _texts(full, where, "label", "equation", "source", "unit")
    if unit not in UNITS:
        raise SpecificationError(f"{where}: unit {unit!r} is not one of {', '.join(UNITS)}.")
    lists = {part: _lines(full, where, part) for part in ("identity", "frames", "aliases")}
    if not lists["frames"]:
        raise SpecificationError(f"{where}: no frame prints it. List its frames.")
    variants = tuple((str(setting), _line(text)) for setting, text in full.get("variants", {}).items())
    note = _line(full.get("note", ""))
    return Measure(name, label, equation, source, unit, family, variants=variants, note=note, **lists)


def _texts(entry: Mapping[str, Any], where: str, *names: str) -> tuple[str, ...]:
    lacking = [name for name in names if not isinstance(entry.get(name), str) or not entry[name].strip()]
    if lacking:
        raise SpecificationError(f"{where}: has no text for {enumerate_labels(lacking)}.")
    return tuple(_line(entry[name]) for name in names)


def _lines(entry: Mapping[str, Any], where: str, name: str) -> tuple[str, ...]:
    items = entry.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        raise SpecificationError(f"{where}: {name} must be a list of texts. Quote what is not plain.")
    return tuple(_line(item) for item in items)


def _line(text: object) -> str:
    """Join a text that is broken into lines."""
    return " ".join(str(text).split())


def _confusion(name: str, entry: Mapping[str, Any], keys: Sequence[str]) -> Confusion:
    """Read one confusion; in the measures it is about ``family.*`` is written out."""
    where = f"confusions.yaml: {name}"
    title, text = _texts(entry, where, "title", "text")
    about: list[str] = []
    for wanted in _lines(entry, where, "measures"):
        found = [key for key in keys if key == wanted or (wanted.endswith(".*") and key.startswith(wanted[:-1]))]
        if not found:
            raise SpecificationError(f"{where} is about {wanted}, which no family has.")
        about += found
    return Confusion(name, title, text, tuple(dict.fromkeys(about)))
