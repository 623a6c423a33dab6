"""Tables of evidence: direct, indirect and total effects, and tests with their null and p-value."""

# ruff: noqa: PT028  (tests_table prints tests, it is none)

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.report.numbers import MISSING, as_float, fixed, probability
from gvcpos.report.regression import STARS_NOTE, error_cell, estimate_cell
from gvcpos.report.table import Cell, Row, Table

EFFECT_ORDER = ("direct", "indirect", "total")
_TEST_FIELDS = ("null", "statistic", "pvalue", "estimate", "conf_int", "level", "quantity")
_EFFECT_COLUMNS = ("variable", "effect", "estimate", "std_error", "pvalue")


def effects_table(
    effects: Any,
    *,
    digits: int = 4,
    stars: bool = True,
    caption: str = "Direct, indirect and total effects",
    notes: Sequence[str] = (),
    label: str = "",
    names: Mapping[str, str] | None = None,
    synthetic: bool = False,
) -> Table:
    """Print the effects of each variable with their standard errors.

    Parameters
    ----------
    effects : results or DataFrame
        Results with an ``effects()`` method or what that returns: variable and effect (in the index or as
        columns), estimate, std_error, pvalue. Simulated effects (``errors`` "simulation" in the frame's attrs or
        columns) need lower and upper: their percentile intervals stand below the estimates, because the standard
        deviation of draws with a multiplier near its pole is no measure of anything.
    names : mapping, optional
        Variable name to the label printed for it.

    Raises
    ------
    LabelError
        If a column is missing.
    """
    frame = effects_frame(effects)
    locate(_EFFECT_COLUMNS, [str(c) for c in frame.columns], "columns of the effects")
    simulated = _said(frame, "errors") == "simulation"
    if simulated:
        locate(("lower", "upper"), [str(c) for c in frame.columns], "columns of the simulated effects")
    kinds = [k for k in EFFECT_ORDER if k in set(frame["effect"])]
    by_key = {(str(r["variable"]), str(r["effect"])): r for r in frame.to_dict("records")}
    rows: list[Row] = []
    for variable in dict.fromkeys(str(v) for v in frame["variable"]):
        found = [by_key.get((variable, kind)) for kind in kinds]
        rows.append(Row((names or {}).get(variable, variable), tuple(_effect(r, stars, digits) for r in found)))
        rows.append(Row("", tuple(_effect_error(r, digits, simulated) for r in found)))
    standard = (_simulation_note(frame) if simulated else _error_note(frame), *((STARS_NOTE,) if stars else ()))
    return Table(
        caption,
        "Variable",
        tuple(k.capitalize() for k in kinds),
        (tuple(rows),),
        (*standard, *notes),
        label,
        synthetic,
    )


def _said(frame: pd.DataFrame, key: str) -> Any:
    """What a frame of effects says of itself, in its attrs or in a column that holds one value; else None."""
    if key in frame.attrs:
        return frame.attrs[key]
    if key not in frame.columns:
        return None
    values = frame[key].dropna().unique()
    return values[0] if len(values) == 1 else None


def _error_note(frame: pd.DataFrame) -> str:
    kind = " (delta method)" if _said(frame, "errors") == "delta" else ""
    return f"Standard errors in parentheses{kind}."


def _simulation_note(frame: pd.DataFrame) -> str:
    draws, rejected = (as_float(_said(frame, key)) for key in ("draws", "rejected"))
    level = as_float(_said(frame, "level"))
    parts = [f"{100 * (0.95 if level is None else level):g} % percentile intervals of simulated effects in brackets"]
    if draws is not None:
        parts.append(f"; {fixed(int(draws))} draws of the parameters")
    if rejected is not None:
        parts.append(f", {fixed(int(rejected))} of them left out because ρ lies outside its admissible interval")
    return "".join([*parts, ". P-values: twice the share of draws on the far side of zero."])


def effects_frame(effects: Any) -> pd.DataFrame:
    """Return the tidy frame of effects from results, from effects, or from the frame itself."""
    found = effects.effects() if callable(getattr(effects, "effects", None)) else effects
    if not isinstance(found, pd.DataFrame):
        raise InputError(
            f"effects: {type(effects).__name__} holds no frame of effects. Give fitted spatial results or a "
            f"frame with columns {', '.join(_EFFECT_COLUMNS)}."
        )
    return found.reset_index() if {"effect", "variable"} <= set(found.index.names) else found


def _effect(record: Mapping[Any, Any] | None, marked: bool, digits: int) -> Cell:
    if record is None:
        return Cell()
    pvalue = as_float(record["pvalue"]) if marked else None
    return estimate_cell(as_float(record["estimate"]), pvalue, digits)


def _effect_error(record: Mapping[Any, Any] | None, digits: int, simulated: bool) -> Cell:
    if record is None:
        return Cell()
    if simulated:
        return _interval_cell((record["lower"], record["upper"]), digits)
    return error_cell(as_float(record["std_error"]), digits)


