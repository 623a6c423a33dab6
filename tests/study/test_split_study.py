"""A study that cuts rare earths out of wide sectors, on the synthetic world with synthetic trade and production."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import GvcposError, SpecificationError
from gvcpos.chains import Chain, SplitWeights, compare_split
from gvcpos.study import Study, StudyResults
from gvcpos.study.inputs import gather
from gvcpos.study.loading import find_study, load_spec
from gvcpos.study.places import Places
from gvcpos.study.split_output import split_lines
from gvcpos.study.splitting import StudySplit, study_split
from gvcpos.study.uncertain_output import uncertainty_lines
from gvcpos.tables import TableSeries, synthetic_world

YEARS = range(2007, 2012)
CHAIN = """
name: rare earths (synthetic)
stages:
  - {name: upstream, sectors: [mining], hs: ["2612.20"]}
  - {name: midstream, sectors: [refining], hs: ["2846.10", "2805.30"]}
  - {name: downstream, sectors: [components, equipment], hs: {components: ["8505.11"]}}
"""
STUDY = """
name: split
title: Synthetic rare earths inside synthetic wide sectors
seed: 3
tables: {kind: synthetic, countries: 12, first_year: 2007, last_year: 2011}
chain: {map: chain.yaml}
split:
  trade: [trade.csv]
  production: production.csv
  synthetic: true
  stages:
    upstream: {missing: exports, relative_error: 0.3, linkage: {midstream: 0.5}}
  correlation: 0.5
space: {permutations: 99, local_permutations: 99}
panel: {regressors: [upstreamness, wwyz_backward], models: [slx], main: slx, path: false, simulations: 100}
lockin: {tests: []}
report: {countries: [CHN, USA]}
"""
ERRORS = "uncertainty={draws: 2, cells: {relative: 0.05}}"


def write(folder: Path) -> None:
    """Write the study and its files; every number is synthetic."""
    rng = np.random.default_rng(11)
    countries = synthetic_world(seed=3, countries=12, years=range(2007, 2009)).countries
    rows = [
        (seller, buyer, hs, year, rng.gamma(2.0, 5.0))
        for year in YEARS
        for hs in ("261220", "284610", "280530", "850511", "010121")
        for seller in countries
        for buyer in countries
        if seller != buyer
    ]
    trade = pd.DataFrame(rows, columns=["exporter", "importer", "hs", "year", "value"])
    trade.to_csv(folder / "trade.csv", index=False)
    made = [("CHN", "upstream", year, 900.0, 0.4) for year in YEARS] + [("USA", "upstream", 2007, 500.0, np.nan)]
    columns = ["country", "stage", "year", "value", "relative_error"]
    pd.DataFrame(made, columns=columns).to_csv(folder / "production.csv", index=False)
    (folder / "chain.yaml").write_text(CHAIN)
    (folder / "study.yaml").write_text(STUDY)


@pytest.fixture(scope="module")
def tables() -> TableSeries:
    """The synthetic tables, made once."""
    return synthetic_world(seed=3, countries=12, years=YEARS).tables


def opened(folder: Path, tables: TableSeries, *settings: str) -> StudySplit:
    """Read the files of the study's split."""
    spec = load_spec(folder / "study.yaml", settings)
    assert spec.split is not None
    return study_split(spec.split, Places(folder, None), Chain.from_yaml(folder / "chain.yaml"), tables)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, Path]:
    folder = tmp_path_factory.mktemp("split")
    write(folder)
    return Study.from_yaml(folder / "study.yaml", [ERRORS]).run(), folder


def test_the_panel_is_that_of_the_parts(run: tuple[StudyResults, Path], tables: TableSeries) -> None:
    results, folder = run
    table = tables[2009]
    trade = pd.read_csv(folder / "trade.csv", dtype={"hs": str})
    rules = {"upstream": "exports", "midstream": "wide-ratio", "downstream": "wide-ratio"}
    split = Chain.from_yaml(folder / "chain.yaml").split(
        table,
        trade,
        pd.read_csv(folder / "production.csv"),
        missing=rules,
        relative_error={"upstream": 0.3, "midstream": 0.2, "downstream": 0.2},
        correlation=0.5,
        linkage={("upstream", "midstream"): 0.5},
    )
    expected = compare_split(split)
    found = results.frames["split_comparison"].query("year == 2009").reset_index(drop=True)
    pd.testing.assert_frame_equal(found.drop(columns="synthetic"), expected, rtol=1e-9)
    panel = results.frames["panel"].query("year == 2009")
    np.testing.assert_allclose(panel["upstreamness"], expected["upstreamness_split"], rtol=1e-9)
    weights = results.frames["split_weights"].query("year == 2009").drop(columns="synthetic")
    pd.testing.assert_frame_equal(weights.reset_index(drop=True), split.weights, rtol=1e-9)
    china = weights[(weights["country"] == "CHN") & (weights["stage"] == "upstream")].iloc[0]
    assert china["relative_error"] == 0.4
    world = results.frames["split_parts"].query("year == 2009").set_index("stage")["x_part"]
    whole = expected.merge(panel[["country", "stage", "x"]], on=["country", "stage"])
    sums = whole.assign(plain=whole["x"] / whole["x_part"]).groupby("stage")[["x", "plain"]].sum()
    np.testing.assert_allclose(world, (sums["x"] / sums["plain"]).reindex(world.index), rtol=1e-9)
    assert world.between(0, 0.2, inclusive="neither").all()


