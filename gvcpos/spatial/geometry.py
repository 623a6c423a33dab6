"""Country polygons made fit for use: valid, and cut where they cross the antimeridian."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gvcpos._core.errors import InputError
from gvcpos._core.labels import enumerate_labels, unique

_HALF_TURN = 180.0
_TURN = 360.0


def shapes_by_label(polygons: Any, *, geographic: bool = True) -> tuple[tuple[str, ...], npt.NDArray[np.object_]]:
    """Return labels and repaired polygons, shape (n,), of a GeoDataFrame or GeoSeries indexed by unit.

    Raises
    ------
    LabelError
        If a label is duplicated.
    InputError
        If a unit has no geometry.
    """
    ids = unique(polygons.index, "polygons")
    shapes = np.asarray(polygons.geometry.array, dtype=object)
    absent = [label for label, s in zip(ids, shapes, strict=True) if s is None or s.is_empty]
    if absent:
        raise InputError(f"no polygon for {enumerate_labels(absent)}. Leave them out or give their shape.")
    return ids, repair(shapes, geographic=geographic)


def repair(shapes: npt.NDArray[np.object_], *, geographic: bool = True) -> npt.NDArray[np.object_]:
    """Make polygons valid; in longitude and latitude, also cut those that jump across the antimeridian.

    A ring that goes from 179.9 to -180 is drawn, and repaired by `shapely.make_valid`, as a band around the whole
    globe: Russia would touch Canada, and Fiji Brazil. Such rings are unrolled first and cut at 180 afterwards.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
    geographic : bool
        True if coordinates are degrees.
    """
    out = np.asarray(shapes, dtype=object).copy()
    for i, shape in enumerate(out):
        if geographic and _jumps(shapely.get_coordinates(shape)[:, 0]):
            out[i] = _cut(shape)
        elif not shapely.is_valid(shape):
            out[i] = shapely.make_valid(shape)
    return out


def _jumps(longitude: npt.NDArray[np.float64]) -> bool:
    """Tell whether neighbouring vertices lie more than half a turn apart (parts of a shape may, too)."""
    return bool((np.abs(np.diff(longitude)) > _HALF_TURN).any())


def _cut(shape: shapely.Geometry) -> shapely.Geometry:
    """Unroll the rings that jump, cut them at the antimeridian and put the pieces back on the globe."""
    pieces = []
    for part in shapely.get_parts(shape):
        rings = [shapely.get_coordinates(r) for r in (part.exterior, *part.interiors)]
        if not any(_jumps(ring[:, 0]) for ring in rings):
            pieces.append(shapely.make_valid(part))
            continue
        flat = shapely.make_valid(_unrolled(rings))
        for turn in (-1, 0, 1):
            west = -_HALF_TURN + turn * _TURN
            piece = shapely.intersection(flat, shapely.box(west, -90.0, west + _TURN, 90.0))
            back = np.array([-turn * _TURN, 0.0])
            pieces.append(shapely.transform(piece, lambda xy, back=back: xy + back))
    return shapely.union_all([p for p in pieces if not p.is_empty])


def _unrolled(rings: list[npt.NDArray[np.float64]]) -> shapely.Polygon:
    """Return a polygon whose longitudes run on beyond 180 instead of jumping; holes stay inside."""
    straight: list[npt.NDArray[np.float64]] = []
    for ring in rings:
        longitude = np.unwrap(ring[:, 0], period=_TURN)
        if straight:
            longitude += _TURN * np.round((straight[0][:, 0].mean() - longitude.mean()) / _TURN)
        straight.append(np.column_stack([longitude, ring[:, 1]]))
    return shapely.Polygon(straight[0], straight[1:])
