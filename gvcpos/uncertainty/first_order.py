"""First-order propagation: standard errors of indices from their derivatives, without drawing anything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.accounting import Blocks, LeontiefSystem
from gvcpos.accounting.draws import IndexDraws
from gvcpos.accounting.perturbation import CellVariances, Change, IndexGradients, TableErrors
from gvcpos.chains import Chain
from gvcpos.tables import IOTable
from gvcpos.uncertainty.cells import CellErrors, FloatArray, relative_errors
from gvcpos.uncertainty.monte_carlo import DEFAULT, as_published, said, tidy
from gvcpos.uncertainty.redraw import whole_countries
from gvcpos.uncertainty.stage_gradients import StageGradients
from gvcpos.uncertainty.stages import Rows, chosen, drawn_indices


def first_order_uncertainty(
    table: IOTable,
    errors: CellErrors,
    *,
    indices: Sequence[str] = DEFAULT,
    chain: Chain | None = None,
    rest: str | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return the standard errors that `index_uncertainty` has in the limit of small errors, at a fraction of its cost.

    Parameters
    ----------
    table : IOTable
    errors : CellErrors
        With the closure ``"residual"``.
    indices : sequence of str
        With a chain also ``va_share``, ``export_share`` and ``rca``.
    chain : Chain, optional
        Rows are then its stages, whose indices are ratios of sums over their sectors, as in `gvcpos.chains.gvc_panel`.
    rest : str, optional
        With a chain: name of one more stage of all other sectors.
    confidence : float
        Of the normal interval.

    Returns
    -------
    DataFrame
        As of `index_uncertainty`; ``mean`` and ``bias`` are NaN (to first order there is no bias) and
        ``draws`` is 0.

    Raises
    ------
    InputError
        If an index is unknown, or cells are closed by RAS: what RAS does to a cell has no such derivative here.
    LabelError
        If the table lacks a sector of the chain.

    Notes
    -----
    Var I = Σ (∂I/∂z_ij)² σ_ij² over independent cells, and for parts that rows have in common the square of the sum.
    The largest work is the inverse and one product of n × n matrices for each full kernel (at most four).
    """
    _require_residual(errors)
    whole = whole_countries(table)
    rows = Rows.of(whole, chain, rest)
    published = rows.values(drawn_indices(IndexDraws(Blocks.even(*whole.shape)), as_published(whole)))
    gradients, deviations = _gradients(whole), _Deviations(whole, errors)
    stages = None if chain is None else StageGradients(gradients, rows)
    names = chosen(indices, dict.fromkeys(gradients.names if stages is None else stages.names))
    variances = CellVariances(gradients.kernels, deviations.apart)
    estimate = np.stack([published[name] for name in names])
    error = np.stack([_std_error(name, stages or gradients, variances, deviations) for name in names])
    error[~np.isfinite(estimate)] = np.nan
    frame = tidy(rows, whole.year, names, _columns(estimate, error, confidence))
    frame.attrs.update(said(whole, errors, "first order"), confidence=confidence)
    return frame


def _std_error(
    name: str, gradients: IndexGradients | StageGradients, variances: CellVariances, deviations: _Deviations
) -> FloatArray:
    """Return the standard errors of one index, by cell or by stage."""
    if isinstance(gradients, StageGradients):
        by_stage = gradients[name]
        return np.sqrt(deviations.combined(variances.variance_of_sums(by_stage), by_stage.along))
    by_cell = gradients[name]
    return np.sqrt(deviations.combined(variances.variance(by_cell), partial(by_cell.along, gradients.kernels)))


def _columns(estimate: FloatArray, error: FloatArray, confidence: float) -> dict[str, FloatArray]:
    """Return the columns of `index_uncertainty`, with the normal interval and no bias."""
    from scipy import stats

    half = float(stats.norm.ppf((1 + confidence) / 2)) * error
    nothing = np.full_like(estimate, np.nan)
    columns = {"estimate": estimate, "mean": nothing, "bias": nothing, "std_error": error}
    return columns | {"lower": estimate - half, "upper": estimate + half, "draws": np.zeros(estimate.shape, dtype=int)}


