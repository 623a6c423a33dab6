"""The comparison, line by line: what was reported, what a system gives with its interval, and whether they meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.systems import cost_draws
from gvcpos.flows.draws.systems import draws_of
from gvcpos.flows.network import FloatArray
from gvcpos.flows.targets.accounts import Accounts
from gvcpos.flows.targets.definitions import FigureBlock, check_names, load_targets
from gvcpos.flows.targets.figures import MEASURES, figure
from gvcpos.trade.claims import Claim, ClaimSet, load_claims
from gvcpos.trade.claims.units import dimension, size, written

if TYPE_CHECKING:
    from gvcpos.flows.draws.arrays import DrawnArrays
    from gvcpos.flows.draws.results import FlowDraws
    from gvcpos.flows.system.flow_system import FlowSystem

Outcome = Literal["met", "not met", "calibrated"]
LEVEL = 0.95
COLUMNS = (
    "figure", "claim", "variant_of", "text", "when", "unit", "target", "target_text", "ours", "lower", "upper", "ratio",
    "outcome", "inside", "share_met", "definition", "reason", "sentence",
)  # fmt: skip


def compare_targets(
    system: FlowSystem,
    *,
    draws: int = 1000,
    seed: int = 0,
    claims: ClaimSet | None = None,
    targets: str | Path | None = None,
    tolerance: float = 0.10,
    drawn: FlowDraws | None = None,
) -> pd.DataFrame:
    """Compare a system with reported figures.

    Ours is computed of the system and of the definitions alone; claims are read afterwards, for the comparison.

    Parameters
    ----------
    system : FlowSystem
    draws, seed : int
        Of the Monte Carlo that gives the intervals.
    claims, targets : optional
        Those that ship; and definitions of the figures, of a system or in a file, those of its own name by default.
    tolerance : float
        Relative difference of the point solution up to which a figure is called met.
    drawn : FlowDraws, optional
        Draws of the system that are there already, in place of new ones.

    Returns
    -------
    DataFrame
        figure, claim, variant_of (the figure of which this is another reading of the same claim), text, when, unit;
        ``target``, and ``target_text`` with its limit or "about"; ``ours``, of the balanced system; ``lower`` and
        ``upper``, between which 95 % of draws lie; ``ratio``, ours over target; ``outcome``: met (within the tolerance,
        or the limit holds), not met, or calibrated (an input was fitted to this claim, so that meeting it shows
        nothing); ``inside``, whether the interval has the target in it (of a limit: whether all of the interval keeps
        it); ``share_met``, of the draws; ``definition`` of ours; ``reason``; all of it as a ``sentence``.

    Raises
    ------
    InputError
        If a claim measures something else than the figure, a flow without a price is to be valued, or draws are of
        another system; LabelError for names that are not there; SpecificationError for faults in the definitions.
    """
    if not 0.0 <= tolerance < 1.0:
        raise InputError(f"tolerance={tolerance!r}: a relative difference, 0 or more and below 1. Give one, as 0.1.")
    figures = load_targets(system.spec.name if targets is None else targets)
    check_names(figures, system.network)
    found = draws_of(system, draws, seed, drawn)
    point, values = computed(system, figures, found)
    every = load_claims() if claims is None else claims
    fitted = {name for datum in system.data for name in datum.calibrated_to}
    rows = [
        _row(key, block, every[block.claim], _Ours(point[key], values[key]), (block.claim in fitted, tolerance))
        for key, block in figures.items()
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs = {
        "draws": found.draws, "seed": found.seed, "level": LEVEL, "tolerance": tolerance, "synthetic": system.synthetic,
    }  # fmt: skip
    return frame


def figure_outputs(system: FlowSystem, figures: Mapping[str, FigureBlock]) -> dict[str, Callable[..., FloatArray]]:
    """Return each figure as an output of draws for `FlowSystem.simulate`, as ``"figure:KEY"``; in the units inside."""

    def output(block: FigureBlock) -> Callable[[DrawnArrays], FloatArray]:
        """Make the function of one figure."""

        def computed(drawn: DrawnArrays) -> FloatArray:
            """Return the figure of some draws, (n,)."""
            accounts = Accounts.of(system, drawn.mass, drawn.data, lambda: drawn.costs)
            return np.broadcast_to(figure(block, accounts), drawn.mass.shape[:1])

        return computed

    return {f"figure:{key}": output(block) for key, block in figures.items()}


@dataclass(frozen=True, eq=False)
class _Ours:
    """A figure of the point solution, and of draws (n,), in the units inside."""

    point: float
    drawn: FloatArray


def computed(
    system: FlowSystem, figures: Mapping[str, FigureBlock], drawn: FlowDraws
) -> tuple[dict[str, float], Mapping[str, FloatArray]]:
    """Figures of the balance, and of draws; no claim is read here."""
    balance = system.balance()
    mass, values = balance.mass, balance.data
    accounts = Accounts.of(system, mass, values, lambda: cost_draws(system, mass, values))
    point = {key: float(figure(block, accounts)) for key, block in figures.items()}
    found = drawn.with_outputs(figure_outputs(system, figures))
    return point, {key: found.values[f"figure:{key}"] for key in figures}


def _row(key: str, block: FigureBlock, claim: Claim, ours: _Ours, how: tuple[bool, float]) -> dict[str, object]:
    """Make one line, in the claim's unit."""
    calibrated, tolerance = how
    target, bound, factor = _target(key, block, claim)
    point, drawn = ours.point * factor, ours.drawn[~np.isnan(ours.drawn)] * factor
    lower, upper = np.quantile(drawn, [0.5 - LEVEL / 2, 0.5 + LEVEL / 2]) if drawn.size else (np.nan, np.nan)
    met = bool(_met(np.array([point]), target, bound, tolerance)[0])
    outcome: Outcome = "calibrated" if calibrated else "met" if met else "not met"
    kept = _met(np.array([lower, upper]), target, bound, tolerance)
    own = block.target is not None
    text = f"{target:g}" if own else claim.stated
    found, low, high = (f"{v:.3g}" if own else _shown(claim, v) for v in (point, lower, upper))
    return {
        "figure": key,
        "claim": claim.id,
        "variant_of": block.variant_of or "",
        "text": claim.text,
        "when": claim.when,
        "unit": "1" if own else claim.unit,
        "target": target,
        "target_text": text,
        "ours": point,
        "lower": lower,
        "upper": upper,
        "ratio": point / target if target != 0.0 else np.nan,
        "outcome": outcome,
        "inside": bool(kept.all()) if bound is not None else bool(lower <= target <= upper),
        "share_met": float(_met(drawn, target, bound, tolerance).mean()) if drawn.size else np.nan,
        "definition": block.words,
        "reason": block.reason,
        "sentence": f"{claim.text}, {claim.when}: reported {text}, ours {found} ({low} to {high}): {outcome}. "
        f"{block.reason}",
    }


