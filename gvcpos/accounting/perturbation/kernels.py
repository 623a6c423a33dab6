"""The matrices that carry a disturbance of one cell to the indices of all others.

With H = (x̂ − Z)⁻¹ and K = (x̂ − Z^D)⁻¹, the same of each country alone, every vector index moves by K or H, by a product
of them, or by the transpose of one, times what the disturbance does where it happens. Some of these matrices are
diagonal, some have a block for every country, some are full: an array of one, three or two dimensions says which.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem

# A kernel's name; a trailing "'" is the transpose.
KernelName = Literal["one", "K", "KxK", "KFK", "H", "K'", "KxK'", "KFK'", "H'", "HxK'"]


class Kernels:
    """The kernels of one table, each made when it is first needed.

    Parameters
    ----------
    system : LeontiefSystem
        With exporters of one size; its inverse is made.

    Attributes
    ----------
    G, N, n : int
        Countries, sectors, cells.
    scale : ndarray, shape (n,)
        Output, 1 where there is none.
    """

    def __init__(self, system: LeontiefSystem) -> None:
        sizes = set(system.blocks.sizes)
        self.system, self.G, self.N, self.n = system, system.blocks.G, sizes.pop(), system.blocks.n
        self.scale = np.where(system.x != 0, system.x, 1.0)

    def __getitem__(self, name: KernelName) -> FloatArray:
        """Return one kernel: (n,) diagonal, (G, N, N) blocks or (n, n) full."""
        if name == "one":
            return self.one
        found: FloatArray = getattr(self, f"_{name.removesuffix(chr(39))}")
        if not name.endswith("'"):
            return found
        return found.transpose(0, 2, 1) if found.ndim == 3 else found.T

    @cached_property
    def one(self) -> FloatArray:
        """The unit matrix."""
        return np.ones(self.n)

    @cached_property
    def _H(self) -> FloatArray:
        return self.system.inverse() / self.scale[:, None]

    @cached_property
    def _K(self) -> FloatArray:
        return np.asarray(self.system.L) / self.scale.reshape(self.G, self.N, 1)

    @cached_property
    def _KxK(self) -> FloatArray:
        return self._K @ (self._K * self.scale.reshape(self.G, self.N, 1))

    @cached_property
    def _KFK(self) -> FloatArray:
        """K Z^F K: from both sides by blocks only."""
        foreign = without_own(self.system.Z * (self.system.x != 0), self.G, self.N)
        right = np.empty_like(foreign)
        for s in range(self.G):
            here = slice(s * self.N, (s + 1) * self.N)
            right[:, here] = foreign[:, here] @ self._K[s]
        return apply(self._K, right)

    @cached_property
    def _HxK(self) -> FloatArray:
        """K x̂ H, named by its transpose H' x̂ K'."""
        return apply(self._K, self._H * self.scale[:, None])


def without_own(matrix: FloatArray, G: int, N: int) -> FloatArray:
    """Return a copy of (n, n) whose diagonal blocks are 0."""
    out = np.array(matrix)
    every = np.arange(G)
    out.reshape(G, N, G, N)[every, :, every, :] = 0.0
    return out


def own(matrix: FloatArray, G: int, N: int) -> FloatArray:
    """Return the diagonal blocks of (n, n), shape (G, N, N)."""
    every = np.arange(G)
    return matrix.reshape(G, N, G, N)[every, :, every, :]


def apply(kernel: FloatArray, columns: FloatArray) -> FloatArray:
    """Multiply a kernel with (n,) or (n, k)."""
    if kernel.ndim == 1:
        return (kernel * columns.T).T
    if kernel.ndim == 2:
        return kernel @ columns
    G, N = kernel.shape[:2]
    return (kernel @ columns.reshape(G, N, -1)).reshape(columns.shape)


def thinned(kernel: FloatArray, like: FloatArray) -> FloatArray:
    """Return the entries of a kernel where the sparser of the two has any, in the layout of that one."""
    if kernel.ndim == like.ndim or _density(kernel) <= _density(like):
        return kernel
    if like.ndim == 1:
        return np.einsum("gii->gi", kernel).ravel() if kernel.ndim == 3 else kernel.diagonal()
    return own(np.ascontiguousarray(kernel), *like.shape[:2])


def _density(kernel: FloatArray) -> int:
    """0 for diagonal, 1 for blocks, 2 for full."""
    return {1: 0, 3: 1, 2: 2}[kernel.ndim]


def pairwise(left: FloatArray, right: FloatArray, weights: FloatArray) -> FloatArray:
    """Return Σ_m left_km right_km weights_m for every k, shape (n,)."""
    a, b = thinned(left, right), thinned(right, left)
    if a.ndim == 1:
        return a * b * weights
    if a.ndim == 3:
        return np.einsum("gkm,gkm,gm->gk", a, b, weights.reshape(a.shape[:2])).ravel()
    return np.asarray((a * b) @ weights)


def entries(kernel: FloatArray, k: int) -> FloatArray:
    """Return row k of a kernel, shape (n,)."""
    if kernel.ndim == 2:
        return np.asarray(kernel[k])
    n = kernel.size if kernel.ndim == 1 else kernel.shape[0] * kernel.shape[1]
    out = np.zeros(n)
    if kernel.ndim == 1:
        out[k] = kernel[k]
    else:
        N = kernel.shape[1]
        s = k // N
        out[s * N : (s + 1) * N] = kernel[s, k % N]
    return out
