"""Several fitted panels side by side, with ranks and likelihood ratios where one is nested in another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from scipy.special import gammaincc

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, locate
from gvcpos.spatial.panel.dynamics.results import DynamicResults
from gvcpos.spatial.panel.gmm.results import SpatialPanelGmmResults
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.panel.results import SpatialPanelResults
from gvcpos.spatial.weights.periods import PeriodWeights, same_weights

Results = SpatialPanelResults | DynamicResults
Compared = Results | SpatialPanelGmmResults

_STATISTICS = ("sigma2", "loglik", "aic", "bic", "rsquared", "rsquared_within", "nobs", "nobs_effective")
_RANKS = ("aic_rank", "bic_rank")
_RATIO = ("lr", "lr_df", "lr_pvalue")
_NOT_OF_MOMENTS = ("loglik", "aic", "bic", "rsquared", "rsquared_within")


def compare(results: Mapping[str, Compared] | Iterable[Compared], *, against: str | None = None) -> pd.DataFrame:
    """Put results side by side.

    Parameters
    ----------
    results : mapping of str to results, or iterable of results
        Column title to fit of `fit` or `fit_gmm`; without titles they are made of model and effects. The likelihoods of
        dynamic fits are those before the correction of their bias; fits by moments have none.
    against : str, optional
        Title of the fit that the others are tested against; by default the one with the most parameters, among those
        that have a likelihood.

    Returns
    -------
    DataFrame
        Columns (title, "estimate" | "std_error" | "pvalue"). Index (part, name): the parameters in order of first
        appearance, rho and lambda last, then the statistics, which have an estimate only. What a model
        does not have is missing. Ranks are 1 for the lowest criterion, and missing where fits differ in y, units,
        periods, effects or method, whose likelihoods cannot be compared; lr, lr_df and lr_pvalue are missing where a
        model is not nested in the one tested against, which is named in ``.attrs["against"]``. ``.attrs["notes"]``
        says why ranks or statistics are missing.

    Raises
    ------
    InputError
        If nothing or a single fit is given, something is no fit, or the fit to test against has no likelihood.
    LabelError
        If `against` is not a title.
    """
    results = _titled(results)
    likely = {title: one for title, one in results.items() if not isinstance(one, SpatialPanelGmmResults)}
    largest = _against(results, list(likely), against)
    parts = {title: _column(result) for title, result in results.items()}
    for title, extra in _extras(likely, largest).items():
        parts[title].loc[[("statistics", name) for name in extra], "estimate"] = list(extra.values())
    order = dict.fromkeys(name for result in results.values() for name in result.names)
    last = [name for name in ("rho", "lambda", "phi") if name in order]
    names = [name for name in order if name not in last] + last
    index = pd.MultiIndex.from_tuples(
        [("parameters", name) for name in names] + [("statistics", name) for name in (*_STATISTICS, *_RANKS, *_RATIO)],
        names=["part", "name"],
    )
    frame = pd.concat({title: part.reindex(index) for title, part in parts.items()}, axis=1)
    frame.attrs.update({"against": largest, "notes": _notes(results, likely, largest)})
    return frame


def _titled(results: Mapping[str, Compared] | Iterable[Compared]) -> dict[str, Compared]:
    """Return fits by title; without titles "sdm, twoway", with a number where that is not the first of its kind."""
    known = (SpatialPanelResults, DynamicResults, SpatialPanelGmmResults)
    if isinstance(results, known):
        raise InputError(
            "one fit is given; compare puts several side by side. Give a list of fits, or a mapping of titles to "
            "fits. Its own summary shows one."
        )
    if isinstance(results, str) or not isinstance(results, Iterable):
        raise InputError(f"a {type(results).__name__} is given. Give a list of fits, or a mapping of titles to fits.")
    items = list(results.items()) if isinstance(results, Mapping) else [("", one) for one in results]
    if not items:
        raise InputError("there is nothing to compare. Give a list of fits, or a mapping of titles to fits.")
    titled: dict[str, Compared] = {}
    for place, (title, one) in enumerate(items, 1):
        if not isinstance(one, known):
            called = title or f"number {place}"
            raise InputError(f"{called} is a {type(one).__name__}, not what fit() or fit_gmm() of a panel return.")
        titled[str(title) if isinstance(results, Mapping) else _title(one, titled)] = one
    return titled


def _title(one: Compared, taken: Mapping[str, object]) -> str:
    """Make a title of model and effects that is not taken."""
    kind = ", gmm" if isinstance(one, SpatialPanelGmmResults) else ""
    past = "dynamic " if isinstance(one, DynamicResults) else ""
    base = f"{past}{one.model.model}, {one.model.effects}{kind}"
    number = 2
    title = base
    while title in taken:
        title, number = f"{base} ({number})", number + 1
    return title


def _against(results: Mapping[str, Compared], likely: list[str], asked: str | None) -> str:
    """Name the fit that the others are tested against."""
    titles = list(results)
    if asked is None:
        return max(likely or titles, key=lambda title: len(results[title].names))
    title = titles[locate([asked], titles, "results")[0]]
    if title not in likely:
        raise InputError(f"against={asked!r} is a fit by moments: it has no likelihood to test the others against.")
    return title


def _notes(results: Mapping[str, Compared], likely: Mapping[str, Results], largest: str) -> tuple[str, ...]:
    """Say which statistics are missing, and why."""
    gmm = [title for title in results if title not in likely]
    notes = []
    if gmm:
        notes.append(
            f"No likelihood, and so no criteria, ranks or ratios: {enumerate_labels(gmm, 20)}, estimated by moments."
        )
    for title, one in likely.items():
        found = _differences(one, likely[largest])
        if found:
            notes.append(f"No ranks: {title} and {largest} differ in {enumerate_labels(found)}.")
    return tuple(notes)


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
    return not _differences(a, b)


def _differences(a: Results, b: Results) -> list[str]:
    """Name what keeps two likelihoods from being of the same y, given the same past, under the same transformation."""
    past, other = (one.model.given.y0 if isinstance(one, DynamicResults) else np.empty(0) for one in (a, b))
    one, two = a.model, b.model
    units, times = one.data.weights.ids == two.data.weights.ids, one.data.times == two.data.times
    same_y = np.array_equal(one.data.y, two.data.y) and np.array_equal(past, other)
    alike = {
        f"effects ({one.effects}, {two.effects})": one.effects == two.effects,
        f"method ({one.method}, {two.method})": one.method == two.method or one.transformation == two.transformation,
        f"units ({one.data.weights.n}, {two.data.weights.n})": units,
        f"periods ({len(one.data.times)}, {len(two.data.times)})": times,
        "y": same_y or not (units and times),
    }
    found = [what for what, same in alike.items() if not same]
    return found or ([] if one.transformation == two.transformation else ["the transformation of the effects"])


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
    if not results:
        return found
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


def _column(result: Compared) -> pd.DataFrame:
    """Estimates, errors and p-values of one fit, its statistics below."""
    params = pd.concat([result.params, result.std_errors, result.pvalues], axis=1)
    params.columns = pd.Index(["estimate", "std_error", "pvalue"])
    names = (*_STATISTICS, *_RANKS, *_RATIO)
    without = (*_RANKS, *_RATIO, *(_NOT_OF_MOMENTS if isinstance(result, SpatialPanelGmmResults) else ()))
    values = {name: np.nan if name in without else float(getattr(result, name)) for name in names}
    statistics = pd.DataFrame({"estimate": values})
    return pd.concat({"parameters": params, "statistics": statistics.reindex(columns=params.columns)})
