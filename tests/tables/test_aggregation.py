from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import LabelError
from gvcpos.tables.aggregation import reorder
from tests.shared import wiod2011

from .builders import random_table, same_numbers

CODES = ("AUS", "NA", "CHN", "USA", "ROW")
SECTORS = ("c1", "c2", "c3", "c4")
modest = settings(max_examples=25, deadline=None, derandomize=True)
country_maps = st.fixed_dictionaries({c: st.sampled_from(["p", "q", "r"]) for c in CODES})
sector_maps = st.fixed_dictionaries({s: st.sampled_from(["a", "b"]) for s in SECTORS})


def table_of(seed: int):
    return random_table(seed, countries=CODES, sectors=SECTORS)


@modest
@given(st.integers(0, 50), country_maps, sector_maps)
def test_identities_and_totals_survive(seed, countries, sectors):
    table = table_of(seed)
    small = table.aggregate(countries, sectors)
    report = small.validate(1e-9 * table.x.sum())
    assert report.ok
    for part in ("Z", "Y", "va", "x"):
        assert getattr(small, part).sum() == pytest.approx(getattr(table, part).sum(), rel=1e-12)
    assert small.va_rows == table.va_rows


@settings(modest, max_examples=6)
@given(st.integers(0, 50), country_maps, sector_maps)
def test_every_cell_is_the_sum_of_its_members(seed, countries, sectors):
    table = table_of(seed)
    small = table.aggregate(countries, sectors)
    z = table.frame("Z").rename(index=countries, columns=countries, level=0).rename(index=sectors, columns=sectors)
    z = z.groupby(level=[0, 1], sort=False).sum().T.groupby(level=[0, 1], sort=False).sum().T
    np.testing.assert_allclose(small.Z, z.loc[small.index, small.index], rtol=1e-12, atol=1e-9)
    y = table.frame("Y").rename(index=countries, columns=countries, level=0).rename(index=sectors)
    y = y.groupby(level=[0, 1], sort=False).sum().T.groupby(level=[0, 1], sort=False).sum().T
    np.testing.assert_allclose(small.Y, y.loc[small.index, small.frame("Y").columns], rtol=1e-12, atol=1e-9)


@modest
@given(st.integers(0, 50), country_maps, st.permutations(CODES), st.permutations(SECTORS))
def test_shuffling_first_changes_only_the_order(seed, countries, c_order, s_order):
    table = table_of(seed)
    straight = table.aggregate(countries)
    shuffled = reorder(table, c_order, s_order).aggregate(countries)
    back = reorder(shuffled, straight.countries, straight.sectors)
    for part in ("Z", "Y", "va", "x"):
        np.testing.assert_allclose(getattr(back, part), getattr(straight, part), rtol=1e-12, atol=1e-9)


@modest
@given(st.integers(0, 50), st.permutations(CODES), st.permutations(SECTORS))
def test_reordering_and_back_keeps_every_bit(seed, c_order, s_order):
    table = table_of(seed)
    back = reorder(reorder(table, c_order, s_order), table.countries, table.sectors)
    assert same_numbers(back, table)
    assert back.meta == table.meta


def test_groups_come_in_order_of_first_appearance():
    small = table_of(1).aggregate({"AUS": "z", "NA": "a", "CHN": "z", "USA": "m", "ROW": "a"})
    assert small.countries == ("z", "a", "m")


def test_nothing_mapped_keeps_every_bit():
    table = table_of(2)
    assert same_numbers(table.aggregate(), table)


@pytest.mark.parametrize("what", ["countries", "sectors"])
def test_unknown_and_uncovered_labels_are_named(what):
    table = table_of(1)
    full = dict.fromkeys(getattr(table, what), "g")
    with pytest.raises(LabelError, match="ZZZ"):
        table.aggregate(**{what: {**full, "ZZZ": "g"}})
    left = next(iter(full))
    with pytest.raises(LabelError, match=f"leaves out {left}"):
        table.aggregate(**{what: {k: v for k, v in full.items() if k != left}})


def test_keep_rest_leaves_the_others_alone():
    small = table_of(1).aggregate({"CHN": "X", "USA": "X"}, keep_rest=True)
    assert small.countries == ("AUS", "NA", "X", "ROW")


def test_meta_tells_of_the_sums_and_widens_the_tolerance():
    table = table_of(1).with_meta(original_countries={"ROW": "RoW", "CHN": "PRC"}, tolerance=2.0)
    small = table.aggregate({"CHN": "X", "USA": "X"}, {"c1": "c1", "c2": "a", "c3": "a", "c4": "a"}, keep_rest=True)
    assert small.meta.original_countries == {"ROW": "RoW"}
    assert small.meta.tolerance == 12.0
    assert small.meta.synthetic
    assert "5 countries x 4 sectors to 4 x 2" in small.meta.notes[-1]


def test_select_keeps_the_chosen_in_order_and_merges_the_rest_into_row():
    table = table_of(4)
    small = table.select(["USA", "NA"], ["c3"])
    assert small.countries == ("USA", "NA", "ROW")
    assert small.sectors == ("c3", "OTHER")
    assert small.validate(1e-9 * table.x.sum()).ok
    np.testing.assert_allclose(small.x[0], table.x[table.index.get_loc(("USA", "c3"))])
    rest = [i for i, (c, _) in enumerate(table.index) if c in ("AUS", "CHN", "ROW")]
    np.testing.assert_allclose(small.x[-2:].sum(), table.x[rest].sum())


def test_select_of_everything_adds_no_rest():
    assert table_of(4).select(CODES, SECTORS).shape == (5, 4)


def test_select_puts_the_rest_into_a_chosen_row():
    assert table_of(4).select(["ROW", "USA"]).countries == ("ROW", "USA")


@pytest.mark.parametrize("chosen", [["USA", "USA"], ["USA", "ZZZ"]])
def test_select_refuses_duplicated_and_unknown_labels(chosen):
    with pytest.raises(LabelError, match=chosen[1]):
        table_of(4).select(chosen)


def test_real_table_of_41_countries_keeps_its_world_totals():
    table = wiod2011()
    small = table.select(["CHN", "USA", "DEU"], ["c2", "c14"])
    assert small.shape == (4, 3)
    assert small.validate(1e-9 * table.x.sum()).ok
    assert small.va_total.sum() == pytest.approx(table.va_total.sum(), rel=1e-12)
    assert small.final_demand.sum() == pytest.approx(table.final_demand.sum(), rel=1e-12)
