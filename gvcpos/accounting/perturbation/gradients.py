"""The derivative of an index by every cell of a table, kept as a few factors instead of n³ numbers.

When Z and Y move by δZ and δY, output being the row sums and value added what closes the columns, index k moves by

    δI_k = Σ_t scale_k Σ_m T_km ε_m,    ε_m = Σ_i δZ_im c_i + Σ_j δZ_mj r_j + δx_m g_m + Σ_d δY_md f,

with the kernel T of `kernels`, and c and r each one vector for domestic and one for foreign cells.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.perturbation.kernels import KernelName, Kernels, apply, entries, without_own

_PARTS = ("inputs_home", "inputs_abroad", "sales_home", "sales_abroad", "output", "final_home", "final_abroad")


@dataclass(frozen=True, eq=False)
class Noise:
    """What a disturbance of the table adds up to in each cell, ε, as a linear form.

    Attributes
    ----------
    parts : ndarray, shape (7, n)
        Coefficients of the domestic and foreign inputs of a cell (by seller i), of its domestic and foreign sales (by
        buyer j), of its output, and of its domestic and foreign final sales.
    """

    parts: FloatArray

    @classmethod
    def of(cls, n: int, **coefficients: FloatArray | float) -> Noise:
        """Make it from some of the seven parts; ``inputs`` and ``sales`` and ``final`` stand for home and abroad."""
        parts = np.zeros((len(_PARTS), n))
        for name, value in coefficients.items():
            both = [f"{name}_home", f"{name}_abroad"] if name in ("inputs", "sales", "final") else [name]
            for part in both:
                parts[_PARTS.index(part)] += value
        return cls(parts)

    @property
    def buys(self) -> bool:
        """Whether inputs are in it."""
        return bool(self.parts[:2].any())

    @property
    def sells(self) -> bool:
        """Whether sales, output or final sales are in it."""
        return bool(self.parts[2:].any())


@dataclass(frozen=True, eq=False)
class Change:
    """A change of a table, its rows moving in sets.

    Attributes
    ----------
    own, abroad : ndarray, shape (n, n)
        Of domestic and of foreign cells of Z.
    home, exported : ndarray, shape (n,)
        Of domestic and foreign final sales.
    """

    own: FloatArray
    abroad: FloatArray
    home: FloatArray
    exported: FloatArray

    @classmethod
    def of(cls, dZ: FloatArray, dY: tuple[FloatArray, FloatArray], G: int, N: int) -> Change:
        """Tell domestic from foreign cells."""
        abroad = without_own(dZ, G, N)
        return cls(dZ - abroad, abroad, *dY)

    def noise(self, noise: Noise, rows: FloatArray) -> FloatArray:
        """Return what the change adds up to in each cell, ε, for each set of rows, shape (n, F).

        Parameters
        ----------
        noise : Noise
        rows : ndarray, shape (n, F)
            By how much each row takes part in each set.
        """
        c_home, c_abroad, r_home, r_abroad, g, f_home, f_abroad = noise.parts
        sold = self.own @ r_home + self.abroad @ r_abroad
        output = self.own.sum(axis=1) + self.abroad.sum(axis=1) + self.home + self.exported
        sold = sold + g * output + f_home * self.home + f_abroad * self.exported
        bought = self.own.T @ (c_home[:, None] * rows) + self.abroad.T @ (c_abroad[:, None] * rows)
        return sold[:, None] * rows + bought


@dataclass(frozen=True, eq=False)
class Term:
    """scale_k Σ_m T_km ε_m."""

    scale: FloatArray
    kernel: KernelName
    noise: Noise


@dataclass(frozen=True, eq=False)
class Gradient:
    """The value of an index in every cell and its derivative by every cell of the table.

    Attributes
    ----------
    value : ndarray, shape (n,)
    terms : tuple of Term
    """

    value: FloatArray
    terms: tuple[Term, ...]

    @classmethod
    def single(cls, value: FloatArray, kernel: KernelName, noise: Noise) -> Gradient:
        """Return the derivative that has one term."""
        return cls(value, (Term(np.ones_like(value), kernel, noise),))

    def __add__(self, other: Gradient) -> Gradient:
        return Gradient(self.value + other.value, merged([*self.terms, *other.terms]))

    def __sub__(self, other: Gradient) -> Gradient:
        return self + other.scaled(-1.0)

    def scaled(self, factor: FloatArray | float) -> Gradient:
        """Multiply by a constant of each cell."""
        return Gradient(self.value * factor, tuple(replace(t, scale=t.scale * factor) for t in self.terms))

    def __mul__(self, other: Gradient) -> Gradient:
        terms = [*self.scaled(other.value).terms, *other.scaled(self.value).terms]
        return Gradient(self.value * other.value, merged(terms))

    def __truediv__(self, other: Gradient) -> Gradient:
        """Divide; cells without a denominator get 0, their index has no number."""
        inverse = np.divide(1.0, other.value, out=np.zeros_like(other.value), where=other.value != 0)
        quotient = self.value * inverse
        terms = [*self.scaled(inverse).terms, *other.scaled(-quotient * inverse).terms]
        return Gradient(quotient, merged(terms))

    def along(self, kernels: Kernels, change: Change, rows: FloatArray) -> FloatArray:
        """Return the movement when only some rows of the table move, for several such sets of rows.

        Parameters
        ----------
        kernels : Kernels
        change : Change
            Of the whole table.
        rows : ndarray, shape (n, F)
            By how much each row takes part in each movement.

        Returns
        -------
        ndarray, shape (n, F)
        """
        out = np.zeros((kernels.n, rows.shape[1]))
        for term in self.terms:
            moved = apply(kernels[term.kernel], change.noise(term.noise, rows))
            out += term.scale[:, None] * moved
        return out

    def of_cell(self, kernels: Kernels, k: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return the derivative of index k by Z, shape (n, n), and by domestic and foreign final sales, (n,) each."""
        n, N = kernels.n, kernels.N
        country = np.arange(n) // N
        home = country[:, None] == country[None, :]
        dZ, final = np.zeros((n, n)), np.zeros((2, n))
        for term in self.terms:
            reach = term.scale[k] * entries(kernels[term.kernel], k)
            c_home, c_abroad, r_home, r_abroad, g, f_home, f_abroad = term.noise.parts
            dZ += np.where(home, c_home[:, None], c_abroad[:, None]) * reach[None, :]
            dZ += (np.where(home, r_home[None, :], r_abroad[None, :]) + g[:, None]) * reach[:, None]
            final += (np.stack([f_home, f_abroad]) + g) * reach
        return dZ, final[0], final[1]


def merged(terms: Iterable[Term]) -> tuple[Term, ...]:
    """Put terms of one kernel and one scale together."""
    out: list[Term] = []
    for term in terms:
        for i, kept in enumerate(out):
            if kept.kernel == term.kernel and np.array_equal(kept.scale, term.scale):
                out[i] = replace(kept, noise=Noise(kept.noise.parts + term.noise.parts))
                break
        else:
            out.append(term)
    return tuple(out)
