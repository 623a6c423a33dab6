"""Weights as they are handed in: labelled ones of any make are taken, others are refused by one message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.lockin import lock_in
from gvcpos.spatial import (
    DynamicSpatialPanel,
    JoinCounts,
    LisaPaths,
    LocalMoran,
    Markov,
    Moran,
    PooledMoran,
    SpatialPanel,
    Weights,
    directional_lisa,
    moran_by_year,
    residual_moran,
    specification_path,
)

N, T = 8, 5
IDS = [f"c{i}" for i in range(N)]


def ring() -> Weights:
    eye = np.eye(N)
    return Weights.from_dense(IDS, (np.roll(eye, 1, 0) + np.roll(eye, -1, 0)) / 2)


def square(w: Weights) -> pd.DataFrame:
    """The weights as a labelled frame, rows and columns in two other orders."""
    return pd.DataFrame(w.dense(), w.ids, w.ids).iloc[::-1, np.roll(np.arange(w.n), 3)]


def libpysal_w(w: Weights) -> Any:
    return w.to_graph().to_W()


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    index = pd.MultiIndex.from_product([IDS, range(2000, 2000 + T)], names=["country", "year"])
    return pd.DataFrame(rng.normal(size=(N * T, 2)), index, ["y", "x"])


def series() -> pd.Series:
    return panel()["y"].xs(2001, level="year")


MAKES: dict[str, Callable[[Weights], Any]] = {"frame": square, "graph": Weights.to_graph, "W": libpysal_w}


def static(W: Any, **options: Any) -> float:
    return float(SpatialPanel.from_formula("y ~ x", panel(), W, **options).fit().loglik)


USES: dict[str, Callable[[Any], Any]] = {
    "from_formula": static,
    "constructor": lambda W: SpatialPanel(panel()["y"], panel()["x"], W).fit().loglik,
    "by period": lambda W: static(dict.fromkeys(range(2000, 2000 + T), W)),
    "error_weights": lambda W: static(ring(), model="sem", error_weights=W),
    "x_weights": lambda W: static(ring(), x_weights=W),
    "x_weights by name": lambda W: static(ring(), x_weights={"x": W}),
    "dynamic": lambda W: DynamicSpatialPanel(panel()["y"], panel()["x"], W).fit().loglik,
    "path": lambda W: specification_path("y ~ x", panel(), W, order=["lm"]).result.loglik,
    "Moran": lambda W: Moran(series(), W, permutations=9).I,
    "JoinCounts": lambda W: JoinCounts(series() > 0, W, permutations=9).joins,
    "LocalMoran": lambda W: LocalMoran(series(), W, permutations=9).frame["local_I"].sum(),
    "PooledMoran": lambda W: PooledMoran(panel(), "y", W, permutations=9).I,
    "moran_by_year": lambda W: moran_by_year(panel(), "y", W, permutations=9)["I"].sum(),
    "moran_by_year, a mapping": lambda W: moran_by_year(
        panel(), "y", dict.fromkeys(range(2000, 2000 + T), W), permutations=9
    )["I"].sum(),
    "residual_moran": lambda W: residual_moran(series() - series().mean(), W).I,
    "LisaPaths": lambda W: LisaPaths(panel(), "y", W).frame["lag"].abs().sum(),
    "directional_lisa": lambda W: directional_lisa(panel(), "y", W, 2000, 2004, permutations=9).frame["angle"].sum(),
    "Markov": lambda W: Markov(panel(), "y", W, classes=2).shorrocks,
}


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.GvcposWarning")
@pytest.mark.parametrize("use", USES)
def test_labelled_weights_of_any_make_are_taken_and_an_array_is_refused(use: str) -> None:
    wanted = USES[use](ring())
    for make, made in MAKES.items():
        assert USES[use](made(ring())) == pytest.approx(wanted, rel=1e-8), make
    with pytest.raises(InputError, match=r"is a ndarray.*from_graph.*from_square.*from_dense"):
        USES[use](ring().dense())


def test_made_once_and_kept() -> None:
    w = ring()
    assert Weights.of(w) is w
    assert Weights.of(square(w)).ids == tuple(square(w).index)
    assert Moran(series(), square(w), permutations=9).weights.kind == "custom"


def test_a_frame_that_is_no_square_says_what_to_do() -> None:
    with pytest.raises(LabelError, match=r"W: .*columns of the weights.*from_edges"):
        SpatialPanel.from_formula("y ~ x", panel(), ring().to_frame())


def test_lock_in_says_what_weights_it_takes() -> None:
    with pytest.raises(InputError, match=r"weights is a ndarray.*from_graph"):
        lock_in(panel().reset_index(), ring().dense())


def test_an_array_of_values_has_no_labels() -> None:
    with pytest.raises(InputError, match=r"the values are a ndarray.*Series.*index=weights.ids"):
        Moran(series().to_numpy(), ring())
    with pytest.raises(InputError, match=r"the classes are a list.*Series"):
        JoinCounts(list("aabbaabb"), ring())
    with pytest.raises(InputError, match=r"the panel is a ndarray.*DataFrame or Series"):
        PooledMoran(panel().to_numpy(), "y", ring())
    with pytest.raises(InputError, match=r"the residuals are a ndarray.*Series"):
        residual_moran(series().to_numpy(), ring())
