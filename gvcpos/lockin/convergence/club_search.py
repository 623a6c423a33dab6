"""The clustering algorithm of Phillips & Sul (2007, section 4; 2009): clubs that each converge, and who is in none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gvcpos.lockin.convergence.log_t import TRIM, log_t

_SIEVE_STEP = 0.1
_SIEVE_TOP = 20.0


@dataclass(frozen=True, eq=False)
class Partition:
    """Clubs by falling level.

    Attributes
    ----------
    clubs : tuple of ndarray of int
        Rows of each club, sorted; the first club is the highest.
    divergent : ndarray of int
        Rows in no club.
    """

    clubs: tuple[np.ndarray, ...]
    divergent: np.ndarray


class ClubSearch:
    """Clubs of paths.

    Parameters
    ----------
    y : ndarray, shape (N, T)
    critical : callable
        Number of countries to the value above which t does not reject convergence.
    trim : float
        See `log_t`.
    sieve : float
        First value that t must exceed for a country to join a core group (Phillips & Sul: 0 in short panels).
    """

    def __init__(
        self, y: np.ndarray, critical: Callable[[int], float], *, trim: float = TRIM, sieve: float = 0.0
    ) -> None:
        self.y = y
        self.critical = critical
        self.trim = trim
        self.sieve = sieve
        years = y.shape[1]
        self._level = y[:, -max(1, years // 3) :].mean(axis=1)  # steadier than the last year alone

    def t(self, rows: np.ndarray) -> float:
        """Return the log t statistic of some rows."""
        return log_t(self.y[rows], self.trim).t

    def converges(self, rows: np.ndarray) -> bool:
        """Whether convergence of some rows is not rejected."""
        return len(rows) >= 2 and self.t(rows) > self.critical(len(rows))

    def run(self) -> Partition:
        """Find the clubs, then merge neighbours that converge together."""
        left = np.argsort(-self._level, kind="stable")
        clubs: list[np.ndarray] = []
        while len(left) >= 2:
            if self.converges(left):
                clubs.append(left)
                left = left[:0]
                break
            core = self.core(left)
            if len(core) == 0:
                break
            club = self.grown(core, left)
            clubs.append(club)
            left = left[~np.isin(left, club)]
        return self._sorted(self.merged(clubs), left)

    def core(self, order: np.ndarray) -> np.ndarray:
        """Return the core group among rows sorted by falling level: empty if no two neighbours converge."""
        for start in range(len(order) - 1):
            best, highest = 0, -np.inf
            for stop in range(start + 2, len(order) + 1):
                t = self.t(order[start:stop])
                if t <= self.critical(stop - start):
                    break
                if t > highest:
                    best, highest = stop, t
            if best:
                return order[start:best]
        return order[:0]

    def grown(self, core: np.ndarray, order: np.ndarray) -> np.ndarray:
        """Add to the core whoever converges with it, more strictly until all of them do so together."""
        outside = order[~np.isin(order, core)]
        alone = np.array([self.t(np.append(core, row)) for row in outside])
        bar = self.sieve
        while bar <= _SIEVE_TOP:
            club = np.append(core, outside[alone > bar])
            if len(club) == len(core) or self.converges(club):
                return club
            bar += _SIEVE_STEP
        return core

    def merged(self, clubs: list[np.ndarray]) -> list[np.ndarray]:
        """Merge neighbouring clubs while two of them converge together (Phillips & Sul 2009)."""
        clubs = sorted(clubs, key=lambda rows: -float(self._level[rows].mean()))
        i = 0
        while i + 1 < len(clubs):
            both = np.concatenate([clubs[i], clubs[i + 1]])
            if self.converges(both):
                clubs[i : i + 2] = [both]
            else:
                i += 1
        return clubs

    def _sorted(self, clubs: list[np.ndarray], left: np.ndarray) -> Partition:
        ranked = sorted(clubs, key=lambda rows: -float(self._level[rows].mean()))
        return Partition(tuple(np.sort(rows) for rows in ranked), np.sort(left))
