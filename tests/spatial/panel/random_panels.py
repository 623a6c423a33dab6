"""Panels with random effects, and their likelihood as one normal distribution of NT values."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from scipy import linalg

from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.random.covariance import RandomPieces
from gvcpos.spatial.panel.random.estimation import columns, derivatives
from gvcpos.spatial.panel.random.likelihood import random_likelihood
from gvcpos.spatial.panel.random.results import RandomPanelResults
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights
from tests.spatial.panel.munnell import MODELS, REGRESSORS, frame, ring, weights

CASES = [(m, "baltagi") for m in MODELS] + [(m, "kkp") for m in ("sem", "sdem", "sac", "gns")]


@lru_cache(maxsize=64)
def munnell(model: str, error: str, cov_type: str = "information", effects: str = "random") -> RandomPanelResults:
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model=model, effects=effects, random_error=error)
    result = panel.fit(cov_type)
    assert isinstance(result, RandomPanelResults)
    return result


def crooked(n: int) -> np.ndarray:
    """Weights whose rows do not sum to one and whose eigenvalues are complex."""
    rng = np.random.default_rng(n)
    W = np.zeros((n, n))
    for i in range(n):
        W[i, rng.choice(np.delete(np.arange(n), i), 3, replace=False)] = rng.uniform(0.1, 0.5, 3)
    return W


def draw(seed: int, n: int = 12, t: int = 4, *, phi: float = 2.0, kkp: bool = False) -> SpatialPanel:
    """A GNS panel with random effects and weights of their own for the error."""
    rng = np.random.default_rng(seed)
    W, M = ring(n), crooked(n)
    X = rng.normal(size=(t, n, 2)) + rng.normal(size=(n, 2))
    mu, e = np.sqrt(phi) * rng.normal(size=n), rng.normal(size=(t, n))
    B = np.linalg.inv(np.eye(n) - 0.3 * M)
    u = (mu + e) @ B.T if kkp else mu + e @ B.T
    signal = 1.0 + X @ [1.0, -0.5] + np.einsum("ij,tjk,k->ti", W, X, [0.3, -0.2])
    y = np.linalg.solve(np.eye(n) - 0.4 * W, (signal + u).T).T
    ids = [f"u{i:02d}" for i in range(n)]
    return SpatialPanel.from_arrays(
        y, X, Weights.from_dense(ids, W), error_weights=Weights.from_dense(ids, M), effects="random"
    )


def blocks(given: Weights | PeriodWeights, periods: int) -> np.ndarray:
    """The weights of all periods along a diagonal, (NT, NT)."""
    if isinstance(given, PeriodWeights):
        return linalg.block_diag(*(one.dense() for one in given.each))
    return np.kron(np.eye(periods), given.dense())


def loads(panel: SpatialPanel, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(I - rho W)^-1, and what innovations and random effects do to y, stacked by period, at all parameters."""
    (t, n), k = panel.data.y.shape, panel.arrays.X.shape[2]
    rest = list(q[k:-2])
    rho = rest.pop(0) if panel.features.lag else 0.0
    lam = rest.pop(0) if panel.features.error else 0.0
    A = np.linalg.inv(np.eye(n * t) - rho * blocks(panel.weights, t))
    of_e = A @ np.linalg.inv(np.eye(n * t) - lam * blocks(panel.error_weights, t))
    ones = np.kron(np.ones((t, 1)), np.eye(n))
    return A, of_e, (of_e if panel.choices.random_error == "kkp" else A) @ ones


def sigma(panel: SpatialPanel, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of y stacked by period, at (beta, rho, lambda, phi, sigma2)."""
    A, of_e, of_mu = loads(panel, q)
    X = panel.arrays.X.reshape(len(A), -1)
    return A @ X @ q[: X.shape[1]], q[-1] * (of_e @ of_e.T + q[-2] * of_mu @ of_mu.T)


def moments_by_parameter(panel: SpatialPanel, q: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Derivatives of mean and covariance of y, by differences."""
    E = steps(q)
    ends = [(sigma(panel, q + a), sigma(panel, q - a), 2.0 * a.sum()) for a in E]
    return [(up[0] - down[0]) / h for up, down, h in ends], [(up[1] - down[1]) / h for up, down, h in ends]


def dense_information(panel: SpatialPanel, q: np.ndarray) -> np.ndarray:
    """The expected information of a normal distribution by its moments."""
    inverse = np.linalg.inv(sigma(panel, q)[1])
    means, covariances = moments_by_parameter(panel, q)
    turned = [inverse @ S for S in covariances]
    return np.array(
        [
            [means[a] @ inverse @ means[b] + 0.5 * np.sum(turned[a] * turned[b].T) for b in range(len(q))]
            for a in range(len(q))
        ]
    )


def dense_hessian(panel: SpatialPanel, q: np.ndarray) -> np.ndarray:
    """Second differences of the log-likelihood."""
    E, p = steps(q), len(q)
    curve = np.empty((p, p))
    for i in range(p):
        for j in range(i, p):
            corners = [loglik(panel, q + a * E[i] + b * E[j]) * a * b for a in (1, -1) for b in (1, -1)]
            curve[i, j] = curve[j, i] = sum(corners) / (4.0 * E[i, i] * E[j, j])
    return curve


def dense_excess(panel: SpatialPanel, q: np.ndarray, given: tuple[tuple[float, float], ...]) -> np.ndarray:
    """What third and fourth cumulants of e and mu add to the variance of the score, a form in (e, mu)."""
    inverse = np.linalg.inv(sigma(panel, q)[1])
    means, covariances = moments_by_parameter(panel, q)
    want = np.zeros((len(q), len(q)))
    for load, (third, fourth) in zip(loads(panel, q)[1:], given, strict=True):
        b = np.stack([load.T @ inverse @ m for m in means])
        a = np.stack([np.diag(load.T @ inverse @ S @ inverse @ load) / 2.0 for S in covariances])
        want += fourth * a @ a.T + third * (b @ a.T + a @ b.T)
    return want


def loglik(panel: SpatialPanel, q: np.ndarray) -> float:
    mean, covariance = sigma(panel, q)
    root = np.linalg.cholesky(covariance)
    z = np.linalg.solve(root, panel.data.y.ravel() - mean)
    return float(-0.5 * z.size * np.log(2.0 * np.pi) - np.log(np.diag(root)).sum() - 0.5 * z @ z)


def point(result: RandomPanelResults) -> np.ndarray:
    return np.append(result.params.to_numpy(), result.sigma2)


def steps(q: np.ndarray) -> np.ndarray:
    return np.diag(1e-4 * np.maximum(np.abs(q), 0.05))


def pieces_at(panel: SpatialPanel, q: np.ndarray) -> RandomPieces:
    """At (beta, rho, lambda, phi, sigma2), which need not be a maximum."""
    k, kkp = panel.arrays.X.shape[2], panel.choices.random_error == "kkp"
    rest = list(q[k:-2])
    rho = rest.pop(0) if panel.features.lag else 0.0
    lam = rest.pop(0) if panel.features.error else 0.0
    design = columns(panel.arrays)
    kernel = random_likelihood(panel.arrays, design, panel.features, kkp=kkp).kernels.at(lam, q[-2])
    return replace(derivatives(panel.arrays, design, panel.features, (rho, lam, q[:k]), kernel), sigma2=q[-1])


def gradient(panel: SpatialPanel, q: np.ndarray) -> np.ndarray:
    h = 1e-5
    return np.array([(loglik(panel, q + h * unit) - loglik(panel, q - h * unit)) / (2 * h) for unit in np.eye(len(q))])
