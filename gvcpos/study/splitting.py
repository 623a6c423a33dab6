"""A study's split: its tables year by year with wide sectors cut, central weights or drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import GvcposError, InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.chains import Chain, Split, SplitWeights
from gvcpos.chains.split import split_table
from gvcpos.chains.split.estimates import goods_of
from gvcpos.chains.split.result import own_chain
from gvcpos.study.places import Places
from gvcpos.study.spec_split import SplitBlock
from gvcpos.study.split_files import read_inputs_file, read_production_file, read_split_trade
from gvcpos.tables import IOTable, TableSeries
from gvcpos.uncertainty.redraw import whole_countries


@dataclass(frozen=True, eq=False)
class StudySplit:
    """The split of a study.

    Attributes
    ----------
    block : SplitBlock
    plain, chain : Chain
        The chain of wide sectors, and that of its own parts.
    wide, tables : TableSeries
        Of wide sectors, and cut; what OECD splits (CN1, CN2, MX1, MX2) is merged in the second.
    trade, production, inputs : DataFrame or None
    frames : mapping of int to mapping of str to DataFrame
        What each split that was made rests on, by year: weights, linkage, residuals.
    """

    block: SplitBlock
    plain: Chain
    chain: Chain
    wide: TableSeries
    trade: pd.DataFrame
    production: pd.DataFrame | None
    inputs: pd.DataFrame | None
    frames: dict[int, Mapping[str, pd.DataFrame]] = field(default_factory=dict)

    @property
    def tables(self) -> TableSeries:
        """The tables with wide sectors cut, each made when it is asked for."""
        return TableSeries.from_loaders({year: partial(self._load, year) for year in self.wide.years}, "split tables")

    def weights(self, table: IOTable) -> SplitWeights:
        """Return the weights of a table, for which countries are whole.

        Raises
        ------
        GvcposError
            For what is wrong in the files, or more than the whole of a wide sector; the message names the year.
        """
        stages = dict.fromkeys(goods_of(table, self.plain).stages)
        how = {stage: self.block.of_stage(stage) for stage in stages}
        with _naming(table.year):
            return SplitWeights.from_trade(
                table,
                self.plain,
                self.trade,
                self.production,
                rest=self.block.rest,
                missing={stage: b.missing for stage, b in how.items()},
                relative_error={stage: b.relative_error for stage, b in how.items()},
                reexports=self.block.reexports,
                cap=self.block.cap,
                sales_error=self.block.sales_error,
                distribution=self.block.distribution,
                correlation=self.block.correlation,
            )

    def drawn(self, table: IOTable, rng: np.random.Generator | None) -> IOTable:
        """Cut a table with weights drawn with `rng`, central ones for None; see `gvcpos.uncertainty.propagate`."""
        return self.of(table, None if rng is None else lambda weights: weights.drawn(rng)).table

    def of(self, table: IOTable, change: Callable[[SplitWeights], SplitWeights] | None = None) -> Split:
        """Cut a table.

        Parameters
        ----------
        table : IOTable
        change : callable, optional
            What is done to the weights before.

        Raises
        ------
        GvcposError
            As `weights`, and for assumptions that leave no room; the message names the year.
        """
        table = whole_countries(table)
        named = self.block.stages
        assumed: dict[str, Any] = {
            "linkage": {(a, b): share for a, how in named.items() for b, share in how.linkage.items()},
            "va_rates": {stage: how.va_rate for stage, how in named.items() if how.va_rate is not None},
            "inputs": self.inputs,
        }
        weights = self.weights(table)
        with _naming(table.year):
            weights = weights if change is None else change(weights)
            return split_table(self.plain, table, weights, part=self.block.part, **assumed)

    def _load(self, year: int) -> IOTable:
        made = self.of(self.wide[year])
        self.frames[year] = {"weights": made.weights, "linkage": made.linkage, "residuals": made.residuals}
        return made.table


def study_split(block: SplitBlock, places: Places, chain: Chain, wide: TableSeries) -> StudySplit:
    """Read the files of a split and check them against the chain and the years.

    Raises
    ------
    GvcposError
        For what is wrong in a file (file, row and label are named), a year without trade or production, or a stage
        that makes no goods.
    """
    first = whole_countries(wide[wide.years[0]])
    if block.rest is not None:
        locate([block.rest], first.countries, "economy of the tables (split.rest)")
    stages = tuple(dict.fromkeys(goods_of(first, chain).stages))
    of_links = [b for how in block.stages.values() for b in how.linkage]
    strange = [name for name in dict.fromkeys([*block.stages, *of_links]) if name not in stages]
    if strange:
        raise LabelError(
            f"split.stages: the chain makes nothing in {enumerate_labels(strange)}. Stages with goods: "
            f"{enumerate_labels(stages)}."
        )
    trade = read_split_trade(block, places, chain, first.countries)
    production = read_production_file(block, places)
    for frame, key in ((trade, "trade"), (production, "production")):
        if frame is not None:
            _require_years(frame, wide, key)
    found = StudySplit(block, chain, chain, wide, trade, production, read_inputs_file(block, places))
    for year in dict.fromkeys((wide.years[0], wide.years[-1])):
        weights = found.weights(whole_countries(wide[year]))
        with _naming(year):
            weights.drawn(np.random.default_rng(0))
    own = own_chain(chain, found.weights(first), block.part)
    return StudySplit(block, chain, own, wide, trade, production, found.inputs)


@contextmanager
def _naming(year: int) -> Iterator[None]:
    """Name the year of the table in what goes wrong."""
    try:
        yield
    except GvcposError as error:
        raise type(error)(f"split of the table of {year}: {error}") from error


def _require_years(frame: pd.DataFrame, wide: TableSeries, key: str) -> None:
    """Raise InputError for a year of the tables that a file has nothing of."""
    have = set(pd.to_numeric(frame["year"], errors="coerce").dropna())
    absent = [year for year in wide.years if year not in have]
    if absent:
        raise InputError(
            f"split.{key}: {frame.attrs['file']} has nothing of {enumerate_labels(absent, 20)}. Add the years, or "
            "leave them out with tables.first_year and last_year."
        )
