"""A lead: a process of our own that trains for this one, which has a window to draw.

It learns whole batches and updates the weights itself, and has the next batch before it while we
still take down what came of the last. So training never waits for this process, where every call
of NumPy takes Python's lock again: drawing thirty pictures a second beside a thread that only
updated the weights was measured to cost a fifth of the batches.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.child import Child, HelperLost
from cnnviz.core.datasets import Split
from cnnviz.core.network import Network
from cnnviz.core.optimizers import Optimizer
from cnnviz.core.settings import Settings
from cnnviz.core.shared_lead import SLOTS, SharedLead
from cnnviz.core.slices import chunk_size
from cnnviz.core.stopwatch import Row
from cnnviz.core.workspace import Array

AHEAD = SLOTS - 1
"""Batches that it may be given before we have taken down the one before."""


class Batch(NamedTuple):
    """What a batch depends on, beside what was learned until then."""

    step: int
    """How many batches are done before it."""
    rate: float
    """The learning rate of its update."""
    convolution: str
    """The way of convolution."""


class Outcome(NamedTuple):
    """What came of a batch."""

    loss: float
    """Mean over the batch, before the update; if it is not finite, there was none."""
    accuracy: float
    """Share of the batch that was right, before the update, 0 to 1."""
    seconds: dict[Row, float]
    """What took how long."""


class Lead(Child):
    """The process, and how to give it work; not for more than one thread at a time."""

    def __init__(self, network: Network, rule: Optimizer, settings: Settings) -> None:
        """Starts it; it is `ready` a little later, and helpers of its own still later.

        Raises OSError where no process or no shared memory can be had.
        """
        self._network, self._rule = network, rule
        # Tests go there as whole chunks, so that the bits are those of a test made here.
        self._chunk = chunk_size(network.layers)
        self._room = max(settings.batch_size, self._chunk * settings.threads)
        self.shared = SharedLead(
            network.vector, rule.state, self._room, network.spec.input_shape, network.classes
        )
        self._asked: deque[Batch] = deque()
        self._step: int | None = None  # whose weights the process had when it last answered
        start = {
            "spec": network.spec.to_dict(),
            "optimizer": settings.optimizer,
            "cores": settings.threads,
            "batch_size": settings.batch_size,
            "room": self._room,
        }
        super().__init__("cnnviz.core.lead_process", self.shared, start, awake=0.0)
        self._patience = 1 + settings.threads  # each of its helpers may take as long
        self._goes_straight_on = False

    def train(
        self,
        batches: Sequence[Batch],
        images: Callable[[int], tuple[NDArray[np.uint8], NDArray[np.int64]]],
        check: Callable[[], None],
    ) -> Outcome:
        """Learns the first of these batches and updates network and optimiser.

        The others, at most AHEAD that follow it, are begun. `images` gives pixels (n, C, H, W) and
        labels (n,) of the batch after so many steps. Calls `check` now and then while it waits;
        what that raises gives up all batches and is raised here, and nothing has changed.
        """
        asked = list(self._asked)
        if asked != list(batches[: len(asked)]) or not self._goes_on_from(batches[0].step):
            self.give_up()
        for batch in batches[len(self._asked) :]:
            self._ask(batch, *images(batch.step))
        try:
            check()  # it may have answered long ago
            self.wait(check)
            answer = self._receive()
        except Exception:
            self.give_up()
            raise
        step = self._asked.popleft().step
        if "stopped" in answer:
            raise HelperLost  # nobody has asked for that
        seconds = {(what, direction): each for what, direction, each in answer["laps"]}
        outcome = Outcome(answer["loss"], answer["accuracy"], seconds)
        if np.isfinite(outcome.loss):
            self._step = step + 1
            self.shared.take(step % SLOTS, self._network.vector, self._rule.state)
        else:
            self.give_up()
        return outcome

    def forward(self, network: Network, split: Split, check: Callable[[], None]) -> Array:
        """Logits (N, classes) of all N images of `split` by `network`'s weights.

        `check` is called now and then; what it raises gives up the rest and is raised here.
        """
        if self._asked:
            self.give_up()
        self._go_on()
        self._step = None  # where its weights were, there are now those to be tested
        self.shared["vector"][0] = network.vector
        logits = np.empty((len(split), network.classes), network.vector.dtype)
        size = max(self._room // self._chunk, 1) * self._chunk
        parts = [slice(at, min(at + size, len(split))) for at in range(0, len(split), size)]
        handed: deque[tuple[slice, int]] = deque()
        try:
            for k, part in enumerate(parts):
                if len(handed) == SLOTS:
                    self._take_logits(*handed[0], logits, check)
                    handed.popleft()
                pixels = split.pixels[part]
                self.shared["pixels"][k % SLOTS, : len(pixels)] = pixels
                self._send({"slot": k % SLOTS, "images": len(pixels)})
                handed.append((part, k % SLOTS))
            while handed:
                self._take_logits(*handed[0], logits, check)
                handed.popleft()
        except Exception:
            self.abandon(len(handed))
            raise
        return logits

    def rest(self) -> None:
        """What the process waits for from now on is no part of the next batch's time."""
        self._goes_straight_on = False

    def give_up(self) -> None:
        """What was asked is not wanted any more; the next batch begins from what is here."""
        asked = len(self._asked)
        self._asked.clear()
        self._step = None
        if asked:
            self.abandon(asked)

    def _take_logits(
        self, part: slice, slot: int, logits: Array, check: Callable[[], None]
    ) -> None:
        check()
        self.wait(check)
        self._receive()
        logits[part] = self.shared["logits"][slot, : part.stop - part.start]

    def _goes_on_from(self, step: int) -> bool:
        """Whether the process goes on from what is here, bit for bit, after `step` batches."""
        vector, state = self._network.vector, self._rule.state
        return self._step == step and self.shared.holds((step - 1) % SLOTS, vector, state)

    def _ask(self, batch: Batch, pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
        load = self._step is None and not self._asked
        if load:
            self._go_on()
            self.shared.put((batch.step - 1) % SLOTS, self._network.vector, self._rule.state)
        slot = batch.step % SLOTS
        self.shared["pixels"][slot, : len(labels)] = pixels
        self.shared["labels"][slot, : len(labels)] = labels
        place = {"slot": slot, "images": len(labels)}
        follows = bool(self._asked) and self._goes_straight_on
        self._send({**batch._asdict(), **place, "load": load, "follows": follows})
        self._asked.append(batch)
        self._goes_straight_on = True
