"""Whether data contradict each other: a chi-squared test a year, and a test of each datum that names the wrong one.

The adjustment that the redundant equations ask of a datum, over its own standard deviation, is standard normal without
gross errors; its square is by how much the weighted sum of squares falls when the datum is left out (Mah & Tamhane
1982, AIChE J. 28:828; Narasimhan & Jordache 2000, Data Reconciliation and Gross Error Detection, ch. 7; Madron 1992).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import chi2, norm

from gvcpos.flows.balance.fitting import Fit
from gvcpos.flows.system.data import DataVector

FloatArray = npt.NDArray[np.float64]
_TESTABLE = 1e-7  # of its standard deviation: what a datum must be able to move by
_ALIKE = 1e-7


def chi_squared(fit: Fit) -> FloatArray:
    """Test each year's equations at the data of the file.

    Returns
    -------
    (T, 3) float array
        Statistic, degrees of freedom (0: nothing to test), p-value (then NaN).
    """
    years, rows = fit.solver.years, fit.solver.redundancy
    out = np.tile([0.0, 0.0, np.nan], (years, 1))
    if not rows:
        return out
    sources = fit.spread.matrix().reshape(-1, len(fit.spread.year))
    spread = fit.sensitivity.misses.reshape(years * rows, -1) @ sources
    for t in range(years):
        here = slice(t * rows, (t + 1) * rows)
        left, values, _ = np.linalg.svd(spread[here], full_matrices=False)
        keep = values > 1e-9 * max(float(values.max(initial=0.0)), 1e-300)
        scores = (left[:, keep].T @ fit.asked[here]) / values[keep]
        df = int(keep.sum())
        out[t] = (scores @ scores, df, chi2.sf(scores @ scores, df) if df else np.nan)
    return out


def gross_errors(fit: Fit, data: DataVector, level: float = 0.05) -> pd.DataFrame:
    """Test each datum that some equation could contradict.

    Parameters
    ----------
    fit : Fit
    data : DataVector
    level : float
        Size of the test in each year, over all its data (Holm 1979).

    Returns
    -------
    DataFrame
        year, datum, owner, what, given, reconciled, adjustment, unit, z, pvalue, pvalue_holm, suspicious, and
        confounded_with: data whose error would look the same, so that the test cannot tell them apart.
    """
    sd = fit.spread.sd.ravel()
    right, used = fit.constraints.right, sd > 0
    sources = fit.spread.matrix().reshape(sd.size, -1)
    sources = np.divide(sources, sd[:, None], out=np.zeros_like(sources), where=used[:, None])
    spread = right.T @ (right @ sources)
    scores = np.stack([fit.constraints.least(fit.asked), np.linalg.norm(spread, axis=1)], axis=1)
    shape = (*fit.data.shape, -1)
    frames = [
        _of_year(fit, data, t, scores.reshape(shape)[t], spread.reshape(shape)[t]) for t in range(fit.solver.years)
    ]
    found = pd.concat(frames, ignore_index=True)
    return found.assign(suspicious=found["pvalue_holm"] < level)[SUSPECTS]


def holm(pvalues: FloatArray) -> FloatArray:
    """Adjust p-values (m,) for their number, stepping down (Holm 1979, Scand. J. Stat. 6:65)."""
    order = np.argsort(pvalues, kind="stable")
    stepped = np.maximum.accumulate(pvalues[order] * np.arange(pvalues.size, 0, -1))
    out = np.empty_like(pvalues)
    out[order] = np.minimum(stepped, 1.0)
    return out


def _of_year(fit: Fit, data: DataVector, t: int, scores: FloatArray, spread: FloatArray) -> pd.DataFrame:
    """Test the data of a year; scores (K, 2) are what is asked of each and how far chance would move it."""
    size = scores[:, 1]
    at = np.flatnonzero(size > _TESTABLE)
    z = scores[at, 0] / size[at]
    pvalue = 2.0 * norm.sf(np.abs(z))
    adjusted = holm(pvalue)
    shape = spread[at] / size[at, None]
    alike = np.abs(shape @ shape.T) > 1.0 - _ALIKE
    rows = [
        {
            "year": data.years[t],
            "datum": data.names[k],
            "owner": data.data[k].owner,
            "what": data.data[k].what,
            "given": fit.given[t, k],
            "reconciled": fit.data[t, k],
            "adjustment": fit.data[t, k] - fit.given[t, k],
            "unit": data.data[k].unit,
            "z": z[i],
            "pvalue": pvalue[i],
            "pvalue_holm": adjusted[i],
            "confounded_with": ", ".join(data.names[at[j]] for j in np.flatnonzero(alike[i]) if j != i),
        }
        for i, k in enumerate(at)
    ]
    return pd.DataFrame(rows, columns=[name for name in SUSPECTS if name != "suspicious"])


SUSPECTS = [
    *("year", "datum", "owner", "what", "given", "reconciled", "adjustment", "unit"),
    *("z", "pvalue", "pvalue_holm", "suspicious", "confounded_with"),
]
