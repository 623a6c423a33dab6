"""Variance components with a spatial error, u = λMu + e, e = 1⊗mu + v (Kapoor, Kelejian and Prucha 2007).

Q0 takes means over time out, Q1 leaves only them: Q0 e has variance σv², Q1 e has σ1² = σv² + T σmu². The classical
moments hold for each; Ω^(-1/2) is Q0 + (σv/σ1) Q1.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gvcpos.spatial.panel.gmm.error_moments import ErrorForms, Quadratics, Solution, solve
from gvcpos.spatial.panel.gmm.two_stage import Array
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.logdet import Spectrum


@dataclass(frozen=True)
class Components:
    """Variances of the two components, and lambda where there is a spatial error.

    Attributes
    ----------
    sigma2_v, sigma2_1 : float
        Variance of the innovations, and T times that of their means over time.
    solution : Solution or None
        Of the moments; None without a spatial error.
    xi : ndarray, shape (r, r)
        N times the variance of the moments under normal components; empty without a spatial error.
    """

    sigma2_v: float
    sigma2_1: float
    solution: Solution | None
    xi: Array

    @property
    def lam(self) -> float:
        """Spatial error parameter, 0 without one."""
        return self.solution.lam if self.solution is not None else 0.0

    @property
    def ratio(self) -> float:
        """σv / σ1."""
        return float(np.sqrt(self.sigma2_v / self.sigma2_1))


def within_transformation(t: Transformation) -> Transformation:
    """Return Q0 as a transformation: T - 1 periods; with time effects J Q0, and N - 1 units."""
    return replace(t, entity=True, lee_yu=True)


def between(Z: Array) -> Array:
    """Return Q1 Z: means over time in every period; Z is (T, N) or (T, N, k)."""
    return np.broadcast_to(Z.mean(axis=0), Z.shape)


def whiten(Z: Array, ratio: float) -> Array:
    """Return σv Ω^(-1/2) Z = (Q0 + ratio Q1) Z."""
    return np.asarray(Z - (1.0 - ratio) * between(Z))


def between_quadratics(forms: ErrorForms, u: Array) -> Quadratics:
    """Return the classical moments of Q1 e: those of the means over time, sqrt(T) times."""
    return between_forms(forms).quadratics(single(u))


def between_forms(forms: ErrorForms) -> ErrorForms:
    """Return the classical forms of the means over time, as one period, time effects as they are."""
    t = forms.transformation
    return ErrorForms(forms.matrix, Transformation(t.units, 1, False, t.time, t.time), robust=False)


def single(Z: Array) -> Array:
    """Return sqrt(T) times the means over time, as one period: what has the variance σ1²."""
    return np.asarray(np.sqrt(len(Z)) * Z.mean(axis=0, keepdims=True))


def components(matrix: Spectrum, t: Transformation, u: tuple[Array, Array], weighting: str) -> Components:
    """Estimate lambda and both variances.

    Parameters
    ----------
    matrix : Spectrum
        Of M.
    t : Transformation
        Of the pooled data.
    u : (ndarray, ndarray), shapes (T, N)
        Residuals for the moments of Q0 and of Q1: of pooled least squares twice, or of a within and a between fit.
    weighting : {"initial", "weighted", "full"}
        KKP's initial estimator (eq. 20: three moments of Q0, then the first of Q1); all six weighted by the variances
        alone (eq. 27); or by the full covariance of normal components (eq. 23).
    """
    forms = ErrorForms(matrix.matrix, within_transformation(t), robust=False)
    first = forms.quadratics(u[0])
    start = solve(first, np.eye(3), matrix.interval)
    second = between_quadratics(forms, u[1])
    sigma2_1 = float(second.c[0] @ np.array([1.0, start.lam, start.lam**2]))
    sigma2_v, periods = float(start.variances[0]), t.periods
    xi = forms.classical_variance()
    if weighting == "initial":
        return Components(sigma2_v, sigma2_1, start, xi * sigma2_v**2 / (periods - 1))
    scale = np.diag([sigma2_v**2 / (periods - 1), sigma2_1**2])
    weight = np.linalg.inv(np.kron(scale, xi if weighting == "full" else np.eye(3)))
    E = np.zeros((6, 2))
    E[:3, 0], E[3:, 1] = first.E[:, 0], second.E[:, 0]
    found = solve(Quadratics(np.vstack([first.c, second.c]), E), weight / weight.max(), matrix.interval)
    sigma2_v, sigma2_1 = float(found.variances[0]), float(found.variances[1])
    scale = np.diag([sigma2_v**2 / (periods - 1), sigma2_1**2])
    return Components(sigma2_v, sigma2_1, found, np.asarray(np.kron(scale, xi), dtype=float))
