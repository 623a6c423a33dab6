"""A table whose wide sectors are cut into a chain's part and the rest, with what it rests on and how far it moved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import InputError, LabelError, SpecificationError
from gvcpos._core.labels import align, locate
from gvcpos.chains.chain import Chain, Stage
from gvcpos.chains.split.assumptions import InputFrame, Linkage, assumptions
from gvcpos.chains.split.balance import balanced_shares
from gvcpos.chains.split.cells import Shares, WideCells, cut
from gvcpos.chains.split.prior import Assumptions, Prior, prior_shares
from gvcpos.chains.split.residuals import linkage_frame, sales_frame
from gvcpos.chains.split.weights import SplitWeights
from gvcpos.tables import IOTable

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Split:
    """A table in which the wide sectors of a chain are cut in two.

    Attributes
    ----------
    table : IOTable
        With ``c2:RE`` and ``c2:rest`` in place of ``c2``, and so on.
    original : IOTable
        The table that was cut.
    plain : Chain
        The chain of wide sectors.
    chain : Chain
        The chain of its own parts, a stage having the parts of its sectors that make goods.
    estimates : SplitWeights
        What the chain's parts rest on.
    part, rest : str
        Names of the parts.
    iterations : int
        Rounds that balancing took.
    """

    table: IOTable
    original: IOTable
    plain: Chain
    chain: Chain
    estimates: SplitWeights
    part: str
    rest: str
    iterations: int
    _cells: WideCells
    _assumed: Assumptions
    _prior: Prior
    _shares: Shares

    @property
    def weights(self) -> pd.DataFrame:
        """What the chain makes by country and wide sector, and on what evidence; see `SplitWeights.frame`."""
        return self.estimates.frame

    @cached_property
    def residuals(self) -> pd.DataFrame:
        """How far the balanced sales are from the data: exporter, stage, sector, importer, year, then money.

        ``asked`` is what the trade data have (NaN at home and without data), ``prior`` what fits into the wide flows,
        ``balanced`` what is in the table; ``moved`` = balanced / asked − 1, of the prior where nothing was asked.
        """
        return sales_frame(self.estimates, self._cells, self._prior, self._shares)

    @cached_property
    def linkage(self) -> pd.DataFrame:
        """How much of a stage's own part goes to the own part of a stage: seller, buyer, asked, balanced."""
        return linkage_frame(self.estimates, self._cells, self._assumed, self._shares)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """The chain's share of each wide sector: country, stage, sector, year, output, wide_output, share."""
        return self.weights[["country", "stage", "sector", "year", "output", "wide_output", "share"]]

    @cached_property
    def world_shares(self) -> pd.DataFrame:
        """The same for the world: stage, sector, year, output, wide_output, share."""
        sums = self.shares.groupby(["stage", "sector", "year"], sort=False)[["output", "wide_output"]].sum()
        return sums.assign(share=sums["output"] / sums["wide_output"]).reset_index()

    def merged(self) -> IOTable:
        """Return the table with the parts added up again: the original to rounding."""
        back = {f"{s}:{p}": s for s in self.estimates.sectors for p in (self.part, self.rest)}
        return self.table.aggregate(sectors=back, keep_rest=True)

    def draws(self, n: int, *, seed: int = 0) -> Iterator[IOTable]:
        """Draw tables: output and sales from the weights' distribution, each balanced anew, one at a time.

        Parameters
        ----------
        n : int
        seed : int
        """
        for output, sales in self.estimates.draws(n, seed=seed):
            shares = self._balanced(output, sales)
            yield _table(self.original, self._cells, shares, self.estimates, (self.part, self.rest))

    def draw_indices(self, n: int, *, seed: int = 0) -> pd.DataFrame:
        """Draw tables and return indices alone; see `gvcpos.chains.split.draws.draw_indices`."""
        from gvcpos.chains.split.draws import draw_indices

        return draw_indices(self, n, seed=seed)

    def compare(self) -> pd.DataFrame:
        """Set plain and split indices side by side; see `gvcpos.chains.split.compare_split`."""
        from gvcpos.chains.split.comparison import compare_split

        return compare_split(self)

    def _balanced(self, output: FloatArray, sales: FloatArray) -> Shares:
        K = len(self._cells.places)
        prior = prior_shares(self._cells, output.ravel(), sales.reshape(K, -1), self._assumed)
        return balanced_shares(self._cells, prior, name=self._name)[0]

    def _name(self, k: int) -> str:
        W = len(self.estimates.sectors)
        return f"{self.estimates.countries[k // W]} {self.estimates.sectors[k % W]}:{self.part}"

    def __str__(self) -> str:
        world = self.world_shares
        lines = [f"{self.plain.name}: {len(world)} wide sectors cut, {self.iterations} rounds of balancing"]
        lines += [
            f"  {stage:<12} {sector:<10} {100 * share:.4g} % of the world's output"
            for stage, sector, share in zip(world["stage"], world["sector"], world["share"].to_numpy(), strict=True)
        ]
        moved = self.residuals["moved"].abs()
        heavy = self.residuals["balanced"] > 1e-3 * self.residuals["balanced"].sum()
        lines.append(f"  sales moved from the data by up to {100 * moved[heavy].max():.3g} % where they matter")
        return "\n".join(lines)


