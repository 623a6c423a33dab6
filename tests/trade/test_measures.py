"""The numbers: against textbook cases, and what must not change them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gvcpos.trade import measures as m

FLOWS = arrays(float, (4, 3), elements=st.floats(0.0, 1e6).map(lambda v: 0.0 if v < 1e-3 else v))


def test_herfindahl_of_known_markets() -> None:
    flows = np.array([[1.0, 5.0, 0.0, 50.0], [1.0, 0.0, 0.0, 30.0], [1.0, 0.0, 0.0, 20.0], [1.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(m.herfindahl(flows), [0.25, 1.0, np.nan, 0.38])
    first, share = m.largest(flows)
    assert first.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(share, [0.25, 1.0, np.nan, 0.5])


@settings(max_examples=25, deadline=None)
@given(flows=FLOWS, scale=st.floats(1e-3, 1e3), seed=st.integers(0, 99))
def test_scale_and_order_of_partners_do_not_change_concentration(flows: np.ndarray, scale: float, seed: int) -> None:
    hhi = m.herfindahl(flows)
    np.testing.assert_allclose(m.herfindahl(scale * flows), hhi, rtol=1e-10)
    order = np.random.default_rng(seed).permutation(4)
    np.testing.assert_allclose(m.herfindahl(flows[order]), hhi, rtol=1e-12)
    np.testing.assert_allclose(m.largest(flows[order])[1], m.largest(flows)[1], rtol=1e-12)
    traded = flows.sum(axis=0) > 0
    assert ((hhi[traded] >= 0.25 - 1e-12) & (hhi[traded] <= 1 + 1e-12)).all()
    assert (m.largest(flows)[1][traded] >= hhi[traded] - 1e-12).all()  # the largest share is at least Σ s²


@settings(max_examples=20, deadline=None)
@given(flows=FLOWS)
def test_a_merger_of_suppliers_never_lowers_concentration(flows: np.ndarray) -> None:
    merged = np.vstack([flows[:2].sum(axis=0), flows[2:]])
    traded = flows.sum(axis=0) > 0
    assert (m.herfindahl(merged)[traded] >= m.herfindahl(flows)[traded] - 1e-12).all()


def test_growth() -> None:
    assert m.compound_growth(np.array([1270.0]), np.array([3520.0]), 5)[0] == pytest.approx(0.2262, abs=5e-5)
    np.testing.assert_allclose(m.compound_growth(np.array([0.0, 8.0]), np.array([3.0, 1.0]), 3), [np.nan, -0.5])
    values, years = np.array([2.0, 3.0, 0.0, 4.0, 6.0]), np.array([2000, 2001, 2002, 2003, 2005])
    np.testing.assert_allclose(m.yearly_growth(values, years), [np.nan, 0.5, -1.0, np.nan, np.nan])


def test_outliers_by_the_stated_rule() -> None:
    u = np.exp(np.array([0.0, 0.1, -0.1, 0.2, -0.2, 5.0]))
    group = np.zeros(6, dtype=int)
    assert m.outliers(u, group).tolist() == [False] * 5 + [True]
    assert not m.outliers(u, group, least=7).any()
    assert not m.outliers(u, group, cut=1e6).any()
    assert not m.outliers(np.array([1.0, 1.0, 1.0, 1.0, 9.0]), group[:5]).any()  # no spread
    assert m.outliers(np.array([*u, np.nan, 0.0]), np.zeros(8, dtype=int)).tolist() == [False] * 5 + [
        True,
        False,
        False,
    ]
    by_hand = np.log(u) - np.median(np.log(u))
    edge = np.abs(by_hand[5]) / (1.4826022185056018 * np.median(np.abs(by_hand)))
    assert not m.outliers(u, group, cut=edge * 1.0001)[5]
    assert m.outliers(u, group, cut=edge * 0.9999)[5]


@settings(max_examples=20, deadline=None)
@given(u=arrays(float, 12, elements=st.floats(0.01, 1e5)), scale=st.floats(0.1, 10.0), seed=st.integers(0, 99))
def test_units_and_order_do_not_change_outliers(u: np.ndarray, scale: float, seed: int) -> None:
    group = np.repeat([0, 1], 6)
    logs = np.log(u)
    for part in (logs[:6], logs[6:]):  # at the very edge of the rule rounding decides
        away = np.abs(part - np.median(part))
        if np.any(np.abs(away - 3.5 * 1.4826022185056018 * np.median(away)) < 1e-6):
            return
    found = m.outliers(u, group)
    assert (m.outliers(u * scale, group) == found).all()
    order = np.random.default_rng(seed).permutation(12)
    assert (m.outliers(u[order], group[order]) == found[order]).all()


def test_unit_values_and_mirror_gaps() -> None:
    np.testing.assert_allclose(
        m.unit_value(np.array([1.0, 1.0, 0.0]), np.array([100.0, np.nan, 5.0])), [1e4, np.nan, 0]
    )
    ratio, gap = m.mirror_gap(np.array([10.0, 4.0, np.nan, 0.0]), np.array([11.0, 2.0, 1.0, 3.0]))
    np.testing.assert_allclose(ratio, [1.1, 0.5, np.nan, np.nan])
    np.testing.assert_allclose(gap, [2 / 21, -2 / 3, np.nan, 2.0])
