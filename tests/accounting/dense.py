"""The slow oracle: every index from the full inverse, as its equation is printed, with loops over countries."""

from __future__ import annotations

import numpy as np

from gvcpos.tables import IOTable


class Dense:
    """Blocks of one table; ``A(s, r)``, ``B(s, r)``, ``Y(s, r)`` are the printed symbols."""

    def __init__(self, table: IOTable) -> None:
        self.G, self.N = table.shape
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
        A, B, Y, L, V = self.A, self.B, self.Y, self.l, self.V
        own, home = V(s) @ B(s, s), V(s) @ L[s]
        third = self.others(s, r)
        partner = V(r) @ B(r, s)
        rest = self.total(V(t) @ B(t, s) for t in third)
        Asr = A(s, r)
        final, inner = Y(s, r), Asr @ L[r] @ Y(r, r)
        outer = Asr @ L[r] @ self.e[r]
        return {
            "DVA_FIN": own * Y(s, r),
            "DVA_INT": home * (Asr @ B(r, r) @ Y(r, r)),
            "T3": home * (Asr @ self.total(B(r, t) @ Y(t, t) for t in third)),
            "T4": home * (Asr @ B(r, r) @ self.total(Y(r, t) for t in third)),
            "T5": home * (Asr @ self.total(B(r, t) @ self.total(Y(t, u) for u in self.others(s, t)) for t in third)),
            "RDV_FIN": home * (Asr @ B(r, r) @ Y(r, s)),
            "RDV_FIN2": home * (Asr @ self.total(B(r, t) @ Y(t, s) for t in third)),
            "RDV_INT": home * (Asr @ B(r, s) @ Y(s, s)),
            "DDC_FIN": home * (Asr @ B(r, s) @ self.total(Y(s, t) for t in self.others(s))),
            "DDC_INT": (own - home) * (Asr @ self.X(r)),
            "MVA_FIN": partner * final,
            "MVA_INT": partner * inner,
            "MDC": partner * outer,
            "OVA_FIN": rest * final,
            "OVA_INT": rest * inner,
            "ODC": rest * outer,
        }

    def kpww(self) -> tuple[np.ndarray, np.ndarray]:
        """IV and FV by exporting sector."""
        iv, fv = np.zeros_like(self.x), np.zeros_like(self.x)
        for s in self.countries:
            for r in self.others(s):
                terms = self.wwz(s, r)
                iv[self.at(s)] += terms["T3"] + terms["T4"] + terms["T5"]
                fv[self.at(s)] += sum(terms[k] for k in ("MVA_FIN", "MVA_INT", "OVA_FIN", "OVA_INT"))
        return iv, fv

    def borin_mancini(self) -> dict[str, np.ndarray]:
        names = "GEXP DVA DDC FVA FDC VAX DAVAX VAX1 VAX2 VAX3 VAX4 REF1 REF2"
        out = {k: np.zeros_like(self.x) for k in names.split()}
        A, L, Y = self.A, self.l, self.Y
        for s in self.countries:
            M = sum((A(s, j) @ self.B(j, s) for j in self.others(s)), np.zeros((self.N, self.N)))
            w = self.V(s) @ L[s]
            f = self.total(self.V(t) @ self.B(t, s) for t in self.others(s)) @ np.linalg.inv(np.eye(self.N) + M)
            for r in self.others(s):
                e, back = self.e_pair(s, r), self.BY[self.at(r), s]
                near = A(s, r) @ L[r]
                pair = {
                    "GEXP": e,
                    "DVA": w * e,
                    "DDC": (w @ M) * e,
                    "FVA": f * e,
                    "FDC": (f @ M) * e,
                    "VAX": w * (Y(s, r) + A(s, r) @ (self.X(r) - back)),
                    "DAVAX": w * (Y(s, r) + near @ Y(r, r)),
                    "VAX1": w * Y(s, r),
                    "VAX2": w * (near @ Y(r, r)),
                    "VAX3": w * (near @ self.total(Y(r, j) for j in self.others(r, s))),
                    "VAX4": w * (near @ self.total(A(r, j) @ self._for_others(j, s) for j in self.others(r))),
                    "REF1": w * (near @ Y(r, s)),
                    "REF2": w * (near @ self.total(A(r, j) @ self.BY[self.at(j), s] for j in self.others(r))),
                }
                for name, value in pair.items():
                    out[name][self.at(s)] += value
        return out

    def _for_others(self, j: int, s: int) -> np.ndarray:
        return self.total(self.BY[self.at(j), k] for k in self.others(s))

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
