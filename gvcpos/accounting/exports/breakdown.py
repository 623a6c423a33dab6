"""Any term of exports by origin of the value added and by who absorbs it in the end: exporter's perspective.

A term is a weight times a flow. The weight is value added of each origin in a unit of exports of s: all of it,
V̂ B_·s, or what crosses the border of s for the first time, V̂ B_·s B_ss⁻¹ L_ss, or the rest. The flow is the part of
e_sr that a final user k absorbs along a chosen way. One exporter at a time, summed before it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.pairs import PairFlows

_FINAL, _USED, _PASSED, _LATER = range(4)
_ALL = (_FINAL, _USED, _PASSED, _LATER)
_INTERMEDIATE = (_USED, _PASSED, _LATER)


@dataclass(frozen=True)
class Piece:
    """A weight and the flows it multiplies.

    Attributes
    ----------
    origin : {"own", "foreign", "all"}
        Whose value added.
    count : {"once", "again", "full"}
        What is counted once, what is counted again, or both.
    ways : tuple of int
        Final goods; intermediates the importer uses, sends on in final goods, and passes on.
    absorber : {"any", "home", "away"}
        Who absorbs it: anybody, the exporter, all others.
    """

    origin: str
    count: str
    ways: tuple[int, ...] = _ALL
    absorber: str = "any"


TERMS: dict[str, tuple[Piece, ...]] = {
    "GEXP": (Piece("all", "full"),),
    "TVA": (Piece("all", "once"),),
    "DC": (Piece("own", "full"),),
    "DVA": (Piece("own", "once"),),
    "VAX": (Piece("own", "once", absorber="away"),),
    "DAVAX": (Piece("own", "once", (_FINAL, _USED)),),
    "REF": (Piece("own", "once", absorber="home"),),
    "DDC": (Piece("own", "again"),),
    "FC": (Piece("foreign", "full"),),
    "FVA": (Piece("foreign", "once"),),
    "FDC": (Piece("foreign", "again"),),
    "GVC": (Piece("own", "once", (_PASSED, _LATER)), Piece("own", "again"), Piece("foreign", "full")),
    "GVCB": (Piece("own", "again"), Piece("foreign", "full")),
    "GVCF": (Piece("own", "once", (_PASSED, _LATER)),),
    "VAX1": (Piece("own", "once", (_FINAL,)),),
    "VAX2": (Piece("own", "once", (_USED,)),),
    "VAX3": (Piece("own", "once", (_PASSED,), "away"),),
    "VAX4": (Piece("own", "once", (_LATER,), "away"),),
    "REF1": (Piece("own", "once", (_PASSED,), "home"),),
    "REF2": (Piece("own", "once", (_LATER,), "home"),),
    "DDC1": (Piece("own", "again", (_FINAL,)),),
    "DDC2": (Piece("own", "again", _INTERMEDIATE),),
    "FVA1": (Piece("foreign", "once", (_FINAL,)),),
    "FVA2": (Piece("foreign", "once", (_USED,)),),
    "FVA3": (Piece("foreign", "once", (_PASSED,)),),
    "FVA4": (Piece("foreign", "once", (_LATER,)),),
}
# What only the first crossing of the exporter's border defines.
SOURCE_ONLY = ("DAVAX", "GVC", "GVCB", "GVCF")


class Breakdown:
    """The exports of one exporter after another, by way, importer and absorber, and the origins of their content.

    Parameters
    ----------
    pairs : PairFlows
    approach : {"source", "sink"}
    """

    def __init__(self, pairs: PairFlows, approach: str) -> None:
        self.pairs, self.sink = pairs, approach == "sink"
        blocks, system, flows = pairs.blocks, pairs.system, pairs.flows
        self._local = system.local(flows.Y)
        # Of s's exports, B_ss⁻¹ [(BY)_sk − [k = s] L_ss Y_ss] ends in k without crossing the border of s again.
        reached = pairs.absorbed - blocks.spread(flows.local_demand[:, 0])
        self._last = blocks.solve(system.diagonal_blocks, reached)
        self._last_final = blocks.solve(system.diagonal_blocks, system.local(pairs.final))

    def terms(self, s: int, pieces: tuple[Piece, ...], origin: str, keep: tuple[bool, bool, bool]) -> FloatArray:
        """Return a term of the exports of s, summed over what is not kept.

        Parameters
        ----------
        s : int
        pieces : tuple of Piece
        origin : {"none", "country", "sector"}
            One row, a row for each exporter, or a row for each cell.
        keep : tuple of bool
            Whether to keep the exporting sector, the importer and the absorber.

        Returns
        -------
        ndarray, shape (rows of origin, N_s or 1, G or 1, G or 1)
        """
        by_sector, by_importer, by_absorber = keep
        ways, again = self.ways(s)
        total: FloatArray | None = None
        for piece in pieces:
            flow = self._flow(s, piece, ways, again)
            flow = flow if by_importer else flow.sum(axis=1, keepdims=True)
            flow = flow if by_absorber else flow.sum(axis=2, keepdims=True)
            weight = self.weights(s, piece, origin)
            if by_sector:
                found = weight[:, :, None, None] * flow
            else:
                found = (weight @ flow.reshape(len(flow), -1)).reshape(-1, 1, *flow.shape[1:])
            total = found if total is None else total + found
        return np.zeros((0, 1, 1, 1)) if total is None else total

    def ways(self, s: int) -> tuple[FloatArray, FloatArray]:
        """Return e_sr by way and absorber, and what crosses the border of s again in final goods and in others.

        Returns
        -------
        ndarray, shape (4, N_s, G, G)
            Y_sr [k = r]; A_sr L_rr Y_rr [k = r]; A_sr L_rr Y_rk, k ≠ r; A_sr [(BY)_rk − L_rr Y_rk]. Of the sink, the
            last without what crosses again.
        ndarray, shape (2, N_s, G, G)
            A_sr B_rs B_ss⁻¹ times L_ss Y_sk, k ≠ s, and times the rest of (BY)_sk − [k = s] L_ss Y_ss; 0 of the source.
        """
        pairs, blocks, here = self.pairs, self.pairs.blocks, self.pairs.blocks.slices[s]
        size, G = blocks.sizes[s], blocks.G
        ways, again = np.zeros((4, size, G, G)), np.zeros((2, size, G, G))
        sold = pairs.system.Z[here] * pairs.system.inverse_x
        last = np.concatenate([self._last_final[here], self._last[here]], axis=1) if self.sink else None
        for r, there in enumerate(blocks.slices):
            if r == s:
                continue
            supplied = sold[:, there]
            ways[0, :, r, r] = pairs.final[here, r]
            ways[2, :, r] = supplied @ self._local[there]
            ways[1, :, r, r], ways[2, :, r, r] = ways[2, :, r, r], 0.0
            ways[3, :, r] = supplied @ (pairs.absorbed[there] - self._local[there])
            if last is not None:
                through = supplied @ (pairs.B[there, here] @ last)
                again[0, :, r] = through[:, :G]
                again[1, :, r] = through[:, G:] - through[:, :G]
                ways[3, :, r] -= through[:, G:]
        return ways, again

    def _flow(self, s: int, piece: Piece, ways: FloatArray, again: FloatArray) -> FloatArray:
        """Return the flow of a piece, shape (N_s, G importers, G absorbers)."""
        recrossing = [0] * (_FINAL in piece.ways) + [1] * any(way != _FINAL for way in piece.ways)
        if not self.sink or piece.count == "once":
            out = ways[list(piece.ways)].sum(axis=0)
        elif piece.count == "again":
            out = again[recrossing].sum(axis=0)
        else:
            out = ways.sum(axis=0) + again.sum(axis=0)
        if piece.absorber == "any":
            return out
        home = np.arange(self.pairs.blocks.G) == s
        return out * (home if piece.absorber == "home" else ~home)

    def weights(self, s: int, piece: Piece, origin: str) -> FloatArray:
        """Return value added in a unit of exports of s, shape (rows of origin, N_s); origins not meant are 0."""
        pairs, blocks, here = self.pairs, self.pairs.blocks, self.pairs.blocks.slices[s]
        if origin == "sector":
            content, own = pairs.flows.v[:, None] * pairs.B[:, here], blocks.of_cell == s
        else:
            content, own = pairs.content[here].T, np.arange(blocks.G) == s
        if not self.sink and piece.count != "full":
            once = np.linalg.solve(pairs.system.diagonal_blocks[s].T, content.T)
            once = (pairs.system.L[s].T @ once).T
            content = once if piece.count == "once" else content - once
        if piece.origin != "all":
            content = content * (own if piece.origin == "own" else ~own)[:, None]
        return content.sum(axis=0, keepdims=True) if origin == "none" else content
