"""Great-circle distances: one formula for the synthetic world's weights and for everybody else's."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG


def haversine(lat: npt.ArrayLike, lon: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return great-circle distances between n points on a sphere of 6371.0088 km.

    Parameters
    ----------
    lat, lon : array_like, shape (n,)
        Degrees.

    Returns
    -------
    ndarray, shape (n, n)
        Kilometres, exactly symmetric, 0 on the diagonal.

    Notes
    -----
    The haversine form, 2R arcsin sqrt(sin²(Δφ/2) + cos φ cos φ' sin²(Δλ/2)), keeps its digits for near points.
    """
    phi, lam = np.radians(np.asarray(lat, float)), np.radians(np.asarray(lon, float))
    half_phi = np.sin((phi[:, None] - phi[None, :]) / 2.0)
    half_lam = np.sin((lam[:, None] - lam[None, :]) / 2.0)
    # The outer product is taken first so that d(i, j) and d(j, i) round alike.
    h = half_phi**2 + np.outer(np.cos(phi), np.cos(phi)) * half_lam**2
    return 2.0 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(h, 0.0, 1.0)))
