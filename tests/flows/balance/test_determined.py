"""Systems whose data say just enough: balances hold, and what is solved is what a hand would."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.flows import FlowSystem
from gvcpos.flows.balance.diagnosis import solver_of
from gvcpos.flows.balance.elimination import Elimination
from tests.flows.small import CHAIN, CHAIN_FLOWS, chain, entries, system


def masses(found: FlowSystem) -> dict[str, float]:
    frame = found.balance().frame
    return frame[frame["layer"] == "total"].groupby("flow")["mass"].first().to_dict()


def test_a_cycle_by_hand() -> None:
    """In a cycle that sends half back, throughput is twice what enters."""
    found = masses(
        system(
            "a: {}\nb: {}",
            """
            ore: {from: outside, to: a, value: {value: 30, unit: kt}}
            forth: {from: a, to: b}
            back: {from: b, to: a, share: 0.5}
            out: {from: b, to: outside}
            """,
        )
    )
    assert found == pytest.approx({"ore": 30.0, "forth": 60.0, "back": 30.0, "out": 30.0}, rel=1e-14)


def test_ratio_and_units() -> None:
    found = masses(
        system(
            "a: {}",
            """
            ore: {from: outside, to: a, value: {value: 30000, unit: t}}
            acid: {from: outside, to: a, ratio: {of: ore, value: 20, unit: percent}}
            out: {from: a, to: outside}
            """,
        )
    )
    assert found == pytest.approx({"ore": 30.0, "acid": 6.0, "out": 36.0}, rel=1e-14)


def test_export_with_the_composition_of_its_process() -> None:
    balance = system(
        "a: {}\nb: {}",
        """
        ore: {from: outside, to: a, value: {value: 80, unit: kt}, composition: {x: 0.25, y: 0.75}}
        loss: {from: a, to: outside, kind: loss, share: {x: 0.5, y: 0.1}}
        forth: {from: a, to: b}
        exports: {from: b, to: outside, kind: export, value: {value: 16, unit: kt}, composition: same}
        out: {from: b, to: outside}
        """,
        layers="x, y",
    ).balance()
    on, exports = balance.mass[0, 2], balance.mass[0, 3]
    assert on == pytest.approx([10.0, 54.0], rel=1e-14)
    assert exports == pytest.approx([2.5, 13.5], rel=1e-13)


def test_balances_hold_in_every_process_layer_and_year() -> None:
    found = chain()
    frame = found.balance().processes()
    assert (frame["residual"].abs() <= 1e-10 * frame["inflow"]).all()
    flows = found.balance().frame.pivot_table(index=["year", "flow"], columns="layer", values="mass")
    assert np.allclose(flows["light"] + flows["heavy"], flows["total"], rtol=1e-14)
    assert (found.balance().frame["mass"] >= 0).all()


def test_a_stock_gives_back_what_entered() -> None:
    """Outflow of year t is the sum over ages of share x inflow; the stock is what has not left."""
    found = chain()
    balance = found.balance()
    goods, retired = balance.mass[:, 6], balance.mass[:, 7]
    age = np.arange(4)
    left = np.exp(-(((age + 0.5) / 4.0) ** 3.5))  # half a year old at the end of the first year
    share = -np.diff(left, prepend=1.0)
    for t in range(4):
        assert retired[t] == pytest.approx(sum(share[t - s] * goods[s] for s in range(t + 1)), rel=1e-12)
    stocks = balance.stocks()
    last = stocks[(stocks["year"] == 2021) & (stocks["layer"] == "total")]["stock"].item()
    assert last == pytest.approx(sum(left[3 - s] * goods[s].sum() for s in range(4)), rel=1e-12)


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("history: {values: {2018: 10, 2019: 20}, unit: kt}", [20.0, 0.0]),
        ("initial: {value: 7, unit: kt}", None),
        ("history: {values: {2019: 20}, unit: kt, uncertainty: {relative: 0.1}}", [20.0, 0.0]),
    ],
)
def test_what_was_there_before_leaves_too(before: str, expected: list[float] | None) -> None:
    """A lifetime of two years: what came in 2018 left in 2019, what came in 2019 leaves when 1.5 to 2.5 years old."""
    lasting = "lifetime: {distribution: fixed, mean: 1}"
    balance = system(
        f"use: {{stock: {{{lasting}, {before}}}}}",
        "in: {from: outside, to: use, value: {value: 3, unit: kt}}\nout: {from: use, to: outside, kind: stock}",
        years="{first: 2020, last: 2021}",
    ).balance()
    retired = balance.mass[:, 1, 0]
    if expected is not None:
        assert retired == pytest.approx([expected[0], 3.0], abs=1e-12)
        sd = balance.frame.query("flow == 'out'")["std_error"].to_numpy()
        assert sd == pytest.approx([2.0 if "relative" in before else 0.0, 0.0], abs=1e-7)
    else:
        assert retired.sum() == pytest.approx(10.0)
        assert balance.stocks()["stock"].iloc[-1] == pytest.approx(3.0)


def test_nothing_in_a_year_is_nothing_everywhere() -> None:
    """Shares and compositions of nothing are no reason to fail."""
    balance = system(
        "a: {}\nb: {}",
        """
        ore: {from: outside, to: a, value: {values: {2019: 0, 2020: 10}, unit: kt}, composition: {x: 0.5, y: 0.5}}
        exports: {from: a, to: outside, kind: export, value: {values: {2019: 0, 2020: 4}, unit: kt}, composition: same}
        forth: {from: a, to: b}
        back: {from: b, to: a, share: 0.3}
        out: {from: b, to: outside}
        """,
        years="[2019, 2020]",
        layers="x, y",
    ).balance()
    assert (balance.mass[0] == 0.0).all()
    assert balance.mass[1, 4].sum() == pytest.approx(6.0, rel=1e-12)


def test_draws_are_solved_as_points_are() -> None:
    """The plan for many draws gives what each draw gives alone, solved from afar."""
    found = chain()
    rng = np.random.default_rng(3)
    data = found.data.values + found.data.sd * rng.standard_normal((20, 1, len(found.data)))
    many = found.balance().masses(data)
    alone = np.stack([solver_of(found).masses(draw) for draw in data])
    assert np.allclose(many, alone, rtol=1e-11, atol=1e-12)
    change = found.network.stock_change(many)[..., [0, 1, 3], :]  # without the stock
    assert np.abs(change).max() <= 1e-11 * many.max()


def test_standard_errors_are_those_of_draws() -> None:
    found = chain()
    rng = np.random.default_rng(4)
    free = rng.standard_normal((4000, 1, len(found.data)))  # one draw for all years
    draws = found.balance().masses(found.data.values + 0.2 * found.data.sd * free) / 0.2
    both = np.concatenate([draws, draws.sum(axis=-1, keepdims=True)], axis=-1).std(axis=0)
    assert np.allclose(both, found.balance().std_error, rtol=0.06, atol=2e-3)


def test_elimination_solves_what_dense_algebra_solves() -> None:
    rng = np.random.default_rng(5)
    pattern = {(i, i) for i in range(30)} | {(int(i), int(j)) for i, j in rng.integers(0, 30, (60, 2))}
    full = np.zeros((7, 30, 30))
    for cell in pattern:
        full[:, cell[0], cell[1]] = rng.normal(size=7) + 3.0 * (cell[0] == cell[1])
    b = rng.normal(size=(7, 30))
    order = Elimination.of(full[0], pattern)
    found = order.solve({cell: full[:, cell[0], cell[1]] for cell in pattern}, list(b.T))
    assert np.allclose(np.stack(found, axis=1), np.linalg.solve(full, b[..., None])[..., 0], rtol=1e-9)


def test_order_of_the_file_changes_nothing() -> None:
    other = system(
        "\n".join(reversed(entries(CHAIN))),
        "\n".join(reversed(entries(CHAIN_FLOWS))),
        years="{first: 2018, last: 2021}",
        layers="light, heavy",
    )
    columns = ["year", "flow", "layer"]
    one, two = (s.balance().frame.sort_values(columns).reset_index(drop=True) for s in (chain(), other))
    assert np.allclose(one["mass"], two["mass"], rtol=1e-12)
    assert np.allclose(one["std_error"], two["std_error"], rtol=1e-8, atol=1e-12)
