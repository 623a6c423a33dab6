"""Studies of published indices: a small one from files, and ADB's 72 economies whole and timed."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos.chains import Chain, published_panel
from gvcpos.lockin import position_capture_slope
from gvcpos.robustness import placebo_chains
from gvcpos.spatial import weights as make
from gvcpos.study import Study, StudyResults
from gvcpos.study.evidence import pull_along, upstream_slope
from gvcpos.study.loading import load_spec
from gvcpos.tables import capitals, read_published, synthetic_world
from tests.shared import shared

COUNTRIES = ["CHN", "JPN", "KOR", "VNM", "THA", "MYS", "IND", "KAZ", "MNG", "LAO", "DEU", "FRA", "POL", "ITA"]
STUDY = """
name: small
title: From files of made-up indices
tables: {kind: published, paths: [indices.csv], source: nobody}
chain: {map: chain.yaml}
covariates:
  - path: covariates.csv
    variables:
      rd: {column: spending, per: people, lag: 1, gaps: last, within: 2}
space:
  weights: {kind: inverse_distance}
  variants:
    flows: {kind: linkage, flows: {path: flows.csv, absent: drop}}
    land: {kind: contiguity, islands: drop}
  moran: [va_rate]
  stages: [downstream]
  permutations: 99
  local_permutations: 99
