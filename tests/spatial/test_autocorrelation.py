"""Bivariate, Geary, Getis-Ord, join counts, differential, pooled, yearly: goldens, esda, brute force, labels."""

# ruff: noqa: SIM300 - the field writes C, G and I with capitals, which are no constants
from __future__ import annotations

import warnings
from itertools import permutations as orders_of

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial import (
    BivariateMoran,
    Geary,
    GetisOrd,
    JoinCounts,
    LocalBivariateMoran,
    LocalGeary,
    LocalGetisOrd,
    LocalJoinCounts,
    LocalMoran,
    Moran,
    PooledBivariateMoran,
    PooledGeary,
    PooledJoinCounts,
    PooledLocalMoran,
    PooledMoran,
    Weights,
    cluster_map,
    differential_local_moran,
    differential_moran,
    moran_by_year,
    moran_scatter,
    significance_map,
    yearly,
)
from gvcpos.spatial.moments import dealt_moments, reassigned_moments, relabelled_moments
from gvcpos.spatial.permutation import dealt_sums, relabelled_sums
from tests.spatial.test_figures import chain, faces, polygons, texts
from tests.spatial.test_figures import values as chain_values
from tests.spatial.test_moran import CASES, case, columbus, golden, munnell, ring, variable


def pair(dataset: str) -> tuple[pd.Series, pd.Series, Weights]:
    """First and second variable of the golden files (x_var and y_var there), and the weights."""
    y, w = case(dataset)
    if dataset == "munnell86":
        data = munnell()[0]
        return y, data[data["year"] == 1986].set_index("state")["unemp"], w
    frame = columbus()[0]
    return y, pd.Series(frame["INC"].to_numpy(), index=frame.index, name="INC"), w


def lopsided(n: int, seed: int = 0) -> Weights:
    """Unequal, asymmetric weights."""
    rng = np.random.default_rng(seed)
    dense = rng.uniform(0.2, 2.0, (n, n)) * (rng.uniform(size=(n, n)) < 0.6)
    np.fill_diagonal(dense, 0)
    dense[np.arange(n), (np.arange(n) + 1) % n] = 1.0
    return Weights.from_dense([f"c{i:02d}" for i in range(n)], dense)


@pytest.mark.parametrize("dataset", CASES)
def test_geary_against_esda_and_spdep(dataset):
    y, w = case(dataset)
    found = Geary(y.sample(frac=1, random_state=1), w, permutations=9999)
    for reference in (golden("esda", dataset, "Geary"), golden("spdep", dataset, "geary.test")):
        assert found.C == pytest.approx(reference["C"][0], rel=1e-10)
        assert found.variance_norm == pytest.approx(reference["VC_norm"][0], rel=1e-10)
        assert found.variance_rand == pytest.approx(reference["VC_rand"][0], rel=1e-10)
    assert found.expected == 1.0
    assert found.z_rand == pytest.approx((1 - found.C) / found.variance_rand**0.5, rel=1e-12)
    one_sided = Geary(y, w, permutations=9999, alternative="greater").p_sim
    esda = golden("esda", dataset, "Geary")["p_sim"][0]
    assert abs(one_sided - esda) < 4 * np.sqrt(2 * esda * (1 - esda) / 9999) + 2e-4


@pytest.mark.parametrize("dataset", CASES)
def test_bivariate_against_esda_and_spdep(dataset):
    x, y, w = pair(dataset)
    one = BivariateMoran(y, x.sample(frac=1, random_state=3), w, permutations=9999, alternative="two-sided")
    esda = golden("esda", dataset, "Moran_BV(x=y_var,y=x_var)")
    assert one.I == pytest.approx(esda["I"][0], rel=1e-10)
    other = BivariateMoran(x, y, w, permutations=9999)
    assert other.I == pytest.approx(golden("esda", dataset, "Moran_BV(x=x_var,y=y_var)")["I"][0], rel=1e-10)
    spdep = golden("spdep", dataset, "moran_bv")
    assert other.I == pytest.approx(spdep["I_xy"][0], rel=1e-10)
    folded = esda["p_sim"][0]
    assert abs(one.p_sim / 2 - folded) < 4 * np.sqrt(2 * folded * (1 - folded) / 9999) + 2e-4
    assert one.draws.std() == pytest.approx(one.variance_rand**0.5, rel=0.04)


