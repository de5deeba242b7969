"""A zip of one JSON text and plain NumPy arrays: small to write, and read trusting nothing.

Nothing in it is compressed, so nothing can be larger than the file is; a `.npy` entry is read only
if its size and its header are those that the reader expects. docs/file-format.md tells the rest.
"""

import json
import math
import struct
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

TEXT = "run.json"
MOST_BYTES = 2 * 10**9
"""Of a file; up to here a zip needs none of its extensions for large ones."""
MOST_TEXT = 16 * 2**20
MOST_ENTRIES = 100
MOST_HEADER = 10_000
END = struct.Struct("<4s4H2LH")
"""The last bytes of a zip: signature, disks, entries here and in all, directory, comment."""
END_SIGNATURE, LARGE_SIGNATURE = b"PK\5\6", b"PK\6\7"
LARGE_SIZE = 20

Row = NDArray[Any]
Shape = tuple[int, ...]


class Unsound(Exception):
    """What is wrong with a file, as the second half of a sentence."""


@dataclass(frozen=True)
class Entry:
    """One array of the file. `rows` follow one another in memory and together have `shape`."""

    shape: Shape
    dtype: np.dtype[Any]
    rows: Iterable[Row] = ()


def one(array: Row) -> Entry:
    """An array as it is."""
    return Entry(array.shape, _little(array.dtype), [array])


def stack(rows: list[Row], like: Row) -> Entry:
    """Several arrays of the shape and dtype of `like` along a new first axis."""
    return Entry((len(rows), *like.shape), _little(like.dtype), rows)


