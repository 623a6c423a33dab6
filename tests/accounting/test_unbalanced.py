"""Tables that fail their identities: refused, or computed with what does not add up in columns of its own."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import IdentityError, InputError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.worlds import close, random_world


def unbalanced(seed: int = 3) -> tuple[IOTable, IOTable]:
    """A balanced table, and the same with output and value added that are off by a few units."""
    table = random_world(seed, 4, 3)
    rng = np.random.default_rng(seed)
    labels = {
        "countries": table.countries,
        "sectors": table.sectors,
        "final_categories": table.final_categories,
        "year": table.year,
    }
    x = table.x * (1 + 0.02 * rng.standard_normal(12))
    va = table.va_total * (1 + 0.02 * rng.standard_normal(12))
    return table, IOTable.from_arrays(table.Z, table.Y, x=x, va=va, **labels)


def test_refused_unless_asked() -> None:
    _, odd = unbalanced()
    with pytest.raises(IdentityError):
        ValueAddedAccounts(odd)
    with pytest.raises(InputError, match="'report'"):
        ValueAddedAccounts(odd, unbalanced="ignore")  # type: ignore[arg-type]


@pytest.mark.parametrize("by", ["sector", "country"])
def test_residuals_of_the_table_are_columns(by: str) -> None:
    _, odd = unbalanced()
    frame = ValueAddedAccounts(odd, unbalanced="report").participation(by)
    row = odd.x - odd.Z.sum(axis=1) - odd.Y.sum(axis=1)
    column = odd.x - odd.Z.sum(axis=0) - odd.va_total
    wanted = [row, column] if by == "sector" else [row.reshape(4, 3).sum(axis=1), column.reshape(4, 3).sum(axis=1)]
    close(frame.row_residual, wanted[0])
    close(frame.column_residual, wanted[1])
    assert np.abs(row).max() > 0.1


@pytest.mark.parametrize("by", ["country", "sector", "pair", "sector_pair"])
def test_decompositions_close_with_their_residual(by: str) -> None:
    _, odd = unbalanced()
    accounts = ValueAddedAccounts(odd, unbalanced="report")
    exports = accounts.exports(by)
    close(exports[["DVA", "DDC", "FVA", "FDC", "residual"]].sum(axis=1), exports.GEXP)
    assert exports.residual.abs().max() > 1e-3
    for frame in (accounts.wwz(by), accounts.kww(by)):
        terms = [
            c
            for c in frame.columns
            if c not in {"country", "sector", "partner", "year", "row_residual", "column_residual"}
        ]
        close(frame[terms].sum(axis=1), exports.GEXP)
        assert "residual" in terms


def test_a_balanced_table_leaves_nothing() -> None:
    table, _ = unbalanced()
    plain, told = ValueAddedAccounts(table), ValueAddedAccounts(table, unbalanced="report")
    assert "residual" not in plain.exports("pair")
    frame = told.exports("country")
    close(
        frame.drop(columns=["residual", "row_residual", "column_residual"]).iloc[:, 2:],
        plain.exports("country").iloc[:, 2:],
    )
    assert frame[["residual", "row_residual", "column_residual"]].abs().to_numpy().max() < 1e-10 * table.x.max()


def test_inputs_of_a_cell_without_output_are_in_the_residual() -> None:
    table = random_world(5, 4, 3)
    Z, Y = table.Z.copy(), table.Y.copy()
    Z[4], Y[4] = 0.0, 0.0
    labels = {"countries": table.countries, "sectors": table.sectors, "final_categories": table.final_categories}
    va = np.where(np.arange(12) == 4, 0.0, table.va_total)
    odd = IOTable.from_arrays(Z, Y, va=va, **labels)
    frame = ValueAddedAccounts(odd, unbalanced="report").indices()
    assert not np.isinf(frame.select_dtypes("number")).to_numpy().any()
    assert frame.column_residual[4] == pytest.approx(-Z[:, 4].sum())
