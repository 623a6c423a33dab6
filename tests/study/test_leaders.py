"""Networks and ranks by year in a study: those of the library, with sets where tables are drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from gvcpos.chains import Chain, gvc_panel
from gvcpos.lockin import dominance, dominance_ranks, stage_flows, stage_network
from gvcpos.study import Study, StudyResults
from gvcpos.study.leaders import drawn_shares, rank_frames
from gvcpos.tables import synthetic_world
from gvcpos.uncertainty import CellErrors, drawn_panels
from tests.study.conftest import SMALL


def test_networks_are_those_of_the_flows(small_run: tuple[StudyResults, Path]) -> None:
    results, out = small_run
    network = results.frames["dominance_network"]
    assert list(network.columns[:3]) == ["country", "stage", "year"]
    assert list(dict.fromkeys(network["stage"])) == ["upstream", "midstream"]
    assert "dominance_draws" not in results.frames
    spec = Study.from_yaml("demo", SMALL).spec
    world = synthetic_world(seed=spec.seed, countries=20, years=range(spec.tables.first_year, 2014))
    last = stage_network(stage_flows(world.tables[2013], Chain.from_mapping(world.chain)), "upstream")
    own = network[(network["year"] == 2013) & (network["stage"] == "upstream")]
    np.testing.assert_allclose(own["out_strength"], last["out_strength"], rtol=1e-9)
    assert own["betweenness_rank"].tolist() == last["betweenness_rank"].tolist()
    assert (out / "figures" / "dominance_ranks.svg").stat().st_size > 1000
    assert "ranks without sets" in (out / "summary.md").read_text(encoding="utf-8")


def test_without_draws_ranks_have_no_set(small_run: tuple[StudyResults, Path]) -> None:
    frame, measures = (small_run[0].frames[name] for name in ("dominance_ranks", "dominance"))
    assert frame[["country", "stage", "year"]].equals(measures[["country", "stage", "year"]])
    assert frame["rank"].equals(measures["va_rank"])
    assert frame[["rank_low", "rank_high"]].isna().all(axis=None)
    assert (frame["draws"] == 0).all()


def test_drawn_tables_give_the_sets_of_the_library() -> None:
    spec = Study.from_yaml("demo", ("uncertainty={draws: 12, confidence: 0.9}",)).spec
    world = synthetic_world(seed=1, countries=8, years=range(2012, 2014), sectors=13)
    chain = Chain.from_mapping(world.chain)
    panels = drawn_panels(world.tables, chain, CellErrors(0.2), draws=12, seed=1)
    gone = world.countries[-1]
    measures = dominance(gvc_panel(world.tables, chain), exclude=[gone])
    drawn = drawn_shares(panels)
    found = rank_frames(spec, _Measured(measures), drawn)["dominance_ranks"]
    own = measures[measures["stage"] == "midstream"]
    frames = map(panels.frame, range(1, 13))
    expected = dominance_ranks(own, draws=frames, level=0.1, exclude=[gone])
    got = found[found["stage"] == "midstream"].reset_index(drop=True)
    assert got[["rank_low", "rank_high"]].astype(int).equals(expected[["rank_low", "rank_high"]].astype(int))
    assert (got["rank_high"] > got["rank_low"]).any()
    assert (got["draws"] == 12).all()
    assert got["errors"].str.contains("20 % of a cell").all()
    silent = drawn.assign(va_share=drawn["va_share"].where(drawn["country"] != "AUS"))
    without = rank_frames(spec, _Measured(measures), silent)["dominance_ranks"]
    assert set(without.loc[without["rank_low"].isna(), "country"]) == {"AUS"}


class _Measured:
    """As much of a verdict as ranks look at."""

    def __init__(self, measures: pd.DataFrame) -> None:
        self.dominance = measures
