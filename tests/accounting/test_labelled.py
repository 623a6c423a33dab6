"""Tidy frames as labelled arrays: every number in its place, labels in their order, and what is refused."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import GvcposError, InputError, LabelError
from gvcpos.accounting import ValueAddedAccounts, to_xarray
from tests.accounting.worlds import random_world

TABLE = random_world(1, 3, 2)


def frames() -> dict[str, pd.DataFrame]:
    mine = ValueAddedAccounts(TABLE)
    return {
        "country": mine.country_indices(),
        "sector": mine.indices(),
        "pair": mine.exports("pair"),
        "sector_pair": mine.wwz("sector_pair"),
        "origin": mine.origin(origin="country_sector", destination="country_sector"),
        "footprints": mine.footprints(by="sector"),
    }


@pytest.mark.parametrize("kind", ["country", "sector", "pair", "sector_pair", "origin", "footprints"])
def test_every_number_is_at_its_labels(kind: str) -> None:
    pytest.importorskip("xarray")
    frame = frames()[kind]
    made = to_xarray(frame)
    labels = [str(name) for name in made.dims]
    values = [name for name in frame.columns if name not in labels]
    assert list(made.data_vars) == values
    for _, row in frame.iterrows():
        at = made.sel({name: row[name] for name in labels})
        np.testing.assert_array_equal([float(at[name]) for name in values], row[values].to_numpy(float))
    for name in labels:
        expected = TABLE.sectors if "sector" in name else TABLE.countries
        if name not in ("year", "satellite"):
            assert tuple(made[name].values) == expected
    filled = sum(int(made[name].notnull().sum()) for name in values)
    assert filled == int(frame[values].notna().to_numpy().sum())


def test_years_stand_side_by_side_and_an_exporter_has_no_trade_with_itself() -> None:
    pytest.importorskip("xarray")
    later = ValueAddedAccounts(random_world(2, 3, 2, year=2011)).exports("pair")
    made = to_xarray(pd.concat([frames()["pair"], later]))
    assert dict(made.sizes) == {"country": 3, "partner": 3, "year": 2}
    assert made.GEXP.sel(country="C1", partner="C1").isnull().all()
    assert float(made.GEXP.sel(country="C1", partner="C0", year=2011)) == later.GEXP[2]


def test_what_has_no_place_is_refused() -> None:
    pytest.importorskip("xarray")
    frame = frames()["pair"]
    with pytest.raises(LabelError, match="C0, C1, 2010"):
        to_xarray(pd.concat([frame, frame.head(1)]))
    with pytest.raises(InputError, match="no label columns"):
        to_xarray(frame[["GEXP"]])


def test_without_xarray_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(GvcposError, match=r"gvcpos\[xarray\]"):
        to_xarray(frames()["pair"])
