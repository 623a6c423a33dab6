"""Units are converted, or refused with what was expected."""

from __future__ import annotations

import pytest

from gvcpos._core.errors import InputError
from gvcpos.flows.units import Measure, factor, is_measure


@pytest.mark.parametrize(
    ("unit", "measure", "expected"),
    [
        ("kt", "mass", 1.0),
        ("t", "mass", 1e-3),
        ("Mt", "mass", 1e3),
        ("kg", "mass", 1e-6),
        ("g", "mass", 1e-9),
        ("USD/t", "price", 1e-3),
        ("USD/kg", "price", 1.0),
        ("USD million/kt", "price", 1.0),
        ("USD", "money", 1e-6),
        ("USD billion", "money", 1e3),
        ("USD thousand", "money", 1e-3),
        ("percent", "number", 1e-2),
        ("%", "number", 1e-2),
        ("t/t", "number", 1.0),
        ("kg / t", "number", 1e-3),
        ("1", "number", 1.0),
        ("year", "time", 1.0),
    ],
)
def test_units_are_converted(unit: str, measure: Measure, expected: float) -> None:
    assert factor(unit, measure) == pytest.approx(expected, rel=1e-14)


def test_kt_is_no_knot() -> None:
    """The registry that pint ships reads kt as knots, a length per time."""
    assert factor("kt", "mass") == 1000.0 * factor("t", "mass")
    with pytest.raises(InputError, match="'knot' is not known"):
        factor("knot", "mass")


@pytest.mark.parametrize(
    ("unit", "measure", "words"),
    [
        ("kg", "price", "is a mass, expected money per mass: USD/t"),
        ("USD", "mass", "is money, expected a mass: g, kg, t, kt, Mt"),
        ("kg of USD", "mass", "is not understood, expected a mass"),
        ("kg/USD", "mass", "is mass per money"),
        ("kt/year", "mass", "is mass per time"),
        ("stones", "mass", "'stones' is not known"),
        ("t", "number", "expected a pure number"),
        ("1/t", "number", "expected a pure number"),
        ("", "mass", "is not understood"),
        ("__import__('os')", "mass", "is not understood"),
        ("3 kt", "mass", "is not understood"),
    ],
)
def test_what_is_no_such_unit_is_refused(unit: str, measure: Measure, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("(", r"\(")):
        factor(unit, measure)


def test_a_unit_says_what_it_measures() -> None:
    assert is_measure("USD/kg", "price")
    assert not is_measure("USD/kg", "mass")