def test_the_draws_have_cells_and_weights(run: tuple[StudyResults, Path]) -> None:
    results, _ = run
    frame = results.frames["uncertainty"]
    assert frame["sources"].eq("sampling, table cells, split weights").all()
    assert frame["errors"].str.contains("5 % of a cell").all()
    assert frame["errors"].str.contains("split weights, 30 % or 20 % of output").all()
    slope = results.verdict["position–capture slope: upstream"]
    own = frame[frame["parameter"] == slope.name].iloc[0]
    assert own["published"] == pytest.approx(slope.estimate, rel=1e-6)
    assert (frame["between"] > 0).all()
    stages = results.frames["uncertainty_stages"].set_index(["country", "stage", "index"])
    panel = results.frames["panel"].query("year == 2011").set_index(["country", "stage"])
    share = stages.xs("va_share", level="index")
    np.testing.assert_allclose(share["estimate"], panel["va_share"].reindex(share.index), rtol=1e-9)
    assert (share["std_error"] > 0).all()
    assert "Sources of uncertainty: sampling, table cells, split weights." in uncertainty_lines(results)[0]


@pytest.mark.slow
def test_each_source_is_drawn_alone(tmp_path: Path) -> None:
    write(tmp_path)
    settings = {
        "both": "by_source: true, cells: {relative: 0.05}",
        "table cells": "split_weights: false, cells: {relative: 0.05}",
        "split weights": "cells: null",
    }
    found = {
        name: Study.from_yaml(tmp_path / "study.yaml", [f"uncertainty={{draws: 8, {said}}}"]).run()
        for name, said in settings.items()
    }
    results = found.pop("both")
    by_source = results.frames["uncertainty_sources"]
    assert by_source["source"].unique().tolist() == ["sampling", "table cells", "split weights"]
    np.testing.assert_allclose(by_source.groupby(["what", "parameter"])["share"].sum(), 1.0)
    frame = results.frames["uncertainty"].set_index("parameter")
    spread = by_source.set_index(["source", "parameter"])["std_dev"]
    np.testing.assert_allclose(spread["sampling"], frame["within"].reindex(spread["sampling"].index))
    total = 0.0
    for source, other in found.items():
        one = other.frames["uncertainty"].set_index("parameter")
        assert one["sources"].eq(f"sampling, {source}").all()
        expected = np.sqrt(1 + 1 / 8) * one["between"]
        np.testing.assert_allclose(spread[source], expected.reindex(spread[source].index), rtol=1e-9)
        total = total + one["between"] ** 2
    assert "tables' cells taken as exact" in found["split weights"].frames["uncertainty"]["errors"].iloc[0]
    assert "Alone: sampling" in "\n".join(uncertainty_lines(results))
    assert 0.4 < (frame["between"] ** 2 / total).median() < 2.5  # small errors add up in variances


@pytest.mark.slow
def test_what_is_written_says_synthetic_and_how_much_is_the_chain(tmp_path: Path) -> None:
    write(tmp_path)
    out = tmp_path / "out"
    results = Study.from_yaml(tmp_path / "study.yaml").run(out)
    for name in ("split_side_by_side", "split_parts", "split_weights"):
        assert (out / "figures" / f"{name}.png").stat().st_size > 1000
    inputs = {item["path"] for item in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]}
    assert {"trade.csv", "production.csv", "chain.yaml"} <= inputs
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert "## The chain inside wide sectors" in summary
    for line in split_lines(results.frames):
        assert line[:60] in summary
    assert "SYNTHETIC" in (out / "tables" / "split.txt").read_text(encoding="utf-8")
    assert "midstream" in (out / "tables" / "split.txt").read_text(encoding="utf-8")


def test_a_drawn_weight_is_that_of_the_library(tmp_path: Path, tables: TableSeries) -> None:
    write(tmp_path)
    split = opened(tmp_path, tables)
    table = split.wide[2010]
    weights = split.weights(table)
    output, sales = next(iter(weights.draws(1, seed=5)))
    drawn = weights.drawn(np.random.default_rng(5))
    assert isinstance(drawn, SplitWeights)
    np.testing.assert_array_equal(drawn.output, output)
    np.testing.assert_array_equal(drawn.sales, sales)
    cut = split.drawn(table, np.random.default_rng(5))
    mining = list(cut.sectors).index("mining:RE")
    np.testing.assert_allclose(cut.x.reshape(cut.shape)[:, mining], output[:, 0], rtol=1e-9)
    np.testing.assert_allclose(split.drawn(table, None).x, split.tables[2010].x, rtol=1e-12)


