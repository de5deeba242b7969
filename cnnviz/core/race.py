"""The three ways of convolution raced: one network, one batch, whole training steps by each way.

Everybody runs the same course: forward, loss, backward and update on random images, through the
same trainer as real training, which knows nothing of it. One way after the other, so that none
takes the machine from another.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from cnnviz.core.convolution import WAYS
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.layers import build_layers
from cnnviz.core.parallel import LEAST_SHARE
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.task import Task
from cnnviz.core.trainer import Interrupted, Trainer

SECONDS = 1.0
"""Steps are repeated until this much time is measured …"""
MOST_STEPS = 100
"""… or so many of them."""
WHOLE_SECONDS = 4.0
"""A way that would need more for the whole batch is timed on a part of it."""
RATE = 1e-6
"""So small a learning rate that random labels lead the weights nowhere."""


@dataclass(frozen=True)
class Course:
    """What is raced on; two results can be compared if their courses are equal."""

    spec: Spec
    batch_size: int
    threads: int
    optimizer: str = "adam"
    seed: int = 0


class Pace(NamedTuple):
    """How fast one way was, by the median of `steps` training steps of `images` images each."""

    way: str
    images_per_second: float
    images: int
    steps: int
    scaled: bool
    """Whether the steps were of fewer images than the course's batch, to save time."""


class Underway(NamedTuple):
    """The way that runs now: `seconds` into its timing, with `images` done."""

    way: str
    images: int
    seconds: float
    share: float
    """How much of its timing is over, 0 to 1; an estimate while a long step runs."""


@dataclass(frozen=True)
class Standing:
    """Where a race is; once `ended`, it stays so."""

    paces: tuple[Pace, ...]
    """Of the ways that are through, in the order of WAYS."""
    underway: Underway | None
    ended: bool
    failure: tuple[str, str] | None
    """What went wrong, and its traceback (empty if the user can mend it)."""


Tell = Callable[[Underway | Pace], None]


class Race(Task[Standing]):
    """A race on a thread of its own; cancelled, it gives up the step that is under way."""

    def __init__(self, course: Course) -> None:
        super().__init__("race", Standing((), None, False, None))
        self.course = course

    def _work(self) -> dict[str, Any]:
        try:
            race(self.course, self._take, self._cancelled.is_set)
        except Interrupted:
            pass
        finally:
            self._tell(underway=None)
        return {}

    def _take(self, news: Underway | Pace) -> None:
        if isinstance(news, Pace):
            self._tell(paces=(*self.standing.paces, news), underway=None)
        else:
            self._tell(underway=news)


def race(course: Course, tell: Tell, interrupted: Callable[[], bool] = lambda: False) -> list[Pace]:
    """Times every way and returns their paces; tells how it goes, from whichever thread it is on.

    Raises Interrupted soon after `interrupted()` says so.
    """
    dataset = _random_images(course)
    paces = []
    for way in WAYS:
        tell(Underway(way, 0, 0.0, 0.0))
        paces.append(_time_way(course, dataset, way, tell, interrupted))
        tell(paces[-1])
    return paces


def _time_way(
    course: Course, dataset: Dataset, way: str, tell: Tell, interrupted: Callable[[], bool]
) -> Pace:
    """First one image alone says how slow the way is, then steps of as many as there is time for.

    A part of the batch is still large enough for each core to have a share of it.
    """
    with closing(_trainer(course, dataset, way, images=1, threads=1)) as trainer:
        alone = min(trainer.train_batch(interrupted=interrupted).seconds for _ in range(2))
    images = course.batch_size
    if alone * images > WHOLE_SECONDS:
        images = min(images, LEAST_SHARE * course.threads)
    with closing(_trainer(course, dataset, way, images, course.threads)) as trainer:
        trainer.start_helpers(interrupted)
        shares = max(1, min(course.threads, images // LEAST_SHARE))
        expected = max(SECONDS, alone * images / shares)
        seconds = _time_steps(trainer, expected, tell, interrupted)
    return Pace(way, images / median(seconds), images, len(seconds), images < course.batch_size)


def _time_steps(
    trainer: Trainer, expected: float, tell: Tell, interrupted: Callable[[], bool]
) -> list[float]:
    """Seconds of each of some steps, about `expected` in all."""
    begin = perf_counter()
    way, images = trainer.convolution, trainer.settings.batch_size
    seconds: list[float] = []

    def check() -> bool:
        passed = perf_counter() - begin
        tell(Underway(way, len(seconds) * images, passed, min(passed / expected, 1.0)))
        return interrupted()

    while not seconds or (sum(seconds) < SECONDS and len(seconds) < MOST_STEPS):
        seconds.append(trainer.train_batch(interrupted=check).seconds)
    return seconds


def _trainer(course: Course, dataset: Dataset, way: str, images: int, threads: int) -> Trainer:
    settings = Settings(
        optimizer=course.optimizer,
        learning_rate=RATE,
        batch_size=images,
        convolution=way,
        seed=course.seed,
        threads=threads,
    )
    return Trainer(course.spec, dataset, settings)


def _random_images(course: Course) -> Dataset:
    """A batch of noise, for how long a step takes does not depend on what is in the images."""
    classes = build_layers(course.spec.input_shape, course.spec.layers)[-1].output_shape[0]
    rng = np.random.default_rng(course.seed)
    shape = (course.batch_size, *course.spec.input_shape)
    pixels = rng.integers(0, 256, shape, np.uint8)
    split = Split(pixels, rng.integers(0, classes, course.batch_size))
    names = tuple(str(k) for k in range(classes))
    return Dataset("noise", "Random images", split, split, names, "Drawn for the race.")
