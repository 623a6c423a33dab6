"""Munnell's panel of 48 states and 17 years, the input of the golden results, and small made-up panels."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from gvcpos.spatial.panel import SpatialPanel, SpatialPanelResults
from gvcpos.spatial.weights import Weights
from tests.shared import shared

REGRESSORS = ["lpcap", "lpc", "lemp", "unemp"]
EFFECTS = {"none": "pooled", "entity": "individual", "time": "time", "twoway": "twoways"}
MODELS = ["slx", "sar", "sem", "sdm", "sdem", "sac", "gns"]


@lru_cache(maxsize=1)
def frame() -> pd.DataFrame:
    """Long panel on (state, year)."""
    data = pd.read_csv(shared("golden/spatial/munnell_produc.csv"), keep_default_na=False)
    logs = {"lgsp": "gsp", "lpcap": "pcap", "lpc": "pc", "lemp": "emp"}
    return data.assign(**{new: np.log(data[old]) for new, old in logs.items()}).set_index(["state", "year"])


@lru_cache(maxsize=1)
def weights() -> Weights:
    """Row-normalised contiguity of the states."""
    table = pd.read_csv(shared("golden/spatial/munnell_usaww_rowstd.csv"), index_col=0)
    return Weights.from_dense(table.index, table.to_numpy(float))


@lru_cache(maxsize=128)
def fitted(model: str, effects: str, method: str, cov_type: str = "information") -> SpatialPanelResults:
    """Fit one specification on Munnell's panel."""
    data = frame()
    panel = SpatialPanel(data["lgsp"], data[REGRESSORS], weights(), model=model, effects=effects, method=method)
    return panel.fit(cov_type)


@lru_cache(maxsize=8)
def golden(name: str) -> pd.DataFrame:
    """One golden file, parameter names as the package writes them."""
    table = pd.read_csv(shared(f"golden/spatial/{name}.csv"))
    table = table.rename(columns={"std_error(num.Hessian)": "std_error"})
    names = table["term"].str.replace(r"^lag\.", "W*", regex=True).str.replace(r"log\((\w+)\)", r"l\1", regex=True)
    return table.assign(term=names.replace({"(Intercept)": "Intercept"}), model=table["model"].str.lower())


def estimates(result: SpatialPanelResults) -> pd.DataFrame:
    """Parameters and sigma2 with standard errors."""
    out = pd.DataFrame({"estimate": result.params, "std_error": result.std_errors})
    out.loc["sigma2"] = [result.sigma2, result.sigma2_std_error]
    return out


def ring(n: int, reach: int = 2) -> np.ndarray:
    """Row-normalised weights of units on a ring, unequal so that W is not doubly stochastic."""
    rng = np.random.default_rng(n)
    raw = np.zeros((n, n))
    for step in range(1, reach + 1):
        weight = rng.uniform(0.5, 2.0, n)
        place = np.arange(n)
        raw[place, (place + step) % n] = weight
        raw[(place + step) % n, place] = weight
    return raw / raw.sum(axis=1, keepdims=True)


def simulated(
    seed: int,
    n: int = 20,
    t: int = 6,
    *,
    rho: float = 0.4,
    theta: tuple[float, float] = (0.3, -0.2),
    scale: float = 0.5,
) -> tuple[np.ndarray, np.ndarray, Weights]:
    """A two-way Durbin panel with effects that go with the regressors: y (T, N), X (T, N, 2), W."""
    rng = np.random.default_rng(seed)
    W = ring(n)
    mu, alpha = rng.normal(size=n), rng.normal(size=(t, 1))
    X = rng.normal(size=(t, n, 2)) + 0.5 * (mu + alpha)[:, :, None]
    signal = X @ np.array([1.0, -0.5]) + np.einsum("ij,tjk,k->ti", W, X, np.array(theta))
    noise = scale * rng.normal(size=(t, n))
    y = np.linalg.solve(np.eye(n) - rho * W, (signal + mu + alpha + noise).T).T
    return y, X, Weights.from_dense([f"u{i:02d}" for i in range(n)], W)


def long_form(y: np.ndarray, X: np.ndarray, W: Weights) -> pd.DataFrame:
    """Arrays as a long frame with columns country, year, y, x1, x2."""
    t, n = y.shape
    columns = {"country": np.tile(W.ids, t), "year": np.repeat(np.arange(2000, 2000 + t), n), "y": y.ravel()}
    return pd.DataFrame(columns | {f"x{j + 1}": X[:, :, j].ravel() for j in range(X.shape[2])})
