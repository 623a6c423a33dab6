"""Local Moran statistics: goldens, moments, false discovery, labels, seeds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, IslandWarning, LabelError
from gvcpos.spatial import LocalMoran, Moran, Weights
from gvcpos.spatial.permutation import dealt_sums, false_discovery
from tests.spatial.test_moran import CASES, case, golden, ring, variable


@pytest.mark.parametrize("dataset", CASES)
def test_statistics_and_moments_against_esda_and_spdep(dataset):
    values, w = case(dataset)
    frame = LocalMoran(values.sample(frac=1, random_state=1), w).frame
    esda = golden("esda", dataset, "Moran_Local")
    scale = (w.n - 1) / w.n
    np.testing.assert_allclose(frame["local_I"], esda["Is"], rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(frame["expected"], esda["EIc"] * scale, rtol=1e-10)
    np.testing.assert_allclose(frame["variance"], esda["VIc"] * scale**2, rtol=1e-10)
    exact = golden("spdep", dataset, "localmoran(mlvar=FALSE)")
    np.testing.assert_allclose(frame["local_I"], exact["Ii"], rtol=1e-10, atol=1e-14)
    spdep = golden("spdep", dataset, "localmoran(conditional=TRUE)")
    np.testing.assert_allclose(frame["local_I"], spdep["Ii"] * scale, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(frame["z_score"], spdep["Z.Ii"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(frame["p_norm"], spdep["p_two_sided"], rtol=1e-9)
    np.testing.assert_array_equal(frame["quadrant"].map({"HH": 1, "LH": 2, "LL": 3, "HL": 4}).to_numpy(), esda["q"])


@pytest.mark.parametrize("dataset", CASES)
def test_permutation_p_within_simulation_error_of_spdep(dataset):
    values, w = case(dataset)
    ours = LocalMoran(values, w, permutations=9999).frame["p_sim"].to_numpy()
    theirs = golden("spdep", dataset, "localmoran_perm")["p_sim_two_sided"]
    # A two-sided p is twice a share p/2 of 9,999; both sides are simulated, and 49 of them are looked at.
    error = 2 * np.sqrt(2 * (theirs / 2) * (1 - theirs / 2) / 9999)
    assert (np.abs(ours - theirs) / (error + 2e-4)).max() < 4.5


def test_conditional_draws_have_the_exact_conditional_moments():
    w, v = ring(15), variable(ring(15), 2)
    frame = LocalMoran(v, w, permutations=10).frame
    z = frame["z"].to_numpy()
    scale = (w.n - 1) / w.n
    draws = dealt_sums(w.matrix, lambda i: scale * z[i] * z, 20_000, seed=3)
    sd = np.sqrt(frame["variance"].to_numpy())
    assert (np.abs(draws.mean(axis=1) - frame["expected"]) < 4.5 * sd / np.sqrt(20_000)).all()
    np.testing.assert_allclose(draws.std(axis=1), sd, rtol=0.04)


def test_local_statistics_add_up_to_the_global_one():
    values, w = case("munnell86")
    total = LocalMoran(values, w, permutations=9).frame["local_I"].sum()
    assert total * w.n / (w.n - 1) / w.matrix.sum() == pytest.approx(Moran(values, w, permutations=0).I, rel=1e-12)


def test_a_planted_cluster_is_found_and_named():
    eye = np.eye(60)
    near = sum(np.roll(eye, k, 0) for k in (-3, -2, -1, 1, 2, 3))
    w = Weights.from_dense(ring(60).ids, near / 6)
    v = variable(w, 4) * 0.3
    v.iloc[10:20] += 3
    v.iloc[40:50] -= 3
    local = LocalMoran(v, w, permutations=9999)
    assert set(local.clusters.iloc[12:18]) == {"HH"}
    assert set(local.clusters.iloc[42:48]) == {"LL"}
    assert (local.frame["p_fdr"] >= local.frame["p_sim"] - 1e-15).all()
    assert sum(local.counts().values()) == 60
    outliers = LocalMoran(v, w, permutations=9999, alternative="less").counts()
    assert outliers["HH"] == outliers["LL"] == 0


def test_false_discovery_by_hand():
    p = np.array([0.01, 0.04, 0.03, np.nan, 0.20])
    # Ranks 1, 3, 2, 4 of 4: 0.04, 0.16/3, 0.06 -> 0.16/3, 0.2.
    np.testing.assert_allclose(false_discovery(p), [0.04, 0.16 / 3, 0.16 / 3, np.nan, 0.2])


def test_labels_meet_by_name_and_seeds_repeat():
    w, v = ring(), variable(ring())
    one = LocalMoran(v, w, permutations=199, seed=5).frame.set_index("country")
    moved = w.align(list(v.sample(frac=1, random_state=9).index))
    other = LocalMoran(v.sample(frac=1, random_state=3), moved, permutations=199, seed=5).frame
    assert list(other["country"]) == list(moved.ids)
    pd.testing.assert_frame_equal(other.set_index("country").loc[one.index], one, check_exact=True)
    assert not one["p_sim"].equals(LocalMoran(v, w, permutations=199, seed=6).frame.set_index("country")["p_sim"])
    with pytest.raises(LabelError, match="c03"):
        LocalMoran(v.drop("c03"), w)
    with pytest.raises(LabelError, match="NA"):
        LocalMoran(pd.concat([v, pd.Series({"NA": 1.0})]), w)
    with pytest.raises(LabelError, match="c05"):
        LocalMoran(pd.concat([v, v.loc[["c05"]]]), w)


def test_bad_input_is_refused():
    w, v = ring(), variable(ring())
    with pytest.raises(InputError, match="c04"):
        LocalMoran(v.where(v.index != "c04"), w)
    with pytest.raises(InputError, match="constant"):
        LocalMoran(v * 0, w)
    with pytest.raises(InputError, match="level"):
        LocalMoran(v, w, level=5)
    with pytest.raises(InputError, match="permutations"):
        LocalMoran(v, w, permutations=0)


def test_an_island_is_not_tested():
    dense = ring(9).dense()
    dense[4], dense[:, 4] = 0, 0
    with pytest.warns(IslandWarning):
        w = Weights.from_dense(ring(9).ids, dense, islands="keep")
    local = LocalMoran(variable(w), w, permutations=99)
    row = local.frame.set_index("country").loc["c04"]
    assert row["cluster"] == "island"
    assert np.isnan([row["p_sim"], row["p_fdr"]]).all()
    assert local.frame["p_fdr"].notna().sum() == 8
