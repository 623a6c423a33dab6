"""What a recomputed figure says of the stated one: agreement, rounding, a slipped power of ten, or contradiction."""

from __future__ import annotations

import math
from typing import Literal

from gvcpos.trade.claims.model import Claim

Outcome = Literal[
    "agrees", "rounding", "close", "slip of a power of ten", "contradiction", "implied", "not recomputable"
]
OUTCOMES: tuple[Outcome, ...] = (
    "agrees",
    "rounding",
    "close",
    "slip of a power of ten",
    "contradiction",
    "implied",
    "not recomputable",
)
# A figure of one digit, moved by a power of ten, meets much by chance: it must also be this near.
_NEAR = 0.05
_POWERS = (1, -1, 2, -2, 3, -3, 6, -6, 9, -9)


def compare(claim: Claim, found: float, low: float, high: float) -> tuple[Outcome, int]:
    """Compare a stated figure with a recomputed one, all in the claim's unit.

    Parameters
    ----------
    claim : Claim
        With a value.
    found, low, high : float
        The recomputed figure, and what the rounding of its inputs allows.

    Returns
    -------
    outcome : str
        ``agrees``: the recomputed figure, rounded as the stated one was printed, is the stated one. ``rounding``: it
        is not, but the printed digits of the inputs, or an "about" that allows for one significant digit, explain the
        difference. ``slip of a power of ten``: the stated figure divided by a power of ten is the recomputed one.
        ``contradiction``: none of these. A limit ("below 1 %") agrees or is contradicted.
    power : int
        Of ten, for a slip; else 0.
    """
    stated, half = float(claim.value or 0.0), claim.half
    if math.isnan(found):
        return "not recomputable", 0
    if claim.bound is not None:
        holds = found > stated if claim.bound == "above" else found < stated
        return ("agrees" if holds else "contradiction"), 0
    if abs(found - stated) <= half * (1 + 1e-9):
        return "agrees", 0
    if _overlap(stated, half, low, high) or (claim.about and to_one_digit(found) == to_one_digit(stated) == stated):
        return "rounding", 0
    if stated * found > 0:
        for power in _POWERS:
            moved = stated / 10.0**power
            if abs(moved / found - 1) <= _NEAR and _overlap(moved, half / 10.0**power, low, high):
                return "slip of a power of ten", power
    return "contradiction", 0


def to_one_digit(value: float) -> float:
    """Round to one significant digit: 17.2 and 20 are 20."""
    if value == 0 or not math.isfinite(value):
        return value
    return round(value, -math.floor(math.log10(abs(value))))


def _overlap(centre: float, half: float, low: float, high: float) -> bool:
    """Say whether centre ± half meets low … high."""
    slack = 1e-9 * max(abs(centre), abs(low), abs(high))
    return centre - half <= high + slack and centre + half >= low - slack
