"""G = W(I - rW)^-1: what it does to data, and the traces that the information matrix and the effects need."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import linalg

from gvcpos.spatial.panel.logdet import Spectrum
from gvcpos.spatial.panel.transform import operator, spatial_lag

Array = npt.NDArray[np.float64]

_BLOCK = 256


@dataclass(frozen=True)
class Traces:
    """Traces of G, or of F'GF with F the orthonormal complement of the constant vector.

    Attributes
    ----------
    g, gg, gtg : float
        tr G, tr GG, tr G'G.
    diagonal : ndarray, shape (N,)
        Diagonal of G, of which the column means are taken out when projected.
    """

    g: float
    gg: float
    gtg: float
    diagonal: Array


@dataclass(frozen=True)
class Multiplier:
    """The spatial multiplier at one value of the spatial parameter.

    Attributes
    ----------
    spectrum : Spectrum
    r : float
    """

    spectrum: Spectrum
    r: float

    def apply(self, Z: Array) -> Array:
        """Return G applied to every period of Z, shape (T, N)."""
        return np.ascontiguousarray(self._columns(np.ascontiguousarray(Z.T)).T)

    def inverse_apply(self, Z: Array) -> Array:
        """Return (I - rW)^-1 applied to every period of Z, shape (T, N)."""
        return Z + self.r * self.apply(Z)

    def traces(self, *, projected: bool) -> Traces:
        """Return the traces of G, or of F'GF when W is row-normalised and time effects are gone.

        Then G maps constants to constants, F'GF has the traces of JG with J = I - 11'/N, and
        JG = (I - r JW)^-1 JW, which stays finite up to r = 1, where G does not.
        """
        if projected and self._dense is not None:
            G = self._projected()
            return Traces(float(np.trace(G)), float(np.einsum("ij,ji->", G, G)), float(np.vdot(G, G)), G.diagonal())
        n = self.spectrum.n
        g = gg = gtg = 0.0
        diagonal = np.empty(n)
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            G = self._block(start, stop)
            diagonal[start:stop] = G[np.arange(start, stop), np.arange(stop - start)]
            g += diagonal[start:stop].sum()
            gg += self._squared_trace(G, start, stop)
            if projected:
                G = G - G.mean(axis=0)
                diagonal[start:stop] = G[np.arange(start, stop), np.arange(stop - start)]
            gtg += float(np.vdot(G, G))
        if projected:
            unit = 1.0 / (1.0 - self.r)
            g, gg = g - unit, gg - unit**2
        return Traces(float(g), float(gg), gtg, diagonal)

    def _projected(self) -> Array:
        """Return JG, shape (N, N), without forming G."""
        W = self.spectrum.matrix.toarray()
        JW = W - W.mean(axis=0)
        return np.asarray(np.linalg.solve(np.eye(len(W)) - self.r * JW, JW))

    def _squared_trace(self, G: Array, start: int, stop: int) -> float:
        """Sum of the diagonal of GG over the columns of one block."""
        if self._dense is not None:
            return float(np.einsum("ji,ij->", self._dense[start:stop], G))
        GG = self._columns(G)
        return float(GG[np.arange(start, stop), np.arange(stop - start)].sum())

    @cached_property
    def _dense(self) -> Array | None:
        """G itself where N is moderate; None for a large sparse W, which is solved block by block."""
        if self.spectrum.eigenvalues is None:
            return None
        W = self.spectrum.matrix.toarray()
        return np.asarray(np.linalg.solve(np.eye(len(W)) - self.r * W.T, W.T).T)

    @cached_property
    def _factor(self) -> linalg.SuperLU:
        W = self.spectrum.matrix
        return linalg.splu((sparse.eye_array(W.shape[0]) - self.r * W).tocsc(), permc_spec="MMD_AT_PLUS_A")

    def _block(self, start: int, stop: int) -> Array:
        """Return columns start..stop of G."""
        if self._dense is not None:
            return self._dense[:, start:stop]
        return self._columns(_unit_columns(self.spectrum.n, start, stop))

    def _columns(self, Z: Array) -> Array:
        """Return G Z for Z of shape (N, m)."""
        if self._dense is not None:
            return np.asarray(self._dense @ Z)
        return np.asarray(self.spectrum.matrix @ self._factor.solve(Z))


def _unit_columns(n: int, start: int, stop: int) -> Array:
    """Columns start..stop of the identity matrix."""
    out = np.zeros((n, stop - start))
    out[np.arange(start, stop), np.arange(stop - start)] = 1.0
    return out


def filtered(spectrum: Spectrum, r: float, Z: Array) -> Array:
    """Return (I - rW) applied to every period; Z is (T, N) or (T, N, k)."""
    return Z - r * spatial_lag(operator(spectrum.matrix), Z)
