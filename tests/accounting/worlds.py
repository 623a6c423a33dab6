"""Random balanced tables with the oddities of real ones, and the tables that identities are tested on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gvcpos.tables import IOTable


def random_world(
    seed: int, G: int, N: int, *, zero: int = 0, negative: bool = False, autarkic: bool = False, year: int = 2010
) -> IOTable:
    """A table with `zero` idle cells, negative inventories, and a first country that trades with nobody, if asked."""
    rng = np.random.default_rng(seed)
    n = G * N
    Z = rng.lognormal(0.0, 1.0, (n, n))
    blocks = Z.reshape(G, N, G, N)
    home = np.arange(G)
    blocks[home, :, home, :] *= 3.0
    Y = rng.lognormal(0.0, 1.0, (n, G, 2)) * 2.0 * N
    if autarkic:
        blocks[0, :, 1:, :] = 0.0
        blocks[1:, :, 0, :] = 0.0
        Y[:N, 1:, :] = 0.0
        Y[N:, 0, :] = 0.0
    idle = rng.choice(n, size=min(zero, n - 1), replace=False)
    Z[idle, :], Z[:, idle], Y[idle] = 0.0, 0.0, 0.0
    if negative:
        Y[:, :, 1] = -0.2 * rng.random((n, G)) * Y[:, :, 0]
    return IOTable.from_arrays(
        Z,
        Y.reshape(n, 2 * G),
        countries=[f"C{i}" for i in range(G)],
        sectors=[f"S{i}" for i in range(N)],
        final_categories=["use", "stock"],
        year=year,
        unit="units",
        source="random",
        synthetic=True,
    )


@st.composite
def worlds(draw: st.DrawFn) -> IOTable:
    """Any small world: one country, one sector, idle cells, negative inventories, autarky."""
    G, N = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return random_world(
        draw(st.integers(0, 2**31)),
        G,
        N,
        zero=draw(st.integers(0, 3)),
        negative=draw(st.booleans()),
        autarkic=draw(st.booleans()) and G > 1,
    )


def close(mine: np.ndarray, other: np.ndarray, relative: float = 1e-9, size: float | None = None) -> None:
    """Assert NaN in the same places and differences of at most `relative` times `size`.

    The size is by default the largest entry of `other`; a sum that may be nothing but rounding names its own.
    """
    mine, other = np.asarray(mine, float), np.asarray(other, float)
    np.testing.assert_array_equal(np.isnan(mine), np.isnan(other))
    if size is None:
        size = float(np.nanmax(np.abs(other), initial=0.0))
    np.testing.assert_allclose(mine, other, rtol=0, atol=relative * size + 1e-300)
