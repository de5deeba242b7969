"""What a lead runs: one batch after the other, learned and updated, for who started it (lead.py).

It is told by lines of JSON on its standard input and answers with one each; the arrays lie in
shared memory. It ends when its input does, or in the middle of a batch, so it never outlives its
parent for long.
"""

from contextlib import closing
from typing import Any

import numpy as np

from cnnviz.core.datasets import Split
from cnnviz.core.network import Network
from cnnviz.core.optimizers import optimizer
from cnnviz.core.parallel import ParallelLearner
from cnnviz.core.parent import Parent
from cnnviz.core.shared_lead import SLOTS, SharedLead
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.workspace import may_diverge


class Stopped(Exception):
    """The parent does not want this any more."""


class Work:
    """A network, an optimiser and who learns with them, at a place: `step` batches are done."""

    def __init__(self, start: dict[str, Any], parent: Parent) -> None:
        self._parent = parent
        self._network = Network(start["spec"], None)
        self._tested = Network(start["spec"], None)  # the fast way, whatever way is trained by
        self._optimizer = optimizer(start["optimizer"])(self._network.vector)
        self.shared = SharedLead(
            self._network.vector,
            self._optimizer.state,
            start["room"],
            self._network.spec.input_shape,
            self._network.classes,
            start["memory"],
        )
        self.learner = ParallelLearner(self._network, start["cores"], start["batch_size"])
        self._stopwatch = Stopwatch()
        self._step: int | None = None

    def answer(self, task: dict[str, Any]) -> dict[str, Any]:
        """Does what is asked, unless it is given up."""
        try:
            self._check()
            return self._train(**task) if "step" in task else self._test(**task)
        except Stopped:
            self._step = None
            return {"stopped": True}

    def _check(self) -> None:
        if self.shared["stop"][0] or self._parent.is_gone:
            raise Stopped

    def _lap(self, what: str, direction: str = "forward") -> None:
        self._stopwatch.lap(what, direction)
        self._check()

    @may_diverge
    def _train(
        self,
        step: int,
        rate: float,
        convolution: str,
        slot: int,
        images: int,
        load: bool,
        follows: bool,
    ) -> dict[str, Any]:
        """Learns the batch after `step` batches, which lies in `slot`.

        With `load`, from what lies there as what came of the batch before; else from what came of
        it here. Where it `follows` that one, the time between them is part of this one.
        """
        network, rule, stopwatch = self._network, self._optimizer, self._stopwatch
        if follows:
            stopwatch.go_on("other")
        else:
            stopwatch.start()
        if load:
            self.shared.take((step - 1) % SLOTS, network.vector, rule.state)
        elif self._step != step:
            raise Stopped  # the one before gave no weights
        self._step = None
        network.convolution = convolution
        split = Split(self.shared["pixels"][slot], self.shared["labels"][slot])
        indices = np.arange(images)
        loss, logits, labels = self.learner.learn(split, indices, self._lap, self._check)
        self._lap("other")
        if not np.isfinite(loss):
            return {"loss": loss, "accuracy": 0.0, "laps": []}
        rule.update(network.vector, network.gradient, rate)
        stopwatch.lap("optimizer")
        self.shared.put(slot, network.vector, rule.state)
        self._step = step + 1
        accuracy = float(np.mean(logits.argmax(axis=1) == labels))
        stopwatch.lap("other")
        laps = [[*row, seconds] for row, seconds in stopwatch.seconds.items()]
        return {"loss": loss, "accuracy": accuracy, "laps": laps}

    def _test(self, slot: int, images: int) -> dict[str, Any]:
        """Leaves the logits of the slot's first `images`, by the weights in the first slot."""
        self._tested.vector[...] = self.shared["vector"][0]
        split = Split(self.shared["pixels"][slot, :images], self.shared["labels"][slot, :images])
        logits = self.learner.forward(self._tested, split, self._check)
        self.shared["logits"][slot, :images] = logits
        return {"done": True}


def main() -> None:
    """Reads what to build, then answers one request after the other."""
    parent = Parent()
    start = parent.start()
    if start is None:
        return
    work = Work(start, parent)
    parent.answer({"ready": True})
    with closing(work.learner):
        for task in parent.requests():
            parent.answer(work.answer(task))
    work.shared.close(unlink=False)


if __name__ == "__main__":
    main()
