"""Systems whose data say more than needed: published results, projections by hand, bounds, covariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import SpecificationError
from gvcpos.flows import Balance
from gvcpos.flows.balance.reconciliation import Constraints, least_distance
from tests.flows.small import CHAIN, CHAIN_FLOWS, system

# O. Cencic (2016), Nonlinear data reconciliation in material flow analysis with software STAN, Sustainable Environment
# Research 26:291-298; its example with more digits in the notebook "Data Reconciliation" of ODYM (github CarrerF/ODYM).
CENCIC = """
m1: {from: outside, to: p1, value: {value: 100, unit: t, uncertainty: {sd: 10}}}
m2: {from: outside, to: p1, value: {value: 50, unit: t}}
m3: {from: p1, to: p2, value: {value: 300, unit: t, uncertainty: {sd: 30}}}
m4: {from: p2, to: p1, share: {value: 0.5, uncertainty: {sd: 0.05}}}
m5: {from: p2, to: p3, value: {value: 160, unit: t, uncertainty: {sd: {value: 16000, unit: kg}}}}
m6: {from: p3, to: outside}
m7: {from: p3, to: outside, ratio: {of: m6, value: 1}}
"""
PUBLISHED = {
    "m1": (102.425960, 7.882792),
    "m2": (50.0, 0.0),
    "m3": (302.416229, 22.608614),
    "m4": (149.990270, 21.213297),
    "m5": (152.425960, 7.882792),
    "m6": (76.212980, 3.941396),
    "m7": (76.212980, 3.941396),
}


def totals(balance: Balance) -> pd.DataFrame:
    frame = balance.frame[balance.frame["layer"] == "total"].set_index("flow")
    return frame[["mass", "std_error", "measured", "adjusted_by"]] * 1000.0  # t


def test_cencic_2016() -> None:
    balance = system("p1: {}\np2: {}\np3: {}", CENCIC).balance()
    found = totals(balance)
    for flow, (mass, deviation) in PUBLISHED.items():
        assert found.loc[flow, "mass"] == pytest.approx(mass, abs=6e-7), flow
        assert found.loc[flow, "std_error"] == pytest.approx(deviation, abs=2e-6), flow
    share = balance.suspects().set_index("datum").loc["m4.share"]
    assert share["reconciled"] == pytest.approx(0.495973, abs=5e-7)
    at = balance.system.data.at(["m4.share"])[0]
    assert balance.data_std_error[0, at] == pytest.approx(0.037681, abs=5e-7)
    assert found.loc["m5", "adjusted_by"] == pytest.approx(152.425960 - 160.0, abs=1e-5)


def stan(import_sd: float, export_sd: float, imported: float = 100.0) -> Balance:
    """The example of STAN's manual (stan2web.net, Data Reconciliation): what enters must leave, but 110 does."""
    return system(
        "p: {}",
        f"""
        import: {{from: outside, to: p, value: {{value: {imported}, unit: t, uncertainty: {{sd: {import_sd}}}}}}}
        export: {{from: p, to: outside, value: {{value: 110, unit: t, uncertainty: {{sd: {export_sd}}}}}}}
        """,
    ).balance()


def test_stan_equal_deviations_meet_in_the_middle() -> None:
    found = totals(stan(10, 10))
    assert found["mass"].tolist() == pytest.approx([105.0, 105.0], rel=1e-12)
    assert found["std_error"].tolist() == pytest.approx([10 / np.sqrt(2)] * 2, rel=1e-12)


def test_stan_an_exact_import_stays() -> None:
    found = totals(stan(0, 10))
    assert found["mass"].tolist() == pytest.approx([100.0, 100.0], rel=1e-12)
    assert found["std_error"].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)


def test_stan_the_less_certain_flow_gives_way_more() -> None:
    found = totals(stan(10, 20))
    assert found["mass"].tolist() == pytest.approx([102.0, 102.0], rel=1e-12)  # 100 + 10 * 100 / 500
    assert found["std_error"].tolist() == pytest.approx([np.sqrt(100 * 400 / 500)] * 2, rel=1e-12)


