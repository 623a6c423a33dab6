"""The numbers of trade analyses, on arrays: concentration, growth, unit values and their outliers, mirror gaps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
# 1 / Φ⁻¹(3/4): the median absolute deviation of a normal variable times this is its standard deviation.
_MAD_TO_SD = 1.4826022185056018


def over(part: FloatArray, whole: FloatArray) -> FloatArray:
    """Return part / whole, NaN where the whole is not positive; shapes broadcast."""
    part, whole = np.broadcast_arrays(np.asarray(part, float), np.asarray(whole, float))
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def herfindahl(flows: FloatArray) -> FloatArray:
    """Return Σ s², s the share of each row in its column, shape (m,): 1 for one partner, 1/n for n equal ones.

    Parameters
    ----------
    flows : ndarray, shape (n, m)
        Amounts, none negative: n partners of m markets. A column without trade gives NaN.

    Notes
    -----
    Herfindahl 1950, Hirschman 1945. Its inverse is the number of equal partners that would be as concentrated.
    """
    shares = over(flows, flows.sum(axis=0))
    return np.asarray((shares**2).sum(axis=0), dtype=np.float64)


def largest(flows: FloatArray) -> tuple[npt.NDArray[np.intp], FloatArray]:
    """Return the row with the largest amount of each column and its share, (m,) each; the first of equals.

    Parameters
    ----------
    flows : ndarray, shape (n, m)
    """
    first = flows.argmax(axis=0)
    return first, over(flows[first, np.arange(flows.shape[1])], flows.sum(axis=0))


def compound_growth(first: FloatArray, last: FloatArray, years: int) -> FloatArray:
    """Return (last / first)^(1/years) − 1; NaN where the first is not positive."""
    return over(last, first) ** (1.0 / years) - 1.0


def yearly_growth(values: FloatArray, years: npt.NDArray[np.int64]) -> FloatArray:
    """Return growth on the year before along the last axis, NaN for the first year and after a gap.

    Parameters
    ----------
    values : ndarray, shape (…, T)
    years : ndarray of int, shape (T,)
    """
    out = np.full(values.shape, np.nan)
    out[..., 1:] = np.where(np.diff(years) == 1, over(values[..., 1:], values[..., :-1]) - 1.0, np.nan)
    return out


def unit_value(value: FloatArray, mass: FloatArray) -> FloatArray:
    """Return USD per metric ton of values in USD million and masses in tons; NaN without a mass."""
    return over(np.asarray(value, float) * 1e6, mass)


def outliers(values: FloatArray, group: npt.NDArray[np.intp], *, cut: float = 3.5, least: int = 5) -> Mask:
    """Return which positive values are far from their group's median, in logs, shape (n,).

    Parameters
    ----------
    values : ndarray, shape (n,)
        NaN and zero are no outliers and do not count.
    group : ndarray of int, shape (n,)
    cut : float
        |ln u − median| > cut · 1.4826 · MAD.
    least : int
        Groups with fewer values, or with a median absolute deviation of zero, have no outliers.

    Notes
    -----
    Iglewicz & Hoaglin 1993, "How to Detect and Handle Outliers", ASQC: 3.5 robust standard deviations.
    """
    out = np.zeros(len(values), dtype=bool)
    usable = np.flatnonzero(values > 0)
    order = usable[np.argsort(group[usable], kind="stable")]
    for members in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if order.size else []:
        logs = np.log(values[members])
        away = np.abs(logs - np.median(logs))
        spread = _MAD_TO_SD * float(np.median(away))
        if len(members) >= least and spread > 0:
            out[members] = away > cut * spread
    return out


def mirror_gap(exporter: FloatArray, importer: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the importer's over the exporter's report, and the gap in their mean, 2(m − x)/(m + x), in −2 … 2.

    Parameters
    ----------
    exporter, importer : ndarray, shape (n,)
        The two reports of the same flows; NaN where there is none, and then NaN is returned.
    """
    return over(importer, exporter), over(2.0 * (importer - exporter), importer + exporter)
