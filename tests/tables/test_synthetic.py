"""The synthetic world: its tables balance, hit what was planned, repeat, and say that they are synthetic."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import EstimationError, InputError, LabelError, SpecificationError
from gvcpos.tables import IOTable, TableSeries, synthetic_world
from gvcpos.tables.synthetic import Event, Planted, SyntheticWorld, assembly
from gvcpos.tables.synthetic.panels import CAPTURE

SHORT = range(2007, 2013)


@lru_cache(maxsize=4)
def whole(seed: int = 0) -> SyntheticWorld:
    return synthetic_world(seed=seed)


@lru_cache(maxsize=4)
def small(seed: int = 0) -> SyntheticWorld:
    return synthetic_world(seed=seed, countries=9, years=SHORT)


def upstreamness(table: IOTable) -> np.ndarray:
    """(I - Z/x)^-1 1, solved here by other means than the table was made."""
    return np.linalg.solve(np.eye(len(table.x)) - table.Z / table.x[:, None], np.ones(len(table.x)))


def assert_exact(world: SyntheticWorld, year: int) -> None:
    table, t = world.table(year), world.years.index(year)
    plan = world.plan
    assert table.validate(1e-9 * table.x.min()).ok
    np.testing.assert_array_equal(table.x, plan.x[t].ravel())
    np.testing.assert_allclose(table.Z.sum(axis=1) + table.Y.sum(axis=1), table.x, rtol=1e-12)
    np.testing.assert_allclose(table.va_total / table.x, plan.va_rate[t].ravel(), rtol=1e-11)
    np.testing.assert_allclose(upstreamness(table), plan.upstreamness[t].ravel(), rtol=1e-9)
    assert table.Z.min() > 0
    assert table.Y.min() >= 0
    assert table.va.min() > 0
    assert table.va_total.sum() == pytest.approx(table.Y.sum(), rel=1e-12)


@pytest.mark.parametrize("year", [2007, 2011, 2021])
def test_whole_world_hits_the_plan(year: int) -> None:
    assert_exact(whole(), year)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000), countries=st.integers(3, 14), step=st.integers(0, 5))
def test_small_worlds_hit_the_plan(seed: int, countries: int, step: int) -> None:
    assert_exact(synthetic_world(seed=seed, countries=countries, years=SHORT), 2007 + step)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_planned_values_stay_in_range(seed: int) -> None:
    plan = synthetic_world(seed=seed).plan
    assert plan.va_rate.min() > 0.1
    assert plan.va_rate.max() < 0.8
    assert plan.upstreamness.min() > 1.05
    assert plan.upstreamness.max() < 3.6
    content = (plan.va_rate * plan.upstreamness * plan.x).sum(axis=(1, 2))
    np.testing.assert_allclose(content, plan.x.sum(axis=(1, 2)), rtol=1e-12)


def stage_measures(world: SyntheticWorld) -> pd.DataFrame:
    """Stages measured from table arrays alone: va over x, and output-weighted upstreamness."""
    rows = []
    for table in world.tables:
        frame = pd.DataFrame({"x": table.x, "va": table.va_total, "xu": table.x * upstreamness(table)}, table.index)
        for stage, codes in world.chain.items():
            total = frame[frame.index.get_level_values("sector").isin(codes)].groupby("country", sort=False).sum()
            rows.append(total.assign(stage=stage, year=table.year))
    out = pd.concat(rows).reset_index()
    return out.assign(va_rate=out["va"] / out["x"], upstreamness=out["xu"] / out["x"])


def test_stages_measured_from_the_tables_are_the_planted_panel() -> None:
    world = small()
    both = world.truth.merge(stage_measures(world), on=["country", "stage", "year"], suffixes=("", "_found"))
    assert len(both) == len(world.truth) == 9 * 3 * len(SHORT)
    for column in ("va", "x", "va_rate", "upstreamness"):
        np.testing.assert_allclose(both[f"{column}_found"], both[column], rtol=1e-10, err_msg=column)


def test_downstream_has_two_sectors_that_differ() -> None:
    world = whole()
    assert {stage: len(codes) for stage, codes in world.chain.items()} == {
        "upstream": 1,
        "midstream": 1,
        "downstream": 2,
    }
    k = [world.sectors.index(code) for code in world.chain["downstream"]]
    assert (world.plan.upstreamness[:, :, k[0]] > world.plan.upstreamness[:, :, k[1]] + 0.2).all()


def test_capture_follows_the_planted_equation() -> None:
    """What the equation leaves after demeaning both ways is noise of the planted size, unrelated to its terms."""
    world = whole()
    p, W = world.planted, world.weights
    for s in range(3):
        y, X, z = world.panels.capture[s], world.panels.position[s], world.panels.rd
        e = y - p.rho * y @ W.T - p.slope[s] * X - p.rd * z - p.slope_spill[s] * X @ W.T - p.rd_spill * z @ W.T
        e = e - e.mean(axis=0) - e.mean(axis=1, keepdims=True) + e.mean()
        variance = (e**2).sum() / (59 * 14)
        assert np.sqrt(variance) == pytest.approx(p.sigma, rel=0.1)  # 4 standard errors of 1/sqrt(2·826)
        assert abs(np.corrcoef(e.ravel(), X.ravel())[0, 1]) < 0.12


def test_time_effects_are_what_the_equation_has_in_common_in_a_year() -> None:
    world = synthetic_world(planted=Planted(sigma=1e-12), countries=20, years=SHORT)
    p, W = world.planted, world.weights
    assert list(world.time_effects.columns) == ["stage", "year", "time_effect", "synthetic"]
    planted = world.time_effects.pivot(index="year", columns="stage", values="time_effect")
    for s, stage in enumerate(world.chain):
        y, X, z = world.panels.capture[s], world.panels.position[s], world.panels.rd
        rest = y - p.rho * y @ W.T - p.slope[s] * X - p.rd * z - p.slope_spill[s] * X @ W.T - p.rd_spill * z @ W.T
        common = rest.mean(axis=1) - rest.mean()
        np.testing.assert_allclose(planted[stage], common, atol=1e-11)
        assert np.abs(common).max() > 1e-3


def test_pull_through_follows_the_planted_equation() -> None:
    world = whole()
    growth = np.diff(np.log(world.panels.value_added), axis=1)
    e = growth[2][1:] - world.planted.pull_through * growth[0][:-1]
    e = e - e.mean(axis=0) - e.mean(axis=1, keepdims=True) + e.mean()
    assert np.sqrt((e**2).sum() / (59 * 12)) == pytest.approx(world.planted.pull_sigma, rel=0.11)


def test_dominance_and_events_are_planted() -> None:
    world = whole()
    up = world.truth[world.truth["stage"] == "upstream"].pivot(index="year", columns="country", values="va")
    share = (up["CHN"] / up.sum(axis=1)).to_numpy()
    assert share[[0, -1]] == pytest.approx(world.planted.dominant_share, rel=1e-12)
    calm = synthetic_world(planted=Planted(events=()))
    ratio = world.panels.value_added / calm.panels.value_added
    np.testing.assert_allclose(np.log(ratio[0, 3, 0]), -0.20, atol=1e-12)  # CHN upstream in 2010
    np.testing.assert_allclose(np.log(ratio[0, 4, 0]), -0.25, atol=1e-12)
    np.testing.assert_allclose(np.log(ratio[:2, 2, 1:]), -0.12, atol=1e-12)  # everywhere in 2009
    np.testing.assert_allclose(np.log(ratio[0, [1, 5, 14]]), 0.0, atol=1e-12)
    np.testing.assert_array_equal(world.panels.capture, calm.panels.capture)


def test_same_seed_same_bytes_in_any_order() -> None:
    one, two = (synthetic_world(seed=3, countries=8, years=SHORT) for _ in range(2))
    backwards = {year: two.table(year) for year in reversed(SHORT)}
    for table in one.tables:
        other = backwards[table.year]
        for part in ("Z", "Y", "va", "x"):
            assert getattr(table, part).tobytes() == getattr(other, part).tobytes()
    pd.testing.assert_frame_equal(one.truth, two.truth, check_exact=True)
    pd.testing.assert_frame_equal(one.covariates, two.covariates, check_exact=True)


def test_seeds_differ() -> None:
    a, b = small(0), small(1)
    assert not np.allclose(a.plan.x, b.plan.x)
    assert not np.allclose(a.table(2007).Z, b.table(2007).Z)
    assert abs(np.corrcoef(a.panels.position[0].ravel(), b.panels.position[0].ravel())[0, 1]) < 0.5


def test_synthetic_is_written_on_everything() -> None:
    world = small()
    table = world.tables[2010]
    assert table.meta.synthetic
    assert "SYNTHETIC" in table.meta.source
    assert "seed 0" in table.meta.source
    assert "synthetic" in table.meta.unit
    assert "SYNTHETIC" in table.meta.notes[0]
    assert "SYNTHETIC" in repr(table)
    assert "SYNTHETIC" in repr(world)
    assert world.truth["synthetic"].all()
    assert world.covariates["synthetic"].all()
    assert table.aggregate(countries={"AUS": "REST", "USA": "REST"}, keep_rest=True).meta.synthetic


def test_frames_are_tidy_and_ordered() -> None:
    world = small()
    keys = pd.MultiIndex.from_product([world.countries, world.chain, world.years])
    assert list(world.truth.columns[:3]) == ["country", "stage", "year"]
    assert list(map(tuple, world.truth.iloc[:, :3].to_numpy())) == list(keys)
    assert list(world.covariates.columns) == ["country", "year", "rd_intensity", "tariff", "synthetic"]
    pairs = pd.MultiIndex.from_product([world.countries, world.years])
    assert list(map(tuple, world.covariates.iloc[:, :2].to_numpy())) == list(pairs)
    assert world.covariates[["rd_intensity", "tariff"]].min().min() > 0


def test_tables_are_a_series_made_on_demand() -> None:
    series = small().tables
    assert isinstance(series, TableSeries)
    assert series.years == tuple(SHORT)
    assert [table.year for table in series] == list(SHORT)


def test_planted_frame_lists_every_number() -> None:
    frame = Planted().to_frame()
    assert list(frame.columns) == ["parameter", "stage", "value", "meaning"]
    value = frame.set_index(["parameter", "stage"])["value"]
    assert value["slope", "upstream"] < 0 < value["slope", "downstream"]
    assert value["rho", ""] == Planted().rho
    assert value["event_2010", "upstream"] == -0.20
    assert (frame["meaning"].str.len() > 10).all()
    assert not frame.duplicated(["parameter", "stage"]).any()


def test_arrays_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        small().plan.x[0] = 1.0
    with pytest.raises(ValueError, match="read-only"):
        small().panels.rd[0] = 1.0


def test_more_sectors_for_benchmarks() -> None:
    world = synthetic_world(countries=5, sectors=12, years=range(2007, 2009))
    assert len(world.sectors) == len(set(world.sectors)) == 12
    assert world.chain["downstream"] == ("components", "equipment")
    assert_exact(world, 2008)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"countries": 2}, "3 to 60 countries"),
        ({"countries": 61}, "3 to 60 countries"),
        ({"sectors": 6}, "at least 7 sectors"),
        ({"years": [2007, 2009]}, "consecutive"),
        ({"years": [2008, 2007]}, "consecutive"),
        ({"years": [2008]}, "at least two"),
    ],
)
def test_impossible_worlds_are_refused(arguments: dict, says: str) -> None:
    with pytest.raises(InputError, match=says):
        synthetic_world(**arguments)


def test_unknown_year_and_country_are_named() -> None:
    with pytest.raises(InputError, match="no year 1999"):
        small().table(1999)
    with pytest.raises(LabelError, match="no such country of an event: XYZ"):
        synthetic_world(countries=5, planted=Planted(events=(Event("strike", 2010, -0.1, "XYZ"),)))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"rho": 1.0}, "rho"),
        ({"slope": (0.1, 0.2)}, "slope needs 3 values"),
        ({"dominant_share": (0.5, 1.2)}, "dominant_share"),
        ({"sigma": 0.0}, "sigma"),
    ],
)
def test_impossible_parameters_are_refused(arguments: dict, says: str) -> None:
    with pytest.raises(SpecificationError, match=says):
        Planted(**arguments)


def test_parameters_that_leave_the_range_say_where() -> None:
    with pytest.raises(SpecificationError, match=r"value-added rate of [A-Z]{3} \w+ in 20\d\d"):
        synthetic_world(planted=Planted(sigma=0.3))
    with pytest.raises(SpecificationError, match="no stage 'smelting'"):
        Event("strike", 2010, -0.1, "CHN", "smelting")


def test_upstreamness_without_buyers_is_an_error() -> None:
    """A sector far above its buyers would sell more inputs than it makes."""
    world = small()
    x, v, U = (values[0].copy() for values in (world.plan.x, world.plan.va_rate, world.plan.upstreamness))
    U[:, 0] += 2.0
    v *= x.sum() / (v * U * x).sum()
    prior = np.ones((x.size, x.size))
    costs = np.ones((len(world.countries), len(world.sectors), len(world.countries)))
    with pytest.raises(EstimationError, match="mining would sell"):
        assembly.assemble(
            prior,
            costs,
            (x, v, U),
            sectors=world._sectors,
            countries=world.countries,
            year=2007,
            seed=0,
        )


def test_an_unbalanced_plan_is_refused() -> None:
    with pytest.raises(InputError, match="must be equal"):
        assembly.deliveries(np.ones((2, 2)), np.array([1.0, 2.0]), np.array([0.5, 0.5]), np.array([2.5, 2.5]))


@pytest.mark.parametrize(("regime", "sign"), [("lock-in", -1), ("absent", 0), ("reversed", 1)])
def test_regimes_plant_what_they_say(regime: str, sign: int) -> None:
    planted = Planted.regime(regime)
    assert np.sign(planted.slope[0]) == sign == np.sign(planted.pull_through)
    worlds = {
        drift: synthetic_world(seed=4, countries=12, planted=replace(planted, drift=drift)) for drift in (0.0, 0.02)
    }
    position = {drift: world.panels.position for drift, world in worlds.items()}
    found = position[0.02] - position[0.0]
    expected = 0.02 * (np.arange(15) - 7)
    moving = np.isin(worlds[0.0].countries, planted.drifting)
    assert moving.sum() == 6
    assert not found[1:].any()
    assert not found[0][:, ~moving].any()
    np.testing.assert_allclose(found[0][:, moving], np.tile(expected[:, None], moving.sum()), atol=1e-12)
    rise = worlds[0.02].panels.capture[0] - worlds[0.0].panels.capture[0]
    assert np.sign(np.round(rise[-1, moving].mean() - rise[0, moving].mean(), 12)) == sign


def test_openness_moves_purchases_abroad() -> None:
    closed, opening = (
        synthetic_world(seed=4, countries=10, planted=Planted(events=(), openness=rate)) for rate in (0.0, 0.05)
    )
    first, last = opening.years[0], opening.years[-1]
    assert np.array_equal(opening.table(first).Z, closed.table(first).Z)
    N = len(opening.sectors)

    def foreign_share(world: SyntheticWorld, year: int) -> float:
        Z = world.table(year).Z.reshape(10, N, 10, N)
        own = sum(Z[i, :, i, :].sum() for i in range(10))
        return 1 - own / Z.sum()

    assert foreign_share(opening, last) > 1.2 * foreign_share(closed, last)
    opening.table(last).validate()
    assert "openness" in set(opening.planted.to_frame()["parameter"])
    assert "openness" not in set(closed.planted.to_frame()["parameter"])
    with pytest.raises(InputError, match="regime"):
        Planted.regime("stuck")


def test_a_drift_of_countries_is_listed_country_by_country() -> None:
    frame = Planted.regime("lock-in").to_frame()
    assert (frame["parameter"] == "drifting").sum() == len(Planted.regime("lock-in").drifting)
    assert "drift" not in set(frame["parameter"])


def test_rates_wander_close_in_or_stay() -> None:
    """The same shocks make a level, a walk and closing deviations; levels are alike among neighbours or are not."""
    alone = {"rho": 0.0, "slope": (0.0,) * 3, "slope_spill": (0.0,) * 3, "rd": 0.0, "rd_spill": 0.0, "sigma": 0.01}
    courses = {
        course: synthetic_world(countries=9, years=SHORT, planted=Planted(**alone, course=course)).panels
        for course in ("level", "walk", "closing")
    }
    around = {name: p.capture - p.time_effects[:, :, None] for name, p in courses.items()}
    years = np.log(np.arange(len(SHORT)) + 2.0)[:, None]
    shocks = (around["closing"] - np.array(CAPTURE)[:, None, None]) * years
    assert 0.008 < shocks.std() < 0.012
    np.testing.assert_allclose(np.diff(around["walk"], axis=1), shocks[:, 1:], atol=1e-12)
    level = around["level"] - shocks
    np.testing.assert_allclose(level, np.broadcast_to(level[:, :1], level.shape), atol=1e-12)
    free = synthetic_world(countries=9, years=SHORT, planted=Planted(**alone, regional=False)).panels
    assert np.abs(free.capture - courses["level"].capture).max() > 0.005
    behind = Planted(**alone, course="closing", stragglers=("CHN",))
    apart = synthetic_world(countries=9, years=SHORT, planted=behind)
    ratio = (apart.panels.capture - apart.panels.time_effects[:, :, None] - np.array(CAPTURE)[:, None, None]) * years
    np.testing.assert_allclose(ratio, shocks * np.where(np.isin(apart.countries[:9], "CHN"), 1.0, 0.2), atol=1e-12)
    assert "stragglers: CHN" in set(behind.to_frame()["parameter"])
    told = Planted(course="walk", regional=False).to_frame()["parameter"].tolist()
    assert {"course: walk", "regional: False"} <= set(told)
    with pytest.raises(InputError, match="course='up'"):
        Planted(course="up")
