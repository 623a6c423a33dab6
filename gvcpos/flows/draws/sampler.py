"""Draws of all data of a system: one stream of numbers a datum, and sums of shares that stay what they must be.

The stream of a datum is seeded by the seed and the datum's name, so a draw's number depends neither on the size of
chunks nor on the order of data; the first thousand of ten thousand draws are those of a run of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from gvcpos._core.labels import locate, unique
from gvcpos.flows.draws.marginals import FloatArray, Marginal

ATTEMPTS = 50
_ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Variable:
    """A number a year that the system is given.

    Attributes
    ----------
    name : str
    values : (T,) float array
        Of the point solution.
    marginal : Marginal, optional
        None where the datum is known.
    correlated : bool
        One draw for all years, which is the same quantile in each; or a draw each year.
    """

    name: str
    values: FloatArray
    marginal: Marginal | None = None
    correlated: bool = True

    @property
    def columns(self) -> int:
        """How many independent numbers a draw of it takes: 0, 1 or T."""
        if self.marginal is None or bool(self.marginal.certain.all()):
            return 0
        return 1 if self.correlated else self.values.size


@dataclass(frozen=True)
class SumRule:
    """What the data of one process or flow must sum to in each year.

    Attributes
    ----------
    name : str
        The process or the flow.
    members : tuple of str
        Names of data.
    kind : {"at most one", "as given"}
        ``"at most one"``, shares of what enters a process: a draw in which they sum to more than 1 is drawn again as a
        whole, up to 50 times, then scaled down to 1. ``"as given"``, compositions: every draw is scaled to the sum
        that the point solution has.
    """

    name: str
    members: tuple[str, ...]
    kind: Literal["at most one", "as given"]


@dataclass(frozen=True, eq=False)
class Sampler:
    """All data of a system, and how they are drawn.

    Attributes
    ----------
    data : tuple of Variable
        K of them.
    rules : tuple of SumRule
    seed : int
    """

    data: tuple[Variable, ...]
    rules: tuple[SumRule, ...] = ()
    seed: int = 0

    def __post_init__(self) -> None:
        unique([datum.name for datum in self.data], "data")

    @cached_property
    def start(self) -> npt.NDArray[np.int64]:
        """First column of each datum among the inputs, (K + 1,)."""
        return np.concatenate([[0], np.cumsum([datum.columns for datum in self.data], dtype=np.int64)])

    def inputs(self, years: Sequence[int]) -> tuple[str, ...]:
        """Names of the V independent inputs: a datum, or a datum and a year."""
        out: list[str] = []
        for datum in self.data:
            own = [f"{datum.name} ({year})" for year in years]
            out += [datum.name] if datum.columns == 1 and datum.correlated else own[: datum.columns]
        return tuple(out)

    @cached_property
    def members(self) -> tuple[npt.NDArray[np.intp], ...]:
        """Positions of the data of each rule."""
        names = [datum.name for datum in self.data]
        return tuple(locate(rule.members, names, "data") for rule in self.rules)

    def stream(self, turn: int = 0) -> Stream:
        """Return draws without end; those of turn 1, 2, ... replace draws that the system cannot have."""
        return Stream(self, turn)

    def chunks(self, draws: int, size: int) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Yield `draws` draws as `Stream.take` gives them, at most `size` at a time."""
        stream = self.stream()
        for begin in range(0, draws, size):
            yield stream.take(min(size, draws - begin))

    def values(self, u: FloatArray) -> FloatArray:
        """Return the data (n, T, K) of independent inputs (n, V), sums kept by scaling alone."""
        return np.moveaxis(self.summed(self.marginals(u)), -1, 0)

    def one(self, k: int, u: FloatArray) -> FloatArray:
        """Return datum k (n, T) of its own inputs (n, 0, 1 or T)."""
        datum = self.data[k]
        if datum.columns == 0 or datum.marginal is None:
            return np.broadcast_to(datum.values, (u.shape[0], datum.values.size))
        return datum.marginal.ppf(u)

    def marginals(self, u: FloatArray) -> FloatArray:
        """Data (T, K, n) before any rule."""
        out = np.empty((self.data[0].values.size, len(self.data), u.shape[0]))
        for k in range(len(self.data)):
            out[:, k] = self.one(k, u[:, self.start[k] : self.start[k + 1]]).T
        return out

    def summed(self, x: FloatArray) -> FloatArray:
        """Scale what breaks a rule, in place; (T, K, n)."""
        for rule, at in zip(self.rules, self.members, strict=True):
            if not any(self.data[k].columns for k in at):
                continue
            part = x[:, at]
            total = part.sum(axis=1)
            target = sum(self.data[k].values for k in at)[:, None]
            if rule.kind == "at most one":
                most = np.maximum(target, 1.0)
                if not (total > most).any():
                    continue
                target = np.minimum(total, most)
            x[:, at] = part * np.divide(target, total, out=np.ones_like(total), where=total > 0.0)[:, None]
        return x


class Stream:
    """Draws one after the other, as many at a time as one likes.

    Each datum has a stream of numbers, and another for each rule because of which it is drawn again, and each attempt.
    """

    def __init__(self, sampler: Sampler, turn: int) -> None:
        self._sampler = sampler
        self._turn = turn
        self._generators: dict[tuple[int, str, int], np.random.Generator] = {}

    def take(self, n: int) -> tuple[FloatArray, FloatArray]:
        """Return the next n draws.

        Returns
        -------
        (n, V) float array
            Independent numbers between 0 and 1; of shares that were drawn again, the last.
        (n, T, K) float array
            The data.
        """
        sampler = self._sampler
        u = np.empty((n, int(sampler.start[-1])))
        for k in range(len(sampler.data)):
            u[:, sampler.start[k] : sampler.start[k + 1]] = self._numbers(k, n)
        x = sampler.marginals(u)
        for rule, at in zip(sampler.rules, sampler.members, strict=True):
            if rule.kind == "at most one":
                self._again(rule.name, at, u, x)
        return u, np.moveaxis(sampler.summed(x), -1, 0)

    def _numbers(self, k: int, n: int, rule: str = "", attempt: int = 0) -> FloatArray:
        """The next n × columns numbers of datum k."""
        datum = self._sampler.data[k]
        if (k, rule, attempt) not in self._generators:
            entropy = [self._sampler.seed, self._turn, attempt, *datum.name.encode(), 0, *rule.encode()]
            self._generators[k, rule, attempt] = np.random.default_rng(entropy)
        return self._generators[k, rule, attempt].random((n, datum.columns))

    def _again(self, rule: str, at: npt.NDArray[np.intp], u: FloatArray, x: FloatArray) -> None:
        """Replace draws (T, K, n) whose data `at` sum to too much, and their inputs (n, V), in place."""
        sampler = self._sampler
        moving = [int(k) for k in at if sampler.data[k].columns]
        if not moving:
            return
        most = np.maximum(sum(sampler.data[k].values for k in at), 1.0)[:, None] + _ROUNDING
        rows = np.flatnonzero((x[:, at].sum(axis=1) > most).any(axis=0))
        for attempt in range(1, ATTEMPTS + 1):
            if not rows.size:
                return
            for k in moving:
                columns = slice(sampler.start[k], sampler.start[k + 1])
                u[rows, columns] = self._numbers(k, rows.size, rule, attempt)
                x[:, k, rows] = sampler.one(k, u[rows, columns]).T
            rows = rows[(x[:, at[:, None], rows].sum(axis=1) > most).any(axis=0)]
