"""Monte Carlo of systems from files: known moments, balance of every draw, stocks, costs, order of the file."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from gvcpos._core.errors import InputError
from gvcpos.flows.cost import cost_accounts
from gvcpos.flows.draws import FlowDraws, FlowRatio
from gvcpos.flows.stocks import Lifetime, outflow_by_convolution, outflow_shares
from gvcpos.flows.system import FlowSystem

TEXT = """
name: toy
title: A toy system
synthetic: true
years: {first: 2018, last: 2023}
layers: [light, heavy]
processes:
  mine: {stage: upstream, costs: {system: {value: 100, unit: USD/t, per: input, uncertainty: {distribution: lognormal, relative: 0.2}}}}
  plant: {stage: midstream, costs: {energy: {value: 50, unit: USD million, uncertainty: {relative: 0.1}}}}
  use: {stage: use, stock: {lifetime: {distribution: weibull, shape: 3, scale: {value: 3, unit: year, uncertainty: {relative: 0.1}}}}}
flows:
  ore:
    from: outside
    to: mine
    value: {values: {2018: 100, 2019: 110, 2020: 120, 2021: 130, 2022: 140, 2023: 150}, unit: kt,
            uncertainty: {distribution: lognormal, relative: 0.1}}
    composition: {light: {value: 0.9, uncertainty: {distribution: uniform, low: 0.85, high: 0.95}}, heavy: 0.1}
    price: {value: 200, unit: USD/t, uncertainty: {distribution: lognormal, relative: 0.3}}
  concentrate: {from: mine, to: plant, price: {light: {value: 1000, unit: USD/t}, heavy: {value: 9000, unit: USD/t}},
                share: {value: 0.8, uncertainty: {distribution: beta, sd: 0.03, correlated: false}}}
  tailings: {from: mine, to: outside, kind: loss}
  oxide: {from: plant, to: use, price: {value: 8000, unit: USD/t, uncertainty: {relative: 0.2}}}
  waste: {from: plant, to: outside, kind: loss,
          share: {value: 0.1, uncertainty: {distribution: triangular, low: 0.05, mode: 0.1, high: 0.15}}}
  scrap: {from: use, to: outside, kind: stock}
"""  # noqa: E501
OUTPUTS = {
    "loss": FlowRatio(("tailings", "waste"), ("ore",)),
    "unit cost": lambda drawn: drawn.unit_cost("oxide"),
}


@pytest.fixture(scope="module")
def system() -> FlowSystem:
    return FlowSystem.from_text(TEXT, "toy.yaml")


@pytest.fixture(scope="module")
def draws(system: FlowSystem) -> FlowDraws:
    return system.simulate(20_000, seed=3, outputs={"loss": OUTPUTS["loss"]})


@pytest.fixture(scope="module")
def few(system: FlowSystem) -> FlowDraws:
    return system.simulate(1000, seed=3, outputs=OUTPUTS, chunk=300)


def test_moments_of_flows(draws: FlowDraws) -> None:
    """Products of independent numbers: E = product of means, E of squares = product of means of squares."""
    frame = draws.frame().set_index(["flow", "layer", "year"]).sort_index()
    ore, kept = 120.0**2 * 1.01, 0.8**2 + 0.03**2
    concentrate = frame.loc[("concentrate", "total", 2020)]
    assert concentrate["mean"] == pytest.approx(120 * 0.8, rel=0.003)
    assert concentrate["sd"] == pytest.approx(np.sqrt(ore * kept - (120 * 0.8) ** 2), rel=0.02)
    waste = frame.loc[("waste", "total", 2020)]
    share = 0.1**2 + 0.05**2 / 6
    assert waste["mean"] == pytest.approx(120 * 0.8 * 0.1, rel=0.005)
    assert waste["sd"] == pytest.approx(np.sqrt(ore * kept * share - (120 * 0.8 * 0.1) ** 2), rel=0.02)
    assert frame.loc[("ore", "total", 2023), "median"] == pytest.approx(150 / np.sqrt(1.01), rel=0.005)
    loss = draws.output_frame().set_index(["output", "year"]).loc[("loss", 2020)]
    assert loss["mean"] == pytest.approx(1 - 0.8 * 0.9, abs=0.002)


def test_every_draw_is_balanced(system: FlowSystem, draws: FlowDraws) -> None:
    change = system.network.stock_change(draws.mass)
    inflow = system.network.inflow(draws.mass)
    plain = [0, 1]
    assert np.abs(change[:, :, plain]).max() <= 1e-10 * inflow.max()
    assert (change[:, 0, 2] > 0.0).all()


def test_stock_follows_the_lifetime_of_each_draw(system: FlowSystem, draws: FlowDraws) -> None:
    at = system.network.flows.index
    scale = np.concatenate([drawn.datum("use.lifetime.scale") for drawn in draws.arrays()])[:, 0]
    assert scale.std() == pytest.approx(0.3, rel=0.03)
    shares = outflow_shares(Lifetime.of("weibull", shape=3.0, scale=scale), 6)
    expected = outflow_by_convolution(draws.mass[:, :, at("oxide")], shares)
    np.testing.assert_allclose(draws.mass[:, :, at("scrap")], expected, rtol=1e-9, atol=1e-9)


def test_costs_of_a_draw_are_those_of_a_system_with_its_numbers(system: FlowSystem, few: FlowDraws) -> None:
    drawn = next(iter(few.arrays()))
    alone = cost_accounts(system, drawn.mass[5], drawn.data[5]).arrays
    np.testing.assert_allclose(drawn.costs.total[5], alone.total, rtol=1e-12)
    unit = drawn.unit_cost("oxide")[5]
    np.testing.assert_allclose(few.values["unit cost"][5], unit, rtol=1e-12)
    frame = few.cost_frame().set_index(["flow", "layer", "measure", "year"])
    price = frame.loc[("ore", "total", "unit_cost", 2020)]
    assert price["mean"] == pytest.approx(200, rel=0.04)
    assert price["unit"] == "USD/t"
    oxide = frame.loc[("oxide", "total", "unit_cost", 2020)]
    assert oxide["median"] == pytest.approx(np.median(few.values["unit cost"][:, 2]), rel=1e-12)
    stages = few.stage_frame().set_index(["stage", "measure", "year"])
    made = np.concatenate([d.value[:, 2, 1].sum(-1) - d.value[:, 2, 0].sum(-1) for d in few.arrays()])
    assert stages.loc[("upstream", "value_added", 2020), "median"] == pytest.approx(np.median(made), rel=1e-9)


def test_order_of_the_file_and_chunks_change_no_number(system: FlowSystem) -> None:
    told = yaml.safe_load(TEXT)
    for block in ("flows", "processes"):
        told[block] = dict(reversed(told[block].items()))
    turned = FlowSystem.from_text(yaml.safe_dump(told, sort_keys=False), "turned.yaml")
    first = system.simulate(300, seed=3)
    other = turned.simulate(300, seed=3)
    order = [turned.network.flows.index(name) for name in system.network.flows]
    np.testing.assert_allclose(other.mass[:, :, order], first.mass, rtol=1e-11, atol=1e-12)
    assert sorted(other.inputs) == sorted(first.inputs)
    place = [other.inputs.index(name) for name in first.inputs]
    np.testing.assert_array_equal(other.u[:, place], first.u)
    for again in (system.simulate(300, seed=3), system.simulate(300, seed=3, chunk=17)):
        assert again.mass.tobytes() == first.mass.tobytes()
        assert again.frame().to_csv() == first.frame().to_csv()
    assert system.simulate(300, seed=4).mass.tobytes() != first.mass.tobytes()


OVER = """
name: over
title: Two ways to know the concentrate
synthetic: true
years: [2020, 2021]
processes: {mine: {}}
flows:
  ore: {from: outside, to: mine, value: {value: 100, unit: kt, uncertainty: {relative: 0.04, correlated: false}}}
  concentrate: {from: mine, to: outside, value: {value: 80, unit: kt, uncertainty: {sd: 2, correlated: false}}}
  tailings: {from: mine, to: outside, kind: loss, value: {value: 18, unit: kt, uncertainty: {sd: 1, correlated: false}}}
