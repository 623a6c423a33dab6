"""Weights as an object: labels, immutability, normalisation, files."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from gvcpos._core.errors import FormatError, InputError, IslandWarning, LabelError
from gvcpos.spatial import Weights

IDS = ("NA", "AUT", "BEL", "CHN")
DENSE = np.array([[0, 1, 0, 2.5], [1, 0, 0.1, 0], [0, 0.3, 0, 0], [1 / 3, 0, 7, 0]])


@pytest.fixture
def w() -> Weights:
    return Weights.from_dense(IDS, DENSE, kind="custom", description="a test", parameters={"a": 1})


def test_arrays_cannot_be_written(w):
    for array in (w.matrix.data, w.matrix.indices, w.matrix.indptr):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        w.ids = ()
    with pytest.raises(TypeError):
        w.parameters["a"] = 2


def test_what_is_done_to_a_lent_matrix_stays_outside(w):
    lent = w.matrix
    lent.data = np.full_like(lent.data, 9.0)
    w.dense()[:] = 5
    w.to_graph().sparse.data[:] = 5
    frame = w.to_frame()
    frame["weight"] = 5
    np.testing.assert_array_equal(w.dense(), DENSE)


def test_the_callers_array_is_copied():
    array = DENSE.copy()
    made = Weights.from_dense(IDS, array)
    array[:] = 0
    np.testing.assert_array_equal(made.dense(), DENSE)


def test_align_moves_rows_and_columns_together(w):
    order = [2, 0, 3, 1]
    moved = w.align([IDS[i] for i in order])
    assert moved.ids == tuple(IDS[i] for i in order)
    np.testing.assert_array_equal(moved.dense(), DENSE[np.ix_(order, order)])
    np.testing.assert_array_equal(moved.align(IDS).dense(), DENSE)
    assert moved.description == w.description


@pytest.mark.parametrize(
    ("ids", "named"),
    [
        (["NA", "AUT", "BEL"], "CHN"),
        (["NA", "AUT", "BEL", "CHN", "DEU"], "DEU"),
        (["NA", "AUT", "BEL", "BEL"], "BEL"),
        (["NA", "AUT", "BEL", "DEU"], "DEU"),
    ],
)
def test_align_names_what_differs(w, ids, named):
    with pytest.raises(LabelError, match=named):
        w.align(ids)


def test_duplicated_ids_are_refused():
    with pytest.raises(LabelError, match="BEL"):
        Weights.from_dense(["NA", "BEL", "BEL", "CHN"], DENSE)


def test_subset_keeps_weights_and_forgets_row_normalisation(w):
    part = w.normalised("row").subset(["CHN", "NA"])
    np.testing.assert_allclose(part.dense(), [[0, (1 / 3) / (7 + 1 / 3)], [2.5 / 3.5, 0]])
    assert part.normalisation == "none"
    with pytest.raises(LabelError, match="DEU"):
        w.subset(["DEU"])
    with pytest.raises(InputError, match="AUT"):
        w.subset(["CHN", "NA", "AUT"]).subset(["CHN", "AUT"])


def test_islands_are_refused_by_name_or_kept_with_a_warning():
    lone = DENSE.copy()
    lone[2] = 0
    with pytest.raises(InputError, match="BEL"):
        Weights.from_dense(IDS, lone)
    with pytest.warns(IslandWarning, match="BEL"):
        kept = Weights.from_dense(IDS, lone, islands="keep")
    assert kept.islands == ("BEL",)
    assert not kept.normalised("row").is_row_normalised


@pytest.mark.parametrize("bad", [-0.1, np.nan, np.inf])
def test_a_bad_weight_names_its_pair(bad):
    wrong = DENSE.copy()
    wrong[1, 2] = bad
    with pytest.raises(InputError, match="AUT -> BEL"):
        Weights.from_dense(IDS, wrong)


def test_a_unit_is_not_its_own_neighbour():
    with pytest.raises(InputError, match="CHN"):
        Weights.from_dense(IDS, DENSE + np.diag([0, 0, 0, 1.0]))


def test_shape_must_fit():
    with pytest.raises(InputError, match="3 units"):
        Weights.from_dense(IDS[:3], DENSE)


def test_neighbours_and_frame(w):
    assert w.neighbours("NA").to_dict() == {"AUT": 1.0, "CHN": 2.5}
    frame = w.to_frame()
    assert list(frame.columns) == ["focal", "neighbour", "weight"]
    assert len(frame) == np.count_nonzero(DENSE)
    with pytest.raises(LabelError, match="DEU"):
        w.neighbours("DEU")


def test_graph_round_trip_keeps_the_order(w):
    back = Weights.from_graph(w.to_graph())
    assert back.ids == w.ids
    np.testing.assert_array_equal(back.dense(), DENSE)


def test_spectral_normalisation_has_radius_one(w):
    scaled = w.normalised("spectral")
    assert np.abs(np.linalg.eigvals(scaled.dense())).max() == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(scaled.dense() / scaled.dense()[0, 1], DENSE / DENSE[0, 1])


def test_weights_without_a_circle_have_no_spectral_radius():
    with (
        pytest.warns(IslandWarning),
        pytest.raises(InputError, match="spectral radius"),
    ):
        Weights.from_dense(["a", "b"], [[0, 1], [0, 0]], islands="keep").normalised("spectral")


def test_raw_weights_do_not_come_back(w):
    assert w.normalised("none") is w
    with pytest.raises(InputError, match="not kept"):
        w.normalised("row").normalised("none")


def test_row_sums_off_by_rounding_are_still_normalised():
    assert Weights.from_dense(["a", "b"], [[0, 1 + 3e-16], [1 - 1e-10, 0]]).is_row_normalised
    assert not Weights.from_dense(["a", "b"], [[0, 1 + 1e-8], [1, 0]]).is_row_normalised


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("normalisation", ["none", "row"])
def test_files_lose_nothing(w, tmp_path, suffix, normalisation):
    one = w.normalised(normalisation)
    back = Weights.read(one.save(tmp_path / f"w{suffix}"))
    assert back.ids == one.ids
    np.testing.assert_array_equal(back.dense(), one.dense())
    assert (back.kind, back.description, back.normalisation) == (one.kind, one.description, normalisation)
    assert dict(back.parameters) == dict(one.parameters)


def test_islands_survive_a_file(tmp_path):
    with pytest.warns(IslandWarning):
        kept = Weights.from_dense(IDS, np.where(np.arange(4)[:, None] == 2, 0, DENSE), islands="keep")
    assert Weights.read(kept.save(tmp_path / "w.csv")).islands == ("BEL",)


def test_plain_triples_are_read(tmp_path):
    path = tmp_path / "w.csv"
    path.write_text("focal,neighbour,weight\nNA,AUT,1\nAUT,NA,0.5\n")
    assert Weights.read(path).neighbours("NA").to_dict() == {"AUT": 1.0}
    path.write_text("focal,neighbour,weight\nNA,AUT,1\nNA,AUT,1\nAUT,NA,1\n")
    with pytest.raises(FormatError, match="NA -> AUT"):
        Weights.read(path)
    path.write_text("focal,neighbour,weight\nNA,AUT,1\nAUT,NA,much\n")
    with pytest.raises(FormatError, match="line 3"):
        Weights.read(path)
    path.write_text("focal,weight\nNA,1\n")
    with pytest.raises(FormatError, match="neighbour"):
        Weights.read(path)
    with pytest.raises(FormatError, match="parquet"):
        Weights.read(path.rename(tmp_path / "w.dat"))


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(float, (6, 6), elements=st.floats(0, 1e6, allow_subnormal=False)), st.permutations(range(6)))
def test_normalised_rows_sum_to_one_in_any_order(array, order):
    np.fill_diagonal(array, 0.0)
    array[np.arange(6), (np.arange(6) + 1) % 6] += 1.0
    one = Weights.from_dense(list("abcdef"), array).normalised("row")
    np.testing.assert_allclose(one.dense().sum(axis=1), 1.0, rtol=1e-12)
    assert one.is_row_normalised
    ids = [list("abcdef")[i] for i in order]
    other = Weights.from_dense(ids, array[np.ix_(order, order)]).normalised("row")
    np.testing.assert_allclose(other.align(one.ids).dense(), one.dense(), rtol=1e-12)
