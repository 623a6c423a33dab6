"""What the innovations and the design of any fitted panel are asked, static or dynamic."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import sparse

from gvcpos._core.options import Deterministic
from gvcpos.spatial.panel.diagnostics.cross_section import cd, cd_lm, cd_local, panel_moran
from gvcpos.spatial.panel.diagnostics.normality import jarque_bera
from gvcpos.spatial.panel.diagnostics.specification import tests_frame
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, undefined
from gvcpos.spatial.panel.inputs.collinearity import condition_number, variance_inflation
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.estimation import flat
from gvcpos.spatial.weights.period_matrix import PeriodMatrix
from gvcpos.spatial.weights.periods import PeriodWeights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.results import DynamicResults
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

_LEFT = "Conservative: the spatial parameters were estimated to remove such dependence; see the conditional LM tests."


class ResidualMethods:
    """Tests of the innovations, and collinearity."""

    def cross_section(self) -> tuple[PanelTest, ...]:
        """Pesaran's CD, its scaled LM form, its local form over the neighbours of W, and pooled Moran's I.

        In a dynamic panel y_{t-1} and W y_{t-1} count as given regressors in the moments of Moran's I.
        """
        result = _result(self)
        model, e = result.model, result.estimate.resids
        t, W = model.transformation, model.weights.matrix
        note = _LEFT if model.features.spatial else ""
        return (
            cd(e, time_effects=t.time),
            cd_lm(e, time_effects=t.time),
            _cd_local(e, W, t, note),
            panel_moran(e, flat(t.within(model.design.X)), W, t, note),
        )

    def normality(self) -> PanelTest:
        """Jarque and Bera's test of the innovations, with what demeaning does to them set right."""
        result = _result(self)
        return jarque_bera(result.estimate.resids, result.model.transformation)

    def moran_by_year(self, *, permutations: int = 999, seed: int = 0) -> pd.DataFrame:
        """Moran's I of the innovations, year by year; see `gvcpos.spatial.moran_by_year`."""
        from gvcpos.spatial.moran import moran_by_year

        result = _result(self)
        entity, time = map(str, result.resids.index.names)
        W = result.model.weights
        near = dict(zip(W.times, W.each, strict=True)) if isinstance(W, PeriodWeights) else W
        return moran_by_year(result.resids, None, near, entity=entity, time=time, permutations=permutations, seed=seed)

    def unit_root(
        self,
        *,
        deterministic: Deterministic = "constant",
        lags: int | None = None,
        truncated: bool = True,
        draws: int = 1000,
        seed: int = 0,
    ) -> pd.DataFrame:
        """Pesaran's (2007) CIPS test of y, its first period included, and of every regressor; see `unit_root.cips`."""
        found = _result(self).model.unit_root(
            deterministic=deterministic, lags=lags, truncated=truncated, draws=draws, seed=seed
        )
        return tests_frame(found)

    def vif(self) -> pd.Series:
        """Variance inflation factors of the regressors once the effects are gone; missing for a constant."""
        model = _result(self).model
        found = variance_inflation(model.design.X, model.transformation)
        return pd.Series(found, index=list(model.regressors), name="vif")


def collinearity(result: SpatialPanelResults | DynamicResults) -> PanelTest:
    """Return the largest variance inflation factor as a row of the diagnostics."""
    model, vif = result.model, result.vif()
    condition = condition_number(model.design.X, model.transformation)
    note = f"The largest variance inflation is {vif.max():.4g}, of {vif.idxmax()}; condition number {condition:.4g}."
    return PanelTest("vif", "a measure: collinearity after the effects", float(vif.max()), "", 0, float("nan"), note)


def _cd_local(e: Array, W: sparse.csr_array, t: Transformation, note: str) -> PanelTest:
    """The local CD, which needs neighbours that stay the same."""
    if isinstance(W, PeriodMatrix):
        why = "W changes over time, and correlations over time are those of one pair of neighbours."
        return undefined("cd_local", "no dependence between neighbours", why)
    return cd_local(e, W, time_effects=t.time, note=note)


def _result(asked: ResidualMethods) -> SpatialPanelResults:
    return cast("SpatialPanelResults", asked)
