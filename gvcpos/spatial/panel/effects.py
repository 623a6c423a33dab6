"""The labelled frame of direct, indirect and total effects, from any of the models."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError
from gvcpos.spatial.panel import impacts
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
    mean, covariance, lagged = _parameters(result)
    estimate = _effects(result, mean[None, :], lagged)[0]
    attrs: dict[str, object] = {"errors": errors, "level": plan.level}
    if errors == "delta":
        std = impacts.delta_errors(_gradient(result, mean, lagged), covariance)
        tstats = np.divide(estimate, std, out=np.full_like(estimate, np.nan), where=std > 0.0)
        pvalues = normal_pvalues(tstats)
        half = critical_value(plan.level) * std
        lower, upper = estimate - half, estimate + half
    else:
        drawn = _simulated(result, mean, covariance, lagged, plan)
        attrs |= {"draws": plan.draws, "seed": plan.seed, "rejected": plan.draws - len(drawn)}
        std, tstats, pvalues = drawn.std(axis=0, ddof=1), np.full_like(estimate, np.nan), impacts.sign_pvalues(drawn)
        lower, upper = np.quantile(drawn, [0.5 - plan.level / 2.0, 0.5 + plan.level / 2.0], axis=0)
    columns = {"estimate": estimate, "std_error": std, "tstat": tstats, "pvalue": pvalues}
    frame = _frame(_variables(result), columns | {"lower": lower, "upper": upper})
    frame.attrs.update(attrs)
    return frame


def _variables(result: SpatialPanelResults) -> list[str]:
    """Regressors that have effects: all but constants."""
    X = result.model.data.X
    pooled = result.model.effects == "none"
    constant = (np.ptp(X, axis=(0, 1)) == 0.0) & pooled
    return [name for name, skip in zip(result.model.data.names, constant, strict=True) if not skip]


def _parameters(result: SpatialPanelResults) -> tuple[Array, Array, bool]:
    """Mean and covariance of (beta, theta, rho), as far as the model has them, and whether it has theta."""
    variables = _variables(result)
    lagged = result.model.model in {"sdm", "slx"}
    names = variables + [f"W*{name}" for name in variables] * lagged
    if result.spatial_name == "rho":
        names.append("rho")
    place = {name: i for i, name in enumerate(result.names)}
    chosen = np.array([place[name] for name in names], dtype=np.intp)
    values = np.append(result.estimate.beta, result.estimate.spatial or 0.0)
    return values[chosen], result.estimate.covariance[np.ix_(chosen, chosen)], lagged


def _split(result: SpatialPanelResults, sample: Array, lagged: bool) -> tuple[Array, Array, Array | None]:
    """Split draws (m, p) into beta, theta (m, k) and rho (m,) or None."""
    k = len(_variables(result))
    theta = sample[:, k : 2 * k] if lagged else np.zeros((len(sample), k))
    return sample[:, :k], theta, sample[:, -1] if result.spatial_name == "rho" else None


def _effects(result: SpatialPanelResults, sample: Array, lagged: bool) -> Array:
    """Effects of draws, shape (m, 3, k)."""
    beta, theta, rho = _split(result, sample, lagged)
    spectrum = result.model.spectrum
    if rho is not None:
        return impacts.lag_effects(beta, theta, rho, spectrum)
    own, everyone = impacts.mean_own_weight(spectrum)
    direct, total = beta + own * theta, beta + everyone * theta
    return np.stack([direct, total - direct, total], axis=1)


def _gradient(result: SpatialPanelResults, mean: Array, lagged: bool) -> Array:
    """Derivatives (3, k, p) of the effects with respect to the model's parameters."""
    beta, theta, rho = _split(result, mean[None, :], lagged)
    k = beta.shape[1]
    if rho is not None:
        full = impacts.lag_gradient(beta[0], theta[0], float(rho[0]), result.model.spectrum)
    else:
        own, everyone = impacts.mean_own_weight(result.model.spectrum)
        eye = np.eye(k)
        full = np.stack(
            [
                np.hstack([eye, own * eye]),
                np.hstack([0 * eye, (everyone - own) * eye]),
                np.hstack([eye, everyone * eye]),
            ]
        )
    return full if lagged else np.delete(full, np.s_[k : 2 * k], axis=2)


def _simulated(result: SpatialPanelResults, mean: Array, covariance: Array, lagged: bool, plan: Simulation) -> Array:
    """Effects over draws of the parameters, shape (kept, 3, k)."""
    draws = plan.draws
    critical_value(plan.level)
    if draws < 2:
        raise InputError(f"draws={draws}: at least 2 are needed for a standard error.")
    interval = result.model.spectrum.interval if result.spatial_name == "rho" else None
    sample, rejected = impacts.simulate(mean, covariance, draws, plan.seed, interval)
    if len(sample) < 2:
        raise EstimationError(f"{rejected} of {draws} draws of rho lie outside {interval}: no effects to average.")
    if rejected > _REJECTED_WORTH_SAYING * draws:
        warnings.warn(
            f"{rejected} of {draws} draws of rho lie outside {interval} and were left out of the effects.",
            BoundaryWarning,
            stacklevel=4,
        )
    return _effects(result, sample, lagged)


def _frame(variables: list[str], columns: dict[str, Array]) -> pd.DataFrame:
    """Put (3, k) arrays in a frame on (effect, variable)."""
    index = pd.MultiIndex.from_product([impacts.EFFECTS, variables], names=["effect", "variable"])
    return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index)
