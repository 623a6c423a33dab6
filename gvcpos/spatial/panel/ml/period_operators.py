"""G_t = W_t(I − rW_t)⁻¹ of every period: what they do to data, and the means over the periods of their traces."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier, Traces
from gvcpos.spatial.panel.ml.operators import Operators, OperatorTraces
from gvcpos.spatial.panel.ml.period_spectrum import PeriodSpectrum
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_BLOCK = 256


@dataclass(frozen=True)
class PeriodMultiplier(Multiplier):
    """The spatial multipliers of all periods; rows of an array are periods, of one panel or of several stacked.

    Attributes
    ----------
    spectrum : PeriodSpectrum
    r : float
    """

    @cached_property
    def each(self) -> tuple[Multiplier, ...]:
        """Those of the different W."""
        return tuple(Multiplier(part, self.r) for part, _ in self.spectrum.parts)

    def apply(self, Z: Array) -> Array:
        """Return G_t z_t, shape (T, N)."""
        return self._by_period("apply", Z)

    def apply_projected(self, Z: Array) -> Array:
        """Return J G_t z_t, shape (T, N), for z_t whose mean over units is zero; W_t row-normalised."""
        moved = self.apply(Z)
        return np.asarray(moved - moved.mean(axis=1, keepdims=True))

    def inverse_apply(self, Z: Array) -> Array:
        """Return (I - rW_t)^-1 z_t, shape (T, N)."""
        return self._by_period("inverse_apply", Z)

    def transposed_inverse_apply(self, Z: Array) -> Array:
        """Return (I - rW_t')^-1 z_t, shape (T, N)."""
        return self._by_period("transposed_inverse_apply", Z)

    def traces(self, *, projected: bool) -> Traces:
        """Return the means over the periods of the traces."""
        found = [one.traces(projected=projected) for one in self.each]
        shares = _periods(self.spectrum).periods.shares
        g, gg, gtg = (float(shares @ [getattr(one, name) for one in found]) for name in ("g", "gg", "gtg"))
        return Traces(g, gg, gtg, lambda: np.asarray(shares @ np.stack([one.diagonal for one in found])))

    @property
    def periods(self) -> PeriodMatrix:
        """Which W each period has."""
        return _periods(self.spectrum).periods

    def stacked_diagonal(self, *, projected: bool) -> Array:
        """Diagonals of G_t, shape (T*N,), less their column means when projected."""
        found = np.stack([one.traces(projected=projected).diagonal for one in self.each])
        return np.asarray(found[self.periods.place].reshape(-1))

    def _by_period(self, what: str, Z: Array) -> Array:
        out = np.empty(Z.shape)
        for number, rows in _periods(self.spectrum).periods.blocks(len(Z)):
            out[rows] = getattr(self.each[number], what)(np.ascontiguousarray(Z[rows]))
        return out


@dataclass(frozen=True)
class PeriodTraces(OperatorTraces):
    """Means over the periods of the traces; diagonals period by period.

    Attributes
    ----------
    single, double, square, make_diagonal
        As in `OperatorTraces`, means over the periods.
    each : tuple of OperatorTraces
    place : ndarray of int, shape (T,)
        Which of them each period has.
    """

    each: tuple[OperatorTraces, ...] = ()
    place: npt.NDArray[np.intp] | None = None

    def stacked_diagonal(self, periods: int) -> Array:
        """Diagonals of every period's operators, shape (T*N, p)."""
        parts = np.stack([one.diagonal.T for one in self.each])
        return np.asarray(parts[self.place].reshape(-1, parts.shape[2]))


@dataclass(frozen=True)
class PeriodOperators(Operators):
    """The operators of all periods; `apply` is that of `Operators`, with the multipliers of the periods."""

    def traces(self, *, projected: bool) -> OperatorTraces:
        """Return the means over the periods of the traces."""
        pairs, place = self._pairs()
        each = tuple(Operators(*pair).traces(projected=projected) for pair in pairs)
        shares = np.bincount(place) / len(place)
        single, double, square = (
            np.tensordot(shares, np.stack([getattr(one, name) for one in each]), 1)
            for name in ("single", "double", "square")
        )

        def mean() -> Array:
            return np.asarray(np.tensordot(shares, np.stack([one.diagonal for one in each]), 1))

        return PeriodTraces(single, double, square, mean, each, place)

    @property
    def periods(self) -> int:
        """Number T of periods."""
        return len(self._pairs()[1])

    def by_period(self) -> list[tuple[Operators, slice | npt.NDArray[np.intp]]]:
        """Return the operators of each different pair of W and M, and the periods that have it."""
        pairs, place = self._pairs()
        return [(Operators(*pair), np.flatnonzero(place == number)) for number, pair in enumerate(pairs)]

    def variation(self, *, projected: bool) -> float:
        """tr Ḡ² − mean tr G_t² of the lag, with Ḡ the mean of G_t: 0 where W does not change."""
        if not isinstance(self.lag, PeriodMultiplier):
            return 0.0
        n, each, shares = self.lag.spectrum.n, self.lag.each, _periods(self.lag.spectrum).periods.shares

        def mean(Z: Array) -> Array:
            moved = sum(share * one.apply(Z) for share, one in zip(shares, each, strict=True))
            return np.asarray(moved - moved.mean(axis=1, keepdims=True) if projected else moved)

        total = 0.0
        for start in range(0, n, _BLOCK):
            stop = min(start + _BLOCK, n)
            rows = np.arange(stop - start), np.arange(start, stop)
            unit = np.zeros((stop - start, n))
            unit[rows] = 1.0
            unit = unit - unit.mean(axis=1, keepdims=True) if projected else unit
            total += float(mean(mean(unit))[rows].sum())
        return total - self.lag.traces(projected=projected).gg

    def _pairs(self) -> tuple[list[tuple[Multiplier | None, Multiplier | None]], npt.NDArray[np.intp]]:
        """Different pairs of multipliers of lag and error, and which each period has."""
        sides = [_side(one) for one in (self.lag, self.error)]
        places = [place for _, place in sides if place is not None]
        periods = len(places[0])
        both = np.stack([np.zeros(periods, dtype=np.intp) if place is None else place for _, place in sides], axis=1)
        found, where = np.unique(both, axis=0, return_inverse=True)
        return [(sides[0][0][i], sides[1][0][j]) for i, j in found.tolist()], where.reshape(-1)


def _side(one: Multiplier | None) -> tuple[tuple[Multiplier | None, ...], npt.NDArray[np.intp] | None]:
    """Return the different multipliers of one parameter, and which each period has; None where one has all."""
    if isinstance(one, PeriodMultiplier):
        return one.each, _periods(one.spectrum).periods.place
    return (one,), None


def _periods(spectrum: Spectrum) -> PeriodSpectrum:
    assert isinstance(spectrum, PeriodSpectrum)
    return spectrum


def multiplier_of(spectrum: Spectrum, r: float) -> Multiplier:
    """Return the multiplier of one W, or of the W of all periods."""
    return PeriodMultiplier(spectrum, r) if isinstance(spectrum, PeriodSpectrum) else Multiplier(spectrum, r)


def operators_of(lag: tuple[Spectrum, float] | None, error: tuple[Spectrum, float] | None) -> Operators:
    """Make the operators from (spectrum, value) of rho and of lambda, of one W or of all periods."""
    found = [None if one is None else multiplier_of(*one) for one in (lag, error)]
    kind = PeriodOperators if any(isinstance(one, PeriodMultiplier) for one in found) else Operators
    return kind(*found)
