"""The arithmetic of one value in words: where it is, its formula with the indices of now, as text.

Formulas are those of arithmetic.py with numbers put in for the indices. The text is for copying:
every number in full float32 precision, so that it can be added up elsewhere.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from cnnviz.core.arithmetic import (
    Activated,
    Arithmetic,
    Convolution,
    Copied,
    Pooling,
    Softmax,
    Weighted,
)
from cnnviz.core.layer import Layer
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.workspace import Array

FORMULAS = {"relu": "max(0, {z})", "sigmoid": "1 / (1 + exp(−{z}))", "arctan": "arctan({z})"}
MINUS = "−"
COUNTING = (
    "Layers of a kind are counted from 1. All within a layer is counted from 0, as the indices in "
    "formulas and programs are: map 0 is its first map, x 0, y 0 the corner at the top left."
)
"""How everything here is counted, for whoever wonders at map 0 of Conv 1."""


def where(layers: Sequence[Layer], place: Place) -> str:
    """A place in words: Conv 2 · map 5 · x 12, y 9."""
    label = {layer.name: layer.label for layer in layers}.get(place.layer, "Input")
    if len(place.index) == 1:
        return f"{label} · unit {place.index[0]}"
    channel, y, x = place.index
    what = "channel" if place.layer == INPUT else "map"
    return f"{label} · {what} {channel} · x {x}, y {y}"


def formula(found: Arithmetic) -> str:
    """How this very value is made."""
    at = ", ".join(map(str, found.place.index))
    if isinstance(found, Convolution):
        (top, left), channel = found.corner, found.place.index[0]
        return (
            f"Z[{at}] = b[{channel}] + Σ W[{channel}, c, i, j] · "
            f"X[c, {_number(top)} + i, {_number(left)} + j]"
        )
    if isinstance(found, Pooling):
        (top, left), (height, width) = found.corner, found.window.shape
        rows, columns = f"{top} … {top + height - 1}", f"{left} … {left + width - 1}"
        return f"y[{at}] = max of X[{found.place.index[0]}, {rows}, {columns}]"
    if isinstance(found, Activated):
        return f"a[{at}] = " + FORMULAS[found.kind].format(z=f"z[{at}]")
    if isinstance(found, Copied):
        return f"y[{at}] = X[{', '.join(map(str, found.origin))}]"
    if isinstance(found, Weighted):
        return f"z[{at}] = b[{at}] + Σ W[{at}, i] · x[i]"
    return f"X[{at}] is given: a pixel of the image"


def softmax_formula(softmax: Softmax) -> str:
    """The probability of one class."""
    return f"p[{softmax.unit}] = exp(z[{softmax.unit}] − m) / Σ exp(z[j] − m),  m = max z"


def as_text(layers: Sequence[Layer], found: Arithmetic) -> str:
    """All of it, to be copied."""
    lines = [where(layers, found.place), formula(found), *_numbers(found), ""]
    return "\n".join(lines)


def _numbers(found: Arithmetic) -> Iterator[str]:
    if isinstance(found, Convolution):
        yield from _convolution(found)
    elif isinstance(found, Pooling):
        yield "window"
        yield from _rows(found.window)
        y, x = (first + k for first, k in zip(found.corner, found.winner, strict=True))
        yield f"maximum at y {y}, x {x}"
        yield f"result {found.result!r}"
    elif isinstance(found, Activated):
        yield f"z {found.value!r}"
        yield f"result {found.result!r}"
    elif isinstance(found, Weighted):
        yield from _weighted(found)
    else:
        yield f"result {found.result!r}"


def _convolution(found: Convolution) -> Iterator[str]:
    for channel, total in enumerate(found.channel_sums):
        yield f"channel {channel}: input patch"
        yield from _rows(found.patch[channel])
        yield f"channel {channel}: kernel"
        yield from _rows(found.kernel[channel])
        yield f"channel {channel}: products, sum {float(total)!r}"
        yield from _rows(found.products[channel])
    yield f"sum of {len(found.patch)} channels {float(found.channel_sums.sum())!r}"
    yield f"bias {found.bias!r}"
    yield f"result {found.result!r}"


def _weighted(found: Weighted) -> Iterator[str]:
    yield "input\tx\tweight\tproduct"
    for k in found.order:
        x, weight, product = (
            float(values[k]) for values in (found.inputs, found.weights, found.products)
        )
        yield f"{k}\t{x!r}\t{weight!r}\t{product!r}"
    yield f"sum of {len(found.inputs)} products {float(found.products.sum())!r}"
    yield f"bias {found.bias!r}"
    yield f"result {found.result!r}"
    if found.softmax:
        yield softmax_formula(found.softmax)
        yield "class\tz\texp(z − m)"
        softmax = found.softmax
        for k, (logit, exponential) in enumerate(
            zip(softmax.logits, softmax.exponentials, strict=True)
        ):
            yield f"{k}\t{float(logit)!r}\t{float(exponential)!r}"
        yield f"sum {softmax.denominator!r}"
        yield f"probability {softmax.result!r}"


def _rows(values: Array) -> Iterator[str]:
    for row in np.atleast_2d(values):
        yield "\t".join(repr(float(value)) for value in row)


def _number(value: int) -> str:
    return str(value).replace("-", MINUS)
