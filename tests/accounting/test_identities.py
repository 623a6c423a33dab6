"""Every identity that methods name for the indices built here, to 1e-9, on real and random tables.

Element by element: each cell is measured by what was added in it, not by the largest cell of its column (see
`worlds.adds_up`, which also says why). Blocks, coefficients and exports are written out below from the table and from
A, B and L, as the equations are printed; the indices come from the published frames, by sector and by country.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests import shared
from tests.accounting.worlds import adds_up, random_world, worlds

TABLES = {
    "wiod2011": shared.wiod2011,
    "wiod2005": lambda: shared.wiod_year(2005),
    "lrwiod2000": shared.lrwiod2000,
    "random": lambda: random_world(7, 9, 11, zero=4, negative=True, autarkic=True),
}


class World:
    """A table's accounts, and its blocks as printed: A^F, w = v_s L_ss, m = Σ_{t≠s} u A_ts L_ss, e, q1, q2."""

    def __init__(self, table: IOTable) -> None:
        self.table, self.accounts = table, ValueAddedAccounts(table)
        self.G, self.N = table.shape
        self.x, self.va, self.y = table.x, table.va_total, table.final_demand.sum(axis=1)
        self.live = self.x != 0
        system = self.accounts.system
        self.A, self.B, self.L = system.A, system.inverse(), system.L
        self.AF = self.A.copy()
        for s in range(self.G):
            self.AF[self.at(s), self.at(s)] = 0.0
        self.v = np.divide(self.va, self.x, out=np.zeros_like(self.x), where=self.live)
        self.w, self.m = self.local_row(self.v), self.local_row(self.AF.sum(axis=0))
        self.y_home = np.concatenate([table.final_demand[self.at(s), s] for s in range(self.G)])
        y_abroad = table.final_demand.copy()
        for s in range(self.G):
            y_abroad[self.at(s), s] = 0.0
        self.y_abroad = y_abroad.sum(axis=1)
        self.e = self.y_abroad + self.AF @ self.x
        # Some WIOD years have cells without output whose final uses cancel (2 at home, -2 abroad): value of no origin.
        self.orphan = np.where(self.live, 0.0, self.e)
        self.q1 = self.y_abroad + self.AF @ self.local(self.y_home)
        self.q2 = self.AF @ self.local(self.e - self.orphan)

    def at(self, s: int) -> slice:
        return slice(s * self.N, (s + 1) * self.N)

    def local(self, column: np.ndarray) -> np.ndarray:
        return np.einsum("sij,sj->si", self.L, column.reshape(self.G, self.N)).ravel()

    def local_row(self, row: np.ndarray) -> np.ndarray:
        return np.einsum("si,sij->sj", row.reshape(self.G, self.N), self.L).ravel()

    def level(self, values: np.ndarray, by: str) -> np.ndarray:
        return values if by == "sector" else values.reshape(self.G, self.N).sum(axis=1)

    @lru_cache(maxsize=2)  # noqa: B019, a world lives as long as its tests
    def frame(self, by: str) -> pd.DataFrame:
        return self.accounts.indices() if by == "sector" else self.accounts.country_indices()


LEVELS = ("sector", "country")


def filled(values: pd.Series) -> np.ndarray:
    """Values with 0 for the ratios that have no base: they are multiplied by that base."""
    return np.nan_to_num(values.to_numpy(float))


@pytest.fixture(scope="module", params=list(TABLES))
def world(request: pytest.FixtureRequest) -> World:
    return World(TABLES[request.param]())


def check_inverse(a: World) -> None:
    """v'B = u; u_s = v_s L_ss + Σ u A_ts L_ss; solves with the factors are products with B, either way."""
    one = np.ones_like(a.x)
    adds_up(one[a.live], (a.v @ a.B)[a.live], made_of=((np.abs(a.v) @ np.abs(a.B))[a.live],))
    adds_up(one[a.live], a.w[a.live], a.m[a.live])
    system = a.accounts.system
    adds_up(a.B @ a.y, system.solve(a.y), made_of=(np.abs(a.B) @ np.abs(a.y),))
    adds_up(a.v @ a.B, system.solve_transposed(a.v), made_of=(np.abs(a.v) @ np.abs(a.B),))
    adds_up(a.x, a.B @ a.y, made_of=(np.abs(a.B) @ np.abs(a.y),))


def check_blocks(a: World) -> None:
    """B_ss = L_ss (I + M_s), M_s = Σ A_sj B_js; A_sr x_r = A_sr L_rr (Y_rr + e_r), every pair; Σva = Σy."""
    need = a.local(a.y_home + a.e)
    size = a.local(np.abs(a.y_home) + np.abs(a.e))
    for s in range(a.G):
        here = a.at(s)
        M = a.AF[here] @ a.B[:, here]
        added = np.abs(a.L[s]) @ (np.eye(a.N) + np.abs(M))
        adds_up(a.B[here, here], a.L[s] @ (np.eye(a.N) + M), made_of=(added,))
        sold = a.A[:, here]
        adds_up(sold @ a.x[here], sold @ need[here], made_of=(np.abs(sold) @ np.abs(size[here]),))
    adds_up(a.va.sum(), a.y.sum(), made_of=(np.abs(a.va).sum(), np.abs(a.y).sum()))


