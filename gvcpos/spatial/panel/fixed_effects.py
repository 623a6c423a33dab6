"""Fixed effects with standard errors: constant, entity and time effects, under both likelihoods.

Given (ρ, β, λ) the effects are a linear map L of r = y − ρWy − Xβ, so that
var L r = σ² L(B'B)⁻¹L' + L[X, m] V (L[X, m])', with B = I − λM, m = E(Wy) and V the covariance of (β, ρ): the joint
inverse information of a regression with dummies, partitioned. λ adds nothing, as it is uncorrelated with what enters
the mean. Entity effects are consistent in T, time effects in N. In a dynamic panel y_{t−1} and Wy_{t−1} are columns of
X, and m is E(Wy) given the past.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.impacts.effect_points import parameters
from gvcpos.spatial.panel.inference.normal import normal_columns
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.entity_dummies import variances_by_regression
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays, separated
from gvcpos.spatial.panel.ml.multiplier import Multiplier, filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.ml.period_spectrum import changes

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_BLOCK = 256


class FixedEffectMethods:
    """Fixed effects with their errors."""

    def fixed_effects(self, level: float = 0.95) -> pd.DataFrame:
        """Return the constant, the entity and the time effects with standard errors.

        Parameters
        ----------
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            Index (kind, label), kind "constant", "entity" or "time"; entity and time effects sum to zero each.
            Columns estimate, std_error, tstat, pvalue, lower, upper.

        Raises
        ------
        InputError
            If the model has no fixed effects.
        """
        return _frame(cast("SpatialPanelResults", self), level)


def _frame(result: SpatialPanelResults, level: float) -> pd.DataFrame:
    model, t = result.model, result.model.transformation
    if model.effects not in {"entity", "time", "twoway"}:
        raise InputError(f"effects={model.effects!r}: there are no fixed effects with standard errors of their own.")
    constant, entity, time = result._effects
    errors = std_errors(model.arrays, result.estimate, parameters(result)[1])
    parts = zip((np.array([constant]), entity, time), errors, strict=True)
    labels = (["constant"], list(model.weights.ids), list(model.data.times))
    used = (True, t.entity, t.time)
    rows, values = [], []
    for (estimate, std), kind, names, there in zip(parts, ("constant", "entity", "time"), labels, used, strict=True):
        if there:
            rows += [(kind, name) for name in names]
            values.append(np.stack([estimate, std]))
    found = np.concatenate(values, axis=1)
    index = pd.MultiIndex.from_tuples(rows, names=["kind", "label"])
    return pd.DataFrame(normal_columns(found[0], found[1], level), index=index)


def std_errors(panel: PanelArrays, estimate: Estimate, V: Array) -> tuple[Array, Array, Array]:
    """Standard errors of the constant (1,), the entity effects (N,) and the time effects (T,).

    Parameters
    ----------
    panel : PanelArrays
    estimate : Estimate
    V : ndarray, shape (k or k+1, k or k+1)
        Covariance of beta and, in a model with a spatial lag, rho.
    """
    columns = [panel.X[:, :, j] for j in range(panel.X.shape[2])]
    if "rho" in estimate.spatial:
        columns.append(_expected_lag(panel, estimate))
    mapped = [separated(panel, estimate, column) for column in columns]
    noise = _noise(panel, estimate)
    out = []
    for part in range(3):
        by = np.stack([np.atleast_1d(one[part]) for one in mapped])
        variance = noise[part] + np.einsum("ji,jk,ki->i", by, V, by)
        out.append(np.sqrt(np.maximum(variance, 0.0)))
    return out[0], out[1], out[2]


def _expected_lag(panel: PanelArrays, estimate: Estimate) -> Array:
    """E(Wy): Wy less G u, what the innovations contribute; shape (T, N)."""
    u = estimate.resids
    if "lambda" in estimate.spatial:
        u = multiplier_of(panel.error_spectrum, estimate.lam).inverse_apply(u)
    lagged = spatial_lag(operator(panel.spectrum.matrix), panel.y)
    return lagged - multiplier_of(panel.spectrum, estimate.rho).apply(u)


def _noise(panel: PanelArrays, estimate: Estimate) -> tuple[Array, Array, Array]:
    """Variances of the effects if beta and the spatial parameters were known."""
    t, s2 = panel.transformation, estimate.sigma2
    n, periods = t.units, t.periods
    if "lambda" in estimate.spatial and changes(panel.error_spectrum):
        constant, entity, time = _noise_by_period(panel, estimate.lam)
        return s2 * constant, s2 * entity, s2 * time
    diagonal, sums, weight = np.ones(n), np.ones(n), float(n)
    if "lambda" in estimate.spatial:
        diagonal, sums = _inverse_square(panel, estimate.lam)
        weight = float((filtered(panel.error_spectrum, estimate.lam, np.ones((1, n)))[0] ** 2).sum())
    shrunk = diagonal - 2.0 * sums / n + sums.sum() / n**2
    common = s2 / periods * (sums.sum() / n**2 if t.entity else 1.0 / weight)
    time = np.full(periods, s2 / weight * (1.0 - 1.0 / periods))
    return np.array([common]), s2 / periods * shrunk, time


def _noise_by_period(panel: PanelArrays, lam: float) -> tuple[Array, Array, Array]:
    """The same over sigma² where the weights of the error change: a period's effect has a variance of its own."""
    t, spectrum = panel.transformation, panel.error_spectrum
    if t.entity:
        return variances_by_regression(spectrum, lam, t)
    own = 1.0 / (filtered(spectrum, lam, np.ones((t.periods, t.units))) ** 2).sum(axis=1)
    common = own.sum(keepdims=True) / t.periods**2
    return common, np.zeros(t.units), own * (1.0 - 2.0 / t.periods) + common


def _inverse_square(panel: PanelArrays, lam: float) -> tuple[Array, Array]:
    """Diagonal and row sums of (B'B)⁻¹ = B⁻¹B⁻¹', block by block."""
    n, multiplier = panel.transformation.units, Multiplier(panel.error_spectrum, lam)
    diagonal = np.empty(n)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        unit = np.zeros((stop - start, n))
        unit[np.arange(stop - start), np.arange(start, stop)] = 1.0
        diagonal[start:stop] = (multiplier.transposed_inverse_apply(unit) ** 2).sum(axis=1)
    ones = np.ones((1, n))
    return diagonal, multiplier.inverse_apply(multiplier.transposed_inverse_apply(ones))[0]
