"""One country's years in the lowest class against the chain of the others: is so long, or so short, a stay likely?

The chance is exact, year by year, for a country that starts where it started and moves as the other countries do; that
the chain is estimated is in it by a bootstrap of the others. Years are few whole numbers, so the p-value is Lancaster's
mid-p (1961, JASA 56:223). The chain knows the class of the year before and nothing
else. If countries differ for good, a long stay is likely *for that country* and unlikely for the chain: just this is
what the test finds, and it cannot tell a trap from a nature.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import pandas as pd

from gvcpos.lockin.classes.class_chain import FloatArray, IntArray, chain_draws, country_counts, stickier, years_low
from gvcpos.lockin.common.power import POWER
from gvcpos.lockin.common.results import Evidence, LockInTest, holm
from gvcpos.lockin.common.scope import Scope
from gvcpos.lockin.common.wording import judgement, number

_TABLE_DRAWS = 99


class StayPlan(Protocol):
    """What the test takes from `mobility`."""

    @property
    def stage(self) -> str:
        """The stage."""

    @property
    def column(self) -> str:
        """The variable."""

    @property
    def k(self) -> int:
        """Classes."""

    @property
    def scope(self) -> Scope:
        """Whom it is about."""

    @property
    def level(self) -> float:
        """Of the test."""

    @property
    def draws(self) -> int:
        """Of the bootstrap."""


def stay_of(which: IntArray, i: int, name: str, plan: StayPlan, rng: np.random.Generator) -> LockInTest:
    """Test one country's years in the lowest class; `which` are classes from 0, shape (n, T), `i` its row."""
    k = plan.k
    chain = _others(which, i, k, plan.draws, rng)
    steps = which.shape[1] - 1
    law = years_low(chain, int(which[i, 0]), steps)
    years = int((which[i, 1:] == 0).sum())
    pvalue = _two_sided(law, years)
    expected = float(law @ np.arange(steps + 1))
    low, high = _interval(law, plan.level)
    gap = (years - expected) / steps
    mde = _detectable(chain, int(which[i, 0]), steps, law, plan.level)
    effect = f"{years} of {steps} years in the lowest class where {number(expected)} were to be expected"
    null = f"{plan.scope.name} moves between classes of {plan.column} in {plan.stage} as the other countries do"
    verdict = judgement(pvalue, plan.level, null, "two-sided")
    blind = (
        ""
        if np.isfinite(mde)
        else " Too few years: not even a class that is never left would be found with 80 % power."
    )
    evidence: Evidence = "none" if pvalue >= plan.level else "lock-in" if gap > 0 else "upgrading"
    return LockInTest(
        name=f"mobility: {plan.stage}",
        null=null,
        alternative="it is in the lowest class more, or less, often",
        estimate=gap,
        std_error=float(np.sqrt(law @ (np.arange(steps + 1) - expected) ** 2)) / steps,
        conf_int=((years - high) / steps, (years - low) / steps),
        statistic=float(years),
        distribution="mid-p under the chain of the others",
        df=np.nan,
        pvalue=pvalue,
        level=plan.level,
        nobs=steps,
        ncountries=1,
        sentence=f"{plan.scope.name} spent {effect}. {verdict}.{blind}",
        details={
            "stay": pd.DataFrame({"years": np.arange(steps + 1), "probability": law}),
            "countries": stays(which, {name: i}, k, rng),
        },
        quantity="share of years in the lowest class less what is expected",
        scope=plan.scope.name,
        effect=effect,
        evidence=evidence,
        mde=mde,
    )


def stays(which: IntArray, names: Mapping[str, int], k: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return each country's years in the lowest class, what the others' chain expects, and p-values, Holm's too."""
    steps = which.shape[1] - 1
    found: list[dict[str, Any]] = []
    for name, i in names.items():
        law = years_low(_others(which, int(i), k, _TABLE_DRAWS, rng), int(which[i, 0]), steps)
        years = int((which[i, 1:] == 0).sum())
        first, expected = int(which[i, 0]) + 1, float(law @ np.arange(steps + 1))
        found.append({"country": name, "first_class": first, "years_low": years, "expected": expected,
                      "pvalue": _two_sided(law, years)})  # fmt: skip
    frame = pd.DataFrame(found)
    return frame.assign(pvalue_holm=holm(frame["pvalue"]))


def _others(which: IntArray, i: int, k: int, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return chains of all countries but one, shape (draws + 1, k, k); a class never left keeps what it has."""
    chain = chain_draws(country_counts(np.delete(which, i, axis=0), k), draws, rng)
    return np.where(np.isnan(chain), np.eye(k), chain)


def _two_sided(law: FloatArray, years: int) -> float:
    """Return twice the smaller tail, of whose end half counts (Lancaster's mid-p): all of it rejects far too seldom."""
    ends = min(float(law[years:].sum()), float(law[: years + 1].sum()))
    return float(min(1.0, 2.0 * ends - law[years]))


def _interval(law: FloatArray, level: float) -> tuple[int, int]:
    """Return the fewest and the most years that are not unlikely."""
    below = np.cumsum(law)
    return int(np.searchsorted(below, level / 2)), min(int(np.searchsorted(below, 1 - level / 2)), len(law) - 1)


def _detectable(chain: FloatArray, start: int, steps: int, law: FloatArray, level: float) -> float:
    """Return the excess share of years that the test finds with 80 % power; NaN if no stay is long enough."""
    tails = law[::-1].cumsum()[::-1] - law / 2
    rejected = np.flatnonzero(2.0 * tails < level)
    if not len(rejected):
        return float("nan")
    for share in np.linspace(0.02, 1.0, 50):
        other = years_low(stickier(chain, float(share)), start, steps)
        if other[rejected[0] :].sum() >= POWER:
            return float((other - law) @ np.arange(steps + 1)) / steps
    return float("nan")
