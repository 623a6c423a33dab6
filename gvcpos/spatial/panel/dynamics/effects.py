"""Short-run and long-run effects of a dynamic panel, with errors by the delta method and by simulation.

Short run: S_k = (I − ρW)⁻¹ (β_k I + θ_k W). Long run: [(1 − τ)I − (ρ + η)W]⁻¹ (β_k I + θ_k W), which is the short-run
form at κ = (ρ + η)/(1 − τ) divided by 1 − τ (Debarsy, Ertur and LeSage 2012; Elhorst 2014, eq. 4.10). Where W changes
over time both are means over the periods, the long run that of each period's W if it stayed.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning, EstimationError, InputError
from gvcpos.spatial.panel.dynamics.stability import radii
from gvcpos.spatial.panel.impacts import gradients as impacts
from gvcpos.spatial.panel.impacts.effects import Simulation
from gvcpos.spatial.panel.inference.normal import critical_value, normal_pvalues
from gvcpos.spatial.panel.inputs.design import Variable
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.results import DynamicResults

Array = npt.NDArray[np.float64]

_REJECTED_WORTH_SAYING = 0.01


@dataclass(frozen=True)
class Places:
    """Where the parameters of the effects stand in the vector (coefficients, rho).

    Attributes
    ----------
    variables : tuple of Variable
    tau, eta, rho : int or None
        None where the model has no such term.
    """

    variables: tuple[Variable, ...]
    tau: int | None
    eta: int | None
    rho: int | None

    def term(self, name: str, sample: Array) -> Array:
        """Return tau, eta or rho of every draw, shape (m,); 0 where the model has none."""
        place = getattr(self, name)
        return np.zeros(len(sample)) if place is None else sample[:, place]


def effects(spectrum: Spectrum, places: Places, sample: Array, *, long: bool) -> Array:
    """Effects of many draws.

    Parameters
    ----------
    spectrum : Spectrum
        Of W.
    places : Places
    sample : ndarray, shape (m, p)
    long : bool

    Returns
    -------
    ndarray, shape (m, 3, variables)
        Direct, indirect, total.
    """
    r, left = _multiplier(places, sample, long)
    out = np.zeros((len(sample), 3, len(places.variables)))
    for own, members in _groups(spectrum, places):
        beta, theta = _coefficients(places, members, sample)
        out[:, :, members] = impacts.lag_effects(beta, theta, r, spectrum, own) / left[:, None, None]
    return out


def gradient(spectrum: Spectrum, places: Places, at: Array, *, long: bool) -> Array:
    """Exact derivatives (3, variables, p) of the effects with respect to the parameters, shape (p,)."""
    sample = at[None, :]
    r, left = (float(values[0]) for values in _multiplier(places, sample, long))
    out = np.zeros((3, len(places.variables), len(at)))
    for own, members in _groups(spectrum, places):
        beta, theta = (values[0] for values in _coefficients(places, members, sample))
        value = impacts.lag_effects(beta[None], theta[None], np.array([r]), spectrum, own)[0]
        full = impacts.lag_gradient(beta, theta, r, spectrum, own) / left
        for i, member in enumerate(members):
            variable = places.variables[member]
            out[:, member, variable.own] += full[:, i, i]
            if variable.lag is not None:
                out[:, member, variable.lag] += full[:, i, len(members) + i]
            _through_multiplier(out[:, member], places, full[:, i, -1], value[:, i], (r, left, long))
    return out


def _through_multiplier(row: Array, places: Places, by_r: Array, value: Array, at: tuple[float, float, bool]) -> None:
    """Add the derivatives through κ and 1 − τ: dκ/dρ = dκ/dη = 1/(1 − τ), dκ/dτ = κ/(1 − τ)."""
    r, left, long = at
    if places.rho is not None:
        row[:, places.rho] += by_r / left
    if long and places.eta is not None:
        row[:, places.eta] += by_r / left
    if long and places.tau is not None:
        row[:, places.tau] += by_r * r / left + value / left**2


def _multiplier(places: Places, sample: Array, long: bool) -> tuple[Array, Array]:
    """Return κ and 1 − τ of the long run, or ρ and 1 of the short run."""
    rho = places.term("rho", sample)
    if not long:
        return rho, np.ones(len(sample))
    left = 1.0 - places.term("tau", sample)
    return (rho + places.term("eta", sample)) / left, left


def _groups(spectrum: Spectrum, places: Places) -> list[tuple[object, list[int]]]:
    """Return the variables that are lagged with the same weights; None for those of the spatial lag itself."""
    found: dict[int, list[int]] = {}
    for i, variable in enumerate(places.variables):
        found.setdefault(id(variable.weights), []).append(i)
    matrices = [places.variables[members[0]].weights.matrix for members in found.values()]
    return [
        (None if _same(matrix, spectrum.matrix) else matrix, members)
        for matrix, members in zip(matrices, found.values(), strict=True)
    ]


def _same(one: object, other: object) -> bool:
    """Whether two matrices are one, or equal in every period."""
    return one is other or (isinstance(one, PeriodMatrix) and isinstance(other, PeriodMatrix) and one.key == other.key)


def _coefficients(places: Places, members: list[int], sample: Array) -> tuple[Array, Array]:
    """Return beta and theta of some variables, shape (m, variables); theta is 0 where there is no lag."""
    theta = np.zeros((len(sample), len(members)))
    for i, member in enumerate(members):
        lag = places.variables[member].lag
        if lag is not None:
            theta[:, i] = sample[:, lag]
    return sample[:, [places.variables[member].own for member in members]], theta


def effects_frame(result: DynamicResults, errors: str, horizons: tuple[str, ...], plan: Simulation) -> pd.DataFrame:
    """Make the frame; see `DynamicResults.effects`."""
    spectrum, places = result.model.spectrum, result.places
    at, cov = result.params.to_numpy(float), result.cov.to_numpy(float)
    z = critical_value(plan.level)
    attrs: dict[str, object] = {"errors": errors, "level": plan.level}
    drawn = np.empty((0, len(at)))
    if errors == "simulation":
        drawn = _draws(result, at, cov, plan, "long" in horizons)
        attrs |= {"draws": plan.draws, "seed": plan.seed, "rejected": plan.draws - len(drawn)}
    parts = {}
    for horizon in horizons:
        long = horizon == "long"
        estimate = effects(spectrum, places, at[None, :], long=long)[0]
        if errors == "delta":
            std = impacts.delta_errors(gradient(spectrum, places, at, long=long), cov)
            tstats = np.divide(estimate, std, out=np.full_like(estimate, np.nan), where=std > 0.0)
            pvalues, lower, upper = normal_pvalues(tstats), estimate - z * std, estimate + z * std
        else:
            sample = effects(spectrum, places, drawn, long=long)
            std, tstats, pvalues = (
                sample.std(axis=0, ddof=1),
                np.full_like(estimate, np.nan),
                impacts.sign_pvalues(sample),
            )
            lower, upper = np.quantile(sample, [0.5 - plan.level / 2.0, 0.5 + plan.level / 2.0], axis=0)
        columns = {"estimate": estimate, "std_error": std, "tstat": tstats, "pvalue": pvalues}
        parts[horizon] = _frame(places.variables, columns | {"lower": lower, "upper": upper})
    frame = pd.concat(parts, names=["horizon"])
    frame.attrs.update(attrs)
    return frame


def _draws(result: DynamicResults, at: Array, cov: Array, plan: Simulation, long: bool) -> Array:
    """Draw parameters; keep those with an admissible rho and, for the long run, stable dynamics."""
    if plan.draws < 2:
        raise InputError(f"draws={plan.draws}: at least 2 are needed for a standard error.")
    spectrum, places = result.model.spectrum, result.places
    sample = impacts.simulate(at, cov, plan.draws, plan.seed, None)
    rho = places.term("rho", sample)
    kept = (rho > spectrum.interval[0]) & (rho < spectrum.interval[1])
    if long:
        kept &= radii(spectrum, places.term("tau", sample), places.term("eta", sample), rho) < 1.0
    rejected = int((~kept).sum())
    if plan.draws - rejected < 2:
        raise EstimationError(f"{rejected} of {plan.draws} draws are not stable: no effects to average.")
    if rejected > _REJECTED_WORTH_SAYING * plan.draws:
        warnings.warn(
            f"{rejected} of {plan.draws} draws have a rho that is not admissible or dynamics that do not die out, and "
            "were left out of the effects.",
            BoundaryWarning,
            stacklevel=4,
        )
    return sample[kept]


def _frame(variables: tuple[Variable, ...], columns: dict[str, Array]) -> pd.DataFrame:
    """Put (3, k) arrays in a frame on (effect, variable)."""
    names = [variable.name for variable in variables]
    index = pd.MultiIndex.from_product([impacts.EFFECTS, names], names=["effect", "variable"])
    return pd.DataFrame({name: values.reshape(-1) for name, values in columns.items()}, index=index)
