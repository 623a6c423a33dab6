"""The battery: every test and scope is there, as a result or as a reason; adjustment; who agrees with whom."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos.lockin import LockInTest, lock_in
from gvcpos.lockin.battery import LETTERS, Entry, chosen_letters, run_battery, side
from gvcpos.lockin.common.results import adjust, infer
from gvcpos.lockin.common.scope import ScopeLike
from gvcpos.lockin.entries import ENTRIES, Case
from tests.lockin import worlds


def made(estimate: float, evidence: str) -> LockInTest:
    result = infer(estimate, 1.0, None)
    return LockInTest.of(
        result,
        name="t",
        null="nothing",
        alternative="something",
        level=0.05,
        nobs=1,
        ncountries=1,
        sentence="s",
        evidence=evidence,
    )


def fails(case: Case, scope: ScopeLike) -> LockInTest:
    raise EstimationError("too few years")


PLAN = (
    Entry("a", "one", lambda case, scope: made(-4.0, "lock-in")),
    Entry("c", "two", lambda case, scope: made(2.2, "upgrading")),
    Entry("c", "three", lambda case, scope: made(0.1, "none")),
    Entry("e", "four", fails),
    Entry("g", "five", lambda case, scope: made(0.5, "none")),
)


def run(scopes: tuple[ScopeLike, ...] = (None,)):
    told: list[tuple[str, int, int]] = []
    case = Case(panel=worlds.panel(1, n=6, years=5))
    battery = run_battery(case, PLAN, scopes, on_test=lambda *what: told.append(what))
    return battery, told


def test_every_entry_has_a_row_or_a_reason() -> None:
    battery, told = run((None, "C01", {"two": ["C01", "C02"]}))
    assert [t[1:] for t in told] == [(i, 15) for i in range(1, 16)]
    frame, missing = battery.to_frame(), battery.not_run()
    assert len(frame) + len(missing) == 15
    assert missing[["letter", "scope", "reason"]].to_numpy().tolist() == [
        ["e", scope, "too few years"] for scope in ("world", "C01", "two")
    ]
    assert frame.loc[frame["scope"] == "two", "first"].tolist() == [True, True, False, True]


def test_adjustment_is_holms_and_within_a_scope() -> None:
    battery, _ = run((None, "C01"))
    for _, part in battery.to_frame().groupby("scope"):
        p = np.sort(part["pvalue"].to_numpy())
        by_hand = np.minimum(np.maximum.accumulate(p * np.arange(4, 0, -1)), 1)
        np.testing.assert_allclose(np.sort(part["pvalue_holm"]), by_hand, rtol=1e-12)
        assert (part["pvalue_fdr"] >= part["pvalue"]).all()
    assert adjust(pd.Series([np.nan, 0.01]), "holm").tolist()[1] == 0.01


def test_the_sentence_names_who_agrees_and_who_does_not() -> None:
    battery, _ = run()
    said = battery.sentence()
    assert "a two axes (p < 0.001) speaks for lock-in" in said
    assert "c position and capture (p = 0.028) speaks for upgrading" in said
    assert "g convergence and thresholds shows neither" in said
    assert "e pull-through could not be run" in said
    assert "Adjusted for 3 tests (Holm), a still does." in said
    table = battery.agreement().set_index("letter")
    assert table["evidence"].to_dict() == {"a": "lock-in", "c": "upgrading", "e": "not run", "g": "none"}
    assert table["survives"].to_dict() == {"a": True, "c": False, "e": False, "g": False}
    assert "pvalue_holm" not in table
    by_hand = adjust(table["pvalue"], "holm")  # over the first tests of the letters
    np.testing.assert_array_equal(table["pvalue_holm_letters"], by_hand)
    every = battery.to_frame().set_index("letter")  # over all tests of the scope
    assert every.loc["a", "pvalue_holm"] > table.loc["a", "pvalue_holm_letters"]


def test_the_other_side_of_a_one_sided_test_has_its_own_p_value() -> None:
    upgrading = replace(made(1.0, "upgrading"), pvalue=0.99)
    assert side(upgrading) == pytest.approx(0.01)
    assert side(replace(made(1.0, "none"), pvalue=0.99)) == 0.99
    assert side(replace(made(1.0, "upgrading"), pvalue=0.02)) == 0.02


def test_the_next_test_speaks_where_the_first_cannot_be_run() -> None:
    plan = (Entry("e", "one", fails), Entry("e", "two", lambda case, scope: made(-4.0, "lock-in")))
    case = Case(panel=worlds.panel(1, n=6, years=5))
    battery = run_battery(case, plan, (None,), on_test=lambda *what: None)
    assert battery.agreement()[["test", "evidence"]].to_numpy().tolist() == [["two", "lock-in"]]
    assert [run.first for run in battery.runs] == [False, True]


def test_letters_are_checked_and_kept_in_order() -> None:
    assert chosen_letters("all") == tuple(LETTERS)
    assert chosen_letters(["g", "a"]) == ("a", "g")
    with pytest.raises(InputError, match="'h'"):
        chosen_letters(["h"])  # type: ignore[list-item]


def test_every_letter_has_an_entry() -> None:
    assert set(LETTERS) == {entry.letter for entry in ENTRIES}


def test_a_scope_that_is_not_in_the_panel_is_an_error_not_a_reason() -> None:
    with pytest.raises(LabelError, match="XYZ"):
        run(("XYZ",))


def test_without_tables_b_and_f_say_what_they_need() -> None:
    verdict = lock_in(worlds.panel(2, n=8, years=6), tests=("b", "f"))
    missing = verdict.battery.not_run()
    assert set(missing["letter"]) == {"b", "f"}
    assert missing["reason"].str.contains("needs tables").all()
    assert "not run" in str(verdict)
