"""Units of flows: what a unit measures, and how many of the units inside one of it is.

Inside, masses are in kt, money in USD million, prices in USD million per kt (1 of it is 1,000 USD/t), times in years,
shares in 1. The registry is made from scratch: the one that pint ships reads kt as knots.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

from gvcpos._core.errors import InputError

if TYPE_CHECKING:
    import pint

Measure = Literal["mass", "money", "price", "number", "time"]

INSIDE: dict[Measure, str] = {
    "mass": "kt",
    "money": "USD million",
    "price": "USD million/kt",
    "number": "1",
    "time": "year",
}
_EXAMPLES: dict[Measure, str] = {
    "mass": "a mass: g, kg, t, kt, Mt",
    "money": "a sum of money: USD, USD thousand, USD million, USD billion",
    "price": "money per mass: USD/t, USD/kg, USD million/kt",
    "number": "a pure number: 1, percent, t/t, kg/t",
    "time": "a time: year",
}
_DEFINITIONS = (
    "gram = [mass] = g",
    "kilogram = 1e3 * gram = kg",
    "tonne = 1e6 * gram = t",
    "kilotonne = 1e3 * tonne = kt",
    "megatonne = 1e6 * tonne = Mt",
    "USD = [money]",
    "USD_thousand = 1e3 * USD",
    "USD_million = 1e6 * USD",
    "USD_billion = 1e9 * USD",
    "year = [time] = a = yr",
    "percent = 1e-2",
    "one = 1",
)
_WORDS = {
    "[mass]": "a mass",
    "[money]": "money",
    "[money] / [mass]": "money per mass",
    "[mass] / [money]": "mass per money",
    "[time]": "a time",
    "dimensionless": "a pure number",
    "[mass] / [time]": "mass per time",
    "[money] / [time]": "money per time",
}
_FORM = re.compile(r"^[A-Za-z_]+(\s*[/*]\s*[A-Za-z_]+)*$")


def factor(unit: str, measure: Measure) -> float:
    """Return how many of the unit inside one `unit` is, as in ``factor("t", "mass") == 1e-3`` (kt).

    Parameters
    ----------
    unit : str
        As in ``"kt"``, ``"USD/kg"``, ``"USD million"``, ``"percent"``.
    measure : {"mass", "money", "price", "number", "time"}
        What it must be.

    Raises
    ------
    InputError
        If the unit is not known, or measures something else.
    """
    registry, found = _registry(), _parsed(unit, measure)
    wanted = registry.parse_units(_written(INSIDE[measure]))
    if found.dimensionality != wanted.dimensionality:
        what = _WORDS.get(_dimension(found), _dimension(found))
        raise InputError(f"unit {unit!r} is {what}, expected {_EXAMPLES[measure]}")
    return float(registry.Quantity(1.0, found).to(wanted).magnitude)


def is_measure(unit: str, measure: Measure) -> bool:
    """Say whether a known unit measures this.

    Raises
    ------
    InputError
        If the unit is not known.
    """
    wanted = _registry().parse_units(_written(INSIDE[measure]))
    return bool(_parsed(unit, measure).dimensionality == wanted.dimensionality)


def _parsed(unit: str, measure: Measure) -> pint.Unit:
    import pint

    text = _written(unit)
    if not _FORM.match(text):
        raise InputError(f"unit {unit!r} is not understood, expected {_EXAMPLES[measure]}")
    try:
        return _registry().parse_units(text)
    except pint.UndefinedUnitError:
        raise InputError(f"unit {unit!r} is not known, expected {_EXAMPLES[measure]}") from None


def _written(unit: str) -> str:
    """Write a unit as the registry has it: ``USD million`` as one word, % as percent."""
    text = re.sub(r"\bUSD\s+(thousand|million|billion)\b", r"USD_\1", unit.strip())
    return re.sub(r"(?<![\w.])1(?![\w.])", "one", text.replace("%", "percent"))


def _dimension(unit: Any) -> str:
    return str(unit.dimensionality)


@lru_cache(maxsize=1)
def _registry() -> pint.UnitRegistry[Any]:
    import pint

    registry: pint.UnitRegistry[Any] = pint.UnitRegistry(None)
    for line in _DEFINITIONS:
        registry.define(line)
    return registry
