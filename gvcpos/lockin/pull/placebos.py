"""Pull-through against placebos: sectors outside the chain in the place of the source, and the true source's rank.

A country whose economy grows pulls every sector along. If sectors that have nothing to do with the chain foretell the
growth of its last stage as well as its first stage does, there is no pull-through of the chain in particular. Under
the null that the source is a sector like the others its rank among them is uniform, whatever the regression's errors.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import DroppedRowsWarning, EstimationError, InputError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos.lockin.common.power import POWER
from gvcpos.lockin.common.results import LockInTest, require_least, require_level, require_two
from gvcpos.lockin.common.sample import excluded, require_size, stage_names, unit_column
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.series import of_scope, pull_evidence, regression_rows, require_clusters, stacked, wide_series
from gvcpos.lockin.common.wording import judgement, number
from gvcpos.lockin.pull.projection_fit import slope

_FEWEST = 4


def placebo_distribution(
    panel: pd.DataFrame,
    source: str = "upstream",
    target: str = "downstream",
    *,
    placebos: Sequence[str] | None = None,
    pool: pd.DataFrame | None = None,
    chain: Sequence[str] = (),
    lags: int = 1,
    own_lags: int = 1,
    value: str = "va",
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Rank the source of pull-through among placebo sectors.

    Parameters
    ----------
    placebos : sequence of str, optional
        Sectors or stages; by default all of the pool but source, target and `chain`.
    pool : DataFrame, optional
        Tidy panel with the placebos, of the same countries and years; by default `panel` itself.
    chain : sequence of str
        Other stages or sectors that belong to the chain and are no placebos: in a pool by sector, all its sectors.
    own_lags : int
        One by default, so that growth that lasts is not taken for pull-through.
    scope, exclude
        World or a group of six countries or more.

    Returns
    -------
    LockInTest
        Statistic: the rank of the source's |t|; p-value that rank over one more than the number of placebos. Estimate:
        the distance from their median, its interval by their quantiles. ``details["placebos"]``: the source first.

    Raises
    ------
    LabelError, InputError, EstimationError
        As `pull_through`; if there are fewer than four placebos.
    """
    require_level(level)
    require_least("placebo_distribution", lags=(lags, 1), own_lags=(own_lags, 0))
    require_two("placebo_distribution", source, target)
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    require_clusters(whom, "placebo_distribution")
    rows, left = of_scope(panel, whom, left_out)
    growth = wide_series(rows, [source, target], value, "growth", left)
    plan = _Plan(source, target, lags, own_lags, level, whom.name)
    true = _row(plan, source, growth[target], growth[source])
    if true["not_estimated"]:
        raise EstimationError(str(true["not_estimated"]))
    wide = panel if pool is None else pool
    others = _others(wide, source, target, placebos, chain)
    found = [_placebo(wide[wide["country"].isin(growth[target].columns)], name, growth[target], value, plan)
             for name in others]  # fmt: skip
    return _test(pd.DataFrame([true, *found]), plan)


@dataclass(frozen=True)
class _Plan:
    source: str
    target: str
    lags: int
    own_lags: int
    level: float
    scope: str


def _others(
    pool: pd.DataFrame, source: str, target: str, placebos: Sequence[str] | None, chain: Sequence[str]
) -> list[str]:
    have = stage_names(pool)
    kind = unit_column(pool)
    locate(unique(chain, "chain"), have, f"{kind} of the pool")
    if placebos is None:
        chosen = [name for name in have if name not in {source, target, *chain}]
    else:
        locate(unique(placebos, "placebos"), have, f"{kind} of the pool")
        chosen = [str(name) for name in placebos]
        bad = [name for name in chosen if name in {source, target, *chain}]
        if bad:
            raise InputError(f"placebos: {enumerate_labels(bad)} belong to the chain. Leave them out.")
    if len(chosen) < _FEWEST:
        raise InputError(
            f"placebo_distribution: {len(chosen)} placebos ({enumerate_labels(chosen)}) give no distribution; "
            f"{_FEWEST} are the fewest, 20 for a test at 5 %. Give a pool by sector: gvc_panel(..., by='sector') of a "
            "chain that has all sectors."
        )
    return chosen