def test_stan_a_zero_too_many_is_found() -> None:
    """One constraint cannot say which of two flows is wrong: both are named, each beside the other."""
    balance = stan(10, 10, imported=1000.0)
    assert totals(balance)["mass"].tolist() == pytest.approx([555.0, 555.0])
    assert balance.fit["pvalue"].item() < 1e-12
    suspects = balance.suspects()
    assert suspects["suspicious"].all()
    assert suspects["confounded_with"].tolist() == ["export", "import"]
    assert not stan(10, 10).suspects()["suspicious"].any()
    assert stan(10, 10).fit[["chi2", "df"]].to_numpy().tolist() == pytest.approx(np.array([[0.5, 1.0]]))


def test_linear_reconciliation_is_a_projection() -> None:
    """All flows measured: x = d - V A' (A V A')^-1 A d, with covariance V - V A' (A V A')^-1 A V."""
    values, deviations = np.array([50.0, 12.0, 61.0, 20.0, 43.0]), np.array([2.0, 1.0, 3.0, 1.0, 2.0])
    ends = [("outside", "a"), ("outside", "a"), ("a", "b"), ("b", "outside"), ("b", "outside")]
    flows = "\n".join(
        f"f{i}: {{from: {s}, to: {t}, value: {{value: {v}, unit: kt, uncertainty: {{sd: {d}}}}}}}"
        for i, ((s, t), v, d) in enumerate(zip(ends, values, deviations, strict=True))
    )
    balance = system("a: {}\nb: {}", flows).balance()
    A = np.array([[1, 1, -1, 0, 0], [0, 0, 1, -1, -1]], dtype=float)
    V = np.diag(deviations**2)
    gain = V @ A.T @ np.linalg.inv(A @ V @ A.T)
    assert np.allclose(balance.mass[0, :, 0], values - gain @ A @ values, rtol=1e-12)
    assert np.allclose(balance.std_error[0, :, 0], np.sqrt(np.diag(V - gain @ A @ V)), rtol=1e-10)
    miss = A @ values
    assert balance.fit["chi2"].item() == pytest.approx(miss @ np.linalg.solve(A @ V @ A.T, miss), rel=1e-10)
    assert balance.fit["df"].item() == 2
    z = (gain @ A @ values) / np.sqrt(np.diag(gain @ A @ V))
    assert np.allclose(balance.suspects()["z"], -z, rtol=1e-9)


def test_leaving_a_datum_out_lowers_chi2_by_its_z_squared() -> None:
    first, *others = CENCIC.strip().splitlines()
    high = "\n".join([first.replace("value: 100", "value: 150"), *others])
    whole = system("p1: {}\np2: {}\np3: {}", high).balance()
    without = system("p1: {}\np2: {}\np3: {}", "\n".join(["m1: {from: outside, to: p1}", *others])).balance()
    z = whole.suspects().set_index("datum").loc["m1", "z"]
    fall = whole.fit["chi2"].item() - without.fit["chi2"].item()
    assert fall == pytest.approx(z**2, rel=0.1)  # a bilinear system: the same to first order


SQUEEZED = """
in: {from: outside, to: a, value: {value: 10, unit: kt, uncertainty: {sd: 1}}}
out: {from: a, to: outside, kind: export, value: {value: 14, unit: kt, uncertainty: {sd: 1}}}
rest: {from: a, to: b}
more: {from: outside, to: b, value: {value: 5, unit: kt, uncertainty: {sd: 1}}}
end: {from: b, to: outside, value: {value: 5, unit: kt, uncertainty: {sd: 1}}}
"""


def test_flows_are_not_negative() -> None:
    """Unbounded, `rest` would be negative; held at 0 the two halves are reconciled apart."""
    balance = system("a: {}\nb: {}", SQUEEZED).balance()
    found = balance.frame.set_index("flow")["mass"]
    assert found.to_dict() == pytest.approx({"in": 12.0, "out": 12.0, "rest": 0.0, "more": 5.0, "end": 5.0}, abs=1e-9)
    assert (balance.mass >= 0).all()
    assert balance.held_at_zero()["flow"].tolist() == ["rest"]
    assert balance.std_error[0, 2, 0] == 0.0
    draws = balance.masses(balance.system.data.values + np.zeros((3, 1, 1)))
    assert np.allclose(draws, balance.mass, atol=1e-6)


