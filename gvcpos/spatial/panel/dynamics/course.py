"""The course of a dynamic panel through its periods: y_t = (I − ρW_t)⁻¹(τ y_{t-1} + η W_{t-1} y_{t-1} + s_t).

With one W, W_t and W_{t-1} are it. With weights that change over time the spatial lag of the past is that of the past,
W_{t-1} y_{t-1} (Lee and Yu 2012, Spatial Economic Analysis 7:31), so that weights of the first period are needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.dynamics.stability import Dynamics
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.panel.ml.period_operators import PeriodMultiplier, multiplier_of
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """The weights that y goes through.

    Attributes
    ----------
    spectrum : Spectrum
        Of W, or of the W_t of the periods explained.
    before : csr_array or PeriodMatrix
        W, or the W_{t-1} of the periods before each.
    """

    spectrum: Spectrum
    before: sparse.csr_array | PeriodMatrix

    def past(self, dynamics: Dynamics, before: Array) -> Array:
        """Return tau y_{t-1} + eta W_{t-1} y_{t-1} for y_{t-1} of every period, shape (T, N)."""
        return np.asarray(dynamics.tau * before + dynamics.eta * spatial_lag(operator(self.before), before))

    def path(self, dynamics: Dynamics, start: Array, signal: Array, *, feedback: bool = True) -> Array:
        """Return y of every period given y of the period before the first.

        Parameters
        ----------
        dynamics : Dynamics
            tau, eta and rho.
        start : ndarray, shape (N,)
        signal : ndarray, shape (T, N)
            What moves every period beside its past.
        feedback : bool
            Whether (I - rho W)^-1 is applied in every period.

        Returns
        -------
        ndarray, shape (T, N)
        """
        multiplier = multiplier_of(self.spectrum, dynamics.rho)
        out, last = np.empty_like(signal), start[None, :]
        for t in range(len(signal)):
            last = signal[t : t + 1] + dynamics.tau * last + dynamics.eta * spatial_lag(self._before(t), last)
            if feedback and dynamics.rho:
                last = _of(multiplier, t).inverse_apply(last)
            out[t] = last[0]
        return out

    def _before(self, t: int) -> Array | sparse.csr_array:
        W = self.before
        return operator(W.distinct[W.place[t]] if isinstance(W, PeriodMatrix) else W)


def course_of(model: DynamicSpatialPanel) -> Course:
    """Return the course of a model's sample."""
    return Course(model.spectrum, model.given.past_weights.matrix)


def _of(multiplier: Multiplier, t: int) -> Multiplier:
    """Return the multiplier of one period."""
    return multiplier.each[multiplier.periods.place[t]] if isinstance(multiplier, PeriodMultiplier) else multiplier
