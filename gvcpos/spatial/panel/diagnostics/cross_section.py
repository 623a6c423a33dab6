"""Do units move together? Pesaran's CD, its local form, the scaled LM test, and Moran's I of a panel's residuals.

All look at the correlations r_ij of the residuals of two units over time. Under independence and normality they have
mean 0 and variance 1/(T − 1). Sources: Pesaran (2004, CESifo 1229; 2015, Econometric Reviews 34:1089; 2021, Empirical
Economics 60:13), Breusch and Pagan (1980), Baltagi, Feng and Kao (2012, J. Econometrics 170:164), Juodis and Reese
(2022, JBES 40:1191) on time effects, Cliff and Ord (1981) on Moran's I of residuals.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.diagnostics.tests import PanelTest, normal_test, undefined
from gvcpos.spatial.panel.inputs.transform import Transformation, spatial_lag
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_NULL = "no cross-sectional dependence"
_LOCAL = "no dependence between neighbours"
_LEFT = 0.1  # share of the variance of the local sum that time effects must leave


def standardised(e: Array) -> Array:
    """Return residuals less their mean over time, every unit of length one; e is (T, N). r_ij is then z_i'z_j."""
    z = e - e.mean(axis=0)
    length = np.linalg.norm(z, axis=0)
    return np.asarray(z / np.where(length > 0.0, length, 1.0))


def cd(e: Array, *, time_effects: bool = False, small_sample: bool = True) -> PanelTest:
    """Pesaran's CD: sqrt(2(T − 1)/(N(N − 1))) times the sum of all correlations.

    Parameters
    ----------
    e : ndarray, shape (T, N)
        Residuals.
    time_effects : bool
        Whether they sum to zero in every period. Then so do, nearly, the correlations, and CD tells nothing.
    small_sample : bool
        Whether T − 1, what the mean over time leaves, stands for Pesaran's T.
    """
    T, N = e.shape
    if time_effects:
        why = (
            "time effects make residuals sum to zero in every period, and CD has no distribution then (Juodis and "
            "Reese 2022); see cd_lm and cd_local."
        )
        return undefined("cd", _NULL, why)
    if T < 3:
        return undefined("cd", _NULL, f"{T} periods give no correlation.")
    together = standardised(e).sum(axis=1)
    total = 0.5 * (float(together @ together) - N)
    return normal_test("cd", _NULL, np.sqrt(2.0 * (T - small_sample) / (N * (N - 1))) * total)


def cd_lm(e: Array, *, time_effects: bool = False) -> PanelTest:
    """Scaled LM test: the sum of all squared correlations, less its mean and over its standard deviation.

    Breusch and Pagan's statistic with the exact moments of a squared correlation, which is Beta(½, (T − 2)/2): it
    holds for short panels too, as the correction of Baltagi, Feng and Kao (2012) for large ones.
    Unlike CD it finds correlations of both signs that cancel, and stays defined after time effects. It needs normal
    residuals more than CD does. Only large values count.
    """
    T, N = e.shape
    if T < 4:
        return undefined("cd_lm", _NULL, f"{T} periods are too few for squared correlations.")
    z, pairs, df = standardised(e), N * (N - 1) / 2.0, T - 1.0
    squares = 0.5 * (float(((z @ z.T) ** 2).sum()) - N)
    # Deviations from means of N units are tied to each other: their correlations are −1/(N − 1) on average.
    mean = pairs / df + 0.5 * time_effects * N / (N - 1.0) * (1.0 + 1.0 / df)
    variance = pairs * 2.0 * (df - 1.0) / (df**2 * (df + 2.0))
    return normal_test("cd_lm", _NULL, (squares - mean) / np.sqrt(variance), upper=True)


def cd_local(
    e: Array, W: sparse.csr_array, *, time_effects: bool = False, small_sample: bool = True, note: str = ""
) -> PanelTest:
    """Local CD: sqrt((T − 1)/m) times the sum of the correlations of the m pairs of neighbours.

    Parameters
    ----------
    e : ndarray, shape (T, N)
    W : csr, shape (N, N)
        Two units are neighbours if one has a weight for the other; the weights themselves do not matter.
    time_effects : bool
        Whether the residuals sum to zero in every period. Then the mean and the variance are those of deviations from
        the mean of N units.
    small_sample : bool
        See `cd`.
    note : str
    """
    T, N = e.shape
    if T < 3:
        return undefined("cd_local", _LOCAL, f"{T} periods give no correlation.")
    S = sparse.csr_array(((W + W.T) != 0).astype(np.float64))
    z = standardised(e)
    total, spread, mean = 0.5 * float(np.vdot(z, spatial_lag(S, z))), 0.5 * float(S.sum()), 0.0
    if time_effects:
        left = _left_by_means(S)
        if left < _LEFT * float(S.sum()):
            why = "nearly all units are neighbours, and time effects make residuals sum to zero in every period."
            return undefined("cd_local", _LOCAL, why)
        mean, spread = -0.5 * float(S.sum()) / (N - 1.0), 0.5 * left * (N / (N - 1.0)) ** 2
    return normal_test("cd_local", _LOCAL, np.sqrt((T - small_sample) / spread) * (total - mean), note=note)