panel: {regressors: [upstreamness, rd], models: [slx, sdm], main: sdm, simulations: 200}
lockin: {countries: [CHN], groups: {Asia: [JPN, KOR, VNM, THA, MYS]}, draws: 99}
robustness: {positions: [plv], without: [[CHN]], boundaries: [late], lags: [1]}
report: {countries: [CHN, DEU]}
"""


def write(folder: Path) -> None:
    rng = np.random.default_rng(5)
    world = synthetic_world(seed=1, countries=60, years=range(2007, 2009))
    have = [c for c in COUNTRIES if c in set(world.countries) and c in set(capitals()["iso3"])]
    years = range(2015, 2022)
    keys = [(c, s, y) for c in have for s in ("m1", "m2", "e1") for y in years]
    frame = pd.DataFrame(keys, columns=["country", "sector", "year"])
    size = len(frame)
    frame["x"] = np.exp(rng.normal(5, 1, size))
    frame["va"] = frame["x"] * rng.uniform(0.2, 0.6, size)
    frame["exports"] = frame["x"] * rng.uniform(0.1, 0.4, size)
    frame["plv"] = rng.uniform(1.5, 4, size)
    frame.to_csv(folder / "indices.csv", index=False)
    cells = pd.DataFrame([(c, y) for c in have for y in range(2012, 2022)], columns=["country", "year"])
    cells = cells.assign(spending=rng.uniform(1, 3, len(cells)), people=2.0)
    cells.loc[(cells["country"] == "CHN") & (cells["year"] == 2017), "spending"] = np.nan
    cells.to_csv(folder / "covariates.csv", index=False)
    pairs = [(a, b, rng.uniform(1, 2)) for a in have[1:] for b in have[1:]]
    pd.DataFrame(pairs, columns=["origin", "destination", "trade"]).to_csv(folder / "flows.csv", index=False)
    (folder / "chain.yaml").write_text(
        "name: made up\nboundary: early\nstages:\n  - {name: upstream, sectors: [m1, m2]}\n"
        "  - {name: downstream, sectors: [e1]}\nboundaries:\n  early: {}\n"
        "  late:\n    upstream: {sectors: [m1]}\n    downstream: {sectors: [m2, e1]}\n"
    )
    (folder / "study.yaml").write_text(STUDY)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[StudyResults, Path]:
    folder = tmp_path_factory.mktemp("published")
    write(folder)
    return Study.from_yaml(folder / "study.yaml").run(folder / "out"), folder / "out"


def test_everything_but_the_accounts_is_there(run: tuple[StudyResults, Path]) -> None:
    results, out = run
    assert "indices" not in results.frames
    assert {"panel", "covariates", "path", "path_tests", "weights", "moran_variants"} <= set(results.frames)
    for name in results.frames:
        assert (out / "frames" / f"{name}.csv").stat().st_size > 10
    panel = results.frames["panel"]
    assert panel["source"].eq("nobody").all()
    assert panel[panel["stage"] == "upstream"]["aggregated"].all()
    inputs = {item["path"] for item in json.loads((out / "manifest.json").read_text(encoding="utf-8"))["inputs"]}
    assert {"indices.csv", "covariates.csv", "flows.csv", "chain.yaml"} <= inputs
    assert (out / "figures" / "moran_downstream.png").stat().st_size > 1000


def test_the_battery_runs_for_every_scope_and_says_what_it_could_not(run: tuple[StudyResults, Path]) -> None:
    results, out = run
    agreement = results.frames["battery_agreement"]
    assert agreement["scope"].drop_duplicates().tolist() == ["world", "CHN", "Asia"]
    assert agreement.groupby("scope")["letter"].agg("".join).eq("abcdefg").all()
    missing = results.frames["battery_not_run"]
    assert missing[missing["letter"].isin(["b", "f"])]["reason"].str.contains("needs tables").all()
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert "For Asia, at the 5 % level" in summary
    assert (out / "figures" / "battery.png").stat().st_size > 1000


def test_robustness_crosses_every_choice(run: tuple[StudyResults, Path]) -> None:
    results, out = run
    curve, left = results.frames["specification_curve"], results.frames["leave_one_out"]
    # 2 boundaries x 2 lags x 2 positions x (3 weights and none) x 2 samples
    assert len(curve) == 64
    assert set(curve["weights"]) == {"main", "flows", "land", "none"}
    one = "position == 'upstreamness' and weights == 'main' and exclude == 'all'"
    first = curve.query(f"{one} and boundary == 'early' and lag == 'none'").iloc[0]
    slope = results.verdict["position–capture slope: upstream"]
    assert first["estimate"] == pytest.approx(slope.estimate, rel=1e-9)
    panel, W = results.frames["panel"], results.weights
    before = panel[["country", "stage", "year", "upstreamness"]].assign(year=panel["year"] + 1)
    later = panel.drop(columns="upstreamness").merge(before, on=["country", "stage", "year"])
    by_hand = position_capture_slope(later, "upstream", weights=W, exclude=(), cov_type=results.spec.lockin.cov_type)
    assert later["year"].min() == panel["year"].min() + 1
    found = curve.query(f"{one} and boundary == 'early' and lag == '1 year'").iloc[0]
    assert found["estimate"] == pytest.approx(by_hand.estimate, rel=1e-9)
    late = Study.from_yaml(
        out.parent / "study.yaml",
        ["chain.boundary=late", "robustness=null", "lockin.tests=[]", "panel.path=false", "space.variants={}"],
    ).run()
    other = curve.query(f"{one} and boundary == 'late' and lag == 'none'").iloc[0]
    assert other["estimate"] == pytest.approx(late.verdict["position–capture slope: upstream"].estimate, rel=1e-9)
    with pytest.raises(SpecificationError, match="nowhere"):
        Study.from_yaml(out.parent / "study.yaml", ["robustness.boundaries=[nowhere]"]).run()
    assert set(left["country"]) == set(results.weights.ids)
    np.testing.assert_allclose(left["whole"], slope.estimate, rtol=1e-9)
    assert "specifications the slope runs from" in (out / "summary.md").read_text(encoding="utf-8")
    assert (out / "figures" / "specification_curve.png").stat().st_size > 1000
    with pytest.raises(LabelError, match="QQQ"):
        Study.from_yaml(out.parent / "study.yaml", ["lockin.countries=[QQQ]"]).run()


def test_stages_variants_and_rules_are_told(run: tuple[StudyResults, Path]) -> None:
    results, out = run
    assert results.frames["moran"]["stage"].drop_duplicates().tolist() == ["upstream", "downstream"]
    weights = results.frames["weights"].set_index("weights")
    assert weights.index.tolist() == ["main", "flows", "land"]
    n = results.weights.n
    assert weights.loc["flows", "countries"] == n - 1
    assert weights.loc["land", "countries"] < n
    told = "\n".join(results.warnings)
    assert f"no flow of 1 of {n} countries, CHN" in told
    assert "have no neighbours and are left out of what uses these weights (islands: drop): " in told
    assert "rd (covariates.csv): 1 of " in told
    assert "CHN (2018)" in told
    summary = (out / "summary.md").read_text(encoding="utf-8")
    for words in ("## Specification path", "## Other weights", "Covariates: what was observed", "Moran's I by stage"):
        assert words in summary


def test_what_published_indices_cannot_do(tmp_path: Path) -> None:
    write(tmp_path)
    for setting, words in {
        "space.weights={kind: linkage}": "published indices have no tables",
        "chain={map: world}": "goes with synthetic tables only",
    }.items():
        with pytest.raises(SpecificationError, match=words):
            Study.from_yaml(tmp_path / "study.yaml", [setting]).run()


def with_more_sectors(folder: Path) -> None:
    """Write the study with seven more sectors, and a control in the slope."""
    write(folder)
    frame = pd.read_csv(folder / "indices.csv")
    rng = np.random.default_rng(9)
    more = [frame[frame["sector"] == "e1"].assign(sector=f"s{i}") for i in range(7)]
    for part in more:
        part[["x", "va", "exports", "plv"]] *= rng.uniform(0.8, 1.2, (len(part), 4))
    pd.concat([frame, *more]).to_csv(folder / "indices.csv", index=False)


def test_placebo_chains_are_made_of_published_sectors(tmp_path: Path) -> None:
    with_more_sectors(tmp_path)
    spec, chain = load_spec(tmp_path / "study.yaml"), Chain.from_yaml(tmp_path / "chain.yaml")
    published = read_published(tmp_path / "indices.csv", source="nobody")
    slope = partial(upstream_slope, weights=make.knn(capitals(published.countries), 4).normalised("row"), spec=spec)
    found = placebo_chains(slope, published, chain, draws=3, prepare=lambda panel: panel.assign(rd=1.0))
    assert found.true.estimate == pytest.approx(slope(published_panel(published, chain)).estimate, rel=1e-9)
    assert found.frame["not_estimated"].eq("").all()
    assert not found.frame["placebo"].str.contains("m1|m2|e1").any()
    for row in found.frame.to_dict("records"):
        first, last = row["placebo"].split(" | ")
        own = Chain.from_mapping({"upstream": first.split(", "), "downstream": [last]})
        assert row["estimate"] == pytest.approx(slope(published_panel(published, own)).estimate, rel=1e-9)


@pytest.mark.slow
def test_a_study_of_published_sectors_has_placebo_chains(tmp_path: Path) -> None:
    with_more_sectors(tmp_path)
    quick = (
        "lockin={tests: [], controls: [rd]}", "panel.path=false", "panel.models=[slx]", "panel.main=slx",
        "space.variants={}", "robustness={placebo_chains: {draws: 9}}",
    )  # fmt: skip
    results = Study.from_yaml(tmp_path / "study.yaml", quick).run()
    found = results.frames["placebos"].set_index("test")
    assert found.index.tolist() == ["slope", "pull-through"]
    assert found["placebos"].eq("chains").all()
    tests = results.verdict["position–capture slope: upstream"], results.verdict.tests[-1]
    np.testing.assert_allclose(found["estimate"], [test.estimate for test in tests], rtol=1e-9)
    draws = results.frames["placebo_draws"]
    assert draws.groupby("test").size().tolist() == [9, 9]
    assert draws["not_estimated"].eq("").all()
    one = draws[draws["test"] == "slope"].iloc[0]
    first, last = one["placebo"].split(" | ")
    chain = Chain.from_mapping({"upstream": first.split(", "), "downstream": [last]})
    panel = published_panel(read_published(tmp_path / "indices.csv", source="nobody"), chain)
    rates = results.frames["panel"][["country", "year", "rd"]].drop_duplicates()
    mine = upstream_slope(panel.merge(rates, on=["country", "year"]), weights=results.weights, spec=results.spec)
    assert one["estimate"] == pytest.approx(mine.estimate, rel=1e-9)


def test_indices_without_sectors_have_no_placebo_chains(tmp_path: Path) -> None:
    with_more_sectors(tmp_path)
    frame = pd.read_csv(tmp_path / "indices.csv")
    stages = {"m1": "upstream", "e1": "downstream"}
    frame = frame[frame["sector"].isin(list(stages))]
    frame.assign(stage=frame["sector"].map(stages)).drop(columns="sector").to_csv(tmp_path / "stages.csv", index=False)
    words = r"robustness\.placebo_chains: the indices of nobody are published by stages, without a column sector"
    with pytest.raises(SpecificationError, match=words):
        Study.from_yaml(tmp_path / "study.yaml", ("tables.paths=[stages.csv]", "robustness={placebo_chains: {}}")).run()
    write(tmp_path)
    with pytest.raises(SpecificationError, match="0 sectors to draw from, and the chain has 3"):
        Study.from_yaml(tmp_path / "study.yaml", ("robustness={placebo_chains: {}}",)).run()
    published = read_published(tmp_path / "stages.csv", source="nobody")
    spec = load_spec(tmp_path / "study.yaml")
    with pytest.raises(InputError, match="without a column sector"):
        placebo_chains(lambda panel: pull_along(panel, spec=spec), published, Chain.from_yaml(tmp_path / "chain.yaml"))


@pytest.mark.slow
def test_adb72_runs_within_its_time(tmp_path: Path) -> None:
    """72 economies, six years, three sets of weights: at most 120 s of processor time, and the stated samples."""
    data = shared("adb_accounts").parent
    started = time.process_time()
    results = Study.from_yaml("adb72", data=data).run(tmp_path / "out")
    assert time.process_time() - started <= 120
    assert results.frames["moran"].groupby("stage")["n"].max().to_dict() == {
        "upstream": 72,
        "midstream": 71,
        "downstream": 72,
    }
    assert results.main.nobs == 60 * 6
    weights = results.frames["weights"].set_index("weights")
    assert weights["countries"].to_dict() == {"main": 72, "contiguity": 59, "trade": 43}
    assert (results.frames["published_identities"]["max_error"] < 1e-12).all()
    rules = results.frames["covariates"].set_index("variable")
    assert rules.loc["rd", ["observed", "filled", "missing"]].tolist() == [343, 33, 56]
    assert set(results.spec.report.countries) <= set(results.main.resids.index.get_level_values("country"))


@pytest.mark.slow
def test_adb62_runs_within_its_time(tmp_path: Path) -> None:
    """Sixty economies, 2007-2021, accounts without lengths: at most 180 s of processor time, and what cannot be run."""
    data = shared("adb_accounts").parent
    started = time.process_time()
    results = Study.from_yaml("adb62", data=data).run(tmp_path / "out")
    assert time.process_time() - started <= 180
    panel = results.frames["panel"]
    assert sorted(panel["year"].unique()) == list(range(2007, 2022))
    assert not {"upstreamness", "plv", "gvc_position"} & set(panel.columns)
    np.testing.assert_allclose(panel["direct_input_share"] + panel["va_rate"], 1.0, atol=1e-12)
    np.testing.assert_allclose(panel["direct_sales_share"] + panel["fgo"], 1.0, atol=1e-9)
    assert "direct_input_share" not in results.spec.panel.regressors
    assert results.main.nobs == 47 * 15
    assert results.frames["weights"].set_index("weights")["countries"].to_dict() == {"main": 60, "contiguity": 51}
    missing = results.frames["battery_not_run"]
    assert set(missing[missing["reason"].str.contains("needs tables")]["letter"]) == {"b", "f"}
    assert (results.frames["published_identities"]["max_error"] < 1e-12).all()
