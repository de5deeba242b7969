"""The memory that we and a helper process both see: weights and images go in, a gradient comes out.

Arrays are laid one after the other into one block of shared memory; nothing is pickled or sent.
"""

import sys
from multiprocessing import resource_tracker, shared_memory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.workspace import Array

SLOTS = 2
"""Chunks that a helper may have before it: one to work on, one so that it need not wait."""


class SharedBatch:
    """Views into one block of shared memory, the same on both sides."""

    def __init__(
        self,
        parameters: int,
        images: int,
        chunk: int,
        input_shape: tuple[int, ...],
        classes: int,
        name: str | None = None,
    ) -> None:
        """A new block, or the one called `name`.

        A share of a batch has at most `images`, a chunk to run forward at most `chunk`.
        """
        layout: list[tuple[str, tuple[int, ...], type[np.generic]]] = [
            ("vector", (parameters,), np.float32),
            ("gradient", (parameters,), np.float32),
            ("labels", (images,), np.int64),
            ("logits", (images, classes), np.float32),
            ("pixels", (images, *input_shape), np.uint8),
            ("chunk_pixels", (SLOTS, chunk, *input_shape), np.uint8),
            ("chunk_logits", (SLOTS, chunk, classes), np.float32),
            ("stop", (1,), np.uint8),
        ]
        size = sum(_rounded(_bytes(shape, dtype)) for _, shape, dtype in layout)
        self._memory = _create(size) if name is None else _attach(name)
        self.name = self._memory.name
        self._arrays: dict[str, NDArray[Any]] = {}
        start = 0
        for field, shape, dtype in layout:
            self._arrays[field] = np.ndarray(shape, dtype, self._memory.buf, start)
            start += _rounded(_bytes(shape, dtype))

    @property
    def vector(self) -> Array:
        """The parameters to learn with, float32 (parameters,)."""
        return self._arrays["vector"]

    @property
    def gradient(self) -> Array:
        """What the helper found, float32 (parameters,)."""
        return self._arrays["gradient"]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Images of the share, uint8 (images, C, H, W)."""
        return self._arrays["pixels"]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their labels, int64 (images,)."""
        return self._arrays["labels"]

    @property
    def logits(self) -> Array:
        """What the helper's network says, float32 (images, classes)."""
        return self._arrays["logits"]

    @property
    def chunk_pixels(self) -> NDArray[np.uint8]:
        """Images to run forward, uint8 (SLOTS, chunk, C, H, W)."""
        return self._arrays["chunk_pixels"]

    @property
    def chunk_logits(self) -> Array:
        """What the network says of them, float32 (SLOTS, chunk, classes)."""
        return self._arrays["chunk_logits"]

    @property
    def stop(self) -> NDArray[np.uint8]:
        """One byte; not zero when the helper is to give up its share or its chunks."""
        return self._arrays["stop"]

    def close(self, unlink: bool) -> None:
        """Lets go of the memory; `unlink` for the side that made it."""
        self._arrays.clear()  # views would keep the memory from being closed
        self._memory.close()
        if unlink:
            self._memory.unlink()


def _create(size: int) -> shared_memory.SharedMemory:
    return shared_memory.SharedMemory(create=True, size=size)


def _attach(name: str) -> shared_memory.SharedMemory:
    """The other side's memory, which stays theirs to remove."""
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    # Older Pythons would remove it when this process ends; github.com/python/cpython/issues/82300
    register = resource_tracker.register
    resource_tracker.register = lambda *_: None
    try:
        return shared_memory.SharedMemory(name)
    finally:
        resource_tracker.register = register


def _bytes(shape: tuple[int, ...], dtype: type[np.generic]) -> int:
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _rounded(size: int) -> int:
    """The next multiple of a cache line."""
    return -(-size // 64) * 64
