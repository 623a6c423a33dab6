from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import numpy as np
import pytest

from gvcpos._core.errors import FormatError
from gvcpos.tables.readers.rserial import is_rdata, read_rdata

NIL = struct.pack(">i", 254)


def chars(text: str) -> bytes:
    return struct.pack(">ii", 0x40009, len(text.encode())) + text.encode()


def symbol(text: str) -> bytes:
    return struct.pack(">i", 1) + chars(text)


def strings(*values: str) -> bytes:
    return struct.pack(">ii", 16, len(values)) + b"".join(chars(v) for v in values)


def workspace(name: str, item: bytes, version: int = 2) -> bytes:
    head = b"RDX%d\nX\n" % version + struct.pack(">iii", version, 0x030303, 0x020300)
    if version == 3:
        head += struct.pack(">i", 5) + b"UTF-8"
    return head + struct.pack(">i", 0x402) + symbol(name) + item + NIL


def named_list() -> bytes:
    """list(x = c(1.5, -2), s = c("NA", "é")) with its names."""
    doubles = struct.pack(">iidd", 14, 2, 1.5, -2.0)
    names = struct.pack(">i", 0x402) + symbol("names") + strings("x", "s") + NIL
    return struct.pack(">ii", 0x213, 2) + doubles + strings("NA", "é") + names


@pytest.mark.parametrize("compress", [bytes, gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("version", [2, 3])
def test_lists_vectors_and_strings(tmp_path, compress, version):
    path = tmp_path / "a.RData"
    path.write_bytes(compress(workspace("both", named_list(), version)))
    assert is_rdata(path)
    both = read_rdata(path)["both"]
    assert both.names == ["x", "s"]
    x, s = both.get("x"), both.get("s")
    assert x is not None
    assert np.asarray(x.values).tolist() == [1.5, -2.0]
    assert s is not None
    assert s.values == ["NA", "é"]
    assert both.get("y") is None


def test_a_second_use_of_a_name_refers_back(tmp_path):
    one = struct.pack(">i", 0x402) + symbol("a") + strings("one")
    again = struct.pack(">ii", 0x402, (1 << 8) | 255) + strings("two")
    path = tmp_path / "a.RData"
    path.write_bytes(b"RDX2\nX\n" + struct.pack(">iii", 2, 0, 0) + one + again + NIL)
    assert read_rdata(path)["a"].values == ["two"]


def test_anything_but_data_is_refused(tmp_path):
    path = tmp_path / "a.RData"
    path.write_bytes(workspace("f", struct.pack(">i", 3)))  # a closure
    with pytest.raises(FormatError, match="item of type 3, which is not data"):
        read_rdata(path)


@pytest.mark.parametrize("keep", [10, 30, 60, 90])
def test_a_truncated_file_is_refused(tmp_path, keep):
    path = tmp_path / "a.RData"
    path.write_bytes(workspace("both", named_list())[:keep])
    with pytest.raises(FormatError, match=r"a\.RData"):
        read_rdata(path)


def test_other_files_are_no_workspaces(tmp_path):
    path = tmp_path / "a.RData"
    for content in (b"", b"text", gzip.compress(b"text"), bz2.compress(b"text"), b"\x1f\x8bbroken"):
        path.write_bytes(content)
        assert not is_rdata(path)
        with pytest.raises(FormatError, match=r"a\.RData"):
            read_rdata(path)
