"""A linear system whose moments and shares of variance are known, drawn, summarised and explained."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError, RedrawnWarning
from gvcpos.flows.draws.arrays import DrawnArrays, FlowRatio
from gvcpos.flows.draws.marginals import Marginal
from gvcpos.flows.draws.results import OTHERS, UNEXPLAINED, FlowDraws
from gvcpos.flows.draws.sampler import Sampler, Variable
from gvcpos.flows.draws.simulation import simulate
from gvcpos.flows.network import Network

YEARS = (2020, 2021)
NETWORK = Network.of(
    ["plant"],
    [("ore", "outside", "plant"), ("scrap", "outside", "plant"), ("metal", "plant", "outside")],
    ["light", "heavy"],
    YEARS,
)
VARIABLES = (
    Variable("ore", np.array([10.0, 20.0]), Marginal.of_sd("normal", [10.0, 20.0], [1.0, 2.0])),
    Variable("scrap", np.array([5.0, 5.0]), Marginal.of_sd("normal", [5.0, 5.0], [0.5, 0.5]), correlated=False),
    Variable("heavy", np.array([0.1, 0.1]), Marginal.of_sd("uniform", [0.1, 0.1], [0.01, 0.01]), correlated=False),
    Variable("known", np.array([3.0, 3.0])),
)
NAMES = tuple(v.name for v in VARIABLES)


def run(data: np.ndarray) -> DrawnArrays:
    """Ore with a heavy share, scrap that is light; metal is both."""
    ore, scrap, heavy = data[..., 0], data[..., 1], data[..., 2]
    flows = [(ore * (1 - heavy), ore * heavy), (scrap, 0 * scrap)]
    flows.append((flows[0][0] + scrap, flows[0][1]))
    mass = np.stack([np.stack(pair, axis=-1) for pair in flows], axis=-2)
    return DrawnArrays(NETWORK, NAMES, data, mass)


OUTPUTS = {
    "heavy share": FlowRatio(("metal",), ("ore",), layer="heavy", pooled=True),
    "product": lambda drawn: drawn.flow("ore") * drawn.datum("heavy"),
    "from scrap": FlowRatio(("scrap",), ("ore", "scrap")),
}


class Linear:
    """The system above as what is drawn; `order` is that of its data."""

    stages = ("only",)

    def __init__(self, order: tuple[int, ...] = (0, 1, 2, 3)) -> None:
        self.place = np.argsort(order)

    def solved(self, data: np.ndarray) -> DrawnArrays:
        return run(data[..., self.place])

    def named(self, data: np.ndarray, mass: np.ndarray) -> DrawnArrays:
        return DrawnArrays(NETWORK, NAMES, data[..., self.place], mass)


def drawn(
    draws: int = 4000, seed: int = 1, chunk: int | None = None, order: tuple[int, ...] = (0, 1, 2, 3)
) -> FlowDraws:
    sampler = Sampler(tuple(VARIABLES[k] for k in order), (), seed)
    return simulate(NETWORK, sampler, Linear(order), draws=draws, outputs=OUTPUTS, chunk=chunk, synthetic=True)


def test_moments_and_intervals_of_a_linear_system() -> None:
    frame = drawn(40_000).frame()
    assert list(frame.columns) == ["year", "flow", "layer", "median", "lower", "upper", "mean", "sd"]
    assert len(frame) == 2 * 3 * 3
    at = frame.set_index(["flow", "layer", "year"]).sort_index()
    metal = at.loc[("metal", "total", 2021)]
    sd = np.sqrt(2.0**2 + 0.5**2)
    error = sd / np.sqrt(40_000)
    assert metal["mean"] == pytest.approx(25.0, abs=4 * error)
    assert metal["sd"] == pytest.approx(sd, rel=0.02)
    assert metal["lower"] == pytest.approx(25.0 - 1.96 * sd, abs=0.08)
    assert metal["upper"] == pytest.approx(25.0 + 1.96 * sd, abs=0.08)
    heavy = at.loc[("metal", "heavy", 2020)]  # product of independent numbers
    assert heavy["mean"] == pytest.approx(1.0, abs=0.004)
    assert heavy["sd"] ** 2 == pytest.approx(10.0**2 * 1e-4 + 0.1**2 * 1.0 + 1e-4 * 1.0, rel=0.03)
    assert frame.attrs == {"mass": "kt", "draws": 40_000, "seed": 1, "synthetic": True, "level": 0.95}


def test_intervals_cover() -> None:
    """Of 200 simulations' 80 % intervals of 150 draws, the share that a fresh draw falls in is 80 %."""
    sampler = [Sampler(VARIABLES, (), seed) for seed in range(200)]
    inside = []
    for one in sampler:
        found = simulate(NETWORK, one, Linear(), draws=151)
        metal = found.mass[:, 1, 2].sum(axis=-1)
        low, high = np.quantile(metal[1:], [0.1, 0.9])
        inside.append(low <= metal[0] <= high)
    assert 0.7 <= np.mean(inside) <= 0.9


