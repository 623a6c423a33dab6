"""Vector forms against the slow oracle with its full inverse and printed formulas."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.dense import Dense
from tests.accounting.worlds import close, random_world, worlds
from tests.shared import lrwiod2000


def compare(table: IOTable) -> None:
    accounts, oracle = ValueAddedAccounts(table), Dense(table)
    size = float(np.abs(table.x).max())
    terms = accounts.exports("sector")
    for name, value in oracle.borin_mancini().items():
        close(terms[name], value, size=size)
    for mine, value in zip(accounts._kpww_values, oracle.kpww(), strict=True):
        close(mine, value, size=size)
    wwyz = oracle.wwyz()
    for axis, split in zip((1, 0), accounts._splits, strict=True):
        for name, matrix in wwyz.items():
            close(getattr(split, name), matrix.sum(axis=axis), size=size)
    for axis, stages in zip((1, 0), accounts._stages, strict=True):
        for name, matrix in oracle.lengths().items():
            close(getattr(stages, name), matrix.sum(axis=axis), size=size)
    close(accounts.upstreamness().upstreamness, oracle.upstreamness())
    loose = np.concatenate(
        [oracle.V(s) * oracle.total(oracle.B(s, r) @ oracle.e[r] for r in oracle.others(s)) for s in oracle.countries]
    )
    kpww, exports = accounts.kpww("sector"), accounts.flows.exports
    traded = exports != 0
    close(kpww.fexdva[traded] * exports[traded], loose[traded], size=size)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_any_small_world(table: IOTable) -> None:
    compare(table)


def test_long_run_wiod_2000() -> None:
    compare(lrwiod2000())


@pytest.mark.parametrize("seed", [1, 2])
def test_a_larger_world(seed: int) -> None:
    compare(random_world(seed, 8, 9, zero=5, negative=True, autarkic=True))


def test_the_oracles_own_wwz_terms_add_up_to_exports() -> None:
    oracle = Dense(random_world(4, 5, 4, zero=1, negative=True))
    for s in oracle.countries:
        for r in oracle.others(s):
            close(sum(oracle.wwz(s, r).values()), oracle.e_pair(s, r))
