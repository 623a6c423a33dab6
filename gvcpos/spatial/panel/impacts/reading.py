"""How effects are read off the parameters, in every model: S = (I − rW)⁻¹(βI + θV) / c, with r and c functions of them.

In a static model and in the short run of a dynamic one r = ρ and c = 1; in the long run r = (ρ + η)/(1 − τ), c = 1 − τ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inputs.design import Variable
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.weights import Weights

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """The effects of a fitted model as functions of its parameters.

    Attributes
    ----------
    spectrum : Spectrum
        Of W.
    weights : Weights
        W.
    variables : tuple of Variable
    mean, covariance : ndarray, shape (p,) and (p, p)
        Of the parameters, in whose order `variables` give places.
    r, c : float
    by_r, by_c : ndarray, shape (p,)
        Derivatives of r and c with respect to the parameters.
    """

    spectrum: Spectrum
    weights: Weights
    variables: tuple[Variable, ...]
    mean: Array
    covariance: Array
    r: float
    c: float
    by_r: Array
    by_c: Array

    def coefficients(self, variable: Variable) -> tuple[float, float]:
        """Return β/c and θ/c; θ is 0 where the variable is not lagged."""
        theta = 0.0 if variable.lag is None else float(self.mean[variable.lag])
        return float(self.mean[variable.own]) / self.c, theta / self.c

    def derivatives(self, variable: Variable, value: Array, by: Array) -> Array:
        """Carry derivatives through to the parameters.

        Parameters
        ----------
        variable : Variable
        value : ndarray, shape (...)
            Effects at (β/c, θ/c, r).
        by : ndarray, shape (..., 3)
            Their derivatives with respect to these three.

        Returns
        -------
        ndarray, shape (..., p)
        """
        out = by[..., 2:] * self.by_r - value[..., None] * self.by_c / self.c
        out[..., variable.own] += by[..., 0] / self.c
        if variable.lag is not None:
            out[..., variable.lag] += by[..., 1] / self.c
        return np.asarray(out)

    def errors(self, slopes: Array) -> Array:
        """Return delta errors from derivatives, shape (..., p)."""
        variance = np.einsum("...i,ij,...j->...", slopes, self.covariance, slopes)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))
