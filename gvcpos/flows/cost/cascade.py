"""Costs run down the chain: what enters a centre, what it adds, and what each of its flows costs; loops at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gvcpos._core.errors import IdentityError, InputError
from gvcpos.flows.cost.money import Money, Spent, spend
from gvcpos.flows.cost.shares import Shares, ratio, shares
from gvcpos.flows.cost.structure import CostStructure
from gvcpos.flows.network import FloatArray

KINDS = ("material", "energy", "system")  # what flows carry; the cost of handling waste ends where it arises
TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class CostArrays:
    """Costs of flows, by layer and by the kind of cost that they once were; USD million.

    Attributes
    ----------
    structure : CostStructure
    mass : (..., T, F, L) array
        kt.
    flow : (..., T, F, L, K) array
        Cost of every flow that is bought, carried or final, K kinds as in `KINDS` (or one, their sum); 0 for others.
    entered : (..., T, P, L, K) array
        Cost that enters a process with its inflows.
    stock : (..., T, P, L, K) array
        Cost that goes to the stock of a centre.
    spent : Spent
        What the centres spend themselves.
    shares : Shares
    """

    structure: CostStructure
    mass: FloatArray
    flow: FloatArray
    entered: FloatArray
    stock: FloatArray
    spent: Spent
    shares: Shares

    @cached_property
    def total(self) -> FloatArray:
        """(..., T, F, L): cost of every flow, all kinds together."""
        return np.asarray(self.flow.sum(axis=-1))

    @property
    def unit(self) -> FloatArray:
        """(..., T, F, L): USD million per kt; NaN where a flow has no mass or is not in the chain of costs."""
        known = self.structure.bought | self.structure.carried | self.structure.final
        return _quotient(self.total, np.where(known[:, None], self.mass, 0.0))

    @property
    def unit_total(self) -> FloatArray:
        """(..., T, F): the same of all layers together."""
        known = self.structure.bought | self.structure.carried | self.structure.final
        return _quotient(self.total.sum(axis=-1), np.where(known, self.mass.sum(axis=-1), 0.0))

    def balance(self) -> dict[str, FloatArray]:
        """Put in against come out, each (..., T), USD million: bought + spent = products + losses + stock."""
        flow, structure = self.total.sum(axis=-1), self.structure
        ended = (self.spent.waste + self.spent.material_loss).sum(axis=-1)
        return {
            "bought": flow[..., structure.bought].sum(axis=-1),
            "spent": self.spent.total.sum(axis=-1),
            "products": flow[..., structure.final & ~structure.loss].sum(axis=-1),
            "losses": flow[..., structure.final & structure.loss].sum(axis=-1) + ended,
            "stock": np.asarray(self.stock.sum(axis=(-1, -2, -3))),
        }

    def check(self) -> None:
        """Raise IdentityError where cost is made or lost by more than 1e-10 of what was put in, naming the year."""
        parts = self.balance()
        put_in = parts["bought"] + parts["spent"]
        out = parts["products"] + parts["losses"] + parts["stock"]
        gap = np.abs(put_in - out)
        wrong = np.argwhere(~(gap <= TOLERANCE * np.maximum(np.abs(put_in), 1e-12)))
        if wrong.size:
            place = tuple(wrong[0])
            raise IdentityError(
                f"costs of {self.structure.network.years[place[-1]]}: {put_in[place]:.12g} USD million go in and "
                f"{out[place]:.12g} come out. A process receives mass that never leaves it: check the mass balance."
            )


def cost_arrays(structure: CostStructure, mass: FloatArray, money: Money, *, by_kind: bool = True) -> CostArrays:
    """Cost every flow of a network, for all years and draws at once.

    Of process j, layer l, with C_f the cost of flow f, E, S, A what it spends on energy, system and auxiliary
    materials of its products, and alpha its share of product:

    - In_jl = sum of C_fl over the flows that enter j: bought ones at their price, others at what they cost;
    - a loss f costs C_fl = In_jl m_fl/m_jl + (1 - alpha_j)(E_j + S_j) m_fl/m_loss;
    - a product, by mass, C_fl = In_jl m_fl/m_jl + (alpha_j (E_j + S_j) + A_j) m_fl/m_product;
    - a product, by value, C_fl = v_fl (sum over l of In_jl kept_jl + alpha_j (E_j + S_j) + A_j), v_fl its share in
      the value of all products of j;
    - waste management and auxiliary materials that no product contains are losses at once and are not carried on.

    Processes of one loop (scrap or a loss that re-enters) give one linear system, (1 - M) In = bought + own, which is
    solved as it stands, never iterated. Equations: ISO 14051:2011, 5 and 6; loops as in Schmidt (2015), The
    interpretation and extension of Material Flow Cost Accounting, Journal of Cleaner Production 108, 1310-1319.

    Parameters
    ----------
    structure : CostStructure
    mass : (..., T, F, L) array
        kt; leading dimensions, if any, are draws.
    money : Money
        Prices and expenses, which may have draws too.
    by_kind : bool
        Follow material, energy and system cost separately; else their sum alone, in a third of the memory.

    Raises
    ------
    InputError
        If a mass or price is negative, a flow from outside has no price, a centre spends without making anything, or a
        loop loses nothing; the message names process or flow, and year.
    IdentityError
        If cost is not conserved to 1e-10.
    """
    mass = _without_dust(mass)
    parts = shares(structure, mass, money.price)
    spent = spend(structure, money, entered=parts.entered, made=parts.made, lost=parts.lost)
    _refuse_idle(structure, parts, spent)
    products, losses = _own(structure, parts, spent, by_kind)
    bought = money.bought_at(structure) * mass
    lead = np.broadcast_shapes(bought.shape[:-2], products.shape[:-2])
    flow = np.zeros((*lead, *mass.shape[-2:], products.shape[-1]))
    flow[..., 0] = bought
    entered = np.zeros((*lead, len(structure.network.processes), mass.shape[-1], products.shape[-1]))
    stock = np.zeros_like(entered)
    for block in structure.blocks:
        into = _enter(structure, block, flow, (parts, products, losses), mass)
        for n, j in enumerate(block):
            entered[..., j, :, :] = into[..., n, :, :]
            pool = _pool(structure, j, into[..., n, :, :], parts, products)
            for f in structure.flows_from(j):
                flow[..., f, :, :] = _cost(structure, f, into[..., n, :, :], pool, (parts, losses))
            if structure.stock[j]:
                stock[..., j, :, :] = _to_stock(structure, j, into[..., n, :, :], pool, parts)
    out = CostArrays(structure, mass, flow, entered, stock, spent, parts)
    out.check()
    return out


def _own(structure: CostStructure, parts: Shares, spent: Spent, by_kind: bool) -> tuple[FloatArray, FloatArray]:
    """What each process spends on its products and on its losses: (..., T, P, K) twice."""
    alpha = parts.alpha
    products = np.stack([spent.material_product, alpha * spent.energy, alpha * spent.system], axis=-1)
    beta = 1.0 - alpha
    losses = np.stack([np.zeros_like(beta * spent.energy), beta * spent.energy, beta * spent.system], axis=-1)
    if not by_kind:
        products, losses = products.sum(axis=-1, keepdims=True), losses.sum(axis=-1, keepdims=True)
    return products, losses


def _pool(structure: CostStructure, j: int, into: FloatArray, parts: Shares, products: FloatArray) -> FloatArray:
    """(..., T, K): what the products of a process share out among them; by value, with what they are made of."""
    own = products[..., j, :]
    if structure.by_value[j]:
        return np.asarray(own + (parts.kept[..., j, :, None] * into).sum(axis=-2))
    return own


def _cost(
    structure: CostStructure, f: int, into: FloatArray, pool: FloatArray, rest: tuple[Shares, FloatArray]
) -> FloatArray:
    """(..., T, L, K): what a flow costs, of what enters the process that it leaves (..., T, L, K)."""
    parts, losses = rest
    j = structure.network.source[f]
    share = parts.pooled[..., f, :, None]
    if structure.loss[f]:
        return np.asarray(parts.material[..., f, :, None] * into + share * losses[..., j, None, :])
    if structure.by_value[j]:
        return np.asarray(share * pool[..., None, :])
    return np.asarray(parts.material[..., f, :, None] * into + share * pool[..., None, :])


def _to_stock(structure: CostStructure, j: int, into: FloatArray, pool: FloatArray, parts: Shares) -> FloatArray:
    pooled = parts.stock_pooled[..., j, :, None] * pool[..., None, :]
    if structure.by_value[j]:
        return np.asarray(pooled)
    return np.asarray(parts.stock_material[..., j, :, None] * into + pooled)


def _enter(
    structure: CostStructure,
    block: Sequence[int],
    flow: FloatArray,
    rest: tuple[Shares, FloatArray, FloatArray],
    mass: FloatArray,
) -> FloatArray:
    """(..., T, n, L, K): what enters the n processes of a block, their own loops included.

    Flows inside the block are still 0 in `flow`, so that the sum over inflows is what comes from elsewhere.
    """
    parts, products, losses = rest
    into = np.stack([flow[..., structure.flows_into(j), :, :].sum(axis=-3) for j in block], axis=-3)
    inside = [f for j in block for f in structure.flows_from(j) if structure.network.target[f] in block]
    if not inside:
        return into
    _refuse_closed(structure, block, inside, mass)
    place = {j: n for n, j in enumerate(block)}
    layers = mass.shape[-1]
    matrix = np.zeros((*parts.alpha.shape[:-1], len(block), layers, len(block), layers))
    for f in inside:
        i, j = int(structure.network.source[f]), int(structure.network.target[f])
        matrix[..., place[j], :, place[i], :] += _passes(structure, f, parts)
        own = losses if structure.loss[f] else products
        into[..., place[j], :, :] += parts.pooled[..., f, :, None] * own[..., i, None, :]
    size = len(block) * layers
    square = np.eye(size) - matrix.reshape(*matrix.shape[:-4], size, size)
    right = into.reshape(*into.shape[:-3], size, into.shape[-1])
    return _solve(structure, block, square, right).reshape(into.shape)


def _passes(structure: CostStructure, f: int, parts: Shares) -> FloatArray:
    """(..., T, L, L): what flow f carries in layer l of each unit of cost that enters its source in layer l'."""
    j = structure.network.source[f]
    if structure.by_value[j] and not structure.loss[f]:
        return np.asarray(parts.pooled[..., f, :, None] * parts.kept[..., j, None, :])
    return np.asarray(parts.material[..., f, :, None] * np.eye(parts.material.shape[-1]))


