"""Revealed comparative advantage: ADB's scripts at every level, R gvc, the mean of 1, and what has no advantage.

Tolerance 1e-9 of a column's largest entry; measured 4e-15 or better.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.oracle.files import read
from tests.accounting.worlds import close, random_world, worlds
from tests.shared import golden_table, shared, wiod2011

LEVELS = {0: "c5_ind", 5: "c5_ind", 15: "c15_ind", 35: None}  # ADB's level 0 is its five sectors once more
INDICES = {"rca": "exports", "rca_vaxes": "vax_exporting", "rca_vaxos": "vax_origin", "nrca": "dc_origin"}


@lru_cache(maxsize=4)
def accounts(column: str | None) -> ValueAddedAccounts:
    if column is None:
        return ValueAddedAccounts(wiod2011())
    codes = pd.read_csv(shared("meta/adb_mrio_sectors35.csv"))
    members = codes.groupby(column, sort=False)["code"].agg(list)
    return ValueAddedAccounts(wiod2011(), sector_groups={str(k): list(v) for k, v in members.items()})


@pytest.mark.parametrize("level", LEVELS)
def test_rca_is_adbs_at_every_level(level: int) -> None:
    theirs = read("wiod2011", "ksreyes_rca")
    theirs = theirs[theirs["agg"] == level]
    mine = accounts(LEVELS[level]).rca()
    names = mine.sector if LEVELS[level] else mine.sector.str.removeprefix("c")
    mine = mine.set_index([mine.country, names.astype(int)]).loc[list(zip(theirs.s, theirs.i, strict=True))]
    assert len(mine) == len(theirs) == 41 * (level or 5)
    for index in ("rca", "rca_vaxes", "rca_vaxos"):
        close(mine[index], theirs[index])
    for column, level_name in (("exports", "exports_si"), ("vax_exporting", "vaxes_si"), ("vax_origin", "vaxos_si")):
        close(mine[column], theirs[level_name])


@pytest.mark.parametrize("folder", ["leather", "exva_wiodtest", "wiod2011"])
def test_rca_of_domestic_content_is_gvc(folder: str) -> None:
    theirs = read(folder, "gvc640_nrca").replace({f"D{name}": name for name in golden_table(folder).sectors})
    found = accounts(None) if folder == "wiod2011" else ValueAddedAccounts(golden_table(folder))
    mine = found.rca().set_index(["country", "sector"])["nrca"]
    close(mine.loc[list(zip(theirs.country, theirs.sector, strict=True))], theirs.value)


@settings(max_examples=30, deadline=None)
@given(worlds())
def test_the_weighted_mean_over_countries_is_one(table: IOTable) -> None:
    frame = ValueAddedAccounts(table).rca()
    (G, N), size = table.shape, table.x.sum()
    for index, of in INDICES.items():
        values, found = (frame[name].to_numpy().reshape(G, N) for name in (of, index))
        if values.sum() <= 1e-9 * size:  # nobody trades
            continue
        weights = values.sum(axis=1) / values.sum()
        sold = values.sum(axis=0) > 1e-9 * size
        close(np.nansum(found * weights[:, None], axis=0)[sold], np.ones(sold.sum()))
    close(frame.groupby("country").vax_origin.sum(), frame.groupby("country").vax_exporting.sum(), size=size)
    assert not np.isinf(frame[list(INDICES)].to_numpy()).any()


def test_a_country_that_exports_nothing_has_no_advantage() -> None:
    frame = ValueAddedAccounts(random_world(4, 3, 3, zero=1, autarkic=True)).rca()
    closed = frame.country == "C0"
    assert frame.loc[closed, list(INDICES)].isna().all(axis=None)
    assert frame.loc[~closed, ["rca"]].notna().to_numpy().sum() >= 5


def test_a_group_is_one_exporter() -> None:
    table = random_world(6, 4, 3)
    merged = table.aggregate(countries={"C1": "union", "C2": "union"}, keep_rest=True)
    group, plain = (
        ValueAddedAccounts(t, groups=g).rca() for t, g in ((table, {"union": ["C1", "C2"]}), (merged, None))
    )
    both = group.merge(plain, on=["country", "sector"], suffixes=("", "_plain"), validate="1:1")
    assert len(both) == 9
    close(both.rca, both.rca_plain)
    close(both.exports, both.exports_plain)
