"""Shares of split cells: each row is a GRAS of two rows, also for tiny shares and negative cells."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import EstimationError
from gvcpos.tables.balancing import gras, shift_shares


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([1e-9, 1e-4, 0.3, 0.9]), factor=st.floats(0.1, 1.05))
def test_a_row_is_gras_of_two_rows(seed: int, size: float, factor: float) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(1.0, 50.0, 12) * rng.choice([1.0, 1.0, 1.0, -1.0], 12)
    shares = np.clip(size * rng.uniform(0.5, 1.08, 12), 0, 0.97)
    wanted = factor * float(values @ shares)
    found = shift_shares(values[None], shares[None], np.array([wanted]))[0]
    assert float(values @ found) == pytest.approx(wanted, rel=1e-10, abs=1e-14 * np.abs(values).sum())
    two = gras(np.stack([values * shares, values * (1 - shares)]), [wanted, values.sum() - wanted], values)
    # the sums of GRAS hold relative to the cells, its first row thus to fewer digits where it is tiny
    np.testing.assert_allclose(values * found, two.matrix[0], rtol=1e-7, atol=1e-9 * size)


def test_rows_are_independent_and_zeros_and_ones_stay() -> None:
    values = np.array([[10.0, 20, 30], [5, 5, 5], [7, 8, 9], [1, 2, 3]])
    shares = np.array([[0.1, 0.0, 0.2], [1, 1, 1], [0, 0, 0], [0.5, 1.0, 0.5]])
    found = shift_shares(values, shares, np.array([14.0, 15.0, 0.0, 2.4]))
    assert found[0, 1] == 0.0
    assert found[3, 1] == 1.0
    np.testing.assert_array_equal(found[1:3], shares[1:3])
    np.testing.assert_allclose((values * found).sum(axis=1), [14, 15, 0, 2.4], rtol=1e-14)
    odds = found[0, [0, 2]] / (1 - found[0, [0, 2]]) * 9 / np.array([1, 9 / 4])
    assert odds[0] == pytest.approx(odds[1])


def test_what_the_cells_cannot_hold_is_refused() -> None:
    with pytest.raises(EstimationError, match=r"row 1 cannot sum to 31: the closest is 30"):
        shift_shares(np.full((2, 3), 10.0), np.full((2, 3), 0.5), np.array([20.0, 31.0]))
    with pytest.raises(EstimationError, match="row 0 cannot sum to 1"):
        shift_shares(np.full((1, 3), 10.0), np.zeros((1, 3)), np.array([1.0]))
