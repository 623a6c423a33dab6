"""Does the slope of capture on position change where research, income or participation passes a threshold?

Fixed-effects panel threshold of Hansen (1999), one and two thresholds, with p-values from a wild cluster bootstrap.
Regimes' slopes have errors clustered by country that take the thresholds as known. The set {γ: LR(γ) ≤ 7.35} has its
level for errors that are independent over time; with persistent errors it covers less often (see the guide), and the
p-value, which keeps a country's residuals together, is the part to lean on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos.lockin.capture.curve_words import effect_text
from gvcpos.lockin.common.results import Evidence, LockInTest, infer, require_level
from gvcpos.lockin.common.sample import complete_rows, excluded, require_size, stage_frame
from gvcpos.lockin.common.scope import Scope, ScopeLike
from gvcpos.lockin.common.wording import judgement, number, p_text
from gvcpos.lockin.convergence.threshold_search import Search, ThresholdModel, critical_lr

_FEWEST = 10


def threshold(
    panel: pd.DataFrame,
    y: str = "va_rate",
    x: str = "upstreamness",
    *,
    by: str,
    stage: str = "upstream",
    controls: Sequence[str] = (),
    shift: bool = True,
    most: int = 2,
    trim: float = 0.1,
    grid: int = 300,
    scope: ScopeLike = None,
    draws: int = 999,
    seed: int = 0,
    exclude: Iterable[str] = ("ROW",),
    level: float = 0.05,
) -> LockInTest:
    """Test for a threshold in `by` at which the slope of y on x changes.

    Parameters
    ----------
    panel : DataFrame
        Tidy panel of `gvc_panel`, with `by` merged in.
    y, x, by : str
        Capture, position, and the threshold variable, which should not answer to `y` of the same year.
    controls : sequence of str
    shift : bool
        Regimes have levels of their own and `by` enters by itself; False as in Hansen (1999), where a jump in level
        counts as a change of slope.
    most : {1, 2}
        Thresholds looked for, among `grid` quantiles of `by`, with a share `trim` of rows in each regime.
    scope : str, list, mapping or None
        The world or a group of at least 10 countries.

    Returns
    -------
    LockInTest
        H0: one slope. The estimate is the lowest regime's slope less the highest's. ``evidence``, where the null is
        rejected: lock-in if a regime's slope is shown to be negative, upgrading if none is and one is shown to be
        positive. ``details``: ``thresholds`` (estimate, set, F, p-value), ``slopes`` by regime, ``likelihood_ratio``
        (the curve of the first), ``regimes`` (country, year, regime).

    Raises
    ------
    InputError, EstimationError
        For one country: look it up in the world's ``regimes``. If few rows are left or `by` hardly varies.
    """
    require_level(level)
    if most not in (1, 2) or not 0 < trim < 0.4:
        raise InputError(f"threshold: most={most!r} must be 1 or 2, trim={trim!r} between 0 and 0.4.")
    whom = Scope.of(scope, panel, left_out := excluded(exclude))
    if whom.kind == "country":
        raise InputError(
            f"scope {whom.name!r}: one country's years carry no threshold. Ask for the world and look up regimes."
        )
    frame = stage_frame(panel, stage, [y, x, by, *controls], left_out)
    frame = frame[frame.index.get_level_values("country").isin(whom.countries)]
    frame, model = _model(frame, (y, x, by, *controls), f"{stage}: threshold in {by}, scope {whom.name}", shift=shift)
    found = _find(model, most=most, trim=trim, grid=grid, draws=draws, seed=seed, level=level)
    return _test(found, frame, whom.name, (y, x, by, stage), level)


@dataclass(frozen=True, eq=False)
class _Found:
    """Thresholds kept, and for each that was looked for its search, p-value and draws."""

    model: ThresholdModel
    kept: tuple[float, ...]
    searches: tuple[Search, ...]
    pvalues: tuple[float, ...]
    draws: np.ndarray


def _model(
    frame: pd.DataFrame, names: tuple[str, ...], what: str, *, shift: bool
) -> tuple[pd.DataFrame, ThresholdModel]:
    """Return the complete rows of a sample and their model."""
    frame = complete_rows(frame, what)
    require_size(frame, len(names) + 1, what)
    if (n := frame.index.get_level_values("country").nunique()) < _FEWEST:
        raise InputError(f"{what}: {n} countries; at least {_FEWEST} are needed.")
    y, x, by, *controls = names
    if shift and by not in (x, *controls):
        controls.append(by)  # else what `by` itself does to capture would pass for a threshold
    model = ThresholdModel(
        frame[y].to_numpy(),
        frame[x].to_numpy(),
        frame[by].to_numpy(),
        controls=frame[controls].to_numpy(),
        entity=frame.index.get_level_values("country").to_numpy(),
        period=frame.index.get_level_values("year").to_numpy(),
        shift=shift,
    )
    return frame, model


def _find(model: ThresholdModel, *, most: int, trim: float, grid: int, draws: int, seed: int, level: float) -> _Found:
    """Look for thresholds one after the other; the first is found again once the second is known (Bai 1997)."""
    points = model.grid(trim, grid)
    kept: tuple[float, ...] = ()
    searches, pvalues, first = [], [], np.zeros(0)
    for number_of in range(most):
        inside = [g for g in points if all(_apart(model, float(g), k, trim) for k in kept)]
        if len(inside) < 2:
            break
        found, directions, base = model.search(np.array(inside), kept)
        drawn = model.bootstrap(found, directions, base, draws=draws, seed=seed + number_of)
        pvalue = float((1 + (drawn >= found.statistic).sum()) / (1 + draws))
        searches.append(found)
        pvalues.append(pvalue)
        if number_of == 0:
            first = drawn
        if pvalue >= level and number_of > 0:
            break
        kept = (*kept, found.best)
        if pvalue >= level:
            break
    if len(kept) == 2:
        again, _, _ = model.search(points[[_apart(model, float(g), kept[1], trim) for g in points]], kept[1:])
        searches[0], kept = again if again.best != kept[0] else searches[0], (again.best, kept[1])
    return _Found(model, tuple(sorted(kept)), tuple(searches), tuple(pvalues), first)


def _apart(model: ThresholdModel, one: float, other: float, trim: float) -> bool:
    """Whether two thresholds leave a share `trim` of rows between them."""
    low, high = min(one, other), max(one, other)
    return bool(((model.q > low) & (model.q <= high)).mean() >= trim)


def _test(found: _Found, frame: pd.DataFrame, scope: str, names: tuple[str, ...], level: float) -> LockInTest:
    y, x, by, stage = names
    n = frame.index.get_level_values("country").nunique()
    slopes, cov = found.model.slopes(found.kept)
    gap = np.zeros(len(slopes))
    gap[0], gap[-1] = 1.0, -1.0
    result = infer(float(gap @ slopes), float(np.sqrt(gap @ cov @ gap)), n - 1.0, level=level)
    table = _slopes(found, slopes, cov, n - 1.0, level)
    rejected = found.pvalues[0] < level
    falls, rises = table["pvalue_negative"].min() < level, table["pvalue_positive"].min() < level
    reading: Evidence = "none" if not rejected else "lock-in" if falls else "upgrading" if rises else "none"
    return LockInTest(
        name=f"threshold in {by}: {stage}",
        null=f"the slope of {y} on {x} in {stage} is the same at every {by} (no threshold)",
        alternative="it changes at a threshold",
        estimate=result.estimate,
        std_error=result.std_error,
        conf_int=result.conf_int,
        statistic=found.searches[0].statistic,
        distribution="wild cluster bootstrap",
        df=np.nan,
        pvalue=found.pvalues[0],
        level=level,
        nobs=len(frame),
        ncountries=n,
        sentence=_sentence(found, table, names, level),
        details={
            "thresholds": _thresholds(found, level),
            "slopes": table,
            "likelihood_ratio": _curve(found, level),
            "regimes": _regimes(found, frame),
        },
        quantity=f"slope of {y} on {x} at low less at high {by}",
        scope=scope,
        effect=f"{effect_text(float(slopes[0]), y, x)} at {by} up to {number(found.kept[0])}; "
        f"{effect_text(float(slopes[-1]), y, x)} above {number(found.kept[-1])}",
        evidence=reading,
        mde=_mde(found, result.std_error, level),
    )


def _mde(found: _Found, std_error: float, level: float) -> float:
    """Gap of slopes found with 80 % power: a normal t must pass the root of the bootstrap's critical F."""
    from scipy import stats

    return float((np.sqrt(np.quantile(found.draws, 1 - level)) + stats.norm.ppf(0.8)) * std_error)


