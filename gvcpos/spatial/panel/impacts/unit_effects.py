"""Who affects whom: the effects of one regressor between units, S = (I − ρW)⁻¹(βI + θV), s_ij = ∂y_i / ∂x_j.

The matrix is made where it is asked for; single rows, columns and the strongest pairs of a large N come from solves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate
from gvcpos.spatial.panel.impacts.reading import Reading
from gvcpos.spatial.panel.inference.normal import normal_columns
from gvcpos.spatial.panel.inputs.design import Variable
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import Multiplier
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.weights.periods import PeriodWeights

Array = npt.NDArray[np.float64]
Places = npt.NDArray[np.signedinteger]

UNIT_EFFECTS = ("direct", "in", "out")
_BLOCK = 256
_WHOLE_UP_TO = 5000  # units; the matrix of more has to be asked for by rows, columns or top


@dataclass(frozen=True)
class UnitKernel:
    """The effects of one regressor between units.

    Attributes
    ----------
    spectrum : Spectrum
        Of W.
    V : csr_array, shape (N, N)
        What the regressor is lagged with.
    beta, theta, rho : float
    """

    spectrum: Spectrum
    V: sparse.csr_array
    beta: float
    theta: float
    rho: float

    def columns(self, start: int, stop: int) -> Array:
        """Columns start..stop of S as rows: what each of these units does to all, shape (stop − start, N)."""
        return self._from(_units(self.spectrum.n, np.arange(start, stop)))

    def chosen_columns(self, chosen: Places) -> Array:
        """Chosen columns of S as rows."""
        return self._from(_units(self.spectrum.n, chosen))

    def chosen_rows(self, chosen: Places) -> Array:
        """Chosen rows of S: e'S = (β + θV)'applied to (I − ρW')⁻¹e, shape (chosen, N)."""
        back = Multiplier(self.spectrum, self.rho).transposed_inverse_apply(_units(self.spectrum.n, chosen))
        return np.asarray(self.beta * back + self.theta * (self.V.T @ back.T).T)

    def derivatives(self, Z: Array) -> tuple[Array, Array, Array, Array]:
        """S z and its derivatives by beta, theta and rho for every row z of Z: R⁻¹z, R⁻¹Vz, R⁻¹W S z."""
        multiplier = Multiplier(self.spectrum, self.rho)
        by_beta = multiplier.inverse_apply(Z)
        by_theta = multiplier.inverse_apply(np.ascontiguousarray((self.V @ Z.T).T))
        effect = self.beta * by_beta + self.theta * by_theta
        return effect, by_beta, by_theta, multiplier.apply(effect)

    def _from(self, Z: Array) -> Array:
        moved = self.beta * Z + self.theta * np.ascontiguousarray((self.V @ Z.T).T)
        return Multiplier(self.spectrum, self.rho).inverse_apply(moved)


def _units(n: int, chosen: Places) -> Array:
    out = np.zeros((len(chosen), n))
    out[np.arange(len(chosen)), chosen] = 1.0
    return out


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    for start in range(0, n, _BLOCK):
        yield start, min(start + _BLOCK, n)


def per_unit(kernel: UnitKernel) -> Array:
    """Direct, in and out effects of every unit with derivatives by beta, theta and rho; shape (4, 3, N).

    First the effects, then their derivatives. Direct is s_ii, in Σ_j≠i s_ij (what all others do to i), out
    Σ_j≠i s_ji (what i does to all others).
    """
    n = kernel.spectrum.n
    out = np.zeros((4, 3, n))
    for start, stop in _blocks(n):
        place = np.arange(stop - start), np.arange(start, stop)
        for part, moved in enumerate(kernel.derivatives(_units(n, np.arange(start, stop)))):
            out[part, 0, start:stop] = moved[place]
            out[part, 1] += moved.sum(axis=0)
            out[part, 2, start:stop] = moved.sum(axis=1)
    out[:, 1:] -= out[:, :1]
    return out


def strongest(kernel: UnitKernel, count: int) -> tuple[Array, npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the strongest effects between different units by size: values, sources, and the units affected."""
    n = kernel.spectrum.n
    values, places = np.empty(0), np.empty(0, dtype=np.intp)
    for start, stop in _blocks(n):
        block = kernel.columns(start, stop)
        block[np.arange(stop - start), np.arange(start, stop)] = 0.0
        flat = block.ravel()
        best = np.argsort(-np.abs(flat), kind="stable")[:count]
        values, places = np.append(values, flat[best]), np.append(places, best + start * n)
        keep = np.lexsort((places, -np.abs(values)))[:count]
        values, places = values[keep], places[keep]
    return values, places // n, places % n


def kernel_of(reading: Reading, name: str, period: object | None = None) -> tuple[UnitKernel, Variable]:
    """Return the kernel of a regressor, by name, in a period where W changes.

    Raises
    ------
    LabelError
        If the name is not a regressor, or the period not one of the panel.
    InputError
        If W changes and no period is given, or a period and W does not.
    """
    variables = reading.variables
    chosen = variables[locate([name], [one.name for one in variables], "regressors")[0]]
    spectrum, V = reading.spectrum, chosen.weights
    if isinstance(reading.weights, PeriodWeights):
        if period is None:
            raise InputError(
                "who affects whom differs from period to period where weights change over time: name one with period=. "
                "effects() gives the means."
            )
        place = int(locate([str(period)], [str(time) for time in reading.weights.times], "periods")[0])
        spectrum = spectrum_of(reading.weights.each[place].matrix)
        V = V.each[place] if isinstance(V, PeriodWeights) else V
    elif period is not None:
        raise InputError(f"period={period} is for weights that change over time; these are the same in all periods.")
    return UnitKernel(spectrum, V.matrix, *reading.coefficients(chosen), reading.r), chosen


def matrix_frame(
    reading: Reading,
    variable: str,
    rows: Sequence[str] | None,
    columns: Sequence[str] | None,
    top: int | None,
    *,
    period: object | None = None,
) -> pd.DataFrame:
    """Make the frame; see `EffectMethods.effects_by_unit`."""
    kernel, ids = kernel_of(reading, variable, period)[0], list(reading.weights.ids)
    if top is not None:
        if rows is not None or columns is not None or top < 1:
            raise InputError(f"top={top} is the number of strongest pairs of all, at least 1, without rows or columns.")
        values, source, affected = strongest(kernel, top)
        names = np.array(ids, dtype=object)
        return pd.DataFrame({"source": names[source], "affected": names[affected], "effect": values})
    if rows is None and columns is None:
        if len(ids) > _WHOLE_UP_TO:
            raise InputError(f"{len(ids)} units make a matrix of {len(ids) ** 2:,} cells. Give rows, columns or top.")
        table = np.concatenate([kernel.columns(*block) for block in _blocks(len(ids))]).T
        return pd.DataFrame(table, index=pd.Index(ids, name="affected"), columns=pd.Index(ids, name="source"))
    down = ids if rows is None else list(rows)
    across = ids if columns is None else list(columns)
    i, j = locate(down, ids, "units"), locate(across, ids, "units")
    table = kernel.chosen_rows(i)[:, j] if rows is not None else kernel.chosen_columns(j).T[i]
    return pd.DataFrame(table, index=pd.Index(down, name="affected"), columns=pd.Index(across, name="source"))


def unit_frame(reading: Reading, variable: str, level: float, period: object | None = None) -> pd.DataFrame:
    """Make the frame; see `EffectMethods.unit_effects`."""
    kernel, chosen = kernel_of(reading, variable, period)
    found = per_unit(kernel)
    slopes = reading.derivatives(chosen, found[0], np.moveaxis(found[1:], 0, -1))
    columns = normal_columns(found[0], reading.errors(slopes), level)
    index = pd.MultiIndex.from_product([UNIT_EFFECTS, reading.weights.ids], names=["effect", "entity"])
    frame = pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index)
    frame.attrs.update({"errors": "delta", "level": level, "variable": variable})
    return frame
