"""Every identity that methods name for the indices built here, to 1e-9, on real and random tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests import shared
from tests.accounting.worlds import close, random_world, worlds

TABLES = {
    "wiod2011": shared.wiod2011,
    "wiod2005": lambda: shared.wiod_year(2005),
    "lrwiod2000": shared.lrwiod2000,
    "random": lambda: random_world(7, 9, 11, zero=4, negative=True, autarkic=True),
}


@pytest.fixture(scope="module", params=list(TABLES))
def accounts(request: pytest.FixtureRequest) -> ValueAddedAccounts:
    return ValueAddedAccounts(TABLES[request.param]())


def check_system(a: ValueAddedAccounts) -> None:
    """v'B = u, u_s = v_s L_ss + Σ u A_ts L_ss, B_ss = L_ss(I + M_s), A_sr x_r = A_sr L_rr (Y_rr + e_r), Σva = Σy."""
    flows, system = a.flows, a.system
    live = flows.x != 0
    close(flows.value_in[live], np.ones(live.sum()))
    m = system.local_transposed(system.foreign_transposed(np.ones_like(flows.x)))
    close((flows.w + m)[live], np.ones(live.sum()))
    blocks = system.diagonal_blocks()
    s = np.arange(system.G)
    A = system.A.reshape(system.G, system.N, system.G, system.N)
    B = system.inverse().reshape(A.shape)
    M = np.einsum("inkm,kmip->inp", A, B, optimize=True) - A[s, :, s, :] @ blocks
    close(blocks, system.L @ (np.eye(system.N) + M))
    close(flows.x, system.local(flows.y_domestic + flows.exports))
    close(flows.va.sum(), flows.y.sum())


def check_splits(a: ValueAddedAccounts) -> None:
    """WWYZ parts add up to va and to y, and their totals agree; lengths add up: PLv = U, PLy = D, Σ x U = Σ x D."""
    forward, backward = a._splits
    for split in (forward, backward):
        close(split.domestic + split.traditional + split.simple + split.complex, split.total)
    for part in ("domestic", "traditional", "simple", "complex"):
        close(getattr(forward, part).sum(), getattr(backward, part).sum(), size=float(a.flows.va.sum()))
    for stages in a._stages:
        gvc = stages.before + stages.crossings + stages.after
        close(stages.induced_domestic + stages.induced_traditional + gvc, stages.induced)
    s = a.indices(split_foreign=False)
    y = a.flows.y
    lived = (s.va != 0) & (s.x != 0)
    close(s.plv[lived], s.upstreamness[lived])
    sold = (y != 0) & (s.x != 0)
    close(s.ply[sold], s.downstreamness[sold])
    close((s.x * s.upstreamness).sum(), (s.x * s.downstreamness).sum())


def check_exports(a: ValueAddedAccounts) -> None:
    """Borin–Mancini terms add up by sector and country; the tripartite vectors give GVCF and GVCB."""
    flows, system = a.flows, a.system
    # WIOD 2000-2010 has cells without output whose final uses cancel (2 at home, -2 abroad): value without origin.
    orphan = np.where(flows.x == 0, flows.exports, 0.0)
    for by, lost in (("sector", orphan), ("country", system.country_sums(orphan))):
        t = a.exports(by)
        size = float(np.abs(t.GEXP).max())
        close(t.DVA + t.DDC + t.FVA + t.FDC, t.GEXP - lost, size=size)
        close(t.DC + t.FC, t.GEXP - lost, size=size)
        close(t.FVA + t.FDC, t.FC, size=size)
        close(t.VAX + t.REF, t.DVA, size=size)
        close(t.VAX1 + t.VAX2 + t.VAX3 + t.VAX4, t.VAX, size=size)
        close(t.REF1 + t.REF2, t.REF, size=size)
        close(t.VAX1 + t.VAX2, t.DAVAX, size=size)
        close(t.GVCB + t.GVCF, t.GVC - lost, size=size)
        close(t.GVCB, t.FVA + t.FDC + t.DDC, size=size)
    q1 = flows.y_foreign + system.foreign(system.local(flows.y_domestic))
    q2 = system.foreign(system.local(flows.exports - orphan))
    m = system.local_transposed(system.foreign_transposed(np.ones_like(flows.x)))
    t = a.exports("sector")
    live = flows.x != 0
    close((flows.w * q2)[live], t.GVCF[live], size=size)
    close((m * (q1 + q2))[live], t.GVCB[live], size=size)
    close((q1 + q2)[live], t.GEXP[live], size=size)
    totals = a.exports("country")
    close(a.vax("country").vax_origin, totals.VAX, size=float(totals.GEXP.abs().max()))


@pytest.mark.parametrize("check", [check_system, check_splits, check_exports])
def test_identities_hold(accounts: ValueAddedAccounts, check) -> None:
    check(accounts)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_identities_hold_in_any_world(table: IOTable) -> None:
    accounts = ValueAddedAccounts(table)
    for check in (check_system, check_splits, check_exports):
        check(accounts)


def test_los_timmer_de_vries_extraction() -> None:
    """DVA_s is the GDP that vanishes when s exports nothing (Los, Timmer & de Vries 2016)."""
    table = random_world(3, 4, 5, zero=1, negative=True)
    accounts = ValueAddedAccounts(table)
    dva = accounts.exports("country").DVA
    N = table.shape[1]
    for s in range(4):
        rows = slice(s * N, (s + 1) * N)
        A, F = accounts.system.A, table.final_demand.copy()
        outside = np.ones(len(table.x), dtype=bool)
        outside[rows] = False
        A[rows, outside] = 0.0
        F[rows, np.arange(4) != s] = 0.0
        x = np.linalg.solve(np.eye(len(table.x)) - A, F.sum(axis=1))
        close(dva[s], (accounts.flows.v * (table.x - x))[rows].sum())


def test_identities_hold_to_the_tables_own_error() -> None:
    """With published x and va the identities fail by no more than the rounding that validate reports."""
    from gvcpos.tables import IOTable as Table

    exact = shared.lrwiod2000()
    rng = np.random.default_rng(5)
    rounded = Table.from_arrays(
        exact.Z,
        exact.Y,
        va=exact.va_total * (1 + 1e-6 * rng.standard_normal(len(exact.x))),
        x=exact.x * (1 + 1e-8 * rng.standard_normal(len(exact.x))),
        countries=exact.countries,
        sectors=exact.sectors,
        final_categories=exact.final_categories,
        tolerance=10.0,
        year=2000,
    )
    assert not rounded.validate(1e-3).ok
    a, b = ValueAddedAccounts(exact).indices(), ValueAddedAccounts(rounded).indices()
    for column in a.columns[3:]:
        mine, other = a[column].to_numpy(), b[column].to_numpy()
        np.testing.assert_allclose(mine, other, rtol=0, atol=2e-4 * np.nanmax(np.abs(mine)))
