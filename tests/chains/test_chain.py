"""Chains: the shipped files, the layout's errors with their lines, and the meeting with a table's sectors."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import pandas as pd
import pytest
import yaml

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.yaml_lines import load_yaml_with_lines, parse_yaml_with_lines
from gvcpos.chains import Chain, Stage, shipped_chains
from tests.shared import shared


@dataclass(frozen=True)
class Sectors:
    sectors: tuple[str, ...]


MAPS = {
    "adb35": ("c2", "c9 c12", "c13 c14 c15"),
    "oecd45": ("B07_08", "C20 C24", "C26 C27 C28 C29 C30"),
    "oecd50": ("B07 B08", "C20 C24B", "C26 C27 C28 C29 C301 C302T309"),
}


@pytest.mark.parametrize("classification", MAPS)
def test_shipped_chain_and_its_default_boundary(classification):
    chain = Chain.rare_earths(classification)
    assert chain.boundary == "smelting_midstream"
    assert chain.stage_names == ("upstream", "midstream", "downstream")
    assert tuple(" ".join(s.sectors) for s in chain.stages) == MAPS[classification]
    assert chain.stage("midstream").hs[:2] == ("2846.10", "2846.90")
    assert chain == Chain.rare_earths(classification, boundary="smelting_midstream")


@pytest.mark.parametrize("classification", MAPS)
def test_smelting_moves_upstream_and_nothing_is_lost(classification):
    mid = Chain.rare_earths(classification)
    up = Chain.rare_earths(classification, boundary="smelting_upstream")
    assert up.boundary == "smelting_upstream"
    assert set(up.sectors) == set(mid.sectors)
    metals = MAPS[classification][1].split()[1]
    assert up.stage_of()[metals] == "upstream"
    assert mid.stage_of()[metals] == "midstream"
    assert {h for s in up.stages for h in s.hs} == {h for s in mid.stages for h in s.hs}
    assert "2846.90" in up.stage("upstream").hs


@pytest.mark.parametrize(
    ("classification", "file", "column"),
    [
        ("adb35", "meta/adb_mrio_sectors35.csv", None),
        ("oecd45", "meta/oecd_icio2023_industries45.csv", "label_in_csv"),
        ("oecd50", "meta/oecd_icio2025_industries50.csv", "code"),
    ],
)
def test_shipped_labels_are_the_publishers(classification, file, column):
    frame = pd.read_csv(shared(file), keep_default_na=False, dtype=str)
    labels = frame[column] if column else pd.Series([f"c{i + 1}" for i in range(len(frame))])
    assert len(labels) == int(classification[-2:])
    for boundary in ("smelting_midstream", "smelting_upstream"):
        Chain.rare_earths(classification, boundary=boundary).check(Sectors(tuple(labels)))


def test_unknown_choices_are_named():
    with pytest.raises(InputError, match=r"'wiod'.*'adb35', 'oecd45', 'oecd50'"):
        Chain.rare_earths("wiod")
    with pytest.raises(InputError, match=r"'smelting'.*'smelting_midstream'"):
        Chain.rare_earths("adb35", boundary="smelting")


@pytest.mark.parametrize("classification", MAPS)
def test_yaml_round_trip(classification, tmp_path):
    chain = Chain.rare_earths(classification, boundary="smelting_upstream")
    path = tmp_path / "chain.yaml"
    path.write_text(chain.to_yaml(), encoding="utf-8")
    assert Chain.from_yaml(path) == chain


GOOD = """\
name: toy
boundary: a
stages:
  - name: up
    sectors: [s1]
    hs: ["2846.10"]
  - name: down
    sectors:
      - s2
      - s3
boundaries:
  a: {}
  b:
    up: {sectors: [s1, s2]}
    down: {sectors: [s3]}
