"""What one synthetic world gives back when it is analysed as a study analyses any tables, beside what was planted.

Tables by the world, accounts and stages by `gvc_panel`, tests by `lock_in`, models by `SpatialPanel`: nothing below
reads the planned panels except to compare with them. Functions are at module level so that processes can run them.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context

import numpy as np
import pandas as pd
from scipy import stats
from threadpoolctl import threadpool_limits

from gvcpos.chains import Chain, gvc_panel
from gvcpos.lockin import Verdict, lock_in
from gvcpos.spatial import SpatialPanel, SpatialPanelResults, Weights, weights
from gvcpos.study.comparison import planted_frame
from gvcpos.study.spec import LockInBlock
from gvcpos.tables import synthetic_world
from gvcpos.tables.synthetic import SyntheticWorld

REGRESSORS = ("upstreamness", "rd_intensity")
NAMES = (*REGRESSORS, *(f"W*{name}" for name in REGRESSORS), "rho")
STAGES = ("upstream", "midstream", "downstream")
DOMINANT = "CHN"
LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Recovery:
    """Findings of one world.

    Attributes
    ----------
    parameters : DataFrame
        parameter, stage, planted, estimate, std_error, lower, upper, inside, seed.
    years : DataFrame
        The same for the time effects of each stage, with year.
    facts : dict
        What has no interval: who leads, what the tests say, errors of what is recovered exactly.
    """

    parameters: pd.DataFrame
    years: pd.DataFrame
    facts: dict[str, object]


def recover_all(seeds: Iterable[int], processes: int = 2) -> list[Recovery]:
    """Analyse many worlds, one BLAS thread a process; the tables are too small for more to help."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        return list(pool.map(recover, seeds, chunksize=5))


def _one_thread() -> None:
    threadpool_limits(1)


@cache
def world_weights() -> Weights:
    """The weights that a study makes of the capitals; every default world has the same."""
    return weights.inverse_distance(synthetic_world(seed=0).capitals).normalised("row")


def recover(seed: int) -> Recovery:
    world, W = synthetic_world(seed=seed), world_weights()
    panel = gvc_panel(world.tables, Chain.from_mapping(world.chain, name="synthetic chain"))
    data = panel.merge(world.covariates, on=["country", "year"], validate="many_to_one")
    verdict = lock_in(data, W, controls=[REGRESSORS[1]], tests=())
    slopes = [test for test in verdict.tests if "slope:" in test.name]
    block = LockInBlock(controls=[REGRESSORS[1]])
    printed = planted_frame(world.planted, slopes, verdict.tests[-1], verdict.dominance, block)
    shares = printed[printed["parameter"].str.startswith("dominant_share")]
    fits = {stage: durbin(data, stage, W) for stage in STAGES}
    extra = [sigma(world, stage, fit) for stage, fit in fits.items()]
    extra += [pull_sigma(world, data), *(slump(world, data, stage) for stage in STAGES[:2])]
    years, joint = zip(*(time_effects(world, data, stage, fit) for stage, fit in fits.items()), strict=True)
    rows = [printed.drop(shares.index), pd.DataFrame(extra), pd.DataFrame(joint)]
    facts = exact(world, panel, verdict, shares) | {"gap": gap(slopes, fits), "seed": seed}
    return Recovery(pd.concat(rows, ignore_index=True).assign(seed=seed), pd.concat(years).assign(seed=seed), facts)


def durbin(data: pd.DataFrame, stage: str, W: Weights) -> SpatialPanelResults:
    formula = f"va_rate ~ {' + '.join(REGRESSORS)}"
    return SpatialPanel.from_formula(formula, data[data["stage"] == stage], W, model="sdm", effects="twoway").fit()


def gap(slopes: list, fits: dict[str, SpatialPanelResults]) -> float:
    """Largest difference, in standard errors, of `lock_in`'s coefficients and those of the models fitted here."""
    found = [test.details["coefficients"].set_index("regressor")["estimate"] for test in slopes]
    return float(max(((a - b.params).abs() / b.std_errors).max() for a, b in zip(found, fits.values(), strict=True)))


def row(
    parameter: str, stage: str, planted: float, estimate: float, *, error: float, ends: tuple[float, float]
) -> dict:
    names = ("parameter", "stage", "planted", "estimate", "std_error", "lower", "upper", "inside")
    values = (parameter, stage, planted, estimate, error, *ends, bool(ends[0] <= planted <= ends[1]))
    return dict(zip(names, values, strict=True))


def sigma(world: SyntheticWorld, stage: str, fit: SpatialPanelResults) -> dict:
    """Square root of the variance and of the ends of its normal interval, by the information matrix."""
    s2, error = fit.sigma2, fit.sigma2_std_error
    ends = (float(np.sqrt(s2 - Z * error)), float(np.sqrt(s2 + Z * error)))
    root = float(np.sqrt(s2))
    return row("sigma", stage, world.planted.sigma, root, error=error / (2 * root), ends=ends)


