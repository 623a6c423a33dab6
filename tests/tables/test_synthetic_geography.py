"""The shipped capitals and polygons, and the weights of the planted model."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pandas as pd
import pytest

from gvcpos._core import sphere
from gvcpos._core.errors import IslandWarning, LabelError
from gvcpos._core.files import sha256
from gvcpos._core.resources import data_path
from gvcpos.tables import geography, synthetic_world
from tests.shared import shared


def test_sixty_countries_with_their_capitals_inside_their_polygons() -> None:
    """Points and polygons come from different files, so that each checks the other."""
    import shapely

    world = synthetic_world()
    assert len(world.countries) == len(set(world.countries)) == 60
    assert world.countries[0] == "CHN"
    assert {"USA", "AUS", "MMR", "VNM", "MYS", "IND", "BRA", "RUS", "JPN", "KOR", "DEU"} <= set(world.countries)
    assert tuple(world.polygons.index) == world.countries
    assert world.polygons.crs.to_epsg() == 4326
    assert world.polygons.is_valid.all()
    points = shapely.points(world.capitals["lon"], world.capitals["lat"])
    gap = shapely.distance(world.polygons.geometry.to_numpy(), points)
    assert dict(zip(world.countries, gap, strict=True)) == pytest.approx(dict.fromkeys(world.countries, 0.0), abs=0.15)


def test_polygons_are_small_and_stay_within_the_map() -> None:
    path = data_path("geo/countries.geojson")
    assert path.stat().st_size < 400_000
    west, south, east, north = geography.polygons(("RUS", "USA", "AUS", "CHL")).total_bounds
    assert (west, east) == pytest.approx((-180.0, 180.0))
    assert -90 < south < north < 90
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    assert [f["properties"]["iso3"] for f in features] == list(pd.read_csv(data_path("geo/capitals.csv"))["iso3"][:60])


def test_every_economy_of_the_published_tables_has_a_capital() -> None:
    """But a rest of the world, which is no place; the synthetic world keeps its 60, byte for byte."""
    lists = [path for path in sorted(shared("meta").glob("*_countries*.csv")) if "mario" not in path.name]
    assert len(lists) == 10
    for path in lists:
        frame = pd.read_csv(path, keep_default_na=False)
        codes = list(frame["iso3" if "iso3" in frame else "code"])
        found = geography.capitals([code for code in codes if code != "ROW"])
        assert len(found) == len(codes) - codes.count("ROW"), path.name
        if "ROW" in codes:
            with pytest.raises(LabelError, match=r"ROW: a rest of the world .* Leave it out"):
                geography.capitals(codes)
    lines = data_path("geo/capitals.csv").read_bytes().splitlines(keepends=True)
    digest = hashlib.sha256(b"".join(lines[:61])).hexdigest()
    assert digest == "0c9f27333db31d5c2c8b2eddba025e37df4a008b86ee997270ba00fbac967f6c"
    assert geography.capitals()["iso3"].is_unique
    assert list(geography.capitals()["iso3"][60:]) == sorted(geography.capitals()["iso3"][60:])
    with pytest.raises(LabelError, match="no such shipped capital: XKX"):
        geography.capitals(["CHN", "XKX"])


def test_common_borders_are_common() -> None:
    """Simplified borders still meet vertex by vertex, and nobody overlaps anybody."""
    import shapely

    from gvcpos.spatial import weights

    shapes = synthetic_world().polygons
    with pytest.warns(IslandWarning, match="10 of 60"):
        found = weights.contiguity(shapes, islands="keep")
    pairs = {tuple(sorted(pair)) for pair in zip(*np.nonzero(found.dense()), strict=True)}
    assert len(pairs) == 79
    assert set(found.islands) == {"AUS", "JPN", "KOR", "ZAF", "SAU", "PHL", "TWN", "SGP", "LKA", "ISR"}
    assert set(found.neighbours("CHN").index) == {
        *("RUS", "MNG", "KAZ", "KGZ", "IND", "NPL", "PAK", "MMR", "LAO", "VNM"),
    }
    assert set(found.neighbours("MMR").index) == {"CHN", "IND", "BGD", "LAO", "THA"}
    assert set(found.neighbours("IRL").index) == {"GBR"}
    geometry = shapes.geometry.to_numpy()
    for i, j in pairs:
        assert shapely.intersection(geometry[i], geometry[j]).area < 1e-4
        assert len(np.intersect1d(*(_vertices(geometry[k]) for k in (i, j)))) >= 1


def _vertices(shape: object) -> np.ndarray:
    import shapely

    xy = shapely.get_coordinates(shape)
    return xy[:, 0] + 1j * xy[:, 1]


def test_readme_names_the_inputs_that_the_script_checks() -> None:
    readme = data_path("geo/README.md").read_text(encoding="utf-8")
    script = data_path("geo/make_geo.py").read_text(encoding="utf-8")
    sums = [word.strip('",') for word in script.split() if len(word.strip('",')) == 64]
    assert len(sums) == 3
    assert all(digits in readme for digits in sums)
    assert len(sha256(data_path("geo/capitals.csv"))) == 64


def test_capitals_against_cepii() -> None:
    """Another publisher's capitals lie within 30 km, Bern (rounded there) and the like included.

    But Wellington, which lies at 41 degrees south, not at 44 as there, and Bogotá, at 74 degrees west, not at 75.
    """
    other = pd.read_csv(shared("covariates/cepii_geo_72.csv"), keep_default_na=False)
    other = other[other["cap"].astype(float) == 1].drop_duplicates("iso3").set_index("iso3")
    mine = geography.capitals().set_index("iso3")
    both = mine.index.intersection(other.index)
    assert len(both) >= 70
    apart = {}
    for code in both:
        lat = [mine.loc[code, "lat"], float(other.loc[code, "lat"])]
        lon = [mine.loc[code, "lon"], float(other.loc[code, "lon"])]
        apart[code] = sphere.haversine(lat, lon)[0, 1]
    assert apart.pop("NZL") == pytest.approx(333, abs=1)
    assert apart.pop("COL") == pytest.approx(109, abs=1)
    assert {code: d for code, d in apart.items() if d > 30} == {}


def test_great_circle_distances() -> None:
    quarter = np.pi / 2 * sphere.EARTH_RADIUS_KM
    d = sphere.haversine([0.0, 0.0, 90.0, 0.0], [0.0, 90.0, 0.0, 180.0])
    np.testing.assert_allclose(d[0], [0, quarter, quarter, 2 * quarter], rtol=1e-14)
    np.testing.assert_array_equal(d, d.T)


def test_planted_weights_are_those_of_the_spatial_wing() -> None:
    from gvcpos.spatial import weights

    world = synthetic_world()
    W = weights.inverse_distance(world.capitals, power=1.0).normalised("row")
    assert W.ids == world.countries
    np.testing.assert_allclose(W.dense(), world.weights, rtol=1e-12)
    np.testing.assert_allclose(world.weights.sum(axis=1), 1.0, rtol=1e-14)
    assert not np.diag(world.weights).any()
