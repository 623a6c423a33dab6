"""Errors in the data, placebo chains and permuted maps as a study runs them, and what it refuses."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos.report.figures import save_figure
from gvcpos.study import Study, StudyResults
from gvcpos.study.loading import find_study, load_spec
from gvcpos.study.placebos import placebo_figures, placebo_lines
from gvcpos.study.uncertain_output import uncertainty_figures, uncertainty_lines, uncertainty_tables
from gvcpos.uncertainty import CellErrors
from tests.study.test_published_study import write

QUICK = (
    "tables={kind: synthetic, countries: 14, last_year: 2013, sectors: 13}", "space.permutations=99",
    "space.local_permutations=99", "panel.models=[slx, sdm]", "panel.path=false", "panel.simulations=100",
    "lockin.tests=[]", "lockin.countries=[]",
)  # fmt: skip
ERRORS = "uncertainty={draws: 4, cells: {relative: 0.05, between_years: 0.5}, covariates: {rd_intensity: 0.1}}"


PLACEBOS = "robustness={placebo_chains: {draws: 9}, permuted_weights: {draws: 9}}"
LOOK = {"source": "nobody", "synthetic": True}


@pytest.fixture(scope="module")
def run() -> StudyResults:
    return Study.from_yaml("demo", (*QUICK, ERRORS, PLACEBOS)).run()


def test_intervals_have_the_data_s_errors(run: StudyResults, tmp_path: Path) -> None:
    results = run
    frame = results.frames["uncertainty"]
    coefficients = results.frames["coefficients"]
    own = (coefficients["model"] + ": " + coefficients["term"]).tolist()
    of_models = frame[frame["what"] == "coefficient"]
    assert of_models["parameter"].tolist() == own
    np.testing.assert_allclose(of_models["published"], coefficients["parameter"], rtol=1e-6, atol=1e-9)
    effects = frame[frame["what"] == "effect"].set_index("parameter")["published"]
    delta = results.frames["effects"].query("errors == 'delta'").set_index(["effect", "variable"])["estimate"]
    assert effects["sdm: total rd_intensity"] == pytest.approx(delta["total", "rd_intensity"], rel=1e-6)
    slope = results.verdict["position–capture slope: upstream"]
    test = frame[frame["parameter"] == slope.name].iloc[0]
    assert test["published"] == pytest.approx(slope.estimate, rel=1e-6)
    total = frame["within"] ** 2 + (1 + 1 / 4) * frame["between"] ** 2
    np.testing.assert_allclose(frame["std_error"], np.sqrt(total), rtol=1e-12)
    np.testing.assert_allclose(frame["corrected"], 2 * frame["published"] - frame["pooled"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        frame["corrected_upper"] - frame["corrected"], frame["upper"] - frame["pooled"], rtol=1e-9
    )
    assert (frame["between"] > 0).all()
    drawn = results.frames["uncertainty_draws"]
    means = drawn.groupby("parameter")["estimate"].mean()
    pooled = frame.groupby("parameter")["pooled"].first()
    np.testing.assert_allclose(means, pooled, rtol=1e-9)
    said = "\n".join(uncertainty_lines(results))
    for words in ("5 % of a cell", "rd_intensity (0.1)", "4 draws", "sdm: upstreamness", "pull-through", "corrected"):
        assert words in said, words
    drawn = list(uncertainty_figures(results, LOOK))
    assert [name for name, _, _ in drawn] == ["uncertainty", "uncertainty_stages"]
    for name, make, shown in drawn:
        save_figure(make(), tmp_path / name, data=shown)
        assert (tmp_path / f"{name}.png").stat().st_size > 1000
    stages = results.frames["uncertainty_stages"].set_index(["country", "stage", "index"])
    panel = results.frames["panel"].query("year == 2013").set_index(["country", "stage"])
    for index in ("upstreamness", "va_rate", "va_share"):
        own = stages.xs(index, level="index")
        np.testing.assert_allclose(own["estimate"], panel[index].reindex(own.index), rtol=1e-9)
        assert (own["std_error"] > 0).all()
    ranks = results.frames["dominance_ranks"]
    assert "dominance_draws" not in results.frames
    assert (ranks["draws"] == 4).all()
    assert ranks["errors"].str.contains("5 % of a cell").all()
    assert (ranks["rank_low"] <= ranks["rank_high"]).all()
    ((_, table),) = uncertainty_tables(results)
    assert "SYNTHETIC" in table.to_text()


def test_placebos_stand_beside_the_study_s_own(run: StudyResults, tmp_path: Path) -> None:
    results = run
    found = results.frames["placebos"].set_index(["placebos", "test"])
    assert found.index.tolist() == [("chains", "slope"), ("chains", "pull-through"), ("maps", "slope"), ("maps", "rho")]
    slope = results.verdict["position–capture slope: upstream"]
    pull = results.verdict.tests[-1]
    rho = slope.details["coefficients"].set_index("regressor").loc["rho", "estimate"]
    own = [slope.estimate, pull.estimate, slope.estimate, rho]
    np.testing.assert_allclose(found["estimate"], own, rtol=1e-9)
    draws = results.frames["placebo_draws"]
    chains = draws[(draws["placebos"] == "chains") & (draws["test"] == "slope")]["placebo"]
    assert chains.is_unique
    assert not chains.str.contains("mining|refining|components|equipment").any()
    assert draws[draws["placebos"] == "maps"].groupby("test").size().tolist() == [9, 9]
    for key, row in found.iterrows():
        mine = draws[(draws["placebos"] == key[0]) & (draws["test"] == key[1])]["estimate"]
        centre = mine.median()
        far = (mine - centre).abs() >= abs(row["estimate"] - centre)
        assert row["pvalue"] == pytest.approx((1 + far.sum()) / 10)
    assert len(placebo_lines(results.frames)) == 4
    ((name, make, shown),) = placebo_figures(results, LOOK)
    save_figure(make(), tmp_path / name, data=shown)
    assert (tmp_path / "placebos.png").stat().st_size > 1000


def test_more_draws_keep_the_first_ones(run: StudyResults, monkeypatch: pytest.MonkeyPatch) -> None:
    for needless in ("smile_points", "stage_flows"):  # only b and f need them
        monkeypatch.delattr(f"gvcpos.study.chain_flows.{needless}")
    fewer = (*QUICK, ERRORS.replace("draws: 4", "draws: 2"), "lockin.controls=[]", "lockin.tests=[a]")
    again = Study.from_yaml("demo", fewer).run()
    first = run.frames["uncertainty_draws"].query("draw < 2 and what == 'coefficient'").reset_index(drop=True)
    second = again.frames["uncertainty_draws"].query("what == 'coefficient'").reset_index(drop=True)
    pd.testing.assert_frame_equal(first, second)
    assert "placebos" not in again.frames
    assert again.frames["battery_drawn"]["letter"].tolist() == ["a"]


def test_published_indices_take_errors_of_covariates_only(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "covariates.csv"
    frame = pd.read_csv(path)
    frame.assign(se=0.1 * frame["spending"].fillna(1.0)).to_csv(path, index=False)
    quick = ("lockin.tests=[]", "panel.path=false", "space.variants={}", "robustness=null", "lockin.countries=[]")
    study = tmp_path / "study.yaml"
    results = Study.from_yaml(study, (*quick, "uncertainty={cells: null, draws: 3, covariates: {rd: se}}")).run()
    found = results.frames["uncertainty"].set_index("parameter")
    assert found.loc["sdm: rd", "between"] > 0
    assert found.loc["sdm: upstreamness", "published"] == pytest.approx(results.main.params["upstreamness"])
    assert "tables taken as exact" in found["errors"].iloc[0]
    for setting, words in {
        "uncertainty={}": "published indices have no tables whose cells",
        "uncertainty={cells: null, covariates: {gdp: 0.1}}": "gdp not among the study's variables \\(rd\\)",
    }.items():
        with pytest.raises(SpecificationError, match=words):
            Study.from_yaml(study, (*quick, setting)).run()
    with pytest.raises(InputError, match="no column nothere"):
        Study.from_yaml(study, (*quick, "uncertainty={cells: null, covariates: {rd: nothere}}")).run()


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("robustness={placebo_chains: {among: [tin]}}", "robustness.placebo_chains.among): tin"),
        ("robustness={boundaries: [early]}", "robustness.boundaries = early: the synthetic world's own chain has none"),
        ("uncertainty={cells: {countries: {QQQ: 2.0}}}", "uncertainty.cells.countries): QQQ"),
        ("uncertainty={cells: {sectors: {tin: 2.0}}}", "uncertainty.cells.sectors): tin"),
        ("tables.sectors=7", "3 sectors to draw from, and the chain has 4"),
        ("panel.regressors=[rca_va]", "uncertainty: rca_va cannot be drawn with the tables. What can: x, va, va_rate"),
        ("uncertainty={covariates: {gdp: 0.1}}", "gdp not among the study's variables (rd_intensity"),
    ],
)
def test_names_are_checked_before_anything_is_computed(setting: str, words: str) -> None:
    told: list[str] = []
    with pytest.raises((LabelError, SpecificationError), match=re.escape(words)):
        Study.from_yaml("demo", (*QUICK, ERRORS, PLACEBOS, setting)).run(
            progress=lambda step, _d, _t: told.append(step)
        )
    assert told == []


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("uncertainty={draws: 1}", "uncertainty.draws = 1: must be at least 2"),
        ("uncertainty={cells: {relative: -0.1}}", "uncertainty.cells.relative = -0.1: must be at least 0"),
        ("uncertainty={cells: {kind: cauchy}}", "must be 'log-normal' or 'normal'"),
        ("uncertainty={cells: {common_country: 0.6, common_sector: 0.6}}", "their sum is at most 1"),
        ("uncertainty={cells: {totals: 0.1}}", "totals goes with closure ras"),
        ("uncertainty={cells: null}", "neither cells nor covariates have errors"),
        ("uncertainty={covariates: {rd: -0.1}}", "a relative error must be a finite number of at least 0"),
        ("uncertainty={covariates: {rd: [1]}}", "must be a relative error, or the name of a column"),
        ("uncertainty={error: 0.1}", "unknown key uncertainty.error. Allowed here: cells, covariates, draws"),
        ("robustness={placebo_chains: {draws: 3}}", "robustness.placebo_chains.draws = 3: must be at least 9"),
        ("robustness={permuted_weights: 99}", "must be a block of keys: draws"),
    ],
)
def test_wrong_settings_are_named(setting: str, words: str) -> None:
    with pytest.raises(SpecificationError, match=re.escape(words)):
        load_spec(find_study("demo"), [setting])


def test_the_blocks_are_off_and_say_what_the_wing_says() -> None:
    spec = load_spec(find_study("demo"))
    assert spec.uncertainty is None
    robust = load_spec(find_study("demo"), ["robustness={}"]).robustness
    assert robust is not None
    assert robust.placebo_chains is robust.permuted_weights is None
    block = load_spec(find_study("demo"), ["uncertainty={}"]).uncertainty
    assert block is not None
    assert block.cells is not None
    assert block.cells.assumed() == CellErrors()
