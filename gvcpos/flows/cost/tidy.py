"""From arrays with labels on every axis to tidy frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gvcpos.flows.network import FloatArray
from gvcpos.flows.units import factor

USD_PER_TONNE = 1.0 / factor("USD/t", "price")  # how many USD/t the unit inside is


def long_frame(labels: Mapping[str, Sequence[object]], values: Mapping[str, FloatArray]) -> pd.DataFrame:
    """Make a row for every combination of labels, in their order.

    Parameters
    ----------
    labels : mapping of str to sequence
        Column to the labels of one axis, in the order of the axes.
    values : mapping of str to array
        Column to an array with these axes.
    """
    index = pd.MultiIndex.from_product([list(found) for found in labels.values()], names=list(labels))
    columns = {name: np.asarray(array).reshape(-1) for name, array in values.items()}
    return pd.DataFrame(columns, index=index).reset_index()


def by_layers(values: FloatArray, layers: Sequence[str]) -> FloatArray:
    """Append to the last axis, layers, their total; a single layer called total is all there is."""
    if tuple(layers) == ("total",):
        return values
    return np.concatenate([values, values.sum(axis=-1, keepdims=True)], axis=-1)


def layer_labels(layers: Sequence[str]) -> tuple[str, ...]:
    """Labels of the last axis of `by_layers`."""
    return tuple(layers) if tuple(layers) == ("total",) else (*layers, "total")


def divided(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient, NaN where nothing is divided by."""
    above, below = np.broadcast_arrays(above, below)
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below != 0.0)


def per_tonne(money: FloatArray, mass: FloatArray) -> FloatArray:
    """USD million by kt as USD/t; NaN without mass."""
    return divided(money, mass) * USD_PER_TONNE
