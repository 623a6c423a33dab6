"""Countries and sectors summed into groups, so that every identity of the table survives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import scipy.sparse as sp

from gvcpos._core.errors import LabelError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.tables.iotable import IOTable

Groups = list[tuple[str, list[int]]]


def aggregate(
    table: IOTable,
    countries: Mapping[str, str] | None = None,
    sectors: Mapping[str, str] | None = None,
    *,
    keep_rest: bool = False,
) -> IOTable:
    """Sum countries and sectors into groups.

    Parameters
    ----------
    table : IOTable
    countries, sectors : mapping, optional
        Label in the table to the name of its group. Groups come in the order in which their first member
        stands in the table. Default: left as they are.
    keep_rest : bool
        Let labels that the map does not name keep their own.

    Returns
    -------
    IOTable
        Z, Y (rows and destinations), va and x summed; the identities hold as before, and the tolerance
        grows with the number of rows in the largest group.

    Raises
    ------
    LabelError
        If a map names a label that the table lacks, or (without `keep_rest`) leaves one out.
    """
    return _regroup(
        table,
        _groups(table.countries, countries, "countries", keep_rest),
        _groups(table.sectors, sectors, "sectors", keep_rest),
    )


def select(
    table: IOTable,
    countries: Iterable[str] | None = None,
    sectors: Iterable[str] | None = None,
    *,
    rest: tuple[str, str] = ("ROW", "OTHER"),
) -> IOTable:
    """Keep some countries and sectors, in the order given, and merge the others so that nothing is lost.

    Parameters
    ----------
    table : IOTable
    countries, sectors : iterable of str, optional
        What to keep; default everything.
    rest : (str, str)
        Names of the one country and the one sector that take in what is not kept. They come last, unless
        the name itself was chosen; a country of the table that has the name already is part of it.

    Raises
    ------
    LabelError
        If a chosen label is duplicated or not in the table.
    """
    return _regroup(
        table,
        _chosen(table.countries, countries, "countries", rest[0]),
        _chosen(table.sectors, sectors, "sectors", rest[1]),
    )


def reorder(
    table: IOTable,
    countries: Sequence[str],
    sectors: Sequence[str],
    final_categories: Sequence[str] | None = None,
    va_rows: Sequence[str] | None = None,
) -> IOTable:
    """Return the same table with its labels in another order (no sums, bits kept); default: as they are."""
    moved = _regroup(
        table,
        _chosen(table.countries, countries, "countries", ""),
        _chosen(table.sectors, sectors, "sectors", ""),
    )
    finals = locate(final_categories or table.final_categories, table.final_categories, "final-demand category")
    rows = locate(va_rows or table.va_rows, table.va_rows, "value-added row")
    size, c = len(table.x), len(table.final_categories)
    return IOTable.from_arrays(
        moved.Z,
        moved.Y.reshape(size, -1, c)[:, :, finals].reshape(size, -1),
        countries=moved.countries,
        sectors=moved.sectors,
        final_categories=[table.final_categories[k] for k in finals],
        va=moved.va[rows],
        va_rows=[table.va_rows[k] for k in rows],
        x=moved.x,
    ).with_meta(**vars(table.meta))


def _groups(labels: tuple[str, ...], names: Mapping[str, str] | None, what: str, keep_rest: bool) -> Groups:
    if names is None:
        return [(label, [i]) for i, label in enumerate(labels)]
    known = set(labels)
    unknown = [key for key in names if key not in known]
    if unknown:
        raise LabelError(
            f"the map of {what} names {enumerate_labels(unknown)}, which the table does not have. "
            f"There are: {enumerate_labels(labels, 20)}."
        )
    left = [label for label in labels if label not in names]
    if left and not keep_rest:
        raise LabelError(
            f"the map of {what} leaves out {enumerate_labels(left)}. Map them too, or give keep_rest=True."
        )
    out: dict[str, list[int]] = {}
    for i, label in enumerate(labels):
        out.setdefault(str(names.get(label, label)), []).append(i)
    return list(out.items())


def _chosen(labels: tuple[str, ...], wanted: Iterable[str] | None, what: str, rest: str) -> Groups:
    if wanted is None:
        return [(label, [i]) for i, label in enumerate(labels)]
    places = [int(i) for i in locate(wanted, labels, what)]
    groups = {labels[i]: [i] for i in places}
    taken = set(places)
    others = [i for i in range(len(labels)) if i not in taken]
    if others:
        groups.setdefault(rest, []).extend(others)
    return list(groups.items())


def _indicator(groups: Groups, size: int) -> sp.csr_array:
    """Sum matrix S, shape (number of groups, size): S[g, i] = 1 if i belongs to g."""
    rows = np.repeat(np.arange(len(groups)), [len(members) for _, members in groups])
    columns = np.concatenate([members for _, members in groups])
    return sp.csr_array((np.ones(len(columns)), (rows, columns)), shape=(len(groups), size))


def _regroup(table: IOTable, countries: Groups, sectors: Groups) -> IOTable:
    """Z' = S Z S', Y' = S Y D', va' = va S', x' = S x, with S and D the sum matrices of rows and buyers."""
    g, n = table.shape
    c = len(table.final_categories)
    by_country = _indicator(countries, g)
    rows = sp.kron(by_country, _indicator(sectors, n), format="csr")
    buyers = sp.kron(by_country, sp.eye_array(c), format="csr")
    kept = {label for label, members in countries if [table.countries[i] for i in members] == [label]}
    largest = max(len(m) for _, m in countries) * max(len(m) for _, m in sectors)
    notes = table.meta.notes
    if largest > 1:
        notes = (*notes, f"summed from {g} countries x {n} sectors to {len(countries)} x {len(sectors)}")
    return IOTable.from_arrays(
        (rows @ (rows @ table.Z).T).T,
        (buyers @ (rows @ table.Y).T).T,
        countries=[label for label, _ in countries],
        sectors=[label for label, _ in sectors],
        final_categories=table.final_categories,
        va=(rows @ table.va.T).T,
        va_rows=table.va_rows,
        x=rows @ table.x,
    ).with_meta(
        **{
            **vars(table.meta),
            "tolerance": table.meta.tolerance * largest,
            "original_countries": {k: v for k, v in table.meta.original_countries.items() if k in kept},
            "notes": notes,
        }
    )
