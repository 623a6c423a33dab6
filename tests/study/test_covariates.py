"""Variables of a study: made by rule, lagged, nothing filled silently; pairs of countries from files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import FilledWarning, InputError, LabelError, LeftOutWarning, SpecificationError
from gvcpos.spatial import Weights
from gvcpos.study.country_files import read_covariates
from gvcpos.study.covariates import add_covariates, make_variable
from gvcpos.study.loading import find_study, load_spec
from gvcpos.study.pair_files import flow_weights
from gvcpos.study.places import Places
from gvcpos.study.samples import settled_sample
from gvcpos.study.spec import CovariatesBlock, FlowFile, VariableBlock

YEARS = [2017, 2018, 2019]


@pytest.fixture
def panel() -> pd.DataFrame:
    keys = [(c, s, y) for c in ("AUS", "CHN", "NAM") for s in ("up", "down") for y in YEARS]
    return pd.DataFrame(keys, columns=["country", "stage", "year"]).assign(va_rate=np.arange(18.0))


@pytest.fixture
def file() -> pd.DataFrame:
    """R&D of Australia every second year, none of Namibia's after 2014; people of all."""
    rows = [(c, y, 10.0 * k + y - 2010, 2.0) for k, c in enumerate(("AUS", "CHN", "NAM")) for y in range(2012, 2020)]
    frame = pd.DataFrame(rows, columns=["country", "year", "rd", "people"])
    frame.loc[(frame["country"] == "AUS") & (frame["year"] % 2 == 0), "rd"] = np.nan
    return frame[(frame["country"] != "NAM") | (frame["year"] <= 2014)]


def cells(panel: pd.DataFrame) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(panel[["country", "year"]].drop_duplicates())


def made(panel: pd.DataFrame, file: pd.DataFrame, **how: object) -> pd.Series:
    return make_variable(file, "v", VariableBlock.model_validate({"column": "rd", **how}), cells(panel), "f.csv").values


def test_lags_ratios_and_scales(panel: pd.DataFrame, file: pd.DataFrame) -> None:
    plain, lagged = made(panel, file), made(panel, file, lag=1)
    assert plain["CHN"].tolist() == [17.0, 18.0, 19.0]
    assert lagged["CHN"].tolist() == [16.0, 17.0, 18.0]
    assert made(panel, file, per="people", scale=0.5)["CHN"].tolist() == [4.25, 4.5, 4.75]
    np.testing.assert_allclose(made(panel, file, transform="log")["CHN"], np.log([17.0, 18.0, 19.0]))
    assert np.isnan(plain["AUS"].to_numpy()).tolist() == [False, True, False]


def test_gaps_follow_the_rule_and_no_other(panel: pd.DataFrame, file: pd.DataFrame) -> None:
    assert made(panel, file, gaps="last", within=1)["AUS"].tolist() == [7.0, 7.0, 9.0]
    assert made(panel, file, gaps="last", within=3)["NAM"].isna().tolist() == [False, True, True]
    assert made(panel, file, gaps="zero")["NAM"].tolist() == [0.0, 0.0, 0.0]
    assert made(panel, file)["NAM"].isna().all()
    with pytest.raises(InputError, match=r"f.csv: no rd for v in AUS 2018, NAM 2017"):
        made(panel, file, gaps="error")
    with pytest.raises(InputError, match=r"log needs values positive; not so in AUS 2018"):
        made(panel, file, gaps="zero", transform="log")
    with pytest.raises(InputError, match=r"no column gdp"):
        made(panel, file, column="gdp")


def test_what_is_filled_is_told_and_counted(panel: pd.DataFrame, file: pd.DataFrame) -> None:
    block = CovariatesBlock.model_validate(
        {
            "path": "f.csv",
            "variables": {"rd1": {"column": "rd", "gaps": "last", "within": 1}, "n": {"column": "people"}},
        }
    )
    with pytest.warns(FilledWarning, match=r"rd1 \(f.csv\): 1 of 9 values filled by rule.*: AUS \(2018\)\."):
        merged, rules = add_covariates(panel, [(block, file)], ())
    counts = rules.set_index("variable")[["observed", "filled", "missing", "countries_missing"]]
    assert counts.loc["rd1"].tolist() == [5, 1, 3, 1]
    assert counts.loc["n"].tolist() == [6, 0, 3, 1]
    assert merged[merged["stage"] == "up"]["rd1"].tolist()[:6] == [7.0, 7.0, 9.0, 17.0, 18.0, 19.0]
    with pytest.warns(FilledWarning):
        shuffled, _ = add_covariates(panel, [(block, file.sample(frac=1, random_state=2))], ())
    pd.testing.assert_frame_equal(merged, shuffled)


def test_labels_meet(panel: pd.DataFrame, file: pd.DataFrame) -> None:
    block = CovariatesBlock.model_validate({"path": "f.csv", "variables": {"n": {"column": "people"}}})
    with pytest.raises(LabelError, match="duplicated labels: AUS 2012"):
        add_covariates(panel, [(block, pd.concat([file, file.head(1)]))], ())
    extra = pd.concat([file, file.head(1).assign(country="MMR")])
    with pytest.raises(LabelError, match=r"f\.csv has MMR, which the panel does not"):
        add_covariates(panel, [(block, extra)], ())
    clash = CovariatesBlock.model_validate({"path": "f.csv", "variables": {"va_rate": {"column": "people"}}})
    with pytest.raises(LabelError, match="variables that the panel has already: va_rate"):
        add_covariates(panel, [(clash, file)], ())


