"""Panels whose weights change over time, and their likelihood by brute force: N T rows, block-diagonal W, dummies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from gvcpos.spatial.weights import Weights

MODELS = ("slx", "sar", "sem", "sdm", "sdem", "sac", "gns")
EFFECTS = ("none", "entity", "time", "twoway")


def labels(n: int) -> list[str]:
    return [f"u{i:03d}" for i in range(n)]


def near(rng: np.random.Generator, n: int, k: int = 3) -> np.ndarray:
    """Row-normalised inverse distances to the k nearest of points thrown anew."""
    p = rng.uniform(size=(n, 2))
    d = np.linalg.norm(p[:, None] - p[None], axis=2)
    np.fill_diagonal(d, np.inf)
    W = np.where(d <= np.sort(d, axis=1)[:, k - 1 : k], 1.0 / d, 0.0)
    return W / W.sum(axis=1, keepdims=True)


def changing(seed: int, n: int, t: int, k: int = 3) -> dict[int, Weights]:
    """One matrix a year."""
    rng = np.random.default_rng(seed)
    return {2000 + i: Weights.from_dense(labels(n), near(rng, n, k)) for i in range(t)}


def draw(
    rng: np.random.Generator,
    W: dict[int, Weights],
    *,
    rho: float = 0.0,
    lam: float = 0.0,
    theta: float = 0.3,
    sigma: float = 1.0,
    effects: str = "twoway",
) -> tuple[np.ndarray, np.ndarray]:
    """y (T, N) and X (T, N, 2), effects correlated with X; beta is (1, -0.5) and theta that of the first alone."""
    t, n = len(W), next(iter(W.values())).n
    mu = rng.normal(size=n) * (effects in {"entity", "twoway"})
    alpha = rng.normal(size=t) * (effects in {"time", "twoway"})
    X = rng.normal(size=(t, n, 2)) + 0.5 * (mu + alpha[:, None])[:, :, None]
    y = np.empty((t, n))
    for i, one in enumerate(W.values()):
        D, e = one.dense(), sigma * rng.normal(size=n)
        u = np.linalg.solve(np.eye(n) - lam * D, e)
        rest = X[i] @ [1.0, -0.5] + theta * D @ X[i, :, 0] + mu + alpha[i] + u
        y[i] = np.linalg.solve(np.eye(n) - rho * D, rest)
    return y, X


@dataclass
class Brute:
    """The direct likelihood of all N T rows, effects as dummies."""

    y: np.ndarray
    X: np.ndarray
    W: np.ndarray
    M: np.ndarray
    lag: bool
    error: bool

    def parameters(self, p: np.ndarray) -> tuple[float, float]:
        return (p[0] if self.lag else 0.0), (p[-1] if self.error else 0.0)

    def logdet(self, rho: float, lam: float) -> float:
        eye = np.eye(len(self.y))
        return float(sum(np.linalg.slogdet(eye - r * A)[1] for r, A in ((rho, self.W), (lam, self.M))))

    def concentrated(self, p: np.ndarray) -> tuple[float, np.ndarray, float]:
        rho, lam = self.parameters(p)
        eye, n = np.eye(len(self.y)), len(self.y)
        R = eye - lam * self.M
        target, X = R @ (self.y - rho * self.W @ self.y), R @ self.X
        beta = np.linalg.lstsq(X, target, rcond=None)[0]
        s2 = float(((target - X @ beta) ** 2).mean())
        return -0.5 * n * (np.log(2 * np.pi * s2) + 1.0) + self.logdet(rho, lam), beta, s2

    def full(self, p: np.ndarray) -> float:
        """Of (beta, rho, lambda, sigma2)."""
        k, n = self.X.shape[1], len(self.y)
        rho, lam = self.parameters(p[k:-1]) if self.lag or self.error else (0.0, 0.0)
        e = (np.eye(n) - lam * self.M) @ (self.y - rho * self.W @ self.y - self.X @ p[:k])
        return float(-0.5 * n * np.log(2 * np.pi * p[-1]) - e @ e / (2 * p[-1]) + self.logdet(rho, lam))

    def fit(self, start: np.ndarray) -> tuple[np.ndarray, float]:
        """Maximise from a start; return all parameters and the log-likelihood."""
        at = start
        if len(start):
            steps = {"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000}
            at = optimize.minimize(lambda p: -self.concentrated(p)[0], start, method="Nelder-Mead", options=steps).x
        value, beta, s2 = self.concentrated(at)
        return np.concatenate([beta, at, [s2]]), value

    def std_errors(self, at: np.ndarray) -> np.ndarray:
        """By the numerical Hessian, differences of the fourth order."""
        m = len(at)
        H, h = np.empty((m, m)), 2e-3 * np.maximum(np.abs(at), 0.1)

        def cross(i: int, j: int, size: float) -> float:
            a, b = np.eye(m)[i] * h * size, np.eye(m)[j] * h * size
            total = self.full(at + a + b) - self.full(at + a - b) - self.full(at - a + b) + self.full(at - a - b)
            return float(total / (4 * h[i] * h[j] * size**2))

        for i in range(m):
            for j in range(m):
                H[i, j] = (4.0 * cross(i, j, 0.5) - cross(i, j, 1.0)) / 3.0
        return np.sqrt(np.diag(np.linalg.inv(-H)))


def brute(
    y: np.ndarray, X: np.ndarray, W: dict[int, Weights], cell: tuple[str, str], M: dict[int, Weights] | None = None
) -> Brute:
    """The brute-force likelihood of a model; the columns begin with those that SpatialPanel has but for a constant."""
    (t, n), (model, effects) = y.shape, cell
    block = linalg.block_diag(*(one.dense() for one in W.values()))
    error = block if M is None else linalg.block_diag(*(one.dense() for one in M.values()))
    columns = [X.reshape(t * n, -1)]
    if model in {"slx", "sdm", "sdem", "gns"}:
        columns.append(block @ columns[0])
    entity, time = np.tile(np.eye(n), (t, 1)), np.repeat(np.eye(t), n, axis=0)
    columns += {
        "none": [np.ones((t * n, 1))],
        "entity": [entity],
        "time": [time],
        "twoway": [entity, time[:, 1:]],
    }[effects]
    lag, err = model in {"sar", "sdm", "sac", "gns"}, model in {"sem", "sdem", "sac", "gns"}
    return Brute(y.reshape(-1), np.column_stack(columns), block, error, lag, err)
