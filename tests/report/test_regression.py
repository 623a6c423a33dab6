"""Regression, effects and test tables print the numbers of the results, all of them and no others."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from gvcpos import report
from gvcpos._core.errors import BoundaryWarning, InputError, LabelError
from gvcpos.report import Table, effects_table, model_column, regression_table
from tests.report.examples import Test, effects, fit, spatial_fits


@pytest.fixture(scope="module")
def fits() -> dict[str, object]:
    return spatial_fits()


def number(text: str) -> float:
    return float(re.sub(r"[*(),]", "", text))


def by_row(table: Table) -> dict[str, list[str]]:
    return {row.label: [c.text + c.suffix for c in row.cells] for row in table.rows if row.label}


def test_spatial_panels_are_printed_as_estimated(fits) -> None:
    table = regression_table({name.upper(): f for name, f in fits.items()})
    rows = table.rows
    place = {row.label: i for i, row in enumerate(rows)}
    shown = {"W*upstreamness": "W × upstreamness", "W*rd_intensity": "W × rd_intensity"}
    shown |= {"rho": "ρ (spatial lag)", "lambda": "λ (spatial error)"}
    seen = 0
    for j, f in enumerate(fits.values()):
        for name in f.params.index:
            i = place[shown.get(name, name)]
            assert number(rows[i].cells[j].text) == pytest.approx(f.params[name], abs=5.1e-5)
            assert rows[i].cells[j].value == f.params[name]
            assert number(rows[i + 1].cells[j].text) == pytest.approx(f.std_errors[name], abs=5.1e-5)
            stars = sum(f.pvalues[name] < level for level in (0.01, 0.05, 0.1))
            assert rows[i].cells[j].suffix == "*" * stars
            seen += 1
    terms = rows[: next(i for i, row in enumerate(rows) if row.label == "Model")]
    assert seen == sum(cell.value is not None for row in terms for cell in row.cells) / 2


def test_spatial_panels_state_their_facts(fits) -> None:
    rows = by_row(regression_table({name.upper(): f for name, f in fits.items()}))
    assert rows["Model"] == ["SLX", "SAR", "SEM", "SDM"]
    assert rows["Effects"] == ["fixed, two-way"] * 4
    assert rows["Method"] == ["Lee-Yu"] * 4
    assert (rows["Observations"], rows["Entities"], rows["Periods"]) == (["126"] * 4, ["14"] * 4, ["9"] * 4)
    for label, name, within in (("σ²", "sigma2", 5.1e-5), ("Log-likelihood", "loglik", 5.1e-3), ("AIC", "aic", 5.1e-3)):
        assert list(map(number, rows[label])) == pytest.approx([getattr(f, name) for f in fits.values()], abs=within)
    assert list(map(number, rows["R²"])) == pytest.approx([f.rsquared for f in fits.values()], abs=5.1e-5)


def test_notes_say_variable_errors_and_stars(fits) -> None:
    notes = " ".join(regression_table(fits, notes=["My note."]).footnotes)
    assert "Dependent variable: va_rate." in notes
    assert "information matrix" in notes
    assert "*** p < 0.01" in notes
    assert notes.endswith("My note.")
    assert "***" not in regression_table(fits, stars=False).to_text()


def test_linearmodels_results_are_read() -> None:
    from linearmodels import PanelOLS

    rng = np.random.default_rng(3)
    index = pd.MultiIndex.from_product([list("abcdefgh"), range(2000, 2006)], names=["country", "year"])
    data = pd.DataFrame(rng.normal(size=(48, 2)), index=index, columns=["y", "x"])
    found = PanelOLS(data["y"], data[["x"]], entity_effects=True, time_effects=True).fit()
    rows = by_row(regression_table({"FE": found}))
    assert number(rows["x"][0]) == pytest.approx(found.params["x"], abs=5.1e-5)
    assert (rows["Effects"], rows["Entities"], rows["Periods"]) == (["fixed, two-way"], ["8"], ["6"])
    assert number(rows["Log-likelihood"][0]) == pytest.approx(found.loglik, abs=5.1e-3)


def test_models_that_differ_in_errors_say_so_in_a_row() -> None:
    one, two = fit(x=(1.0, 0.1, 0.0)), fit(x=(1.0, 0.2, 0.0))
    one.cov_type, two.cov_type = "information", "sandwich"
    assert by_row(regression_table({"a": one, "b": two}))["Standard errors"] == ["information matrix", "sandwich"]


def test_what_a_model_lacks_is_blank_and_what_is_nan_is_a_dash() -> None:
    table = regression_table({"a": fit(x=(0.5, math.nan, math.nan)), "b": fit(z=(1.0, 0.1, 0.2))})
    rows = table.rows
    assert [c.text for c in rows[0].cells] == ["0.5000", ""]
    assert [c.text for c in rows[1].cells] == ["—", ""]
    everything = table.to_text() + table.to_latex() + table.to_html() + table.to_markdown()
    assert "nan" not in everything.lower()


def test_shuffled_labels_change_nothing() -> None:
    plain = fit(x=(0.5, 0.1, 0.001), z=(1.0, 0.7, 0.2))
    mixed = fit(x=(0.5, 0.1, 0.001), z=(1.0, 0.7, 0.2))
    mixed.std_errors, mixed.pvalues = mixed.std_errors[::-1], mixed.pvalues[::-1]
    assert regression_table({"m": plain}).to_text() == regression_table({"m": mixed}).to_text()


@pytest.mark.parametrize(
    ("labels", "named"), [(["x"], "z"), (["x", "z", "w"], "w"), (["x", "x"], "x"), (["x", "q"], "q")]
)
def test_errors_that_do_not_match_the_params_are_refused(labels: list[str], named: str) -> None:
    broken = fit(x=(0.5, 0.1, 0.001), z=(1.0, 0.7, 0.2))
    broken.std_errors = pd.Series(0.1, index=labels)
    with pytest.raises(LabelError, match=named):
        regression_table({"m": broken})


def test_something_else_than_results_is_refused() -> None:
    with pytest.raises(InputError, match="SimpleNamespace has no Series params"):
        model_column("m", SimpleNamespace(x=1))
    with pytest.raises(InputError, match="no models"):
        regression_table({})


def test_effects_table_prints_the_effects(fits) -> None:
    found = fits["sdm"].effects()
    table = effects_table(fits["sdm"])
    assert table.columns == ("Direct", "Indirect", "Total")
    for i, variable in enumerate(("upstreamness", "rd_intensity")):
        for j, kind in enumerate(("direct", "indirect", "total")):
            want = found.loc[(kind, variable)]
            assert table.rows[2 * i].label == variable
            assert table.rows[2 * i].cells[j].value == want["estimate"]
            assert number(table.rows[2 * i + 1].cells[j].text) == pytest.approx(want["std_error"], abs=5.1e-5)
    assert any("delta method" in note for note in table.notes)
    assert effects_table(found.sample(frac=1, random_state=1).sort_index(level=1)).to_frame()["value"].notna().all()


def test_effects_table_takes_rows_in_any_order() -> None:
    shuffled = effects().iloc[[5, 0, 3, 2, 4, 1]].sort_index(level="variable", ascending=False)
    assert effects_table(shuffled).to_text() == effects_table(effects()).to_text()


def simulated() -> pd.DataFrame:
    return effects().reset_index().assign(errors="simulation", draws=2000, rejected=17)


def test_simulated_effects_show_their_percentile_intervals_and_the_draws_left_out() -> None:
    table = effects_table(simulated())
    row = effects().loc[("indirect", "upstreamness")]
    below = table.blocks[0][1]
    assert below.cells[1].text == f"[{row['lower']:.4f}, {row['upper']:.4f}]"
    said = " ".join(table.footnotes)
    assert "2,000 draws" in said
    assert "17 of them left out because ρ lies outside its admissible interval" in said
    assert "Standard errors" not in said
    assert "17 of them" not in " ".join(effects_table(effects()).footnotes)


def test_simulated_effects_state_attrs_as_well_as_columns(fits) -> None:
    table = effects_table(fits["sdm"].effects("simulation", draws=300, seed=1, level=0.9))
    said = " ".join(table.footnotes)
    assert said.startswith("90 % percentile intervals")
    assert "300 draws of the parameters, 0 of them left out" in said


def test_simulated_effects_without_interval_are_refused() -> None:
    with pytest.raises(LabelError, match="lower"):
        effects_table(simulated().drop(columns="lower"))


def test_estimates_of_tests_are_labelled_and_intervals_say_their_level() -> None:
    slope = {"name": "slope: a", "statistic": -2.0, "pvalue": 0.02, "estimate": -0.1, "conf_int": (-0.2, -0.0)}
    rows = [
        slope | {"level": 0.1, "quantity": "slope of y on x"},
        slope | {"level": 0.1, "quantity": "slope of y on x", "name": "slope: b"},
        slope | {"level": 0.1, "quantity": "a slope less b slope", "name": "equal"},
    ]
    table = report.tests_table(rows)
    assert "90 % interval" in table.columns
    assert table.footnotes == ("Estimates: slope of y on x (slope: a, slope: b); a slope less b slope (equal).",)
    plain = report.tests_table([slope])
    assert "95 % interval" in plain.columns
    assert plain.footnotes == ()
    assert "Interval" in report.tests_table([rows[0], slope | {"level": 0.05}]).columns


def test_effects_without_a_column_are_refused() -> None:
    with pytest.raises(LabelError, match="std_error"):
        effects_table(effects().drop(columns="std_error"))
    with pytest.raises(InputError, match="holds no frame"):
        effects_table(3)


def test_tests_table_prints_null_statistic_and_p_value(fits) -> None:
    slope = Test("slope", "it is not negative", -5.25, "t", 59, 1e-9, -0.05, (-0.07, -0.03))
    joint = Test("joint", "all are equal", 3.5, "chi2", 2, 0.1738)
    table = report.tests_table([slope, joint])
    assert table.columns == ("Null hypothesis", "Statistic", "Distribution", "p-value", "Estimate", "95 % interval")
    assert [c.text for c in table.rows[0].cells][1:4] == ["-5.2500", "t(59)", "<0.0001"]
    assert table.rows[0].cells[5].text == "[-0.0700, -0.0300]"
    assert [c.text for c in table.rows[1].cells][1:] == ["3.5000", "χ²(2)", "0.1738", "—", "—"]

    found = fits["sdm"].diagnostics()
    printed = report.tests_table(found)
    assert [row.label for row in printed.rows] == list(found.index)
    want = [None if np.isnan(value) else value for value in found["statistic"]]
    assert [row.cells[1].value for row in printed.rows] == want
    assert printed.columns[-1] == "p-value"


def test_a_test_without_a_p_value_is_refused() -> None:
    with pytest.raises(InputError, match="half': no pvalue"):
        report.tests_table([SimpleNamespace(name="half", statistic=1.0)])


def test_random_effects_and_moments_are_named_as_what_they_are(fits) -> None:
    data = fits["sar"].model
    with pytest.warns(BoundaryWarning, match="sar with random effects: phi"):
        random = data.respecified(effects="random").fit()
    moments = data.fit_gmm()
    rows = by_row(regression_table({"random": random, "moments": moments}))
    assert rows["Effects"] == ["random by entity", "fixed, two-way"]
    assert rows["Method"] == ["maximum likelihood", "generalised moments"]
