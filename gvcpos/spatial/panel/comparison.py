"""Several fitted panels side by side."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.results import SpatialPanelResults

_STATISTICS = ("sigma2", "loglik", "aic", "bic", "rsquared", "rsquared_within", "nobs", "nobs_effective")


def compare(results: Mapping[str, SpatialPanelResults]) -> pd.DataFrame:
    """Put results side by side.

    Parameters
    ----------
    results : mapping of str to SpatialPanelResults
        Column title to fit.

    Returns
    -------
    DataFrame
        Columns (title, "estimate" | "std_error" | "pvalue"). Index (part, name): the parameters in order of first
        appearance, rho and lambda last, then the statistics, which have an estimate only. What a model
        does not have is missing.

    Raises
    ------
    InputError
        If nothing is given.
    """
    if not results:
        raise InputError("there is nothing to compare. Give a mapping of titles to results.")
    parts = {title: _column(result) for title, result in results.items()}
    order = dict.fromkeys(name for result in results.values() for name in result.names)
    last = [name for name in ("rho", "lambda") if name in order]
    names = [name for name in order if name not in last] + last
    index = pd.MultiIndex.from_tuples(
        [("parameters", name) for name in names] + [("statistics", name) for name in _STATISTICS],
        names=["part", "name"],
    )
    return pd.concat({title: part.reindex(index) for title, part in parts.items()}, axis=1)


def _column(result: SpatialPanelResults) -> pd.DataFrame:
    """Estimates, errors and p-values of one fit, its statistics below."""
    params = pd.concat([result.params, result.std_errors, result.pvalues], axis=1)
    params.columns = pd.Index(["estimate", "std_error", "pvalue"])
    statistics = pd.DataFrame({"estimate": {name: float(getattr(result, name)) for name in _STATISTICS}})
    return pd.concat({"parameters": params, "statistics": statistics.reindex(columns=params.columns)})
