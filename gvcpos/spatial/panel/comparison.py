"""Several fitted panels side by side, with ranks and likelihood ratios where one is nested in another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.panel.results import SpatialPanelResults
from gvcpos.spatial.weights.periods import PeriodWeights, same_weights

Results = SpatialPanelResults | DynamicResults

_STATISTICS = ("sigma2", "loglik", "aic", "bic", "rsquared", "rsquared_within", "nobs", "nobs_effective")
_RANKS = ("aic_rank", "bic_rank")
_RATIO = ("lr", "lr_df", "lr_pvalue")


def compare(results: Mapping[str, Results], *, against: str | None = None) -> pd.DataFrame:
    """Put results side by side.

    Parameters
    ----------
    results : mapping of str to SpatialPanelResults or DynamicResults
        Column title to fit. The likelihoods of dynamic fits are those before the correction of their bias.
    against : str, optional
        Title of the fit that the others are tested against; by default the one with the most parameters.

    Returns
    -------
    DataFrame
        Columns (title, "estimate" | "std_error" | "pvalue"). Index (part, name): the parameters in order of first
        appearance, rho and lambda last, then the statistics, which have an estimate only. What a model
        does not have is missing. Ranks are 1 for the lowest criterion, and missing where fits differ in y, units,
        periods, effects or method, whose likelihoods cannot be compared; lr, lr_df and lr_pvalue are missing where a
        model is not nested in the one tested against, which is named in ``.attrs["against"]``.

    Raises
    ------
    InputError
        If nothing is given.
    LabelError
        If `against` is not a title.
    """
    if not results:
        raise InputError("there is nothing to compare. Give a mapping of titles to results.")
    titles = list(results)
    sizes = [len(result.names) for result in results.values()]
    largest = titles[locate([against], titles, "results")[0] if against else sizes.index(max(sizes))]
    parts = {title: _column(result) for title, result in results.items()}
    for title, extra in _extras(results, largest).items():
        parts[title].loc[[("statistics", name) for name in extra], "estimate"] = list(extra.values())
    order = dict.fromkeys(name for result in results.values() for name in result.names)
    last = [name for name in ("rho", "lambda", "phi") if name in order]
    names = [name for name in order if name not in last] + last
    index = pd.MultiIndex.from_tuples(
        [("parameters", name) for name in names] + [("statistics", name) for name in (*_STATISTICS, *_RANKS, *_RATIO)],
        names=["part", "name"],
    )
    frame = pd.concat({title: part.reindex(index) for title, part in parts.items()}, axis=1)
    frame.attrs["against"] = largest
    return frame


def nested(small: Results, large: Results) -> bool:
    """Whether `small` is `large` with restrictions: fewer of its terms, or a Durbin model's common factor."""
    if not _comparable(small, large) or small.nobs_effective != large.nobs_effective:
        return False
    if not small.model.effects.startswith("random") and set(small.names) < set(large.names):
        return _same_weights(small, large)
    # theta + rho beta = 0 makes the Durbin model an error model, provided every regressor is lagged with W = M.
    if (small.model.model, large.model.model) != ("sem", "sdm"):
        return False
    if _terms(small) not in {(), ("tau",)} or (_terms(small) and _terms(large) != ("tau", "eta")):
        return False  # multiplied by I − λW, τ y_{t−1} gives an eta = −λτ, and η W y_{t−1} a second lag
    own = {name for name in small.model.regressors if name != "Intercept"} - set(_terms(small))
    lagged = {name.removeprefix("W*") for name in large.model.regressors if name.startswith("W*")}
    if isinstance(large.model.weights, PeriodWeights) and large.model.transformation.entity:
        return False  # multiplied by I − ρW_t, entity effects change over time
    same = same_weights(small.model.error_weights, large.model.weights)
    return own <= lagged and _same_weights(small, large) and same


def _comparable(a: Results, b: Results) -> bool:
    """Whether two likelihoods are of the same y, given the same past, under the same transformation."""
    past, other = (one.model.given.y0 if isinstance(one, DynamicResults) else np.empty(0) for one in (a, b))
    return (
        (a.model.effects, a.model.transformation) == (b.model.effects, b.model.transformation)
        and a.model.data.weights.ids == b.model.data.weights.ids
        and a.model.data.times == b.model.data.times
        and np.array_equal(a.model.data.y, b.model.data.y)
        and np.array_equal(past, other)
    )


def _terms(result: Results) -> tuple[str, ...]:
    """Return tau and eta as far as the model has them."""
    return result.model.terms if isinstance(result, DynamicResults) else ()


def _same_weights(a: Results, b: Results) -> bool:
    """Whether the spatial terms that both models may have are of the same weights."""
    features = MODELS[a.model.model]
    of_lag = features.lag or features.durbin or "eta" in _terms(a)
    pairs = [(a.model.weights, b.model.weights)] if of_lag else []
    if MODELS[a.model.model].error:
        pairs.append((a.model.error_weights, b.model.error_weights))
    return all(same_weights(one, other) for one, other in pairs)


def _extras(results: Mapping[str, Results], against: str) -> dict[str, dict[str, float]]:
    """Ranks and likelihood ratios by title."""
    found: dict[str, dict[str, float]] = {title: {} for title in results}
    first = results[against]
    if all(_comparable(result, first) for result in results.values()):
        for criterion, rank in zip(("aic", "bic"), _RANKS, strict=True):
            values = pd.Series({title: getattr(result, criterion) for title, result in results.items()})
            for title, place in values.rank(method="min").items():
                found[str(title)][rank] = float(place)
    for title, result in results.items():
        if title != against and nested(result, first):
            statistic, df = max(2.0 * (first.loglik - result.loglik), 0.0), len(first.names) - len(result.names)
            found[title] |= {"lr": statistic, "lr_df": df, "lr_pvalue": float(gammaincc(df / 2.0, statistic / 2.0))}
    return found


def _column(result: Results) -> pd.DataFrame:
    """Estimates, errors and p-values of one fit, its statistics below."""
    params = pd.concat([result.params, result.std_errors, result.pvalues], axis=1)
    params.columns = pd.Index(["estimate", "std_error", "pvalue"])
    names = (*_STATISTICS, *_RANKS, *_RATIO)
    values = {name: float(getattr(result, name)) if name in _STATISTICS else np.nan for name in names}
    statistics = pd.DataFrame({"estimate": values})
    return pd.concat({"parameters": params, "statistics": statistics.reindex(columns=params.columns)})
