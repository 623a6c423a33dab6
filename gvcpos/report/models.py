"""What a regression table needs of a model, read from whatever results object holds it.

Anything with ``params``, ``std_errors`` (or ``bse``) and ``pvalues`` will do: the spatial panels of this
package, linearmodels, statsmodels. What an object does not state is None and printed as an em dash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import align
from gvcpos.report.numbers import as_float

SPATIAL_TERMS = ("rho", "lambda")
_VARIANCES = ("sigma2", "sigma^2", "s2")
_DEFAULT_COVARIANCE = {"information": "information matrix", "sandwich": "sandwich", "nonrobust": "nonrobust"}


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
        ``rsquared``, ``aic`` (float); ``nobs``, ``entities``, ``periods`` (int); None where not stated.
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
    sigma2 = next((t.estimate for t in terms if t.name in _VARIANCES), None)
    if sigma2 is None:
        sigma2 = as_float(_number(results, "sigma2", "s2", "scale"))
    return {
        "dependent": _dependent(results),
        "model": _text(results, "model_name", "model_type", "name"),
        "effects": _effects(results),
        "method": _text(results, "method"),
        "covariance": _covariance(results),
        "sigma2": sigma2,
        "nobs": _count(_number(results, "nobs")),
        "entities": _count(_number(results, "n_entities", "nentity", "n") or _info(results, "entity_info")),
        "periods": _count(_number(results, "n_periods", "nperiod", "t") or _info(results, "time_info")),
        "loglik": as_float(_number(results, "loglik", "llf")),
        "rsquared": as_float(_number(results, "rsquared")),
        "aic": as_float(_number(results, "aic")),
    }


def _number(results: Any, *attributes: str) -> Any:
    for attribute in attributes:
        found = getattr(results, attribute, None)
        if found is not None and not isinstance(found, (str, pd.Series)) and not callable(found):
            return found
    return None


def _count(value: Any) -> int | None:
    number = as_float(value)
    return None if number is None else round(number)


def _info(results: Any, attribute: str) -> Any:
    found = getattr(results, attribute, None)
    return found.get("total") if isinstance(found, pd.Series) else None


def _text(results: Any, *attributes: str) -> str | None:
    """Find a text among the attributes of the results, then of the model they came from."""
    for holder in (results, getattr(results, "model", None)):
        for attribute in attributes:
            found = getattr(holder, attribute, None)
            if isinstance(found, str) and found:
                return found
    return None


def _dependent(results: Any) -> str | None:
    model = getattr(results, "model", None)
    variables: Any = getattr(getattr(model, "dependent", None), "vars", None)
    if variables is not None and len(variables) == 1:
        return str(variables[0])
    return _text(results, "dependent", "endog_names", "y_name")


def _effects(results: Any) -> str | None:
    """Panel effects by name; linearmodels states them as a list."""
    stated = _text(results, "panel_effects", "effects_name", "effects")
    if stated is not None:
        return stated
    included = getattr(results, "included_effects", None)
    if included is None:
        return None
    names = sorted(str(effect).lower() for effect in included)
    return {(): "none", ("entity", "time"): "twoway"}.get(tuple(names), " + ".join(names))


def _covariance(results: Any) -> str | None:
    stated = _text(results, "cov_type", "_cov_type", "cov_estimator")
    if stated is None:
        return None
    return _DEFAULT_COVARIANCE.get(stated, stated)