def _solve(structure: CostStructure, block: Sequence[int], square: FloatArray, right: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.solve(square, right), dtype=np.float64)
    except np.linalg.LinAlgError as error:
        singular = np.argwhere(np.linalg.matrix_rank(square) < square.shape[-1])
        year = structure.network.years[singular[0][-1]] if singular.size else structure.network.years[0]
        raise InputError(
            f"loop of {structure.named(block)}, {year}: all cost comes back, so that unit costs are not defined. "
            "Something must leave the loop as product or loss."
        ) from error


def _refuse_closed(structure: CostStructure, block: Sequence[int], inside: Sequence[int], mass: FloatArray) -> None:
    """Raise where mass goes round in a loop that nothing leaves, before the linear system turns singular."""
    network = structure.network
    around = mass[..., list(inside), :].sum(axis=-2)
    leaving = [f for j in block for f in structure.flows_from(j) if f not in set(inside)]
    away = mass[..., leaving, :].sum(axis=-2) + structure.changes(mass)[..., list(block), :].clip(min=0.0).sum(axis=-2)
    if structure.by_value[list(block)].any():
        around, away = around.sum(axis=-1, keepdims=True), away.sum(axis=-1, keepdims=True)
    closed = np.argwhere((around > 0.0) & (away <= 1e-12 * around))
    if closed.size:
        t, layer = closed[0][-2:]
        what = f", layer {network.layers[layer]!r}" if around.shape[-1] > 1 else ""
        raise InputError(
            f"loop of {structure.named(block)}, {network.years[t]}{what}: {around[tuple(closed[0])]:g} kt go round and "
            "nothing leaves, so that unit costs are not defined. Something must leave the loop as product or loss."
        )


def _refuse_idle(structure: CostStructure, parts: Shares, spent: Spent) -> None:
    """Raise where a centre spends money and makes nothing."""
    total = spent.total
    wrong = np.argwhere((total > 0.0) & ~(np.broadcast_to(parts.made, total.shape) > 0.0))
    if wrong.size:
        place = tuple(wrong[0])
        t, j = place[-2:]
        name = structure.network.processes[j]
        raise InputError(
            f"process {name!r}, {structure.network.years[t]}: it spends {total[place]:g} USD million and makes no "
            "product. Give it a product in that year, or costs per t."
        )


def _without_dust(mass: FloatArray) -> FloatArray:
    """Set what rounding left of nothing to 0: below 1e-13 of the largest mass."""
    if mass.size == 0:
        return mass
    return np.where(np.abs(mass) <= 1e-13 * np.nanmax(np.abs(mass)), 0.0, mass)


def _quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """As `ratio`, but NaN where there is nothing to divide by."""
    return np.where(below > 0.0, ratio(above, below), np.nan)
