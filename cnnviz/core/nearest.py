"""The nearest value of a layer's field that fits, found by trying; whoever asks is the judge."""

import math
from collections.abc import Callable
from typing import Any

from cnnviz.core.convolution.geometry import Pair
from cnnviz.core.layer_fields import LayerField

Fits = Callable[[Any], bool]


def nearest(field: LayerField, value: Any, fits: Fits) -> Any:
    """The value nearest to `value` that fits, a pair where it was one; None if none was found.

    What is no number, or no pair where only one number can be, begins at the field's default.
    """
    if as_pair(value) is None or (field.kind == "whole" and not isinstance(value, int)):
        value = field.default
    elif isinstance(value, int):
        value = max(value, field.least)
    else:
        value = tuple(max(length, field.least) for length in value)
    if fits(value):
        return value
    if isinstance(value, int):
        return _nearest_whole(field, value, fits)
    return _nearest_pair(field, value, fits)


def _nearest_whole(field: LayerField, value: int, fits: Fits) -> int | None:
    found = [
        number
        for end in (field.least, max(field.most, value))
        if (number := _first_towards(end, value, fits)) is not None
    ]
    return min(found, key=lambda number: abs(number - value), default=None)


def _first_towards(end: int, value: int, fits: Fits) -> int | None:
    """The first number on the way from `value` (which does not fit) to `end` that fits.

    In strides that double, then by halving back: whatever fits, its neighbour fits as well, but
    for the one border that is looked for.
    """
    sign = 1 if end > value else -1
    bad, distance = 0, 1
    while bad < abs(end - value):
        good = min(distance, abs(end - value))
        if fits(value + sign * good):
            while good - bad > 1:
                middle = (good + bad) // 2
                bad, good = (bad, middle) if fits(value + sign * middle) else (middle, good)
            return value + sign * good
        bad, distance = good, 2 * distance
    return None


def _nearest_pair(field: LayerField, pair: Pair, fits: Fits) -> Pair | None:
    """One axis alone if that is enough, else both, each as near to what it was as it can be."""
    y = _nearest_whole(field, pair[0], lambda y: fits((y, pair[1])))
    x = _nearest_whole(field, pair[1], lambda x: fits((pair[0], x)))
    found = [(y, pair[1])] if y is not None else []
    found += [(pair[0], x)] if x is not None else []
    if not found:
        both = [_nearest_whole(field, length, lambda v: fits((v, v))) for length in pair]
        found = [_back_towards(pair, (v, v), fits) for v in both if v is not None]
    return min(found, key=lambda new: math.dist(new, pair), default=None)


def _back_towards(wanted: Pair, pair: Pair, fits: Fits) -> Pair:
    """A pair that fits, each axis moved back to what was wanted as far as it still fits."""
    y = _as_near(wanted[0], pair[0], lambda y: fits((y, pair[1])))
    x = _as_near(wanted[1], pair[1], lambda x: fits((y, x)))
    return y, x


def _as_near(wanted: int, value: int, fits: Fits) -> int:
    """The number nearest to `wanted`, seen from `value`, that fits as `value` does."""
    border = _first_towards(wanted, value, lambda number: not fits(number))
    if border is None:
        return wanted
    return border - 1 if wanted > value else border + 1


def as_pair(value: Any) -> Pair | None:
    """Whole numbers as (y, x); None for anything else."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2 or not all(type(number) is int for number in values):
        return None
    return values
