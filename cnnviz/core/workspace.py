"""Arrays made once and used again, because fresh memory costs more than the arithmetic in it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating[Any]]
"""A float32 array (float64 in gradient checks)."""

may_diverge = np.errstate(over="ignore", invalid="ignore")
"""Decorates what computes with weights that training may have driven to infinity.

Infinities and NaN are then a result, which the trainer reports, and not a warning.
"""


class Workspace:
    """Named scratch arrays: the same name, shape and dtype give the same memory again."""

    def __init__(self) -> None:
        self._arrays: dict[str, Array] = {}
        self._left: dict[str, tuple[Array, Array]] = {}
        self.pulse: Callable[[], None] = no_pulse
        """Called by slow operations now and then; what it raises gives them up."""

    def array(self, name: str, shape: tuple[int, ...], like: Array) -> Array:
        """The scratch array `name`, C-contiguous, of `shape` and the dtype of `like`.

        It is zero when new; after that its contents are whatever was left there.
        """
        kept = self._arrays.get(name)
        if kept is None or kept.shape != shape or kept.dtype != like.dtype:
            kept = np.zeros(shape, like.dtype)
            self._arrays[name] = kept
        return kept

    def leave(self, name: str, made_from: Array, made: Array) -> None:
        """Keeps what the forward pass made of an array for the backward pass of the same batch."""
        self._left[name] = (made_from, made)

    def left(self, name: str, made_from: Array) -> Array | None:
        """What `leave` kept under `name` if it was made from this very array."""
        source, made = self._left.get(name, (None, None))
        return made if source is made_from else None


def no_pulse() -> None:
    """Nobody wants to interrupt."""


def scratch(workspace: Workspace, name: str, shape: tuple[int, ...], like: Array) -> Array:
    """A scratch array of `shape` whose memory is in the engine's order.

    Shapes are (N, C, H, W) and (N, units) everywhere, as in PyTorch; only the memory is in another
    order, (H, C, W, N) and (units, N). With the images of a batch side by side, every shift of a
    map moves long contiguous runs, and the rows under a kernel are one matrix with many columns.
    """
    if len(shape) == 4:
        count, channels, height, width = shape
        memory = workspace.array(name, (height, channels, width, count), like)
        return memory.transpose(3, 1, 0, 2)
    return workspace.array(name, shape[::-1], like).T


def in_memory_order(array: Array) -> Array:
    """`array` (N, C, H, W) as (H, C, W, N), (N, units) as (units, N), C-contiguous.

    Copies only if its memory is otherwise.
    """
    return np.ascontiguousarray(array.transpose(2, 1, 3, 0) if array.ndim == 4 else array.T)
