"""Flows beside tables: the sides of each stage with what a country's accounts of value added say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate

TABLE_COLUMNS = ("va", "va_rate", "upstreamness")


def beside(
    sides: pd.DataFrame,
    panel: pd.DataFrame,
    *,
    country: str,
    stages: Mapping[str, str] | None = None,
    columns: Iterable[str] = TABLE_COLUMNS,
) -> pd.DataFrame:
    """Put the value-added accounts of a country's stages, from tables, beside the two sides of its flows.

    Parameters
    ----------
    sides : DataFrame
        Of `CostAccounts.sides`.
    panel : DataFrame
        Of `gvcpos.chains.gvc_panel`: country, stage, year and indices. It may have more years and countries.
    country : str
        As the panel calls it.
    stages : mapping of str to str, optional
        Stage of the flows to stage of the panel; stages of the flows that it leaves out (use, collection) are left out
        on purpose. By default both sides must have the same stages.
    columns : iterable of str
        Of the panel; ``gvc_`` is put before their names.

    Returns
    -------
    DataFrame
        The rows of `sides`, with gvc_va, gvc_va_rate, gvc_upstreamness. Money of the panel is in the unit of its tables
        (``attrs``: gvc_unit).

    Raises
    ------
    LabelError
        If the panel lacks the country, a stage or a year, has one twice, or stages do not match; the message says
        which.
    InputError
        If the panel lacks a column.
    """
    wanted = list(columns)
    lacking = [name for name in ("country", "stage", "year", *wanted) if name not in panel.columns]
    if lacking:
        raise InputError(
            f"the panel has no column {enumerate_labels(lacking)}. It has: {enumerate_labels(panel.columns, 20)}."
        )
    locate([country], list(dict.fromkeys(panel["country"])), "countries of the panel")
    own = panel[panel["country"] == country]
    kept = _matched(sides, own, stages)
    found = _at(own, kept, stages, country)
    out = kept.assign(**{f"gvc_{name}": found[name].to_numpy() for name in wanted})
    synthetic = bool(sides.attrs.get("synthetic")) or bool(panel.attrs.get("synthetic"))
    out.attrs = sides.attrs | {"gvc_unit": panel.attrs.get("unit"), "country": country, "synthetic": synthetic}
    return out


def _matched(sides: pd.DataFrame, own: pd.DataFrame, stages: Mapping[str, str] | None) -> pd.DataFrame:
    """Rows of the stages that have a counterpart in the panel."""
    if "stage" not in sides.columns:
        raise InputError("the sides are not by stage. Give CostAccounts.sides(by='stage').")
    here, there = (list(dict.fromkeys(frame["stage"].astype(str))) for frame in (sides, own))
    if stages is None:
        apart = [f"{name} (flows only)" for name in here if name not in there]
        apart += [f"{name} (panel only)" for name in there if name not in here]
        if apart:
            raise LabelError(
                f"stages of flows and panel differ: {enumerate_labels(apart)}. Say with stages={{flows: panel}} which "
                "belong together; those left out of it are left out."
            )
        return sides.reset_index(drop=True)
    locate(list(stages), here, "stages of the flows")
    locate(list(dict.fromkeys(stages.values())), there, "stages of the panel")
    return sides[sides["stage"].isin(list(stages))].reset_index(drop=True)


def _at(own: pd.DataFrame, kept: pd.DataFrame, stages: Mapping[str, str] | None, country: str) -> pd.DataFrame:
    """Rows of the panel for each kept row of the sides."""
    found = own.assign(stage=own["stage"].astype(str)).set_index(["stage", "year"])
    twice = found.index[found.index.duplicated()]
    if len(twice):
        raise LabelError(
            f"the panel has {country}, {_pair(twice[0])} more than once. Give one row for each stage and year."
        )
    names = kept["stage"] if stages is None else kept["stage"].map(dict(stages))
    wants = list(zip(names, kept["year"], strict=True))
    missing = [_pair(pair) for pair in dict.fromkeys(wants) if pair not in found.index]
    if missing:
        raise LabelError(f"the panel lacks {country} in {enumerate_labels(missing)}. Give tables of these years.")
    return found.loc[wants]


def _pair(pair: tuple[str, int]) -> str:
    return f"{pair[0]} {pair[1]}"
