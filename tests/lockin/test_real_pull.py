"""WIOD 2000-2011: mobility and pull-through of the rare-earth chain, and the upstream stage among all other sectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import DroppedRowsWarning, EstimationError
from gvcpos.chains import Chain, Stage, gvc_panel
from gvcpos.lockin import (
    dumitrescu_hurlin,
    local_projections,
    mobility,
    placebo_distribution,
    pull_through,
    spatial_pull_through,
)
from gvcpos.spatial import weights
from gvcpos.tables import capitals
from tests.shared import wiod_year

RARE_EARTHS = Chain.rare_earths()
INSIDE = [sector for stage in RARE_EARTHS.stages for sector in stage.sectors]


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Stages of the chain and, as stages of their own, all other sectors."""
    rest = [s for s in wiod_year(2000).sectors if s not in INSIDE]
    chain = Chain("all", (*RARE_EARTHS.stages, *(Stage(s, (s,)) for s in rest)))
    return gvc_panel((wiod_year(year) for year in range(2000, 2012)), chain)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.DroppedRowsWarning")
def test_upstream_among_the_other_sectors(panel):
    test = placebo_distribution(panel, chain=["midstream"])
    frame = test.details["placebos"].set_index("source")
    assert len(frame) > 25
    assert 1 / 30 < test.pvalue <= 1
    assert frame.loc["upstream", "estimate"] == pytest.approx(pull_through(panel, own_lags=1).estimate, rel=1e-8)
    assert "ranks" in test.sentence


@pytest.mark.slow
def test_granger_projections_and_mobility(panel):
    granger = dumitrescu_hurlin(panel, draws=199)
    assert granger.ncountries == 40
    assert granger.nobs == 400
    ahead = local_projections(panel, draws=199)
    assert ahead.details["responses"]["nobs"].tolist() == [400, 360, 320]
    moves = mobility(panel, "downstream", draws=199)
    counts = moves.details["counts"]["count"]
    assert counts.sum() == 40 * 11
    assert np.isclose(moves.details["classes"]["share"].sum(), 1.0)
    china = mobility(panel, "downstream", scope="CHN", draws=199)
    assert china.statistic == 11  # in the lowest third all along, which classes that sticky do not make rare
    assert not china.rejected


@pytest.mark.slow
def test_growth_of_all_countries_together_has_no_effect_of_neighbours(panel):
    """Rho ends at one, where the indirect effect would be an elasticity of a million."""
    places = [c for c in panel["country"].unique() if c != "ROW"]
    near = weights.inverse_distance(capitals(places)).normalised("row")
    with pytest.raises(EstimationError, match=r"rho = 1\.000000 is at the edge"):
        spatial_pull_through(panel, near)


@pytest.mark.slow
def test_idle_sectors_are_named(panel):
    with pytest.warns(DroppedRowsWarning, match="CHN"):
        local_projections(panel, "c19", draws=99)
