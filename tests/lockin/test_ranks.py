"""Confidence sets for ranks: coverage where ranks are tied, single ranks where they are clear, labels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gvcpos._core.errors import InputError, LabelError
from gvcpos.lockin import dominance, dominance_ranks, rank_intervals
from gvcpos.lockin.leaders.ranks import rank_sets
from tests.lockin import worlds

NAMES = list("ABCDE")


def series(*values: float) -> pd.Series:
    return pd.Series(values, index=NAMES[: len(values)])


def test_two_countries_are_two_one_sided_tests():
    """With two, both directions: A is first for sure if t exceeds the two-sided normal quantile of the level."""
    cut = stats.norm.ppf(0.975) * np.sqrt(2)
    for gap, low in ((1.05 * cut, 2), (0.95 * cut, 1)):
        found = rank_intervals(series(gap, 0.0), std_errors=series(1.0, 1.0)).set_index("country")
        assert found.loc["B", ["rank", "rank_low", "rank_high"]].tolist() == [2, low, 2]
        assert found.loc["A", "rank_high"] == (1 if low == 2 else 2)


def test_clear_and_tied():
    clear = rank_intervals(series(5.0, 4.0, 3.0, 2.0), std_errors=series(*[0.01] * 4))
    assert clear["rank_low"].tolist() == clear["rank_high"].tolist() == [1, 2, 3, 4]
    tied = rank_intervals(series(1.0, 1.0, 1.0, 1.0), std_errors=series(*[0.01] * 4))
    assert (tied["rank_low"] == 1).all()
    assert (tied["rank_high"] == 4).all()
    known = rank_intervals(series(2.0, 1.0, 0.0), cov=pd.DataFrame(0.0, index=NAMES[:3], columns=NAMES[:3]))
    assert known["rank_low"].tolist() == known["rank_high"].tolist() == [1, 2, 3]


def test_errors_that_all_share_do_not_matter():
    cov = pd.DataFrame(100.0, index=NAMES[:3], columns=NAMES[:3]) + 1e-4 * np.eye(3)
    found = rank_intervals(series(3.0, 2.0, 1.0), cov=cov)
    assert found["rank_low"].tolist() == found["rank_high"].tolist() == [1, 2, 3]
    alone = rank_intervals(series(3.0, 2.0, 1.0), std_errors=pd.Series(np.sqrt(np.diag(cov)), index=NAMES[:3]))
    assert (alone["rank_high"] - alone["rank_low"] == 2).all()


def coverage(draws: int, simultaneous: bool) -> float:
    """Of the sets of eight countries in four ties; marginal sets of one country, or all at once."""
    rng = np.random.default_rng(0)
    truth = np.repeat([0.0, 0.0, 4.0, 4.0], 2)
    low = np.array([1 + (truth > value).sum() for value in truth])
    high = len(truth) - np.array([(truth < value).sum() for value in truth])
    errors = rng.normal(size=(1000, 8))
    hits = 0
    for _ in range(draws):
        found = rank_sets(truth + rng.normal(size=8), errors, simultaneous=simultaneous)
        inside = (found[0] <= low) & (found[1] >= high)
        hits += inside.all() if simultaneous else inside[0]
    return hits / draws


@pytest.mark.parametrize("simultaneous", [False, True])
def test_coverage_in_short(simultaneous):
    assert coverage(40, simultaneous) >= 0.95 - 3 * np.sqrt(0.05 * 0.95 / 40)


@pytest.mark.slow
@pytest.mark.parametrize("simultaneous", [False, True])
def test_coverage(simultaneous):
    assert 0.94 <= coverage(1500, simultaneous) <= 0.985  # tied countries: the sets are not wider than need be


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 10), st.floats(-5, 5))
def test_sets_hold_the_estimated_rank_and_ignore_order_and_units(seed, scale, shift):
    rng = np.random.default_rng(seed)
    values = pd.Series(rng.normal(size=5), index=NAMES)
    draws = pd.DataFrame(rng.normal(0, 0.3, (200, 5)), columns=NAMES)
    before = rank_intervals(values, draws=draws).set_index("country")
    assert (before["rank_low"] <= before["rank"]).all()
    assert (before["rank_high"] >= before["rank"]).all()
    mixed = rng.permutation(NAMES)
    after = rank_intervals(scale * values[mixed] + shift, draws=scale * draws).set_index("country").loc[NAMES]
    columns = ["rank", "rank_low", "rank_high"]
    pd.testing.assert_frame_equal(after[columns], before[columns])
    together = rank_intervals(values, draws=draws, sets="simultaneous").set_index("country")
    assert (together["rank_low"] <= before["rank_low"]).all()
    assert (together["rank_high"] >= before["rank_high"]).all()


def test_labels_and_sources():
    values = series(2.0, 1.0)
    with pytest.raises(LabelError, match="lacks B"):
        rank_intervals(values, std_errors=pd.Series([1.0, 1.0], index=["A", "X"]))
    with pytest.raises(LabelError, match="duplicated labels: A"):
        rank_intervals(pd.Series([1.0, 2.0], index=["A", "A"]), std_errors=values)
    with pytest.raises(InputError, match="it was given none"):
        rank_intervals(values)
    with pytest.raises(InputError, match="it was given cov, std_errors"):
        rank_intervals(values, std_errors=values, cov=pd.DataFrame(np.eye(2), index=["A", "B"], columns=["A", "B"]))
    with pytest.raises(InputError, match="not finite"):
        rank_intervals(series(1.0, np.nan), std_errors=values)
    with pytest.raises(InputError, match="standard errors of B are negative"):
        rank_intervals(values, std_errors=pd.Series([-1.0, 1.0], index=["B", "A"]))


def test_ranks_of_dominance_by_year():
    panel = worlds.panel(1, n=5, years=3)
    measures = dominance(panel, "upstream")
    rng = np.random.default_rng(0)
    parts = [
        measures[["country", "year"]].assign(
            draw=i, va_share=measures["va_share"] * rng.lognormal(0, 0.2, len(measures))
        )
        for i in range(300)
    ]
    draws = pd.concat(parts).sample(frac=1, random_state=0)
    found = dominance_ranks(measures, draws=draws)
    assert found[["country", "year"]].equals(measures[["country", "year"]].reset_index(drop=True))
    assert found["rank"].tolist() == measures["va_rank"].astype(int).tolist()
    one = measures[measures["year"] == 2008].set_index("country")["va_share"]
    wide = draws[draws["year"] == 2008].pivot(index="draw", columns="country", values="va_share")
    expected = rank_intervals(one, draws=wide)
    got = found[found["year"] == 2008]
    assert got["rank_high"].tolist() == expected["rank_high"].tolist()
    with pytest.raises(LabelError, match="years of the draws lacks 2009"):
        dominance_ranks(measures, draws=draws[draws["year"] < 2009])
    with pytest.raises(LabelError, match="lacks C02"):
        dominance_ranks(measures, draws=draws[draws["country"] != "C02"])
    with pytest.raises(InputError, match="two rows for a country and year"):
        dominance_ranks(pd.concat([measures, measures]), draws=draws)


def test_panels_of_drawn_tables_are_taken_as_they_come():
    """All stages, the rest of the world among the countries, one frame a draw, as `drawn_panels` gives them."""
    panel = worlds.panel(1, n=5, years=2)
    rest = panel[panel["country"] == "C00"].assign(country="ROW")
    whole = pd.concat([panel, rest])
    measures = dominance(whole, "upstream")
    assert "ROW" not in set(measures["country"])
    rng = np.random.default_rng(0)
    drawn = [whole.assign(va_share=whole["va_share"] * rng.lognormal(0, 0.2, len(whole))) for _ in range(60)]
    found = dominance_ranks(measures, draws=iter(drawn))
    tidy = pd.concat([frame.assign(draw=k) for k, frame in enumerate(drawn)])
    own = tidy[(tidy["stage"] == "upstream") & (tidy["country"] != "ROW")]
    pd.testing.assert_frame_equal(found, dominance_ranks(measures, draws=own.drop(columns="stage"), exclude=()))
    pd.testing.assert_frame_equal(found, dominance_ranks(measures, draws=tidy))
    with_rest = dominance(whole, "upstream", exclude=())
    assert "ROW" in set(dominance_ranks(with_rest, draws=drawn)["country"])
    with pytest.raises(LabelError, match="has ROW"):
        dominance_ranks(measures, draws=drawn, exclude=())
    with pytest.raises(LabelError, match="stage of the draws: upstream"):
        dominance_ranks(measures, draws=tidy[tidy["stage"] != "upstream"])
    with pytest.raises(InputError, match="holds no panel"):
        dominance_ranks(measures, draws=[])
