"""Every test that a study prints has a reader's name, and says why where it has no number."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import get_args

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import GvcposWarning
from gvcpos._core.options import SpatialModel
from gvcpos.spatial import SpatialPanel, Weights
from gvcpos.spatial.panel.diagnostics.methods import _questions
from gvcpos.study import StudyResults
from gvcpos.study.wording import TEST_NAMES, reader_name


@cache
def data() -> tuple[np.ndarray, np.ndarray, Weights]:
    rng = np.random.default_rng(5)
    links = np.triu(rng.random((12, 12)) < 0.4, 1)
    links[np.arange(11), np.arange(1, 12)] = True
    ids = [f"C{i:02d}" for i in range(12)]
    W = Weights.from_dense(ids, 1.0 * (links | links.T)).normalised("row")
    X = rng.normal(size=(6, 12, 1))
    return X[:, :, 0] + rng.normal(size=12) + rng.normal(size=(6, 12)), X, W


@pytest.mark.parametrize(
    ("model", "effects"),
    [
        *((model, "twoway") for model in get_args(SpatialModel)),
        *((model, "none") for model in ("slx", "sar", "sem")),
        *(("slx", "random"), ("sar", "random-time")),
    ],
)
def test_every_diagnostic_has_a_readers_name(model: str, effects: str) -> None:
    y, X, W = data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)
        fit = SpatialPanel.from_arrays(y, X, W, model=model, effects=effects).fit()
        found = fit.diagnostics(unit_roots=False)
    printed = {*found.index, *(name for name, _, _ in _questions(fit))}  # a question that fails is printed by its name
    assert printed <= set(TEST_NAMES)


def test_names_are_unambiguous_and_those_of_variables_are_kept() -> None:
    assert reader_name("cips_va_rate") == "CIPS unit root, va_rate"
    assert reader_name("lm_error_given_lag_random") == "LM, spatial error, given the lag and random effects"
    names = pd.Series(TEST_NAMES).drop(["lm"])
    assert names.is_unique
    assert not names.str.contains("_").any()


def test_tests_without_a_number_say_why(small_run: tuple[StudyResults, Path]) -> None:
    results, out = small_run
    text = (out / "tables" / "specification_tests.txt").read_text(encoding="utf-8")
    assert "(0)" not in text
    assert "Pesaran's CD: Not tested" in text
    frame = results.frames["specification_tests"]
    for name in frame["test"]:
        assert reader_name(name) in text
        assert reader_name(name) != name
