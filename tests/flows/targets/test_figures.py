"""Each kind of figure by hand, on a chain of three processes with two draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos.flows.system.flow_system import FlowSystem
from gvcpos.flows.targets import FigureBlock, figure, load_targets
from gvcpos.flows.targets.accounts import Accounts
from gvcpos.flows.targets.definitions import check_names

TOY = """
name: toy
title: A toy
synthetic: true
years: [2015, 2016]
layers: [light, heavy]
processes:
  mine: {stage: upstream, costs: {system: {value: 1, unit: USD/t, per: product}}}
  plant:
    stage: midstream
    costs:
      energy: {value: 2, unit: USD/t, per: product}
      waste: {value: 4, unit: USD/t, per: loss}
      materials: {acid: {amount: {value: 3, unit: t/t}, price: {value: 1, unit: USD/t}}}
  use: {stage: use, stock: {accumulates: true}}
flows:
  ore: {from: outside, to: mine, price: {value: 0, unit: USD/t}}
  concentrate: {from: mine, to: plant, value: {values: {2015: 8, 2016: 16}, unit: kt},
    composition: {light: 0.75, heavy: 0.25}, price: {value: 10, unit: USD/t}}
  imports: {from: outside, to: plant, kind: import, value: {values: {2015: 2, 2016: 8}, unit: kt},
    composition: {light: 0.5, heavy: 0.5}, price: {value: 20, unit: USD/t}}
  slag: {from: plant, to: outside, kind: loss, share: 0.1}
  exports: {from: plant, to: outside, kind: export, share: 0.2,
    price: {light: {value: 50, unit: USD/t}, heavy: {value: 100, unit: USD/t}}}
  goods: {from: plant, to: use, price: {light: {value: 60, unit: USD/t}, heavy: {value: 120, unit: USD/t}}}
"""
SYSTEM = FlowSystem.from_text(TOY)
FLOWS = SYSTEM.network.flows
# Light and heavy, 2015 and 2016, by hand: the plant receives (7, 3) and (16, 8).
MASS = np.array(
    [
        [[6, 2], [6, 2], [1, 1], [0.7, 0.3], [1.4, 0.6], [4.9, 2.1]],
        [[12, 4], [12, 4], [4, 4], [1.6, 0.8], [3.2, 1.6], [11.2, 5.6]],
    ]
)


def accounts(mass: np.ndarray = MASS) -> Accounts:
    """Accounts of masses (..., T, F, L) at the toy's prices."""
    from gvcpos.flows.cost.systems import cost_draws

    values = np.broadcast_to(SYSTEM.data.values, (*mass.shape[:-3], *SYSTEM.data.values.shape))
    return Accounts.of(SYSTEM, mass, values, lambda: cost_draws(SYSTEM, mass, values, by_kind=True))


def block(**kind: object) -> FigureBlock:
    """A figure of one kind."""
    return FigureBlock.model_validate({"claim": "c", "words": "w", "reason": "r", **kind})


# Money inside is in USD million, and 1 USD/t is 0.001 USD million per kt.
BY_HAND = [
    ({"mass": {"plus": ["concentrate", "imports"]}}, 34.0),
    ({"mass": {"plus": ["imports"], "minus": ["exports"]}, "years": [2016]}, 8.0 - 4.8),
    ({"mass": {"plus": ["concentrate"]}, "layers": ["heavy"]}, 6.0),
    ({"value": {"plus": ["exports"]}}, 1e-3 * (50 * 4.6 + 100 * 2.2)),
    ({"unit_value": ["goods"], "layers": ["heavy"]}, 0.120),
    ({"unit_value": ["goods", "exports"], "layers": ["light"]}, 1e-3 * (60 * 16.1 + 50 * 4.6) / 20.7),
    ({"share": {"of": ["slag"], "over": ["concentrate", "imports"]}}, 0.1),
    ({"growth": {"of": {"plus": ["imports"]}, "first": 2015, "last": 2016}}, 4.0),
    ({"added_value": ["plant"], "years": [2015]}, 1e-3 * (50 * 1.4 + 100 * 0.6 + 60 * 4.9 + 120 * 2.1 - 80 - 40)),
    ({"added_value": ["mine", "plant"], "years": [2015]}, 1e-3 * (50 * 1.4 + 100 * 0.6 + 60 * 4.9 + 120 * 2.1 - 40)),
    ({"rank": {"of": "mine", "among": {"mine": ["mine"], "plant": ["plant"]}}}, 2.0),
]


