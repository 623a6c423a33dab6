"""Weights from graphs, frames, edge lists and files: round trips by label, and each fault named where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from gvcpos._core.errors import FormatError, InputError, IslandWarning, LabelError
from gvcpos.spatial import Weights
from gvcpos.spatial.weights import from_edges, from_square

IDS = ("NA", "AUT", "BEL", "CHN")
DENSE = np.array([[0, 1, 0, 2.5], [1, 0, 0.1, 0], [0, 0.3, 0, 0], [1 / 3, 0, 7, 0]])
ALONE = np.array([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [1 / 3, 0, 0, 0]])


@pytest.fixture
def w() -> Weights:
    return Weights.from_dense(IDS, DENSE)


def same(one: Weights, other: Weights) -> None:
    assert one.ids == other.ids
    np.testing.assert_array_equal(one.dense(), other.dense())


def islands() -> Weights:
    with pytest.warns(IslandWarning, match="BEL"):
        return Weights.from_dense(IDS, ALONE, islands="keep")


def written(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", ["csv", "parquet", "gwt", "mtx"])
@pytest.mark.parametrize("kind", ["none", "row"])
def test_weights_come_back_to_the_last_bit(w: Weights, tmp_path: Path, suffix: str, kind: str) -> None:
    given_ = w if kind == "none" else w.normalised("row")
    back = Weights.read(given_.save(tmp_path / f"w.{suffix}"))
    same(back, given_)
    assert back.is_row_normalised == (kind == "row")


def test_gal_and_stata_come_back(w: Weights, tmp_path: Path) -> None:
    binary = Weights.from_dense(IDS, (DENSE > 0).astype(float))
    same(Weights.read(binary.save(tmp_path / "w.gal")), binary)
    numbers = Weights.from_dense(["516", "40", "56", "156"], DENSE)
    same(Weights.read(numbers.save(tmp_path / "w.txt")), numbers)
    with pytest.raises(InputError, match=r"GAL keeps who neighbours whom"):
        w.save(tmp_path / "w2.gal")
    with pytest.raises(LabelError, match="whole numbers for units, not NA, AUT"):
        w.save(tmp_path / "w2.txt")
    spaced = Weights.from_dense(["New Zealand", "b"], [[0, 1], [1, 0]])
    for name in ("w2.gal", "w2.gwt"):
        with pytest.raises(LabelError, match="New Zealand"):
            spaced.save(tmp_path / name)
    assert not (tmp_path / "w2.gal").exists()
    same(Weights.read(spaced.save(tmp_path / "w.mtx")), spaced)


def test_islands_of_files(tmp_path: Path) -> None:
    w = islands()
    with pytest.raises(InputError, match=r"GWT has no line for.*BEL"):
        w.save(tmp_path / "w.gwt")
    path = w.save(tmp_path / "w.mtx")
    with pytest.raises(InputError, match="BEL"):
        Weights.read(path)
    with pytest.warns(IslandWarning, match="BEL"):
        same(Weights.read(path, islands="keep"), w)
    gal = written(tmp_path, "w.gal", "0 3 map id\na 1\nb\nb 1\na\nc 0\n\n")
    with pytest.raises(InputError, match="have no neighbours: c"):
        Weights.read(gal)
    with pytest.warns(IslandWarning, match="c"):
        assert Weights.read(gal, islands="keep").islands == ("c",)
    gwt = written(tmp_path, "w.gwt", "0 3 map id\na b 1.5\nb a 2\n")
    with pytest.warns(IslandWarning, match="c"):
        assert Weights.read(gwt, ids=["a", "b", "c"], islands="keep").ids == ("a", "b", "c")


@pytest.mark.parametrize("suffix", ["gal", "gwt"])
def test_files_of_libpysal_are_read(w: Weights, tmp_path: Path, suffix: str) -> None:
    libpysal = pytest.importorskip("libpysal")
    binary = suffix == "gal"
    want = Weights.from_dense(IDS, (DENSE > 0).astype(float)) if binary else w
    want = Weights.from_dense(("NAM", *IDS[1:]), want.dense())  # its own reader takes "NA" for nothing
    theirs = want.to_graph()
    (theirs.to_gal if binary else theirs.to_gwt)(tmp_path / f"w.{suffix}")
    got = Weights.read(tmp_path / f"w.{suffix}", ids=want.ids)
    np.testing.assert_allclose(got.dense(), want.dense(), rtol=1e-6)
    ours = want.save(tmp_path / f"ours.{suffix}")
    back = getattr(libpysal.graph, f"read_{suffix}")(ours)
    np.testing.assert_array_equal(Weights.from_graph(back).align(want.ids).dense(), want.dense())


def test_matrix_market_against_scipy(w: Weights, tmp_path: Path) -> None:
    from scipy.io import mmread, mmwrite

    np.testing.assert_array_equal(mmread(w.save(tmp_path / "w.mtx")).toarray(), DENSE)
    mmwrite(tmp_path / "theirs.mtx", sparse.coo_array(DENSE + DENSE.T), symmetry="symmetric")
    got = Weights.read(tmp_path / "theirs.mtx", ids=IDS)
    np.testing.assert_allclose(got.dense(), DENSE + DENSE.T, rtol=1e-12)
    assert Weights.read(tmp_path / "theirs.mtx").ids == ("1", "2", "3", "4")
    with pytest.raises(LabelError, match="numbered from 1 to 4; 3 ids"):
        Weights.read(tmp_path / "theirs.mtx", ids=IDS[:3])


def test_r_listw_as_pairs(tmp_path: Path) -> None:
    text = '"","from","to","weights"\n"1",1,2,1\n"2",1,4,2.5\n"3",2,1,1\n"4",2,3,0.1\n"5",3,2,0.3\n"6",4,3,7\n'
    path = written(tmp_path, "listw.csv", text)
    dense = DENSE.copy()
    dense[3, 0] = 0.0
    same(Weights.read(path, ids=IDS), Weights.from_dense(IDS, dense))
    assert Weights.read(path).ids == ("1", "2", "3", "4")
    with pytest.warns(IslandWarning, match="DEU"):
        assert Weights.read(path, ids=[*IDS, "DEU"], islands="keep").n == 5
    with pytest.raises(LabelError, match="1 to 4; 3 ids"):
        Weights.read(path, ids=IDS[:3])
    named = written(tmp_path, "named.csv", "from,to,weights\nNA,AUT,1\nAUT,NA,2\n")
    assert Weights.read(named).neighbours("NA").to_dict() == {"AUT": 1.0}


def test_a_square_csv_of_r(w: Weights, tmp_path: Path) -> None:
    """As write.csv(listw2mat(listw)) writes it: ids in the first column, in the header too or V1, V2, ..."""
    ids = ",".join(f'"{label}"' for label in IDS)
    rows = [f'"{label}",' + ",".join(repr(float(x)) for x in row) for label, row in zip(IDS, DENSE, strict=True)]
    body = "\n".join(rows) + "\n"
    same(Weights.read(written(tmp_path, "named.csv", f'"",{ids}\n{body}')), w)
    same(Weights.read(written(tmp_path, "v.csv", f'"","V1","V2","V3","V4"\n{body}'), ids=IDS), w)
    frame = pd.DataFrame(DENSE, list(IDS), list(IDS))
    frame[["CHN", "BEL", "NA", "AUT"]].to_csv(tmp_path / "pandas.csv")
    same(Weights.read(tmp_path / "pandas.csv"), w)
    numbers = pd.DataFrame(DENSE, range(1, 5), range(1, 5))
    numbers.to_csv(tmp_path / "numbers.csv")
    same(Weights.read(tmp_path / "numbers.csv", ids=IDS), w)
    again = Weights.read(tmp_path / "numbers.csv", ids=["4", "1", "2", "3"])
    assert again.neighbours("1").to_dict() == {"2": 1.0, "4": 2.5}
    with pytest.raises(LabelError, match="numbered from 1 to 4; 5 ids"):
        Weights.read(tmp_path / "numbers.csv", ids=[*IDS, "DEU"])
    with pytest.raises(LabelError, match="ZZZ"):
        Weights.read(written(tmp_path, "odd.csv", f'"",{ids}\n{body}'.replace('"BEL",', '"ZZZ",', 1)))
    with pytest.raises(FormatError, match="line 2: the weight is 'NA'"):
        Weights.read(written(tmp_path, "na.csv", f'"",{ids}\n{body}'.replace("2.5", "NA")))
    with pytest.raises(LabelError, match="duplicated labels: a"):
        Weights.read(written(tmp_path, "twice.csv", ",a,a\na,0,1\na,1,0\n"))


def test_a_csv_that_holds_no_weights_is_refused_in_few_words(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.ones((3, 48)), columns=[f"c{i}" for i in range(48)])
    frame.to_csv(tmp_path / "w.csv", index=False)
    with pytest.raises(FormatError, match=r"c0, c1, .*\(\+40 more\); weights files have focal.*a square") as said:
        Weights.read(tmp_path / "w.csv")
    assert "c20" not in str(said.value)


def test_ids_name_the_numbered_units_of_stata(w: Weights, tmp_path: Path) -> None:
    numbered = Weights.from_dense(range(1, 5), DENSE)
    path = numbered.save(tmp_path / "w.txt")
    assert Weights.read(path).ids == ("1", "2", "3", "4")
    same(Weights.read(path, ids=IDS), w)
    same(Weights.read(path, ids=["2", "1", "4", "3"]), numbered.align(["2", "1", "4", "3"]))
    with pytest.raises(LabelError, match="numbered from 1 to 4; 3 ids"):
        Weights.read(path, ids=IDS[:3])
    codes = Weights.from_dense([11, 12, 13, 14], DENSE).save(tmp_path / "codes.txt")
    with pytest.raises(LabelError, match="NA"):
        Weights.read(codes, ids=IDS)


def test_numbers_are_labels_where_a_file_says_them(tmp_path: Path) -> None:
    """GeoDa's record numbers are labels: ids in another order do not rename them."""
    path = written(tmp_path, "w.gwt", "0 3 map id\n1 2 0.5\n2 3 1\n3 1 2\n")
    got = Weights.read(path, ids=["3", "1", "2"])
    assert got.neighbours("1").to_dict() == {"2": 0.5}
    with pytest.raises(LabelError, match="x"):
        Weights.read(path, ids=["1", "2", "x"])


