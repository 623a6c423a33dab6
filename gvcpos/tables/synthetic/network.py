"""A gravity-shaped network: the prior that RAS balances, and where final output goes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos.tables.synthetic.sectors import Sector, technology

FloatArray = npt.NDArray[np.float64]
NEAREST_KM = 250.0  # distance at home, and the least between capitals
DECAY = 1.0
PAIR_NOISE = 0.3


def trade_costs(distance: FloatArray, sectors: tuple[Sector, ...], seed: np.random.SeedSequence) -> FloatArray:
    """Return how strongly each country's sectors sell to each country, shape (N, S, N).

    Parameters
    ----------
    distance : ndarray, shape (N, N)
        Great-circle distances of capitals in km.
    sectors : tuple of Sector
        Their `home` is the log preference for the home market.
    seed : SeedSequence
        Of the lognormal noise of each seller, sector and buyer.

    Returns
    -------
    ndarray
        d⁻¹ · exp(home) at home · noise.
    """
    N = len(distance)
    noise = np.random.default_rng(seed).standard_normal((N, len(sectors), N))
    pull = -DECAY * np.log(np.maximum(distance, NEAREST_KM) / 1000.0)
    home = np.array([sector.home for sector in sectors])[:, None] * np.eye(N)[:, None, :]
    return np.exp(pull[:, None, :] + home + PAIR_NOISE * noise)


def prior(costs: FloatArray, sectors: tuple[Sector, ...]) -> FloatArray:
    """Return the prior of intermediate deliveries, shape (N·S, N·S): technology times gravity."""
    N, S, _ = costs.shape
    cells = costs[:, :, :, None] * technology(sectors)[None, :, None, :]
    return cells.reshape(N * S, N * S)


def opened(prior: FloatArray, S: int, abroad: float) -> FloatArray:
    """Return the prior with deliveries of S sectors to other countries multiplied by `abroad`; at 1 as it is."""
    if abroad == 1.0:
        return prior
    out = prior * abroad
    for start in range(0, len(prior), S):
        own = slice(start, start + S)
        out[own, own] = prior[own, own]
    return out


def final_demand(final: FloatArray, costs: FloatArray, mass: FloatArray, sectors: tuple[Sector, ...]) -> FloatArray:
    """Split final output over destinations and categories.

    Parameters
    ----------
    final : ndarray, shape (N·S,)
        Output that is not bought as an input.
    costs : ndarray, shape (N, S, N)
    mass : ndarray, shape (N,)
        Destinations' incomes.

    Returns
    -------
    ndarray, shape (N·S, N·C)
        Destination-major, category-minor; rows sum to `final`.
    """
    weight = costs * mass
    weight = weight / weight.sum(axis=2, keepdims=True)
    category = np.array([sector.final for sector in sectors])
    cells = final.reshape(weight.shape[:2])[:, :, None] * weight
    return (cells[:, :, :, None] * category[None, :, None, :]).reshape(len(final), -1)
