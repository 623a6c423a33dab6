"""A figure of its definition: masses, values, shares, growth, added value, and what each measures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos.flows.network import FloatArray
from gvcpos.flows.targets.accounts import Accounts
from gvcpos.flows.targets.definitions import FigureBlock, SumBlock
from gvcpos.trade.claims.units import Dimension

# What a figure measures, and how many of the claims' base units (t, USD million) one of the units inside is.
MEASURES: Mapping[str, tuple[Dimension, float]] = {
    "mass": (Dimension(1, 0), 1e3),
    "value": (Dimension(0, 1), 1.0),
    "added_value": (Dimension(0, 1), 1.0),
    "unit_value": (Dimension(-1, 1), 1e-3),
    "unit_cost": (Dimension(-1, 1), 1e-3),
    "share": (Dimension(), 1.0),
    "growth": (Dimension(), 1.0),
    "rank": (Dimension(), 1.0),
    "cost_share": (Dimension(), 1.0),
}
Part = TypeVar("Part")


def figure(block: FigureBlock, accounts: Accounts) -> FloatArray:
    """Return a figure in the units inside (kt, USD million, USD million per kt, 1).

    Parameters
    ----------
    block : FigureBlock
        One definition.
    accounts : Accounts

    Returns
    -------
    (...) float array
        One number, or one a draw.

    Raises
    ------
    InputError
        If a value is asked for of a flow without a price.
    """
    return _COMPUTE[block.kind](block, accounts)


def _mass(block: FigureBlock, accounts: Accounts) -> FloatArray:
    part = _given(block.mass)
    return _net(part, lambda flows: accounts.masses(flows, block.years, block.layers))


def _value(block: FigureBlock, accounts: Accounts) -> FloatArray:
    part = _given(block.value)
    return _net(part, lambda flows: accounts.values(flows, block.years, block.layers))


def _unit_value(block: FigureBlock, accounts: Accounts) -> FloatArray:
    where = (_given(block.unit_value), block.years, block.layers)
    return _ratio(accounts.values(*where), accounts.masses(*where))


def _unit_cost(block: FigureBlock, accounts: Accounts) -> FloatArray:
    where = (_given(block.unit_cost), block.years, block.layers)
    return _ratio(accounts.flow_costs(*where), accounts.masses(*where))


def _share(block: FigureBlock, accounts: Accounts) -> FloatArray:
    share = _given(block.share)
    part = accounts.masses(share.of, block.years, block.layers)
    return _ratio(part, accounts.masses(share.over, block.years, block.layers))


def _growth(block: FigureBlock, accounts: Accounts) -> FloatArray:
    """Mass of the last year over that of the first."""
    growth = _given(block.growth)

    def in_year(year: int) -> FloatArray:
        """Mass of one year."""
        return _net(growth.of, lambda flows: accounts.masses(flows, (year,), block.layers))

    return _ratio(in_year(growth.last), in_year(growth.first))


def _added_value(block: FigureBlock, accounts: Accounts) -> FloatArray:
    return accounts.added_value(_given(block.added_value), block.years)


def _rank(block: FigureBlock, accounts: Accounts) -> FloatArray:
    """Place by added value: 1 and how many have more."""
    rank = _given(block.rank)
    found = {name: accounts.added_value(part, block.years) for name, part in rank.among.items()}
    own = found.pop(rank.of)
    return np.asarray(1.0 + sum((other > own).astype(np.float64) for other in found.values()))


def _cost_share(block: FigureBlock, accounts: Accounts) -> FloatArray:
    share = _given(block.cost_share)
    costs = {
        kind: accounts.cost(kind, block.years, by_centre=share.by_centre)
        for kind in ("material", "energy", "system", "waste")
    }
    return _ratio(np.asarray(sum(costs[kind] for kind in share.of)), np.asarray(sum(costs.values())))


_COMPUTE: Mapping[str, Callable[[FigureBlock, Accounts], FloatArray]] = {
    "mass": _mass,
    "value": _value,
    "unit_value": _unit_value,
    "unit_cost": _unit_cost,
    "share": _share,
    "growth": _growth,
    "added_value": _added_value,
    "rank": _rank,
    "cost_share": _cost_share,
}


def _net(part: SumBlock, total: Callable[[tuple[str, ...]], FloatArray]) -> FloatArray:
    """Flows added less flows taken off."""
    return total(part.plus) - total(part.minus) if part.minus else total(part.plus)


def _given(part: Part | None) -> Part:
    """Return what a figure of this kind has; the block sees to it that it is there."""
    if part is None:
        raise InputError("a figure lacks the block of its kind.")
    return part


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient; NaN where there is nothing to divide by."""
    a, b = np.broadcast_arrays(above, below)
    return np.divide(a, b, out=np.full(a.shape, np.nan), where=b != 0.0)
