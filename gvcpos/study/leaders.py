"""The leaders of a study by year: networks of the stages, ranks of the shares with their sets, and the figure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gvcpos.lockin import Verdict, dominance_ranks, stage_network
from gvcpos.report import figures as draw
from gvcpos.study.chain_flows import ChainFlows
from gvcpos.study.results import StudyResults
from gvcpos.study.spec import StudySpec
from gvcpos.uncertainty.panels import DrawnPanels

SHARE, DRAWS = "va_share", "dominance_draws"
FRAMES = {
    "dominance": "shares, ranks and concentration of every stage",
    "leaders": "who leads each stage",
    "dominance_network": "place of every country in the network of each stage's value added, by year",
    "dominance_ranks": "rank of every country's share of each stage, by year, with its set where tables are drawn",
}
_NO_DRAWS = "no errors of tables drawn: ranks without sets"


def leader_frames(verdict: Verdict, flows: ChainFlows) -> dict[str, pd.DataFrame]:
    """Return shares, leaders and, where there are flows between stages, the network of every stage but the last."""
    frames = {"dominance": verdict.dominance, "leaders": verdict.leaders}
    if flows.flows is not None:
        kept = set(verdict.dominance["country"])
        left_out = [c for c in dict.fromkeys(flows.flows["country"]) if c not in kept]
        sources = list(flows.flows.attrs["stages"])[:-1]
        networks = [stage_network(flows.flows, stage, exclude=left_out) for stage in sources]
        frames["dominance_network"] = pd.concat(networks, ignore_index=True)
    return frames


def drawn_shares(panels: DrawnPanels) -> pd.DataFrame:
    """Return country, stage, year, draw and the share of every drawn panel."""
    columns = ["country", "stage", "year", SHARE]
    frames = [panels.frame(k)[columns].assign(draw=k) for k in range(1, panels.draws + 1)]
    return pd.concat(frames, ignore_index=True).assign(errors=panels.errors)


def rank_frames(spec: StudySpec, verdict: Verdict, drawn: pd.DataFrame | None) -> dict[str, pd.DataFrame]:
    """Return the rank of every share by stage and year, with its set where tables are drawn.

    Parameters
    ----------
    spec : StudySpec
    verdict : Verdict
    drawn : DataFrame or None
        Of `drawn_shares`.
    """
    measures = verdict.dominance
    out = measures[["country", "stage", "year", SHARE]].assign(rank=measures["va_rank"])
    if drawn is None or spec.uncertainty is None:
        return {"dominance_ranks": out.assign(rank_low=np.nan, rank_high=np.nan, draws=0, errors=_NO_DRAWS)}
    level = 1 - spec.uncertainty.confidence
    sets = pd.concat([_sets(own, drawn, level) for _, own in measures.groupby("stage", sort=False)])
    out = out.merge(sets, on=["country", "stage", "year"], how="left", validate="one_to_one")
    return {"dominance_ranks": out.assign(draws=int(drawn["draw"].nunique()), errors=str(drawn["errors"].iloc[0]))}


def _sets(own: pd.DataFrame, drawn: pd.DataFrame, level: float) -> pd.DataFrame:
    """Bound the ranks of one stage; a country without a share in some year or draw has no set."""
    stage = own["stage"].iloc[0]
    drawn = drawn[drawn["stage"] == stage]
    unknown = {c for frame in (own, drawn) for c in frame.loc[~np.isfinite(frame[SHARE]), "country"]}
    own = own[~own["country"].isin(unknown)]
    drawn = drawn[drawn["country"].isin(own["country"])]
    columns = ["country", "stage", "year", "rank_low", "rank_high"]
    if own.empty:
        return own.reindex(columns=columns)
    return dominance_ranks(own, SHARE, draws=drawn, level=level).assign(stage=stage)[columns]


def leader_figures(results: StudyResults, look: dict) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the figures of the upstream stage, shares and ranks by year; name, drawing and the data drawn."""
    shares, ranks = (
        frame[frame["stage"] == results.spec.lockin.upstream]
        for frame in (results.frames["dominance"], results.frames["dominance_ranks"])
    )
    yield "dominance", partial(draw.dominance_lines, shares, **look), shares
    yield "dominance_ranks", partial(draw.rank_lines, ranks, **look), ranks


def rank_caption(results: StudyResults) -> str:
    """Say what the figure shows, and what its sets rest on."""
    frame, stage = results.frames["dominance_ranks"], results.spec.lockin.upstream
    draws, errors = int(frame["draws"].iloc[0]), str(frame["errors"].iloc[0])
    sets = f"sets of ranks from {draws} draws ({errors})" if draws else errors
    return f"Ranks by share of the {stage} stage's value added; {sets}"
