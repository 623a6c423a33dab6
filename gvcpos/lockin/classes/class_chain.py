"""Chains between classes on arrays: what classes keep, draws under the nulls, and chances under a chain."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.options import ClassBounds
from gvcpos.spatial.transitions import probabilities

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]


def country_counts(which: IntArray, k: int) -> IntArray:
    """Return the transitions of each country, shape (n, k, k), from classes from 0 of shape (n, T)."""
    n = len(which)
    code = (np.arange(n)[:, None] * k + which[:, :-1]) * k + which[:, 1:]
    return np.bincount(code.ravel(), minlength=n * k * k).reshape(n, k, k)


def kept(which: IntArray, c: int) -> tuple[FloatArray, FloatArray]:
    """Return how often a class kept and held each country, forwards and backwards in time, each (..., n).

    Counted both ways, entries weigh as departures do, so that a shock to all countries, which empties one class into
    the next, does not pass for a class that is easier to leave.
    """
    before, after = which[..., :-1] == c, which[..., 1:] == c
    return 2.0 * (before & after).sum(-1), (before.astype(float) + after).sum(-1)


def gaps(which: IntArray, k: int) -> FloatArray:
    """Return how much more the lowest class keeps than the highest, from classes (..., n, T)."""
    (a, b), (c, d) = kept(which, 0), kept(which, k - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a.sum(-1) / b.sum(-1) - c.sum(-1) / d.sum(-1))


def excesses(which: IntArray) -> FloatArray:
    """Return how much more the lowest class keeps than its share of all countries, from classes (..., n, T)."""
    a, b = kept(which, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(a.sum(-1) / b.sum(-1) - (which == 0).mean((-2, -1)))


def scores(Y: FloatArray, bounds: ClassBounds) -> FloatArray:
    """Return normal scores of the ranks of values (n, T), of each year or of all."""
    from scipy.stats import norm, rankdata

    ranks = rankdata(Y, axis=0) if bounds == "year" else rankdata(Y).reshape(Y.shape)
    return np.asarray(norm.ppf((ranks - 0.5) / (len(Y) if bounds == "year" else Y.size)))


def quantile_classes(z: FloatArray, k: int, bounds: ClassBounds) -> IntArray:
    """Put values of many panels, shape (draws, n, T), into classes with equal numbers."""
    inner = np.linspace(0.0, 1.0, k + 1)[1:-1]
    cuts = np.quantile(z, inner, axis=1 if bounds == "year" else (1, 2), keepdims=True)
    return np.asarray(sum((z > cut).astype(np.intp) for cut in cuts))


def reflected(Y: FloatArray, k: int, bounds: ClassBounds, draws: int, rng: np.random.Generator) -> IntArray:
    """Draw classes under the null that low and high are mirror images, shape (draws, n, T).

    Each country's history of normal scores is reflected about the median of the year, or not, by the toss of a coin,
    and the classes are cut again. Histories stay whole, so serial dependence and lasting differences between countries
    stay as they are, and so does what all countries share.
    """
    z = scores(Y, bounds)
    middle = np.median(z, axis=0)
    sign = rng.choice(np.array([-1.0, 1.0]), size=(draws, len(z), 1))
    return quantile_classes(middle + sign * (z - middle), k, bounds)


def shuffled(Y: FloatArray, k: int, bounds: ClassBounds, draws: int, rng: np.random.Generator) -> IntArray:
    """Draw classes under the null that a year tells nothing of the next: each year's values are dealt out anew."""
    z = np.broadcast_to(scores(Y, bounds), (draws, *Y.shape))
    return quantile_classes(rng.permuted(z, axis=1), k, bounds)