def _little(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The same numbers, the lowest byte first on every machine."""
    return dtype.newbyteorder("<")


# Writing.


def write_archive(file: BinaryIO, text: Mapping[str, Any], entries: Mapping[str, Entry]) -> None:
    """Writes both; raises Unsound if they are too large to be read again."""
    content = json.dumps(text, indent=1, allow_nan=False, default=float).encode()
    total = sum(math.prod(entry.shape) * entry.dtype.itemsize for entry in entries.values())
    if len(content) > MOST_TEXT or total > MOST_BYTES - MOST_TEXT - MOST_ENTRIES * MOST_HEADER:
        raise Unsound(
            f"it would take {total / 1e9:.1f} GB, and {MOST_BYTES / 1e9:g} GB are the most"
        )
    with ZipFile(file, "w", ZIP_STORED) as archive:
        archive.writestr(ZipInfo(TEXT), content)
        for name, entry in entries.items():
            _write_entry(archive, name, entry)


def _write_entry(archive: ZipFile, name: str, entry: Entry) -> None:
    header = {"descr": entry.dtype.str, "fortran_order": False, "shape": entry.shape}
    info = ZipInfo(name)  # of 1980, so that the same run gives the same bytes
    info.file_size = math.prod(entry.shape) * entry.dtype.itemsize
    with archive.open(info, "w") as file:
        npy.write_array_header_1_0(file, header)
        for row in entry.rows:
            file.write(row.astype(entry.dtype, copy=False).tobytes())


# Reading.


class Archive:
    """An open file whose directory is sound; raises Unsound wherever something is not."""

    def __init__(self, file: BinaryIO) -> None:
        _check_end(file)
        self._zip = ZipFile(file)
        infos = self._zip.infolist()
        self._infos = {info.filename: info for info in infos}
        if len(self._infos) < len(infos):
            raise Unsound("two of its entries have one name")
        for info in infos:
            if info.compress_type != ZIP_STORED or info.compress_size != info.file_size:
                raise Unsound(f"its {info.filename[:80]!a} is compressed, which cnnviz never does")
        if sum(info.file_size for info in infos) > _size(file):
            raise Unsound("its entries are said to be larger than the file is")

    def text(self) -> dict[str, Any]:
        """The JSON object of TEXT."""
        if TEXT not in self._infos:
            raise Unsound(f"it has no {TEXT}")
        if self._infos[TEXT].file_size > MOST_TEXT:
            raise Unsound(f"its {TEXT} is larger than {MOST_TEXT} bytes")
        content = json.loads(self._zip.read(TEXT))
        if not isinstance(content, dict):
            raise Unsound(f"its {TEXT} is no JSON object")
        try:  # JSON's grammar lets through infinite numbers and halves of characters
            json.dumps(content, ensure_ascii=False, allow_nan=False).encode()
        except ValueError as error:
            raise Unsound(f"its {TEXT} holds what is neither text nor number: {error}") from None
        return content

    def check_names(self, expected: Iterable[str]) -> None:
        """Raises Unsound unless there are exactly these entries and TEXT."""
        names = {TEXT, *expected}
        missing, foreign = names - self._infos.keys(), self._infos.keys() - names
        if missing:
            raise Unsound(f"its {min(missing)} is missing")
        if foreign:
            raise Unsound(f"it holds {min(foreign)[:80]!a}, which does not belong to a run")

    def one(self, name: str, shape: Shape, dtype: np.dtype[Any]) -> Row:
        """An array that must have this shape and dtype. It cannot be written to."""
        [array] = self._rows(name, Entry(shape, _little(dtype)), 1, shape)
        return array

    def stack(self, name: str, count: int, like: Row) -> list[Row]:
        """`count` arrays that must have the shape and dtype of `like`, each in its own memory."""
        return self._rows(name, stack([like] * count, like), count, like.shape)

    def check_size(self, name: str, numbers: int, itemsize: int) -> None:
        """Raises Unsound if an entry cannot hold so many numbers and a header, or holds more."""
        if name not in self._infos:
            raise Unsound(f"its {name} is missing")
        size = self._infos[name].file_size
        if not 0 < size - numbers * itemsize <= MOST_HEADER:
            raise Unsound(f"its {name} has {size} bytes, not those of {numbers} numbers")

    def _rows(self, name: str, expected: Entry, count: int, shape: Shape) -> list[Row]:
        self.check_size(name, math.prod(expected.shape), expected.dtype.itemsize)
        with self._zip.open(name) as file:
            _check_header(name, file, expected)
            length = math.prod(shape) * expected.dtype.itemsize
            rows = [_read_row(name, file, length, expected.dtype) for _ in range(count)]
            if file.read(1):  # to the very end, where the checksum is compared
                raise Unsound(f"its {name} goes on after its last number")
        return [row.reshape(shape) for row in rows]


def _check_end(file: BinaryIO) -> None:
    """Refuses, before anything is read, what is no zip of ours or has a vast directory."""
    size = _size(file)
    if size == 0:
        raise Unsound("it is empty")
    if size > MOST_BYTES:
        raise Unsound(f"it has {size} bytes, more than the {MOST_BYTES} that a run may have")
    file.seek(max(size - LARGE_SIZE - END.size, 0))
    tail = file.read()
    if len(tail) < LARGE_SIZE + END.size or not tail[LARGE_SIZE:].startswith(END_SIGNATURE):
        raise Unsound("it is another kind of file, or its end is missing")
    _, _, _, _, entries, directory, _, _ = END.unpack(tail[LARGE_SIZE:])
    if entries > MOST_ENTRIES or directory > MOST_ENTRIES * MOST_HEADER:
        raise Unsound(f"it has {entries} entries, more than the {MOST_ENTRIES} that a run may have")
    if tail.startswith(LARGE_SIGNATURE):
        raise Unsound("it is a zip of the kind for more than 4 GB")
    file.seek(0)


def _size(file: BinaryIO) -> int:
    return file.seek(0, 2)


def _check_header(name: str, file: Any, expected: Entry) -> None:
    if npy.read_magic(file) != (1, 0):
        raise Unsound(f"its {name} is not of version 1.0 of NumPy's format")
    with warnings.catch_warnings():  # NumPy warns of a header that it had to mend
        warnings.simplefilter("ignore")
        shape, fortran_order, dtype = npy.read_array_header_1_0(file, max_header_size=MOST_HEADER)
    if (shape, dtype) != (expected.shape, expected.dtype) or fortran_order:
        raise Unsound(
            f"its {name} holds {dtype} of the shape {shape}, "
            f"not {expected.dtype} of the shape {expected.shape}"
        )


def _read_row(name: str, file: Any, length: int, dtype: np.dtype[Any]) -> Row:
    content = file.read(length)
    if len(content) < length:
        raise Unsound(f"its {name} ends too early")
    row = np.frombuffer(content, dtype)
    return row.astype(dtype.newbyteorder("="), copy=False)
