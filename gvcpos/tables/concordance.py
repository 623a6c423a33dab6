"""Publishers' country codes to ISO 3166-1 alpha-3, from a table that ships with gvcpos.

A code that the table does not list for a publisher is taken to be ISO3 already. The rest of the world is
``"ROW"`` however a publisher spells it.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import lru_cache

from gvcpos._core.errors import LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.resources import data_path


@lru_cache(maxsize=16)
def country_codes(publisher: str) -> dict[str, str]:
    """Return the codes of a publisher that are not ISO3, each with its ISO3 code.

    Parameters
    ----------
    publisher : str
        As in ``data/concordances/countries.csv``: ``"adb"``, ``"wiod2013"``, ``"oecd"`` …
    """
    with data_path("concordances/countries.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return {row["code"]: row["iso3"] for row in rows if row["publisher"] in ("*", publisher)}


def to_iso3(codes: Sequence[str], publisher: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """Translate a publisher's country codes.

    Returns
    -------
    iso3 : tuple of str
        In the order of `codes`.
    original : dict
        ISO3 code to the publisher's own, where they differ.

    Raises
    ------
    LabelError
        If two codes mean the same country.
    """
    known = country_codes(publisher)
    iso3 = tuple(known.get(code, code) for code in codes)
    twice = [code for code, label in zip(codes, iso3, strict=True) if iso3.count(label) > 1]
    if twice:
        raise LabelError(
            f"the codes {enumerate_labels(twice)} mean the same country. Merge or drop all but one of them."
        )
    return iso3, {new: old for old, new in zip(codes, iso3, strict=True) if old != new}
