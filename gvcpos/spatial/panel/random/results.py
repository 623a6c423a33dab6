"""RandomPanelResults: labelled estimates of a panel with random entity effects, and their tests."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from gvcpos._core.errors import BoundaryWarning
from gvcpos._core.options import HausmanKind
from gvcpos.spatial.panel.diagnostics.tests import PanelTest
from gvcpos.spatial.panel.inference.draws import PanelBootstrap
from gvcpos.spatial.panel.inference.resampling import Recipe
from gvcpos.spatial.panel.random import bootstrap, clustered
from gvcpos.spatial.panel.random import component_tests as random_tests
from gvcpos.spatial.panel.random import hausman as random_or_fixed
from gvcpos.spatial.panel.random.estimation import RandomEstimate, fit_random
from gvcpos.spatial.panel.random.intervals import RandomIntervals
from gvcpos.spatial.panel.results import SpatialPanelResults

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]


class RandomPanelResults(RandomIntervals):
    """What `SpatialPanel.fit` found with random effects: `params` has phi = sigma2_mu / sigma2 as well.

    `resids` are the predicted innovations, y less regressors, neighbours and predicted effects.
    """

    estimate: RandomEstimate

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters: regressors, their lags (``W*x``), rho, lambda and phi."""
        return (*super().names, "phi")

    @cached_property
    def params(self) -> pd.Series:  # type: ignore[override]
        """Estimates; sigma^2 is apart, in `sigma2`."""
        found = self.estimate
        values = np.concatenate([found.beta, list(found.spatial.values()), [found.phi]])
        return pd.Series(values, index=list(self.names), name="parameter")

    @property
    def sigma2_mu(self) -> float:
        """Variance of the random effects, phi sigma2."""
        return self.estimate.sigma2_mu

    @property
    def sigma2_mu_std_error(self) -> float:
        """Standard error of `sigma2_mu` by the delta method; missing at the boundary."""
        gradient = np.array([self.sigma2, self.estimate.phi])
        return float(np.sqrt(gradient @ self.estimate.covariance[-2:, -2:] @ gradient))

    @property
    def modes(self) -> pd.DataFrame:
        """Every maximum of the likelihood found, the highest first: rho, lambda, phi, loglik, interior."""
        frame = super().modes
        frame.insert(frame.shape[1] - 2, "phi", [mode.phi for mode in self.estimate.random_modes])
        return frame

    @cached_property
    def _effects(self) -> tuple[float, Array, Array]:
        time = self.estimate.time
        return float(time.mean()), self.estimate.entity, time - time.mean()

    @property
    def entity_effects(self) -> pd.Series:
        """Best linear unbiased predictions of the random effects mu (Goldberger 1962)."""
        return pd.Series(self.estimate.entity, index=list(self.model.weights.ids), name="entity_effect")

    @property
    def estimated_effects(self) -> pd.Series:
        """What effects add to y - rho Wy, on the caller's rows: under "kkp", (I - lambda M)^-1 mu."""
        cells = self.estimate.time[:, None] + np.atleast_2d(self.estimate.entity_part)
        return self.model.data.series(cells, "estimated_effects")

    def _bootstrapped(self, recipe: Recipe, *, effects: bool, studentise: bool) -> PanelBootstrap:
        return bootstrap.run(self, recipe, effects=effects, studentise=studentise)

    def lr_random(self) -> PanelTest:
        """Likelihood-ratio test of phi = 0; see `gvcpos.spatial.panel.random.component_tests`."""
        return random_tests.lr_random(self)

    def lm_random(self) -> PanelTest:
        """One-sided LM test of phi = 0, given the model's spatial parameters; see `random_tests`."""
        return random_tests.lm_random(self)

    def hausman(self, fixed: SpatialPanelResults | None = None, *, kind: HausmanKind = "mundlak") -> PanelTest:
        """Test random against fixed effects; see `gvcpos.spatial.panel.hausman`."""
        return random_or_fixed.hausman(self, fixed, kind=kind)


def fitted(model: SpatialPanel, cov_type: str, bandwidth: int | None) -> RandomPanelResults:
    """Estimate a model with random effects; see `SpatialPanel.fit`.

    Raises
    ------
    InputError
        If the covariance is not defined for random effects.
    """
    kkp, t = model.choices.random_error == "kkp", model.transformation
    clustered.check(cov_type, bandwidth, model.features, (t.units, t.periods), kkp=kkp)
    estimate = fit_random(model.arrays, model.features, cov_type, kkp=kkp)
    model.warn_at_boundary(estimate)
    if estimate.at_zero:
        warnings.warn(
            f"{model.model} with {model.effects} effects: phi = {estimate.phi:.3g}: the variance of the random effects "
            "is at its boundary 0, so this is the model without them. phi has no standard error; the others hold phi "
            "at 0.",
            BoundaryWarning,
            stacklevel=3,
        )
    return RandomPanelResults(model, estimate, cov_type)
