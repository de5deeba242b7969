"""A helper: a process of our own that learns a share of each batch on another core.

Two threads of one process lose a quarter and more of two cores to each other (every NumPy call
takes the interpreter's lock again); two processes lose nothing that could be measured.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.child import Child
from cnnviz.core.network import Network
from cnnviz.core.shared_batch import SharedBatch
from cnnviz.core.slices import chunk_size
from cnnviz.core.workspace import Array


class Helper(Child):
    """The process, and how to give it work; not for more than one thread at a time."""

    def __init__(self, network: Network, images: int) -> None:
        """Starts a process for shares of at most `images`; it is `ready` a little later.

        Raises OSError where no process or no shared memory can be had.
        """
        self.shared = SharedBatch(
            len(network.vector),
            images,
            chunk_size(network.layers),
            network.spec.input_shape,
            network.classes,
        )
        start = {"spec": network.spec.to_dict(), "images": images}
        super().__init__("cnnviz.core.helper_process", self.shared, start)

    def take_weights(self, network: Network) -> None:
        """What is asked from now on is asked of these weights."""
        self._go_on()
        self.shared.vector[...] = network.vector

    def begin(
        self,
        network: Network,
        pixels: NDArray[np.uint8],
        labels: NDArray[np.int64],
        count: int,
    ) -> None:
        """Hands over these images (n, C, H, W) as a share of a batch of `count`."""
        self.take_weights(network)
        self.shared.pixels[: len(labels)] = pixels
        self.shared.labels[: len(labels)] = labels
        self._send({"images": len(labels), "count": count, "convolution": network.convolution})

    def end(self, images: int, check: Callable[[], None]) -> tuple[float, Array]:
        """The share's loss and logits (images, classes); the gradient is in `shared.gradient`.

        Calls `check` now and then while it waits, and lets what that raises through.
        """
        self.wait(check)
        answer = self._receive()
        return answer["loss"], self.shared.logits[:images].copy()

    def forward(self, slot: int, pixels: NDArray[np.uint8]) -> None:
        """Asks for the logits of these images (n, C, H, W), a chunk at most.

        It works on one slot after the other; each stays taken until `forwarded`.
        """
        self.shared.chunk_pixels[slot, : len(pixels)] = pixels
        self._send({"forward": slot, "images": len(pixels)})

    def forwarded(self, slot: int, images: int) -> Array:
        """Waits for the oldest question, which was about `slot`: logits (images, classes).

        They live until the slot is used again.
        """
        self._receive()
        return self.shared.chunk_logits[slot, :images]
