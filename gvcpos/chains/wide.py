"""The panel of a chain with one row per country and year."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels

_DEFAULT = ("va", "va_rate", "va_share", "export_share", "rca", "upstreamness")


def country_panel(panel: pd.DataFrame, columns: Sequence[str] = _DEFAULT) -> pd.DataFrame:
    """Lay a chain's panel out as country × year, with a column for every index and stage.

    Parameters
    ----------
    panel : DataFrame
        Of `gvc_panel`, by stage or by sector.
    columns : sequence of str
        Indices wanted.

    Returns
    -------
    DataFrame
        country, year, then ``va_upstream``, ``va_midstream``, …; countries in the panel's order.

    Raises
    ------
    InputError
        If a column is not in the panel.
    LabelError
        If the panel has two rows for a country, stage and year.
    """
    unit = "stage" if "stage" in panel.columns else "sector"
    absent = [c for c in ("country", unit, "year", *columns) if c not in panel.columns]
    if absent:
        raise InputError(f"the panel has no column {enumerate_labels(absent)}: {enumerate_labels(panel.columns, 60)}.")
    twice = panel.duplicated(["country", unit, "year"])
    if twice.any():
        rows = panel.loc[twice, ["country", unit, "year"]].astype(str).agg(" ".join, axis=1)
        raise LabelError(f"the panel has duplicated rows for {enumerate_labels(rows)}. Each must occur once.")
    stages, countries = panel[unit].drop_duplicates(), panel["country"].drop_duplicates()
    wide = panel.pivot(index=["country", "year"], columns=unit, values=list(columns))
    wide = wide[[(c, s) for c in columns for s in stages]]
    wide.columns = [f"{c}_{s}" for c in columns for s in stages]
    years = sorted(panel["year"].unique())
    order = pd.MultiIndex.from_product([countries, years], names=["country", "year"])
    out = wide.loc[[key for key in order if key in wide.index]].reset_index()
    out.attrs.update(panel.attrs)
    return out
