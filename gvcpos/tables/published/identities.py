"""What published columns must obey among themselves, and how far they are from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from gvcpos.tables.published.indices import PublishedIndices

_FRAME = ("identity", "columns", "cells", "max_error", "worst")
Check = Callable[[pd.DataFrame], pd.Series]


def _relative(left: pd.Series, right: pd.Series) -> pd.Series:
    return (left - right) / np.maximum(left.abs(), 1.0)


_CELLS: Mapping[str, tuple[tuple[str, ...], Check]] = {
    "x = zuse + va": (("x", "zuse", "va"), lambda f: _relative(f["x"], f["zuse"] + f["va"])),
    "x = zsales + y": (("x", "zsales", "y"), lambda f: _relative(f["x"], f["zsales"] + f["y"])),
    "va_rate = va / x": (("va_rate", "va", "x"), lambda f: f["va_rate"] - f["va"] / f["x"]),
    "GVC = GVCF + GVCB": (("GVC", "GVCF", "GVCB"), lambda f: _relative(f["GVC"], f["GVCF"] + f["GVCB"])),
    "gvcp_trade = GVC / exports": (
        ("gvcp_trade", "GVC", "exports"),
        lambda f: f["gvcp_trade"] - f["GVC"] / f["exports"],
    ),
    "wwyz_forward = gvc_production / va": (
        ("wwyz_forward", "gvc_production", "va"),
        lambda f: f["wwyz_forward"] - f["gvc_production"] / f["va"],
    ),
    "plv_gvc = home + crossings + abroad": (
        ("plv_gvc", "plv_gvc_home", "plv_gvc_crossings", "plv_gvc_abroad"),
        lambda f: f["plv_gvc"] - f["plv_gvc_home"] - f["plv_gvc_crossings"] - f["plv_gvc_abroad"],
    ),
    "ply_gvc = home + crossings + abroad": (
        ("ply_gvc", "ply_gvc_home", "ply_gvc_crossings", "ply_gvc_abroad"),
        lambda f: f["ply_gvc"] - f["ply_gvc_home"] - f["ply_gvc_crossings"] - f["ply_gvc_abroad"],
    ),
    "gvc_position = plv_gvc / ply_gvc": (
        ("gvc_position", "plv_gvc", "ply_gvc"),
        lambda f: f["gvc_position"] - f["plv_gvc"] / f["ply_gvc"],
    ),
}
# Over the world of one year: Σ va PLv = Σ x = Σ y PLy, and Σ x U = Σ x D.
_WORLD: Mapping[str, tuple[tuple[str, ...], tuple[str, str], tuple[str, str]]] = {
    "world: sum va plv = sum x": (("va", "plv", "x"), ("va", "plv"), ("x", "")),
    "world: sum y ply = sum x": (("y", "ply", "x"), ("y", "ply"), ("x", "")),
    "world: sum x U = sum x D": (
        ("x", "upstreamness", "downstreamness"),
        ("x", "upstreamness"),
        ("x", "downstreamness"),
    ),
    "world: sum va = sum y": (("va", "y"), ("va", ""), ("y", "")),
}


def published_identities(published: PublishedIndices) -> pd.DataFrame:
    """Check what the published columns allow to be checked.

    Parameters
    ----------
    published : PublishedIndices

    Returns
    -------
    DataFrame
        identity, columns, cells (how many had all values), max_error (of ratios and lengths absolute; of money
        relative to the left-hand side, at least 1), worst (the row of the largest error). Only identities whose
        columns are there; empty if there is none.

    Notes
    -----
    Identities of the accounts: Wang et al. (2017b, NBER w23261) for lengths, Antràs and Chor (2018, NBER w24185) for
    the sums over the world. Sums over the world need every economy, the rest of the world too.
    """
    frame, rows = published.frame, []
    keys = [c for c in ("country", "sector", "stage", "year") if c in frame]
    for name, (columns, check) in _CELLS.items():
        if set(columns) <= set(frame.columns):
            with np.errstate(divide="ignore", invalid="ignore"):
                rows.append(_row(name, columns, check(frame), lambda i: " ".join(map(str, frame[keys].iloc[i]))))
    for name, (columns, left, right) in _WORLD.items():
        if set(columns) <= set(frame.columns):
            sums = [_weighted_sum(frame, *side) for side in (left, right)]
            error = sums[0] / sums[1] - 1
            rows.append(_row(name, columns, error, _year_of(error)))
    return pd.DataFrame(rows, columns=list(_FRAME))


def _weighted_sum(frame: pd.DataFrame, weight: str, value: str) -> pd.Series:
    """Sum by year; a cell without weight adds nothing even if its value is missing."""
    product = frame[weight] * frame[value] if value else frame[weight]
    return product.where(frame[weight] != 0, 0.0).groupby([frame["source"], frame["year"]], sort=False).sum()


def _year_of(error: pd.Series) -> Callable[[int], str]:
    return lambda i: ", ".join(map(str, error.index[i]))


def _row(name: str, columns: tuple[str, ...], error: pd.Series, label: Callable[[int], str]) -> list[object]:
    size = error.abs().where(np.isfinite(error))
    there = int(size.notna().sum())
    worst = label(int(np.nanargmax(size))) if there else ""
    return [name, ", ".join(columns), there, float(size.max()) if there else np.nan, worst]
