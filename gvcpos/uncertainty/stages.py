"""Indices of one drawn table by sector, or summed to the stages of a chain: arrays only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.accounting.draws import IndexDraws, vector_indices
from gvcpos.accounting.indices.advantage import revealed_advantage
from gvcpos.chains import Chain
from gvcpos.chains.aggregate import stage_values, world_share
from gvcpos.chains.panel import outside
from gvcpos.tables import IOTable
from gvcpos.uncertainty.cells import FloatArray
from gvcpos.uncertainty.closure import Drawn


def drawn_indices(draws: IndexDraws, drawn: Drawn) -> dict[str, FloatArray]:
    """Return ``x``, ``va``, ``exports`` and the vector indices of a drawn table, shape (n,) each; its Z is copied."""
    blocks = draws.blocks
    own = np.asarray(blocks.diagonal(drawn.Z))
    across = drawn.Z.sum(axis=1) - own.sum(axis=2).ravel()
    found = {"x": drawn.x, "va": drawn.va, "exports": blocks.abroad(drawn.Y) + across}
    return found | draws.indices(drawn.Z, drawn.Y, drawn.va, drawn.x)


def account_indices(accounts: ValueAddedAccounts) -> dict[str, FloatArray]:
    """Return the same from accounts, which keep their factors for whatever else is asked of the table."""
    flows = accounts.flows
    return {"x": flows.x, "va": flows.va, "exports": flows.exports} | vector_indices(flows)


@dataclass(frozen=True, eq=False)
class Rows:
    """What the rows of a result are: sectors, or stages of a chain.

    Attributes
    ----------
    countries : tuple of str
    unit : str
        ``"sector"`` or ``"stage"``.
    names : tuple of str
        Sectors or stages.
    sectors : int
        Sectors of the table.
    stages : mapping of str to ndarray, or None
        Stage to its sectors' positions.
    """

    countries: tuple[str, ...]
    unit: str
    names: tuple[str, ...]
    sectors: int
    stages: Mapping[str, npt.NDArray[np.intp]] | None

    @classmethod
    def of(cls, table: IOTable, chain: Chain | None, rest: str | None = None) -> Rows:
        """Lay out the rows of a table, by sector or by the stages of `chain`, and `rest` of the sectors as one more.

        Raises
        ------
        LabelError
            If the table lacks a sector of the chain.
        """
        if chain is None:
            return cls(table.countries, "sector", table.sectors, len(table.sectors), None)
        stages = chain.check(table)
        if rest is not None:
            stages = {**stages, **outside(stages, len(table.sectors), rest)}
        return cls(table.countries, "stage", tuple(stages), len(table.sectors), stages)

    @property
    def count(self) -> int:
        """Number of rows."""
        return len(self.countries) * len(self.names)

    def labels(self) -> dict[str, list[str]]:
        """Return the columns that name the rows: country by country."""
        countries = [c for c in self.countries for _ in self.names]
        return {"country": countries, self.unit: list(self.names) * len(self.countries)}

    def values(self, found: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
        """Return the indices by row, shape (rows,) each; stages have ratios of sums, shares and gross RCA besides."""
        if self.stages is None:
            return dict(found)
        shape = (len(self.countries), self.sectors)
        sectors = {name: values.reshape(shape) for name, values in found.items()}
        total = sectors["exports"].sum(axis=1)
        columns: dict[str, list[FloatArray]] = {}
        for positions in self.stages.values():
            values = stage_values(sectors, positions)
            shares = {
                "va_share": world_share(values["va"]),
                "export_share": world_share(values["exports"]),
                "rca": revealed_advantage(values["exports"], total),
            }
            for name, column in (values | shares).items():
                columns.setdefault(name, []).append(column)
        return {name: np.stack(parts, axis=1).ravel() for name, parts in columns.items()}


def chosen(indices: Sequence[str], have: Mapping[str, object]) -> tuple[str, ...]:
    """Return the indices asked for.

    Raises
    ------
    InputError
        If one is not among those that a draw has, or none is asked for.
    """
    absent = [name for name in indices if name not in have]
    if absent or not indices:
        raise InputError(
            f"indices: {enumerate_labels(absent) if absent else 'none'} cannot be drawn. There are: "
            f"{enumerate_labels(have, 60)}."
        )
    return tuple(dict.fromkeys(indices))
