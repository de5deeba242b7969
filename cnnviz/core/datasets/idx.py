"""Reads IDX, the format of the MNIST files, trusting nothing that a damaged file says of itself.

An IDX file is big-endian: two zero bytes, one byte for the type of the values (0x08 is unsigned
bytes), one for the number of dimensions, the size of each in four bytes, then the values, the last
dimension running fastest. Source: "The IDX file format", at the end of Y. LeCun, C. Cortes and
C. Burges, "The MNIST database of handwritten digits", http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import DataError

Stream = BinaryIO | gzip.GzipFile

GZIP_MAGIC = b"\x1f\x8b"
UNSIGNED_BYTE = 0x08
OTHER_TYPES = {
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
MOST_DIMENSIONS = 4
MOST_BYTES = 2**31
"""Forty times MNIST; more would not fit the memory of many machines."""
CHUNK = 2**20

WAY_OUT = "Get the file again from where it came from."


def read_idx(path: str | Path) -> NDArray[np.uint8]:
    """The values of an IDX file of unsigned bytes, plain or gzipped whatever its name says.

    The shape is the file's own, of one to four dimensions: (N, H, W) for MNIST's images, (N,) for
    its labels. Memory is taken only for bytes the file really has. Raises DataError, naming the
    file, if it is missing, not a file, unreadable, damaged, or another kind of file.
    """
    path = Path(path)
    try:
        _check_is_file(path)
        with path.open("rb") as file:
            is_gzip = file.read(2) == GZIP_MAGIC
            file.seek(0)
            if not is_gzip:
                return _read_values(file, path)
            with gzip.open(file) as unpacked:
                return _read_values(unpacked, path)
    except DataError:
        raise
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist. Check the path.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DataError(f"{path} is damaged: it does not unpack ({error}). {WAY_OUT}") from error
    except (OSError, ValueError) as error:  # ValueError: a path with a null character
        reason = getattr(error, "strerror", None) or error
        raise DataError(
            f"{path} cannot be read: {reason}. Check the path and its permissions."
        ) from error


def _check_is_file(path: Path) -> None:
    """Refuses folders, and devices and pipes, which may have no end."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise DataError(f"{path} is a folder, not an IDX file. Name a file inside it.")
    if not stat.S_ISREG(mode):
        raise DataError(f"{path} is not a regular file. Name an IDX file.")


def _read_values(stream: Stream, path: Path) -> NDArray[np.uint8]:
    shape = _read_shape(stream, path)
    expected = math.prod(shape)
    # One byte more shows whether the file goes on, and lets gzip compare its checksum.
    values = _read_at_most(stream, expected + 1)
    if len(values) < expected:
        raise DataError(
            f"{path} is truncated: its header announces {_by(shape)} = {expected} bytes of values, "
            f"but only {len(values)} follow. {WAY_OUT}"
        )
    if len(values) > expected:
        raise DataError(
            f"{path} goes on after the {_by(shape)} = {expected} bytes of values "
            f"that its header announces. {WAY_OUT}"
        )
    return np.frombuffer(values, np.uint8).reshape(shape)


def _read_shape(stream: Stream, path: Path) -> tuple[int, ...]:
    """The sizes in the header, each at least 1, whose product is at most MOST_BYTES."""
    magic = stream.read(4)
    if not magic:
        raise DataError(f"{path} is empty. {WAY_OUT}")
    if len(magic) < 4 or magic[:2] != b"\0\0":
        raise DataError(
            f"{path} is not an IDX file: it begins with the bytes {magic.hex(' ')} "
            f"instead of 00 00 08. {WAY_OUT}"
        )
    kind, dimensions = magic[2], magic[3]
    if kind != UNSIGNED_BYTE:
        found = OTHER_TYPES.get(kind, f"values of the unknown type 0x{kind:02x}")
        raise DataError(f"{path} holds {found}; cnnviz reads unsigned bytes (0x08). Convert it.")
    if not 1 <= dimensions <= MOST_DIMENSIONS:
        raise DataError(
            f"{path} claims {dimensions} dimensions; "
            f"cnnviz reads IDX files with 1 to {MOST_DIMENSIONS}. {WAY_OUT}"
        )
    sizes = stream.read(4 * dimensions)
    if len(sizes) < 4 * dimensions:
        raise DataError(
            f"{path} is truncated: its header needs {4 + 4 * dimensions} bytes, "
            f"but the file has {4 + len(sizes)}. {WAY_OUT}"
        )
    shape: tuple[int, ...] = struct.unpack(f">{dimensions}I", sizes)
    if 0 in shape:
        raise DataError(f"{path} holds nothing: its header says {_by(shape)}. {WAY_OUT}")
    if math.prod(shape) > MOST_BYTES:
        raise DataError(
            f"{path} claims {_by(shape)} = {math.prod(shape)} bytes of values; "
            f"cnnviz reads at most {MOST_BYTES}. {WAY_OUT}"
        )
    return shape


def _read_at_most(stream: Stream, count: int) -> bytearray:
    """Up to `count` bytes, piece by piece, so that memory grows with what is really there."""
    values = bytearray()
    while len(values) < count:
        piece = stream.read(min(CHUNK, count - len(values)))
        if not piece:
            break
        values += piece
    return values


def _by(shape: tuple[int, ...]) -> str:
    """A shape for people: 60000×28×28."""
    return "×".join(str(length) for length in shape)
