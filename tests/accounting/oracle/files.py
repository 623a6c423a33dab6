"""The other programs' results by label, and the worlds they were computed from."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

from tests.accounting.oracle.world import Array, World
from tests.accounting.worlds import close
from tests.shared import golden_table, shared, wiod2011

TOLERANCE = 1e-10
SMALL = ("leather", "exva_wiodtest")
FOLDERS = (*SMALL, "wiod2011")
PAIR = ("Exporting_Country", "Exporting_Industry", "Importing_Country")
Terms = dict[str, Array]


class Countries(World):
    """A world of whole countries: blocks are views, and exports are added up once."""

    def A(self, s: int, r: int) -> Array:
        return self.a[self._at(s), self._at(r)]

    def B(self, s: int, r: int) -> Array:
        return self.b[self._at(s), self._at(r)]

    def exports(self, s: int) -> Array:
        if not hasattr(self, "_exports"):
            self._exports = [World.exports(self, k) for k in self.countries]
        return self._exports[s]

    def _at(self, s: int) -> slice:
        return slice(s * self.N, (s + 1) * self.N)


def countries(Z: Array, F: Array, sectors: int) -> Countries:
    rows = np.arange(len(Z)).reshape(-1, sectors)
    return Countries(Z, F, sectors, list(rows), [np.array([c]) for c in range(len(rows))])


@lru_cache
def world(folder: str) -> Countries:
    table = wiod2011() if folder == "wiod2011" else golden_table(folder)
    return countries(table.Z, table.final_demand, len(table.sectors))


def cells(folder: str) -> tuple[dict[str, int], dict[str, int]]:
    """Numbers of countries and sectors; one program writes D01T09 for the sector that its input calls 01T09."""
    table = wiod2011() if folder == "wiod2011" else golden_table(folder)
    sectors = {name: i for i, name in enumerate(table.sectors)}
    return {name: i for i, name in enumerate(table.countries)}, sectors | {f"D{name}": i for name, i in sectors.items()}


def read(folder: str, name: str) -> pd.DataFrame:
    base = shared(f"golden/gvc/{folder}")
    if (base / f"{name}.csv").exists():
        return pd.read_csv(base / f"{name}.csv", keep_default_na=False, na_values=[""])
    return pd.read_parquet(shared(f"golden/gvc/{folder}/{name}.parquet"))


def places(folder: str, frame: pd.DataFrame, *columns: str) -> tuple[Array, ...]:
    """Country and sector numbers of the label columns; no row may come twice."""
    by_country, by_sector = cells(folder)
    assert not frame.duplicated(list(columns)).any()
    return tuple(
        frame[c].map(by_sector if "Industry" in c or c == "sector" else by_country).to_numpy(int) for c in columns
    )


@lru_cache(maxsize=16)
def every(folder: str, function: Callable[..., Terms], *options: str) -> Terms:
    """name -> (exporter, sector, importer)."""
    each = [function(world(folder), s, *options) for s in world(folder).countries]
    return {name: np.array([one[name] for one in each]) for name in each[0]}


def agree(frame: pd.DataFrame, mine: Terms, at: tuple[Array, ...], columns: list[str]) -> None:
    for column in columns:
        close(mine[column][at], frame[column], TOLERANCE)
