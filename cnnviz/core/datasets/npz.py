"""NumPy's archives of arrays: `x_train`, `y_train`, `x_test`, `y_test` as Keras has them, and kin.

Each array's header is read before the array, so that nothing is allocated, and no pickle loaded,
because a file says so.
"""

import re
import zipfile
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cnnviz.core.datasets.dataset import Dataset
from cnnviz.core.datasets.idx import MOST_BYTES
from cnnviz.core.datasets.options import Options
from cnnviz.core.datasets.report import LeftOut, Report, check, printable
from cnnviz.core.datasets.tables import Table, Watch, dataset_of, label_texts
from cnnviz.core.errors import DataError

KIND = "a NumPy archive"
IMAGES = ("x", "images", "image", "imgs", "data", "pixels", "inputs", "features", "arr0")
LABELS = ("y", "labels", "label", "targets", "target", "arr1")
TRAIN, TEST, WHOLE = ("train", "training"), ("test", "testing", "val", "valid", "validation"), ("",)
CLASS_NAMES = ("classnames", "labelnames", "targetnames", "names")
MOST_HEADER = 10_000
"""Bytes; NumPy's own limit."""


class _Pair(NamedTuple):
    images: str
    labels: str


def read_npz(path: Path, options: Options, watch: Watch) -> tuple[Dataset, Report]:
    """The data set in an .npz file, and its report.

    Images are (N, H, W), (N, H, W, C), (N, C, H, W) or (N, H·W), of any usual range; labels whole
    numbers, texts or one-hot; class names an array of texts. Raises DataError, naming the file, if
    it is none or is damaged, and ReadingCancelled.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name[:-4] for name in archive.namelist() if name.endswith(".npy")]
            pairs = _pairs(path, names)
            tables = [_table(archive, path, pair, watch) for pair in pairs]
            class_names = _class_names(archive, path, names, watch)
    except DataError:
        raise
    except PermissionError:
        raise DataError(f"{printable(path)} may not be read. Check its permissions.") from None
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError) as error:
        # RuntimeError: it is encrypted, or packed in an unknown way.
        raise DataError(
            f"{printable(path)} cannot be read as a NumPy archive: {error}. Make it with "
            "numpy.savez_compressed(path, x_train=…, y_train=…, x_test=…, y_test=…)."
        ) from None
    used = {name for pair in pairs for name in pair}
    watch.left_out.extend(
        LeftOut(name, "this array is not needed")
        for name in names
        if name not in used and _key(name) not in CLASS_NAMES
    )
    return dataset_of(path, KIND, tables, class_names, options, watch)


def _pairs(path: Path, names: list[str]) -> list[_Pair]:
    """The names of images and labels: those of training and test, or one pair of both together."""
    train, test, whole = (_pair(names, part) for part in (TRAIN, TEST, WHOLE))
    if train:
        return [train, test] if test else [train]
    if whole:
        return [whole]
    raise DataError(
        f"{printable(path)} has no images and labels that cnnviz can tell: it has "
        f"{', '.join(names) or 'no arrays'}. Name them x_train, y_train, x_test, y_test, or images "
        "and labels."
    )


def _pair(names: list[str], parts: tuple[str, ...]) -> _Pair | None:
    """The first pair called after one of these parts of the data, in any usual spelling."""
    by_key = {_key(name): name for name in reversed(names)}
    for part in parts:
        images, labels = (
            next(
                (
                    by_key[key]
                    for word in words
                    for key in (word + part, part + word)
                    if key in by_key
                ),
                None,
            )
            for words in (IMAGES, LABELS)
        )
        if images and labels:
            return _Pair(images, labels)
    return None


def _key(name: str) -> str:
    """xtrain for x_train, X_train and x-train."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _table(archive: zipfile.ZipFile, path: Path, pair: _Pair, watch: Watch) -> Table:
    def place(n: int) -> str:
        return f"{pair.images}[{n}]"

    pixels = as_images(_array(archive, path, pair.images, watch), pair.images)
    labels = _array(archive, path, pair.labels, watch)
    if labels.ndim == 0 or len(labels) != len(pixels):
        raise DataError(
            f"{printable(path)} has {len(pixels)} images in {pair.images}, but labels of the shape "
            f"{labels.shape} in {pair.labels}; each image needs one label."
        )
    return Table(pixels, label_texts(labels, place, watch), place)


def _class_names(archive: zipfile.ZipFile, path: Path, names: list[str], watch: Watch) -> list[str]:
    name = next((name for name in names if _key(name) in CLASS_NAMES), None)
    if name is None:
        return []
    values = _array(archive, path, name, watch)
    if values.ndim != 1 or values.dtype.kind not in "US":
        watch.left_out.append(LeftOut(name, "class names must be a row of texts"))
        return []
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    return [str(value) for value in values]


def _array(archive: zipfile.ZipFile, path: Path, name: str, watch: Watch) -> NDArray[Any]:
    """An array of the archive, if it is of numbers or texts and not too large."""
    with archive.open(f"{name}.npy") as file:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"{name} has the unknown version {version}")
        shape, _, dtype = read(file, max_header_size=MOST_HEADER)
    if dtype.hasobject or dtype.kind not in "buifUS":
        found = "Python objects (a pickle)" if dtype.hasobject else dtype
        raise DataError(
            f"{name} in {printable(path)} holds {found}; "
            "cnnviz reads arrays of numbers and texts only. Save it as such an array."
        )
    values = 1
    for side in shape:
        values *= side  # Python's own integers do not overflow
    if values * dtype.itemsize > MOST_BYTES:
        raise DataError(
            f"{name} in {printable(path)} claims {values * dtype.itemsize} bytes; cnnviz reads at "
            f"most {MOST_BYTES}. Save it as uint8, or save fewer or smaller images."
        )
    with archive.open(f"{name}.npy") as file:
        watched = _Watched(file, name, values * dtype.itemsize, watch)
        return npy.read_array(watched, allow_pickle=False)  # type: ignore[arg-type] # it only reads


class _Watched:
    """A file that tells how far it is read, and stops if that is wished."""

    def __init__(self, file: Any, name: str, size: int, watch: Watch) -> None:
        self._file, self._name, self._size, self._watch = file, name, size, watch
        self._done = 0

    def read(self, count: int) -> bytes:
        """The next bytes, `count` at most."""
        check(self._watch.cancelled)
        content: bytes = self._file.read(count)
        self._done += len(content)
        self._watch.progress(f"Reading {self._name}", min(self._done, self._size), self._size)
        return content


def as_images(values: NDArray[Any], name: str) -> NDArray[Any]:
    """Images in any usual order of axes as (N, C, H, W), without copying; else raises DataError."""
    if values.size and values.dtype.kind in "buif":
        if values.ndim == 2 and (shape := square(values.shape[1])):
            return values.reshape(len(values), *shape)
        if values.ndim == 3:
            return values[:, np.newaxis]
        if values.ndim == 4 and values.shape[3] in (1, 3):
            return values.transpose(0, 3, 1, 2)
        if values.ndim == 4 and values.shape[1] in (1, 3):
            return values
    raise DataError(
        f"{name} is {values.dtype} with the shape {values.shape}; images must be numbers of the "
        "shape (N, height, width), with 1 or 3 channels before or after that, or (N, pixels) of "
        "square images."
    )


def square(pixels: int) -> tuple[int, int, int] | None:
    """(channels, side, side) of a square image with so many values; red, then green, then blue."""
    for channels in (1, 3):
        side = round((pixels / channels) ** 0.5)
        if side and channels * side * side == pixels:
            return channels, side, side
    return None
