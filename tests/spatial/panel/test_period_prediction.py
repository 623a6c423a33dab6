"""Predictions of new periods where weights change over time: each needs a W of its own; by hand, by label."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel, SpatialPanelResults
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.periods import changing, draw, labels

N, T, KNOWN = 10, 7, 5
NEW = (2005, 2006)


@lru_cache(maxsize=1)
def world() -> tuple[pd.DataFrame, dict[int, Weights], dict[int, Weights]]:
    """Seven years of data on (unit, year) with their W and M, five of which are estimated with."""
    W, M = changing(1, N, T), changing(2, N, T)
    y, X = draw(np.random.default_rng(3), W, rho=0.4, lam=0.2)
    rows = pd.MultiIndex.from_product([list(W), labels(N)], names=["year", "unit"])
    frame = pd.DataFrame(np.column_stack([y.ravel(), X.reshape(-1, 2)]), index=rows, columns=["y", "x1", "x2"])
    return frame.swaplevel(), W, M


def sample(each: dict[int, Weights]) -> dict[int, Weights]:
    return {year: one for year, one in each.items() if year not in NEW}


def new(each: dict[int, Weights]) -> dict[int, Weights]:
    return {year: each[year] for year in NEW}


@lru_cache(maxsize=8)
def fitted(model: str, effects: str = "entity", own: bool = False, **options: str) -> SpatialPanelResults:
    frame, W, M = world()
    data = frame[~frame.index.isin(NEW, level=1)].sample(frac=1.0, random_state=4)
    more = {"method": "direct", "error_weights": sample(M) if own else None, **options}
    return SpatialPanel(data["y"], data[["x1", "x2"]], sample(W), model=model, effects=effects, **more).fit()  # type: ignore[arg-type]


def later() -> pd.DataFrame:
    """The rows of the new years, in any order."""
    frame = world()[0]
    return frame[frame.index.isin(NEW, level=1)].sample(frac=1.0, random_state=5)


def by_hand(result: SpatialPanelResults, year: int, M: Weights, entity: np.ndarray, kind: str) -> np.ndarray:
    """The prediction of a year from explicit matrices."""
    frame, W, _ = world()
    rows, p, w = frame.xs(year, level=1).loc[labels(N)], result.params, W[year].dense()
    X, y = rows[["x1", "x2"]].to_numpy(), rows["y"].to_numpy()
    signal = X @ p[["x1", "x2"]] + p.get("Intercept", 0.0) + entity
    if "W*x1" in p:
        signal = signal + w @ X @ p[["W*x1", "W*x2"]]
    A, B = np.eye(N) - p.get("rho", 0.0) * w, np.eye(N) - p.get("lambda", 0.0) * M.dense()
    if kind == "reduced":
        return np.linalg.solve(A, signal)
    e = B @ (A @ y - signal)
    if kind == "in-sample":
        return y - e
    Q = A.T @ B.T @ B @ A
    return y - Q @ (y - np.linalg.solve(A, signal)) / np.diag(Q)


@pytest.mark.parametrize("kind", ["reduced", "in-sample", "blup"])
@pytest.mark.parametrize(("model", "own"), [("sdm", False), ("sem", False), ("gns", True)])
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.ModesWarning")
def test_new_periods_take_the_weights_given_for_them(model: str, own: bool, kind: str) -> None:
    _, W, M = world()
    result, rows = fitted(model, own=own), later()
    error = new(M) if own and kind != "reduced" else None
    got = result.predict(rows, kind=kind, y=rows["y"], W=new(W), error_weights=error)  # type: ignore[arg-type]
    assert got.index.equals(rows.index)
    frame = result.fixed_effects()
    entity = frame.loc["entity", "estimate"].loc[labels(N)].to_numpy() + float(
        frame.loc["constant", "estimate"].iloc[0]
    )
    for year in NEW:
        want = by_hand(result, year, (M if own else W)[year], entity, kind)
        np.testing.assert_allclose(got.xs(year, level=1).loc[labels(N)], want, rtol=1e-9)


@pytest.mark.parametrize("effects", ["none", "twoway"])
def test_periods_of_the_sample_given_anew_are_the_sample(effects: str) -> None:
    result, frame = fitted("sdm", effects), world()[0]
    rows = frame[frame.index.isin([2003, 2001], level=1)].sample(frac=1.0, random_state=6)
    for kind in ("reduced", "signal", "in-sample", "blup"):
        got = result.predict(rows, kind=kind, y=rows["y"])  # type: ignore[arg-type]
        np.testing.assert_allclose(got, result.predict(kind=kind).loc[rows.index], rtol=1e-10)  # type: ignore[arg-type]


def test_weights_meet_by_label_and_one_may_stand_for_all() -> None:
    """Years of the sample and new ones together; units of the new W in another order."""
    frame, W, _ = world()
    result, rows = fitted("sdm"), frame[frame.index.isin([2004, *NEW], level=1)]
    want = result.predict(rows, W=new(W))
    turned = {year: W[year].align(labels(N)[::-1]) for year in reversed(NEW)}
    pd.testing.assert_series_equal(result.predict(rows, W=turned), want, rtol=1e-12)
    one = result.predict(rows, W=W[2006])
    both = result.predict(rows, W=dict.fromkeys(NEW, W[2006]))
    pd.testing.assert_series_equal(one, both, check_exact=True)
    pd.testing.assert_series_equal(one.xs(2006, level=1), want.xs(2006, level=1), rtol=1e-12)
    assert abs(one - want).xs(2005, level=1).max() > 0.01


def test_nearly_the_same_w_predicts_as_the_constant_w() -> None:
    frame, W, _ = world()
    base = W[2000]
    nearly = {year: Weights.from_dense(base.ids, base.dense() * (1.0 + i * 2.0**-50)) for i, year in enumerate(W)}
    data = frame[~frame.index.isin(NEW, level=1)]
    fixed, moving = (SpatialPanel(data["y"], data[["x1", "x2"]], one).fit() for one in (base, sample(nearly)))
    given = {2005: 0.5}
    want = fixed.predict(later(), time_effects=given)
    np.testing.assert_allclose(moving.predict(later(), time_effects=given, W=new(nearly)), want, rtol=1e-8)
    with pytest.raises(InputError, match="these stay"):
        fixed.predict(later(), W=base)


def test_effects_that_go_through_the_error_do_so_in_new_periods() -> None:
    _, W, M = world()
    result = fitted("sdem", "random", own=True, random_error="kkp")
    mu, lam = result.entity_effects.loc[labels(N)].to_numpy(), float(result.params["lambda"])
    got = result.predict(later(), W=new(W), error_weights=new(M))
    for year in NEW:
        through = np.linalg.solve(np.eye(N) - lam * M[year].dense(), mu)
        np.testing.assert_allclose(
            got.xs(year, level=1).loc[labels(N)], by_hand(result, year, M[year], through, "reduced"), rtol=1e-9
        )
    with pytest.raises(InputError, match=r"error_weights=\{2005: \.\.\.\}"):
        result.predict(later(), W=new(W))


def test_what_is_missing_or_too_much_is_named() -> None:
    _, W, M = world()
    result, rows = fitted("sdm"), later()
    with pytest.raises(InputError, match=r"rows of 2005, 2006, and the weights change over time: give .* W=\{2005"):
        result.predict(rows)
    with pytest.raises(InputError, match="rows of 2006,"):
        result.predict(rows, W={2005: W[2005]})
    with pytest.raises(InputError, match="W of 2004: known from the sample"):
        result.predict(rows, W={2004: W[2004], **new(W)})
    with pytest.raises(LabelError, match="W names 2050"):
        result.predict(rows, W={2050: W[2004], **new(W)})
    with pytest.raises(LabelError, match="elsewhere"):
        result.predict(rows, W=Weights.from_dense([*labels(N)[:-1], "elsewhere"], W[2005].dense()))
    with pytest.raises(InputError, match="W is given without X"):
        result.predict(W=W[2005])
    with pytest.raises(InputError, match="this sdm has none"):
        result.predict(rows, W=new(W), error_weights=new(M))
    with pytest.raises(InputError, match="this sem has none"):
        fitted("sem").predict(rows, W=new(W), error_weights=new(M))
    with pytest.raises(InputError, match="outside the admissible interval"):
        result.predict(rows, W=Weights.from_dense(labels(N), 9.0 * W[2005].dense()))
    halved = Weights.from_dense(labels(N), 0.5 * W[2005].dense())
    assert np.isfinite(result.predict(rows, W=halved)).all()
    with pytest.raises(InputError, match="W of 2005: "):
        fitted("sdm", "twoway", method="lee-yu").predict(rows, W=halved)


# Dynamic panels.


@lru_cache(maxsize=1)
def dynamic() -> DynamicSpatialPanel:
    frame, W, _ = world()
    data = frame[~frame.index.isin(NEW, level=1)]
    return DynamicSpatialPanel(data["y"], data[["x1"]], sample(W), effects="entity")


def test_a_dynamic_panel_goes_on_with_the_weights_given() -> None:
    """By hand: W_t of the period, W_{t-1} of the past, which for the first new one is the sample's last."""
    frame, W, _ = world()
    result = dynamic().fit(correction="none")
    rows = later()
    p, effects = result.params, result.fixed_effects()
    entity = effects.loc["entity", "estimate"].loc[labels(N)].to_numpy()
    entity = entity + float(effects.loc["constant", "estimate"].iloc[0])
    last = frame.xs(2004, level=1).loc[labels(N), "y"].to_numpy()
    path, ahead = result.predict(rows[["x1"]], W=new(W)), result.predict(rows[["x1"]], y=rows["y"], W=new(W))
    assert path.attrs["start"] == 2004
    for year in NEW:
        x, w = frame.xs(year, level=1).loc[labels(N), "x1"].to_numpy(), W[year].dense()
        signal = p["x1"] * x + p["W*x1"] * w @ x + entity
        observed = frame.xs(year - 1, level=1).loc[labels(N), "y"].to_numpy()
        for before, found in ((last, path), (observed, ahead)):
            moved = signal + p["tau"] * before + p["eta"] * W[year - 1].dense() @ before
            want = np.linalg.solve(np.eye(N) - p["rho"] * w, moved)
            np.testing.assert_allclose(found.xs(year, level=1).loc[labels(N)], want, rtol=1e-9)
            last = want if before is last else last
    with pytest.raises(InputError, match="change over time"):
        result.predict(rows[["x1"]])


def test_a_dynamic_panel_given_its_sample_anew() -> None:
    frame, W, _ = world()
    result = dynamic().fit(correction="none")
    rows = frame[frame.index.isin(range(2001, 2005), level=1)]
    for asked in ({"recursive": True}, {"y": rows["y"]}, {"y": rows["y"], "kind": "blup"}):
        got = result.predict(rows[["x1"]], **asked)  # type: ignore[arg-type]
        want = result.predict(**{name: one for name, one in asked.items() if name != "y"})  # type: ignore[arg-type]
        np.testing.assert_allclose(got, want.loc[rows.index], rtol=1e-10)
    both = result.predict(frame[["x1"]][frame.index.isin([2003, 2004, *NEW], level=1)], W=new(W))
    assert both.attrs["start"] == 2002
