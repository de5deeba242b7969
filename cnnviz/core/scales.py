"""A scale beside a curve: which numbers lie on which pixels, zoomed or moved, with round marks."""

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from cnnviz.core.thinning import Indices, Values

Range = tuple[float, float]
Number = TypeVar("Number", float, Values)

ROUND_STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.4, 8.0)
"""From a power of ten to the next, each about a quarter more than the one before."""
ACCURACY_FLOORS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)


@dataclass(frozen=True)
class Scale:
    """Maps the range from `low` to `high` to the pixels from `start` to `end`, and back."""

    low: float
    high: float
    start: float
    end: float

    @property
    def pixels_per_unit(self) -> float:
        """Below zero if pixels run the other way."""
        return (self.end - self.start) / (self.high - self.low)

    def pixel(self, value: Number) -> Number:
        """Where `value` lies."""
        return self.start + (value - self.low) * self.pixels_per_unit

    def value(self, pixel: float) -> float:
        """What lies there."""
        return self.low + (pixel - self.start) / self.pixels_per_unit


def moved(old: Range, share: float) -> Range:
    """The range moved on by a share of its width."""
    way = share * (old[1] - old[0])
    return old[0] + way, old[1] + way


def zoomed(old: Range, factor: float, about: float) -> Range:
    """The range `factor` times as wide, where `about` stays in its place."""
    return about + (old[0] - about) * factor, about + (old[1] - about) * factor


def kept_within(wish: Range, bounds: Range) -> Range:
    """The range moved, and if need be narrowed, to lie within `bounds`."""
    width = min(wish[1] - wish[0], bounds[1] - bounds[0])
    low = max(bounds[0], min(wish[0], bounds[1] - width))
    return low, low + width


def round_up(value: float) -> float:
    """The first round number not below the positive `value`, a quarter more at most."""
    power = 10.0 ** math.floor(math.log10(value))
    for step in ROUND_STEPS:
        if step * power >= value * (1 - 1e-9):
            return step * power
    return 10 * power


def round_stride(least: float) -> int:
    """The first of 1, 2, 5, 10, 20, 50, … not below `least`."""
    stride = 1
    while stride < least:
        stride = stride * 5 // 2 if str(stride)[0] == "2" else stride * 2
    return stride


def linear_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """About `most` multiples of 1, 2 or 5 times a power of ten, from `low` to `high`."""
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * share for share in (1, 2, 5, 10) if power * share >= rough * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [count * step for count in range(first, last + 1)]


def log_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round values whose logarithms lie from `low` to `high`: powers of ten where they suffice."""
    powers = range(math.floor(low), math.ceil(high) + 1)
    stride = max(1, math.ceil(len(powers) / most))
    for shares in ((1,), (1, 3), (1, 2, 5)):
        exponents = [power for power in powers if power % stride == 0]
        ticks = [share * 10.0**power for power in exponents for share in shares]
        ticks = [tick for tick in ticks if low <= math.log10(tick) <= high]
        if len(ticks) >= 3:
            return ticks
    return linear_ticks(10**low, 10**high, most)


def batch_ticks(shown: Range, per_epoch: int, least: float) -> list[int]:
    """Round places `least` batches apart: the ends of epochs, or batches within one as well."""
    stride = round_stride(least / per_epoch)
    first, last = math.floor(shown[0] / per_epoch), math.ceil(shown[1] / per_epoch)
    ends = range(max(1, -(-first // stride)) * stride, last + 1, stride)
    ticks = [epoch * per_epoch for epoch in ends]
    step = round_stride(least)
    if stride == 1:
        for epoch in range(first, last):
            inner = range(step, per_epoch - int(0.7 * least), step)
            ticks += [epoch * per_epoch + batch for batch in inner]
    return sorted(tick for tick in ticks if shown[0] <= tick <= shown[1])


def round_epochs(ends: Values, per_epoch: int, least: float, newest: float) -> Indices:
    """Which of the epochs to label, `least` batches apart: round ones, and the newest of all."""
    stride = per_epoch * round_stride(least / per_epoch)
    round_ones = (ends % stride == 0) & (ends <= newest - least)
    return np.flatnonzero(round_ones | (ends == newest))


def accuracy_floor(shares: Values) -> float:
    """Where a scale to 1 begins that has these accuracies in its upper half, if it can be."""
    lowest = 2 * shares.min() - 1
    return max(floor for floor in ACCURACY_FLOORS if floor <= max(lowest, 0))


def short(value: float) -> str:
    """A number with three digits that count: 2.3, 0.0312, 0.0000171."""
    if not 1e-9 < abs(value) < 1e6:
        return f"{value:.3g}"
    return np.format_float_positional(value, precision=3, fractional=False, trim="-")


def percent(share: float, digits: int = 1) -> str:
    """A share of 1 as 98.1 %, with a thin space; a dash if it is none; no 100 % for what is less.

    Every accuracy and probability is written by this, so that no two places differ.
    """
    if not math.isfinite(share):
        return "–"
    text = f"{100 * share:.{digits}f}"
    if text == f"{100:.{digits}f}" and share < 1:
        text = f">\u2009{100 - 10.0**-digits:.{digits}f}"
    return f"{text}\u2009%"
