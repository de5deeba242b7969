"""The memory that we and a helper both see: weights and images go in, a gradient comes out."""

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.shared_arrays import SharedArrays
from cnnviz.core.workspace import Array

SLOTS = 2
"""Chunks that a helper may have before it: one to work on, one so that it need not wait."""


class SharedBatch(SharedArrays):
    """One share of a batch, and chunks of a test."""

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
        super().__init__(layout, name)

    @property
    def vector(self) -> Array:
        """The parameters to learn with, float32 (parameters,)."""
        return self["vector"]

    @property
    def gradient(self) -> Array:
        """What the helper found, float32 (parameters,)."""
        return self["gradient"]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Images of the share, uint8 (images, C, H, W)."""
        return self["pixels"]

    @property
    def labels(self) -> NDArray[np.int64]:
        """Their labels, int64 (images,)."""
        return self["labels"]

    @property
    def logits(self) -> Array:
        """What the helper's network says, float32 (images, classes)."""
        return self["logits"]

    @property
    def chunk_pixels(self) -> NDArray[np.uint8]:
        """Images to run forward, uint8 (SLOTS, chunk, C, H, W)."""
        return self["chunk_pixels"]

    @property
    def chunk_logits(self) -> Array:
        """What the network says of them, float32 (SLOTS, chunk, classes)."""
        return self["chunk_logits"]

    @property
    def stop(self) -> NDArray[np.uint8]:
        """One byte; not zero when the helper is to give up its share or its chunks."""
        return self["stop"]
