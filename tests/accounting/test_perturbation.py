"""Derivatives of indices by the cells of a table: against numerical ones, and their contraction against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gvcpos._core.errors import InputError
from gvcpos.accounting import Blocks, LeontiefSystem
from gvcpos.accounting.draws import IndexDraws
from gvcpos.accounting.perturbation import CellVariances, Change, IndexGradients, Sums, TableErrors
from gvcpos.tables import IOTable
from tests.accounting.worlds import random_world, worlds
from tests.shared import wiod2011

STEP = 1e-5


def gradients_of(table: IOTable) -> IndexGradients:
    return IndexGradients(LeontiefSystem(table.Z, table.x, Blocks.even(*table.shape)), table.final_demand)


def indices_at(Z: np.ndarray, Y: np.ndarray, blocks: Blocks) -> dict[str, np.ndarray]:
    x = Z.sum(axis=1) + Y.sum(axis=1)
    va = x - Z.sum(axis=0)
    exports = blocks.abroad(Y) + Z.sum(axis=1) - np.asarray(blocks.diagonal(Z)).sum(axis=2).ravel()
    return IndexDraws(blocks).indices(Z, Y, va, x) | {"x": x, "va": va, "exports": exports}


def change(blocks: Blocks, dZ: np.ndarray, dY: np.ndarray) -> Change:
    return Change.of(dZ, (blocks.own(dY), blocks.abroad(dY)), blocks.G, blocks.n // blocks.G)


def direction(table: IOTable, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    Y = table.final_demand
    return table.Z * rng.standard_normal(table.Z.shape), Y * rng.standard_normal(Y.shape) * (table.x != 0)[:, None]


def slopes(table: IOTable, seed: int, step: float = STEP) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Indices at the table, and numerical derivatives along a random direction, by Richardson's rule."""
    blocks, (dZ, dY) = Blocks.even(*table.shape), direction(table, seed)
    Y = table.final_demand

    def at(e: float) -> dict[str, np.ndarray]:
        return indices_at(table.Z + e * dZ, Y + e * dY, blocks)

    centre, near, far = at(0.0), (at(step), at(-step)), (at(2 * step), at(-2 * step))
    out = {}
    for name in centre:
        one, two = near[0][name] - near[1][name], far[0][name] - far[1][name]
        out[name] = (8 * one - two) / (12 * step)
    return centre, out


@given(table=worlds())
@settings(max_examples=25, deadline=None)
def test_values_and_derivatives_of_every_index(table: IOTable) -> None:
    gradients = gradients_of(table)
    centre, numerical = slopes(table, 7)
    blocks, (dZ, dY) = Blocks.even(*table.shape), direction(table, 7)
    assert set(gradients.names) == set(centre)
    for name, values in centre.items():
        gradient = gradients[name]
        known = np.isfinite(values)
        size = max(1.0, float(np.abs(values[known]).max(initial=0.0)))
        np.testing.assert_allclose(gradient.value[known], values[known], rtol=0, atol=1e-9 * size, err_msg=name)
        moved = gradient.along(gradients.kernels, change(blocks, dZ, dY), np.ones((blocks.n, 1)))[:, 0]
        scale = max(size, float(np.abs(moved[known]).max(initial=0.0)))
        np.testing.assert_allclose(moved[known], numerical[name][known], rtol=0, atol=1e-6 * scale, err_msg=name)


def test_derivatives_on_wiod_2011() -> None:
    """One direction through all cells; idle cells, which nothing moves, have no index."""
    table = wiod2011()
    gradients = gradients_of(table)
    _, numerical = slopes(table, 3, 1e-4)
    blocks, (dZ, dY) = Blocks.even(*table.shape), direction(table, 3)
    usual = table.x > 1.0  # million USD: below, inventories make output and a relative step of 1e-4 moves it wildly
    for name in ("upstreamness", "downstreamness", "wwyz_forward", "wwyz_backward", "plv_gvc", "ply_gvc"):
        moved = gradients[name].along(gradients.kernels, change(blocks, dZ, dY), np.ones((blocks.n, 1)))[:, 0]
        known = usual & np.isfinite(numerical[name]) & (table.final_demand.sum(axis=1) > 0)
        np.testing.assert_allclose(moved[known], numerical[name][known], rtol=1e-6, atol=1e-6, err_msg=name)


def errors_of(table: IOTable, seed: int) -> TableErrors:
    rng, blocks = np.random.default_rng(seed), Blocks.even(*table.shape)
    final = np.abs(table.final_demand) * rng.random(table.final_demand.shape)
    root = (np.sqrt(blocks.own(final**2)), np.sqrt(blocks.abroad(final**2)))
    return TableErrors(np.abs(table.Z) * rng.random(table.Z.shape), *root)


