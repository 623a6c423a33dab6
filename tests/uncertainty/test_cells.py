"""Drawn cells have the mean and the spread that was assumed; drawn tables balance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import InputError, LabelError
from gvcpos.tables import IOTable
from gvcpos.uncertainty import CellErrors, DrawnTables
from gvcpos.uncertainty.cells import relative_errors
from gvcpos.uncertainty.closure import close_by_residual
from gvcpos.uncertainty.redraw import Seeds
from tests.accounting.worlds import random_world, worlds
from tests.shared import wiod2011


def cells_of(table: IOTable, errors: CellErrors, draws: int, year: int | None = None) -> np.ndarray:
    """Cells of Z over their published value, shape (draws, n, n); before closure moves any."""
    source = DrawnTables(table if year is None else table.with_meta(year=year), errors)
    n = len(table.x)
    return np.stack([source._cells(Seeds(5, d))[0][:, :n] / table.Z for d in range(draws)])


@pytest.mark.parametrize("kind", ["log-normal", "normal"])
def test_mean_and_spread_of_a_cell(kind: str) -> None:
    table = random_world(1, 3, 3)
    draws = cells_of(table, CellErrors(0.2, kind=kind), 2000)
    assert abs(draws.mean() - 1) < 0.002
    np.testing.assert_allclose(draws.std(axis=0), 0.2, rtol=0.15)
    np.testing.assert_allclose(draws.std(), 0.2, rtol=0.01)


def test_errors_go_by_size_and_by_source() -> None:
    table = random_world(2, 3, 2)
    of_z, _ = relative_errors(table, CellErrors.by_size(0.4, 0.7, largest=0.9))
    np.testing.assert_allclose(of_z, np.minimum(0.4 * table.Z**-0.3, 0.9), rtol=1e-12)
    graded, of_y = relative_errors(table, CellErrors(0.1, final=0.5, countries={"C1": 3.0}, sectors={"S1": 2.0}))
    assert graded[0, 0] == pytest.approx(0.1)
    assert graded[2, 2] == pytest.approx(0.3)
    assert graded[3, 3] == pytest.approx(0.6)
    assert graded[0, 2] == graded[2, 0] == pytest.approx(0.1 * np.sqrt(5))
    assert of_y[2, 2] == pytest.approx(0.15)


def test_parts_in_common_and_over_years() -> None:
    table = random_world(3, 3, 2)
    errors = CellErrors(0.05, common_country=0.5, common_sector=0.2, between_years=0.6)
    first, second = cells_of(table, errors, 1500, 2001), cells_of(table, errors, 1500, 2002)
    np.testing.assert_allclose(first.std(axis=0), 0.05, rtol=0.15)

    def correlation(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.corrcoef(a, b)[0, 1])

    assert correlation(first[:, 0, 0], first[:, 0, 3]) == pytest.approx(0.7, abs=0.06)  # one row
    assert correlation(first[:, 0, 0], first[:, 1, 3]) == pytest.approx(0.5, abs=0.06)  # one country
    assert correlation(first[:, 0, 0], first[:, 2, 3]) == pytest.approx(0.2, abs=0.08)  # one sector
    assert correlation(first[:, 0, 0], first[:, 3, 3]) == pytest.approx(0.0, abs=0.08)
    assert correlation(first[:, 0, 0], second[:, 0, 0]) == pytest.approx(0.6, abs=0.06)


def test_errors_that_never_change() -> None:
    table = random_world(3, 3, 2)
    errors = CellErrors(0.3, between_years=1.0)
    np.testing.assert_array_equal(cells_of(table, errors, 3, 2001), cells_of(table, errors, 3, 2002))


@given(table=worlds(), closure=st.sampled_from(["residual", "ras"]), size=st.sampled_from([0.05, 0.6]))
@example(
    table=IOTable.from_arrays(np.zeros((2, 2)), np.zeros((2, 1)), countries="A", sectors="st"), closure="ras", size=0.05
)
@settings(max_examples=20, deadline=None)
def test_drawn_tables_balance_and_keep_signs_and_zeros(table: IOTable, closure: str, size: float) -> None:
    drawn = DrawnTables(table, CellErrors(size, closure=closure)).draw(Seeds(1, 2))
    scale = 1e-9 * table.x.max()
    np.testing.assert_allclose(drawn.x, drawn.Z.sum(axis=1) + drawn.Y.sum(axis=1), rtol=0, atol=scale)
    np.testing.assert_allclose(drawn.x, drawn.Z.sum(axis=0) + drawn.va, rtol=0, atol=scale)
    np.testing.assert_array_equal(drawn.Z == 0, table.Z == 0)
    assert (np.sign(drawn.Z) == np.sign(table.Z)).all()
    assert (drawn.x[table.x == 0] == 0).all()
    positive = (table.va_total > 0) & (table.x > 0)
    assert (drawn.va[positive] > -scale).all()
    assert (drawn.x[table.x > 0] > 0).all()


def test_value_added_is_kept_positive_and_counted() -> None:
    Z = np.array([[10.0, 95.0], [1.0, 2.0]])
    table = IOTable.from_arrays(Z, np.array([[20.0, 10.0], [60.0, 40.0]]), countries=["A", "B"], sectors=["s"])
    assert table.va_total[1] == pytest.approx(6.0)
    counts, output = 0, []
    source = DrawnTables(table, CellErrors(0.3, least_va=0.2))
    for d in range(400):
        drawn = source.draw(Seeds(0, d))
        counts += int(drawn.guarded[1])
        published_rate = table.va_total[1] / table.x[1]
        assert drawn.va[1] >= 0.2 * published_rate * drawn.x[1] * (1 - 1e-12)
        output.append(drawn.x[0])
    assert 50 < counts < 350
    assert np.mean(output) == pytest.approx(table.x[0], rel=0.03)  # sellers keep their output


def test_normal_errors_that_would_change_a_sign_are_counted() -> None:
    table = random_world(4, 3, 3)
    drawn = DrawnTables(table, CellErrors(0.6, kind="normal")).draw(Seeds(0, 0))
    assert drawn.clipped > 0
    assert (drawn.Z > 0).all()


def test_ras_keeps_totals_and_residual_moves_value_added() -> None:
    table = random_world(5, 4, 3, negative=True)
    errors = CellErrors(0.2)
    kept = DrawnTables(table, CellErrors(0.2, closure="ras")).draw(Seeds(0, 1))
    np.testing.assert_allclose(kept.x, table.x, rtol=1e-7)
    np.testing.assert_allclose(kept.va, table.va_total, rtol=1e-6)
    left = [DrawnTables(table, errors).draw(Seeds(0, d)).va for d in range(60)]
    assert (np.std(left, axis=0) / table.va_total).min() > 0.03
    loose = [
        DrawnTables(table, CellErrors(0.2, closure="ras", totals=0.05)).draw(Seeds(0, d)).x / table.x for d in range(60)
    ]
    assert np.std(loose) == pytest.approx(0.05, rel=0.15)


def test_cells_without_output_stay_as_published_in_wiod() -> None:
    table = wiod2011()
    drawn = DrawnTables(table, CellErrors(0.1)).draw(Seeds(0, 0))
    idle = table.x == 0
    assert idle.any()
    np.testing.assert_array_equal(drawn.Z[:, idle], table.Z[:, idle])
    np.testing.assert_array_equal(drawn.Z[idle], table.Z[idle])
    assert (drawn.x[idle] == 0).all()


def test_a_row_that_sells_nothing_but_rounding_is_left_alone() -> None:
    """WIOD has sectors with a sliver of output and no sales: no division of nothing by nothing."""
    table = random_world(5, 3, 3)
    Z, Y = table.Z.copy(), table.Y @ np.kron(np.eye(3), np.ones((table.Y.shape[1] // 3, 1)))
    Z[0], Y[0] = 0.0, 0.0
    with np.errstate(all="raise"):
        drawn = close_by_residual(Z, Y, table, 0.05, 0)
    assert drawn.x[0] == 0
    assert np.isfinite(drawn.Z).all()
    assert np.isfinite(drawn.Y).all()


def test_what_cannot_be_is_refused() -> None:
    for wrong in ({"relative": -0.1}, {"between_years": 1.5}, {"power": 0.0}, {"kind": "uniform"}):
        with pytest.raises(InputError):
            CellErrors(**wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="common_sector"):
        CellErrors(common_country=0.7, common_sector=0.7)
    with pytest.raises(InputError, match="factor of C0"):
        CellErrors(countries={"C0": -1.0})
    with pytest.raises(LabelError, match="XYZ"):
        DrawnTables(random_world(1, 2, 2), CellErrors(countries={"XYZ": 2.0}))


def test_all_errors_can_be_scaled() -> None:
    twice = CellErrors(0.1, totals=0.02).times(2.0)
    assert (twice.relative, twice.totals, twice.largest) == (0.2, 0.04, 2.0)
    nothing = DrawnTables(random_world(1, 3, 2), CellErrors(0.1).times(0.0)).draw(Seeds(0, 0))
    np.testing.assert_allclose(nothing.Z, random_world(1, 3, 2).Z, rtol=1e-12)
