"""From variances of cells to variances of indices: gradients squared and summed, without forming them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.perturbation.gradients import Gradient, Noise, Term
from gvcpos.accounting.perturbation.kernels import KernelName, Kernels, own, pairwise, thinned, without_own
from gvcpos.accounting.perturbation.sums import Sums


@dataclass(frozen=True, eq=False)
class TableErrors:
    """Standard deviations of the cells of a table.

    Attributes
    ----------
    Z : ndarray, shape (n, n)
    final_home, final_abroad : ndarray, shape (n,)
        Of final sales of each cell at home and abroad (root of the sum of squares over destinations and categories).
    """

    Z: FloatArray
    final_home: FloatArray
    final_abroad: FloatArray


@dataclass(frozen=True, eq=False)
class CellVariances:
    """Contracts gradients with the variances of independent cells.

    Attributes
    ----------
    kernels : Kernels
    errors : TableErrors

    Notes
    -----
    Var I_k = Σ_ij (∂I_k/∂Z_ij)² σ_ij² + the same for Y. A gradient is a sum of terms by rows and by columns of the
    table. Products of two of a kind need matrix-vector products with σ². Products of a row and a column term are
    Σ_i T_ki c_i (V S')_ki with S = σ²: one product of n × n matrices for each full kernel V, kept for all indices.
    """

    kernels: Kernels
    errors: TableErrors
    _kept: dict[KernelName, FloatArray] = field(default_factory=dict)

    @cached_property
    def _home(self) -> FloatArray:
        """σ² of domestic cells, (G, N, N)."""
        return own(self.errors.Z, self.kernels.G, self.kernels.N) ** 2

    @cached_property
    def _abroad(self) -> FloatArray:
        """σ² of foreign cells, (n, n), own blocks 0."""
        return without_own(self.errors.Z, self.kernels.G, self.kernels.N) ** 2

    @cached_property
    def _final(self) -> tuple[FloatArray, FloatArray]:
        return self.errors.final_home**2, self.errors.final_abroad**2

    def variance(self, gradient: Gradient) -> FloatArray:
        """Return the variance of the index in every cell, shape (n,)."""
        total = np.zeros(self.kernels.n)
        for a, one in enumerate(gradient.terms):
            for b, other in enumerate(gradient.terms[: a + 1]):
                factor = (1.0 if a == b else 2.0) * one.scale * other.scale
                total += factor * self._product(one, other)
        return np.maximum(total, 0.0)

    def variance_of_sums(self, sums: Sums) -> FloatArray:
        """Return the variance of sums over cells, or of their ratios, shape (R,).

        Notes
        -----
        With D_ij = Σ_t c_ti R_tj + (r_tj + g_ti) R_ti, terms by rows and by columns multiply with the same of one
        another as in `variance`; of a row and a column term, Σ_ij σ²_ij c_i V_j (r_j + g_i) T_i is a product of (R, n)
        with σ², and the g of all terms go into one.
        """
        total = np.zeros(len(sums.value))
        for a, one in enumerate(sums.terms):
            for b, other in enumerate(sums.terms[: a + 1]):
                factor = 1.0 if a == b else 2.0
                total += factor * ((one.reach * other.reach) @ self._alike(one.noise, other.noise))
        sellers = [term for term in sums.terms if term.noise.sells]
        shared = sum((term.reach * term.noise.parts[4] for term in sellers), np.zeros((len(total), self.kernels.n)))
        for buyer in (term for term in sums.terms if term.noise.buys):
            total += 2.0 * (self._weighted(shared, buyer.noise) * buyer.reach).sum(axis=1)
            for seller in sellers:
                r_home, r_abroad = seller.noise.parts[2:4]
                if r_home.any() or r_abroad.any():
                    inside, across = self._parted(seller.reach, buyer.noise)
                    total += 2.0 * ((inside * r_home + across * r_abroad) * buyer.reach).sum(axis=1)
        return np.maximum(total, 0.0)

    def _weighted(self, rows: FloatArray, noise: Noise) -> FloatArray:
        inside, across = self._parted(rows, noise)
        return inside + across

    def _parted(self, rows: FloatArray, noise: Noise) -> tuple[FloatArray, FloatArray]:
        """Return Σ_i rows_ri c_i σ²_ij over domestic and over foreign cells, shape (R, n) each."""
        G, N = self.kernels.G, self.kernels.N
        c_home, c_abroad = noise.parts[:2]
        inside, across = np.zeros_like(rows), np.zeros_like(rows)
        if c_home.any():
            blocks = (rows * c_home).reshape(-1, G, N).transpose(1, 0, 2) @ self._home
            inside = blocks.transpose(1, 0, 2).reshape(rows.shape)
        if c_abroad.any():
            across = (rows * c_abroad) @ self._abroad
        return inside, across

    def _product(self, one: Term, other: Term) -> FloatArray:
        """Return Σ over cells of σ² times the two terms' derivatives, without their scales."""
        left, right = self.kernels[one.kernel], self.kernels[other.kernel]
        out = pairwise(left, right, self._alike(one.noise, other.noise))
        if one.noise.buys and other.noise.sells:
            out = out + self._crossed(one, other)
        if other.noise.buys and one.noise.sells:
            out = out + self._crossed(other, one)
        return out

    def _alike(self, a: Noise, b: Noise) -> FloatArray:
        """Return Σ_j σ²_mj of both terms' sales of m, plus Σ_i σ²_im of both terms' inputs, shape (n,)."""
        (ca, fa, ra, sa, ga, ya, za), (cb, fb, rb, sb, gb, yb, zb) = a.parts, b.parts
        out = np.zeros(self.kernels.n)
        if a.buys and b.buys:
            out += self._columns(ca * cb, fa * fb)
        if a.sells and b.sells:
            out += self._rows(ra * rb, sa * sb) + ga * gb * self._rows(np.ones_like(ga), np.ones_like(ga))
            out += ga * self._rows(rb, sb) + gb * self._rows(ra, sa)
            home, abroad = self._final
            out += home * (ya + ga) * (yb + gb) + abroad * (za + ga) * (zb + gb)
        return out

    def _rows(self, home: FloatArray, abroad: FloatArray) -> FloatArray:
        G, N = self.kernels.G, self.kernels.N
        inside = np.zeros(G * N)
        if home.any():
            inside = (self._home @ home.reshape(G, N, 1)).ravel()
        return inside + self._abroad @ abroad if abroad.any() else inside

    def _columns(self, home: FloatArray, abroad: FloatArray) -> FloatArray:
        G, N = self.kernels.G, self.kernels.N
        inside = (self._home.transpose(0, 2, 1) @ home.reshape(G, N, 1)).ravel()
        return inside + abroad @ self._abroad if abroad.any() else inside

    def _crossed(self, buyer: Term, seller: Term) -> FloatArray:
        """Return Σ_ij σ²_ij V_kj c_i T_ki (r_j + g_i), V of the term of inputs, T of that of sales."""
        V, T = self.kernels[buyer.kernel], self.kernels[seller.kernel]
        c_home, c_abroad = buyer.noise.parts[:2]
        r_home, r_abroad, g = seller.noise.parts[2:5]
        out = np.zeros(self.kernels.n)
        if g.any():
            out += self._home_product(T, c_home * g, V, None)
            out += self._abroad_product(T, c_abroad * g, V, None, buyer.kernel)
        if r_home.any():
            out += self._home_product(T, c_home, V, r_home)
        if r_abroad.any():
            out += self._abroad_product(T, c_abroad, V, r_abroad, buyer.kernel)
        return out

    def _home_product(self, T: FloatArray, a: FloatArray, V: FloatArray, b: FloatArray | None) -> FloatArray:
        """Return Σ T_ki a_i σ²_ij b_j V_kj over domestic cells."""
        if not a.any():
            return np.zeros(self.kernels.n)
        G, N = self.kernels.G, self.kernels.N
        weights = self._home * a.reshape(G, N, 1)
        if b is not None:
            weights = weights * b.reshape(G, 1, N)
        if T.ndim == 2 and V.ndim == 2:
            out = np.zeros(self.kernels.n)
            for s in range(G):
                here = slice(s * N, (s + 1) * N)
                out += np.einsum("ki,ki->k", V[:, here] @ weights[s].T, T[:, here])
            return out
        blocks = np.broadcast_to(np.eye(N), (G, N, N))
        left, right = (thinned(_blocks(m, blocks), blocks) for m in (T, V))
        return np.einsum("gki,gki->gk", right @ weights.transpose(0, 2, 1), left).ravel()

    def _abroad_product(
        self, T: FloatArray, a: FloatArray, V: FloatArray, b: FloatArray | None, name: KernelName
    ) -> FloatArray:
        """Return Σ T_ki a_i σ²_ij b_j V_kj over foreign cells; `name` is that of V."""
        if not a.any() or (T.ndim != 2 and V.ndim != 2):
            return np.zeros(self.kernels.n)  # from one's own country through a foreign cell to one's own: there is none
        if T.ndim == 2:
            reach = self._reached(V, name) if b is None else self._through(V, b)
            return np.asarray((T * reach) @ a)
        G, N = self.kernels.G, self.kernels.N
        weighted = _blocks(T, self._home) * a.reshape(G, 1, N)
        reach = (weighted @ self._abroad.reshape(G, N, -1)).reshape(self.kernels.n, -1)
        right = np.ones(self.kernels.n) if b is None else b
        return np.asarray((V * reach) @ right)

    def _reached(self, V: FloatArray, name: KernelName) -> FloatArray:
        if name not in self._kept:
            self._kept[name] = self._through(V, None)
        return self._kept[name]

    def _through(self, V: FloatArray, b: FloatArray | None) -> FloatArray:
        """Return V b̂ S', shape (n, n)."""
        if V.ndim == 2:
            return (V if b is None else V * b) @ self._abroad.T
        G, N = self.kernels.G, self.kernels.N
        blocks = _blocks(V, self._home) if b is None else _blocks(V, self._home) * b.reshape(G, 1, N)
        columns = self._abroad.T.reshape(G, N, -1)
        return (blocks @ columns).reshape(self.kernels.n, -1)


def _blocks(kernel: FloatArray, like: FloatArray) -> FloatArray:
    """Return a diagonal kernel as blocks; others as they are."""
    if kernel.ndim != 1:
        return kernel
    G, N = like.shape[:2]
    return kernel.reshape(G, N, 1) * np.eye(N)
