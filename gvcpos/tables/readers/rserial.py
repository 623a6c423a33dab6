"""Data frames, matrices and lists out of R's saved files (.RData, .rda), without R.

R's own manual ("R Internals", section Serialization Formats) describes the format: every item begins
with an integer that packs its type and flags. Only the items that tables are made of are understood:
lists, vectors, factors, strings and their attributes. Functions, environments and the like are refused,
so nothing in a file is ever executed.
"""

# Why no library: a WIOD table kept as two data frames of text (decompr's wiod.rda) is 2.4 million strings.
# rdata 1.1.0 makes several Python objects of each and takes 56-69 s of CPU and 1 GB for that file (30 s without
# its conversion and with garbage collection off); the parser below takes 1.5 s and 80 MB. rdata is quick on the
# lists of class iot (0.4 s), but pyreadr 0.5.8, which reads the data frames in 1.7 s, refuses those lists.

from __future__ import annotations

import bz2
import gzip
import lzma
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gvcpos._core.errors import FormatError

_MAGIC = (b"RDX2\nX\n", b"RDX3\nX\n")
_SYMBOL, _PAIRLIST, _CHAR, _LOGICAL, _INTEGER, _DOUBLE, _STRING, _LIST = 1, 2, 9, 10, 13, 14, 16, 19
_ALTREP, _NIL, _BACK_REFERENCE = 238, 254, 255
_LONGEST_BLOCK = 1 << 20  # bzip2 gives nothing before its first block of at most 900 kB is in
_COMPRESSIONS: tuple[tuple[bytes, Callable[[bytes], bytes]], ...] = (
    (b"\x1f\x8b", gzip.decompress),
    (b"BZh", bz2.decompress),
    (b"\xfd7zXZ", lzma.decompress),
)