@pytest.mark.parametrize("dataset", CASES)
def test_local_g_against_spdep_and_why_esda_differs(dataset):
    y, w = case(dataset)
    frame = LocalGetisOrd(y, w, permutations=9).frame
    spdep = golden("spdep", dataset, "localG")["z_Gi"]
    np.testing.assert_allclose(frame["z_score"], spdep, rtol=1e-10, atol=1e-13)
    # esda's G and mean are right; its variance takes a row's sum of squares for its sum.
    n, values = w.n - 1, y.loc[list(w.ids)].to_numpy()
    mean = (values.sum() - values) / n
    spread = ((values**2).sum() - values**2) / n - mean**2
    total = w.dense().sum(axis=1)
    wrong = total * (n - total) / (n - 1) / n**2 * spread / mean**2
    esda = (frame["local_G"] - frame["expected"]) / np.sqrt(wrong)
    np.testing.assert_allclose(esda, golden("esda", dataset, "G_Local")["Zs"], rtol=1e-9, atol=1e-12)
    # Which variance is right is decided by the permutations.
    z = frame["z"].to_numpy()
    draws = dealt_sums(w.matrix, lambda i: z, 4000, seed=1)
    scale = y.std(ddof=0) / (values.sum() - values)
    np.testing.assert_allclose((draws.std(axis=1) * scale) ** 2, frame["variance"], rtol=0.15)
    assert (wrong / frame["variance"]).min() > 1.5 or dataset == "munnell86"


def test_binary_weights_equal_esda_throughout():
    from esda.geary_local import Geary_Local
    from esda.getisord import G, G_Local
    from esda.join_counts import Join_Counts
    from esda.join_counts_local import Join_Counts_Local
    from esda.moran import Moran_Local_BV
    from libpysal.graph import Graph

    frame, w = columbus()
    crime, income = (pd.Series(frame[c].to_numpy(), index=frame.index, name=c) for c in ("CRIME", "INC"))
    ones = Weights.from_dense(w.ids, (w.dense() > 0).astype(float))
    y, x = crime.loc[list(w.ids)].to_numpy(), income.loc[list(w.ids)].to_numpy()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # By position: esda's local Geary puts other labels into alphabetical order.
        raw, rows = Graph.from_sparse(ones.matrix.copy()), Graph.from_sparse(w.matrix.copy())
        g = G(y, raw, permutations=0)
        ours = GetisOrd(crime, ones, permutations=0)
        assert (ours.G, ours.expected) == pytest.approx((g.G, g.EG), rel=1e-10)
        assert ours.variance_rand == pytest.approx(g.VG, rel=1e-9)
        for star in (False, True):
            theirs = G_Local(y, raw, transform="B", permutations=0, star=star)
            local = LocalGetisOrd(crime, ones, star=star, permutations=9).frame
            np.testing.assert_allclose(local["local_G"], theirs.Gs, rtol=1e-10)
            np.testing.assert_allclose(local["expected"], theirs.EGs, rtol=1e-10)
            np.testing.assert_allclose(local["variance"], theirs.VGs, rtol=1e-9)
            np.testing.assert_allclose(local["z_score"], theirs.Zs, rtol=1e-9, atol=1e-12)
        star = LocalGetisOrd(crime, w, star=True, permutations=9).frame["local_G"]
        np.testing.assert_allclose(star, G_Local(y, raw, transform="R", permutations=0, star=True).Gs, rtol=1e-10)
        np.testing.assert_allclose(
            LocalGeary(crime, w, permutations=9).frame["local_C"],
            Geary_Local(rows, permutations=0).fit(y).localG,
            rtol=1e-10,
        )
        bv = Moran_Local_BV(x, y, rows, permutations=0)
        ours_bv = LocalBivariateMoran(income, crime, w, permutations=9).frame
        np.testing.assert_allclose(ours_bv["local_I"], bv.Is, rtol=1e-10, atol=1e-14)
        np.testing.assert_array_equal(ours_bv["quadrant"].map({"HH": 1, "LH": 2, "LL": 3, "HL": 4}), bv.q)
        high = (crime > crime.median()).astype(int)
        jc = Join_Counts(high.loc[list(w.ids)].to_numpy(), raw, permutations=0)
        joins = JoinCounts(high, w, permutations=0)
        assert list(joins.frame["joins"]) == [jc.ww, jc.bw, jc.bb]
        assert joins.joins == jc.J
        ljc = Join_Counts_Local(connectivity=raw).fit(high.loc[list(w.ids)].to_numpy(), permutations=0).LJC
        np.testing.assert_array_equal(LocalJoinCounts(high, w, 1).frame["joins"], ljc)


