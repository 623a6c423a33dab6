"""Faulty panels: in every family one clear error or one typed warning, of what is wrong, where, and what to do."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import (
    BoundaryWarning,
    EstimationError,
    GvcposWarning,
    InputError,
    IslandWarning,
    LabelError,
    ModesWarning,
    StabilityWarning,
    WeakInstrumentWarning,
)
from gvcpos.spatial import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.families import Case, drawn

FAMILIES = {
    "static": Case("static", "sdm", "twoway", "lee-yu"),
    "dynamic": Case("dynamic", "sdm", "twoway", "lee-yu"),
    "random": Case("random", "sdm", "random"),
    "gmm": Case("gmm", "sdm", "entity"),
}
STATIC, DYNAMIC, RANDOM, GMM = FAMILIES
EVERY = tuple(FAMILIES)


def table(case: Case) -> tuple[pd.DataFrame, Weights]:
    y, X, W = drawn(case, 0)
    T, n = y.shape
    frame = pd.DataFrame({"id": np.tile(W.ids, T), "year": np.repeat(np.arange(2000, 2000 + T), n), "y": y.ravel()})
    return frame.assign(x1=X[:, :, 0].ravel(), x2=X[:, :, 1].ravel()).set_index(["id", "year"]), W


def fit_table(case: Case, frame: pd.DataFrame, W: Weights) -> Any:
    maker = DynamicSpatialPanel if case.family == "dynamic" else SpatialPanel
    panel = maker(frame["y"], frame.drop(columns="y"), W, model=case.model, effects=case.effects, method=case.method)  # type: ignore[arg-type]
    return panel.fit_gmm() if case.family == "gmm" else panel.fit()


def fit_arrays(case: Case, y: np.ndarray, X: np.ndarray, W: Weights, **options: Any) -> Any:
    panel = case.panel(y, X, W, **options)
    return panel.fit_gmm() if case.family == "gmm" else panel.fit()


def collinear(case: Case) -> Any:
    frame, W = table(case)
    return fit_table(case, frame.assign(x3=2.0 * frame["x1"] - frame["x2"]), W)


def absorbed(case: Case) -> Any:
    frame, W = table(case)
    return fit_table(case, frame.assign(x3=frame.groupby(level=0)["x1"].transform("mean")), W)


def one_period(case: Case) -> Any:
    return fit_arrays(case, *drawn(case, 0, t=1))


def more_columns_than_rows(case: Case) -> Any:
    y, _, W = drawn(case, 0, n=5, t=3)
    return fit_arrays(case, y, np.random.default_rng(0).normal(size=(*y.shape, 12)), W)


def no_neighbours(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    dense = W.dense()
    dense[3] = 0.0
    return fit_arrays(case, y, X, Weights.from_dense(W.ids, dense))


def zero_row_kept(case: Case) -> Any:
    """The unit is said when W is made; the fit then works where the likelihood is defined."""
    y, X, W = drawn(case, 0)
    dense = W.dense()
    dense[3] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", WeakInstrumentWarning)
        return fit_arrays(case, y, X, Weights.from_dense(W.ids, dense, islands="keep"), **direct(case))


def zero_row_with_time_effects(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    dense = W.dense()
    dense[3] = 0.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IslandWarning)
        kept = Weights.from_dense(W.ids, dense, islands="keep")
    return fit_arrays(case, y, X, kept, effects="twoway", **({"model": "sem"} if case.family == "gmm" else {}))


def all_zero(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IslandWarning)
        empty = Weights.from_dense(W.ids, np.zeros((W.n, W.n)), islands="keep")
    return fit_arrays(case, y, X, empty, model="sar", **direct(case))


def direct(case: Case) -> dict[str, str]:
    return {"method": "direct"} | ({"effects": "entity"} if case.family == "dynamic" else {})


def duplicate_row(case: Case) -> Any:
    frame, W = table(case)
    return fit_table(case, pd.concat([frame, frame.iloc[[20]]]), W)


def missing_row(case: Case) -> Any:
    frame, W = table(case)
    return fit_table(case, frame.drop(frame.index[20]), W)


def missing_value(case: Case) -> Any:
    frame, W = table(case)
    frame.iloc[20, 0] = np.nan
    return fit_table(case, frame, W)


def other_weights(case: Case) -> Any:
    frame, W = table(case)
    return fit_table(case, frame, Weights.from_dense([*W.ids[:-1], "ZZZ"], W.dense()))


def fewer_weights(case: Case) -> Any:
    frame, W = table(case)
    part = W.dense()[:-1, :-1]
    return fit_table(case, frame, Weights.from_dense(W.ids[:-1], part / part.sum(axis=1, keepdims=True)))


def exact_fit(case: Case) -> Any:
    _, X, W = drawn(case, 0)
    return fit_arrays(case, 2.0 * X[:, :, 0], X, W)


def no_variation(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    return fit_arrays(case, np.zeros_like(y), X, W)


def boundary(case: Case) -> Any:
    """y = Wy of nearly a unit root, with hardly any noise."""
    _, _, W = drawn(case, 0)
    T, rng = 6 + (case.family == "dynamic"), np.random.default_rng(1)
    X, effects = rng.normal(size=(T, W.n, 1)), "random" if case.family == "random" else "entity"
    push = X[:, :, 0] + 1e-3 * (rng.normal(size=(T, W.n)) + 5 * (case.family == "random") * rng.normal(size=W.n))
    y = np.linalg.solve(np.eye(W.n) - 0.99999 * W.dense(), push.T).T
    with warnings.catch_warnings():
        for category in (StabilityWarning, ModesWarning, WeakInstrumentWarning):
            warnings.simplefilter("ignore", category)
        warnings.filterwarnings("ignore", message=".*phi = ")  # of random effects, there another edge
        panel = case.panel(y, X, W, model="sar", effects=effects)
        if case.family == "dynamic":
            return panel.fit(correction="none")
        return panel.fit_gmm() if case.family == "gmm" else panel.fit()


def no_random_effects(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    rng = np.random.default_rng(3)
    clean = X @ np.array([2.0, -1.0]) + rng.normal(size=y.shape)
    clean -= (clean - X @ np.array([2.0, -1.0])).mean(axis=0)
    return fit_arrays(case, clean, X, W, model="sar")


def endless_random_effects(case: Case) -> Any:
    """Within the unit regressors explain y; the search over the variance of the effects has no end."""
    _, X, W = drawn(case, 0)
    return fit_arrays(case, X @ np.array([2.0, -1.0]) + 1e9 * np.arange(W.n) ** 2.0, X, W, model="sar")


def explosive(case: Case) -> Any:
    y, X, W = drawn(case, 0, t=8)
    for s in range(1, len(y)):
        y[s] = 1.4 * y[s - 1] + 0.1 * y[s]
    return fit_arrays(case, y, X, W)


def explosive_uncorrected(case: Case) -> Any:
    y, X, W = drawn(case, 0, t=8)
    for s in range(1, len(y)):
        y[s] = 1.4 * y[s - 1] + 0.1 * y[s]
    return case.panel(y, X, W).fit(correction="none")


def not_row_normalised(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    raw = Weights.from_dense(W.ids, W.dense() * np.linspace(0.5, 1.0, W.n)[:, None])
    return fit_arrays(case, y, X, raw, effects="twoway", **({"model": "sem"} if case.family == "gmm" else {}))


def weak_instruments(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    rng = np.random.default_rng(2)
    return case.panel(rng.normal(size=y.shape), rng.normal(size=X.shape), W, model="sar").fit_gmm()


def too_few_instruments(case: Case) -> Any:
    y, X, W = drawn(case, 0)
    return case.panel(y, X, W, model="sar").fit_gmm(endogenous="x1")


class Fault(NamedTuple):
    make: Callable[[Case], Any]
    families: tuple[str, ...]
    kind: type[Exception]
    says: str


NOT_GMM, LIKELIHOOD = (STATIC, DYNAMIC, RANDOM), (STATIC, DYNAMIC)
FAULTS = [
    Fault(collinear, EVERY, InputError, "collinear regressors: .*x3 is a combination of x1, x2. Leave one out"),
    Fault(absorbed, (STATIC, DYNAMIC, GMM), InputError, "x3 does not vary over time .* Leave them out or choose other"),
    Fault(one_period, (STATIC, GMM), InputError, "there is one period: .* or give more periods"),
    Fault(one_period, (DYNAMIC,), InputError, "2 periods .* needs at least three"),
    Fault(one_period, (RANDOM,), InputError, "random effects need at least two periods"),
    Fault(more_columns_than_rows, EVERY, InputError, "observations after the effects for .* Take fewer regressors"),
    Fault(no_neighbours, EVERY, InputError, "1 of 16 units have no neighbours: u03. Drop them"),
    Fault(zero_row_kept, EVERY, IslandWarning, "u03"),
    Fault(zero_row_with_time_effects, (STATIC, DYNAMIC, GMM), InputError, "(?i)rows? .*sum|row-normalised"),
    Fault(all_zero, (STATIC, RANDOM, GMM), EstimationError, "no positive real eigenvalue.* Check that W is not zero"),
    Fault(all_zero, (DYNAMIC,), InputError, "eta is zero everywhere"),
    Fault(duplicate_row, EVERY, LabelError, "rows given twice: .*u04, 2001"),
    Fault(missing_row, EVERY, InputError, "not balanced: 1 rows are missing: .*u04, 2001.*missing="),
    Fault(missing_value, EVERY, InputError, "1 values are missing or infinite: y of u04 in 2001.*missing="),
    Fault(other_weights, EVERY, LabelError, "lacks ZZZ; .* has u15, which the weights W does not have"),
    Fault(fewer_weights, EVERY, LabelError, "has u15, which the weights W does not have"),
    Fault(exact_fit, NOT_GMM, EstimationError, "explain y exactly.*identity among the columns"),
    Fault(exact_fit, (GMM,), EstimationError, "instruments do not identify the model"),
    Fault(no_variation, (STATIC, RANDOM, GMM), EstimationError, "explain y exactly|y does not vary"),
    Fault(no_variation, (DYNAMIC,), InputError, "tau is zero everywhere"),
    Fault(boundary, EVERY, BoundaryWarning, "rho = 0.99.* edge of its admissible interval.*Check the model"),
    Fault(no_random_effects, (RANDOM,), BoundaryWarning, "phi = 0"),
    Fault(endless_random_effects, (RANDOM,), EstimationError, "explain y exactly|take effects='entity'"),
    Fault(explosive, (DYNAMIC,), EstimationError, "the dynamics are explosive: .*spectral radius"),
    Fault(explosive_uncorrected, (DYNAMIC,), StabilityWarning, "1[.][34]"),
    Fault(not_row_normalised, (STATIC, DYNAMIC, GMM), InputError, "(?i)row-normalised|sum to one"),
    Fault(weak_instruments, (GMM,), WeakInstrumentWarning, "first-stage F of W.y is .* Give stronger instruments"),
    Fault(
        too_few_instruments, (GMM,), InputError, "order condition: 1 endogenous regressors .* Give at least one column"
    ),
]
ROWS = [
    pytest.param(fault, family, id=f"{fault.make.__name__}-{family}") for fault in FAULTS for family in fault.families
]


@pytest.mark.parametrize(("fault", "family"), ROWS)
def test_one_clear_error_or_one_typed_warning(fault: Fault, family: str) -> None:
    case = FAMILIES[family]
    if not issubclass(fault.kind, GvcposWarning):
        with pytest.raises(fault.kind, match=fault.says):
            fault.make(case)
        return
    with pytest.warns(fault.kind, match=fault.says) as found:
        result = fault.make(case)
    assert len([one for one in found if issubclass(one.category, fault.kind)]) == 1
    assert np.isfinite(result.params.drop("phi", errors="ignore")).all()