def test_edge_lists(w: Weights, tmp_path: Path) -> None:
    edges = w.to_frame().sample(frac=1.0, random_state=2)
    same(from_edges(edges, ids=IDS), w)
    renamed = edges.set_axis(["origin", "destination", "weight"], axis=1)
    same(from_edges(renamed, origin="origin", destination="destination", ids=IDS), w)
    renamed.to_csv(tmp_path / "edges.csv", index=False)
    same(Weights.read(tmp_path / "edges.csv", ids=IDS), w)
    assert (from_edges(edges, weight=None).matrix.data == 1.0).all()
    with pytest.raises(InputError, match="no column 'flow'"):
        from_edges(edges, weight="flow")
    with pytest.raises(InputError, match="not numeric"):
        from_edges(edges.assign(weight=edges["weight"].astype(str)))
    with pytest.raises(LabelError, match="no such unit: CHN"):
        from_edges(edges, ids=IDS[:3])
    with pytest.raises(LabelError, match="NA"):
        from_edges(edges, ids=[*IDS, "NA"])
    with pytest.raises(FormatError, match="row 7: the pair NA -> AUT is given twice, first in row 0"):
        from_edges(pd.concat([w.to_frame(), w.to_frame().head(1)]), ids=IDS)
    with pytest.raises(InputError, match="row 0: no label in column 'focal'"):
        from_edges(w.to_frame().assign(focal=None))


