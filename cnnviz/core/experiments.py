"""Experiments: up to four networks learn from the same batches, and differ in one thing only.

They take turns, a batch each, so that whatever else the machine does slows all of them alike. Seed,
batch size and data are the same for all, so each learns from the same images in the same order.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import Dataset
from cnnviz.core.datasets.shuffled import with_shuffled_pixels
from cnnviz.core.errors import SettingsError
from cnnviz.core.initializers import INITIALIZERS
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.presets import PRESETS
from cnnviz.core.settings import Settings, usual_rate
from cnnviz.core.spec import Spec, arctan, conv2d, relu, sigmoid
from cnnviz.core.task import Task
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Diverged, Interrupted, Trainer
from cnnviz.core.workspace import Array

MOST_CONTESTANTS = 4
TELL_SECONDS = 0.1
"""Between two reports of where it is."""


@dataclass(frozen=True)
class Contestant:
    """One network of an experiment, and how it learns."""

    title: str
    spec: Spec
    optimizer: str = Settings.optimizer


@dataclass(frozen=True)
class Experiment:
    """A question, and who is to answer it."""

    name: str
    title: str
    question: str
    """One sentence; what is to be found out."""
    contestants: tuple[Contestant, ...]
    shuffled: bool = False
    """Whether the pixels of every image are shuffled, all alike."""

    def __post_init__(self) -> None:
        count = len(self.contestants)
        if not 1 <= count <= MOST_CONTESTANTS:
            raise SettingsError(
                f"An experiment has 1 to {MOST_CONTESTANTS} networks, not {count}. "
                "Make two experiments of it."
            )


@dataclass(frozen=True)
class Terms:
    """What is the same for all contestants."""

    epochs: int = 3
    batch_size: int = Settings.batch_size
    seed: int = 0
    threads: int = 1

    def settings(self, optimizer: str) -> Settings:
        """For one of them, at its optimiser's usual rate; raises SettingsError as Settings does."""
        return Settings(
            optimizer=optimizer,
            learning_rate=usual_rate(optimizer),
            batch_size=self.batch_size,
            epochs=self.epochs,
            seed=self.seed,
            threads=self.threads,
        )


@dataclass(frozen=True, eq=False)
class Outcome:
    """How far one contestant has come with one seed."""

    contestant: Contestant
    seed: int
    spec: Spec
    """Fitted to the data."""
    parameters: int
    losses: NDArray[np.float64] = field(repr=False)
    """Of every batch."""
    epochs: tuple[EpochResult, ...]
    seconds: float
    """Training alone."""
    diverged_at: int | None
    """The batch, from 1, whose loss was not a finite number; there it stopped."""
    vector: Array | None = field(repr=False)
    """The weights it ended with; None while it learns."""

    @property
    def accuracy(self) -> float | None:
        """On the test set after the last epoch, 0 to 1; None before any, or if it diverged."""
        return self.epochs[-1].test_accuracy if self.epochs and not self.diverged_at else None


Tell = Callable[[float, tuple[Outcome, ...]], None]
"""Told how much is over, 0 to 1, and how far everybody is."""


def run(
    experiment: Experiment,
    dataset: Dataset,
    terms: Terms,
    tell: Tell = lambda share, outcomes: None,
    interrupted: Callable[[], bool] = lambda: False,
) -> tuple[Outcome, ...]:
    """Trains all contestants with one seed, side by side; tells now and then how it goes.

    Raises Interrupted soon after `interrupted()` says so, SpecError or SettingsError where a
    contestant does not fit the data.
    """
    if experiment.shuffled:
        dataset = with_shuffled_pixels(dataset)
    with ExitStack() as stack:
        runners = []
        for contestant in experiment.contestants:
            settings = terms.settings(contestant.optimizer)
            trainer = Trainer(contestant.spec, dataset, settings)
            runners.append(_Runner(contestant, stack.enter_context(closing(trainer))))
        for runner in runners:
            runner.trainer.start_helpers(interrupted)
        _take_turns(runners, tell, interrupted)
        return tuple(runner.outcome(ended=True) for runner in runners)


def _take_turns(runners: list["_Runner"], tell: Tell, interrupted: Callable[[], bool]) -> None:
    """Who begins changes with every batch: nobody always runs just after the same other."""
    planned, told = runners[0].trainer.planned_steps, 0.0
    for step in range(planned):
        first = step % len(runners)
        for runner in runners[first:] + runners[:first]:
            runner.learn(interrupted)
        if perf_counter() - told > TELL_SECONDS or step + 1 == planned:
            tell((step + 1) / planned, tuple(runner.outcome() for runner in runners))
            told = perf_counter()


