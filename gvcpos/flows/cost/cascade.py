"""Costs run down the chain: what enters a centre, what it adds, and what each of its flows costs; loops at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gvcpos._core.errors import IdentityError
from gvcpos.flows.cost.lines import inverse, lines, turned_back, years_first
from gvcpos.flows.cost.loops import refuse_closed, refuse_idle, solved
from gvcpos.flows.cost.money import Money, Spent, spend
from gvcpos.flows.cost.shares import Split, split
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
    alpha : (..., T, P) array
        m_product / (m_product + m_loss) of each process.
    """

    structure: CostStructure
    mass: FloatArray
    flow: FloatArray
    entered: FloatArray
    stock: FloatArray
    spent: Spent
    alpha: FloatArray

    @cached_property
    def total(self) -> FloatArray:
        """(..., T, F, L): cost of every flow, all kinds together."""
        return np.asarray(self.flow.sum(axis=-1)) if self.flow.shape[-1] > 1 else self.flow[..., 0]

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
    lead = np.broadcast_shapes(mass.shape[:-2], money.lead)
    whole = (*lead, *mass.shape[-2:])
    line_mass = _without_dust(lines(np.broadcast_to(mass, whole), 2))
    found = split(
        structure, line_mass, lines(np.broadcast_to(money.price, whole), 2) if structure.by_value.any() else None
    )
    spent = spend(structure, money.expenses, {"input": found.entered, "product": found.made, "loss": found.lost})
    refuse_idle(structure, found.made, spent)
    flow, entered, stock = _run(structure, found, (line_mass, _bought(structure, money, line_mass)), spent, by_kind)
    back = (turned_back(flow, 3), turned_back(entered, 3), turned_back(stock, 3))
    out = CostArrays(structure, turned_back(line_mass, 2), *back, spent, turned_back(found.alpha, 1))
    out.check()
    return out


def _run(
    structure: CostStructure, found: Split, masses: tuple[FloatArray, FloatArray], spent: Spent, by_kind: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Cost of flows (F, L, K, ...), what enters processes and what goes to stocks (P, L, K, ...), block by block."""
    mass, bought = masses
    products, losses = _own(found.alpha, spent, by_kind)
    count, (layers, *rest) = len(structure.network.processes), mass.shape[1:]
    flow = np.zeros((len(mass), layers, products.shape[1], *rest))
    flow[:, :, 0] = bought
    entered, stock = (np.zeros((count, *flow.shape[1:])) for _ in range(2))
    for block in structure.blocks:
        for j in block:
            entered[j] = flow[structure.flows_into(j)].sum(axis=0)
        inside = structure.inside(block)
        if inside:
            refuse_closed(structure, block, inside, mass)
            entered[list(block)] = _loop(structure, block, (found, products, losses), entered)
        for j in block:
            unit = _of_mass(found, j, entered)
            pool = products[j] + _kept(structure, found, j, entered)
            made = (0.0 if structure.by_value[j] else unit) + (pool * inverse(found.base[j]))[None]
            lost = unit + (losses[j] * inverse(found.lost[j]))[None]
            for f in structure.flows_from(j):
                flow[f] = found.weight[f][:, None] * (lost if structure.loss[f] else made)
            if structure.stock[j]:
                stock[j] = found.change[j][:, None] * made
    return flow, entered, stock


def _bought(structure: CostStructure, money: Money, mass: FloatArray) -> FloatArray:
    """(F, L, ...): cost of what is bought, 0 for other flows."""
    cost = money.bought_at(structure)
    out = np.zeros(mass.shape)
    for number, f in enumerate(np.flatnonzero(structure.bought)):
        for layer in range(mass.shape[1]):
            out[f, layer] = years_first(cost[..., number, layer], mass.ndim - 2) * mass[f, layer]
    return out


def _own(alpha: FloatArray, spent: Spent, by_kind: bool) -> tuple[FloatArray, FloatArray]:
    """What each process spends on its products and on its losses: (P, K, ...) twice."""
    material, energy, system = (lines(a, 1) for a in (spent.material_product, spent.energy, spent.system))
    products = np.stack([material, alpha * energy, alpha * system], axis=1)
    losses = np.stack([np.zeros_like(energy), (1.0 - alpha) * energy, (1.0 - alpha) * system], axis=1)
    if not by_kind:
        products, losses = products.sum(axis=1, keepdims=True), losses.sum(axis=1, keepdims=True)
    return products, losses


def _of_mass(found: Split, j: int, entered: FloatArray) -> FloatArray:
    """(L, K, ...): what a kt of each layer that leaves a process has cost before it, by mass."""
    return np.asarray(entered[j] * inverse(found.left[j])[:, None])


def _kept(structure: CostStructure, found: Split, j: int, entered: FloatArray) -> FloatArray | float:
    """(K, ...): what products of a centre by value are made of; by mass nothing, for it goes with its layer."""
    return (found.kept[j][:, None] * entered[j]).sum(axis=0) if structure.by_value[j] else 0.0


def _loop(
    structure: CostStructure,
    block: Sequence[int],
    rest: tuple[Split, FloatArray, FloatArray],
    entered: FloatArray,
) -> FloatArray:
    """(n, L, K, ...): what enters the n processes of a loop, of what enters them from elsewhere: one linear system."""
    found, products, losses = rest
    place = {j: n for n, j in enumerate(block)}
    right = entered[list(block)]
    n, layers, kinds = right.shape[:3]
    entries = {(row, row): np.ones(right.shape[3:]) for row in range(n * layers)}

    def add(at: tuple[int, int], other: tuple[int, int], values: FloatArray) -> None:
        """Take off what one process gives another, (process, layer) to (process, layer)."""
        entry = (at[0] * layers + at[1], other[0] * layers + other[1])
        entries[entry] = entries[entry] - values if entry in entries else -values

    for f in structure.inside(block):
        i, j = int(structure.network.source[f]), int(structure.network.target[f])
        lost = bool(structure.loss[f])
        own = losses[i] * inverse(found.lost[i]) if lost else products[i] * inverse(found.base[i])
        right[place[j]] += found.weight[f][:, None] * own[None]
        if structure.by_value[i] and not lost:
            share = found.weight[f] * inverse(found.base[i])
            for into, of in np.ndindex(layers, layers):
                add((place[j], into), (place[i], of), share[into] * found.kept[i][of])
        else:
            for layer in range(layers):
                add((place[j], layer), (place[i], layer), found.weight[f, layer] * inverse(found.left[i, layer]))
    solution = solved(structure, block, entries, right.reshape(n * layers, kinds, *right.shape[3:]))
    return solution.reshape(right.shape)


def _without_dust(mass: FloatArray) -> FloatArray:
    """Set what rounding left of nothing to 0: below 1e-13 of the largest mass."""
    least = 1e-13 * np.nanmax(np.abs(mass), initial=0.0)
    return np.where(np.abs(mass) <= least, 0.0, mass)


def _quotient(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient, NaN where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0.0)