def test_square_frames_meet_by_label(w: Weights) -> None:
    frame = pd.DataFrame(DENSE, index=list(IDS), columns=list(IDS))
    same(from_square(frame[["CHN", "BEL", "NA", "AUT"]]), w)
    same(Weights.from_dense(IDS, frame.iloc[::-1, [2, 1, 0, 3]]), w)
    with pytest.raises(LabelError, match="ZZZ"):
        from_square(frame.rename(columns={"BEL": "ZZZ"}))
    with pytest.raises(LabelError, match="duplicated labels: AUT"):
        from_square(frame.rename(columns={"BEL": "AUT"}, index={"BEL": "AUT"}))
    with pytest.raises(LabelError, match="ZZZ"):
        Weights.from_dense(("ZZZ", *IDS[1:]), frame)
    with pytest.raises(InputError, match="not numeric: BEL"):
        from_square(frame.assign(BEL=frame["BEL"].astype(str)))
    with pytest.raises(InputError, match="nan"):
        from_square(frame.mask(frame == 7))


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.coo_array, sparse.csc_matrix])
def test_any_sparse_matrix_is_taken(w: Weights, make: type) -> None:
    same(Weights.from_sparse(IDS, make(DENSE)), w)


def test_graph_and_old_w_of_libpysal() -> None:
    libpysal = pytest.importorskip("libpysal")
    neighbours = {"NA": ["AUT", "CHN"], "AUT": ["NA", "BEL"], "BEL": ["AUT"], "CHN": ["NA", "BEL"]}
    values = {"NA": [1, 2.5], "AUT": [1, 0.1], "BEL": [0.3], "CHN": [1 / 3, 7]}
    old = libpysal.weights.W(neighbours, values, id_order=list(IDS), silence_warnings=True)
    same(Weights.from_graph(old), Weights.from_dense(IDS, DENSE))
    old.transform = "r"
    assert Weights.from_graph(old).is_row_normalised
    same(Weights.from_graph(libpysal.graph.Graph.from_W(old)), Weights.from_graph(old))
    with pytest.raises(InputError, match="ndarray is no libpysal Graph"):
        Weights.from_graph(DENSE)


