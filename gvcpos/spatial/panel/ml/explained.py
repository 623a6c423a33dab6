"""Refuse a fit that leaves no residuals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError

_EXPLAINED = 1e-22  # a share of the variance of y that is rounding


def residual_variance(square: float, count: int, y: npt.NDArray[np.float64]) -> float:
    """Return the sum of squares over `count` observations.

    Raises
    ------
    EstimationError
        If it is rounding beside the mean square of y.
    """
    sigma2 = square / count
    if not (np.isfinite(sigma2) and sigma2 > _EXPLAINED * float(np.vdot(y, y)) / y.size):
        raise EstimationError(
            f"the residual variance is {sigma2:.3g}: the regressors and effects explain y exactly, or a value is not "
            "finite. Leave out the regressor that y is made of, or look for an identity among the columns."
        )
    return sigma2
