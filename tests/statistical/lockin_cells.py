"""What the lock-in battery says of synthetic worlds with lock-in, without, and with its reverse.

A world is analysed as a study would: its tables, their panel, flows and smile points, then every test of the battery.
World number i of a cell has the seed i, whatever else is run.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

import pandas as pd

from gvcpos._core.errors import EstimationError, GvcposWarning
from gvcpos.chains import Chain, gvc_panel
from gvcpos.lockin.battery import Battery, run_battery
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.entries import ENTRIES, Case
from gvcpos.lockin.leaders.embodied import stage_flows
from gvcpos.lockin.smile.smile_cells import smile_points
from gvcpos.lockin.smile.smile_years import smile_years
from gvcpos.spatial import Weights, weights
from gvcpos.tables import TableSeries, synthetic_world
from gvcpos.tables.synthetic import Planted
from gvcpos.tables.synthetic.geography import first_capitals
from gvcpos.tables.synthetic.planted import DRIFTING, Regime

COUNTRIES, YEARS = 40, range(2007, 2019)
GROUP = {"suppliers": list(DRIFTING)}
SCOPES = (None, GROUP, "AUS")
DRAWS = 199  # of each bootstrap
WITHIN = 0.5  # stages at the trough, as the battery has it
CELL = ["regime", "strength", "kind"]
KEYS = [*CELL, "scope", "letter", "test"]

_ALL = tuple(first_capitals(COUNTRIES)["iso3"])
_STILL: dict[str, object] = {"drift": 0.0, "drifting": (), "openness": 0.0}
_APART = {**_STILL, "rho": 0.0, "rd": 0.0, "rd_spill": 0.0, "regional": False}
_CLOSING = {**_APART, "course": "closing"}
_WALK = {"course": "walk", "sigma": 0.01}
# The mean curve of the worlds that are apart, b1 and b2 of seeds 10,000 to 10,799, averaged over their years.
MEAN_CURVE = (-0.0484, 0.0151)
BEND = 0.03  # b2 of a planted curve
TROUGHS: dict[str, Literal[0, 1]] = {"trough at the near end": 0, "trough at the far end": 1}
KINDS: dict[str, dict[str, object]] = {
    "moving": {},
    "still": _STILL,
    "apart": _APART,
    "wandering": {**_APART, **_WALK},
    "closing in": _CLOSING,
    "closing in, suppliers behind": {**_CLOSING, "stragglers": DRIFTING},
    "closing in, AUS behind": {**_CLOSING, "stragglers": ("AUS",)},
    "two trends": {**_APART, "openness": 0.12, "drift": 0.02, "drifting": _ALL},
    "two steep trends": {**_APART, **_WALK, "openness": 0.12, "drift": 0.06, "drifting": DRIFTING},
    "two steep trends everywhere": {**_APART, **_WALK, "openness": 0.12, "drift": 0.03, "drifting": _ALL},
    **dict.fromkeys(TROUGHS, _APART),
}


@dataclass(frozen=True)
class Cell:
    """Worlds of one kind.

    Attributes
    ----------
    regime : {"lock-in", "absent", "reversed"}
    strength : float
        See `Planted.regime`.
    kind : str
        One of `KINDS`. Moving: participation deepens and suppliers move upstream. Still: neither, so that nothing has a
        trend. Apart: still, and no country has to do with its neighbours. Wandering and closing in: apart, and
        value-added rates are random walks, or converge; some may be further behind than the others. Two trends: apart,
        but participation deepens and all move upstream, without losing capture; with lock-in they lose it by that, and
        all three axes have their trend. Two steep trends: suppliers alone move, three times as fast, and capture is a
        random walk; everywhere: all move, half as fast. Trough at an end: apart, and the curve of all worlds' mean is
        bent so that its trough is just where the test of a scope looks whether it falls (near) or rises (far).
    worlds : int
        How many are worth their time: more where the first 500 gave a test less than 3 or more than 7 %.
    tests : tuple of str
        Names of those run; none: all.
    """

    regime: Regime
    strength: float
    kind: str
    worlds: int
    tests: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of files and in commands."""
        words = f"{self.regime}-{self.strength:g}-{self.kind}-{'-'.join(self.tests) or 'all'}"
        return words.replace(",", "").replace(" ", "_")

    @property
    def planted(self) -> Planted:
        """The parameters of the cell's worlds."""
        return replace(Planted.regime(self.regime, self.strength), **KINDS[self.kind])


CELLS = (
    Cell("absent", 1.0, "still", 500),
    Cell("absent", 1.0, "still", 2000, ("position and capture",)),
    Cell("lock-in", 1.0, "moving", 100),
    Cell("reversed", 1.0, "moving", 100),
    Cell("absent", 1.0, "moving", 100),
    Cell("absent", 1.0, "moving", 1000, ("position and capture",)),
    Cell("lock-in", 0.5, "moving", 100),
    Cell("reversed", 0.5, "moving", 100),
    Cell("lock-in", 0.25, "moving", 100),
    Cell("reversed", 0.25, "moving", 100),
    Cell("absent", 1.0, "apart", 500, ("mobility", "mobility by neighbours", "position and capture")),
    Cell("absent", 1.0, "wandering", 500, ("beta convergence",)),
    Cell("absent", 1.0, "wandering", 2000, ("smile curve over time",)),
    Cell("absent", 1.0, "closing in", 500, ("convergence clubs",)),
    Cell("absent", 1.0, "closing in", 2000, ("mobility",)),
    Cell("absent", 1.0, "closing in, suppliers behind", 500, ("convergence clubs",)),
    Cell("absent", 1.0, "closing in, AUS behind", 500, ("convergence clubs",)),
    Cell("absent", 1.0, "two trends", 500, ("two axes",)),
    Cell("absent", 1.0, "two steep trends", 1120, ("two axes",)),
    Cell("absent", 1.0, "two steep trends everywhere", 500, ("two axes",)),
    *(Cell("absent", 1.0, kind, 500, ("smile curve",)) for kind in TROUGHS),
    Cell("lock-in", 0.25, "two trends", 100, ("two axes",)),
    Cell("lock-in", 1.0, "two trends", 100, ("two axes",)),
)


