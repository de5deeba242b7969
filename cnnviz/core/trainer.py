"""Training one batch at a time, such that going back and coming again gives the same bits."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter, sleep
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.architecture import check_classes
from cnnviz.core.aside import MOST_PARAMETERS, Aside
from cnnviz.core.convolution import way
from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import SettingsError
from cnnviz.core.evaluation import Evaluation, evaluation_of
from cnnviz.core.lead import AHEAD, Batch, Outcome
from cnnviz.core.network import Network
from cnnviz.core.optimizers import optimizer
from cnnviz.core.parallel import ParallelLearner, cores_left
from cnnviz.core.schedules import schedule
from cnnviz.core.settings import Settings, check_learning_rate
from cnnviz.core.spec import Spec
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.workspace import Array, may_diverge

Value = TypeVar("Value")
SHUFFLE_STREAM = 1
"""Keeps the random numbers of the shuffles apart from those of the weights."""


POLL_SECONDS = 0.01
"""Between two looks at whether helpers are ready."""


class BatchResult(NamedTuple):
    """What one batch gave: `step` batches are done, this was the last of them."""

    step: int
    loss: float
    """Mean over the batch, before the update."""
    accuracy: float
    """Share of the batch that was right, before the update, 0 to 1."""
    rate: float
    """The learning rate of the update."""
    seconds: float


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that training needs to go on from `step`: copies, never written to."""

    step: int
    vector: Array
    optimizer_state: dict[str, Array]

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, in bytes."""
        return self.vector.nbytes + sum(array.nbytes for array in self.optimizer_state.values())


class Interrupted(Exception):
    """A batch that was given up half-way; nothing has changed."""


class Diverged(Exception):
    """The loss of the batch after `step` is not a finite number; nothing has changed."""

    def __init__(self, step: int, loss: float) -> None:
        super().__init__(f"The loss became {loss} at batch {step + 1}.")
        self.step = step
        self.loss = loss


class Trainer:
    """A network, its data and its optimiser, at a place: `step` batches since the beginning.

    The batches are a pure function of (seed, epoch), the rate one of the step, so the same
    snapshot always goes on in the same way.
    """

    def __init__(self, spec: Spec, dataset: Dataset, settings: Settings | None = None) -> None:
        """Fits the spec's input and classes to the data.

        Raises SpecError for shapes that do not fit and SettingsError for a batch larger than the
        training set. Keeps the process's BLAS at one thread from now on (see parallel.py).
        """
        self.settings = settings or Settings()
        self.dataset = dataset
        if self.settings.batch_size > len(dataset.train):
            raise SettingsError(
                f"A batch of {self.settings.batch_size} is larger than the "
                f"{len(dataset.train)} training images of {dataset.title}. Choose a smaller batch."
            )
        fitted = spec.fitted(dataset.input_shape, len(dataset.class_names))
        self.network = Network(fitted, self.settings.seed, self.settings.convolution)
        check_classes(self.network.layers, len(dataset.class_names))
        self._learner = ParallelLearner(
            self.network, self.settings.threads, self.settings.batch_size
        )
        self._tested = Network(fitted)
        self.optimizer = optimizer(self.settings.optimizer)(self.network.vector)
        self._aside: Aside | None = None
        self.step = 0
        # (from step, value) in order of steps: travelling back does not forget later changes.
        self._rates: list[tuple[int, float]] = [(0, self.settings.learning_rate)]
        self._ways: list[tuple[int, str]] = [(0, self.settings.convolution)]
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))

    @property
    def batches_per_epoch(self) -> int:
        """Whole batches only: what is left over takes its turn in another epoch's shuffle."""
        return len(self.dataset.train) // self.settings.batch_size

    @property
    def planned_steps(self) -> int:
        """Batches in the planned epochs."""
        return self.settings.epochs * self.batches_per_epoch

    @property
    def base_rate(self) -> float:
        """The learning rate as the user set it, in force at this step."""
        return _in_force(self._rates, self.step)

    @property
    def convolution(self) -> str:
        """The way of convolution in force at this step."""
        return _in_force(self._ways, self.step)

    @property
    def rate_changes(self) -> tuple[tuple[int, float], ...]:
        """(from step, base rate) in order, the first from 0; `set_learning_rate` takes each."""
        return tuple(self._rates)

    @property
    def convolution_changes(self) -> tuple[tuple[int, str], ...]:
        """(from step, way) in order, the first from 0; `set_convolution` takes each."""
        return tuple(self._ways)

    @property
    def rate(self) -> float:
        """The learning rate of the next update: base rate times schedule."""
        return self._rate_at(self.step)

    def _rate_at(self, step: int) -> float:
        factor = schedule(self.settings.schedule)(step, self.planned_steps)
        return _in_force(self._rates, step) * factor

    def set_learning_rate(self, rate: float, start: int | None = None) -> None:
        """A new base rate from step `start` on (now, if None) in place of all later changes.

        Raises SettingsError if the rate makes no sense.
        """
        check_learning_rate(rate)
        start = self.step if start is None else start
        self._rates = [*_before(self._rates, start), (start, rate)]

    def set_convolution(self, name: str, start: int | None = None) -> None:
        """Another way of convolution from step `start` on (now, if None); see `way` for errors."""
        way(name)
        start = self.step if start is None else start
        self._ways = [*_before(self._ways, start), (start, name)]

    def train_batch(
        self,
        stopwatch: Stopwatch | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        ahead: int = 0,
    ) -> BatchResult:
        """Forward, loss, backward, update; afterwards `step` is one more.

        Raises Interrupted if `interrupted()` says so between two layers (or two images of a slow
        way), and Diverged if the loss is not finite; both leave everything as it was. Whoever
        stands aside may have some of the next batches begun, `ahead` of this one, if it is likely
        that they will be wanted; `network.gradient` is then another process's.
        """
        begin = perf_counter()
        stopwatch = stopwatch or Stopwatch()
        batches = [self._batch(self.step + k) for k in range(1 + min(ahead, AHEAD))]
        self.network.convolution = batches[0].convolution

        def check() -> None:
            if interrupted():
                raise Interrupted

        outcome = self._aside.train(batches, self._images, check) if self._aside else None
        if outcome:
            stopwatch.replace(outcome.seconds)
            seconds = sum(outcome.seconds.values())  # we were waiting for a part of it only
        else:
            outcome = self._train_here(batches[0], stopwatch, check)
            seconds = perf_counter() - begin
        if not np.isfinite(outcome.loss):
            raise Diverged(self.step, outcome.loss)
        self.step += 1
        return BatchResult(self.step, outcome.loss, outcome.accuracy, batches[0].rate, seconds)

    @may_diverge
    def _train_here(self, batch: Batch, stopwatch: Stopwatch, check: Callable[[], None]) -> Outcome:
        """Unless the loss is not finite, the weights are updated."""
        begin = perf_counter()

        def lap(what: str, direction: str) -> None:
            stopwatch.lap(what, direction)
            check()

        indices = self.batch_indices(batch.step)
        loss, logits, labels = self._learner.learn(self.dataset.train, indices, lap, check)
        stopwatch.lap("other")
        accuracy = float(np.mean(logits.argmax(axis=1) == labels))
        if np.isfinite(loss):
            self.optimizer.update(self.network.vector, self.network.gradient, batch.rate)
            stopwatch.lap("optimizer")
        if self._aside:
            self._aside.has_learned(perf_counter() - begin)
            if self._aside.is_over:
                self._learner.be_helped()
        return Outcome(loss, accuracy, stopwatch.seconds)

    def _batch(self, step: int) -> Batch:
        return Batch(step, self._rate_at(step), _in_force(self._ways, step))

    def _images(self, step: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Pixels (n, C, H, W) and labels of the batch after `step` batches."""
        indices, train = self.batch_indices(step), self.dataset.train
        return np.take(train.pixels, indices, axis=0), np.take(train.labels, indices)

    def evaluate(self, interrupted: Callable[[], bool] = lambda: False) -> Evaluation | None:
        """How it does on the test set now; None soon after `interrupted()` says so.

        Always by the fast way of convolution (only the last digits depend on the way), on all
        cores that learn; the bits are those of `cnnviz.core.evaluation.evaluate`.
        """

        def check() -> None:
            if interrupted():
                raise Interrupted

        self._tested.vector[...] = self.network.vector
        test = self.dataset.test
        try:
            logits = self._aside.forward(self._tested, test, check) if self._aside else None
            if logits is None:
                logits = self._learner.forward(self._tested, test, check)
        except Interrupted:
            return None
        return evaluation_of(logits, test.labels)

    def batch_indices(self, step: int) -> NDArray[np.int64]:
        """Which training images make the batch after `step` batches, shape (batch_size,)."""
        epoch, batch = divmod(step, self.batches_per_epoch)
        if self._order[0] != epoch:
            order = epoch_order(self.settings.seed, epoch, len(self.dataset.train))
            self._order = (epoch, order)
        size = self.settings.batch_size
        return self._order[1][batch * size : (batch + 1) * size]

    def snapshot(self) -> Snapshot:
        """A copy of all that training needs to go on from here."""
        return Snapshot(self.step, self.network.vector.copy(), self.optimizer.copy_state())

    def restore(self, snapshot: Snapshot) -> None:
        """Goes to the snapshot's step; what is trained from there is what was trained before."""
        self.network.vector[...] = snapshot.vector
        self.optimizer.load_state(snapshot.optimizer_state)
        self.step = snapshot.step

    def start_helpers(self, interrupted: Callable[[], bool] = lambda: False) -> None:
        """Has the helper processes start now and waits until they are ready (see parallel.py).

        Whoever stands aside waits for the lead only, whose own helpers come by themselves.

        Training starts them by itself after a while; until then it is slower, never different.
        Raises Interrupted soon after `interrupted()` says so; they will then be ready later.
        """
        if self._aside:
            self._aside.start()
        if self._aside is None or self._aside.is_over:
            self._learner.start_helpers()
        while not self._is_helped:
            if interrupted():
                raise Interrupted
            sleep(POLL_SECONDS)

    @property
    def _is_helped(self) -> bool:
        if self._aside and not self._aside.is_over:
            return self._aside.lead is not None or self._aside.is_over
        return self._learner.helpers_are_ready

    def stand_aside(self) -> bool:
        """Leaves all training to a process of its own, if there is a core beside those that train.

        Returns whether it does. For a process that has a window: its threads then hardly meet those
        that train. To be called before the first batch. Not where pipes cannot be asked (Windows):
        no batch could be given up half-way; nor for large networks (see aside.py).
        """
        is_large = len(self.network.vector) > MOST_PARAMETERS
        if cores_left(self.settings.threads) == 0 or os.name != "posix" or is_large:
            return False
        self._aside = Aside(self.network, self.optimizer, self.settings)
        self._learner.patience = math.inf
        return True

    def rest(self) -> None:
        """No batch follows at once: what passes until the next one is part of none."""
        if self._aside:
            self._aside.rest()

    def close(self) -> None:
        """Ends the helper processes."""
        self._learner.close()
        if self._aside:
            self._aside.close()


def epoch_order(seed: int, epoch: int, images: int) -> NDArray[np.int64]:
    """In which order an epoch (from 0) goes through the training images, shape (images,)."""
    rng = np.random.default_rng([seed, SHUFFLE_STREAM, epoch])
    return rng.permutation(images)


def _in_force(changes: list[tuple[int, Value]], step: int) -> Value:
    """The value of the last change at or before `step`."""
    return [value for start, value in changes if start <= step][-1]


def _before(changes: list[tuple[int, Value]], step: int) -> list[tuple[int, Value]]:
    return [(start, value) for start, value in changes if start < step]
