"""Groups of countries as one exporter, groups of sectors, and OECD's split countries, in every frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import LabelError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.every_frame import NAMES, frames_of, is_amount, labels_of
from tests.accounting.goldens import accounts
from tests.accounting.worlds import adds_up, close, random_world
from tests.shared import golden_table, lrwiod2000

PAIRS = {"A": ["C0", "C1"], "B": ["C2", "C3"], "D": ["C4", "C5"]}


@lru_cache
def six_countries() -> IOTable:
    return random_world(21, 6, 4, zero=3, negative=True)


@lru_cache
def as_groups() -> ValueAddedAccounts:
    return ValueAddedAccounts(six_countries(), groups=PAIRS)


@lru_cache
def as_countries() -> ValueAddedAccounts:
    """The same cells, but each pair of countries is one country that has every sector twice."""
    table = six_countries()
    n, C = len(table.x), len(table.final_categories)
    twice = [f"{s}{half}" for half in "ab" for s in table.sectors]
    merged = IOTable.from_arrays(
        table.Z,
        table.Y.reshape(n, 3, 2, C).sum(axis=2).reshape(n, 3 * C),
        countries=list(PAIRS),
        sectors=twice,
        final_categories=table.final_categories,
        year=table.year,
    )
    return ValueAddedAccounts(merged, sector_groups={s: [f"{s}a", f"{s}b"] for s in table.sectors})


def same(mine: pd.DataFrame, other: pd.DataFrame, what: str) -> None:
    """Assert equal labels, in order, and equal numbers, beside the largest of the row and of the column."""
    labels = labels_of(mine)
    assert list(mine.columns) == list(other.columns), what
    assert mine[labels].astype(str).equals(other[labels].astype(str)), what
    for column in mine.columns.drop(labels):
        try:
            close(mine[column], other[column], 1e-9)
        except AssertionError as error:
            raise AssertionError(f"{what} {column}: {error}") from error


# Frames that know the table's own countries or cells, and settings that name them: satellites have other labels there.
OWN_LABELS = ("final_intensities", "functional_specialisation")


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OWN_LABELS])
def test_a_group_is_a_country_with_all_its_members_cells(name: str) -> None:
    """Trade within it is domestic, its sectors are its members' summed after the system is solved, in every frame."""
    asked = 0
    frames = zip(frames_of(as_groups(), name), frames_of(as_countries(), name), strict=True)
    for (what, mine), (_, other) in frames:
        same(mine, other, what)
        asked += 1
    assert asked


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OWN_LABELS])
def test_a_group_of_one_is_the_country_and_order_says_nothing(name: str) -> None:
    plain = ValueAddedAccounts(six_countries())
    alone = ValueAddedAccounts(six_countries(), groups={"C2": ["C2"]})
    backwards = ValueAddedAccounts(six_countries(), groups={k: v[::-1] for k, v in reversed(PAIRS.items())})
    for one, two in ((plain, alone), (as_groups(), backwards)):
        asked = [frames_of(a, name, brief=name == "breakdown") for a in (one, two)]
        for (what, mine), (_, other) in zip(*asked, strict=True):
            same(mine, other, what)


@pytest.mark.parametrize("name", NAMES)
def test_sector_groups_sum_amounts(name: str) -> None:
    """Amounts of a group of sectors are sums of its sectors', in every frame and with countries grouped too."""
    table = six_countries()
    named = {"goods": ["S0", "S2"]}
    groups = {"A": ["C1", "C4"]} if name != "final_intensities" else None
    fine = ValueAddedAccounts(table, groups=groups)
    coarse = ValueAddedAccounts(table, groups=groups, sector_groups=named)
    asked = 0
    both = [frames_of(a, name, brief=name == "breakdown") for a in (coarse, fine)]
    for (what, mine), (_, other) in zip(*both, strict=True):
        amounts = [c for c, yes in is_amount(name, mine).items() if yes]
        keys = [label for label in labels_of(mine) if label != "year"]
        if "of': 'none'" in what or not amounts:
            continue
        asked += 1
        parts = other.astype(dict.fromkeys(keys, str))
        for sector in {"sector", "origin_sector"} & set(keys):
            parts[sector] = parts[sector].replace({"S0": "goods", "S2": "goods"})
        sums = parts.groupby(keys, sort=False)[amounts].sum()
        found = mine.astype(dict.fromkeys(keys, str)).set_index(keys)
        assert set(found.index) == set(sums.index), what
        size = sums.abs().max().replace(0.0, 1.0)
        close(found[amounts] / size, sums.loc[found.index] / size, 1e-9, size=1.0)
    has_amounts = any(yes for _, frame in frames_of(fine, name) for yes in is_amount(name, frame).values())
    assert bool(asked) == has_amounts


