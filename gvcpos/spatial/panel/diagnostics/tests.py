"""Tests on spatial panels: Lagrange multiplier, Wald and likelihood ratio; numbers in, numbers out.

Sources: Anselin (1988), Anselin, Bera, Florax and Yoon (1996) for the robust forms, Debarsy and Ertur (2010)
and Elhorst (2014) for fixed-effects panels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from scipy import sparse, stats

from gvcpos._core.errors import GvcposError
from gvcpos.spatial.panel.inference.covariance import scaled_inverse
from gvcpos.spatial.panel.inputs.transform import operator, spatial_lag
from gvcpos.spatial.panel.ml.estimation import PanelArrays, flat
from gvcpos.spatial.panel.ml.period_operators import multiplier_of
from gvcpos.spatial.weights.period_matrix import PeriodMatrix

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PanelTest:
    """A test: what it asks, what it found.

    Attributes
    ----------
    name : str
    null : str
        The null hypothesis in words and symbols.
    statistic : float
    distribution : str
        Its asymptotic distribution under the null, as in ``"chi2(1)"``.
    df : int
        Degrees of freedom; 0 where the distribution has none.
    pvalue : float
        Missing, with the statistic, where the test is not defined; `note` says why. Missing alone for a measure that
        is no test.
    note : str
        What a reader of the number must know.
    """

    name: str
    null: str
    statistic: float
    distribution: str
    df: int
    pvalue: float
    note: str = ""

    @property
    def sentence(self) -> str:
        """The finding in words, at 5 %, and the note."""
        if np.isnan(self.pvalue):
            return self.note if not np.isnan(self.statistic) else f"Not tested ({self.null}): {self.note}"
        verdict = "is rejected" if self.pvalue < 0.05 else "is not rejected"
        said = f'"{self.null}" {verdict} at 5 % ({self._p}).'
        return f"{said} {self.note}" if self.note else said

    @property
    def _p(self) -> str:
        return "p < 0.0001" if self.pvalue < 0.0001 else f"p = {self.pvalue:.4f}"

    @property
    def _numbers(self) -> tuple[str, ...]:
        """Statistic, distribution, degrees of freedom and p-value, as far as there are any."""
        found = (
            f"statistic {self.statistic:.4f}" if not np.isnan(self.statistic) else "",
            self.distribution,
            f"df {self.df}" if self.df else "",
            self._p if not np.isnan(self.pvalue) else "",
        )
        return tuple(text for text in found if text) or ("not tested",)

    def __repr__(self) -> str:
        return f"<PanelTest {self.name}: {', '.join(self._numbers)}>"

    def __str__(self) -> str:
        lines = (self.name, f"H0: {self.null}", ", ".join(self._numbers), self.sentence)
        return "\n".join(line for line in lines if line)


def chi2_test(name: str, null: str, statistic: float, df: int, note: str = "") -> PanelTest:
    """Make a test that is chi-squared under the null; tiny negative statistics from rounding count as 0."""
    value = max(float(statistic), 0.0)
    return PanelTest(name, null, value, f"chi2({df})", df, float(stats.chi2.sf(value, df)), note)


def f_test(name: str, null: str, statistic: float, df: tuple[int, int], note: str = "") -> PanelTest:
    """Make a test that is F with `df` degrees of freedom under the null."""
    value = max(float(statistic), 0.0)
    return PanelTest(name, null, value, f"F({df[0]}, {df[1]})", df[0], float(stats.f.sf(value, *df)), note)


def normal_test(name: str, null: str, statistic: float, *, upper: bool = False, note: str = "") -> PanelTest:
    """Make a test that is standard normal under the null, against both sides or against large values alone."""
    tail = float(stats.norm.sf(statistic)) if upper else 2.0 * float(stats.norm.sf(abs(statistic)))
    return PanelTest(name, null, float(statistic), "N(0, 1)", 0, tail, note)


def one_sided(name: str, null: str, statistic: float) -> PanelTest:
    """Make a test of a variance that cannot be negative; a statistic that rounding makes negative counts as 0.

    Its p-value is that of the mixture ½ chi2(0) + ½ chi2(1) (Self and Liang 1987).
    """
    value = max(float(statistic), 0.0)
    pvalue = 0.5 * float(stats.chi2.sf(value, 1)) if value > 0.0 else 1.0
    return PanelTest(name, null, value, "chi2(0)/2 + chi2(1)/2", 1, pvalue)


def undefined(name: str, null: str, why: str) -> PanelTest:
    """Make the row of a test that is not defined here; it says why."""
    return PanelTest(name, null, float("nan"), "", 0, float("nan"), why)


Question = tuple[str, str, Callable[[], Iterable[PanelTest]]]


def answers(questions: Iterable[Question]) -> list[PanelTest]:
    """Ask one after the other; what is not defined here gives a row that says why.

    Parameters
    ----------
    questions : iterable of (name, null, callable)
        Name and null are those of the row should the callable, which returns the tests, refuse.
    """
    found: list[PanelTest] = []
    for name, null, ask in questions:
        try:
            found += ask()
        except GvcposError as error:
            found.append(undefined(name, null, str(error)))
    return found


def lm_tests(panel: PanelArrays) -> tuple[PanelTest, ...]:
    """LM tests for a spatial lag and a spatial error, plain and robust, on the model without either.

    The score and the information are those of the chosen transformation: under Lee and Yu's, T-1 periods
    and, without time effects, the traces of F'WF; under the direct likelihood they are Elhorst's. beta and
    sigma^2 are partialled out. Where W changes over time and entity effects are transformed away, the variance of both
    scores is that of e'QW_tQe, Q less means: no longer T-1 times that of one period.

    Parameters
    ----------
    panel : PanelArrays
        X is the regressors of the model under the null.

    Returns
    -------
    tuple of PanelTest
        lm_lag, lm_error, robust_lm_lag, robust_lm_error.
    """
    score, info = _score_and_information(panel)
    gain = _quadratic(score, info)
    robust_lag = (score[0] - info[0, 1] / info[1, 1] * score[1]) ** 2 / (info[0, 0] - info[0, 1] ** 2 / info[1, 1])
    robust_error = (score[1] - info[0, 1] / info[0, 0] * score[0]) ** 2 / (info[1, 1] - info[0, 1] ** 2 / info[0, 0])
    return (
        chi2_test("lm_lag", "no spatial lag: rho = 0", gain[0], 1),
        chi2_test("lm_error", "no spatial error: lambda = 0", gain[1], 1),
        chi2_test("robust_lm_lag", "no spatial lag, a spatial error allowed: rho = 0", robust_lag, 1),
        chi2_test("robust_lm_error", "no spatial error, a spatial lag allowed: lambda = 0", robust_error, 1),
    )


def _quadratic(score: Array, info: Array) -> Array:
    """Squared score over its own information, element by element."""
    return score**2 / np.diag(info)


def _score_and_information(panel: PanelArrays) -> tuple[Array, Array]:
    """Score (2,) and efficient information (2, 2) of (rho, lambda) at zero, beta and sigma^2 partialled out."""
    t, shape = panel.transformation, panel.y.shape
    W = operator(panel.spectrum.matrix)
    y, X = flat(t.within(panel.y)), flat(t.within(panel.X))
    beta = np.linalg.lstsq(X, y, rcond=None)[0]
    e = y - X @ beta
    s2 = float(e @ e) / t.nobs
    Wy = flat(t.within(spatial_lag(W, panel.y)))
    We = flat(t.within(spatial_lag(W, e.reshape(shape))))
    traces = multiplier_of(panel.spectrum, 0.0).traces(projected=t.drop_unit)
    times = t.determinants
    score = np.array([e @ Wy, e @ We]) / s2 - times * traces.g
    mean = Wy - We
    mean = mean - X @ np.linalg.lstsq(X, mean, rcond=None)[0]
    common = times * (traces.gg + traces.gtg) + _excess(panel) - 2.0 * (times * traces.g) ** 2 / t.nobs
    return score, np.full((2, 2), common) + np.diag([float(mean @ mean) / s2, 0.0])


def _excess(panel: PanelArrays) -> float:
    """tr W̄W̄ + tr W̄'W̄ less the means over the periods of tr W_tW_t + tr W_t'W_t, W̄ the mean: 0 for one W.

    What tr QBQ(B + B') has beyond T-1 times the mean over periods, B the W_t of all periods and Q = I − 11'/T of them;
    with time effects of JW_t.
    """
    t, W = panel.transformation, panel.spectrum.matrix
    if not (isinstance(W, PeriodMatrix) and t.lee_yu and t.entity):
        return 0.0
    mean = cast(sparse.csr_array, sum(share * one for share, one in zip(W.shares, W.distinct, strict=True)))
    each = [_squares(one, projected=t.drop_unit) for one in W.distinct]
    return _squares(mean, projected=t.drop_unit) - float(W.shares @ each)


def _squares(W: sparse.csr_array, *, projected: bool) -> float:
    """tr WW + tr W'W, or of JW; rows sum to one then, so that tr JWJW = tr WW − 1."""
    total = float(W.multiply(W.T).sum() + W.power(2).sum())
    return total - 1.0 - float((np.asarray(W.sum(axis=0)) ** 2).sum()) / W.shape[0] if projected else total


def wald(estimate: Array, jacobian: Array, covariance: Array) -> float:
    """Wald statistic of q restrictions.

    Parameters
    ----------
    estimate : ndarray, shape (q,)
        The restrictions' left side at the estimate, zero under the null.
    jacobian : ndarray, shape (q, p)
        Its derivatives with respect to the parameters.
    covariance : ndarray, shape (p, p)
    """
    return float(estimate @ scaled_inverse(jacobian @ covariance @ jacobian.T) @ estimate)


def common_factor(beta: Array, theta: Array, rho: float) -> tuple[Array, Array]:
    """Restrictions theta + rho beta = 0 under which the Durbin model is an error model, and their Jacobian.

    Parameters
    ----------
    beta, theta : ndarray, shape (k,)
    rho : float

    Returns
    -------
    value : ndarray, shape (k,)
    jacobian : ndarray, shape (k, 2k + 1)
        Columns beta, theta, rho.
    """
    k = len(beta)
    return theta + rho * beta, np.hstack([rho * np.eye(k), np.eye(k), beta[:, None]])
