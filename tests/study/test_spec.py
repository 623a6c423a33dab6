"""Wrong specifications get the line and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.study.loading import find_study, load_spec, parse_override, shipped_studies

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
        ("  countries: 60", "  countries: 600", ["tables.countries = 600", "less than or equal to 60"]),
        ("  kind: synthetic ", "  kind: files ", ["tables.paths is missing"]),
        ("name: demo", "name: ../demo", ["name = '../demo'", "pattern"]),
        ("  main: sdm", "  main: sar\n  models: [sdm]", ["a second time"]),
        ("  last_year: 2021", "  last_year: 2007", ["two years after first_year"]),
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
    text = DEMO.replace("  power: 1.0", "  power: -1")
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
