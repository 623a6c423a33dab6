"""The verdict on drawn data: the same where nothing is wrong with them, counted where something is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos.lockin import Verdict
from gvcpos.study import Study, StudyResults
from gvcpos.study.chain_flows import ChainFlows, ChainTraces, KeptFlows
from gvcpos.study.drawn_battery import Draw, drawn_battery, drawn_lines
from gvcpos.study.inputs import gather
from gvcpos.study.places import Places
from gvcpos.study.uncertain_output import verdict_lines
from gvcpos.uncertainty import CellErrors, drawn_panels
from tests.study.test_data_errors import QUICK

BATTERY = (*QUICK[:-2], "lockin.tests=[a, b, c, e, f, g]", "lockin.countries=[AUS]", "lockin.draws=99")
SHARES = ["lock_in", "upgrading", "neither", "not_run"]


def ran(errors: str) -> StudyResults:
    return Study.from_yaml("demo", (*BATTERY, f"uncertainty={{{errors}}}")).run()


@pytest.fixture(scope="module")
def exact() -> StudyResults:
    return ran("draws: 2, cells: {relative: 0.0}, stages: false")


def test_exact_data_say_the_same_in_every_draw(exact: StudyResults) -> None:
    frame, agreed = exact.frames["battery_drawn"], exact.frames["battery_agreement"]
    spoke = agreed[agreed["evidence"] != "not run"].reset_index(drop=True)
    assert frame[["scope", "letter", "test", "evidence"]].equals(spoke[["scope", "letter", "test", "evidence"]])
    assert set(frame["letter"]) == set("abcefg")
    assert set(frame["scope"]) == {"world", "AUS"}
    assert (frame["same"] == 1.0).all()
    np.testing.assert_allclose(frame["pvalue_median"], frame["pvalue"], rtol=1e-9)
    np.testing.assert_allclose(frame["pvalue"], spoke["pvalue"], rtol=1e-12)
    assert (frame[SHARES].sum(axis=1) == 1.0).all()


def of_tables(results: StudyResults) -> Verdict:
    """Return the verdict with the tests alone that need whole tables."""
    battery = results.verdict.battery
    return replace(results.verdict, battery=replace(battery, runs=tuple(r for r in battery.runs if r.letter in "bf")))


def again(results: StudyResults, draws: Sequence[Draw]) -> pd.DataFrame:
    """Run them on drawn data."""
    return drawn_battery(results.spec, of_tables(results), results.weights, draws, lambda: None)


def drawn(results: StudyResults, relative: float) -> list[Draw]:
    """Draw the tables of a study twice."""
    inputs = gather(results.spec, Places(Path(), None))
    kept = KeptFlows(ChainTraces.of(results.spec, inputs.chain, "bf"), "upstream")
    panels = drawn_panels(inputs.series, inputs.chain, CellErrors(relative), draws=2, beside=kept.add)
    return [Draw(panels.frame(d), kept.of(d)) for d in (1, 2)]


def shuffled(frame: pd.DataFrame | None) -> pd.DataFrame:
    assert frame is not None
    return frame.sample(frac=1.0, random_state=5)


def test_smile_and_flows_are_drawn_in_any_order(exact: StudyResults) -> None:
    draws = drawn(exact, 0.3)
    found = again(exact, draws)
    assert found["letter"].tolist() == ["b", "f", "b", "f"]
    assert (found["pvalue_median"] - found["pvalue"]).abs().min() > 1e-4
    mixed = [Draw(shuffled(d.panel), ChainFlows(shuffled(d.flows.points), shuffled(d.flows.flows))) for d in draws]
    pd.testing.assert_frame_equal(again(exact, mixed[::-1]), found, rtol=1e-8)


@pytest.mark.slow
def test_tables_without_errors_have_their_own_flows_in_every_draw() -> None:
    frame = ran("draws: 2, cells: null, covariates: {rd_intensity: 0.2}").frames["battery_drawn"]
    assert set(frame["letter"]) == set("abcefg")
    own = frame[frame["letter"].isin(["b", "f"])]
    np.testing.assert_array_equal(own["pvalue_median"], own["pvalue"])


@pytest.mark.slow
def test_large_errors_change_what_tests_say(exact: StudyResults) -> None:
    frame = ran("draws: 4, cells: {relative: 0.6}, stages: false").frames["battery_drawn"]
    assert (frame["draws"] == 4).all()
    assert not np.allclose(frame["pvalue_median"], exact.frames["battery_drawn"]["pvalue_median"])
    np.testing.assert_allclose(frame[SHARES].sum(axis=1), 1.0)
    column = {"lock-in": "lock_in", "upgrading": "upgrading", "none": "neither"}
    own = [row[column[row["evidence"]]] for row in frame.to_dict("records")]
    np.testing.assert_array_equal(frame["same"], own)
    assert "battery_drawn" not in ran("draws: 2, cells: {relative: 0.0}, stages: false, battery: false").frames


def test_lines_say_what_changes(exact: StudyResults) -> None:
    frame = exact.frames["battery_drawn"].query("scope == 'world'").head(2).copy()
    frame[["evidence", "same", "lock_in", "neither", "upgrading", "draws"]] = [
        ["lock-in", 0.7, 0.7, 0.3, 0.0, 10],
        ["none", 0.9, 0.1, 0.9, 0.0, 10],
    ]
    (said,) = drawn_lines(frame)
    first, second = frame["letter"]
    assert f"{first} " in said
    assert "speaks for lock-in in 7 of 10 draws (shows neither in 3)" in said
    assert said.endswith(f"{second}: neither in at least nine of ten draws.")
    assert [line.split(",")[0] for line in verdict_lines(exact)] == ["For world", "For AUS"]
