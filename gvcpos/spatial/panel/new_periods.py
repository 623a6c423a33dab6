"""Weights of the periods that are predicted: those of the sample where it has the period, else those given for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias, cast

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels
from gvcpos.spatial.panel.inputs.period_checks import check_rows
from gvcpos.spatial.panel.ml.logdet import Spectrum
from gvcpos.spatial.panel.ml.period_spectrum import spectrum_of
from gvcpos.spatial.weights import Weights
from gvcpos.spatial.weights.periods import PeriodWeights, as_weights

if TYPE_CHECKING:
    from gvcpos.spatial.panel.dynamics.model import DynamicSpatialPanel
    from gvcpos.spatial.panel.model import SpatialPanel

Given: TypeAlias = Weights | Mapping[object, Weights] | PeriodWeights | None


@dataclass(frozen=True)
class Space:
    """Who is whose neighbour in some periods.

    Attributes
    ----------
    model : SpatialPanel or DynamicSpatialPanel
    weights : Weights or PeriodWeights
        Of the lag.
    given : tuple
        Periods, and what was given for the error in new ones; None for the sample.
    """

    model: SpatialPanel | DynamicSpatialPanel
    weights: Weights
    given: tuple[tuple[object, ...], Given] | None = None

    @cached_property
    def error_weights(self) -> Weights:
        """Of the error, Weights or PeriodWeights: asked for only where they are needed."""
        own = self.model.error_weights
        if own is self.model.weights:
            return self.weights
        return own if self.given is None else weights_for(self.model, own, *self.given, "error_weights")

    @cached_property
    def spectrum(self) -> Spectrum:
        """Of the lag's weights."""
        own = self.weights is self.model.weights
        return self.model.spectrum if own else spectrum_of(self.weights.matrix)

    @cached_property
    def error_spectrum(self) -> Spectrum:
        """Of the error's weights."""
        own = self.error_weights is self.model.error_weights
        return self.model.error_spectrum if own else spectrum_of(self.error_weights.matrix)

    def check_feedback(self, rho: float) -> None:
        """Refuse weights under which the feedback does not die out.

        Raises
        ------
        InputError
            If rho is outside the admissible interval.
        """
        lower, upper = self.spectrum.interval
        if self.weights is not self.model.weights and not lower < rho < upper:
            raise InputError(
                f"rho = {rho:.6f} is outside the admissible interval ({lower:.6f}, {upper:.6f}) of the W of these "
                "periods. Scale the weights of new periods as those of the sample are, as by normalised('row')."
            )


def space_of(
    model: SpatialPanel | DynamicSpatialPanel,
    own: Weights | PeriodWeights,
    times: tuple[object, ...],
    given: tuple[Given, Given],
) -> Space:
    """Return the space of some periods.

    Parameters
    ----------
    model : SpatialPanel or DynamicSpatialPanel
    own : Weights or PeriodWeights
        Of the lag in the sample.
    times : tuple
    given : tuple
        Weights of the lag and of the error in new periods.

    Raises
    ------
    InputError
        If weights of the error are given, and it has none of its own that change; and as `weights_for`.
    """
    moves = isinstance(model.error_weights, PeriodWeights) and model.error_weights is not model.weights
    if given[1] is not None and not (model.features.error and moves):
        raise InputError(
            "error_weights of new periods are for a spatial error with weights of its own that change over time; "
            f"this {model.model} has none. Leave them out, or give W alone."
        )
    return Space(model, weights_for(model, own, times, given[0], "W"), (times, given[1]))


def weights_for(
    model: SpatialPanel | DynamicSpatialPanel,
    own: Weights | PeriodWeights,
    times: Sequence[object],
    given: Given,
    what: str,
) -> Weights:
    """Return the weights of some periods, in their order; one `Weights` where they are all the same.

    Parameters
    ----------
    model : SpatialPanel or DynamicSpatialPanel
    own : Weights or PeriodWeights
        Of the sample.
    times : sequence
        Periods to predict.
    given : Weights, mapping of period to Weights, or None
        For the periods that the sample does not have; one `Weights` for all of them.
    what : {"W", "error_weights"}
        Name of the argument, for messages.

    Raises
    ------
    InputError
        If weights are given where they do not change or are known, or lack for a period.
    LabelError
        If weights are given for a period that is not asked for, or their units are not the panel's.
    """
    if not isinstance(own, PeriodWeights):
        if given is not None:
            raise InputError(f"{what} of new periods is for weights that change over time; these stay. Leave it out.")
        return own
    have = {str(time): one for time, one in zip(own.times, own.each, strict=True)}
    new = [time for time in times if str(time) not in have]
    found = _given(given, new, have, what)
    lacking = [time for time in new if str(time) not in found]
    if lacking:
        raise InputError(
            f"X has rows of {enumerate_labels(map(str, lacking))}, and the weights change over time: give those of new "
            f"periods as {what}={{{lacking[0]!r}: ...}}, or as one Weights for all of them."
        )
    added = {time: one.align(own.ids) for time, one in found.items()}
    if _in_likelihood(model, what):
        check_rows(model.transformation, PeriodWeights(tuple(added), tuple(added.values())))
    every = have | added
    return cast(Weights, PeriodWeights(tuple(times), tuple(every[str(time)] for time in times)).at(times))


def _in_likelihood(model: SpatialPanel | DynamicSpatialPanel, what: str) -> bool:
    """Whether the weights are those of a lag or an error, and not of regressors alone."""
    features, shared = model.features, model.error_weights is model.weights
    return features.error if what == "error_weights" else features.lag or (features.error and shared)


def _given(given: Given, new: list[object], have: dict[str, Weights], what: str) -> dict[str, Weights]:
    """Return the weights given for new periods by the names of these."""
    if given is None:
        return {}
    made = as_weights(given, what)
    if not isinstance(made, PeriodWeights):
        return {str(time): made for time in new}
    found = {str(time): one for time, one in zip(made.times, made.each, strict=True)}
    both = [time for time in found if time in have]
    if both:
        raise InputError(f"{what} of {enumerate_labels(both)}: known from the sample. Leave them out.")
    stray = [time for time in found if time not in {str(one) for one in new}]
    if stray:
        raise LabelError(f"{what} names {enumerate_labels(stray)}, which X has no rows of.")
    return found
