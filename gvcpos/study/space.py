"""The spatial part of a study: its weights, Moran's I, local Moran and the panel regressions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import EstimationError, IslandWarning, LabelError, LeftOutWarning, SpecificationError
from gvcpos._core.labels import enumerate_labels
from gvcpos._core.options import Islands
from gvcpos.spatial import LocalMoran, SpatialPanel, SpatialPanelResults, Weights, moran_by_year
from gvcpos.spatial import weights as make
from gvcpos.study.inputs import Inputs
from gvcpos.study.pair_files import flow_weights, read_distances
from gvcpos.study.places import Places
from gvcpos.study.progress import Progress, silent
from gvcpos.study.samples import settled_sample
from gvcpos.study.spec import PanelBlock, SpaceBlock, StudySpec, WeightsBlock
from gvcpos.tables.geography import CAPITALS, capitals

if TYPE_CHECKING:
    import geopandas as gpd


def make_weights(
    spec: StudySpec,
    inputs: Inputs,
    countries: Sequence[str],
    shapes: gpd.GeoDataFrame,
    block: WeightsBlock | None = None,
) -> Weights:
    """Make the weights that a specification asks for.

    Parameters
    ----------
    spec : StudySpec
    inputs : Inputs
    countries : sequence of str
    shapes : GeoDataFrame
        Their polygons.
    block : WeightsBlock, optional
        Other weights than the study's main ones.

    Returns
    -------
    Weights
        Of these countries, in this order; of fewer if the block drops islands or what a file of flows lacks.

    Raises
    ------
    LabelError
        If a country has no capital, distance or flow.

    Warns
    -----
    LeftOutWarning
        Naming the countries without neighbours that are dropped.
    """
    block = spec.space.weights if block is None else block
    keep: Islands = "error" if block.islands == "error" else "keep"
    with warnings.catch_warnings():
        if block.islands == "drop":
            warnings.simplefilter("ignore", IslandWarning)  # told below, as what is left out
        made = _made(block, inputs, countries, shapes, keep)
    there = set(made.ids)
    made = made.align([country for country in countries if country in there])
    alone = made.islands
    if block.islands == "drop" and alone:
        made = made.subset([c for c in made.ids if c not in set(alone)], islands="error")
        warnings.warn(
            f"{block.kind}: {len(alone)} of {len(there)} countries have no neighbours and are left out of what uses "
            f"these weights (islands: drop): {enumerate_labels(alone, 80)}.",
            LeftOutWarning,
            stacklevel=2,
        )
    return made.normalised(block.normalisation)


def _made(
    block: WeightsBlock, inputs: Inputs, countries: Sequence[str], shapes: gpd.GeoDataFrame, islands: Islands
) -> Weights:
    """Make weights of one kind, not normalised."""
    if block.kind == "linkage":
        return _linkage(block, inputs, countries, islands)
    if block.kind == "contiguity":
        return make.contiguity(shapes.loc[list(countries)], islands=islands)
    if block.kind == "knn":
        return make.knn(_points(countries, inputs.places), block.k)
    if block.distances is not None:
        pairs = read_distances(block.distances, inputs.places, countries)
        return make.inverse_distance(distances=pairs, power=block.power, cutoff=block.cutoff, islands=islands)
    points = _points(countries, inputs.places)
    return make.inverse_distance(points, power=block.power, cutoff=block.cutoff, islands=islands)


def _linkage(block: WeightsBlock, inputs: Inputs, countries: Sequence[str], islands: Islands) -> Weights:
    if block.flows is not None:
        made = flow_weights(block.flows, inputs.places, countries)
        return made.subset(made.ids, islands=islands)
    if inputs.tables is None:
        raise SpecificationError(
            "space.weights: kind = linkage needs flows between countries, and published indices have no tables. Give "
            "flows: a file of pairs."
        )
    year = inputs.tables.years[0] if block.base_year is None else block.base_year
    return make.linkage(inputs.tables[year], islands=islands).subset(countries, islands=islands)


def _points(countries: Sequence[str], places: Places) -> pd.DataFrame:
    places.shipped(CAPITALS)
    shipped = capitals().set_index("iso3")
    missing = [country for country in countries if country not in shipped.index]
    if missing:
        raise LabelError(
            f"no capital of {enumerate_labels(missing)} ships with gvcpos. Give space.weights.distances, or leave the "
            "countries out with exclude."
        )
    return shipped.loc[list(countries), ["lat", "lon"]]


def moran_frame(
    panel: pd.DataFrame, block: SpaceBlock, stages: Sequence[str], W: Weights, *, seed: int, drop_islands: bool
) -> pd.DataFrame:
    """Compute Moran's I by stage, variable and year; countries that lack a value leave all years of it."""
    frames = []
    for stage in stages:
        for column in block.moran:
            sample, own = settled_sample(panel, stage, [column], W, drop_islands=drop_islands)
            found = moran_by_year(sample, column, own, permutations=block.permutations, seed=seed)
            frames.append(found.assign(stage=stage))
    return pd.concat(frames, ignore_index=True)


def stages_tested(spec: StudySpec) -> tuple[str, ...]:
    """Return the stages whose Moran's I is asked for; that of the panel models stands first."""
    first = spec.panel.stage
    return (first, *(stage for stage in spec.space.stages if stage != first)) if spec.space.stages else (first,)


def local_moran(panel: pd.DataFrame, block: SpaceBlock, stage: str, W: Weights, seed: int) -> LocalMoran:
    """Compute local Moran of the first variable of one stage in the last year."""
    column = block.moran[0]
    sample, own = settled_sample(panel, stage, [column], W, drop_islands=block.weights.islands == "drop")
    last = sample.index.get_level_values("year").max()
    values = sample[column].xs(last, level="year").rename(f"{column}, {stage} stage, {last}")
    return LocalMoran(values, own, permutations=block.local_permutations, seed=seed)


def residual_frame(models: Mapping[str, SpatialPanelResults], permutations: int, seed: int) -> pd.DataFrame:
    """Compute Moran's I by year of the residuals of every model; what is left should show no pattern."""
    frames = [
        moran_by_year(fit.resids, None, fit.model.weights, permutations=permutations, seed=seed).assign(model=name)
        for name, fit in models.items()
    ]
    return pd.concat(frames, ignore_index=True)


def fit_models(
    panel: pd.DataFrame, block: PanelBlock, W: Weights, progress: Progress = silent, *, drop_islands: bool = False
) -> dict[str, SpatialPanelResults]:
    """Fit the models of a specification to one sample; name to results, in the order asked for.

    Raises
    ------
    EstimationError
        If the main model has no estimate.

    Warns
    -----
    LeftOutWarning
        If another model has none; it is left out.
    """
    columns = [block.dependent, *block.regressors]
    sample, own = settled_sample(panel, block.stage, columns, W, drop_islands=drop_islands)
    fitted: dict[str, SpatialPanelResults] = {}
    for done, name in enumerate(block.models, start=1):
        model = SpatialPanel(
            sample[block.dependent],
            sample[list(block.regressors)],
            own,
            model=name,
            effects=block.effects,
            method=block.method,
        )
        try:
            fitted[name] = model.fit(cov_type=block.cov_type)
        except EstimationError as error:
            if name == block.main:
                raise EstimationError(f"main model {name}: {error}") from error
            warnings.warn(f"model {name} is left out: {error}", LeftOutWarning, stacklevel=2)
        progress("spatial panel models", done, len(block.models))
    return fitted
