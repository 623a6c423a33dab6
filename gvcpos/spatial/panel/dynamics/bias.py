"""The expectation that the score of a dynamic panel with fixed effects has at the truth, which is its bias.

Demeaned innovations are correlated with demeaned y_{t-1} (Nickell 1981), so that the score of (tau, eta, rho, lambda,
sigma2) at the truth has an expectation b. With y_{t-1} = Σ_h A^h S⁻¹ e_{t-1-h} + ..., S = I − ρW, G = WS⁻¹,
H = M(I − λM)⁻¹ and P the projection that time effects leave, the entity effects give

    b_tau = −tr P C,  b_eta = −tr P W C,  b_rho = −tr P G(τC + ηWC) − tr P G,  b_lambda = −tr P H,  C = Σ_h w_h A^h S⁻¹

with w_h = 1 − (h+1)/T for h < T − 1, and w_h = 1, C = [(1 − τ)I − (ρ + η)W]⁻¹ as T grows: Yu, de Jong and Lee (2008,
J. Econometrics 146:118). Time effects add nothing under Lee and Yu's (2010, Econometric Theory 26:564) transformation,
and −T 1'G1/N to b_rho under the direct likelihood. A spatial error conjugates all by I − λM, which changes no trace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.dynamics.period_bias import period_traces
from gvcpos.spatial.panel.dynamics.stability import Dynamics, without_constant
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import Estimate, PanelArrays
from gvcpos.spatial.panel.ml.logdet import Roots, Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier, filtered
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.panel.ml.period_spectrum import changes

Array = npt.NDArray[np.float64]

_BLOCK = 256
_EQUAL = 1e-12  # spread of the row sums of W that is rounding


@dataclass(frozen=True)
class Lagged:
    """Where the dynamic terms stand among the columns of X.

    Attributes
    ----------
    tau, eta : int or None
        Column of y_{t-1} and of W y_{t-1}; None where the model has no such term.
    """

    tau: int | None
    eta: int | None

    def dynamics(self, estimate: Estimate) -> Dynamics:
        """Return tau, eta and rho of an estimate."""
        tau, eta = (0.0 if column is None else float(estimate.beta[column]) for column in (self.tau, self.eta))
        return Dynamics(tau, eta, estimate.rho)


def expected_score(panel: PanelArrays, estimate: Estimate, lagged: Lagged, *, finite: bool) -> Array:
    """Return b, the expectation of the score of (beta, spatial, sigma2) if the estimate is the truth.

    Parameters
    ----------
    panel : PanelArrays
        Of the periods after the first, with y_{t-1} and W y_{t-1} among the columns of X.
    estimate : Estimate
    lagged : Lagged
    finite : bool
        Whether sums end with the sample, which is exact, instead of the infinite ones of the papers.

    Returns
    -------
    ndarray, shape (k+p+1,)
    """
    t, k = panel.transformation, len(estimate.beta)
    dynamics = lagged.dynamics(estimate)
    b = np.zeros(k + len(estimate.spatial) + 1)
    through = (0.0, 0.0, 0.0)
    if t.entity:
        through = _traces(panel, dynamics, estimate.lam, t.periods if finite else None)
    for column, value in zip((lagged.tau, lagged.eta), through[:2], strict=True):
        if column is not None:
            b[column] = -value
    for i, name in enumerate(estimate.spatial):
        b[k + i] = _own_bias(panel, estimate, name) - (through[2] if name == "rho" else 0.0)
    degrees = (t.periods - t.entity) * (t.units - t.time) - t.nobs
    b[-1] = degrees / (2.0 * estimate.sigma2)
    return b


def _own_bias(panel: PanelArrays, estimate: Estimate, name: str) -> float:
    """Return what the innovations of the same period add to b of rho or lambda."""
    t = panel.transformation
    of_rho = name == "rho"
    spectrum, r = panel.spectrum if of_rho else panel.error_spectrum, estimate.spatial[name]
    roots, multiplier = spectrum.eigenvalues, multiplier_of(spectrum, r)
    if roots is None or changes(spectrum):
        projected = multiplier.traces(projected=t.drop_unit).g
    else:
        kept = without_constant(roots) if t.drop_unit else roots
        projected = float(np.real(kept / (1.0 - r * kept)).sum())
    along = 0.0
    if t.time and not t.drop_unit:
        root = _constant_root(spectrum)
        if changes(spectrum):
            along = _along(panel, estimate.lam if of_rho else 0.0, multiplier.apply(np.ones((t.periods, t.units))))
        elif root is not None:
            along = root / (1.0 - r * root)
        else:
            along = _along(panel, estimate.lam if of_rho else 0.0, multiplier.apply(np.ones((1, t.units))))
    return -t.periods * along - (projected - along) * t.entity


def _traces(panel: PanelArrays, dynamics: Dynamics, lam: float, periods: int | None) -> tuple[float, float, float]:
    """tr PC, tr PWC and tr PG(τC + ηWC); `periods` ends the sums, None leaves them infinite."""
    if changes(panel.spectrum):
        return period_traces(panel, dynamics, lam, finite=periods is not None)
    t, roots = panel.transformation, panel.spectrum.eigenvalues
    if roots is None:
        full = _by_blocks(panel.spectrum, dynamics, periods)
    else:
        full = _by_roots(without_constant(roots) if t.drop_unit else roots, dynamics, periods)
    if not t.time or (t.drop_unit and roots is not None):
        return full
    root = _constant_root(panel.spectrum)
    if root is not None:  # 1 is an eigenvector of W, and of M wherever there is one
        along = _by_roots(np.array([root]), dynamics, periods)
    else:
        one, two, three = _images(panel.spectrum, dynamics, periods, np.ones((1, t.units)))
        along = _along(panel, lam, one), _along(panel, lam, two), _along(panel, lam, three)
    return full[0] - along[0], full[1] - along[1], full[2] - along[2]


def _constant_root(spectrum: Spectrum) -> float | None:
    """Return the sum of every row of W; None where they differ."""
    sums = spectrum.row_sums
    return float(sums.mean()) if np.ptp(sums) <= _EQUAL else None


def _by_roots(roots: Roots, dynamics: Dynamics, periods: int | None) -> tuple[float, float, float]:
    """Sum over the eigenvalues of W."""
    growth, slope = dynamics.growth(roots), 1.0 - dynamics.rho * roots
    total = np.zeros_like(growth)
    if periods is None:
        total = 1.0 / (1.0 - growth)
    else:
        for h in range(periods - 2, -1, -1):  # Horner
            total = total * growth + (1.0 - (h + 1) / periods)
    C = total / slope
    through = roots / slope * (dynamics.tau * C + dynamics.eta * roots * C)
    one, two, three = (float(np.real(part).sum()) for part in (C, roots * C, through))
    return one, two, three


def _by_blocks(spectrum: Spectrum, dynamics: Dynamics, periods: int | None) -> tuple[float, float, float]:
    """Solve for the columns block by block where W is too large for its eigenvalues."""
    n, sums = spectrum.n, np.zeros(3)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        rows = np.arange(stop - start), np.arange(start, stop)
        unit = np.zeros((stop - start, n))
        unit[rows] = 1.0
        sums += [float(part[rows].sum()) for part in _images(spectrum, dynamics, periods, unit)]
    return float(sums[0]), float(sums[1]), float(sums[2])


def _images(spectrum: Spectrum, dynamics: Dynamics, periods: int | None, Z: Array) -> tuple[Array, Array, Array]:
    """C, WC and G(τC + ηWC) applied to the rows of Z, shape (m, N)."""
    G, W = Multiplier(spectrum, dynamics.rho), operator(spectrum.matrix)
    if periods is None:
        left = 1.0 - dynamics.tau
        C = Multiplier(spectrum, (dynamics.rho + dynamics.eta) / left).inverse_apply(Z) / left
    else:
        first = G.inverse_apply(Z)
        C = np.zeros_like(Z)
        for h in range(periods - 2, -1, -1):
            C = dynamics.step(G, C) + (1.0 - (h + 1) / periods) * first
    WC = spatial_lag(W, C)
    return C, WC, G.apply(dynamics.tau * C + dynamics.eta * WC)


def _along(panel: PanelArrays, lam: float, image: Array) -> float:
    """v'R B R⁻¹v / v'v for v = R1, from the image B1: R1 = (1 − λm)1 where all rows of M sum to m."""
    if lam == 0.0:
        return float(image.mean())
    kept = 1.0 - lam * float(panel.error_spectrum.row_sums.mean())
    return float(filtered(panel.error_spectrum, lam, image).mean()) / kept
