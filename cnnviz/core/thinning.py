"""A long curve for a small screen: smoothed, and thinned to about two points a pixel.

Nothing here knows Qt: a curve is an array, a screen is a number of pixels.
"""

import math
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Indices = NDArray[np.intp]


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
