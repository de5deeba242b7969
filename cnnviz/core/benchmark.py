"""How many images per second training gets through, by each way of convolution and by PyTorch.

Whole steps are timed: fetch a batch, forward, loss, backward, Adam. What is compared takes turns
within one run, for a machine's speed changes from minute to minute, and each ratio is that of two
neighbours in time:

    warm up A, warm up B;  A B  A B  A B …   ratios A1/B1, A2/B2, A3/B3 …
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import NamedTuple

import numpy as np

from cnnviz.core.benchmark_torch import import_torch, torch_trainer
from cnnviz.core.convolution import way
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.errors import SettingsError
from cnnviz.core.presets import MNIST_SHAPE, preset
from cnnviz.core.settings import Settings, check_whole
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Trainer

IMAGES, CLASSES = 60_000, 10
"""As many as MNIST has, so that a batch comes from memory and not from a cache."""
SLICE = 0.3
"""Seconds that each timing takes, and each warm-up: as many steps as fit, at least one."""
SLOW, SLOW_TOTAL = 2.0, 10.0
"""A side whose step takes longer than SLOW seconds is timed for about SLOW_TOTAL in all."""
FILTERS, SIDES, BATCH_SIZES = (8, 16, 32, 64), (28, 56), (16, 32, 64, 128, 256, 512)
"""What scaling goes through, one of them at a time."""

Step = Callable[[], object]
"""Trains one batch."""
Progress = Callable[[str, int, int], None]
"""Called before each timing: which side, how many are done, of how many; 0 of 0: warming up."""


@dataclass(frozen=True)
class Side:
    """One of those that are compared: our engine by one way of convolution, or PyTorch."""

    engine: str
    convolution: str | None

    @property
    def name(self) -> str:
        """The way of convolution, or the engine where it chooses its own."""
        return self.convolution or self.engine


TORCH = Side("torch", None)


@dataclass(frozen=True)
class Case:
    """What all sides train."""

    network: str
    batch_size: int
    threads: int
    filters: int | None
    """Of every convolution; None if they have different numbers, or if there is none."""
    image_side: int
    """Pixels; images are square and have one channel."""

    @property
    def spec(self) -> Spec:
        """The preset with these filters, for these images."""
        spec = preset(self.network).fitted((1, self.image_side, self.image_side), CLASSES)
        if self.filters is None:
            return spec
        layers = [
            {**layer, "filters": self.filters} if "filters" in layer else layer
            for layer in spec.layers
        ]
        return replace(spec, layers=tuple(layers))


class Speed(NamedTuple):
    """Of one side: images per second of each timing, in order."""

    side: Side
    timings: list[float]


class Ratio(NamedTuple):
    """How many times as fast `ours` was as `versus`, pair by pair, in order."""

    ours: Side
    versus: Side
    pairs: list[float]


class Measurement(NamedTuple):
    """All that was measured of one case."""

    case: Case
    speeds: list[Speed]

    @property
    def ratios(self) -> list[Ratio]:
        """Each way against PyTorch, if it took part, and against the ways named before it."""
        ours = [speed for speed in self.speeds if speed.side != TORCH]
        theirs = [speed for speed in self.speeds if speed.side == TORCH]
        return [
            Ratio(our.side, versus.side, _pairwise(our.timings, versus.timings))
            for place, our in enumerate(ours)
            for versus in (*theirs, *ours[:place])
        ]


class Summary(NamedTuple):
    """Of several numbers."""

    median: float
    min: float
    max: float


def summary(numbers: Sequence[float]) -> Summary:
    """Their median, least and greatest."""
    return Summary(statistics.median(numbers), min(numbers), max(numbers))


# What to measure.


def compared(ways: Iterable[str], against_torch: bool = False) -> list[Side]:
    """A side for each way of convolution, once, in order, then PyTorch if it is asked for.

    Raises SettingsError for an unknown way, CnnvizError if PyTorch cannot be imported.
    """
    names = list(dict.fromkeys(ways))
    for name in names:
        way(name)
    ours = [Side("cnnviz", name) for name in names]
    if not against_torch:
        return ours
    import_torch()
    return [*ours, TORCH]


def cases(
    network: str, batch_sizes: Sequence[int], threads: int, scaling: bool = False
) -> list[Case]:
    """A case for each batch size; `scaling` varies batch, filters and image of the last of them.

    None comes twice. Raises SpecError for an unknown network, SettingsError for a batch size or a
    number of threads that makes no sense.
    """
    numbers = {layer["filters"] for layer in preset(network).layers if "filters" in layer}
    filters = next(iter(numbers)) if len(numbers) == 1 else None
    check_whole("number of threads", threads, least=1)
    for size in batch_sizes:
        check_whole("batch size", size, least=1)
        if size > IMAGES:
            raise SettingsError(f"The batch size may be {IMAGES} at most, not {size}.")
    plain = [Case(network, size, threads, filters, MNIST_SHAPE[1]) for size in batch_sizes]
    if scaling:
        base = plain[-1]
        plain += [replace(base, batch_size=size) for size in BATCH_SIZES]
        plain += [replace(base, filters=number) for number in FILTERS if numbers]
        plain += [replace(base, image_side=side) for side in SIDES]
    return list(dict.fromkeys(plain))


# Measuring it.


def measure(
    case: Case,
    sides: Sequence[Side],
    repeats: int,
    progress: Progress = lambda side, done, of: None,
) -> Measurement:
    """Times every side in turn, `repeats` times, a slow one fewer times; see `alternate`.

    Only these sides are open meanwhile. What `progress` raises, and Ctrl-C, ends and closes them.
    """
    dataset = noise(case.image_side)
    with ExitStack() as stack:
        steps = {}
        for side in sides:
            progress(side.name, 0, 0)
            steps[side] = stack.enter_context(opened(side, case, dataset))
        seconds = alternate(steps, repeats, progress)
    speeds = [Speed(side, [case.batch_size / time for time in seconds[side]]) for side in sides]
    return Measurement(case, speeds)


def noise(side: int) -> Dataset:
    """Random images (1, side, side) with random labels: the arithmetic does not care."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (IMAGES, 1, side, side), dtype=np.uint8)
    split = Split(pixels, rng.integers(0, CLASSES, IMAGES))
    names = tuple(map(str, range(CLASSES)))
    return Dataset("noise", "Noise", split, split, names, "Made up for the benchmark.")


