"""GRAS: the published example, RAS where nothing is negative, and what scaling cannot change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.tables.balancing import gras, ras

# Junius & Oosterhaven (2003), table 1, as in Temurshoev, Miller & Bouwmeester (2013): goods, services, net taxes by
# goods, services, consumption, net exports.
EXAMPLE = np.array([[7.0, 3, 5, -3], [2, 9, 8, 0], [-2, 0, 2, 0]])
ROWS, COLUMNS = np.array([15.0, 26, -1]), np.array([9.0, 16, 17, -2])
# What doGRAS of the R package riot (O. Reiter, tests/testthat/test_doGRAS.R) gives; it stops at a change of 1e-6.
RIOT = np.array(
    [
        [8.424340881, 3.375237362, 5.200422021, -2.000000263],
        [3.000997078, 12.624763744, 10.374239178, 0],
        [-2.425339135, 0, 1.425339135, 0],
    ]
)


def signed(seed: int, m: int, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A prior with zeros and negative cells, and the sums of a matrix of the same signs."""
    rng = np.random.default_rng(seed)
    sign = rng.choice([1.0, 1.0, 1.0, -1.0, 0.0], (m, n))
    prior, solution = (sign * (rng.gamma(2.0, 1.0, (m, n)) + 0.1) for _ in range(2))
    return prior, solution.sum(axis=1), solution.sum(axis=0)


def test_the_published_example() -> None:
    found = gras(EXAMPLE, ROWS, COLUMNS)
    np.testing.assert_allclose(found.matrix, RIOT, atol=1.5e-6)
    np.testing.assert_allclose(found.matrix.sum(axis=1), ROWS, rtol=1e-11)
    np.testing.assert_allclose(found.matrix.sum(axis=0), COLUMNS, rtol=1e-11)


def test_it_is_the_least_informative_change() -> None:
    """The example of the 2003 paper with net exports of all three rows, against a general optimiser."""
    prior = np.array([[7.0, 3, 5, -3], [2, 9, 8, 1], [-2, 0, 2, 1]])
    cells = np.flatnonzero(prior)
    sums = np.zeros((7, prior.size))
    for i in range(3):
        sums[i, 4 * i : 4 * i + 4] = 1.0
    for j in range(4):
        sums[3 + j, j::4] = 1.0
    a = prior.ravel()[cells]
    best = minimize(
        lambda z: float(np.sum(np.abs(a) * (z * np.log(z) - z))),
        np.ones(len(cells)),
        jac=lambda z: np.abs(a) * np.log(z),
        bounds=[(1e-9, None)] * len(cells),
        constraints={
            "type": "eq",
            "fun": lambda z: sums[:6, cells] @ (a * z) - np.r_[ROWS, COLUMNS][:6],
            "jac": lambda z: sums[:6, cells] * a,
        },
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    np.testing.assert_allclose(gras(prior, ROWS, COLUMNS).matrix.ravel()[cells], a * best.x, atol=2e-5)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), m=st.integers(1, 8), n=st.integers(1, 8))
def test_sums_are_hit_signs_and_zeros_stay(seed: int, m: int, n: int) -> None:
    prior, rows, columns = signed(seed, m, n)
    found = gras(prior, rows, columns, tolerance=1e-11, max_iterations=300_000).matrix
    scale = np.abs(found).sum() + 1
    np.testing.assert_allclose(found.sum(axis=1), rows, atol=1e-9 * scale)
    np.testing.assert_allclose(found.sum(axis=0), columns, atol=1e-9 * scale)
    np.testing.assert_array_equal(np.sign(found), np.sign(prior))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), m=st.integers(1, 6), n=st.integers(1, 6))
