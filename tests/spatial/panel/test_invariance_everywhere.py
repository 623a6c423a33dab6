"""What must not matter does not matter in any family: static, random, dynamic, moments; every model, all effects.

The default suite draws cases; the slow test goes through all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from gvcpos.spatial import DynamicSpatialPanel, SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.families import ALL, ERRORS, Case, drawn

few = settings(max_examples=25, deadline=None)
CASES, SEEDS = st.sampled_from(ALL), st.integers(0, 20)
LAGGED = {"rho", "lambda", "eta"}
FREE = {"rho", "lambda", "tau", "eta", "phi"}
TOLERANCE = {"rtol": 2e-5, "atol": 2e-7}


class NotDefinedError(Exception):
    """The case has no such invariance, or no estimate in this draw."""


def require(condition: bool) -> None:
    if not condition:
        raise NotDefinedError


def pair(one: Any, two: Any) -> tuple[Any, Any]:
    require(one is not None and two is not None)
    return one, two


def same(got: Any, want: Any, scale: np.ndarray | float = 1.0, *, shift: dict[str, float] | None = None) -> None:
    """Parameters and errors agree after scaling; `shift` are parameters that move, whose errors may too."""
    moved = pd.Series(shift or {}, dtype=float).reindex(want.params.index, fill_value=0.0)
    np.testing.assert_allclose(got.params, want.params * scale + moved, **TOLERANCE)
    keep = [name not in (shift or {}) for name in want.params.index]
    errors = want.std_errors * np.abs(scale)
    np.testing.assert_allclose(got.std_errors[keep], errors[keep], rtol=2e-4, atol=1e-8)


def order(case: Case, seed: int) -> None:
    """Units in any order; years too, where there is no past."""
    y, X, W = drawn(case, seed)
    rng, n = np.random.default_rng(seed), W.n
    units = rng.permutation(n)
    years = np.arange(len(y)) if case.family == "dynamic" else rng.permutation(len(y))
    moved = Weights.from_dense([f"r{i}" for i in range(n)], W.dense()[np.ix_(units, units)])
    got, want = pair(case.fit(y[np.ix_(years, units)], X[np.ix_(years, units)], moved), case.fit(y, X, W))
    same(got, want)


def labels(case: Case, seed: int) -> None:
    """Rows of the frame shuffled, ids of W in another order, every unit renamed."""
    y, X, W = drawn(case, seed)
    rng, (T, n) = np.random.default_rng(seed), y.shape
    names = np.array([f"{'zyxwv'[i % 5]}{i}" for i in rng.permutation(n)])
    units = rng.permutation(n)
    moved = Weights.from_dense(list(names[units]), W.dense()[np.ix_(units, units)])
    frame = pd.DataFrame({"id": np.tile(names, T), "year": np.repeat(np.arange(2000, 2000 + T), n), "y": y.ravel()})
    frame = frame.assign(x1=X[:, :, 0].ravel(), x2=X[:, :, 1].ravel()).sample(frac=1, random_state=seed)
    frame = frame.set_index(["id", "year"])
    options: dict[str, Any] = {"model": case.model, "effects": case.effects, "method": case.method}
    if case.error == "kkp":
        options["random_error"] = "kkp"
    maker = DynamicSpatialPanel if case.family == "dynamic" else SpatialPanel
    panel = maker(frame["y"], frame[["x1", "x2"]], moved, **options)
    got, want = pair(case.fitted(panel), case.fit(y, X, W))
    same(got, want)


def currency(case: Case, seed: int) -> None:
    """y in other units, x1 in others and with its sign turned."""
    y, X, W = drawn(case, seed)
    got, want = pair(case.fit(100.0 * y, X * np.array([-0.01, 1.0]), W), case.fit(y, X, W))
    scale = np.array([
        1.0 if name in FREE else 100.0 / (-0.01 if name in {"x1", "W*x1"} else 1.0) for name in want.params.index
    ])  # fmt: skip
    same(got, want, scale)
    assert got.sigma2 == pytest.approx(1e4 * want.sigma2, rel=1e-5)


def weights(case: Case, seed: int) -> None:
    """W times c, and rho, lambda, eta and theta over c.

    Not the moments of a spatial error: their first step weighs M and M'M alike, as its authors do, so that the scale of
    M moves it within its sampling error.
    """
    require(case.method == "direct" or case.effects in {"none", "entity"})
    require(not (case.family == "gmm" and case.model in ERRORS))
    y, X, W = drawn(case, seed)
    other = Weights.from_dense(W.ids, 0.4 * W.dense())
    got, want = pair(case.fit(y, X, other), case.fit(y, X, W))
    scale = np.array([2.5 if name in LAGGED or name.startswith("W*") else 1.0 for name in want.params.index])
    same(got, want, scale)


def constants(case: Case, seed: int) -> None:
    """y + 5 and x1 + 3 move the constant by 5 (1 - rho - tau - eta) - 3 (beta + theta), and nothing without one."""
    y, X, W = drawn(case, seed)
    got, want = pair(case.fit(y + 5.0, X + np.array([3.0, 0.0]), W), case.fit(y, X, W))
    p = want.params
    persistent = sum(p.get(name, 0.0) for name in ("rho", "tau", "eta"))
    move = 5.0 * (1.0 - persistent) - 3.0 * (p["x1"] + p.get("W*x1", 0.0))
    same(got, want, shift={"Intercept": move} if "Intercept" in p.index else None)


def blocks(case: Case, seed: int) -> None:
    """The same world twice, side by side, is the world once with half the variance."""
    require(case.effects in {"none", "entity"} or (case.family in {"static", "random"} and case.method == "direct"))
    y, X, W = drawn(case, seed)
    ids = [f"{side}{name}" for side in "ab" for name in W.ids]
    both = Weights.from_dense(ids, np.kron(np.eye(2), W.dense()))
    got, want = pair(case.fit(np.tile(y, 2), np.tile(X, (1, 2, 1)), both), case.fit(y, X, W))
    if case.family == "gmm" and case.effects == "random":
        return
    np.testing.assert_allclose(got.params, want.params, **TOLERANCE)
    np.testing.assert_allclose(got.std_errors, want.std_errors / np.sqrt(2.0), rtol=2e-4)


CHECKS: list[Callable[[Case, int], None]] = [order, labels, currency, weights, constants, blocks]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_drawn_cases(check: Callable[[Case, int], None]) -> None:
    def defined(case: Case, seed: int) -> None:
        try:
            check(case, seed)
        except NotDefinedError:
            reject()

    few(given(case=CASES, seed=SEEDS)(defined))()


def test_two_different_worlds_are_two_estimates() -> None:
    """Different worlds that do not touch: least squares of a model with a dummy of each is separate estimation."""
    for seed in range(3):
        one, two = (drawn(ALL[0], 10 * seed + k, n=12 + k) for k in range(2))
        W = Weights.from_dense(
            [f"a{name}" for name in one[2].ids] + [f"b{name}" for name in two[2].ids],
            np.block([[one[2].dense(), np.zeros((12, 13))], [np.zeros((13, 12)), two[2].dense()]]),
        )
        zeros = [np.zeros_like(part[1]) for part in (one, two)]
        X = np.concatenate(
            [np.concatenate([one[1], zeros[0]], axis=2), np.concatenate([zeros[1], two[1]], axis=2)], axis=1
        )
        y = np.concatenate([one[0], two[0]], axis=1)
        joint = SpatialPanel.from_arrays(y, X, W, model="slx", effects="entity").fit()
        for place, part in enumerate((one, two)):
            alone = SpatialPanel.from_arrays(*part, model="slx", effects="entity").fit()
            names = [f"{lag}x{j + 1 + 2 * place}" for lag in ("", "W*") for j in range(2)]
            np.testing.assert_allclose(joint.params[names], alone.params, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("case", ALL, ids=lambda c: f"{c.family}-{c.model}-{c.effects}-{c.method}-{c.error}")
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_every_case(check: Callable[[Case, int], None], case: Case) -> None:
    checked = 0
    for seed in range(2):
        with suppress(NotDefinedError):
            check(case, seed)
            checked += 1
    if not checked:
        pytest.skip("no such invariance in this case")
