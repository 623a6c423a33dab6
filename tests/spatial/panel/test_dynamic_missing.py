"""Rules for missing values in dynamic panels: what they leave is what dropping by hand leaves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning, InputError, LabelError
from gvcpos.spatial.panel import DynamicSpatialPanel
from gvcpos.spatial.panel.inputs.missing import narrowed
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.dynamics import Truth, dynamic_panel, made

FORMULA = "y ~ lag(y) + W(lag(y)) + x"


def long_frame(seed: int = 3, n: int = 14, t: int = 8) -> tuple[pd.DataFrame, Weights]:
    W = made(n, 2)
    y, X = dynamic_panel(np.random.default_rng(seed), W, t, Truth())
    columns = {"country": np.tile(W.ids, t + 1), "year": np.repeat(np.arange(2000, 2001 + t), n)}
    data = pd.DataFrame(columns | {"y": y.ravel(), "x": X.ravel()})
    return data.sample(frac=1.0, random_state=seed).reset_index(drop=True), W


def holes(data: pd.DataFrame, cells: list[tuple[str, int, str]]) -> pd.DataFrame:
    out = data.copy()
    for country, year, column in cells:
        out.loc[(out["country"] == country) & (out["year"] == year), column] = np.nan
    return out


def same(got: DynamicSpatialPanel, want: DynamicSpatialPanel) -> None:
    one, two = got.fit(), want.fit()
    np.testing.assert_allclose(one.params, two.params, rtol=1e-9)
    np.testing.assert_allclose(one.cov, two.cov, rtol=1e-7, atol=1e-14)
    assert got.given.initial == want.given.initial
    pd.testing.assert_series_equal(one.resids, two.resids, rtol=1e-8)


def test_entities_with_gaps_are_dropped_as_by_hand() -> None:
    data, W = long_frame()
    gaps = [("u03", 2000, "y"), ("u05", 2004, "x"), ("u08", 2000, "x")]  # x of the first year does not count
    with pytest.warns(DroppedRowsWarning, match="2 of 14 entities: u03, u05") as said:
        got = DynamicSpatialPanel.from_formula(FORMULA, holes(data, gaps), W, missing="drop-entities")
    assert len(said) == 1
    rest = data[~data["country"].isin(["u03", "u05"])]
    want = DynamicSpatialPanel.from_formula(FORMULA, rest, narrowed(W, [u for u in W.ids if u not in {"u03", "u05"}]))
    same(got, want)
    assert got.left_out.entities == ("u03", "u05")
    assert got.left_out.rows == 2 * 9
    assert "Entities left out" in got.fit().summary


def test_absent_rows_and_all_weights_are_cut() -> None:
    data, W = long_frame()
    M, V = made(14, 3), made(14, 1)
    choices = {"model": "gns", "error_weights": M, "x_weights": {"x": V}}
    thin = data[~((data["country"] == "u07") & (data["year"] == 2000))]
    with pytest.warns(DroppedRowsWarning, match="1 of 14 entities: u07"):
        got = DynamicSpatialPanel.from_formula(FORMULA, thin, W, missing="drop-entities", **choices)  # type: ignore[arg-type]
    ids = [unit for unit in W.ids if unit != "u07"]
    choices = {"model": "gns", "error_weights": narrowed(M, ids), "x_weights": {"x": narrowed(V, ids)}}
    want = DynamicSpatialPanel.from_formula(FORMULA, data[data["country"] != "u07"], narrowed(W, ids), **choices)  # type: ignore[arg-type]
    np.testing.assert_array_equal(got.design.X, want.design.X)
    np.testing.assert_array_equal(got.error_weights.dense(), want.error_weights.dense())


@pytest.mark.parametrize(
    ("gaps", "first", "last"),
    [
        ([("u02", 2000, "y")], 2001, 2008),
        ([("u02", 2008, "y"), ("u04", 2007, "x")], 2000, 2006),
        ([("u02", 2001, "x"), ("u03", 2002, "x")], 2002, 2008),  # y of 2002 is known: it is the past of 2003
        ([("u02", 2001, "x"), ("u03", 2001, "y")], 2002, 2008),
        ([("u02", 2000, "x")], 2000, 2008),
    ],
)
def test_periods_with_gaps_are_dropped_as_by_hand(gaps: list[tuple[str, int, str]], first: int, last: int) -> None:
    data, W = long_frame()
    frame = holes(data, gaps)
    want = DynamicSpatialPanel.from_formula(FORMULA, data[data["year"].between(first, last)], W)
    gone = tuple(year for year in range(2000, 2009) if not first <= year <= last)
    if not gone:
        same(DynamicSpatialPanel.from_formula(FORMULA, frame, W, missing="drop-periods"), want)
        return
    with pytest.warns(DroppedRowsWarning, match=f"{len(gone)} of 9 periods: {gone[0]}"):
        got = DynamicSpatialPanel.from_formula(FORMULA, frame, W, missing="drop-periods")
    same(got, want)
    assert got.left_out.periods == gone
    assert got.left_out.rows == 14 * len(gone)


def test_a_hole_in_the_middle_is_refused() -> None:
    data, W = long_frame()
    for column, named in (("y", "2004, 2005"), ("x", "2004")):
        frame = holes(data, [("u02", 2004, column)])
        with pytest.raises(InputError, match=f"take {named} out of the middle"):
            DynamicSpatialPanel.from_formula(FORMULA, frame, W, missing="drop-periods")
        with pytest.raises(InputError, match=f"missing or infinite: {column} of u02 in 2004"):
            DynamicSpatialPanel.from_formula(FORMULA, frame, W)
    every = holes(data, [("u02", year, "x") for year in range(2000, 2009)])
    with pytest.raises(InputError, match="would leave no period"):
        DynamicSpatialPanel.from_formula(FORMULA, every, W, missing="drop-periods")
    endless = data.assign(x=data["x"].mask((data["country"] == "u01") & (data["year"] == 2003), np.inf))
    with pytest.raises(InputError, match="x of u01 in 2003 is inf"):
        DynamicSpatialPanel.from_formula(FORMULA, endless, W, missing="drop-entities")


def test_units_without_rows() -> None:
    data, W = long_frame()
    some = data[~data["country"].isin(["u00", "u09"])]
    with pytest.raises(LabelError, match="u00, u09"):
        DynamicSpatialPanel.from_formula(FORMULA, some, W)
    got = DynamicSpatialPanel.from_formula(FORMULA, some, W, extra_units="subset")
    ids = [unit for unit in W.ids if unit not in {"u00", "u09"}]
    same(got, DynamicSpatialPanel.from_formula(FORMULA, some, narrowed(W, ids)))
    assert got.left_out.units == ("u00", "u09")
    hidden = some[~((some["country"] == "u01") & (some["year"] == 2000))]
    with pytest.raises(LabelError, match="u01"):
        DynamicSpatialPanel.from_formula(FORMULA, hidden, W, extra_units="subset")


@pytest.mark.parametrize("rule", ["drop-entities", "drop-periods"])
def test_arrays_with_gaps(rule: str) -> None:
    W = made(14, 2)
    y, X = dynamic_panel(np.random.default_rng(5), W, 8, Truth())
    holed, short = X.copy(), slice(0, 7)
    holed[0], holed[7, 3] = np.nan, np.nan
    with pytest.warns(DroppedRowsWarning, match="u03" if rule == "drop-entities" else "2 of 9 periods: 7, 8"):
        got = DynamicSpatialPanel.from_arrays(*(y if rule == "drop-entities" else cut(y), holed), W, missing=rule)  # type: ignore[arg-type]
    kept = np.arange(14) != 3
    want = (
        DynamicSpatialPanel.from_arrays(y[:, kept], X[:, kept], narrowed(W, [u for u in W.ids if u != "u03"]))
        if rule == "drop-entities"
        else DynamicSpatialPanel.from_arrays(y[short], X[short], W)
    )
    np.testing.assert_allclose(got.fit().params, want.fit().params, rtol=1e-9)
    shorter = DynamicSpatialPanel.from_arrays(y, X[1:], W).fit()
    np.testing.assert_array_equal(shorter.params, DynamicSpatialPanel.from_arrays(y, X, W).fit().params)


def cut(y: np.ndarray) -> np.ndarray:
    """y whose last period is missing for one unit."""
    out = y.copy()
    out[8, 0] = np.nan
    return out


def test_keywords_that_are_not_known() -> None:
    data, W = long_frame()
    rows = data.set_index(["country", "year"])
    with pytest.raises(TypeError, match=r"unexpected keywords lag\. There are: model, .*dynamic, missing, extra_units"):
        DynamicSpatialPanel(rows["y"], rows["x"], W, lag=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="lag\\(y\\) and W"):
        DynamicSpatialPanel.from_formula(FORMULA, data, W, dynamic="time")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="write '- 1'"):
        DynamicSpatialPanel.from_formula(FORMULA, data, W, effects="none", intercept=False)  # type: ignore[call-arg]
    with pytest.raises(InputError, match="missing='all'"):
        DynamicSpatialPanel(rows["y"], rows["x"], W, missing="all")  # type: ignore[arg-type]