def split_table(
    chain: Chain,
    table: IOTable,
    weights: SplitWeights,
    *,
    linkage: Linkage = None,
    va_rates: Mapping[str, float] | None = None,
    inputs: InputFrame = None,
    part: str = "RE",
    rest: str = "rest",
    tolerance: float = 1e-12,
) -> Split:
    """Cut the wide sectors of a chain; see `Chain.split`."""
    if part == rest or not part.strip() or not rest.strip():
        raise SpecificationError(f"part={part!r}, rest={rest!r}: give the parts two names.")
    weights = _fitting(weights, table)
    places = locate(weights.sectors, table.sectors, "sector")
    cells = WideCells.of(table, places)
    assumed = assumptions(chain, table, weights, linkage=linkage, va_rates=va_rates, inputs=inputs)
    K = len(cells.places)
    prior = prior_shares(cells, weights.output.ravel(), weights.sales.reshape(K, -1), assumed)
    _require_possible(weights, cells, prior, assumed)
    split = Split(table, table, chain, own_chain(chain, weights, part), weights, part, rest, 0, cells, assumed, prior,
                  prior.shares)  # fmt: skip
    shares, rounds = balanced_shares(cells, prior, tolerance=tolerance, name=split._name)
    return replace(split, table=_table(table, cells, shares, weights, (part, rest)), iterations=rounds, _shares=shares)


def own_chain(chain: Chain, weights: SplitWeights, part: str) -> Chain:
    """Return the chain of the parts that are its own; stages that make no goods are left out."""
    stages = []
    for stage in chain.stages:
        own = [s for s in stage.sectors if s in weights.sectors]
        goods = tuple((hs, f"{s}:{part}") for hs, s in stage.sector_of.items() if s in own)
        if own:
            labels = tuple(f"{s}:{part}" for s in own)
            stages.append(Stage(stage.name, labels, tuple(hs for hs, _ in goods), stage.description, goods))
    return Chain(f"{chain.name}, split", tuple(stages), "", chain.boundary)


def _fitting(weights: SplitWeights, table: IOTable) -> SplitWeights:
    """Bring weights to a table's order of countries; refuse those of another table."""
    order = align(weights.countries, table.countries, "the weights", "the table")
    places = locate(weights.sectors, table.sectors, "sector")
    W = len(weights.sectors)
    basis = np.array(weights.basis, dtype=object).reshape(-1, W)[order].ravel()
    per_country = {name: getattr(weights, name)[order] for name in ("wide", "output", "relative_error")}
    per_pair = {name: getattr(weights, name)[order][:, :, order] for name in ("sales", "asked")}
    moved = replace(weights, countries=table.countries, basis=tuple(basis), **per_country, **per_pair)
    x = table.x.reshape(table.shape)[:, places]
    if weights.year != table.year or not np.allclose(moved.wide, x, rtol=1e-9, atol=1e-9 * float(np.abs(x).max())):
        raise LabelError(
            f"the weights were made for a table of {weights.year} with other output than this one of {table.year}. "
            "Make them from this table."
        )
    return moved


def _require_possible(weights: SplitWeights, cells: WideCells, prior: Prior, assumed: Assumptions) -> None:
    """Refuse value-added rates and input coefficients that the wide sector cannot hold."""
    made, va = weights.output.ravel() > 0, cells.va.sum(axis=0)
    most = np.maximum(cells.columns, 0.0).sum(axis=0)
    given = np.nansum(assumed.inputs, axis=0)[cells.wide] * weights.output.ravel()
    slack = 1e-9 * np.abs(cells.x)
    bad = made & ((prior.shares.va < 0) | (prior.shares.va > 1 + 1e-12) | (prior.bought < -slack))
    bad |= made & ((prior.bought > most + slack) | (given > prior.bought + slack))
    if bad.any():
        k = int(np.flatnonzero(bad)[0])
        W = len(weights.sectors)
        raise InputError(
            f"{weights.countries[k // W]} {weights.sectors[k % W]}: the part's value added would be "
            f"{prior.shares.va[k] * va[k]:.4g} of {va[k]:.4g}, its intermediate inputs {prior.bought[k]:.4g} of "
            f"{most[k]:.4g}, of which inputs= asks {given[k]:.4g}. Change va_rates or inputs."
        )


def _table(table: IOTable, cells: WideCells, shares: Shares, weights: SplitWeights, names: tuple[str, str]) -> IOTable:
    sectors = weights.sectors
    parts = cut(table, cells, shares)
    labels = [
        f"{s}:{name}" if s in sectors else s for s in table.sectors for name in (names if s in sectors else ("",))
    ]
    split = IOTable.from_arrays(
        parts.Z,
        parts.Y,
        countries=table.countries,
        sectors=labels,
        final_categories=table.final_categories,
        va=parts.va,
        va_rows=table.va_rows,
        x=parts.x,
    )
    note = f"split into {names[0]} and {names[1]}: {', '.join(sectors)}"
    return split.with_meta(**(vars(table.meta) | {"notes": (*table.meta.notes, note), "synthetic": weights.synthetic}))
