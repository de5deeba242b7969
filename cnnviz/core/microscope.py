"""One batch of training in stops: forward layer by layer, the loss, backward again, the update.

A `Moment` holds all that a step depends on; `dissect` takes that step once more, away from the
trainer, and keeps every array on the way. It cuts the batch into the same shares and slices as the
trainer does and adds them up in the same order, with the same functions. So every number is the
trainer's own, to the bit, and the vector after the last stop is the trainer's next one. (One thing
is ours alone: the gradient by the images themselves, which training has no use for.)
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.blas import use_one_blas_thread
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.inspection import Inspection
from cnnviz.core.loss import negative_log_likelihood, softmax
from cnnviz.core.network import Lap, Network
from cnnviz.core.optimizers import optimizer
from cnnviz.core.parallel import shares
from cnnviz.core.priority import let_others_first
from cnnviz.core.receptive_field import INPUT
from cnnviz.core.settings import Settings
from cnnviz.core.slices import learn_in_slices, slice_size
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.trainer import Interrupted, Snapshot, Trainer, epoch_order
from cnnviz.core.workspace import Array, may_diverge


@dataclass(frozen=True, eq=False)
class Moment:
    """All that the batch after `snapshot.step` batches depends on; nobody writes to it any more."""

    spec: Spec
    """Fitted to the data."""
    snapshot: Snapshot = field(repr=False)
    batch: Split = field(repr=False)
    """The images and labels of this batch alone, in the trainer's order."""
    rate: float
    """The learning rate of the update, schedule and all."""
    optimizer: str
    convolution: str
    threads: int

    @staticmethod
    def of(trainer: Trainer) -> "Moment":
        """The moment before the trainer's next batch. For the trainer's own thread."""
        return Moment.at(
            trainer.snapshot(),
            trainer.network.spec,
            trainer.dataset,
            trainer.settings,
            trainer.rate,
            trainer.convolution,
        )

    @staticmethod
    def at(
        snapshot: Snapshot,
        spec: Spec,
        dataset: Dataset,
        settings: Settings,
        rate: float,
        convolution: str,
    ) -> "Moment":
        """The moment of a snapshot; `rate` and `convolution` are those in force at its step.

        The timeline has the rate of every batch that was trained.
        """
        size = settings.batch_size
        epoch, batch = divmod(snapshot.step, len(dataset.train) // size)
        order = epoch_order(settings.seed, epoch, len(dataset.train))
        chosen = order[batch * size : (batch + 1) * size]
        train = dataset.train
        images = Split(np.take(train.pixels, chosen, axis=0), np.take(train.labels, chosen))
        return Moment(
            spec, snapshot, images, rate, settings.optimizer, convolution, settings.threads
        )


@dataclass(frozen=True)
class Stop:
    """One place to stop at."""

    phase: str
    """forward, loss, backward or update"""
    layer: str = ""
    """Of forward and backward."""


@dataclass(frozen=True, eq=False)
class Update:
    """How each weight moved; all arrays are flat, in the order of `Network.vector`."""

    rate: float
    before: Array
    step: Array
    """What the optimiser's formula adds, as it was rounded before it was added."""
    after: Array
    state_before: dict[str, Array]
    """The optimiser's memory: velocity of momentum; mean, square and steps of Adam."""
    state_after: dict[str, Array]


@dataclass(frozen=True, eq=False)
class Dissection:
    """Every array of one batch of N images, C-contiguous copies.

    `outputs` maps INPUT and each layer's name to what comes out of it, (N, C, H, W) or (N, units),
    `gradients` the same names to the gradient of the batch's mean loss by it.
    """

    moment: Moment
    outputs: dict[str, Array]
    probabilities: Array
    """(N, classes)"""
    losses: Array
    """−log p[label] of each image, (N,)."""
    loss: float
    """Their mean, as the trainer tells it."""
    gradients: dict[str, Array]
    gradient: Array
    """By every parameter, flat; `network().gradients()` has it by name."""
    update: Update

    @property
    def labels(self) -> NDArray[np.int64]:
        """The classes of the images, (N,)."""
        return self.moment.batch.labels

    @property
    def logits(self) -> Array:
        """What the last layer says, (N, classes)."""
        return next(reversed(self.outputs.values()))

    @property
    def stops(self) -> list[Stop]:
        """All of them in order."""
        names = [name for name in self.outputs if name != INPUT]
        there = [Stop("forward", name) for name in names]
        back = [Stop("backward", name) for name in reversed(names)]
        return [*there, Stop("loss"), *back, Stop("update")]

    def inspection(self, image: int) -> Inspection:
        """One image's way forward, as inspection.py has it; views."""
        outputs = {name: values[image] for name, values in self.outputs.items()}
        return Inspection(outputs.pop(INPUT), outputs, self.probabilities[image])

    def network(self) -> Network:
        """A network with the weights of before the update, and this batch's gradient."""
        network = Network(self.moment.spec, None, self.moment.convolution)
        network.vector[...] = self.update.before
        network.gradient[...] = self.gradient
        return network


@may_diverge
def dissect(moment: Moment, lap: Lap | None = None) -> Dissection:
    """Takes the step and keeps every array.

    `lap` is called as by `Network.learn`, for each slice of each share, and within slow layers with
    two empty words; what it raises gives the dissection up. Keeps BLAS at one thread (see
    parallel.py), on which the bits depend. Where the loss is no finite number the trainer stops
    before the update; here it is made all the same.
    """
    use_one_blas_thread()
    network = Network(moment.spec, convolution=moment.convolution)
    network.vector[...] = moment.snapshot.vector
    if lap:
        pulse = lap
        network.set_pulse(lambda: pulse("", ""))
    kept = _Kept(moment.batch.labels)
    loss, gradient = 0.0, np.zeros_like(network.gradient)
    count = len(moment.batch)
    for number, part in enumerate(shares(moment.threads, count)):
        images, labels = moment.batch.batch(np.arange(count)[part])
        share, _ = learn_in_slices(network, images, labels, lap, count, kept.keep)
        loss += share
        if number == 0:
            gradient[...] = network.gradient
        else:
            gradient += network.gradient
    names = [INPUT, *(layer.name for layer in network.layers)]
    return Dissection(
        moment,
        {name: np.concatenate(kept.values[k]) for k, name in enumerate(names)},
        np.concatenate(kept.probabilities),
        np.concatenate(kept.losses),
        loss,
        {name: np.concatenate(kept.gradients[k]) for k, name in enumerate(names)},
        gradient,
        _update(moment, gradient),
    )


class _Kept:
    """What the slices of a batch left, one after the other."""

    def __init__(self, labels: NDArray[np.int64]) -> None:
        self.values: dict[int, list[Array]] = defaultdict(list)
        self.gradients: dict[int, list[Array]] = defaultdict(list)
        self.probabilities: list[Array] = []
        self.losses: list[Array] = []
        self._labels = labels
        self._logits: int | None = None

    def keep(self, k: int, value: Array, gradient: Array) -> None:
        """A `Watch`."""
        if self._logits is None:
            self._logits = k  # they come first
        if k == self._logits:
            self._keep_loss(value)
        self.values[k].append(value.copy(order="C"))
        self.gradients[k].append(gradient.copy(order="C"))

    def _keep_loss(self, logits: Array) -> None:
        """Softmax and loss, taken of the same memory as by the trainer."""
        start = sum(map(len, self.losses))
        labels = self._labels[start : start + len(logits)]
        self.probabilities.append(np.ascontiguousarray(softmax(logits)))
        self.losses.append(negative_log_likelihood(logits, labels))


def _update(moment: Moment, gradient: Array) -> Update:
    before, state = moment.snapshot.vector, moment.snapshot.optimizer_state
    after, step = before.copy(), np.zeros_like(before)
    for moved in (after, step):  # a step from zero is the step alone
        rule = optimizer(moment.optimizer)(moved)
        rule.load_state(state)
        rule.update(moved, gradient, moment.rate)
    return Update(moment.rate, before, step, after, state, rule.copy_state())


@dataclass(frozen=True)
class Standing:
    """Where a dissection is; once `ended`, it stays so."""

    share: float
    """How much of it is over, 0 to 1."""
    result: Dissection | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Dissecting(Task[Standing]):
    """A dissection on a thread of its own; cancelled, it ends between two layers (or images)."""

    def __init__(self, moment: Moment) -> None:
        super().__init__("microscope", Standing(0.0, None, False, None))
        self.moment = moment

    def _work(self) -> dict[str, Any]:
        let_others_first()
        try:
            return {"result": dissect(self.moment, self._counting())}
        except Interrupted:
            return {}

    def _counting(self) -> Callable[[str, str], None]:
        layers = Network(self.moment.spec).layers
        parts = shares(self.moment.threads, len(self.moment.batch))
        most = slice_size(layers)
        slices = sum(-(-(part.stop - part.start) // most) for part in parts)
        laps, done = slices * (2 * len(layers) + 1), 0

        def lap(what: str, _: str) -> None:
            nonlocal done
            if self._cancelled.is_set():
                raise Interrupted
            if what:
                done += 1
                self._tell(share=done / laps)

        return lap
