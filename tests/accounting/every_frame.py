"""Every published frame, in one list, for the tests that go through all of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.measures import describe_measures
from tests.accounting.test_measures import FRAMES, LABELS, called

_MONEY = {"money", "satellite"}
# One setting for those that only choose among columns, or whose n² rows say nothing that fewer do not.
_ALWAYS = {"detail": True, "totals": True, "split_foreign": True}


def settings_of(name: str, *, brief: bool = False) -> list[dict[str, object]]:
    """Return the settings a frame is asked with; `brief` leaves out levels between country and the finest."""
    out = []
    for given in FRAMES[name]:
        if any(given.get(option, value) != value for option, value in _ALWAYS.items()):
            continue
        if given.get("by") == given.get("origin") == "sector" and name == "breakdown":
            continue
        if brief and name == "origin" and (given["origin"], given["destination"]) == ("country_sector",) * 2:
            continue
        if brief and given.get("by") == "pair":
            continue
        if brief and name == "breakdown" and (given.get("by") != "sector" or given.get("origin") == "sector"):
            continue
        out.append(given)
    return out


def frames_of(a: ValueAddedAccounts, name: str, *, brief: bool = False) -> Iterator[tuple[str, pd.DataFrame]]:
    """Yield a frame in every setting that has a meaning, with what it was asked."""
    for given in settings_of(name, brief=brief):
        with contextlib.suppress(InputError):
            yield f"{name}({given})", called(a, name, given)


def labels_of(frame: pd.DataFrame) -> list[str]:
    """Return the label columns of a frame, year too."""
    return [column for column in frame if column in LABELS]


def is_money(name: str, frame: pd.DataFrame) -> dict[str, bool]:
    """Say of every column of numbers whether it is an amount that the currency scales (not: jobs, shares, stages)."""
    known = describe_measures("indices" if name == "country_indices" else name)
    return {c: c in known and known[c].unit == "money" for c in frame if c not in LABELS}


def numbers(frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return columns as an array of floats."""
    return frame[columns].to_numpy(float)


def is_amount(name: str, frame: pd.DataFrame) -> dict[str, bool]:
    """Say of every column of numbers whether it is a sum, of money or of a satellite, and so is never missing."""
    known = describe_measures("indices" if name == "country_indices" else name)
    return {c: c not in known or known[c].unit in _MONEY for c in frame if c not in LABELS}


NAMES = list(FRAMES)
