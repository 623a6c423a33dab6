"""From the parameters of a fitted panel to the arrays of its effects and their derivatives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.impacts.reading import Reading
from gvcpos.spatial.panel.inputs.design import Variable

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]


def parameters(result: SpatialPanelResults) -> tuple[Array, Array]:
    """Mean and covariance of the design's coefficients and, last, rho if the model has it."""
    k = len(result.estimate.beta)
    chosen = np.arange(k + (1 if "rho" in result.estimate.spatial else 0))
    values = np.append(result.estimate.beta, result.estimate.rho)
    return values[chosen], result.estimate.covariance[np.ix_(chosen, chosen)]


def reading(result: SpatialPanelResults) -> Reading:
    """Return how the effects follow from these parameters.

    Raises
    ------
    EstimationError
        If rho, estimated by moments, is outside its admissible interval: powers of W then go on without end.
    """
    mean, covariance = parameters(result)
    model, rho, by_r = result.model, result.estimate.rho, np.zeros(len(mean))
    by_r[len(result.estimate.beta) :] = 1.0
    lower, upper = model.spectrum.interval
    if rho and not lower < rho < upper:
        raise EstimationError(
            f"rho = {rho:.4f} is outside its admissible interval ({lower:.4f}, {upper:.4f}): effects do not fade from "
            "neighbour to neighbour, and have no parts. Take another model or stronger instruments."
        )
    variables = model.design.variables
    return Reading(model.spectrum, model.weights, variables, mean, covariance, rho, 1.0, by_r, np.zeros(len(mean)))


def groups(result: SpatialPanelResults) -> Iterator[tuple[list[int], list[Variable], sparse.csr_array | None]]:
    """Yield the variables that are lagged with the same weights; None for those of the spatial lag itself."""
    model = result.model
    by_weights: dict[int, list[int]] = {}
    for i, variable in enumerate(model.design.variables):
        by_weights.setdefault(id(variable.weights), []).append(i)
    for places in by_weights.values():
        members = [model.design.variables[i] for i in places]
        own = members[0].weights is model.weights
        yield places, members, None if own else members[0].weights.matrix


def coefficients(members: list[Variable], sample: Array) -> tuple[Array, Array]:
    """Return beta and theta of some variables, shape (m, variables); theta is 0 where there is no lag."""
    theta = np.zeros((len(sample), len(members)))
    for i, variable in enumerate(members):
        if variable.lag is not None:
            theta[:, i] = sample[:, variable.lag]
    return sample[:, [variable.own for variable in members]], theta


def points(result: SpatialPanelResults, sample: Array) -> Array:
    """Effects of draws, shape (m, 3, variables)."""
    spectrum, with_rho = result.model.spectrum, "rho" in result.estimate.spatial
    out = np.zeros((len(sample), 3, len(result.model.design.variables)))
    for places, members, V in groups(result):
        beta, theta = coefficients(members, sample)
        if with_rho:
            out[:, :, places] = impacts.lag_effects(beta, theta, sample[:, -1], spectrum, V)
            continue
        own, everyone = impacts.mean_own_weight(result.model.weights.matrix if V is None else V)
        direct, total = beta + own * theta, beta + everyone * theta
        out[:, :, places] = np.stack([direct, total - direct, total], axis=1)
    return out


def gradient(result: SpatialPanelResults, mean: Array) -> Array:
    """Derivatives (3, variables, p) of the effects with respect to the coefficients and rho."""
    spectrum, with_rho = result.model.spectrum, "rho" in result.estimate.spatial
    out = np.zeros((3, len(result.model.design.variables), len(mean)))
    for places, members, V in groups(result):
        beta, theta = (values[0] for values in coefficients(members, mean[None, :]))
        k = len(members)
        if with_rho:
            full = impacts.lag_gradient(beta, theta, float(mean[-1]), spectrum, V)
        else:
            own, everyone = impacts.mean_own_weight(result.model.weights.matrix if V is None else V)
            eye = np.eye(k)
            blocks = [(1.0, own), (0.0, everyone - own), (1.0, everyone)]
            full = np.stack([np.hstack([a * eye, b * eye, np.zeros((k, 1))]) for a, b in blocks])
        for i, (place, variable) in enumerate(zip(places, members, strict=True)):
            put(out[:, place], variable, full[:, i, [i, k + i, 2 * k]], with_rho=with_rho)
    return out


def put(out: Array, variable: Variable, by: Array, *, with_rho: bool) -> None:
    """Write derivatives by (beta, theta, rho) of one variable, (..., 3), where its parameters stand in (..., p)."""
    out[..., variable.own] = by[..., 0]
    if variable.lag is not None:
        out[..., variable.lag] = by[..., 1]
    if with_rho:
        out[..., -1] = by[..., 2]