def test_ratios_of_sector_groups_are_ratios_of_sums() -> None:
    table = six_countries()
    fine, coarse = ValueAddedAccounts(table), ValueAddedAccounts(table, sector_groups={"goods": ["S0", "S2"]})
    keys = ["country", "sector"]
    s, money = fine.indices(), fine.production_flows()
    both = s.merge(money.drop(columns="va"), on=[*keys, "year"])
    sums = both.assign(sector=both.sector.replace({"S0": "goods", "S2": "goods"}), u=both.upstreamness * both.x)
    sums = sums.groupby(keys, sort=False).sum(numeric_only=True)
    mine = coarse.indices().set_index(keys).loc[sums.index]
    for ratio, top, base in (
        ("va_rate", "va", "x"),
        ("upstreamness", "u", "x"),
        ("wwyz_forward", "V_GVC", "va"),
        ("wwyz_backward", "Y_GVC", "y"),
        ("plv", "Xv", "va"),
        ("plv_gvc_home", "Xvd_GVC", "V_GVC"),
        ("vax_ratio", "vax_origin", "exports"),
    ):
        close(mine[ratio], sums[top] / sums[base])


@pytest.mark.parametrize("name", ["random", "lrwiod2000"])
def test_a_group_exports_what_its_members_sell_outside(name: str) -> None:
    table = six_countries() if name == "random" else lrwiod2000()
    members = ["C1", "C2", "C4"] if name == "random" else ["DEU", "FRA", "ITA"]
    apart, joint = ValueAddedAccounts(table), ValueAddedAccounts(table, groups={"G": members})
    flows = apart.gross_trade("sector_pair").query("country in @members and partner not in @members")
    mine = joint.exports("sector").query("country == 'G'").set_index("sector").GEXP
    adds_up(mine, flows.groupby("sector").exports.sum().loc[mine.index])
    bought = apart.gross_trade("pair").query("partner in @members and country not in @members").exports.sum()
    adds_up(joint.imports().set_index("country").GIMP["G"], bought)
    # What others absorb of the members' value added does not depend on who is asked for it.
    ends = apart.origin("final_demand").query("origin_country in @members and country not in @members")
    adds_up(joint.exports().set_index("country").VAX["G"], ends.value_added.sum())
    whole = ValueAddedAccounts(table, groups={"all": list(table.countries)})
    assert (whole.exports().drop(columns=["country", "year"]) == 0.0).all(axis=None)
    assert len(whole.exports("pair")) == 0


@pytest.mark.parametrize(("option", "first", "last"), [("groups", "C1", "C5"), ("sector_groups", "S1", "S3")])
def test_groups_that_make_no_sense_are_named(option: str, first: str, last: str) -> None:
    for groups, said in (
        ({"A": [first, "nowhere"]}, "nowhere"),
        ({"A": [first], "B": [first, last]}, first),
        ({last: [first]}, last),
        ({"A": []}, "A"),
        ({"A": [first, first]}, first),
    ):
        with pytest.raises(LabelError, match=said):
            ValueAddedAccounts(six_countries(), **{option: groups})


# CN1, CN2, MX1, MX2 --------------------------------------------------------------------------------------------------