def test_least_distance_against_a_search() -> None:
    """The shortest vector that meets an equation and two bounds, against a fine grid on the equation."""
    J, bounds = np.array([[1.0, 1.0, 1.0]]), np.array([[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]])
    floors = np.array([1.5, 0.7])
    found = least_distance(Constraints.of(J, np.ones(3)), np.array([2.0]), bounds, floors)
    a, b = np.meshgrid(np.linspace(-3, 3, 1201), np.linspace(-3, 3, 1201))
    points = np.stack([a, b, 2.0 - a - b])
    allowed = (np.tensordot(bounds, points, axes=1) >= floors[:, None, None] - 1e-9).all(axis=0)
    length = np.where(allowed, (points**2).sum(axis=0), np.inf)
    assert (found**2).sum() == pytest.approx(length.min(), abs=1e-2)
    assert J @ found == pytest.approx([2.0])
    assert (bounds @ found >= floors - 1e-12).all()


LANDFILL = """landfill: {from: collect, to: outside, kind: loss, value: {
    values: {2018: 0.2, 2019: 3, 2020: 13, 2021: 30}, unit: kt, uncertainty: {relative: 0.2, correlated: false}}}"""
REDUNDANT = CHAIN_FLOWS.replace("landfill: {from: collect, to: outside, kind: loss}", LANDFILL).replace(
    "goods: {from: plant, to: use}",
    "goods: {from: plant, to: use, value: {value: 79, unit: kt, uncertainty: {relative: 0.08}}}",
)


def redundant() -> Balance:
    return system(CHAIN, REDUNDANT, years="{first: 2018, last: 2021}", layers="light, heavy").balance()


def test_a_stock_is_reconciled_over_all_years() -> None:
    """Reconciled flows meet every balance, the convolution of the stock among them, and both measured flows."""
    balance = redundant()
    assert (balance.processes()["residual"].abs() <= 1e-10 * balance.processes()["inflow"]).all()
    assert balance.fit["df"].tolist() == [2, 2, 2, 2]
    data = dict(zip(balance.system.data.names, balance.data.T, strict=True))
    assert np.allclose(balance.mass[:, 6].sum(axis=1), data["goods"], rtol=1e-7)
    assert np.allclose(balance.mass[:, 9].sum(axis=1), data["landfill"], rtol=1e-6)
    assert np.allclose(balance.mass, balance.point.solver.masses(balance.data), rtol=1e-9)


def test_the_reconciled_point_is_the_nearest() -> None:
    """Any step along the constraints is farther from the data: the gradient is spanned by those of the constraints."""
    balance = redundant()
    point, sd = balance.point, balance.point.spread.sd.ravel()
    lasting = np.array([datum.what == "lifetime" for datum in balance.system.data])
    assert (balance.data[:, lasting] == balance.data[0, lasting]).all()  # one number for all years
    free = (balance.point.spread.sd > 0).copy()
    free[1:, lasting] = False
    free = free.ravel()
    u = ((balance.data - balance.system.data.values).ravel()[free]) / sd[free]
    J = point.sensitivity.misses.reshape(-1, sd.size)[:, free] * sd[free]
    weights = np.linalg.lstsq(J.T, u, rcond=None)[0]
    assert np.abs(J.T @ weights - u).max() <= 1e-6 * np.abs(u).max()


def test_posterior_deviations_are_those_of_draws() -> None:
    """Data drawn about the reconciled point, each draw reconciled: spread to first order."""
    balance = redundant()
    rng = np.random.default_rng(8)
    size = 0.1  # small, for a first-order statement
    vector = balance.system.data
    z = rng.standard_normal((2500, len(vector.years), len(vector)))
    z = np.where(vector.correlated, z[:, :1], z)
    draws = balance.masses(balance.data + size * vector.sd * z)
    both = np.concatenate([draws, draws.sum(axis=-1, keepdims=True)], axis=-1).std(axis=0) / size
    assert np.allclose(both, balance.std_error, rtol=0.08, atol=2e-3)


def test_a_flow_that_exact_data_make_negative_is_named() -> None:
    exact = SQUEEZED.replace("10, unit: kt, uncertainty: {sd: 1}", "10, unit: kt").replace(
        "14, unit: kt, uncertainty: {sd: 1}", "14, unit: kt"
    )
    with pytest.raises(SpecificationError, match=r"small.yaml, line \d+: flows.rest in 2020: this flow is negative"):
        system("a: {}\nb: {}", exact).balance()
