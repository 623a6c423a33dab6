"""Entity effects beside a spatial error whose weights change: dummies, as no demeaning takes them out.

e_t = (I − λM_t)[(I − ρW_t)y_t − X_tβ − μ − α_t 1]: filtered by another M_t every period, μ is no longer the same in all
periods. The effects are columns of the regression, filtered as the others are, so that they are concentrated out
exactly (Elhorst's direct likelihood).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos.spatial.panel.inputs.transform import Transformation
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.multiplier import filtered
from gvcpos.spatial.panel.ml.period_spectrum import changes
from gvcpos.spatial.panel.models import Features

Array = npt.NDArray[np.float64]

_MOST = 100_000_000  # numbers of the dummies


def as_dummies(t: Transformation, features: Features, error_spectrum: Spectrum) -> bool:
    """Whether entity effects enter as dummies."""
    return features.error and t.entity and changes(error_spectrum)


def entity_dummies(t: Transformation, *, demeaned: bool) -> Array:
    """Return dummies of all units, or of all but the first where time effects are demeaned.

    Returns
    -------
    ndarray, shape (T, N, N or N-1)

    Raises
    ------
    InputError
        If they would not fit into memory.
    """
    if t.periods * t.units**2 > _MOST:
        raise InputError(
            f"{t.units} entity effects x {t.periods} periods are too many beside a spatial error whose weights change: "
            "they enter as dummies. Take a model without spatial error, an error_weights that does not change, or "
            "effects='time'."
        )
    eye = np.eye(t.units)[:, (1 if demeaned else 0) :]
    return np.repeat(eye[None, :, :], t.periods, axis=0)


def effects_by_regression(spectrum: Spectrum, lam: float, t: Transformation, rest: Array) -> tuple[float, Array, Array]:
    """Separate what is left into constant, entity and time effects by generalised least squares: a linear map of it.

    Parameters
    ----------
    spectrum : Spectrum
        Of M_t.
    lam : float
    t : Transformation
        With entity effects.
    rest : ndarray, shape (T, N)

    Returns
    -------
    constant : float
    entity : ndarray, shape (N,)
    time : ndarray, shape (T,)
        Both sum to zero.
    """
    D = _columns(spectrum, lam, t)
    target = filtered(spectrum, lam, rest).reshape(-1)
    found = np.linalg.lstsq(D, target, rcond=None)[0]
    entity, time = found[: t.units], np.concatenate([[0.0], found[t.units :]]) if t.time else np.zeros(t.periods)
    return float(entity.mean() + time.mean()), entity - entity.mean(), time - time.mean()


def variances_by_regression(spectrum: Spectrum, lam: float, t: Transformation) -> tuple[Array, Array, Array]:
    """Return variances of what `effects_by_regression` finds, over that of the innovations.

    Returns
    -------
    constant, entity, time : ndarray, shape (1,), (N,), (T,)
    """
    D = _columns(spectrum, lam, t)
    spread = np.zeros((t.units + t.periods,) * 2)  # the first period's effect is zero
    keep = np.r_[: t.units, t.units + 1 : t.units + t.periods] if t.time else np.arange(t.units)
    spread[np.ix_(keep, keep)] = np.linalg.inv(D.T @ D)
    entity, time = (np.eye(len(spread))[rows] for rows in (slice(t.units), slice(t.units, None)))
    constant = (entity.mean(axis=0) + time.mean(axis=0))[None, :]
    maps = (constant, entity - entity.mean(axis=0), time - time.mean(axis=0))
    first, second, third = (np.einsum("ij,jk,ik->i", one, spread, one) for one in maps)
    return first, second, third


def _columns(spectrum: Spectrum, lam: float, t: Transformation) -> Array:
    """Dummies of all units, and of all periods but the first where there are time effects, filtered; (T*N, d)."""
    columns = [entity_dummies(t, demeaned=False)]
    if t.time:
        columns.append(np.repeat(np.eye(t.periods)[:, None, 1:], t.units, axis=1))
    return filtered(spectrum, lam, np.concatenate(columns, axis=2)).reshape(t.periods * t.units, -1)
