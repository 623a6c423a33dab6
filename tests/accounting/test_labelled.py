"""Tidy frames as labelled arrays: every number in its place, labels in their order, and what is refused."""

from __future__ import annotations

import inspect
import sys

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import GvcposError, InputError, LabelError
from gvcpos.accounting import Satellite, TidyFrame, ValueAddedAccounts
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
    made = frame.to_xarray()
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
    made = pd.concat([frames()["pair"], later]).to_xarray()
    assert dict(made.sizes) == {"country": 3, "partner": 3, "year": 2}
    assert made.GEXP.sel(country="C1", partner="C1").isnull().all()
    assert float(made.GEXP.sel(country="C1", partner="C0", year=2011)) == later.GEXP[2]


def test_what_has_no_place_is_refused() -> None:
    pytest.importorskip("xarray")
    frame = frames()["pair"]
    with pytest.raises(LabelError, match="C0, C1, 2010"):
        pd.concat([frame, frame.head(1)]).to_xarray()
    with pytest.raises(InputError, match="no label columns"):
        frame[["GEXP"]].to_xarray()


def test_without_xarray_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(GvcposError, match=r"gvcpos\[xarray\]"):
        frames()["pair"].to_xarray()


def test_a_frame_stays_tidy_and_an_index_of_ones_own_is_kept() -> None:
    pytest.importorskip("xarray")
    frame = frames()["pair"]
    assert isinstance(frame.query("country == 'C0'"), TidyFrame)
    chosen = frame.query("country == 'C1'").to_xarray()
    assert dict(chosen.sizes) == {"country": 1, "partner": 2, "year": 1}
    own = frame.set_index(["partner", "country"])["GEXP"].to_xarray()
    assert own.dims == ("partner", "country")
    indexed = frame.set_index(["partner", "country"]).to_xarray()
    assert indexed["GEXP"].dims == ("partner", "country")


INNER = {"frame", "flow_frame", "pair_frame"}
FRAMES = sorted(
    name
    for name, method in inspect.getmembers(ValueAddedAccounts, inspect.isfunction)
    if not name.startswith("_") and name not in INNER and inspect.signature(method).return_annotation == "pd.DataFrame"
)


@pytest.mark.parametrize("name", FRAMES)
def test_every_frame_is_tidy(name: str) -> None:
    pytest.importorskip("xarray")
    mine, method = ValueAddedAccounts(TABLE), getattr(ValueAddedAccounts, name)
    needed = [p for p in inspect.signature(method).parameters.values() if p.default is p.empty and p.name != "self"]
    work = pd.DataFrame({"jobs": np.arange(1.0, 7.0), "co2": 1.0}, index=TABLE.index).reset_index()
    frame = method(mine, *([Satellite.from_tidy(work, unit="thousands")] if needed else []))
    made = frame.to_xarray()
    assert isinstance(frame, TidyFrame)
    assert len(made.data_vars) > 0
    assert "country" in made.dims or "origin" in made.dims


def test_there_are_frames_to_look_at() -> None:
    assert len(FRAMES) >= 25
