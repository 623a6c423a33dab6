"""Every index of every sector in one year, kept without the table: what panels of many chains are made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SectorYear:
    """Indices of one year.

    Attributes
    ----------
    year : int
    countries, sectors : tuple of str
    values : mapping of str to ndarray, shape (G, N)
        By their published names, as `ValueAddedAccounts.indices`.
    notes : mapping
        unit, source and synthetic, as the table says.
    """

    year: int
    countries: tuple[str, ...]
    sectors: tuple[str, ...]
    values: Mapping[str, FloatArray]
    notes: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, accounts: ValueAddedAccounts | IOTable, *, split_foreign: bool = False) -> SectorYear:
        """Compute the indices of a table; neither it nor its Leontief system is kept.

        Parameters
        ----------
        accounts : ValueAddedAccounts or IOTable
        split_foreign : bool
            Also FVA and FDC, for about three times the work.

        Raises
        ------
        InputError
            If the accounts group sectors, which is the chain's part.
        """
        accounts = accounts if isinstance(accounts, ValueAddedAccounts) else ValueAddedAccounts(accounts)
        table, names = accounts.table, accounts.exporters.names
        if len(accounts.exporters.sectors) != len(table.sectors):
            raise InputError("gvc_panel groups sectors by the chain: give accounts without sector_groups.")
        indices = accounts.indices(split_foreign=split_foreign)
        shape = (len(names), len(table.sectors))
        columns = [c for c in indices.columns if c not in ("country", "sector", "year")]
        values = {name: indices[name].to_numpy(float).reshape(shape) for name in columns}
        meta = table.meta
        notes = {"unit": meta.unit, "source": meta.source, "synthetic": meta.synthetic}
        return cls(table.year, tuple(names), tuple(table.sectors), values, notes)


def sector_years(tables: Iterable[IOTable | ValueAddedAccounts], *, split_foreign: bool = False) -> list[SectorYear]:
    """Compute every year once, for `gvc_panel` to make the panels of many chains from.

    Parameters
    ----------
    tables : iterable of IOTable or ValueAddedAccounts
        A `TableSeries` among them; one is in memory at a time.
    split_foreign : bool
        See `SectorYear.of`.
    """
    return [SectorYear.of(item, split_foreign=split_foreign) for item in tables]