@lru_cache(maxsize=1)
def neighbours() -> Weights:
    """The weights of every world's countries."""
    return weights.inverse_distance(synthetic_world(seed=0, countries=COUNTRIES).capitals).normalised("row")


def exists(cell: Cell, seed: int) -> bool:
    """Whether tables with what is planted can be made: a position too far up leaves a supplier without buyers."""
    if "trends" not in cell.kind:
        return True
    try:
        world = synthetic_world(seed=seed, countries=COUNTRIES, years=YEARS, planted=cell.planted)
        return all(table.year for table in world.tables)
    except EstimationError:
        return False


def case_of(cell: Cell, seed: int, letters: Collection[str]) -> Case:
    """Make what the tests with some letters need of a world."""
    world = synthetic_world(seed=seed, countries=COUNTRIES, years=YEARS, planted=cell.planted)
    tables = TableSeries.from_tables(list(world.tables))
    chain = Chain.from_mapping(world.chain, name="synthetic chain")
    return Case(
        panel=gvc_panel(tables, chain, rest="rest"),
        weights=neighbours(),
        points=smile_points(tables, chain) if "b" in letters else None,
        flows=stage_flows(tables, chain) if "f" in letters else None,
        draws=DRAWS,
        seed=seed,
    )


def bent(points: pd.DataFrame, scope: ScopeLike, end: Literal[0, 1]) -> pd.DataFrame:
    """Plant a curve whose trough is at one of the two ends that the smile curve's test of a scope looks at.

    What all worlds have in common, their mean curve, is taken out, and a parabola put in. The null is true, and only
    just: the mean slope is zero at this end and clear at the other.
    """
    smile = smile_years(points, ("ROW",))
    whom = Scope.of(scope, smile.points, ("ROW",))
    ends = smile.income_ends() if whom.kind == "world" else smile.around(whom.countries, WITHIN)
    distance, trough = points["distance"], float(ends[end].mean())
    common = MEAN_CURVE[0] * distance + MEAN_CURVE[1] * distance**2
    return points.assign(va_rate=points["va_rate"] - common + BEND * (distance - trough) ** 2)


def batteries(cell: Cell, seed: int, tests: Collection[str] = ()) -> Iterator[Battery]:
    """Run every test of the cell on a world, or those with some names; each scope has a trough of its own."""
    entries = [e for e in ENTRIES if all(not names or e.name in names for names in (tests, cell.tests))]
    case = case_of(cell, seed, {entry.letter for entry in entries})
    cases = [(case, SCOPES)]
    if cell.kind in TROUGHS and case.points is not None:
        cases = [(replace(case, points=bent(case.points, s, TROUGHS[cell.kind])), (s,)) for s in SCOPES]
    for one, scopes in cases:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", GvcposWarning)
            yield run_battery(one, entries, scopes, on_test=lambda name, done, total: None)


def analysed(cell: Cell, seed: int, tests: Collection[str] = ()) -> pd.DataFrame:
    """Return one row for every scope and test of a world: pvalue, evidence, or that it was not run."""
    rows = [
        {
            "scope": run.scope,
            "letter": run.letter,
            "test": run.name,
            "estimate": float("nan") if run.test is None else run.test.estimate,
            "pvalue": float("nan") if run.test is None else run.test.pvalue,
            "evidence": "not run" if run.test is None else run.test.evidence,
        }
        for battery in batteries(cell, seed, tests)
        for run in battery.runs
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(regime=cell.regime, strength=cell.strength, kind=cell.kind, seed=seed)


def counted(worlds: pd.DataFrame, level: float = 0.05) -> pd.DataFrame:
    """Count rejections and what they speak for, by cell, scope and test; the estimate is the mean over worlds.

    A world that two cells have done for a test counts once.
    """
    worlds = worlds.drop_duplicates([*KEYS, "seed"])
    found = worlds.assign(
        run=(worlds["evidence"] != "not run").astype(int),
        rejected=(worlds["pvalue"] < level).astype(int),
        lockin=(worlds["evidence"] == "lock-in").astype(int),
        upgrading=(worlds["evidence"] == "upgrading").astype(int),
    )
    groups = found.groupby(KEYS, sort=False)
    out = groups[["run", "rejected", "lockin", "upgrading"]].sum()
    return out.assign(worlds=groups.size(), estimate=groups["estimate"].mean().round(6)).reset_index()


def replaced(table: pd.DataFrame, anew: pd.DataFrame) -> pd.DataFrame:
    """Put the counts of tests that were run anew in the place of the old ones; the others stay."""
    old, new = table.set_index(KEYS), anew.set_index(KEYS)
    order = [*old.index, *(key for key in new.index if key not in old.index)]
    return pd.concat([old[~old.index.isin(new.index)], new]).loc[order].reset_index()
