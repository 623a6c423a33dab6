"""What the battery is run on, and the tests that it is made of, each with the arguments that it gets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import CovarianceType
from gvcpos.lockin.axes import FallingPosition
from gvcpos.lockin.battery import Entry
from gvcpos.lockin.common.results import LockInTest
from gvcpos.lockin.common.sample import excluded
from gvcpos.lockin.common.scope import ScopeLike

if TYPE_CHECKING:
    from gvcpos.spatial import Weights


class CaseOptions(TypedDict, total=False):
    """What all tests share, by keyword; what is not given is as in `Case`.

    Attributes
    ----------
    capture, position : str
        Columns of the panel: the share of output kept as value added, and the distance to final demand.
    participation : str
        Column of participation, for the two axes.
    falling : {"lower", "higher"}
        Which way position falls; "higher" is towards the raw material, the low end of an upstream country.
    controls : sequence of str
        Further regressors of position and capture.
    upstream, downstream : str
        The stage that may be locked in, and the one that it should pull along.
    lags : int
        Of pull-through.
    cov_type : str
        Of spatial panels; see `SpatialPanel.fit`.
    exclude : sequence of str
        Economies left out of every test; each must be in the panel, except ROW, which may be absent.
    level : float
        Size of each test; p-values adjusted for the number of tests are in ``battery.to_frame()``.
    draws, seed : int
        Of bootstraps.
    """

    capture: str
    position: str
    participation: str
    falling: FallingPosition
    controls: Sequence[str]
    upstream: str
    downstream: str
    lags: int
    cov_type: CovarianceType
    exclude: Sequence[str]
    level: float
    draws: int
    seed: int


@dataclass(frozen=True, eq=False)
class Case:
    """What the tests are run on.

    Attributes
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`.
    weights : Weights or None
    points, flows : DataFrame or None
        Of `smile_points` and `stage_flows`, for the tests that need tables.
    capture, position, participation, falling, controls, upstream, downstream, lags, cov_type, exclude
        See `CaseOptions`.
    level, draws, seed
        See `CaseOptions`.
    """

    panel: pd.DataFrame
    weights: Weights | None = None
    points: pd.DataFrame | None = None
    flows: pd.DataFrame | None = None
    capture: str = "va_rate"
    position: str = "upstreamness"
    participation: str = "wwyz_forward"
    falling: FallingPosition = "higher"
    controls: tuple[str, ...] = ()
    upstream: str = "upstream"
    downstream: str = "downstream"
    lags: int = 1
    cov_type: CovarianceType = "cluster-entity"
    exclude: tuple[str, ...] = ("ROW",)
    level: float = 0.05
    draws: int = 999
    seed: int = 0

    @classmethod
    def of(
        cls,
        panel: pd.DataFrame,
        weights: Weights | None = None,
        *,
        points: pd.DataFrame | None = None,
        flows: pd.DataFrame | None = None,
        **options: Unpack[CaseOptions],
    ) -> Case:
        """Make a case from lists as users give them.

        Raises
        ------
        InputError
            For a bare string in place of a list of countries.
        """
        made: dict[str, Any] = dict(options)
        made["exclude"] = excluded(made.get("exclude", ("ROW",)))
        made["controls"] = tuple(made.get("controls", ()))
        if weights is not None:
            from gvcpos.spatial import Weights

            weights = Weights.of(weights, "weights")
        return cls(panel, weights, points, flows, **made)

    @property
    def common(self) -> dict[str, Any]:
        """Arguments of every test."""
        return {"exclude": self.exclude, "level": self.level}

    @property
    def random(self) -> dict[str, Any]:
        """Arguments of every bootstrap."""
        return {"draws": self.draws, "seed": self.seed}

    def need(self, value: Any, what: str) -> Any:
        """Return a value that is there.

        Raises
        ------
        InputError
            If it is not, with what to give.
        """
        if value is None:
            raise InputError(f"needs {what}, which were not given.")
        return value


def two_axes_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test a."""
    from gvcpos.lockin.axes import two_axes

    return two_axes(
        case.panel,
        case.upstream,
        scope=scope,
        participation=case.participation,
        position=case.position,
        capture=case.capture,
        falling=case.falling,
        **case.common,
    )


def curve_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test c, with spatial lags where there are weights, except for one country, whose years are too few for them."""
    from gvcpos.lockin.capture.position_curve import position_capture

    return position_capture(
        case.panel,
        case.upstream,
        capture=case.capture,
        position=case.position,
        controls=case.controls,
        weights=None if isinstance(scope, str) and scope != "world" else case.weights,
        scope=scope,
        **case.random,
        **case.common,
    )


def pull_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test e by growth rates in a panel."""
    from gvcpos.lockin.pull.growth_pull import pull_through

    return pull_through(case.panel, case.upstream, case.downstream, lags=case.lags, scope=scope, **case.common)


def granger_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test e by Dumitrescu and Hurlin."""
    from gvcpos.lockin.pull.granger_panel import dumitrescu_hurlin

    return dumitrescu_hurlin(
        case.panel, case.upstream, case.downstream, lags=case.lags, scope=scope, **case.random, **case.common
    )


def projections_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test e by local projections."""
    from gvcpos.lockin.pull.projections import local_projections

    return local_projections(case.panel, case.upstream, case.downstream, scope=scope, **case.random, **case.common)


def neighbours_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test e of the neighbours' growth; the weights are those of the world."""
    from gvcpos.lockin.pull.neighbour_pull import spatial_pull_through

    weights = _of_the_world(case, scope)
    return spatial_pull_through(case.panel, weights, case.upstream, case.downstream, lags=case.lags, **case.common)


def smile_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test b: is there a smile, or who is at its trough."""
    from gvcpos.lockin.smile.smile_tests import smile_curve

    return smile_curve(case.need(case.points, _TABLES), scope=scope, **case.common)


def flattening_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test b over the years."""
    from gvcpos.lockin.smile.smile_tests import smile_flattening

    return smile_flattening(case.need(case.points, _TABLES), scope=scope, **case.common)


def mobility_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test d: is the lowest class stickier, or does a country stay in it longer."""
    from gvcpos.lockin.classes.class_mobility import mobility

    return mobility(case.panel, case.upstream, case.capture, scope=scope, **case.random, **case.common)


def spatial_mobility_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test d by the neighbours' class; the weights are those of the world."""
    from gvcpos.lockin.classes.neighbour_mobility import spatial_mobility

    weights = _of_the_world(case, scope)
    return spatial_mobility(case.panel, weights, case.upstream, case.capture, **case.random, **case.common)


def structural_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test f."""
    from gvcpos.lockin.leaders.own_pull import structural_pull_through

    flows = case.need(case.flows, _TABLES)
    return structural_pull_through(flows, case.upstream, case.downstream, scope=scope, **case.common)


def beta_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test g: do countries that capture little catch up."""
    from gvcpos.lockin.convergence.beta import beta_convergence

    return beta_convergence(case.panel, case.capture, case.upstream, scope=scope, **case.random, **case.common)


def clubs_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test g by convergence clubs."""
    from gvcpos.lockin.convergence.clubs import convergence_clubs

    return convergence_clubs(
        case.panel,
        case.capture,
        case.upstream,
        position=case.position,
        weights=case.weights,
        scope=scope,
        **case.common,
    )


def threshold_of(case: Case, scope: ScopeLike) -> LockInTest:
    """Test g by a threshold in position: does capture fall only beyond one, or more steeply."""
    from gvcpos.lockin.convergence.threshold_test import threshold

    return threshold(
        case.panel,
        case.capture,
        case.position,
        by=case.position,
        stage=case.upstream,
        controls=case.controls,
        most=1,
        scope=scope,
        **case.random,
        **case.common,
    )


def _of_the_world(case: Case, scope: ScopeLike) -> Weights:
    """Return the weights, which are of all countries."""
    weights: Weights = case.need(case.weights, "weights")
    if scope is not None and scope != "world":
        raise InputError("is of all countries of the weights together: run it for the world.")
    return weights


_TABLES = "tables and the chain"
ENTRIES: Sequence[Entry] = (
    Entry("a", "two axes", two_axes_of),
    Entry("b", "smile curve", smile_of),
    Entry("b", "smile curve over time", flattening_of),
    Entry("c", "position and capture", curve_of),
    Entry("d", "mobility", mobility_of),
    Entry("d", "mobility by neighbours", spatial_mobility_of),
    Entry("e", "Granger non-causality", granger_of),  # first: it takes every scope, and stands lasting growth
    Entry("e", "local projections", projections_of),
    Entry("e", "pull-through by growth", pull_of),
    Entry("e", "pull-through by neighbours", neighbours_of),
    Entry("f", "structural pull-through", structural_of),
    Entry("g", "convergence clubs", clubs_of),
    Entry("g", "beta convergence", beta_of),
    Entry("g", "threshold in position", threshold_of),
)
