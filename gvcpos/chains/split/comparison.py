"""Plain and split indices side by side, and how much of the plain measure is the chain at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.chains.panel import gvc_panel

if TYPE_CHECKING:
    from gvcpos.chains.split.result import Split

MEASURES = ("upstreamness", "va_rate", "wwyz_forward", "wwyz_backward", "va_share", "rca_va")
_MONEY = ("x", "va", "exports")


def compare_split(split: Split, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
    """Set the indices of the wide sectors beside those of the chain's own part.

    Parameters
    ----------
    split : Split
    measures : sequence of str
        Columns of `gvc_panel`.

    Returns
    -------
    DataFrame
        country, stage, year; ``x_part``, ``va_part`` and ``exports_part``, what part of the plain stage's output, value
        added and exports is the chain's own; then every measure twice, ``upstreamness_plain`` and
        ``upstreamness_split``. A country without the good has parts of 0 and NaN for split ratios; so has a stage of
        which no sector is cut.

    Raises
    ------
    InputError
        If a measure is not in the panel.

    Notes
    -----
    A plain index is the mean of the own part's and of the rest's, with ``x_part`` (``va_part`` for forward
    participation) as the weight of the own part: where it is 1e-3, a plain index says next to nothing of the chain.
    """
    return compare_panels(gvc_panel([split.original], split.plain), gvc_panel([split.table], split.chain), measures)


def compare_panels(plain: pd.DataFrame, own: pd.DataFrame, measures: Sequence[str] = MEASURES) -> pd.DataFrame:
    """Set two panels side by side, of the wide sectors and of the chain's own parts, of one year or several.

    Parameters
    ----------
    plain, own : DataFrame
        Of `gvc_panel`, with the same countries.
    measures : sequence of str

    Returns
    -------
    DataFrame
        As of `compare_split`.

    Raises
    ------
    InputError
        If a measure is not in the panels.
    """
    unknown = [m for m in measures if m not in plain.columns]
    if unknown:
        raise InputError(f"no measure {enumerate_labels(unknown)} in the panel: {enumerate_labels(plain.columns, 60)}.")
    keys = ["country", "stage", "year"]
    wanted = list(dict.fromkeys([*_MONEY, *measures]))
    both = plain[[*keys, *wanted]].merge(own[[*keys, *wanted]], on=keys, how="left", suffixes=("_plain", "_split"))
    out = both[keys].copy()
    for name in _MONEY:
        whole, part = both[f"{name}_plain"].to_numpy(), both[f"{name}_split"].fillna(0.0).to_numpy()
        out[f"{name}_part"] = np.divide(part, whole, out=np.full(len(whole), np.nan), where=whole != 0)
    for name in measures:
        for side in ("plain", "split"):
            out[f"{name}_{side}"] = both[f"{name}_{side}"]
    out.attrs.update(plain.attrs)
    return out
