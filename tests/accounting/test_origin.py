"""Origin of value added, vertical specialisation, chosen final demand, distances: goldens, dense algebra, identities.

Tolerance 1e-9 of a column's largest entry; measured 6e-15 or better.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import FinalUse, LeontiefSystem, Satellite, ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.worlds import adds_up, close, random_world, worlds
from tests.shared import golden_table

LEVELS = ["country", "sector", "country_sector"]
FILES = [(folder, f"{program}_leontief") for folder, program in (("leather", "icio"), ("leather", "decompr700"))]
FILES.append(("exva_wiodtest", "icio_leontief"))
GROUPS = {"union": ["C1", "C3"]}
SECTOR_GROUPS = {"wide": ["S0", "S2"]}


@lru_cache(maxsize=4)
def accounts(name: str) -> ValueAddedAccounts:
    return ValueAddedAccounts(golden_table(name))


@lru_cache(maxsize=2)
def grouped(sectors: bool) -> tuple[IOTable, ValueAddedAccounts]:
    table = random_world(5, 4, 3, zero=1, negative=True)
    return table, ValueAddedAccounts(table, groups=GROUPS, sector_groups=SECTOR_GROUPS if sectors else None)


def exports_of(table: IOTable, block: np.ndarray) -> np.ndarray:
    """Exports of every cell out of its exporter; `block` is the exporter of every country."""
    member = np.repeat(block, table.shape[1])
    abroad = member[:, None] != member[None, :]
    return (table.Z * abroad).sum(axis=1) + (table.final_demand * (member[:, None] != block[None, :])).sum(axis=1)


@pytest.mark.parametrize("origin", LEVELS)
@pytest.mark.parametrize("destination", LEVELS)
@pytest.mark.parametrize("of", ["exports", "output", "final_goods"])
@pytest.mark.parametrize("sectors", [False, True])
def test_sums_before_and_after_making_the_matrix_agree(of: str, origin: str, destination: str, sectors: bool) -> None:
    """Groups of countries and of sectors, against ŝBd̂ made in full and summed with pandas."""
    table, mine = grouped(sectors)
    G, N = table.shape
    weights = {
        "exports": exports_of(table, np.array([0, 1, 2, 1])),
        "output": table.x,
        "final_goods": table.final_demand.sum(axis=1),
    }[of]
    inverse_x = np.array([1 / x if x else 0.0 for x in table.x])
    B = np.linalg.inv(np.eye(G * N) - table.Z * inverse_x)
    full = (table.va_total * inverse_x)[:, None] * B * weights
    country = np.repeat(["C0", "union", "C2", "union"], N)
    sector = np.tile(["wide", "S1", "wide"] if sectors else ["S0", "S1", "S2"], G)
    label = {
        "country": country,
        "sector": sector,
        "country_sector": np.array([f"{c} {s}" for c, s in zip(country, sector, strict=True)]),
    }
    sums = pd.DataFrame(full).groupby(label[origin]).sum().T.groupby(label[destination]).sum().T.stack()
    frame = mine.origin(of, origin=origin, destination=destination)

    def names(prefix: str, level: str) -> pd.Series:
        parts = [frame[f"{prefix}{part}"].astype(str) for part in level.split("_")]
        return parts[0] if len(parts) == 1 else parts[0] + " " + parts[1]

    keys = list(zip(names("origin_", origin), names("", destination), strict=True))
    assert len(keys) == len(sums)
    close(frame.value_added, sums.loc[keys])


def test_small_answers_need_no_inverse(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: LeontiefSystem) -> None:
        raise AssertionError("inverted")

    monkeypatch.setattr(LeontiefSystem, "inverse", refuse)
    mine = ValueAddedAccounts(random_world(1, 4, 3))
    for origin, destination in (("country", "country"), ("country_sector", "country"), ("sector", "country_sector")):
        mine.origin("exports", origin=origin, destination=destination)
    mine.origin("final_demand", origin="country_sector")
    mine.vertical_specialisation()
    mine.demand_origin()
    mine.rca()
    mine.gvc_income(FinalUse(sectors="S1"))
    mine.distance(FinalUse(sectors="S1"))
    mine.footprints()
    with pytest.raises(AssertionError, match="inverted"):
        mine.origin(origin="country_sector", destination="country_sector")


@pytest.mark.parametrize("inverted", [False, True])
def test_the_inverse_changes_no_number(inverted: bool) -> None:
    table = random_world(9, 3, 4, zero=2)
    plain, mine = ValueAddedAccounts(table), ValueAddedAccounts(table)
    if inverted:
        mine.system.inverse()
    for origin in LEVELS:
        for destination in LEVELS:
            one, other = (a.origin(origin=origin, destination=destination) for a in (plain, mine))
            close(one.value_added, other.value_added, 1e-12)


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_all_value_is_traced(table: IOTable) -> None:
    mine = ValueAddedAccounts(table)
    live = table.x != 0
    for of, total in (("exports", mine.flows.exports), ("output", mine.x), ("final_goods", mine.flows.y)):
        sums = mine.origin(of, origin="sector", destination="country_sector").groupby(["country", "sector"], sort=False)
        adds_up(np.where(live, total, 0.0), sums["value_added"].sum().to_numpy(), made_of=(table.x,))
    absorbed = mine.origin("final_demand", origin="country_sector")
    origins = absorbed.groupby(["origin_country", "origin_sector"], sort=False)["value_added"].sum()
    adds_up(np.where(live, table.va_total, 0.0), origins.to_numpy(), made_of=(table.x,))


@settings(max_examples=25, deadline=None)
@given(worlds())
def test_specialisation_and_absorption_add_up(table: IOTable) -> None:
    mine = ValueAddedAccounts(table)
    vs, exports = mine.vertical_specialisation("sector"), mine.exports("sector")
    live = table.x != 0
    adds_up(vs.exports[live], exports.DC[live], vs.VS[live], made_of=(table.x[live],))
    total = vs[["VS", "VS1", "exports"]].sum()
    adds_up(total.VS, total.VS1, made_of=(total.exports, table.x.sum()))
    parts = mine.demand_origin("country")
    adds_up(
        mine.exporters.by_exporter(mine.va), parts.dfddva, parts.ffddva, made_of=(mine.exporters.by_exporter(mine.x),)
    )
    adds_up(parts.dfdfva.sum(), parts.ffddva.sum(), made_of=(table.x.sum(),))
    sector = mine.demand_origin("sector").groupby("country", sort=False)[["dfddva", "dfdfva", "ffddva"]].sum()
    for name in sector:
        close(sector[name], parts[name], size=table.x.sum())


def test_exports_to_partners_sum_to_all_exports() -> None:
    _, mine = grouped(False)
    names = mine.exporters.names
    each = sum(mine.origin(partners=name).value_added for name in names)
    close(each, mine.origin().value_added, 1e-12)
    close(mine.origin(partners=names).value_added, mine.origin().value_added, 1e-12)
    close(mine.origin(partners=["C1", "C3"]).value_added, mine.origin(partners="union").value_added, 1e-14)
    with pytest.raises(InputError, match="a part of the group union"):
        mine.origin(partners="C1")
    with pytest.raises(LabelError, match="Narnia"):
        mine.origin(partners=["C0", "Narnia"])
    with pytest.raises(InputError, match="partners are of exports"):
        mine.origin("output", partners="C0")


def test_what_has_no_sum_is_refused() -> None:
    _, mine = grouped(True)
    with pytest.raises(InputError, match="coefficients of several cells"):
        mine.origin("none", destination="country_sector")
    with pytest.raises(InputError, match="destinations of final demand are countries"):
        mine.origin("final_demand", destination="sector")
    with pytest.raises(InputError, match="origin='world'"):
        mine.origin(origin="world")


def test_coefficients_of_a_balanced_table_sum_to_one() -> None:
    table = random_world(2, 3, 3, zero=2)
    frame = ValueAddedAccounts(table).origin("none", destination="country_sector")
    sums = frame.groupby(["country", "sector"], sort=False)["value_added"].sum()
    close(sums, (table.x != 0).astype(float), 1e-12)


def test_a_satellite_is_traced_like_value_added() -> None:
    table, mine = grouped(True)
    rows = pd.DataFrame([table.va_total, 2 * table.va_total], index=["once", "twice"], columns=table.index)
    satellite = Satellite.from_frame(rows)
    for of in ("exports", "final_demand"):
        value, traced = mine.origin(of), mine.origin(of, satellite=satellite)
        close(traced.once, value.value_added, 1e-12)
        close(traced.twice, 2 * value.value_added, 1e-12)


@settings(max_examples=15, deadline=None)
@given(worlds(), st.integers(0, 10**6))
def test_distance_is_the_printed_formula(table: IOTable, seed: int) -> None:
    rng = np.random.default_rng(seed)
    mine = ValueAddedAccounts(table)
    live = np.flatnonzero(table.x)
    inverse_x = np.array([1 / x if x else 0.0 for x in table.x])
    B = np.linalg.inv(np.eye(len(table.x)) - table.Z * inverse_x)
    final = FinalUse(
        sectors=rng.choice(table.sectors),
        destinations=rng.choice(table.countries),
        categories=rng.choice(["use", "stock"]),
    )
    f = mine._final(final)
    k = table.countries.index(final.destinations) * 2 + ["use", "stock"].index(final.categories)
    at = np.array([s == final.sectors for _, s in table.nodes])
    np.testing.assert_array_equal(f, np.where(at, table.Y[:, k], 0.0))
    frame = mine.distance(final)
    with np.errstate(invalid="ignore"):
        known = (B @ f != 0) & (table.x != 0)
        close(frame.distance_to_final[known], (B @ B @ f)[known] / (B @ f)[known])
    assert frame.distance_to_final[~known].isna().all()
    close(frame.output[live], (B @ f)[live])
    close(frame.gvc_income, table.va_total * inverse_x * (B @ f))
    close(mine.distance().distance_to_final, mine.upstreamness().upstreamness)
    close(mine.distance(by="country").distance_to_final, mine.upstreamness(by="country").upstreamness)
    close(mine.distance_from_inputs().distance_from_inputs, mine.downstreamness().downstreamness)
    inputs = mine.distance_from_inputs(table.countries[-1], [table.sectors[0]])
    h = np.where([n == (table.countries[-1], table.sectors[0]) for n in table.nodes], table.va_total * inverse_x, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        close(inputs.distance_from_inputs, np.where((h @ B != 0) & (table.x != 0), (h @ B @ B) / (h @ B), np.nan))
    close(inputs.input_share[live], (h @ B)[live])


def test_what_reaches_nobody_has_no_distance() -> None:
    mine = ValueAddedAccounts(random_world(3, 3, 2, zero=1, autarkic=True))
    frame = mine.distance(FinalUse(destinations="C0"))
    assert frame.distance_to_final[frame.country != "C0"].isna().all()
    home = frame[frame.country == "C0"]
    assert (home.distance_to_final.dropna() >= 1).all()


def test_final_products_that_are_sold_without_use_as_input_are_one_stage_away() -> None:
    Z = np.array([[0.0, 4.0], [0.0, 0.0]])
    table = IOTable.from_arrays(Z, [[1.0], [9.0]], countries=["X"], sectors=["parts", "cars"])
    mine = ValueAddedAccounts(table)
    cars = mine.distance(FinalUse(sectors="cars"))
    np.testing.assert_allclose(cars.distance_to_final, [2.0, 1.0])
    np.testing.assert_allclose(cars.gvc_income, [4.0, 5.0])
    np.testing.assert_allclose(mine.gvc_income(FinalUse(sectors="cars")).gvc_income_share, [4 / 9, 5 / 9])


@settings(max_examples=15, deadline=None)
@given(worlds())
def test_income_of_all_chains_is_value_added(table: IOTable) -> None:
    mine = ValueAddedAccounts(table)
    live = table.x != 0
    each = [mine.gvc_income(FinalUse(sectors=name)) for name in table.sectors]
    adds_up(np.where(live, table.va_total, 0), sum(one.gvc_income for one in each), made_of=(table.x,))
    for name, one in zip(table.sectors, each, strict=True):
        f = mine._final(FinalUse(sectors=name))
        adds_up(f[live].sum(), one.gvc_income.sum(), made_of=(np.abs(f).sum(), table.x.sum()))
    chains = mine.origin("final_goods", origin="country_sector", destination="sector")
    for name, one in zip(table.sectors, each, strict=True):
        close(chains.value_added[chains.sector == name], one.gvc_income, size=table.x.sum())


def test_chosen_final_demand_meets_the_table_by_label() -> None:
    _, mine = grouped(True)
    forward = mine._final(FinalUse(countries=["C0", "C1"], destinations=["C2", "C3"], categories=["use", "stock"]))
    backward = mine._final(FinalUse(countries=["C1", "C0"], destinations=["C3", "C2"], categories=["stock", "use"]))
    np.testing.assert_array_equal(forward, backward)
    np.testing.assert_array_equal(
        mine._final(FinalUse(countries="union", sectors="wide", destinations="union")),
        mine._final(FinalUse(countries=["C3", "C1"], sectors=["S2", "S0"], destinations=["C1", "C3"])),
    )
    np.testing.assert_allclose(mine._final(FinalUse()), mine.flows.y)
    for wrong, message in (
        (FinalUse(countries="Narnia"), "no such country of completion: Narnia"),
        (FinalUse(sectors=["S0", "magic"]), "no such sector: magic"),
        (FinalUse(destinations=["C0", "C0"]), "duplicated labels: C0"),
        (FinalUse(categories="c37"), "no such final-demand category: c37"),
    ):
        with pytest.raises(LabelError, match=message):
            mine.gvc_income(wrong)


def test_rows_of_zero_output_are_finite_or_missing_on_wiod() -> None:
    mine = accounts("wiod2011")
    for frame in (mine.demand_origin(), mine.gvc_income(FinalUse(sectors="c15")), mine.origin("output")):
        assert np.isfinite(frame.select_dtypes("number").to_numpy()).sum() >= len(frame)
        assert not np.isinf(frame.select_dtypes("number").to_numpy()).any()
    cars = mine.distance(FinalUse(sectors="c15", countries="DEU"))
    buys = mine.system.A != 0
    reached = mine._final(FinalUse(sectors="c15", countries="DEU")) != 0
    while (reached | (buys @ reached)).sum() > reached.sum():
        reached |= buys @ reached
    missing = cars.distance_to_final.isna()
    assert (mine.x == 0).sum() == 20
    np.testing.assert_array_equal(missing, ~reached | (mine.x == 0))
    assert cars.distance_to_final[mine.x > 0].min() >= 1
