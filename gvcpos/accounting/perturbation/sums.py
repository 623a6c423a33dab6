"""Gradients of sums over cells, as of a stage's flows: one row a sum instead of one a cell.

With groups W, shape (R, n), the sums W I of an index move by

    δ(W I)_r = Σ_t Σ_m (W ŝ_t T_t)_rm ε_tm,

so that a term is what the sum is reached by, shape (R, n), and its disturbance. A ratio of two sums moves as any ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.perturbation.gradients import Change, Gradient, Noise
from gvcpos.accounting.perturbation.kernels import Kernels


@dataclass(frozen=True, eq=False)
class Reach:
    """Σ_m reach_rm ε_m.

    Attributes
    ----------
    reach : ndarray, shape (R, n)
    noise : Noise
    """

    reach: FloatArray
    noise: Noise


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over cells, or ratios of such sums, and their derivatives by every cell of the table.

    Attributes
    ----------
    value : ndarray, shape (R,)
    terms : tuple of Reach
    """

    value: FloatArray
    terms: tuple[Reach, ...]

    @classmethod
    def of(cls, gradient: Gradient, kernels: Kernels, groups: FloatArray) -> Sums:
        """Sum a gradient.

        Parameters
        ----------
        gradient : Gradient
        kernels : Kernels
        groups : ndarray, shape (R, n)
            By how much each cell counts in each sum.
        """
        terms = [Reach(_reached(groups * term.scale, kernels[term.kernel]), term.noise) for term in gradient.terms]
        return cls(groups @ gradient.value, tuple(terms))

    def scaled(self, factor: FloatArray) -> Sums:
        """Multiply by a constant of each sum, shape (R,)."""
        terms = tuple(replace(term, reach=factor[:, None] * term.reach) for term in self.terms)
        return Sums(self.value * factor, terms)

    def __truediv__(self, other: Sums) -> Sums:
        """Divide; a sum without denominator gets 0, it has no number."""
        inverse = np.divide(1.0, other.value, out=np.zeros_like(other.value), where=other.value != 0)
        quotient = self.value * inverse
        return Sums(quotient, _merged([*self.scaled(inverse).terms, *other.scaled(-quotient * inverse).terms]))

    def along(self, change: Change, rows: FloatArray) -> FloatArray:
        """Return the movement for several sets of rows, shape (R, F); see `Change.noise`."""
        out = np.zeros((len(self.value), rows.shape[1]))
        for term in self.terms:
            out += term.reach @ change.noise(term.noise, rows)
        return out


def _reached(rows: FloatArray, kernel: FloatArray) -> FloatArray:
    """Multiply (R, n) with a kernel."""
    if kernel.ndim == 1:
        return rows * kernel
    if kernel.ndim == 2:
        return rows @ kernel
    G, N = kernel.shape[:2]
    blocks = rows.reshape(-1, G, N).transpose(1, 0, 2) @ kernel
    return np.ascontiguousarray(blocks.transpose(1, 0, 2)).reshape(rows.shape)


def _merged(terms: list[Reach]) -> tuple[Reach, ...]:
    """Put terms of one disturbance together."""
    out: list[Reach] = []
    for term in terms:
        for i, kept in enumerate(out):
            if np.array_equal(kept.noise.parts, term.noise.parts):
                out[i] = replace(kept, reach=kept.reach + term.reach)
                break
        else:
            out.append(term)
    return tuple(out)
