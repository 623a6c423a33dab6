"""Areas of trade files: numeric codes to ISO3 labels, by stated rules, and the region each country is in."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from gvcpos._core.errors import LabelError
from gvcpos._core.options import RegionLevel, UnspecifiedAreas, choose
from gvcpos._core.resources import data_path

ROW = "ROW"
# What trade files write in place of a number for areas that are no country.
_LETTERS = {"W00": "0", "WLD": "0", "S19": "490", "R20": "697", "_X": "899", "XX": "839", "ZA1": "711", "EU2": "97"}


@dataclass(frozen=True)
class Area:
    """An area of trade files: its number, its label and what kind of area it is.

    Attributes
    ----------
    code : str
        Number without leading zeros; empty where trade files have none.
    iso3 : str
        Label; empty where the area is no country.
    name, region, subregion : str
        Regions are those of UN M49.
    kind : str
        ``"country"``, ``"former"``, ``"other_asia"``, ``"nes"`` or ``"total"``.
    """

    code: str
    iso3: str
    name: str
    region: str
    subregion: str
    kind: str


@dataclass(frozen=True)
class AreaRules:
    """What becomes of areas that are no country.

    Attributes
    ----------
    other_asia : str or None
        Label of "Other Asia, nes" (490), which is Taiwan in practice, as CEPII and the UN say; None treats it as any
        other unspecified area.
    unspecified : {"row", "drop"}
        Flows with unspecified areas (bunkers, free zones, "Areas, nes") belong to the rest of the world, which keeps
        totals, or are left out.
    """

    other_asia: str | None = "TWN"
    unspecified: UnspecifiedAreas = "row"

    def __post_init__(self) -> None:
        choose(self.unspecified, UnspecifiedAreas, "unspecified")
        if self.other_asia is not None and self.other_asia not in known_labels():
            raise LabelError(f"other_asia={self.other_asia!r} is no ISO3 label. Give one, as TWN, or None.")

    def label(self, area: Area) -> str:
        """Return the label of an area; empty where its flows are left out."""
        if area.kind == "other_asia" and self.other_asia is not None:
            return self.other_asia
        if area.kind in ("other_asia", "nes"):
            return ROW if self.unspecified == "row" else ""
        return area.iso3


@lru_cache(maxsize=1)
def areas() -> tuple[Area, ...]:
    """Return every area that ships, in the order of their codes."""
    with data_path("concordances/areas.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(Area(**row) for row in csv.DictReader(stream))


@lru_cache(maxsize=1)
def known_labels() -> frozenset[str]:
    """Return the labels that a country of trade flows may bear: ISO3, former states, ROW."""
    return frozenset(area.iso3 for area in areas() if area.iso3) | {ROW}


def region_of(level: RegionLevel = "region") -> dict[str, str]:
    """Return label to UN M49 region or subregion; the rest of the world is its own."""
    choose(level, RegionLevel, "level")
    # The first entry of a label is the country, what follows its former parts.
    found: dict[str, str] = {}
    for area in areas():
        if area.iso3:
            found.setdefault(area.iso3, getattr(area, level))
    return found | {ROW: ROW}


def resolve(codes: Iterable[str], publisher: Mapping[str, str] | None = None) -> tuple[dict[str, Area], list[str]]:
    """Find the area of every code.

    Parameters
    ----------
    codes : iterable of str
        Numbers, with or without leading zeros, or ISO3 labels.
    publisher : mapping, optional
        Number to ISO3 of the publisher's own list, for numbers that do not ship.

    Returns
    -------
    found : dict
        Code as given to its area.
    unknown : list of str
        Codes that are in neither list.
    """
    numbers, labels = _by_number(), {area.iso3: area for area in areas() if area.kind in ("country", "former")}
    found: dict[str, Area] = {}
    unknown: list[str] = []
    for code in dict.fromkeys(codes):
        key = _LETTERS.get(code.strip(), code.strip()).lstrip("0") or "0"
        iso3 = (publisher or {}).get(key, "")
        area = numbers.get(key) or labels.get(key) or labels.get(iso3)
        if area is None or not code.strip():
            unknown.append(code)
        else:
            found[code] = area
    return found, unknown


@lru_cache(maxsize=1)
def _by_number() -> dict[str, Area]:
    return {area.code: area for area in areas() if area.code}
