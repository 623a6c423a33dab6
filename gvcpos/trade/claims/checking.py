"""Claims checked against each other, and against trade data: a row and a sentence for each."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.trade.claims.comparing import Outcome, compare
from gvcpos.trade.claims.formulas import expression, recompute, value_of
from gvcpos.trade.claims.from_trade import trade_value
from gvcpos.trade.claims.loading import ClaimSet, load_claims
from gvcpos.trade.claims.model import Claim
from gvcpos.trade.claims.units import size, written
from gvcpos.trade.flows import TradeFlows

_PRIMARY = "a primary figure that no other claim gives"
COLUMNS = (
    "id", "text", "status", "source", "when", "unit", "stated", "stated_text", "basis", "recomputed", "low", "high",
    "difference", "outcome", "how", "sentence",
)  # fmt: skip


def check_claims(
    claims: ClaimSet | None = None, trade: TradeFlows | None = None, *, tolerance: float = 0.05
) -> pd.DataFrame:
    """Recompute every claim that can be recomputed, and say what comes of it.

    Parameters
    ----------
    claims : ClaimSet, optional
        Those that ship, by default.
    trade : TradeFlows, optional
        Trade data: claims with a trade figure get a second row, recomputed from them.
    tolerance : float
        Trade data are revised: up to this relative difference a figure recomputed from them is called close.

    Returns
    -------
    DataFrame
        id, text, status, source, when, unit, stated, stated_text; ``basis``, claims or trade; ``recomputed``, with the
        ``low`` and ``high`` that the inputs' rounding allows, in the claim's unit; ``difference``, stated / recomputed
        − 1; ``outcome``: agrees, rounding, close, slip of a power of ten, contradiction, implied (a figure that nobody
        states, computed from those stated), not recomputable; ``how``, and all of it as a ``sentence``. In the order
        of the claims.

    Notes
    -----
    A formula takes the stated values of other claims, never of its own; what is wrong with one of them is wrong with
    what is recomputed from it.
    """
    if not 0 <= tolerance < 1:
        raise InputError(f"tolerance={tolerance!r}: a relative difference, 0 or more and below 1. Give one, as 0.05.")
    every = load_claims() if claims is None else claims
    rows = []
    for claim in every:
        rows.append(_row(claim, _from_claims(claim, every), "claims"))
        if trade is not None and claim.trade is not None and claim.value is not None:
            rows.append(_row(claim, _from_trade(claim, trade, tolerance), "trade"))
    return pd.DataFrame(rows, columns=list(COLUMNS))


@dataclass(frozen=True)
class _Finding:
    """A recomputed figure in the claim's unit, what it says of the stated one, and why in words."""

    outcome: Outcome
    words: str
    found: float = math.nan
    low: float = math.nan
    high: float = math.nan


def _from_claims(claim: Claim, every: ClaimSet) -> _Finding:
    """Recompute a claim from others, or see whether it can be the part that it is said to be."""
    if claim.formula is None:
        part = _as_part(claim, every, claim.base)
        why = claim.why or _PRIMARY
        if part is None or part.outcome == "contradiction":
            return part or _Finding("not recomputable", why)
        return _Finding("not recomputable", f"{why}; {part.words}")
    unit = size(claim.unit)
    found, low, high = (number / unit for number in recompute(claim.formula, every.claims))
    written_out, shown = expression(claim.formula, every.claims), _shown(claim, found)
    how = shown if written_out == shown else f"{written_out} = {shown}"
    if claim.value is None:
        outcome: Outcome = "implied"
        how += f", by rounding {_shown(claim, low)} to {_shown(claim, high)}"
        part = _as_part(claim, every, found * unit)
        if part is not None:
            outcome = "contradiction" if part.outcome == "contradiction" else outcome
            how += f"; {part.words}"
        return _Finding(outcome, how, found, low, high)
    outcome, power = compare(claim, found, low, high)
    return _Finding(outcome, f"{how}{_comment(claim, outcome, found, power)}", found, low, high)


def _comment(claim: Claim, outcome: Outcome, found: float, power: int) -> str:
    """Say what an outcome means for the figure."""
    stated = float(claim.value or 0.0)
    if outcome == "slip of a power of ten":
        times = f"{10**power:,} times too large" if power > 0 else f"{10**-power:,} times too small"
        return f"; the stated figure is {times}"
    if outcome == "rounding" and claim.about:
        return f"; right to one digit only, {_away(stated, found, 0)}"
    if outcome == "rounding":
        return "; the inputs' printed digits allow the stated figure"
    if outcome == "contradiction" and claim.bound is None and found != 0:
        return f"; the stated figure is {_away(stated, found, 1)}"
    return ""


def _away(stated: float, found: float, decimals: int) -> str:
    """Say how far a stated figure is from the recomputed one."""
    side = "above" if stated > found else "below"
    return f"{100 * abs(stated / found - 1):.{decimals}f} % {side} it"


def _as_part(claim: Claim, every: ClaimSet, base: float) -> _Finding | None:
    """See whether a figure is within the whole that it is a part of."""
    if claim.part_of is None:
        return None
    whole = every[claim.part_of]
    total = whole.base
    if whole.value is None and whole.formula is not None:
        total = value_of(whole.formula, every.claims, {c.id: c.base for c in every if c.value is not None})
    share = base / total
    words = f"{100 * share:.1f} % of {whole.text}, {whole.when} ({_shown(whole, total / size(whole.unit))})"
    if share > 1 + 1e-9 or share < 0:
        return _Finding("contradiction", f"{words}, of which it is said to be a part")
    return _Finding("not recomputable", f"a possible part, {words}")


def _from_trade(claim: Claim, trade: TradeFlows, tolerance: float) -> _Finding:
    """Recompute a claim from trade data."""
    found, words = trade_value(claim, trade)
    if math.isnan(found):
        return _Finding("not recomputable", words)
    outcome, power = compare(claim, found, found, found)
    stated = float(claim.value or 0.0)
    how = f"{words}: {_shown(claim, found)}"
    if outcome == "contradiction" and found != 0 and abs(stated / found - 1) <= tolerance:
        return _Finding("close", f"{how}; {_away(stated, found, 1)}", found, found, found)
    return _Finding(outcome, how + _comment(claim, outcome, found, power), found, found, found)


def _shown(claim: Claim, value: float) -> str:
    """Write a recomputed figure with one decimal more than the stated one has."""
    decimals = claim.decimals + (1 if abs(value) < 1000 else 0)
    return written(value, claim.unit, min(decimals, 4))


def _row(claim: Claim, finding: _Finding, basis: str) -> dict[str, object]:
    stated = math.nan if claim.value is None else claim.value
    return {
        "id": claim.id,
        "text": claim.text,
        "status": claim.status,
        "source": claim.source,
        "when": claim.when,
        "unit": claim.unit,
        "stated": stated,
        "stated_text": claim.stated,
        "basis": basis,
        "recomputed": finding.found,
        "low": finding.low,
        "high": finding.high,
        "difference": stated / finding.found - 1 if finding.found not in (0.0,) else math.nan,
        "outcome": finding.outcome,
        "how": finding.words,
        "sentence": f"{claim.text}, {claim.when}: {claim.stated}{': ' if claim.stated else ''}{finding.outcome} "
        f"({finding.words}).",
    }
