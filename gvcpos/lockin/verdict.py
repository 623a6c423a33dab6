"""The verdict: dominance and every test on one panel, and what they say together in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Unpack

import pandas as pd

from gvcpos._core.labels import locate
from gvcpos.lockin.battery import Battery, Letter, chosen_letters, run_battery
from gvcpos.lockin.capture.slope_models import SlopeKind
from gvcpos.lockin.common.results import LockInTest
from gvcpos.lockin.common.sample import excluded
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.entries import ENTRIES, Case, CaseOptions
from gvcpos.lockin.headline import headline

if TYPE_CHECKING:
    from gvcpos.chains import Chain
    from gvcpos.lockin.leaders.table_years import Tables
    from gvcpos.spatial import Weights


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the tests say.

    Attributes
    ----------
    tests : tuple of LockInTest
        The headline: trend of the leader's share, position–capture slopes by stage, their equality, pull-through.
    dominance : DataFrame
        The frame of `dominance`, every stage.
    leaders : DataFrame
        `dominance_summary`.
    sentence : str
        The headline in plain words.
    concentration : str
        How concentrated the upstream stage is in the last year, and what part of it the index leaves out.
    battery : Battery
        All seven tests for every scope: which agree, which do not, which could not be run.
    """

    tests: tuple[LockInTest, ...]
    dominance: pd.DataFrame
    leaders: pd.DataFrame
    sentence: str
    concentration: str
    battery: Battery

    def __getitem__(self, name: str) -> LockInTest:
        """Return a test by its name; `LabelError` lists the names there are."""
        return self.tests[int(locate([name], [t.name for t in self.tests], "test")[0])]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a test."""
        return pd.concat([test.to_frame() for test in self.tests], ignore_index=True)

    def __str__(self) -> str:
        scopes = dict.fromkeys(run.scope for run in self.battery.runs)
        lead = [self.sentence, self.concentration, *(self.battery.sentence(scope) for scope in scopes), ""]
        tests = [f"- {test}" for test in self.tests]
        tests += [f"- {run.letter} · {run.scope} · {run.test}" for run in self.battery.runs if run.test is not None]
        missing = [
            f"- {run.letter} · {run.scope} · {run.name}: not run, {run.reason}"
            for run in self.battery.runs
            if run.reason
        ]
        return "\n".join([*lead, *tests, *missing])


def lock_in(
    panel: pd.DataFrame,
    weights: Weights | None = None,
    *,
    tests: Iterable[Letter] | Literal["all"] = "all",
    scopes: Iterable[ScopeLike] = (None,),
    tables: Tables | None = None,
    chain: Chain | None = None,
    points: pd.DataFrame | None = None,
    flows: pd.DataFrame | None = None,
    own_lags: int = 0,
    placebo: str | None = None,
    slope: SlopeKind = "coefficient",
    stages: Sequence[str] | None = None,
    leader: str | None = None,
    on_test: Callable[[str, int, int], None] = lambda name, done, total: None,
    **options: Unpack[CaseOptions],
) -> Verdict:
    """Measure dominance and run every test.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`, with covariates merged in if there are `controls`.
    weights : Weights, optional
        Makes the position–capture slopes those of spatial Durbin panels.
    tests : iterable of letters, or "all"
        Of the battery: a two axes, b smile curve, c position and capture, d mobility, e pull-through, f structural
        pull-through, g convergence and thresholds. Empty for the headline alone.
    scopes : iterable
        For whom the battery is run: None for the world, a country, a group as in ``{"ASEAN": ["MYS", "VNM"]}``.
    tables, chain
        The tables of the panel's years and its chain, for b and f; without them these are listed as not run.
    points, flows : DataFrame, optional
        What `smile_points` and `stage_flows` made of the tables, in their place.
    own_lags, placebo
        Of the headline's `pull_through`.
    slope, stages
        Of the headline's position–capture slopes: which slope, and of which stages; default all but the placebo.
    leader : str, optional
        Country whose share upstream is tested for a trend; default the largest.
    on_test : callable
        Told name, number done and number of all tests of the battery.
    **options
        Columns, stages, lags, level, exclude, bootstraps: see `CaseOptions`.

    Returns
    -------
    Verdict
        Errors and warnings are those of the single tests.
    """
    letters, wanted = chosen_letters(tests), list(scopes)
    for scope in wanted:  # before anything is computed
        Scope.of(scope, panel, excluded(options.get("exclude", Case.exclude)))
    if tables is not None and chain is not None:
        points, flows = _from_tables(tables, chain, letters, options.get("downstream", "downstream"))
    case = Case.of(panel, weights, points=points, flows=flows, **options)
    first = headline(case, slope=slope, stages=stages, leader=leader, placebo=placebo, own_lags=own_lags)
    chosen = [entry for entry in ENTRIES if entry.letter in letters]
    return Verdict(**vars(first), battery=run_battery(case, chosen, wanted, on_test=on_test))


def _from_tables(
    tables: Tables, chain: Chain, letters: tuple[str, ...], downstream: str
) -> tuple[pd.DataFrame | None, pd.DataFrame | None]:
    """Return smile points and stage flows, as far as they are asked for."""
    from gvcpos.lockin.leaders.embodied import stage_flows
    from gvcpos.lockin.smile.smile_cells import smile_points

    again = list(tables) if isinstance(tables, Iterator) else tables
    points = smile_points(again, chain, downstream) if "b" in letters else None
    return points, stage_flows(again, chain) if "f" in letters else None