@pytest.mark.parametrize(("G", "N"), [(4, 3), (1, 4), (5, 1)])
def test_variances_are_the_sums_of_squares_of_all_derivatives(G: int, N: int) -> None:
    table = random_world(5, G, N, zero=1, negative=True)
    gradients, errors = gradients_of(table), errors_of(table, 1)
    variances = CellVariances(gradients.kernels, errors)
    for name in gradients.names:
        gradient = gradients[name]
        found = variances.variance(gradient)
        for k in np.flatnonzero(table.x != 0):
            by_z, home, abroad = gradient.of_cell(gradients.kernels, k)
            plain = (by_z * errors.Z) ** 2
            total = plain.sum() + ((home * errors.final_home) ** 2).sum()
            total += ((abroad * errors.final_abroad) ** 2).sum()
            np.testing.assert_allclose(found[k], total, rtol=1e-9, atol=1e-12 * max(1.0, total), err_msg=name)


@pytest.mark.parametrize(("G", "N"), [(4, 3), (1, 4), (5, 1)])
def test_sums_have_the_variance_of_all_their_derivatives(G: int, N: int) -> None:
    """Weighted sums over cells and ratios of two: against the derivatives cell by cell, and along a direction."""
    table = random_world(6, G, N, zero=1, negative=True)
    gradients, errors, blocks = gradients_of(table), errors_of(table, 2), Blocks.even(G, N)
    variances, rng = CellVariances(gradients.kernels, errors), np.random.default_rng(1)
    groups = rng.uniform(0.5, 1.5, (3, G * N)) * (table.x != 0)
    below = Sums.of(gradients["x"], gradients.kernels, groups)
    moves, every = change(blocks, *direction(table, 4)), np.ones((G * N, 1))
    for name in gradients.names:
        found = Sums.of(gradients[name], gradients.kernels, groups) / below
        cells = [gradients[name].of_cell(gradients.kernels, k) for k in range(G * N)]
        output = [gradients["x"].of_cell(gradients.kernels, k) for k in range(G * N)]
        total = np.zeros(3)
        for part, size in enumerate((errors.Z, errors.final_home, errors.final_abroad)):
            top, bottom = (np.stack([cell[part] for cell in of]) for of in (cells, output))
            up, down = (np.tensordot(groups, d, axes=1) for d in (top, bottom))
            shape = (3, *[1] * size.ndim)
            slope = (up - found.value.reshape(shape) * down) / below.value.reshape(shape)
            total += ((slope * size) ** 2).reshape(3, -1).sum(axis=1)
        np.testing.assert_allclose(variances.variance_of_sums(found), total, rtol=1e-8, atol=1e-14, err_msg=name)
        plain = groups @ gradients[name].along(gradients.kernels, moves, every)
        moved = plain - found.value[:, None] * (groups @ gradients["x"].along(gradients.kernels, moves, every))
        np.testing.assert_allclose(found.along(moves, every), moved / below.value[:, None], rtol=1e-8, atol=1e-12)


def test_rows_move_apart_and_together() -> None:
    table = random_world(8, 3, 4)
    gradients, blocks = gradients_of(table), Blocks.even(3, 4)
    dZ, dY = direction(table, 2)
    moves = change(blocks, dZ, dY)
    for name in ("downstreamness", "gvc_position", "ply_gvc_home", "wwyz_forward_simple"):
        gradient = gradients[name]
        apart = gradient.along(gradients.kernels, moves, np.eye(12))
        together = gradient.along(gradients.kernels, moves, np.ones((12, 1)))
        np.testing.assert_allclose(apart.sum(axis=1), together[:, 0], rtol=0, atol=1e-12)


def test_scaling_a_whole_table_moves_no_ratio() -> None:
    table = random_world(9, 4, 3)
    gradients, blocks = gradients_of(table), Blocks.even(4, 3)
    Y = table.final_demand
    for name in set(gradients.names) - {"x", "va", "exports"}:
        moved = gradients[name].along(gradients.kernels, change(blocks, np.array(table.Z), Y), np.ones((12, 1)))
        np.testing.assert_allclose(moved, 0.0, atol=1e-11, err_msg=name)


def test_what_has_no_derivative_is_named() -> None:
    table = random_world(1, 3, 2)
    with pytest.raises(InputError, match="no derivative of 'kpww_iv'"):
        gradients_of(table)["kpww_iv"]
    with pytest.raises(InputError, match="exporters of one size"):
        IndexGradients(LeontiefSystem(table.Z, table.x, Blocks((4, 2))), np.zeros((6, 2)))
