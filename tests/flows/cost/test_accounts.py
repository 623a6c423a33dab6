"""Frames of the accounts: what they sum to, against each other and against the arrays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError
from gvcpos.flows.balance import Balance
from gvcpos.flows.cost import cost_accounts, cost_draws
from gvcpos.flows.cost.accounts import CostAccounts
from tests.flows.cost.toy import TOY, toy, toy_mass


@pytest.fixture(scope="module")
def accounts() -> CostAccounts:
    return cost_accounts(toy(), toy_mass())


def test_masses_of_the_toy_balance():
    network = toy().network
    change = network.stock_change(toy_mass())
    assert np.allclose(np.delete(change, network.processes.index("use"), axis=-2), 0, atol=1e-12)


def test_balance_closes_and_everything_is_said_to_be_synthetic(accounts):
    frame = accounts.balance()
    put_in = frame["bought"] + frame["spent"]
    assert np.allclose(put_in, frame["products"] + frame["losses"] + frame["stock"], rtol=1e-10)
    assert frame["bought"].tolist() == pytest.approx([50, 75])  # ore; scrap is free
    frames = [accounts.balance(), accounts.centres(), accounts.kinds(), accounts.products(), accounts.losses()]
    frames += [accounts.unit_costs(), accounts.value_added(), accounts.sides()]
    assert all(found.attrs["synthetic"] is True for found in frames)
    assert (
        cost_accounts(toy(TOY.replace("synthetic: true", "synthetic: false")), toy_mass()).sides().attrs["synthetic"]
        is False
    )


def test_centres_conserve_each_kind(accounts):
    frame = accounts.centres()
    assert list(frame.columns[:4]) == ["year", "process", "stage", "kind"]
    assert list(dict.fromkeys(frame["process"])) == ["mine", "separation", "magnets", "recycling"]  # costs end in use
    waste = frame["kind"] == "waste"
    assert np.allclose(frame["carried"] + frame["new"], frame["total"], rtol=1e-12)
    whole = frame.groupby(["year", "process"])[["total", "product", "loss", "stock"]].sum()
    assert np.allclose(whole["total"], whole[["product", "loss", "stock"]].sum(axis=1), rtol=1e-10)
    by_kind = frame[frame["process"] != "separation"]  # by value too: kinds keep apart in every centre
    assert np.allclose(by_kind["total"], by_kind[["product", "loss", "stock"]].sum(axis=1), rtol=1e-9, atol=1e-12)
    assert (frame.loc[waste, ["carried", "product"]] == 0).all(axis=None)
    mine = frame[(frame["year"] == 2015) & (frame["process"] == "mine")].set_index("kind")
    assert mine["new"].tolist() == pytest.approx([50 + 2, 10, 3, 0.1])
    assert mine["product"].tolist() == pytest.approx([40 + 0.5, 8, 2.4, 0])
    assert mine["loss"].tolist() == pytest.approx([10 + 1.5, 2, 0.6, 0.1])
    assert mine["share"].sum() == pytest.approx(1)
    assert mine["alpha"].tolist() == pytest.approx([0.8] * 4)


def test_kinds_are_all_that_is_put_in(accounts):
    kinds, balance = accounts.kinds(), accounts.balance()
    assert kinds.groupby("year")["cost"].sum().tolist() == pytest.approx(
        (balance["bought"] + balance["spent"]).tolist()
    )
    assert kinds.groupby("year")["share"].sum().tolist() == pytest.approx([1, 1])
    new = accounts.centres().groupby(["year", "kind"], sort=False)["new"].sum()
    assert kinds["cost"].tolist() == pytest.approx(new.tolist())


def test_products_and_losses_are_all_that_comes_out(accounts):
    products, losses, balance = accounts.products(), accounts.losses(), accounts.balance()
    final = products[products["final"] & (products["layer"] == "total")]
    assert final.groupby("year")["cost"].sum().tolist() == pytest.approx(balance["products"].tolist())
    lost = losses[losses["layer"] == "total"]
    ended = lost[["waste", "auxiliary"]].sum(axis=1) + lost["cost"].where(lost["final"], 0)
    assert ended.groupby(lost["year"]).sum().tolist() == pytest.approx(balance["losses"].tolist())
    assert set(losses["flow"]) == {"tailings", "swarf", "slag"}
    assert not losses.loc[losses["flow"] == "swarf", "final"].any()  # it re-enters
    layers = products.pivot_table(index=["year", "flow"], columns="layer", values="cost")
    assert np.allclose(layers["light"] + layers["heavy"], layers["total"], rtol=1e-12)
    kinds = products[["material", "energy", "system"]].sum(axis=1)
    assert np.allclose(kinds, products["cost"], rtol=1e-12)
    assert np.allclose(products["unit_cost"], 1000 * products["cost"] / products["mass"], rtol=1e-12)


def test_costs_of_a_centre_without_losses_end_too():
    text = TOY.replace("tailings: {from: mine, to: outside, kind: loss}", "tailings: {from: mine, to: outside}")
    losses = cost_accounts(toy(text), toy_mass()).losses()
    row = losses[(losses["process"] == "mine") & (losses["year"] == 2016)]
    assert row[["flow", "layer", "mass", "waste", "auxiliary"]].to_numpy().tolist() == [["", "total", 0.0, 0.0, 2.25]]


def test_unit_costs_and_prices(accounts):
    frame = accounts.unit_costs().set_index(["year", "flow", "layer"])
    assert frame.loc[(2015, "ore", "total"), ["unit_cost", "price"]].tolist() == pytest.approx([500, 500])
    concentrate = frame.loc[(2015, "concentrate", "total")]
    assert concentrate["unit_cost"] == pytest.approx(1000 * (40.5 + 8 + 2.4) / 80)
    assert concentrate["price"] == pytest.approx(5000)
    oxide = frame.sort_index().loc[(2015, "oxide")]
    assert oxide.loc["heavy", "unit_cost"] / oxide.loc["light", "unit_cost"] == pytest.approx(5)  # by value: 40 to 8
    assert oxide.loc["total", "price"] == pytest.approx(0.9 * 8000 + 0.1 * 40000)
    assert frame.loc[(2015, "scrap", "total"), "unit_cost"] == 0
    assert frame.loc[(2015, "scrap", "total"), "source"] == "use"
    assert frame.loc[(2016, "concentrate", "total"), ["mass", "value"]].tolist() == pytest.approx([120, 720])
    products = accounts.products().set_index(["year", "flow", "layer"])["cost"]
    assert np.allclose(frame["cost"].reindex(products.index), products, rtol=1e-12)


def test_value_added_is_what_is_sold_less_what_is_bought(accounts):
    frame = accounts.value_added().set_index(["year", "process", "layer"])
    assert frame.loc[(2015, "mine", "total")].tolist() == pytest.approx([50, 400, 350])
    oxide, exports = 64 * (0.9 * 8 + 0.1 * 40), 16 * 12
    assert frame.loc[(2015, "separation", "total")].tolist() == pytest.approx(
        [400, oxide + exports, oxide + exports - 400]
    )
    assert np.isnan(frame.loc[(2015, "use", "total"), "value_added"])
    net = accounts.value_added(auxiliary=True).set_index(["year", "process", "layer"])["value_added"]
    assert net[2015, "mine", "total"] == pytest.approx(350 - 2 - 10)
    assert np.isnan(net[2015, "mine", "light"])


def test_value_added_of_stages_sums_to_final_value_less_what_is_bought(accounts):
    by_stage = accounts.value_added(by="stage")
    by_process = accounts.value_added()
    for frame in (by_stage, by_process):
        total = frame[frame["layer"] == "total"].groupby("year")["value_added"].sum()
        exports, magnet = 16 * 12, 50 * toy_mass()[0, 5].sum()
        assert total[2015] == pytest.approx(exports + magnet - 50)
    midstream = by_stage[(by_stage["stage"] == "midstream") & (by_stage["layer"] == "total")]
    assert midstream["value_in"].iloc[0] == pytest.approx(400)  # swarf and scrap are free, and recycling is inside


def test_price_missing_inside_a_stage_does_not_matter_and_outside_is_not_a_number():
    text = TOY.replace(", price: {values: {2015: 5, 2016: 6}, unit: USD/kg}", "")
    accounts = cost_accounts(toy(text), toy_mass())
    frame = accounts.value_added(by="stage").set_index(["year", "stage", "layer"])["value_added"]
    assert np.isnan(frame[2015, "upstream", "total"])
    assert np.isnan(frame[2015, "midstream", "total"])
    assert frame[2015, "downstream", "total"] > 0
    assert accounts.unpriced() == ("concentrate",)
    assert accounts.sides().attrs["unpriced"] == ("concentrate",)
    same = cost_accounts(toy(text.replace("{stage: midstream, costs", "{stage: upstream, costs")), toy_mass())
    one = same.value_added(by="stage").set_index(["year", "stage", "layer"])["value_added"]
    assert one[2015, "upstream", "total"] == pytest.approx(64 * 11.2 + 16 * 12 - 50)


def test_sides_conserve_cost_stage_by_stage(accounts):
    frame = accounts.sides()
    assert list(dict.fromkeys(frame["stage"])) == ["upstream", "midstream", "downstream", "use"]
    making = frame[frame["stage"] != "use"]
    assert np.allclose(making["cost_in"] + making["spent"], making["cost_out"] + making["cost_lost"], rtol=1e-10)
    assert np.allclose(making["value_added"] - making["spent"], making["surplus"])
    up = frame[(frame["stage"] == "upstream") & (frame["year"] == 2015)].iloc[0]
    assert up[["mass_in", "mass_out", "mass_lost"]].tolist() == pytest.approx([100, 80, 20])
    assert up[["unit_cost", "unit_value"]].tolist() == pytest.approx([1000 * 50.9 / 80, 5000])
    assert up["margin"] == pytest.approx(400 - 50.9)
    use = frame[frame["stage"] == "use"].iloc[0]
    assert use["value_in"] == pytest.approx(50 * toy_mass()[0, 5].sum())
    assert use[["value_added", "cost_out", "surplus"]].isna().all()


def test_sides_by_layer_sum_to_the_total(accounts):
    frame = accounts.sides(layers=True)
    for column in ("mass_in", "mass_out", "value_out", "value_added", "cost_out", "margin"):
        wide = frame[frame["stage"] != "use"].pivot_table(index=["year", "stage"], columns="layer", values=column)
        assert np.allclose(wide["light"] + wide["heavy"], wide["total"], rtol=1e-10, atol=1e-12), column
    total = frame[frame["layer"] == "total"].drop(columns="layer").reset_index(drop=True)
    pd.testing.assert_frame_equal(total, accounts.sides())


def test_processes_without_a_stage_are_named():
    accounts = cost_accounts(toy(TOY.replace("recycling: {stage: midstream}", "recycling: {}")), toy_mass())
    with pytest.raises(InputError, match=r"no stage: recycling. Give processes.recycling.stage"):
        accounts.sides()
    assert "recycling" in set(accounts.sides(by="process")["process"])


def test_draws_of_the_point_are_the_point(accounts):
    system, mass = toy(), toy_mass()
    draws = cost_draws(system, np.stack([mass, mass]), np.stack([system.data.values] * 2))
    assert np.allclose(draws.total[1], accounts.arrays.total, rtol=1e-12, atol=1e-14)
    assert draws.flow.shape == (2, 2, 10, 2, 1)
    doubled = system.data.values.copy()
    for k, name in enumerate(system.data.names):
        if name.endswith((".price", "[light]", "[heavy]", ".energy", ".system", ".waste")):
            doubled[:, k] *= 2
    twice = cost_draws(system, mass, doubled)
    assert np.allclose(twice.total, 2 * accounts.arrays.total, rtol=1e-12, atol=1e-14)


def test_a_balanced_file_is_costed_in_one_go(accounts):
    balance = Balance.of(toy())
    assert np.allclose(balance.mass, toy_mass(), rtol=1e-10)
    pd.testing.assert_frame_equal(balance.costs().sides(), accounts.sides(), rtol=1e-9)
