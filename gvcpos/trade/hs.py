"""Codes of the Harmonized System: one spelling, what lies under a heading, stages of a chain as sets of codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels

_CODE = re.compile(r"\d{2}(\d{2}){0,4}")
# UN Comtrade's classification codes and the year of the HS revision they stand for.
REVISIONS = {"H0": "HS92", "H1": "HS96", "H2": "HS02", "H3": "HS07", "H4": "HS12", "H5": "HS17", "H6": "HS22"}


class HasStages(Protocol):
    """Anything with stages that have a name and HS codes, as a `Chain`."""

    @property
    def stages(self) -> Sequence[Any]:
        """Stages in order, each with ``name`` and ``hs``."""


Stages = Mapping[str, Iterable[str]] | HasStages


def plain_code(code: object) -> str:
    """Return a code without dots and blanks: ``"2846.10"`` is ``"284610"``."""
    return re.sub(r"[.\s]", "", str(code))


def is_code(code: str) -> bool:
    """Say whether this is a plain code: 2, 4, 6, 8 or 10 digits."""
    return _CODE.fullmatch(code) is not None


def wanted_codes(codes: str | Iterable[str], what: str = "hs") -> tuple[str, ...]:
    """Return chosen codes in plain spelling.

    Raises
    ------
    InputError
        If one is not of 2, 4, 6, 8 or 10 digits, or is given as a number (YAML reads 2530.90 as 2530.9).
    """
    given = [codes] if isinstance(codes, str) else list(codes)
    plain = tuple(dict.fromkeys(plain_code(code) for code in given))
    wrong = [str(c) for c in given if not isinstance(c, str) or not is_code(plain_code(c))]
    if wrong or not plain:
        raise InputError(
            f"{what}: {enumerate_labels(wrong) or 'nothing'} is no HS code. Give text of 2, 4, 6, 8 or 10 digits, as "
            '"2846.10".'
        )
    return plain


def under(code: str, headings: Sequence[str]) -> bool:
    """Say whether a code is one of the headings or lies under one: 284610 under 2846."""
    return code.startswith(tuple(headings))


def nested(codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return pairs of a code and another that lies under it: their sum would count trade twice."""
    known = set(codes)
    return sorted((code[:n], code) for code in known for n in range(2, len(code), 2) if code[:n] in known)


def stage_of(codes: Iterable[str], stages: Stages) -> tuple[dict[str, str], tuple[str, ...], list[str]]:
    """Find the stage of every code.

    Returns
    -------
    of : dict
        Code to stage, for codes that lie under a code of a stage.
    names : tuple of str
        Stages in order.
    absent : list of str
        Codes of stages under which no code lies.

    Raises
    ------
    LabelError
        If a code is in two stages, or stages have no codes at all.
    """
    wanted = _stage_codes(stages)
    known = list(dict.fromkeys(codes))
    of: dict[str, str] = {}
    for stage, headings in wanted.items():
        for code in known:
            if under(code, headings):
                if code in of:
                    raise LabelError(f"HS {code} is in stage {of[code]!r} and in {stage!r}. Each code is in one stage.")
                of[code] = stage
    absent = [h for headings in wanted.values() for h in headings if not any(under(c, [h]) for c in known)]
    return of, tuple(wanted), absent


def _stage_codes(stages: Stages) -> dict[str, tuple[str, ...]]:
    """Return stage to plain codes, in order; stages without codes are left out."""
    pairs = stages.items() if isinstance(stages, Mapping) else [(s.name, s.hs) for s in stages.stages]
    found = {
        str(name): wanted_codes(codes, f"stage {name}") for name, codes in ((n, tuple(c)) for n, c in pairs) if codes
    }
    if not found:
        raise LabelError('the stages have no HS codes. Give each stage its codes, as hs: ["2846.10"].')
    return found
