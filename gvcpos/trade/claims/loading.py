"""Claims from YAML files, checked key by key; a fault is told with its line and what is allowed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path
from gvcpos._core.yaml_lines import LineOf, load_yaml_with_lines, parse_yaml_with_lines
from gvcpos.trade.claims.formulas import dimension_of, stated_inputs
from gvcpos.trade.claims.model import OPERATIONS, Claim, Formula, Growth, Part, Scale, TradeFigure
from gvcpos.trade.claims.units import dimension
from gvcpos.trade.hs import is_code, plain_code

_FILE_KEYS = ("title", "source", "claims")
_WORDS = {
    "missing": "is missing",
    "string_type": "must be text; put it in quotes",
    "string_too_short": "must not be empty",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "int_type": "must be a whole number",
    "bool_type": "must be true or false",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "tuple_type": "must be a list",
    "literal_error": "must be {expected}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "model_type": "must be a block of keys",
    "value_error": "{error}",
}


@dataclass(frozen=True)
class ClaimSet:
    """Claims by id, in the order of their files.

    Attributes
    ----------
    claims : mapping
        Id to `Claim`.
    places : mapping
        Id to file and line.
    """

    claims: Mapping[str, Claim]
    places: Mapping[str, str]

    def __iter__(self) -> Iterator[Claim]:
        return iter(self.claims.values())

    def __len__(self) -> int:
        return len(self.claims)

    def __getitem__(self, name: str) -> Claim:
        if name not in self.claims:
            raise LabelError(f"no claim is called {name!r}. There are: {enumerate_labels(self.claims, 12)}.")
        return self.claims[name]

    def to_frame(self) -> pd.DataFrame:
        """Return the claims as a frame: id, text, value, unit, when, status, source, formula (yes or no), place."""
        rows = [
            {
                "id": c.id,
                "text": c.text,
                "value": float("nan") if c.value is None else c.value,
                "unit": c.unit,
                "when": c.when,
                "status": c.status,
                "source": c.source,
                "recomputed_from": ", ".join(c.formula.leaves()) if c.formula else "",
                "place": self.places[c.id],
            }
            for c in self
        ]
        return pd.DataFrame(rows)


def load_claims(*paths: str | Path) -> ClaimSet:
    """Read claims.

    Parameters
    ----------
    *paths : path
        YAML files; those that ship (``data/claims``) by default. Formulas may use claims of all of them.

    Raises
    ------
    InputError
        If a file is absent.
    SpecificationError
        For a wrong key or value, a formula that uses a claim that is not there, itself, or unlike units; every fault of
        a file with its line.
    """
    return _read([Path(path) for path in paths]) if paths else _shipped()


@lru_cache(maxsize=1)
def _shipped() -> ClaimSet:
    return _read(sorted(data_path("claims").glob("*.yaml")))


def _read(files: Sequence[Path]) -> ClaimSet:
    return _joined([(str(file), *load_yaml_with_lines(file)) for file in files])


def parse_claims(text: str, name: str = "claims") -> ClaimSet:
    """Read claims from YAML `text`; `name` stands for the file in messages."""
    return _joined([(name, *parse_yaml_with_lines(text, name))])


def _joined(files: list[tuple[str, Any, LineOf]]) -> ClaimSet:
    claims: dict[str, Claim] = {}
    places: dict[str, str] = {}
    for name, data, line_of in files:
        for claim in _claims_of(name, data, line_of):
            place = f"{name}, line {line_of(('claims', claim.id))}"
            if claim.id in claims:
                raise SpecificationError(f"{place}: claim {claim.id!r} is also in {places[claim.id]}. Rename one.")
            claims[claim.id], places[claim.id] = claim, place
    faults = [fault for claim in claims.values() for fault in _cross_faults(claim, claims, places[claim.id])]
    if faults:
        raise SpecificationError("\n".join(faults))
    return ClaimSet(MappingProxyType(claims), MappingProxyType(places))


def _claims_of(name: str, data: Any, line_of: LineOf) -> list[Claim]:
    """Check one file."""
    if not isinstance(data, dict) or not isinstance(data.get("claims"), dict):
        raise SpecificationError(
            f"{name}: a claims file has the keys {', '.join(_FILE_KEYS)}; claims has a key for each."
        )
    for key in data:
        if key not in _FILE_KEYS:
            raise SpecificationError(
                f"{name}, line {line_of((key,))}: unknown key {key!r}. Allowed: {', '.join(_FILE_KEYS)}."
            )
    found, faults = [], []
    for key, block in data["claims"].items():
        given = {"source": data.get("source")} | block if isinstance(block, dict) else block
        try:
            found.append(Claim.model_validate(given | {"id": key} if isinstance(given, dict) else given))
        except ValidationError as error:
            faults += [_fault(item, name, ("claims", key), line_of) for item in error.errors() if not _hollow(item)]
    if faults:
        raise SpecificationError("\n".join(dict.fromkeys(faults)))
    return found


def _hollow(item: ErrorDetails) -> bool:
    """Say whether a list is called short only because its entries are wrong, which is told already."""
    return item["type"] == "too_short" and len(item["input"]) >= item.get("ctx", {}).get("min_length", 1)


def _fault(item: ErrorDetails, name: str, start: tuple[Any, ...], line_of: LineOf) -> str:
    """Write one fault of pydantic's as a sentence."""
    path = tuple(part for part in item["loc"] if not str(part).startswith("<"))
    where = f"{name}, line {line_of((*start, *path))}"
    dotted = ".".join(str(part) for part in (start[1], *path))
    if item["type"] == "extra_forbidden":
        block = _block_at(path[:-1])
        allowed = OPERATIONS if block is Formula else [key for key in block.model_fields if key != "id"]
        what = "operation" if block is Formula else "key"
        return f"{where}: unknown {what} {path[-1]!r} in {dotted}. Allowed: {', '.join(allowed)}."
    words = _WORDS.get(item["type"], item["msg"][0].lower() + item["msg"][1:]).format(**item.get("ctx", {}))
    value = item["input"]
    shown = "" if isinstance(value, dict | list) or item["type"] == "missing" else f" = {value!r}"
    return f"{where}: {dotted}{shown}: {words}."


