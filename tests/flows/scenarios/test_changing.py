"""Scenarios change the numbers they name, no others, and say what they cannot do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.flows import FlowSystem
from gvcpos.flows.scenarios.changing import in_scenario
from gvcpos.flows.scenarios.spec import ScenarioBlock

SYSTEM = """
name: toy
title: A toy system
synthetic: true
years: [2020, 2021]
layers: [light, heavy]
processes:
  mine: {stage: upstream}
  separation: {stage: midstream}
flows:
  ore:
    from: outside
    to: mine
    value: {values: {2020: 100, 2021: 120}, unit: kt, uncertainty: {distribution: lognormal, relative: 0.1}}
    composition: {light: 0.9, heavy: 0.1}
  tailings: {from: mine, to: outside, kind: loss, share: {value: 0.2, uncertainty: {low: 0.1, high: 0.3}}}
  concentrate: {from: mine, to: separation, price: {light: {value: 5, unit: USD/kg}, heavy: {value: 50, unit: USD/kg}}}
  slag: {from: separation, to: outside, kind: loss, share: {light: 0.1, heavy: 0.05}}
  oxide:
    from: separation
    to: outside
    kind: export
    price: {light: {value: 10, unit: USD/kg}, heavy: {value: 90, unit: USD/kg}}
scenarios:
  shock: {title: Heavy twice as dear, changes: [{at: "flows.*.price.heavy", by: 2}]}
  half: {title: Half the ore in 2021, changes: [{at: flows.ore.value, by: 0.5, years: [2021]}]}
  clean: {title: Less slag, changes: [{at: flows.slag.share, to: 0.01}]}
  leaky: {title: More tailings, changes: [{at: flows.tailings.share, by: 1.5}]}
"""


@pytest.fixture(scope="module")
def system() -> FlowSystem:
    return FlowSystem.from_text(SYSTEM)


def changed(system: FlowSystem, *changes: dict[str, object]) -> FlowSystem:
    """The system with some changes."""
    return in_scenario(system, ScenarioBlock.model_validate({"title": "test", "changes": changes}))


def moved(old: FlowSystem, new: FlowSystem) -> pd.DataFrame:
    """Data that differ: name, year, old and new value."""
    both = old.to_frame().merge(new.to_frame(), on=["name", "year"], suffixes=("_old", "_new"), validate="1:1")
    assert len(both) == len(old.to_frame()) == len(new.to_frame())
    return both[both["value_old"] != both["value_new"]].reset_index(drop=True)


def test_a_star_stands_for_every_flow(system: FlowSystem) -> None:
    found = moved(system, in_scenario(system, "shock"))
    assert set(found["name"]) == {"concentrate.price[heavy]", "oxide.price[heavy]"}
    np.testing.assert_allclose(found["value_new"], 2 * found["value_old"])


def test_a_change_may_be_of_some_years(system: FlowSystem) -> None:
    found = moved(system, in_scenario(system, "half"))
    assert found[["name", "year"]].to_numpy().tolist() == [["ore", 2021]]
    assert found["value_new"].tolist() == [60.0]
    assert found["sd_new"].tolist() == [pytest.approx(6.0)]


def test_layers_are_gone_into(system: FlowSystem) -> None:
    found = moved(system, in_scenario(system, "clean"))
    assert set(found["name"]) == {"slag.share[light]", "slag.share[heavy]"}
    assert (found["value_new"] == 0.01).all()


def test_bounds_go_with_their_number(system: FlowSystem) -> None:
    data = {datum.name: datum for datum in in_scenario(system, "leaky").data}["tailings.share"]
    np.testing.assert_allclose([data.low[0], data.values[0], data.high[0]], [0.15, 0.3, 0.45])
    data = {datum.name: datum for datum in changed(system, {"at": "flows.tailings.share", "by": 4}).data}[
        "tailings.share"
    ]
    np.testing.assert_allclose([data.low[0], data.values[0], data.high[0]], [0.4, 0.8, 1.0])
    none = {d.name: d for d in changed(system, {"at": "flows.tailings.share", "to": 0}).data}["tailings.share"]
    assert none.distribution is None


def test_changes_follow_one_another_and_leave_the_system_alone(system: FlowSystem) -> None:
    before = system.to_frame()
    new = changed(system, {"at": "flows.ore.value", "by": 2}, {"at": "flows.ore.value", "by": 3})
    np.testing.assert_allclose(new.data.values[:, new.data.at(["ore"])[0]], [600, 720])
    pd.testing.assert_frame_equal(system.to_frame(), before)


def test_a_change_by_one_changes_nothing(system: FlowSystem) -> None:
    assert moved(system, changed(system, {"at": "flows.*.price", "by": 1}, {"at": "flows.*.share", "by": 1})).empty


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"at": "flows.oar.value", "by": 2}, "no 'oar' in flows. There are: ore, tailings"),
        ({"at": "flows.ore.worth", "by": 2}, "no 'worth' in flows.ore. There are: from, to, value"),
        ({"at": "flows.ore.to", "by": 2}, "holds no number"),
        ({"at": "flows.ore.value", "by": 2, "years": [2030]}, "no year 2030"),
        ({"at": "flows.tailings.share", "by": 2, "years": [2020]}, "cannot change in some years only"),
    ],
)
def test_places_that_are_not_there(system: FlowSystem, change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        changed(system, change)


def test_impossible_numbers_are_refused(system: FlowSystem) -> None:
    with pytest.raises(SpecificationError, match=r"scenario test, line \d+: flows.tailings.share"):
        changed(system, {"at": "flows.tailings.share", "to": 1.4})
    with pytest.raises(InputError, match=r"no scenario 'boom'\. There are: shock, half, clean, leaky"):
        in_scenario(system, "boom")


def test_a_file_with_a_wrong_scenario_is_refused_with_its_line() -> None:
    with pytest.raises(SpecificationError, match=r"line \d+: scenarios.shock.changes.0.*give to"):
        FlowSystem.from_text(SYSTEM.replace(", by: 2}]", "}]"))
