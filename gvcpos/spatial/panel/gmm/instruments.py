"""Instruments of a spatial lag and of other endogenous regressors: which there are, whether they suffice, how strong.

E[Wy] = W(I − ρW)⁻¹(Xβ + effects) is a series in X, WX, W²X ...: its first terms are instruments (Kelejian and Prucha
1998), its sum at first-step estimates is the best one (Lee 2003). With fixed effects the instruments, like Wy itself,
have the effects taken out after W has been applied.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.panel.gmm.two_stage import Array, FloatMatrix, Scores
from gvcpos.spatial.panel.inputs.transform import spatial_lag
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_operators import multiplier_of

_ABSORBED = 1e-11  # length left of a column once effects are out, as a share of what it was
_DEPENDENT = 1e-9  # length left of a column of unit length once the columns before it are taken out


@dataclass(frozen=True)
class Candidates:
    """Columns that are exogenous, before effects are taken out.

    Attributes
    ----------
    columns : ndarray, shape (T, N, m)
    names : tuple of m str
    included : int
        How many of them, the first ones, are regressors of the model.
    """

    columns: Array
    names: tuple[str, ...]
    included: int


@dataclass(frozen=True)
class Basis:
    """An orthonormal basis of the instruments.

    Attributes
    ----------
    H : ndarray, shape (n, q)
    names : tuple of str
        The q instruments that are linearly independent.
    dropped : tuple of str
        Those that depend on the ones before them.
    """

    H: Array
    names: tuple[str, ...]
    dropped: tuple[str, ...]


def candidates(
    included: tuple[Array, tuple[str, ...]],
    own: tuple[Array, tuple[str, ...]],
    operators: list[tuple[str, FloatMatrix, int]],
) -> Candidates:
    """Put regressors, instruments of the user and their spatial lags together.

    Parameters
    ----------
    included : (ndarray, tuple of str)
        Exogenous regressors, shape (T, N, k), and their names.
    own : (ndarray, tuple of str)
        Excluded instruments that the user gives, shape (T, N, m); may have no column.
    operators : list of (name, W, order)
        Weights whose powers 1 ... order are applied to all columns before them.
    """
    blocks, names = [included[0], own[0]], list(included[1] + own[1])
    for label, W, order in operators:
        moved, called = np.concatenate(blocks, axis=2), tuple(names)
        for power in range(1, order + 1):
            moved = spatial_lag(W, moved)
            blocks.append(moved)
            names.extend(f"{label}{power if power > 1 else ''}*{name}" for name in called)
    return Candidates(np.concatenate(blocks, axis=2), tuple(names), included[0].shape[2])


def best(included: tuple[Array, tuple[str, ...]], spectrum: Spectrum, rho: float, beta: Array) -> Candidates:
    """Return the exogenous regressors and E[Wy] = W(I − ρW)⁻¹Xβ at a first step (Lee 2003, eq. 9; 2007).

    Parameters
    ----------
    included : (ndarray, tuple of str)
        All regressors, shape (T, N, k).
    spectrum : Spectrum
    rho : float
    beta : ndarray, shape (k,)

    Raises
    ------
    InputError
        If rho lies outside its admissible interval, where the series does not converge.
    """
    lower, upper = spectrum.interval
    if not lower < rho < upper:
        raise InputError(
            f"the first step gives rho = {rho:.4f}, outside ({lower:.4f}, {upper:.4f}): E[Wy] does not exist there. "
            "Take instruments='lags'."
        )
    expected = multiplier_of(spectrum, rho).apply(included[0] @ beta)
    return Candidates(np.concatenate([included[0], expected[:, :, None]], axis=2), (*included[1], "E[Wy]"), len(beta))


def transformed_basis(
    found: Candidates, take: Callable[[Array], Array], endogenous: tuple[str, ...], columns: Array | None = None
) -> Basis:
    """Return the basis of candidates once effects are out; what is left of one that they absorb is rounding, and 0.

    Parameters
    ----------
    found : Candidates
    take : callable
        What takes effects out, (T, N, m) to (T, N, m).
    endogenous : tuple of str
    columns : ndarray, shape (T, N, m), optional
        In place of the candidates' own: filtered ones.
    """
    whole = found.columns if columns is None else columns
    before, after = (np.ascontiguousarray(Z).reshape(-1, Z.shape[2]) for Z in (whole, take(whole)))
    gone = np.linalg.norm(after, axis=0) <= _ABSORBED * np.linalg.norm(before, axis=0)
    return basis(np.where(gone, 0.0, after), found.names, found.included, endogenous)


def basis(columns: Array, names: tuple[str, ...], included: int, endogenous: tuple[str, ...]) -> Basis:
    """Make an orthonormal basis, dropping columns that depend on earlier ones, and check the order condition.

    Parameters
    ----------
    columns : ndarray, shape (n, m)
        Effects taken out, the `included` regressors first.
    names : tuple of m str
    included : int
    endogenous : tuple of str
        What has to be instrumented, for the order condition.

    Raises
    ------
    InputError
        If fewer excluded instruments are left than there are endogenous regressors.
    """
    length = np.linalg.norm(columns, axis=0)
    unit = columns / np.where(length > 0.0, length, 1.0)
    kept: list[int] = []
    Q = np.empty((len(columns), 0))
    for j in range(columns.shape[1]):
        rest = unit[:, j] - Q @ (Q.T @ unit[:, j])
        rest -= Q @ (Q.T @ rest)  # twice is enough
        left = float(np.linalg.norm(rest))
        if left > _DEPENDENT:
            Q = np.column_stack([Q, rest / left])
            kept.append(j)
    spare = [names[j] for j in kept if j >= included]
    if len(spare) < len(endogenous):
        raise InputError(
            f"order condition: {len(endogenous)} endogenous regressors ({enumerate_labels(endogenous)}) and "
            f"{len(spare)} excluded instruments ({enumerate_labels(spare) or 'none'}) once effects and dependent "
            "columns are out. Give more instruments, a higher order, or regressors that vary in space."
        )
    dropped = tuple(name for j, name in enumerate(names) if j not in kept)
    return Basis(Q, tuple(names[j] for j in kept), dropped)


@dataclass(frozen=True)
class FirstStage:
    """How strong the excluded instruments are.

    Attributes
    ----------
    F : ndarray, shape (g,)
        Of the excluded instruments in the regression of each endogenous column on all instruments.
    partial_rsquared : ndarray, shape (g,)
    cragg_donald : float
        Smallest eigenvalue of the matrix form of F under homoskedasticity (Cragg and Donald 1993; Stock and Yogo
        2005): with several endogenous regressors each F can be large and this small.
    df : int
        Excluded instruments.
    """

    F: Array
    partial_rsquared: Array
    cragg_donald: float
    df: int


def first_stage(endogenous: Array, exogenous: Array, H: Array, scores: Scores) -> FirstStage:
    """Test that the excluded instruments move the endogenous regressors.

    Parameters
    ----------
    endogenous : ndarray, shape (n, g)
    exogenous : ndarray, shape (n, k)
        The other regressors, which the instruments span.
    H : ndarray, shape (n, q)
        Orthonormal instruments.
    scores : Scores
        The covariance that the estimator uses; the homoskedastic one divides by n - q here.
    """
    k, q = exogenous.shape[1], H.shape[1]
    H2 = H @ np.linalg.qr(H.T @ exogenous, mode="complete")[0][:, k:]
    coefficients = H2.T @ endogenous
    rest = endogenous - H @ (H.T @ endogenous)
    left, df = max(scores.nobs - q, 1), q - k
    scale = left / scores.nobs if scores.kind == "homoskedastic" else 1.0
    pairs = zip(coefficients.T, rest.T, strict=True)
    F = np.array([float(b @ np.linalg.solve(scores.variance(H2, v), b)) * scale / df for b, v in pairs])
    explained, unexplained = (coefficients**2).sum(axis=0), (rest**2).sum(axis=0)
    scaled = np.linalg.solve(np.linalg.cholesky(rest.T @ rest / left), coefficients.T)
    least = float(np.linalg.eigvalsh(scaled @ scaled.T)[0]) / df
    return FirstStage(F, explained / (explained + unexplained), least, df)
