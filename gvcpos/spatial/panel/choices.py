"""What a static panel model is chosen to be, beside its data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gvcpos.spatial.weights import Weights


@dataclass(frozen=True)
class Choices:
    """What is chosen beside the data.

    Attributes
    ----------
    model, effects, method : str
    intercept : bool
    error_weights : Weights or None
    x_weights : Weights, mapping of str to Weights, or None
    not_lagged : tuple of str
    random_error : str
    """

    model: str = "sdm"
    effects: str = "twoway"
    method: str = "lee-yu"
    intercept: bool = True
    error_weights: Weights | None = None
    x_weights: Weights | Mapping[str, Weights] | None = None
    not_lagged: tuple[str, ...] = ()
    random_error: str = "baltagi"
