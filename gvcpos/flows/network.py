"""Who is joined to whom: processes and the flows between them, as labels and index arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gvcpos._core.labels import locate, unique

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

OUTSIDE = "outside"  # where imports come from, and where exports, losses and final waste go


@dataclass(frozen=True)
class Network:
    """Processes and the flows between them.

    Masses of a network are arrays (..., T, F, L): years, flows, layers; leading dimensions, if any, are draws.

    Attributes
    ----------
    processes : tuple of str
        P names, without the outside.
    flows : tuple of str
        F names.
    source, target : (F,) int array
        Number of the process that a flow leaves and enters; -1 is the outside.
    layers : tuple of str
        L names, whose sum is the total; a single layer may be called ``"total"``.
    years : tuple of int
        T years, in order.
    """

    processes: tuple[str, ...]
    flows: tuple[str, ...]
    source: IntArray
    target: IntArray
    layers: tuple[str, ...]
    years: tuple[int, ...]

    @classmethod
    def of(
        cls,
        processes: Sequence[str],
        flows: Sequence[tuple[str, str, str]],
        layers: Sequence[str],
        years: Sequence[int],
    ) -> Network:
        """Make a network of (flow, source, target) names; `OUTSIDE` is no process but may be either end.

        Raises
        ------
        LabelError
            If a name stands twice or an end is no process.
        """
        names = unique(processes, "processes")
        place = {OUTSIDE: -1}
        ends = dict.fromkeys(end for _, *both in flows for end in both if end != OUTSIDE)
        place |= dict(zip(ends, locate(ends, names, "processes").tolist(), strict=True))
        return cls(
            processes=tuple(names),
            flows=tuple(unique([name for name, _, _ in flows], "flows")),
            source=np.array([place[source] for _, source, _ in flows], dtype=np.int64),
            target=np.array([place[target] for _, _, target in flows], dtype=np.int64),
            layers=tuple(unique(layers, "layers")),
            years=tuple(years),
        )

    def inflow(self, mass: FloatArray) -> FloatArray:
        """(..., T, P, L): what enters each process, of masses (..., T, F, L)."""
        return self._gathered(mass, self.target)

    def outflow(self, mass: FloatArray) -> FloatArray:
        """(..., T, P, L): what leaves each process, of masses (..., T, F, L)."""
        return self._gathered(mass, self.source)

    def stock_change(self, mass: FloatArray) -> FloatArray:
        """(..., T, P, L): what enters less what leaves."""
        return self.inflow(mass) - self.outflow(mass)

    def _gathered(self, mass: FloatArray, ends: IntArray) -> FloatArray:
        at = (ends[None, :] == np.arange(len(self.processes))[:, None]).astype(np.float64)
        return np.asarray(at @ mass)  # (P, F) @ (..., F, L)
