"""The memory that we and a lead both see: batches go in, weights and optimiser's state come out.

What belongs to a batch lies in one of SLOTS slots, which take turns.
"""

from collections.abc import Mapping

import numpy as np

from cnnviz.core.shared_arrays import SharedArrays
from cnnviz.core.workspace import Array

SLOTS = 2
"""Batches that a lead may have before it: the one it is at, and the next."""


class SharedLead(SharedArrays):
    """The arrays "pixels", "labels" and "logits" (SLOTS, images, …), "stop", and the states."""

    def __init__(
        self,
        vector: Array,
        state: Mapping[str, Array],
        images: int,
        input_shape: tuple[int, ...],
        classes: int,
        name: str | None = None,
    ) -> None:
        """A new block, or the one called `name`, for a network's vector and an optimiser."""
        shapes = {"vector": vector, **state}
        super().__init__(
            [
                ("pixels", (SLOTS, images, *input_shape), np.uint8),
                ("labels", (SLOTS, images), np.int64),
                ("logits", (SLOTS, images, classes), np.float32),
                ("stop", (1,), np.uint8),
                *((f"given {key}", each.shape, each.dtype.type) for key, each in shapes.items()),
                *(
                    (f"found {key}", (SLOTS, *each.shape), each.dtype.type)
                    for key, each in shapes.items()
                ),
            ],
            name,
        )

    def give(self, vector: Array, state: Mapping[str, Array]) -> None:
        """What to go on from."""
        for key, array in (("vector", vector), *state.items()):
            self[f"given {key}"][...] = array

    def take_given(self, vector: Array, state: Mapping[str, Array]) -> None:
        """Writes what was given into these."""
        for key, array in (("vector", vector), *state.items()):
            array[...] = self[f"given {key}"]

    def put(self, slot: int, vector: Array, state: Mapping[str, Array]) -> None:
        """What came of the batch in `slot`."""
        for key, array in (("vector", vector), *state.items()):
            self[f"found {key}"][slot] = array

    def take_found(self, slot: int, vector: Array, state: Mapping[str, Array]) -> None:
        """Writes what came of the batch in `slot` into these."""
        for key, array in (("vector", vector), *state.items()):
            array[...] = self[f"found {key}"][slot]

    def has_found(self, slot: int, vector: Array, state: Mapping[str, Array]) -> bool:
        """Whether these are, bit for bit, what came of the batch in `slot`."""
        return all(
            np.array_equal(self[f"found {key}"][slot].view(np.uint8), array.view(np.uint8))
            for key, array in (("vector", vector), *state.items())
        )
