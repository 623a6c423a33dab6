"""The chain that a study names: shipped ones by name, the sector list found, files by path."""

from __future__ import annotations

from pathlib import Path

import pytest

from gvcpos._core.errors import SpecificationError
from gvcpos.chains import Chain, shipped_chains
from gvcpos.study.chain_map import chain_of
from gvcpos.study.places import Places
from gvcpos.study.spec import ChainBlock

ADB = [f"c{k}" for k in range(1, 36)]
OECD = ["A01_02", "B07_08", "C20", "C24", "C26", "C27", "C28", "C29", "C30"]


def named(text: str, sectors: list[str], folder: Path = Path(), **other: str) -> tuple[Chain, set[str]]:
    places = Places(folder, None)
    return chain_of(ChainBlock(map=text, **other), places, None, lambda: sectors), set(places.used)


@pytest.mark.parametrize("name", sorted(shipped_chains()))
def test_a_shipped_chain_by_its_name(name: str) -> None:
    for sectors, listed in ((ADB, "adb35"), (OECD, "oecd45")):
        found, used = named(name, sectors)
        assert found.to_yaml() == Chain.shipped(name, listed).to_yaml()
        assert used == {f"gvcpos:chains/{name}_{listed}.yaml"}


def test_a_sector_list_stands_for_rare_earths_and_a_list_may_be_named() -> None:
    assert named("oecd50", [])[0].to_yaml() == Chain.rare_earths("oecd50").to_yaml()
    assert named("cobalt_oecd50", [])[0].to_yaml() == Chain.shipped("cobalt", "oecd50").to_yaml()
    upstream = named("rare_earths", ADB, boundary="smelting_upstream")[0]
    assert upstream.to_yaml() == Chain.rare_earths("adb35", boundary="smelting_upstream").to_yaml()


def test_a_file_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(Chain.from_mapping({"a": ["c1"], "b": ["c2"]}).to_yaml(), encoding="utf-8")
    assert named("mine.yaml", ADB, tmp_path)[0].stage_names == ("a", "b")


@pytest.mark.parametrize("text", ["lithum", "world", "nowhere.yaml", "${data}/mine.yaml"])
def test_what_is_allowed_is_listed(text: str) -> None:
    with pytest.raises(SpecificationError, match=r"cobalt, lithium, rare_earths, semiconductors .*adb35, .*YAML file"):
        named(text, ADB)


def test_a_boundary_that_a_chain_has_not_says_what_to_do() -> None:
    with pytest.raises(SpecificationError, match=r"'lithium': .* the chain has no boundaries\. Ask for none \(null"):
        named("lithium", ADB, boundary="smelting_upstream")


def test_other_sectors_than_those_it_ships_for() -> None:
    with pytest.raises(SpecificationError, match=r"'lithium': .* adb35, oecd45, oecd50, .*They have: farms, mines"):
        named("lithium", ["farms", "mines"])