def _target(key: str, block: FigureBlock, claim: Claim) -> tuple[float, str | None, float]:
    """Return what a figure is compared with, its limit, and the factor from the units inside to the claim's."""
    if block.target is not None:
        return block.target, None, 1.0
    measured, base = MEASURES[block.kind]
    if dimension(claim.unit) != measured:
        raise InputError(f"figure {key} is {measured}, but {claim.id} is in {claim.unit}. Compare like with like.")
    if claim.value is None:
        raise InputError(f"figure {key}: {claim.id} has no value of its own. Name a claim with one, or give a target.")
    return claim.value, claim.bound, base / size(claim.unit)


def _met(values: FloatArray, target: float, bound: str | None, tolerance: float) -> np.ndarray:
    """Whether each value meets a target: on the right side of a limit, or within the tolerance."""
    if bound is not None:
        return np.asarray(values > target if bound == "above" else values < target)
    return np.asarray(np.abs(values - target) <= tolerance * abs(target))


def _shown(claim: Claim, value: float) -> str:
    """Write a value in the claim's unit, with three digits or as many decimals as the claim has."""
    decimals = max(0, min(claim.decimals, 2 - int(np.floor(np.log10(abs(value)))))) if value else 0
    return written(value, claim.unit, max(decimals, 1 if abs(value) < 100 else 0))
