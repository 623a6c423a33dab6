"""Every perimeter against its definition, and the identities between perimeters.

The definition: take the flows of the perimeter out of A and Y. What is left, B* and Y*, says what of an export has not
crossed before (source: V̂ B*), and what does not cross again (sink: B* Y*).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from gvcpos.accounting import ValueAddedAccounts
from gvcpos.tables import IOTable
from tests.accounting.worlds import adds_up, close, random_world, worlds
from tests.shared import golden_table

PERSPECTIVES = ("exporter", "world", "sector", "sector_pair", "pair", "importer")
SUMS = {
    "GEXP": ("DVA", "DDC", "FVA", "FDC"),
    "DC": ("DVA", "DDC"),
    "FC": ("FVA", "FDC"),
    "DVA": ("VAX", "REF"),
    "VAX": ("VAX1", "VAX2", "VAX3", "VAX4"),
    "REF": ("REF1", "REF2"),
    "DDC": ("DDC1", "DDC2"),
    "FVA": ("FVA1", "FVA2", "FVA3", "FVA4"),
}
CSP = ["country", "sector", "partner"]


# The definition ------------------------------------------------------------------------------------------------------


class Dense:
    """A table by exporter, written out: ``A``, ``B``, ``Y`` (n, G), ``block`` (exporter of a cell)."""

    def __init__(self, table: IOTable, groups: dict[str, list[str]] | None = None) -> None:
        self.accounts = ValueAddedAccounts(table, groups=groups)
        self.names, self.sectors = self.accounts.exporters.names, table.sectors
        flows = self.accounts.flows
        self.x, self.v, self.Y = flows.x, flows.v, flows.Y
        self.A, self.block = self.accounts.system.A, self.accounts.exporters.blocks.of_cell
        self.B = np.linalg.inv(np.eye(len(self.x)) - self.A)
        self.G, self.sector = len(self.names), self.accounts.exporters.row_of_cell % len(self.sectors)
        self.abroad = self.block[:, None] != np.arange(self.G)

    def split(self, border: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return B*, Y*, and what of A and of Y crosses the border, a mask (n, G) of sellers and buyers."""
        taken = self.A * border[:, self.block]
        star = np.linalg.inv(np.eye(len(self.x)) - self.A + taken)
        return star, self.Y * ~border, taken, self.Y * border

    def borders(self, perspective: str) -> Iterator[tuple[np.ndarray, list[tuple[int, int]]]]:
        """Yield the perimeters of a perspective, and the flows (cell, importer) that each decides."""
        none = np.zeros((len(self.x), self.G), dtype=bool)
        for s in range(self.G):
            rows = np.flatnonzero(self.block == s)
            chosen = {
                "exporter": [(rows, np.arange(self.G))],
                "pair": [(rows, np.array([r])) for r in range(self.G)],
                "sector": [(np.array([i]), np.arange(self.G)) for i in rows],
                "sector_pair": [(np.array([i]), np.array([r])) for i in rows for r in range(self.G)],
                "importer": [(np.arange(len(self.x)), np.array([s]))],
            }[perspective]
            for cells, buyers in chosen:
                border = none.copy()
                border[np.ix_(cells, buyers)] = True
                border &= self.abroad
                yield border, [(int(i), int(r)) for i, r in np.argwhere(border)]

    def terms(self, perspective: str, approach: str) -> dict[str, np.ndarray]:
        """Return the terms by their definition, (n, G)."""
        names = ("DVA", "REF", "DDC", "DDC1", "FVA", "FDC", "VAXIM")
        out = {name: np.zeros((len(self.x), self.G)) for name in names}
        for border, flows in self.borders(perspective):
            star, stay, taken, cross = self.split(border)
            BY = self.B @ self.Y
            for i, r in flows:
                s, there = self.block[i], self.block == r
                own, foreign = (self.v * (self.block == s)), (self.v * (self.block != s))
                row = self.A[i] * there
                e = self.Y[i, r] + row @ self.x
                o, c = own @ self.B[:, i], foreign @ self.B[:, i]
                if approach == "source":
                    once, f = own @ star[:, i], foreign @ star[:, i]
                    found = {"DVA": once * e, "REF": once * (row @ BY[:, s]), "DDC": (o - once) * e}
                    found |= {"DDC1": (o - once) * self.Y[i, r], "FVA": f * e, "FDC": (c - f) * e}
                else:
                    last = self.Y[i, r] + row @ star @ stay.sum(axis=1)
                    again = row @ star @ cross.sum(axis=1)
                    again_int = row @ star @ taken @ self.x
                    found = {"DVA": o * last, "REF": o * (row @ star @ stay[:, s])}
                    found |= {"VAXIM": o * (self.Y[i, r] + row @ star @ stay[:, r])}
                    found |= {"DDC": o * (again + again_int), "DDC1": o * again}
                    found |= {"FVA": c * last, "FDC": c * (again + again_int)}
                for name, value in found.items():
                    out[name][i, r] = value
        return out

    def frame(self, values: np.ndarray) -> np.ndarray:
        """Lay (n, G) beside a frame by sector and partner."""
        return self.accounts.pair_frame({"value": values}, "sector_pair").value.to_numpy()


@lru_cache
def dense(grouped: bool) -> Dense:
    table = random_world(11, 5, 3, zero=2, negative=True)
    return Dense(table, {"EU": ["C1", "C3"]} if grouped else None)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("approach", ["source", "sink"])
@pytest.mark.parametrize("perspective", [p for p in PERSPECTIVES if p != "world"])
def test_every_perimeter_is_what_is_left_without_its_flows(perspective: str, approach: str, grouped: bool) -> None:
    world = dense(grouped)
    mine = world.accounts.exports("sector_pair", perspective=perspective, approach=approach)
    for name, values in world.terms(perspective, approach).items():
        if name in mine:
            close(mine[name], world.frame(values), size=float(mine.GEXP.max()))


