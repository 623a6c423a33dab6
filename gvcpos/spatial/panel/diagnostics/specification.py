"""Which of the nested models the data ask for: Wald and likelihood-ratio tests on fitted panels."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gvcpos._core.errors import EstimationError, InputError
from gvcpos.spatial.panel.diagnostics.drawn_wald import with_pvalue
from gvcpos.spatial.panel.diagnostics.tests import PanelTest, chi2_test, common_factor, wald
from gvcpos.spatial.panel.inputs.checks import LAG_PREFIX
from gvcpos.spatial.panel.inputs.period_checks import changing
from gvcpos.spatial.panel.models import MODELS
from gvcpos.spatial.panel.summary import MODELS as TITLES
from gvcpos.spatial.weights.periods import PeriodWeights, same_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel
    from gvcpos.spatial.panel.results import SpatialPanelResults

_LOWER = 1e-4  # a statistic below minus this is no rounding
_COMMON = "theta + rho beta = 0"


def nested(model: str) -> tuple[str, ...]:
    """Return the models that are special cases of a model, the largest first.

    Those with fewer terms; and the error model within the Durbin model, by theta + rho beta = 0.
    """
    own = _terms(model)
    smaller = [name for name in MODELS if _terms(name) < own]
    found = sorted(smaller, key=lambda name: -len(_terms(name)))
    return (*found, "sem") if model == "sdm" else tuple(found)


def wald_against(result: SpatialPanelResults, against: str, draws: int | None = None, seed: int = 0) -> PanelTest:
    """Wald test of a model against a nested one; see `SpatialPanelResults.wald`."""
    null = _null(result.model, against)
    model, names = result.model, list(result.names)
    lags = [name for name in model.regressors if name.startswith(LAG_PREFIX)]
    if model.model == "sdm" and against == "sem":
        own = [name.removeprefix(LAG_PREFIX) for name in lags]
        names = [*own, *lags, "rho"]
        theta, rho = result.params[lags].to_numpy(float), float(result.params["rho"])
        value, jacobian = common_factor(result.params[own].to_numpy(float), theta, rho)
        places: list[int] = []
    else:
        dropped = _terms(model.model) - _terms(against)
        zero = [name for name in names if name in dropped or ("theta" in dropped and name in lags)]
        value = result.params[zero].to_numpy(float)
        places = [names.index(name) for name in zero]
        jacobian = np.eye(len(names))[places]
    # phi has no variance where it is at its boundary, and stands in no restriction
    statistic = wald(value, jacobian, result.cov.loc[names, names].fillna(0.0).to_numpy(float))
    plain = chi2_test(f"wald_{model.model}_{against}", null, statistic, len(value))
    if draws and not (places and result.by_likelihood and not changing(model)):
        raise InputError(
            "p-values from drawn samples are made for restrictions to zero in sac and gns models with fixed effects or "
            "none, one W of all periods and the covariance of the information matrix or the Hessian."
        )
    return with_pvalue(result, plain, places, against, (draws, seed))


def lr_against(result: SpatialPanelResults, against: str) -> PanelTest:
    """Likelihood-ratio test of a model against a nested one; see `SpatialPanelResults.lr`."""
    null, model = _null(result.model, against), result.model
    # Multiplied by I − ρW, random effects that stay at home in the Durbin model go through the error model's error.
    through = {"random_error": "kkp" if model.model == "sdm" and against == "sem" else _random_error(model, against)}
    restricted = model.respecified(against, **(through if model.random else {})).fit()
    df, statistic = len(result.names) - len(restricted.names), 2.0 * (result.loglik - restricted.loglik)
    if statistic < -_LOWER:
        raise EstimationError(
            f"the {model.model} model's log-likelihood {result.loglik:.6f} is below {restricted.loglik:.6f} of the "
            f"{against} model, which it contains: its highest maximum was not found. See `modes`."
        )
    return chi2_test(f"lr_{model.model}_{against}", null, statistic, df)


def _random_error(model: SpatialPanel, against: str) -> str:
    return model.choices.random_error if MODELS[against].error else "baltagi"


def _terms(model: str) -> frozenset[str]:
    """What a model has beside beta."""
    features = MODELS[model]
    return frozenset((*features.spatial, "theta") if features.durbin else features.spatial)


def _null(model: SpatialPanel, against: str) -> str:
    """Return the null, or say what can be tested."""
    allowed = nested(model.model)
    if against not in allowed:
        may = f"Allowed: {', '.join(map(repr, allowed))}." if allowed else "It has no nested model; fit model='sdm'."
        raise InputError(f"{against!r} is not tested within a model {model.model!r}. {may}")
    if model.model == "sdm" and against == "sem":
        _check_common_factor(model)
        restriction = _COMMON
    else:
        dropped = _terms(model.model) - _terms(against)
        restriction = " = ".join([name for name in ("rho", "lambda", "theta") if name in dropped]) + " = 0"
    return f"{restriction}: the {_plain(model.model)} is a {_plain(against)}"


def _plain(model: str) -> str:
    return TITLES[model][0].lower() + TITLES[model][1:]


def _check_common_factor(model: SpatialPanel) -> None:
    """Refuse theta + rho beta = 0 where it does not make the Durbin model an error model."""
    W = model.weights
    plain = [v.name for v in model.design.variables if v.lag is None]
    other = [v.name for v in model.design.variables if v.lag is not None and not same_weights(v.weights, W)]
    t = model.transformation
    constant = model.effects in {"none", "random"} or t.time
    sums = model.spectrum.row_sums  # (N,), or (T, N) where W changes
    if model.effects != "time":
        sums = sums.ravel()
    why = ""
    if plain or other:
        why = f"{', '.join(plain or other)} {'has no spatial lag' if plain else 'is lagged with other weights'}"
    elif t.entity and isinstance(W, PeriodWeights):
        why = "W changes over time, so that entity effects multiplied by I − ρW do too"
    elif not same_weights(model.error_weights, W):
        why = "the error has weights of its own"
    elif constant and np.ptp(sums, axis=-1).max() > 1e-9 * max(1.0, float(np.abs(sums).max())):
        why = "the rows of W have unequal sums, so that the spatial lag of a constant or time effect is another thing"
    if why:
        raise InputError(f"the error model is not nested in this Durbin model: {why}. Compare them by aic or bic.")


def tests_frame(tests: Iterable[PanelTest]) -> pd.DataFrame:
    """Put tests in a frame: index name; null, statistic, distribution, df, pvalue, sentence."""
    rows: list[dict[str, Any]] = [
        {
            "name": test.name,
            "null": test.null,
            "statistic": test.statistic,
            "distribution": test.distribution,
            "df": test.df,
            "pvalue": test.pvalue,
            "sentence": test.sentence,
        }
        for test in tests
    ]
    return pd.DataFrame(rows).set_index("name")
