"""The panel of a chain: stages against the accounts they are summed from, shares, labels, invariances."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.indices.advantage import revealed_advantage
from gvcpos.accounting.indices.position import ratio
from gvcpos.chains import Chain, country_panel, gvc_panel, sector_years
from gvcpos.chains.aggregate import stage_values, weighted_mean, world_share
from gvcpos.tables import IOTable, TableSeries
from tests.shared import wiod_year

CHAIN = Chain.from_mapping({"up": ["s0"], "mid": ["s1", "s2"], "down": ["s3"]}, name="toy")


def table(year: int, seed: int = 0, *, g: int = 5, n: int = 6, idle: tuple[int, int] | None = None) -> IOTable:
    """A small random balanced table; `idle` is a (country, sector) without output."""
    rng = np.random.default_rng(1000 * seed + year)
    Z = rng.gamma(1.0, size=(g * n, g * n)) * (0.05 + np.kron(np.eye(g), np.ones((n, n))))
    Y = rng.gamma(1.0, size=(g * n, g)) * (1 + 20 * np.kron(np.eye(g), np.ones((n, 1))))
    if idle is not None:
        k = idle[0] * n + idle[1]
        Z[k], Z[:, k], Y[k] = 0.0, 0.0, 0.0
    x = Z.sum(axis=1) + Y.sum(axis=1)
    columns = Z.sum(axis=0)
    Z = Z * np.minimum(1.0, 0.6 * np.divide(x, columns, out=np.ones_like(x), where=columns > 0))[None, :]
    return IOTable.from_arrays(
        Z, Y, countries=[f"C{i}" for i in range(g)], sectors=[f"s{i}" for i in range(n)], year=year, unit="m USD"
    )


@pytest.fixture(scope="module")
def wiod() -> pd.DataFrame:
    tables = {2001: wiod_year(2001), 2000: wiod_year(2000)}
    return gvc_panel(tables, Chain.rare_earths(), rest="other")


def test_first_columns_and_order(wiod):
    assert list(wiod.columns[:7]) == ["country", "stage", "year", "x", "va", "va_rate", "exports"]
    assert len(wiod) == 41 * 4 * 2
    countries = wiod_year(2000).countries
    expected = [
        (c, s, y) for c in countries for s in ("upstream", "midstream", "downstream", "other") for y in (2000, 2001)
    ]
    assert list(wiod[["country", "stage", "year"]].itertuples(index=False, name=None)) == expected
    assert wiod.attrs["boundary"] == "smelting_midstream"
    assert wiod.attrs["synthetic"] is False


def test_stages_and_rest_add_up_to_the_table(wiod):
    for year in (2000, 2001):
        t, part = wiod_year(year), wiod[wiod["year"] == year]
        assert part["x"].sum() == pytest.approx(t.x.sum(), rel=1e-12)
        va = part.groupby("country", sort=False)["va"].sum()
        np.testing.assert_allclose(va, t.va_total.reshape(t.shape).sum(axis=1), rtol=1e-10)
        up = part[part["stage"] == "upstream"].set_index("country")["va"]
        k = t.sectors.index("c2")
        np.testing.assert_allclose(up, t.va_total.reshape(t.shape)[:, k], rtol=1e-12, atol=1e-9)


def test_world_shares_sum_to_one(wiod):
    sums = wiod.groupby(["stage", "year"])[["va_share", "export_share"]].sum()
    np.testing.assert_allclose(sums, 1.0, rtol=1e-12)


def test_advantage_averages_to_one_with_export_weights(wiod):
    """Σ_i RCA_is E_i / ΣE = 1 for every stage: comparative advantage is relative."""
    exports = wiod.groupby(["country", "year"])["exports"].transform("sum")
    part = (
        wiod.assign(weighted=wiod["rca"] * exports, total=exports)
        .groupby(["stage", "year"])[["weighted", "total"]]
        .sum()
    )
    np.testing.assert_allclose(part["weighted"] / part["total"], 1.0, rtol=1e-10)


def test_one_stage_of_all_sectors_is_the_country():
    """The same aggregation in two places: sectors summed here, countries in the accounts."""
    accounts = ValueAddedAccounts(wiod_year(2000))
    panel = gvc_panel({2000: accounts}, Chain.from_mapping({"all": accounts.table.sectors}))
    country = accounts.country_indices(split_foreign=False)
    shared = [c for c in country.columns[2:] if c in panel.columns]
    assert len(shared) >= 45
    np.testing.assert_allclose(panel[shared], country[shared], rtol=1e-11, atol=1e-13)


def test_one_sector_stages_are_the_sectors():
    tables = [table(2000)]
    panel = gvc_panel(tables, CHAIN, by="sector", split_foreign=True)
    assert list(panel["sector"].unique()) == ["s0", "s1", "s2", "s3"]
    indices = ValueAddedAccounts(tables[0]).indices()
    merged = panel.merge(indices, on=["country", "sector", "year"], suffixes=("", "_sector"))
    assert len(merged) == len(panel) == 20
    for name in ("upstreamness", "wwyz_forward", "ply_gvc", "gvc_position", "kpww_position", "vax_ratio", "FVA"):
        np.testing.assert_allclose(merged[name], merged[f"{name}_sector"], rtol=1e-11, atol=1e-14)


def test_boundary_moves_value_between_stages():
    tables = [wiod_year(2000)]
    mid, up = (
        gvc_panel(tables, Chain.rare_earths(boundary=b)).set_index(["country", "stage"])["va"].unstack()
        for b in ("smelting_midstream", "smelting_upstream")
    )
    assert (up["upstream"] > mid["upstream"]).sum() > 35
    np.testing.assert_allclose(up["upstream"] + up["midstream"], mid["upstream"] + mid["midstream"], rtol=1e-12)
    np.testing.assert_array_equal(up["downstream"], mid["downstream"])


def test_a_stage_without_output_has_no_rate():
    panel = gvc_panel([table(2000, idle=(2, 0))], CHAIN).set_index(["country", "stage"])
    row = panel.loc[("C2", "up")]
    assert row["x"] == row["va"] == row["va_share"] == row["rca"] == 0
    assert row[["va_rate", "upstreamness", "wwyz_forward", "gvc_position"]].isna().all()
    assert panel.drop(index=("C2", "up"))["va_rate"].notna().all()
    # An idle sector inside a stage leaves the other sector's index as the stage's.
    inner = gvc_panel([table(2000, idle=(2, 1))], CHAIN).set_index(["country", "stage"]).loc[("C2", "mid")]
    sectors = (
        gvc_panel([table(2000, idle=(2, 1))], CHAIN, by="sector").set_index(["country", "sector"]).loc[("C2", "s2")]
    )
    names = ["va_rate", "upstreamness", "downstreamness", "wwyz_backward", "plv_gvc"]
    np.testing.assert_allclose(inner[names].astype(float), sectors[names].astype(float), rtol=1e-12)


def test_every_way_to_give_tables():
    tables = [table(2000), table(2001)]
    expected = gvc_panel(tables, CHAIN)
    done: list[int] = []
    series = TableSeries.from_tables(tables)
    pd.testing.assert_frame_equal(gvc_panel(series, CHAIN, on_year=done.append), expected)
    assert done == [2000, 2001]
    pd.testing.assert_frame_equal(gvc_panel((t for t in reversed(tables)), CHAIN), expected)
    pd.testing.assert_frame_equal(gvc_panel({t.year: ValueAddedAccounts(t) for t in tables}, CHAIN), expected)


def test_currency_changes_money_only():
    old = table(2000)
    new = IOTable.from_arrays(old.Z * 7.5, old.Y * 7.5, countries=old.countries, sectors=old.sectors, year=2000)
    a, b = gvc_panel([old], CHAIN), gvc_panel([new], CHAIN)
    money = {"x", "va", "exports", "vax_origin", "DC", "DVA", "VAX", "DAVAX", "REF", "DDC", "FC", "GVC", "GVCB", "GVCF"}
    for name in a.columns[3:]:
        np.testing.assert_allclose(b[name], a[name] * (7.5 if name in money else 1), rtol=1e-9, atol=1e-12)


def shuffled(t: IOTable, seed: int) -> IOTable:
    rng = np.random.default_rng(seed)
    (_, n), c, s = t.shape, rng.permutation(t.shape[0]), rng.permutation(t.shape[1])
    order = (c[:, None] * n + s[None, :]).ravel()
    return IOTable.from_arrays(
        t.Z[np.ix_(order, order)],
        t.Y[order][:, c],
        countries=[t.countries[i] for i in c],
        sectors=[t.sectors[i] for i in s],
        year=t.year,
    )


class TestChainMeetsTable:
    def test_shuffled_countries_and_sectors_change_nothing(self):
        key = ["country", "stage", "year"]
        a = gvc_panel([table(2000)], CHAIN).sort_values(key, ignore_index=True)
        b = gvc_panel([shuffled(table(2000), 3)], CHAIN).sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(a, b, rtol=1e-9, atol=1e-12)

    def test_sector_missing_from_the_table(self):
        wrong = Chain.from_mapping({"up": ["s0"], "down": ["s9"]})
        with pytest.raises(LabelError, match=r"no sector s9 \(down\)"):
            gvc_panel([table(2000)], wrong)

    def test_duplicated_year(self):
        with pytest.raises(LabelError, match="two tables of the year 2000"):
            gvc_panel([table(2000), table(2000, seed=1)], CHAIN)

    def test_wrong_year_of_a_mapping(self):
        with pytest.raises(LabelError, match="given for 1999 is of the year 2000"):
            gvc_panel({1999: table(2000)}, CHAIN)

    def test_some_countries_keep_their_world_shares(self):
        full = gvc_panel([table(2000)], CHAIN)
        part = gvc_panel([table(2000)], CHAIN, countries=["C3", "C1"])
        expected = full[full["country"].isin(["C1", "C3"])].reset_index(drop=True)
        pd.testing.assert_frame_equal(part, expected)

    def test_unknown_and_duplicated_countries(self):
        with pytest.raises(LabelError, match="no such country of the table of 2000: ATL"):
            gvc_panel([table(2000)], CHAIN, countries=["C1", "ATL"])
        with pytest.raises(LabelError, match="duplicated labels: C1"):
            gvc_panel([table(2000)], CHAIN, countries=["C1", "C1"])


def test_wrong_arguments():
    with pytest.raises(InputError, match="no table was given"):
        gvc_panel([], CHAIN)
    with pytest.raises(InputError, match=r"give \[table\]"):
        gvc_panel(table(2000), CHAIN)
    with pytest.raises(InputError, match="by='country' is not known"):
        gvc_panel([table(2000)], CHAIN, by="country")
    with pytest.raises(InputError, match="rest='up' is a stage"):
        gvc_panel([table(2000)], CHAIN, rest="up")
    with pytest.raises(InputError, match="nothing is left"):
        gvc_panel([table(2000)], Chain.from_mapping({"all": [f"s{i}" for i in range(6)]}), rest="other")


def test_country_panel_is_the_same_numbers_wide():
    panel = gvc_panel([table(2000), table(2001)], CHAIN)
    wide = country_panel(panel, ["va_share", "upstreamness"])
    assert list(wide.columns) == [
        "country",
        "year",
        *(f"{c}_{s}" for c in ("va_share", "upstreamness") for s in CHAIN.stage_names),
    ]
    assert len(wide) == 10
    row = panel[(panel["country"] == "C3") & (panel["stage"] == "mid") & (panel["year"] == 2001)].iloc[0]
    found = wide[(wide["country"] == "C3") & (wide["year"] == 2001)].iloc[0]
    assert found["upstreamness_mid"] == row["upstreamness"]
    pd.testing.assert_frame_equal(
        country_panel(panel.sample(frac=1, random_state=0)).sort_values(["country", "year"], ignore_index=True)[
            sorted(country_panel(panel).columns)
        ],
        country_panel(panel)[sorted(country_panel(panel).columns)],
    )
    with pytest.raises(LabelError, match="duplicated rows for C0 up 2000"):
        country_panel(pd.concat([panel, panel.iloc[:1]]))
    with pytest.raises(InputError, match="no column colour"):
        country_panel(panel, ["colour"])


def test_numerics_without_a_denominator():
    nan = np.nan
    np.testing.assert_array_equal(ratio(np.array([1.0, 0.0]), np.array([0.0, 0.0])), [nan, nan])
    values, weights = np.array([[1.0, nan], [2.0, 4.0], [nan, nan]]), np.array([[1.0, 5.0], [1.0, 3.0], [1.0, 1.0]])
    np.testing.assert_array_equal(weighted_mean(values, weights), [1.0, 3.5, nan])
    np.testing.assert_array_equal(world_share(np.zeros(2)), [nan, nan])
    np.testing.assert_allclose(
        revealed_advantage(np.array([1.0, 1.0, 0.0]), np.array([2.0, 6.0, 0.0])), [2, 2 / 3, nan]
    )
    whole = np.array([[1.0, 2.0], [3.0, 0.5]])  # of one sector and all, or of all sectors at once: the same
    np.testing.assert_array_equal(revealed_advantage(whole)[:, 1], revealed_advantage(whole[:, 1], whole.sum(axis=1)))


def test_stage_values_is_a_ratio_of_sums():
    """Two sectors by hand: U = (1·10 + 3·30)/40."""
    accounts = ValueAddedAccounts(table(2000, g=2, n=2)).indices(split_foreign=False)
    sectors = {c: accounts[c].to_numpy(float).reshape(2, 2) for c in accounts.columns[3:]}
    sectors |= {"x": np.array([[10.0, 30.0], [1.0, 1.0]]), "upstreamness": np.array([[1.0, 3.0], [2.0, 4.0]])}
    np.testing.assert_allclose(stage_values(sectors, np.array([0, 1]))["upstreamness"], [2.5, 3.0])


def test_the_panel_joins_what_oecd_splits():
    rng = np.random.default_rng(4)
    table = IOTable.from_arrays(
        rng.random((8, 8)),
        9 + rng.random((8, 4)),
        countries=("AUS", "CN1", "CN2", "ROW"),
        sectors=("a", "b"),
        year=2000,
    )
    chain = Chain.from_mapping({"up": ["a"], "down": ["b"]}, name="two")
    panel = gvc_panel([table], chain)
    assert list(panel.country.unique()) == ["AUS", "CHN", "ROW"]
    parts = table.va_total.reshape(4, 2)
    assert panel.query("country == 'CHN' and stage == 'up'").va.item() == pytest.approx(parts[1, 0] + parts[2, 0])
    with pytest.raises(InputError, match="sector_groups"):
        gvc_panel([ValueAddedAccounts(table, sector_groups={"ab": ["a", "b"]})], chain)


def test_years_computed_once_serve_many_chains() -> None:
    tables = [table(2001), table(2000)]
    years = sector_years(tables)
    for chain in (CHAIN, Chain.from_mapping({"one": ["s0", "s4"]})):
        pd.testing.assert_frame_equal(gvc_panel(years, chain, rest="rest"), gvc_panel(tables, chain, rest="rest"))
    with pytest.raises(LabelError, match="two tables of the year 2000"):
        gvc_panel([*years, table(2000)], CHAIN)
