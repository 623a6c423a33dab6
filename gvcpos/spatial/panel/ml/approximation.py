"""Approximate log-determinants, by name: a spectrum that has a series in the place of eigenvalues and factorisations.

The likelihood, the traces of G in the information matrix and the effects (−tr G and −tr GG are the first and second
derivatives of log|I − rW|) then all come from the series; what is solved stays exact. Where all rows of W have the same
sum, the eigenvalue of the constant vector is exact and the series has the others. The interval of r is that of the
spectral radius, where the series converge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos._core.options import LogDeterminantKind, choose
from gvcpos.spatial.panel.choices import Choices
from gvcpos.spatial.panel.inputs.checks import is_random
from gvcpos.spatial.panel.inputs.transform import operator
from gvcpos.spatial.panel.ml.determinants import Determinants
from gvcpos.spatial.panel.ml.logdet import Spectrum, kept, similarity_scale, spectral_radius
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.panel.ml.series import ChebyshevSeries, TraceSeries, chebyshev_series, trace_series
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_WORDS = {"chebyshev": "Chebyshev polynomials, error at most", "traces": "Monte-Carlo traces, estimated error"}


@dataclass(frozen=True)
class SeriesDeterminants:
    """log|I − rW| from a series, with the interface of `Determinants`.

    Attributes
    ----------
    interval : (float, float)
        Of r: minus and plus the reciprocal of the spectral radius.
    unit : bool
        Whether the eigenvalue of the constant vector is exact, apart from the series.
    rest : ChebyshevSeries or TraceSeries
    """

    interval: tuple[float, float]
    unit: bool
    rest: ChebyshevSeries | TraceSeries

    @property
    def edges(self) -> Array:
        """Points from end to end that the likelihood is looked at first."""
        return Determinants(sparse.csr_array((1, 1)), self.interval).edges

    def at(self, r: float) -> float:
        """Return the approximate log|I − rW|."""
        return float(self.derivative(np.array(r), 0))

    def derivative(self, r: Array, order: int) -> Array:
        """Return it (order 0) or its first or second derivative at each r; shape of r."""
        s = np.asarray(r, dtype=float) / self.interval[1]
        found = self.rest.value(s, order)
        if self.unit:
            found = found + (np.log1p(-s) if order == 0 else -1.0 / (1.0 - s) ** order)
        return np.asarray(found / self.interval[1] ** order)

    def error(self, r: float) -> float:
        """Return the error of the log-determinant at r, by size."""
        return self.rest.error(r / self.interval[1])


@dataclass(frozen=True)
class ApproximateSpectrum(Spectrum):
    """A W whose log-determinant is approximate.

    Attributes
    ----------
    kind : {"chebyshev", "traces"}
    """

    kind: str = "chebyshev"

    @cached_property
    def determinants(self) -> SeriesDeterminants:  # type: ignore[override]
        """The series."""
        radius = 1.0 / self.interval[1]
        sums = self.row_sums
        unit = bool(np.abs(sums - radius).max() <= 1e-9 * radius)
        S = operator(cast(sparse.csr_array, self.matrix / radius))
        if self.kind == "traces":
            return SeriesDeterminants(self.interval, unit, trace_series(S, unit=unit))
        real = similarity_scale(self.matrix) is not None
        return SeriesDeterminants(self.interval, unit, chebyshev_series(S, unit=unit, real=real))


def spectrum_by_name(matrix: sparse.csr_array | PeriodMatrix, log_determinant: str) -> Spectrum:
    """Return the spectrum of W with exact or approximate log-determinants.

    Raises
    ------
    InputError
        If they are to be approximate and W changes over time.
    """
    if log_determinant == "exact":
        return spectrum_of(matrix)
    if isinstance(matrix, PeriodMatrix):
        raise InputError(
            f"log_determinant={log_determinant!r} is not available with weights that change over time: it is written "
            "for one W. Leave it at 'exact'."
        )
    return approximate_spectrum(matrix, log_determinant)


def approximate_spectrum(matrix: sparse.csr_array, log_determinant: str) -> Spectrum:
    """Return the spectrum of W with an approximate log-determinant; kept if this W was seen before.

    Parameters
    ----------
    matrix : csr_array, shape (N, N)
    log_determinant : {"chebyshev", "traces"}
    """

    def make() -> Spectrum:
        upper = 1.0 / spectral_radius(matrix)
        return ApproximateSpectrum(matrix, None, (-upper, upper), log_determinant)

    return kept(matrix, log_determinant, make)


class LogDeterminantMethods:
    """What approximate log-determinants do to the likelihood of a fitted panel."""

    @property
    def log_determinant_error(self) -> float:
        """Error of the log-likelihood, by size: that of the log-determinants at the estimate times T, or T - 1.

        A bound for "chebyshev"; for "traces" the half-width of a 95 % interval and a bound of what is cut off. 0 where
        log-determinants are exact.
        """
        result = cast("SpatialPanelResults", self)
        found, model = 0.0, result.model
        for name, value in result.estimate.spatial.items():
            one = model.spectrum if name == "rho" else model.error_spectrum
            if isinstance(one, ApproximateSpectrum):
                found += model.transformation.determinants * one.determinants.error(value)
        return found


def facts(result: SpatialPanelResults) -> tuple[tuple[str, str], ...]:
    """Say in a summary which log-determinant was taken and what it errs by; nothing where it is exact."""
    chosen = result.model.choices.log_determinant
    if chosen == "exact":
        return ()
    return (("Log-determinant", f"{_WORDS[chosen]} {result.log_determinant_error:.3g} in the log-likelihood"),)


def check_log_determinant(choices: Choices, features: Features) -> None:
    """Refuse an approximate log-determinant where there is none to approximate.

    Raises
    ------
    InputError
        For an unknown name, random effects, and slx.
    """
    kind = choose(choices.log_determinant, LogDeterminantKind, "log_determinant")
    if kind == "exact":
        return
    why = ""
    if is_random(choices.effects):
        why = "is not defined with random effects, whose likelihood has more than one determinant"
    elif not features.spatial:
        why = f"has nothing to approximate in {choices.model}"
    if why:
        raise InputError(f"log_determinant={kind!r} {why}: leave it at 'exact'.")


def refuse_approximate(log_determinant: str, what: str) -> None:
    """Refuse what needs exact log-determinants or none.

    Raises
    ------
    InputError
    """
    if log_determinant != "exact":
        raise InputError(
            f"{what} is not defined with log_determinant={log_determinant!r}: leave the panel's at 'exact'."
        )