def test_same_seed_same_bytes_whatever_the_chunk_and_the_order() -> None:
    first = drawn(500)
    for other in (drawn(500), drawn(500, chunk=7), drawn(500, order=(2, 0, 3, 1))):
        assert other.mass.tobytes() == first.mass.tobytes()
        assert other.frame().to_csv() == first.frame().to_csv()
        assert other.output_frame().to_csv() == first.output_frame().to_csv()
    assert drawn(500, chunk=7).contributions("metal").to_csv() == first.contributions("metal").to_csv()
    assert drawn(500, seed=2).mass.tobytes() != first.mass.tobytes()
    np.testing.assert_array_equal(drawn(100).mass, first.mass[:100])


def test_outputs() -> None:
    found = drawn()
    frame = found.output_frame()
    assert frame["output"].tolist() == ["heavy share", "product", "product", "from scrap", "from scrap"]
    assert frame["year"].isna().tolist() == [True, False, False, False, False]
    pooled = found.mass[:, :, 2, 1].sum(axis=1) / found.mass[:, :, 0, 1].sum(axis=1)
    assert frame.loc[0, "median"] == pytest.approx(np.median(pooled))
    scrap, metal = (found.mass[:, 1, f].sum(axis=-1) for f in (1, 2))
    assert frame.loc[4, "mean"] == pytest.approx((scrap / metal).mean())
    later = found.with_outputs({"product": OUTPUTS["product"]})
    assert later.values["product"].tobytes() == found.values["product"].tobytes()
    assert set(later.values) == {"product"}


def test_shares_of_variance_of_a_sum() -> None:
    found = drawn(20_000)
    for ranks in (False, True):
        frame = found.contributions("metal", ranks=ranks).set_index(["year", "input"])["share"]
        tolerance = 0.015 if not ranks else 0.03
        assert frame[(2021, "ore")] == pytest.approx(4.0 / 4.25, abs=tolerance)
        assert frame[(2021, "scrap (2021)")] == pytest.approx(0.25 / 4.25, abs=tolerance)
        assert frame[(2021, "scrap (2020)")] == pytest.approx(0.0, abs=0.002)
        assert frame[(2021, UNEXPLAINED)] == pytest.approx(0.0, abs=tolerance)
        np.testing.assert_allclose(frame.groupby("year").sum(), 1.0, rtol=1e-12)
    assert found.contributions("metal").iloc[0]["input"] == "ore"


def test_sobol_indices_of_a_product_and_of_those_left_together() -> None:
    found = drawn(4000)
    frame = found.sobol("product", inputs=["ore", "heavy (2020)"], n=1024).set_index(["year", "input"])
    a, b = 0.1**2, 0.1**2  # squared relative deviations of both factors
    whole = a + b + a * b
    assert frame.loc[(2020, "ore"), "first"] == pytest.approx(a / whole, abs=0.03)
    assert frame.loc[(2020, "heavy (2020)"), "first"] == pytest.approx(b / whole, abs=0.03)
    assert frame.loc[(2020, "ore"), "total"] == pytest.approx((a + a * b) / whole, abs=0.03)
    assert frame.loc[(2020, OTHERS), "total"] == pytest.approx(0.0, abs=1e-9)
    assert frame.loc[(2021, OTHERS), "total"] == pytest.approx((b + a * b) / whole, abs=0.05)  # heavy (2021) is there
    assert frame.loc[(2021, "heavy (2020)"), "total"] == pytest.approx(0.0, abs=1e-9)
    assert frame.loc[(2020, UNEXPLAINED), "first"] == pytest.approx(a * b / whole, abs=0.05)
    best = found.sobol("metal", inputs=1, n=64)
    assert set(best["input"]) == {"ore", OTHERS, UNEXPLAINED}


