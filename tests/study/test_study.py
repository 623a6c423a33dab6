"""A study from files to folder: complete, reproducible, whole or not at all."""

from __future__ import annotations

import json
import math
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from shapely import box

from gvcpos._core.errors import GvcposError, InputError, IslandWarning, LabelError, SpecificationError
from gvcpos._core.files import sha256
from gvcpos.chains import Chain
from gvcpos.spatial import Weights
from gvcpos.study import Study, StudyResults
from gvcpos.study.country_files import merge_covariates, read_covariates
from gvcpos.study.inputs import check_labels, gather
from gvcpos.study.pair_files import read_distances
from gvcpos.study.places import Places
from gvcpos.study.space import make_weights
from gvcpos.study.spec import ColumnFile, CovariatesBlock
from gvcpos.tables import polygons, synthetic_world
from tests.study.conftest import SMALL


def test_every_frame_table_and_figure_is_there(small_run: tuple[StudyResults, Path]) -> None:
    results, out = small_run
    for name, frame in results.frames.items():
        back = pd.read_parquet(out / "frames" / f"{name}.parquet")
        pd.testing.assert_frame_equal(back, frame.reset_index(drop=True), check_dtype=False, check_frame_type=False)
        assert len(pd.read_csv(out / "frames" / f"{name}.csv")) == len(frame)
    for path in [*(out / "frames").glob("*.csv"), *(out / "figures").glob("*.csv")]:
        assert pd.read_csv(path)["synthetic"].all(), path.name
    for name in ("models", "effects_delta", "specification_tests", "lockin_tests", "moran", "planted"):
        for ending in ("tex", "html", "txt"):
            assert "SYNTHETIC" in (out / "tables" / f"{name}.{ending}").read_text(encoding="utf-8")
    for name in ("dominance", "position_capture", "moran", "moran_scatter", "cluster_map", "effects", "planted"):
        for ending in ("png", "svg", "csv"):
            assert (out / "figures" / f"{name}.{ending}").stat().st_size > 100
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert results.verdict.sentence[:60] in summary
    assert "SYNTHETIC" in summary
    assert "Planted against estimated" in summary


def test_figures_name_stage_year_and_slopes(small_run: tuple[StudyResults, Path]) -> None:
    results, out = small_run
    spec, year = results.spec, results.frames["panel"]["year"].max()
    dots = pd.read_csv(out / "figures" / "position_capture.csv", keep_default_na=False)
    for test in results.verdict.tests:
        if "slope:" in test.name:
            own = dots[dots["stage"] == test.name.partition(": ")[2]]
            assert len(own) == test.nobs
            assert own["slope"].nunique() == 1
            assert math.isclose(own["slope"].iloc[0], test.estimate, rel_tol=1e-12)
    assert abs(dots.groupby(["stage", "country"])["va_rate"].mean()).max() < 1e-12
    assert results.local.name == f"va_rate, {spec.panel.stage} stage, {year}"
    summary = (out / "summary.md").read_text(encoding="utf-8")
    assert f"Shares of each stage's value added in {year}" in summary
    simulated = results.frames["effects"].query("errors == 'simulation'")
    assert (simulated["draws"] == spec.panel.simulations).all()
    said = (out / "tables" / "effects_simulation.html").read_text(encoding="utf-8")
    assert f"{int(simulated['rejected'].iloc[0])} of them left out" in said


def test_manifest_names_inputs_versions_and_outputs(small_run: tuple[StudyResults, Path]) -> None:
    results, out = small_run
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["synthetic"] is True
    assert manifest["seed"] == results.spec.seed
    assert manifest["versions"]["numpy"]
    inputs = {item["path"] for item in manifest["inputs"]}
    assert inputs == {"gvcpos:geo/capitals.csv", "gvcpos:geo/countries.geojson"}
    listed = {item["path"]: item["sha256"] for item in manifest["outputs"]}
    present = {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file()} - {"manifest.json"}
    assert set(listed) == present
    for path, digest in listed.items():
        assert sha256(out / path) == digest


