"""What every source of images is turned into, so that training need not know where they came from.

A dataset is two splits, one to learn from and one to be tested on.
"""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.errors import DataError

Scalar = TypeVar("Scalar", bound=np.generic)
Shape = tuple[int, int, int]
"""(channels, height, width) of one image."""


@dataclass(frozen=True, eq=False)
class Split:
    """Images with their labels; nothing can be written through it.

    pixels  uint8 (N, C, H, W), C-contiguous; float32 would take four times the memory
    labels  int64 (N,)

    Raises DataError if dtypes or dimensions are others, if the counts differ, or if it is empty.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        _check(self.pixels, "pixels", np.dtype(np.uint8), ("N", "C", "H", "W"))
        _check(self.labels, "labels", np.dtype(np.int64), ("N",))
        if len(self.pixels) != len(self.labels):
            raise DataError(
                f"There are {len(self.pixels)} images but {len(self.labels)} labels; "
                "each image needs one label."
            )
        object.__setattr__(self, "pixels", _read_only(self.pixels))
        object.__setattr__(self, "labels", _read_only(self.labels))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def images(self) -> NDArray[np.float32]:
        """All images as float32 (N, C, H, W) in [0, 1], made anew at each call."""
        return np.ascontiguousarray(as_floats(self.pixels))

    def batch(self, indices: NDArray[np.integer]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The chosen images, float32 (n, C, H, W) in [0, 1], and their labels, int64 (n,).

        The images' memory is in the engine's order (H, C, W, n), see core/workspace.py.

        `indices` (n,) are integers below len(self), in any order; IndexError if one is not.
        """
        return as_floats(np.take(self.pixels, indices, axis=0)), np.take(self.labels, indices)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images to learn from and to be tested on, and the names of what they show.

    name         the key: `load_dataset(name)` gives this dataset again
    title        the name for people
    train, test  images of one shape; labels are indices into class_names
    class_names  one for each class
    source       one sentence for people: where the data come from, and their licence

    Raises DataError if a label has no class name or if the two splits' images differ in shape.
    """

    name: str
    title: str
    train: Split
    test: Split
    class_names: tuple[str, ...]
    source: str

    def __post_init__(self) -> None:
        self._check_labels(self.train, "training")
        self._check_labels(self.test, "test")
        test_shape = self.test.pixels.shape[1:]
        if self.input_shape != test_shape:
            raise DataError(
                f"{self.title}: the training images have the shape {self.input_shape} "
                f"but the test images {test_shape}; they must be alike."
            )

    @property
    def input_shape(self) -> Shape:
        """(C, H, W) of each image."""
        _, channels, height, width = self.train.pixels.shape
        return channels, height, width

    @cached_property
    def fingerprint(self) -> str:
        """Other images, labels or numbers of classes give other 64 hexadecimal digits."""
        digest = hashlib.sha256(str(len(self.class_names)).encode())
        for split in (self.train, self.test):
            digest.update(str(split.pixels.shape).encode())
            digest.update(split.pixels.data)
            digest.update(split.labels.astype("<i8", copy=False).data)
        return digest.hexdigest()

    def _check_labels(self, split: Split, kind: str) -> None:
        classes = len(self.class_names)
        for label in (int(split.labels.min()), int(split.labels.max())):
            if not 0 <= label < classes:
                raise DataError(
                    f"{self.title}: the {kind} labels contain {label}, "
                    f"but {classes} classes allow only 0 to {classes - 1}."
                )


def as_floats(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels (N, C, H, W) from 0 to 255 as 0 to 1, in the engine's memory order (H, C, W, N).

    Converting, then scaling in place, was the fastest way measured.
    """
    floats = np.ascontiguousarray(pixels.transpose(2, 1, 3, 0)).astype(np.float32)
    floats *= np.float32(1 / 255)
    return floats.transpose(3, 1, 0, 2)


def _check(
    array: NDArray[np.generic], what: str, dtype: np.dtype[np.generic], axes: tuple[str, ...]
) -> None:
    """Raises DataError unless `array` has this dtype, these axes, and at least one element."""
    if array.dtype != dtype or array.ndim != len(axes):
        raise DataError(
            f"The {what} must be {dtype} with axes ({', '.join(axes)}), "
            f"not {array.dtype} with shape {array.shape}."
        )
    if array.size == 0:
        raise DataError(f"The {what} are empty: their shape is {array.shape}.")


def _read_only(array: NDArray[Scalar]) -> NDArray[Scalar]:
    """A contiguous view of `array` that cannot be written; the caller's own stays as it is."""
    view = np.ascontiguousarray(array).view()
    view.setflags(write=False)
    return view
