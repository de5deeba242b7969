"""What the values of one map are like, in a few numbers and a histogram with an edge at zero."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.workspace import Array

BARS_TO_LEVEL = 20
"""Bars from zero to the greatest magnitude."""


class Histogram(NamedTuple):
    """How often values lie between two neighbouring edges; values that are zero are left out.

    Zero is an edge, so a bar is wholly positive or wholly negative.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


class Statistics(NamedTuple):
    """Of the values that are finite numbers; how many there are, and of how many in all."""

    least: float
    greatest: float
    mean: float
    deviation: float
    """The standard deviation."""
    zeros: float
    """The share of the values that are exactly zero, 0 to 1."""
    finite: int
    total: int
    histogram: Histogram


def statistics(values: Array) -> Statistics:
    """What these values are like; 0 everywhere if none is a finite number."""
    flat = values.astype(np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    if not len(finite):
        finite = np.zeros(1)
        return _described(finite, 0, flat.size)
    return _described(finite, finite.size, flat.size)


def _described(finite: NDArray[np.float64], number: int, total: int) -> Statistics:
    return Statistics(
        least=float(finite.min()),
        greatest=float(finite.max()),
        mean=float(finite.mean()),
        deviation=float(finite.std()),
        zeros=float(np.mean(finite == 0)) if number else 0.0,
        finite=number,
        total=total,
        histogram=_histogram(finite),
    )


def _histogram(finite: NDArray[np.float64]) -> Histogram:
    """Bars from the least to the greatest value, both at least reaching zero."""
    level = float(np.abs(finite).max())
    width = level / BARS_TO_LEVEL
    if not width:  # all are zero, or so small that there are no numbers between
        return Histogram(np.zeros(1), np.zeros(0, np.int64))
    first = -int(np.ceil(-min(finite.min(), 0.0) / width))
    last = int(np.ceil(max(finite.max(), 0.0) / width))
    edges = np.arange(first, last + 1, dtype=np.float64) * width
    # What rounding puts beyond the last edge belongs to the last bar.
    places = np.clip(finite[finite != 0], edges[0], edges[-1])
    counts, _ = np.histogram(places, edges)
    return Histogram(edges, counts.astype(np.int64))