def check_positions(a: World) -> None:
    """x U = x + Z U; D = 1 + D A; PLv = U and PLy = D; Σ x U = Σ x D."""
    s = a.frame("sector")
    U, D = filled(s.upstreamness), filled(s.downstreamness)
    adds_up(a.x * U, a.x, a.table.Z @ U, made_of=(np.abs(a.table.Z) @ np.abs(U),))
    adds_up(D[a.live], np.ones(a.live.sum()), (D @ a.A)[a.live], made_of=((np.abs(D) @ np.abs(a.A))[a.live],))
    lived, sold = (a.va != 0) & a.live, (a.y != 0) & a.live
    adds_up(s.plv[lived], s.upstreamness[lived])
    adds_up(s.ply[sold], s.downstreamness[sold])
    adds_up((a.x * U).sum(), (a.x * D).sum(), made_of=(np.abs(a.x * U).sum(), np.abs(a.x * D).sum()))


def check_participation(a: World) -> None:
    """WWYZ parts add up to va and to y, and each part has one world total, seen from either side."""
    names = ("domestic", "traditional", "simple", "complex")
    unshared = final_goods_without_a_total(a)
    for by in LEVELS:
        s = a.frame(by)
        views = {"forward": a.level(a.va, by), "backward": a.level(a.y, by)}
        money = {view: {k: filled(s[f"wwyz_{view}_{k}"]) * base for k in names} for view, base in views.items()}
        for view, base in views.items():
            adds_up(base, *money[view].values())
            adds_up(filled(s[f"wwyz_{view}"]) * base, money[view]["simple"], money[view]["complex"])
        for name, forward in money["forward"].items():
            backward = np.append(money["backward"][name], unshared[name] if by == "sector" else 0.0)
            adds_up(forward.sum(), backward.sum(), made_of=(np.abs(forward).sum(), np.abs(backward).sum()))


def final_goods_without_a_total(a: World) -> dict[str, np.ndarray]:
    """Parts of cells whose final uses cancel (1 at home, -1 abroad): they have flows, and no share of a total of 0."""
    none = (a.y == 0) & a.live
    simple = (a.local_row(a.w @ a.AF) * a.y_home)[none]
    return {
        "domestic": (a.w * a.y_home)[none],
        "traditional": (a.w * a.y_abroad)[none],
        "simple": simple,
        "complex": -simple,
    }


def check_lengths(a: World) -> None:
    """Value times stages: domestic, traditional and value chains add up; so do stages at home, crossings, abroad."""
    for by in LEVELS:
        s = a.frame(by)
        for side, view in (("plv", "forward"), ("ply", "backward")):
            shares = {k: filled(s[f"wwyz_{view}{k}"]) for k in ("_domestic", "_traditional", "")}
            parts = [
                share * filled(s[f"{side}{name}"])
                for name, share in zip(("_domestic", "_traditional", "_gvc"), shares.values(), strict=True)
            ]
            adds_up(filled(s[side]), *parts)
            inside = (s[f"{side}_gvc{part}"] for part in ("_home", "_crossings", "_abroad"))
            adds_up(filled(s[f"{side}_gvc"]), *(filled(part) for part in inside))


def check_exports(a: World) -> None:
    """Borin–Mancini terms add up, by exporting sector and by country."""
    for by in LEVELS:
        t = a.accounts.exports(by)
        gross, lost = a.level(a.e, by), a.level(a.orphan, by)
        adds_up(gross, t.GEXP, made_of=(a.level(np.abs(a.e), by),))
        adds_up(gross - lost, t.DVA, t.DDC, t.FVA, t.FDC, made_of=(gross, lost))
        adds_up(gross - lost, t.DC, t.FC, made_of=(gross, lost))
        adds_up(t.DC, t.DVA, t.DDC)
        adds_up(t.FC, t.FVA, t.FDC, made_of=(gross, t.DC))
        adds_up(t.DVA, t.VAX, t.REF)
        adds_up(t.VAX, t.VAX1, t.VAX2, t.VAX3, t.VAX4, made_of=(t.DVA, t.REF))
        adds_up(t.REF, t.REF1, t.REF2)
        adds_up(t.DAVAX, t.VAX1, t.VAX2)
        adds_up(t.GVC - lost, t.GVCB, t.GVCF, made_of=(gross, lost, t.DAVAX, t.DVA, t.DC))
        adds_up(t.GVCB, t.FVA, t.FDC, t.DDC, made_of=(gross, t.DC))
        adds_up(t.GVCF, t.DVA, -t.DAVAX)


