"""Stage flows, structural pull-through and the network of a stage, against brute force and known graphs."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import DroppedRowsWarning, InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.chains import Chain
from gvcpos.lockin import own_shares, stage_flows, stage_network, structural_pull_through
from gvcpos.lockin.leaders.centrality import betweenness, concentration, edges, eigenvector
from gvcpos.tables import IOTable
from tests.shared import wiod_year

CHAIN = Chain.from_mapping({"upstream": ["a"], "midstream": ["b"], "downstream": ["c", "d"]})
RARE_EARTHS = Chain.rare_earths()


def table(seed: int = 0, year: int = 2000, countries: tuple[str, ...] = ("AAA", "BBB", "CCC")) -> IOTable:
    rng = np.random.default_rng(seed)
    n, G = 5 * len(countries), len(countries)
    Z, Y = rng.uniform(0, 1, (n, n)), rng.uniform(0, 8, (n, G))
    Z[:, 3] = Z[3] = Y[3] = 0.0  # a sector that neither makes nor buys
    return IOTable.from_arrays(
        Z, Y, countries=countries, sectors=list("abcde"), final_categories=["final"], year=year, unit="1", source="made"
    )


def dense(io: IOTable, weights: np.ndarray) -> np.ndarray:
    """v̂Bd̂ from the dense inverse, shape (n, n)."""
    inverse_x = np.divide(1.0, io.x, out=np.zeros_like(io.x), where=io.x > 0)
    B = np.linalg.inv(np.eye(len(io.x)) - io.Z * inverse_x)
    return (io.va_total * inverse_x)[:, None] * B * weights


@pytest.mark.parametrize("embodied_in", ["final_goods", "output"])
def test_flows_against_the_dense_inverse(embodied_in):
    io = table()
    flows = stage_flows(io, CHAIN, embodied_in=embodied_in)
    full = dense(io, io.Y.sum(axis=1) if embodied_in == "final_goods" else io.x).reshape(3, 5, 3, 5)
    cells = {"upstream": [0], "midstream": [1], "downstream": [2, 3], "other": [4]}
    for row in flows.itertuples():
        s, r = io.countries.index(row.country), io.countries.index(row.partner)
        expected = full[s][cells[row.stage]][:, r][:, cells[row.destination]].sum()
        assert row.value_added == pytest.approx(expected, rel=1e-10, abs=1e-12)
    assert len(flows) == 3 * 4 * 9


def test_own_shares_against_the_dense_inverse():
    io = table(1)
    shares = own_shares(stage_flows(io, CHAIN)).set_index("country")
    full = dense(io, io.Y.sum(axis=1)).reshape(3, 5, 3, 5)[:, 0]
    down = full[:, :, 2:4].sum(axis=2)
    np.testing.assert_allclose(shares["own_share"], np.diag(down) / down.sum(axis=1), rtol=1e-10)
    np.testing.assert_allclose(shares["own"], np.diag(down) / full.sum(axis=(1, 2)), rtol=1e-10)
    np.testing.assert_allclose(shares["benchmark"], down.sum(axis=0) / down.sum(), rtol=1e-10)
    np.testing.assert_allclose(shares[["own", "foreign", "elsewhere"]].sum(axis=1), 1.0, rtol=1e-12)


def test_destinations_sum_to_the_value_added_of_the_stage_on_wiod():
    io = wiod_year(2005)
    flows = stage_flows(io, RARE_EARTHS)
    for stage, positions in RARE_EARTHS.check(io).items():
        va = io.va_total.reshape(io.shape)[:, positions].sum(axis=1)
        traced = flows[flows["stage"] == stage].groupby("country", sort=False)["value_added"].sum()
        np.testing.assert_allclose(traced.to_numpy() / va.sum(), va / va.sum(), atol=1e-9)


def test_order_of_countries_and_sectors_changes_nothing():
    io = table(2)
    a = stage_flows(io, CHAIN)
    b = stage_flows(io.select(countries=["CCC", "AAA", "BBB"], sectors=list("ecbda")), CHAIN)
    keys = ["country", "stage", "destination", "partner"]
    left, right = (f.set_index(keys)["value_added"].sort_index() for f in (a, b))
    pd.testing.assert_series_equal(left, right, rtol=1e-10)


def test_tables_given_in_every_way():
    one, two = table(3, 2000), table(4, 2001)
    expected = stage_flows([one, two], CHAIN)
    for way in ({2000: one, 2001: two}, [ValueAddedAccounts(one), two]):
        pd.testing.assert_frame_equal(stage_flows(way, CHAIN), expected)
    with pytest.raises(LabelError, match="two tables of the year 2000"):
        stage_flows([one, one], CHAIN)
    with pytest.raises(LabelError, match="given for 1999 is of the year 2000"):
        stage_flows({1999: one}, CHAIN)
    with pytest.raises(InputError, match="no table"):
        stage_flows([], CHAIN)
    with pytest.raises(InputError, match="without sector_groups"):
        stage_flows(ValueAddedAccounts(one, sector_groups={"s": ["a", "b"]}), CHAIN)
    with pytest.raises(InputError, match="for sectors in no stage"):
        stage_flows(one, Chain.from_mapping({"other": ["a"]}))


def paths(own: dict[str, list[float]]) -> pd.DataFrame:
    """Flows of countries whose own share is as given; 1 in all goes to downstream products, 3 elsewhere."""
    rows = []
    names = list(own)
    for i, c in enumerate(names):
        for t, share in enumerate(own[c]):
            parts = [(c, "downstream", share), (names[i - 1], "downstream", 1 - share), (c, "other", 3.0)]
            rows += [(c, "upstream", d, p, 2000 + t, v) for p, d, v in parts]
    return pd.DataFrame(rows, columns=["country", "stage", "destination", "partner", "year", "value_added"])


def test_a_falling_own_share_speaks_for_lock_in():
    rng = np.random.default_rng(0)
    noise = 0.01 * rng.normal(size=(3, 12)).cumsum(axis=1)
    slopes = {"AAA": -0.03, "BBB": 0.03, "CCC": 0.0}
    flows = paths({c: list(0.5 + k * np.arange(12) + noise[i]) for i, (c, k) in enumerate(slopes.items())})
    found = {c: structural_pull_through(flows, scope=c) for c in slopes}
    assert [found[c].evidence for c in slopes] == ["lock-in", "upgrading", "none"]
    lost = found["AAA"]
    series = flows[(flows["country"] == "AAA") & (flows["partner"] == "AAA") & (flows["destination"] == "downstream")]
    assert lost.estimate == pytest.approx((series["value_added"].iloc[-1] - series["value_added"].iloc[0]) / 11)
    assert lost.details["shares"]["own"].iloc[0] == pytest.approx(series["value_added"].iloc[0] / 4)
    assert "percentage points less a year" in lost.effect
    assert "is rejected" in lost.sentence
    assert "it has no trend is not rejected" in found["CCC"].sentence
    world = structural_pull_through(flows)
    mean = np.mean([found[c].estimate for c in slopes])
    assert (world.estimate, world.ncountries, world.scope) == (pytest.approx(mean), 3, "world")
    with pytest.raises(LabelError, match="no such stage of the flows: mining"):
        structural_pull_through(flows, "mining")


def test_structural_pull_through_on_wiod():
    years = range(2000, 2012, 2)
    flows = stage_flows((wiod_year(y) for y in years), RARE_EARTHS)
    usa = structural_pull_through(flows, scope="USA")
    assert usa.nobs == 5
    assert usa.estimate < 0
    assert usa.details["shares"]["own_share"].iloc[0] > usa.details["shares"]["benchmark"].iloc[0]
    group = structural_pull_through(flows, scope={"CHN-JPN": ["JPN", "CHN"]}, shocks="common")
    assert group.ncountries == 2
    none = flows[flows["country"] != "AUS"]
    assert structural_pull_through(none).ncountries == structural_pull_through(flows).ncountries - 1
    gone = flows.assign(value_added=flows["value_added"].where(flows["country"] != "AUS", 0.0))
    with pytest.warns(DroppedRowsWarning, match="AUS"):
        structural_pull_through(gone)


def by_enumeration(w: np.ndarray) -> np.ndarray:
    """Betweenness by listing every simple path."""
    n = len(w)
    out = np.zeros(n)
    for s, t in permutations(range(n), 2):
        inner = [v for v in range(n) if v not in (s, t)]
        found = []
        for k in range(n - 1):
            for middle in permutations(inner, k):
                path = (s, *middle, t)
                if all(w[a, b] > 0 for a, b in pairwise(path)):
                    found.append((sum(1 / w[a, b] for a, b in pairwise(path)), middle))
        if found:
            best = min(length for length, _ in found)
            shortest = [middle for length, middle in found if length <= best * (1 + 1e-12)]
            for v in inner:
                out[v] += sum(v in middle for middle in shortest) / len(shortest)
    return out / ((n - 1) * (n - 2))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_betweenness_against_every_path(seed, ties):
    rng = np.random.default_rng(seed)
    w = rng.integers(0, 3, (5, 5)).astype(float) if ties else rng.uniform(0, 1, (5, 5)) * (rng.random((5, 5)) < 0.7)
    w = edges(w)
    np.testing.assert_allclose(betweenness(w), by_enumeration(w), atol=1e-12)


def test_centralities_of_known_graphs():
    star = np.zeros((4, 4))
    star[0, 1:] = star[1:, 0] = 1.0
    np.testing.assert_allclose(betweenness(star), [1, 0, 0, 0])
    np.testing.assert_allclose(eigenvector(star), np.array([np.sqrt(3), 1, 1, 1]) / np.sqrt(6), rtol=1e-9)
    ring = np.roll(np.eye(5), 1, axis=1)
    np.testing.assert_allclose(betweenness(ring), 0.5)
    np.testing.assert_allclose(eigenvector(ring), 1 / np.sqrt(5))
    line = np.diag([1.0, 1.0, 1.0], k=1)
    np.testing.assert_allclose(betweenness(line), np.array([0, 2, 2, 0]) / 6)
    assert (eigenvector(line) == 0).all()  # no cycle, no eigenvector
    assert (betweenness(np.zeros((4, 4))) == 0).all()
    np.testing.assert_allclose(concentration(np.array([[0.0, 3.0], [0.0, 1.0]])), [np.nan, 10 / 16])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_eigenvector_is_one_and_units_do_not_matter(seed):
    w = edges(np.random.default_rng(seed).uniform(0, 1, (6, 6)))
    c = eigenvector(w)
    value = c @ w @ c
    np.testing.assert_allclose(w @ c, value * c, atol=1e-9)
    assert value == pytest.approx(np.abs(np.linalg.eigvals(w)).max())
    np.testing.assert_allclose(eigenvector(1e6 * w), c, atol=1e-9)
    np.testing.assert_allclose(betweenness(1e6 * w), betweenness(w))


def test_the_network_of_a_stage():
    io = table(5)
    flows = stage_flows(io, CHAIN)
    found = stage_network(flows).set_index("country")
    full = dense(io, io.Y.sum(axis=1)).reshape(3, 5, 3, 5)[:, 0][:, :, 1:4].sum(axis=2)
    np.testing.assert_allclose(found["own"], np.diag(full), rtol=1e-10)
    np.testing.assert_allclose(found["out_strength"], full.sum(axis=1) - np.diag(full), rtol=1e-10)
    np.testing.assert_allclose(found["in_strength"], full.sum(axis=0) - np.diag(full), rtol=1e-10)
    assert found["out_share"].sum() == pytest.approx(1.0)
    assert found["out_strength_rank"].tolist() == (-found["out_strength"]).rank().astype(int).tolist()
    np.testing.assert_allclose(found["supplier_hhi_all"], ((full / full.sum(axis=0)) ** 2).sum(axis=0))
    two = stage_network(flows, exclude=["BBB"])
    assert two["country"].tolist() == ["AAA", "CCC"]
    np.testing.assert_allclose(two["supplier_hhi"], 1.0)
    mixed = stage_network(flows.sample(frac=1, random_state=0)).set_index("country").loc[found.index]
    pd.testing.assert_frame_equal(mixed, found, rtol=1e-9)
    with pytest.raises(InputError, match="no stage comes after 'downstream'"):
        stage_network(flows, "downstream")
    with pytest.raises(LabelError, match="exclude: ZZZ not in the panel"):
        stage_network(flows, exclude=["ZZZ"])
    with pytest.raises(InputError, match="targets='other': give a list"):
        stage_network(flows, targets="other")
    assert stage_network(flows, "downstream", ["downstream"])["own"].gt(0).all()