def test_rows_and_names_of_a_file(tmp_path: Path) -> None:
    """A file with names of countries in a column called country, and several series."""
    frame = pd.DataFrame(
        {"iso3": ["CHN"] * 2, "country": "China", "year": 2017, "series": ["ore", "oxide"], "t": [1, 2]}
    )
    frame.to_csv(tmp_path / "f.csv", index=False)
    block = CovariatesBlock(path="f.csv", country="iso3", where={"series": "oxide"})
    found = read_covariates(block, Places(tmp_path, None))
    assert found[["country", "year", "t"]].to_numpy().tolist() == [["CHN", 2017, 2]]
    with pytest.raises(InputError, match="no row with series = metal"):
        read_covariates(
            CovariatesBlock(path="f.csv", country="iso3", where={"series": "metal"}), Places(tmp_path, None)
        )


class TestFlows:
    """Pairs of countries as weights."""

    def write(self, folder: Path, extra: str = "") -> Places:
        rows = "AUS,CHN,2014,3\nCHN,AUS,2014,1\nNAM,CHN,2014,2\nAUS,AUS,2014,9\nAUS,CHN,2010,50\n"
        (folder / "f.csv").write_text("origin,destination,year,trade\n" + rows + extra)
        return Places(folder, None)

    def test_both_directions_are_added_up(self, tmp_path: Path) -> None:
        block = FlowFile(path="f.csv", where={"year": 2014})
        made = flow_weights(block, self.write(tmp_path), ["NAM", "CHN", "AUS"])
        assert isinstance(made, Weights)
        assert made.ids == ("NAM", "CHN", "AUS")
        assert made.dense().tolist() == [[0, 2, 0], [2, 0, 4], [0, 4, 0]]

    def test_faults_are_named(self, tmp_path: Path) -> None:
        places = self.write(tmp_path)
        with pytest.raises(LabelError, match="flows given twice for AUS -> CHN"):
            flow_weights(FlowFile(path="f.csv"), places, ["NAM", "CHN", "AUS"])
        block = FlowFile(path="f.csv", where={"year": 2014})
        with pytest.raises(LabelError, match="no flow of USA"):
            flow_weights(block, places, ["NAM", "CHN", "AUS", "USA"])
        dropped = FlowFile(path="f.csv", where={"year": 2014}, absent="drop")
        with pytest.warns(LeftOutWarning, match="no flow of 1 of 4 countries, USA"):
            assert flow_weights(dropped, places, ["USA", "NAM", "CHN", "AUS"]).ids == ("NAM", "CHN", "AUS")
        with pytest.raises(LabelError, match="flows of NAM, which are not in the study"):
            flow_weights(block, places, ["CHN", "AUS"])
        with pytest.raises(InputError, match="the flow CHN -> NAM is -1"):
            flow_weights(block, self.write(tmp_path, "CHN,NAM,2014,-1\n"), ["NAM", "CHN", "AUS"])


def test_countries_whose_neighbours_left_are_left_out_by_name() -> None:
    """A chain of six; the second has no value, so that the first has no neighbour any more."""
    names = [f"C{k}" for k in range(6)]
    line = np.eye(6, k=1) + np.eye(6, k=-1)
    W = Weights.from_dense(names, line).normalised("row")
    rng = np.random.default_rng(1)
    panel = pd.DataFrame([(c, "up", y) for c in names for y in range(2010, 2016)], columns=["country", "stage", "year"])
    panel = panel.assign(v=rng.normal(size=36))
    panel.loc[(panel["country"] == "C1") & (panel["year"] == 2012), "v"] = np.nan
    with pytest.warns() as caught:
        sample, own = settled_sample(panel, "up", ["v"], W, drop_islands=True)
    assert own.ids == ("C2", "C3", "C4", "C5")
    assert own.is_row_normalised
    assert sample.index.get_level_values("country").nunique() == 4
    assert any("C0 left out: all neighbours lack values" in str(item.message) for item in caught)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("covariates=3", "covariates = 3: must be a block of keys"),
        ("covariates=[3]", "covariates, entry 1 = 3: must be a block of keys"),
        ("covariates=[{path: a.csv, lag: 2}]", "unknown key covariates.lag, entry 1. Allowed here: path, country"),
        (
            "covariates={path: a.csv, variables: {rd: {column: x, lag: -1}}}",
            "covariates.variables.rd.lag = -1: must be",
        ),
        ("covariates={path: a.csv, variables: {rd: {column: x, gaps: last}}}", "gaps: last go together"),
        ("covariates={path: a.csv, where: {series: [1]}}", "must be text or a number"),
        ("tables={kind: published}", "tables.paths is missing"),
        ("tables={kind: published, paths: [a], layout: uibe}", "tables.layout = 'uibe': must be 'adb'"),
        ("tables={kind: printed}", "must be 'synthetic', 'files' or 'published'"),
        ("space.variants={near: {kind: knn, power: 2}}", "power applies to kind inverse_distance, not to knn"),
        ("space.weights={kind: knn, flows: {path: f.csv}}", "flows applies to kind linkage"),
        ("panel.path=1", "panel.path = 1: must be true or false"),
    ],
)
def test_faults_of_the_new_blocks_are_told_by_line(setting: str, words: str) -> None:
    with pytest.raises(SpecificationError) as caught:
        load_spec(find_study("demo"), [setting])
    message = str(caught.value)
    assert words in message
    assert "--set" in message
    assert len(message.splitlines()) == 1


def test_the_line_of_a_file_among_several(tmp_path: Path) -> None:
    text = (
        find_study("adb72")
        .read_text(encoding="utf-8")
        .replace("human_capital: {column: hc,", "human_capital: {col: hc,")
    )
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    line = next(i for i, row in enumerate(text.splitlines(), 1) if "{col: hc," in row)
    with pytest.raises(
        SpecificationError, match=rf"line {line}: unknown key covariates\.variables\.human_capital\.col"
    ):
        load_spec(path)
