"""Summaries of draws against numpy's, with numbers missing too."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.flows.draws.store import summary


@pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty", "ignore:Degrees of freedom")
@pytest.mark.parametrize("missing", [False, True])
def test_summary_is_numpys(missing: bool) -> None:
    values = np.random.default_rng(1).normal(size=(501, 3, 4))
    if missing:
        values[::7, 0, 0] = np.nan
        values[:, 1, 1] = np.nan
    found = summary(values, 0.9)
    median, lower, upper = np.nanquantile(values, [0.5, 0.05, 0.95], axis=0)
    expected = {"median": median, "lower": lower, "upper": upper, "mean": np.nanmean(values, axis=0)}
    expected["sd"] = np.nanstd(values, axis=0, ddof=1)
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-13)
