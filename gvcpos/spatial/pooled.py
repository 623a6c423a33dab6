"""Statistics of a whole panel at once: years pooled, and whole histories of countries dealt out."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError
from gvcpos._core.options import PooledCentre, choose
from gvcpos.spatial.global_statistic import GlobalStatistic
from gvcpos.spatial.local_statistic import LocalStatistic
from gvcpos.spatial.moments import reassigned_moments, relabelled_moments
from gvcpos.spatial.permutation import Alternative, FloatArray, reassigned_sums, relabelled_sums
from gvcpos.spatial.variables import column_name, panel_for
from gvcpos.spatial.weights.matrix import Weights


class _Pooled(GlobalStatistic):
    statistics = ("variance_rand", "z_rand", "p_rand")
    years: tuple[object, ...]

    def _panel(
        self, data: pd.DataFrame | pd.Series, column: str | None, ordered: Weights, entity: str, time: str
    ) -> FloatArray:
        """Return the panel in the order of the weights, shape (n, T), and keep its name and years."""
        Y, years = panel_for(data, column, ordered, entity, time)
        self.name, self.years = column_name(data, column), tuple(years)
        return Y

    def _relabelled(self, ordered: Weights, U: FloatArray, scale: float) -> None:
        """Take the statistic scale × Σ w_ij u_ij, its exact moments and its draws."""
        W = ordered.matrix
        setattr(self, self.symbol, scale * float((W * U).sum()))
        mean, variance = relabelled_moments(W, U)
        self.expected, self.variance_rand = scale * mean, scale**2 * variance
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        self._tested(scale * relabelled_sums(W, U, self.permutations, self.seed))


class PooledMoran(_Pooled):
    """Moran's I of a balanced panel, all years pooled.

    Parameters
    ----------
    data, column, weights, entity, time
        See `moran_by_year`.
    centre : {"year", "twoway"}
        What is taken out of the values: the mean of each year, or of each year and each country, which leaves the
        pattern of movements.
    permutations, seed, alternative
        See `Moran`. A relabelling moves a country's whole history: values of one country in successive years depend on
        each other, and dealing out each year by itself would count them as independent and reject far too often.

    Attributes
    ----------
    I : float
        (n/S0) Σ_t z_t'Wz_t / Σ_t z_t'z_t: the mean of the years' I, weighted with their variances.
    expected, variance_rand, z_rand, p_rand : float
        Exact over all assignments of histories to units.
    p_sim, draws
        From the relabellings.
    years : tuple

    Raises
    ------
    LabelError, InputError
        As `moran_by_year`.

    References
    ----------
    Mantel, N. (1967), Cancer Research 27:209-220, for the moments.
    """

    symbol = "I"

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        centre: PooledCentre = "year",
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        ordered = self._begin(weights, permutations, seed, alternative)
        Z, self.centre = centred(self._panel(data, column, ordered, entity, time), centre), centre
        self._relabelled(ordered, Z @ Z.T, float(self.n / (ordered.matrix.sum() * (Z * Z).sum())))


class PooledGeary(_Pooled):
    """Geary's C of a balanced panel, all years pooled; parameters and attributes as `PooledMoran`, C for I.

    C = (n − 1) Σ_t Σ w_ij (z_it − z_jt)² / (2 S0 Σ_t z_t'z_t), expected 1; z_rand is positive for positive
    autocorrelation, and ``alternative="greater"`` means that too.
    """

    symbol, positive = "C", -1

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        centre: PooledCentre = "year",
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        ordered = self._begin(weights, permutations, seed, alternative)
        Z, self.centre = centred(self._panel(data, column, ordered, entity, time), centre), centre
        products = Z @ Z.T
        own = np.diag(products)
        U = own[:, None] + own[None, :] - 2.0 * products
        self._relabelled(ordered, U, float((self.n - 1) / (2 * ordered.matrix.sum() * own.sum())))


class PooledGetisOrd(_Pooled):
    """Getis and Ord's G of a balanced panel, all years pooled; parameters and attributes as `PooledMoran`, G for I.

    G = Σ_t Σ w_ij y_it y_jt / Σ_t Σ_{i≠j} y_it y_jt of values as they are, positive or zero: the mean of the years' G,
    weighted with their denominators.

    Raises
    ------
    InputError
        If a value is negative; and as `PooledMoran`.
    """

    symbol = "G"

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        ordered = self._begin(weights, permutations, seed, alternative)
        Y = self._panel(data, column, ordered, entity, time)
        if (Y < 0).any():
            i, t = np.argwhere(Y < 0)[0]
            raise InputError(
                f"{self.name} is negative for {ordered.ids[i]} in {self.years[t]}: Getis and Ord's G is a share of the "
                "sum of products and needs a natural zero. Take PooledMoran."
            )
        U = Y @ Y.T
        self._relabelled(ordered, U, float(1.0 / (U.sum() - np.trace(U))))


class PooledBivariateMoran(_Pooled):
    """Bivariate Moran's I of a balanced panel: x here against y at the neighbours, all years pooled.

    Parameters as `PooledMoran`, with two columns; the histories of y are dealt out, those of x stay. I is
    (n/S0) Σ_t x_t'Wy_t / √(Σ x² Σ y²), expected 0.
    """

    symbol = "I"

    def __init__(
        self,
        data: pd.DataFrame,
        x: str,
        y: str,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        centre: PooledCentre = "year",
        permutations: int = 999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
    ) -> None:
        ordered = self._begin(weights, permutations, seed, alternative)
        X, years = panel_for(data, x, ordered, entity, time)
        V, _ = panel_for(data, y, ordered, entity, time)
        X, V = centred(X, centre), centred(V, centre)
        self.name, self.years, self.centre = f"{x}, {y} of neighbours", tuple(years), centre
        W = ordered.matrix
        C = (W.T @ X) @ V.T * (self.n / (W.sum() * ((X * X).sum() * (V * V).sum()) ** 0.5))
        self.I = float(np.trace(C))
        self.expected, self.variance_rand = reassigned_moments(C)
        self.z_rand, self.p_rand = self._score(self.variance_rand)
        self._tested(reassigned_sums(C, self.permutations, self.seed))


class PooledLocalMoran(LocalStatistic):
    """Local Moran of every country over all years of a balanced panel.

    Parameters
    ----------
    data, column, weights, entity, time, centre
        See `PooledMoran`.
    permutations, seed, alternative, level
        See `LocalMoran`; the others' whole histories are dealt out.

    Attributes
    ----------
    frame : DataFrame
        Tidy, in the order of the weights: country, z, lag, local_I, expected, variance, z_score, p_norm, p_sim, p_fdr,
        quadrant, cluster. local_I is (n − 1) Σ_t z_it (Wz_t)_i / Σ z²; z and lag are means over the years, in standard
        deviations, and give the quadrant; with ``centre="twoway"`` they are zero by construction, so the cluster is
        ``similar`` or ``dissimilar`` to the neighbours.
    years : tuple
    """

    kinds = ("HH", "LL", "HL", "LH", "similar", "dissimilar", "ns", "island")
    title = "Local Moran clusters, years pooled"

    def __init__(
        self,
        data: pd.DataFrame | pd.Series,
        column: str | None,
        weights: Weights,
        *,
        entity: str = "country",
        time: str = "year",
        centre: PooledCentre = "year",
        permutations: int = 9999,
        seed: int = 0,
        alternative: Alternative = "two-sided",
        level: float = 0.05,
    ) -> None:
        ordered = self._begin(weights, permutations, seed, alternative, level)
        Y, years = panel_for(data, column, ordered, entity, time)
        Z = centred(Y, centre)
        Z /= np.sqrt((Z * Z).mean())
        self.name, self.years, self.centre = column_name(data, column), tuple(years), centre
        W, T = ordered.matrix, len(years)
        lag = W @ Z
        scale = (self.n - 1) / (self.n * T)
        observed = scale * (Z * lag).sum(axis=1)
        tests = self._tests(observed, W, lambda i: scale * (Z @ Z[i]))
        here, there = Z.mean(axis=1), np.asarray(lag.mean(axis=1))
        levels = np.where(here > 0, np.where(there > 0, "HH", "HL"), np.where(there > 0, "LH", "LL"))
        moves = np.where(observed > tests["expected"], "similar", "dissimilar")
        # A unit far above its neighbours in one year and below in another has a mean that says nothing about I_i.
        agrees = (here * there > 0) == (observed > 0)
        kind = np.where(agrees, levels, moves) if centre == "year" else moves
        columns = {"z": here, "lag": there, "local_I": observed} | tests | {"quadrant": kind}
        self._finish(columns, ordered, kind)


def centred(Y: FloatArray, centre: PooledCentre) -> FloatArray:
    """Return values less the mean of each year, or of each year and country; shape (n, T).

    Raises
    ------
    InputError
        If nothing is left, or `centre` is not known.
    """
    choose(centre, PooledCentre, "centre")
    Z = Y - Y.mean(axis=0)
    if centre == "twoway":
        Z -= Z.mean(axis=1, keepdims=True)
    if np.abs(Z).max() <= 1e-12 * np.abs(Y).max():
        raise InputError(f'centre="{centre}" leaves no variation: countries move in parallel, or there is one year.')
    return Z
