"""Weights made from polygons, points, distances and flows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gvcpos._core.errors import FormatError, InputError, IslandWarning, LabelError
from gvcpos.spatial import weights
from gvcpos.tables import IOTable
from tests.shared import shared, wiod2011

CAPITALS = pd.DataFrame(
    {"lat": [52.52, 48.86, 40.42, 39.9, -35.3], "lon": [13.41, 2.35, -3.7, 116.4, 149.13]},
    index=["DEU", "FRA", "ESP", "CHN", "AUS"],
)


def same(one, other):
    """Whether two weights are equal label by label."""
    return np.array_equal(one.dense(), other.align(one.ids).dense())


def squares(**corners):
    import geopandas as gpd
    from shapely import box

    return gpd.GeoSeries({name: box(*c) for name, c in corners.items()}, crs=4326).to_frame("geometry")


def test_great_circle_of_known_points():
    # Pole to equator is a quarter of the circumference; Berlin to Paris is about 878 km.
    points = pd.DataFrame({"lat": [90.0, 0.0, 0.0], "lon": [0.0, 10.0, -170.0]}, index=["N", "E", "W"])
    d = weights.great_circle(points)
    assert d.loc["N", "E"] == pytest.approx(np.pi / 2 * 6371.0088, rel=1e-12)
    assert d.loc["E", "W"] == pytest.approx(np.pi * 6371.0088, rel=1e-9)
    assert weights.great_circle(CAPITALS).loc["DEU", "FRA"] == pytest.approx(878, abs=2)


def test_great_circle_against_cepii_capitals():
    """CEPII takes another radius: the ratio is one constant."""
    points = pd.read_csv(shared("covariates/cepii_geo_72.csv"), keep_default_na=False)
    ours = weights.great_circle(points[points["cap"] == 1.0])
    pairs = pd.read_csv(shared("covariates/cepii_geodist_pairs_72.csv"), keep_default_na=False)
    pairs = pairs[pairs["iso_o"] != pairs["iso_d"]]
    ratio = ours.stack().loc[list(zip(pairs["iso_o"], pairs["iso_d"], strict=True))].to_numpy()
    ratio = ratio / pairs["distcap"].to_numpy(float)
    assert np.abs(ratio / np.median(ratio) - 1).max() < 2e-5
    assert np.median(ratio) == pytest.approx(1, abs=1e-3)


def test_inverse_distance_formula_and_cutoff():
    d = weights.great_circle(CAPITALS)
    w = weights.inverse_distance(CAPITALS, power=2)
    assert w.neighbours("DEU")["CHN"] == pytest.approx(d.loc["DEU", "CHN"] ** -2, rel=1e-13)
    np.testing.assert_array_equal(w.dense(), w.dense().T)
    with pytest.raises(InputError, match="CHN, AUS"):
        weights.inverse_distance(CAPITALS, cutoff=2000)
    with pytest.warns(IslandWarning, match="AUS"):
        near = weights.inverse_distance(CAPITALS, cutoff=2000, islands="keep")
    assert set(near.neighbours("DEU").index) == {"FRA", "ESP"}


def test_points_frame_square_and_file_agree(tmp_path):
    d = weights.great_circle(CAPITALS)
    pairs = d.rename_axis("origin").reset_index().melt("origin", var_name="destination", value_name="distance")
    path = tmp_path / "d.csv"
    pairs.sample(frac=1, random_state=1).to_csv(path, index=False)
    wanted = weights.inverse_distance(CAPITALS)
    for given_distances in (pairs, d, d.iloc[:, ::-1], path):
        made = weights.inverse_distance(distances=given_distances)
        np.testing.assert_allclose(made.align(wanted.ids).dense(), wanted.dense(), rtol=1e-14)


def test_distance_pairs_missing_twice_or_odd_are_named(tmp_path):
    d = weights.great_circle(CAPITALS)
    pairs = d.rename_axis("origin").reset_index().melt("origin", var_name="destination", value_name="distance")
    gone = pairs[~((pairs["origin"] == "CHN") & (pairs["destination"] == "FRA"))]
    with pytest.raises(LabelError, match="CHN -> FRA"):
        weights.inverse_distance(distances=gone)
    with pytest.raises(LabelError, match="FRA -> DEU"):
        weights.inverse_distance(distances=pd.concat([pairs, pairs.iloc[[1]]]))
    with pytest.raises(InputError, match="FRA -> DEU"):
        weights.inverse_distance(distances=pairs.assign(distance=pairs["distance"].where(pairs.index != 1, 0)))
    with pytest.raises(InputError, match="no column distance"):
        weights.inverse_distance(distances=pairs.drop(columns="distance"))
    path = tmp_path / "d.csv"
    path.write_text("origin,destination,distance\nA,B,1\nB,A,far\n")
    with pytest.raises(FormatError, match="line 3"):
        weights.inverse_distance(distances=path)


@pytest.mark.parametrize("make", [weights.inverse_distance, lambda p: weights.knn(p, 2)])
def test_points_meet_by_label(make):
    shuffled = CAPITALS.sample(frac=1, random_state=3)
    assert same(make(CAPITALS), make(shuffled))
    assert same(make(CAPITALS), make(CAPITALS.rename_axis("iso3").reset_index()))
    with pytest.raises(LabelError, match="FRA"):
        make(pd.concat([CAPITALS, CAPITALS.loc[["FRA"]]]))
    with pytest.raises(InputError, match="ESP"):
        make(CAPITALS.assign(lat=CAPITALS["lat"].where(CAPITALS.index != "ESP", np.nan)))
    with pytest.raises(InputError, match="lon"):
        make(CAPITALS[["lat"]])


def test_points_that_coincide_are_named():
    twin = pd.concat([CAPITALS, CAPITALS.loc[["FRA"]].rename(index={"FRA": "MCO"})])
    with pytest.raises(InputError, match="FRA and MCO"):
        weights.inverse_distance(twin)


def test_knn_breaks_ties_by_label_not_by_row():
    ring = pd.DataFrame({"lat": [0.0] * 4, "lon": [0.0, 90.0, 180.0, -90.0]}, index=["D", "B", "A", "C"])
    for points in (ring, ring.iloc[::-1], ring.iloc[[2, 0, 3, 1]]):
        w = weights.knn(points, 1)
        assert list(w.neighbours("A").index) == ["B"]
        assert list(w.neighbours("D").index) == ["B"]
        assert list(w.neighbours("B").index) == ["A"]
    assert set(weights.knn(CAPITALS, 2).neighbours("FRA").index) == {"DEU", "ESP"}


@pytest.mark.parametrize("k", [0, 5, 1.5])
def test_knn_needs_a_possible_k(k):
    with pytest.raises(InputError, match="k="):
        weights.knn(CAPITALS, k)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_knn_has_k_neighbours_and_none_nearer(seed, k):
    rng = np.random.default_rng(seed)
    points = pd.DataFrame({"lat": rng.uniform(-80, 80, 8), "lon": rng.uniform(-180, 180, 8)}, index=list("abcdefgh"))
    w, d = weights.knn(points, k).dense() > 0, weights.great_circle(points).to_numpy()
    assert (w.sum(axis=1) == k).all()
    for i in range(8):
        others = np.delete(np.arange(8), i)
        rest = [j for j in others if not w[i, j]]
        assert d[i, w[i]].max() <= min(d[i, rest], default=np.inf)


def test_queen_contiguity_of_a_checkerboard():
    polygons = squares(a=(0, 0, 1, 1), b=(1, 0, 2, 1), c=(1, 1, 2, 2), d=(2, 2, 3, 3))
    w = weights.contiguity(polygons)
    assert set(w.neighbours("a").index) == {"b", "c"}  # c by a corner
    assert set(w.neighbours("d").index) == {"c"}
    assert same(w, weights.contiguity(polygons.iloc[::-1]))
    with pytest.raises(LabelError, match="b"):
        weights.contiguity(pd.concat([polygons, polygons.loc[["b"]]]))
    with pytest.raises(InputError, match="far"):
        weights.contiguity(squares(a=(0, 0, 1, 1), b=(1, 0, 2, 1), far=(9, 9, 10, 10)))


def test_contiguity_meets_across_the_antimeridian():
    w = weights.contiguity(squares(east=(170, 0, 180, 9), west=(-180, 3, -175, 5), next=(160, 0, 170, 9)))
    assert set(w.neighbours("west").index) == {"east"}


def test_a_ring_over_the_antimeridian_does_not_girdle_the_globe():
    import geopandas as gpd
    from shapely import Polygon, box

    ring = Polygon([(175, 0), (179, 0), (-178, 0), (-178, 5), (179, 5), (175, 5)])
    polygons = gpd.GeoDataFrame(
        geometry=[ring, box(0, 2, 20, 4), box(170, 0, 175, 5), box(-178, 1, -170, 2)],
        index=["fji", "afr", "w", "e"],
        crs=4326,
    )
    with pytest.warns(IslandWarning, match="afr"):
        w = weights.contiguity(polygons, islands="keep")
    assert set(w.neighbours("fji").index) == {"w", "e"}


def real_polygons():
    import geopandas as gpd

    frame = gpd.read_file(shared("covariates/geo/ne50m_adb72.geojson"))
    return frame[~frame["name"].str.contains("Ashmore")].set_index("iso3")


def test_contiguity_of_the_world_against_libpysal_and_cepii():
    from libpysal.graph import Graph

    polygons = real_polygons()
    with pytest.warns(IslandWarning, match="TWN"):
        w = weights.contiguity(polygons, islands="keep")
    ours = set(w.to_frame()[["focal", "neighbour"]].itertuples(index=False, name=None))
    by_vertices = Graph.build_contiguity(polygons, rook=False).adjacency
    assert ours == set(by_vertices[by_vertices > 0].index)
    table = pd.read_csv(shared("covariates/cepii_geodist_pairs_72.csv"), keep_default_na=False)
    cepii = set(table.loc[table["contig"] == 1, ["iso_o", "iso_d"]].itertuples(index=False, name=None))
    # A causeway that CEPII counts, and French Guiana, which it does not.
    assert ours ^ cepii == {("MYS", "SGP"), ("SGP", "MYS"), ("BRA", "FRA"), ("FRA", "BRA")}
    assert ("RUS", "NOR") in ours
    assert ("FJI", "BRA") not in ours


def small_table(order=(0, 1, 2)) -> IOTable:
    rng = np.random.default_rng(5)
    Z, Y = rng.uniform(1, 5, (6, 6)), rng.uniform(20, 40, (6, 3))
    index = np.concatenate([[2 * c, 2 * c + 1] for c in order])
    return IOTable.from_arrays(
        Z[np.ix_(index, index)],
        Y[np.ix_(index, list(order))],
        countries=[list("ABC")[c] for c in order],
        sectors=["s1", "s2"],
        year=2005,
    )


@pytest.mark.parametrize("measure", ["intermediate", "va"])
@pytest.mark.parametrize("direction", ["both", "suppliers", "buyers"])
def test_linkage_does_not_depend_on_the_order_of_countries(measure, direction):
    one = weights.linkage(small_table(), measure=measure, direction=direction)
    other = weights.linkage(small_table((2, 0, 1)), measure=measure, direction=direction)
    np.testing.assert_allclose(other.align(one.ids).dense(), one.dense(), rtol=1e-12)
    assert one.parameters["year"] == 2005


def test_linkage_of_intermediates_by_hand():
    table = small_table()
    A_to_B = table.Z[0:2, 2:4].sum()
    B_to_A = table.Z[2:4, 0:2].sum()
    assert weights.linkage(table).neighbours("A")["B"] == pytest.approx(A_to_B + B_to_A, rel=1e-14)
    assert weights.linkage(table, direction="suppliers").neighbours("A")["B"] == pytest.approx(B_to_A)
    assert weights.linkage(table, direction="buyers").neighbours("A")["B"] == pytest.approx(A_to_B)


def test_value_added_flows_add_up_on_wiod():
    """Over users they are each country's value added; over suppliers, the user's final output."""
    from gvcpos.accounting import exporters_of
    from gvcpos.spatial.weights.flows import value_added_flows

    table = wiod2011()
    g, n = table.shape
    flow = value_added_flows(table, exporters_of(table))
    np.testing.assert_allclose(flow.sum(axis=1), table.va_total.reshape(g, n).sum(axis=1), rtol=1e-9)
    final = table.final_demand.sum(axis=1).reshape(g, n).sum(axis=1)
    np.testing.assert_allclose(flow.sum(axis=0), final, rtol=1e-9)
    linked = weights.linkage(table, measure="va").normalised("row")
    assert linked.is_row_normalised
    assert linked.neighbours("MEX").idxmax() == "USA"


def test_linkage_says_synthetic_and_names_a_negative_flow():
    table = small_table()
    assert "synthetic" in weights.linkage(table.with_meta(synthetic=True)).description
    Z = table.Z.copy()
    Z[0:2, 2:4] = -1.0
    bad = IOTable.from_arrays(Z, table.Y, countries=table.countries, sectors=table.sectors, year=2005)
    with pytest.raises(InputError, match="A -> B"):
        weights.linkage(bad)


def test_linkage_joins_what_oecd_splits():
    """The flows of CHN are those of its two halves; trade between the halves is nobody's."""
    rng = np.random.default_rng(4)
    parts = ("AUS", "CN1", "CN2", "ROW")
    table = IOTable.from_arrays(rng.random((8, 8)), 9 + rng.random((8, 4)), countries=parts, sectors=("a", "b"))
    whole = table.aggregate({"CN1": "CHN", "CN2": "CHN"}, keep_rest=True)
    made, merged = weights.linkage(table), weights.linkage(whole)
    assert made.ids == ("AUS", "CHN", "ROW")
    np.testing.assert_allclose(made.matrix.toarray(), merged.matrix.toarray(), rtol=1e-12)
    assert weights.linkage(table, measure="va").ids == made.ids
