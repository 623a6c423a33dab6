"""Who counts as one exporter, and how cells are summed: countries, groups of countries, groups of sectors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from gvcpos._core.errors import LabelError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos.accounting.blocks import Blocks, FloatArray
from gvcpos.tables import IOTable

GroupMap = Mapping[str, Iterable[str]]
_SPLIT_COUNTRIES = {"CHN": ("CN1", "CN2"), "MEX": ("MX1", "MX2")}


@dataclass(frozen=True)
class Exporters:
    """The exporters of a table: countries, some of them merged into groups, each a block of consecutive cells.

    Attributes
    ----------
    names : tuple of str
        G exporters, in the order of the table; a group stands where its first member stood.
    sectors : tuple of str
        N sectors, or groups of sectors.
    blocks : Blocks
        The cells of every exporter.
    order : ndarray of int or None
        Cell of the table at each place of the system; None where nothing moves.
    exporter_of_country : ndarray of int
        Exporter of each of the table's countries.
    row_of_cell : ndarray of int
        Row, exporter x sector, of each cell of the system.
    """

    names: tuple[str, ...]
    sectors: tuple[str, ...]
    blocks: Blocks
    order: npt.NDArray[np.intp] | None
    exporter_of_country: npt.NDArray[np.intp]
    row_of_cell: npt.NDArray[np.intp]

    def arranged(self, m: FloatArray) -> FloatArray:
        """Bring what lies by cell of the table, (n,) or (n, k), into the system's order."""
        return m if self.order is None else m[self.order]

    def arranged_square(self, Z: FloatArray) -> FloatArray:
        """Bring Z, (n, n), into the system's order; a copy only where something moves."""
        return Z if self.order is None else Z[np.ix_(self.order, self.order)]

    def destinations(self, Y: FloatArray) -> FloatArray:
        """Sum the columns of (n, countries) to exporters, (n, G)."""
        if self.order is None:
            return Y
        into = np.zeros((Y.shape[0], len(self.names)))
        for country, exporter in enumerate(self.exporter_of_country):
            into[:, exporter] += Y[:, country]
        return into

    @cached_property
    def _to_rows(self) -> sp.csr_array | None:
        """Sum matrix (rows, n); None where every row is its cell."""
        n, rows = len(self.row_of_cell), len(self.names) * len(self.sectors)
        if rows == n and (self.row_of_cell == np.arange(n)).all():
            return None
        return sp.csr_array((np.ones(n), (self.row_of_cell, np.arange(n))), shape=(rows, n))

    def by_row(self, m: FloatArray) -> FloatArray:
        """Sum cells, (n,) or (n, k), to exporter x sector."""
        return m if self._to_rows is None else self._to_rows @ m

    def by_exporter(self, m: FloatArray) -> FloatArray:
        """Sum cells, (n,) or (n, k), to exporters, (G,) or (G, k)."""
        return self.blocks.sums(m)


def exporters_of(table: IOTable, groups: GroupMap | None = None, sector_groups: GroupMap | None = None) -> Exporters:
    """Lay out the cells of a table by exporter.

    Parameters
    ----------
    table : IOTable
    groups : mapping of str to iterable of str, optional
        Name to the countries that count as one exporter; all others stand for themselves.
    sector_groups : mapping of str to iterable of str, optional
        Name to the sectors whose rows are summed.

    Raises
    ------
    LabelError
        If a group names what the table does not have or what another group has too, is empty, or is called
        like a country (or sector) that is not in it.
    """
    G, N = table.shape
    names, exporter = _merged(table.countries, groups, "country")
    sectors, row = _merged(table.sectors, sector_groups, "sector")
    order = np.argsort(exporter, kind="stable")
    cells = (order[:, None] * N + np.arange(N)).ravel()
    rows = (exporter[order][:, None] * len(sectors) + row).ravel()
    sizes = np.bincount(exporter, minlength=len(names)) * N
    moved = len(names) < G
    return Exporters(names, sectors, Blocks(tuple(int(k) for k in sizes)), cells if moved else None, exporter, rows)


def split_countries(countries: Sequence[str]) -> dict[str, list[str]]:
    """Return the groups that put together what OECD splits: CHN of CN1 and CN2, MEX of MX1 and MX2."""
    out = {}
    for whole, parts in _SPLIT_COUNTRIES.items():
        members = [country for country in countries if country == whole or country in parts]
        if any(part in countries for part in parts):
            out[whole] = members
    return out


def _merged(
    labels: tuple[str, ...], groups: GroupMap | None, what: str
) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """Return the names after merging and the place of every label among them."""
    taken: dict[str, str] = {}
    for name, members in (groups or {}).items():
        inside = [labels[i] for i in locate(members, labels, f"{what} of the group {name}")]
        if not inside:
            raise LabelError(f"the group {name} has no {what}. Name at least one, or leave the group out.")
        twice = [label for label in inside if label in taken]
        if twice:
            raise LabelError(f"{enumerate_labels(twice)} is in the groups {taken[twice[0]]} and {name}. Choose one.")
        if name in labels and name not in inside:
            raise LabelError(f"the group {name} is called like a {what} that is not in it. Rename the group.")
        taken |= dict.fromkeys(inside, str(name))
    merged = [taken.get(label, label) for label in labels]
    names = unique(dict.fromkeys(merged), f"{what} groups")
    place = {name: i for i, name in enumerate(names)}
    return names, np.array([place[name] for name in merged], dtype=np.intp)
