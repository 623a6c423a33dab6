"""Which countries the synthetic world has, and the spatial weights of its planted model."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.tables.geography import capitals

FloatArray = npt.NDArray[np.float64]
DOMINANT = "CHN"
MOST = 60  # the first of the shipped capitals, which have polygons too


def first_capitals(countries: int) -> pd.DataFrame:
    """Return the capitals of the first `countries` countries of the shipped list.

    Parameters
    ----------
    countries : int
        From 3 to 60; the list starts with CHN.

    Returns
    -------
    DataFrame
        Columns iso3, country, capital, lat, lon (degrees).

    Raises
    ------
    InputError
        If fewer than 3 or more than 60 are asked for.
    """
    if not 3 <= countries <= MOST:
        raise InputError(f"countries={countries}: the synthetic world has 3 to {MOST} countries.")
    return capitals().iloc[:countries].reset_index(drop=True)


def inverse_distance_weights(distance: FloatArray) -> FloatArray:
    """Return row-normalised inverse distances with a zero diagonal, shape (n, n).

    These are the weights of the planted spatial model: w_ij = d_ij⁻¹ / Σ_k d_ik⁻¹.
    """
    weights = np.zeros_like(distance)
    apart = ~np.eye(len(distance), dtype=bool)
    weights[apart] = 1.0 / distance[apart]
    return weights / weights.sum(axis=1, keepdims=True)
