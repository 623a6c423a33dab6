"""Traces of the derivatives of the covariance of the filtered data under random effects.

Between units the covariance K moves with a parameter by S = X + X', X = A K + ½ K', where A is the operator of the
parameter (G̃ for rho, H for lambda, nothing for phi) and K' the derivative of K itself. The information needs
½ tr K⁻¹S, ½ tr K⁻¹S K⁻¹S, and, where innovations are not normal, the diagonals of K⁻¹X K⁻¹. Deviations are moved by
the operators alone. Where weights change over time the operators A_t of a period do not go with the mean over time;
K is (1 + c)I then, c = T phi, and tr A_aA_b + tr Ω⁻¹A_aΩA_b' has besides the sum of every period's the term
c²/(1 + c) times mean tr A_atA_bt' less tr Ā_aĀ_b', Ā the mean over the periods. Effects at home beside an error are in
`period_traces`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces
from gvcpos.spatial.panel.ml.period_operators import PeriodOperators
from gvcpos.spatial.panel.random.kernel import Kernel, ScalarKernel

Array = npt.NDArray[np.float64]
Linear = Callable[[Array], Array]  # (N, m) to (N, m)

_BLOCK = 256


@dataclass(frozen=True)
class Traces:
    """What moves a covariance with each parameter: K of the means (`expected_traces`), or Ω of all data (`forms`).

    Attributes
    ----------
    single : ndarray, shape (q,)
        ½ tr K⁻¹K_a.
    double : ndarray, shape (q, q)
        ½ tr K⁻¹K_aK⁻¹K_b.
    make_diagonals : callable
        What computes `diagonals`: for a large W dear, and seldom asked for.
    """

    single: Array
    double: Array
    make_diagonals: Callable[[], tuple[Array, Array]]

    @cached_property
    def diagonals(self) -> tuple[Array, Array]:
        """Diagonals by parameter in innovations and in effects.

        Of means those of K⁻¹X_a K⁻¹ and of L'K⁻¹X_a K⁻¹L, shape (q, N) each; L takes the effects to the filtered data.
        Of all data those of ½ Ω⁻¹Ω_aΩ⁻¹, shapes (T*N, q+1) and (N, q+1); the last is of ½ Ω⁻¹.
        """
        return self.make_diagonals()


def expected_traces(kernel: Kernel, ops: Operators, within: OperatorTraces | None) -> Traces:
    """Return the traces of (rho, lambda, phi), as far as the model has them.

    Parameters
    ----------
    kernel : Kernel
    ops : Operators
    within : OperatorTraces or None
        Traces of the operators alone; None in a model without spatial parameters.
    """
    if isinstance(kernel, ScalarKernel):
        return _scalar(kernel, within)
    lag, error = ops.lag is not None, ops.error is not None
    terms: list[Linear] = []

    def moved(Z: Array, place: int) -> Array:
        return np.ascontiguousarray(ops.apply(np.ascontiguousarray(kernel.apply(Z).T))[place].T)

    if lag:
        terms.append(lambda Z: moved(Z, 0))
    if error:
        terms.append(lambda Z: moved(Z, int(lag)) + 0.5 * kernel.by_lam(Z))
    terms.append(lambda Z: 0.5 * kernel.by_phi(Z))
    return between_traces(kernel, terms)


def _scalar(kernel: ScalarKernel, t: OperatorTraces | None) -> Traces:
    """K = I/w: the traces are those of the operators, with phi's T w / 2 times the identity beside them."""
    n, w, half = kernel.units, kernel.weight, 0.5 * kernel.periods * kernel.weight
    single, double = np.array([half * n]), np.array([[2.0 * half**2 * n]])
    if t is not None:
        cross = 2.0 * half * t.single[:, None]
        single = np.append(t.single, single)
        double = np.block([[t.double, cross], [cross.T, double]])

    def diagonals() -> tuple[Array, Array]:
        """Put them together where they are asked for."""
        own = np.full((1, n), half)
        both = w * (own if t is None else np.vstack([t.diagonal, own]))
        return both, both

    return Traces(single, double, diagonals)