"""


def write(tmp_path, text):
    path = tmp_path / "toy.yaml"
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


def test_boundary_of_a_file_is_a_choice(tmp_path):
    path = write(tmp_path, GOOD)
    assert Chain.from_yaml(path).stage("up").sectors == ("s1",)
    assert Chain.from_yaml(path, boundary="b").stage("up").sectors == ("s1", "s2")
    with pytest.raises(SpecificationError, match=r"line 2: boundary 'c' .*'a', 'b'"):
        Chain.from_yaml(path, boundary="c")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: toy", "nom: toy", r"toy.yaml, line 1: 'nom' is not known in the chain. Allowed: name, class"),
        ("name: toy\n", "classification: x\n", r"line 1: the chain lacks name"),
        ("    hs:", "    codes:", r"line 6: 'codes' is not known in stages.0. Allowed: name, desc"),
        ('["2846.10"]', "[2846.10]", r"line 6: 2846.1 in hs is not text. Put the label in quotes"),
        ('["2846.10"]', '["284610"]', r"line 6: '284610' is not an HS code. Allowed: 4, 6 or 8 digits"),
        ("      - s3\n", "      - no\n", r"line 10: False in sectors is not text"),
        ("sectors: [s1]\n", "sectors: s1\n", r"line 5: sectors must be a list"),
        ("up: {sectors: [s1, s2]}", "upp: {sectors: [s1]}", r"line 14: 'upp' is not known .*Allowed: up, down"),
        ("boundary: a", "boundary: z", r"line 2: boundary 'z' is not among the boundaries. Allowed: 'a', 'b'"),
        ("      - s3\n", "      - s1\n", r"toy.yaml: .*sector 's1' is in stage 'up' and in 'down'"),
        ("      - s3\n", "      - s2\n", r"sector 's2' is in stage 'down' and in 'down'"),
        ("- name: down", "- name: up", r"line 7: stage 'up' occurs twice"),
        ("name: toy\n", "name: toy\nname: again\n", r"line 2: key 'name' a second time .first on line 1"),
        ("stages:", "stages: [", r"toy.yaml, line 4: not valid YAML"),
        ("name: toy\n", "name: 7\n", r"line 1: name must be text, not 7"),
    ],
)
def test_a_wrong_file_gets_its_line(tmp_path, old, new, message):
    assert GOOD.count(old) == 1
    with pytest.raises(SpecificationError, match=message):
        Chain.from_yaml(write(tmp_path, GOOD.replace(old, new)))


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text\n", "name: x\nstages: []\n"])
def test_not_a_chain_at_all(tmp_path, text):
    with pytest.raises(SpecificationError, match=r"line 1|line 2"):
        Chain.from_yaml(write(tmp_path, text))


def test_files_that_are_not_there_or_not_text(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        Chain.from_yaml(tmp_path / "absent.yaml")
    path = tmp_path / "latin.yaml"
    path.write_bytes("name: caf\xe9".encode("latin-1"))
    with pytest.raises(InputError, match="UTF-8"):
        Chain.from_yaml(path)


def test_no_python_objects_from_yaml():
    with pytest.raises(SpecificationError, match="line 1: not valid YAML"):
        parse_yaml_with_lines("!!python/object/apply:os.getcwd []", "text")


def test_lines_of_paths(tmp_path):
    _, line_of = load_yaml_with_lines(write(tmp_path, GOOD))
    assert line_of(("stages", 1, "sectors", 1)) == 10
    assert line_of(("boundaries", "b", "down")) == 15
    assert line_of(("stages", 1, "no such key")) == 7
    assert line_of(()) == 1


def test_aliases_end():
    data, line_of = parse_yaml_with_lines("a: &x [1, 2]\nb: *x\nc: &y\n  d: *y\n", "text")
    assert data["b"] == [1, 2]
    assert line_of(("b",)) == 2
    assert line_of(("c", "d")) == 4


def test_from_mapping_stage_to_sectors():
    chain = Chain.from_mapping({"up": ["s1"], "down": ("s2", "s3")}, name="toy")
    assert chain == Chain("toy", (Stage("up", ("s1",)), Stage("down", ("s2", "s3"))))
    with pytest.raises(SpecificationError, match=r"chain.'stages'.*3 in sectors is not text"):
        Chain.from_mapping({"up": [3]})


def test_by_sector_and_lookup():
    chain = Chain.from_mapping({"up": ["s1"], "down": ["s2", "s3"]})
    assert chain.by_sector().stage_names == ("s1", "s2", "s3")
    assert chain.stage_of() == {"s1": "up", "s2": "down", "s3": "down"}
    with pytest.raises(LabelError, match="no such stage of chain 'chain': mid"):
        chain.stage("mid")


class TestChainMeetsTable:
    chain = Chain.from_mapping({"up": ["s1"], "down": ["s2", "s3"]}, name="toy")

    def test_order_and_other_sectors_do_not_matter(self):
        found = self.chain.check(Sectors(("s3", "x", "s1", "s2")))
        assert {k: v.tolist() for k, v in found.items()} == {"up": [2], "down": [3, 0]}

    def test_missing_sector_is_named(self):
        with pytest.raises(LabelError, match=r"no sector s3 \(down\).*It has: s1, s2"):
            self.chain.check(Sectors(("s1", "s2")))


def test_every_shipped_chain_is_listed_and_reads_back():
    listed = shipped_chains()
    assert set(listed) == {"cobalt", "lithium", "rare_earths", "semiconductors"}
    for name, classifications in listed.items():
        assert set(classifications) == {"adb35", "oecd45", "oecd50"}
        for classification in classifications:
            chain = Chain.shipped(name, classification)
            assert chain.classification == classification
            again = Chain.from_mapping(yaml.safe_load(chain.to_yaml()))
            assert again == chain
            for stage in chain.stages:
                assert set(stage.sector_of) == set(stage.hs)
                assert set(stage.sector_of.values()) <= set(stage.sectors)


@pytest.mark.parametrize("name", ["cobalt", "lithium", "semiconductors"])
@pytest.mark.parametrize(
    ("classification", "file", "column"),
    [
        ("oecd45", "meta/oecd_icio2023_industries45.csv", "label_in_csv"),
        ("oecd50", "meta/oecd_icio2025_industries50.csv", "code"),
    ],
)
def test_other_shipped_labels_are_the_publishers(name, classification, file, column):
    labels = pd.read_csv(shared(file), keep_default_na=False, dtype=str)[column]
    Chain.shipped(name, classification).check(Sectors(tuple(labels)))


def test_what_does_not_ship_is_answered_with_what_does():
    with pytest.raises(InputError, match=r"no chain 'nickel' .*cobalt, lithium, rare_earths, semiconductors"):
        Chain.shipped("nickel")
    with pytest.raises(
        InputError, match=r"'lithium' does not ship for the sector list 'eora26'.*adb35, oecd45, oecd50"
    ):
        Chain.shipped("lithium", "eora26")


def test_goods_belong_to_sectors_of_their_stage(tmp_path):
    text = 'name: toy\nstages:\n  - name: up\n    sectors: [s1, s2]\n    hs: {s1: ["2846.10"], s2: ["2805.30"]}\n'
    path = write(tmp_path, text)
    stage = Chain.from_yaml(path).stage("up")
    assert stage.hs == ("2846.10", "2805.30")
    assert stage.sector_of == {"2846.10": "s1", "2805.30": "s2"}
    assert Chain("toy", (Stage("up", ("s1", "s2"), ("2846.10",)),)).stage("up").sector_of == {}
    with pytest.raises(SpecificationError, match=r"goods of stage 'up' are given to 's3' .HS 2805.30."):
        Chain.from_yaml(write(tmp_path, text.replace("s2: [", "s3: [")))
    with pytest.raises(SpecificationError, match=r"line 5: HS 2846.10 is given to two sectors"):
        Chain.from_yaml(write(tmp_path, text.replace("2805.30", "2846.10")))
    with pytest.raises(SpecificationError, match=r"line 5: '28a' is not an HS code"):
        Chain.from_yaml(write(tmp_path, text.replace("2805.30", "28a")))