def _block_at(path: tuple[Any, ...]) -> type[Part]:
    """Return the block that a path of keys leads to."""
    block: type[Part] = Claim
    inner: dict[str, type[Part]] = {"formula": Formula, "growth": Growth, "scale": Scale, "trade": TradeFigure}
    for key in path:
        if str(key) in inner:
            block = inner[str(key)]
        elif block is not TradeFigure and (isinstance(key, int) or key in ("first", "last", "of")):
            block = Formula
    return block


def _cross_faults(claim: Claim, claims: Mapping[str, Claim], place: str) -> Iterator[str]:
    """Give what is wrong between a claim and the others."""
    if claim.part_of is not None:
        whole = claims.get(claim.part_of)
        if whole is None or whole is claim:
            yield f"{place}: {claim.id}.part_of = {claim.part_of!r}: no other claim is called so."
        elif dimension(whole.unit) != dimension(claim.unit):
            yield f"{place}: {claim.id} in {claim.unit} is no part of {whole.id} in {whole.unit}."
    if claim.trade is not None and not all(is_code(plain_code(code)) for code in claim.trade.hs):
        yield f'{place}: {claim.id}.trade.hs = {list(claim.trade.hs)}: HS codes have 2, 4 or 6 digits, as "2846.10".'
    if claim.formula is None:
        return
    try:
        if claim.id in stated_inputs(claim.formula, claims):
            yield f"{place}: {claim.id} is recomputed from itself. A figure that goes in proves nothing coming out."
            return
        found, wanted = dimension_of(claim.formula, claims), dimension(claim.unit)
    except InputError as error:
        yield f"{place}: {claim.id}.formula: {error}."
        return
    if found != wanted:
        yield f"{place}: {claim.id}.formula gives {found}, but the claim is {wanted} ({claim.unit})."
