"""Size and power of the tests by simulation: 5 % under the null, most gross errors found and rightly named."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from gvcpos.flows import FlowSystem
from gvcpos.flows.balance.fitting import Fit, fitted
from gvcpos.flows.balance.reconciliation import Spread
from gvcpos.flows.balance.testing import chi_squared, gross_errors, holm
from gvcpos.flows.system import DataVector
from tests.flows.small import system

# All flows are measured, by values that agree exactly: 3 redundant equations.
FLOWS = """
ore: {from: outside, to: a, value: {value: 100, unit: kt, uncertainty: {relative: 0.04}}}
waste: {from: a, to: outside, value: {value: 20, unit: kt, uncertainty: {relative: 0.08}}}
forth: {from: a, to: b, value: {value: 120, unit: kt, uncertainty: {relative: 0.04}}}
back: {from: b, to: a, value: {value: 40, unit: kt, uncertainty: {relative: 0.06}}}
out: {from: b, to: c, value: {value: 80, unit: kt, uncertainty: {relative: 0.04}}}
sold: {from: c, to: outside, value: {value: 50, unit: kt, uncertainty: {relative: 0.05}}}
rest: {from: c, to: outside, value: {value: 30, unit: kt, uncertainty: {relative: 0.05}}}
"""


@cache
def years_of(times: int) -> FlowSystem:
    found = system("a: {}\nb: {}\nc: {}", FLOWS, years=f"{{first: 1900, last: {1899 + times}}}")
    assert found.balance().point.solver.redundancy == 3
    return found


def repeated(times: int, rng: np.random.Generator, wrong: str | None = None, by: float = 0.0) -> tuple[Fit, DataVector]:
    """Reconcile `times` draws of the data at once: each is a year of its own, which shares nothing with the others."""
    found = years_of(times)
    sd = found.data.sd
    data = found.data.values + sd * rng.standard_normal(sd.shape)
    if wrong is not None:
        at = found.data.at([wrong])
        data[:, at] += by * sd[:, at]
    spread = Spread.of(sd, np.zeros(len(found.data), dtype=bool))
    return fitted(found.solver.solver, data, spread, lambda t, _: str(t)), found.data


def test_a_gross_error_is_named() -> None:
    """A flow seven standard deviations too high: the test rejects and points at it in nearly every sample."""
    fit, data = repeated(20, np.random.default_rng(1), "out", 7.0)
    assert (chi_squared(fit)[:, 2] < 0.05).mean() > 0.9
    worst = gross_errors(fit, data).sort_values("pvalue").groupby("year")["datum"].first()
    assert (worst == "out").mean() > 0.8


def test_holm_is_that_of_statsmodels() -> None:
    pvalues = np.random.default_rng(4).random(9) ** 3
    assert np.allclose(holm(pvalues), multipletests(pvalues, method="holm")[1], rtol=1e-14)


@pytest.mark.slow
def test_size_of_chi_squared_and_of_gross_error_tests() -> None:
    rng = np.random.default_rng(2)
    pvalues, flagged = [], []
    for _ in range(40):
        fit, data = repeated(25, rng)
        pvalues.append(chi_squared(fit)[:, 2])
        assert (chi_squared(fit)[:, 1] == 3).all()
        flagged.append(gross_errors(fit, data).groupby("year")["suspicious"].any())
    size, family = np.mean(np.concatenate(pvalues) < 0.05), np.mean(np.concatenate(flagged))
    assert size == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / 1000))
    assert family <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 1000)  # Holm: at most
    assert family > 0.02


@pytest.mark.slow
def test_power_rises_with_the_error() -> None:
    rng = np.random.default_rng(3)
    power = []
    for by in (2.0, 4.0, 6.0):
        fit, data = repeated(40, rng, "out", by)
        frame = gross_errors(fit, data)
        power.append(frame[frame["datum"] == "out"]["suspicious"].mean())
    assert power[0] < power[1] < power[2]
    assert power[2] > 0.9
