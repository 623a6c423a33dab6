"""Many specifications of one panel that share what does not depend on the choice of regressors.

Shared are the spectra of the weights, the regressors' spatial lags, all columns with the effects taken out, and their
cross-products, as the triangle R of one QR: the cross-products of some columns are those of the same columns of R.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from gvcpos._core.errors import InputError
from gvcpos._core.labels import locate, unique
from gvcpos._core.options import CovarianceType, choose
from gvcpos.spatial.panel.inputs.design import design, lags
from gvcpos.spatial.panel.ml.estimation import (
    Data,
    Estimate,
    PanelArrays,
    columns_and_effects,
    maximum,
    transformed,
)
from gvcpos.spatial.panel.ml.modes import warn_of_modes
from gvcpos.spatial.panel.models import Features
from gvcpos.spatial.panel.results import SpatialPanelResults

if TYPE_CHECKING:
    from gvcpos.spatial.panel.model import SpatialPanel

Array = npt.NDArray[np.float64]
Specification = Sequence[str] | Mapping[str, Any]

_OWN = ("model", "effects", "method", "not_lagged")  # what a specification may choose beside its regressors


@dataclass(frozen=True)
class Shared:
    """All columns that models of one panel with the same effects can have, effects taken out.

    Attributes
    ----------
    names : tuple of str
        Of the columns of `data.X`: the constant, all regressors, all their lags.
    data : Data
    triangle : Data
        The columns of R in their places.
    """

    names: tuple[str, ...]
    data: Data
    triangle: Data

    def estimate(
        self, panel: PanelArrays, features: Features, names: Sequence[str], errors: tuple[str, int | None]
    ) -> Estimate:
        """Estimate a model that has some of the columns."""
        chosen = [self.names.index(name) for name in names]
        R = _part(self.triangle, features, chosen)
        return maximum(panel, features, _part(self.data, features, chosen), R.crossed, errors)


def _part(data: Data, features: Features, chosen: Sequence[int]) -> Data:
    """Some columns of X, and only the lags that a model has."""
    both = features.lag and features.error
    return Data(
        data.y,
        data.Wy if features.lag else None,
        np.ascontiguousarray(data.X[:, chosen]),
        data.My if features.error else None,
        data.MWy if both else None,
        np.ascontiguousarray(data.MX[:, chosen]) if features.error and data.MX is not None else None,
    )


def _triangle(data: Data) -> Data:
    """Replace the columns by those of R of their QR, which have the same cross-products."""
    k = data.X.shape[1]
    parts = [data.y[:, None], cast(Array, data.Wy)[:, None], data.X]
    if data.My is not None:
        parts += [data.My[:, None], cast(Array, data.MWy)[:, None], cast(Array, data.MX)]
    R = cast(Array, np.linalg.qr(np.concatenate(parts, axis=1), mode="r"))
    own, moved = R[:, : k + 2], R[:, k + 2 :]
    if data.My is None:
        return Data(own[:, 0], own[:, 1], own[:, 2:], None, None, None)
    return Data(own[:, 0], own[:, 1], own[:, 2:], moved[:, 0], moved[:, 1], moved[:, 2:])


class ManyMethods:
    """Many specifications of one panel."""

    def fit_each(
        self, specifications: Iterable[Specification], cov_type: CovarianceType = "information"
    ) -> Iterator[SpatialPanelResults]:
        """Fit many specifications, one after the other, as they are asked for.

        Parameters
        ----------
        specifications : iterable
            Each the names of its regressors, or a mapping with any of ``regressors``, ``model``, ``effects``,
            ``method`` and ``not_lagged``; what is absent is that of the panel. Without fixed effects every
            specification has the panel's constant.
        cov_type : str
            As in `fit`.

        Yields
        ------
        SpatialPanelResults
            Those of `respecified(...).fit(cov_type)` to rounding.

        Raises
        ------
        LabelError
            If a name is not a regressor of the panel.
        InputError
            If a mapping has another key, or a specification cannot be fitted.
        """
        panel = cast("SpatialPanel", self)
        choose(cov_type, CovarianceType, "cov_type")
        kept: dict[Any, Shared] = {}
        for specification in specifications:
            made = _specified(panel, specification)
            within = None if made.random else columns_and_effects(made.arrays, made.features)
            if within is None or within[0] is not made.arrays.X:  # effects that enter as dummies
                yield made.fit(cov_type)
                continue
            key = made.transformation, made.features.error, made.effects == "none"
            if key not in kept:
                kept[key] = _shared(panel, made)
            estimate = kept[key].estimate(made.arrays, made.features, made.regressors, (cov_type, None))
            made.warn_at_boundary(estimate)
            warn_of_modes(estimate, made.features.spatial)
            yield SpatialPanelResults(made, estimate, cov_type)


def _specified(panel: SpatialPanel, specification: Specification) -> SpatialPanel:
    """Make one model, with the spectra of the panel."""
    chosen: dict[str, Any] = (
        dict(specification) if isinstance(specification, Mapping) else {"regressors": specification}
    )
    odd = [key for key in chosen if key not in ("regressors", *_OWN)]
    if odd:
        raise InputError(f"a specification has {', '.join(odd)}. It may have: regressors, {', '.join(_OWN)}.")
    data = panel.data
    if (regressors := chosen.pop("regressors", None)) is not None:
        names = unique([regressors] if isinstance(regressors, str) else regressors, "regressors")
        place = locate(names, data.names, "regressors")
        data = replace(data, X=data.X[:, :, place], names=names)
        if isinstance(panel.choices.x_weights, Mapping):
            chosen["x_weights"] = {name: W for name, W in panel.choices.x_weights.items() if name in names}
        chosen.setdefault("not_lagged", tuple(name for name in panel.choices.not_lagged if name in names))
    made = panel.respecified(data=data, **chosen)
    made.__dict__.update(spectrum=panel.spectrum, error_spectrum=panel.error_spectrum)  # those of the same weights
    return made


def _shared(panel: SpatialPanel, made: SpatialPanel) -> Shared:
    """Take the effects of one specification out of all columns of the panel."""
    pooled = made.effects == "none"
    found = lags(panel.data, panel.choices.x_weights, ())
    whole = design(panel.data, found, durbin=True, pooled=pooled, intercept=made.choices.intercept)
    arrays = replace(made.arrays, X=whole.X)
    features = Features(lag=True, error=made.features.error, durbin=True)
    data = transformed(arrays, whole.X, made.transformation, features)
    return Shared(whole.names, data, _triangle(data))
