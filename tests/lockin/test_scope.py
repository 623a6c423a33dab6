"""Whom a test is about, and what it could have found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gvcpos._core.errors import InputError, LabelError
from gvcpos.lockin.common.power import detectable, detectable_noncentrality
from gvcpos.lockin.common.scope import Scope

PANEL = pd.DataFrame({"country": ["CHN", "CHN", "JPN", "MYS", "ROW"], "year": [1, 2, 1, 1, 1]})


def test_world_group_and_country() -> None:
    world = Scope.of(None, PANEL, ["ROW"])
    assert world == Scope.of("world", PANEL, ["ROW"]) == Scope("world", ("CHN", "JPN", "MYS"), "world")
    assert Scope.of("JPN", PANEL) == Scope("JPN", ("JPN",), "country")
    assert Scope.of(["MYS", "CHN"], PANEL) == Scope("MYS+CHN", ("CHN", "MYS"), "group")
    assert Scope.of({"Asia": ["MYS", "CHN"]}, PANEL) == Scope("Asia", ("CHN", "MYS"), "group")


def test_the_order_of_rows_and_of_names_does_not_matter() -> None:
    mixed = Scope.of({"g": ["CHN", "MYS"]}, PANEL.iloc[::-1])
    assert set(mixed.take(PANEL)["country"]) == {"CHN", "MYS"}
    assert len(mixed.take(PANEL)) == 3


def test_rows_and_notes_are_kept() -> None:
    panel = PANEL.copy()
    panel.attrs["synthetic"] = True
    assert Scope.of("CHN", panel).take(panel).attrs == {"synthetic": True}


@pytest.mark.parametrize(
    ("scope", "error", "said"),
    [
        ("USA", LabelError, "USA"),
        (["CHN", "CHN"], LabelError, "CHN"),
        (["CHN", "ROW"], InputError, "ROW is excluded"),
        ({"a": ["CHN"], "b": ["JPN"]}, InputError, "not 2"),
        ([], InputError, "no country"),
    ],
)
def test_faults_name_the_country(scope: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Scope.of(scope, PANEL, ["ROW"])  # type: ignore[arg-type]


@pytest.mark.parametrize(("df", "sides"), [(None, 2), (None, 1), (11.0, 2)])
def test_the_detectable_effect_has_the_power_that_it_says(df: float | None, sides: int) -> None:
    """By simulation: a true effect of that size is found in 80 of 100 samples."""
    effect = detectable(0.3, df, sides=sides)  # type: ignore[arg-type]
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(40_000)
    scale = 1.0 if df is None else np.sqrt(rng.chisquare(df, 40_000) / df)
    law = stats.norm() if df is None else stats.t(df)
    statistic = (effect / 0.3 + noise) / scale
    found = np.abs(statistic) > law.ppf(0.975) if sides == 2 else statistic > law.ppf(0.95)
    assert found.mean() == pytest.approx(0.8, abs=0.02)


def test_the_detectable_noncentrality_has_the_power_that_it_says() -> None:
    for df in (1, 4, 30):
        nc = detectable_noncentrality(df)
        assert stats.ncx2.sf(stats.chi2.ppf(0.95, df), df, nc) == pytest.approx(0.8, abs=1e-9)
    assert detectable_noncentrality(1) == pytest.approx(7.849, abs=1e-3)  # (1.960 + 0.842)², Cohen (1988)
