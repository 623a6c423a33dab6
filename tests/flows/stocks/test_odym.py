"""The published example of ODYM's dynamic stock model, by its own convention of time.

Inputs and expected figures: `odym/modules/test/DSM_test_known_results.py` of github.com/IndEcol/ODYM (Pauliuk & Heeren
2020, J. Ind. Ecol. 24:446), there said to be computed independently with a spreadsheet. Its normal lifetimes are not
truncated: what lies below 0 leaves in the year it came in. Its conversion of mean and sd of a log-normal lifetime is
right only where both are equal, as they are in its example.
"""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos.flows.stocks import (
    Lifetime,
    cohort_matrix,
    inflow_driven,
    legacy_of_stock,
    outflow_by_convolution,
    outflow_shares,
    remaining_shares,
    stock_driven,
)

INFLOW = np.arange(1.0, 11.0)[:, None]
NORMAL = Lifetime.of("normal", mean=5.0, sd=1.5, truncated=False)
WEIBULL = Lifetime.of("weibull", shape=1.2, scale=1.0)
FIXED = Lifetime.of("fixed", mean=5.0)

STOCK = {
    "fixed": [1, 3, 6, 10, 15, 20, 25, 30, 35, 40],
    "normal": [
        0.99957094, 2.9953115, 5.96830193, 9.85008113, 14.4793678, 19.60865447, 24.99043368, 30.46342411, 35.95916467,
        41.45873561,
    ],
    "weibull": [
        1, 2.367879441, 3.836279069, 5.328499576, 6.825822547, 8.324154666, 9.822673522, 11.321225, 12.8197819,
        14.31833966,
    ],
}  # fmt: skip
OUTFLOW = {
    "fixed": [0, 0, 0, 0, 0, 1, 2, 3, 4, 5],
    "normal": [
        4.29060333e-04, 4.25944090e-03, 2.70095728e-02, 1.18220793e-01, 3.70713330e-01, 8.70713330e-01, 1.61822079,
        2.52700957, 3.50425944, 4.50042906,
    ],
    "weibull": [
        0, 0.632120559, 1.531600372, 2.507779493, 3.502677029, 4.50166788, 5.501481144, 6.501448519, 7.5014431,
        8.501442241,
    ],
}  # fmt: skip
LAST_ROW = {  # stock by vintage at the end of the last year
    "fixed": [0, 0, 0, 0, 0, 6, 7, 8, 9, 10],
    "normal": [
        3.83038057e-03, 4.55002639e-02, 2.73633659e-01, 1.00997015, 2.5, 4.48504477, 6.36152146, 7.81799894, 8.96552657,
        9.99570940,
    ],
    "weibull": [
        8.59762e-07, 1.08366e-05, 9.78769e-05, 0.000746944, 0.005045743, 0.030614786, 0.166746152, 0.804161493,
        3.310914971, 10,
    ],
}  # fmt: skip
LIFETIMES = {"fixed": FIXED, "normal": NORMAL, "weibull": WEIBULL}


def matrix(lifetime: Lifetime, years: int = 10) -> np.ndarray:
    return cohort_matrix(remaining_shares(lifetime, years, "end"), years)


@pytest.mark.parametrize("name", LIFETIMES)
def test_stock_and_outflow_by_vintage_from_inflow(name: str) -> None:
    cohorts = inflow_driven(INFLOW, matrix(LIFETIMES[name]))
    np.testing.assert_allclose(cohorts.total[:, 0], STOCK[name], atol=2e-8)
    np.testing.assert_allclose(cohorts.leaving[:, 0], OUTFLOW[name], atol=2e-8)
    np.testing.assert_allclose(cohorts.stock[-1, :, 0], LAST_ROW[name], atol=2e-8)
    convolved = outflow_by_convolution(INFLOW, outflow_shares(LIFETIMES[name], 10, "end"))
    np.testing.assert_allclose(convolved[:, 0], OUTFLOW[name], atol=2e-8)


@pytest.mark.parametrize("name", LIFETIMES)
def test_inflow_from_stock(name: str) -> None:
    cohorts = stock_driven(np.array(STOCK[name], dtype=float)[:, None], matrix(LIFETIMES[name]))
    np.testing.assert_allclose(cohorts.inflow, INFLOW, atol=3e-8)
    np.testing.assert_allclose(cohorts.leaving[:, 0], OUTFLOW[name], atol=3e-8)


def test_lognormal_lifetime() -> None:
    inflow = np.zeros((61, 1))
    inflow[:20, 0] = [1, 2, 3, 4, 5, 6, 7, 8, 2, 3, 5, 6, 7, 1, 2, 4, 5, 6, 7, 3]
    lifetime = Lifetime.of("lognormal", mean=20.0, sd=20.0)
    assert inflow_driven(inflow, matrix(lifetime, 61)).total[60, 0] == pytest.approx(5.8693165260386, abs=1e-9)


def test_stock_driven_from_a_stock_of_known_ages() -> None:
    legacy = legacy_of_stock(np.array([3.0, 5.0, 2.0, 4.0])[:, None], remaining_shares(NORMAL, 9, "end"), 5)
    cohorts = stock_driven(np.array([18.0, 20, 20, 20, 20])[:, None], matrix(NORMAL, 5), legacy)
    expected = [4.93639364, 3.87383821, 2.78892598, 3.36324466, 3.66568266]
    np.testing.assert_allclose(cohorts.inflow[:, 0], expected, atol=1e-8)
    first = [2.46759471, 4.64972578, 1.962015, 3.98638888, 4.93427563, 0, 0, 0, 0]
    np.testing.assert_allclose(cohorts.stock[0, :, 0], first, atol=1e-8)
    last = [0.22599670, 0.82517953, 0.49691831, 0.99045481, 0.79614807, 0.26520718, 0.05276579, 0.01143947, 0.00157280]
    np.testing.assert_allclose(cohorts.outflow[-1, :, 0], last, atol=1e-8)
    assert cohorts.before == pytest.approx(14.0)


def test_surplus_is_scrapped_from_all_vintages_alike() -> None:
    stock = np.array([0, 0, 1, 2, 3, 5, 6, 8, 8, 6, 6, 6, 6, 6, 8.0])[:, None]
    share = matrix(Lifetime.of("normal", mean=8.0, sd=3.0, truncated=False), 15)
    negative = stock_driven(stock, share, surplus="negative").inflow[:, 0]
    expected = [
        0, 0, 1.003845108798, 1.009876170898, 1.022946871294, 2.052181974193, 1.098597211758, 2.178632487261,
        0.2864589383765, -1.57838035116, 0.5823071731028, 0.7368688072826, 0.8609818446092, 0.9303172472582,
        2.940380920226,
    ]  # fmt: skip
    np.testing.assert_allclose(negative, expected, atol=1e-11)
    scrapped = stock_driven(stock, share, surplus="scrap")
    corrected = [0, 0.468909567774503, 0.600148064601485, 0.7138380402455925, 0.7922474677487478, 2.832866490884595]
    np.testing.assert_allclose(scrapped.inflow[9:, 0], corrected, atol=1e-12)
    np.testing.assert_allclose(scrapped.total, stock, atol=1e-13)
    np.testing.assert_allclose(scrapped.residual, 0.0, atol=1e-13)
