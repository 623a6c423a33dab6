"""The labelled frame of direct, indirect and total effects, from any of the models."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError
from gvcpos.spatial.panel import impacts
from gvcpos.spatial.panel.design import Variable
from gvcpos.spatial.panel.inference import critical_value, normal_pvalues

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_REJECTED_WORTH_SAYING = 0.01


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
    mean, covariance = _parameters(result)
    estimate = _effects(result, mean[None, :])[0]
    attrs: dict[str, object] = {"errors": errors, "level": plan.level}
    if errors == "delta":
        std = impacts.delta_errors(_gradient(result, mean), covariance)
        tstats = np.divide(estimate, std, out=np.full_like(estimate, np.nan), where=std > 0.0)
        pvalues = normal_pvalues(tstats)
        half = critical_value(plan.level) * std
        lower, upper = estimate - half, estimate + half
    else:
        drawn = _simulated(result, mean, covariance, plan)
        attrs |= {"draws": plan.draws, "seed": plan.seed, "rejected": plan.draws - len(drawn)}
        std, tstats, pvalues = drawn.std(axis=0, ddof=1), np.full_like(estimate, np.nan), impacts.sign_pvalues(drawn)
        lower, upper = np.quantile(drawn, [0.5 - plan.level / 2.0, 0.5 + plan.level / 2.0], axis=0)
    columns = {"estimate": estimate, "std_error": std, "tstat": tstats, "pvalue": pvalues}
    names = [variable.name for variable in result.model.design.variables]
    frame = _frame(names, columns | {"lower": lower, "upper": upper})
    frame.attrs.update(attrs)
    return frame


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
        return _effects(result, sample), np.empty(0)
    errors = [impacts.delta_errors(_gradient(result, mean), cov) for mean, cov in zip(sample, covariances, strict=True)]
    return _effects(result, sample), np.array(errors)


def _parameters(result: SpatialPanelResults) -> tuple[Array, Array]:
    """Mean and covariance of the design's coefficients and, last, rho if the model has it."""
    k = len(result.estimate.beta)
    chosen = np.arange(k + (1 if "rho" in result.estimate.spatial else 0))
    values = np.append(result.estimate.beta, result.estimate.rho)
    return values[chosen], result.estimate.covariance[np.ix_(chosen, chosen)]


def _groups(result: SpatialPanelResults) -> Iterator[tuple[list[int], list[Variable], sparse.csr_array | None]]:
    """Yield the variables that are lagged with the same weights; None for those of the spatial lag itself."""
    model = result.model
    by_weights: dict[int, list[int]] = {}
    for i, variable in enumerate(model.design.variables):
        by_weights.setdefault(id(variable.weights), []).append(i)
    for places in by_weights.values():
        members = [model.design.variables[i] for i in places]
        own = members[0].weights is model.weights
        yield places, members, None if own else members[0].weights.matrix


def _coefficients(members: list[Variable], sample: Array) -> tuple[Array, Array]:
    """Return beta and theta of some variables, shape (m, variables); theta is 0 where there is no lag."""
    theta = np.zeros((len(sample), len(members)))
    for i, variable in enumerate(members):
        if variable.lag is not None:
            theta[:, i] = sample[:, variable.lag]
    return sample[:, [variable.own for variable in members]], theta


def _effects(result: SpatialPanelResults, sample: Array) -> Array:
    """Effects of draws, shape (m, 3, variables)."""
    spectrum, with_rho = result.model.spectrum, "rho" in result.estimate.spatial
    out = np.zeros((len(sample), 3, len(result.model.design.variables)))
    for places, members, V in _groups(result):
        beta, theta = _coefficients(members, sample)
        if with_rho:
            out[:, :, places] = impacts.lag_effects(beta, theta, sample[:, -1], spectrum, V)
            continue
        own, everyone = impacts.mean_own_weight(result.model.weights.matrix if V is None else V)
        direct, total = beta + own * theta, beta + everyone * theta
        out[:, :, places] = np.stack([direct, total - direct, total], axis=1)
    return out


def _gradient(result: SpatialPanelResults, mean: Array) -> Array:
    """Derivatives (3, variables, p) of the effects with respect to the coefficients and rho."""
    spectrum, with_rho = result.model.spectrum, "rho" in result.estimate.spatial
    out = np.zeros((3, len(result.model.design.variables), len(mean)))
    for places, members, V in _groups(result):
        beta, theta = (values[0] for values in _coefficients(members, mean[None, :]))
        k = len(members)
        if with_rho:
            full = impacts.lag_gradient(beta, theta, float(mean[-1]), spectrum, V)
        else:
            own, everyone = impacts.mean_own_weight(result.model.weights.matrix if V is None else V)
            eye = np.eye(k)
            blocks = [(1.0, own), (0.0, everyone - own), (1.0, everyone)]
            full = np.stack([np.hstack([a * eye, b * eye, np.zeros((k, 1))]) for a, b in blocks])
        for i, (place, variable) in enumerate(zip(places, members, strict=True)):
            out[:, place, variable.own] = full[:, i, i]
            if variable.lag is not None:
                out[:, place, variable.lag] = full[:, i, k + i]
            if with_rho:
                out[:, place, -1] = full[:, i, -1]
    return out


def _simulated(result: SpatialPanelResults, mean: Array, covariance: Array, plan: Simulation) -> Array:
    """Effects over draws of the parameters, shape (kept, 3, variables)."""
    draws = plan.draws
    critical_value(plan.level)
    if draws < 2:
        raise InputError(f"draws={draws}: at least 2 are needed for a standard error.")
    interval = result.model.spectrum.interval if "rho" in result.estimate.spatial else None
    sample = impacts.simulate(mean, covariance, draws, plan.seed, interval)
    rejected = draws - len(sample)
    if len(sample) < 2:
        raise EstimationError(f"{rejected} of {draws} draws of rho lie outside {interval}: no effects to average.")
    if rejected > _REJECTED_WORTH_SAYING * draws:
        warnings.warn(
            f"{rejected} of {draws} draws of rho lie outside {interval} and were left out of the effects.",
            BoundaryWarning,
            stacklevel=4,
        )
    return _effects(result, sample)


def _frame(variables: list[str], columns: dict[str, Array]) -> pd.DataFrame:
    """Put (3, k) arrays in a frame on (effect, variable)."""
    index = pd.MultiIndex.from_product([impacts.EFFECTS, variables], names=["effect", "variable"])
    return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index)
