"""How a centre's costs are split between what leaves it: alpha, and the share of every flow, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray


@dataclass(frozen=True, eq=False)
class Shares:
    """Shares of every flow in the costs of the process that it leaves.

    Attributes
    ----------
    alpha : (..., T, P) array
        m_product / (m_product + m_loss); product includes what goes to stock. 0 where nothing leaves.
    material : (..., T, F, L) array
        Share of a flow in the material of its own layer.
    pooled : (..., T, F, L) array
        Share of a product in all that the products of its centre cost (of a loss: in what its losses cost).
    kept : (..., T, P, L) array
        Share of a layer's material that becomes product or stock.
    stock_material, stock_pooled : (..., T, P, L) arrays
        The same shares of what goes to stock; negative where the stock is drawn down.
    entered, made, lost : (..., T, P) arrays
        kt that enter, that become product or stock, and that are lost.
    """

    alpha: FloatArray
    material: FloatArray
    pooled: FloatArray
    kept: FloatArray
    stock_material: FloatArray
    stock_pooled: FloatArray
    entered: FloatArray
    made: FloatArray
    lost: FloatArray


def shares(structure: CostStructure, mass: FloatArray, price: FloatArray | None = None) -> Shares:
    """Split by mass, or by value where the structure says so.

    Material of a layer l goes where its mass goes: m_fl / m_l. What the centre itself spends on products is shared out
    by mass, m_f / m_product, or by value, p_f m_f / sum of p m over products and layers; by value the products also
    share the material they are made of in that way (joint products).

    Parameters
    ----------
    structure : CostStructure
    mass : (..., T, F, L) array
        kt.
    price : (..., T, F, L) array, optional
        Needed for centres that allocate by value.

    Raises
    ------
    InputError
        If a mass is negative or not a number, a process gives without receiving, or the products of a centre that
        allocates by value are worth nothing; the message names process or flow, and year.
    """
    network = structure.network
    _refuse_masses(structure, mass)
    change = structure.changes(mass)
    loss_mass = np.where(structure.loss[:, None], mass, 0.0)
    product_mass = mass - loss_mass
    lost, made = network.outflow(loss_mass), network.outflow(product_mass) + change
    left = lost + made
    _refuse_drawdown(structure, mass, left)
    total_made, total_lost = made.sum(axis=-1), lost.sum(axis=-1)
    pool = np.where(structure.loss[:, None], _at_source(structure, total_lost)[..., None], 0.0)
    pool = np.where(structure.loss[:, None], pool, _at_source(structure, total_made)[..., None])
    pooled = ratio(mass, pool)
    stock_pooled = ratio(change, total_made[..., None])
    if structure.by_value.any():
        pooled, stock_pooled = _by_value(structure, product_mass, change, price, (pooled, stock_pooled))
    return Shares(
        alpha=ratio(total_made, total_made + total_lost),
        material=ratio(mass, _layers_at_source(structure, left)),
        pooled=pooled,
        kept=ratio(made, left),
        stock_material=ratio(change, left),
        stock_pooled=stock_pooled,
        entered=network.inflow(mass).sum(axis=-1),
        made=total_made,
        lost=total_lost,
    )


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient, 0 where nothing is divided by nothing or less."""
    shape = np.broadcast_shapes(above.shape, below.shape)
    return np.divide(above, below, out=np.zeros(shape), where=np.broadcast_to(below > 0.0, shape))


def _at_source(structure: CostStructure, values: FloatArray) -> FloatArray:
    """(..., T, F): values (..., T, P) of the process that each flow leaves, 0 for the outside."""
    padded = np.concatenate([values, np.zeros((*values.shape[:-1], 1))], axis=-1)
    return padded[..., structure.network.source]


def _layers_at_source(structure: CostStructure, values: FloatArray) -> FloatArray:
    """(..., T, F, L): the same of values (..., T, P, L)."""
    padded = np.concatenate([values, np.zeros((*values.shape[:-2], 1, values.shape[-1]))], axis=-2)
    return padded[..., structure.network.source, :]


def _by_value(
    structure: CostStructure,
    product_mass: FloatArray,
    change: FloatArray,
    price: FloatArray | None,
    by_mass: tuple[FloatArray, FloatArray],
) -> tuple[FloatArray, FloatArray]:
    """Shares by value in place of those by mass; a stock is worth the mean price of the products of its layer."""
    network = structure.network
    from_valued = np.append(structure.by_value, False)[network.source] & ~structure.loss
    priced = np.full(product_mass.shape, np.nan) if price is None else np.broadcast_to(price, product_mass.shape)
    missing = np.argwhere(from_valued[:, None] & np.isnan(priced) & (product_mass > 0.0))
    if missing.size:
        t, f, layer = missing[0][-3:]
        raise InputError(
            f"flow {network.flows[f]!r}, {network.years[t]}, layer {network.layers[layer]!r}: no price, and process "
            f"{structure.end_of(network.source[f])!r} allocates its cost by value. Give the price, or allocate by mass."
        )
    value = np.where(from_valued[:, None], np.nan_to_num(priced, nan=0.0) * product_mass, 0.0)
    worth, tonnes = network.outflow(value), network.outflow(product_mass)
    stock_value = ratio(worth, tonnes) * change
    total = (worth + stock_value).sum(axis=-1)
    sold = (tonnes + change).sum(axis=-1)
    nothing = np.argwhere(structure.by_value & (total <= 0.0) & (sold > 0.0))
    if nothing.size:
        t, j = nothing[0][-2:]
        raise InputError(
            f"process {network.processes[j]!r}, {network.years[t]}: its products are worth nothing, so that costs "
            "cannot be allocated by value. Allocate by mass."
        )
    pooled = np.where(from_valued[:, None], ratio(value, _at_source(structure, total)[..., None]), by_mass[0])
    stock = np.where(structure.by_value[:, None], ratio(stock_value, total[..., None]), by_mass[1])
    return pooled, stock


def _refuse_masses(structure: CostStructure, mass: FloatArray) -> None:
    wrong = np.argwhere(~(mass >= 0.0))
    if wrong.size:
        t, f, layer = wrong[0][-3:]
        network = structure.network
        raise InputError(
            f"flow {network.flows[f]!r}, {network.years[t]}, layer {network.layers[layer]!r}: a mass of "
            f"{mass[tuple(wrong[0])]:g} kt. Masses must be 0 or more."
        )


def _refuse_drawdown(structure: CostStructure, mass: FloatArray, left: FloatArray) -> None:
    """Raise where a centre gives from a stock into which nothing entered: the year has no unit cost for it."""
    network = structure.network
    given = network.outflow(mass)
    wrong = np.argwhere((structure.passing & structure.stock)[:, None] & (left <= 0.0) & (given > 0.0))
    if wrong.size:
        t, j, layer = wrong[0][-3:]
        raise InputError(
            f"process {network.processes[j]!r}, {network.years[t]}, layer {network.layers[layer]!r}: "
            f"{given[tuple(wrong[0])]:g} kt leave its stock and nothing enters, so that they have no cost of this "
            "year. Costs end at a stock that is no quantity centre: take away its costs."
        )