def changed(folder: Path, name: str, row: int, column: str, value: str) -> None:
    """Write another value into a cell of a file."""
    frame = pd.read_csv(folder / name, dtype=object)
    frame.loc[row, column] = value
    frame.to_csv(folder / name, index=False)


@pytest.mark.parametrize(
    ("cell", "value", "words"),
    [
        (("trade.csv", 4, "value"), "-1", "trade.csv, row 5, value: -1.0 is negative"),
        (("trade.csv", 4, "hs"), "28x", "trade.csv, row 5, hs: '28x' is no HS code"),
        (("trade.csv", 4, "importer"), "QQQ", "trade.csv, row 5, importer: unknown countries: QQQ"),
        (("trade.csv", 4, "importer"), "FJI", "trade.csv, importers: the table has no country FJI"),
        (("production.csv", 0, "value"), "many", "production.csv: value is 'many' in 1 row(s), the first being row 1"),
        (("production.csv", 0, "country"), "QQQ", "production.csv, countries: the table has no country QQQ"),
        (("production.csv", 0, "stage"), "tin", "production.csv: the chain makes nothing in stage tin"),
        (("production.csv", 5, "country"), "CHN", "production.csv has duplicated rows for CHN upstream"),
        (("production.csv", 3, "year"), "2007", "production.csv has nothing of 2010"),
        (("production.csv", 5, "value"), "1e12", "would make more than the whole wide sector in USA mining"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(
    tmp_path: Path, tables: TableSeries, cell: tuple[str, int, str], value: str, words: str
) -> None:
    write(tmp_path)
    changed(tmp_path, *cell, value)
    with pytest.raises(GvcposError, match=re.escape(words)):
        opened(tmp_path, tables)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("split.rest=QQQ", "split.rest): QQQ"),
        ("split.stages={tin: {}}", "split.stages: the chain makes nothing in tin"),
        ("split.trade=[trade.csv, production.csv]", "production.csv: not a tidy file"),
        ("split.production=nothing.csv", "nothing.csv"),
        ("split.unit=EUR", "unit 'EUR' is not an amount of US dollars"),
        ("split.stages={upstream: {relative_error: 9, missing: wide-ratio}}", "give distribution='beta' or a smaller"),
    ],
)
def test_settings_that_do_not_fit_the_data_are_named(
    tmp_path: Path, tables: TableSeries, setting: str, words: str
) -> None:
    write(tmp_path)
    with pytest.raises(GvcposError, match=re.escape(words)):
        opened(tmp_path, tables, setting)


def test_a_stage_without_goods_is_not_estimated_from(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(SpecificationError, match=r"lockin\.downstream = 'users': no stage with goods"):
        gather(load_spec(tmp_path / "study.yaml", ["lockin.downstream=users"]), Places(tmp_path, None))


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("split={}", "split.trade is missing"),
        ("split={trade: [a.csv], missing: none}", "unknown key split.missing. Allowed here: trade, production"),
        ("split={trade: [a.csv], stages: {upstream: {missing: all}}}", "split.stages.upstream.missing = 'all'"),
        ("split={trade: [a.csv], part: rest}", "part=rest is what the other part is called"),
        ("split={trade: [a.csv], cap: 2}", "split.cap = 2: must be at most 1"),
        ("uncertainty={cells: null, split_weights: true}", "nor split weights"),
    ],
)
def test_wrong_settings_are_named(setting: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=re.escape(words)):
        load_spec(find_study("demo"), [setting])


def test_published_indices_are_not_split(tmp_path: Path) -> None:
    from tests.study.test_published_study import write as write_published

    write_published(tmp_path)
    with pytest.raises(SpecificationError, match="published indices have no tables whose sectors could be cut"):
        Study.from_yaml(tmp_path / "study.yaml", ["split={trade: [flows.csv]}"]).run()


@pytest.mark.slow
def test_the_tests_of_whole_tables_are_drawn_of_cut_tables(tmp_path: Path) -> None:
    write(tmp_path)
    exact = "uncertainty={draws: 2, cells: {relative: 0.0}, split_weights: false, stages: false}"
    letters = ("lockin.tests=[b, f]", "lockin.countries=[CHN]", "lockin.groups={}")
    frames = Study.from_yaml(tmp_path / "study.yaml", (exact, *letters)).run().frames
    found = frames["battery_drawn"]
    assert set(found["letter"]) == {"b", "f"}
    assert (found["same"] == 1.0).all()
    np.testing.assert_allclose(found["pvalue_median"], found["pvalue"], rtol=1e-7)
    drawn = Study.from_yaml(tmp_path / "study.yaml", (exact.replace("false, stages", "true, stages"), *letters)).run()
    again = drawn.frames["battery_drawn"]
    assert (again["pvalue"] == found["pvalue"]).all()
    assert (again["pvalue_median"] - again["pvalue"]).abs().min() > 1e-6  # weights alone move them
