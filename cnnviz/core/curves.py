"""What a view of the loss draws: the curves of a run, and which part of them is shown."""

import math

import numpy as np

from cnnviz.core.scales import Number, Range, kept_within, moved, round_up, zoomed
from cnnviz.core.thinning import Smoother, Values, bucket_means, extremes, without_gaps
from cnnviz.core.timeline import EpochResult, Timeline

WINDOW = 20
"""Batches that the smoothed loss averages over."""
FEWEST_BATCHES = 20
"""Following shows room for as many at least; zooming goes on to half of them."""
DEEPEST = 0.02
"""Share of the fitting heights to which zooming goes: labels of three digits still differ."""
TINY = 1e-8
"""What the logarithm takes for a loss of zero: about the least that float32 tells from it."""


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