class _Runner:
    """A contestant with its trainer and what it has done."""

    def __init__(self, contestant: Contestant, trainer: Trainer) -> None:
        self.trainer = trainer
        self._contestant = contestant
        self._timeline = Timeline()
        self._diverged_at: int | None = None

    def learn(self, interrupted: Callable[[], bool]) -> None:
        """One batch, and a test where an epoch ends; nothing any more once it has diverged."""
        if self._diverged_at:
            return
        try:
            self._timeline.record(self.trainer.train_batch(interrupted=interrupted))
            if self.trainer.step % self.trainer.batches_per_epoch == 0:
                self._test(interrupted)
        except Diverged as diverged:
            self._diverged_at = diverged.step + 1

    def _test(self, interrupted: Callable[[], bool]) -> None:
        trainer = self.trainer
        test = trainer.evaluate(interrupted)
        if test is None:
            raise Interrupted
        if not math.isfinite(test.loss):  # the last update went astray
            raise Diverged(trainer.step - 1, test.loss)
        epoch, batches = trainer.step // trainer.batches_per_epoch, trainer.batches_per_epoch
        size = trainer.settings.batch_size
        self._timeline.epochs.append(
            self._timeline.epoch_result(epoch, batches, size, test.loss, test.accuracy)
        )

    def outcome(self, ended: bool = False) -> Outcome:
        """How far it is; a copy."""
        return Outcome(
            self._contestant,
            self.trainer.settings.seed,
            self.trainer.network.spec,
            self.trainer.network.vector.size,
            self._timeline.losses.copy(),
            tuple(self._timeline.epochs),
            float(self._timeline.seconds.sum()),
            self._diverged_at,
            self.trainer.network.vector.copy() if ended else None,
        )


@dataclass(frozen=True)
class Standing:
    """Where an experiment is; once `ended`, it stays so."""

    share: float
    """How much of it is over, all seeds together, 0 to 1."""
    outcomes: tuple[Outcome, ...]
    """Of the seeds that are through, one after the other."""
    underway: tuple[Outcome, ...]
    """Of the seed that runs now."""
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Experimenting(Task[Standing]):
    """An experiment on a thread of its own, seed by seed; cancelled, it keeps what is through."""

    def __init__(
        self, experiment: Experiment, dataset: Dataset, terms: Terms, seeds: tuple[int, ...] = (0,)
    ) -> None:
        super().__init__("experiment", Standing(0.0, (), (), False, None))
        self.experiment, self.terms, self.seeds = experiment, terms, seeds
        self._dataset = dataset

    def _work(self) -> dict[str, Any]:
        try:
            for number, seed in enumerate(self.seeds):
                outcomes = run(
                    self.experiment,
                    self._dataset,
                    replace(self.terms, seed=seed),
                    self._telling(number),
                    self._cancelled.is_set,
                )
                self._tell(outcomes=(*self.standing.outcomes, *outcomes), underway=())
        except Interrupted:
            pass
        return {}

    def _telling(self, done: int) -> Tell:
        def tell(share: float, outcomes: tuple[Outcome, ...]) -> None:
            self._tell(share=(done + share) / len(self.seeds), underway=outcomes)

        return tell


# The experiments that come with cnnviz.

CNN = PRESETS["numpy-cnn"]


def _activated(name: str, title: str, make: Callable[[], Any]) -> Contestant:
    layers = tuple(make() if layer["type"] == "relu" else layer for layer in CNN.layers)
    return Contestant(title, replace(CNN, name=f"numpy-cnn-{name}", title=title, layers=layers))


def _strided(stride: int) -> Contestant:
    title = f"Stride {stride}"
    layers = (conv2d(8, 5, stride), *CNN.layers[1:])
    spec = replace(CNN, name=f"numpy-cnn-stride-{stride}", title=title, layers=layers)
    return Contestant(title, spec)


def _with_or_without() -> Iterator[Contestant]:
    yield Contestant("Convolutions", CNN)
    yield Contestant("No convolution", PRESETS["mlp"])


INITIALIZER_TITLES = {"he": "He", "glorot": "Glorot", "numpy-cnn": "Numpy-CNN"}

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "cnn-vs-mlp",
            "What do kernels buy?",
            "Two networks of equal size, one with convolutions and one without: which learns "
            "more from the same images?",
            tuple(_with_or_without()),
        ),
        Experiment(
            "shuffled-pixels",
            "Does it matter who is next to whom?",
            "The same two networks, but the pixels of every image are shuffled alike: what is left "
            "of the lead?",
            tuple(_with_or_without()),
            shuffled=True,
        ),
        Experiment(
            "activations",
            "ReLU, sigmoid or arctan?",
            "The same network with another bend after each layer: which learns fastest?",
            (
                _activated("relu", "ReLU", relu),
                _activated("sigmoid", "Sigmoid", sigmoid),
                _activated("arctan", "Arctan", arctan),
            ),
        ),
        Experiment(
            "strides",
            "How far may a kernel jump?",
            "The first kernels move by 1, 2 or 3 pixels: what does the time that is saved cost?",
            (_strided(1), _strided(2), _strided(3)),
        ),
        Experiment(
            "initializers",
            "Where to begin?",
            "The same network, its first weights drawn in three ways: does it matter for long?",
            tuple(
                Contestant(INITIALIZER_TITLES[name], replace(CNN, initializer=name))
                for name in INITIALIZERS
            ),
        ),
        Experiment(
            "optimizers",
            "Gradient descent, momentum or Adam?",
            "The same network and the same gradients, three ways to step, each at its usual rate.",
            tuple(Contestant(kind.title, CNN, name) for name, kind in OPTIMIZERS.items()),
        ),
    )
}


def experiment(name: str) -> Experiment:
    """The experiment called `name`; raises SettingsError for a name there is not."""
    try:
        return EXPERIMENTS[name]
    except KeyError:
        known = ", ".join(EXPERIMENTS)
        raise SettingsError(f"There is no experiment “{name}”; there are {known}.") from None