def test_the_same_study_twice_gives_the_same_bytes(small_run: tuple[StudyResults, Path], tmp_path: Path) -> None:
    _, out = small_run
    again = tmp_path / "elsewhere" / "again"
    Study.from_yaml("demo", SMALL).run(again)
    first = {p.relative_to(out): sha256(p) for p in out.rglob("*") if p.is_file()}
    second = {p.relative_to(again): sha256(p) for p in again.rglob("*") if p.is_file()}
    assert first == second


def test_another_seed_gives_other_numbers(small_run: tuple[StudyResults, Path]) -> None:
    other = Study.from_yaml("demo", (*SMALL, "seed=8")).run()
    assert not other.frames["panel"]["va_rate"].equals(small_run[0].frames["panel"]["va_rate"])


def test_estimates_are_those_of_the_models(small_run: tuple[StudyResults, Path]) -> None:
    results, _ = small_run
    table = results.frames["coefficients"].set_index(["model", "term"])
    for name, fit in results.models.items():
        for term, value in fit.params.items():
            assert table.loc[(name, term), "parameter"] == value
    planted = results.frames["planted"].set_index(["parameter", "stage"])
    assert math.isclose(
        planted.loc[("slope", "upstream"), "estimate"], results.main.params["upstreamness"], rel_tol=1e-9
    )


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(InputError, match="not gvcpos results"):
        Study.from_yaml("demo", SMALL).run(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_of_the_user_in_the_results_is_not_lost(
    small_run: tuple[StudyResults, Path],
) -> None:
    _, out = small_run
    note = out / "note.txt"
    note.write_text("mine")
    try:
        with pytest.raises(InputError, match=r"note.txt, which a new run would delete"):
            Study.from_yaml("demo", SMALL).run(out)
    finally:
        note.unlink()


def test_a_failed_run_leaves_the_earlier_results(
    small_run: tuple[StudyResults, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, out = small_run
    before = {p: sha256(p) for p in out.rglob("*") if p.is_file()}

    def broken(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("gvcpos.study.output.make_manifest", broken)
    with pytest.raises(OSError, match="disk full"):
        Study.from_yaml("demo", SMALL).run(out)
    assert {p: sha256(p) for p in out.rglob("*") if p.is_file()} == before
    assert [p.name for p in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["panel.regressors=[upstreamnes]"], "upstreamnes"),
        (["panel.stage=up"], "up"),
        (["lockin.downstream=end"], "end"),
        (["chain.map=adb35"], "c2"),
        (["space.moran=[nothing]"], "nothing"),
        (["panel.regressors=[synthetic]"], "synthetic"),
        (["exclude=[ROW, RWO]"], "exclude: RWO not in the study"),
        (["report.countries=[CHN, ZZZ]"], "report.countries: ZZZ not in the study"),
        (["space.moran=[]"], "space.moran"),
        (["space.moran=[country]"], "country names the rows"),
    ],
)
def test_names_that_do_not_exist_are_named(settings: list[str], words: str, tmp_path: Path) -> None:
    with pytest.raises(GvcposError, match=words):
        Study.from_yaml("demo", (*SMALL, *settings)).run(tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_data_folder_is_asked_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("GVCPOS_SHARED", raising=False)
    with pytest.raises(InputError, match=r"needs a data folder .*--data"):
        Study.from_yaml("wiod2013").run()
    with pytest.raises(InputError, match="no such folder"):
        Study.from_yaml("wiod2013", data=tmp_path / "absent")
    with pytest.raises(InputError, match="no file matches"):
        Study.from_yaml("wiod2013", data=tmp_path).run()


def test_world_chain_goes_with_the_synthetic_world(tmp_path: Path) -> None:
    world = synthetic_world(seed=1, countries=8, years=range(2007, 2010))
    for table in world.tables:
        table.save(tmp_path / f"world_{table.year}.arrow")
    study = Study.from_yaml("demo", ["tables={kind: files, paths: ['world_*.arrow']}"])
    study = Study(study.spec, folder=tmp_path)
    with pytest.raises(SpecificationError, match=r"chain.map = 'world' goes with synthetic tables only"):
        study.run()


def test_planted_rows_are_only_those_that_were_estimated() -> None:
    results = Study.from_yaml("demo", (*SMALL, "lockin.upstream=midstream", "lockin.capture=rca")).run()
    assert set(results.frames["planted"]["parameter"]) == {"dominant_share_first", "dominant_share_last"}
    without = Study.from_yaml("demo", (*SMALL, "exclude=[CHN]", "report.countries=[USA]", "lockin.countries=[]")).run()
    assert "dominant_share_first" not in set(without.frames["planted"]["parameter"])


@pytest.mark.parametrize(
    "weights",
    [
        "{kind: knn, k: 4}",
        "{kind: linkage, base_year: 2007}",
        "{kind: inverse_distance, power: 2, cutoff: 9000}",
    ],
)
def test_every_kind_of_weights_runs(weights: str) -> None:
    results = Study.from_yaml("demo", (*SMALL, f"space.weights={weights}", "panel.effects=entity")).run()
    assert results.weights.n == 20
    assert results.main.params.notna().all()


def test_contiguity_names_its_islands() -> None:
    with pytest.raises(InputError, match=r"4 of 20 units have no neighbours: AUS, JPN, KOR, GBR"):
        Study.from_yaml("demo", (*SMALL, "space.weights={kind: contiguity}")).run()


class TestPolygonsMeetTheStudy:
    """By iso3: missing, extra and duplicated ones are named, order is nothing."""

    def shapes(self) -> gpd.GeoDataFrame:
        return polygons(synthetic_world(seed=1, countries=20, years=range(2007, 2010)).countries).reset_index()

    def meet(self, frame: gpd.GeoDataFrame, folder: Path, extra: str = "") -> tuple[Weights, gpd.GeoDataFrame]:
        frame.to_file(folder / "shapes.geojson", driver="GeoJSON")
        settings = (
            *SMALL,
            f"space.polygons={{path: '{folder / 'shapes.geojson'}' {extra}}}",
            "space.weights={kind: contiguity, islands: keep}",
        )
        spec = Study.from_yaml("demo", settings).spec
        inputs = gather(spec, Places(folder, None))
        countries, shapes = check_labels(spec, inputs)
        with pytest.warns(IslandWarning):
            return make_weights(spec, inputs, countries, shapes), shapes

    def test_missing(self, tmp_path: Path) -> None:
        shapes = self.shapes()
        with pytest.raises(LabelError, match=r"no polygon of JPN, VNM in .*shapes\.geojson"):
            self.meet(shapes[~shapes["iso3"].isin(["JPN", "VNM"])], tmp_path)

    def test_duplicated(self, tmp_path: Path) -> None:
        shapes = self.shapes()
        twice = pd.concat([shapes, shapes[shapes["iso3"].isin(["AUS", "CHN"])]])
        with pytest.raises(LabelError, match=r"several polygons of CHN, AUS\..*dissolve: \[CHN, AUS\]"):
            self.meet(twice, tmp_path)
        with pytest.raises(LabelError, match=r"several polygons of CHN\."):
            self.meet(twice, tmp_path, ", dissolve: [AUS]")
        with pytest.raises(LabelError, match=r"no such polygon in .*dissolve\): XYZ"):
            self.meet(twice, tmp_path, ", dissolve: [AUS, CHN, XYZ]")

    def test_extra(self, tmp_path: Path) -> None:
        more = pd.concat([polygons(["TUR", "CHE"]).reset_index(), self.shapes()])
        with pytest.raises(LabelError, match=r"polygons of TUR, CHE, .* Set space\.polygons\.extra: drop"):
            self.meet(more, tmp_path)

    def test_shuffled_cut_up_and_with_others_behind_changes_nothing(self, tmp_path: Path) -> None:
        """Shared borders of a file in another order, with China in two parts and more countries."""
        plain, _ = self.meet(self.shapes(), tmp_path)
        other = polygons().sample(frac=1, random_state=3).reset_index()
        china = other[other["iso3"] == "CHN"]
        west = box(0, -90, 105, 90)
        halves = [china.assign(geometry=part) for part in (china.intersection(west), china.difference(west))]
        mixed = pd.concat([halves[0], other[other["iso3"] != "CHN"], halves[1]], ignore_index=True)
        found, shapes = self.meet(mixed, tmp_path, ", dissolve: [CHN], extra: drop")
        assert found.ids == plain.ids
        assert (found.dense() == plain.dense()).all()
        assert len(shapes) == 60

    def test_another_column_and_no_polygons(self, tmp_path: Path) -> None:
        renamed = self.shapes().rename(columns={"iso3": "code"})
        with pytest.raises(InputError, match=r"shapes\.geojson: no column iso3"):
            self.meet(renamed, tmp_path)
        assert len(self.meet(renamed, tmp_path, ", country: code")[1]) == 20
        (tmp_path / "no.geojson").write_text("no")
        with pytest.raises(InputError, match=r"no\.geojson: not a file of polygons"):
            Study.from_yaml("demo", (*SMALL, f"space.polygons={{path: '{tmp_path / 'no.geojson'}'}}")).run()

    def test_before_anything_is_computed(self, tmp_path: Path) -> None:
        self.shapes().query("iso3 != 'JPN'").to_file(tmp_path / "few.geojson", driver="GeoJSON")
        told: list[str] = []
        with pytest.raises(LabelError, match="no polygon of JPN"):
            Study.from_yaml("demo", (*SMALL, f"space.polygons={{path: '{tmp_path / 'few.geojson'}'}}")).run(
                progress=lambda step, _done, _total: told.append(step)
            )
        assert told == []


def test_weights_are_made_before_the_accounts() -> None:
    told: list[str] = []
    with pytest.raises(InputError, match="no table of 1990"):
        Study.from_yaml("demo", (*SMALL, "space.weights={kind: linkage, base_year: 1990}")).run(
            progress=lambda step, _done, _total: told.append(step)
        )
    assert told == []


def test_a_country_dropped_for_one_covariate_is_told_on_top(tmp_path: Path) -> None:
    """The reason is the covariate and the year, not a stage without output."""
    settings = (*SMALL, "tables.countries=12")
    world = synthetic_world(seed=2025, countries=12, years=range(2007, 2014))
    covariates = world.covariates
    covariates.loc[(covariates["country"] == "DEU") & (covariates["year"] == 2010), "rd_intensity"] = float("nan")
    covariates.assign(year=covariates["year"].astype(float)).to_csv(tmp_path / "c.csv", index=False)
    study = Study.from_yaml("demo", (*settings, f"covariates={{path: '{tmp_path / 'c.csv'}'}}"))
    results = study.run(tmp_path / "out")
    summary = (tmp_path / "out" / "summary.md").read_text(encoding="utf-8").replace("\\", "")
    top = summary[: summary.index("## What was run")]
    reason = "1 of 12 countries dropped, as a spatial panel needs every year: DEU (no rd_intensity in 2010)."
    assert f"Upstream: va_rate on upstreamness, rd_intensity: {reason}" in top
    assert reason in results.headline()
    assert "without output" not in summary
    assert results.main.nobs == 11 * 7
    assert "Herfindahl–Hirschman index of upstream value added is" in summary


@pytest.mark.parametrize(
    ("years", "words"),
    [
        (["2007", "2008"], ""),
        ([2007.0, 2008.0], ""),
        ([2007.5, 2008], r"2007\.5'? \(row 1\)"),
        ([2007, "y08"], r"'y08' \(row 2\)"),
    ],
)
def test_years_of_covariates(tmp_path: Path, years: list[object], words: str) -> None:
    pd.DataFrame({"country": "NA", "year": years, "rd": 1.0}).astype({"year": str}).to_parquet(tmp_path / "c.parquet")
    pd.DataFrame({"country": "NA", "year": years, "rd": 1.0}).to_csv(tmp_path / "c.csv", index=False)
    for name in ("c.parquet", "c.csv"):
        if words:
            with pytest.raises(InputError, match=rf"{name}, column year: .*{words}, where a year was expected"):
                read_covariates(CovariatesBlock(path=name), Places(tmp_path, None))
        else:
            frame = read_covariates(CovariatesBlock(path=name), Places(tmp_path, None))
            assert frame["year"].tolist() == [2007, 2008]
            assert frame["country"].tolist() == ["NA", "NA"]


def test_a_chain_file_without_boundaries(tmp_path: Path) -> None:
    world = synthetic_world(seed=2025, countries=8, years=range(2007, 2010))
    (tmp_path / "chain.yaml").write_text(Chain.from_mapping(world.chain).to_yaml())
    settings = f"chain={{map: '{tmp_path / 'chain.yaml'}', boundary: smelting_upstream}}"
    with pytest.raises(SpecificationError, match=r"chain\.map = .*smelting_upstream.* the chain has no boundaries"):
        Study.from_yaml("demo", (*SMALL, settings)).run()


def test_the_results_folder_is_checked_before_anything_is_computed(tmp_path: Path) -> None:
    (tmp_path / "afile").write_text("mine")
    told: list[str] = []
    with pytest.raises(InputError, match="afile is a file"):
        Study.from_yaml("demo", SMALL).run(tmp_path / "afile" / "a" / "b", progress=lambda s, _d, _t: told.append(s))
    assert told == []


@pytest.fixture
def panel_and_covariates() -> tuple[pd.DataFrame, pd.DataFrame]:
    panel = pd.DataFrame({"country": ["AAA", "BBB", "NA"] * 2, "year": [2000] * 3 + [2001] * 3, "va": range(6)})
    return panel, panel[["country", "year"]].assign(rd=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])


def test_covariates_meet_the_panel_by_label(panel_and_covariates: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    panel, covariates = panel_and_covariates
    merged = merge_covariates(panel, covariates, "error")
    shuffled = merge_covariates(panel, covariates.sample(frac=1, random_state=3), "error")
    pd.testing.assert_frame_equal(merged, shuffled)
    with pytest.raises(LabelError, match="duplicated labels: BBB 2000"):
        merge_covariates(panel, pd.concat([covariates, covariates.iloc[[1]]]), "error")
    with pytest.raises(LabelError, match="covariates lack NA 2001"):
        merge_covariates(panel, covariates.iloc[:-1], "error")
    extra = pd.concat([covariates, pd.DataFrame({"country": ["CCC"], "year": [2000], "rd": [0.0]})])
    with pytest.raises(LabelError, match="covariates have CCC"):
        merge_covariates(panel, extra, "error")
    pd.testing.assert_frame_equal(merge_covariates(panel, extra, "drop"), merged)


def test_distances_with_another_country(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("origin,destination,distance\nAAA,NA,1\nNA,AAA,1\nAAA,CCC,2\n")
    places = Places(tmp_path, None)
    with pytest.raises(LabelError, match="distances of CCC, which are not in the study"):
        read_distances(ColumnFile(path="d.csv"), places, ["AAA", "NA"])
    kept = read_distances(ColumnFile(path="d.csv", extra="drop"), places, ["AAA", "NA"])
    assert kept["origin"].tolist() == ["AAA", "NA"]
    with pytest.raises(InputError, match=r"d.csv: no column km"):
        read_distances(ColumnFile(path="d.csv", value="km"), places, ["AAA", "NA"])
