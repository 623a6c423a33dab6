"""Money in a system's file: what it becomes, and what is refused with its line."""

from __future__ import annotations

import re

import numpy as np
import pytest

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.flows.cost.data import money_of, structure_of
from tests.flows.cost.toy import TOY, toy


def test_units_become_those_inside():
    system = toy()
    money = money_of(system.spec, system.data)
    price = {name: money.price[0, f].tolist() for f, name in enumerate(system.network.flows)}
    assert price["ore"] == [0.5, 0.5]
    assert price["oxide"] == [8, 40]
    assert np.isnan(price["tailings"]).all()
    assert money.price[:, 1, 0].tolist() == [5, 6]
    found = {(system.network.processes[e.process], e.name): e for e in money.expenses}
    assert found["mine", "energy"].rate.tolist() == [0.1, 0.1]
    assert found["mine", "system"].basis == "year"
    assert found["mine", "waste"].basis == "loss"
    acid = found["mine", "acid"]
    assert acid.rate.tolist() == pytest.approx([0.02, 0.02])  # 10 kg/t at 2 USD/kg: 20 USD/t
    assert (acid.basis, np.asarray(acid.to_product).tolist()) == ("input", [0.25, 0.25])
    assert found["magnets", "energy"].rate.tolist() == [2, 4]


def test_structure_follows_the_file():
    structure = structure_of(toy().spec)
    flows, processes = np.array(structure.network.flows), np.array(structure.network.processes)
    assert flows[structure.bought].tolist() == ["ore", "scrap"]
    assert flows[structure.final].tolist() == ["tailings", "exports", "magnet", "slag"]
    assert processes[structure.ends].tolist() == ["use"]
    assert processes[structure.by_value].tolist() == ["separation"]
    assert [set(processes[list(block)]) for block in structure.blocks][-1] == {"magnets", "recycling"}


def test_money_is_among_the_data():
    data = toy().data
    assert {"ore.price", "oxide.price[heavy]", "mine.energy", "mine.acid.price", "mine.acid.to_product"} <= set(
        data.names
    )
    frame = data.to_frame().set_index(["name", "year"])
    assert frame.loc[("ore.price", 2015), ["value", "unit", "what"]].tolist() == [0.5, "USD million/kt", "price"]
    assert frame.loc[("mine.system", 2015), ["value", "unit", "what"]].tolist() == [3, "USD million", "cost"]


def test_draws_of_prices_find_their_flow():
    system = toy()
    values = np.repeat(system.data.values[None], 3, axis=0)
    values[:, :, system.data.at(["oxide.price[heavy]"])[0]] = [[1, 2], [3, 4], [5, 6]]
    money = money_of(system.spec, system.data, values)
    assert money.price.shape == (3, 2, 10, 2)
    assert money.price[:, :, 3, 1].tolist() == [[1, 2], [3, 4], [5, 6]]
    assert (money.price[:, 0, 3, 0] == 8).all()


def test_purchase_cost_in_place_of_the_price():
    price = "price: {value: 500, unit: USD/t}"
    system = toy(TOY.replace(price, price + "\n    purchase: {value: 600, unit: USD/t}"))
    structure = structure_of(system.spec)
    assert money_of(system.spec, system.data).bought_at(structure)[0, 0].tolist() == [0.6, 0.6]


@pytest.mark.parametrize(
    ("found", "instead", "message", "stands_at"),
    [
        ("heavy: {value: 40", "heavvy: {value: 40", r"oxide.price.heavvy: no layer is called 'heavvy'", ""),
        ("heavy: {value: 40, unit: USD/kg}", "", r"oxide.price: lacks heavy: give every layer, or one price", ""),
        ("{value: 500, unit: USD/t}", "{value: 500, unit: kt}", r"ore.price.unit.*is a mass, expected money per", ""),
        ("{value: 500, unit: USD/t}", "{value: -5, unit: USD/t}", r"ore.price: -5 is negative", ""),
        ("{2015: 5, 2016: 6}", "{2015: 5}", r"concentrate.price.values: lacks 2016", ""),
        (", per: input}", "}", r"mine.costs.energy.per: is missing", ""),
        ("per: input", "per: inputs", r"costs.energy.per = 'inputs': must be 'input', 'product' or 'loss'", ""),
        ("{value: 3, unit: USD million}", "{value: 3, unit: kt}", r"system.unit.* a mass, expected a sum of money", ""),
        ("to_product: 0.25", "to_product: 1.25", r"acid.to_product", ""),
        ("{value: 10, unit: kg/t}", "{value: 10, unit: kt}, per: loss", r"acid: .* mass a year \(kt\): remove per", ""),
        ("{value: 10, unit: kg/t}", "{value: 10, unit: USD/t}", r"acid.amount.unit .*expected a pure number", ""),
        (
            "share: 0.2, price: {value: 12, unit: USD/kg}",
            "share: 0.2",
            r"by value needs a price of exports",
            "allocation",
        ),
        ("allocation: value", "allocation: volume", r"costs.allocation = 'volume': must be 'mass' or 'value'", ""),
        ("waste: {value: 5", "wates: {value: 5", r"costs.wates: unknown key. Allowed here: energy, system, waste", ""),
        (
            "share: 0.8, price",
            "share: 0.8, kind: loss, price",
            r"mine.costs: .* needs a product, and all that",
            "    costs:",
        ),
    ],
)
def test_refused_with_line_and_what_is_allowed(found, instead, message, stands_at):
    line = TOY[: TOY.index(stands_at or found)].count("\n") + 1
    with pytest.raises(SpecificationError, match=message) as caught:
        toy(TOY.replace(found, instead, 1))
    near = {f"toy.yaml, line {line + n}:" for n in ((-2, 0) if "lacks heavy" in message else (0,))}
    assert " ".join(str(caught.value).split(" ")[:3]) in near


def test_system_without_costs():
    text = re.sub(r"    costs:\n(      .*\n)+", "", TOY)
    text = re.sub(r", costs: {.*}}", "}", re.sub(r", costs: {.*value}}", "}", text))
    with pytest.raises(InputError, match=r"toy: no process has costs. Give processes.mine.costs"):
        structure_of(toy(text).spec)