@pytest.mark.parametrize("grouped", [False, True])
def test_world_perspective_counts_foreign_value_at_its_first_or_last_foreign_crossing(grouped: bool) -> None:
    """First: v_t L_tt A_ts L_ss; last: by origin t, B_ts and then only sales at home or, once more, by t itself."""
    w = dense(grouped)
    border = w.abroad
    L, stay, taken, cross = w.split(border)
    last = {"source": np.zeros((len(w.x), w.G)), "sink": np.zeros((len(w.x), w.G))}
    leave = cross.sum(axis=1) + taken @ L @ stay.sum(axis=1)  # exports that nobody exports again
    for i, r in np.argwhere(border):
        row, s = w.A[i] * (w.block == r), w.block[i]
        e, direct = w.Y[i, r] + row @ w.x, w.Y[i, r] + row @ L @ stay.sum(axis=1)
        for t in range(w.G):
            if t == s:
                continue
            own = w.v * (w.block == t)
            last["source"][i, r] += (own @ L @ taken @ L)[i] * e
            onward = row @ L @ leave if r == t else 0.0
            last["sink"][i, r] += (own @ w.B)[i] * (direct + onward)
    for approach, values in last.items():
        mine = w.accounts.exports("sector_pair", perspective="world", approach=approach)
        close(mine.FVA, w.frame(values), size=float(mine.GEXP.max()))


# Identities ----------------------------------------------------------------------------------------------------------


def check_sums(found: ValueAddedAccounts) -> None:
    """Terms add up in every flow, and the two approaches within each perimeter."""
    within = {
        "exporter": ["country"],
        "sector": ["country", "sector"],
        "sector_pair": CSP,
        "pair": ["country", "partner"],
        "world": ["year"],
    }
    names = ["GEXP", "DC", "DVA", "VAX", "REF", "DDC", "DDC1", "DDC2", "FC", "FVA", "FDC"]
    for perspective in PERSPECTIVES:
        first, last = (
            found.exports("sector_pair", perspective=perspective, approach=approach) for approach in ("source", "sink")
        )
        # A cell without output whose final uses cancel exports value of no origin.
        live = first.merge(found.indices()[["country", "sector", "x"]], on=["country", "sector"]).x != 0
        for frame in (first, last):
            gross = frame.GEXP[live].abs()
            for total, parts in SUMS.items():
                adds_up(frame[total][live], *(frame[part][live] for part in parts), made_of=(gross,))
        keys = within.get(perspective, ["partner"])
        sums = [frame.groupby(keys, sort=False)[names].sum() for frame in (first, last)]
        size = first.GEXP.abs().groupby([first[key] for key in keys], sort=False).sum()
        if perspective == "importer":
            for frame in sums:
                frame["VA"] = frame.DVA + frame.FVA
        for name in ["VA", "GEXP", "DC"] if perspective == "importer" else names:
            adds_up(sums[0][name], sums[1][name], made_of=(size,))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_terms_add_up_on_any_small_world(table: IOTable) -> None:
    check_sums(ValueAddedAccounts(table))


@pytest.mark.parametrize("folder", ["exva_iciotest", "wiod2011"])
def test_terms_add_up_on_real_tables(folder: str) -> None:
    check_sums(ValueAddedAccounts(golden_table(folder)))


def test_details_are_optional_and_linkages_are_the_exporters() -> None:
    found = dense(grouped=False).accounts
    for perspective in PERSPECTIVES:
        for approach in ("source", "sink"):
            columns = set(found.exports(perspective=perspective, approach=approach).columns)
            brief = set(found.exports(perspective=perspective, approach=approach, detail=False).columns)
            assert brief <= columns
            assert {"VAX1", "DDC2", "FVA4"} <= columns - brief
            assert ("GVC" in columns) == (perspective == "exporter" and approach == "source")
            assert ("VAXIM" in columns) == (approach == "sink")


# Imports -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("grouped", [False, True])
def test_imports_are_what_is_left_without_entering_twice(grouped: bool) -> None:
    w = dense(grouped)
    once, again = np.zeros((len(w.x), w.G)), np.zeros((len(w.x), w.G))
    for r, (border, _) in enumerate(w.borders("importer")):
        star, _, taken, cross = w.split(border)
        e = taken @ w.x + cross.sum(axis=1)
        once[:, r], again[:, r] = w.v * (star @ e), w.v * ((w.B - star) @ e)
    total = {
        "country": lambda m: w.accounts.exporters.by_exporter(m).sum(axis=0),
        "pair": lambda m: w.accounts.exporters.by_exporter(m).T,
        "sector": lambda m: w.accounts.exporters.by_row(m).T.reshape(w.G, w.G, -1).sum(axis=1),
        "sector_pair": lambda m: w.accounts.exporters.by_row(m).T,
    }
    for by, lay in total.items():
        mine = w.accounts.imports(by)
        close(mine.VA, lay(once).ravel())
        close(mine.DC, lay(again).ravel(), size=float(once.sum(axis=0).max()))
    frame, exports = w.accounts.imports(), w.accounts.exports("pair", perspective="importer")
    size = exports.groupby("partner", sort=False)[["GEXP", "DVA", "FVA"]].sum().loc[list(frame.country)]
    close(frame.GIMP, size.GEXP)
    close(frame.VA, size.DVA + size.FVA)
    pairs = w.accounts.imports("sector_pair")
    assert list(pairs.columns) == ["country", "partner", "sector", "year", "VA", "DC"]
    assert list(pairs.partner.unique()) == list(w.names)