def test_bivariate_of_itself_is_moran_and_rows_add_up():
    w = lopsided(12)
    v, u = variable(w, 1), variable(w, 2)
    assert BivariateMoran(v, v, w, permutations=0).I == pytest.approx(Moran(v, w, permutations=0).I, rel=1e-12)
    local = LocalBivariateMoran(v, u, w, permutations=9).frame["local_I"].sum()
    assert local * w.n / (w.n - 1) / w.matrix.sum() == pytest.approx(
        BivariateMoran(v, u, w, permutations=0).I, rel=1e-12
    )
    c = LocalGeary(v, w, permutations=9).frame["local_C"].sum()
    assert c * (w.n - 1) / (2 * w.matrix.sum() * w.n) == pytest.approx(Geary(v, w, permutations=0).C, rel=1e-12)
    same = LocalBivariateMoran(v, v, w, permutations=99).frame
    np.testing.assert_allclose(same["p_sim"], LocalMoran(v, w, permutations=99).frame["p_sim"])


def test_moments_against_all_permutations():
    """Six units have 720 orders: means and variances are exact for unequal, asymmetric weights."""
    w = lopsided(6, 3)
    W, y = w.dense(), np.array([1.0, 4.0, 2.5, 7.0, 0.5, 3.0])
    every = [list(order) for order in orders_of(range(6))]
    z = y - y.mean()
    for U in (np.outer(z, z), (z[:, None] - z) ** 2, np.outer(y, y), np.outer(y > 2, y > 2) * 1.0):
        sums = np.array([(W * U[np.ix_(o, o)]).sum() for o in every])
        np.testing.assert_allclose(relabelled_moments(w.matrix, U), (sums.mean(), sums.var()), rtol=1e-10, atol=1e-10)
    C = np.random.default_rng(1).normal(size=(6, 6))
    sums = np.array([C[range(6), o].sum() for o in every])
    np.testing.assert_allclose(reassigned_moments(C), (sums.mean(), sums.var()), rtol=1e-10)
    mean, variance = dealt_moments(w.matrix, lambda i: (z[i] - z) ** 2)
    for i in range(6):
        others = [j for j in range(6) if j != i]
        sums = np.array([W[i, others] @ (z[i] - z[list(o)]) ** 2 for o in orders_of(others)])
        np.testing.assert_allclose((mean[i], variance[i]), (sums.mean(), sums.var()), rtol=1e-10)
    labels = pd.Series(y, index=list(w.ids))
    whole = np.array([(W * np.outer(y[o], y[o])).sum() for o in every]) / (y.sum() ** 2 - y @ y)
    g = GetisOrd(labels, w, permutations=0)
    assert (g.expected, g.variance_rand) == pytest.approx((whole.mean(), whole.var()), rel=1e-9)
    star = LocalGetisOrd(labels, w, star=True, permutations=9).frame
    own = W + np.diag(W.max(axis=1))
    all_stars = np.array([own @ y[o] for o in every]) / y.sum()
    np.testing.assert_allclose(star["expected"], all_stars.mean(axis=0), rtol=1e-10)
    np.testing.assert_allclose(star["variance"], all_stars.var(axis=0), rtol=1e-10)


def test_analytic_variances_of_moran_and_geary_are_those_of_relabelling():
    w, v = lopsided(15, 2), variable(lopsided(15, 2), 5)
    z = (v - v.mean()).to_numpy()
    scale = w.n / (w.matrix.sum() * (z @ z))
    m = Moran(v, w, permutations=0)
    moments = relabelled_moments(w.matrix, np.outer(z, z))
    assert (scale * moments[0], scale**2 * moments[1]) == pytest.approx((m.expected, m.variance_rand), rel=1e-10)
    g = Geary(v, w, permutations=20_000)
    assert g.draws.mean() == pytest.approx(1, abs=4 * (g.variance_rand / 20_000) ** 0.5)
    assert g.draws.var() == pytest.approx(g.variance_rand, rel=0.05)
    b = GetisOrd(v.abs(), w, permutations=20_000)
    assert b.draws.var() == pytest.approx(b.variance_rand, rel=0.05)


