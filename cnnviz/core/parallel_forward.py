"""The logits of many images on several cores: a few images at a time, by whoever is free.

A chunk gives the same bits wherever it is run, so who takes which only changes the time it takes.
"""

from collections import deque
from collections.abc import Callable

import numpy as np

from cnnviz.core.child import HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.datasets.dataset import as_floats
from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
from cnnviz.core.shared_batch import SLOTS
from cnnviz.core.slices import chunks
from cnnviz.core.workspace import Array


def forward_shared(
    network: Network, split: Split, helpers: list[Helper], check: Callable[[], None]
) -> Array:
    """Logits (N, classes) of all N images of `split`, made by this process and `helpers`.

    The helpers, all ready and at rest, must be those of a network of the same layers; one that is
    lost is closed. `check` is called between two chunks, and while only helpers are at work; what
    it raises gives up all chunks and is raised here. Only after Ctrl+C, which comes at any moment,
    helpers may still be at work, and must be closed.
    """
    logits = np.empty((len(split), network.classes), network.vector.dtype)
    waiting = deque(chunks(len(split), network.layers))
    queues = [_Queue(helper, network, split, logits) for helper in helpers]
    try:
        while waiting or any(queue.handed for queue in queues):
            check()
            for queue in queues:
                queue.serve(waiting)
            if waiting:
                own = waiting.popleft()
                logits[own] = network.forward(as_floats(split.pixels[own]))
            else:
                for queue in queues:
                    queue.wait(waiting, check)
    except Exception:
        for queue in queues:
            queue.abandon()
        raise
    return logits


class _Queue:
    """A helper and the chunks that were handed to it and are not back."""

    def __init__(self, helper: Helper, network: Network, split: Split, logits: Array) -> None:
        helper.take_weights(network)
        self._helper = helper
        self._split = split
        self._logits = logits
        self._slots = deque(range(SLOTS))
        self._lost = False
        self.handed: deque[tuple[slice, int]] = deque()
        """Each with the slot that it lies in, oldest first."""

    def serve(self, waiting: deque[slice]) -> None:
        """Takes back what is done and hands over others, so that the helper need not wait.

        Towards the end it leaves as many to us, so that we need not wait for it either.
        """
        try:
            while self.handed and self._helper.has_answered():
                self._take_back()
            while len(waiting) > len(self.handed) and self._slots and not self._lost:
                self._hand_over(waiting)
        except HelperLost:
            self._lose(waiting)

    def wait(self, waiting: deque[slice], check: Callable[[], None]) -> None:
        """Until the oldest is done, if there is one; those of a lost helper go to `waiting`."""
        try:
            if self.handed:
                self._helper.wait(check)
                self._take_back()
        except HelperLost:
            self._lose(waiting)

    def abandon(self) -> None:
        """Gives up what was handed over."""
        try:
            if self.handed:
                self._helper.abandon(len(self.handed))
        except HelperLost:
            self._helper.close()

    def _hand_over(self, waiting: deque[slice]) -> None:
        chunk, slot = waiting.popleft(), self._slots.popleft()
        self.handed.append((chunk, slot))
        self._helper.forward(slot, self._split.pixels[chunk])

    def _take_back(self) -> None:
        chunk, slot = self.handed[0]
        self._logits[chunk] = self._helper.forwarded(slot, chunk.stop - chunk.start)
        self._slots.append(slot)
        self.handed.popleft()

    def _lose(self, waiting: deque[slice]) -> None:
        waiting.extend(chunk for chunk, _ in self.handed)
        self.handed.clear()
        self._lost = True
        self._helper.close()