STATA = "3\n1 0 1 0\n2 1 0 1\n3 0 1 0\n"


@pytest.mark.parametrize(
    ("name", "text", "error", "message"),
    [
        ("w.gal", "", FormatError, "empty"),
        ("w.gal", "3 4\n", FormatError, "line 1: '3 4'"),
        ("w.gal", "0 x map id\n", FormatError, "line 1: the number of units is 'x'"),
        ("w.gal", "2\na 1\nb\na 1\nb\n", LabelError, "line 4: unit a is given twice, first in line 2"),
        ("w.gal", "2\na 2\nb\nb 1\na\n", FormatError, "line 3: a has 1 neighbours here, 2 by line 2"),
        ("w.gal", "2\na 1\n", FormatError, "line 3: a has 0 neighbours"),
        ("w.gal", "2\na b 1\n", FormatError, "line 2: 3 words"),
        ("w.gal", "3\na 1\nb\nb 1\na\n", FormatError, "announces 3 units; there are 2"),
        ("w.gal", "2\na 1\nc\nb 1\na\n", LabelError, "line 3: no such unit: c"),
        ("w.gal", "2\na 1\na\nb 1\na\n", InputError, "line 3: the weight of a -> a is 1.0: a unit is not its own"),
        ("w.gal", "2\na 2\nb b\nb 1\na\n", FormatError, "line 3: the pair a -> b is given twice"),
        ("w.gwt", "0 2 map id\na b\n", FormatError, "line 2: 2 words"),
        ("w.gwt", "0 2 map id\na b much\n", FormatError, "line 2: the weight is 'much'"),
        ("w.gwt", "0 2 map id\na b 1\nb a -1\n", InputError, "line 3: the weight of b -> a is -1.0"),
        ("w.gwt", "0 2 map id\na b 1\nb a nan\n", InputError, "line 3: the weight of b -> a is nan"),
        ("w.gwt", "0 1 map id\na b 1\nb a 1\n", FormatError, "announces 1 units; there are 2"),
        ("w.mtx", "nothing\n", FormatError, "not a Matrix Market file"),
        ("w.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 1\n1 2 1\n", FormatError, "2 x 3"),
        (
            "w.mtx",
            "%%MatrixMarket matrix coordinate real general\n%gvcpos-unit a\n2 2 2\n1 2 1\n2 1 1\n",
            FormatError,
            "1 units are named for 2 rows",
        ),
        (
            "w.mtx",
            "%%MatrixMarket matrix coordinate real general\n2 2 2\n1 2 1\n1 2 1\n",
            FormatError,
            "entry 2: the pair 1 -> 2 is given twice",
        ),
        ("w.txt", "3 1 1\n0 1\n", FormatError, "Banded"),
        ("w.txt", STATA.replace("2 1 0 1", "2 1 0"), FormatError, "line 3: 3 words; a label and 3 weights"),
        ("w.txt", STATA.replace("2 1 0 1", "2 1 0 ."), FormatError, "line 3: the weight is '.'"),
        ("w.txt", STATA.replace("3 0", "1 0"), LabelError, "duplicated labels: 1"),
        ("w.txt", STATA + "4 0 0 0\n", FormatError, "announces 3 units; there are 4"),
        ("w.csv", "a,b\n1,2\n", FormatError, "the columns are a, b; weights files have"),
        ("w.csv", "focal,neighbour,weight\na,b,1\nb,a\n", FormatError, "line 3: 2 cells; the header has 3"),
        ("w.csv", "focal,neighbour,weight\na,b,1\n\nb,a,inf\n", InputError, "line 4: the weight of b -> a is inf"),
        ("w.csv", "focal,neighbour,weight\na,b,1\nb,,1\n", LabelError, "empty label"),
        ("w.csv", "from,to,weights\n0,2,1\n2,1,1\n", LabelError, "line 2: no such unit: 0"),
        ("w.shp", "", FormatError, r"not \.shp"),
    ],
)
def test_each_fault_of_a_file_is_named(tmp_path: Path, name: str, text: str, error: type, message: str) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(error, match=message) as caught:
        Weights.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", ["w.csv", "w.gal", "w.mtx"])
