"""Units of claims: what each is in base units, and of which dimension, so that only like is added to like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal[
    "t", "kt", "million t", "USD million", "USD billion", "USD/t", "USD/kg", "percent", "percent/yr", "times"
]


@dataclass(frozen=True)
class Dimension:
    """Powers of mass and of money: USD/t is mass −1, money 1."""

    mass: int = 0
    money: int = 0

    def times(self, other: Dimension, sign: int = 1) -> Dimension:
        """Return the dimension of a product (or, with sign −1, of a ratio)."""
        return Dimension(self.mass + sign * other.mass, self.money + sign * other.money)

    def __str__(self) -> str:
        named = {(0, 0): "a pure number", (1, 0): "a mass", (0, 1): "money", (-1, 1): "money per mass"}
        return named.get((self.mass, self.money), f"mass^{self.mass} money^{self.money}")


_MASS, _MONEY, _PRICE, _NUMBER = Dimension(1, 0), Dimension(0, 1), Dimension(-1, 1), Dimension()
_UNITS: dict[str, tuple[float, Dimension]] = {
    "t": (1.0, _MASS),
    "kt": (1e3, _MASS),
    "million t": (1e6, _MASS),
    "USD million": (1.0, _MONEY),
    "USD billion": (1e3, _MONEY),
    "USD/t": (1e-6, _PRICE),
    "USD/kg": (1e-3, _PRICE),
    "percent": (1e-2, _NUMBER),
    "percent/yr": (1e-2, _NUMBER),
    "times": (1.0, _NUMBER),
}


def size(unit: Unit) -> float:
    """Return how many base units (t, USD million, USD million/t, 1) one of this unit is."""
    return _UNITS[unit][0]


def dimension(unit: Unit) -> Dimension:
    """Return what a unit measures."""
    return _UNITS[unit][1]


def written(value: float, unit: Unit, decimals: int) -> str:
    """Write a value with its unit, as in ``"USD 1,467 million"`` or ``"17.2 %"``."""
    number = f"{value:,.{decimals}f}".replace("-", "−")
    if unit in ("percent", "percent/yr"):
        return f"{number} %{'/yr' if unit == 'percent/yr' else ''}"
    if unit in ("USD million", "USD billion"):
        return f"USD {number} {unit.removeprefix('USD ')}"
    if unit in ("USD/t", "USD/kg"):
        return f"{number} {unit}"
    return f"{number} times" if unit == "times" else f"{number} {unit}"
