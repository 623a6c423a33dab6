"""Averages over S = (I − rW)⁻¹ and SV, all that direct and total effects need of them; no S is formed.

With the eigenvalues of W: sums over them. For a large sparse W: derivatives of its exact log-determinant.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos.spatial.panel.ml.determinants import lu_logdet
from gvcpos.spatial.panel.ml.interpolation import along
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier

Array = npt.NDArray[np.float64]

_BLOCK = 256
_CONSTANT = 1e-9


@dataclass(frozen=True)
class Averages:
    """Averages over (I - rW)^-1 =: S and SV, each with its derivative in r; shape of r.

    Attributes
    ----------
    own, own_lag : ndarray
        tr S / N and tr SV / N.
    all, all_lag : ndarray
        1'S1 / N and 1'SV1 / N.
    d_own, d_own_lag, d_all, d_all_lag : ndarray
        Their derivatives.
    """

    own: Array
    own_lag: Array
    all: Array
    all_lag: Array
    d_own: Array
    d_own_lag: Array
    d_all: Array
    d_all_lag: Array


def averages(spectrum: Spectrum, r: Array, x_weights: sparse.csr_array | None = None) -> Averages:
    """Compute the averages at each r, shape (m,); the regressor is lagged with V, W unless `x_weights` are given.

    Where W changes over time they are means over the periods too.
    """
    found = [(_averages(one, r, x_weights), share) for one, share in spectrum.parts]
    if len(found) == 1:
        return found[0][0]
    names = [field.name for field in fields(Averages)]
    return Averages(*(np.asarray(sum(share * getattr(one, name) for one, share in found)) for name in names))


def _averages(spectrum: Spectrum, r: Array, x_weights: sparse.csr_array | None) -> Averages:
    own, d_own, own_lag, d_own_lag = _traces(spectrum, r)
    everyone, d_everyone, all_lag, d_all_lag = _sums(spectrum, r)
    if x_weights is not None:
        own_lag, all_lag, d_own_lag, d_all_lag = along(lambda one: _crossed(spectrum, one, x_weights), r).T
    return Averages(own, own_lag, everyone, all_lag, d_own, d_own_lag, d_everyone, d_all_lag)


def _traces(spectrum: Spectrum, r: Array) -> tuple[Array, Array, Array, Array]:
    """tr S, its derivative, tr SW and its derivative over N; S = I + rG, dS = G + r GG, SW = G, dG = GG."""
    n = spectrum.n
    if spectrum.eigenvalues is None:
        at = spectrum.determinants
        g, gg = -at.derivative(r, 1) / n, -at.derivative(r, 2) / n
    else:
        G = spectrum.eigenvalues / (1.0 - np.multiply.outer(r, spectrum.eigenvalues))
        g, gg = np.real(G.sum(axis=-1)) / n, np.real(np.einsum("...i,...i->...", G, G)) / n
    return 1.0 + r * g, g + r * gg, g, gg


def _sums(spectrum: Spectrum, r: Array) -> tuple[Array, Array, Array, Array]:
    """1'S1, its derivative, 1'SW1 and its derivative over N."""
    sums = spectrum.row_sums
    if np.abs(sums - 1.0).max() <= _CONSTANT:
        one = 1.0 / (1.0 - r)
        return one, one**2, one, one**2

    def both(one: float) -> Array:
        multiplier, ones = Multiplier(spectrum, one), np.ones((1, spectrum.n))
        g = multiplier.apply(ones)
        return np.array([g.mean(), multiplier.apply(g).mean()])

    g, gg = along(both, r).T
    return 1.0 + r * g, g + r * gg, g, gg


def _crossed(spectrum: Spectrum, r: float, V: sparse.csr_array) -> Array:
    """tr SV, 1'SV1 and their derivatives over N; dS = S W S = G S."""
    multiplier, n = Multiplier(spectrum, r), spectrum.n
    reached = multiplier.inverse_apply(np.asarray(V.sum(axis=1)).reshape(1, -1))
    everyone, d_all = float(reached.sum()), float(multiplier.apply(reached).sum())
    if spectrum.eigenvalues is None:
        own, d_own = _crossed_traces(spectrum, r, V)
        return np.array([own, everyone, d_own, d_all]) / n
    own = d_own = 0.0
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        columns = multiplier.inverse_apply(np.ascontiguousarray(V[:, start:stop].toarray().T))  # rows are columns of V
        again = multiplier.apply(columns)
        place = np.arange(stop - start), np.arange(start, stop)
        own, d_own = own + float(columns[place].sum()), d_own + float(again[place].sum())
    return np.array([own, everyone, d_own, d_all]) / n


def _crossed_traces(spectrum: Spectrum, r: float, V: sparse.csr_array) -> tuple[float, float]:
    """tr SV and its derivative: the slope of log|I − rW + sV| in s at 0, by central differences."""
    W, V = spectrum.matrix.tocsc(), V.tocsc()
    room = 1.0 - abs(r) / min(map(abs, spectrum.interval))
    step = 1e-4 * room / max(float(np.abs(V).sum(axis=1).max()), 1e-300)
    eye = sparse.eye_array(spectrum.n, format="csc")

    def trace(at: float) -> float:
        ends = [lu_logdet((eye - at * W + s * V).tocsc()) for s in (step, -step)]
        return (ends[0] - ends[1]) / (2.0 * step)

    h = 1e-3 * room
    return trace(r), (trace(r + h) - trace(r - h)) / (2.0 * h)