def time_effects(
    world: SyntheticWorld, data: pd.DataFrame, stage: str, fit: SpatialPanelResults
) -> tuple[pd.DataFrame, dict]:
    """Time effects with their intervals, and as one row whether the 95 % ellipsoid of all holds the planted ones.

    The estimate of α_t is the mean over countries of y − ρ̂Wy − Xβ̂, less its mean over years. Its error is that of
    the mean disturbance, σ²/N (1 − 1/T), and that of (β̂, ρ̂) times the year's mean regressors, which are
    independent of it: the transformed likelihood sees no year means.
    """
    D, N = year_means(data[data["stage"] == stage], fit.model.weights), fit.model.weights.n
    V, T = fit.cov.loc[list(NAMES), list(NAMES)].to_numpy(), len(D)
    C = fit.sigma2 / N * (np.eye(T) - 1 / T) + D @ V @ D.T
    planted = world.time_effects.query("stage == @stage").set_index("year")["time_effect"]
    found = pd.DataFrame({"stage": stage, "planted": planted, "estimate": fit.time_effects})
    found["std_error"] = np.sqrt(np.diag(C))
    off = (found["estimate"] - found["planted"]).to_numpy()
    found["inside"] = np.abs(off) <= Z * found["std_error"]
    # They sum to zero, so that the last one adds nothing.
    distance = float(off[:-1] @ np.linalg.solve(C[:-1, :-1], off[:-1]))
    joint = {"parameter": "time_effects", "stage": stage, "inside": distance <= stats.chi2.ppf(LEVEL, T - 1)}
    return found.rename_axis("year").reset_index(), joint


def year_means(rows: pd.DataFrame, W: Weights) -> np.ndarray:
    """Means over countries of the model's right-hand side (in the order of NAMES), less their means over years."""
    wide, ids = rows.pivot(index="year", columns="country"), list(W.ids)
    own = [wide[name][ids].to_numpy() for name in REGRESSORS]
    lagged = [(W.matrix @ m.T).T for m in (*own, wide["va_rate"][ids].to_numpy())]
    D = np.column_stack([m.mean(axis=1) for m in (*own, *lagged)])
    return D - D.mean(axis=0)


def pull_sigma(world: SyntheticWorld, data: pd.DataFrame) -> dict:
    """Residual deviation of downstream on last year's upstream growth, both demeaned; a χ² interval, exact."""
    va = np.log(data.pivot(index=["stage", "year"], columns="country", values="va"))
    y, x = (within(m) for m in (va.loc["downstream"].diff().iloc[2:], va.loc["upstream"].diff().shift().iloc[2:]))
    e = y - x * float((x * y).sum() / (x * x).sum())
    df = (y.shape[0] - 1) * (y.shape[1] - 1) - 1
    rss = float((e**2).sum())
    ends = tuple(float(np.sqrt(rss / stats.chi2.ppf(p, df))) for p in (0.5 + LEVEL / 2, 0.5 - LEVEL / 2))
    found = float(np.sqrt(rss / df))
    return row("pull_sigma", "downstream", world.planted.pull_sigma, found, error=found / np.sqrt(2 * df), ends=ends)


def within(frame: pd.DataFrame) -> np.ndarray:
    m = frame.to_numpy()
    return m - m.mean(axis=0) - m.mean(axis=1, keepdims=True) + m.mean()


def slump(world: SyntheticWorld, data: pd.DataFrame, stage: str) -> dict:
    """The world's slump of 2009: value added against its neighbouring years, over countries; Student's t.

    Countries' value added moves independently around a straight trend in these two stages. CHN is left out: its
    upstream value added follows the others' by the planted share, and it has events of its own in 2010.
    """
    event = next(e for e in world.planted.events if e.country is None)
    va = np.log(data[data["stage"] == stage].pivot(index="year", columns="country", values="va").drop(columns=DOMINANT))
    dip = va.loc[event.year] - (va.loc[event.year - 1] + va.loc[event.year + 1]) / 2
    error = float(dip.std(ddof=1) / np.sqrt(len(dip)))
    half = float(stats.t.ppf(0.5 + LEVEL / 2, len(dip) - 1)) * error
    mean = float(dip.mean())
    return row(f"event_{event.year}", stage, event.size, mean, error=error, ends=(mean - half, mean + half))


def exact(world: SyntheticWorld, panel: pd.DataFrame, verdict: Verdict, shares: pd.DataFrame) -> dict[str, object]:
    """What is planted without noise and so must come back exactly, and what the verdict says."""
    both = panel.merge(world.truth, on=["country", "stage", "year"], suffixes=("", "_planned"), validate="one_to_one")
    assert len(both) == len(panel) == len(world.truth)
    columns = ("va", "x", "va_rate", "upstreamness")
    leader = verdict.leaders.set_index("stage").loc["upstream"]
    tests = {test.name: test for test in verdict.tests}
    trend = next(test for name, test in tests.items() if name.startswith("dominance trend"))
    first, last = world.planted.dominant_share
    return {
        "panel": max(float((both[c] / both[f"{c}_planned"] - 1).abs().max()) for c in columns),
        "ends": float((shares["estimate"] / shares["planted"] - 1).abs().max()),
        "trend": abs(trend.estimate / ((last - first) / (len(world.years) - 1)) - 1),
        "path": path_error(world, verdict.dominance),
        "leader": (leader["leader"], leader["last_leader"], int(leader["years_first"]), trend.name),
        "rejected": tuple(tests[f"position–capture slope: {stage}"].rejected for stage in STAGES),
        "pulls": tests["pull-through: upstream to downstream"].rejected,
        "sentence": verdict.sentence,
    }


def path_error(world: SyntheticWorld, dominance: pd.DataFrame) -> float:
    """Largest error of the leader's share: a straight line, and each event an added log of the share's odds."""
    own = dominance.query("country == @DOMINANT and stage == 'upstream'").set_index("year")["va_share"]
    line = np.linspace(*world.planted.dominant_share, len(world.years))
    size = {e.year: e.size for e in world.planted.events if e.country == DOMINANT}
    odds = line / (1 - line) * np.exp([size.get(year, 0.0) for year in world.years])
    return float(np.abs(own.loc[list(world.years)].to_numpy() / (odds / (1 + odds)) - 1).max())
