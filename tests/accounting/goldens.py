"""How another program's file is laid beside a frame of the accounts: read, label, align, measure.

Every golden comes out as one frame: its labels as index, a column for every number it prints.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pandas as pd

from gvcpos.accounting import ValueAddedAccounts
from tests.shared import golden_matrix, golden_table, shared

LEATHER, WIODTEST, ICIOTEST, MOCK, WIOD = "leather", "exva_wiodtest", "exva_iciotest", "pymrio_test", "wiod2011"
C, CS, CP, CSP = ("country",), ("country", "sector"), ("country", "partner"), ("country", "sector", "partner")
Call = Callable[[ValueAddedAccounts], pd.DataFrame]
Options = Mapping[str, object] | Callable[[], Mapping[str, object]]


@dataclass(frozen=True)
class Golden:
    """A file, or some of its rows, and the frame that has to agree with it.

    Attributes
    ----------
    folder, name : str
        The file without its suffix.
    frame : callable
        The published method that answers it.
    keys : tuple of str
        Our label columns for the golden's, in its order.
    names : mapping
        Our columns where they are called otherwise, or sums of ours; a golden column mapped to "" is not compared.
    options : mapping
        How the accounts are made, or what says so.
    rows : str
        Query that chooses rows of the golden, as it is written.
    mine : str
        Query that chooses rows of ours; the rest has no golden.
    idle : float
        What the golden prints for a cell without output, where we print nothing.
    """

    folder: str
    name: str
    frame: Call
    keys: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    options: Options | None = None
    rows: str = ""
    mine: str = ""
    idle: float = np.nan

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}" + (f" ({self.rows})" if self.rows else "")


def lines(
    folders: Sequence[str] | str, files: Sequence[str] | str, frame: Call, keys: tuple[str, ...], **more: object
) -> list[Golden]:
    """Return one golden a folder and file; decompr's are of leather alone."""
    where, what = ([each] if isinstance(each, str) else each for each in (folders, files))
    pairs = [(f, n) for f in where for n in what if f == LEATHER or not n.startswith("decompr")]
    return [Golden(folder, name, frame, keys, **more) for folder, name in pairs]  # type: ignore[arg-type]


@lru_cache(maxsize=16)
def _accounts(folder: str, options: str) -> ValueAddedAccounts:
    return ValueAddedAccounts(golden_table(folder), **_OPTIONS[options])  # type: ignore[arg-type]


_OPTIONS: dict[str, Mapping[str, object]] = {}


def accounts(folder: str, options: Options | None = None) -> ValueAddedAccounts:
    """Return the accounts of a golden table, made once."""
    chosen = options() if callable(options) else options or {}
    key = repr(chosen)
    _OPTIONS[key] = chosen
    return _accounts(folder, key)


def read(folder: str, name: str) -> pd.DataFrame:
    """Return a file as it is written; RoW, NA and the like are labels."""
    path = shared(f"golden/gvc/{folder}") / name
    csv, parquet = (path.with_name(path.name + suffix) for suffix in (".csv", ".parquet"))
    return pd.read_csv(csv, keep_default_na=False, na_values=[""]) if csv.exists() else pd.read_parquet(parquet)


@lru_cache
def by_line(folder: str, name: str, keys: tuple[str, ...]) -> pd.DataFrame:
    """Return labels, then numbers; a file that is compared in parts is read once."""
    if name.startswith("exvatools"):
        return _from_terms(read(folder, name))
    return _from_matrix(folder, name, keys) if name.startswith("pymrio") else _from_lines(read(folder, name))


def tidy(golden: Golden) -> pd.DataFrame:
    """Return the golden by our labels."""
    frame = by_line(golden.folder, golden.name, golden.keys if golden.name.startswith("pymrio") else ())
    if golden.rows:
        frame = frame.query(golden.rows).dropna(axis=1, how="all")
    if "col" in frame and len(golden.keys) == 2 and "row" not in golden.keys:
        assert frame["col"].nunique() == 1
        frame = frame.drop(columns="col")
    if "agg" in frame:
        frame = frame.drop(columns=["agg"] if "sector" in golden.keys else ["agg", "i"])
    frame = frame.rename(columns=dict(zip(frame.columns, golden.keys, strict=False)))
    for key in golden.keys:
        if key.endswith("sector"):
            # One program writes D01T09 for the sector that its input calls 01T09.
            frame[key] = frame[key].str.removeprefix("D")
    return frame.set_index(list(golden.keys))