def test_join_counts_of_several_classes():
    w = ring(12)
    classes = pd.Series(list("AAAABBBBCCCC"), index=list(w.ids), name="cluster")
    found = JoinCounts(classes.sample(frac=1, random_state=2), w, permutations=999)
    table = found.frame.set_index(["class_a", "class_b"])
    assert table["joins"].to_dict() == {
        ("A", "A"): 3, ("A", "B"): 1, ("A", "C"): 1, ("B", "B"): 3, ("B", "C"): 1, ("C", "C"): 3,
    }  # fmt: skip
    assert table["joins"].sum() == found.joins == 12
    assert table["expected"].sum() == pytest.approx(12)
    assert table.loc[("A", "A"), "expected"] == pytest.approx(12 * (4 * 3) / (12 * 11))
    assert table.loc[("A", "B"), "expected"] == pytest.approx(12 * 2 * 4 * 4 / (12 * 11))
    assert (table["p_fdr"] >= table["p_sim"] - 1e-15).all()
    assert table.loc[("A", "A"), "p_sim"] < 0.1
    single = JoinCounts(classes.where(classes.index != "c00", "only"), w, permutations=99).frame
    row = single[(single["class_a"] == "only") & (single["class_b"] == "only")].iloc[0]
    assert (row["joins"], row["expected"]) == (0, 0)
    assert np.isnan([row["z_score"], row["p_sim"], row["p_fdr"]]).all()
    with pytest.raises(InputError, match="all 'A'"):
        JoinCounts(pd.Series("A", index=list(w.ids)), w)
    with pytest.raises(InputError, match="c03"):
        JoinCounts(classes.where(classes.index != "c03"), w)
    with pytest.raises(InputError, match="no unit is of class 'Z'"):
        LocalJoinCounts(classes, w, "Z")


def everybody(n: int = 12) -> Weights:
    """Every unit beside every other, with different weights."""
    A = np.random.default_rng(1).uniform(0.5, 1.5, (n, n))
    np.fill_diagonal(A, 0.0)
    return Weights.from_dense(ring(n).ids, A)


def test_joins_among_all_units_are_certain_and_refused():
    w = everybody()
    classes = pd.Series(list("AAAABBBBCCCC"), index=list(w.ids), name="cluster")
    said = r"each of 12 units to all 11 others.*every count is certain.*cutoff"
    with pytest.raises(InputError, match=said):
        JoinCounts(classes, w)
    with pytest.raises(InputError, match=said):
        LocalJoinCounts(classes, w, "A")
    long = pd.concat([classes.rename_axis("country").reset_index().assign(year=year) for year in (1, 2)])
    with pytest.raises(InputError, match=said):
        PooledJoinCounts(long, "cluster", w)
    A = w.dense()
    A[0, 1] = A[1, 0] = 0.0  # one pair is no join: one count in two differs by one
    frame = JoinCounts(classes, Weights.from_dense(w.ids, A), permutations=0).frame
    share = 4 * 3 / (12 * 11)
    assert frame["variance"][0] == pytest.approx(share * (1 - share), rel=1e-9)


def test_one_history_for_all_leaves_joins_no_variance():
    w = ring(40)
    year = pd.concat([pd.DataFrame({"country": w.ids, "year": y, "k": "abc"[y % 3]}) for y in range(7)])
    frame = PooledJoinCounts(year, "k", w, permutations=9).frame
    assert (frame["variance"] == 0.0).all()
    assert frame["z_score"].isna().all()


