"""The memory that we and a lead both see: batches go in, weights and optimiser's state come out.

What belongs to a batch lies in one of SLOTS slots, which take turns; so does what came of it, from
which the next one goes on.
"""

from collections.abc import Mapping

import numpy as np

from cnnviz.core.shared_arrays import SharedArrays
from cnnviz.core.workspace import Array

SLOTS = 2
"""Batches that a lead may have before it: the one it is at, and the next."""


class SharedLead(SharedArrays):
    """The arrays "pixels", "labels", "logits" and the states, (SLOTS, …) each; and "stop"."""

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
        super().__init__(
            [
                ("pixels", (SLOTS, images, *input_shape), np.uint8),
                ("labels", (SLOTS, images), np.int64),
                ("logits", (SLOTS, images, classes), np.float32),
                ("stop", (1,), np.uint8),
                *(
                    (key, (SLOTS, *array.shape), array.dtype.type)
                    for key, array in _all(vector, state)
                ),
            ],
            name,
        )

    def put(self, slot: int, vector: Array, state: Mapping[str, Array]) -> None:
        """Leaves what came of the batch in `slot`."""
        for key, array in _all(vector, state):
            self[key][slot] = array

    def take(self, slot: int, vector: Array, state: Mapping[str, Array]) -> None:
        """Writes what came of the batch in `slot` into these."""
        for key, array in _all(vector, state):
            array[...] = self[key][slot]

    def holds(self, slot: int, vector: Array, state: Mapping[str, Array]) -> bool:
        """Whether these are, bit for bit, what came of the batch in `slot`."""
        return all(
            np.array_equal(self[key][slot].view(np.uint32), array.view(np.uint32))
            for key, array in _all(vector, state)
        )


def _all(vector: Array, state: Mapping[str, Array]) -> list[tuple[str, Array]]:
    return [("vector", vector), *((f"state {name}", array) for name, array in state.items())]
