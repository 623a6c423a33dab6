"""What a test hands back: null, statistic, p-value, interval, sample and one plain sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.lockin.common.power import detectable

Alternative = Literal["two-sided", "less", "greater"]
Evidence = Literal["lock-in", "upgrading", "none"]


@dataclass(frozen=True)
class Inference:
    """Statistic, p-value and interval of one estimate.

    Attributes
    ----------
    estimate, std_error, statistic, pvalue : float
    conf_int : (float, float)
    distribution : str
        ``"t"`` or ``"normal"``.
    df : float
        NaN for the normal.
    mde : float
        See `LockInTest`.
    """

    estimate: float
    std_error: float
    statistic: float
    pvalue: float
    conf_int: tuple[float, float]
    distribution: str
    df: float
    mde: float = np.nan


@dataclass(frozen=True, eq=False)
class LockInTest:
    """One test.

    Attributes
    ----------
    name : str
        Short, unique within a verdict.
    null, alternative : str
        The two hypotheses in words.
    estimate, std_error : float
        What was estimated, as `quantity` says, and its standard error.
    conf_int : (float, float)
        Two-sided interval of confidence 1 − `level`.
    statistic : float
    distribution : str
        Of the statistic under the null: ``"t"``, ``"normal"``, ``"chi2"``, ``"F"`` or how it was simulated, as in
        ``"bootstrap"``.
    df : float
        Degrees of freedom; NaN for the normal.
    pvalue : float
        One- or two-sided, as `alternative` says.
    level : float
        At which `rejected` and the sentence judge.
    nobs, ncountries : int
        Rows and countries in the sample.
    sentence : str
        The result in plain words. A null that is not rejected is never called proven.
    details : mapping of str to DataFrame
        Coefficients, placebos, adjusted p-values.
    quantity : str
        What `estimate` is, in words.
    scope : str
        ``"world"``, the name of a group of countries, or one country.
    effect : str
        How large it is in plain units, a phrase such as ``"2.1 percentage points less of output kept as value added
        for every stage further upstream"``.
    evidence : {"lock-in", "upgrading", "none"}
        What a rejection speaks for; ``"none"`` where the null is not rejected or the test has no side.
    mde : float
        Minimum detectable effect: the size of `estimate` that the test would have found with 80 % power; NaN where
        the test has no effect on that scale.
    """

    name: str
    null: str
    alternative: str
    estimate: float
    std_error: float
    conf_int: tuple[float, float]
    statistic: float
    distribution: str
    df: float
    pvalue: float
    level: float
    nobs: int
    ncountries: int
    sentence: str
    details: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    quantity: str = ""
    scope: str = "world"
    effect: str = ""
    evidence: Evidence = "none"
    mde: float = np.nan

    @classmethod
    def of(cls, result: Inference, **rest: Any) -> LockInTest:
        """Make the test of one estimate; `rest` are the other attributes."""
        return cls(
            estimate=result.estimate,
            std_error=result.std_error,
            conf_int=result.conf_int,
            statistic=result.statistic,
            distribution=result.distribution,
            df=result.df,
            pvalue=result.pvalue,
            **({"mde": result.mde} | rest),
        )

    @property
    def rejected(self) -> bool:
        """Whether the null is rejected at `level`."""
        return self.pvalue < self.level

    def to_frame(self) -> pd.DataFrame:
        """Return the test as a frame of one row."""
        row = {
            "test": self.name,
            "scope": self.scope,
            "null": self.null,
            "alternative": self.alternative,
            "quantity": self.quantity,
            "estimate": self.estimate,
            "std_error": self.std_error,
            "ci_low": self.conf_int[0],
            "ci_high": self.conf_int[1],
            "statistic": self.statistic,
            "distribution": self.distribution,
            "df": self.df,
            "pvalue": self.pvalue,
            "level": self.level,
            "rejected": self.rejected,
            "evidence": self.evidence,
            "effect": self.effect,
            "mde": self.mde,
            "nobs": self.nobs,
            "ncountries": self.ncountries,
            "sentence": self.sentence,
        }
        return pd.DataFrame([row])

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


def infer(
    estimate: float,
    std_error: float,
    df: float | None,
    *,
    level: float = 0.05,
    alternative: Alternative = "two-sided",
) -> Inference:
    """Test that an estimate is zero, with Student's t (`df` given) or the normal.

    Parameters
    ----------
    estimate, std_error : float
    df : float or None
        None for the normal distribution.
    level : float
        One less the confidence of the two-sided interval.
    alternative : {"two-sided", "less", "greater"}
        ``"less"`` tests H0: ≥ 0 against H1: < 0.

    Raises
    ------
    EstimationError
        If the standard error is not a positive number.
    """
    from scipy import stats

    if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0):
        raise EstimationError(
            f"estimate {estimate:.6g} with standard error {std_error:.6g}: there is nothing to test. "
            "Check that the regressor varies within countries over time."
        )
    law = stats.norm() if df is None else stats.t(df)
    z = estimate / std_error
    pvalue = {"less": law.cdf(z), "greater": law.sf(z), "two-sided": 2 * law.sf(abs(z))}[alternative]
    half = float(law.ppf(1 - level / 2)) * std_error
    name, dof = ("normal", np.nan) if df is None else ("t", float(df))
    interval = (float(estimate - half), float(estimate + half))
    mde = detectable(std_error, df, level=level, sides=2 if alternative == "two-sided" else 1)
    return Inference(float(estimate), float(std_error), float(z), float(pvalue), interval, name, dof, mde)


def adjust(pvalues: pd.Series, method: str) -> pd.Series:
    """Adjust p-values for their number by statsmodels' `multipletests`; missing ones do not count and stay missing."""
    from statsmodels.stats.multitest import multipletests

    out = pvalues.astype(float).copy()
    there = out.notna()
    if there.any():
        out[there] = multipletests(out[there].to_numpy(), method=method)[1]
    return out


def holm(pvalues: pd.Series) -> pd.Series:
    """Adjust p-values for their number, stepping down (Holm 1979)."""
    return adjust(pvalues, "holm").rename("pvalue_holm")


def require_level(level: float) -> float:
    """Return `level` if it is a sensible size of a test."""
    if not 0 < level < 0.5:
        raise InputError(f"level={level!r}: the size of a test must be between 0 and 0.5, as in 0.05.")
    return level


def require_least(what: str, **least: tuple[int, int]) -> None:
    """Raise InputError for the first argument that is below its least value, as in ``draws=(draws, 99)``."""
    for name, (value, bound) in least.items():
        if value < bound:
            raise InputError(f"{what}: {name}={value} must be at least {bound}.")


def require_two(what: str, source: str, target: str) -> None:
    """Raise InputError unless source and target are two."""
    if source == target:
        raise InputError(f"{what}: source and target are both {source!r}. Name two stages.")
