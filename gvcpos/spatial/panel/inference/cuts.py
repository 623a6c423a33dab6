"""The likelihood cut along lambda and phi: all that is known of rho, beta and sigma at each value of these.

Given lambda, the residual sum of squares is a quadratic in rho, and beta is normal about a line in rho:
RSS(ρ) = s₀ − 2ρ s₁ + ρ² s₂, β̂(ρ) = m₀ − ρ m₁, with the covariance σ² (X*'X*)⁻¹, X* = (I − λM)X. A coefficient c'β that
is held at another value ψ adds (ψ − c'β̂)² / c'(X*'X*)⁻¹c to RSS, so that its profile is known in closed form.

With random effects all this holds at given lambda and phi, X* whitened by Ω^-½. phi is looked at as
root = √log(1 + T phi), in which the likelihood is even: phi = 0 is no edge but the middle.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.climb import EDGE
from gvcpos.spatial.panel.ml.likelihood import Moments
from gvcpos.spatial.panel.ml.logdet import LogDeterminant

Array = npt.NDArray[np.float64]
Ends = tuple[float, float]


class Sliced(Protocol):
    """What a concentrated likelihood must tell for cuts of it."""

    @property
    def lag(self) -> LogDeterminant | None:
        """log|I − ρW|."""

    @property
    def error(self) -> LogDeterminant | None:
        """log|I − λM|."""

    @property
    def nobs(self) -> int:
        """Observations of the likelihood."""

    @property
    def determinants(self) -> int:
        """How often the log-determinants enter it."""

    @property
    def basis(self) -> Moments:
        """Whose b and R lead back from the basis of X to beta."""

    @property
    def widest(self) -> float:
        """The largest root; 0 without random effects."""

    def products(self, lam: Array, root: Array) -> tuple[Array, Array]:
        """Return cross-products (*s, j+k, j+k) at each (lambda, root), and what K's determinant adds, shape s."""

    def near(self, lam: Ends, root: Ends) -> Sliced:
        """Return the same likelihood made ready for many points of a rectangle."""


@dataclass(frozen=True)
class Cut:
    """The likelihood of rho and beta at some values of (lambda, root), of any shape s.

    Attributes
    ----------
    rss : ndarray, shape (*s, 3)
        s₀, s₁, s₂.
    mean : ndarray, shape (*s, 2, k)
        m₀ and m₁.
    spread : ndarray, shape (*s, k, k)
        (X*'X*)⁻¹.
    rest : ndarray, shape s
        The log-determinants of lambda and phi as they enter the likelihood.
    """

    rss: Array
    mean: Array
    spread: Array
    rest: Array

    def squares(self, rho: Array) -> Array:
        """Return the residual sum of squares at each rho, shape (*s, n)."""
        s0, s1, s2 = (self.rss[..., i, None] for i in range(3))
        return np.asarray(s0 - 2.0 * rho * s1 + rho * rho * s2)


@dataclass(frozen=True)
class Surface:
    """The concentrated likelihood, made ready to be cut.

    Attributes
    ----------
    likelihood : Sliced
    size : int
        How many of its coefficients are wanted: the first ones.
    box : pair of (float, float), optional
        The values of lambda and root that are looked at, if not all.
    """

    likelihood: Sliced
    size: int
    box: tuple[Ends, Ends] | None = None

    @property
    def nobs(self) -> int:
        """Observations of the likelihood."""
        return self.likelihood.nobs

    @cached_property
    def intervals(self) -> tuple[Ends, Ends, Ends]:
        """Intervals of rho, lambda and root, without the very ends; (0, 0) for what is not there."""
        of_rho = _ends(self.likelihood.lag)
        if self.box is None:
            return of_rho, _ends(self.likelihood.error), (0.0, self.likelihood.widest)
        return of_rho, *self.box

    def within(self, lam: Ends, root: Ends) -> Surface:
        """Return the surface over a rectangle, many points of which will be looked at."""
        return replace(self, likelihood=self.likelihood.near(lam, root), box=(lam, root))

    def cut(self, lam: Array, root: Array, *, coarse: bool = False) -> Cut:
        """Cut the likelihood at each (lambda, root), whose shapes broadcast; `coarse` as `height` has it."""
        m, k = self.likelihood.basis, self.size
        j = m.b.shape[1]
        C, rest = self.likelihood.products(lam, root)
        cross, back = C[..., j:, :j], self._back
        sides = np.concatenate([cross, np.broadcast_to(back, (*C.shape[:-2], *back.shape))], axis=-1)
        try:
            solved = np.linalg.solve(C[..., j:, j:], sides)
        except np.linalg.LinAlgError:  # I − λM leaves nothing of the dummies of periods, at its edge
            none = np.linalg.slogdet(C[..., j:, j:])[0] <= 0.0
            rest = np.where(none, -np.inf, rest)
            solved = np.linalg.solve(np.where(none[..., None, None], np.eye(len(m.R)), C[..., j:, j:]), sides)
        S = C[..., :j, :j] - np.swapaxes(cross, -1, -2) @ solved[..., :j]
        mean = m.b[:k].T + np.swapaxes(back.T @ solved[..., :j], -1, -2)
        rss = np.zeros((*C.shape[:-2], 3))
        rss[..., 0] = S[..., 0, 0]
        if j == 2:
            rss[..., 1], rss[..., 2] = S[..., 0, 1], S[..., 1, 1]
        else:
            mean = np.concatenate([mean, np.zeros_like(mean)], axis=-2)
        return Cut(rss, mean, back.T @ solved[..., j:], rest + self._weigh(self.likelihood.error, lam, coarse))

    def height(self, cut: Cut, rho: Array, extra: Array | float = 0.0, *, coarse: bool = False) -> Array:
        """Return the log-likelihood at each rho, shape (*s, n), where `extra` is added to the sum of squares.

        `coarse` is for the points of a grid, which a large sparse W keeps.
        """
        n = self.nobs
        with np.errstate(divide="ignore", invalid="ignore"):
            fitted = -0.5 * n * (np.log(2.0 * np.pi / n) + 1.0 + np.log(cut.squares(rho) + extra))
            found = fitted + cut.rest[..., None] + self._weigh(self.likelihood.lag, rho, coarse)
        return np.where(np.isfinite(found), found, -np.inf)

    @cached_property
    def _back(self) -> Array:
        """R⁻' of the wanted coefficients, shape (all coefficients, k)."""
        R = self.likelihood.basis.R
        return np.asarray(np.linalg.inv(R)[: self.size].T) if len(R) else np.zeros((0, self.size))

    def _weigh(self, logdet: LogDeterminant | None, r: Array, coarse: bool) -> Array:
        """The log-determinant as it enters the likelihood."""
        if logdet is None:
            return np.zeros(np.shape(r))
        return self.likelihood.determinants * (logdet.value(r) if coarse else logdet.between(r))


def _ends(logdet: LogDeterminant | None) -> Ends:
    if logdet is None:
        return 0.0, 0.0
    lower, upper = logdet.spectrum.interval
    margin = EDGE * (upper - lower)
    return lower + margin, upper - margin
