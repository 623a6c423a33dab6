"""Published indices: labels, sources, layouts, and the identities that real published columns obey."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import FormatError, InputError, LabelError
from gvcpos.tables.published import PublishedIndices, published_identities, read_published
from gvcpos.tables.published.countries import iso3_codes
from tests.shared import shared

ADB72 = ("summary", "lengths", "gvcp")


def tidy(source: str = "somebody 2024") -> pd.DataFrame:
    """Two countries (one is Namibia's NAM), two sectors, two years; x, va and an index."""
    keys = [(c, s, y) for c in ("CHN", "NAM") for s in ("b", "a") for y in (2018, 2017)]
    frame = pd.DataFrame(keys, columns=["country", "sector", "year"])
    return frame.assign(x=np.arange(1.0, 9.0), va=0.5 * np.arange(1.0, 9.0), plv=2.0, source=source)


def adb72() -> PublishedIndices:
    paths = [shared(f"adb_accounts/adb72_{name}_2017_2022.parquet") for name in ADB72]
    return read_published(paths, source="ADB-MRIO 72")


def test_order_and_columns() -> None:
    made = PublishedIndices.from_frame(tidy())
    assert list(made.frame.columns) == ["country", "sector", "year", "x", "va", "plv", "source"]
    assert made.frame["year"].tolist() == [2017, 2018] * 4
    assert made.sectors == ("b", "a")
    assert (made.level, made.years, made.measures) == ("sector", (2017, 2018), ("x", "va", "plv"))
    assert made.between(2018).years == (2018,)
    with pytest.raises(InputError, match="no year from 1990 to 1999"):
        made.between(1990, 1999)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_shuffled_rows_hold_the_same(seed: int) -> None:
    frame = tidy()
    made = PublishedIndices.from_frame(frame.sample(frac=1, random_state=seed))
    keys = ["country", "sector", "year"]
    pd.testing.assert_frame_equal(
        made.frame.sort_values(keys, ignore_index=True), frame.sort_values(keys, ignore_index=True)
    )


def test_labels_are_checked() -> None:
    with pytest.raises(LabelError, match=r"EU27 is no ISO3 code"):
        PublishedIndices.from_frame(tidy().replace({"country": {"NAM": "EU27"}}))
    with pytest.raises(LabelError, match="duplicated rows for CHN b 2018"):
        PublishedIndices.from_frame(pd.concat([tidy(), tidy().head(1)]))
    with pytest.raises(LabelError, match="no such sector of adb"):
        PublishedIndices.from_frame(tidy(), publisher="adb", sectors=["a"])
    coded = PublishedIndices.from_frame(tidy().replace({"country": {"CHN": "PRC"}}), publisher="adb")
    assert coded.countries == ("CHN", "NAM")
    both = pd.concat([tidy(), tidy().query("country == 'CHN'").replace({"country": {"CHN": "PRC"}})])
    with pytest.raises(LabelError, match="CHN, PRC mean the same country"):
        PublishedIndices.from_frame(both, publisher="adb")
    with pytest.raises(InputError, match=r"2017\.5.* where a year was expected"):
        PublishedIndices.from_frame(tidy().astype({"year": float}).replace({"year": {2017.0: 2017.5}}))
    with pytest.raises(InputError, match="column plv is not numeric"):
        PublishedIndices.from_frame(tidy().assign(plv="two"))


def test_iso3_codes() -> None:
    assert len(iso3_codes()) == 251
    assert {"NAM", "TWN", "ROW", "XKX"} <= iso3_codes()


def test_sources_are_never_mixed_silently() -> None:
    with pytest.raises(InputError, match=r"no column source.*Name it with source="):
        PublishedIndices.from_frame(tidy().drop(columns="source"))
    with pytest.raises(InputError, match="no source in row 1"):
        PublishedIndices.from_frame(tidy().assign(source=["", *["A"] * 7]))
    both = pd.concat([tidy("A"), tidy("B")])
    with pytest.raises(InputError, match=r"rows of 2 sources \(A, B\) are not mixed silently"):
        PublishedIndices.from_frame(both)
    asked = PublishedIndices.from_frame(both, sources=["A", "B"])
    assert asked.sources == ("A", "B")
    assert asked.frame.groupby("source").size().tolist() == [8, 8]
    assert PublishedIndices.from_frame(both, sources=["B"]).sources == ("B",)
    with pytest.raises(LabelError, match="no such source"):
        PublishedIndices.from_frame(both, sources=["C"])


def test_wide_and_long_files_are_the_same(tmp_path: Path) -> None:
    wide = PublishedIndices.from_frame(tidy(), units={"x": "m USD"})
    tidy().to_csv(tmp_path / "wide.csv", index=False)
    wide.to_long().to_csv(tmp_path / "long.csv", index=False)
    wide.to_long().to_parquet(tmp_path / "long.parquet")
    for name in ("wide.csv", "long.csv", "long.parquet"):
        found = read_published(tmp_path / name)
        pd.testing.assert_frame_equal(found.frame, wide.frame)
    assert read_published(tmp_path / "long.csv").units["x"] == "m USD"
    again = pd.concat([wide.to_long(), wide.to_long().head(1)])
    again.to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(LabelError, match=r"twice.csv: duplicated rows for CHN b 2017 .*x"):
        read_published(tmp_path / "twice.csv")


def test_other_names_are_translated(tmp_path: Path) -> None:
    """As OECD's data explorer writes TiVA: codes in capitals, one row a measure, totals among the partners."""
    long = PublishedIndices.from_frame(tidy()).to_long().drop(columns="source")
    names = {"country": "REF_AREA", "sector": "ACTIVITY", "year": "TIME_PERIOD", "measure": "MEASURE"}
    file = long.rename(columns=names | {"value": "OBS_VALUE", "unit": "UNIT_MEASURE"}).assign(COUNTERPART_AREA="W")
    partner = file.assign(COUNTERPART_AREA="USA", OBS_VALUE=-1.0)
    pd.concat([file, partner]).to_csv(tmp_path / "tiva.csv", index=False)
    columns = {new: old for old, new in names.items()} | {"OBS_VALUE": "value", "UNIT_MEASURE": "unit"}
    found = read_published(tmp_path / "tiva.csv", columns=columns, where={"COUNTERPART_AREA": "W"}, source="TiVA 2023")
    pd.testing.assert_frame_equal(found.frame.drop(columns="source"), tidy_sorted())
    with pytest.raises(InputError, match="where names a column 'PARTNER'"):
        read_published(tmp_path / "tiva.csv", columns=columns, where={"PARTNER": "W"}, source="TiVA 2023")


def tidy_sorted() -> pd.DataFrame:
    return PublishedIndices.from_frame(tidy()).frame.drop(columns="source")


def test_files_of_one_release_must_agree(tmp_path: Path) -> None:
    first, second = tidy()[["country", "sector", "year", "x"]], tidy()[["country", "sector", "year", "x", "plv"]]
    first.to_csv(tmp_path / "a.csv", index=False)
    second.sample(frac=1, random_state=1).to_csv(tmp_path / "b.csv", index=False)
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    assert read_published(paths, source="S").measures == ("x", "plv")
    second.iloc[1:].to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(LabelError, match=r"b.csv: not the rows of a.csv: CHN b 2018 in one of them only"):
        read_published(paths, source="S")
    second.assign(x=8.0).to_csv(tmp_path / "b.csv", index=False)
    with pytest.raises(InputError, match="7 values of 'x' differ"):
        read_published(paths, source="S")
    with pytest.raises(FormatError, match="not laid out as adb"):
        read_published(paths[0], layout="adb", source="S")


@pytest.fixture(scope="module")
def adb() -> PublishedIndices:
    return adb72()


def test_adb_columns_obey_the_identities(adb: PublishedIndices) -> None:
    """ADB's published columns, 73 x 35 x 6: to rounding, the sums over the world too."""
    assert (len(adb.countries), len(adb.sectors), adb.years) == (73, 35, tuple(range(2017, 2023)))
    found = published_identities(adb).set_index("identity")
    assert len(found) == 11
    assert (found["max_error"] < 1e-12).all()
    assert found.loc["x = zuse + va", "cells"] == 73 * 35 * 6
    assert found.loc["world: sum va plv = sum x", "cells"] == 6


def test_a_broken_identity_is_found(adb: PublishedIndices) -> None:
    frame = adb.frame.copy()
    row = frame.index[(frame["country"] == "CHN") & (frame["sector"] == "c2") & (frame["year"] == 2019)][0]
    frame.loc[row, "va"] *= 1.01
    found = published_identities(PublishedIndices(frame)).set_index("identity")
    assert found.loc["x = zuse + va", "worst"] == "CHN c2 2019"
    assert found.loc["x = zuse + va", "max_error"] > 1e-3
    assert found.loc["world: sum va plv = sum x", "worst"].endswith(", 2019")


def test_other_releases() -> None:
    summary, rca = (shared(f"adb_accounts/adb62_{name}_2000_2007_2022.parquet") for name in ("summary", "rca"))
    older = read_published([summary, rca], source="ADB-MRIO 62")
    assert older.years == (2000, *range(2007, 2023))
    assert {"exports", "vax_origin", "rca", "rca_va"} <= set(older.measures)
    with pytest.raises(LabelError, match="not the rows of"):
        read_published([summary, shared("adb_accounts/adb72_gvcp_2017_2022.parquet")], source="mixed")
    antras = read_published(shared("golden/antras_chor_2000_2011.parquet"), source="Antràs and Chor")
    found = published_identities(antras).set_index("identity")
    assert found.loc["world: sum x U = sum x D", "max_error"] < 1e-7  # single precision as published
