"""Intervals and p-values with random effects: phi = sigma2_mu / sigma2 is positive, and its estimate skewed.

log phi is nearly normal where phi is not, so that standard errors make an interval of it; the likelihood ratio needs no
such choice. At its boundary phi has no standard error, and what the likelihood ratio does not refuse begins at 0.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2

from gvcpos._core.options import PanelInterval
from gvcpos.spatial.panel.inference.cuts import Sliced
from gvcpos.spatial.panel.inference.likelihood_methods import CLASSICAL
from gvcpos.spatial.panel.inference.normal import critical_value
from gvcpos.spatial.panel.random.estimation import RandomEstimate, columns
from gvcpos.spatial.panel.random.likelihood import HIGHEST, random_likelihood
from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]


class RandomIntervals(SpatialPanelResults):
    """Intervals and p-values of all parameters, phi among them."""

    estimate: RandomEstimate

    def conf_int(self, level: float = 0.95, method: PanelInterval = "auto") -> pd.DataFrame:
        """Confidence intervals: columns lower and upper.

        Parameters
        ----------
        level : float
            Between 0 and 1.
        method : {"auto", "normal", "likelihood"}
            As with fixed effects: "auto" is "likelihood" in SAC and GNS, and "normal" elsewhere. "normal" is phi times
            and over exp(z std_error / phi) for phi, the delta method on log phi. Where phi is at its boundary, its
            interval is [0, upper] with the upper end of the likelihood ratio; that end is missing with a robust
            covariance.
        """
        frame = super().conf_int(level, method)
        if method == "normal" or (method == "auto" and not self.by_likelihood):
            frame.loc["phi"] = self._phi_ends(level)
        return frame

    def spatial_ends(self, level: float = 0.95) -> dict[str, tuple[float, float]]:
        """Ends of the likelihood-ratio intervals of rho, lambda and phi; admissible ends where not refused."""
        low, high = (self._phi(root) for root in self.ratio.spatial_ends(level)[2])
        return super().spatial_ends(level) | {"phi": (low, high)}

    @cached_property
    def pvalues(self) -> pd.Series:
        """Two-sided p-values of zero: of the likelihood ratio where `by_likelihood`, else normal.

        That of phi by the likelihood ratio is one-sided, as `lr_random` has it.
        """
        found = super().pvalues
        if self.by_likelihood:
            found["phi"] = 1.0 if self.estimate.at_zero else 0.5 * float(chi2.sf(self.ratio.refusal("phi"), 1))
        return found

    def profile_intervals(self, level: float = 0.95) -> pd.DataFrame:
        """Likelihood-ratio intervals of rho, lambda and phi: estimate, lower, upper.

        Parameters
        ----------
        level : float
            Between 0 and 1.

        Returns
        -------
        DataFrame
            A bound is NaN where the end of the admissible interval is not refused; the lower bound of phi is 0 then,
            the model without random effects. With two maxima the interval reaches from the one's lower to the other's
            upper bound.

        Raises
        ------
        InputError
            If `level` is not between 0 and 1.
        """
        critical_value(level)
        model, rows = self.model, {}
        spectra = {"rho": model.arrays.spectrum, "lambda": model.arrays.error_spectrum}
        for name, ends in self.spatial_ends(level).items():
            bounds = spectra[name].interval if name in spectra else (-np.inf, np.inf)
            near = 1e-6 * np.diff(bounds)[0] if name in spectra else 0.0
            refused = [abs(end - bound) > near for end, bound in zip(ends, bounds, strict=True)]
            rows[name] = (self.params[name], *np.where(refused, ends, np.nan))
        return pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "lower", "upper"])

    def _phi_ends(self, level: float) -> tuple[float, float]:
        """Lower and upper end of phi by its standard error, or at the boundary."""
        if self.estimate.at_zero:
            return 0.0, self.spatial_ends(level)["phi"][1] if self.cov_type in CLASSICAL else np.nan
        factor = float(np.exp(critical_value(level) * self.std_errors["phi"] / self.estimate.phi))
        return self.estimate.phi / factor, self.estimate.phi * factor

    def _phi(self, root: float) -> float:
        """Phi from the root of log(1 + T phi); infinite at the end of what is searched."""
        return float(np.expm1(root**2)) / self.model.transformation.periods if root**2 < 0.999 * HIGHEST else np.inf

    def _concentrated(self) -> tuple[Sliced, Array]:
        """The concentrated likelihood, and lambda, root of phi and height of every mode."""
        model, T = self.model, self.model.transformation.periods
        panel = model.arrays
        kkp = model.choices.random_error == "kkp"
        likelihood = random_likelihood(panel, columns(panel), model.features, kkp=kkp)
        modes = [(mode.lam, np.sqrt(np.log1p(T * mode.phi)), mode.loglik) for mode in self.estimate.random_modes]
        return likelihood, np.array(modes)
