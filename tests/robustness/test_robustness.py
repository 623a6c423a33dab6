"""Robustness: every specification is there, placebos and permutations have size, planted relations stand out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError, LabelError
from gvcpos.chains import Chain, sector_years
from gvcpos.lockin import LockInTest, position_capture_slope, pull_through
from gvcpos.robustness import (
    leave_one_out,
    permuted_weights,
    placebo_chains,
    shuffled_countries,
    specification_curve,
)
from gvcpos.robustness.permuted import exchange, relabelled
from gvcpos.spatial import Weights
from gvcpos.tables import synthetic_world
from tests.lockin.worlds import countries, durbin, panel


def ring(ids: list[str]) -> Weights:
    n = len(ids)
    W = np.roll(np.eye(n), 1, axis=1) + 0.5 * np.roll(np.eye(n), -1, axis=1)
    return Weights.from_dense(ids, W).normalised("row")


def test_the_curve_has_every_combination_with_the_numbers_of_the_single_tests() -> None:
    data = panel(1, slopes=(-0.2, 0.0, 0.0), n=12, years=8)
    curve = specification_curve(
        position_capture_slope,
        {"stage": ["upstream", "midstream"], "exclude": {"all": (), "without C00": ("C00",)}},
        panel=data,
    )
    assert curve.frame[["stage", "exclude"]].to_numpy().tolist() == [
        ["upstream", "all"],
        ["upstream", "without C00"],
        ["midstream", "all"],
        ["midstream", "without C00"],
    ]
    one = position_capture_slope(data, "midstream", exclude=("C00",))
    assert curve.frame.loc[3, ["estimate", "std_error", "pvalue"]].tolist() == [one.estimate, one.std_error, one.pvalue]
    drivers = curve.by_choice().drop_duplicates("choice").set_index("choice")["spread"]
    assert drivers["stage"] > 10 * drivers["exclude"]
    assert curve.summary()["specifications"] == curve.summary()["estimated"] == 4


def test_what_cannot_be_estimated_is_a_row_with_its_reason() -> None:
    data = panel(2, n=8, years=6).assign(flat=1.0)
    curve = specification_curve(position_capture_slope, {"position": ["upstreamness", "flat"]}, panel=data)
    assert curve.frame["not_estimated"].str.len().gt(0).tolist() == [False, True]
    assert "flat" in curve.frame.loc[1, "not_estimated"]
    assert len(curve.estimated) == 1


def test_weights_lose_the_countries_that_a_choice_leaves_out() -> None:
    ids = countries(12)
    data, W = durbin(5, ids, ring(ids).dense(), slope=-0.1, years=6), ring(ids)
    curve = specification_curve(
        position_capture_slope, {"exclude": {"all": (), "fewer": ("C02",)}}, panel=data, weights=W, stage="upstream"
    )
    assert curve.frame["ncountries"].tolist() == [12, 11]
    assert (curve.frame["not_estimated"] == "").all()


def test_the_joint_test_sees_a_planted_slope() -> None:
    data = panel(3, slopes=(-0.2, 0.0, 0.0), n=20, years=8)
    curve = specification_curve(
        position_capture_slope, {"exclude": {"all": (), "fewer": ("C00", "C01")}}, panel=data, stage="upstream"
    )
    found = curve.joint_test(shuffled_countries("upstreamness"), draws=19).set_index("measure")["pvalue"]
    assert found["median"] == pytest.approx(1 / 20)
    assert found["share_negative_rejected"] <= 2 / 20
    assert found["share_positive_rejected"] == 1.0


@pytest.mark.slow
def test_the_joint_test_keeps_its_level_without_a_relation() -> None:
    """200 panels with persistent errors: 5 % of median tests reject, give or take three Monte-Carlo errors."""
    rejected = 0
    for seed in range(200):
        data = panel(seed, n=15, years=8, persistence=0.7)
        curve = specification_curve(position_capture_slope, {"exclude": {"all": (), "fewer": ("C00",)}}, panel=data)
        table = curve.joint_test(shuffled_countries("upstreamness"), draws=19, seed=seed)
        rejected += table.set_index("measure").loc["median", "pvalue"] <= 0.05
    assert rejected / 200 == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200))


@pytest.mark.parametrize(
    ("choices", "fixed", "said"),
    [
        ({}, {}, "at least one choice"),
        ({"stage": ["upstream"]}, {"stage": "upstream"}, "fixed as well"),
        ({"stage": "upstream"}, {}, "as a list"),
        ({"stage": []}, {}, "as a list"),
        ({"stage": ["a", "a"]}, {}, "twice"),
        ({"stage": range(200), "exclude": range(200)}, {}, "more than"),
    ],
)
def test_a_wrong_choice_is_named(choices: dict, fixed: dict, said: str) -> None:
    with pytest.raises(InputError, match=said):
        specification_curve(position_capture_slope, choices, **fixed)


def test_an_argument_that_the_test_has_not_is_named() -> None:
    data = panel(1, n=8, years=6)
    with pytest.raises(InputError, match=r"position_capture_slope takes no positions\. It takes: panel, .*position"):
        specification_curve(position_capture_slope, {"positions": ["upstreamness"]}, panel=data)
    with pytest.raises(InputError, match="takes no stages"):
        specification_curve(position_capture_slope, {"position": ["upstreamness"]}, panel=data, stages=["upstream"])


def test_shuffling_keeps_a_countrys_history_whole() -> None:
    data = panel(4, n=9, years=6)
    moved = exchange(data, ["upstreamness"], np.random.default_rng(1))
    before, after = (
        frame[frame["stage"] == "upstream"].pivot(index="year", columns="country", values="upstreamness")
        for frame in (data, moved)
    )
    place = {c: next(d for d in before if np.array_equal(before[d], after[c])) for c in after}
    assert sorted(place.values()) == sorted(before)
    pd.testing.assert_frame_equal(moved.drop(columns="upstreamness"), data.drop(columns="upstreamness"))
    with pytest.raises(InputError, match="same years"):
        exchange(data.drop(index=data.index[3]), ["upstreamness"], np.random.default_rng(1))


def test_leaving_one_out_is_the_test_without_it() -> None:
    ids = countries(12)
    data, W = durbin(5, ids, ring(ids).dense(), slope=-0.1, years=6), ring(ids)
    found = leave_one_out(position_capture_slope, data, weights=W, stage="upstream", countries=["C03", "C04"])
    by_hand = position_capture_slope(
        data, "upstream", weights=W.subset([i for i in ids if i != "C04"], renormalise=True), exclude=("ROW", "C04")
    )
    row = found.frame.set_index("country").loc["C04"]
    assert row["estimate"] == pytest.approx(by_hand.estimate, rel=1e-9)
    assert row["change"] == pytest.approx(by_hand.estimate - found.whole.estimate, rel=1e-6)
    assert found.frame["change"].abs().is_monotonic_decreasing
    assert found.frame["country"].iloc[0] in found.sentence
    with pytest.raises(LabelError, match="XYZ"):
        leave_one_out(position_capture_slope, data, weights=W, countries=["XYZ"])
    with pytest.raises(InputError, match="excluded already"):
        leave_one_out(position_capture_slope, data, countries=["C03"], exclude=("C03",))


def test_permuted_weights_keep_the_network() -> None:
    ids = countries(8)
    W = ring(ids)
    drawn = relabelled(W, np.random.default_rng(2).permutation(8))
    assert drawn.ids == W.ids
    assert drawn.normalisation == "row"
    np.testing.assert_allclose(
        np.sort(np.linalg.eigvals(drawn.dense()).real), np.sort(np.linalg.eigvals(W.dense()).real), atol=1e-9
    )


def test_a_spatial_relation_stands_out_among_permuted_maps() -> None:
    ids = countries(25)
    W = ring(ids)
    data = durbin(6, ids, W.dense(), slope=0.0, rho=0.7, theta=0.0, years=10)

    def neighbours(weights: Weights, panel: pd.DataFrame) -> LockInTest:
        """The coefficient of the neighbours' capture among the regressors, for the test's sake."""
        wide = panel.pivot(index="country", columns="year", values="va_rate").loc[list(weights.ids)]
        lagged = pd.DataFrame(weights.dense() @ wide.to_numpy(), index=wide.index, columns=wide.columns)
        long = lagged.reset_index().melt("country", var_name="year", value_name="lagged")
        merged = panel.merge(long.astype({"year": int}), on=["country", "year"])
        return position_capture_slope(merged, "upstream", position="lagged")

    found = permuted_weights(neighbours, W, draws=19, panel=data)
    assert found.pvalue == pytest.approx(1 / 20)
    assert "19 placebos" in found.sentence
    assert len(found.frame) == 19


def test_placebo_chains_are_drawn_from_other_sectors() -> None:
    world = synthetic_world(seed=1, countries=10, years=range(2007, 2015), sectors=11)
    chain = Chain.from_mapping({"upstream": world.chain["upstream"], "downstream": world.chain["downstream"]})
    years = sector_years(world.tables)
    found = placebo_chains(pull_through, years, chain, draws=6, seed=3)
    assert len(found.frame) == found.frame["placebo"].nunique() <= 6
    inside = set(chain.sectors)
    drawn = {s for name in found.frame["placebo"] for part in name.split(" | ") for s in part.split(", ")}
    assert not drawn & inside
    again = placebo_chains(pull_through, years, chain, draws=6, seed=3)
    pd.testing.assert_frame_equal(found.frame, again.frame)
    assert 0 < found.pvalue <= 1
    with pytest.raises(InputError, match="sectors to draw from"):
        placebo_chains(pull_through, years, chain, among=["nothing"])
    with pytest.raises(InputError, match="no year"):
        placebo_chains(pull_through, [], chain)


def test_placebos_that_all_fail_say_why() -> None:
    data = panel(7, n=8, years=6)

    def never(panel: pd.DataFrame, weights: Weights) -> LockInTest:
        if np.array_equal(weights.dense(), ring(countries(8)).dense()):
            return position_capture_slope(panel, "upstream")
        raise EstimationError("too short")

    found = permuted_weights(never, ring(countries(8)), draws=3, seed=1, panel=data)
    with pytest.raises(EstimationError, match="too short"):
        _ = found.pvalue
