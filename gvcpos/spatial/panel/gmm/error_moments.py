"""Quadratic moments of a spatial error u = λMu + e: E e'Ae = 0, or a known multiple of the variance.

Every moment is a quadratic polynomial of λ, so the distance that λ minimises is a quartic: its minimum over the
admissible interval is exact and global.

Classical (Kelejian and Prucha 1999): A = I, M'M, M with E e'Ae = σ² tr A: homoskedastic innovations.
Robust (Kelejian and Prucha 2010; Arraiz et al. 2010): A = M'M − D, M − D with zero diagonals: any variances.
With means taken out, traces and diagonals are those of the projected matrices: with entity effects the moments add
T − 1 periods; with time effects D is such that J(A − D)J has the zero diagonal, J = I − 11'/N.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.gmm.two_stage import Array, Scores
from gvcpos.spatial.panel.inputs.transform import Transformation, operator, spatial_lag


@dataclass(frozen=True)
class Quadratics:
    """Moments m(λ, s) = c0 + c1 λ + c2 λ² − E s.

    Attributes
    ----------
    c : ndarray, shape (r, 3)
    E : ndarray, shape (r, p)
        What each variance adds; no column in the robust moments.
    """

    c: Array
    E: Array


@dataclass(frozen=True)
class Solution:
    """Where the moments are nearest to zero.

    Attributes
    ----------
    lam : float
    variances : ndarray, shape (p,)
    distance : float
    D : ndarray, shape (r, 1 + p)
        Derivatives of the moments, sign turned: lambda first.
    influence : ndarray, shape (1 + p, r)
        What the moments do to the estimate.
    """

    lam: float
    variances: Array
    distance: float
    D: Array
    influence: Array


def solve(moments: Quadratics, weight: Array, interval: tuple[float, float]) -> Solution:
    """Minimise m'Am over lambda and the variances.

    Parameters
    ----------
    moments : Quadratics
    weight : ndarray, shape (r, r)
    interval : (float, float)
        Admissible values of lambda.

    Raises
    ------
    EstimationError
        If a variance comes out negative.
    """
    root = np.linalg.cholesky(weight).T
    c, E = root @ moments.c, root @ moments.E
    if E.shape[1]:
        Q = np.linalg.qr(E)[0]
        c = c - Q @ (Q.T @ c)
    p = c.T @ c
    quartic = np.array([p[2, 2], 2 * p[1, 2], p[1, 1] + 2 * p[0, 2], 2 * p[0, 1], p[0, 0]])
    roots = np.roots(np.polyder(quartic))
    inside = [float(r.real) for r in roots if abs(r.imag) < 1e-7 * (1 + abs(r)) and interval[0] < r.real < interval[1]]
    trial = np.array([*inside, *interval])
    lam = float(trial[np.argmin(np.polyval(quartic, trial))])
    here = root @ moments.c @ np.array([1.0, lam, lam * lam])
    variances = np.linalg.lstsq(E, here, rcond=None)[0] if E.shape[1] else np.empty(0)
    if (variances <= 0.0).any():
        raise EstimationError(
            f"the moments of the spatial error give the variances {variances.tolist()} at lambda = {lam:.4f}: "
            "there may be no such component in the data. Choose other effects."
        )
    D = np.column_stack([-moments.c @ np.array([0.0, 1.0, 2.0 * lam]), moments.E])
    influence = np.linalg.solve(D.T @ weight @ D, D.T @ weight)
    return Solution(lam, variances, float(np.polyval(quartic, lam)), D, influence)


@dataclass(frozen=True)
class ErrorForms:
    """The matrices A of the moments for one M and one transformation.

    Attributes
    ----------
    matrix : csr_array, shape (N, N)
    transformation : Transformation
    robust : bool
        Zero diagonals, or the classical three.
    """

    matrix: sparse.csr_array
    transformation: Transformation
    robust: bool

    @cached_property
    def M(self) -> Array | sparse.csr_array:
        """M as what multiplies fastest."""
        return operator(self.matrix)

    @cached_property
    def _columns(self) -> tuple[Array, Array]:
        """Sums and sums of squares of the columns of M."""
        return np.asarray(self.matrix.sum(axis=0)).ravel(), np.asarray(self.matrix.power(2).sum(axis=0)).ravel()

    @cached_property
    def diagonals(self) -> tuple[Array, Array]:
        """D of M'M and of M: what is taken from their diagonals, shapes (N,)."""
        sums, squares = self._columns
        if not self.transformation.time:
            return squares, self.matrix.diagonal()
        n = len(sums)
        return _undiagonal(squares - sums**2 / n), _undiagonal(self.matrix.diagonal() - sums / n)

    @cached_property
    def traces(self) -> tuple[float, float]:
        """tr M'M and tr M, of the projected M with time effects."""
        sums, squares = self._columns
        drop = self.transformation.time / len(sums)
        return float(squares.sum() - drop * (sums**2).sum()), float(self.matrix.diagonal().sum() - drop * sums.sum())

    def lags(self, u: Array) -> tuple[Array, Array, Array]:
        """Return u, Mu and MMu with the effects taken out, each (T, N), for u (T, N) as it is."""
        one = spatial_lag(self.M, u)
        within = self.transformation.within
        return within(u), within(one), within(spatial_lag(self.M, one))

    def quadratics(self, u: Array) -> Quadratics:
        """Return the moments of residuals u, shape (T, N), effects still in them."""
        u0, u1, u2 = self.lags(u)
        n, t = self.transformation.nobs, self.transformation
        first = square(u1, u2) - (self.diagonals[0] @ square(u0, u1, over=0) if self.robust else 0.0)
        second = product(u0, u1, u2) - (self.diagonals[1] @ square(u0, u1, over=0) if self.robust else 0.0)
        if self.robust:
            return Quadratics(np.stack([first, second]) / n, np.empty((2, 0)))
        units = t.units - t.drop_unit
        E = np.array([1.0, self.traces[0] / units, self.traces[1] / units])
        return Quadratics(np.stack([square(u0, u1), first, second]) / n, E[:, None])

    def adjoints(self, e: Array) -> list[Array]:
        """Return (A + A')e of every moment, each (T, N), for innovations e (T, N) without effects."""
        moved = self.transformation.within(spatial_lag(self.M, e))
        back = self.matrix.T.tocsr()
        first, second = 2.0 * spatial_lag(back, moved), moved + spatial_lag(back, e)
        if self.robust:
            d1, d2 = self.diagonals
            return [first - 2.0 * d1 * e, second - 2.0 * d2 * e]
        return [2.0 * e, first, second]

    def variance(self, e: Array, scores: Scores, sigma2: float | None = None) -> Array:
        """Return n times the variance of the moments at the true regression, shape (r, r).

        `sigma2` is that of equal variances, by default of e itself.

        Notes
        -----
        Robust: sum over pairs of units of B_ij² E(sum_t e_it e_jt)² / 2, B = A + A': no assumption on variances, nor,
        when clustered or with entity effects, on dependence over time. Classical: normal innovations.
        """
        t, n = self.transformation, self.transformation.nobs
        sigma2 = float((e**2).sum()) / n if sigma2 is None else sigma2
        if not self.robust:
            return sigma2**2 * self.classical_variance()
        first, second = self.symmetric
        rows = np.repeat(np.arange(t.units), np.diff(first.indptr))
        pairs = np.zeros(first.nnz)
        if scores.kind == "homoskedastic":
            pairs += sigma2**2 * t.determinants
        elif scores.by_entity or t.entity:
            for period in e:
                pairs += period[rows] * period[first.indices]
            pairs *= scores.factor * pairs
        else:
            for period in e**2:
                pairs += period[rows] * period[first.indices]
        values = np.stack([first.data, second.data])
        return np.asarray((values * pairs) @ values.T) / (2.0 * n)

    def classical_variance(self) -> Array:
        """Return the matrix of KKP (2007), T_W: variances of the three moments per unit of σ⁴, shape (3, 3)."""
        t = self.transformation
        n, M = t.units - t.drop_unit, self.matrix
        MM = M.T @ M
        fourth, cross = float(MM.power(2).sum()), float(MM.multiply(M + M.T).sum())
        third = float(M.multiply(M.T).sum() + M.power(2).sum())
        if t.time:  # what J takes out has rank one: no N x N matrix is formed
            sums, size = self._columns[0], t.units
            squared, total = float(sums @ sums), float(sums.sum())
            fourth += (squared / size) ** 2 - 2.0 * float(sums @ (MM @ sums)) / size
            cross += 2.0 * total * squared / size**2 - 2.0 * float((MM @ sums).sum() + sums @ (M @ sums)) / size
            third += (total / size) ** 2 - (2.0 * float(sums @ M.sum(axis=1)) + squared) / size
        two, one = self.traces
        rows = [[2.0 * n, 2.0 * two, 2.0 * one], [2.0 * two, 2.0 * fourth, cross], [2.0 * one, cross, third]]
        return np.array(rows) / n

    @cached_property
    def symmetric(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """A + A' of the two robust moments off the diagonal, on one pattern."""
        first, second = (2.0 * (self.matrix.T @ self.matrix)).tocsr(), (self.matrix + self.matrix.T).tocsr()
        pattern = (abs(first) + abs(second)).tocoo()
        off = pattern.row != pattern.col
        shape, at = first.shape, (pattern.row[off], pattern.col[off])
        made = [sparse.csr_array((np.asarray(B[at]).ravel(), at), shape=shape) for B in (first, second)]
        return made[0], made[1]


def _undiagonal(a: Array) -> Array:
    """Return d such that J diag(d) J has the diagonal a."""
    n = len(a)
    return np.asarray((a - a.sum() / (1.0 - 1.0 / n) / n**2) / (1.0 - 2.0 / n))


def square(a: Array, b: Array, over: int | None = None) -> Array:
    """Coefficients in λ of the sum of (a − λb)²; by unit with ``over=0``, then shape (N, 3)."""
    return np.stack([(a * a).sum(axis=over), -2.0 * (a * b).sum(axis=over), (b * b).sum(axis=over)], axis=-1)


def product(a: Array, b: Array, c: Array) -> Array:
    """Coefficients in λ of the sum of (a − λb)(b − λc)."""
    return np.array([(a * b).sum(), -(b * b).sum() - (a * c).sum(), (b * c).sum()])
