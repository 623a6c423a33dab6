"""Points of the smile and flows between stages of drawn tables: those of the accounts, from the panel's own LU."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning
from gvcpos.accounting import LeontiefSystem, ValueAddedAccounts
from gvcpos.chains import Chain
from gvcpos.lockin import smile_points, stage_flows
from gvcpos.study.chain_flows import ChainTraces, KeptFlows
from gvcpos.tables import IOTable, TableSeries
from gvcpos.uncertainty import CellErrors, drawn_panels
from tests.study.test_split_study import opened, tables, write
from tests.uncertainty.worlds import CHAIN, years_of_worlds

WORLDS = years_of_worlds(3, years=3)
BOTH = ChainTraces(CHAIN, "downstream", flows=True)
LABELS = ("country", "sector", "stage", "destination", "partner")
__all__ = ["tables"]  # a fixture


def kept_of(draws: int, relative: float, worlds: Sequence[IOTable] = WORLDS) -> tuple[KeptFlows, pd.DataFrame]:
    """Draw the worlds; return what was kept and the panel of the last draw."""
    kept = KeptFlows(BOTH, "upstream")
    panels = drawn_panels(worlds, CHAIN, CellErrors(relative), draws=draws, seed=4, beside=kept.add)
    return kept, panels.frame(draws)


def same(kept: KeptFlows, draw: int, worlds: Sequence[IOTable], chain: Chain) -> None:
    """Assert that a draw has the points and the upstream flows of some tables."""
    found = kept.of(draw)
    assert found.flows is not None
    pd.testing.assert_frame_equal(found.points, smile_points(worlds, chain), rtol=1e-8)
    flows = stage_flows(worlds, chain)
    own = flows[flows["stage"] == "upstream"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.flows, own, rtol=1e-8, atol=1e-9)
    assert found.flows.attrs == flows.attrs


def test_without_errors_they_are_those_of_the_tables() -> None:
    kept, _ = kept_of(1, 0.0)
    same(kept, 0, WORLDS, CHAIN)
    same(kept, 1, WORLDS, CHAIN)


def test_each_draw_has_its_own_and_the_panel_of_the_same_table() -> None:
    kept, panel = kept_of(2, 0.2)
    plain = drawn_panels(WORLDS, CHAIN, CellErrors(0.2), draws=2, seed=4).frame(2)
    pd.testing.assert_frame_equal(panel, plain, rtol=1e-9)
    assert list(panel) == list(plain)
    one, two = (kept.of(d).flows for d in (1, 2))
    assert one is not None
    assert two is not None
    assert (one["value_added"] - two["value_added"]).abs().max() > 1e-3
    # The value added of a stage is in its flows: what is traced is the table that the panel is of.
    traced = two.groupby(["country", "year"])["value_added"].sum()
    of_panel = panel[panel["stage"] == "upstream"].set_index(["country", "year"])["va"]
    np.testing.assert_allclose(traced, of_panel.reindex(traced.index), rtol=1e-8)


def test_panel_points_and_flows_share_one_factorisation(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[int] = []
    once = LeontiefSystem._factorise

    def counted(self: LeontiefSystem, rows: np.ndarray) -> object:
        """Count, and factorise."""
        done.append(1)
        return once(self, rows)

    monkeypatch.setattr(LeontiefSystem, "_factorise", counted)
    kept_of(2, 0.1)
    assert len(done) == 3 * len(WORLDS)


def test_they_are_kept_small_and_only_what_is_asked_for() -> None:
    dropping = years_of_worlds(1, years=3, negative=True)
    with pytest.warns(DroppedRowsWarning, match="points dropped"):
        smile_points(dropping, CHAIN)
    kept, _ = kept_of(1, 0.1, dropping)  # which does not say it again
    for part in kept._kept[1]:
        for frame in (part.points, part.flows):
            assert frame is not None
            assert frame.select_dtypes("category").columns.tolist() == [c for c in frame if c in LABELS]
        assert part.flows is not None
        assert set(part.flows["stage"]) == {"upstream"}
    assert not ChainTraces(CHAIN)
    only = ChainTraces(CHAIN, flows=True).year(ValueAddedAccounts(WORLDS[0]))
    assert only.points is None
    assert only.flows is not None


def test_split_tables_are_drawn_alike(tmp_path: Path, tables: TableSeries) -> None:
    write(tmp_path)
    split = opened(tmp_path, tables)
    years = TableSeries.from_tables([split.wide[year] for year in (2008, 2009)])
    cut = [split.tables[year] for year in years.years]
    kept = KeptFlows(ChainTraces(split.chain, "downstream", flows=True), "upstream")
    drawn_panels(years, split.chain, CellErrors(0.0), draws=1, split=split.drawn, beside=kept.add)
    same(kept, 0, cut, split.chain)
    published, drawn = (kept.of(d).flows for d in (0, 1))
    assert published is not None
    assert drawn is not None
    assert list(drawn["country"]) == list(published["country"])
    assert not np.allclose(drawn["value_added"], published["value_added"], rtol=1e-3)  # weights of its own
