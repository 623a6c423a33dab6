"""G = W(I - rW)^-1: what it does to data, and the traces that the information matrix and the effects need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import linalg

from gvcpos.spatial.panel.inputs.transform import spatial_lag
from gvcpos.spatial.panel.ml.determinants import factorised, squared_trace
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.selected_inverse import diagonal_of_product, selected_inverse

Array = npt.NDArray[np.float64]

_BLOCK = 256
_BLOCKS_UP_TO = 1500  # units; above, traces come from log-determinants


@dataclass(frozen=True)
class Traces:
    """Traces of G, or of F'GF with F the orthonormal complement of the constant vector.

    Attributes
    ----------
    g, gg, gtg : float
        tr G, tr GG, tr G'G.
    make_diagonal : callable
        What computes the diagonal: for a large W dear, and seldom asked for.
    """

    g: float
    gg: float
    gtg: float
    make_diagonal: Callable[[], Array]

    @cached_property
    def diagonal(self) -> Array:
        """Diagonal of G, shape (N,), of which the column means are taken out when projected."""
        return self.make_diagonal()


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

    def apply_projected(self, Z: Array) -> Array:
        """Return JG applied to every period of Z, shape (T, N), whose means over units are zero; W row-normalised."""
        if not self._whole:
            moved = self.apply(Z)
            return moved - moved.mean(axis=1, keepdims=True)
        return np.asarray(Z @ self._projected.T)

    def inverse_apply(self, Z: Array) -> Array:
        """Return (I - rW)^-1 applied to every period of Z, shape (T, N)."""
        return Z + self.r * self.apply(Z)

    def transposed_inverse_apply(self, Z: Array) -> Array:
        """Return (I - rW')^-1 applied to every row of Z, shape (T, N)."""
        if self._dense is not None:
            return np.asarray(Z + self.r * (Z @ self._dense))
        return np.ascontiguousarray(self._factor.solve(np.ascontiguousarray(Z.T), trans="T").T)

    def transposed_apply(self, Z: Array) -> Array:
        """Return G' applied to every row of Z, shape (T, N); W and (I - rW)^-1 commute."""
        return np.asarray((self.spectrum.matrix.T @ self.transposed_inverse_apply(Z).T).T)

    @property
    def by_determinants(self) -> bool:
        """Whether traces come from log-determinants: W is large and sparse."""
        return not self._whole and self.spectrum.n > _BLOCKS_UP_TO

    def diagonal(self, *, projected: bool) -> Array:
        """Return the diagonal of G of a large sparse W, of which the column means are taken out when projected."""
        inverse = selected_inverse(self._system)
        if inverse is None:
            return self._traces_by_blocks(projected).diagonal
        found = diagonal_of_product(self.spectrum.matrix, inverse)
        n = self.spectrum.n
        return found - self.transposed_apply(np.ones((1, n)))[0] / n if projected else found

    def traces(self, *, projected: bool) -> Traces:
        """Return the traces of G, or of F'GF when W is row-normalised and time effects are gone.

        Then G maps constants to constants, F'GF has the traces of JG with J = I - 11'/N, and
        JG = (I - r JW)^-1 JW, which stays finite up to r = 1, where G does not.
        """
        if projected and self._whole:
            G = self._projected
            return Traces(float(np.trace(G)), float(np.vdot(G.T, G)), float(np.vdot(G, G)), G.diagonal)
        if self.by_determinants:
            return self._traces_of_determinants(projected)
        return self._traces_by_blocks(projected)

    def _traces_by_blocks(self, projected: bool) -> Traces:
        """Go through the columns of G."""
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
        return Traces(float(g), float(gg), gtg, lambda: diagonal)

    def _traces_of_determinants(self, projected: bool) -> Traces:
        """Take them from derivatives of log-determinants, without a column of G."""
        at, r = self.spectrum.determinants, np.array(self.r)
        g, gg = -float(at.derivative(r, 1)), -float(at.derivative(r, 2))
        gtg = squared_trace(self.spectrum.matrix, self.r, 1.0 / min(map(abs, self.spectrum.interval)))
        if projected:
            unit = 1.0 / (1.0 - self.r)
            sums = self.transposed_apply(np.ones((1, self.spectrum.n)))[0]
            # |JG|² = |G|² - |1'G|² / N, and 1'G = 1'W(I - rW)^-1 = 1'(I - rW)^-1 W.
            g, gg, gtg = g - unit, gg - unit**2, gtg - float(sums @ sums) / self.spectrum.n
        return Traces(g, gg, gtg, lambda: self.diagonal(projected=projected))

    @cached_property
    def _projected(self) -> Array:
        """JG, shape (N, N), without forming G."""
        W = self.spectrum.dense
        JW = W - W.mean(axis=0)
        return np.asarray(np.linalg.solve(np.eye(len(W)) - self.r * JW, JW))

    def _squared_trace(self, G: Array, start: int, stop: int) -> float:
        """Sum of the diagonal of GG over the columns of one block."""
        if self._dense is not None:
            return float(np.einsum("ji,ij->", self._dense[start:stop], G))
        GG = self._columns(G)
        return float(GG[np.arange(start, stop), np.arange(stop - start)].sum())

    @property
    def _whole(self) -> bool:
        """Whether G is formed: N is moderate, or W full."""
        return self.spectrum.eigenvalues is not None or isinstance(self.spectrum.operator, np.ndarray)

    @cached_property
    def _dense(self) -> Array | None:
        """G itself where N is moderate or W full; None for a large sparse W, which is solved block by block."""
        if not self._whole:
            return None
        W = self.spectrum.dense
        return np.asarray(np.linalg.solve(np.eye(len(W)) - self.r * W.T, W.T).T)

    @cached_property
    def _factor(self) -> linalg.SuperLU:
        return factorised(self._system)

    @property
    def _system(self) -> sparse.csc_array:
        W = self.spectrum.matrix
        return (sparse.eye_array(W.shape[0], format="csc") - self.r * W).tocsc()

    def _block(self, start: int, stop: int) -> Array:
        """Return columns start..stop of G."""
        if self._dense is not None:
            return self._dense[:, start:stop]
        return self._columns(np.eye(self.spectrum.n, stop - start, -start))

    def _columns(self, Z: Array) -> Array:
        """Return G Z for Z of shape (N, m)."""
        if self._dense is not None:
            return np.asarray(self._dense @ Z)
        return np.asarray(self.spectrum.matrix @ self._factor.solve(Z))


def filtered(spectrum: Spectrum, r: float, Z: Array) -> Array:
    """Return (I - rW) applied to every period; Z is (T, N) or (T, N, k)."""
    return Z - r * spatial_lag(spectrum.operator, Z)
