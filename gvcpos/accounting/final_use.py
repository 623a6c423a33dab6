"""A chosen part of final demand: whose final products, bought by whom, for which use."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.labels import locate, unique
from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.exporters import Exporters
from gvcpos.tables import IOTable

Names = str | Iterable[str] | None
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class FinalUse:
    """Final products by where they are completed, who buys them and for what; what is not chosen is taken whole.

    Attributes
    ----------
    countries, sectors : str or iterable of str, optional
        Country and sector of completion; a group's name, of countries or of sectors, stands for its members.
    destinations : str or iterable of str, optional
        Countries of final demand.
    categories : str or iterable of str, optional
        Final-demand categories, as in ``"c37"``.
    """

    countries: Names = None
    sectors: Names = None
    destinations: Names = None
    categories: Names = None

    def vector(self, table: IOTable, exporters: Exporters) -> FloatArray:
        """Return the chosen final demand for every cell in the system's order, f, shape (n,).

        Raises
        ------
        LabelError
            If a name is not in the table, or is given twice.
        """
        (G, N), C = table.shape, len(table.final_categories)
        by_category = np.zeros(C, dtype=bool)
        by_category[_places(self.categories, table.final_categories, "final-demand category")] = True
        bought = table.Y.reshape(G * N, G, C)[:, country_mask(self.destinations, table, exporters, "destination")]
        made = country_mask(self.countries, table, exporters, "country of completion")
        kept = np.outer(made, sector_mask(self.sectors, table, exporters)).ravel()
        return exporters.arranged(np.where(kept, bought[:, :, by_category].sum(axis=(1, 2)), 0.0))


def country_mask(wanted: Names, table: IOTable, exporters: Exporters, what: str) -> Mask:
    """Return which of the table's countries are chosen, by their own names or by their group's."""
    return _mask(wanted, exporters.names, exporters.exporter_of_country, table.countries, what)


def sector_mask(wanted: Names, table: IOTable, exporters: Exporters) -> Mask:
    """Return which of the table's sectors are chosen, by their own names or by their group's."""
    group = exporters.row_of_cell[: len(table.sectors)] % len(exporters.sectors)
    return _mask(wanted, exporters.sectors, group, table.sectors, "sector")


def _mask(
    wanted: Names,
    groups: tuple[str, ...],
    group: npt.NDArray[np.intp],
    labels: tuple[str, ...],
    what: str,
) -> Mask:
    if wanted is None:
        return np.ones(len(labels), dtype=bool)
    out = np.zeros(len(labels), dtype=bool)
    every = tuple(dict.fromkeys((*groups, *labels)))
    for name in (every[i] for i in _places(wanted, every, what)):
        if name in groups:
            out |= group == groups.index(name)
        else:
            out[labels.index(name)] = True
    return out


def _places(wanted: Names, labels: tuple[str, ...], what: str) -> npt.NDArray[np.intp]:
    if wanted is None:
        return np.arange(len(labels))
    return locate([wanted] if isinstance(wanted, str) else unique(wanted, f"chosen {what}"), labels, what)
