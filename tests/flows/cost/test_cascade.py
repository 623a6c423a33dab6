"""Costs through centres: by hand, by closed forms, and what must not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos.flows.cost.cascade import cost_arrays
from gvcpos.flows.cost.money import Expense, Money
from gvcpos.flows.cost.structure import CostStructure
from tests.flows.cost.systems import cost, make, random_system, unit

TWO = [
    ("ore", "outside", "mine"),
    ("concentrate", "mine", "smelter"),
    ("tailings", "mine", "outside"),
    ("metal", "smelter", "outside"),
    ("slag", "smelter", "outside"),
]
TWO_MASS = {"ore": 100, "concentrate": 80, "tailings": 20, "metal": 60, "slag": 20}
TWO_LOSS = {"losses": ["tailings", "slag"], "centres": ["mine", "smelter"]}


def test_two_centres_by_hand():
    """Mine: 100 kt at 1, energy 40, system 60, alpha 0.8; smelter: acid 30, a third in it, energy 0.5 per kt."""
    costs = make(
        TWO,
        TWO_MASS,
        prices={"ore": 1},
        expenses=[
            ("mine", "energy", "year", 40),
            ("mine", "system", "year", 60),
            ("mine", "waste", "loss", 0.25),
            ("smelter", "material", "year", 30, 1 / 3),
            ("smelter", "energy", "input", 0.5),
            ("smelter", "waste", "year", 7),
        ],
        **TWO_LOSS,
    )
    assert costs.alpha[0].tolist() == [0.8, 0.75]
    assert cost(costs, "concentrate") == pytest.approx(0.8 * (100 + 40 + 60))
    assert cost(costs, "tailings") == pytest.approx(0.2 * 200)
    assert cost(costs, "metal") == pytest.approx(0.75 * (160 + 40) + 10)
    assert cost(costs, "slag") == pytest.approx(0.25 * (160 + 40))
    assert unit(costs, "metal") == pytest.approx(160 / 60)
    balance = {name: float(value[0]) for name, value in costs.balance().items()}
    assert balance == pytest.approx(
        {"bought": 100, "spent": 182, "products": 160, "losses": 40 + 5 + 50 + 20 + 7, "stock": 0}
    )


def test_a_loop_costs_its_geometric_series():
    """A share r of what a centre treats comes back: each kt that leaves was treated 1 + r + r^2 + ... times."""
    r, price, energy = 0.4, 2.0, 0.3
    through = 50 / (1 - r)
    flows = [
        ("ore", "outside", "mill"),
        ("on", "mill", "sieve"),
        ("back", "sieve", "mill"),
        ("out", "sieve", "outside"),
    ]
    masses = {"ore": 50, "on": through, "back": r * through, "out": 50}
    expected = price + energy * sum(r**n for n in range(200))
    for losses in ([], ["back"]):  # a loss that re-enters carries what it cost
        costs = make(
            flows,
            masses,
            prices={"ore": price},
            expenses=[("mill", "energy", "input", energy)],
            losses=losses,
            centres=["mill"],
        )
        assert unit(costs, "out") == pytest.approx(expected, rel=1e-13)
    itself = make(
        [("ore", "outside", "mill"), ("back", "mill", "mill"), ("out", "mill", "outside")],
        masses,
        prices={"ore": price},
        expenses=[("mill", "energy", "input", energy)],
        centres=["mill"],
    )
    assert unit(itself, "out") == pytest.approx(expected, rel=1e-13)


def test_centre_without_loss_passes_everything_on():
    flows = [("in", "outside", "a"), ("out", "a", "outside"), ("waste", "a", "outside")]
    costs = make(
        flows,
        {"in": 5, "out": 5, "waste": 0},
        prices={"in": 1},
        expenses=[("a", "system", "year", 10), ("a", "material", "year", 4, 0.5), ("a", "waste", "loss", 3)],
        losses=["waste"],
        centres=["a"],
    )
    assert cost(costs, "out") == pytest.approx(17)
    assert costs.balance()["losses"][0] == pytest.approx(2)  # the acid that no product contains
    assert np.isnan(unit(costs, "waste"))


def test_processes_without_costs_can_be_merged():
    apart = [
        *TWO[:2],
        TWO[2],
        ("matte", "smelter", "refinery"),
        TWO[4],
        ("metal", "refinery", "outside"),
        ("dust", "refinery", "outside"),
    ]
    mass = TWO_MASS | {"matte": 60, "metal": 55, "dust": 5}
    spent = [("mine", "energy", "year", 40), ("mine", "system", "input", 1)]
    one = make(apart, mass, prices={"ore": 1}, expenses=spent, losses=["tailings", "slag", "dust"], centres=["mine"])
    merged = [*TWO[:3], TWO[4], ("metal", "smelter", "outside"), ("dust", "smelter", "outside")]
    two = make(merged, mass, prices={"ore": 1}, expenses=spent, losses=["tailings", "slag", "dust"], centres=["mine"])
    for flow in ("metal", "dust", "slag", "tailings", "concentrate"):
        assert cost(one, flow) == pytest.approx(cost(two, flow), rel=1e-13)


def test_joint_products_by_mass_and_by_value():
    """Separation of 90 light and 10 heavy: by mass a t costs the same, by value heavy costs ten times as much."""
    flows = [("ore", "outside", "plant"), ("oxide", "plant", "outside")]
    kwargs = {"layers": ("light", "heavy"), "centres": ["plant"], "expenses": [("plant", "system", "year", 90)]}
    masses = {"ore": [[90, 10]], "oxide": [[90, 10]]}
    by_mass = make(flows, masses, prices={"ore": 1, "oxide": [[2, 20]]}, **kwargs)
    assert by_mass.unit[0, 1].tolist() == pytest.approx([1.9, 1.9])
    by_value = make(flows, masses, prices={"ore": 1, "oxide": [[2, 20]]}, by_value=["plant"], **kwargs)
    value = np.array([180, 200])
    assert by_value.total[0, 1].tolist() == pytest.approx((190 * value / value.sum()).tolist())
    assert by_value.unit[0, 1, 1] / by_value.unit[0, 1, 0] == pytest.approx(10)


def test_material_of_a_layer_goes_where_the_layer_goes():
    """Dear heavy ore that is mostly lost makes the loss dear; energy follows the mass of both layers."""
    flows = [("ore", "outside", "plant"), ("oxide", "plant", "outside"), ("residue", "plant", "outside")]
    costs = make(
        flows,
        {"ore": [[90, 10]], "oxide": [[81, 2]], "residue": [[9, 8]]},
        prices={"ore": [[1, 50]]},
        expenses=[("plant", "energy", "year", 100)],
        layers=("light", "heavy"),
        losses=["residue"],
        centres=["plant"],
    )
    assert costs.flow[0, 1, :, 0].tolist() == pytest.approx([81, 100])
    assert costs.flow[0, 2, :, 0].tolist() == pytest.approx([9, 400])
    assert costs.flow[0, 1, :, 1].tolist() == pytest.approx([81, 2])
    assert costs.alpha[0, 0] == pytest.approx(0.83)


def test_layers_of_equal_cost_sum_to_the_total():
    """Split every flow into two layers of the same composition: the total does not notice."""
    whole = make(
        TWO,
        TWO_MASS,
        prices={"ore": 3},
        expenses=[("mine", "energy", "input", 2), ("smelter", "system", "year", 9)],
        **TWO_LOSS,
    )
    halves = make(
        TWO,
        {flow: [[0.3 * mass, 0.7 * mass]] for flow, mass in TWO_MASS.items()},
        prices={"ore": 3},
        expenses=[("mine", "energy", "input", 2), ("smelter", "system", "year", 9)],
        layers=("light", "heavy"),
        **TWO_LOSS,
    )
    assert np.allclose(halves.total.sum(axis=-1), whole.total[..., 0], rtol=1e-13)
    assert np.allclose(halves.unit_total, whole.unit_total, rtol=1e-13)


def test_costs_end_in_use_and_old_scrap_is_bought_anew():
    flows = [
        ("ore", "outside", "plant"),
        ("magnets", "plant", "use"),
        ("scrap", "use", "recycling"),
        ("back", "recycling", "plant"),
        ("sludge", "recycling", "outside"),
    ]
    masses = {"ore": 90, "magnets": 98, "scrap": 10, "back": 8, "sludge": 2}
    kwargs = {
        "expenses": [("recycling", "energy", "year", 5)],
        "stocks": ["use"],
        "losses": ["sludge"],
        "centres": ["recycling"],
    }
    free = make(flows, masses, prices={"ore": 2, "magnets": 9}, **kwargs)
    paid = make(flows, masses, prices={"ore": 2, "magnets": 9, "scrap": 0.5}, **kwargs)
    assert cost(free, "magnets") == pytest.approx(180 + 0.8 * 5)
    assert cost(paid, "magnets") == pytest.approx(180 + 0.8 * (5 + 5))
    assert paid.balance()["bought"][0] == pytest.approx(185)
    assert paid.balance()["stock"][0] == 0  # into use is a final product, no stock of a centre


def test_stock_of_a_centre_takes_and_gives_at_the_cost_of_the_year():
    flows = [("in", "outside", "store"), ("out", "store", "outside")]
    costs = make(
        flows,
        {"in": [[10], [10]], "out": [[6], [15]]},
        prices={"in": [[2], [3]]},
        expenses=[("store", "system", "year", 10)],
        years=(2020, 2021),
        stocks=["store"],
        centres=["store"],
    )
    assert costs.balance()["stock"].tolist() == pytest.approx([0.4 * 30, -0.5 * 40])
    assert [unit(costs, "out", 0), unit(costs, "out", 1)] == pytest.approx([3, 4])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6), st.integers(1, 3), st.integers(0, 4), st.booleans())
def test_cost_is_conserved_and_scales_with_money(seed, processes, layers, loops, stocks):
    network, mass, money, marks = random_system(seed, processes, layers, 2, loops, stocks=stocks)
    structure = CostStructure.of(network, **marks)
    costs = cost_arrays(structure, mass, money)
    parts = costs.balance()
    put_in = parts["bought"] + parts["spent"]
    assert np.allclose(parts["products"] + parts["losses"] + parts["stock"], put_in, rtol=1e-10, atol=0)
    assert (costs.flow >= 0).all()
    assert np.allclose(costs.entered, _entered(costs), rtol=1e-9, atol=1e-12)
    double = Money(
        2 * money.price,
        expenses=[Expense(e.process, e.kind, e.basis, 2 * e.rate, e.to_product) for e in money.expenses],
    )
    assert np.allclose(cost_arrays(structure, mass, double).flow, 2 * costs.flow, rtol=1e-10, atol=1e-12)
    alone = cost_arrays(structure, mass, money, by_kind=False)
    assert np.allclose(alone.total, costs.total, rtol=1e-10, atol=1e-12)


def _entered(costs):
    """What enters each process, summed anew over the flows that the loops were solved for."""
    inside = costs.structure.passing
    return np.stack(
        [costs.flow[..., costs.structure.flows_into(j), :, :].sum(axis=-3) * inside[j] for j in range(inside.size)],
        axis=-3,
    )


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(0, 4), st.booleans())
def test_blocks_give_what_passing_money_round_gives(seed, processes, loops, stocks):
    """Let every process hand on what it was handed, round after round, until nothing is left: the series of a loop."""
    network, mass, money, marks = random_system(seed, processes, 2, 1, loops, stocks=stocks)
    structure = CostStructure.of(network, **marks)
    costs = cost_arrays(structure, mass, money, by_kind=False)
    assert np.allclose(handed_on(structure, mass[0], money), costs.total[0], rtol=1e-8, atol=1e-10)


def handed_on(structure, mass, money):
    """Cost of flows (F, L) of one year, as the text of the standard has it: process by process, flow by flow."""
    network, price = structure.network, money.price[0]
    total = np.where((network.source < 0)[:, None], price * mass, 0.0)
    moving, first = total.copy(), True
    while first or moving.sum() > 1e-13 * total.sum():
        handed = np.zeros_like(moving)
        for j in range(len(network.processes)):
            leaving = np.flatnonzero(network.source == j)
            into = moving[network.target == j].sum(axis=0)
            entered = mass[network.target == j].sum()
            lost = mass[leaving[structure.loss[leaving]]].sum()
            kept_here = mass[network.target == j].sum(axis=0) - mass[leaving].sum(axis=0) if structure.stock[j] else 0.0
            made = mass[leaving[~structure.loss[leaving]]].sum() + np.sum(kept_here)
            own, aux = own_costs(money, j, {"input": entered, "product": made, "loss": lost}) if first else (0.0, 0.0)
            alpha = made / (made + lost)
            left = mass[leaving].sum(axis=0) + kept_here
            lost_by_layer = mass[leaving[structure.loss[leaving]]].sum(axis=0)
            products = [f for f in leaving if not structure.loss[f]]
            worth = sum(price[f] * mass[f] for f in products)
            mean_price = worth / sum(mass[f] for f in products)
            value = worth.sum() + np.sum(mean_price * kept_here)
            for f in leaving:
                by_mass = into * mass[f] / left
                if structure.loss[f]:
                    handed[f] = by_mass + (1 - alpha) * own * mass[f] / lost
                elif structure.by_value[j]:
                    pool = (into * (left - lost_by_layer) / left).sum() + alpha * own + aux
                    handed[f] = pool * price[f] * mass[f] / value
                else:
                    handed[f] = by_mass + (alpha * own + aux) * mass[f] / made
        moving, first = handed, False
        total = total + handed
    return total


def own_costs(money, j, base):
    """Energy and system cost of a process, and its auxiliary materials that products contain."""
    own = aux = 0.0
    for expense in money.expenses:
        if expense.process == j:
            amount = expense.rate[0] * base.get(expense.basis, 1.0)
            own += amount * (expense.kind in ("energy", "system"))
            aux += amount * expense.to_product * (expense.kind == "material")
    return own, aux


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_draws_are_costed_as_one_by_one(seed):
    network, mass, money, marks = random_system(seed, 4, 2, 2, 3)
    structure = CostStructure.of(network, **marks)
    rng = np.random.default_rng(seed)
    masses = mass * rng.uniform(0.5, 2.0, (3, 1, 1, 1))
    prices = money.price * rng.uniform(0.5, 2.0, (3, 1, 1, 1))
    spent = [
        Expense(e.process, e.kind, e.basis, e.rate * rng.uniform(0.5, 2, (3, 1)), e.to_product) for e in money.expenses
    ]
    together = cost_arrays(structure, masses, Money(prices, expenses=spent))
    for n in range(3):
        own = [Expense(e.process, e.kind, e.basis, e.rate[n], e.to_product) for e in spent]
        one = cost_arrays(structure, masses[n], Money(prices[n], expenses=own))
        assert np.allclose(together.flow[n], one.flow, rtol=1e-12, atol=1e-13)


def test_order_of_flows_and_processes_changes_nothing():
    flows = [
        ("ore", "outside", "a"),
        ("on", "a", "b"),
        ("back", "b", "a"),
        ("out", "b", "outside"),
        ("lost", "a", "outside"),
    ]
    mass = {"ore": 12, "on": 18, "back": 8, "out": 10, "lost": 2}
    kwargs = {"prices": {"ore": 1}, "losses": ["lost"], "centres": ["a"]}
    one = make(flows, mass, expenses=[("a", "energy", "input", 1)], **kwargs)
    two = make(flows[::-1], mass, expenses=[("a", "energy", "input", 1)], **kwargs)
    assert [cost(two, f) for f in mass] == pytest.approx([cost(one, f) for f in mass], rel=1e-13)
