"""Tests of random effects, and of random against fixed effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import REGRESSORS, fitted, frame, ring, weights
from tests.spatial.panel.random_panels import CASES, draw, munnell


def test_lr_and_lm_of_random_effects() -> None:
    result = munnell("slx", "baltagi")
    pooled = result.model.respecified(effects="none").fit()
    lr = result.lr_random()
    assert lr.statistic == pytest.approx(2.0 * (result.loglik - pooled.loglik))
    assert lr.distribution == "chi2(0)/2 + chi2(1)/2"
    e = pooled.estimate.resids
    t, n = e.shape
    honda = np.sqrt(n * t / (2.0 * (t - 1.0))) * ((e.sum(axis=0) ** 2).sum() / (e**2).sum() - 1.0)
    assert result.lm_random().statistic == pytest.approx(honda**2, rel=1e-9)


def test_mundlak_is_wald_on_the_means() -> None:
    result = munnell("sdm", "baltagi")
    data = frame()
    means = data[REGRESSORS].groupby(level=0).transform("mean").add_prefix("m_")
    wide = SpatialPanel(
        data["lgsp"], pd.concat([data[REGRESSORS], means], axis=1), weights(), model="sdm", effects="random"
    ).fit("sandwich")
    names = [f"{lag}m_{x}" for lag in ("", "W*") for x in REGRESSORS]
    b = wide.params[names].to_numpy()
    test = result.hausman()
    wald = b @ np.linalg.solve(wide.cov.loc[names, names].to_numpy(), b)
    assert test.distribution == "F(8, 40)"
    assert test.statistic == pytest.approx((48 - 8) / (8 * 48) * wald, rel=1e-6)
    assert test.pvalue == pytest.approx(stats.f.sf(test.statistic, 8, 40))


def test_mundlak_leaves_out_what_does_not_vary() -> None:
    panel = draw(11, n=14, t=5)
    fixed = np.broadcast_to(np.random.default_rng(0).normal(size=14), (5, 14))
    trend = np.broadcast_to(np.arange(5.0)[:, None], (5, 14))
    X = np.concatenate([panel.data.X, fixed[:, :, None], trend[:, :, None]], axis=2)
    names = ["a", "b", "fixed", "trend"]
    result = SpatialPanel.from_arrays(panel.data.y, X, panel.weights, names=names, model="sar", effects="random").fit()
    assert result.hausman().df == 2
    alone = SpatialPanel.from_arrays(
        panel.data.y, X[:, :, 2:], panel.weights, names=names[2:], model="sar", effects="random"
    ).fit()
    with pytest.raises(InputError, match="varies both over time"):
        alone.hausman()


@pytest.mark.parametrize(("model", "error"), CASES)
@pytest.mark.parametrize("effects", ["random", "random-time"])
def test_difference_of_covariances_is_positive(model: str, error: str, effects: str) -> None:
    result = munnell(model, error, effects=effects)
    if model == "gns":
        with pytest.raises(InputError, match="8 to 11 % of samples"):
            result.hausman(kind="difference")
        return
    test = result.hausman(kind="difference")
    assert test.df == len([name for name in result.names if name not in {"Intercept", "lambda", "phi"}])
    assert test.statistic > 0.0


def test_hausman_refuses_what_does_not_belong_together() -> None:
    random = munnell("sar", "baltagi")
    with pytest.raises(InputError, match="tested against effects='entity'"):
        random.hausman(fitted("sar", "twoway", "lee-yu"), kind="difference")
    with pytest.raises(InputError, match="not of one model and one panel"):
        random.hausman(fitted("sem", "entity", "lee-yu"), kind="difference")
    with pytest.raises(InputError, match="kind='robust' is not known"):
        random.hausman(kind="robust")  # type: ignore[arg-type]


def test_size_of_the_tests_roughly() -> None:
    """Under the null, 30 draws: neither test rejects often; with effects that go with x, both mostly do."""
    rejected = np.zeros((2, 2))
    for related in (0, 1):
        for seed in range(30):
            rng = np.random.default_rng(seed)
            W, mu = ring(25), rng.normal(size=25)
            X = rng.normal(size=(5, 25, 1)) + rng.normal(size=(25, 1)) + related * mu[:, None]
            y = np.linalg.solve(np.eye(25) - 0.4 * W, (X[:, :, 0] + mu + rng.normal(size=(5, 25))).T).T
            weights_ = Weights.from_dense([f"u{i:02d}" for i in range(25)], W)
            result = SpatialPanel.from_arrays(y, X, weights_, model="sar", effects="random").fit()
            for place, kind in enumerate(("mundlak", "difference")):
                rejected[related, place] += result.hausman(kind=kind).pvalue < 0.05  # type: ignore[arg-type]
    assert (rejected[0] <= 5).all()
    assert (rejected[1] >= 20).all()
