"""Panel Granger non-causality from one stage to another: the test of Dumitrescu and Hurlin (2012), bootstrapped.

Each country has its own regression, so that pull-through may differ between countries; the null is that it is nil in
all of them, and a rejection says that it is not in some. Means of the years are taken out first: what all countries
have in common is nobody's own pull-through. The asymptotic p-values take countries for independent; the bootstrap
draws whole years of residuals, of all countries and both stages, each year once and with a random sign, and so stands
dependence across countries.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin.common.power import detectable
from gvcpos.lockin.common.results import LockInTest, holm, require_least, require_level, require_two
from gvcpos.lockin.common.sample import excluded
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.series import (
    Transform,
    balanced,
    members,
    pull_effect,
    pull_evidence,
    spacing,
    span_text,
    wide_series,
)
from gvcpos.lockin.common.wording import judgement, number, p_text
from gvcpos.lockin.pull.granger import FloatArray, Walds, null_model, simulate, wald_moments, walds, z_bar, z_bar_tilde


def dumitrescu_hurlin(
    panel: pd.DataFrame,
    source: str = "upstream",
    target: str = "downstream",
    *,
    lags: int = 1,
    value: str = "va",
    transform: Transform = "growth",
    year_means: bool = True,
    scope: ScopeLike = None,
    exclude: Iterable[str] = ("ROW",),
    draws: int = 999,
    seed: int = 0,
    level: float = 0.05,
) -> LockInTest:
    """Test that a stage Granger-causes another in no country, or not in one country.

    Parameters
    ----------
    lags : int
        K lags of both; more than 5 + 3K years of the series are needed (of growth: one year more).
    transform : {"growth", "change", "log", "level"}
        What is done to `value`; the test is for series without unit roots, so growth is the default.
    year_means : bool
        Whether the mean of each year over all countries is taken out of both series first.
    scope, exclude, level
        As of all tests. World or group: the mean of the Wald statistics; one country: its own.
    draws, seed : int
        Of the bootstrap.

    Returns
    -------
    LockInTest
        Of several countries: Z̄-tilde, p-value the share of draws with a W̄ as large, estimate the mean of Σ_k b_ik. Of
        one: its F, p-value from the same draws. ``details``: ``panel`` (asymptotic p-values too), ``countries``.

    Raises
    ------
    LabelError, InputError, EstimationError
        As `pull_through`; if there are too few years for the moments of the statistic.
    """
    require_level(level)
    require_least("dumitrescu_hurlin", lags=(lags, 1), draws=(draws, 99))
    require_two("dumitrescu_hurlin", source, target)
    left_out = excluded(exclude)
    whom = Scope.of(scope, panel, left_out)
    what = f"dumitrescu_hurlin {source} → {target}"
    wide = balanced(wide_series(panel, [source, target], value, transform, left_out), what)
    years = wide[source].index
    _require_years(len(years), lags, value if transform == "level" else f"{transform} of {value}")
    everyone = [str(c) for c in wide[source].columns]
    kept = np.array([everyone.index(c) for c in members(whom, everyone, what)])
    y, x = (wide[s].to_numpy(float).T for s in (target, source))
    _require_variation({source: x, target: y}, everyone)
    found = _bootstrap(y, x, lags, year_means=year_means, draws=draws, seed=seed)
    names = [everyone[i] for i in kept]
    plan = _Plan(source, target, lags, level, whom, spacing(years), draws, transform in ("growth", "log"), names)
    return _one(found, int(kept[0]), plan) if len(names) == 1 else _several(found, kept, plan)


@dataclass(frozen=True)
class _Plan:
    """What the wording needs beside the numbers."""

    source: str
    target: str
    lags: int
    level: float
    scope: Scope
    step: int
    draws: int
    elastic: bool
    names: list[str]

    def text(self, pvalue: float, estimate: float) -> tuple[str, str]:
        """Return the effect and the judgement."""
        span = span_text(self.lags, self.step)
        if self.elastic:
            effect = pull_effect(estimate, self.source, self.target, span)
        else:
            effect = f"{number(estimate)} more in {self.target} in {span} for one more in {self.source}"
        where = self.scope.name if len(self.names) == 1 else f"any of {len(self.names)} countries"
        null = f"{self.source} growth helps to foretell own {self.target} growth in {where}"
        null = null.replace("helps", "does not help") if len(self.names) == 1 else null.replace("in any", "in none")
        return effect, judgement(pvalue, self.level, null, "bootstrap")


@dataclass(frozen=True)
class _Found:
    """Statistics of the data and of draws under the null."""

    data: Walds
    null: Walds
    usable: int


def _bootstrap(y: FloatArray, x: FloatArray, lags: int, *, year_means: bool, draws: int, seed: int) -> _Found:
    """Return the statistics of all countries, in the data and under the null; y, x of shape (N, T)."""
    rng = np.random.default_rng(seed)

    def centred(values: FloatArray) -> FloatArray:
        return values - values.mean(axis=-2, keepdims=True) if year_means else values

    y, x = centred(y), centred(x)
    model = null_model(y, x, lags, rng)
    drawn_y, drawn_x = simulate(model, y, x, draws, rng)
    return _Found(walds(y, x, lags), walds(centred(drawn_y), centred(drawn_x), lags), y.shape[1] - lags)


def _several(found: _Found, kept: FloatArray, plan: _Plan) -> LockInTest:
    wald, total = found.data.wald[kept], found.data.total[kept]
    under, drawn = found.null.wald[:, kept].mean(1), found.null.total[:, kept].mean(1)
    mean = float(wald.mean())
    pvalue = _share(under, mean)
    # The mean coefficient has a bias under the null (Stambaugh), which the bootstrap knows.
    estimate = float(total.mean() - drawn.mean())
    spread = drawn - drawn.mean()
    p_mean = _share(np.abs(spread), abs(estimate))
    half = float(np.quantile(np.abs(spread), 1 - plan.level))
    tilde = z_bar_tilde(mean, len(kept), plan.lags, found.usable)
    effect, verdict = plan.text(pvalue, estimate)
    agree = max(pvalue, p_mean)
    mixed = "" if p_mean < plan.level or pvalue >= plan.level else (
        f" The mean over countries may be nil ({p_text(p_mean)}): directions differ between countries."
    )  # fmt: skip
    return LockInTest(
        estimate=estimate, std_error=float(spread.std(ddof=1)), conf_int=(estimate - half, estimate + half),
        statistic=tilde, distribution="bootstrap", df=np.nan, pvalue=pvalue,
        evidence=pull_evidence(agree, plan.level, estimate),
        mde=detectable(float(spread.std(ddof=1)), None, level=plan.level),
        ncountries=len(kept), nobs=len(kept) * found.usable,
        sentence=f"On average over countries {effect} (W̄ {mean:.2f}, Z̄-tilde {number(tilde)}). {verdict}.{mixed}",
        quantity="mean over countries of the elasticity" if plan.elastic else "mean over countries of the coefficient",
        effect=effect,
        details={"panel": _panel_frame(found, kept, plan, pvalue), "countries": _country_frame(found, kept, plan)},
        **_common(plan, "in no country"),
    )  # fmt: skip


def _one(found: _Found, i: int, plan: _Plan) -> LockInTest:
    drawn = found.null.total[:, i]
    scaled = (drawn - drawn.mean()) / found.null.std_error[:, i]
    error = float(found.data.std_error[i])
    estimate = float(found.data.total[i] - drawn.mean())
    pvalue = _share(found.null.wald[:, i], float(found.data.wald[i]))
    half = float(np.quantile(np.abs(scaled), 1 - plan.level)) * error
    effect, verdict = plan.text(pvalue, estimate)
    return LockInTest(
        estimate=estimate, std_error=error, conf_int=(estimate - half, estimate + half),
        statistic=float(found.data.wald[i] / plan.lags), distribution="bootstrap", df=float(found.data.df),
        pvalue=pvalue, evidence=pull_evidence(pvalue, plan.level, estimate),
        mde=detectable(error, float(found.data.df), level=plan.level), ncountries=1, nobs=found.usable,
        sentence=f"In {plan.scope.name} {effect}. {verdict}; {found.usable} years of one country decide it.",
        quantity="elasticity" if plan.elastic else "coefficient", effect=effect,
        details={"countries": _country_frame(found, np.array([i]), plan)},
        **_common(plan, f"not in {plan.scope.name}"),
    )  # fmt: skip


def _common(plan: _Plan, where: str) -> dict[str, Any]:
    return {
        "name": f"Granger pull-through: {plan.source} to {plan.target}",
        "null": f"growth of {plan.source} foretells growth of own {plan.target} {where}, given its own past",
        "alternative": "it does in some country" if where == "in no country" else "it does",
        "level": plan.level,
        "scope": plan.scope.name,
    }


def _share(drawn: FloatArray, value: float) -> float:
    """Return the p-value (1 + number of draws as large)/(1 + draws)."""
    return float((1 + np.count_nonzero(drawn >= value * (1 - 1e-12))) / (1 + len(drawn)))


def _panel_frame(found: _Found, kept: FloatArray, plan: _Plan, pvalue: float) -> pd.DataFrame:
    from scipy import stats

    mean, n = float(found.data.wald[kept].mean()), len(kept)
    z, tilde = z_bar(mean, n, plan.lags), z_bar_tilde(mean, n, plan.lags, found.usable)
    expected = wald_moments(plan.lags, found.usable)[0]
    rows = [
        ("W-bar", mean, expected, np.nan, pvalue),
        ("Z-bar", z, 0.0, 2 * stats.norm.sf(abs(z)), pvalue),
        ("Z-bar tilde", tilde, 0.0, 2 * stats.norm.sf(abs(tilde)), pvalue),
    ]
    return pd.DataFrame(rows, columns=["statistic", "value", "expected", "pvalue_asymptotic", "pvalue_bootstrap"])


def _country_frame(found: _Found, kept: FloatArray, plan: _Plan) -> pd.DataFrame:
    from scipy import stats

    data = found.data
    f = data.wald[kept] / plan.lags
    frame = pd.DataFrame(
        {
            "country": plan.names,
            "estimate": data.total[kept],
            "std_error": data.std_error[kept],
            "wald": data.wald[kept],
            "F": f,
            "df": data.df,
            "pvalue_F": stats.f.sf(f, plan.lags, data.df),
            "pvalue_bootstrap": [_share(found.null.wald[:, i], data.wald[i]) for i in kept],
        }
    )
    return frame.assign(pvalue_holm=holm(frame["pvalue_bootstrap"]))


def _require_years(years: int, lags: int, what: str) -> None:
    """Refuse panels in which the statistic has no variance."""
    if years <= 5 + 3 * lags:
        most = max((years - 6) // 3, 0)
        fewer = f"Take lags={most}" if most else "Take more years, or pull_through, which pools the countries"
        raise InputError(
            f"dumitrescu_hurlin: {years} years of {what} do not suffice for lags={lags}: the variance of a country's "
            f"Wald statistic exists only for T > 5 + 3K = {5 + 3 * lags} (Dumitrescu and Hurlin 2012). {fewer}."
        )


def _require_variation(series: dict[str, FloatArray], names: list[str]) -> None:
    for stage, values in series.items():
        flat = [names[i] for i in np.flatnonzero(np.ptp(values, axis=1) == 0.0)]
        if flat:
            raise EstimationError(
                f"dumitrescu_hurlin: {stage} does not vary over time in {enumerate_labels(flat)}. Exclude them."
            )
