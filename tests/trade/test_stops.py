"""Supply stops through the table: the accounting's extraction, its identities, and what buyers lose."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos import ValueAddedAccounts, synthetic_world
from gvcpos._core.errors import InputError, LabelError
from gvcpos.tables import IOTable
from gvcpos.trade import supply_stop
from tests.shared import wiod_year


@pytest.fixture(scope="module")
def table() -> IOTable:
    return synthetic_world(seed=1, countries=8, years=range(2007, 2012)).tables[2009]


def test_it_is_the_accountings_extraction(table: IOTable) -> None:
    books = ValueAddedAccounts(table)
    sectors = table.sectors[:2]
    stop = supply_stop(table, "CHN", sectors, ["USA", "JPN"], goods="intermediate", accounts=books)
    known = books.extraction("CHN", sectors, ["USA", "JPN"], goods="intermediate")
    np.testing.assert_allclose(stop.frame["value_added_lost"], known["gdp_lost"], rtol=1e-12)
    np.testing.assert_allclose(stop.frame["sales_lost"], known["exports_removed"], rtol=1e-12)
    np.testing.assert_allclose(stop.frame["value_added_share"], known["gdp_share"], rtol=1e-12)


def test_all_exports_lost_are_their_domestic_value_added(table: IOTable) -> None:
    stop = supply_stop(table, "CHN", None)
    exports = ValueAddedAccounts(table).exports(perspective="exporter", approach="source").set_index("country")
    found = stop.frame.set_index("country")
    assert found.loc["CHN", "value_added_lost"] == pytest.approx(exports.loc["CHN", "DVA"], rel=1e-9)
    assert found.loc["CHN", "sales_lost"] == pytest.approx(exports.loc["CHN", "GEXP"], rel=1e-9)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.0])
def test_output_lost_by_a_dense_solve(table: IOTable, share: float) -> None:
    """x − x* with the sales, or a part of them, taken out of A and Y, solved as it is written."""
    N, j = len(table.sectors), table.countries.index("CHN")
    buyers = [table.countries.index(c) for c in ("USA", "JPN")]
    rows = np.arange(j * N, j * N + 2)
    columns = np.concatenate([np.arange(b * N, b * N + N) for b in buyers])
    A = table.Z / np.where(table.x > 0, table.x, 1.0)
    Y = np.array(table.final_demand)
    without = A.copy()
    without[np.ix_(rows, columns)] *= 1 - share
    Y[np.ix_(rows, buyers)] *= 1 - share
    left = np.linalg.solve(np.eye(len(A)) - without, Y.sum(axis=1))
    stop = supply_stop(table, "CHN", table.sectors[:2], ["JPN", "USA"], share=share, by="sector")
    np.testing.assert_allclose(stop.frame["output_lost"], table.x - left, rtol=1e-7, atol=1e-7 * table.x.max())


def test_what_buyers_lose(table: IOTable) -> None:
    stop = supply_stop(table, "CHN", table.sectors[0], ["USA"])
    frame = stop.frame.set_index("country")
    N, i, j = len(table.sectors), table.countries.index("CHN") * len(table.sectors), table.countries.index("USA")
    assert frame.loc["USA", "inputs_lost"] == pytest.approx(table.Z[i, j * N : (j + 1) * N].sum())
    assert frame.loc["USA", "final_lost"] == pytest.approx(table.final_demand[i, j])
    assert frame.drop("USA")[["inputs_lost", "final_lost"]].to_numpy().sum() == 0.0
    half = supply_stop(table, "CHN", table.sectors[0], ["USA"], share=0.5)
    assert "50% of its" in half.sentence
    assert half.frame.set_index("country").loc["USA", "inputs_lost"] == pytest.approx(
        frame.loc["USA", "inputs_lost"] / 2
    )
    total = frame["inputs_lost"].sum() + frame["final_lost"].sum()
    assert total == pytest.approx(frame["sales_lost"].sum())
    by_sector = supply_stop(table, "CHN", table.sectors[0], ["USA"], by="sector").frame
    assert by_sector["inputs_lost"].sum() == pytest.approx(frame["inputs_lost"].sum())
    share = by_sector.loc[by_sector["country"] == "USA", "inputs_share"]
    assert ((share >= 0) & (share <= 1)).all()


def test_goods_add_up_in_what_is_bought(table: IOTable) -> None:
    every, inputs, final = (
        supply_stop(table, "CHN", None, goods=goods).frame  # type: ignore[arg-type]
        for goods in ("all", "intermediate", "final")
    )
    np.testing.assert_allclose(inputs["inputs_lost"], every["inputs_lost"])
    np.testing.assert_allclose(final["final_lost"], every["final_lost"])
    assert final["inputs_lost"].sum() == inputs["final_lost"].sum() == 0.0


def test_assumptions_and_synthetic_numbers_are_told(table: IOTable) -> None:
    stop = supply_stop(table, "CHN", table.sectors[0], "USA")
    assert any("Hypothetical extraction" in text for text in stop.assumptions)
    assert any("no forecast" in text for text in stop.assumptions)
    assert "If CHN stopped selling" in stop.sentence
    assert "to USA" in stop.sentence
    assert "Synthetic numbers." in stop.sentence
    assert table.meta.unit in stop.sentence


def test_faults(table: IOTable) -> None:
    with pytest.raises(InputError, match=r"share: 1\.2"):
        supply_stop(table, "CHN", None, share=1.2)
    with pytest.raises(LabelError, match="no such exporter: PRC"):
        supply_stop(table, "PRC", None)
    with pytest.raises(LabelError, match="no such sector: c99"):
        supply_stop(table, "CHN", "c99")
    with pytest.raises(LabelError, match="no such importer: ATL"):
        supply_stop(table, "CHN", None, "ATL")
    other = synthetic_world(seed=2, countries=8, years=range(2007, 2012)).tables[2009]
    with pytest.raises(InputError, match="another table"):
        supply_stop(table, "CHN", None, accounts=ValueAddedAccounts(other))


def test_chinas_mining_and_metals_in_wiod_2011() -> None:
    """Real: Chinese sales of mining and metals abroad; most of what hangs on them is China's own."""
    table = wiod_year(2011)
    stop = supply_stop(table, "CHN", ["c2", "c12"])
    frame = stop.frame.set_index("country")
    known = ValueAddedAccounts(table).extraction("CHN", ["c2", "c12"])
    assert frame["value_added_lost"].sum() == pytest.approx(known["gdp_lost"].sum(), rel=1e-10)
    assert 0.6 < frame.loc["CHN", "value_added_lost"] / frame["value_added_lost"].sum() < 0.95
    assert frame["value_added_lost"].sum() <= frame["sales_lost"].sum() * (1 + 1e-3)
    assert (frame.drop("CHN")["inputs_share"] < 0.05).all()
