"""Blocks of one table: a country is an array of row numbers, so a group, or a split country, is a larger block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray


@dataclass
class World:
    """``A(s, r)``, ``B(s, r)``, ``Y(s, r)``, ``L(s)``, ``e(s, r)`` are the printed symbols.

    ``Z`` (n, n), ``F`` (n, countries) final demand; ``blocks[s]`` are the rows of exporter s, in whole sets of
    ``N`` sectors; ``columns[s]`` are its columns of ``F``.
    """

    Z: Array
    F: Array
    N: int
    blocks: list[Array]
    columns: list[Array]
    x: Array = field(init=False)

    def __post_init__(self) -> None:
        self.x = self.Z.sum(axis=1) + self.F.sum(axis=1)
        self.va = self.x - self.Z.sum(axis=0)
        inverse = np.array([1 / x if x != 0 else 0.0 for x in self.x])
        self.v = self.va * inverse
        self.a = self.Z @ np.diag(inverse)
        self.b = np.linalg.inv(np.eye(len(self.x)) - self.a)
        self.final = np.column_stack([self.F[:, c].sum(axis=1) for c in self.columns])
        self.BY = self.b @ self.final
        self.countries = range(len(self.blocks))
        self._local: dict[int, Array] = {}

    def A(self, s: int, r: int) -> Array:
        return self.a[np.ix_(self.blocks[s], self.blocks[r])]

    def B(self, s: int, r: int) -> Array:
        return self.b[np.ix_(self.blocks[s], self.blocks[r])]

    def Y(self, s: int, r: int) -> Array:
        return self.final[self.blocks[s], r]

    def BYof(self, s: int, r: int) -> Array:
        return self.BY[self.blocks[s], r]

    def V(self, s: int) -> Array:
        return self.v[self.blocks[s]]

    def X(self, s: int) -> Array:
        return self.x[self.blocks[s]]

    def L(self, s: int) -> Array:
        if s not in self._local:
            a = self.A(s, s)
            self._local[s] = np.linalg.inv(np.eye(len(a)) - a)
        return self._local[s]

    def others(self, *those: int) -> list[int]:
        return [r for r in self.countries if r not in those]

    def e(self, s: int, r: int) -> Array:
        """Gross exports of s to r, Y_sr + A_sr x_r."""
        return self.Y(s, r) + self.A(s, r) @ self.X(r)

    def exports(self, s: int) -> Array:
        return total((self.e(s, r) for r in self.others(s)), self.blocks[s])

    def M(self, s: int) -> Array:
        """Σ_{j≠s} A_sj B_js."""
        n = len(self.blocks[s])
        return sum((self.A(s, j) @ self.B(j, s) for j in self.others(s)), np.zeros((n, n)))

    def fold(self, vector: Array) -> Array:
        """Sum the sets of N sectors of a block: MX1 + MX2 = MEX, members = group."""
        return vector.reshape(-1, self.N).sum(axis=0)


def total(vectors: object, like: Array) -> Array:
    """Sum of vectors; zeros where there are none."""
    return sum(vectors, np.zeros(len(like)))  # type: ignore[call-overload]


def plain(Z: Array, F: Array, sectors: int) -> World:
    """Every country is one block of N consecutive rows and one column of F."""
    rows = np.arange(len(Z)).reshape(-1, sectors)
    return World(Z, F, sectors, list(rows), [np.array([c]) for c in range(len(rows))])


def split(Z: Array, F: Array, sectors: int, parts: Sequence[Sequence[int]]) -> World:
    """Invert then merge: ``parts[c]`` are the sets of N rows of the country whose final demand is column c of F."""
    rows = np.arange(len(Z)).reshape(-1, sectors)
    blocks = [np.concatenate([rows[p] for p in own]) for own in parts]
    return World(Z, F, sectors, blocks, [np.array([c]) for c in range(len(parts))])


def merged(world: World) -> World:
    """Merge then invert: add up the parts of every country in Z and F, and only then form A and B."""
    n, N = len(world.x), world.N
    sum_up = np.zeros((len(world.blocks) * N, n))
    for s, block in enumerate(world.blocks):
        for k, row in enumerate(block):
            sum_up[s * N + k % N, row] = 1
    return plain(sum_up @ world.Z @ sum_up.T, sum_up @ world.final, N)


def grouped(world: World, members: Sequence[int]) -> tuple[World, int, list[int]]:
    """Make the members one exporter, put last: (world, its number, numbers in ``world`` of the others)."""
    others = world.others(*members)
    blocks = [world.blocks[s] for s in others] + [np.concatenate([world.blocks[s] for s in members])]
    columns = [world.columns[s] for s in others] + [np.concatenate([world.columns[s] for s in members])]
    return World(world.Z, world.F, world.N, blocks, columns), len(others), others
