"""The labelled frame of direct, indirect and total effects, from any of the models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.impacts.effect_points import gradient, parameters, points
from gvcpos.spatial.panel.inference.normal import critical_value, normal_columns

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_REJECTED_WORTH_SAYING = 0.01
_ENOUGH = 0.9  # of the draws, for an interval by default


@dataclass(frozen=True)
class Simulation:
    """How errors are simulated and how wide intervals are.

    Attributes
    ----------
    draws, seed : int
    level : float
    """

    draws: int
    seed: int
    level: float


def effects_frame(result: SpatialPanelResults, errors: str, plan: Simulation) -> pd.DataFrame:
    """Make the frame; see `SpatialPanelResults.effects`."""
    mean, covariance = parameters(result)
    slopes = None if errors == "simulation" else gradient(result, mean)
    # Effects are linear in the coefficients, so that derivatives by these give the effects themselves.
    k = len(result.estimate.beta)
    estimate = points(result, mean[None, :])[0] if slopes is None else slopes[..., :k] @ mean[:k]
    attrs: dict[str, object] = {"errors": errors, "level": plan.level}
    delta, simulated = {}, {}
    if slopes is not None:
        delta = normal_columns(estimate, impacts.delta_errors(slopes, covariance), plan.level)
    if errors != "delta":
        drawn = _drawn_effects(result, _sample(result, mean, covariance, plan), plan)
        attrs |= {"draws": plan.draws, "seed": plan.seed, "rejected": plan.draws - len(drawn)}
        simulated = _simulated_columns(estimate, drawn, plan.level)
    columns = delta or simulated
    if errors == "both":
        columns = {"estimate": estimate}
        for name in ("std_error", "pvalue", "lower", "upper"):
            columns |= {f"{name}_delta": delta[name], f"{name}_simulation": simulated[name]}
        columns["gap"] = _gap(delta["std_error"], drawn)
    frame = _frame([variable.name for variable in result.model.design.variables], columns)
    frame.attrs.update(attrs)
    return frame


def default_frame(result: SpatialPanelResults, plan: Simulation) -> pd.DataFrame:
    """Make the frame of the delta method; in SAR with intervals from draws.

    A SAR model's indirect effect is β m(ρ), and a normal interval of it covers 92.5 % where 95 % is said, with 60 units
    and 5 years; percentiles cover 94.4 % (docs/simulations.md). Where more than a tenth of the draws of ρ leave its
    interval, those that stay say nothing of the others, and the intervals are the delta method's.
    """
    frame = effects_frame(result, "delta", plan)
    if result.model.model != "sar":
        return frame
    sample = _sample(result, *parameters(result), plan)
    if len(sample) < _ENOUGH * plan.draws:
        return frame
    ends = _percentiles(_drawn_effects(result, sample, plan), plan.level)
    frame["lower"], frame["upper"] = (end.ravel() for end in ends)
    rejected = plan.draws - len(sample)
    frame.attrs |= {"intervals": "simulation", "draws": plan.draws, "seed": plan.seed, "rejected": rejected}
    return frame


def _simulated_columns(estimate: Array, drawn: Array, level: float) -> dict[str, Array]:
    lower, upper = _percentiles(drawn, level)
    return {
        "estimate": estimate,
        "std_error": drawn.std(axis=0, ddof=1),
        "tstat": np.full_like(estimate, np.nan),
        "pvalue": impacts.sign_pvalues(drawn),
        "lower": lower,
        "upper": upper,
    }


def _percentiles(drawn: Array, level: float) -> tuple[Array, Array]:
    """Return the ends of the middle part of the draws."""
    ordered = np.sort(drawn, axis=0)
    return _quantile(ordered, 0.5 - level / 2.0), _quantile(ordered, 0.5 + level / 2.0)


def _quantile(ordered: Array, share: float) -> Array:
    """Return a quantile of sorted draws, interpolated linearly."""
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return np.asarray(ordered[below] + (at - below) * (ordered[above] - ordered[below]))


def _gap(delta: Array, drawn: Array) -> Array:
    """How far the simulated error is from the delta error, in Monte-Carlo errors of a standard deviation.

    var s² = (m4 - s⁴) / n, and s = √s²; the fourth moment is that of the draws.
    """
    centred = drawn - drawn.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    noise = np.sqrt(np.maximum((centred**4).mean(axis=0) - variance**2, 0.0) / len(drawn))
    noise = np.divide(noise, 2.0 * np.sqrt(variance), out=np.full_like(noise, np.nan), where=variance > 0.0)
    return np.divide(np.sqrt(variance) - delta, noise, out=np.full_like(noise, np.nan), where=noise > 0.0)


def effects_with_errors(result: SpatialPanelResults, sample: Array, covariances: Array | None) -> tuple[Array, Array]:
    """Effects and their delta errors at many parameters, each with a covariance of its own.

    Parameters
    ----------
    result : SpatialPanelResults
        Of the model.
    sample : ndarray, shape (m, p)
        Coefficients of the design and, last, rho if the model has it.
    covariances : ndarray, shape (m, p, p), or None

    Returns
    -------
    effects, errors : ndarray, shape (m, 3, variables)
        Errors are empty without covariances.
    """
    if covariances is None:
        return points(result, sample), np.empty(0)
    errors = [impacts.delta_errors(gradient(result, mean), cov) for mean, cov in zip(sample, covariances, strict=True)]
    return points(result, sample), np.array(errors)


def _drawn_effects(result: SpatialPanelResults, sample: Array, plan: Simulation) -> Array:
    """Effects over the draws of the parameters that are kept, shape (kept, 3, variables)."""
    draws, rejected = plan.draws, plan.draws - len(sample)
    where = "lie outside ({:.6g}, {:.6g})".format(*(_admissible(result) or (-np.inf, np.inf)))
    if len(sample) < 2:
        raise EstimationError(f"{rejected} of {draws} draws of rho {where}: no effects to average.")
    if rejected > _REJECTED_WORTH_SAYING * draws:
        warnings.warn(
            f"{rejected} of {draws} draws of rho {where} and were left out of the effects.",
            BoundaryWarning,
            stacklevel=4,
        )
    return points(result, sample)


def _sample(result: SpatialPanelResults, mean: Array, covariance: Array, plan: Simulation) -> Array:
    """Draws of the parameters with an admissible rho, shape (kept, p)."""
    critical_value(plan.level)
    if plan.draws < 2:
        raise InputError(f"draws={plan.draws}: at least 2 are needed for a standard error.")
    return impacts.simulate(mean, covariance, plan.draws, plan.seed, _admissible(result))


def _admissible(result: SpatialPanelResults) -> tuple[float, float] | None:
    """Return the interval of rho, if the model has it."""
    return result.model.spectrum.interval if "rho" in result.estimate.spatial else None


def _frame(variables: list[str], columns: dict[str, Array]) -> pd.DataFrame:
    """Put (3, k) arrays in a frame on (effect, variable)."""
    values = np.stack([each.reshape(-1) for each in columns.values()], axis=1)
    return pd.DataFrame(values, index=_rows(tuple(variables)), columns=_header(tuple(columns)))


@lru_cache(maxsize=64)
def _rows(variables: tuple[str, ...]) -> pd.MultiIndex:
    """Make the index: in a small fit a good part of the time, and the same from fit to fit."""
    return pd.MultiIndex.from_product([impacts.EFFECTS, variables], names=["effect", "variable"])


@lru_cache(maxsize=8)
def _header(columns: tuple[str, ...]) -> pd.Index:
    return pd.Index(columns)