def test_without_negative_cells_it_is_ras(seed: int, m: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    prior, solution = rng.gamma(1.0, 1.0, (2, m, n)) + 0.05
    sums = solution.sum(axis=1), solution.sum(axis=0)
    np.testing.assert_allclose(gras(prior, *sums).matrix, ras(prior, *sums).matrix, rtol=1e-9)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_units_order_and_sign_of_the_whole_change_nothing(seed: int) -> None:
    prior, rows, columns = signed(seed, 4, 5)
    loose = {"tolerance": 1e-11, "max_iterations": 300_000}
    found = gras(prior, rows, columns, **loose).matrix
    np.testing.assert_allclose(gras(1e-6 * prior, 1e-6 * rows, 1e-6 * columns, **loose).matrix, 1e-6 * found, rtol=1e-7)
    np.testing.assert_allclose(gras(-prior, -rows, -columns, **loose).matrix, -found, rtol=1e-7, atol=1e-9)
    i, j = np.random.default_rng(seed).permutation(4), np.random.default_rng(seed + 1).permutation(5)
    np.testing.assert_allclose(
        gras(prior[np.ix_(i, j)], rows[i], columns[j], **loose).matrix, found[np.ix_(i, j)], rtol=1e-7, atol=1e-9
    )
    np.testing.assert_allclose(gras(prior.T, columns, rows, **loose).matrix, found.T, rtol=1e-6, atol=1e-8)


def test_a_prior_with_the_sums_is_returned() -> None:
    prior, _, _ = signed(3, 4, 5)
    np.testing.assert_allclose(gras(prior, prior.sum(axis=1), prior.sum(axis=0)).matrix, prior, rtol=1e-12)


def test_rows_and_columns_without_positive_cells() -> None:
    prior = np.array([[1.0, 2, -1], [-1, -2, -3], [4, 1, -1]])
    rows, columns = np.array([3.0, -7, 5]), np.array([4.0, 2, -5])
    found = gras(prior, rows, columns).matrix
    np.testing.assert_allclose(found.sum(axis=1), rows, rtol=1e-10)
    np.testing.assert_allclose(found.sum(axis=0), columns, rtol=1e-10)
    np.testing.assert_array_equal(np.sign(found), np.sign(prior))


def test_a_sum_of_zero_empties_what_has_one_sign_only() -> None:
    found = gras([[1.0, 1, -1], [-1, -1, 0], [2, 0, 1]], [1.0, 0, 2], [2.0, 1, 0]).matrix
    assert not found[1].any()
    np.testing.assert_allclose(found.sum(axis=0), [2, 1, 0], atol=1e-10)


@pytest.mark.parametrize(
    ("prior", "rows", "columns", "says"),
    [
        ([[1, 1], [0, 0]], [1, 1], [1, 1], "row 1 of the prior has no positive cell, but a sum of 1 is wanted"),
        ([[1, 1], [1, 1]], [3, -1], [1, 1], "row 1 of the prior has no negative cell"),
        ([[1, -1], [1, -1]], [1, 1], [1, 1], "column 1 of the prior has no positive cell"),
        ([[1, 1], [1, 1]], [1, 1], [1, 2], "must be equal"),
        ([[1, np.inf], [1, 1]], [1, 1], [1, 1], r"prior\[0, 1\] is inf"),
        ([[1, 1], [1, 1]], [1, 1, 1], [1, 2], "does not fit"),
    ],
)
def test_what_cannot_be_asked_is_refused(prior: list, rows: list, columns: list, says: str) -> None:
    with pytest.raises(InputError, match=says):
        gras(prior, rows, columns)


def test_sums_that_the_zeros_rule_out_do_not_converge() -> None:
    with pytest.raises(EstimationError, match="did not converge: after 300 iterations"):
        gras([[1, 1], [0, 1]], [1.0, 3.0], [2.0, 2.0], max_iterations=300)


def test_inputs_are_left_alone() -> None:
    prior, rows = np.ones((2, 2)), np.array([0.0, 4.0])
    gras(prior, rows, [2.0, 2.0])
    assert (prior == 1).all()
