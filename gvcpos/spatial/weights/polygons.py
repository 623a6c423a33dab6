"""Queen contiguity of countries from their polygons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from gvcpos._core.options import Islands
from gvcpos.spatial.weights.matrix import Weights

if TYPE_CHECKING:
    import geopandas as gpd


def contiguity(polygons: gpd.GeoDataFrame, *, islands: Islands = "error") -> Weights:
    """Weigh units that share a border or a corner 1, all others 0.

    Parameters
    ----------
    polygons : GeoDataFrame or GeoSeries
        Indexed by unit, in longitude and latitude. Invalid ones are repaired, and cut at the
        antimeridian, first.
    islands : {"error", "keep"}
        What to do with units that touch no other.

    Returns
    -------
    Weights
        Binary and symmetric.

    Raises
    ------
    LabelError
        If a label is duplicated (dissolve the polygons first).
    InputError
        If a geometry is absent, or there are islands and they were not asked for.

    Notes
    -----
    Neighbours are units whose polygons meet in at least one point. Meeting includes the sliver overlaps that repairing
    a polygon leaves (a strict "touches" loses Russia's borders with Norway and Finland in Natural Earth), and meeting
    across the antimeridian, where longitude -180 is longitude 180.
    """
    import shapely

    from gvcpos.spatial.geometry import shapes_by_label

    geographic = polygons.crs is None or polygons.crs.is_geographic
    ids, shapes = shapes_by_label(polygons, geographic=geographic)
    tree = shapely.STRtree(shapes)
    pairs = [tree.query(shapes, predicate="intersects")]
    if geographic:
        pairs.append(_across_the_antimeridian(shapes))
    rows, columns = np.concatenate(pairs, axis=1)
    met = sparse.coo_array((np.ones(rows.size), (rows, columns)), shape=(len(ids), len(ids))).toarray()
    met = ((met + met.T) > 0).astype(np.float64)
    np.fill_diagonal(met, 0.0)
    return Weights.from_dense(
        ids, met, kind="contiguity", description="queen contiguity", parameters={}, islands=islands
    )


def _across_the_antimeridian(shapes: np.ndarray) -> np.ndarray:
    """Return pairs (2, m) of shapes of which one, moved once around the globe, meets the other."""
    import shapely

    west = np.flatnonzero(shapely.bounds(shapes)[:, 0] <= -180.0 + 1e-9)
    moved = shapely.transform(shapes[west], lambda xy: xy + np.array([360.0, 0.0]))
    rows, columns = shapely.STRtree(shapes).query(moved, predicate="intersects")
    return np.array([west[rows], columns])
