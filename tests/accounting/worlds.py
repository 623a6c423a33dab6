"""Random balanced tables with the oddities of real ones, and the tables that identities are tested on."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from gvcpos.tables import IOTable


def random_world(
    seed: int,
    G: int,
    N: int,
    *,
    zero: int = 0,
    negative: bool = False,
    autarkic: bool = False,
    single: bool = False,
    year: int = 2010,
) -> IOTable:
    """A table with `zero` idle cells and negative inventories, if asked.

    And, if asked, with a first country that trades with nobody and a last one that has output in one sector alone.
    """
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
    if single:
        idle = np.union1d(idle, np.arange(n - N + 1, n))
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
    """Any small world: one country, one sector, or one in a country, idle cells, negative inventories, autarky."""
    G, N = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    return random_world(
        draw(st.integers(0, 2**31)),
        G,
        N,
        zero=draw(st.integers(0, 3)),
        negative=draw(st.booleans()),
        autarkic=draw(st.booleans()) and G > 1,
        single=draw(st.booleans()),
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


def adds_up(
    total: np.ndarray, *terms: np.ndarray, made_of: tuple[np.ndarray, ...] = (), relative: float = 1e-9
) -> float:
    """Assert Σ terms = total in every cell, to `relative` times what was added in that cell; return the worst.

    The measure is the cell's own |total| + Σ |terms| + Σ |made_of|, so that small cells count as much as large ones.
    It is not |total| alone: where large terms cancel, as for a cell that exports 1,000 and whose part in value chains
    is 0.001, the last digits of the 1,000 are all that arithmetic with 16 digits can keep. `made_of` names the
    flows whose difference a term or the total is (GVCF = DVA − DAVAX), for the same reason. A cell where all of
    these are zero must be exactly right. No number may be NaN: a test says itself which cells have none.
    """
    arrays = [np.asarray(a, float) for a in (total, *terms, *made_of)]
    added = sum(np.abs(a) for a in arrays)
    off = np.abs(sum(arrays[1 : 1 + len(terms)]) - arrays[0])
    assert np.isfinite(added).all()
    share = np.divide(off, added, out=np.zeros_like(off), where=added != 0)
    worst = np.unravel_index(int(np.argmax(share)), share.shape) if share.size else ()
    assert (off <= relative * added).all(), (
        f"cell {worst}: off by {off[worst]:.3g}, {share[worst]:.3g} of what was added"
    )
    return float(share.max(initial=0.0))
