"""Getis and Ord's G and join counts over all years of a panel, and weights of their own for every year."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial import (
    Geary,
    GetisOrd,
    JoinCounts,
    PooledGetisOrd,
    PooledJoinCounts,
    Weights,
    moran_by_year,
    yearly,
)

YEARS = (2001, 2002, 2003)
NAMES = [f"c{i:02d}" for i in range(12)]


def near(seed: int) -> Weights:
    rng = np.random.default_rng(seed)
    links = rng.random((12, 12)) < 0.3
    links = (links | links.T | (np.abs(np.subtract.outer(range(12), range(12))) == 1)) & ~np.eye(12, dtype=bool)
    return Weights.from_dense(NAMES, links.astype(float))


def panel(seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [(c, t, rng.gamma(2.0) + i / 6, "ab"[(i + t) % 5 < 2]) for i, c in enumerate(NAMES) for t in YEARS]
    return pd.DataFrame(rows, columns=["country", "year", "v", "kind"])


def one(data: pd.DataFrame, year: int, column: str) -> pd.Series:
    return data[data["year"] == year].set_index("country")[column]


def test_pooled_getis_ord_is_the_weighted_mean_of_the_years() -> None:
    data, w = panel(), near(1)
    pooled = PooledGetisOrd(data.sample(frac=1, random_state=1), "v", w, permutations=4999)
    Y = data.pivot(index="country", columns="year", values="v").loc[NAMES].to_numpy()
    size = np.array([y.sum() ** 2 - (y * y).sum() for y in Y.T])
    years = np.array([GetisOrd(one(data, t, "v"), w, permutations=0).G for t in YEARS])
    np.testing.assert_allclose(pooled.G, (size * years).sum() / size.sum(), rtol=1e-12)
    assert pooled.expected == pytest.approx(w.dense().sum() / (12 * 11), rel=1e-10)
    assert pooled.draws.mean() == pytest.approx(pooled.expected, abs=4 * (pooled.variance_rand / 4999) ** 0.5)
    assert pooled.draws.var() == pytest.approx(pooled.variance_rand, rel=0.08)
    alone = PooledGetisOrd(data[data["year"] == 2002], "v", w, permutations=0)
    single = GetisOrd(one(data, 2002, "v"), w, permutations=0)
    assert (alone.G, alone.variance_rand) == pytest.approx((single.G, single.variance_rand), rel=1e-9)
    with pytest.raises(InputError, match=r"negative for c0. in 2001"):
        PooledGetisOrd(data.assign(v=data["v"] - 3.0), "v", w)


def test_pooled_joins_are_the_sum_of_the_years_and_their_moments_those_of_whole_histories() -> None:
    data, w = panel(), near(2)
    pooled = PooledJoinCounts(data.sample(frac=1, random_state=1), "kind", w, permutations=4999)
    years = [JoinCounts(one(data, t, "kind"), w, permutations=0) for t in YEARS]
    for column in ("joins", "expected"):
        total = sum(found.frame[column].to_numpy() for found in years)
        np.testing.assert_allclose(pooled.frame[column], total, rtol=1e-10)
    assert pooled.joins == sum(found.joins for found in years)
    assert pooled.sizes == {k: sum(found.sizes[k] for found in years) for k in "ab"}
    K = data.pivot(index="country", columns="year", values="kind").loc[NAMES].to_numpy()
    rng, W = np.random.default_rng(3), w.dense()
    dealt = []
    for _ in range(20_000):
        moved = K[rng.permutation(12)]
        dealt.append(sum((W * np.outer(k == "a", k == "a")).sum() / 2 for k in moved.T))
    row = pooled.frame.set_index(["class_a", "class_b"]).loc[("a", "a")]
    assert np.var(dealt) == pytest.approx(row["variance"], rel=0.05)
    assert np.mean(dealt) == pytest.approx(row["expected"], rel=0.01)
    alone = PooledJoinCounts(data[data["year"] == 2002], "kind", w, permutations=99).frame
    pd.testing.assert_frame_equal(alone, JoinCounts(one(data, 2002, "kind"), w, permutations=99).frame)


def test_pooled_panels_meet_by_label() -> None:
    data, w = panel(), near(1)
    short = data[~((data["country"] == "c02") & (data["year"] == 2003))]
    for make, column in ((PooledGetisOrd, "v"), (PooledJoinCounts, "kind")):
        with pytest.raises(LabelError, match=r"2003.*c02"):
            make(short, column, w)
    with pytest.raises(InputError, match="all 'a'"):
        PooledJoinCounts(data.assign(kind="a"), "kind", w)
    with pytest.raises(InputError, match="missing for c02"):
        PooledJoinCounts(data.assign(kind=data["kind"].where(data["country"] != "c02")), "kind", w)


def test_every_year_with_weights_of_its_own() -> None:
    data, each = panel(), {t: near(t) for t in YEARS}
    by_year = moran_by_year(data, "v", each, permutations=99).set_index("year")
    for t in YEARS:
        pd.testing.assert_series_equal(
            by_year.loc[t], moran_by_year(data, "v", each[t], permutations=99).set_index("year").loc[t]
        )
    geary = yearly(Geary, data, "v", each, permutations=0).set_index("year")["C"]
    assert geary[2002] == Geary(one(data, 2002, "v"), each[2002], permutations=0).C
    del each[2002]
    for call in (lambda: moran_by_year(data, "v", each), lambda: yearly(Geary, data, "v", each)):
        with pytest.raises(LabelError, match=r"no weights for 2002; the mapping has 2001"):
            call()
