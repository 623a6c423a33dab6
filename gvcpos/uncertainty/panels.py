"""Panels of a chain from drawn tables: every year read once, every draw one LU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.accounting import Blocks, ValueAddedAccounts
from gvcpos.accounting.draws import IndexDraws
from gvcpos.chains import Chain
from gvcpos.tables import IOTable, TableSeries
from gvcpos.uncertainty.cells import CellErrors, FloatArray
from gvcpos.uncertainty.covariates import CovariateDraws
from gvcpos.uncertainty.monte_carlo import as_published
from gvcpos.uncertainty.redraw import DrawnTables, Seeds
from gvcpos.uncertainty.stages import Rows, account_indices, drawn_indices

Split = Callable[[IOTable, np.random.Generator | None], IOTable]
Beside = Callable[[int, ValueAddedAccounts], None]


class PanelDraws(Protocol):
    """Panels that can be estimated on, one a draw."""

    @property
    def draws(self) -> int:
        """How many there are besides the published one."""

    @property
    def guarded(self) -> float:
        """Mean share of cells of a drawn table whose value added was kept positive."""

    @property
    def errors(self) -> str:
        """The assumption in words."""

    def frame(self, draw: int) -> pd.DataFrame:
        """Return the panel of one draw, 0 for the published one."""


@dataclass(frozen=True, eq=False)
class SamePanel:
    """A panel that is taken as exact in every draw, for covariates with errors of their own.

    Attributes
    ----------
    panel : DataFrame
    draws : int
    errors : str
        What is assumed instead, in words.
    guarded : float
    """

    panel: pd.DataFrame
    draws: int
    errors: str
    guarded: float = 0.0

    def frame(self, draw: int) -> pd.DataFrame:
        """Return the panel."""
        return self.panel


@dataclass(frozen=True, eq=False)
class DrawnPanels:
    """The panels of all draws.

    Attributes
    ----------
    rows : Rows
    years : tuple of int
    values : mapping of str to ndarray, shape (1 + draws, rows, years)
        The first is the published one.
    attrs : mapping
        Of each panel, as of `gvcpos.chains.gvc_panel`.
    guarded : float
        Mean share of cells of a drawn table whose value added was kept positive.
    """

    rows: Rows
    years: tuple[int, ...]
    values: Mapping[str, FloatArray]
    attrs: Mapping[str, object]
    guarded: float

    @property
    def draws(self) -> int:
        """How many panels were drawn."""
        return len(next(iter(self.values.values()))) - 1

    @property
    def errors(self) -> str:
        """The assumption in words."""
        return str(self.attrs["errors"])

    def frame(self, draw: int) -> pd.DataFrame:
        """Return the panel of one draw, 0 for the published one, in the order of `gvcpos.chains.gvc_panel`."""
        labels, T = self.rows.labels(), len(self.years)
        data: dict[str, object] = {k: np.repeat(np.array(v, dtype=object), T) for k, v in labels.items()}
        data["year"] = np.tile(np.array(self.years), self.rows.count)
        panel = pd.DataFrame(data | {name: values[draw].ravel() for name, values in self.values.items()})
        panel.attrs.update(self.attrs)
        return panel


def drawn_panels(
    tables: TableSeries | Iterable[IOTable],
    chain: Chain,
    errors: CellErrors,
    *,
    draws: int,
    seed: int = 0,
    rest: str | None = None,
    split: Split | None = None,
    beside: Beside | None = None,
    on_table: Callable[[], None] | None = None,
) -> DrawnPanels:
    """Draw the tables of all years and make the panel of every draw.

    Parameters
    ----------
    tables : TableSeries or iterable of IOTable
        Read one after the other, each once.
    chain, errors, draws, seed, rest
        As of `gvcpos.uncertainty.propagate`.
    split : callable, optional
        Makes sectors of parts of sectors, given a drawn table and a generator for its weights (None for the published
        table, which gets the central weights). The generator is the same in all years of a draw.
    beside : callable, optional
        Called with the number of each draw (0 for the published table) and the accounts of its table, year by year, to
        keep what else it wants of them: the panel is made of the same accounts, and of the one LU that they have.
    on_table : callable, optional
        Called when a table is drawn.
    """
    series = tables if isinstance(tables, TableSeries) else TableSeries.from_tables(tables)
    store: dict[str, FloatArray] = {}
    rows: Rows | None = None
    attrs: dict[str, object] = {}
    shares = []
    for t, table in enumerate(series):
        maker = _Year(DrawnTables(table, errors), chain, rest, split, beside)
        for d in range(draws + 1):
            values, guarded = maker.values(d, None if d == 0 else Seeds(seed, d - 1))
            for name, column in values.items():
                if name not in store:
                    store[name] = np.full((draws + 1, len(column), len(series)), np.nan)
                store[name][d, :, t] = column
            if d:
                shares.append(guarded)
            if d and on_table is not None:
                on_table()
        if rows is None:
            rows, attrs = maker.rows, _attrs(table, chain, errors)
    assert rows is not None  # a series has at least one table
    return DrawnPanels(rows, series.years, _ordered(store), attrs, float(np.mean(shares)) if shares else 0.0)


class _Year:
    """One year's tables, drawn and brought to the rows of the panel."""

    def __init__(
        self, source: DrawnTables, chain: Chain, rest: str | None, split: Split | None, beside: Beside | None
    ) -> None:
        self.source, self.split, self.beside = source, split, beside
        first = source.table if split is None else split(source.table, None)
        self.rows = Rows.of(first, chain, rest)
        self.system = IndexDraws(Blocks.even(*first.shape))

    def values(self, draw: int, seeds: Seeds | None) -> tuple[dict[str, FloatArray], float]:
        """Return the panel's columns of one draw, and the share of cells guarded."""
        drawn = as_published(self.source.table) if seeds is None else self.source.draw(seeds)
        guarded = float(drawn.guarded.mean())
        if self.split is None and self.beside is None:
            return self.rows.values(drawn_indices(self.system, drawn)), guarded
        table = drawn.as_table(self.source.table)
        if self.split is not None:
            table = self.split(table, None if seeds is None else seeds.of_split())
        return self.rows.values(self._indices(draw, table)), guarded

    def _indices(self, draw: int, table: IOTable) -> dict[str, FloatArray]:
        """Return the indices of a table, and let its accounts be used."""
        if self.beside is None:
            return drawn_indices(self.system, as_published(table))
        # Any tolerance: final uses that cancelled where there is no output do not once they are drawn.
        accounts = ValueAddedAccounts(table, tolerance=np.inf)
        found = account_indices(accounts)
        self.beside(draw, accounts)
        return found


