"""Sums over groups of flows, where a sum with a missing mass in it is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def group_sums(group: IntArray, size: int, values: FloatArray) -> FloatArray:
    """Return the sum of `values` in each group, shape (size,); NaN in a group makes its sum NaN.

    Parameters
    ----------
    group : ndarray of int, shape (n,)
        Group of each value, 0 … size − 1.
    size : int
    values : ndarray, shape (n,)
    """
    return np.bincount(group, weights=values, minlength=size).astype(np.float64)


def known_share(group: IntArray, size: int, value: FloatArray, mass: FloatArray) -> FloatArray:
    """Return the share of each group's value whose mass is known, shape (size,); NaN where the value is zero."""
    total = group_sums(group, size, value)
    known = group_sums(group, size, np.where(np.isnan(mass), 0.0, value))
    return np.divide(known, total, out=np.full(size, np.nan), where=total > 0)


def summed(frame: pd.DataFrame, keys: Sequence[str], orders: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """Return a row for every group of flows: keys, value, mass (NaN where one is missing), mass_known, flows.

    Parameters
    ----------
    frame : DataFrame
        Columns of `keys`, value, mass.
    keys : sequence of str
    orders : mapping, optional
        Column to the order of its labels, where it is not alphabetical (stages).

    Returns
    -------
    DataFrame
        Sorted by the keys from left to right.
    """
    place, shape = np.zeros(len(frame), dtype=np.intp), []
    for key in keys:
        labels = list((orders or {}).get(key, ())) or sorted(frame[key].unique())
        place = place * len(labels) + pd.Index(labels).get_indexer(pd.Index(frame[key]))
        shape.append(labels)
    found, group = np.unique(place, return_inverse=True)
    value, mass = (frame[name].to_numpy(dtype=np.float64) for name in ("value", "mass"))
    parts = np.unravel_index(found, [len(labels) for labels in shape]) if keys else ()
    columns = {key: pd.Index(labels).take(at) for key, labels, at in zip(keys, shape, parts, strict=True)}
    n = len(found)
    return pd.DataFrame(
        columns
        | {
            "value": group_sums(group, n, value),
            "mass": group_sums(group, n, mass),
            "mass_known": known_share(group, n, value, mass),
            "flows": np.bincount(group, minlength=n),
        }
    )
