"""Every estimator of spatial panels under one name: family, model, effects, and how it is fitted to arrays."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from gvcpos._core.errors import BoundaryWarning, ModesWarning, StabilityWarning, WeakInstrumentWarning
from gvcpos.spatial import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import MODELS, ring

FIXED = ["none", "entity", "time", "twoway"]
ERRORS = {"sem", "sdem", "sac", "gns"}


@dataclass(frozen=True)
class Case:
    """One estimator."""

    family: str
    model: str
    effects: str
    method: str = "direct"
    error: str = "baltagi"

    @property
    def constant(self) -> bool:
        """Whether there is an intercept."""
        return self.effects in {"none", "random"}

    def panel(self, y: np.ndarray, X: np.ndarray, W: Weights, **options: Any) -> Any:
        """The model, not fitted; y and X of the dynamic family begin with the period before the first."""
        options = {"model": self.model, "effects": self.effects, "method": self.method} | options
        if self.family == "dynamic":
            return DynamicSpatialPanel.from_arrays(y, X, W, **options)
        if self.error == "kkp":
            options["random_error"] = "kkp"
        return SpatialPanel.from_arrays(y, X, W, **options)

    def fit(self, y: np.ndarray, X: np.ndarray, W: Weights, **options: Any) -> Any:
        """The fit; None where the likelihood rises to the edge of its interval."""
        return self.fitted(self.panel(y, X, W, **options))

    def fitted(self, panel: Any) -> Any:
        with warnings.catch_warnings():
            for category in (ModesWarning, StabilityWarning, WeakInstrumentWarning):
                warnings.simplefilter("ignore", category)
            warnings.simplefilter("error", BoundaryWarning)
            try:
                if self.family == "gmm":
                    return panel.fit_gmm("homoskedastic" if self.effects.startswith("random") else "robust")
                return panel.fit()
            except BoundaryWarning:
                return None


STATIC = [
    Case("static", model, effects, method) for model in MODELS for effects in FIXED for method in ("direct", "lee-yu")
]
RANDOM = [Case("random", model, effects) for model in MODELS for effects in ("random", "random-time")]
RANDOM += [
    Case("random", model, effects, error="kkp") for model in sorted(ERRORS) for effects in ("random", "random-time")
]
DYNAMIC = [
    Case("dynamic", model, effects, method) for model in MODELS for effects in FIXED for method in ("direct", "lee-yu")
]
GMM = [Case("gmm", model, effects) for model in MODELS for effects in FIXED if model != "slx"]
GMM += [
    Case("gmm", model, effects, error="kkp" if model in ERRORS else "baltagi")
    for model in MODELS
    for effects in ("random", "random-time")
    if model != "slx"
]
ALL = [*STATIC, *RANDOM, *DYNAMIC, *GMM]


def drawn(case: Case, seed: int, n: int = 16, t: int = 6) -> tuple[np.ndarray, np.ndarray, Weights]:
    """A panel on which every family is at home: a lag, W x, effects, strong regressors; one period more if dynamic."""
    rng, W = np.random.default_rng(seed), ring(n)
    periods = t + (case.family == "dynamic")
    X = rng.normal(size=(periods, n, 2))
    push = X @ np.array([2.0, -1.0]) + np.einsum("ij,tjk,k->ti", W, X, np.array([0.8, -0.5]))
    push += rng.normal(size=n) + 0.5 * rng.normal(size=(periods, 1)) + 0.7 * rng.normal(size=(periods, n))
    inverse, y = np.linalg.inv(np.eye(n) - 0.3 * W), np.empty((periods, n))
    before = np.zeros(n)
    for s in range(periods):
        before = y[s] = inverse @ (push[s] + 0.3 * (case.family == "dynamic") * before)
    return y, X, Weights.from_dense([f"u{i:02d}" for i in range(n)], W)
