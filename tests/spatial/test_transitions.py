"""Markov and LISA transitions: by hand, against scipy's contingency tests, size by simulation, labels, figures."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial import (
    LisaPaths,
    Markov,
    SpatialMarkov,
    directional_lisa,
    lisa_rose,
    lisa_time_paths,
    transition_plot,
)
from gvcpos.spatial.lisa import direction, independence
from gvcpos.spatial.transitions import homogeneity, shorrocks, stationary
from tests.spatial.test_figures import texts
from tests.spatial.test_moran import munnell, ring


def walk(n: int = 16, years: int = 9, seed: int = 0, pull: float = 0.0) -> pd.DataFrame:
    """Countries on a ring whose values persist and follow their neighbours by `pull`."""
    w, rng = ring(n), np.random.default_rng(seed)
    y, rows = rng.normal(size=n), []
    for t in range(years):
        rows.append(pd.DataFrame({"country": w.ids, "year": 2000 + t, "v": y}))
        y = 0.7 * y + pull * (w.dense() @ y) + rng.normal(size=n)
    return pd.concat(rows, ignore_index=True)


def test_counts_by_hand():
    wide = pd.DataFrame(
        {2000: [1.0, 2, 3, 4], 2001: [1.0, 3, 2, 4], 2002: [2.0, 1, 4, 3]}, index=["c00", "c01", "c02", "c03"]
    )
    data = wide.rename_axis("country").reset_index().melt("country", var_name="year", value_name="v")
    chain = Markov(data.sample(frac=1, random_state=1), "v", ring(4), classes=2)
    np.testing.assert_array_equal(chain.states.to_numpy(), [[1, 1, 1], [1, 2, 1], [2, 1, 2], [2, 2, 2]])
    np.testing.assert_array_equal(chain.counts, [[2, 2], [2, 2]])
    np.testing.assert_array_equal(chain.probabilities, [[0.5, 0.5], [0.5, 0.5]])
    assert chain.shorrocks == 1.0
    np.testing.assert_allclose(chain.stationary, [0.5, 0.5])
    np.testing.assert_allclose(chain.sojourn, [2, 2])
    bounds = Markov(data, "v", ring(4), classes=[1.5, 3.5])
    np.testing.assert_array_equal(bounds.states[2000], [1, 2, 2, 3])
    assert bounds.k == 3
    frame = bounds.to_frame()
    assert list(frame.columns) == ["before", "after", "count", "probability"]
    assert frame["count"].sum() == 8


def test_stationary_and_shorrocks():
    P = np.array([[0.9, 0.1, 0.0], [0.2, 0.7, 0.1], [0.0, 0.3, 0.7]])
    np.testing.assert_allclose(stationary(P) @ P, stationary(P), atol=1e-12)
    assert stationary(P).sum() == pytest.approx(1)
    assert shorrocks(P) == pytest.approx((3 - 2.3) / 2)
    assert shorrocks(np.eye(4)) == 0
    with pytest.raises(InputError, match="groups"):
        stationary(np.eye(2))
    with pytest.raises(InputError, match="no departures"):
        stationary(np.array([[1, 0], [np.nan, np.nan]]))


def test_homogeneity_is_a_sum_of_contingency_tests():
    """Rows of the matrices are independent: chi2, LR and df add up over them, as scipy has them."""
    counts = np.random.default_rng(3).integers(3, 40, (4, 3, 3))
    found = homogeneity(counts)
    parts = [stats.chi2_contingency(counts[:, i, :], correction=False) for i in range(3)]
    ratios = [stats.chi2_contingency(counts[:, i, :], correction=False, lambda_="log-likelihood") for i in range(3)]
    assert found.chi2 == pytest.approx(sum(p.statistic for p in parts), rel=1e-12)
    assert found.lr == pytest.approx(sum(p.statistic for p in ratios), rel=1e-12)
    assert found.df == sum(p.dof for p in parts) == 18
    assert found.p_chi2 == pytest.approx(stats.chi2.sf(found.chi2, 18))
    # An end that is never reached and a start that one group lacks leave the degrees of freedom.
    counts[:, 0, 2], counts[1, 2, :] = 0, 0
    thin = homogeneity(counts)
    assert thin.df == 3 * 1 + 3 * 2 + 2 * 2
    some = [stats.chi2_contingency(counts[:, 0, :2]), stats.chi2_contingency(counts[:, 1, :])]
    some.append(stats.chi2_contingency(counts[[0, 2, 3], 2, :]))
    assert thin.chi2 == pytest.approx(sum(p.statistic for p in some), rel=1e-12)


def test_homogeneity_has_its_size():
    rng, P = np.random.default_rng(7), np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.1, 0.3, 0.6]])
    p = [homogeneity(np.array([[rng.multinomial(80, row) for row in P] for _ in range(3)])).p_chi2 for _ in range(400)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.04)
    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_spatial_markov_counts_add_up_and_use_the_lag_before():
    data, w = walk(), ring(16)
    chain = SpatialMarkov(data.sample(frac=1, random_state=2), "v", w, classes=3, permutations=99)
    total = sum(part.to_numpy() for part in chain.conditional.values())
    np.testing.assert_array_equal(total, chain.counts)
    wide = data.pivot(index="country", columns="year", values="v").loc[list(w.ids)]
    lag = pd.DataFrame(w.dense() @ wide.to_numpy(), columns=wide.columns)
    lowest = sum(
        int(((lag[t] <= np.quantile(lag[t], 1 / 3)).to_numpy() & (chain.states[t] == 1).to_numpy()).sum())
        for t in chain.years[:-1]
    )
    assert chain.conditional[1].to_numpy()[0].sum() == lowest
    again = SpatialMarkov(data, "v", w.align(list(w.ids)[::-1]), classes=3, permutations=99)
    assert again.test == chain.test
    assert list(again.states.index) == list(w.ids)[::-1]
    assert chain.conditional_probabilities(2).loc[1].sum() == pytest.approx(1)
    with pytest.raises(InputError, match="no class 9"):
        chain.conditional_probabilities(9)


def test_neighbours_that_pull_are_found_and_others_are_not():
    w = ring(40)
    pulled = SpatialMarkov(walk(40, 15, 1, pull=0.6), "v", w, classes=3, permutations=199)
    assert pulled.test.p_sim <= 0.01
    assert pulled.test.p_lr < 1e-4
    p = [
        SpatialMarkov(walk(20, 10, s), "v", ring(20), classes=2, permutations=39, seed=s).test.p_sim for s in range(60)
    ]
    assert np.mean(np.array(p) <= 0.1) == pytest.approx(0.1, abs=0.1)


def test_time_homogeneity():
    data, w = walk(), ring(16)
    chain = Markov(data, "v", w, classes=2)
    found = chain.time_homogeneity()
    assert found.groups == 2
    states = chain.states.to_numpy() - 1
    early = np.bincount((states[:, :4] * 2 + states[:, 1:5]).ravel(), minlength=4).reshape(2, 2)
    by_hand = homogeneity(np.array([early, chain.counts.to_numpy() - early]))
    assert (found.chi2, found.lr, found.df) == (by_hand.chi2, by_hand.lr, by_hand.df)
    assert chain.time_homogeneity([2002, 2005]).groups == 3
    with pytest.raises(InputError, match="1990"):
        chain.time_homogeneity([1990])
    changed = data.copy()
    late = changed["year"] > 2004
    changed.loc[late, "v"] = np.random.default_rng(1).normal(size=late.sum())
    still = changed["year"] <= 2004
    changed.loc[still, "v"] = np.tile(np.arange(16.0), 5)
    assert Markov(changed, "v", w, classes=2).time_homogeneity([2004]).p_lr < 1e-4


def test_bad_panels_are_named():
    data, w = walk(), ring(16)
    for make in (Markov, SpatialMarkov, LisaPaths):
        with pytest.raises(LabelError, match=r"2003.*c02"):
            make(data[~((data["country"] == "c02") & (data["year"] == 2003))], "v", w)
        with pytest.raises(LabelError, match="c00 2000"):
            make(pd.concat([data, data.iloc[[0]]]), "v", w)
        with pytest.raises(LabelError, match="NA"):
            make(pd.concat([data, pd.DataFrame({"country": ["NA"], "year": [2000], "v": [1.0]})]), "v", w)
        with pytest.raises(InputError, match="one year"):
            make(data[data["year"] == 2000], "v", w)
    with pytest.raises(InputError, match="ascend"):
        Markov(data, "v", w, classes=[1.0, 0.0])
    with pytest.raises(InputError, match="classes=1"):
        Markov(data, "v", w, classes=1)
    with pytest.raises(InputError, match="bounds"):
        Markov(data, "v", w, bounds="decade")


def test_lisa_paths_by_hand():
    data, w = walk(), ring(16)
    paths = LisaPaths(data.sample(frac=1, random_state=3), "v", w)
    wide = data.pivot(index="country", columns="year", values="v").loc[list(w.ids)]
    z = ((wide - wide.mean()) / wide.std(ddof=0)).to_numpy()
    lag = w.dense() @ z
    first = paths.frame[paths.frame["country"] == "c00"]
    np.testing.assert_allclose(first["z"], z[0])
    np.testing.assert_allclose(first["lag"], lag[0])
    lengths = np.hypot(np.diff(z), np.diff(lag)).sum(axis=1)
    np.testing.assert_allclose(paths.summary["length"], lengths / lengths.mean())
    straight = np.hypot(z[:, -1] - z[:, 0], lag[:, -1] - lag[:, 0])
    np.testing.assert_allclose(paths.summary["tortuosity"], lengths / straight)
    assert (paths.summary["tortuosity"] >= 1).all()
    assert paths.transitions.to_numpy().sum() == 16 * 8
    # Types follow from the quadrants: a letter changed or it did not.
    q = paths.frame.pivot(index="country", columns="year", values="quadrant").loc[list(w.ids)].to_numpy()
    expected = [
        {(0, 0): "0", (1, 0): "I", (0, 1): "II", (1, 1): "III"}[int(a[0] != b[0]), int(a[1] != b[1])]
        for row in q
        for a, b in pairwise(row)
    ]
    assert list(paths.kinds["type"]) == expected
    moved = LisaPaths(data, "v", w.align(list(w.ids)[::-1])).summary
    pd.testing.assert_frame_equal(
        moved.set_index("country").loc[list(w.ids)], paths.summary.set_index("country"), check_exact=True
    )


def test_independence_of_own_and_neighbours_moves():
    names = ["HH", "LH", "LL", "HL"]
    own, near = {"H": (0.8, 0.2), "L": (0.3, 0.7)}, {"H": (0.9, 0.1), "L": (0.25, 0.75)}
    P = np.array([[own[a[0]]["HL".index(b[0])] * near[a[1]]["HL".index(b[1])] for b in names] for a in names])
    exact = independence(pd.DataFrame(P * 1000, index=names, columns=names))
    assert exact["chi2"] == pytest.approx(0, abs=1e-18)
    assert exact["df"] == 8
    rng = np.random.default_rng(2)
    p = []
    for _ in range(400):
        n = np.array([rng.multinomial(150, row) for row in P])
        p.append(independence(pd.DataFrame(n, index=names, columns=names))["p_lr"])
    # Four rows of three free cells less four free probabilities leave eight degrees of freedom.
    assert stats.kstest(p, "uniform").pvalue > 0.001
    together = np.array([[90, 1, 9, 1], [5, 5, 5, 5], [9, 1, 90, 1], [5, 5, 5, 5]])
    assert independence(pd.DataFrame(together, index=names, columns=names))["p_chi2"] < 1e-6


def test_directions():
    angle, sector = direction(np.array([1.0, 0, -1, 0, 1]), np.array([0.5, 1, 0.1, -1, -1e-18]), 4)
    np.testing.assert_array_equal(sector, [0, 1, 1, 3, 3])
    assert angle[1] == pytest.approx(90)
    data, w = walk(30, 4, 5, pull=0.4), ring(30)
    moves = directional_lisa(data.sample(frac=1, random_state=1), "v", w, 2000, 2003)
    assert moves.sectors["count"].sum() == 30
    assert moves.sectors["expected"].sum() == pytest.approx(30)
    assert (moves.sectors["p_fdr"] >= moves.sectors["p_sim"] - 1e-15).all()
    np.testing.assert_allclose(moves.frame["dlag"], w.dense() @ moves.frame["dz"], atol=1e-12)
    again = directional_lisa(data, "v", w.align(list(w.ids)[::-1]), 2000, 2003)
    pd.testing.assert_frame_equal(again.sectors, moves.sectors, check_exact=True)
    with pytest.raises(InputError, match="1999"):
        directional_lisa(data, "v", w, 1999, 2003)
    with pytest.raises(InputError, match="sectors=1"):
        directional_lisa(data, "v", w, 2000, 2003, sectors=1)


def test_directions_of_clustered_change_are_found():
    w, n = ring(48), 48
    wave = np.sin(2 * np.pi * np.arange(n) / n)
    noise = np.random.default_rng(0).normal(size=(2, n)) * 0.1
    rows = [pd.DataFrame({"country": w.ids, "year": t, "v": noise[t] + t * wave}) for t in (0, 1)]
    table = directional_lisa(pd.concat(rows), "v", w, 0, 1, sectors=4).sectors
    assert (table["p_fdr"] <= 0.03).all()
    assert (table.loc[[0, 2], "count"] > table.loc[[0, 2], "expected"]).all()


def test_figures_say_what_they_show():
    data, w = walk(), ring(16)
    paths = LisaPaths(data, "v", w)
    figure = lisa_time_paths(paths, ["c03", "c01"], synthetic=True)
    said = texts(figure)
    for part in ("Paths: v, 2000 to 2008", "c03", "Ring: 2000", "SYNTHETIC DATA"):
        assert part in said
    coloured = [line for line in figure.axes[0].lines if line.get_label() in ("c03", "c01")]
    np.testing.assert_allclose(coloured[0].get_xdata(), paths.frame[paths.frame["country"] == "c03"]["z"])
    with pytest.raises(LabelError, match="XX"):
        lisa_time_paths(paths, ["XX"])
    moves = directional_lisa(data, "v", w, 2000, 2008, permutations=99)
    rose = lisa_rose(moves)
    np.testing.assert_allclose([bar.get_height() for bar in rose.axes[0].patches], moves.sectors["count"])
    assert "99 relabellings" in texts(rose)
    chain = SpatialMarkov(data, "v", w, classes=3, permutations=99)
    plot = transition_plot(chain)
    assert len([ax for ax in plot.axes if ax.axison]) == 4
    assert f"{chain.probabilities.iloc[0, 0]:.2f}" in texts(plot)
    assert f"mobility {chain.shorrocks:.3f}" in texts(plot)
    assert "n = 128" in plot.axes[0].get_title()
    assert len(transition_plot(paths).axes) == 1


def test_mobility_of_states():
    data, w = munnell()
    chain = SpatialMarkov(data, "unemp", w, entity="state", permutations=99)
    assert chain.counts.to_numpy().sum() == 48 * 16
    assert 0 < chain.shorrocks < 1
    assert chain.test.df == 64
    np.testing.assert_allclose(chain.stationary, 0.2, atol=0.03)  # quintiles of each year