def between_traces(kernel: Kernel, terms: Sequence[Linear]) -> Traces:
    """Return the traces for X given as products, a block of columns at a time.

    tr K⁻¹X_a K⁻¹X_b' is the sum of the elementwise product of K⁻¹X_a K⁻¹ and X_b, so nothing is transposed.
    """
    n, q = kernel.units, len(terms)
    single, double = np.zeros(q), np.zeros((q, q))
    own, effect = np.empty((q, n)), np.empty((q, n))
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        unit = np.zeros((n, stop - start))
        unit[np.arange(start, stop), np.arange(stop - start)] = 1.0
        rows = np.arange(start, stop), np.arange(stop - start)
        inverse, reached = kernel.solve(unit), kernel.solve(kernel.loading(unit))
        plain = [X(unit) for X in terms]
        solved = [kernel.solve(Z) for Z in plain]
        for a, X in enumerate(terms):
            both = kernel.solve(X(inverse))
            own[a, start:stop] = both[rows]
            effect[a, start:stop] = (reached * X(reached)).sum(axis=0)
            single[a] += solved[a][rows].sum()
            for b in range(q):
                double[a, b] += kernel.solve(X(solved[b]))[rows].sum() + float(np.vdot(both, plain[b]))
    return Traces(single, (double + double.T) / 2.0, lambda: (own, effect))


def forms(kernel: Kernel, ops: Operators, within: OperatorTraces | None) -> Traces:
    """Put the forms together from deviations, which the operators alone move, and from means; see `expected_traces`."""
    T, p, between = kernel.periods, ops.count, expected_traces(kernel, ops, within)
    single, double = between.single.copy(), between.double.copy()
    if within is not None:
        single[:p] += (T - 1) * within.single
        double[:p, :p] += (T - 1) * within.double
        if isinstance(ops, PeriodOperators):
            double[:p, :p] += kernel.shared**2 / (1.0 + kernel.shared) * _spread(ops)

    def diagonals() -> tuple[Array, Array]:
        """Spread the diagonals over the periods."""
        deviation, (inverse, shared) = 1.0 - 1.0 / T, _inverse_diagonals(kernel)
        of_means, of_effects = between.diagonals
        own = np.column_stack([of_means.T / T, 0.5 * (deviation + inverse / T)])
        if within is not None:
            own[:, :p] += deviation * within.diagonal.T
        wide = np.tile(own, (T, 1))
        if within is not None and isinstance(ops, PeriodOperators):  # K is a multiple of the identity
            wide[:, :p] = (deviation + 1.0 / (T * (1.0 + kernel.shared))) * within.stacked_diagonal(T)
        return wide, np.column_stack([T * of_effects.T, 0.5 * T * shared])

    return Traces(single, double, diagonals)


def _spread(ops: PeriodOperators) -> Array:
    """Return the mean over the periods of tr A_aA_b' less that of the mean operators, shape (p, p)."""
    units = next(one.spectrum.n for one in (ops.lag, ops.error) if one is not None)
    pairs = [(each, len(np.arange(ops.periods)[rows]) / ops.periods) for each, rows in ops.by_period()]
    total = np.zeros((ops.count, ops.count))
    for start in range(0, units, _BLOCK):
        unit = np.eye(min(_BLOCK, units - start), units, start)
        mean = np.zeros((ops.count, *unit.shape))
        for each, share in pairs:
            moved = np.stack(each.apply(unit))
            mean += share * moved
            total += share * np.einsum("amn,bmn->ab", moved, moved)
        total -= np.einsum("amn,bmn->ab", mean, mean)
    return total


def _inverse_diagonals(kernel: Kernel) -> tuple[Array, Array]:
    """Return the diagonals of K⁻¹ and of L'K⁻¹L, shape (N,) each."""
    if isinstance(kernel, ScalarKernel):
        return np.full(kernel.units, kernel.weight), np.full(kernel.units, kernel.weight)
    own, effect = between_traces(kernel, [kernel.apply]).diagonals
    return own[0], effect[0]
