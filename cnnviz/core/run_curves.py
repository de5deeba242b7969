"""The curves of several runs laid over each other: where each batch lies, and which part is shown.

Runs are comparable by batches, by epochs or by the time that training took; a fork that counts
anew begins where it forked off. Nothing here knows Qt.
"""

import math
from collections.abc import Sequence
from enum import Enum

import numpy as np

from cnnviz.core.curves import TINY, WINDOW
from cnnviz.core.saved_run import Before
from cnnviz.core.scales import Range, kept_within, moved, round_up, zoomed
from cnnviz.core.thinning import Smoother, Values, bucket_means, extremes, without_gaps
from cnnviz.core.timeline import Timeline

NARROWEST = 0.002
"""Share of all x to which zooming goes."""
MARGIN = 1.05
"""Of x, to the right of the longest curve, at least."""


class Across(Enum):
    """What x counts; the value names it."""

    BATCHES = "batch"
    EPOCHS = "epoch"
    SECONDS = "time"


class Height(Enum):
    """What y measures; the value names it."""

    LOSS = "loss"
    TEST_LOSS = "test loss"
    TEST_ACCURACY = "test accuracy"
    TRAINING_ACCURACY = "training accuracy"

    @property
    def is_loss(self) -> bool:
        """Else it is an accuracy, from 0 to 1."""
        return self in (Height.LOSS, Height.TEST_LOSS)

    @property
    def is_tested(self) -> bool:
        """Whether it is known only at the ends of epochs."""
        return self in (Height.TEST_LOSS, Height.TEST_ACCURACY)


LEAST_WIDTH = {Across.BATCHES: 20.0, Across.EPOCHS: 1.0, Across.SECONDS: 1.0}


