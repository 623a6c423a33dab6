"""Scenarios beside the system as it is: exact where it can be worked out by hand, intervals of paired draws."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import InputError
from gvcpos.flows import FlowSystem, ScenarioBlock, compare_scenarios
from gvcpos.flows.scenarios.changing import before
from gvcpos.flows.scenarios.comparing import ScenarioComparison


@pytest.fixture(scope="module")
def toy() -> FlowSystem:
    return FlowSystem.shipped("toy")


@pytest.fixture(scope="module")
def compared(toy: FlowSystem) -> ScenarioComparison:
    return compare_scenarios(toy, draws=200, seed=1)


def test_every_scenario_of_the_file_is_run(toy: FlowSystem, compared: ScenarioComparison) -> None:
    assert list(dict.fromkeys(compared.flows["scenario"])) == list(toy.spec.scenarios)
    assert compared.synthetic
    size = len(toy.network.years) * len(toy.network.flows) * 3
    assert (compared.flows.groupby("scenario").size() == size).all()


def test_prices_move_no_mass(compared: ScenarioComparison) -> None:
    own = compared.flows[compared.flows["scenario"] == "heavy_shock"]
    np.testing.assert_allclose(own["difference"], 0.0, atol=1e-12)
    stages = compared.stages[compared.stages["scenario"] == "heavy_shock"]
    assert stages.loc[stages["measure"].isin(["mass_out", "spent"]), "difference"].abs().max() < 1e-9
    changes = compared.stage_changes("heavy_shock", 2022).set_index("stage")
    assert changes.loc["upstream", "price"] > 0.2
    assert changes.loc["upstream", "quantity"] == pytest.approx(0.0, abs=1e-12)


def test_a_scenario_starts_from_the_reconciled_system(toy: FlowSystem) -> None:
    """Whatever it releases, what it starts from has the flows of the balance, and no contradiction is left."""
    masses = toy.balance().mass
    for name in toy.spec.scenarios:
        start = before(toy, name).balance()
        np.testing.assert_allclose(start.mass, masses, rtol=1e-7, atol=1e-9)
        assert start.fit["chi2"].max() < 1e-8


def test_other_years_stay_as_they_are(compared: ScenarioComparison) -> None:
    own = compared.flows[compared.flows["scenario"] == "ore_stops"]
    assert own.loc[own["year"] < 2022, "difference"].abs().max() < 1e-9
    cut = own[(own["year"] == 2022) & (own["layer"] == "total")].set_index("flow")
    assert cut.loc["ore", "relative"] == pytest.approx(-0.5, rel=1e-9)
    assert cut.loc["exports", "relative"] == pytest.approx(-0.5, rel=1e-9)


def test_four_times_the_recovery_by_hand(compared: ScenarioComparison) -> None:
    """What enters use in 2020 depends on what was recovered that year; the share of what leaves it is 0.2 for sure."""
    own = compared.flows[(compared.flows["scenario"] == "recycling_20") & (compared.flows["layer"] == "total")]
    for _, year in own.groupby("year"):
        by_flow = year.set_index("flow")["changed"]
        assert by_flow["recovered"] == pytest.approx(0.2 * by_flow["old_magnets"], rel=1e-9)
    assert (own.loc[own["flow"].isin(["oxide", "magnets_sold"]), "difference"] > 0).all()
    assert own.loc[own["flow"].isin(["ore", "exports"]), "difference"].abs().max() < 1e-9


def test_draws_are_paired(toy: FlowSystem, compared: ScenarioComparison) -> None:
    """What a scenario does not touch cancels draw by draw; what it does has an interval around the difference."""
    stages = compared.stages
    mass = stages[(stages["scenario"] == "heavy_shock") & (stages["measure"] == "mass_out")]
    np.testing.assert_allclose(mass[["lower", "upper"]], 0.0, atol=1e-4)  # draws meet their equations to 1e-6 of 48 kt
    assert (compared.stages["impossible"].dropna() < 0.02).all()
    value = stages[(stages["scenario"] == "heavy_shock") & (stages["measure"] == "value_added")].dropna()
    moved = value[value["difference"].abs() > 1.0]
    assert len(moved)
    assert ((moved["lower"] < moved["difference"]) & (moved["difference"] < moved["upper"])).all()


def test_no_change_changes_nothing(toy: FlowSystem) -> None:
    still = ScenarioBlock.model_validate({"title": "still", "changes": [{"at": "flows.ore.value", "by": 1}]})
    found = compare_scenarios(toy, [still])
    assert found.flows["difference"].abs().max() < 1e-12
    assert found.stages["difference"].abs().max() < 1e-9
    assert "lower" not in found.stages


def test_a_draw_that_the_scenario_makes_impossible_is_left_out_and_counted(toy: FlowSystem) -> None:
    """Ore that just feeds the exports leaves less than nothing for magnets in a part of the draws."""
    block = {"title": "little", "release": ["flows.oxide.value"], "changes": [{"at": "flows.ore.value", "by": 0.505}]}
    found = compare_scenarios(toy, [ScenarioBlock.model_validate(block)], draws=200, seed=1)
    share = found.stages["impossible"].dropna().unique()
    assert len(share) == 1
    assert 0.05 < share[0] < 0.9


def test_faults(toy: FlowSystem, compared: ScenarioComparison) -> None:
    with pytest.raises(InputError, match="no scenario 'boom'"):
        compare_scenarios(toy, ["boom"])
    with pytest.raises(InputError, match="stands twice"):
        compare_scenarios(toy, ["heavy_shock", "heavy_shock"])
    with pytest.raises(InputError, match="no scenario 'boom' was compared"):
        compared.stage_changes("boom", 2022)
    with pytest.raises(InputError, match="no year 2030"):
        compared.stage_changes("heavy_shock", 2030)