def _thresholds(found: _Found, level: float) -> pd.DataFrame:
    rows = []
    for order, (search, pvalue) in enumerate(zip(found.searches, found.pvalues, strict=True), start=1):
        inside = search.confidence_set(level)
        kept = search.best in found.kept
        rows.append([order, search.best, float(inside.min()), float(inside.max()), search.statistic, pvalue, kept])
    return pd.DataFrame(rows, columns=["order", "threshold", "set_low", "set_high", "F", "pvalue", "kept"])


def _slopes(found: _Found, slopes: np.ndarray, cov: np.ndarray, df: float, level: float) -> pd.DataFrame:
    ends = [-np.inf, *found.kept, np.inf]
    counts = np.bincount(found.model.regimes(found.kept), minlength=len(slopes))
    rows = []
    for r, value in enumerate(slopes):
        one = infer(float(value), float(np.sqrt(cov[r, r])), df, level=level, alternative="less")
        rows.append(
            [r, ends[r], ends[r + 1], counts[r], value, one.std_error, *one.conf_int, one.pvalue, 1 - one.pvalue]
        )
    columns = ["regime", "above", "up_to", "nobs", "slope", "std_error", "ci_low", "ci_high"]
    return pd.DataFrame(rows, columns=[*columns, "pvalue_negative", "pvalue_positive"])


def _curve(found: _Found, level: float) -> pd.DataFrame:
    search = found.searches[0]
    return pd.DataFrame({"threshold": search.grid, "lr": search.lr, "critical": critical_lr(level)})


def _regimes(found: _Found, frame: pd.DataFrame) -> pd.DataFrame:
    return frame.index.to_frame(index=False).assign(regime=found.model.regimes(found.kept))


def _sentence(found: _Found, table: pd.DataFrame, names: tuple[str, ...], level: float) -> str:
    y, x, by, stage = names
    verdict = judgement(found.pvalues[0], level, f"{y} has one slope on {x} in {stage} at every {by}", "bootstrap")
    if found.pvalues[0] >= level:
        best = number(found.searches[0].best)
        return f"{verdict}; this does not show that it has. The likeliest threshold is at {by} = {best}."
    parts = ", ".join(
        f"{number(float(b))} ({p_text(float(min(p, 1 - p)))} one-sided) "
        + (f"up to {number(float(e))}" if np.isfinite(e) else f"above {number(float(a))}")
        for b, p, a, e in zip(table["slope"], table["pvalue_negative"], table["above"], table["up_to"], strict=True)
    )
    inside = found.searches[0].confidence_set(level)
    span = f"{number(float(inside.min()))} to {number(float(inside.max()))}"
    return f"{verdict}: the first threshold is at {number(found.searches[0].best)} (set {span}). Slopes: {parts}."
