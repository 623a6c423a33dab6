"""Numbers and judgements as plain words, one spelling for every sentence."""

from __future__ import annotations

from gvcpos.lockin.common.results import Inference

_SMALLEST_P = 0.001


def p_text(pvalue: float) -> str:
    """Write a p-value: ``p = 0.032``, ``p < 0.001``."""
    return "p < 0.001" if pvalue < _SMALLEST_P else f"p = {pvalue:.3f}" if pvalue < 0.1 else f"p = {pvalue:.2f}"


def number(value: float) -> str:
    """Write an estimate with three significant digits and a true minus sign."""
    return f"{value + 0.0:.3g}".replace("-", "−")


def percent(share: float) -> str:
    """Write a share as per cent, as short as it is exact enough."""
    return f"{100 * share + 0.0:.3g} %".replace("-", "−")


def interval_text(result: Inference, level: float) -> str:
    """Write estimate and interval: ``−0.42 (95 % interval −0.5 to −0.34)``."""
    low, high = result.conf_int
    return f"{number(result.estimate)} ({percent(1 - level)} interval {number(low)} to {number(high)})"


def judgement(pvalue: float, level: float, null: str, sides: str) -> str:
    """Say whether a null is rejected, at which level, on how many sides; never that it is true."""
    verb = "is rejected" if pvalue < level else "is not rejected"
    return f"The null that {null} {verb} at the {percent(level)} level ({sides} {p_text(pvalue)})"
