"""Weights as NumPy's .npz: an array for each parameter, a text for each thing said about them.

Nothing in it is compressed or pickled, so numpy.load opens it as it is, and nothing in it can be
larger than the file.
"""

import math
from pathlib import Path
from typing import Any, BinaryIO
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cnnviz.core.archive import MOST_HEADER, Unsound
from cnnviz.core.errors import WeightsError
from cnnviz.core.export.source import METADATA, Source
from cnnviz.core.export.weights import (
    MOST_TEXT,
    Weights,
    as_floats,
    check_count,
    check_size,
    checked,
    known_texts,
    shown,
)
from cnnviz.core.files import open_atomically

SUFFIX = ".npy"
LEAST_ENTRY = 46
"""Bytes that an entry takes in a zip's directory."""


def write(path: Path, source: Source) -> None:
    """Writes the network's weights, named as in its state_dict, and METADATA as 0-d texts."""
    texts = {name: np.array(text) for name, text in source.metadata().items()}
    content: dict[str, Any] = {**as_floats(source.network.state_dict()), **texts}
    with open_atomically(path) as file:
        np.savez(file, **content)


def read(file: BinaryIO) -> Weights:
    """The weights in such a file; raises WeightsError, Unsound, or what zipfile and NumPy do,
    for any other.
    """
    size = file.seek(0, 2)
    check_size(size)
    file.seek(0)
    with ZipFile(file) as archive:
        infos = archive.infolist()
        check_count(len(infos))
        if len({info.filename for info in infos}) < len(infos):
            raise Unsound("two of its entries have one name")
        if sum(info.file_size + LEAST_ENTRY for info in infos) > size:
            raise WeightsError("its arrays are compressed. Write it by numpy.savez.")
        arrays = {info.filename.removesuffix(SUFFIX): _read(archive, info) for info in infos}
    texts = {name: str(arrays.pop(name)) for name in METADATA if name in arrays}
    return Weights({name: checked(name, a) for name, a in arrays.items()}, known_texts(texts))


def _read(archive: ZipFile, info: ZipInfo) -> NDArray[Any]:
    """One entry, after its header was found to be about as many bytes as it has."""
    name = shown(info.filename)
    if info.compress_type != ZIP_STORED or not info.filename.endswith(SUFFIX):
        raise WeightsError(f"its {name} is compressed, or no array. Write it by numpy.savez.")
    with archive.open(info) as file:
        version = npy.read_magic(file)
        read_header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, _, dtype = read_header(file, max_header_size=MOST_HEADER)
        numbers = math.prod(shape)
        if dtype.hasobject or numbers * dtype.itemsize > info.file_size:
            raise Unsound(f"its {name} promises other numbers than it holds")
        if dtype.kind == "U" and numbers * dtype.itemsize > 4 * MOST_TEXT:
            raise Unsound(f"its {name} is a text of more than {MOST_TEXT} characters")
    with archive.open(info) as file:
        array: NDArray[Any] = npy.read_array(file, allow_pickle=False, max_header_size=MOST_HEADER)
        if file.read(1):  # to the very end, where the checksum is compared
            raise Unsound(f"its {name} goes on after its last number")
    return array
