"""Regression tables, effects tables and test tables, built from results as structured rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gvcpos._core.errors import InputError
from gvcpos.report.models import SPATIAL_TERMS, ModelColumn, Term, model_column
from gvcpos.report.numbers import MISSING, fixed, stars
from gvcpos.report.table import Cell, Row, Table

STARS_NOTE = "*** p < 0.01, ** p < 0.05, * p < 0.10."
_SPATIAL_LABELS = {"rho": "ρ (spatial lag)", "lambda": "λ (spatial error)"}
# Printed as a row only where models differ in it; in the notes otherwise.
_DIFFERING = ("dependent", "covariance")
_DESCRIBED: tuple[tuple[str, str, int | None], ...] = (
    ("dependent", "Dependent variable", None),
    ("model", "Model", None),
    ("effects", "Effects", None),
    ("method", "Method", None),
    ("covariance", "Standard errors", None),
)
_COUNTED: tuple[tuple[str, str, int | None], ...] = (
    ("nobs", "Observations", None),
    ("entities", "Entities", None),
    ("periods", "Periods", None),
    ("sigma2", "σ²", 6),
    ("loglik", "Log-likelihood", 2),
    ("rsquared", "R²", 4),
    ("rsquared_within", "R² within", 4),
    ("aic", "AIC", 2),
)


@dataclass(frozen=True)
class RegressionTable(Table):
    """A table of models side by side; ``models`` holds the numbers behind it."""

    models: tuple[ModelColumn, ...] = field(default=())


def regression_table(
    results: Mapping[str, Any],
    *,
    stars: bool = True,
    digits: int = 4,
    notes: Sequence[str] = (),
    caption: str = "",
    label: str = "",
    names: Mapping[str, str] | None = None,
    synthetic: bool = False,
) -> RegressionTable:
    """Put models side by side.

    Parameters
    ----------
    results : mapping
        Header to fitted results: anything with ``params``, ``std_errors`` (or ``bse``) and ``pvalues``.
    stars : bool
        Mark significance at 1, 5 and 10 %.
    digits : int
        Decimals of coefficients and standard errors.
    notes : sequence of str
        Further notes, after those on standard errors and stars.
    names : mapping, optional
        Coefficient name to the label printed for it.
    synthetic : bool
        Say in every rendering that the data are synthetic.

    Returns
    -------
    RegressionTable

    Raises
    ------
    InputError
        If there is no model, or an object is no fitted model.
    """
    if not results:
        raise InputError("regression table: no models were given. Give at least one {name: results}.")
    models = tuple(model_column(str(name), fitted) for name, fitted in results.items())
    order = list(dict.fromkeys(t.name for m in models for t in m.terms))
    slopes = [r for n in order for r in _term_rows(term_label(n, names), n, models, stars, digits)]
    spatial = [
        row
        for name in SPATIAL_TERMS
        if any(t.name == name for m in models for t in m.spatial)
        for row in _term_rows(term_label(name, names), name, models, stars, digits)
    ]
    described = [row for row in _DESCRIBED if row[0] not in _DIFFERING or len(_stated(models, row[0])) > 1]
    facts = (_fact_rows(group, models, digits) for group in (described, _COUNTED))
    blocks = [slopes, spatial, *facts]
    return RegressionTable(
        caption or "Regression results",
        "",
        tuple(m.name for m in models),
        tuple(tuple(block) for block in blocks if block),
        (*_standard_notes(models, stars), *notes),
        label,
        synthetic,
        models,
    )


def term_label(name: str, names: Mapping[str, str] | None = None) -> str:
    """Return the label printed for a coefficient; ``W*x`` is the spatial lag of x."""
    given = names or {}
    if name in given:
        return given[name]
    if name.startswith("W*"):
        return f"W × {given.get(name[2:], name[2:])}"
    return _SPATIAL_LABELS.get(name, name)


def _term_rows(label: str, name: str, models: Sequence[ModelColumn], marked: bool, digits: int) -> tuple[Row, Row]:
    """Make the two lines of a coefficient: estimates with stars, standard errors in parentheses."""
    found = [next((t for t in (*m.terms, *m.spatial) if t.name == name), None) for m in models]
    return (
        Row(label, tuple(_estimate_cell(t, marked, digits) for t in found)),
        Row("", tuple(_error_cell(t, digits) for t in found)),
    )


def _estimate_cell(term: Term | None, marked: bool, digits: int) -> Cell:
    if term is None:
        return Cell()
    return estimate_cell(term.estimate, term.pvalue if marked else None, digits)


def _error_cell(term: Term | None, digits: int) -> Cell:
    return Cell() if term is None else error_cell(term.std_error, digits)


def estimate_cell(estimate: float | None, pvalue: float | None, digits: int = 4) -> Cell:
    """Make the cell of an estimate with its stars (none if `pvalue` is None)."""
    return Cell(estimate, fixed(estimate, digits), "" if estimate is None else stars(pvalue))


def error_cell(std_error: float | None, digits: int = 4) -> Cell:
    """Make the cell of a standard error in parentheses."""
    if std_error is None:
        return Cell(None, MISSING)
    return Cell(std_error, f"({fixed(std_error, digits)}", ")")


def _fact_rows(group: Sequence[tuple[str, str, int | None]], models: Sequence[ModelColumn], digits: int) -> list[Row]:
    """Make the lines of facts that at least one model states."""
    rows = []
    for key, label, places in group:
        values = [m.facts.get(key) for m in models]
        if any(v is not None for v in values):
            rows.append(Row(label, tuple(_fact_cell(v, digits if places is None else places) for v in values)))
    return rows


def _fact_cell(value: float | int | str | None, digits: int) -> Cell:
    return Cell(value, value) if isinstance(value, str) else Cell(value, fixed(value, digits))


def _stated(models: Sequence[ModelColumn], key: str) -> list[str]:
    """List what the models state of one fact, each once."""
    return list(dict.fromkeys(str(m.facts[key]) for m in models if m.facts[key] is not None))


def _standard_notes(models: Sequence[ModelColumn], marked: bool) -> tuple[str, ...]:
    dependent, kinds = _stated(models, "dependent"), _stated(models, "covariance")
    notes = [f"Dependent variable: {dependent[0]}."] if len(dependent) == 1 else []
    kind = f" ({kinds[0]})" if len(kinds) == 1 else ""
    notes.append(f"Standard errors in parentheses{kind}.")
    return (*notes, STARS_NOTE) if marked else tuple(notes)
