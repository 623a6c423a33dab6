"""From the data of a system to what is drawn: a distribution a datum, and the sums that shares must keep."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gvcpos._core.errors import InputError, SpecificationError
from gvcpos.flows.draws.marginals import Marginal
from gvcpos.flows.draws.sampler import SumRule, Variable
from gvcpos.flows.system.data import DataVector, Datum
from gvcpos.flows.system.spec import SystemSpec

SHARES = ("share", "composition")


def variable_of(datum: Datum) -> Variable:
    """Return what is drawn for a datum.

    Shares are drawn between 0 and 1, all else from 0 up: a distribution that reaches further is cut off there. A normal
    one of anything but a share that would often be cut is refused, since its mean would not be the value any more.

    Raises
    ------
    SpecificationError
        If the datum can have no such distribution.
    """
    if datum.distribution is None or not (datum.sd > 0.0).any():
        return Variable(datum.name, datum.values, None, datum.correlated)
    try:
        return Variable(datum.name, datum.values, _marginal(datum), datum.correlated)
    except InputError as error:
        raise SpecificationError(f"{datum.name}: {error}") from error


def _marginal(datum: Datum) -> Marginal:
    kind = datum.distribution
    assert kind is not None
    is_share = datum.what in SHARES or datum.name.endswith(".to_product")
    bounds = (0.0, 1.0) if is_share else (0.0, np.inf)
    ranged = kind in ("triangular", "uniform") or (kind == "beta" and _is_pert(datum))
    if ranged:
        return Marginal.of_range(kind, datum.low, datum.high, datum.mode)
    if kind == "normal" and is_share:
        kind = "truncated normal"
    if kind in ("beta", "truncated normal"):
        bounds = (max(bounds[0], float(datum.low.max())), min(bounds[1], float(datum.high.min())))
    return Marginal.of_sd(kind, datum.values, datum.sd, bounds)


def _is_pert(datum: Datum) -> bool:
    """Whether the deviation of a beta datum is what its low, mode and high make it, not one that was given."""
    low, mode, high = datum.low, datum.mode, datum.high
    mean = (low + 4.0 * mode + high) / 6.0
    return bool(np.allclose(datum.sd, np.sqrt((mean - low) * (high - mean) / 7.0), rtol=1e-12, atol=0.0))


def sum_rules(spec: SystemSpec, data: DataVector) -> tuple[SumRule, ...]:
    """Return what shares must sum to.

    A composition keeps its sum. Transfer coefficients of a process sum to 1 at most; where every flow that leaves a
    process without stock has one, they keep their sum too.
    """
    return tuple(_compositions(data)) + tuple(_transfers(spec, data))


def _compositions(data: DataVector) -> Iterator[SumRule]:
    owners = dict.fromkeys((d.owner, d.name.partition("[")[0]) for d in data if d.what == "composition")
    for owner, stem in owners:
        names = tuple(
            d.name for d in data if d.what == "composition" and (d.owner, d.name.partition("[")[0]) == (owner, stem)
        )
        yield SumRule(f"composition of {owner}", names, "as given")


def _transfers(spec: SystemSpec, data: DataVector) -> Iterator[SumRule]:
    for process, block in spec.processes.items():
        leaving = [name for name, flow in spec.flows.items() if flow.from_ == process]
        seen: set[tuple[str, ...]] = set()
        for layer in spec.layers:
            found = [d for d in data if d.what == "share" and d.owner in leaving and d.layer in (None, layer)]
            names = tuple(d.name for d in found)
            if not names or names in seen:
                continue
            seen.add(names)
            closed = block.stock is None and {d.owner for d in found} == set(leaving)
            yield SumRule(f"{process}, {layer}", names, "as given" if closed else "at most one")
