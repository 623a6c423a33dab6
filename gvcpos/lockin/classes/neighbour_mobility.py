"""Does it depend on the neighbours whether a country leaves its class of value capture? Spatial Markov homogeneity.

Transitions are counted apart for each class of the neighbours' mean in the year before (Rey 2001) and compared with
those of all (Bickenbach & Bode 2003; Rey, Kang & Wolf 2016). With forty countries most cells are thin and chi-squared
is no guide, so p-values are simulated, in two ways: relabelling gives every country the whole history of another one's
neighbours, which leaves the countries' own chains as they are; the parametric bootstrap draws all countries from the
one chain of the null, with the neighbours' classes as observed, which takes countries for alike and independent and
classes for Markov. The first stands lasting differences between countries and is what counts here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.options import ClassBounds, choose
from gvcpos.lockin.classes.class_chain import FloatArray, IntArray, simulate_classes, statistics
from gvcpos.lockin.common.power import detectable_noncentrality
from gvcpos.lockin.common.results import Evidence, LockInTest, require_least, require_level
from gvcpos.lockin.common.sample import complete_countries, excluded, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike, just_these, weights_of
from gvcpos.lockin.common.series import of_scope, require_clusters
from gvcpos.lockin.common.wording import judgement, number, percent
from gvcpos.spatial.transitions import Homogeneity, classified, counts_by_group, homogeneity, probabilities
from gvcpos.spatial.weights import Weights

_FEW = 5  # departures below which a staying probability is not worth comparing


def spatial_mobility(
    panel: pd.DataFrame,
    weights: Weights,
    stage: str = "upstream",
    column: str = "va_rate",
    *,
    classes: int = 3,
    bounds: ClassBounds = "year",
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    draws: int = 999,
    seed: int = 0,
    level: float = 0.05,
) -> LockInTest:
    """Test that transitions between classes are the same whatever the class of the neighbours.

    Parameters
    ----------
    weights : Weights
        Of the countries of the scope; for a group others of the panel are cut off; row-normalised if not normalised.
    classes : int
        With equal numbers, of the variable and of its spatial lag.
    scope, exclude
        World or a group of six countries or more, whose classes are its own.
    draws, seed : int
        Relabellings, and as many bootstrap panels.

    Returns
    -------
    LockInTest
        Likelihood ratio, p-value by relabelling. Estimate: Cohen's w, √(LR in excess of its mean under the null, per
        transition), interval by the noncentral chi-squared. ``details``: ``homogeneity``, ``conditional``.

    Raises
    ------
    LabelError, InputError, EstimationError
        As `mobility`; if weights name other countries.
    """
    require_level(level)
    choose(bounds, ClassBounds, "bounds")
    require_least("spatial_mobility", draws=(draws, 99))
    if not isinstance(classes, int):
        raise InputError(f"spatial_mobility: classes={classes!r} must be a whole number.")
    weights, left_out = Weights.of(weights, "weights"), excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    require_clusters(whom, "spatial_mobility")
    weights = weights_of(whom, weights, panel, left_out)
    rows, left_out = of_scope(panel, whom, left_out)
    frame = complete_countries(stage_frame(rows, stage, [column], left_out), f"mobility of {column} in {stage}")
    values = frame[column].unstack("year")
    if values.shape[1] < 3:
        raise EstimationError(
            f"spatial_mobility: {values.shape[1]} years of {column} in {stage}; three are the fewest."
        )
    W = just_these(weights, values.index)
    Y = values.to_numpy(float)
    which, k = classified(Y, classes, bounds)
    lag, _ = classified(np.asarray(W.matrix @ Y), classes, bounds)
    found = _simulated(which, lag[:, :-1], k, draws, np.random.default_rng(seed))
    return _test(found, (stage, column, whom.name), len(values), level)


@dataclass(frozen=True)
class _Found:
    """Counts by class of the neighbours, shape (k, k, k); the statistics; LR and Q under both simulations."""

    counts: IntArray
    test: Homogeneity
    relabelled: FloatArray
    bootstrapped: FloatArray


def _simulated(which: IntArray, lag: IntArray, k: int, draws: int, rng: np.random.Generator) -> _Found:
    counts = counts_by_group(which, lag, k, k)
    test = homogeneity(counts)
    if test.df == 0:
        raise EstimationError("spatial_mobility: too few transitions to compare. Take fewer classes or more years.")
    orders = rng.permuted(np.tile(np.arange(len(lag)), (draws, 1)), axis=1)
    relabelled = statistics(which[None], lag[orders], k, k)
    P = np.nan_to_num(probabilities(counts.sum(axis=0)))
    panels = simulate_classes(np.broadcast_to(P, counts.shape), lag, which[:, 0], draws, rng)
    return _Found(counts, test, relabelled, statistics(panels, lag[None], k, k))


def _share(drawn: FloatArray, value: float) -> float:
    return float((1 + np.count_nonzero(drawn >= value - 1e-9)) / (1 + len(drawn)))


def _test(found: _Found, what: tuple[str, str, str], countries: int, level: float) -> LockInTest:
    stage, column, scope = what
    test, n = found.test, int(found.counts.sum())
    pvalue = _share(found.relabelled[:, 0], test.lr)
    # Bartlett: with thin cells the statistic's mean is not its degrees of freedom.
    scale = test.df / float(found.relabelled[:, 0].mean())
    size, interval = _cohen(test.lr * scale, test.df, n, level)
    stay = probabilities(found.counts)[:, 0, 0]
    departures = found.counts[:, 0].sum(axis=1)
    comparable = bool(departures[0] >= _FEW and departures[-1] >= _FEW)
    trap = comparable and bool(stay[0] > stay[-1])
    evidence: Evidence = "lock-in" if pvalue < level and trap else "none"
    null = f"transitions between classes of {column} in {stage} are the same whatever the neighbours' class"
    effect = (
        f"a country in the lowest class stays there with a chance of {percent(stay[0])} a year among low neighbours "
        f"and {percent(stay[-1])} among high ones"
        if comparable
        else f"too few countries of the lowest class have low ({departures[0]}) or high ({departures[-1]}) neighbours"
    )
    verdict = judgement(pvalue, level, null, "relabelling")
    rest = "" if pvalue < level else "; this does not show that neighbours do not matter"
    return LockInTest(
        name=f"spatial mobility: {stage}",
        null=null,
        alternative="they depend on it",
        estimate=size,
        std_error=float("nan"),
        conf_int=interval,
        statistic=test.lr,
        distribution="relabelling of neighbours",
        df=float(test.df),
        pvalue=pvalue,
        level=level,
        nobs=n,
        ncountries=countries,
        sentence=f"{effect[0].upper()}{effect[1:]} (LR {number(test.lr)}, {test.df} df). {verdict}{rest}.",
        details={"homogeneity": _homogeneity_frame(found), "conditional": _conditional(found.counts)},
        quantity="Cohen's w of the transitions by class of the neighbours",
        scope=scope,
        effect=effect,
        evidence=evidence,
        mde=float(np.sqrt(detectable_noncentrality(test.df, level=level) / n)),
    )


def _cohen(lr: float, df: int, n: int, level: float) -> tuple[float, tuple[float, float]]:
    """Return w and its interval, from the noncentralities that make the statistic a quantile."""
    from scipy import optimize, stats

    def noncentrality(p: float) -> float:
        if stats.chi2.cdf(lr, df) <= p:
            return 0.0
        return float(optimize.brentq(lambda nc: stats.ncx2.cdf(lr, df, nc) - p, 1e-9, 20 * (lr + df) + 50))

    low, high = noncentrality(1 - level / 2), noncentrality(level / 2)
    return float(np.sqrt(max(lr - df, 0.0) / n)), (float(np.sqrt(low / n)), float(np.sqrt(high / n)))


def _homogeneity_frame(found: _Found) -> pd.DataFrame:
    test = found.test
    rows: list[dict[str, Any]] = []
    for i, (name, value, p) in enumerate((("LR", test.lr, test.p_lr), ("Q", test.chi2, test.p_chi2))):
        row = {"statistic": name, "value": value, "df": test.df, "pvalue_chi2": p}
        row |= {"pvalue_relabelling": _share(found.relabelled[:, i], value)}
        rows.append(row | {"pvalue_bootstrap": _share(found.bootstrapped[:, i], value)})
    return pd.DataFrame(rows)


def _conditional(counts: IntArray) -> pd.DataFrame:
    k = len(counts)
    labels = np.arange(1, k + 1)
    cells = {"neighbours": np.repeat(labels, k * k), "before": np.tile(np.repeat(labels, k), k)}
    cells |= {"after": np.tile(labels, k * k)}
    return pd.DataFrame(cells | {"count": counts.ravel(), "probability": probabilities(counts).ravel()})