def largest_contributions(
    table: IOTable, errors: CellErrors, country: str, sector: str, index: str, *, largest: int = 20
) -> pd.DataFrame:
    """Return the cells whose errors matter most for one index of one sector.

    Returns
    -------
    DataFrame
        seller_country, seller, buyer_country, buyer, value (of the cell), derivative (of the index by it), std_error
        (what the cell's error alone makes of the index) and share of the variance from independent cells of Z and of
        final demand; sorted by share. Final sales have the buyer ``"final"``, in the seller's country or ``"abroad"``;
        their derivative is for a unit in any cell.

    Raises
    ------
    InputError, LabelError
        If the index, country or sector is unknown, or cells are closed by RAS.
    """
    _require_residual(errors)
    whole = whole_countries(table)
    k = int(locate([country], whole.countries, "country")[0]) * len(whole.sectors)
    k += int(locate([sector], whole.sectors, "sector")[0])
    gradients, apart = _gradients(whole), _Deviations(whole, errors).apart
    by_z, home, abroad = gradients[index].of_cell(gradients.kernels, k)
    effects = [by_z * apart.Z, home * apart.final_home, abroad * apart.final_abroad]
    total = sum(float((effect**2).sum()) for effect in effects)
    blocks, Y = Blocks.even(*whole.shape), whole.final_demand
    values = [whole.Z, blocks.own(Y), blocks.abroad(Y)]
    flat, slopes, cells = (np.concatenate([np.ravel(part) for part in parts]) for parts in (
        effects, (by_z, home, abroad), values
    ))  # fmt: skip
    top = np.argsort(-np.abs(flat), kind="stable")[:largest]
    frame = pd.DataFrame([_where(whole, int(place)) for place in top])
    frame["value"], frame["derivative"] = cells[top], slopes[top]
    frame["std_error"] = np.abs(flat[top])
    frame["share"] = flat[top] ** 2 / total if total else 0.0
    return frame


def _where(table: IOTable, place: int) -> dict[str, str]:
    """Name the cell at a place of Z, then domestic, then foreign final sales."""
    n = len(table.x)
    if place < n * n:
        (seller_country, seller), (buyer_country, buyer) = table.nodes[place // n], table.nodes[place % n]
    else:
        seller_country, seller = table.nodes[(place - n * n) % n]
        buyer, buyer_country = "final", seller_country if place < n * n + n else "abroad"
    return {"seller_country": seller_country, "seller": seller, "buyer_country": buyer_country, "buyer": buyer}


def _gradients(table: IOTable) -> IndexGradients:
    return IndexGradients(LeontiefSystem(table.Z, table.x, Blocks.even(*table.shape)), table.final_demand)


def _require_residual(errors: CellErrors) -> None:
    if errors.closure != "residual":
        raise InputError(
            f"first-order propagation closes tables by residual value added; closure={errors.closure!r} scales every "
            "cell by all others. Use index_uncertainty."
        )


class _Deviations:
    """Standard deviations of cells: the part of each alone, and the parts that rows have in common."""

    def __init__(self, table: IOTable, errors: CellErrors) -> None:
        self.table, self.errors = table, errors
        self.blocks = Blocks.even(*table.shape)
        self._of_z, self._of_y = relative_errors(table, errors)
        n, G = self.blocks.n, self.blocks.G
        self._z = table.Z * self._of_z
        self._y = (table.Y * self._of_y).reshape(n, G, -1)
        alone = np.sqrt(1 - errors.common_country - errors.common_sector)
        by_destination = np.sqrt((self._y**2).sum(axis=2))
        home = self.blocks.own(by_destination)
        abroad = np.sqrt(self.blocks.abroad(by_destination**2))
        self.apart = TableErrors(alone * np.abs(self._z), alone * home, alone * abroad)

    def combined(self, variance: FloatArray, moved: Callable[[Change, FloatArray], FloatArray]) -> FloatArray:
        """Add the variance of common parts: each moves whole rows in step."""
        G, N = self.table.shape
        final = self._y.sum(axis=2)
        change = Change.of(self._z, (self.blocks.own(final), self.blocks.abroad(final)), G, N)
        by_country, by_sector = np.repeat(np.eye(G), N, axis=0), np.tile(np.eye(N), (G, 1))
        for share, rows in ((self.errors.common_country, by_country), (self.errors.common_sector, by_sector)):
            if share:
                variance = variance + share * (moved(change, rows) ** 2).sum(axis=1)
        return variance
