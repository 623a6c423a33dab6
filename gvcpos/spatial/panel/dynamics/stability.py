"""The dynamics of a panel with y_{t-1} and W y_{t-1}: A = (I − ρW)⁻¹(τI + ηW), and whether they die out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.logdet import Roots, Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.panel.ml.period_spectrum import changes

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Dynamics:
    """Parameters of y_t = τ y_{t-1} + ρ W y_t + η W y_{t-1} + ....

    Attributes
    ----------
    tau, eta, rho : float
        0 where the model has no such term.
    """

    tau: float
    eta: float
    rho: float

    def growth(self, roots: Roots) -> npt.NDArray[np.inexact]:
        """Eigenvalues of A that belong to eigenvalues of W: (τ + ηw) / (1 − ρw)."""
        return np.asarray((self.tau + self.eta * roots) / (1.0 - self.rho * roots))

    def step(self, multiplier: Multiplier, Z: Array) -> Array:
        """Apply A to every row of Z, shape (m, N); `multiplier` is that of W at rho."""
        moved = self.tau * Z + self.eta * spatial_lag(operator(multiplier.spectrum.matrix), Z)
        return multiplier.inverse_apply(moved)


def without_constant(roots: Roots) -> Roots:
    """Drop the eigenvalue 1 of a row-normalised W that belongs to the constant vector."""
    kept = np.ones(len(roots), dtype=bool)
    kept[np.argmin(np.abs(roots - 1.0))] = False
    return roots[kept]


def radii(spectrum: Spectrum, tau: Array, eta: Array, rho: Array, *, drop_unit: bool = False) -> Array:
    """Spectral radius of A at each (tau, eta, rho); the dynamics are stable where it is below 1.

    Parameters
    ----------
    spectrum : Spectrum
        Of W.
    tau, eta, rho : ndarray, shape (m,)
    drop_unit : bool
        Whether the constant direction is left out, which time effects absorb when W is row-normalised.

    Returns
    -------
    ndarray, shape (m,)

    Notes
    -----
    (τ + ηw)/(1 − ρw) maps a circle around 0 to a circle whose axis is real, so that the largest modulus over a disc
    of w lies at a real end. For a large sparse W only the ends of the spectrum are known: exact where the eigenvalues
    are real, an upper bound where not and where the constant direction is left out. Where W changes over time, the
    largest of what each period's W would give if it stayed.
    """
    if changes(spectrum):
        each = [radii(one, tau, eta, rho, drop_unit=drop_unit) for one, _ in spectrum.parts]
        return np.asarray(np.max(each, axis=0))
    roots = spectrum.eigenvalues
    if roots is None:
        roots = 1.0 / np.array(spectrum.interval)
    elif drop_unit:
        roots = without_constant(roots)
    moduli = [np.abs((tau + eta * w) / (1.0 - rho * w)) for w in roots]
    return np.asarray(np.max(moduli, axis=0))


def radius(spectrum: Spectrum, dynamics: Dynamics, *, drop_unit: bool = False) -> float:
    """Spectral radius of A at one point; see `radii`."""
    at = (np.array([value]) for value in (dynamics.tau, dynamics.eta, dynamics.rho))
    return float(radii(spectrum, *at, drop_unit=drop_unit)[0])
