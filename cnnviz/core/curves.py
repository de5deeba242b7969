"""A long curve on a small screen: smoothed, thinned, cut to what is shown, marked at round numbers.

`LossCurves` is what a view of the loss draws; the functions below it are its arithmetic. Nothing
here knows Qt: a curve is an array, a screen is a number of pixels.
"""

import math
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.timeline import EpochResult, Timeline

Values = NDArray[np.float64]
Indices = NDArray[np.intp]
Range = tuple[float, float]
Number = TypeVar("Number", float, Values)

WINDOW = 20
"""Batches that the smoothed loss averages over."""
FEWEST_BATCHES = 20
"""Following shows room for as many at least; zooming goes on to half of them."""
DEEPEST = 0.02
"""Share of the fitting heights to which zooming goes: labels of three digits still differ."""
TINY = 1e-8
"""What the logarithm takes for a loss of zero: about the least that float32 tells from it."""
ROUND_STEPS = (1.0, 1.25, 1.6, 2.0, 2.5, 3.2, 4.0, 5.0, 6.4, 8.0)
"""From a power of ten to the next, each about a quarter more than the one before."""
ACCURACY_FLOORS = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)


class LossCurves:
    """The losses of a run and which part of them is shown: all as they grow, or where one zoomed.

    x are batches, from 1; y are losses, or their decimal logarithms. A range that follows is None:
    x then shows all of history, y what x shows of it.
    """

    def __init__(self) -> None:
        self.losses: Values = np.empty(0)
        self.smoothed: Values = np.empty(0)
        self.tests: Values = np.empty((0, 3))
        """A row per epoch: the batch it ends at, the test set's loss (or NaN) and accuracy."""
        self.logarithmic = True
        self._smoother = Smoother(WINDOW)
        self._epochs: list[EpochResult] = []
        self._x: Range | None = None
        self._y: Range | None = None

    def update(self, timeline: Timeline) -> None:
        """Takes over what was recorded; where nothing is left to see, it follows again."""
        self.losses = without_gaps(timeline.losses)
        self.smoothed = self._smoother.smooth(self.losses)
        self._take_epochs(timeline.epochs)
        if self._x and self._x[0] >= len(self.losses):
            self.fit()

    def _take_epochs(self, epochs: list[EpochResult]) -> None:
        """Adds those that are new; a history that was cut has another list."""
        if epochs is not self._epochs or len(epochs) < len(self.tests):
            self._epochs, self.tests = epochs, np.empty((0, 3))
        fresh = epochs[len(self.tests) :]
        if fresh:
            rows = [(epoch.step, epoch.test_loss, epoch.test_accuracy) for epoch in fresh]
            self.tests = np.concatenate([self.tests, rows])

    # Which part is shown.

    @property
    def following(self) -> bool:
        """Whether all of history is shown as it grows."""
        return self._x is None and self._y is None

    @property
    def following_y(self) -> bool:
        """Whether the heights fit what x shows."""
        return self._y is None

    @property
    def x_range(self) -> Range:
        """The batches at the left and the right edge."""
        return self._x or (0.0, self._whole_width())

    @property
    def y_range(self) -> Range:
        """The heights at the lower and the upper edge."""
        return self._y or self._fitting_y()

    def fit(self) -> None:
        """Follows training again."""
        self._x = self._y = None

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Whether heights are logarithms; heights chosen before mean nothing then."""
        self.logarithmic = logarithmic
        self._y = None

    def show_x(self, wish: Range) -> None:
        """Shows these batches; if that is all of them, it follows."""
        whole = (0.0, self._whole_width())
        wish = kept_within(wish, whole)
        self._x = None if wish == whole else wish

    def zoom_x(self, factor: float, about: float | None = None) -> None:
        """Shows `factor` times as many batches about a batch, or the middle."""
        low, high = self.x_range
        factor = max(factor, FEWEST_BATCHES / 2 / (high - low))
        self.show_x(zoomed((low, high), factor, (low + high) / 2 if about is None else about))

    def zoom_y(self, factor: float, about: float) -> None:
        """Shows `factor` times as much of y about a height."""
        low, high = self.y_range
        fitting = self._fitting_y()
        factor = max(factor, DEEPEST * (fitting[1] - fitting[0]) / (high - low))
        self._show_y(zoomed((low, high), factor, about))

    def move(self, x: float, y: float) -> None:
        """Moves on by a share of the width and of the height."""
        if y:
            self._show_y(moved(self.y_range, y))
        self.show_x(moved(self.x_range, x))

    def _show_y(self, wish: Range) -> None:
        """Shows these heights, so far as they are near those that fit: nobody gets lost."""
        low, high = self._fitting_y()
        self._y = kept_within(wish, (2 * low - high, 2 * high - low))

    def _whole_width(self) -> float:
        """All batches and room for more; it grows in steps, so that the curve can stand still."""
        return round_up(max(FEWEST_BATCHES, 1.1 * len(self.losses)))

    def _fitting_y(self) -> Range:
        """All of the smooth curves, nearly all of the raw one, and on to a round number."""
        start, stop = self._visible()
        if start == stop:
            return (-1.0, 1.0) if self.logarithmic else (0.0, 1.0)
        some = slice(start, stop, 1 + (stop - start) // 2000)
        tested = self.tested()[:, 1]
        smooth = np.concatenate([self.smoothed[some], tested[np.isfinite(tested)]])
        ordered = np.sort(self.losses[some])
        lowest, highest = ordered[len(ordered) // 100], ordered[-1 - len(ordered) // 200]
        low = self.heights(float(min(lowest, smooth.min())))
        high = self.heights(float(max(highest, smooth.max())))
        if not self.logarithmic:
            return 0.0, round_up(max(1.05 * high, TINY))
        high = math.ceil(5 * high + 0.1) / 5
        return min(math.floor(5 * low - 0.1) / 5, high - 1), high

    def _visible(self) -> tuple[int, int]:
        """The first index that x shows and the one after the last, with some to spare."""
        low, high = self.x_range
        count = len(self.losses)
        return min(max(0, math.floor(low) - 2), count), min(math.ceil(high) + 1, count)

    # What is drawn of it: finite, and at most about two points a pixel.

    def heights(self, losses: Number) -> Number:
        """Losses as they lie along y; the logarithm of zero and less is that of TINY."""
        if not self.logarithmic:
            return losses
        logarithms: Number = np.log10(np.maximum(losses, TINY))
        return logarithms

    def raw_curve(self, pixels: int) -> tuple[Values, Values]:
        """(x, y) of every batch, so far as `pixels` can show it."""
        chosen = extremes(self.losses, *self._visible(), pixels)
        return chosen.astype(float) + 1, self.heights(self.losses[chosen])

    def smoothed_curve(self, pixels: int) -> tuple[Values, Values]:
        """(x, y) of the smoothed loss, up to the newest batch that is shown."""
        places, losses = bucket_means(self.smoothed, *self._visible(), pixels)
        return places + 1.0, self.heights(losses)

    def test_curve(self, pixels: int) -> tuple[Values, Values]:
        """(x, y) of the test loss after each epoch, so far as it is a number."""
        x, losses, _ = self.tested().T
        x, losses = x[np.isfinite(losses)], losses[np.isfinite(losses)]
        chosen = extremes(losses, 0, len(losses), pixels)
        return x[chosen], self.heights(losses[chosen])

    def tested(self) -> Values:
        """The rows of `tests` whose epochs end in what x shows."""
        low, high = self.x_range
        return self.tests[(self.tests[:, 0] >= low) & (self.tests[:, 0] <= high)]


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


class Smoother:
    """An exponentially weighted mean over about `window` values, of a history that grows.

    The weights of the values so far add up to 1 (Adam's bias correction), so the mean starts at the
    first value and not at zero. Only what is new, or has changed, is computed.
    """

    def __init__(self, window: int) -> None:
        self.decay = 1 - 1 / window
        self._seen: Values = np.empty(0)
        self._biased: Values = np.empty(0)
        self._means: Values = np.empty(0)

    def smooth(self, values: Values) -> Values:
        """The mean at each of `values`, finite ones: those of the last call, and more or fewer."""
        kept = _common_length(self._seen, values)
        biased: Values = np.empty(0)
        if kept < len(values):
            before = float(self._biased[kept - 1]) if kept else 0.0
            biased = _decaying_sums(values[kept:], before, self.decay)
        elif kept == len(self._seen):
            return self._means
        counts = np.arange(kept + 1, len(values) + 1)
        means = biased / (1 - self.decay**counts)
        self._seen = values.copy()
        self._biased = np.concatenate([self._biased[:kept], biased])
        self._means = np.concatenate([self._means[:kept], means])
        return self._means


def _decaying_sums(values: Values, before: float, decay: float) -> Values:
    """sum ← decay · sum + (1 − decay) · value, value by value.

    scipy.signal.lfilter does the same, but importing it would make the window a second late.
    """
    share = 1 - decay
    sums = accumulate(
        values.tolist(), lambda sum_, value: decay * sum_ + share * value, initial=before
    )
    return np.fromiter(sums, float, len(values) + 1)[1:]


def without_gaps(values: Values) -> Values:
    """`values`, where each that is not finite is replaced by the last finite one, at first by 0."""
    finite = np.isfinite(values)
    if finite.all():
        return values
    last = np.maximum.accumulate(np.where(finite, np.arange(len(values)), -1))
    return np.where(last < 0, 0.0, values[last])


def extremes(values: Values, start: int, stop: int, pixels: int) -> Indices:
    """Indices from `start` to `stop` that look like all of them: about two a pixel, in order.

    Of each pixel's values the least and the greatest stay, so no spike is lost. Buckets begin at
    multiples of their size: the picture stands still while the curve grows or is moved.
    """
    size = _bucket_size(stop - start, pixels)
    if size <= 2:
        return np.arange(start, stop)
    first, last = -(-start // size), stop // size
    if first >= last:
        return _least_and_greatest(values, start, stop)
    rows = values[first * size : last * size].reshape(-1, size)
    pairs = np.sort(np.stack([rows.argmin(axis=1), rows.argmax(axis=1)], axis=1), axis=1)
    middle = pairs + size * np.arange(first, last)[:, None]
    before = _least_and_greatest(values, start, first * size)
    after = _least_and_greatest(values, last * size, stop)
    return np.concatenate([before, middle.ravel(), after])


def bucket_means(values: Values, start: int, stop: int, pixels: int) -> tuple[Values, Values]:
    """Mean places and means of the values that share a pixel, and the last value: (x, y)."""
    size = _bucket_size(stop - start, pixels)
    if size == 1:
        return np.arange(float(start), stop), values[start:stop]
    first, last = -(-start // size), (stop - 1) // size
    rows = values[first * size : last * size].reshape(-1, size)
    places = size * np.arange(first, last) + (size - 1) / 2
    return np.append(places, stop - 1.0), np.append(rows.mean(axis=1), values[stop - 1])


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


def _bucket_size(count: int, pixels: int) -> int:
    """How many values share a pixel, at least 1."""
    return max(1, math.ceil(count / max(1, pixels)))


def _common_length(first: Values, second: Values) -> int:
    """How many values at the beginning are the same."""
    count = min(len(first), len(second))
    differ = first[:count] != second[:count]
    return int(differ.argmax()) if differ.any() else count


def _least_and_greatest(values: Values, start: int, stop: int) -> Indices:
    """The two indices in order; none if `stop` is `start`."""
    if start >= stop:
        return np.empty(0, np.intp)
    part = values[start:stop]
    return np.sort(np.array([start + part.argmin(), start + part.argmax()]))