class RunCurve:
    """One run's curves as it grows: training is smoothed as everywhere, the test set is not."""

    def __init__(self) -> None:
        self.before = Before()
        self.batches_per_epoch = 1
        self._smoothers = {height: Smoother(WINDOW) for height in Height if not height.is_tested}
        self._clock: Values = np.zeros(1)
        self._steps: dict[bool, Values] = {False: np.empty(0), True: np.empty(0)}
        self._values: dict[Height, Values] = {height: np.empty(0) for height in Height}

    def update(self, timeline: Timeline, batches_per_epoch: int, before: Before) -> None:
        """Takes over what was recorded; `before` is what was trained before its first batch."""
        self.before, self.batches_per_epoch = before, batches_per_epoch
        self._clock = np.concatenate([[0.0], np.cumsum(timeline.seconds)])
        tests = [
            (epoch.step, epoch.test_loss, epoch.test_accuracy)
            for epoch in timeline.epochs
            if math.isfinite(epoch.test_loss)
        ]
        rows = np.array(tests, float).reshape(-1, 3)
        self._steps = {False: np.arange(1.0, len(timeline) + 1), True: rows[:, 0]}
        self._values[Height.TEST_LOSS], self._values[Height.TEST_ACCURACY] = rows[:, 1], rows[:, 2]
        for height, column in (
            (Height.LOSS, timeline.losses),
            (Height.TRAINING_ACCURACY, timeline.accuracies),
        ):
            self._values[height] = self._smoothers[height].smooth(without_gaps(column))

    def points(self, height: Height, across: Across) -> tuple[Values, Values]:
        """(x, y) of all that is known, x rising."""
        return self._x(self._steps[height.is_tested], across), self._values[height]

    def end(self, across: Across) -> float:
        """x of the newest batch."""
        return float(self._x(np.array([len(self._clock) - 1.0]), across)[0])

    def _x(self, steps: Values, across: Across) -> Values:
        if across is Across.BATCHES:
            return self.before.batches + steps
        if across is Across.EPOCHS:
            return self.before.epochs + steps / self.batches_per_epoch
        seconds: Values = self.before.seconds + self._clock[steps.astype(int)]
        return seconds

    def shown(
        self, height: Height, across: Across, part: Range, pixels_per_x: float
    ) -> tuple[Values, Values]:
        """(x, y) of what lies in `part`, and one more at either side: at most 2 points a pixel.

        Of training, which is smooth, a mean for every other pixel.
        """
        x, y = self.points(height, across)
        start = max(int(np.searchsorted(x, part[0])) - 1, 0)
        stop = min(int(np.searchsorted(x, part[1], "right")) + 1, len(x))
        if start >= stop:
            return np.empty(0), np.empty(0)
        pixels = max(math.ceil((x[stop - 1] - x[start]) * pixels_per_x), 1)
        if height.is_tested:
            chosen = extremes(y, start, stop, pixels)
            return x[chosen], y[chosen]
        places, means = bucket_means(y, start, stop, -(-pixels // 2))
        if start == places[0] or len(places) == 1:
            return np.interp(places, np.arange(len(x)), x), means
        places, means = np.append(float(start), places), np.append(y[start], means)
        return np.interp(places, np.arange(len(x)), x), means

    def at(self, height: Height, across: Across, x: float) -> tuple[float, float] | None:
        """(x, y) of what is known nearest to `x`; None beyond the run's ends."""
        along, y = self.points(height, across)
        if not len(along):
            return None
        slack = self._x(np.array([1.0]), across)[0] - self._x(np.array([0.0]), across)[0]
        if not along[0] - slack <= x <= max(along[-1], self.end(across)) + slack:
            return None
        right = min(int(np.searchsorted(along, x)), len(along) - 1)
        left = max(right - 1, 0)
        nearest = left if x - along[left] < along[right] - x else right
        return float(along[nearest]), float(y[nearest])


class Overlay:
    """Which part of several curves is shown; y always fits what x shows of them."""

    def __init__(self) -> None:
        self.curves: Sequence[RunCurve] = ()
        self.height, self.across = Height.LOSS, Across.BATCHES
        self.logarithmic = True
        """Whether losses are; accuracies never are."""
        self._x: Range | None = None

    def show(self, curves: Sequence[RunCurve]) -> None:
        """Shows these; where nothing of them is left to see, all of them."""
        self.curves = curves
        if self._x and self._x[0] >= self._whole[1]:
            self.fit()

    def measure(self, height: Height) -> None:
        """Shows something else of the same part."""
        self.height = height

    def count(self, across: Across) -> None:
        """x is counted otherwise, so all is shown again."""
        if across is not self.across:
            self.across = across
            self.fit()

    @property
    def is_logarithmic(self) -> bool:
        """Whether y are decimal logarithms now."""
        return self.logarithmic and self.height.is_loss

    @property
    def following(self) -> bool:
        """Whether all is shown as it grows."""
        return self._x is None

    def fit(self) -> None:
        """Shows all, and follows."""
        self._x = None

    def zoom(self, factor: float, about: float | None = None) -> None:
        """Shows `factor` times as much of x about a place, or the middle."""
        low, high = self.x_range
        factor = max(factor, NARROWEST * self._whole[1] / (high - low))
        self._show(zoomed((low, high), factor, (low + high) / 2 if about is None else about))

    def move(self, share: float) -> None:
        """Moves on by a share of the width."""
        self._show(moved(self.x_range, share))

    def _show(self, wish: Range) -> None:
        wish = kept_within(wish, self._whole)
        self._x = None if wish == self._whole else wish

    @property
    def x_range(self) -> Range:
        """What lies at the left and the right edge."""
        return self._x or self._whole

    @property
    def _whole(self) -> Range:
        """In steps, so that the curves can stand still while one grows."""
        longest = max((curve.end(self.across) for curve in self.curves), default=0.0)
        return 0.0, round_up(max(LEAST_WIDTH[self.across], MARGIN * longest))

    def y_range(self, pixels_per_x: float) -> Range:
        """The heights at the lower and the upper edge, round ones."""
        shown = [self.drawn(curve, pixels_per_x)[1] for curve in self.curves]
        values = np.concatenate([np.empty(0), *shown])
        if not len(values):
            return (-1.0, 1.0) if self.is_logarithmic else (0.0, 1.0)
        low, high = _rounded_out(float(values.min()), float(values.max()))
        if self.is_logarithmic:
            return low, high
        return max(low, 0.0), high if self.height.is_loss else min(high, 1.0)

    def drawn(self, curve: RunCurve, pixels_per_x: float) -> tuple[Values, Values]:
        """(x, height) of one curve, so far as it is shown."""
        x, y = curve.shown(self.height, self.across, self.x_range, pixels_per_x)
        return x, self.heights(y)

    def heights(self, values: Values) -> Values:
        """Values as they lie along y; the logarithm of zero is that of TINY."""
        if not self.is_logarithmic:
            return values
        logarithms: Values = np.log10(np.maximum(values, TINY))
        return logarithms


def _rounded_out(low: float, high: float) -> Range:
    """The range with a little room, on to round numbers."""
    room = 0.04 * (high - low) or 0.05 * abs(high) or 0.5
    step = round_up((high - low + 2 * room) / 12)
    return math.floor((low - room) / step) * step, math.ceil((high + room) / step) * step