def _attrs(table: IOTable, chain: Chain, errors: CellErrors) -> dict[str, object]:
    meta = table.meta
    known = {"chain": chain.name, "boundary": chain.boundary, "unit": meta.unit, "source": meta.source}
    return known | {"synthetic": meta.synthetic, "errors": errors.text}


def _ordered(values: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    """Put first what a panel of `gvc_panel` has first."""
    first = [c for c in ("x", "va", "va_rate", "exports", "va_share", "export_share", "rca") if c in values]
    return {name: values[name] for name in (*first, *(c for c in values if c not in first))}


def with_covariates(panel: pd.DataFrame, covariates: CovariateDraws | None, seeds: Seeds | None) -> pd.DataFrame:
    """Join covariates to a panel, drawn with their own errors where `seeds` are given.

    Raises
    ------
    InputError
        If a covariate is called like a column of the panel.
    """
    if covariates is None:
        return panel
    frame = covariates.frame if seeds is None else covariates.drawn(seeds.of_covariates())
    twice = [c for c in frame.columns if c in panel.columns and c not in ("country", "year")]
    if twice:
        raise InputError(f"the covariate {twice[0]} is called like a column of the panel. Rename it.")
    joined = panel.merge(frame, on=["country", "year"], how="left", validate="many_to_one")
    joined.attrs.update(panel.attrs)
    return joined