def _placebo(pool: pd.DataFrame, name: str, target: pd.DataFrame, value: str, plan: _Plan) -> dict[str, Any]:
    with warnings.catch_warnings():
        # How many countries are left stands in the table; thirty warnings of it would hide others.
        warnings.simplefilter("ignore", DroppedRowsWarning)
        pushed = wide_series(pool, [name], value, "growth", ())[name]
    return _row(plan, name, target, pushed.reindex_like(target))


def _row(plan: _Plan, name: str, target: pd.DataFrame, pushed: pd.DataFrame) -> dict[str, Any]:
    """Regress the target's growth on past growth of one source: with steps as controls the slope sums the lags."""
    columns = {"growth": target, "sum": pushed.shift(1)}
    columns |= {f"step{k}": pushed.shift(k) - pushed.shift(1) for k in range(2, plan.lags + 1)}
    columns |= {f"own{m}": target.shift(m) for m in range(1, plan.own_lags + 1)}
    sample, what = stacked(columns), f"pull-through {name} → {plan.target}"
    row: dict[str, Any] = {"source": name, "estimate": np.nan, "std_error": np.nan, "statistic": np.nan}
    try:
        require_size(sample, len(columns) - 1, what)
        fit = slope(regression_rows(sample, list(target.columns)), jackknife=False, what=what)
    except EstimationError as why:
        return row | {"nobs": 0, "ncountries": 0, "not_estimated": str(why)}
    estimate, error = float(fit.estimates(fit.y)), float(fit.clustered(fit.y))
    row |= {"estimate": estimate, "std_error": error, "statistic": estimate / error}
    return row | {"nobs": len(fit.y), "ncountries": len(np.unique(fit.country)), "not_estimated": ""}


def _test(frame: pd.DataFrame, plan: _Plan) -> LockInTest:
    from scipy import stats

    source, target, level = plan.source, plan.target, plan.level
    true, done = frame.iloc[0], frame.iloc[1:].dropna(subset=["statistic"])
    if len(done) < _FEWEST:
        raise EstimationError(f"placebo_distribution: only {len(done)} placebos could be estimated; four are needed.")
    size, t = np.abs(done["statistic"].to_numpy(float)), abs(float(true["statistic"]))
    rank = int(1 + np.count_nonzero(size >= t * (1 - 1e-12)))
    pvalue = rank / (1 + len(done))
    values, estimate = done["estimate"].to_numpy(float), float(true["estimate"])
    middle = float(np.median(values))
    low, high = (float(v) for v in np.quantile(values, [level / 2, 1 - level / 2]))
    possible = 1 / (1 + len(done)) < level
    null = f"{source} growth foretells own {target} growth no better than sectors outside the chain do"
    verdict = judgement(pvalue, level, null, "rank")
    few = "" if possible else f" {len(done)} placebos are too few to reject at this level; 20 would do at 5 %."
    effect = f"elasticity {number(estimate)} against a median of {number(middle)} of {len(done)} placebos"
    cut = float(np.quantile(size, 1 - level, method="higher"))
    return LockInTest(
        name=f"placebos: {source} to {target}",
        null=null,
        alternative="it does so better, in either direction",
        estimate=estimate - middle,
        std_error=float(values.std(ddof=1)),
        conf_int=(estimate - high, estimate - low),
        statistic=float(rank),
        distribution="rank among placebos",
        df=float(len(done)),
        pvalue=pvalue,
        level=level,
        nobs=int(true["nobs"]),
        ncountries=int(true["ncountries"]),
        sentence=f"By its |t| of {t:.2f} {source} ranks {rank} of {1 + len(done)} sources ({effect}). {verdict}.{few}",
        details={"placebos": frame},
        quantity="elasticity less the placebos' median",
        scope=plan.scope,
        effect=effect,
        evidence=pull_evidence(pvalue, level, estimate),
        mde=(cut + float(stats.norm.ppf(POWER))) * float(true["std_error"]) if possible else np.nan,
    )
