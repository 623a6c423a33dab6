"""Placebos of a study: the lock-in tests on chains of random sectors, and on maps drawn by lot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gvcpos._core.errors import EstimationError, InputError, SpecificationError
from gvcpos._core.labels import locate
from gvcpos.chains import SectorYear
from gvcpos.lockin import LockInTest
from gvcpos.lockin.common.results import infer
from gvcpos.report import figures as draw
from gvcpos.robustness import Placebos, permuted_weights, placebo_chains
from gvcpos.robustness.chains import placebo_pool, require_sectors
from gvcpos.spatial import Weights
from gvcpos.study.chain_panels import control_variables, denominators, prepared
from gvcpos.study.evidence import pull_along, upstream_slope
from gvcpos.study.inputs import Inputs
from gvcpos.study.progress import Progress
from gvcpos.study.results import StudyResults
from gvcpos.study.spec import StudySpec

FRAMES = {
    "placebos": "where the estimates lie among those of placebo chains and permuted maps",
    "placebo_draws": "the estimate on every placebo chain and permuted map",
}
COLUMNS = ["placebos", "test", "estimate", "drawn", "median", "lowest", "highest", "pvalue", "share_rejected"]


def check_placebos(spec: StudySpec, inputs: Inputs) -> None:
    """Refuse placebo chains that cannot be drawn, before anything is computed.

    Raises
    ------
    SpecificationError
        If indices were not published by sector, or there are too few sectors.
    LabelError
        If a sector to draw from is not in them.
    """
    if spec.robustness is None or spec.robustness.placebo_chains is None:
        return
    block, key = spec.robustness.placebo_chains, "robustness.placebo_chains"
    sectors = inputs.sectors
    locate(block.among, sectors, f"sector of the study ({key}.among)")
    try:
        if inputs.published is not None:
            require_sectors(inputs.published)
        placebo_pool(sectors, inputs.chain, block.among or None)
    except InputError as error:
        raise SpecificationError(f"{key}: {str(error).removeprefix('placebo_chains: ')}") from error


def placebo_frames(
    spec: StudySpec,
    inputs: Inputs,
    panel: pd.DataFrame,
    W: Weights,
    *,
    years: Sequence[SectorYear],
    progress: Progress,
) -> dict[str, pd.DataFrame]:
    """Return the frames of placebos; nothing where the study does not ask for them."""
    block = spec.robustness
    found: dict[tuple[str, str], Placebos] = {}
    if block is not None and block.placebo_chains is not None:
        variables = control_variables(spec, inputs, panel)
        prepare = partial(prepared, exclude=spec.exclude, variables=variables)
        for name, test in _tests(spec, W).items():
            found["chains", name] = placebo_chains(
                test,
                years if inputs.published is None else inputs.published,
                inputs.chain,
                draws=block.placebo_chains.draws,
                seed=spec.seed,
                among=block.placebo_chains.among or None,
                denominators=denominators(spec),
                prepare=prepare,
                on_draw=partial(progress, f"placebo chains, {name}"),
            )
    if block is not None and block.permuted_weights is not None:
        for name, test in (("slope", upstream_slope), ("rho", _spatial_lag)):
            found["maps", name] = permuted_weights(
                partial(test, panel, spec=spec),
                W,
                draws=block.permuted_weights.draws,
                seed=spec.seed,
                on_draw=partial(progress, f"permuted weights, {name}"),
            )
    if not found:
        return {}
    rows = [placed.frame.assign(placebos=kind, test=name) for (kind, name), placed in found.items()]
    draws = pd.concat(rows, ignore_index=True)
    first = ["placebos", "test"]
    return {
        "placebos": pd.DataFrame([_row(*key, placed) for key, placed in found.items()], columns=[*COLUMNS, "sentence"]),
        "placebo_draws": draws[first + [c for c in draws.columns if c not in first]],
    }


def _row(kind: str, name: str, placed: Placebos) -> list[object]:
    """Return one row of the frame: where the estimate lies among its placebos."""
    done = placed.frame[placed.frame["not_estimated"] == ""]
    if done.empty:
        reason = f"No placebo could be estimated: {placed.frame['not_estimated'].iloc[0]}"
        return [kind, name, placed.true.estimate, 0, *[np.nan] * 5, reason]
    ends = [float(done["estimate"].agg(how)) for how in ("median", "min", "max")]
    rejected = float(done["rejected"].astype(bool).mean())
    return [kind, name, placed.true.estimate, len(done), *ends, placed.pvalue, rejected, placed.sentence]


def _tests(spec: StudySpec, W: Weights) -> dict[str, Callable[..., LockInTest]]:
    """Return the two tests that are run on chains of other sectors."""
    return {"slope": partial(upstream_slope, weights=W, spec=spec), "pull-through": partial(pull_along, spec=spec)}


def _spatial_lag(panel: pd.DataFrame, *, weights: Weights, spec: StudySpec) -> LockInTest:
    """Return the spatial lag of the upstream slope's Durbin model in the slope's place."""
    found = upstream_slope(panel, weights=weights, spec=spec)
    table = found.details["coefficients"].set_index("regressor")
    if "rho" not in table.index:
        raise EstimationError("the model of the slope has no spatial lag.")
    lag = infer(
        float(table.loc["rho", "estimate"]), float(table.loc["rho", "std_error"]), None, level=spec.lockin.level
    )
    return replace(found, **vars(lag), name="rho", quantity="rho, the spatial lag of the Durbin model")


def placebo_lines(frames: Mapping[str, pd.DataFrame]) -> tuple[str, ...]:
    """Say where every estimate lies among its placebos."""
    if "placebos" not in frames:
        return ()
    rows = frames["placebos"][["test", "sentence"]].itertuples(index=False, name=None)
    return tuple(f"{name[:1].upper()}{name[1:]}: {sentence}" for name, sentence in rows)


def placebo_figures(
    results: StudyResults, look: dict[str, Any]
) -> Iterator[tuple[str, Callable[[], Figure], pd.DataFrame]]:
    """Make the figure of placebos; name, drawing and the data drawn."""
    if "placebos" not in results.frames:
        return
    found, draws = results.frames["placebos"], results.frames["placebo_draws"]
    if found["drawn"].gt(0).any():
        yield "placebos", partial(draw.placebo_histograms, draws, found, **look), draws