def test_numbers_with_many_values_are_no_classes():
    w = ring(60)
    v = variable(w)
    with pytest.raises(InputError, match=r"v are numbers with 60 different values among 60.*qcut.*Moran"):
        JoinCounts(v, w)
    with pytest.raises(InputError, match="60 different values"):
        LocalJoinCounts(v, w, "1")
    long = pd.concat([(v.rank() // 2).rename_axis("country").reset_index().assign(year=year) for year in (1, 2)])
    with pytest.raises(InputError, match="30 different values among 120"):
        PooledJoinCounts(long.assign(v=long["v"] % 30), "v", w)
    assert len(JoinCounts(v.rank() // 10, w, permutations=0).sizes) == 7
    assert len(JoinCounts((v.rank() // 2).map("c{:.0f}".format), w, permutations=0).sizes) == 31


def test_equal_weights_for_all_others_leave_local_sums_no_variance():
    w = Weights.from_dense(ring(12).ids, (1 - np.eye(12)) / 11)
    assert LocalMoran(variable(w), w, permutations=9).frame["z_score"].isna().all()


def test_local_join_counts_are_hypergeometric():
    w = ring(20)
    classes = pd.Series(["b"] * 6 + ["w"] * 14, index=list(w.ids))
    frame = LocalJoinCounts(classes, w, "b").frame.set_index("country")
    assert frame.loc["c02", "joins"] == 2
    assert frame.loc["c02", "p_exact"] == pytest.approx(5 * 4 / (19 * 18))
    assert frame.loc["c00", "p_exact"] == pytest.approx(1 - 14 * 13 / (19 * 18))
    assert frame.loc["c10":, "p_exact"].isna().all()
    assert set(frame["cluster"]) <= {"joined", "ns"}


def test_a_planted_pattern_is_found_by_every_local_statistic():
    eye = np.eye(60)
    w = Weights.from_dense(ring(60).ids, sum(np.roll(eye, k, 0) for k in (-3, -2, -1, 1, 2, 3)) / 6)
    v = variable(w, 4) * 0.3
    v.iloc[10:20] += 3
    v.iloc[40:50] -= 3
    geary = LocalGeary(v, w, permutations=9999, alternative="greater").clusters
    assert set(geary.iloc[13:17]) == {"HH"}
    assert set(geary.iloc[43:47]) == {"LL"}
    spots = LocalGetisOrd(v, w, permutations=9999).clusters
    assert set(spots.iloc[12:18]) == {"hot"}
    assert set(spots.iloc[42:48]) == {"cold"}
    cross = LocalBivariateMoran(v, -v, w, permutations=9999).clusters
    assert set(cross.iloc[12:18]) == {"HL"}
    assert set(cross.iloc[42:48]) == {"LH"}
    odd = v.copy()
    odd.iloc[15] = -3
    assert LocalGeary(odd, w, permutations=9999).clusters.iloc[15] == "dissimilar"


MAKERS = {
    "geary": lambda v, w, **k: Geary(v, w, permutations=99, **k),
    "getis-ord": lambda v, w, **k: GetisOrd(v, w, permutations=99, **k),
    "bivariate": lambda v, w, **k: BivariateMoran(v, variable(ring(), 8), w, permutations=99, **k),
    "local geary": lambda v, w, **k: LocalGeary(v, w, permutations=99, **k),
    "local getis-ord": lambda v, w, **k: LocalGetisOrd(v, w, star=True, permutations=99, **k),
    "local bivariate": lambda v, w, **k: LocalBivariateMoran(v, variable(ring(), 8), w, permutations=99, **k),
    "join counts": lambda v, w, **k: JoinCounts(v.round(0).astype("Int64"), w, permutations=99, **k),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_labels_meet_by_name_and_seeds_repeat(kind):
    make, w = MAKERS[kind], ring()
    v = variable(w).abs() + 0.1
    shuffled = v.sample(frac=1, random_state=3)
    one, other = make(v, w, seed=5).to_frame(), make(shuffled, w.align(list(shuffled.index)), seed=5).to_frame()
    if "country" in one:
        assert list(other["country"]) == list(shuffled.index)
        one, other = one.set_index("country"), other.set_index("country").loc[list(w.ids)]
    pd.testing.assert_frame_equal(other, one, check_exact=True)
    if hasattr(make(v, w), "draws"):
        assert not np.array_equal(make(v, w, seed=6).draws, make(v, w, seed=5).draws)
    elif kind != "join counts":  # which take few values
        assert not make(v, w, seed=6).to_frame()["p_sim"].equals(make(v, w, seed=5).to_frame()["p_sim"])
    with pytest.raises(LabelError, match="c03"):
        make(v.drop("c03"), w)
    with pytest.raises(LabelError, match="NA"):
        make(pd.concat([v, pd.Series({"NA": 1.0})]), w)
    with pytest.raises(LabelError, match="c05"):
        make(pd.concat([v, v.loc[["c05"]]]), w)
    with pytest.raises(InputError, match="c04"):
        make(v.where(v.index != "c04"), w)
    with pytest.raises(InputError, match="alternative"):
        make(v, w, alternative="larger")


def test_negative_values_and_the_zero_of_the_scale():
    w = ring()
    v = variable(w)
    with pytest.raises(InputError, match="natural zero"):
        GetisOrd(v, w)
    one, other = LocalGetisOrd(v, w, permutations=99).frame, LocalGetisOrd(v + 50, w, permutations=99).frame
    np.testing.assert_allclose(one["z_score"], other["z_score"], rtol=1e-9)
    np.testing.assert_array_equal(one["p_sim"], other["p_sim"])


def test_islands_are_not_tested():
    from gvcpos._core.errors import IslandWarning

    dense = ring(9).dense()
    dense[4], dense[:, 4] = 0, 0
    with pytest.warns(IslandWarning):
        w = Weights.from_dense(ring(9).ids, dense, islands="keep")
    v = variable(w).abs()
    for local in (
        LocalGeary(v, w, permutations=99),
        LocalGetisOrd(v, w, permutations=99),
        LocalGetisOrd(v, w, star=True, permutations=99),
        LocalBivariateMoran(v, v**2, w, permutations=99),
    ):
        row = local.frame.set_index("country").loc["c04"]
        assert row["cluster"] == "island"
        assert np.isnan([row["p_sim"], row["p_fdr"]]).all()
        assert local.frame["p_fdr"].notna().sum() == 8
    assert Geary(v, w, permutations=0).C == pytest.approx(
        LocalGeary(v, w, permutations=9).frame["local_C"].sum() * 8 / (2 * w.matrix.sum() * 9), rel=1e-12
    )


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.sampled_from([1e-3, -2.0, 7.0]))
def test_location_and_scale_change_nothing(seed, shift, scale):
    w = lopsided(8, seed % 5)
    v, u = variable(w, seed), variable(w, seed + 1)
    moved = shift + scale * v
    assert Geary(moved, w, permutations=49).p_sim == Geary(v, w, permutations=49).p_sim
    assert Geary(moved, w, permutations=0).C == pytest.approx(Geary(v, w, permutations=0).C, rel=1e-7)
    sign = np.sign(scale)
    assert BivariateMoran(moved, u, w, permutations=0).z_rand == pytest.approx(
        sign * BivariateMoran(v, u, w, permutations=0).z_rand, rel=1e-6, abs=1e-8
    )


def panel(n: int = 12, years: int = 5, seed: int = 0) -> tuple[pd.DataFrame, Weights]:
    w, rng = ring(n), np.random.default_rng(seed)
    lasting = rng.normal(size=n)
    rows = [
        pd.DataFrame(
            {"country": w.ids, "year": 2000 + t, "v": lasting + 0.5 * rng.normal(size=n) + t, "u": rng.normal(size=n)}
        )
        for t in range(years)
    ]
    return pd.concat(rows, ignore_index=True), w


def test_pooled_statistics_by_hand():
    data, w = panel()
    V, U = (data.pivot(index="country", columns="year", values=c).loc[list(w.ids)].to_numpy() for c in ("v", "u"))
    Z, X = V - V.mean(axis=0), U - U.mean(axis=0)
    W = w.dense()
    m = PooledMoran(data.sample(frac=1, random_state=1), "v", w, permutations=4999)
    assert m.I == pytest.approx((Z * (W @ Z)).sum() / (Z * Z).sum(), rel=1e-12)
    assert m.expected == pytest.approx(-1 / 11, rel=1e-10)
    assert m.draws.var() == pytest.approx(m.variance_rand, rel=0.08)
    weight = (Z * Z).sum(axis=0)
    yearly_I = moran_by_year(data, "v", w, permutations=0)["I"].to_numpy()
    assert m.I == pytest.approx((weight * yearly_I).sum() / weight.sum(), rel=1e-12)
    c = PooledGeary(data, "v", w, permutations=99)
    gaps = sum((W * (z[:, None] - z) ** 2).sum() for z in Z.T)
    assert c.C == pytest.approx(11 * gaps / (2 * 12 * (Z * Z).sum()), rel=1e-12)
    assert c.expected == pytest.approx(1, rel=1e-10)
    b = PooledBivariateMoran(data, "v", "u", w, permutations=4999)
    assert b.I == pytest.approx((Z * (W @ X)).sum() / np.sqrt((Z * Z).sum() * (X * X).sum()), rel=1e-12)
    assert b.draws.var() == pytest.approx(b.variance_rand, rel=0.08)
    local = PooledLocalMoran(data, "v", w, permutations=99)
    assert local.frame["local_I"].sum() * 12 / 11 / 12 == pytest.approx(m.I, rel=1e-12)
    two = PooledMoran(data, "v", w, centre="twoway", permutations=0)
    R = Z - Z.mean(axis=1, keepdims=True)
    assert two.I == pytest.approx((R * (W @ R)).sum() / (R * R).sum(), rel=1e-12)
    one_year = PooledMoran(data[data["year"] == 2001], "v", w, permutations=0)
    alone = Moran(data[data["year"] == 2001].set_index("country")["v"], w, permutations=0)
    assert (one_year.I, one_year.variance_rand) == pytest.approx((alone.I, alone.variance_rand), rel=1e-10)


def test_pooled_panels_meet_by_label():
    data, w = panel()
    for make in (PooledMoran, PooledGeary, PooledLocalMoran):
        options = {"permutations": 99}
        one = make(data, "v", w, **options).to_frame()
        pd.testing.assert_frame_equal(make(data.sample(frac=1, random_state=5), "v", w, **options).to_frame(), one)
        with pytest.raises(LabelError, match=r"2003.*c02"):
            make(data[~((data["country"] == "c02") & (data["year"] == 2003))], "v", w, **options)
        with pytest.raises(LabelError, match="c00 2000"):
            make(pd.concat([data, data.iloc[[0]]]), "v", w, **options)
        with pytest.raises(InputError, match="leaves no variation"):
            make(data[data["year"] == 2000], "v", w, centre="twoway", **options)


def sizes(simulations: int) -> tuple[float, float]:
    """Shares of 5 % rejections for lasting values without a spatial pattern: histories dealt out, and years apart."""
    w, rng = ring(20), np.random.default_rng(5)
    W, whole, apart = w.matrix, 0, 0
    for k in range(simulations):
        Y = rng.normal(size=(20, 1)) + 0.3 * rng.normal(size=(20, 8))
        Z = Y - Y.mean(axis=0)
        seen = float((Z * (W @ Z)).sum())
        draws = relabelled_sums(W, Z @ Z.T, 99, seed=k)
        whole += (draws >= seen).sum() < 5
        shuffled = (rng.permuted(Z, axis=0) for _ in range(99))
        apart += sum((S * (W @ S)).sum() >= seen for S in shuffled) < 5
    return whole / simulations, apart / simulations


def test_whole_histories_have_the_right_size_and_years_apart_do_not():
    whole, apart = sizes(150)
    assert 0.01 <= whole <= 0.11
    assert apart > 0.2


@pytest.mark.slow
def test_size_of_pooled_permutations():
    whole, _ = sizes(2000)
    assert whole == pytest.approx(0.05, abs=0.015)


def test_yearly_equals_each_year_and_adjusts_over_the_panel():
    data, w = panel()
    table = yearly(Geary, data, "v", w, permutations=99)
    alone = Geary(data[data["year"] == 2002].set_index("country")["v"], w, permutations=99)
    row = table.set_index("year").loc[2002]
    assert (row["C"], row["p_sim"], row["variable"]) == (alone.C, alone.p_sim, "v")
    assert (table["p_fdr"] >= table["p_sim"] - 1e-15).all()
    moran = yearly(Moran, data, "v", w, permutations=99).drop(columns="p_fdr")
    pd.testing.assert_frame_equal(moran, moran_by_year(data, "v", w, permutations=99), check_exact=True)
    two = yearly(BivariateMoran, data, ("v", "u"), w, permutations=99)
    assert list(two["variable"].unique()) == ["v, u of neighbours"]
    joins = yearly(JoinCounts, data.assign(up=(data["u"] > 0) * 1.0), "up", w, permutations=99)
    assert len(joins) == 15
    shuffled = yearly(LocalMoran, data.sample(frac=1, random_state=1), "v", w, permutations=99)
    local = yearly(LocalMoran, data, "v", w, permutations=99)
    pd.testing.assert_frame_equal(local, shuffled, check_exact=True)
    assert list(local.columns[:2]) == ["country", "year"]
    apart = yearly(LocalMoran, data, "v", w, permutations=99, family="year")
    np.testing.assert_array_equal(apart["p_sim"], local["p_sim"])
    assert not apart["p_fdr"].equals(local["p_fdr"])
    with pytest.raises(LabelError, match=r"2003.*c02"):
        yearly(Geary, data[~((data["country"] == "c02") & (data["year"] == 2003))], "v", w)


def test_a_family_of_all_years_decides_over_clusters():
    data, _ = panel(40, 3, seed=2)
    eye = np.eye(40)
    w = Weights.from_dense(ring(40).ids, sum(np.roll(eye, k, 0) for k in (-2, -1, 1, 2)) / 4)
    data.loc[(data["year"] == 2001) & data["country"].isin([f"c{i:02d}" for i in range(8)]), "v"] += 9
    local = yearly(LocalMoran, data, "v", w, permutations=1999, level=0.2)
    found = local["cluster"] != "ns"
    assert found.any()
    assert (local.loc[found, "p_fdr"] <= 0.2).all()
    assert (local.loc[found, "cluster"] == local.loc[found, "quadrant"]).all()
    assert (local.loc[~found, "p_fdr"] > 0.2).all()


def test_differential_moran_sees_change_and_not_what_lasts():
    data, w = panel(30, 4, seed=1)
    wave = np.sin(2 * np.pi * np.arange(30) / 30) * 5
    lasting = data.assign(v=data["u"] + np.tile(wave, 4))
    assert moran_by_year(lasting, "v", w, permutations=99)["p_sim"].max() <= 0.02
    assert differential_moran(lasting, "v", w, 2000, 2003).p_sim > 0.05
    moving = data.assign(v=data["u"] + np.concatenate([0 * wave, 0 * wave, 0 * wave, wave]))
    change = differential_moran(moving.sample(frac=1, random_state=0), "v", w, 2000, 2003)
    assert change.p_sim <= 0.002
    assert change.name == "v, change 2000 to 2003"
    pivot = moving.pivot(index="country", columns="year", values="v")
    assert change.I == Moran(pivot[2003] - pivot[2000], w).I
    assert differential_local_moran(moving, "v", w, 2000, 2003).name == change.name
    with pytest.raises(InputError, match="no year 1999"):
        differential_moran(data, "v", w, 1999, 2003)
    with pytest.raises(InputError, match="needs two years"):
        differential_moran(data, "v", w, 2003, 2003)
    with pytest.raises(LabelError, match="c02"):
        differential_moran(data[~((data["country"] == "c02") & (data["year"] == 2003))], "v", w, 2000, 2003)


def test_figures_say_what_they_show():
    w, v = chain(), chain_values()
    u = pd.Series([1.0, 2, 4, 3, 5, 7], index=list(w.ids), name="Income")
    m = BivariateMoran(v, u, w, permutations=99)
    figure = moran_scatter(m)
    assert f"I = {m.I:.3f}".replace("-", "\N{MINUS SIGN}") in texts(figure)
    ax = figure.axes[0]
    assert ax.get_xlabel().startswith("Upstreamness")
    assert "Income" in ax.get_ylabel()
    line = next(a for a in ax.lines if a.get_linewidth() > 1)
    x, y = line.get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(m.I, rel=1e-12)  # row-normalised weights
    spots = LocalGetisOrd(v, w, permutations=99, level=0.99)
    said = texts(cluster_map(spots, polygons(), synthetic=True))
    assert f"Hot spot ({spots.counts()['hot']})" in said
    assert "Getis-Ord G hot spots: Upstreamness" in said
    assert "SYNTHETIC DATA" in said
    local = LocalMoran(v, w, permutations=99)
    shown = significance_map(local, polygons(), year=2007)
    below = int((local.frame["p_fdr"] <= 0.05).sum())
    assert f"Not significant ({6 - below})" in texts(shown)
    assert "significance: Upstreamness, 2007" in texts(shown)
    assert faces(shown) == faces(significance_map(local, polygons().iloc[::-1]))
    with pytest.raises(LabelError, match="c"):
        significance_map(local, polygons().drop("c"))
