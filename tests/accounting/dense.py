"""The slow oracle: every index from the full inverse, as its equation is printed, with loops over countries."""

from __future__ import annotations

import numpy as np

from gvcpos.tables import IOTable
from tests.accounting.oracle.borin_mancini import source_standard, source_terms
from tests.accounting.oracle.world import plain
from tests.accounting.oracle.wwz import wwz_pair

COMPARED = ("GEXP", "DVA", "DDC", "FVA", "FDC", "VAX", "DAVAX", "VAX1", "VAX2", "VAX3", "VAX4", "REF1", "REF2")


class Dense:
    """Blocks of one table; ``A(s, r)``, ``B(s, r)``, ``Y(s, r)`` are the printed symbols."""

    def __init__(self, table: IOTable) -> None:
        self.G, self.N = table.shape
        self.world = plain(table.Z, table.final_demand, self.N)
        self.x, self.va, self.F = table.x, table.va_total, table.final_demand
        n = len(self.x)
        inverse_x = np.array([1 / v if v != 0 else 0.0 for v in self.x])
        self.a = table.Z @ np.diag(inverse_x)
        self.b = np.linalg.inv(np.eye(n) - self.a)
        self.v = self.va * inverse_x
        self.countries = range(self.G)
        self.l = [np.linalg.inv(np.eye(self.N) - self.A(s, s)) for s in self.countries]
        self.BY = self.b @ self.F
        self.e = [sum((self.e_pair(s, r) for r in self.others(s)), np.zeros(self.N)) for s in self.countries]

    def at(self, s: int) -> slice:
        return slice(s * self.N, (s + 1) * self.N)

    def A(self, s: int, r: int) -> np.ndarray:
        return self.a[self.at(s), self.at(r)]

    def B(self, s: int, r: int) -> np.ndarray:
        return self.b[self.at(s), self.at(r)]

    def Y(self, s: int, r: int) -> np.ndarray:
        return self.F[self.at(s), r]

    def V(self, s: int) -> np.ndarray:
        return self.v[self.at(s)]

    def X(self, s: int) -> np.ndarray:
        return self.x[self.at(s)]

    def others(self, *those: int) -> list[int]:
        return [r for r in self.countries if r not in those]

    def e_pair(self, s: int, r: int) -> np.ndarray:
        return self.Y(s, r) + self.A(s, r) @ self.X(r)

    def total(self, terms) -> np.ndarray:
        return sum(terms, np.zeros(self.N))

    def wwz(self, s: int, r: int) -> dict[str, np.ndarray]:
        """The sixteen terms of Wang, Wei & Zhu for a pair, by name; they sum to e_sr."""
        return wwz_pair(self.world, s, r)

    def kpww(self) -> tuple[np.ndarray, np.ndarray]:
        """IV and FV by exporting sector."""
        iv, fv = np.zeros_like(self.x), np.zeros_like(self.x)
        for s in self.countries:
            for r in self.others(s):
                terms = self.wwz(s, r)
                iv[self.at(s)] += sum(terms[f"DVA_INTrex{k}"] for k in (1, 2, 3))
                fv[self.at(s)] += sum(terms[k] for k in ("MVA_FIN", "MVA_INT", "OVA_FIN", "OVA_INT"))
        return iv, fv

    def borin_mancini(self) -> dict[str, np.ndarray]:
        """The source terms and their aggregates by exporting sector, all partners together."""
        every = [source_terms(self.world, s) for s in self.countries]
        terms = {name: np.concatenate([one[name].sum(axis=1) for one in every]) for name in every[0]}
        known = terms | source_standard(terms) | {"GEXP": terms["EXGR"]}
        return {name: known[name] for name in COMPARED}

    def parts(self) -> dict[str, np.ndarray]:
        """Block-diagonal and other matrices of the length and participation formulas."""
        n = len(self.x)
        AD, L = np.zeros((n, n)), np.zeros((n, n))
        for s in self.countries:
            AD[self.at(s), self.at(s)], L[self.at(s), self.at(s)] = self.A(s, s), self.l[s]
        yd = np.concatenate([self.Y(s, s) for s in self.countries])
        yf = np.concatenate([self.total(self.Y(s, r) for r in self.others(s)) for s in self.countries])
        return {"AD": AD, "AF": self.a - AD, "L": L, "yd": yd, "yf": yf, "y": yd + yf}

    def wwyz(self) -> dict[str, np.ndarray]:
        """The matrices v̂Lŷ^D, v̂Lŷ^F, simple, complex; row and column sums are the two views."""
        p = self.parts()
        v, L, AF = np.diag(self.v), p["L"], p["AF"]
        yd, yf, y = np.diag(p["yd"]), np.diag(p["yf"]), np.diag(p["y"])
        return {
            "domestic": v @ L @ yd,
            "traditional": v @ L @ yf,
            "simple": v @ L @ AF @ L @ yd,
            "complex": v @ L @ AF @ (self.b @ y - L @ yd),
        }

    def lengths(self) -> dict[str, np.ndarray]:
        """The matrices of Wang, Wei, Yu & Zhu 2017b."""
        p = self.parts()
        v, L, AF, AD, B = np.diag(self.v), p["L"], p["AF"], p["AD"], self.b
        yd, yf, y = np.diag(p["yd"]), np.diag(p["yf"]), np.diag(p["y"])
        return {
            "induced": v @ B @ B @ y,
            "induced_domestic": v @ L @ L @ yd,
            "induced_traditional": v @ L @ L @ yf,
            "before": v @ L @ L @ AF @ B @ y,
            "crossings": v @ B @ AF @ B @ y,
            "after": v @ L @ AF @ B @ AD @ B @ y,
            "gvc": v @ L @ AF @ B @ y,
        }

    def upstreamness(self) -> np.ndarray:
        """(I − x̂⁻¹Z)⁻¹1, inverted on the cells that have output."""
        live = np.flatnonzero(self.x)
        shares = (self.a * self.x)[np.ix_(live, live)] / self.x[live, None]
        out = np.full_like(self.x, np.nan)
        out[live] = np.linalg.inv(np.eye(len(live)) - shares).sum(axis=1)
        return out