def tests_table(
    tests: Iterable[Any] | pd.DataFrame,
    *,
    digits: int = 4,
    caption: str = "Tests",
    notes: Sequence[str] = (),
    label: str = "",
    synthetic: bool = False,
) -> Table:
    """Print tests: name, null hypothesis, statistic, its distribution under the null, p-value.

    Parameters
    ----------
    tests : iterable of tests, or DataFrame
        Objects (or rows) with name, null, statistic, distribution and pvalue; estimate and conf_int (or
        lower and upper) where there are any.

    Raises
    ------
    InputError
        If a test has no name, statistic or p-value.
    """
    records = [_test_record(test) for test in _each_test(tests)]
    optional = [
        (head, key)
        for head, key in (
            ("Null hypothesis", "null"),
            ("Estimate", "estimate"),
            (_interval_head(records), "conf_int"),
        )
        if any(record[key] is not None for record in records)
    ]
    rows = tuple(Row(str(r["name"]), _test_cells(r, [k for _, k in optional], digits)) for r in records)
    heads = tuple(head for head, _ in optional)
    null = heads[:1] if heads[:1] == ("Null hypothesis",) else ()
    columns = (*null, "Statistic", "Distribution", "p-value", *heads[len(null) :])
    return Table(caption, "Test", columns, (rows,), (*_quantities(records), *notes), label, synthetic)


def _interval_head(records: Sequence[Mapping[str, Any]]) -> str:
    """Name the intervals by their confidence where the tests state one level; 95 % where they state none."""
    levels = {as_float(record["level"]) for record in records} - {None}
    if len(levels) > 1:
        return "Interval"
    return f"{100 * (1 - next(iter(levels), 0.05)):.4g} % interval"  # type: ignore[operator]


def _quantities(records: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Say below the table what each estimate is, tests that estimate the same together."""
    named: dict[str, list[str]] = {}
    for record in records:
        if record["quantity"] and record["estimate"] is not None:
            named.setdefault(str(record["quantity"]), []).append(str(record["name"]))
    said = "; ".join(f"{quantity} ({', '.join(tests)})" for quantity, tests in named.items())
    return (f"Estimates: {said}.",) if said else ()


def _each_test(tests: Iterable[Any] | pd.DataFrame) -> list[Any]:
    if not isinstance(tests, pd.DataFrame):
        return list(tests)
    named = tests if {"name", "test"} & set(tests.columns) else tests.rename_axis("name").reset_index()
    return [dict(record) for record in named.to_dict("records")]


def _test_record(test: Any) -> dict[str, Any]:
    def get(*keys: str) -> Any:
        found = (test.get(key) if isinstance(test, Mapping) else getattr(test, key, None) for key in keys)
        return next((value for value in found if value is not None), None)

    record = {key: get(key) for key in _TEST_FIELDS}
    record["name"] = get("name", "test")
    absent = [key for key in ("name", "statistic", "pvalue") if record[key] is None]
    if absent:
        raise InputError(f"test {record['name'] or test!r}: no {', '.join(absent)}. A test must state them.")
    record["distribution"] = _distribution(get("distribution"), as_float(get("df")))
    bounds = (get("lower", "ci_low"), get("upper", "ci_high"))
    if record["conf_int"] is None and None not in bounds:
        record["conf_int"] = bounds
    return record


def _distribution(name: str | None, df: float | None) -> str | None:
    """Write the distribution under the null with its degrees of freedom, as in ``χ²(2)``; a measure has none."""
    if not name:
        return None
    shown = "N(0, 1)" if name == "normal" else name.replace("chi2", "χ²")
    return shown if df is None or "(" in shown else f"{shown}({df:,.6g})"


def _test_cells(record: Mapping[str, Any], optional: Sequence[str], digits: int) -> tuple[Cell, ...]:
    statistic, pvalue = as_float(record["statistic"]), as_float(record["pvalue"])
    cells = [
        Cell(statistic, fixed(statistic, digits)),
        Cell(record["distribution"], MISSING if record["distribution"] is None else str(record["distribution"])),
        Cell(pvalue, probability(pvalue, digits)),
    ]
    if "null" in optional:
        cells.insert(0, Cell(record["null"], MISSING if record["null"] is None else str(record["null"])))
    if "estimate" in optional:
        estimate = as_float(record["estimate"])
        cells.append(Cell(estimate, fixed(estimate, digits)))
    if "conf_int" in optional:
        cells.append(_interval_cell(record["conf_int"], digits))
    return tuple(cells)


def _interval_cell(interval: Any, digits: int) -> Cell:
    bounds = [] if interval is None else [as_float(bound) for bound in interval]
    if not bounds or bounds == [None, None]:
        return Cell(None, MISSING)
    low, high = (fixed(bound, digits) for bound in bounds)
    text = f"[{low}, {high}]"
    return Cell(text, text)
