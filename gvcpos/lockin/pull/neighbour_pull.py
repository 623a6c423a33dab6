"""Pull-through across borders: does growth of the neighbours' first stage reach a country's own last stage?

    g_target,t = ρ W g_target,t + Σ_k β_k g_source,t−k + Σ_k θ_k W g_source,t−k + [τ g_target,t−1 + η W g_target,t−1]
                 + μ + α_t + e_t

A spatial Durbin panel (Lee & Yu 2010), with the terms in brackets a dynamic one (Yu, de Jong & Lee 2008). The effects
(LeSage & Pace 2009) say what one per cent more at home (direct), abroad (indirect) and both (total) does.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, StabilityWarning
from gvcpos._core.options import choose
from gvcpos.lockin.common.results import LockInTest, infer, require_least, require_level, require_two
from gvcpos.lockin.common.sample import excluded, require_size
from gvcpos.lockin.common.scope import Scope, ScopeLike, just_these, weights_of
from gvcpos.lockin.common.series import (
    balanced,
    of_scope,
    pull_effect,
    pull_evidence,
    refuse_country,
    spacing,
    span_text,
    stacked,
    wide_series,
)
from gvcpos.lockin.common.wording import interval_text, judgement

if TYPE_CHECKING:
    from gvcpos.spatial import Weights

SpatialEffect = Literal["direct", "indirect", "total"]
_WHOSE = {"direct": "own", "indirect": "the neighbours'", "total": "own and the neighbours'"}
_WHERE = {"direct": " at home", "indirect": " in the neighbouring countries", "total": " at home and in the neighbours"}


def spatial_pull_through(
    panel: pd.DataFrame,
    weights: Weights,
    source: str = "upstream",
    target: str = "downstream",
    *,
    effect: SpatialEffect = "indirect",
    lags: int = 1,
    dynamic: bool = False,
    value: str = "va",
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test whether upstream growth of the neighbours is followed by growth of a country's own downstream stage.

    Parameters
    ----------
    panel, source, target, value, level
        As in `pull_through`.
    weights : Weights
        Of the countries of the scope; for a group others of the panel are cut off; row-normalised if not normalised.
    effect : {"indirect", "direct", "total"}
        Which effect is tested.
    lags : int
        Lags 1 … `lags` of the source's growth; effects are their sum.
    dynamic : bool
        Add the target's own growth of the year before, of the country and of its neighbours.
    scope, exclude
        World or a group; countries without a complete series leave the weights too, with a warning.

    Returns
    -------
    LockInTest
        Errors are clustered by country, t with countries less one degrees of freedom; in the dynamic model a sandwich
        and the normal. ``details``: ``effects`` (in a dynamic model those of the same year), ``coefficients``.

    Raises
    ------
    LabelError, InputError, EstimationError
        As `pull_through`; if weights name other countries; if rho sits at the edge of its admissible interval or the
        dynamics do not die out, where effects are no numbers.
    """
    from gvcpos.spatial import Weights

    weights = Weights.of(weights, "weights")
    require_level(level)
    choose(effect, SpatialEffect, "effect")
    require_least("spatial_pull_through", lags=(lags, 1))
    require_two("spatial_pull_through", source, target)
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    refuse_country(whom, "spatial_pull_through", "it has no neighbours in the sample. Use dumitrescu_hurlin.")
    weights = weights_of(whom, weights, panel, left_out)
    rows, left_out = of_scope(panel, whom, left_out)
    what = f"spatial pull-through {source} → {target}"
    growth = balanced(wide_series(rows, [source, target], value, "growth", left_out), what)
    sample = _sample(growth, source, target, lags)
    require_size(sample.dropna(), 2 * lags + 1 + 2 * dynamic, what)
    fitted = _inside(what, sample, just_these(weights, growth[target].columns), dynamic=dynamic)
    return _test(fitted, (source, target, effect, whom.name), lags, spacing(growth[target].index), level)


def _sample(growth: dict[str, pd.DataFrame], source: str, target: str, lags: int) -> pd.DataFrame:
    """Return growth and ``sum``, ``step2`` …: with g_{t−1} and g_{t−k} − g_{t−1} the first slope is the sum of all."""
    pushed = growth[source]
    columns = {"growth": growth[target], "sum": pushed.shift(1)}
    columns |= {f"step{k}": pushed.shift(k) - pushed.shift(1) for k in range(2, lags + 1)}
    return stacked(columns)


def _inside(what: str, sample: pd.DataFrame, weights: Weights, *, dynamic: bool) -> dict[str, Any]:
    """Fit, and refuse an estimate at the edge: the multiplier explodes there, and effects and errors with it."""
    with warnings.catch_warnings():
        for edge in (BoundaryWarning, StabilityWarning):
            warnings.simplefilter("error", edge)
        try:
            return _fit(sample, weights, dynamic=dynamic)
        except (BoundaryWarning, StabilityWarning) as said:
            raise EstimationError(f"{what}: no effects to speak of. {said}") from None


def _fit(sample: pd.DataFrame, weights: Weights, *, dynamic: bool) -> dict[str, Any]:
    from gvcpos.spatial.panel import DynamicSpatialPanel, SpatialPanel

    y, x = sample["growth"], sample.drop(columns="growth")
    if not dynamic:
        fit: Any = SpatialPanel(y, x, weights, model="sdm", effects="twoway").fit("cluster-entity")
        return {"fit": fit, "effects": fit.effects(), "df": weights.n - 1.0, "weights": weights, "nobs": len(sample)}
    made = DynamicSpatialPanel(y, x, weights, model="sdm", dynamic="space-time", effects="twoway")
    fit = made.fit("sandwich", correction="finite")
    effects = fit.effects(horizon="short").loc["short"]
    return {"fit": fit, "effects": effects, "df": None, "weights": weights, "nobs": len(sample) - weights.n}


def _test(fitted: dict[str, Any], what: tuple[str, str, str, str], lags: int, step: int, level: float) -> LockInTest:
    source, target, effect, scope = what
    table = fitted["effects"].xs("sum", level="variable")
    row, fit = table.loc[effect], fitted["fit"]
    result = infer(float(row["estimate"]), float(row["std_error"]), fitted["df"], level=level)
    null = f"{_WHOSE[effect]} {source} growth is not followed by {target} growth"
    span = span_text(lags, step)
    said = pull_effect(result.estimate, source, target, span) + _WHERE[effect]
    coefficients = pd.DataFrame({"estimate": fit.params, "std_error": fit.std_errors, "statistic": fit.tstats})
    rest = "" if result.pvalue < level else "; effects within the interval fit the data as well"
    verdict = judgement(result.pvalue, level, null, "two-sided")
    return LockInTest.of(
        result,
        name=f"spatial pull-through ({effect}): {source} to {target}",
        null=null,
        alternative="effect ≠ 0",
        level=level,
        nobs=fitted["nobs"],
        ncountries=fitted["weights"].n,
        sentence=f"{said} ({effect} effect, elasticity {interval_text(result, level)}). {verdict}{rest}.",
        details={"effects": table.reset_index(), "coefficients": coefficients.rename_axis("regressor").reset_index()},
        quantity=f"{effect} effect, an elasticity" + ("" if lags == 1 else f" summed over {lags} lags"),
        scope=scope,
        effect=said,
        evidence=pull_evidence(result.pvalue, level, result.estimate),
    )
