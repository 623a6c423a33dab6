"""Tests of a panel before its model is fitted: the methods that `SpatialPanel` inherits."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.diagnostics.component_tests import component_tests
from gvcpos.spatial.panel.diagnostics.conditional_components import conditional_component_tests
from gvcpos.spatial.panel.diagnostics.cross_section import panel_moran
from gvcpos.spatial.panel.diagnostics.effect_tests import lr_effects
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, lm_tests
from gvcpos.spatial.panel.inputs.period_checks import check_periods
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.estimation import PanelArrays, flat
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.random import diagnostics as random_diagnostics

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel


class ModelTestMethods:
    """Tests on the data and on the model without spatial terms."""

    def lm_tests(self, *, durbin: bool = False) -> tuple[PanelTest, ...]:
        """LM tests for a spatial lag and error on the model without either, with the chosen effects.

        Parameters
        ----------
        durbin : bool
            Whether the model under the null contains W X.

        Returns
        -------
        tuple of PanelTest
            With fixed effects or none: lm_lag, lm_error, robust_lm_lag, robust_lm_error. With random effects, which
            are estimated first: lm_lag_random, lm_error_random (the conditional test of Baltagi, Song and Koh 2003)
            and both at once, lm_lag_error_random.

        Raises
        ------
        InputError
            If the lag model that the tests look at has no transformed likelihood with these weights.
        """
        model = _model(self)
        lag = Features(lag=True, error=False, durbin=False)
        check_periods(model.transformation, lag, model.weights, model.weights)
        panel = model.arrays_without_spatial_terms(durbin=durbin)
        return random_diagnostics.without_spatial_terms(panel) if model.random else lm_tests(panel)

    def moran(self, *, durbin: bool = False) -> PanelTest:
        """Moran's I of the least-squares residuals of the model without spatial terms, all periods pooled.

        With fixed effects or none its moments are exact for normal errors; see `cross_section.panel_moran`.
        """
        model = _model(self)
        if model.random:
            raise InputError("moran is made for fixed effects or none; with random effects use lm_tests.")
        panel, t = model.arrays_without_spatial_terms(durbin=durbin), model.transformation
        X = flat(t.within(panel.X))
        return panel_moran(_residuals(panel, t), X, model.weights.matrix, t)

    def lr_effects(self) -> tuple[PanelTest, ...]:
        """Likelihood-ratio tests of entity effects, of time effects and of both in this model; see `effect_tests`.

        Raises
        ------
        InputError
            If the effects are random.
        """
        if _model(self).random:
            raise InputError("lr_effects tests fixed effects; for random ones use lr_random of the fitted model.")
        return lr_effects(_model(self))

    def component_tests(self, *, conditional: bool = False) -> tuple[PanelTest, ...]:
        """LM tests of random effects, serial correlation and a spatial error in the pooled regression.

        Parameters
        ----------
        conditional : bool
            Whether to add bsjk_error and bsjk_random, each given the two other components, which are estimated
            first; see `conditional_components`.

        Raises
        ------
        InputError
            If there are fixed effects, which leave no random effects to test.
        """
        model = _model(self)
        if model.effects not in {"none", "random"}:
            raise InputError(
                f"component_tests look at the residuals of a pooled regression; effects={model.effects!r} are fixed. "
                "Take effects='none' or 'random', or serial_correlation of the fitted model."
            )
        panel = model.arrays_without_spatial_terms(durbin=model.features.durbin)
        found = component_tests(_residuals(panel, model.transformation), model.error_weights.matrix)
        return found + conditional_component_tests(panel.y, panel.X, panel.error_spectrum) if conditional else found


def _model(asked: ModelTestMethods) -> SpatialPanel:
    return cast("SpatialPanel", asked)


def _residuals(panel: PanelArrays, t: Transformation) -> np.ndarray:
    """Least-squares residuals with the effects taken out, shape (T, N)."""
    X, y = flat(t.within(panel.X)), flat(t.within(panel.y))
    return np.asarray((y - X @ np.linalg.lstsq(X, y, rcond=None)[0]).reshape(panel.y.shape))
