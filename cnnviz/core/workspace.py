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


def no_pulse() -> None:
    """Nobody wants to interrupt."""


def batch_last(workspace: Workspace, name: str, shape: tuple[int, ...], like: Array) -> Array:
    """A scratch array of `shape` (N, ...) whose memory has the batch innermost: (..., N).

    Shapes stay NCHW everywhere, as in PyTorch; only the memory is in another order. With the images
    of a batch side by side, every shift of a map moves long contiguous runs, and a convolution is
    one matrix product with N times as many columns.
    """
    return np.moveaxis(workspace.array(name, (*shape[1:], shape[0]), like), -1, 0)


def with_batch_last(images: Array) -> Array:
    """`images` (N, ...) seen as (..., N), C-contiguous; copies only if its memory is otherwise."""
    return np.ascontiguousarray(np.moveaxis(images, 0, -1))
