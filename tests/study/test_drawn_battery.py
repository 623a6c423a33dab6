"""The verdict on drawn data: the same where nothing is wrong with them, counted where something is."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.study import Study, StudyResults
from gvcpos.study.drawn_battery import drawn_lines
from gvcpos.study.uncertain_output import verdict_lines
from tests.study.test_data_errors import QUICK

BATTERY = (*QUICK[:-2], "lockin.tests=[a, c, e, f, g]", "lockin.countries=[AUS]", "lockin.draws=99")
SHARES = ["lock_in", "upgrading", "neither", "not_run"]


def ran(errors: str) -> StudyResults:
    return Study.from_yaml("demo", (*BATTERY, f"uncertainty={{{errors}}}")).run()


@pytest.fixture(scope="module")
def exact() -> StudyResults:
    return ran("draws: 2, cells: {relative: 0.0}, stages: false")


def test_exact_data_say_the_same_in_every_draw(exact: StudyResults) -> None:
    frame, agreed = exact.frames["battery_drawn"], exact.frames["battery_agreement"]
    spoke = agreed[(agreed["evidence"] != "not run") & ~agreed["letter"].isin(["b", "f"])].reset_index(drop=True)
    assert frame[["scope", "letter", "test", "evidence"]].equals(spoke[["scope", "letter", "test", "evidence"]])
    assert set(frame["letter"]) == set("aceg")
    assert set(frame["scope"]) == {"world", "AUS"}
    assert (frame["same"] == 1.0).all()
    np.testing.assert_allclose(frame["pvalue_median"], frame["pvalue"], rtol=1e-9)
    np.testing.assert_allclose(frame["pvalue"], spoke["pvalue"], rtol=1e-12)
    assert (frame[SHARES].sum(axis=1) == 1.0).all()


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
    (said,) = drawn_lines(frame, ["b", "f"])
    first, second = frame["letter"]
    assert f"{first} " in said
    assert "speaks for lock-in in 7 of 10 draws (shows neither in 3)" in said
    assert f"{second}: neither in at least nine of ten draws" in said
    assert said.endswith("b and f need whole tables and are not drawn.")
    assert drawn_lines(frame, ["f"])[0].endswith("f needs whole tables and is not drawn.")
    assert "whole tables" not in drawn_lines(frame)[0]
    (world, last) = verdict_lines(exact)
    assert last.endswith("f needs whole tables and is not drawn.")  # b was not asked for
    assert "whole tables" not in world
