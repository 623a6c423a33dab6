"""Taking the bias out of a dynamic panel: one step as published, or the root of the score less its expectation.

The published step is θ̂ − I⁻¹ b(θ̂), with infinite sums in b (Yu, de Jong and Lee 2008; Lee and Yu 2010): right to order
1/T. With sums that end with the sample b is exact given y_0, and s(θ) = b(θ) is an unbiased estimating equation whose
root is consistent as N grows for any T (Yang 2018, J. Econometrics 205:423).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.dynamics.bias import Lagged, expected_score
from gvcpos.spatial.panel.dynamics.stability import radius
from gvcpos.spatial.panel.inference.covariance import Pieces, information, non_normality, scaled_inverse
from gvcpos.spatial.panel.ml.estimation import Data, Estimate, PanelArrays, derivatives, transformed
from gvcpos.spatial.panel.models import Features

Array = npt.NDArray[np.float64]

_STEPS = 100
_SMALL = 1e-8  # of a standard error: a step that ends the search
_FOUND = 1e-5  # what is left of one when rounding allows no further step
_HALVINGS = 20
_DEFINITE = 1e-3  # smallest eigenvalue, diagonal scaled to one, that counts as positive


def one_step(panel: PanelArrays, features: Features, estimate: Estimate, lagged: Lagged) -> Estimate:
    """Take the published bias out of a maximum of the likelihood; its `covariance` is left as it was.

    Raises
    ------
    EstimationError
        If the infinite sums do not exist, or the corrected rho, lambda or sigma2 is not admissible.
    """
    t = panel.transformation
    size = radius(panel.spectrum, lagged.dynamics(estimate), drop_unit=t.drop_unit)
    if t.entity and size >= 1.0:
        raise EstimationError(
            f"the dynamics are explosive: the spectral radius of (I - rho W)^-1 (tau I + eta W) is {size:.4f} at the "
            "maximum of the likelihood, so the sums of the bias correction do not exist. Check for trends and unit "
            "roots, take correction='finite', whose sums end with the sample, or correction='none'."
        )
    b = expected_score(panel, estimate, lagged, finite=False)
    step = scaled_inverse(information(estimate.pieces)) @ b
    outside = _outside(panel, _values(estimate) - step, estimate)
    if outside:
        raise EstimationError(
            f"the bias correction takes {outside}: the panel is too short for it. Take correction='finite' or 'none'."
        )
    return _moved(panel, transformed(panel, panel.X, t, features), features, estimate, -step)


def adjusted_root(panel: PanelArrays, features: Features, estimate: Estimate, lagged: Lagged) -> Estimate:
    """Solve s(θ) = b(θ) from a maximum of the likelihood; `covariance` is left as it was.

    Raises
    ------
    EstimationError
        If no root is reached.
    """
    data = transformed(panel, panel.X, panel.transformation, features)
    here = _gap(panel, estimate, lagged)
    size = np.inf
    for _ in range(_STEPS):
        inverse = scaled_inverse(_ahead(panel, estimate, lagged))
        step = inverse @ here
        size = float(np.sqrt(here @ step))
        for _ in range(_HALVINGS):
            if not _outside(panel, _values(estimate) + step, estimate):
                new = _moved(panel, data, features, estimate, step)
                there = _gap(panel, new, lagged)
                if there @ inverse @ there < size**2:
                    estimate, here = new, there
                    break
            step = step / 2.0
        else:  # no way down: at a root to rounding, or where there is none
            break
        if size < _SMALL:
            break
    if size < _FOUND:
        return estimate
    raise EstimationError(
        f"the bias-adjusted score has no root within reach: the search ends {size:.2g} standard errors from one. "
        "The panel says too little about its dynamics: take correction='asymptotic' or 'none'."
    )


def _gap(panel: PanelArrays, estimate: Estimate, lagged: Lagged) -> Array:
    return score(estimate.pieces) - expected_score(panel, estimate, lagged, finite=True)


def _ahead(panel: PanelArrays, estimate: Estimate, lagged: Lagged) -> Array:
    """Return the slope where it is positive definite, else the information, which always is."""
    matrix = slope(panel, estimate, lagged)
    scale = 1.0 / np.sqrt(np.abs(np.diag(matrix)))
    definite = np.linalg.eigvalsh(matrix * np.outer(scale, scale))[0] > _DEFINITE
    return matrix if definite else information(estimate.pieces)


def score(pieces: Pieces) -> Array:
    """Return the derivatives of the log-likelihood with respect to (beta, spatial, sigma2)."""
    s2, t = pieces.sigma2, pieces.transformation
    traces = np.zeros(pieces.lagged.shape[1]) if pieces.traces is None else t.determinants * pieces.traces.single
    own = (float(pieces.e @ pieces.e) / s2 - t.nobs) / (2.0 * s2)
    return np.concatenate([pieces.X.T @ pieces.e / s2, pieces.lagged.T @ pieces.e / s2 - traces, [own]])


def slope(panel: PanelArrays, estimate: Estimate, lagged: Lagged) -> Array:
    """Return minus the expected derivatives of s − b: the information and the slope of b, by central differences."""
    at = _values(estimate)
    out = information(estimate.pieces)
    k = len(estimate.beta)
    moving = [column for column in (lagged.tau, lagged.eta) if column is not None]
    moving += [*range(k, k + len(estimate.spatial)), len(at) - 1]
    for j in moving:
        h = 1e-5 * (at[j] if j == len(at) - 1 else 1.0)
        ends = []
        for sign in (1.0, -1.0):
            moved = at + sign * h * (np.arange(len(at)) == j)
            ends.append(expected_score(panel, _placed(estimate, moved), lagged, finite=True))
        out[:, j] += (ends[0] - ends[1]) / (2.0 * h)
    return np.asarray((out + out.T) / 2.0)


def adjusted_covariance(panel: PanelArrays, estimate: Estimate, lagged: Lagged, cov_type: str, at: str) -> Array:
    """Return the covariance of the root: the inverse slope, or the sandwich around it.

    Raises
    ------
    EstimationError
        If it has a variance that is not positive.
    """
    matrix = slope(panel, estimate, lagged)
    inverse = scaled_inverse(matrix)
    cov = inverse @ (matrix + non_normality(estimate.pieces)) @ inverse if cov_type == "sandwich" else inverse
    if not (np.isfinite(cov).all() and (np.diag(cov) > 0.0).all()):
        raise EstimationError(
            f"the covariance of the bias-adjusted score has a variance that is not positive{at}: the panel says too "
            "little about its dynamics. Take correction='asymptotic' or 'none'."
        )
    return np.asarray(cov)


def _values(estimate: Estimate) -> Array:
    return np.array([*estimate.beta, *estimate.spatial.values(), estimate.sigma2])


def _placed(estimate: Estimate, values: Array) -> Estimate:
    """Return the estimate with other parameters and everything else as it was."""
    k = len(estimate.beta)
    spatial = {name: float(values[k + i]) for i, name in enumerate(estimate.spatial)}
    return replace(estimate, beta=values[:k], spatial=spatial, sigma2=float(values[-1]))


def _moved(panel: PanelArrays, data: Data, features: Features, estimate: Estimate, step: Array) -> Estimate:
    """Return the estimate a step away, with its innovations and derivatives."""
    new = _placed(estimate, _values(estimate) + step)
    pieces = replace(derivatives(panel, data, features, (new.rho, new.lam, new.beta)), sigma2=new.sigma2)
    return replace(new, resids=pieces.e.reshape(panel.y.shape), pieces=pieces)


def _outside(panel: PanelArrays, values: Array, estimate: Estimate) -> str:
    """Say which parameter leaves its admissible interval, if one does."""
    new = _placed(estimate, values)
    for name, value in new.spatial.items():
        lower, upper = (panel.spectrum if name == "rho" else panel.error_spectrum).interval
        if not lower < value < upper:
            return f"{name} to {value:.4f}, outside its admissible interval ({lower:.4f}, {upper:.4f})"
    return "" if new.sigma2 > 0.0 else f"sigma2 to {new.sigma2:.4g}"
