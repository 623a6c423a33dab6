"""Planted parameters lie inside their 95 % intervals in about 95 % of 200 synthetic worlds.

Every world goes the whole way that a study goes: tables, accounts, stages, `lock_in` and `SpatialPanel`; see
`recovery`. That it is the same way is a test of its own. Coverage in 200 worlds, and the mean estimate:

    parameter      stage        planted   estimate  std. error  coverage
    rho            upstream      0.50      0.472     0.132       0.970
                   midstream     0.50      0.445     0.138       0.920
                   downstream    0.50      0.471     0.133       0.945
    slope          upstream     -0.08     -0.0801    0.0079      0.970
                   midstream     0.00     -0.0004    0.0090      0.945
                   downstream    0.10      0.1008    0.0090      0.935
    slope_spill    upstream     -0.15     -0.154     0.042       0.935
                   midstream     0.05      0.050     0.037       0.940
                   downstream    0.15      0.152     0.048       0.970
    rd             upstream      0.03      0.0300    0.0029      0.950
                   midstream     0.03      0.0297    0.0029      0.940
                   downstream    0.03      0.0298    0.0029      0.945
    rd_spill       upstream      0.05      0.053     0.015       0.940
                   midstream     0.05      0.054     0.016       0.940
                   downstream    0.05      0.053     0.015       0.940
    sigma          upstream      0.02      0.0199    0.0005      0.945
                   midstream     0.02      0.0199    0.0005      0.945
                   downstream    0.02      0.0199    0.0005      0.955
    time effects   upstream      15 values each, their joint     0.955   (one by one 0.935 to 0.985)
                   midstream     95 % ellipsoid                  0.965   (0.915 to 0.950)
                   downstream                                    0.960   (0.935 to 0.965)
    slump of 2009  upstream     -0.12     -0.120     0.011       0.950
                   midstream    -0.12     -0.120     0.011       0.965
    pull_through   downstream    0.30      0.301     0.019       0.940
    pull_sigma     downstream    0.06      0.0600    0.0016      0.975

The band for coverage is the central 99 % of a binomial of 200 draws at 0.95: 181 to 197 worlds, 0.905 to 0.985.
Seeds are fixed. Every coverage lies in it, with one known bias: maximum likelihood pulls rho towards zero in panels
of this size, by 0.2 to 0.4 standard errors, and W·R&D and the time effects take up what it leaves. Midstream, where
it is largest, has the lowest coverage of rho and of single time effects. The bias is asserted.

The dominant country's share, its events (the export quota cuts of 2010 and 2011) and its mean annual change are planted
in the tables without noise: no sampling interval belongs to them, and they have to come back to 1e-9.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gvcpos.study import Study
from tests.statistical.recovery import STAGES, Recovery, recover, recover_all

WORLDS = 200
LOW, HIGH = (float(k) / WORLDS for k in stats.binom.interval(0.99, WORLDS, 0.95))
PARAMETERS = {
    "rho": 3, "slope": 3, "slope_spill": 3, "rd": 3, "rd_spill": 3, "sigma": 3, "time_effects": 3, "event_2009": 2,
    "pull_through": 1, "pull_sigma": 1,
}  # fmt: skip

# One process of a parallel test run makes the worlds, not each.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("planted")]


@pytest.fixture(scope="module")
def recoveries() -> list[Recovery]:
    return recover_all(range(WORLDS))


@pytest.fixture(scope="module")
def parameters(recoveries: list[Recovery]) -> pd.DataFrame:
    return pd.concat([r.parameters for r in recoveries], ignore_index=True)


@pytest.fixture(scope="module")
def years(recoveries: list[Recovery]) -> pd.DataFrame:
    return pd.concat([r.years for r in recoveries], ignore_index=True)


@pytest.fixture(scope="module")
def facts(recoveries: list[Recovery]) -> pd.DataFrame:
    return pd.DataFrame([r.facts for r in recoveries])


@pytest.fixture(scope="module")
def means(parameters: pd.DataFrame) -> pd.DataFrame:
    """By parameter and stage: planted, mean estimate and standard error, their spread, and coverage."""
    grouped = parameters.assign(inside=parameters["inside"].astype(float)).groupby(["parameter", "stage"])
    out = grouped[["planted", "estimate", "std_error", "inside"]].mean()
    return out.assign(spread=grouped["estimate"].std(), worlds=grouped.size())


def test_coverage_is_about_95_per_cent(means: pd.DataFrame) -> None:
    print(f"\ncoverage in {WORLDS} worlds, band {LOW} to {HIGH}\n{means.round(4).to_string()}")
    assert means.groupby("parameter").size().to_dict() == PARAMETERS
    assert (means["worlds"] == WORLDS).all()
    outside = means[~means["inside"].between(LOW, HIGH)]
    assert outside.empty, f"coverage outside {LOW} to {HIGH}:\n{outside}"
    # All together: 5,000 intervals, of which those of one world are not independent.
    assert means["inside"].mean() == pytest.approx(0.95, abs=0.01)


def test_coverage_of_single_time_effects(years: pd.DataFrame) -> None:
    """Each of the 45 in the band, and each stage's share of years covered within 99 % of how worlds differ in it."""
    single = years.groupby(["stage", "year"])["inside"].mean()
    print(f"\n{single.unstack(0).to_string()}")
    assert len(single) == 3 * 15
    assert single.between(LOW, HIGH).all(), single[~single.between(LOW, HIGH)]
    share = years.groupby(["stage", "seed"])["inside"].mean().groupby("stage")
    z = (share.mean() - 0.95) / (share.std() / np.sqrt(WORLDS))
    assert z.abs().max() < stats.norm.ppf(0.995), z


