"""Draws of data: seeds by name, chunks, years, and sums that stay what they must be."""

from __future__ import annotations

import numpy as np
import pytest

from gvcpos._core.errors import LabelError
from gvcpos.flows.draws.marginals import Marginal
from gvcpos.flows.draws.sampler import Sampler, SumRule, Variable

YEARS = (2015, 2016, 2017)
SHARE = (0.0, 1.0)


def datum(
    name: str, values: list[float], sd: float, correlated: bool = True, bounds: tuple = (0.0, np.inf)
) -> Variable:
    return Variable(name, np.array(values), Marginal.of_sd("truncated normal", values, sd, bounds), correlated)


def sampler(order: tuple[int, ...] = (0, 1, 2, 3, 4), seed: int = 3) -> Sampler:
    data = [
        datum("ore", [10.0, 12.0, 15.0], 2.0),
        datum("price", [1.0, 2.0, 3.0], 0.5, correlated=False),
        datum("to_metal", [0.5, 0.5, 0.6], 0.2, bounds=SHARE),
        datum("to_oxide", [0.3, 0.3, 0.3], 0.2, correlated=False, bounds=SHARE),
        Variable("known", np.array([1.0, 1.0, 2.0])),
    ]
    rule = SumRule("separation", ("to_metal", "to_oxide"), "at most one")
    return Sampler(tuple(data[k] for k in order), (rule,), seed)


def drawn(sampler: Sampler, draws: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    u, x = zip(*sampler.chunks(draws, size), strict=True)
    return np.concatenate(u), np.concatenate(x)


def test_chunks_order_and_number_of_draws_change_nothing() -> None:
    u, x = drawn(sampler(), 200, 200)
    for size in (1, 7, 133):
        again = drawn(sampler(), 200, size)
        np.testing.assert_array_equal(again[0], u)
        np.testing.assert_array_equal(again[1], x)
    np.testing.assert_array_equal(drawn(sampler(), 60, 32)[1], x[:60])
    order = (3, 4, 0, 2, 1)
    np.testing.assert_array_equal(drawn(sampler(order), 200, 50)[1], x[:, :, order])
    assert not np.array_equal(drawn(sampler(seed=4), 200, 200)[1], x)


def test_years_together_or_each_on_its_own() -> None:
    one = sampler()
    assert one.inputs(YEARS) == (
        "ore", "price (2015)", "price (2016)", "price (2017)", "to_metal", "to_oxide (2015)", "to_oxide (2016)",
        "to_oxide (2017)",
    )  # fmt: skip
    _, x = drawn(one, 5000, 5000)
    together = np.corrcoef(x[:, :, 0], rowvar=False)
    apart = np.corrcoef(x[:, :, 1], rowvar=False)
    assert together[0, 2] > 0.999
    assert abs(apart[0, 2]) < 0.05
    np.testing.assert_array_equal(x[:, :, 4], np.broadcast_to([1.0, 1.0, 2.0], (5000, 3)))


def test_shares_are_drawn_again_until_they_sum_to_one_at_most() -> None:
    one = sampler()
    u, x = drawn(one, 4000, 500)
    total = x[:, :, 2] + x[:, :, 3]
    assert total.max() <= 1.0 + 1e-12
    free = Sampler(one.data, (), one.seed)
    loose = drawn(free, 4000, 500)[1]
    broken = (loose[:, :, 2] + loose[:, :, 3] > 1.0).any(axis=1)
    assert 0.2 < broken.mean() < 0.8
    np.testing.assert_array_equal(x[~broken], loose[~broken])
    np.testing.assert_array_equal(x[:, :, :2], loose[:, :, :2])  # others keep their numbers
    np.testing.assert_array_equal(one.values(u), x)  # inputs handed back are those used
    # drawn again is conditioning: as many independent draws that happen to be valid have the same distribution
    np.testing.assert_allclose(x.mean(axis=0)[:, 2:4], loose[~broken].mean(axis=0)[:, 2:4], atol=0.012)
    assert (total > 1.0 - 1e-9).mean() < 0.001  # and no heap at 1


def test_shares_that_cannot_be_drawn_are_scaled() -> None:
    data = (datum("a", [0.9, 0.9, 0.9], 0.001, bounds=SHARE), datum("b", [0.6, 0.0, 0.0], 0.001, bounds=SHARE))
    rule = SumRule("p", ("a", "b"), "at most one")
    point = Sampler(data, (rule,))
    _, x = drawn(point, 10, 10)
    assert x.sum(axis=-1).max() <= 1.5 + 1e-12  # the point solution's own sum is not forbidden
    tight = (datum("a", [0.7, 0.1, 0.1], 0.3, bounds=SHARE), datum("b", [0.29, 0.1, 0.1], 0.3, bounds=SHARE))
    many = tuple(
        Variable(f"{d.name}{i}", d.values / 4, Marginal.of_sd("truncated normal", d.values / 4, 0.3, SHARE))
        for d in tight
        for i in range(4)
    )
    crowded = Sampler(many, (SumRule("p", tuple(d.name for d in many), "at most one"),))
    assert drawn(crowded, 200, 200)[1].sum(axis=-1).max() <= 1.0 + 1e-9


def test_compositions_keep_their_sum() -> None:
    data = (datum("light", [0.9, 0.8, 0.7], 0.1, bounds=SHARE), datum("heavy", [0.1, 0.2, 0.3], 0.02, bounds=SHARE))
    _, x = drawn(Sampler(data, (SumRule("ore", ("light", "heavy"), "as given"),)), 500, 100)
    np.testing.assert_allclose(x.sum(axis=-1), 1.0, rtol=1e-14)
    assert x[:, 0, 1].std() > 0.01


def test_names_are_checked() -> None:
    with pytest.raises(LabelError, match="data: duplicated labels: a"):
        Sampler((datum("a", [1.0], 0.1), datum("a", [1.0], 0.1)))
    bad = Sampler((datum("a", [1.0], 0.1),), (SumRule("p", ("a", "zinc"), "at most one"),))
    with pytest.raises(LabelError, match="no such data: zinc"):
        next(bad.chunks(1, 1))