def test_text_that_is_not_utf8_is_said(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes("focal,neighbour,weight\nCôte,b,1\n".encode("latin-1"))
    with pytest.raises(FormatError, match="byte 24 is not UTF-8"):
        Weights.read(path)


def test_the_head_of_a_csv_and_ids_must_agree(w: Weights, tmp_path: Path) -> None:
    path = w.save(tmp_path / "w.csv")
    assert Weights.read(path, ids=IDS[::-1]).ids == IDS[::-1]
    with pytest.raises(LabelError, match="CHN"):
        Weights.read(path, ids=IDS[:3])
    text = path.read_text(encoding="utf-8").replace("BEL,AUT,", "LUX,AUT,")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(LabelError, match=r"w\.csv, line 7: no such unit: LUX"):
        Weights.read(path)
    with pytest.raises(InputError, match="no such file"):
        Weights.read(tmp_path / "absent.gal")


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(0, 2**31), st.sampled_from(["csv", "parquet", "gwt", "mtx", "txt", "gal"]))
def test_any_weights_come_back(tmp_path_factory: pytest.TempPathFactory, n: int, seed: int, suffix: str) -> None:
    rng = np.random.default_rng(seed)
    dense = np.where(rng.random((n, n)) < 0.4, rng.lognormal(0.0, 5.0, (n, n)), 0.0)
    ring = np.roll(np.eye(n), 1, axis=1)
    dense = np.where(ring > 0, 1.0, dense) * (1 - np.eye(n))
    labels = [str(i) for i in rng.permutation(1000)[:n]]
    w = Weights.from_dense(labels, (dense > 0).astype(float) if suffix == "gal" else dense)
    same(Weights.read(w.save(tmp_path_factory.mktemp("w") / f"w.{suffix}")), w)
