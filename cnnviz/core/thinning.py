"""A long curve for a small screen: smoothed, and thinned to about two points a pixel.

Nothing here knows Qt: a curve is an array, a screen is a number of pixels.
"""

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]


class Smoother:
    """The mean of the last `window` values, or of as many as there are, of a history that grows.

    A plain mean forgets: an exponentially weighted one still falls, straight in logarithms, long
    after a loss has fallen by decades. Only what is new, or has changed, is computed.
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self._seen: Values = np.empty(0)
        self._means: Values = np.empty(0)

    def smooth(self, values: Values) -> Values:
        """The mean at each of `values`, finite ones: those of the last call, and more or fewer."""
        kept = _common_length(self._seen, values)
        if kept < max(len(values), len(self._seen)):
            self._means = np.concatenate([self._means[:kept], self._from(kept, values)])
            self._seen = values.copy()
        return self._means

    def _from(self, start: int, values: Values) -> Values:
        """The means at `start` and after it."""
        full = self.window - 1  # the first place with a whole window before it
        begin = values[:full]
        growing = np.cumsum(begin) / np.arange(1, len(begin) + 1)
        recent = values[max(start - full, 0) :]
        whole = sliding_window_view(recent, self.window) if len(recent) > full else recent[:0, None]
        return np.concatenate([growing[start:], whole.mean(axis=1)])


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
