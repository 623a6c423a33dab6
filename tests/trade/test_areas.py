"""The areas that ship, against other lists of numbers, and the rules for what is no country."""

from __future__ import annotations

import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.tables import capitals
from gvcpos.trade import AreaRules
from gvcpos.trade.areas import areas, known_labels, region_of, resolve
from tests.shared import shared


def test_codes_are_unique_and_countries_complete() -> None:
    every = areas()
    codes = [area.code for area in every if area.code]
    assert len(set(codes)) == len(codes)
    assert {area.kind for area in every} == {"country", "former", "other_asia", "nes", "total"}
    assert all(bool(area.iso3) == (area.kind in ("country", "former")) for area in every)
    assert all(len(area.iso3) == 3 and area.region and area.subregion for area in every if area.iso3)
    assert len({area.iso3 for area in every if area.kind == "country"}) >= 249
    assert set(capitals()["iso3"]) <= known_labels()


def test_numbers_agree_with_cepii_and_natural_earth() -> None:
    """But for Taiwan (490 in both CEPII's list and trade files) and Belgium (58 there is Belgium-Luxembourg)."""
    cepii = pd.read_csv(shared("covariates/cepii_geo_72.csv"), keep_default_na=False, dtype={"cnum": float})
    found, unknown = resolve([str(int(n)) for n in cepii["cnum"]])
    assert not unknown
    rules = AreaRules()
    differ = {
        iso3: rules.label(found[str(int(n))])
        for iso3, n in zip(cepii["iso3"], cepii["cnum"], strict=True)
        if rules.label(found[str(int(n))]) != iso3
    }
    assert differ == {"BEL": "BLX"}


@pytest.mark.parametrize(
    ("code", "label"),
    [
        ("156", "CHN"), ("004", "AFG"), ("251", "FRA"), ("250", "FRA"), ("381", "ITA"), ("579", "NOR"), ("699", "IND"),
        ("757", "CHE"), ("842", "USA"), ("490", "TWN"), ("S19", "TWN"), ("158", "TWN"), ("899", "ROW"), ("_X", "ROW"),
        ("837", "ROW"), ("492", "ROW"), ("0", ""), ("W00", ""), ("97", ""), ("280", "DEU"), ("891", "SCG"),
        ("CHN", "CHN"),
    ],
)  # fmt: skip
def test_codes_and_their_labels(code: str, label: str) -> None:
    found, unknown = resolve([code])
    assert not unknown
    assert AreaRules().label(found[code]) == label


def test_rules() -> None:
    found, unknown = resolve(["490", "899", "", "ZZZ", "12345"])
    assert unknown == ["", "ZZZ", "12345"]
    assert AreaRules(other_asia=None).label(found["490"]) == "ROW"
    assert AreaRules(None, "drop").label(found["490"]) == AreaRules(unspecified="drop").label(found["899"]) == ""
    assert AreaRules(other_asia="CHN").label(found["490"]) == "CHN"
    with pytest.raises(LabelError, match="other_asia='XYZ'"):
        AreaRules(other_asia="XYZ")
    with pytest.raises(InputError, match="unspecified='keep'"):
        AreaRules(unspecified="keep")  # type: ignore[arg-type]


def test_regions() -> None:
    region, sub = region_of(), region_of("subregion")
    assert (region["FRA"], region["MMR"], region["USA"], region["ROW"]) == ("Europe", "Asia", "Americas", "ROW")
    assert (sub["CHN"], sub["TWN"], sub["VNM"]) == ("Eastern Asia", "Eastern Asia", "South-eastern Asia")
    assert set(region) == set(known_labels())
    with pytest.raises(InputError, match="level='continent'"):
        region_of("continent")  # type: ignore[arg-type]
