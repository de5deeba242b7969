"""Memory that we and a process of ours both see: arrays laid one after the other into one block.

So nothing is pickled or sent.
"""

import errno
import os
import sys
from collections.abc import Iterable
from multiprocessing import resource_tracker, shared_memory
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SHARED_MEMORY = Path("/dev/shm")
"""Where Linux has it."""
Layout = Iterable[tuple[str, tuple[int, ...], type[np.generic]]]
"""Name, shape and dtype of each array."""


class SharedArrays:
    """Views into one block of shared memory, the same on both sides."""

    def __init__(self, layout: Layout, name: str | None = None) -> None:
        """A new block, or the one called `name`."""
        layout = list(layout)
        size = sum(_rounded(_bytes(shape, dtype)) for _, shape, dtype in layout)
        self._memory = _create(size) if name is None else _attach(name)
        self.name = self._memory.name
        self._arrays: dict[str, NDArray[Any]] = {}
        start = 0
        for field, shape, dtype in layout:
            self._arrays[field] = np.ndarray(shape, dtype, self._memory.buf, start)
            start += _rounded(_bytes(shape, dtype))

    def __getitem__(self, field: str) -> NDArray[Any]:
        """The array of that name."""
        return self._arrays[field]

    def close(self, unlink: bool) -> None:
        """Lets go of the memory; `unlink` for the side that made it."""
        self._arrays.clear()  # views would keep the memory from being closed
        self._memory.close()
        if unlink:
            self._memory.unlink()


def _create(size: int) -> shared_memory.SharedMemory:
    """Raises OSError where there is too little of it: Linux else ends whoever writes beyond it."""
    memory = shared_memory.SharedMemory(create=True, size=size)
    if sys.platform == "linux":
        try:
            _claim(memory.name, size)
        except OSError as error:
            if error.errno == errno.ENOSPC:  # else this system cannot say
                memory.close()
                memory.unlink()
                raise
    return memory


def _claim(name: str, size: int) -> None:
    """Has Linux set the memory aside now. Containers may have 64 MB of it."""
    file = os.open(SHARED_MEMORY / name, os.O_RDWR)
    try:
        os.posix_fallocate(file, 0, size)
    finally:
        os.close(file)


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
