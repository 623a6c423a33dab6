"""Many specifications at once are those fitted one by one."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial.panel import SpatialPanel
from gvcpos.spatial.panel.ml import estimation
from gvcpos.spatial.weights import Weights
from tests.spatial.panel.munnell import simulated

MODELS = ("slx", "sar", "sem", "sdm", "sdem", "sac", "gns")


def panel(**options: object) -> SpatialPanel:
    y, X, W = simulated(2, n=20, t=6)
    rng = np.random.default_rng(3)
    more = np.concatenate([X, rng.normal(size=(*y.shape, 2))], axis=2)
    names = [f"x{j}" for j in range(more.shape[2])]
    return SpatialPanel.from_arrays(y, more, W, names=names, **options)  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore::gvcpos._core.errors.ModesWarning")
@pytest.mark.parametrize("effects", ["none", "entity", "time", "twoway"])
@pytest.mark.parametrize("method", ["lee-yu", "direct"])
def test_each_is_that_fitted_alone(effects: str, method: str) -> None:
    whole = panel(effects=effects, method=method)
    y, X, W, names = whole.data.y, whole.data.X, whole.weights, whole.data.names
    chosen = [("x0", "x2"), ("x3",), names]
    wanted = [{"regressors": some, "model": model} for model in MODELS for some in chosen]
    for got, one in zip(whole.fit_each(wanted, "sandwich"), wanted, strict=True):
        place = [names.index(name) for name in one["regressors"]]
        alone = SpatialPanel.from_arrays(
            y, X[:, :, place], W, names=one["regressors"], model=one["model"], effects=effects, method=method
        ).fit("sandwich")
        np.testing.assert_allclose(got.params, alone.params, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(got.cov, alone.cov, rtol=1e-5, atol=1e-10)
        assert got.loglik == pytest.approx(alone.loglik, rel=1e-11)
        assert tuple(got.params.index) == tuple(alone.params.index)
        np.testing.assert_allclose(got.resids, alone.resids, atol=1e-7)
        np.testing.assert_allclose(got.effects()["std_error"], alone.effects()["std_error"], rtol=1e-5, atol=1e-9)


def test_choices_of_each() -> None:
    y, X, W = simulated(2, n=20, t=6)
    other = Weights.from_dense(W.ids, np.roll(W.dense(), 1, axis=(0, 1)))
    whole = SpatialPanel.from_arrays(
        y, X, W, model="gns", error_weights=other, x_weights={"x1": other}, not_lagged="x2"
    )
    wanted: list[object] = [
        ["x1"],
        {"model": "sdem", "effects": "entity"},
        {"effects": "random", "model": "sar"},
        {"model": "sdm", "not_lagged": ()},
    ]
    found = list(whole.fit_each(wanted))  # type: ignore[arg-type]
    assert [one.model.effects for one in found] == ["twoway", "entity", "random", "twoway"]
    assert found[0].model.regressors == ("x1", "W*x1")
    assert found[1].model.regressors == ("x1", "x2", "W*x1")
    assert found[3].model.regressors == ("x1", "x2", "W*x1", "W*x2")
    for one in found:
        again = one.model.respecified().fit()
        np.testing.assert_allclose(one.params, again.params, rtol=1e-6, atol=1e-9)


def test_the_data_are_transformed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from gvcpos.spatial.panel import many

    seen = []

    def counted(*args: object) -> object:
        seen.append(1)
        return estimation.transformed(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(many, "transformed", counted)
    names = ("x0", "x1", "x2")
    assert len(list(panel().fit_each([[a, b] for a in names for b in names if a < b] * 3))) == 9
    assert len(seen) == 1


def test_what_a_specification_may_not_be() -> None:
    with pytest.raises(LabelError, match="capital"):
        next(panel().fit_each([["capital"]]))
    with pytest.raises(InputError, match="a specification has weights"):
        next(panel().fit_each([{"weights": 1}]))
    with pytest.raises(InputError, match="cov_type"):
        next(panel().fit_each([["x1"]], "robust"))  # type: ignore[arg-type]
