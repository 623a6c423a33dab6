"""Revealed comparative advantage: ADB's scripts at every level, R gvc, the mean of 1, and what has no advantage.

Tolerance 1e-9 of a column's largest entry; measured 4e-15 or better.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from hypothesis import given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.worlds import close, random_world, worlds
from tests.shared import shared, wiod2011

INDICES = {"rca": "exports", "rca_vaxes": "vax_exporting", "rca_vaxos": "vax_origin", "nrca": "dc_origin"}


@lru_cache(maxsize=4)
def accounts(column: str | None) -> ValueAddedAccounts:
    if column is None:
        return ValueAddedAccounts(wiod2011())
    codes = pd.read_csv(shared("meta/adb_mrio_sectors35.csv"))
    members = codes.groupby(column, sort=False)["code"].agg(list)
    return ValueAddedAccounts(wiod2011(), sector_groups={str(k): list(v) for k, v in members.items()})


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