def _from_lines(file: pd.DataFrame) -> pd.DataFrame:
    """Labels stand first. ADB's scripts begin with the year and the level of sectors, which are not compared."""
    if "agg" in file:
        labels = {"s": file["s"], "i": file["i"].astype(str), "agg": file["agg"]}
        return pd.DataFrame(labels | dict(file.drop(columns=["t", "s", "i", "agg"])))
    if "source" in file and file["source"].str.contains(".", regex=False).all():
        cell = file["source"].str.split(".")
        return pd.concat([cell.str[0], cell.str[1].rename("cell"), file.drop(columns="source")], axis=1)
    return file.drop(columns=["id", "t"], errors="ignore")


def _from_terms(file: pd.DataFrame) -> pd.DataFrame:
    """exvatools: term, row, col, value; the row is exporter and sector, a column for every term comes out."""
    if "term" not in file:
        return file
    wide = file.pivot(index=["row", "col"], columns="term", values="value")[list(file["term"].unique())]
    rows = wide.index.get_level_values("row").str.split("_", n=1)
    labels = pd.DataFrame({"row": rows.str[0], "sector": rows.str[1], "col": wide.index.get_level_values("col")})
    return pd.concat([labels, wide.reset_index(drop=True)], axis=1)


def _from_matrix(folder: str, name: str, keys: tuple[str, ...]) -> pd.DataFrame:
    """pymrio: labels region|sector on both sides, as lines of one ``value``; or columns with names of their own."""
    path = shared(f"golden/gvc/{folder}") / f"{name}.parquet"
    matrix = pd.read_parquet(path) if path.exists() else golden_matrix(folder, name)
    rows = [[label] if keys[0] == "satellite" else label.split("|") for label in matrix.index]
    left = pd.DataFrame(rows)
    if len(keys) == left.shape[1]:
        return pd.concat([left, matrix.reset_index(drop=True)], axis=1)
    right = pd.DataFrame([label.split("|") for label in matrix.columns])
    return pd.concat(
        [
            left.loc[left.index.repeat(len(right))].reset_index(drop=True),
            pd.concat([right] * len(left), ignore_index=True),
            pd.Series(matrix.to_numpy(float).ravel(), name="value"),
        ],
        axis=1,
        ignore_index=True,
    ).rename(columns={left.shape[1] + right.shape[1]: "value"})


def aligned(golden: Golden) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the golden and our frame, row by row; every row of either has to be in the other.

    A program may print the flows of an exporter with itself, or of a group with its members. We have no such rows:
    they must be zero.
    """
    theirs, ours = tidy(golden), golden.frame(accounts(golden.folder, golden.options))
    if golden.mine:
        ours = ours.query(golden.mine)
    ours = ours.astype(dict.fromkeys(golden.keys, str)).set_index(list(golden.keys))
    assert theirs.index.is_unique
    assert ours.index.is_unique
    assert not len(extra := ours.index.difference(theirs.index)), extra
    both = theirs.index.isin(ours.index)
    alone = theirs[~both]
    assert (alone.fillna(0.0) == 0.0).all(axis=None), alone
    theirs = theirs[both]
    return theirs, ours.loc[theirs.index]


def summed(frame: pd.DataFrame, names: str) -> pd.Series | float:
    """Return a column, "0", the sum of columns "a + b", or the ratio of two "a / b"."""
    if names == "0":
        return 0.0
    if " / " in names:
        above, below = names.split(" / ")
        return frame[above] / frame[below]
    parts = [frame[name] for name in names.split(" + ")]
    return sum(parts[1:], parts[0])


def errors(golden: Golden) -> dict[str, float]:
    """Return the largest difference of every column, as a share of the column's largest entry.

    A number that one has and the other has not is an infinite error.
    """
    theirs, ours = aligned(golden)
    out = {}
    for name in theirs.columns:
        mine = golden.names.get(name, name)
        if not mine:
            continue
        a, b = (np.broadcast_to(m, len(ours)).astype(float) for m in (summed(ours, mine), theirs[name]))
        b = np.where(np.isnan(a) & (b == golden.idle), np.nan, b)
        known = ~np.isnan(b)
        size = np.abs(b[known]).max(initial=0.0)
        off = np.abs(a[known] - b[known]).max(initial=0.0)
        same = np.array_equal(np.isnan(a), ~known) and np.isfinite(off)
        out[str(name)] = float(off / size if size else off) if same else np.inf
    assert out
    return out
