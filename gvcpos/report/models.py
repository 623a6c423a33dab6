"""What a regression table needs of a model, read from whatever results object holds it.

Anything with ``params``, ``std_errors`` (or ``bse``) and ``pvalues`` will do: the spatial panels of this
package, linearmodels, statsmodels. What an object does not state is None and printed as an em dash.
"""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align
from gvcpos.report.numbers import as_float

SPATIAL_TERMS = ("rho", "lambda")
_SPELLED = {
    "lee-yu": "Lee-Yu",
    "direct": "direct likelihood",
    "information": "information matrix",
    "cluster-entity": "clustered by entity",
    "cluster-time": "clustered by period",
    "cluster-twoway": "clustered by entity and period",
    "driscoll-kraay": "Driscoll-Kraay",
    "entity": "fixed by entity",
    "time": "fixed by period",
    "twoway": "fixed, two-way",
    "random": "random by entity",
    "random-time": "random by entity, fixed by period",
}
_WITHOUT_METHOD = frozenset({"none", "random", "random-time"})
_VARIANCES = ("sigma2", "sigma^2", "s2")


@dataclass(frozen=True)
class Term:
    """One estimated coefficient: its name, estimate, standard error and p-value."""

    name: str
    estimate: float | None
    std_error: float | None
    pvalue: float | None


@dataclass(frozen=True)
class ModelColumn:
    """One column of a regression table, as numbers.

    Attributes
    ----------
    name : str
        Header of the column.
    terms : tuple of Term
        Slopes and constants, in the model's order.
    spatial : tuple of Term
        The spatial parameters rho and lambda, if the model has them.
    facts : mapping
        ``dependent``, ``model``, ``effects``, ``method``, ``covariance`` (text); ``sigma2``, ``loglik``,
        ``rsquared``, ``rsquared_within``, ``aic`` (float); ``nobs``, ``entities``, ``periods`` (int); None where
        not stated.
    """

    name: str
    terms: tuple[Term, ...]
    spatial: tuple[Term, ...]
    facts: Mapping[str, float | int | str | None]


def model_column(name: str, results: Any) -> ModelColumn:
    """Read one model's results.

    Parameters
    ----------
    name : str
        Header for the column.
    results : object
        With ``params``, ``std_errors`` or ``bse``, and ``pvalues``, each a Series by coefficient.

    Raises
    ------
    InputError
        If one of the three is not there.
    LabelError
        If their labels differ; the message names them.
    """
    params = _series(results, name, "params")
    errors = _aligned(_series(results, name, "std_errors", "bse"), params, name, "std_errors")
    pvalues = _aligned(_series(results, name, "pvalues"), params, name, "pvalues")
    terms = tuple(
        Term(str(label), as_float(b), as_float(s), as_float(p))
        for label, b, s, p in zip(params.index, params, errors, pvalues, strict=True)
    )
    special = (*SPATIAL_TERMS, *_VARIANCES)
    return ModelColumn(
        name,
        tuple(t for t in terms if t.name not in special),
        tuple(t for t in terms if t.name in SPATIAL_TERMS),
        _facts(results, terms),
    )


def _series(results: Any, name: str, *attributes: str) -> pd.Series:
    for attribute in attributes:
        found = getattr(results, attribute, None)
        if isinstance(found, pd.Series):
            return found
    raise InputError(
        f"model {name!r}: {type(results).__name__} has no Series {' or '.join(attributes)}. Give fitted "
        "results with params, std_errors and pvalues."
    )


def _aligned(series: pd.Series, params: pd.Series, name: str, what: str) -> pd.Series:
    order = align(series.index.tolist(), params.index.tolist(), f"{what} of {name!r}", f"params of {name!r}")
    return series.iloc[order]


def _facts(results: Any, terms: tuple[Term, ...]) -> dict[str, float | int | str | None]:
    variance = next((t.estimate for t in terms if t.name in _VARIANCES), None)
    return {
        "dependent": _dependent(results),
        "model": _model(results),
        "effects": _effects(results),
        "method": _method(results),
        "covariance": _spelled(_text(results, "cov_type", "_cov_type")),
        "sigma2": _number(results, "sigma2", "s2", "scale") if variance is None else variance,
        "nobs": _count(results, "nobs"),
        "entities": _count(results, "model.transformation.units", "n_entities", "entity_info.total"),
        "periods": _count(results, "model.transformation.periods", "n_periods", "time_info.total"),
        "loglik": _number(results, "loglik", "llf"),
        "rsquared": _number(results, "rsquared"),
        "rsquared_within": _number(results, "rsquared_within"),
        "aic": _number(results, "aic"),
    }


def _walk(holder: Any, path: str) -> Any:
    """Follow a dotted path of attributes; None where it ends early."""
    for name in path.split("."):
        holder = getattr(holder, name, None)
    return holder


def _number(results: Any, *paths: str) -> float | None:
    for path in paths:
        found = _walk(results, path)
        if isinstance(found, numbers.Real):
            return as_float(found)
    return None


def _count(results: Any, *paths: str) -> int | None:
    found = _number(results, *paths)
    return None if found is None else round(found)


def _text(results: Any, *paths: str) -> str | None:
    found = (_walk(results, path) for path in paths)
    return next((text for text in found if isinstance(text, str) and text), None)


def _spelled(choice: str | None) -> str | None:
    return None if choice is None else _SPELLED.get(choice, choice)


def _method(results: Any) -> str | None:
    """How a panel was estimated: by which likelihood, where it has fixed effects, or by moments, where it has none."""
    effects = _text(results, "model.effects")
    if effects is not None and _number(results, "loglik") is None:
        return "generalised moments"
    if effects in _WITHOUT_METHOD:
        return "maximum likelihood"
    return _spelled(_text(results, "model.method", "method"))


def _model(results: Any) -> str | None:
    short = _text(results, "model.model")
    return short.upper() if short else _text(results, "name")


def _dependent(results: Any) -> str | None:
    variables = _walk(results, "model.dependent.vars")
    if variables is not None and len(variables) == 1:
        return str(variables[0])
    return _text(results, "model.data.y_name", "model.endog_names")


def _effects(results: Any) -> str | None:
    """Panel effects in words; linearmodels states fixed ones as a list."""
    stated = _text(results, "model.effects")
    included = getattr(results, "included_effects", None)
    if stated is not None or included is None:
        return _spelled(stated)
    names = tuple(sorted(str(effect).lower() for effect in included))
    known = {(): "none", ("entity",): "entity", ("time",): "time", ("entity", "time"): "twoway"}
    return _spelled(known.get(names, f"fixed by {' and '.join(names)}"))
