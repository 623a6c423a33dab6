"""A trade file of either publisher, told from its header."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gvcpos._core.errors import FormatError
from gvcpos.trade.baci import read_baci
from gvcpos.trade.comtrade import read_comtrade
from gvcpos.trade.flows import TradeFlows
from gvcpos.trade.text import as_paths, csv_files

_BACI = {"t", "i", "j", "k", "v", "q"}


def read_trade(
    paths: str | Path | Iterable[str | Path], *, hs: str | Iterable[str] | None = None, synthetic: bool = False
) -> TradeFlows:
    """Read BACI or UN Comtrade files with their defaults; see `read_baci` and `read_comtrade`.

    Parameters
    ----------
    paths : path or paths
        All of one publisher.
    hs : str or iterable of str, optional
    synthetic : bool

    Raises
    ------
    FormatError
        If files are of both publishers; and as the readers.
    """
    files = as_paths(paths)
    ours = [any(set(inside.start()[0]) >= _BACI for inside in csv_files(file, "trade file")) for file in files]
    if any(ours) and not all(ours):
        other = files[ours.index(False)]
        raise FormatError(f"{other}: not a BACI file, as {files[ours.index(True)]} is. Give files of one publisher.")
    if all(ours):
        return read_baci(files, hs=hs, synthetic=synthetic)
    return read_comtrade(files, hs=hs, synthetic=synthetic)
