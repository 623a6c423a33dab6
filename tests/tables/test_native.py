from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from gvcpos._core.errors import FormatError, InputError
from gvcpos.tables import IOTable, read_table
from gvcpos.tables.native import read_native
from tests.shared import wiod2011

from .builders import random_table, same_numbers


def test_every_bit_label_and_note_comes_back(tmp_path):
    table = random_table(5, countries=("NA", "ÅLA", "ROW")).with_meta(
        original_countries={"ROW": "RoW"}, notes=("first", "second"), vintage="June 2023", tolerance=0.1
    )
    path = table.save(tmp_path / "deep" / "table.arrow")
    back = read_native(path)
    assert same_numbers(back, table)
    assert back.meta == table.meta
    for labels in ("countries", "sectors", "final_categories", "va_rows"):
        assert getattr(back, labels) == getattr(table, labels)


def test_extreme_floats_survive(tmp_path):
    Z = np.array([[5e-324, -0.0], [1 / 3, 1e300]])
    table = IOTable.from_arrays(Z, np.ones((2, 2)), countries=["A", "B"], sectors=["s"])
    back = read_native(table.save(tmp_path / "t.arrow"))
    assert back.Z.tobytes() == Z.tobytes()
    assert back.x.tobytes() == table.x.tobytes()


def test_the_same_table_gives_the_same_bytes(tmp_path):
    one = random_table(5).save(tmp_path / "one.arrow").read_bytes()
    two = random_table(5).save(tmp_path / "two.arrow").read_bytes()
    assert one == two
    assert random_table(6).save(tmp_path / "three.arrow").read_bytes() != one


def test_real_table_round_trips_through_read_table(tmp_path):
    table = wiod2011()
    back = read_table(table.save(tmp_path / "wiod.arrow"))
    assert same_numbers(back, table)
    assert back.meta == table.meta


@pytest.mark.parametrize("keep", [6, 500, -200, -9])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = random_table(5).save(tmp_path / "t.arrow")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FormatError, match=r"t\.arrow: not a whole Arrow file"):
        read_native(path)


def test_foreign_and_later_files_are_refused(tmp_path):
    def write(metadata):
        path = tmp_path / "f.arrow"
        frame = pa.table({"a": [1]}).replace_schema_metadata(metadata)
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, frame.schema) as writer:
            writer.write_table(frame)
        return path

    for metadata in (None, {"gvcpos": "[]"}, {"gvcpos": "{"}):
        with pytest.raises(FormatError, match="not a gvcpos table"):
            read_native(write(metadata))
    with pytest.raises(FormatError, match="format version 99"):
        read_native(write({"gvcpos": '{"format": "gvcpos-table", "version": 99}'}))
    with pytest.raises(FormatError, match="do not fit together"):
        read_native(write({"gvcpos": '{"format": "gvcpos-table", "version": 1}'}))


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_native(tmp_path / "none.arrow")
    with pytest.raises(InputError, match="a folder"):
        read_native(tmp_path)


def test_an_interrupted_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = random_table(5).save(tmp_path / "t.arrow")
    before = path.read_bytes()

    def fail(*_args, **_options):
        raise OSError("disk full")

    monkeypatch.setattr(pa.ipc, "new_file", fail)
    with pytest.raises(OSError, match="disk full"):
        random_table(6).save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["t.arrow"]
