from __future__ import annotations

import csv

import pytest

from gvcpos._core.errors import LabelError
from gvcpos._core.resources import data_path
from gvcpos.tables.concordance import country_codes, to_iso3
from tests.shared import shared


def test_every_adb_code_becomes_the_published_iso3():
    with shared("meta/adb_mrio_countries.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    iso3, original = to_iso3([row["adb_code"] for row in rows], "adb")
    assert list(iso3) == [row["iso3"] for row in rows]
    assert original == {row["iso3"]: row["adb_code"] for row in rows if row["adb_code"] != row["iso3"]}


@pytest.mark.parametrize("publisher", ["adb", "wiod2013", "oecd", "lrwiod", "arrays"])
@pytest.mark.parametrize("spelling", ["RoW", "ROW", "WLD"])
def test_the_rest_of_the_world_has_one_name(publisher, spelling):
    assert to_iso3(["AUS", spelling], publisher)[0] == ("AUS", "ROW")


def test_codes_are_a_publishers_own():
    assert to_iso3(["ROM"], "wiod2013") == (("ROU",), {"ROU": "ROM"})
    assert to_iso3(["NA", "NAM"], "oecd")[0] == ("NA", "NAM")
    assert "SWI" not in country_codes("oecd")


def test_two_codes_of_one_country_are_named():
    with pytest.raises(LabelError, match="PRC, CHN mean the same country"):
        to_iso3(["PRC", "AUS", "CHN"], "adb")


def test_the_shipped_file_has_no_duplicates_and_proper_codes():
    with data_path("concordances/countries.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    keys = [(row["publisher"], row["code"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert all(len(row["iso3"]) == 3 and row["iso3"].isupper() for row in rows)