def test_key_slopes_are_estimable_and_centred(means: pd.DataFrame) -> None:
    """|t| of the planted value is large enough to be found, and estimates are centred on it but for a known bias."""
    t = (means["planted"] / means["std_error"]).abs()
    assert min(t["slope", "upstream"], t["slope", "downstream"], t["pull_through", "downstream"]) > 5
    assert (t["rho"] > 3).all()
    bias = ((means["estimate"] - means["planted"]) / means["std_error"]).drop("time_effects")
    # rho is pulled towards zero, what it leaves goes to the neighbours' R&D; sigma is short of 5 degrees of freedom.
    assert bias["rho"].between(-0.5, -0.1).all()
    assert bias["rd_spill"].between(0.0, 0.4).all()
    assert bias["sigma"].between(-0.3, 0.0).all()
    # 4 standard errors of a mean over the worlds
    centred = bias.drop(["rho", "rd_spill", "sigma"])
    assert len(centred) == 13
    assert centred.abs().max() < 4 / np.sqrt(WORLDS), centred


def test_standard_errors_are_the_spread_of_the_estimates(means: pd.DataFrame) -> None:
    ratio = (means["std_error"] / means["spread"]).drop("time_effects")
    assert ratio.between(0.85, 1.18).all(), ratio  # the spread's own standard error is 5 %


def test_tables_give_back_the_planned_panels(facts: pd.DataFrame) -> None:
    """Value added, output, its rate and upstreamness of every stage, measured from the tables, in every world."""
    assert facts["seed"].tolist() == list(range(WORLDS))
    assert facts["panel"].max() < 1e-9


def test_one_model_by_two_ways(facts: pd.DataFrame) -> None:
    """`lock_in` and `SpatialPanel` from a formula find the same coefficients, in standard errors."""
    assert facts["gap"].max() < 1e-9


def test_the_dominant_country_is_found_in_every_world(facts: pd.DataFrame) -> None:
    """CHN leads upstream in all 15 years of all worlds; its share, events and mean change come back exactly."""
    assert set(facts["leader"]) == {("CHN", "CHN", 15, "dominance trend: CHN in upstream")}
    assert facts["sentence"].str.startswith("CHN leads the upstream stage with ").all()
    for name in ("ends", "trend", "path"):
        assert facts[name].max() < 1e-9, name


def test_verdicts_are_those_that_were_planted(facts: pd.DataFrame) -> None:
    """Lock-in upstream and pull-through are found always, in the rising downstream stage never; midstream by chance."""
    rejected = pd.DataFrame(facts["rejected"].tolist(), columns=list(STAGES)).sum()
    assert rejected["upstream"] == WORLDS
    assert rejected["downstream"] == 0
    low, high = stats.binom.interval(0.99, WORLDS, 0.05)
    assert low <= rejected["midstream"] <= high
    assert facts["pulls"].all()


def test_the_demonstration_study_prints_these_numbers() -> None:
    """The study of a seed and the recovery of that seed are the same estimates: the way is a study's way."""
    printed = Study.from_yaml("demo", ["seed=3"]).run().frames["planted"].set_index(["parameter", "stage"])
    mine = recover(3).parameters.set_index(["parameter", "stage"])
    common = [key for key in printed.index if not key[0].startswith("dominant_share")]
    assert len(common) == 16
    for column in ("planted", "estimate", "std_error"):
        np.testing.assert_allclose(
            mine.loc[common, column].astype(float), printed.loc[common, column].astype(float), rtol=1e-9, atol=1e-12
        )
