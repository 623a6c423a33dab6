"""Generalised spatial two-stage least squares with random effects, on arrays.

Variance components first (Kapoor, Kelejian and Prucha 2007; Baltagi and Liu 2011 with a spatial lag), then the
regression filtered by I − λM and whitened by Ω^(-1/2), with instruments that are whitened too.

Beside fixed time effects everything goes through J = I − 11'/N, period by period, after M: with rows of M that sum to
one JMJ = JM, so that J u = λ JM J u + J e has no time effects in it. Q0 and Q1 commute with J, J e has the variances
σv² and σ1² as before, on (N − 1)(T − 1) and N − 1 degrees of freedom, and the moments have the traces of JM and JM'MJ.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.gmm import instruments
from gvcpos.spatial.panel.gmm.arrays import (
    GmmArrays,
    GmmEstimate,
    Plan,
    System,
    flat,
    lagged_candidates,
    packed,
    transformed_basis,
    weighted,
)
from gvcpos.spatial.panel.gmm.components import (
    Components,
    between,
    between_forms,
    components,
    single,
    whiten,
    within_transformation,
)
from gvcpos.spatial.panel.gmm.covariance import unfiltered_influence
from gvcpos.spatial.panel.gmm.error_moments import ErrorForms
from gvcpos.spatial.panel.gmm.instruments import best
from gvcpos.spatial.panel.gmm.period_components import PeriodComponentForms, period_components
from gvcpos.spatial.panel.gmm.two_stage import Array, Linear, Scores, two_stage
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum, changes


@dataclass(frozen=True)
class Part:
    """One of the two regressions whose residuals the variance components come from.

    Attributes
    ----------
    u : ndarray, shape (T, N)
        Residuals, effects still in them.
    H : ndarray, shape (TN, q)
    P : ndarray, shape (q, k)
        Zero for coefficients that the transformation absorbs.
    used : int
        Coefficients estimated.
    """

    u: Array
    H: Array
    P: Array
    used: int


def estimate_random(a: GmmArrays, plan: Plan) -> GmmEstimate:
    """Estimate with random entity effects, alone or beside fixed time effects."""
    t = a.transformation
    scores = Scores(plan.cov_type, t, whitened=True, bandwidth=plan.bandwidth)
    parts = first_steps(a, plan)
    found = _components(a, plan, parts)
    y, Z = (flat(t.within(whiten(filtered(a.error_spectrum, found.lam, part), found.ratio))) for part in (a.y, a.Z))
    columns = lagged_candidates(a, plan.order)
    moved = columns.columns
    if plan.instruments == "best":
        first = two_stage(flat(t.within(a.y)), flat(t.within(a.Z)), transformed_basis(a, columns, t).H).delta
        columns = best((a.X, a.names), a.spectrum, float(first[-1]), first[:-1])
        moved = filtered(a.error_spectrum, found.lam, columns.columns)
    H = instruments.transformed_basis(columns, lambda Z: t.within(whiten(Z, found.ratio)), a.instrumented, moved)
    fit = weighted(y, Z, H, scores, plan)
    covariance = fit.P.T @ scores.variance(H.H, fit.e) @ fit.P
    if found.solution is not None:
        side, corner = _lambda_covariance(a, found, parts, (H.H, fit))
        covariance = np.block([[covariance, side], [side.T, corner]])
    made = packed(a, (fit.delta, found.solution), covariance, System(y, Z, H, fit.e), scores)
    return replace(made, sigma2=found.sigma2_v, sigma2_1=found.sigma2_1)


def first_steps(a: GmmArrays, plan: Plan) -> tuple[Part, Part]:
    """Pooled residuals twice (KKP), or, with something to instrument, those of a within and of a between fit.

    Where the weights of the error change, what does not change over time does when they have been applied: a within fit
    would leave it in the residuals.
    """
    t, columns = a.transformation, lagged_candidates(a, plan.order)
    if not a.instrumented or (a.features.error and changes(a.error_spectrum)):
        H = transformed_basis(a, columns, t).H
        fit = two_stage(flat(t.within(a.y)), flat(t.within(a.Z)), H)
        part = Part(a.y - a.Z @ fit.delta, H, fit.P, 0)
        return part, part
    made = []
    for take in (within_transformation(t).within, lambda Z: t.within(between(Z))):
        H = instruments.transformed_basis(columns, take, a.instrumented).H
        Z, everything = flat(take(a.Z)), np.linalg.norm(flat(a.Z), axis=0)
        moving = np.linalg.norm(Z, axis=0) > 1e-9 * everything
        fit = two_stage(flat(take(a.y)), Z[:, moving], H)
        delta, P = np.zeros(Z.shape[1]), np.zeros((H.shape[1], Z.shape[1]))
        delta[moving], P[:, moving] = fit.delta, fit.P
        made.append(Part(a.y - a.Z @ delta, H, P, int(moving.sum())))
    return made[0], made[1]


def _components(a: GmmArrays, plan: Plan, parts: tuple[Part, Part]) -> Components:
    """Variance components; without a spatial error from sums of squares less degrees of freedom."""
    t = a.transformation
    if a.features.error and isinstance(a.error_spectrum, PeriodSpectrum):
        return period_components(a.error_spectrum, t, parts[0].u, plan.moments)
    if a.features.error:
        return components(a.error_spectrum, t, (parts[0].u, parts[1].u), plan.moments)
    units = t.units - t.drop_unit
    left = units * (t.periods - 1) - parts[0].used, units - parts[1].used
    if min(left) <= 0:
        raise EstimationError(
            f"random effects: {t.units} entities x {t.periods} periods are too few for {parts[1].used} coefficients "
            "between entities. Take fewer regressors or other effects."
        )
    v = float((within_transformation(t).within(parts[0].u) ** 2).sum()) / left[0]
    between_u = float((t.within(single(parts[1].u)) ** 2).sum()) / left[1]
    return Components(v, between_u, None, np.empty((0, 0)))


def _lambda_covariance(
    a: GmmArrays, found: Components, parts: tuple[Part, Part], last: tuple[Array, Linear]
) -> tuple[Array, Array]:
    """Covariance of lambda with delta, (k, 1), and its variance, (1, 1), under normal components.

    The moments move with the regressions that their residuals come from, unless all regressors are exogenous.
    """
    t, (H, fit), solution = a.transformation, last, found.solution
    if solution is None:
        raise EstimationError("there is no lambda in this model.")
    lead, units = solution.influence[:1], t.units - t.drop_unit
    xi, side = found.xi.copy(), np.zeros((fit.P.shape[1], 1))
    if a.instrumented and isinstance(a.error_spectrum, PeriodSpectrum):
        linear = period_influence(a, a.error_spectrum, solution.lam, parts[0])[:, : len(xi)]
        root = whiten(linear.reshape(*a.y.shape, -1), 1.0 / found.ratio)  # Ω^½ over σv
        xi += units * found.sigma2_v * np.tensordot(root, root, axes=((0, 1), (0, 1)))
        side += found.sigma2_v * fit.P.T @ (H.T @ flat(root)) @ lead.T
    elif a.instrumented:
        for j, (variance, scale) in enumerate(((found.sigma2_v, 1.0), (found.sigma2_1, found.ratio))):
            block = slice(3 * j, 3 * j + 3)
            if block.start >= len(xi):
                break
            linear = _influence(a, solution.lam, parts[j], is_between=bool(j))
            xi[block, block] += units * variance * linear.T @ linear
            side += scale * variance * fit.P.T @ (H.T @ linear) @ lead[:, block].T
    return side, lead @ xi @ lead.T / units


def _influence(a: GmmArrays, lam: float, part: Part, *, is_between: bool) -> Array:
    """Linear forms in Q0 e or Q1 e by which the three moments move with their regression, shape (TN, 3)."""
    t = a.transformation
    forms = ErrorForms(a.error_spectrum.matrix, within_transformation(t), robust=False)
    e, Z = (filtered(a.error_spectrum, lam, one) for one in (part.u, a.Z))
    error = multiplier_of(a.error_spectrum, lam)
    if not is_between:
        e, Z = forms.transformation.within(e), flat(forms.transformation.within(Z))
        return unfiltered_influence(forms.adjoints(e), Z, (part.H, part.P), error, forms.transformation.nobs)
    means = between_forms(forms)
    e, Z = (means.transformation.within(single(one)) for one in (e, Z))
    first = np.sqrt(t.periods) * part.H[: t.units], part.P
    linear = unfiltered_influence(means.adjoints(e), flat(Z), first, error, means.transformation.nobs)
    return np.tile(linear / np.sqrt(t.periods), (t.periods, 1))


def period_influence(a: GmmArrays, spectrum: PeriodSpectrum, lam: float, part: Part) -> Array:
    """Linear forms in e by which the six moments of weights that change move with their regression, shape (TN, 6)."""
    forms = PeriodComponentForms(spectrum.periods, a.transformation)
    e, Z = (a.transformation.within(filtered(spectrum, lam, one)) for one in (part.u, a.Z))
    return unfiltered_influence(forms.adjoints(e), flat(Z), (part.H, part.P), multiplier_of(spectrum, lam), 1)