@dataclass
class RObject:
    """One R vector or list: its values and its attributes (names, dim, levels, class …)."""

    values: object
    attributes: dict[str, object] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The ``names`` attribute, empty if there is none."""
        names = self.attributes.get("names")
        return list(names.values) if isinstance(names, RObject) else []  # type: ignore[call-overload]

    def get(self, name: str) -> RObject | None:
        """Return the element of a named list, or None."""
        if name not in self.names or not isinstance(self.values, list):
            return None
        element = self.values[self.names.index(name)]
        return element if isinstance(element, RObject) else None


def is_rdata(path: str | Path) -> bool:
    """Tell whether a file is an R workspace, by its first bytes."""
    with Path(path).open("rb") as stream:
        head = stream.read(_LONGEST_BLOCK)
    try:
        return _first_bytes(head).startswith(_MAGIC)
    except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError):
        return False


def read_rdata(path: str | Path) -> dict[str, RObject]:
    """Return the objects of an R workspace file by name.

    Raises
    ------
    FormatError
        If the file is truncated, is not an R workspace or holds something that is not data.
    """
    raw = Path(path).read_bytes()
    for magic, decompress in _COMPRESSIONS:
        if raw.startswith(magic):
            try:
                raw = decompress(raw)
            except (OSError, EOFError, lzma.LZMAError, zlib.error, ValueError) as error:
                raise FormatError(f"{path}: a broken R file ({error}). Fetch the file again.") from error
            break
    if not raw.startswith(_MAGIC):
        raise FormatError(f"{path}: not an R workspace (.RData, .rda) in binary form. Save it with R's save().")
    try:
        item = _Stream(raw, 7).workspace()
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise FormatError(f"{path}: the R file ends too early ({error}). Fetch the file again.") from error
    except ValueError as error:
        raise FormatError(f"{path}: {error}. Save only data frames, matrices and lists.") from error
    return {name: value for name, value in item.items() if isinstance(value, RObject)}


def _first_bytes(head: bytes) -> bytes:
    if head.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(31).decompress(head, 16)
    if head.startswith(b"BZh"):
        return bz2.BZ2Decompressor().decompress(head, 16)
    if head.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor().decompress(head, 16)
    return head[:16]


class _Stream:
    """A cursor over the decompressed bytes (big-endian XDR)."""

    def __init__(self, raw: bytes, position: int) -> None:
        self.raw, self.at = raw, position
        self.symbols: list[object] = []

    def integer(self) -> int:
        """Read four bytes as a signed integer."""
        value = int(struct.unpack_from(">i", self.raw, self.at)[0])
        self.at += 4
        return value

    def length(self) -> int:
        """Read the length of a vector; of one that the file cannot hold, say so."""
        n = self.integer()
        if n == -1:  # long vector: two words
            n = (self.integer() << 32) + self.integer()
        if n < 0 or n > len(self.raw):
            raise IndexError(f"a vector of length {n}")
        return n

    def workspace(self) -> dict[str, object]:
        """Read the header of the format, version 2 or 3, and the objects by name."""
        version = self.integer()
        self.at += 8
        if version == 3:
            encoding = self.integer()
            self.at += encoding
        return self.pairlist(self.integer())

    def vector(self, dtype: str) -> np.ndarray:
        """Read a vector of numbers, shape (n,), as a view of the bytes."""
        n = self.length()
        out = np.frombuffer(self.raw, dtype=dtype, count=-1 if n < 0 else n, offset=self.at)
        self.at += out.nbytes
        return out

    def strings(self) -> list[str]:
        """Read a character vector; a missing string is "NA"."""
        raw, at, out = self.raw, self.at, []
        n = int.from_bytes(raw[at : at + 4], "big")
        at += 4
        for _ in range(n):
            size = int.from_bytes(raw[at + 4 : at + 8], "big", signed=True)
            at += 8
            if size < 0:
                out.append("NA")
                continue
            out.append(raw[at : at + size].decode("utf-8"))
            at += size
        if at > len(raw):
            raise IndexError("inside a character vector")
        self.at = at
        return out

    def symbol(self) -> str:
        """Read a name and remember it, as later items refer back to it by number."""
        self.integer()
        size = self.length()
        name = self.raw[self.at : self.at + size].decode("utf-8")
        self.at += size
        self.symbols.append(name)
        return name

    def tag(self) -> str:
        """Read the name of an entry of a pairlist, spelled out or referred back to."""
        flags = self.integer()
        if flags & 255 == _SYMBOL:
            return self.symbol()
        if flags & 255 == _BACK_REFERENCE:
            return str(self.symbols[(flags >> 8 or self.integer()) - 1])
        raise ValueError(f"an item of type {flags & 255} where a name was expected")

    def pairlist(self, flags: int) -> dict[str, object]:
        """Read a linked list with names: attributes, or the objects of a workspace."""
        out: dict[str, object] = {}
        while flags & 255 == _PAIRLIST:
            if flags & 512:
                self.item(self.integer())
            name = self.tag() if flags & 1024 else ""
            out[name] = self.item(self.integer())
            flags = self.integer()
        if flags & 255 != _NIL:
            raise ValueError(f"an item of type {flags & 255} at the end of a list")
        return out

    def item(self, flags: int) -> object:
        """Read one object of any kind, with its attributes where it has them."""
        kind = flags & 255
        if kind == _NIL:
            return None
        if kind == _SYMBOL:
            return self.symbol()
        if kind == _BACK_REFERENCE:
            return self.symbols[(flags >> 8 or self.integer()) - 1]
        if kind == _PAIRLIST:
            return self.pairlist(flags)
        if kind == _ALTREP:
            return self.compact()
        values = self.values(kind)
        return RObject(values, self.pairlist(self.integer()) if flags & 512 else {})

    def values(self, kind: int) -> object:
        """Read the values of a vector or list of a kind."""
        if kind in (_LOGICAL, _INTEGER):
            return self.vector(">i4")
        if kind == _DOUBLE:
            return self.vector(">f8")
        if kind == _STRING:
            return self.strings()
        if kind == _LIST:
            return [self.item(self.integer()) for _ in range(self.length())]
        raise ValueError(f"an R item of type {kind}, which is not data")

    def compact(self) -> RObject:
        """Read a sequence that R stored as its length, start and step."""
        info, state = self.pairlist(self.integer()), self.item(self.integer())
        self.item(self.integer())
        if "compact_intseq" not in (*info.values(), *info) or not isinstance(state, RObject):
            raise ValueError("a compact R vector that is not a sequence")
        n, start, step = (int(v) for v in np.asarray(state.values))
        return RObject(np.arange(start, start + n * step, step))
