"""Which input an output's variance comes from: shares of R² of a regression on all inputs, and Sobol indices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.flows.draws.marginals import FloatArray

Model = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class RegressionShares:
    """Shares of R² of a standardised regression.

    Attributes
    ----------
    shares : (V, S) float array
        Of the variance of each of S outputs; not negative, and their sum is R².
    coefficients : (V, S) float array
        Standard deviations of the output a standard deviation of the input.
    r_squared : (S,) float array
        1 less it is what the regression leaves unexplained: curvature and interactions.
    """

    shares: FloatArray
    coefficients: FloatArray
    r_squared: FloatArray


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """Sobol indices with bootstrap intervals.

    Attributes
    ----------
    first, total : (V, S) float array
        Share of the variance that an input explains alone, and that it takes part in.
    first_interval, total_interval : (V, S, 2) float array
    """

    first: FloatArray
    total: FloatArray
    first_interval: FloatArray
    total_interval: FloatArray

    @property
    def unexplained(self) -> FloatArray:
        """Share that no input explains alone, (S,): interactions."""
        return np.asarray(1.0 - self.first.sum(axis=0))


def regression_shares(inputs: FloatArray, outputs: FloatArray, *, ranks: bool = True) -> RegressionShares:
    """Split R² among inputs by relative weights.

    The outputs, standardised, are regressed on orthonormal variables that are closest to the inputs, and what each of
    those explains is given back to the inputs it stands for (Johnson 2000, Multivar. Behav. Res. 35:1). With inputs
    that are uncorrelated these are the squared standardised coefficients.

    Parameters
    ----------
    inputs : (n, V) float array
    outputs : (n, S) float array
    ranks : bool
        Regress ranks on ranks (Saltelli & Sobol 1995, Reliab. Eng. Syst. Saf. 50:225), which follows any monotone
        relation, or values on values.

    Raises
    ------
    EstimationError
        If there are no more draws than inputs, or an output does not vary.
    """
    n, V = inputs.shape
    if n <= V + 1:
        raise EstimationError(f"{n} draws cannot tell {V} inputs apart. Take more draws.")
    spread = outputs.std(axis=0)
    still = spread <= 1e-13 * np.abs(outputs).max(axis=0)
    if still.any():
        raise EstimationError(f"output {int(np.argmax(still))} is the same in all draws: nothing to explain.")
    X, Y = (stats.rankdata(a, axis=0) if ranks else a for a in (inputs, outputs))
    X, Y = X - X.mean(axis=0), Y - Y.mean(axis=0)
    X /= np.linalg.norm(X, axis=0)
    Y /= np.linalg.norm(Y, axis=0)
    values, vectors = np.linalg.eigh(X.T @ X)
    root = np.sqrt(np.maximum(values, 0.0))
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 1e-8 * root.max())
    towards = vectors @ (inverse[:, None] * (vectors.T @ (X.T @ Y)))  # of the orthonormal variables, (V, S)
    half = (vectors * root) @ vectors.T
    return RegressionShares(
        shares=half**2 @ towards**2,
        coefficients=vectors @ (inverse[:, None] * (vectors.T @ towards)),
        r_squared=np.asarray((towards**2).sum(axis=0)),
    )


def sobol(model: Model, inputs: int, n: int = 1024, seed: int = 0, resamples: int = 200) -> SobolIndices:
    """Estimate first and total indices of independent inputs (Saltelli et al. 2010, Comput. Phys. Commun. 181:259).

    Parameters
    ----------
    model : callable
        Takes inputs (m, V) between 0 and 1, returns outputs (m, S).
    inputs : int
        V.
    n : int
        A power of 2; the model is run n (V + 2) times.
    seed : int
    resamples : int
        Of the bootstrap.

    Raises
    ------
    InputError
        If n is no power of 2.
    """
    if n < 2 or n & (n - 1):
        raise InputError(f"n={n} is no power of 2, as Sobol points need. Take {1 << max(1, n.bit_length() - 1)}.")

    def transposed(points: FloatArray) -> FloatArray:
        """Turn (V, m) into outputs (S, m)."""
        return np.ascontiguousarray(model(np.clip(points.T, 1e-12, 1.0 - 1e-12)).T)

    found = stats.sobol_indices(
        func=transposed, n=n, dists=[stats.uniform()] * inputs, rng=np.random.default_rng([seed, n])
    )
    interval = found.bootstrap(confidence_level=0.95, n_resamples=resamples)
    first, total = (np.atleast_2d(a).reshape(-1, inputs).T for a in (found.first_order, found.total_order))

    def bounds(which: str) -> FloatArray:
        """Intervals of one kind of index, (V, S, 2)."""
        limits = getattr(interval, which).confidence_interval
        return np.stack([np.atleast_2d(a).reshape(-1, inputs).T for a in (limits.low, limits.high)], axis=-1)

    return SobolIndices(first, total, bounds("first_order"), bounds("total_order"))
