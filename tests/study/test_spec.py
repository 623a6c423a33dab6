"""Wrong specifications get the line and what is allowed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.study.loading import find_study, load_spec, parse_override, shipped_studies
from gvcpos.study.spec import StudySpec

DEMO = find_study("demo").read_text(encoding="utf-8")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_shipped_study_is_valid() -> None:
    for name, path in shipped_studies().items():
        assert load_spec(path).name == name


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("  effects: twoway ", "  effect: twoway ", ["unknown key panel.effect", "Allowed here: stage, dependent"]),
        ("  effects: twoway ", "  effects: both ", ["panel.effects = 'both'", "'none', 'entity', 'time' or 'twoway'"]),
        ("  countries: 60", "  countries: 600", ["tables.countries = 600", "must be at most 60"]),
        ("  kind: synthetic ", "  kind: files ", ["tables.paths is missing"]),
        ("name: demo", "name: ../demo", ["name = '../demo'", "must be letters, digits, - and _"]),
        ("  main: sdm", "  main: sar\n  models: [sdm]", ["a second time"]),
        ("  last_year: 2021", "  last_year: 2007", ["at least four years after first_year=2007"]),
    ],
)
def test_the_line_and_what_is_allowed(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    text = DEMO.replace(old, new)
    assert text != DEMO
    with pytest.raises(SpecificationError) as caught:
        load_spec(written(tmp_path, text))
    message = str(caught.value)
    assert "study.yaml, line " in message
    for word in words:
        assert word in message


def test_the_line_is_that_of_the_key(tmp_path: Path) -> None:
    text = DEMO.replace("  # power: 1.0", "  power: -1")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "power: -1" in row)
    with pytest.raises(SpecificationError, match=f"line {line}: space.weights.power = -1"):
        load_spec(written(tmp_path, text))


def test_every_fault_is_listed(tmp_path: Path) -> None:
    text = DEMO.replace("method: lee-yu", "method: leeyu").replace("lags: 1", "lags: 0")
    with pytest.raises(SpecificationError) as caught:
        load_spec(written(tmp_path, text))
    assert len(str(caught.value).splitlines()) == 2


def test_overrides_win_and_their_faults_name_them() -> None:
    spec = load_spec(find_study("demo"), ["panel.effects=entity", "panel.regressors=[upstreamness]", "seed=7"])
    assert (spec.panel.effects, spec.panel.regressors, spec.seed) == ("entity", ("upstreamness",), 7)
    with pytest.raises(SpecificationError, match=r"--set panel.effects=none2: panel.effects = 'none2'"):
        load_spec(find_study("demo"), ["panel.effects=none2"])
    with pytest.raises(SpecificationError, match=r"unknown key panell"):
        load_spec(find_study("demo"), ["panell.effects=none"])


@pytest.mark.parametrize("text", ["panel.effects", "=3", "a..b=1", "a=[1"])
def test_malformed_overrides(text: str) -> None:
    with pytest.raises(SpecificationError, match="--set"):
        parse_override(text)


def test_unknown_study_lists_the_shipped_ones() -> None:
    with pytest.raises(InputError, match=r"nowhere: no such file, and no shipped study .*demo"):
        find_study("nowhere")


def test_a_study_that_is_no_mapping(tmp_path: Path) -> None:
    with pytest.raises(SpecificationError, match="a study is a mapping with the keys name, title"):
        load_spec(written(tmp_path, "- a\n- b\n"))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("space.weights.k=3", "space.weights: k applies to kind knn, not to inverse_distance"),
        ("space.weights.base_year=2008", "base_year applies to kind linkage"),
        ("space.weights={kind: knn, power: 2}", "power applies to kind inverse_distance, not to knn"),
        ("space.weights={kind: contiguity, cutoff: 100}", "cutoff applies to kind inverse_distance"),
        ("space.weights={kind: linkage, distances: {path: d.csv}}", "distances applies to kind inverse_distance"),
        ("space.weights={kind: knn, islands: keep}", "islands applies to kind contiguity or inverse_distance"),
        ("chain.boundary=smelting_upstream", "boundary=smelting_upstream applies to adb35, oecd45, oecd50"),
    ],
)
def test_a_key_that_the_kind_does_not_use_is_refused(setting: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=words) as caught:
        load_spec(find_study("demo"), [setting])
    assert f"--set {setting}" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_keys_that_the_kind_uses_are_taken() -> None:
    for weights in (
        "{kind: knn, k: 3}",
        "{kind: linkage, base_year: 2008, islands: keep}",
        "{kind: knn, cutoff: null}",
    ):
        load_spec(find_study("demo"), [f"space.weights={weights}"])
    load_spec(find_study("demo"), ["chain={map: oecd45, boundary: smelting_upstream}"])


def leaves(block: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in block.model_fields.items():
        inner = [part for part in (field.annotation, *get_args(field.annotation)) if isinstance(part, type)]
        blocks = [part for part in inner if issubclass(part, BaseModel)]
        yield f"{prefix}{name}"
        for part in blocks:
            yield from leaves(part, f"{prefix}{name}.")


@pytest.mark.parametrize(
    "value", ["null", "true", "x y", "[]", "[[1]]", "{}", "{a: 1}", "-1", "2.5", ".nan", "1.e+999"]
)
def test_no_message_needs_knowledge_of_the_machinery(value: str) -> None:
    """Every key with every kind of wrong value: one line a fault, in plain words."""
    refused = 0
    for key in leaves(StudySpec):
        try:
            load_spec(find_study("demo"), [f"{key}={value}"])
        except SpecificationError as error:
            refused += 1
            for line in str(error).splitlines():
                assert "--set" in line or "demo.yaml, line " in line
                found = re.search(
                    r"(?i)input|valid|tuple|dict|instance|parse|discriminator|tag\b|pydantic|object", line
                )
                assert found is None, line
    assert refused > 8


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("space.weights.k=3", "k applies to kind knn, not to inverse_distance. Remove it"),
        ("panel.models=[sdm, slx, sdm]", "panel: models names sdm more than once"),
        ("space.moran=[va_rate, va_rate]", "space: moran names va_rate more than once"),
        ("lockin.downstream=upstream", "upstream and downstream are both upstream. Name two stages"),
        ("exclude=null", "exclude = null: must be a list"),
        ("tables.countries=yes", "tables.countries = true: must be a whole number (YAML reads"),
        ("name=no", "name = false: must not be true or false: put a name in quotes"),
    ],
)
def test_settings_without_effect_and_odd_values_are_refused_by_name(setting: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=re.escape(words)) as caught:
        load_spec(find_study("demo"), [setting])
    assert f"--set {setting}" in str(caught.value)


def test_the_method_of_effects_is_refused_where_there_are_none() -> None:
    with pytest.raises(SpecificationError, match="method=direct says how fixed effects are estimated"):
        load_spec(find_study("demo"), ["panel.effects=none", "panel.method=direct"])
    assert load_spec(find_study("demo"), ["panel.effects=none"]).panel.effects == "none"