"""


def test_draws_of_more_data_than_needed_are_reconciled() -> None:
    """Three measured flows of one balance: V - V a a'V / a'V a, the classical result."""
    over = FlowSystem.from_text(OVER, "over.yaml")
    found = over.simulate(8000, seed=5)
    mass = found.mass[..., 0]
    np.testing.assert_allclose(mass[..., 0], mass[..., 1] + mass[..., 2], rtol=1e-9)
    V, a = np.diag([16.0, 4.0, 1.0]), np.array([1.0, -1.0, -1.0])
    posterior = V - np.outer(V @ a, a @ V) / (a @ V @ a)
    np.testing.assert_allclose(mass[:, 0].mean(axis=0), over.balance().mass[0, :, 0], atol=0.1)
    np.testing.assert_allclose(np.cov(mass[:, 1], rowvar=False), posterior, atol=0.2)
    np.testing.assert_allclose(over.simulate(50, seed=5).mass, found.mass[:50], rtol=1e-9)


def test_what_matters(draws: FlowDraws, few: FlowDraws) -> None:
    """The loss depends on two shares alone; log-linear variances say how much on each."""
    frame = draws.contributions("loss").set_index(["year", "input"])["share"]
    kept, lost = (0.9 * 0.03) ** 2, 0.8**2 * 0.05**2 / 6
    assert frame[(2020, "concentrate.share (2020)")] == pytest.approx(kept / (kept + lost), abs=0.03)
    assert frame[(2020, "waste.share")] == pytest.approx(lost / (kept + lost), abs=0.03)
    assert frame.drop(["concentrate.share (2020)", "waste.share"], level="input")[2020].abs().max() < 0.05
    indices = draws.sobol("loss", inputs=2, n=256).set_index(["year", "input"])
    assert indices.loc[(2020, "waste.share"), "first"] == pytest.approx(lost / (kept + lost), abs=0.1)
    top = draws.contributions("scrap").groupby("year").first()
    assert top.loc[2018, "input"] == "use.lifetime.scale"
    assert few.contributions("unit cost").query("year == 2020")["input"].iloc[0] == "ore.price"


def test_everything_says_synthetic(few: FlowDraws) -> None:
    for frame in (few.frame(), few.output_frame(), few.cost_frame(), few.stage_frame(), few.contributions("loss")):
        assert frame.attrs["synthetic"] is True
        assert frame.attrs["draws"] == 1000


def test_refusals(system: FlowSystem) -> None:
    with pytest.raises(InputError, match="seed=-1: give 0 or more"):
        system.simulate(10, seed=-1)
    with pytest.raises(InputError, match="negative='clip' is not known"):
        system.simulate(10, negative="clip")