def opened(side: Side, case: Case, dataset: Dataset) -> AbstractContextManager[Step]:
    """The side's training step, until the context ends."""
    if side == TORCH:
        return torch_trainer(case.spec, dataset, case.batch_size, case.threads)
    return _our_trainer(side, case, dataset)


@contextmanager
def _our_trainer(side: Side, case: Case, dataset: Dataset) -> Iterator[Step]:
    settings = Settings(batch_size=case.batch_size, threads=case.threads)
    with closing(Trainer(case.spec, dataset, settings)) as trainer:
        trainer.start_helpers()
        trainer.set_convolution(str(side.convolution))
        yield trainer.train_batch


def alternate(
    steps: Mapping[Side, Step],
    repeats: int,
    progress: Progress,
    clock: Callable[[], float] = perf_counter,
) -> dict[Side, list[float]]:
    """Seconds of one step for each side and timing, the sides taking turns after a warm-up of each.

    A side whose steps are slow takes part in the first rounds only, so entry k of two sides is
    always of one round.
    """
    plans = {}
    for side, step in steps.items():
        progress(side.name, 0, 0)
        plans[side] = _plan(_warm_up(step, clock), repeats)
    seconds: dict[Side, list[float]] = {side: [] for side in steps}
    total, done = sum(timings for _, timings in plans.values()), 0
    for round_ in range(repeats):
        for side, (count, timings) in plans.items():
            if round_ < timings:
                progress(side.name, done, total)
                seconds[side].append(_time(steps[side], count, clock) / count)
                done += 1
    return seconds


def _warm_up(step: Step, clock: Callable[[], float]) -> float:
    """Seconds of a step, the median of as many as fit a slice; the first makes workspaces."""
    times: list[float] = []
    while not times or sum(times) < SLICE:
        times.append(_time(step, 1, clock))
    return statistics.median(times)


def _plan(seconds: float, repeats: int) -> tuple[int, int]:
    """(steps in a timing, timings) for a side whose step takes so many seconds."""
    if seconds > SLOW:
        return 1, min(repeats, max(1, math.floor(SLOW_TOTAL / seconds)))
    return max(1, round(SLICE / seconds)), repeats


def _time(step: Step, count: int, clock: Callable[[], float]) -> float:
    begin = clock()
    for _ in range(count):
        step()
    return clock() - begin


def _pairwise(ours: list[float], theirs: list[float]) -> list[float]:
    """Of the rounds that both took part in."""
    return [our / their for our, their in zip(ours, theirs, strict=False)]
