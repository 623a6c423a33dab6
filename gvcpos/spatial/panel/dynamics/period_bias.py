"""What demeaned innovations have in common with demeaned y_{t-1}, W_{t-1}y_{t-1} and W_t y_t where W changes over time.

With S_t = I − ρW_t, A_t = S_t⁻¹(τI + ηW_{t-1}) and Φ_ts = A_t ... A_{s+1} S_s⁻¹, what e_s does to y_t, entity effects
give

    b_tau = −(1/T) Σ_t Σ_{s<t} tr P Φ_{t-1,s},  b_eta = −(1/T) Σ_t Σ_{s<t} tr P W_{t-1}Φ_{t-1,s},
    b_rho = −(1/T) Σ_t Σ_{s<t} tr P W_tΦ_ts − (1/T) Σ_t tr P G_t

(Lee and Yu 2012, Spatial Economic Analysis 7:31). These sums end with the sample and are exact. The infinite ones, to
which the published correction belongs, let W stay after the sample as it was in the last period: where it does not
change they are those of Yu, de Jong and Lee (2008). The products are summed backwards: U_s = I + U_{s+1}A_{s+1}.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.dynamics.stability import Dynamics
from gvcpos.spatial.panel.ml.estimation import PanelArrays
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.panel.ml.period_operators import PeriodMultiplier

Array = npt.NDArray[np.float64]

_BLOCK = 256


@dataclass(frozen=True)
class Backwards:
    """Products from the left with rows of an array, shape (m, N), from the last period to the first.

    Attributes
    ----------
    lags : PeriodMultiplier
        Of W_1, ..., W_T at rho.
    dynamics : Dynamics
    finite : bool
        Whether sums end with the sample.
    """

    lags: PeriodMultiplier
    dynamics: Dynamics
    finite: bool

    def sums(self, Z: Array) -> Array:
        """Return Z times the three sums over t and s of Φ_{t-1,s}, W_{t-1}Φ_{t-1,s} and W_tΦ_ts, over T; (3, m, N)."""
        T = len(self.lags.periods.place)
        own = self._times_weights(Z, T)
        parts = np.stack([np.zeros_like(Z), np.zeros_like(Z), own])
        if not self.finite:
            plain, lagged = self._beyond(np.stack([Z, own]))
            parts = np.stack([plain, lagged, lagged])
        out = np.zeros_like(parts)
        for s in range(T, 0, -1):
            moved = self._solved(np.concatenate([parts, own[None]]), s)
            out += moved[:3]
            out[2] -= moved[3]
            if s > 1:
                carried = self._times_weights(np.concatenate([moved[:3], Z[None]]), s - 1)
                own = carried[3]
                parts = self.dynamics.tau * moved[:3] + self.dynamics.eta * carried[:3] + np.stack([Z, own, own])
        return out / T

    def _of(self, s: int) -> Multiplier:
        return self.lags.each[self.lags.periods.place[s - 1]]

    def _times_weights(self, Z: Array, s: int) -> Array:
        """Return Z W_s, shape of Z."""
        W, rows = self._of(s).spectrum.operator, Z.reshape(-1, Z.shape[-1])
        return np.asarray(rows @ W if isinstance(W, np.ndarray) else (W.T @ rows.T).T).reshape(Z.shape)

    def _solved(self, Z: Array, s: int) -> Array:
        """Return Z S_s⁻¹, shape of Z."""
        return self._of(s).transposed_inverse_apply(Z.reshape(-1, Z.shape[-1])).reshape(Z.shape)

    def _beyond(self, Z: Array) -> Array:
        """Return Z (I − A)⁻¹ with the W of the last period for ever after."""
        T, d = len(self.lags.periods.place), self.dynamics
        last = Multiplier(self._of(T).spectrum, (d.rho + d.eta) / (1.0 - d.tau))
        settled = last.transposed_inverse_apply(Z.reshape(-1, Z.shape[-1])).reshape(Z.shape) / (1.0 - d.tau)
        return np.asarray(settled - d.rho * self._times_weights(settled, T))


def period_traces(panel: PanelArrays, dynamics: Dynamics, lam: float, *, finite: bool) -> tuple[float, float, float]:
    """Return minus b of tau and of eta, and of rho what its past adds; see the module."""
    t, n = panel.transformation, panel.transformation.units
    back = Backwards(PeriodMultiplier(panel.spectrum, dynamics.rho), dynamics, finite)
    found, whole = np.zeros(3), np.ones((1, n))
    if lam:  # 1'RΦ1 / 1'R1: with a spatial error all rows of M have one sum
        whole = whole - lam * np.asarray((panel.error_spectrum.matrix.T @ whole.T).T)
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        unit = np.eye(stop - start, n, start)
        sums = back.sums(np.concatenate([unit, whole]))
        found += (sums[:, :-1] * unit).sum(axis=(1, 2))
        if t.time and start == 0:
            found -= sums[:, -1].sum(axis=1) / float(whole.sum())
    return float(found[0]), float(found[1]), float(found[2])
