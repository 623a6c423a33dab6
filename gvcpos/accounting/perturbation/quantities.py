"""The vectors that indices are made of, as solutions of small equations, with their derivatives.

Seen from sales, equations are in x̂ − Z or x̂ − Z^D; seen from inputs, in their transposes. Differentiating
(x̂ − Z) q = f gives (x̂ − Z) δq = δf − δx̂ q + δZ q. l is 1 where there is output. The identities of a balanced table hold
along every disturbance, since output is the row sums and value added what closes the columns.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np

from gvcpos.accounting.blocks import FloatArray
from gvcpos.accounting.leontief import LeontiefSystem
from gvcpos.accounting.perturbation.gradients import Gradient, Noise, Term, merged
from gvcpos.accounting.perturbation.kernels import KernelName, Kernels, apply


class Quantities:
    """Vectors of one table with their derivatives.

    Parameters
    ----------
    system : LeontiefSystem
    Y : ndarray, shape (n, G)
        Final demand by destination.
    """

    def __init__(self, system: LeontiefSystem, Y: FloatArray) -> None:
        self.system, self.kernels = system, Kernels(system)
        self.n, self.x = system.blocks.n, system.x
        self.live = (self.x != 0).astype(np.float64)
        self.y_home, self.y_abroad = system.blocks.own(Y), system.blocks.abroad(Y)

    def noise(self, **coefficients: FloatArray | float) -> Noise:
        """Make the linear form of a disturbance; see `Noise.of`."""
        return Noise.of(self.n, **coefficients)

    def _sold(self, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return Z^D q and Z^F q."""
        weighted = q * self.x
        return self.system.domestic(weighted), self.system.foreign(weighted)

    def _bought(self, q: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return Z^D' q and Z^F' q."""
        return self.x * self.system.domestic_transposed(q), self.x * self.system.foreign_transposed(q)

    def solved(self, name: KernelName, f: FloatArray) -> FloatArray:
        """Return the kernel times `f`: the solution of its equation."""
        return apply(self.kernels[name], f)

    def chained(
        self, value: FloatArray, own: tuple[KernelName, Noise], *inner: tuple[float, KernelName, Noise]
    ) -> Gradient:
        """Return a derivative of a solution whose right-hand side rests on another solution."""
        terms = [Term(np.ones(self.n), *own)]
        terms += [Term(np.ones(self.n), kernel, Noise(sign * noise.parts)) for sign, kernel, noise in inner]
        return Gradient(value, merged(terms))

    @cached_property
    def output(self) -> Gradient:
        """Output x."""
        return Gradient.single(self.x, "one", self.noise(output=1.0))

    @cached_property
    def value_added(self) -> Gradient:
        """Value added x − Z'1."""
        value = self.x - sum(self._bought(np.ones(self.n)))
        return Gradient.single(np.asarray(value), "one", self.noise(output=1.0, inputs=-1.0))

    @cached_property
    def final(self) -> Gradient:
        """Final demand y."""
        return Gradient.single(self.y_home + self.y_abroad, "one", self.noise(final=1.0))

    @cached_property
    def final_home(self) -> Gradient:
        """Domestic final demand."""
        return Gradient.single(self.y_home, "one", self.noise(final_home=1.0))

    @cached_property
    def exports(self) -> Gradient:
        """Gross exports Z^F 1 + y^F."""
        value = self._sold(self.live)[1] + self.y_abroad
        return Gradient.single(value, "one", self.noise(sales_abroad=1.0, final_abroad=1.0))

    @cached_property
    def upstreamness(self) -> Gradient:
        """U: (x̂ − Z) U = x."""
        u = self.solved("H", self.x)
        return Gradient.single(u, "H", self.noise(sales=u, output=1.0 - u))

    @cached_property
    def used_abroad(self) -> Gradient:
        """L A^F x / x: (x̂ − Z^D) h = Z^F 1."""
        h = self.solved("K", self._sold(self.live)[1])
        return Gradient.single(h, "K", self._abroad(h))

    def _abroad(self, h: FloatArray) -> Noise:
        return self.noise(sales_abroad=1.0, sales_home=h, output=-h)

    def used(self, where: str) -> Gradient:
        """L y^D / x (``"home"``) or L y^F / x (``"abroad"``): (x̂ − Z^D) q = y."""
        demand = self.y_home if where == "home" else self.y_abroad
        q = self.solved("K", demand)
        return Gradient.single(q, "K", self.noise(sales_home=q, output=-q, **{f"final_{where}": 1.0}))

    @cached_property
    def used_next_door(self) -> Gradient:
        """L A^F L y^D / x: (x̂ − Z^D) s = Z^F q, q of `used` at home."""
        q = self.used("home")
        s = self.solved("K", self._sold(q.value)[1])
        own = self.noise(sales_abroad=q.value, sales_home=s, output=-s)
        return self.chained(s, ("K", own), (1.0, "KFK", q.terms[0].noise))

    def again(self, q: Gradient) -> Gradient:
        """L x̂ q / x, once more through the domestic system: (x̂ − Z^D) p = x̂ q, for q with the one kernel K."""
        p = self.solved("K", self.x * q.value)
        own = self.noise(sales_home=p, output=q.value - p)
        return self.chained(p, ("K", own), (1.0, "KxK", q.terms[0].noise))

    @cached_property
    def crossings_ahead(self) -> Gradient:
        """B A^F x / x: (x̂ − Z) c = Z^F 1."""
        c = self.solved("H", self._sold(self.live)[1])
        return Gradient.single(c, "H", self.noise(sales_home=c, sales_abroad=1.0 + c, output=-c))

    @cached_property
    def abroad_ahead(self) -> Gradient:
        """L A^F B A^D x / x: (x̂ − Z^D) a = Z^F r, (x̂ − Z) r = Z^D 1; K Z^F H = H − K."""
        r = self.solved("H", self._sold(self.live)[0])
        inner = self.noise(sales_home=1.0 + r, sales_abroad=r, output=-r)
        a = self.solved("K", self._sold(r)[1])
        own = self.noise(sales_abroad=r, sales_home=a, output=-a)
        return self.chained(a, ("K", own), (1.0, "H", inner), (-1.0, "K", inner))

    @cached_property
    def chains_ahead(self) -> Gradient:
        """Stages of all value in chains: U less those of what is used without them, U − p, (x̂ − Z^D) p = x̂ (1 − h)."""
        h = self.used_abroad
        rest = self.live - h.value
        p = self.solved("K", self.x * rest)
        own = self.noise(sales_home=p, output=rest - p)
        return self.upstreamness - self.chained(p, ("K", own), (-1.0, "KxK", h.terms[0].noise))

    @cached_property
    def downstreamness(self) -> Gradient:
        """D: (x̂ − Z') D = x."""
        d = self.solved("H'", self.x)
        return Gradient.single(d, "H'", self.noise(inputs=d, output=1.0 - d))

    @cached_property
    def from_abroad(self) -> Gradient:
        """w A^F B, foreign value in a unit of output: (x̂ − Z^D') b = Z^F' 1."""
        b = self.solved("K'", self._bought(self.live)[1])
        return Gradient.single(b, "K'", self.noise(inputs_abroad=1.0, inputs_home=b, output=-b))

    @cached_property
    def from_home(self) -> Gradient:
        """w = vL = l − b."""
        gradient = self.from_abroad.scaled(-1.0)
        return Gradient(self.live - self.from_abroad.value, gradient.terms)

    @cached_property
    def from_next_door(self) -> Gradient:
        """w A^F L: (x̂ − Z^D') s = Z^F' w."""
        w = self.from_home.value
        s = self.solved("K'", self._bought(w)[1])
        own = self.noise(inputs_abroad=w, inputs_home=s, output=-s)
        return self.chained(s, ("K'", own), (-1.0, "KFK'", self.from_abroad.terms[0].noise))

    @cached_property
    def _home_stages(self) -> tuple[FloatArray, Noise]:
        """Return wL, (x̂ − Z^D') o = x̂ w, and the disturbance of its own equation."""
        w = self.from_home.value
        o = self.solved("K'", self.x * w)
        return o, self.noise(inputs_home=o, output=w - o)

    @cached_property
    def home_behind(self) -> Gradient:
        """w L, stages of own value before it leaves home."""
        o, own = self._home_stages
        return self.chained(o, ("K'", own), (-1.0, "KxK'", self.from_abroad.terms[0].noise))

    @cached_property
    def before_behind(self) -> Gradient:
        """w L A^F B: (x̂ − Z') t = Z^F' o; H' Z^F' K' = H' − K'."""
        (o, inner), b = self._home_stages, self.from_abroad.terms[0].noise
        t = self.solved("H'", self._bought(o)[1])
        own = self.noise(inputs_abroad=o + t, inputs_home=t, output=-t)
        rests = ((1.0, "H'", inner), (-1.0, "K'", inner), (-1.0, "HxK'", b), (1.0, "KxK'", b))
        return self.chained(t, ("H'", own), *rests)  # type: ignore[arg-type]

    @cached_property
    def after_behind(self) -> Gradient:
        """w A^F B A^D B: (x̂ − Z') a = Z^D' b; H' Z^D' K' = H' x̂ K' − H'."""
        b = self.from_abroad
        a = self.solved("H'", self._bought(b.value)[0])
        own = self.noise(inputs_home=b.value + a, inputs_abroad=a, output=-a)
        inner = b.terms[0].noise
        return self.chained(a, ("H'", own), (1.0, "HxK'", inner), (-1.0, "H'", inner))
