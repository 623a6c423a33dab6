"""What a user says of the chain's own parts, checked against the chain: linkage, value-added rates, inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
import pandas as pd

from gvcpos._core.errors import InputError, LabelError
from gvcpos._core.labels import enumerate_labels, locate, unique
from gvcpos.chains.chain import Chain
from gvcpos.chains.split.prior import Assumptions
from gvcpos.chains.split.weights import SplitWeights
from gvcpos.tables import IOTable

Linkage: TypeAlias = Mapping[tuple[str, str], float] | None
InputFrame: TypeAlias = pd.DataFrame | None


def assumptions(
    chain: Chain,
    table: IOTable,
    weights: SplitWeights,
    *,
    linkage: Linkage,
    va_rates: Mapping[str, float] | None,
    inputs: InputFrame,
) -> Assumptions:
    """Lay assumptions out by wide sector.

    Raises
    ------
    LabelError
        For a stage or sector that is not there, or said twice.
    InputError
        For a fraction outside [0, 1], fractions of one stage that sum to more, or rates and coefficients that leave
        nothing.
    """
    names = tuple(dict.fromkeys(weights.stages))
    stage = np.array([names.index(s) for s in weights.stages], dtype=np.intp)
    between = _linkage(linkage, names)
    rates = _by_stage(va_rates, names, "va_rates")
    coefficients = _inputs(inputs, names, table)
    total = np.nansum(coefficients, axis=0) + np.nan_to_num(rates)
    if (total > 1).any():
        k = int(np.argmax(total))
        raise InputError(
            f"stage {names[k]!r} of chain {chain.name!r}: inputs and value added sum to {total[k]:.4g} of output. "
            "They must leave the rest of its inputs something."
        )
    return Assumptions(between[np.ix_(stage, stage)], stage, rates[stage], coefficients[:, stage])


def _linkage(linkage: Linkage, names: tuple[str, ...]) -> np.ndarray:
    out = np.zeros((len(names), len(names)))
    for key, fraction in (linkage or {}).items():
        if not isinstance(key, tuple) or len(key) != 2:
            raise InputError(f"linkage: {key!r} is no pair of stages, as in ('upstream', 'midstream').")
        i, j = locate(key, names, "stage with goods") if key[0] != key[1] else (names.index(key[0]),) * 2
        if not 0 <= fraction <= 1:
            raise InputError(f"linkage of {key[0]} to {key[1]} is {fraction}: a fraction of output lies in [0, 1].")
        out[i, j] = fraction
    if (out.sum(axis=1) > 1 + 1e-12).any():
        k = int(np.argmax(out.sum(axis=1)))
        raise InputError(f"linkage: {names[k]} sends {out[k].sum():.4g} of its output to stages, more than there is.")
    return out


def _by_stage(values: Mapping[str, float] | None, names: tuple[str, ...], what: str) -> np.ndarray:
    out = np.full(len(names), np.nan)
    for name, value in (values or {}).items():
        if not 0 <= value < 1:
            raise InputError(f"{what} of {name} is {value}: a rate of output lies in [0, 1).")
        out[locate([name], names, "stage with goods")] = value
    return out


def _inputs(frame: InputFrame, names: tuple[str, ...], table: IOTable) -> np.ndarray:
    """Return coefficients (N, stages), NaN where nothing is said."""
    out = np.full((len(table.sectors), len(names)), np.nan)
    if frame is None:
        return out
    missing = [c for c in ("stage", "sector", "coefficient") if c not in frame.columns]
    if missing:
        raise LabelError(f"the inputs lack the column {enumerate_labels(missing)}.")
    unique(frame["stage"].astype(str) + " " + frame["sector"].astype(str), "stage and sector of the inputs")
    for row in frame.to_dict("records"):
        j = locate([row["stage"]], names, "stage with goods")[0]
        i = locate([row["sector"]], table.sectors, "sector of the table")[0]
        if not 0 <= float(row["coefficient"]) <= 1:
            raise InputError(f"inputs: {row['stage']} buys {row['coefficient']} of {row['sector']}, not in [0, 1].")
        out[i, j] = float(row["coefficient"])
    return out
