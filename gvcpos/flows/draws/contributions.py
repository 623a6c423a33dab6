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


def sobol(model: Model, inputs: int, n: int = 1024, seed: int = 0, resamples: int = 500) -> SobolIndices:
    """Estimate first and total indices of independent inputs.

    Sample and estimators as `scipy.stats.sobol_indices` has them (Saltelli et al. 2010, Comput. Phys. Commun. 181:259);
    95 % intervals are percentiles of a bootstrap of the sample's points.

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
    rng = np.random.default_rng([seed, n])
    evaluated: dict[str, FloatArray] = {}

    def transposed(points: FloatArray) -> FloatArray:
        """Turn (V, m) into outputs (S, m)."""
        return np.ascontiguousarray(model(np.clip(points.T, 1e-12, 1.0 - 1e-12)).T)

    def estimate(f_A: FloatArray, f_B: FloatArray, f_AB: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Keep outputs (S, n) and (V, S, n), and return first and total indices, (S, V) each."""
        evaluated.update(A=f_A, B=f_B, AB=f_AB)
        first, total = _indices(f_A, f_B, f_AB, np.full((1, n), 1.0 / n))
        return first[0].T, total[0].T

    stats.sobol_indices(func=transposed, n=n, dists=[stats.uniform()] * inputs, method=estimate, rng=rng)
    f = (evaluated["A"], evaluated["B"], evaluated["AB"])
    first, total = _indices(*f, np.full((1, n), 1.0 / n))
    weights = rng.multinomial(n, np.full(n, 1.0 / n), size=resamples) / n
    lows, highs = zip(*(np.quantile(a, [0.025, 0.975], axis=0) for a in _indices(*f, weights)), strict=True)
    return SobolIndices(
        first[0], total[0], np.stack([lows[0], highs[0]], axis=-1), np.stack([lows[1], highs[1]], axis=-1)
    )


def _indices(f_A: FloatArray, f_B: FloatArray, f_AB: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """First and total indices (R, V, S) of outputs (S, n), (S, n), (V, S, n) with weights of points (R, n)."""
    mean = 0.5 * weights @ (f_A + f_B).T  # (R, S)
    variance = (0.5 * weights @ (f_A**2 + f_B**2).T - mean**2)[:, None, :]
    alone = np.einsum("rn,vsn->rvs", weights, f_B * (f_AB - f_A), optimize=True)
    jointly = 0.5 * np.einsum("rn,vsn->rvs", weights, (f_A - f_AB) ** 2, optimize=True)
    moves = variance > 0.0
    first, total = (np.divide(a, variance, out=np.zeros_like(a), where=moves) for a in (alone, jointly))
    return first, total
