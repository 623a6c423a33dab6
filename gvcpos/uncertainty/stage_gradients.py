"""Derivatives of a stage's indices: ratios of sums over its sectors, by every cell of the table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.accounting.perturbation import Gradient, IndexGradients, Sums
from gvcpos.uncertainty.cells import FloatArray
from gvcpos.uncertainty.stages import Rows

_PARTS = ("", "_simple", "_complex", "_domestic", "_traditional")
_GVC_PARTS = ("_gvc", "_gvc_home", "_gvc_crossings", "_gvc_abroad")


def _flows() -> Mapping[str, tuple[str, ...]]:
    """Return ratio to the factors of the flow that it is a ratio to, as in `gvcpos.chains.aggregate`."""
    final = ("fgo", "x")
    known: dict[str, tuple[str, ...]] = dict.fromkeys(("va_rate", "fgo", "upstreamness", "downstreamness"), ("x",))
    for side, view, total in (("plv", "forward", ("va",)), ("ply", "backward", final)):
        known |= {f"wwyz_{view}{part}": total for part in _PARTS}
        known[side] = total
        for part in ("domestic", "traditional"):
            known[f"{side}_{part}"] = (f"wwyz_{view}_{part}", *total)
        known |= {f"{side}{part}": (f"wwyz_{view}", *total) for part in _GVC_PARTS}
    return known


_FLOWS = _flows()
_SUMS = ("x", "va", "exports")
_SHARES = {"va_share": "va", "export_share": "exports"}


def stage_derivatives() -> tuple[str, ...]:
    """Return the indices of stages that have first-order standard errors."""
    return (*_SUMS, *_SHARES, "rca", "gvc_position", *_FLOWS)


class StageGradients:
    """Gradients of the indices of stages.

    Parameters
    ----------
    gradients : IndexGradients
        By cell.
    rows : Rows
        Stages of a chain.
    """

    def __init__(self, gradients: IndexGradients, rows: Rows) -> None:
        stages = rows.stages or {}
        G, N, S = len(rows.countries), rows.sectors, len(stages)
        members = np.zeros((S, N))
        for s, positions in enumerate(stages.values()):
            members[s, positions] = 1.0
        self._gradients = gradients
        self._own: FloatArray = np.einsum("gh,sn->gshn", np.eye(G), members).reshape(G * S, G * N)
        self._world: FloatArray = np.tile(np.tile(members, (1, G)), (G, 1))
        self._country: FloatArray = np.repeat(np.kron(np.eye(G), np.ones(N)), S, axis=0)

    @property
    def names(self) -> tuple[str, ...]:
        """Indices that have one."""
        return stage_derivatives()

    def __getitem__(self, name: str) -> Sums:
        """Return the derivative of one index of all stages.

        Raises
        ------
        InputError
            If it is not among `names`.
        """
        if name not in self.names:
            raise InputError(f"no derivative of {name!r} by stage. There are: {enumerate_labels(self.names, 40)}.")
        if name in _SUMS:
            return self._sum(self._gradients[name], self._own)
        if name in _SHARES:
            money = self._gradients[_SHARES[name]]
            return self._sum(money, self._own) / self._sum(money, self._world)
        if name == "rca":
            exports = self._gradients["exports"]
            at_home = self._sum(exports, self._own) / self._sum(exports, self._country)
            return at_home / (self._sum(exports, self._world) / self._sum(exports, np.ones_like(self._world)))
        if name == "gvc_position":
            return self["plv_gvc"] / self["ply_gvc"]
        flow = self._flow(name)
        return self._sum(self._gradients[name] * flow, self._own) / self._sum(flow, self._own)

    def _flow(self, name: str) -> Gradient:
        """Return the flow that an index is a ratio to."""
        first, *rest = (self._gradients[factor] for factor in _FLOWS[name])
        for factor in rest:
            first = first * factor
        return first

    def _sum(self, gradient: Gradient, groups: FloatArray) -> Sums:
        return Sums.of(gradient, self._gradients.kernels, groups)
