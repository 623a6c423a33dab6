"""The spatial part of a study: its weights, Moran's I, local Moran and the panel regressions."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from gvcpos._core.errors import EstimationError, LabelError, LeftOutWarning
from gvcpos._core.labels import enumerate_labels
from gvcpos.lockin import SlopeModel, stage_sample
from gvcpos.spatial import LocalMoran, SpatialPanel, SpatialPanelResults, Weights, moran_by_year
from gvcpos.spatial import weights as make
from gvcpos.study.country_files import read_distances
from gvcpos.study.inputs import Inputs
from gvcpos.study.places import Places
from gvcpos.study.progress import Progress, silent
from gvcpos.study.spec import PanelBlock, SpaceBlock, StudySpec
from gvcpos.tables.geography import CAPITALS, capitals

if TYPE_CHECKING:
    import geopandas as gpd


def make_weights(spec: StudySpec, inputs: Inputs, countries: Sequence[str], shapes: gpd.GeoDataFrame) -> Weights:
    """Make the weights that a specification asks for, of exactly these countries; `shapes` are their polygons.

    Raises
    ------
    LabelError
        If a country has no capital or distance.
    """
    block = spec.space.weights
    if block.kind == "linkage":
        year = inputs.tables.years[0] if block.base_year is None else block.base_year
        made = make.linkage(inputs.tables[year], islands=block.islands).subset(countries, islands=block.islands)
    elif block.kind == "contiguity":
        made = make.contiguity(shapes.loc[list(countries)], islands=block.islands)
    elif block.kind == "knn":
        made = make.knn(_points(countries, inputs.places), block.k)
    elif block.distances is not None:
        pairs = read_distances(block.distances, inputs.places, countries)
        options = {"power": block.power, "cutoff": block.cutoff, "islands": block.islands}
        made = make.inverse_distance(distances=pairs, **options)
    else:
        made = make.inverse_distance(
            _points(countries, inputs.places), power=block.power, cutoff=block.cutoff, islands=block.islands
        )
    return made.align(countries).normalised(block.normalisation)


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


def moran_frame(panel: pd.DataFrame, block: SpaceBlock, stage: str, W: Weights, seed: int) -> pd.DataFrame:
    """Compute Moran's I by year of each variable of one stage; countries that lack a value leave all years."""
    frames = []
    for column in block.moran:
        sample, own = stage_sample(panel, stage, SlopeModel(column, (), W))
        frames.append(moran_by_year(sample, column, own, permutations=block.permutations, seed=seed))
    return pd.concat(frames, ignore_index=True)


def local_moran(panel: pd.DataFrame, block: SpaceBlock, stage: str, W: Weights, seed: int) -> LocalMoran:
    """Compute local Moran of the first variable of one stage in the last year."""
    column = block.moran[0]
    sample, own = stage_sample(panel, stage, SlopeModel(column, (), W))
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
    panel: pd.DataFrame, block: PanelBlock, W: Weights, progress: Progress = silent
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
    sample, own = stage_sample(panel, block.stage, SlopeModel(block.dependent, block.regressors, W))
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
