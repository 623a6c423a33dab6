"""The guide to trade says what is true: it names what is public, its figures are the tests'."""

from __future__ import annotations

import re

from gvcpos import trade
from gvcpos.trade import claims
from tests.shared import ROOT

PAGE = ROOT / "docs" / "trade.md"


def test_the_guide_names_what_is_public() -> None:
    text = PAGE.read_text(encoding="utf-8")
    public = {*trade.__all__, "check_claims"} - {"AreaRules", "SupplyStop"}
    assert not {name for name in public if not re.search(rf"\b{name}\b", text)}


def test_the_guide_counts_the_claims_that_ship() -> None:
    number = claims.check_claims()["outcome"].value_counts()
    said = re.search(r"(\d+) agree, (\d+) agree to one digit, (\d+) are slips, (\d+) are implied, (\d+) stand\s+alone",
                     PAGE.read_text(encoding="utf-8"))  # fmt: skip
    assert said is not None
    outcomes = ("agrees", "rounding", "slip of a power of ten", "implied", "not recomputable")
    assert [int(text) for text in said.groups()] == [number[outcome] for outcome in outcomes]
    assert number.sum() == sum(map(int, said.groups()))
