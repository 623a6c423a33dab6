"""Generalised spatial two-stage least squares with fixed effects or none, on arrays.

y = ρWy + Xβ + effects + u, u = λMu + e (Kelejian and Prucha 1998, 2010; Arraiz et al. 2010; Mutl and Pfaffermayr 2011
for panels): (1) instrument Wy and other endogenous regressors; (2) λ from quadratic moments of the residuals;
(3) instrument the regression filtered by I − λM; (4) λ again, efficiently weighted.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

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
from gvcpos.spatial.panel.gmm.covariance import filtered_influence, joint, unfiltered_influence
from gvcpos.spatial.panel.gmm.error_moments import ErrorForms, Solution, solve
from gvcpos.spatial.panel.gmm.instruments import Basis, best
from gvcpos.spatial.panel.gmm.period_moments import error_forms
from gvcpos.spatial.panel.gmm.two_stage import Array, Linear, Scores, two_stage
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of


def estimate_fixed(a: GmmArrays, plan: Plan) -> GmmEstimate:
    """Estimate with fixed effects or none."""
    t, scores = a.transformation, Scores(plan.cov_type, a.transformation, bandwidth=plan.bandwidth)
    k = a.X.shape[2]
    H = transformed_basis(a, lagged_candidates(a, plan.order), t)
    y, Z = flat(t.within(a.y)), flat(t.within(a.Z))
    fit, start = two_stage(y, Z, H.H), None
    if a.features.error:
        forms = error_forms(a.error_spectrum.matrix, t, robust=plan.moments == "robust")
        start, start_H, start_fit = _first_lambda(a, forms, fit), H, fit
        y, Z = (flat(t.within(filtered(a.error_spectrum, start.lam, part))) for part in (a.y, a.Z))
    if plan.instruments == "best":
        columns = best((a.X, a.names), a.spectrum, float(fit.delta[k]), fit.delta[:k])
        if start is not None:
            columns = replace(columns, columns=filtered(a.error_spectrum, start.lam, columns.columns))
        H = transformed_basis(a, columns, t)
    fit = weighted(y, Z, H, scores, plan)
    if start is None:
        covariance = fit.P.T @ scores.variance(H.H, fit.e) @ fit.P
        return packed(a, (fit.delta, None), covariance, System(y, Z, H, fit.e), scores)
    if plan.moments == "classical":
        covariance = _classical_covariance(a, forms, start, ((start_H, start_fit), (H, fit)), scores)
        return packed(a, (fit.delta, start), covariance, System(y, Z, H, fit.e), scores)
    return _again(a, forms, (H, fit), (scores, plan), start)


def _first_lambda(a: GmmArrays, forms: ErrorForms, fit: Linear) -> Solution:
    """Lambda from the residuals of the first step, unit weights."""
    moments = forms.quadratics(a.y - a.Z @ fit.delta)
    return solve(moments, np.eye(len(moments.c)), a.error_spectrum.interval)


def _again(
    a: GmmArrays, forms: ErrorForms, last: tuple[Basis, Linear], how: tuple[Scores, Plan], start: Solution
) -> GmmEstimate:
    """Estimate lambda once more, weighted by the variance of the robust moments, and the joint covariance."""
    t, (H, fit), (scores, plan) = a.transformation, last, how
    moments = forms.quadratics(a.y - a.Z @ fit.delta)

    def parts(lam: float) -> tuple[Array, Array, Array, Array]:
        """Return filtered y and Z, residuals and the joint variance of their moments."""
        ys, Zs = (flat(t.within(filtered(a.error_spectrum, lam, part))) for part in (a.y, a.Z))
        e = ys - Zs @ fit.delta
        P = weighted(ys, Zs, H, scores, plan).P
        cube = e.reshape(a.y.shape)
        # Exogenous regressors are uncorrelated with (A + A')e: their part is zero, not estimated.
        linear = filtered_influence(forms.adjoints(cube), Zs, P, t.nobs) * bool(a.instrumented)
        return ys, Zs, e, joint(scores.variance(H.H, e) / t.nobs, forms.variance(cube, scores), P * t.nobs, linear)

    k = len(fit.delta)
    V = parts(start.lam)[3]
    found = solve(moments, np.asarray(np.linalg.inv(V[k:, k:]), dtype=float), a.error_spectrum.interval)
    ys, Zs, e, V = parts(found.lam)
    final = _influence(found, V[k:, k:])
    L = np.zeros((k + 1, len(V)))
    L[:k, :k], L[k:, k:] = np.eye(k), final
    return packed(a, (fit.delta, found), L @ V @ L.T / t.nobs, System(ys, Zs, H, e), scores)


def _influence(found: Solution, variance: Array) -> Array:
    """Return (D'Ψ⁻¹D)⁻¹D'Ψ⁻¹ at an estimate, shape (1 + p, r)."""
    scaled = np.linalg.solve(variance, found.D)
    return np.asarray(np.linalg.solve(found.D.T @ scaled, scaled.T))


def _classical_covariance(
    a: GmmArrays,
    forms: ErrorForms,
    start: Solution,
    fits: tuple[tuple[Basis, Linear], tuple[Basis, Linear]],
    scores: Scores,
) -> Array:
    """Covariance of (delta, lambda) when lambda is that of the first step, as Kelejian and Prucha (1998, 1999) have it.

    e = (I − λM)u moves with the first-step estimate through residuals that are not filtered.
    """
    t, (first, (H, fit)) = a.transformation, fits
    e = flat(t.within(filtered(a.error_spectrum, start.lam, a.y - a.Z @ first[1].delta)))
    Zs = flat(t.within(filtered(a.error_spectrum, start.lam, a.Z)))
    cube = e.reshape(a.y.shape)
    linear = unfiltered_influence(
        forms.adjoints(cube), Zs, (first[0].H, first[1].P), multiplier_of(a.error_spectrum, start.lam), t.nobs
    ) * bool(a.instrumented)
    sigma2 = float(fit.e @ fit.e) / t.nobs
    Psi = forms.variance(cube, scores) + sigma2 * t.nobs * linear.T @ linear
    cross = sigma2 * fit.P.T @ (H.H.T @ linear)
    lead = start.influence[:1]
    corner = lead @ Psi @ lead.T / t.nobs
    side = cross @ lead.T
    return np.block([[fit.P.T @ scores.variance(H.H, fit.e) @ fit.P, side], [side.T, corner]])
