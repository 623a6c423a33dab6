"""What results hand on: xsmle's order, comparisons with ranks and ratios, R-squared, tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from gvcpos._core.errors import InputError, LabelError
from gvcpos.report import regression_table
from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel, compare
from tests.spatial.panel.munnell import MODELS, fitted, golden, simulated


def test_stata_order_is_equations_in_order() -> None:
    result = fitted("gns", "none", "direct")
    found = result.to_stata_order()
    names = ["lpcap", "lpc", "lemp", "unemp"]
    want = [("Main", name) for name in [*names, "_cons"]] + [("Wx", name) for name in names]
    want += [("Spatial", "rho"), ("Spatial", "lambda"), ("Variance", "sigma2_e")]
    assert list(found.params.index) == want
    assert list(found.cov.index) == list(found.cov.columns) == want
    assert found.params["Wx", "lpc"] == result.params["W*lpc"]
    assert found.params["Variance", "sigma2_e"] == result.sigma2
    assert found.std_errors["Main", "_cons"] == result.std_errors["Intercept"]
    assert found.std_errors["Variance", "sigma2_e"] == result.sigma2_std_error
    assert found.cov.loc[("Wx", "lpc"), ("Spatial", "rho")] == result.cov.loc["W*lpc", "rho"]


@pytest.mark.parametrize("model", MODELS)
def test_stata_order_loses_nothing(model: str) -> None:
    result = fitted(model, "twoway", "lee-yu")
    found = result.to_stata_order()
    assert sorted(found.params) == sorted([*result.params, result.sigma2])
    assert np.trace(found.cov) == pytest.approx(np.trace(result.estimate.covariance), rel=1e-12)


XSMLE = {
    "sar": ["Main", "Spatial rho", "Variance"],
    "sdm": ["Main", "Wx", "Spatial rho", "Variance"],
    "sem": ["Main", "Spatial lambda", "Variance"],
    "sac": ["Main", "Spatial rho", "Spatial lambda", "Variance"],
}


@pytest.mark.parametrize("past", ["none", "time", "space-time", "space"])
@pytest.mark.parametrize("model", list(XSMLE))
def test_stata_order_of_every_model_of_xsmle(model: str, past: str) -> None:
    """As its public code names e(b): equations, the past first in Main, no constant with fixed effects."""
    y, X, W = simulated(3, n=20, t=8)
    if past == "none":
        result = SpatialPanel.from_arrays(y, X, W, model=model, effects="entity").fit()  # type: ignore[arg-type]
    else:
        made = DynamicSpatialPanel.from_arrays(y, X, W, model=model, effects="entity", dynamic=past)  # type: ignore[arg-type]
        result = made.fit(correction="none")
    found = list(result.to_stata_order().params.index)
    parts = [f"{equation} {name}" if equation == "Spatial" else equation for equation, name in found]
    assert list(dict.fromkeys(parts)) == XSMLE[model]
    before = {"none": [], "time": ["L.y"], "space": ["L.Wy"], "space-time": ["L.y", "L.Wy"]}[past]
    assert [name for equation, name in found if equation == "Main"] == [*before, "x1", "x2"]
    assert [name for equation, name in found if equation == "Wx"] == ["x1", "x2"] * ("Wx" in XSMLE[model])
    assert found[-1] == ("Variance", "sigma2_e")


def test_compare_ranks_and_tests_against_the_largest() -> None:
    fits = {model: fitted(model, "twoway", "lee-yu") for model in ("sar", "sem", "slx", "sdm")}
    frame = compare(fits)
    rows = frame.loc["statistics"].xs("estimate", axis=1, level=1)
    assert frame.attrs["against"] == "sdm"
    aic = {title: fit.aic for title, fit in fits.items()}
    assert rows.loc["aic_rank"].to_dict() == {title: 1.0 + sum(v < aic[title] for v in aic.values()) for title in aic}
    for title in ("sar", "sem"):
        test = fits["sdm"].lr(title)
        assert rows.loc["lr", title] == pytest.approx(test.statistic, rel=1e-9)
        assert rows.loc["lr_df", title] == test.df
        assert rows.loc["lr_pvalue", title] == pytest.approx(test.pvalue, rel=1e-6)
    assert rows.loc["lr_pvalue", "slx"] == pytest.approx(stats.chi2.sf(rows.loc["lr", "slx"], 1), rel=1e-9)
    assert np.isnan(rows.loc["lr", "sdm"])


def test_compare_does_not_test_what_is_not_nested() -> None:
    rows = compare({"sem": fitted("sem", "entity", "direct"), "sar": fitted("sar", "entity", "direct")}).loc[
        "statistics"
    ]
    assert rows.loc["lr"].isna().all()
    assert rows.loc["bic_rank"].notna().any()
    mixed = {"entity": fitted("sdm", "entity", "direct"), "twoway": fitted("sar", "twoway", "direct")}
    rows = compare(mixed).loc["statistics"]
    assert rows.loc[["aic_rank", "lr"]].isna().all(axis=None)
    y, X, W = simulated(2)
    other = SpatialPanel.from_arrays(y + 1e-3 * X[:, :, 0], X, W, model="sar").fit()
    rows = compare({"sar": other, "sdm": SpatialPanel.from_arrays(y, X, W).fit()}).loc["statistics"]
    assert rows.loc[["bic_rank", "lr"]].isna().all(axis=None)


def test_compare_against_a_title() -> None:
    fits = {model: fitted(model, "entity", "lee-yu") for model in ("sar", "sac", "gns")}
    frame = compare(fits, against="sac")
    rows = frame.loc["statistics"].xs("estimate", axis=1, level=1)
    assert frame.attrs["against"] == "sac"
    assert rows.loc["lr", "sar"] == pytest.approx(2 * (fits["sac"].loglik - fits["sar"].loglik), rel=1e-9)
    assert np.isnan(rows.loc["lr", "gns"])
    with pytest.raises(LabelError, match="nobody"):
        compare(fits, against="nobody")


def small(model: str = "sar", effects: str = "entity", **options: Any) -> SpatialPanel:
    y, X, W = simulated(2)
    return SpatialPanel.from_arrays(y, X, W, model=model, effects=effects, **options)  # type: ignore[arg-type]


def test_compare_takes_fits_by_moments_and_says_what_they_lack() -> None:
    fits = {"sdm": small("sdm").fit(), "gmm": small("sdm").fit_gmm(), "sar": small().fit()}
    frame = compare(fits)
    rows = frame.loc["statistics"].xs("estimate", axis=1, level=1)
    assert frame.attrs["against"] == "sdm"
    assert rows["gmm"].dropna().index.tolist() == ["sigma2", "nobs", "nobs_effective"]
    without = compare({title: fits[title] for title in ("sdm", "sar")})
    for title in ("sdm", "sar"):
        assert frame[title].equals(without[title])
    assert "gmm, estimated by moments" in frame.attrs["notes"][0]
    assert without.attrs["notes"] == ()
    alone = compare([small().fit_gmm(), small("sdm").fit_gmm()])
    assert alone.attrs["against"] == "sdm, entity, gmm"
    with pytest.raises(InputError, match="against='gmm' is a fit by moments"):
        compare(fits, against="gmm")


def test_compare_takes_a_list_and_refuses_a_single_fit() -> None:
    one = small().fit()
    frame = compare([one, small("sdm", "twoway").fit(), small().fit(), small().fit_gmm()])
    titles = list(dict.fromkeys(title for title, _ in frame.columns))
    assert titles == ["sar, entity", "sdm, twoway", "sar, entity (2)", "sar, entity, gmm"]
    with pytest.raises(InputError, match=r"one fit is given.*list of fits"):
        compare(one)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="number 2 is a SpatialPanel, not what fit"):
        compare([one, small()])  # type: ignore[list-item]
    with pytest.raises(InputError, match="a str is given"):
        compare("sar")  # type: ignore[arg-type]


def test_compare_says_why_there_are_no_ranks() -> None:
    y, X, W = simulated(2)
    other = SpatialPanel.from_arrays(y[1:] + 1.0, X[1:], W, model="sar", effects="twoway", method="direct").fit()
    notes = compare({"a": other, "b": small("sdm").fit()}).attrs["notes"]
    assert notes == ("No ranks: a and b differ in effects (twoway, entity), method (direct, lee-yu), periods (5, 6).",)
    moved = SpatialPanel.from_arrays(y + 1e-3 * X[:, :, 0], X, W, model="sar", effects="entity").fit()
    assert compare({"a": moved, "b": small("sdm").fit()}).attrs["notes"] == ("No ranks: a and b differ in y.",)


def test_rsquared_between_and_overall_from_labels() -> None:
    result = fitted("slx", "entity", "direct")
    X = result.model.design.X
    y, prediction = result.model.data.y, X @ result.estimate.beta
    assert result.rsquared_between == pytest.approx(np.corrcoef(y.mean(axis=0), prediction.mean(axis=0))[0, 1] ** 2)
    assert result.rsquared_overall == pytest.approx(np.corrcoef(y.ravel(), prediction.ravel())[0, 1] ** 2)


def test_rsquared_equals_linearmodels_within() -> None:
    """Without spatial terms beyond X, R-squared within is that of the within regression."""
    from linearmodels.panel import PanelOLS

    result = fitted("slx", "entity", "direct")
    series = result.model.data.series
    X = {name: series(result.model.design.X[:, :, j], name) for j, name in enumerate(result.model.design.names)}
    import pandas as pd

    other = PanelOLS(series(result.model.data.y, "y"), pd.DataFrame(X), entity_effects=True).fit()
    assert result.rsquared_within == pytest.approx(other.rsquared_within, rel=1e-9)


def test_tables_of_results_in_every_markup() -> None:
    table = regression_table({"SAR": fitted("sar", "twoway", "lee-yu"), "SDM": fitted("sdm", "twoway", "lee-yu")})
    for text in (table.to_latex(), table.to_html(), table.to_typst(), table.to_text()):
        assert "0.6" in text
        assert "SDM" in text
    assert "#figure(" in table.to_typst()


def test_parameters_agree_with_elhorst_to_his_steps_of_rho() -> None:
    """He reads log|I - rho W| off a table in steps of 0.001."""
    table = golden("elhorst_matlab_golden")
    rows = table[(table["model"] == "sar") & (table["effect"] == "individual") & (table["leeyu"].astype(str) == "0")]
    want = rows[rows["kind"] == "coef"].drop_duplicates("term").set_index("term")["estimate"]
    got = fitted("sar", "entity", "direct").params
    common = [name for name in got.index if name in want.index]
    assert common
    np.testing.assert_allclose(got[common], want[common], atol=2e-3)