class Rest(Linear):
    """Metal is ore less scrap, which may be too much."""

    def solved(self, data: np.ndarray) -> DrawnArrays:
        out = super().solved(data)
        mass = out.mass.copy()
        mass[:, :, 2, 0] = mass[:, :, 0, 0] - mass[:, :, 1, 0]
        return self.named(data, mass)


def rest(sd: float, draws: int = 3000, **options: object) -> FlowDraws:
    scrap = Variable("scrap", np.array([5.0, 5.0]), Marginal.of_sd("normal", [5.0, 5.0], [sd, sd]), correlated=False)
    sampler = Sampler((VARIABLES[0], scrap, *VARIABLES[2:]), (), 1)
    return simulate(NETWORK, sampler, Rest(), draws=draws, **options)  # type: ignore[arg-type]


def test_impossible_draws_are_drawn_again() -> None:
    kept = rest(1.7, negative="keep")
    again = rest(1.7)
    negative = (kept.mass < 0.0).any(axis=(1, 2, 3))
    assert 0.01 < negative.mean() < 0.05
    assert again.impossible["metal"] == pytest.approx((kept.mass[:, :, 2] < 0).any(axis=(1, 2)).mean(), abs=1e-12)
    np.testing.assert_array_equal(again.mass[~negative], kept.mass[~negative])
    assert again.mass.min() >= 0.0
    assert rest(1.7, chunk=11).mass.tobytes() == again.mass.tobytes()
    replayed = np.concatenate([drawn.datum("ore") for drawn in again.arrays()])
    np.testing.assert_allclose(replayed, again.mass[:, :, 0].sum(axis=-1), rtol=1e-12)


def test_many_impossible_draws_are_said_and_most_are_refused() -> None:
    with pytest.warns(RedrawnWarning, match=r"\d+\.\d% of the draws are impossible, most often because flow 'metal'"):
        rest(3.0)
    with pytest.raises(EstimationError, match="of the draws are impossible"):
        rest(8.0)


def test_many_draws_are_kept_in_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    in_memory = drawn(300)
    monkeypatch.setattr("gvcpos.flows.draws.store.empty_draws.__defaults__", (1000,))
    in_file = drawn(300)
    assert isinstance(in_file.mass.base, np.memmap) or isinstance(in_file.mass, np.memmap)
    assert in_file.mass.tobytes() == in_memory.mass.tobytes()
    assert in_file.frame().to_csv() == in_memory.frame().to_csv()


def test_refusals() -> None:
    sampler = Sampler(VARIABLES)
    with pytest.raises(InputError, match="draws=1: take 2 at least"):
        simulate(NETWORK, sampler, Linear(), draws=1)
    with pytest.raises(InputError, match="outputs have the names of flows: metal"):
        simulate(NETWORK, sampler, Linear(), draws=10, outputs={"metal": OUTPUTS["product"]})
    with pytest.raises(InputError, match=r"output 'x' has the shape \(10, 3\)"):
        simulate(NETWORK, sampler, Linear(), draws=10, outputs={"x": lambda d: np.zeros((10, 3))})
    with pytest.raises(LabelError, match="no such flow: zinc"):
        simulate(NETWORK, sampler, Linear(), draws=10, outputs={"x": FlowRatio(("zinc",), ("ore",))})
    with pytest.raises(InputError, match="no process of the system has costs"):
        simulate(NETWORK, sampler, Linear(), draws=10, outputs={"x": lambda d: d.costs})
    found = simulate(NETWORK, sampler, Linear(), draws=50)
    with pytest.raises(InputError, match="no process of the system has costs"):
        found.cost_frame()
    with pytest.raises(InputError, match="no output or flow is called 'zinc'"):
        found.contributions("zinc")
    with pytest.raises(InputError, match="no outputs were asked for"):
        found.output_frame()
    still = simulate(NETWORK, Sampler(tuple(Variable(v.name, v.values) for v in VARIABLES)), Linear(), draws=5)
    with pytest.raises(InputError, match="no datum of the system is uncertain"):
        still.contributions("metal")
