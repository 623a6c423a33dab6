"""One run of a test under stated arguments: its numbers, or the reason why there are none."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from gvcpos._core.errors import GvcposError, GvcposWarning, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin import LockInTest

Test = Callable[..., LockInTest]
NUMBERS = ("estimate", "std_error", "ci_low", "ci_high", "pvalue")


def matched(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with weights that have lost the excluded countries, normalised again as they were."""
    weights, gone = arguments.get("weights"), set(arguments.get("exclude", ()))
    if weights is None or not gone & set(weights.ids):
        return dict(arguments)
    kept = [unit for unit in weights.ids if unit not in gone]
    return dict(arguments) | {"weights": weights.subset(kept, renormalise=True)}


def require_arguments(what: str, test: Test, names: Iterable[str]) -> None:
    """Raise InputError for names of arguments that a test does not take."""
    taken = inspect.signature(test).parameters
    if any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken.values()):
        return
    unknown = [name for name in names if name not in taken]
    if unknown:
        called = getattr(getattr(test, "func", test), "__name__", "the test")
        raise InputError(
            f"{what}: {called} takes no {enumerate_labels(unknown)}. It takes: {enumerate_labels(taken, 40)}."
        )


def attempt(test: Test, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a test and return its numbers as one row.

    Parameters
    ----------
    test : callable
        Gives a `LockInTest`.
    arguments : mapping
        Its keyword arguments; weights lose the countries in ``exclude``.

    Returns
    -------
    dict
        estimate, std_error, ci_low, ci_high, pvalue, rejected, nobs, ncountries; warnings, what it warned of; and
        not_estimated, empty or the reason why there is nothing: what cannot be estimated is a finding, not a gap.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", GvcposWarning)
        try:
            found = test(**matched(arguments))
        except GvcposError as error:
            missing: dict[str, Any] = dict.fromkeys(NUMBERS, np.nan)
            return missing | {
                "rejected": False,
                "nobs": 0,
                "ncountries": 0,
                "warnings": "",
                "not_estimated": str(error),
            }
    said = dict.fromkeys(str(item.message) for item in caught if issubclass(item.category, GvcposWarning))
    return {
        "estimate": found.estimate,
        "std_error": found.std_error,
        "ci_low": found.conf_int[0],
        "ci_high": found.conf_int[1],
        "pvalue": found.pvalue,
        "rejected": found.rejected,
        "nobs": found.nobs,
        "ncountries": found.ncountries,
        "warnings": " ".join(said),
        "not_estimated": "",
    }
