"""Wald tests whose p-value comes from samples drawn under the null, where chi-squared is no guide.

In SAC and GNS models with one W for lag and error, rho, lambda and theta are hardly told apart, and a standard error at
the estimate says little of how far the estimate is off: a Wald statistic that chi-squared would call 5 % is exceeded in
8 to 21 % of samples of usual size in GNS, in up to 8 % in SAC. So the covariance is taken where the null has its
estimate, and the distribution of the statistic from samples that are drawn under the null with normal innovations (a
parametric bootstrap test; Davidson and MacKinnon 1999, Econometric Theory 15:361). That brings rejections to 3 to 6 %
in most designs and to 9 % with five years at worst (docs/simulations.md); the likelihood ratio, which needs no draws,
keeps its level in all.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import EstimationError, GvcposWarning, SizeWarning
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test
from gvcpos.spatial.panel.inference.bootstrap import covariance_at, estimated_under_null
from gvcpos.spatial.panel.inference.resampling import checked_recipe
from gvcpos.spatial.panel.inputs.period_checks import changing
from gvcpos.spatial.panel.ml.estimation import columns_of
from gvcpos.spatial.weights.periods import same_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.results import SpatialPanelResults

Array = npt.NDArray[np.float64]

DRAWS = 199
_REJECTS = {"sac": "up to 8 %", "gns": "8 to 21 %"}  # a true null, by chi-squared, of 5 % (docs/simulations.md)
_FEWEST = 0.9  # share of the draws that must have an estimate


def told_apart(result: SpatialPanelResults) -> bool:
    """Whether chi-squared is a guide to Wald statistics: not in SAC and GNS models with one W for lag and error."""
    model = result.model
    return not (model.model in _REJECTS and same_weights(model.weights, model.error_weights))


def with_pvalue(
    result: SpatialPanelResults, plain: PanelTest, zero: list[int], against: str, drawing: tuple[int | None, int]
) -> PanelTest:
    """Return a Wald test with the p-value it shall have.

    Parameters
    ----------
    result : SpatialPanelResults
    plain : PanelTest
        The test as chi-squared has it.
    zero : list of int
        Places of the parameters that are zero under the null.
    against : str
        The model under the null.
    drawing : (int or None, int)
        Draws and seed. 0 draws leave chi-squared; None is `DRAWS` where that is no guide, samples can be drawn and W is
        small enough for its eigenvalues, else 0.

    Raises
    ------
    EstimationError
        If more than a tenth of the samples have no estimate.
    """
    draws, seed = drawing
    data = None if draws == 0 or told_apart(result) else columns_of(result.model.arrays, result.model.features)
    if draws is None:
        # Dummies of periods have no estimate to take over from the null; a large sparse W takes minutes.
        drawable = data is not None and result.by_likelihood and not result.model.random
        drawable = drawable and not changing(result.model)
        drawable = drawable and data is not None and data.X.shape[1] == len(result.estimate.beta)
        draws = DRAWS if drawable and result.model.spectrum.eigenvalues is not None else 0
    if draws == 0:
        return plain if told_apart(result) else _warned(plain, result.model.model)
    recipe = checked_recipe("parametric", "entity", "rademacher", draws, seed)
    data = columns_of(result.model.arrays, result.model.features) if data is None else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GvcposWarning)  # of samples, not of the data
        null = result.model.respecified(against).fit()
        own = covariance_at(result, data, dict(null.params))
        values, covariances = estimated_under_null(result, null, recipe)
    found = statistics(result.params.to_numpy(float)[None, zero], own[np.ix_(zero, zero)][None])
    drawn = statistics(values[:, zero], covariances[:, zero][:, :, zero])
    if len(drawn) < _FEWEST * draws or not len(found):
        raise EstimationError(
            f"{draws - len(drawn)} of {draws} samples under the null have no estimate. Take lr({against!r})."
        )
    return PanelTest(
        plain.name,
        plain.null,
        float(found[0]),
        f"{len(drawn)} samples drawn under the null",
        plain.df,
        (1.0 + float((drawn >= found[0]).sum())) / (1.0 + len(drawn)),
        f"With the covariance under the null. At the estimate the statistic is {plain.statistic:.4f}, and its "
        f"{plain.distribution} p-value {plain.pvalue:.4f}, which is no guide: rho and lambda of a {result.model.model} "
        "model with one W are hardly told apart. lr keeps its level better and needs no draws.",
    )


def statistics(values: Array, covariances: Array) -> Array:
    """Return Wald statistics of parameters (m, q) with covariances (m, q, q), leaving out those without."""
    there = np.isfinite(values).all(axis=1) & np.isfinite(covariances).all(axis=(1, 2))
    values, covariances = values[there], covariances[there]
    return np.asarray(np.einsum("mq,mq->m", values, np.linalg.solve(covariances, values[:, :, None])[:, :, 0]))


def _warned(plain: PanelTest, model: str) -> PanelTest:
    """Warn that the test rejects a true null too often, and say so in its note."""
    said = (
        f"in a {model} model with one W for lag and error, chi-squared p-values of Wald tests reject a true null in "
        f"{_REJECTS[model]} of samples of usual size where 5 % is said (docs/simulations.md): take lr, which keeps its "
        "level."
    )
    warnings.warn(f"{plain.name}: {said}", SizeWarning, stacklevel=5)
    return chi2_test(plain.name, plain.null, plain.statistic, plain.df, said[0].upper() + said[1:])