def check_tripartite(a: World) -> None:
    """DVA = d e; GVCF = d q2 and GVCB = m (q1 + q2) by exporting sector; VAX by origin and by exporter are one sum."""
    t, live = a.accounts.exports("sector"), a.live
    d, q1, q2 = a.w, a.q1, a.q2
    for total, term, made_of in (
        (a.e, q1 + q2, (q1, q2)),
        (t.DVA, d * a.e, ()),
        (t.DAVAX, d * q1, (d * a.y_abroad,)),
        (t.GVCF, d * q2, (t.DVA, t.DAVAX)),
        (t.GVCB, a.m * (q1 + q2), (t.DC, t.GEXP)),
    ):
        adds_up(np.asarray(total)[live], term[live], made_of=tuple(np.asarray(p)[live] for p in made_of))
    totals, origin = a.accounts.exports("country"), a.accounts.vax("country").vax_origin
    adds_up(origin, totals.VAX, made_of=(totals.DVA, totals.REF))


def check_definitions(a: World) -> None:
    """Ratios are the ratios of what they name, VAX by origin is v̂ Σ (BY)_sr, and every frame tells one number."""
    absorbed = a.B @ a.table.final_demand
    for s in range(a.G):
        absorbed[a.at(s), s] = 0.0
    for by in LEVELS:
        s, terms = a.frame(by), a.accounts.exports(by)
        adds_up(a.level(a.x, by), s.x)
        adds_up(a.level(a.va, by), s.va)
        adds_up(s.exports, terms.GEXP)
        for name in terms.columns.intersection(s.columns).drop(["country", "sector", "year"], errors="ignore"):
            adds_up(terms[name], s[name], made_of=(s.exports,))
        adds_up(s.va, filled(s.va_rate) * s.x, a.level(np.where(a.live, 0.0, a.va), by))
        adds_up(a.level(a.y, by), filled(s.fgo) * s.x, a.level(np.where(a.live, 0.0, a.y), by))
        adds_up(a.level(a.v * absorbed.sum(axis=1), by), s.vax_origin)
        traded = (s.exports != 0).to_numpy()
        adds_up(s.vax_origin[traded], (s.vax_ratio * s.exports)[traded])
        adds_up(filled(s.kpww_participation), filled(s.kpww_iv), filled(s.kpww_fv))
        known = s.kpww_position.notna().to_numpy()
        adds_up(
            s.kpww_position[known], np.log1p(s.kpww_iv[known]), -np.log1p(s.kpww_fv[known]), made_of=(known[known],)
        )
        known = s.gvc_position.notna().to_numpy()
        adds_up(s.plv_gvc[known], (s.gvc_position * s.ply_gvc)[known])


CHECKS = [
    check_definitions,
    check_inverse,
    check_blocks,
    check_positions,
    check_participation,
    check_lengths,
    check_exports,
    check_tripartite,
]


@pytest.mark.parametrize("check", CHECKS)
def test_identities_hold(world: World, check) -> None:
    check(world)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_identities_hold_in_any_world(table: IOTable) -> None:
    world = World(table)
    for check in CHECKS:
        check(world)


def test_a_small_cell_that_is_wrong_is_seen() -> None:
    """The measure is the cell's own: a millionth part off in the smallest cell fails, beside cells a million larger."""
    total = np.array([1e6, 1.0, 0.0])
    assert adds_up(total, total / 3, 2 * total / 3) < 1e-15
    for wrong in (total + np.array([0, 1e-6, 0]), total + np.array([0, 0, 1e-30]), total * np.nan):
        with pytest.raises(AssertionError):
            adds_up(total, wrong)
    adds_up(np.array([1e-6]), np.array([1.000001]), np.array([-1.0]))


@pytest.mark.parametrize("name", ["wiod2011", "lrwiod2000", "random"])
def test_los_timmer_de_vries_extraction(name: str) -> None:
    """DVA_s is the GDP that vanishes when s exports nothing (Los, Timmer & de Vries 2016)."""
    a = World(TABLES[name]())
    dva = a.accounts.exports("country").DVA.to_numpy()
    for s in {0, a.G // 2, a.G - 1}:
        here = a.at(s)
        A, F = a.A.copy(), a.table.final_demand.copy()
        A[here] -= a.AF[here]
        F[here, np.arange(a.G) != s] = 0.0
        x = np.linalg.solve(np.eye(len(a.x)) - A, F.sum(axis=1))
        before, after = (a.v * a.x)[here], (a.v * x)[here]
        adds_up(dva[s], before.sum(), -after.sum(), made_of=(np.abs(before).sum(), np.abs(after).sum()))


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
