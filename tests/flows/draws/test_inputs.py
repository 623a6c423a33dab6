"""From a system's file to distributions and rules of sums."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import SpecificationError
from gvcpos.flows.draws.inputs import sum_rules, variable_of
from gvcpos.flows.draws.sampler import Variable
from gvcpos.flows.system import FlowSystem

U = (np.arange(20_000) + 0.5)[:, None] / 20_000

TEXT = """
name: toy
title: Toy
synthetic: true
years: {first: 2020, last: 2021}
layers: [light, heavy]
processes:
  mine: {}
  plant: {}
  use: {stock: {lifetime: {distribution: weibull, shape: 3, scale: {value: 10, unit: year, uncertainty: {relative: 0.1}}}}}
flows:
  ore:
    {from: outside, to: mine, value: {values: {2020: 100, 2021: 200}, unit: kt, uncertainty: {relative: 0.1}},
     composition: {light: {value: 0.9, uncertainty: {distribution: uniform, low: 0.85, high: 0.95}}, heavy: 0.1}}
  concentrate:
    from: mine
    to: plant
    share: {value: 90, unit: percent, uncertainty: {distribution: beta, sd: {value: 2, unit: percent}}}
  tailings: {from: mine, to: outside, kind: loss}
  oxide: {from: plant, to: use, share: {light: {value: 0.95, uncertainty: {sd: 0.04}}, heavy: 0.9}}
  waste: {from: plant, to: outside, kind: loss, share: {light: {value: 0.05, uncertainty: {relative: 0.5, correlated: false}}, heavy: 0.1}}
  scrap: {from: use, to: outside, kind: stock}
  sold: {from: outside, to: use, value: {value: 3000, unit: t, uncertainty: {distribution: beta, low: 2000, high: 6000}}, composition: {light: 1, heavy: 0}}
"""  # noqa: E501


@pytest.fixture(scope="module")
def system() -> FlowSystem:
    return FlowSystem.from_text(TEXT, "toy.yaml")


def variable(system: FlowSystem, name: str) -> Variable:
    return variable_of(next(datum for datum in system.data if datum.name == name))


def moments(system: FlowSystem, name: str) -> tuple[np.ndarray, np.ndarray]:
    marginal = variable(system, name).marginal
    assert marginal is not None
    draws = marginal.ppf(U)
    return draws.mean(axis=0), draws.std(axis=0)


def test_distributions_have_the_moments_of_the_file(system: FlowSystem) -> None:
    for name, mean, sd in (
        ("ore", [100.0, 200.0], [10.0, 20.0]),
        ("concentrate.share", [0.9, 0.9], [0.02, 0.02]),
        ("ore.composition[light]", [0.9, 0.9], [0.1 / 12**0.5] * 2),
        ("use.lifetime.scale", [10.0, 10.0], [1.0, 1.0]),
        ("sold", [3.333333, 3.333333], [0.712697, 0.712697]),  # PERT of 2, 3 and 6 kt: mean 20/6
    ):
        got_mean, got_sd = moments(system, name)
        np.testing.assert_allclose(got_mean, mean, rtol=2e-4)
        np.testing.assert_allclose(got_sd, sd, rtol=2e-3)
    assert variable(system, "waste.share[light]").columns == 2
    assert variable(system, "ore").columns == 1
    assert variable(system, "oxide.share[heavy]").columns == 0


def test_shares_stay_shares(system: FlowSystem) -> None:
    marginal = variable(system, "oxide.share[light]").marginal
    assert marginal is not None
    draws = marginal.ppf(U)
    assert draws.max() <= 1.0
    assert draws.min() >= 0.0


def test_rules_of_sums(system: FlowSystem) -> None:
    rules = {rule.name: rule for rule in sum_rules(system.spec, system.data)}
    assert rules["composition of ore"].members == ("ore.composition[light]", "ore.composition[heavy]")
    assert rules["composition of ore"].kind == "as given"
    assert rules["mine, light"].kind == "at most one"  # tailings take the rest
    assert rules["plant, light"].kind == "as given"  # every flow that leaves has a share
    assert rules["plant, heavy"].members == ("oxide.share[heavy]", "waste.share[heavy]")
    assert "mine, heavy" not in rules  # the same share


def test_a_normal_mass_that_would_often_be_negative_is_refused() -> None:
    text = TEXT.replace(
        "uncertainty: {relative: 0.1}},\n     composition", "uncertainty: {relative: 0.5}},\n     composition"
    )
    assert text != TEXT
    with pytest.raises(SpecificationError, match=r"ore: normal with mean 100 and sd 50 is outside 0 to inf in 2\.3%"):
        variable(FlowSystem.from_text(text), "ore")
