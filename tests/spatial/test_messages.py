"""Messages for people: no types of numbers, no lists of all labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial import (
    LocalJoinCounts,
    SpatialMarkov,
    SpatialPanel,
    directional_lisa,
    moran_by_year,
    residual_moran,
    weights,
)
from gvcpos.spatial.panel import cips
from tests.spatial.test_weights_of import panel, ring, series


def wide() -> pd.DataFrame:
    return pd.DataFrame(np.ones((2, 45)), columns=[f"column{i}" for i in range(45)])


def simulated_effects() -> Any:
    fit = SpatialPanel.from_formula("y ~ x", panel(), ring(), model="sar", effects="entity").fit()
    fit.estimate.covariance[:] = np.eye(len(fit.estimate.covariance)) * 1e12
    return fit.effects("simulation", draws=5)


CASES: dict[str, tuple[Callable[[], Any], str]] = {
    "class": (
        lambda: LocalJoinCounts((series() > 0) * 1.0, ring(), np.float64(-3.37)),
        r"class '-3\.37'; there are 0\.0, 1\.0",
    ),
    "years": (lambda: directional_lisa(panel(), "y", ring(), 2000, 1990), "years of 2000, 2001, 2002, 2003, 2004 are"),
    "lag class": (lambda: SpatialMarkov(panel(), "y", ring(), classes=2, permutations=9).conditional_probabilities(7),
        r"there are 1, 2\."),
    "rows": (
        lambda: residual_moran(panel()["y"] - panel()["y"].mean(), ring(), panel()[["x"]].iloc[1:]),
        r"in the rows \(c0, 2000\)",
    ),
    "columns of a panel": (lambda: moran_by_year(wide(), "y", ring()), r"column0, .*column19 \(\+25 more\)"),
    "columns of points": (lambda: weights.knn(wide(), 1), r"column0, .*column19 \(\+25 more\)"),
    "draws": (simulated_effects, r"draws of rho lie outside \(-1(\.\d+)?, 1\)"),
    "cips of a Series": (lambda: cips(panel()["y"]), r"y is a Series of shape \(40,\).*T periods x N units.*unstack"),
    "cips with gaps": (lambda: cips(panel()["y"].unstack(0).replace(panel()["y"].iloc[0], np.nan)), "1 of 40 values"),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_message_has_plain_numbers_and_few_names(case: str) -> None:
    make, message = CASES[case]
    with pytest.raises((InputError, EstimationError), match=message) as said:
        make()
    assert "np." not in str(said.value)
    assert "column44" not in str(said.value)


def test_rows_of_two_levels_are_written_plainly() -> None:
    assert enumerate_labels([("CHN", np.int64(2001)), np.float64(1.5)]) == "(CHN, 2001), 1.5"


def test_cips_takes_a_table_with_labels() -> None:
    wide = pd.DataFrame(np.random.default_rng(0).normal(size=(12, 6)).cumsum(axis=0))
    assert cips(wide, draws=20) == cips(wide.to_numpy(), draws=20)
