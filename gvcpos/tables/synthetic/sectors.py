"""The sectors of the synthetic world: how large, how far upstream, what they buy, what their output is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos.tables.synthetic.planted import STAGES

FloatArray = npt.NDArray[np.float64]
FINAL_CATEGORIES = ("households", "government", "gfcf")


@dataclass(frozen=True)
class Sector:
    """One sector: its place in the chain and the levels its processes move around.

    Attributes
    ----------
    code : str
        Label in the tables.
    kind : int
        Row and column of the technology matrix.
    stage : str or None
        Stage of the chain.
    share : float
        Share of the world's output.
    upstreamness, va_rate : float
        Levels; within a stage of several sectors only the differences count.
    home : float
        Log preference for buying at home.
    final : (float, float, float)
        Shares of households, government and fixed capital formation in its final demand.
    """

    code: str
    kind: int
    stage: str | None
    share: float
    upstreamness: float
    va_rate: float
    home: float
    final: tuple[float, float, float]


SECTORS = (
    Sector("mining", 0, "upstream", 0.035, 2.85, 0.50, 0.5, (0.30, 0.10, 0.60)),
    Sector("refining", 1, "midstream", 0.070, 2.40, 0.45, 0.5, (0.40, 0.10, 0.50)),
    Sector("components", 2, "downstream", 0.070, 1.95, 0.42, 0.5, (0.50, 0.05, 0.45)),
    Sector("equipment", 3, "downstream", 0.100, 1.65, 0.45, 0.5, (0.45, 0.10, 0.45)),
    Sector("agrifood", 4, None, 0.100, 2.00, 0.50, 1.5, (0.95, 0.02, 0.03)),
    Sector("industry", 5, None, 0.200, 2.25, 0.43, 1.0, (0.55, 0.05, 0.40)),
    Sector("services", 6, None, 0.425, 1.90, 0.56, 3.0, (0.62, 0.30, 0.08)),
)

# Prior strength of deliveries from kind (row) to kind (column), before RAS.
TECHNOLOGY = np.array(
    [
        [0.50, 2.00, 0.10, 0.02, 0.01, 0.20, 0.005],
        [0.10, 0.60, 2.00, 1.00, 0.05, 0.50, 0.05],
        [0.05, 0.05, 0.60, 2.00, 0.05, 0.40, 0.10],
        [0.20, 0.15, 0.20, 1.00, 0.10, 0.30, 0.20],
        [0.05, 0.05, 0.05, 0.05, 2.00, 0.40, 0.30],
        [0.50, 0.60, 0.60, 0.70, 0.60, 1.50, 0.60],
        [0.60, 0.60, 0.60, 0.60, 0.70, 0.80, 1.20],
    ]
)


def make_sectors(count: int | None = None) -> tuple[Sector, ...]:
    """Return the seven sectors, or more by splitting industry and services in turn.

    Raises
    ------
    InputError
        If fewer than seven are asked for.
    """
    wanted = len(SECTORS) if count is None else count
    extra = wanted - len(SECTORS)
    if extra < 0:
        raise InputError(f"sectors={wanted}: the synthetic world has at least {len(SECTORS)} sectors.")
    parts = {"industry": 1 + (extra + 1) // 2, "services": 1 + extra // 2}
    out: list[Sector] = []
    for sector in SECTORS:
        out.extend(_split(sector, parts.get(sector.code, 1)))
    return tuple(out)


def _split(sector: Sector, parts: int) -> list[Sector]:
    """Cut a sector into equal parts whose upstreamness spreads evenly around its own."""
    if parts == 1:
        return [sector]
    spread = np.linspace(-0.15, 0.15, parts)
    return [
        replace(
            sector,
            code=f"{sector.code}{k + 1:02d}",
            share=sector.share / parts,
            upstreamness=sector.upstreamness + float(shift),
        )
        for k, shift in enumerate(spread)
    ]


def chain_of(sectors: tuple[Sector, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the chain: stage to the codes of its sectors."""
    return {stage: tuple(s.code for s in sectors if s.stage == stage) for stage in STAGES}


def technology(sectors: tuple[Sector, ...]) -> FloatArray:
    """Return the prior strength of deliveries between sectors, shape (S, S)."""
    kinds = np.array([sector.kind for sector in sectors])
    return TECHNOLOGY[np.ix_(kinds, kinds)]
