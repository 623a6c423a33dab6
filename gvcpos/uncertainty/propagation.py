"""From table to coefficient: draw the tables of all years, make the panel, estimate, pool."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, LeftOutWarning
from gvcpos._core.labels import align
from gvcpos.chains import Chain
from gvcpos.tables import IOTable, TableSeries
from gvcpos.uncertainty.cells import CellErrors
from gvcpos.uncertainty.covariates import CovariateDraws, Covariates
from gvcpos.uncertainty.estimates import Estimates, as_estimates
from gvcpos.uncertainty.monte_carlo import require_draws
from gvcpos.uncertainty.panels import PanelDraws, Split, drawn_panels, with_covariates
from gvcpos.uncertainty.pooling import rubin
from gvcpos.uncertainty.redraw import Seeds
from gvcpos.uncertainty.results import Propagated

Estimator = Callable[[pd.DataFrame], Any]
_MOST_FAILED = 0.1


def propagate(
    tables: TableSeries | Iterable[IOTable],
    chain: Chain,
    errors: CellErrors,
    estimate: Estimator,
    *,
    draws: int = 50,
    seed: int = 0,
    rest: str | None = None,
    split: Split | None = None,
    covariates: pd.DataFrame | None = None,
    covariate_errors: Mapping[str, float | str] | None = None,
    confidence: float = 0.95,
    on_draw: Callable[[int, int], None] | None = None,
) -> Propagated:
    """Carry the errors of tables to the coefficients estimated from them.

    Parameters
    ----------
    tables : TableSeries or iterable of IOTable
        All years; each is read once, and 8 bytes are kept for each draw, row, year and column of the panel.
    chain : Chain
    errors : CellErrors
    estimate : callable
        From the panel (columns of `gvcpos.chains.gvc_panel` that need vectors only: money, shares, rca, positions,
        participation, lengths) to what `as_estimates` understands: a spatial panel, lock-in tests, least squares.
    draws, seed : int
        A draw is one set of tables of all years.
    rest : str, optional
        Name of one more stage of all other sectors, for placebos.
    split : callable, optional
        ``split(table, rng)`` returns the table with sectors split by weights drawn with `rng`, central ones for None.
    covariates, covariate_errors : DataFrame and mapping, optional
        To join to the panel; see `gvcpos.uncertainty.covariates.Covariates`.
    confidence : float
    on_draw : callable, optional
        Called with the tables drawn and panels estimated so far, and how many there are in all.

    Returns
    -------
    Propagated

    Raises
    ------
    EstimationError
        If the estimate fails on the published tables, or in more than a tenth of the draws.

    Warns
    -----
    LeftOutWarning
        If it fails in some draws, which are left out and listed in `Propagated.failed`.
    """
    require_draws(draws, confidence)
    series = tables if isinstance(tables, TableSeries) else TableSeries.from_tables(tables)
    joined = None if covariates is None else Covariates(covariates, covariate_errors or {})
    step = _Steps(on_draw, draws * (len(series) + 1))
    panels = drawn_panels(series, chain, errors, draws=draws, seed=seed, rest=rest, split=split, on_table=step.one)
    return over_draws(panels, estimate, seed=seed, covariates=joined, confidence=confidence, done=step.one)


def over_draws(
    panels: PanelDraws,
    estimate: Estimator,
    *,
    seed: int = 0,
    covariates: CovariateDraws | None = None,
    confidence: float = 0.95,
    done: Callable[[], None] = lambda: None,
) -> Propagated:
    """Estimate on panels that were drawn already, and pool: several estimates from the same draws.

    Parameters
    ----------
    panels : DrawnPanels or SamePanel
        The second where only covariates have errors.
    estimate, seed, covariates, confidence
        As of `propagate`; covariates with their errors.
    done : callable
        Called after every draw.

    Raises
    ------
    EstimationError
        As `propagate`.

    Warns
    -----
    LeftOutWarning
        As `propagate`.
    """
    run = partial(_estimated, estimate=estimate, covariates=covariates)
    published = run(panels.frame(0), None)
    found, failed = _every_draw(panels, published, run, [Seeds(seed, d) for d in range(panels.draws)], done)
    return _propagated(published, found, failed, guarded=panels.guarded, errors=panels.errors, confidence=confidence)


def _estimated(
    panel: pd.DataFrame, seeds: Seeds | None, *, estimate: Estimator, covariates: CovariateDraws | None
) -> Estimates:
    return as_estimates(estimate(with_covariates(panel, covariates, seeds)))


class _Steps:
    """Counts what is done and tells who wants to know."""

    def __init__(self, tell: Callable[[int, int], None] | None, total: int) -> None:
        self.tell, self.total, self.done = tell, total, 0

    def one(self) -> None:
        self.done += 1
        if self.tell is not None:
            self.tell(self.done, self.total)


def _every_draw(
    panels: PanelDraws,
    published: Estimates,
    run: Callable[[pd.DataFrame, Seeds | None], Estimates],
    seeds: Sequence[Seeds],
    done: Callable[[], None],
) -> tuple[dict[int, Estimates], dict[int, str]]:
    """Estimate on every draw; parameters are brought to the order of the published estimate."""
    found: dict[int, Estimates] = {}
    failed: dict[int, str] = {}
    for d, own in enumerate(seeds):
        try:
            result = run(panels.frame(d + 1), own)
            order = align(result.names, published.names, f"the estimate of draw {d}", "the published estimate")
            found[d] = Estimates(published.names, result.params[order], result.cov[np.ix_(order, order)], result.df)
        except EstimationError as error:
            failed[d] = str(error)
        done()
    if len(failed) > _MOST_FAILED * len(seeds):
        first = next(iter(failed.values()))
        raise EstimationError(
            f"the estimate failed in {len(failed)} of {len(seeds)} draws, first with: {first} The draws that are left "
            "would not be a fair sample: assume smaller errors or use a sturdier estimator."
        )
    if failed:
        warnings.warn(
            f"propagate: {len(failed)} of {len(seeds)} draws left out, first with: {next(iter(failed.values()))}",
            LeftOutWarning,
            stacklevel=4,
        )
    return found, failed


def _propagated(
    published: Estimates,
    found: Mapping[int, Estimates],
    failed: Mapping[int, str],
    *,
    guarded: float,
    errors: str,
    confidence: float,
) -> Propagated:
    parts = list(found.values())
    pooled = rubin(
        np.stack([part.params for part in parts]),
        np.stack([part.cov for part in parts]),
        names=published.names,
        df_complete=published.df,
        confidence=confidence,
    )
    index = pd.Index(list(found), name="draw")
    columns = list(published.names)
    params = pd.DataFrame(np.stack([part.params for part in parts]), index=index, columns=columns)
    spread = pd.DataFrame(np.stack([part.std_errors for part in parts]), index=index, columns=columns)
    return Propagated(published, pooled, params, spread, failed, guarded, errors)


def error_fan(
    tables: TableSeries | Iterable[IOTable],
    chain: Chain,
    errors: CellErrors,
    estimate: Estimator,
    *,
    factors: Sequence[float] = (0.5, 1.0, 1.5, 2.0),
    **options: Any,
) -> pd.DataFrame:
    """Repeat `propagate` with smaller and larger errors: how fast does a coefficient lose its meaning?

    Parameters
    ----------
    tables, chain, errors, estimate
        As of `propagate`.
    factors : sequence of float
        On all errors.
    **options
        Of `propagate`.

    Returns
    -------
    DataFrame
        ``factor`` and ``relative``, the relative error of a cell of reference size, then the columns of
        `Propagated.to_frame`; the first row of a parameter is the published estimate, with factor 0.
    """
    series = tables if isinstance(tables, TableSeries) else TableSeries.from_tables(tables)
    frames = []
    published: Estimates | None = None
    for factor in factors:
        found = propagate(series, chain, errors.times(factor), estimate, **options)
        frame, published = found.to_frame(), found.published
        frame.insert(0, "factor", factor)
        frame.insert(1, "relative", errors.relative * factor)
        frames.append(frame)
    first = frames[0].assign(factor=0.0, relative=0.0, shift=0.0, between=0.0, fmi=0.0, draws=0)
    for name in ("estimate", "lower", "upper"):
        first[name] = first["published" if name == "estimate" else f"published_{name}"]
    first["within"] = first["std_error"] = first["published_se"]
    first["df"] = np.inf if published is None or published.df is None else published.df
    out = pd.concat([first, *frames], ignore_index=True)
    return out.sort_values(["parameter", "factor"], kind="stable", ignore_index=True)