@pytest.mark.parametrize(("kind", "value"), BY_HAND)
def test_a_figure_is_what_it_is_by_hand(kind: dict[str, object], value: float) -> None:
    assert float(figure(block(**kind), accounts())) == pytest.approx(value, rel=1e-12)


def test_nothing_to_divide_by_is_no_number() -> None:
    kind = {"growth": {"of": {"plus": ["imports"], "minus": ["exports"]}, "first": 2015, "last": 2016}}
    assert np.isnan(figure(block(**kind), accounts()))  # 2 kt come in and 2 kt leave in 2015


def test_costs_by_hand() -> None:
    # In USD thousand: the mine spends 8 and 16; the plant, of 10 and 24 kt, makes 9 and 21.6, so energy is 18 and 43.2,
    # waste 4 and 9.6, acid 30 and 72; imports are bought for 40 and 160.
    bought, acid, energy, system, waste = 200.0, 102.0, 61.2, 24.0, 13.6
    whole = bought + acid + energy + system + waste
    assert float(figure(block(cost_share={"of": ["system", "material"]}), accounts())) == pytest.approx(
        (bought + acid + system) / whole, rel=1e-12
    )
    through = whole + system  # by centre the concentrate's cost counts again as the plant's material
    assert float(figure(block(cost_share={"of": ["energy", "waste"], "by_centre": True}), accounts())) == pytest.approx(
        (energy + waste) / through, rel=1e-12
    )
    cost = float(figure(block(unit_cost=["concentrate"]), accounts()))
    assert cost == pytest.approx(1e-3, rel=1e-12)  # 1 USD/t


def test_draws_are_figures_side_by_side() -> None:
    several = np.stack([MASS, 2.0 * MASS])
    for kind, value in BY_HAND:
        found = figure(block(**kind), accounts(several))
        assert found.shape == (2,)
        assert found[0] == pytest.approx(value, rel=1e-12)
        scale = 2.0 if "mass" in kind or "value" in kind or "added_value" in kind else 1.0
        assert found[1] == pytest.approx(scale * value, rel=1e-12)


def test_order_of_flows_does_not_matter() -> None:
    one = figure(block(mass={"plus": ["concentrate", "imports"]}), accounts())
    other = figure(block(mass={"plus": ["imports", "concentrate"]}), accounts())
    assert one == other


def test_a_value_without_a_price_is_refused() -> None:
    blank = SYSTEM.spec.model_copy(
        update={
            "flows": {
                k: f.model_copy(update={"price": None}) if k == "goods" else f for k, f in SYSTEM.spec.flows.items()
            }
        }
    )
    system = FlowSystem.of(blank)
    found = Accounts.of(system, MASS, system.data.values, lambda: pytest.fail("no costs are asked for"))
    with pytest.raises(InputError, match=r"flow 'goods' has no price.*flows\.goods\.price"):
        figure(block(value={"plus": ["goods"]}), found)


@pytest.mark.parametrize(
    ("kind", "named"),
    [
        ({"mass": {"plus": ["gold"]}}, "no flow is called gold"),
        ({"added_value": ["smelter"]}, "no process is called smelter"),
        ({"mass": {"plus": ["ore"]}, "layers": ["middle"]}, "no layer is called middle"),
        ({"mass": {"plus": ["ore"]}, "years": [1999]}, "no year is called 1999"),
        ({"growth": {"of": {"plus": ["ore"]}, "first": 2015, "last": 2030}}, "no year is called 2030"),
    ],
)
def test_names_that_are_not_there_are_named(kind: dict[str, object], named: str) -> None:
    with pytest.raises(LabelError, match=f"figure one: {named}"):
        check_names({"one": block(**kind)}, SYSTEM.network)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{}", "has one key, figures"),
        ("figures: {a: {claim: c, words: w, reason: r}}", "here are 0"),
        ("figures: {a: {claim: c, words: w, reason: r, mass: {plus: [x]}, unit_value: [x]}}", "here are 2"),
        ("figures: {a: {claim: c, words: w, mass: {plus: [x]}}}", "line 1: figures.a.reason"),
        ("figures:\n  a: {claim: c, words: w, reason: r, rank: {of: x, among: {y: [p]}}}", "line 2.*none of y"),
        ("figures:\n  a: {claim: c, words: w, reason: r, variant_of: b, mass: {plus: [x]}}", "variant_of = 'b'"),
    ],
)
def test_faults_of_a_file_are_told_with_their_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "targets.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecificationError, match=said):
        load_targets(path)
