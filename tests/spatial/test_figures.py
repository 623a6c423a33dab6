"""Figures of this wing: what they show, where labels meet, and that they leave no state behind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from gvcpos._core.errors import InputError, LabelError
from gvcpos.spatial import LocalMoran, Moran, Weights, choropleth, cluster_map, moran_scatter
from gvcpos.spatial.drawing import equal_earth
from gvcpos.spatial.maps import quantile_classes

IDS = tuple("abcdef")


def chain() -> Weights:
    dense = np.eye(6, k=1) + np.eye(6, k=-1)
    return Weights.from_dense(IDS, dense, description="a chain").normalised("row")


def values() -> pd.Series:
    return pd.Series([3.0, 2.5, 2.0, -1.0, -2.0, -4.0], index=list(IDS), name="Upstreamness")


def polygons():
    import geopandas as gpd
    from shapely import box

    return gpd.GeoDataFrame(geometry=[box(10 * k, 0, 10 * k + 10, 10) for k in range(6)], index=list(IDS), crs=4326)


def texts(figure) -> str:
    inside = [t.get_text() for ax in figure.axes for t in ax.texts]
    legends = [t.get_text() for legend in figure.legends for t in legend.get_texts()]
    return " | ".join([t.get_text() for t in figure.texts] + inside + legends)


def faces(figure) -> list[tuple[float, ...]]:
    return [p.get_facecolor() for p in figure.axes[0].patches]


def test_scatter_says_what_it_shows():
    m = Moran(values(), chain(), permutations=99)
    figure = moran_scatter(m, year=2007, synthetic=True, note="Source: test")
    said = texts(figure)
    for part in (
        "Upstreamness, 2007",
        f"I = {m.I:.3f}",
        "99 permutations",
        "SYNTHETIC DATA",
        "a chain",
        "Source: test",
    ):
        assert part in said
    np.testing.assert_array_equal(figure.axes[0].collections[0].get_offsets(), np.column_stack([m.values, m.lag]))
    assert "Synthetic" not in texts(moran_scatter(m))


def test_the_line_of_the_scatter_has_slope_I():
    m = Moran(values(), chain(), permutations=0)
    line = next(a for a in moran_scatter(m).axes[0].lines if a.get_linewidth() > 1)
    x, y = line.get_data()
    assert (y[1] - y[0]) / (x[1] - x[0]) == pytest.approx(m.I, rel=1e-12)


def test_names_in_the_scatter_do_not_overlap():
    rng = np.random.default_rng(1)
    n = 40
    dense = rng.uniform(size=(n, n)) * (1 - np.eye(n))
    w = Weights.from_dense([f"C{i:02d}" for i in range(n)], dense).normalised("row")
    m = Moran(pd.Series(rng.normal(size=n), index=list(w.ids)), w, permutations=0)
    figure = moran_scatter(m, labels=40)
    renderer = figure.canvas.get_renderer()
    boxes = [t.get_window_extent(renderer) for t in figure.axes[0].texts]
    assert len(boxes) > 14
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_cluster_map_counts_and_colours():
    local = LocalMoran(values(), chain(), permutations=99, level=0.99)
    figure = cluster_map(local, polygons(), year=2007, synthetic=True)
    said = texts(figure)
    assert f"High among high ({local.counts()['HH']})" in said
    assert "SYNTHETIC DATA" in said
    assert "Upstreamness, 2007" in said
    assert faces(figure) == faces(cluster_map(local, polygons().iloc[::-1]))


def test_choropleth_draws_missing_grey_and_counts_it():
    v = values()
    v["c"] = np.nan
    figure = choropleth(v, polygons().sample(frac=1, random_state=1), classes=3)
    assert "No data (1)" in texts(figure)
    assert len(set(faces(figure))) == 4
    assert faces(figure)[2] == pytest.approx((0.851, 0.851, 0.851, 1.0), abs=1e-3)


@pytest.mark.parametrize(
    "draw",
    [
        lambda p: choropleth(values(), p),
        lambda p: cluster_map(LocalMoran(values(), chain(), permutations=9), p),
    ],
)
def test_polygons_meet_by_label(draw):
    import geopandas as gpd

    p = polygons()
    with pytest.raises(LabelError, match="c"):
        draw(p.drop("c"))
    with pytest.raises(LabelError, match="NA"):
        draw(gpd.GeoDataFrame(pd.concat([p, p.iloc[[0]].rename(index={"a": "NA"})])))
    with pytest.raises(LabelError, match="b"):
        draw(gpd.GeoDataFrame(pd.concat([p, p.loc[["b"]]])))


def test_a_country_too_small_to_be_seen_is_marked():
    from shapely import box

    p = polygons()
    assert not cluster_map(LocalMoran(values(), chain(), permutations=9), p).axes[0].lines
    p.loc["d", "geometry"] = box(30, 0, 30.05, 0.05)
    local = LocalMoran(values(), chain(), permutations=99, level=0.99)
    (mark,) = cluster_map(local, p).axes[0].lines
    colour = {"HH": "#b2182b", "LL": "#2166ac", "HL": "#f4a582", "LH": "#92c5de", "ns": "#d9d9d9"}
    assert mark.get_markerfacecolor() == colour[local.clusters["d"]]


def test_background_is_drawn_without_meeting():
    land = polygons().rename(index=dict(zip(IDS, "uvwxyz", strict=True)))
    plain, over = choropleth(values(), polygons()), choropleth(values(), polygons(), background=land)
    assert len(faces(over)) == len(faces(plain)) + 6


def test_nothing_is_left_behind():
    import sys

    import matplotlib as mpl

    before = dict(mpl.rcParams)
    moran_scatter(Moran(values(), chain(), permutations=0))
    choropleth(values(), polygons())
    assert dict(mpl.rcParams) == before
    pyplot = sys.modules.get("matplotlib.pyplot")
    assert pyplot is None or not pyplot.get_fignums()


def test_figures_are_the_same_twice(tmp_path):
    local = LocalMoran(values(), chain(), permutations=99)
    for name in ("one", "two"):
        cluster_map(local, polygons()).savefig(tmp_path / f"{name}.png", metadata={"Software": None})
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()


def test_quantile_classes():
    which, bounds = quantile_classes(np.array([1.0, 2, 3, 4, np.nan, 5, 6]), 3)
    np.testing.assert_array_equal(which, [0, 0, 1, 1, -1, 2, 2])
    assert (bounds[0], bounds[-1]) == (1.0, 6.0)
    np.testing.assert_array_equal(quantile_classes(np.array([0.0, 0, 0, 0, 5]), 5)[0], [0, 0, 0, 0, 1])
    np.testing.assert_array_equal(quantile_classes(np.array([2.0, 2.0]), 5)[0], [0, 0])
    with pytest.raises(InputError, match="finite"):
        quantile_classes(np.array([np.nan]), 3)
    with pytest.raises(InputError, match="classes"):
        choropleth(values(), polygons(), classes=1)


def test_equal_earth_keeps_areas():
    """A cell of a degree squared has the area of its share of the sphere, wherever it lies."""
    from shapely import Polygon

    for lat in (0.0, 45.0, 75.0):
        edge = np.linspace(0, 1, 50)
        ring = np.concatenate(
            [
                np.column_stack([100 + edge, lat + 0 * edge]),
                np.column_stack([101 + 0 * edge, lat + edge]),
                np.column_stack([101 - edge, lat + 1 + 0 * edge]),
                np.column_stack([100 + 0 * edge, lat + 1 - edge]),
            ]
        )
        sphere = np.radians(1) * (np.sin(np.radians(lat + 1)) - np.sin(np.radians(lat)))
        assert Polygon(equal_earth(ring)).area == pytest.approx(sphere, rel=1e-4)
