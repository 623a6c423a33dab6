"""A formula's value, the span that the rounding of its inputs allows, its dimension, and how it reads."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping

from gvcpos._core.errors import InputError
from gvcpos.trade.claims.model import Claim, Formula
from gvcpos.trade.claims.units import Dimension, dimension, size, written

Operand = str | float | Formula
Values = Mapping[str, float]
Claims = Mapping[str, Claim]

_DO: dict[str, Callable[[list[float]], float]] = {
    "difference": lambda v: v[0] - v[1],
    "ratio": lambda v: v[0] / v[1] if v[1] != 0 else math.nan,
    "sum": math.fsum,
    "product": math.prod,
    "scale": lambda v: v[0] * v[1],
}


def stated_inputs(formula: Formula, claims: Claims) -> tuple[str, ...]:
    """Return the stated claims that a formula rests on, those of implied figures in between too.

    Raises
    ------
    InputError
        If a claim is not there, or implied figures go round in a circle.
    """
    found: dict[str, None] = {}

    def walk(part: Formula, above: tuple[str, ...]) -> None:
        """Note the stated figures of a part; `above` are the implied ones on the way to it."""
        for name in part.leaves():
            if name not in claims:
                raise InputError(f"no claim is called {name!r}")
            if name in above:
                raise InputError(f"{name} rests on itself, by way of {' and '.join(above)}")
            inner = claims[name].formula
            if claims[name].value is None and inner is not None:
                walk(inner, (*above, name))
            else:
                found[name] = None

    walk(formula, ())
    return tuple(found)


def value_of(formula: Formula, claims: Claims, values: Values) -> float:
    """Return a formula's value in base units.

    Parameters
    ----------
    formula : Formula
    claims : mapping
        By id; figures that are only implied are computed on the way.
    values : mapping
        Stated claim to its value in base units.
    """

    def worth(operand: Operand) -> float:
        """Value of one operand: a formula, a claim or a number."""
        if isinstance(operand, Formula):
            return value_of(operand, claims, values)
        if isinstance(operand, str):
            inner = claims[operand].formula
            return values[operand] if operand in values or inner is None else value_of(inner, claims, values)
        return float(operand)

    numbers = [worth(operand) for operand in formula.operands]
    if formula.growth is not None:
        first, last = numbers
        return (last / first) ** (1.0 / formula.growth.years) - 1.0 if first > 0 and last >= 0 else math.nan
    return _DO[formula.operation](numbers)


def recompute(formula: Formula, claims: Claims) -> tuple[float, float, float]:
    """Return a formula's value, and the least and most of it that its inputs' rounding allows, in base units.

    Notes
    -----
    Every operation is monotone in each input, so the extremes are among the corners, where each input is at an end of
    its printed interval.
    """
    names = stated_inputs(formula, claims)
    centre = {name: claims[name].base for name in names}
    ends = [
        (centre[name] - half, centre[name] + half)
        for name in names
        for half in (claims[name].half * size(claims[name].unit),)
    ]
    corners = [value_of(formula, claims, dict(zip(names, c, strict=True))) for c in itertools.product(*ends)]
    return value_of(formula, claims, centre), min(corners), max(corners)


def dimension_of(formula: Formula, claims: Claims) -> Dimension:
    """Return what a formula measures.

    Raises
    ------
    InputError
        If unlike things are added, subtracted or compared as growth.
    """
    kinds = [_dimension(operand, claims) for operand in formula.operands]
    if formula.operation in ("sum", "difference", "growth"):
        if len(set(kinds)) > 1:
            raise InputError(f"{formula.operation} of {' and '.join(map(str, dict.fromkeys(kinds)))}: not alike")
        return Dimension() if formula.operation == "growth" else kinds[0]
    out = kinds[0]
    for kind in kinds[1:]:
        out = out.times(kind, -1 if formula.operation == "ratio" else 1)
    return out


def _dimension(operand: Operand, claims: Claims) -> Dimension:
    if isinstance(operand, Formula):
        return dimension_of(operand, claims)
    return dimension(claims[operand].unit) if isinstance(operand, str) else Dimension()


def expression(formula: Formula, claims: Claims) -> str:
    """Write a formula with its figures, as in ``"1,980 − 513"``."""
    parts = [_written(operand, claims, formula.operation) for operand in formula.operands]
    if formula.growth is not None:
        root = f"^(1/{formula.growth.years})" if formula.growth.years > 1 else ""
        return f"({parts[1]} / {parts[0]}){root} − 1"
    if formula.scale is not None and formula.scale.by == 1:
        return parts[0]
    sign = {"difference": " − ", "ratio": " / ", "sum": " + ", "product": " × ", "scale": " × "}[formula.operation]
    return sign.join(parts).replace("+ −", "− ")


def _written(operand: Operand, claims: Claims, outer: str) -> str:
    if isinstance(operand, Formula):
        text = expression(operand, claims)
        binds = operand.operation == "product" or outer == "sum"
        return text if binds else f"({text})"
    if not isinstance(operand, str):
        return f"{operand:,.6g}".replace("-", "−")
    claim = claims[operand]
    value = claim.value
    if value is None and claim.formula is not None:
        stated = {c.id: c.base for c in claims.values() if c.value is not None}
        value = value_of(claim.formula, claims, stated) / size(claim.unit)
    if claim.unit in ("USD million", "t"):
        return f"{value:,.{claim.decimals}f}".replace("-", "−")
    return written(float(value or 0.0), claim.unit, claim.decimals).removesuffix("/yr")
