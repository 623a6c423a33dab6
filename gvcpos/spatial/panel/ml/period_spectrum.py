"""The spectrum of weights that change over time: one spectrum a different W, averaged over the periods.

sum_t log|I − rW_t| = T · mean_t log|I − rW_t|, so that a likelihood written with T times the log-determinant of one W
holds with the mean in its place; so do its traces (Lee and Yu 2012, Spatial Economic Analysis 7:31; Wang and Yu 2015,
Economics Letters 128:95).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from gvcpos._core.errors import EstimationError
from gvcpos.spatial.panel.ml import logdet
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]

_KEPT = 4
_cache: OrderedDict[str, PeriodSpectrum] = OrderedDict()


@dataclass(frozen=True)
class PeriodSpectrum(Spectrum):
    """What the likelihood needs to know about W_1, ..., W_T.

    Attributes
    ----------
    matrix : PeriodMatrix
        Where a `Spectrum` has one csr_array.
    eigenvalues : ndarray or None
        Those of all different W together; None where one is large and sparse.
    interval : (float, float)
        Where I - rW_t is non-singular in every period: the intersection.
    each : tuple of Spectrum
        Of the different W.
    """

    each: tuple[Spectrum, ...] = ()

    @property
    def periods(self) -> PeriodMatrix:
        """The matrices of all periods."""
        return cast(PeriodMatrix, self.matrix)

    @property
    def parts(self) -> tuple[tuple[Spectrum, float], ...]:
        """Every different W's spectrum with its share of the periods."""
        return tuple(zip(self.each, self.periods.shares.tolist(), strict=True))

    @cached_property
    def row_sums(self) -> Array:
        """Sums of the rows in every period, shape (T, N)."""
        return self.periods.row_sums()


def spectrum_of(matrix: sparse.csr_array | PeriodMatrix) -> Spectrum:
    """Return the spectrum of W, or of the W of all periods, from the kept ones if they were seen before.

    Raises
    ------
    EstimationError
        If some W has no positive real eigenvalue, so that r has no admissible interval.
    """
    if not isinstance(matrix, PeriodMatrix):
        return logdet.spectrum(matrix)
    if matrix.key not in _cache:
        _cache[matrix.key] = _compute(matrix)
        if len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(matrix.key)
    return _cache[matrix.key]


def forget() -> None:
    """Drop all kept spectra, as for timing."""
    _cache.clear()
    logdet.forget()


def changes(spectrum: Spectrum) -> bool:
    """Whether the weights differ between periods."""
    return isinstance(spectrum, PeriodSpectrum)


def _compute(matrix: PeriodMatrix) -> PeriodSpectrum:
    each = tuple(logdet.spectrum(one) for one in matrix.distinct)
    lower, upper = max(one.interval[0] for one in each), min(one.interval[1] for one in each)
    if not lower < 0.0 < upper:
        raise EstimationError(f"the admissible intervals of the periods' W have only ({lower}, {upper}) in common.")
    known = [one.eigenvalues for one in each if one.eigenvalues is not None]
    roots = cast(logdet.Roots, np.concatenate(known)) if len(known) == len(each) else None
    return PeriodSpectrum(cast(sparse.csr_array, matrix), roots, (lower, upper), each)
