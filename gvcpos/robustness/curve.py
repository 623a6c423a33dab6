"""The specification curve: one test under every combination of defensible choices (Simonsohn, Simmons & Nelson 2020).

A curve shows which conclusion depends on which choice. It is no average over models: the choices are the analyst's,
and the estimates share the data. The joint test asks whether the curve as a whole could come from data without the
relation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.robustness.running import Test, attempt, require_arguments

Choices = Mapping[str, Mapping[str, Any] | Sequence[Any]]
Shuffle = Callable[[Mapping[str, Any], np.random.Generator], Mapping[str, Any]]
_MOST = 20_000


@dataclass(frozen=True, eq=False)
class SpecificationCurve:
    """Every specification's estimate.

    Attributes
    ----------
    frame : DataFrame
        One row a specification in the order of the choices: a column for every choice with the option\'s name, then
        estimate, std_error, ci_low, ci_high, pvalue, rejected, nobs, ncountries, warnings, not_estimated.
    choices : tuple of str
        What was varied.
    quantity : str
        What the estimates are, as the first test that worked says.
    """

    frame: pd.DataFrame
    choices: tuple[str, ...]
    test: Test
    options: Mapping[str, Mapping[str, Any]]
    fixed: Mapping[str, Any]
    quantity: str = ""

    @property
    def estimated(self) -> pd.DataFrame:
        """The specifications that could be estimated."""
        return self.frame[self.frame["not_estimated"] == ""]

    def summary(self) -> pd.Series:
        """Return how many specifications there are, and how much they agree.

        Returns
        -------
        Series
            specifications, estimated, median, lowest, highest estimate, share_negative, share_positive (of the
            estimated), share_rejected, and share_rejected of either sign.
        """
        return pd.Series(
            {"specifications": len(self.frame), "estimated": len(self.estimated)} | measures(self.estimated)
        )

    def by_choice(self) -> pd.DataFrame:
        """Return median estimate and share rejected by option of every choice: which choice drives the result.

        Returns
        -------
        DataFrame
            choice, option, specifications, median, lowest, highest, share_rejected; spread is the range of the medians
            among the options of the choice.
        """
        rows = []
        for choice in self.choices:
            for option, part in self.estimated.groupby(choice, sort=False):
                values = part["estimate"]
                ends = {"lowest": values.min(), "highest": values.max()}
                rows.append(
                    {"choice": choice, "option": option, "specifications": len(part), "median": values.median()}
                    | ends
                    | {"share_rejected": part["rejected"].mean()}
                )
        out = pd.DataFrame(rows)
        medians = out.groupby("choice", sort=False)["median"]
        return out.assign(spread=medians.transform("max") - medians.transform("min"))

    def joint_test(self, shuffle: Shuffle, *, draws: int = 199, seed: int = 0) -> pd.DataFrame:
        """Test that no specification shows a relation: is the curve more extreme than those of shuffled data?

        Parameters
        ----------
        shuffle : callable
            Takes the arguments of a specification and a generator, and gives them with the relation broken and all
            else kept, such as `shuffled_countries("upstreamness")`. The same generator state serves every
            specification of a draw, so that one draw is one data set.
        draws, seed : int

        Returns
        -------
        DataFrame
            Rows median, share_negative_rejected, share_positive_rejected: observed, the mean under shuffling, and the
            p-value (1 + draws as extreme) / (1 + draws), two-sided for the median.

        Raises
        ------
        EstimationError
            If nothing was estimated, or half of the shuffled curves could not be.
        """
        if self.estimated.empty:
            raise EstimationError("no specification could be estimated, so that there is no curve to test.")
        observed = measures(self.estimated)
        seeds = np.random.SeedSequence(seed).spawn(draws)
        found = [self._shuffled(shuffle, child) for child in seeds]
        drawn = [one for one in found if one is not None]
        if len(drawn) < draws / 2:
            raise EstimationError(f"{draws - len(drawn)} of {draws} shuffled curves could not be estimated.")
        rows = []
        for name in ("median", "share_negative_rejected", "share_positive_rejected"):
            null = np.array([one[name] for one in drawn])
            mean = float(null.mean())
            null, reached = (abs(null), abs(observed[name])) if name == "median" else (null, observed[name])
            extreme = int((null >= reached).sum())
            rows.append([name, observed[name], mean, (1 + extreme) / (1 + len(drawn)), len(drawn)])
        return pd.DataFrame(rows, columns=["measure", "observed", "shuffled_mean", "pvalue", "draws"])

    def _shuffled(self, shuffle: Shuffle, child: np.random.SeedSequence) -> dict[str, float] | None:
        rows = []
        for arguments in _specifications(self.options):
            changed = shuffle({**self.fixed, **arguments}, np.random.default_rng(child))
            rows.append(attempt(self.test, changed))
        frame = pd.DataFrame(rows)
        frame = frame[frame["not_estimated"] == ""]
        return None if frame.empty else measures(frame)


def specification_curve(
    test: Test,
    choices: Choices,
    *,
    on_specification: Callable[[int, int], None] | None = None,
    **fixed: Any,
) -> SpecificationCurve:
    """Run a test under every combination of choices.

    Parameters
    ----------
    test : callable
        Gives a `LockInTest`: `position_capture_slope`, `pull_through`, or a function of your own.
    choices : mapping
        Keyword argument of the test to its options: a mapping of names to values, or a sequence whose values name
        themselves. ``panel`` may be a choice (boundaries of the stages, databases), as may ``weights``, ``position``,
        ``lags``, ``controls``, ``exclude`` (the sample).
    on_specification : callable, optional
        Told how many are done, of how many.
    **fixed
        Arguments that are the same for all.

    Returns
    -------
    SpecificationCurve

    Raises
    ------
    InputError
        If there is no choice, a choice has no option, one is fixed as well, the test takes no argument of that name, or
        there are more than 20,000 combinations.

    Examples
    --------
    >>> curve = specification_curve(  # doctest: +SKIP
    ...     position_capture_slope,
    ...     {"panel": {"smelting upstream": wide, "midstream": narrow}, "weights": {"distance": D, "none": None}},
    ...     stage="upstream",
    ... )
    """
    options = {name: _named(name, values) for name, values in choices.items()}
    both = [name for name in options if name in fixed]
    if not options or both:
        raise InputError(
            f"specification_curve: {enumerate_labels(both)} is a choice and fixed as well. Drop one."
            if both
            else "specification_curve: give at least one choice, as in {'position': ['upstreamness', 'plv']}."
        )
    require_arguments("specification_curve", test, (*options, *fixed))
    total = int(np.prod([len(values) for values in options.values()]))
    if total > _MOST:
        raise InputError(f"specification_curve: {total} combinations are more than {_MOST}. Take options away.")
    rows = []
    for done, (names, arguments) in enumerate(zip(_names(options), _specifications(options), strict=True), start=1):
        rows.append(names | attempt(test, {**fixed, **arguments}))
        if on_specification is not None:
            on_specification(done, total)
    return SpecificationCurve(pd.DataFrame(rows), tuple(options), test, options, fixed)


def measures(frame: pd.DataFrame) -> dict[str, float]:
    """Return what describes a curve of estimated specifications."""
    values, rejected = frame["estimate"], frame["rejected"].astype(bool)
    return {
        "median": float(values.median()),
        "lowest": float(values.min()),
        "highest": float(values.max()),
        "share_negative": float((values < 0).mean()),
        "share_positive": float((values > 0).mean()),
        "share_rejected": float(rejected.mean()),
        "share_negative_rejected": float((rejected & (values < 0)).mean()),
        "share_positive_rejected": float((rejected & (values > 0)).mean()),
    }


def _named(choice: str, values: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
    if isinstance(values, str) or not isinstance(values, Mapping | Sequence) or not len(values):
        raise InputError(f"choice {choice!r}: give its options as a list, or as a mapping of names to values.")
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    out = {str(value): value for value in values}
    if len(out) < len(values):
        raise InputError(f"choice {choice!r} has the same option twice: {enumerate_labels(map(str, values))}.")
    return out


def _names(options: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    return (dict(zip(options, combination, strict=True)) for combination in product(*options.values()))


def _specifications(options: Mapping[str, Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    values = (mapping.values() for mapping in options.values())
    return (dict(zip(options, combination, strict=True)) for combination in product(*values))