def _left_by_means(S: sparse.csr_array) -> float:
    """Return |JSJ − JDJ|², D diagonal so that the diagonal is zero: what J and unit lengths leave of |S|²."""
    N, sums = S.shape[0], np.asarray(S.sum(axis=1)).ravel()
    total = float(sums.sum())
    whole = float((S * S).sum()) - 2.0 / N * float(sums @ sums) + (total / N) ** 2
    a = total / N**2 - 2.0 / N * sums  # diagonal of JSJ; that of JDJ is (1 − 2/N) d + Σd / N²
    d = (a - a.sum() / (1.0 - 1.0 / N) / N**2) / (1.0 - 2.0 / N)
    return whole - float(a @ d)


def panel_moran(e: Array, X: Array, W: sparse.csr_array, t: Transformation, note: str = "") -> PanelTest:
    """Moran's I of least-squares residuals of a panel, all periods pooled, with the moments that regression leaves.

    Parameters
    ----------
    e : ndarray, shape (T, N)
        Residuals, effects taken out.
    X : ndarray, shape (T*N, k)
        Regressors, effects taken out.
    W : csr, shape (N, N), or PeriodMatrix
    t : Transformation
        Which effects.
    note : str

    Notes
    -----
    The mean and variance of `gvcpos.spatial.residuals.residual_moran`, for M = Q ⊗ J − P: Q and J take out the means
    over time and over units, P projects on the regressors. No matrix of N T rows is formed but X.
    """
    U = symmetric(W)
    basis = np.linalg.qr(X)[0] if X.shape[1] else X
    Z = basis.reshape(t.periods, t.units, -1)
    moved = t.within(spatial_lag(U, Z)).reshape(len(basis), -1)
    small = basis.T @ moved
    rank = (t.periods - t.entity) * (t.units - t.time)
    first, second = panel_traces(U, t)
    first = first - float(np.trace(small))
    second = second - 2.0 * float((moved**2).sum()) + float((small**2).sum())
    df = rank - basis.shape[1]
    value = float(np.vdot(e, spatial_lag(U, e)) / np.vdot(e, e))
    variance = 2.0 * (df * second - first**2) / (df**2 * (df + 2.0))
    return normal_test(
        "moran", "residuals are not spatially autocorrelated", (value - first / df) / np.sqrt(variance), note=note
    )


def symmetric(W: sparse.csr_array) -> sparse.csr_array:
    """Return (W + W')/2, of every period where W changes."""
    if isinstance(W, PeriodMatrix):
        return cast(sparse.csr_array, PeriodMatrix(tuple(symmetric(one) for one in W.distinct), W.place))
    return sparse.csr_array((W + W.T) / 2.0)


def panel_traces(U: sparse.csr_array, t: Transformation) -> tuple[float, float]:
    """Return tr AU and tr AUAU of all periods, A = Q ⊗ J what takes the effects out.

    tr AUAU = sum_ts Q_ts² tr JU_tJU_s: with entity effects (1 − 2/T) sum_t tr JU_tJU_t + tr JŪJŪ, Ū the mean of U_t.
    """
    if not isinstance(U, PeriodMatrix):
        first, second = projected_traces(U, time_effects=t.time)
        return (t.periods - t.entity) * first, (t.periods - t.entity) * second
    found = np.array([projected_traces(one, time_effects=t.time) for one in U.distinct])
    first, second = (t.periods * (U.shares @ found)).tolist()
    if not t.entity:
        return first, second
    mean = sum(share * one for share, one in zip(U.shares, U.distinct, strict=True))
    together = projected_traces(sparse.csr_array(mean), time_effects=t.time)[1]
    return (1.0 - 1.0 / t.periods) * first, (1.0 - 2.0 / t.periods) * second + together


def projected_traces(U: sparse.csr_array, *, time_effects: bool) -> tuple[float, float]:
    """Return tr JU and tr JUJU for a symmetric U with zero diagonal, J = I − 11'/N with time effects, else J = I."""
    squared = float((U * U).sum())
    if not time_effects:
        return 0.0, squared
    n, sums = U.shape[0], np.asarray(U.sum(axis=1)).ravel()
    total = float(sums.sum())
    return -total / n, squared - 2.0 / n * float(sums @ sums) + (total / n) ** 2
