"""The verdict: dominance and every test on one panel, and what they say together in one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from gvcpos._core.labels import locate
from gvcpos._core.options import CovarianceType
from gvcpos.lockin.equal_slopes import slope_equality
from gvcpos.lockin.growth_pull import pull_through
from gvcpos.lockin.leaders import concentration_sentence, dominance, dominance_summary, dominance_trend
from gvcpos.lockin.position_capture import position_capture_slopes
from gvcpos.lockin.results import LockInTest
from gvcpos.lockin.sample import excluded, stage_names, unit_column
from gvcpos.lockin.slope_models import SlopeKind
from gvcpos.lockin.wording import p_text, percent

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the tests say.

    Attributes
    ----------
    tests : tuple of LockInTest
        Trend of the leader's share, position–capture slopes by stage, their equality, pull-through.
    dominance : DataFrame
        The frame of `dominance`, every stage.
    leaders : DataFrame
        `dominance_summary`.
    sentence : str
        The overall result in plain words.
    concentration : str
        How concentrated the upstream stage is in the last year, and what part of it the index leaves out.
    """

    tests: tuple[LockInTest, ...]
    dominance: pd.DataFrame
    leaders: pd.DataFrame
    sentence: str
    concentration: str

    def __getitem__(self, name: str) -> LockInTest:
        """Return a test by its name; `LabelError` lists the names there are."""
        return self.tests[int(locate([name], [t.name for t in self.tests], "test")[0])]

    def to_frame(self) -> pd.DataFrame:
        """Return one row a test."""
        return pd.concat([test.to_frame() for test in self.tests], ignore_index=True)

    def __str__(self) -> str:
        return "\n".join([self.sentence, self.concentration, "", *(f"- {test}" for test in self.tests)])


def lock_in(
    panel: pd.DataFrame,
    weights: Weights | None = None,
    *,
    capture: str = "va_rate",
    position: str = "upstreamness",
    controls: Sequence[str] = (),
    upstream: str = "upstream",
    downstream: str = "downstream",
    lags: int = 1,
    own_lags: int = 0,
    placebo: str | None = None,
    slope: SlopeKind = "coefficient",
    cov_type: CovarianceType = "cluster-entity",
    stages: Sequence[str] | None = None,
    leader: str | None = None,
    exclude: Sequence[str] = ("ROW",),
    level: float = 0.05,
) -> Verdict:
    """Measure dominance and run every test.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`, with covariates merged in if there are `controls`.
    weights : Weights, optional
        Makes the position–capture slopes those of spatial Durbin panels.
    capture, position, controls, slope, cov_type
        See `position_capture_slope`.
    upstream, downstream, lags, own_lags, placebo
        The stage that may be locked in, and the one that it should pull along; see `pull_through`.
    stages : sequence of str, optional
        Stages whose slopes are estimated; default all but the placebo, `upstream` first.
    leader : str, optional
        Country whose share upstream is tested for a trend; default the largest.
    exclude : sequence of str
        Economies left out of every test; each must be in the panel, except ROW, which may be absent.
    level : float
        Size of each test; p-values adjusted for the number of slopes are in their ``details``.

    Returns
    -------
    Verdict
        Errors and warnings are those of the single tests.
    """
    names = [s for s in stage_names(panel) if s != placebo] if stages is None else list(stages)
    names = [upstream, *(s for s in names if s != upstream)]
    common: dict[str, Any] = {"exclude": excluded(exclude), "level": level}
    model: dict[str, Any] = {"capture": capture, "position": position, "controls": controls}
    model |= {"weights": weights, "cov_type": cov_type}
    trend = dominance_trend(panel, upstream, leader, **common)
    slopes = position_capture_slopes(panel, names, slope=slope, **model, **common)
    # What slope_equality compares are coefficients, so it stands beside coefficients only.
    comparable = len(names) > 1 and (weights is None or slope == "coefficient")
    equal = (slope_equality(panel, names, **model, **common),) if comparable else ()
    pull = pull_through(panel, upstream, downstream, lags=lags, own_lags=own_lags, placebo=placebo, **common)
    leaders = dominance_summary(measures := dominance(panel, exclude=exclude))
    first = leaders[leaders[unit_column(panel)] == upstream].iloc[0]
    made = "Synthetic data: " if panel.attrs.get("synthetic") else ""
    sentence = made + _lead(first, upstream) + _together(slopes[0], pull, upstream, downstream)
    return Verdict((trend, *slopes, *equal, pull), measures, leaders, sentence, concentration_sentence(first, upstream))


def _lead(leader: pd.Series, upstream: str) -> str:
    years = f"{leader['first_year']}–{leader['last_year']}"
    lead = (
        f"{leader['leader']} leads the {upstream} stage with {percent(leader['va_share_mean'])} of the world's "
        f"value added on average over {years}"
    )
    if leader["last_leader"] == leader["leader"]:
        return f"{lead}. "
    return f"{lead}, but no longer in {leader['last_year']}, when {leader['last_leader']} does. "


def _together(slope: LockInTest, pull: LockInTest, upstream: str, downstream: str) -> str:
    """Put the two lock-in tests into one sentence; what is not rejected is not shown, rather than false."""
    level = percent(slope.level)
    falls = f"moving upstream goes with capturing less (one-sided {p_text(slope.pvalue)})"
    flat = f"it is not shown that moving upstream goes with capturing less (one-sided {p_text(slope.pvalue)})"
    pulls = f"{upstream} growth pulls own {downstream} growth along ({p_text(pull.pvalue)})"
    crowds = f"{upstream} growth is followed by own {downstream} decline ({p_text(pull.pvalue)})"
    none = f"{upstream} growth is not shown to pull own {downstream} growth along ({p_text(pull.pvalue)})"
    pulled = pull.rejected and pull.estimate > 0
    crowded = pull.rejected and pull.estimate < 0
    if slope.rejected and pulled:
        return f"The evidence on lock-in is mixed at the {level} level: {falls}, yet {pulls}."
    if slope.rejected:
        return f"The tests speak for low-end lock-in at the {level} level: {falls}, and {crowds if crowded else none}."
    if pulled:
        return f"The tests do not show lock-in at the {level} level: {flat}, and {pulls}."
    if crowded:
        return f"The evidence on lock-in is mixed at the {level} level: {flat}, yet {crowds}."
    return f"The tests are inconclusive at the {level} level: {flat}, and {none}."