def shorrocks_draws(counts: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return Shorrocks's mobility of panels of countries drawn with replacement, whole histories, shape (draws,).

    Draws in which a class is never left are NaN.
    """
    n, k = counts.shape[:2]
    times = rng.multinomial(n, np.full(n, 1.0 / n), size=draws)
    stay = times @ np.diagonal(counts, axis1=1, axis2=2)
    leave = times @ counts.sum(axis=2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((k - (stay / leave).sum(axis=1)) / (k - 1))


def shorrocks_error(counts: IntArray) -> float:
    """Return the error of Shorrocks's mobility if all transitions are independent: multinomial rows (Schluter 1998)."""
    rows = counts.sum(axis=1)
    p = np.diag(counts) / rows
    return float(np.sqrt((p * (1 - p) / rows).sum()) / (len(counts) - 1))


def years_low(P: FloatArray, start: int, steps: int) -> FloatArray:
    """Return the probabilities of 0 … `steps` years in the lowest class after the first, of chains begun at `start`.

    Exact, year by year over (class, years so far).

    Parameters
    ----------
    P : ndarray, shape (draws, k, k)

    Returns
    -------
    ndarray, shape (steps + 1,)
        The mean over the draws of the chain.
    """
    now = np.zeros((*P.shape[:2], steps + 1))
    now[:, start, 0] = 1.0
    for _ in range(steps):
        now = P.swapaxes(1, 2) @ now
        now[:, 0, 1:], now[:, 0, 0] = now[:, 0, :-1].copy(), 0.0
    return np.asarray(now.sum(axis=1).mean(axis=0))


def chain_draws(counts: IntArray, draws: int, rng: np.random.Generator) -> FloatArray:
    """Return the chain of all countries, then chains of countries drawn with replacement, shape (draws + 1, k, k).

    A class that is never left in a draw is left as in all countries.
    """
    n = len(counts)
    times = np.vstack([np.ones(n, dtype=np.int64), rng.multinomial(n, np.full(n, 1.0 / n), size=draws)])
    drawn = probabilities(np.tensordot(times, counts, axes=1))
    return np.where(np.isnan(drawn), drawn[0], drawn)


def stickier(P: FloatArray, share: float) -> FloatArray:
    """Return chains, shape (draws, k, k), in which the lowest class is left less often, by `share` of the chance."""
    out = P.copy()
    out[:, 0] *= 1.0 - share
    out[:, 0, 0] = P[:, 0, 0] + share * (1.0 - P[:, 0, 0])
    return out


def simulate_classes(P: FloatArray, lag: IntArray, start: IntArray, draws: int, rng: np.random.Generator) -> IntArray:
    """Draw classes of independent countries, shape (draws, n, T + 1).

    Parameters
    ----------
    P : ndarray, shape (groups, k, k)
        Transition probabilities given the class of the lag.
    lag : ndarray, shape (n, T)
    start : ndarray, shape (n,)
    """
    n, steps = lag.shape
    edges = np.cumsum(P, axis=2)
    edges[..., -1] = np.inf
    out = np.empty((draws, n, steps + 1), dtype=np.intp)
    out[:, :, 0] = start
    for t in range(steps):
        rows = edges[lag[:, t], out[:, :, t]]
        out[:, :, t + 1] = (rng.random((draws, n, 1)) >= rows).sum(axis=2)
    return out


def statistics(which: IntArray, group: IntArray, k: int, groups: int) -> FloatArray:
    """Return likelihood ratio and Pearson's Q of equal transitions in all groups, shape (draws, 2).

    Parameters
    ----------
    which : ndarray, shape (draws, n, T + 1) or (1, n, T + 1)
        Classes from 0.
    group : ndarray, shape (draws, n, T) or (1, n, T)

    Notes
    -----
    As `gvcpos.spatial.transitions.homogeneity`, of many panels at once.
    """
    draws = max(len(which), len(group))
    code = (group * k + which[..., :-1]) * k + which[..., 1:]
    cells = groups * k * k
    code = np.broadcast_to(code, (draws, *code.shape[1:])).reshape(draws, -1) + np.arange(draws)[:, None] * cells
    counts = np.bincount(code.ravel(), minlength=draws * cells).reshape(draws, groups, k, k).astype(float)
    whole = counts.sum(axis=1, keepdims=True)
    rows = np.maximum(whole.sum(axis=3, keepdims=True), 1.0)
    expected = counts.sum(axis=3, keepdims=True) * (whole / rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(counts > 0, counts * np.log(counts / expected), 0.0)
        gap = np.where(expected > 0, (counts - expected) ** 2 / expected, 0.0)
    return np.stack([2.0 * ratio.sum(axis=(1, 2, 3)), gap.sum(axis=(1, 2, 3))], axis=1)
