"""Effects of a dynamic panel, in the same period and once y has settled: averages, by order, by unit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError
from gvcpos._core.options import EffectErrors, EffectHorizon, choose
from gvcpos.spatial.panel.dynamics.effects import effects, effects_frame, gradient
from gvcpos.spatial.panel.dynamics.stability import radius
from gvcpos.spatial.panel.impacts.effects import Simulation
from gvcpos.spatial.panel.impacts.partition import partition_frame
from gvcpos.spatial.panel.impacts.reading import Reading
from gvcpos.spatial.panel.impacts.unit_effects import matrix_frame, unit_frame

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.results import DynamicResults


class DynamicEffectMethods:
    """Short-run effects (I − ρW)⁻¹(βI + θW), long-run effects [(1 − τ)I − (ρ + η)W]⁻¹(βI + θW).

    Where W changes over time, averages are means over the periods, in the long run of each period's W if it stayed.
    """

    def effects(
        self,
        errors: EffectErrors = "delta",
        *,
        horizon: EffectHorizon = "both",
        draws: int = 1000,
        seed: int = 0,
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Direct, indirect and total effect of every regressor, in the same period and once y has settled.

        Parameters
        ----------
        errors : {"delta", "simulation"}
            Standard errors by the delta method with exact derivatives, or from seeded draws of the parameters.
        horizon : {"both", "short", "long"}
        draws, seed : int
            For the simulation. Draws with an inadmissible rho or unstable dynamics are left out and counted in
            ``.attrs["rejected"]``; more than 1 % of them raises a `BoundaryWarning`.
        level : float
            Of the confidence interval: normal for "delta", percentiles for "simulation".

        Returns
        -------
        DataFrame
            Index (horizon, effect, variable); columns estimate, std_error, tstat, pvalue, lower, upper.

        Raises
        ------
        EstimationError
            If long-run effects are asked for and the dynamics do not die out.
        """
        choose(errors, EffectErrors, "errors")
        result = cast("DynamicResults", self)
        return effects_frame(result, errors, _horizons(result, horizon), Simulation(draws, seed, level))

    def effects_by_order(
        self, orders: int = 4, *, horizon: EffectHorizon = "both", level: float = 0.95
    ) -> pd.DataFrame:
        """Return direct, indirect and total effects by order of neighbour, with delta errors.

        Parameters
        ----------
        orders : int
            The highest power of W that is shown on its own.
        horizon : {"both", "short", "long"}
        level : float
            Of the intervals.

        Returns
        -------
        DataFrame
            Index (horizon, effect, variable, order); order "0", "1", ... are the powers of W, "rest" all higher ones,
            "all" the sum, which is that of `effects`. In the long run a power of W is reached over any number of
            periods.

        Raises
        ------
        EstimationError
            If long-run effects are asked for and the dynamics do not die out.
        """
        result = cast("DynamicResults", self)

        def one(read: Reading, *, long: bool) -> pd.DataFrame:
            spectrum, places, at = read.spectrum, result.places, read.mean
            whole = effects(spectrum, places, at[None, :], long=long)[0], gradient(spectrum, places, at, long=long)
            return partition_frame(read, whole, orders, level)

        return _by_horizon(result, horizon, one)

    def effects_by_unit(
        self,
        variable: str,
        *,
        horizon: EffectHorizon = "both",
        rows: Sequence[str] | None = None,
        columns: Sequence[str] | None = None,
        top: int | None = None,
        period: object | None = None,
    ) -> pd.DataFrame:
        """Return who affects whom: ∂y of the unit in the row by ∂x of the unit in the column.

        Parameters
        ----------
        variable : str
            A regressor.
        horizon : {"both", "short", "long"}
            The first level of the index.
        rows, columns : sequence of str, optional
            Only these units; then nothing of size N x N is formed.
        top : int, optional
            Return instead the strongest pairs of different units: source, affected, effect.
        period : label, optional
            Where W changes over time: the period whose neighbours are meant, in the long run for ever.

        Raises
        ------
        LabelError
            If a name is not a regressor or a unit.
        InputError
            If the whole matrix of more than 5000 units is asked for.
        EstimationError
            If long-run effects are asked for and the dynamics do not die out.
        """

        def one(read: Reading, *, long: bool) -> pd.DataFrame:
            return matrix_frame(read, variable, rows, columns, top, period=period)

        return _by_horizon(cast("DynamicResults", self), horizon, one)

    def unit_effects(
        self,
        variable: str,
        *,
        horizon: EffectHorizon = "both",
        level: float = 0.95,
        period: object | None = None,
    ) -> pd.DataFrame:
        """Return what x does in each unit, with delta errors.

        Parameters
        ----------
        variable : str
            A regressor.
        horizon : {"both", "short", "long"}
        level : float
            Of the intervals.
        period : label, optional
            As in `effects_by_unit`.

        Returns
        -------
        DataFrame
            Index (horizon, effect, entity); effect "direct" is that of the unit's x on its own y, "in" that of all
            other units' x on its y, "out" that of its x on all other units' y. Their means are the direct effect and,
            twice, the indirect effect of `effects`.

        Raises
        ------
        LabelError
            If the name is not a regressor.
        EstimationError
            If long-run effects are asked for and the dynamics do not die out.
        """

        def one(read: Reading, *, long: bool) -> pd.DataFrame:
            return unit_frame(read, variable, level, period)

        return _by_horizon(cast("DynamicResults", self), horizon, one)


def _by_horizon(result: DynamicResults, horizon: str, one: Callable[..., pd.DataFrame]) -> pd.DataFrame:
    """Make a frame for each horizon and put them below each other."""
    parts = {
        name: one(reading(result, long=name == "long"), long=name == "long") for name in _horizons(result, horizon)
    }
    attrs = next(iter(parts.values())).attrs
    frame = pd.concat(parts, names=["horizon"])
    frame.attrs.update(attrs)
    return frame


def reading(result: DynamicResults, *, long: bool) -> Reading:
    """Return how the effects of one horizon follow from the parameters: r = (ρ + η)/(1 − τ), c = 1 − τ in the long run.

    dr/dρ = dr/dη = 1/c, dr/dτ = r/c, dc/dτ = −1.
    """
    model, places, mean = result.model, result.places, result.params.to_numpy(float)
    tau, eta, rho = (float(places.term(name, mean[None, :])[0]) for name in ("tau", "eta", "rho"))
    r, c = ((rho + eta) / (1.0 - tau), 1.0 - tau) if long else (rho, 1.0)
    by_r, by_c = np.zeros(len(mean)), np.zeros(len(mean))
    slopes = {"rho": (1.0 / c, 0.0)}
    if long:
        slopes |= {"eta": (1.0 / c, 0.0), "tau": (r / c, -1.0)}
    for name, (of_r, of_c) in slopes.items():
        place = getattr(places, name)
        if place is not None:
            by_r[place], by_c[place] = of_r, of_c
    covariance = result.cov.to_numpy(float)
    return Reading(model.spectrum, model.weights, places.variables, mean, covariance, r, c, by_r, by_c)


def _horizons(result: DynamicResults, horizon: str) -> tuple[str, ...]:
    """Return the horizons asked for; refuse the long run where there is none."""
    choose(horizon, EffectHorizon, "horizon")
    size = radius(result.model.spectrum, result.model.lagged.dynamics(result.estimate))
    if horizon != "short" and size >= 1.0:
        raise EstimationError(
            f"long-run effects do not exist: the dynamics do not die out (spectral radius {size:.4f}). "
            "Ask for horizon='short'."
        )
    return ("short", "long") if horizon == "both" else (horizon,)