MERGED = {"splits": "merge-then-invert"}


def test_chinas_domestic_content_inverted_first_and_merged_first() -> None:
    first = accounts("exva_iciotest").exports().set_index("country")
    last = accounts("exva_iciotest", MERGED).exports().set_index("country")
    assert list(first.index) == list(last.index) == ["ESP", "FRA", "MEX", "USA", "CHN", "ROW"]
    assert round(first.DC["CHN"], 2) == 4409.66
    assert round(last.DC["CHN"], 2) == 4414.67


def test_merging_first_is_the_table_with_one_china() -> None:
    table = golden_table("exva_iciotest")
    whole = {"MX1": "MEX", "MX2": "MEX", "CN1": "CHN", "CN2": "CHN"}
    by_hand = ValueAddedAccounts(table.aggregate(countries=whole, keep_rest=True))
    for name in ("exports", "tiva", "indices", "wwz", "imports"):
        for (what, mine), (_, other) in zip(
            frames_of(accounts("exva_iciotest", MERGED), name), frames_of(by_hand, name), strict=True
        ):
            same(mine, other, what)


def test_inverting_first_is_a_group_of_the_parts() -> None:
    """The parts under names that nobody knows, put together as a group, are what OECD's names are by themselves."""
    table = golden_table("exva_iciotest")
    other = IOTable.from_arrays(
        table.Z,
        table.Y,
        countries=[c.replace("CN", "P").replace("MX", "Q") for c in table.countries],
        sectors=table.sectors,
        final_categories=table.final_categories,
    )
    groups = {"MEX": ["MEX", "Q1", "Q2"], "CHN": ["CHN", "P1", "P2"]}
    named = ValueAddedAccounts(other, groups=groups)
    apart = ValueAddedAccounts(other)
    assert len(apart.exports()) == 10
    for name in ("exports", "tiva", "indices", "wwz", "imports"):
        for (what, mine), (_, theirs) in zip(
            frames_of(accounts("exva_iciotest"), name), frames_of(named, name), strict=True
        ):
            same(mine, theirs, what)


def test_what_does_not_depend_on_the_order_of_merging_and_inverting() -> None:
    first, last = accounts("exva_iciotest"), accounts("exva_iciotest", MERGED)
    for frame, columns in (
        ("indices", ["x", "va", "exports"]),
        ("gross_trade", ["exports"]),
        ("tiva", ["EXGR", "EXGR_FNL", "EXGR_INT", "IMGR", "DOM", "PROD", "VA"]),
    ):
        one, two = (getattr(a, frame)() for a in (first, last))
        for column in columns:
            close(one[column], two[column])
    close(first.tiva().FD_VA.sum(), last.tiva().FD_VA.sum())


@pytest.mark.parametrize("splits", ["invert-then-merge", "merge-then-invert"])
def test_a_group_of_countries_takes_the_parts_along(splits: str) -> None:
    table = golden_table("exva_iciotest")
    named = ValueAddedAccounts(table, groups={"NAFTA": ["USA", "MEX"]}, splits=splits).exports()
    assert list(named.country) == ["ESP", "FRA", "NAFTA", "CHN", "ROW"]
    apart = accounts("exva_iciotest").gross_trade("pair").query("country in ['MEX', 'USA']")
    outside = apart.query("partner not in ['MEX', 'USA']").exports.sum()
    adds_up(named.set_index("country").GEXP["NAFTA"], outside)
    if splits == "invert-then-merge":
        one_part = ValueAddedAccounts(table, groups={"NAFTA": ["USA", "MX1"]}).exports()
        same(named, one_part, "a part for the whole")


def test_a_table_without_parts_is_the_same_both_ways() -> None:
    table = golden_table("exva_wiodtest")
    one, two = (ValueAddedAccounts(table, splits=way) for way in ("invert-then-merge", "merge-then-invert"))
    pd.testing.assert_frame_equal(one.exports("sector_pair"), two.exports("sector_pair"))
    assert np.isfinite(one.exports().DC).all()
