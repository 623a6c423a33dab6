"""The lock-in part of a study: the battery run, its frames, its printed table and its figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from gvcpos.lockin import LockInTest, Verdict, lock_in, position_capture_slope, pull_through
from gvcpos.lockin.entries import CaseOptions
from gvcpos.report import Table, frame_table
from gvcpos.report import figures as draw
from gvcpos.spatial import Weights
from gvcpos.study.chain_flows import ChainFlows
from gvcpos.study.progress import Progress
from gvcpos.study.results import StudyResults
from gvcpos.study.spec import StudySpec

FRAMES = {
    "battery": "every test of the battery: scope, estimate, p-values adjusted for their number, sentence",
    "battery_agreement": "what each of the seven questions' first test speaks for, by scope",
    "battery_not_run": "tests that could not be run for a scope, and why",
    "smile_points": "countries' sectors on the smile of the chain, by year",
    "own_shares": "share of upstream value added that ends in own downstream products, by country and year",
}


def verdict_of(spec: StudySpec, panel: pd.DataFrame, W: Weights, flows: ChainFlows, progress: Progress) -> Verdict:
    """Run dominance, headline and battery."""
    return lock_in(
        panel,
        W,
        tests=spec.lockin.tests,
        scopes=tuple(spec.lockin.scopes),
        points=flows.points,
        flows=flows.flows,
        on_test=lambda name, done, total: progress("lock-in tests", done, total),
        **battery_options(spec, panel, W),
    )


def battery_options(spec: StudySpec, panel: pd.DataFrame, W: Weights) -> CaseOptions:
    """Return what all tests of the battery share."""
    block = spec.lockin
    return {
        "capture": block.capture,
        "position": block.position,
        "participation": block.participation,
        "falling": block.falling,
        "controls": block.controls,
        "cov_type": block.cov_type,
        "upstream": block.upstream,
        "downstream": block.downstream,
        "lags": block.lags,
        "exclude": [c for c in dict.fromkeys(panel["country"]) if c in spec.exclude or c not in W.ids],
        "level": block.level,
        "draws": block.draws,
        "seed": spec.seed,
    }


def upstream_slope(panel: pd.DataFrame, *, weights: Weights, spec: StudySpec) -> LockInTest:
    """Test the slope of capture on position of the study's upstream stage, in the countries of the weights."""
    block = spec.lockin
    return position_capture_slope(
        panel[panel["country"].isin(weights.ids)],
        block.upstream,
        capture=block.capture,
        position=block.position,
        controls=block.controls,
        weights=weights,
        cov_type=block.cov_type,
        exclude=(),
        level=block.level,
    )


def pull_along(panel: pd.DataFrame, *, spec: StudySpec) -> LockInTest:
    """Test the study's pull-through from its upstream to its downstream stage, in all countries of the panel."""
    block = spec.lockin
    return pull_through(panel, block.upstream, block.downstream, lags=block.lags, exclude=(), level=block.level)


def evidence_frames(spec: StudySpec, verdict: Verdict, flows: ChainFlows) -> dict[str, pd.DataFrame]:
    """Return the frames of the battery; nothing where it was not asked for."""
    from gvcpos.lockin import own_shares

    if not verdict.battery.runs:
        return {}
    frames = {
        "battery": verdict.battery.to_frame(),
        "battery_agreement": verdict.battery.agreement(),
        "battery_not_run": verdict.battery.not_run(),
    }
    if flows.points is not None:
        frames["smile_points"] = flows.points
    if flows.flows is not None:
        frames["own_shares"] = own_shares(flows.flows, spec.lockin.upstream, spec.lockin.downstream)
    return frames


def battery_lines(verdict: Verdict) -> tuple[str, ...]:
    """Return one sentence a scope: which tests agree, which do not, which could not be run."""
    return tuple(verdict.battery.sentence(scope) for scope in dict.fromkeys(run.scope for run in verdict.battery.runs))


def agreement_table(agreement: pd.DataFrame, *, synthetic: bool) -> Table:
    """Print what every question's first test speaks for: a row a scope, a column a question."""
    marks = agreement["survives"].map({True: "*", False: ""})
    shown = agreement["evidence"].replace({"none": "–"}) + marks
    wide = agreement.assign(shown=shown).pivot(index="scope", columns="letter", values="shown")
    wide = wide.reindex(index=list(dict.fromkeys(agreement["scope"]))).reset_index()
    questions = agreement.drop_duplicates("letter").set_index("letter")["question"]
    wide.columns = [str(c) if c == "scope" else f"{c} {questions[c]}" for c in wide.columns]
    return frame_table(
        wide,
        caption="What the battery speaks for",
        columns=list(wide.columns),
        label="tab:battery",
        notes=(
            "The first test of each question that can be run for the scope. – neither is shown; * holds after Holm's "
            "adjustment for the tests of the scope. What every test says is in frames/battery.",
        ),
        synthetic=synthetic,
    )


def battery_figures(results: StudyResults, look: dict) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the figures: forest of tests, smile, positions and own shares; name, drawing and the data drawn."""
    frames, shown = results.frames, list(results.spec.report.countries)
    if "battery" not in frames or frames["battery"].empty:
        return
    tests = frames["battery"]
    tests = tests if tests["scope"].nunique() == 1 else tests[tests["first"]]
    yield "battery", partial(draw.verdict_forest, tests, **look), tests.drop(columns=["sentence"])
    smiles = [test for test in results.verdict.battery.tests if "fitted" in test.details and "points" in test.details]
    if smiles:
        points, fitted = smiles[0].details["points"], smiles[0].details["fitted"]
        ends = [int(fitted["year"].min()), int(fitted["year"].max())]
        named = [c for c in shown if c in set(points["country"])]
        yield "smile", partial(draw.smile_curves, points, fitted, years=ends, highlight=named, **look), fitted
    moves = [test for test in results.verdict.battery.tests if "counts" in test.details and test.scope == "world"]
    if moves:
        counts = moves[0].details["counts"]
        yield "transitions", partial(draw.transition_matrices, counts, **look), counts
    position = results.spec.lockin.position
    panel = frames["panel"][~frames["panel"]["country"].isin(results.spec.exclude)]
    columns = panel[["country", "stage", "year", position]]
    yield "positions", partial(draw.position_trajectories, columns, shown, position=position, **look), columns
    if "own_shares" in frames:
        shares = frames["own_shares"]
        named = [c for c in shown if c in set(shares["country"])]
        yield "own_shares", partial(draw.own_share_lines, shares, named, **look), shares
