"""What small moving pictures of a layer are drawn from: where its window goes, step by step.

And why a convolution here is called a cross-correlation elsewhere: the same slide with the kernel
as it is, or turned by half a circle. Only that one, true convolution, gives the same whichever of
the two slides over the other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from cnnviz.core.convolution.geometry import Pair
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, MaxPool2D, build_layers
from cnnviz.core.spec import conv2d
from cnnviz.core.workspace import Array

KERNELS: dict[str, Array] = {
    "Shift": np.array([[0, 0, 0], [1, 0, 0], [0, 0, 0]], np.float32),
    "Left edges": np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], np.float32),
    "Upper edges": np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], np.float32),
    "Blur": np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 16,
}
"""To begin with. Turned by half a circle, the first three change and the last does not."""


class Step(NamedTuple):
    """The window at one place, and the output value that is made there."""

    top: int
    left: int
    """Of the window on the map; negative, or beyond its end, in the padding."""
    row: int
    column: int
    """Of the output."""


@dataclass(frozen=True)
class Slide:
    """How a window moves over one map; sizes are (y, x)."""

    size: Pair
    window: Pair
    stride: Pair
    padding: Pair
    output: Pair

    @property
    def steps(self) -> Iterator[Step]:
        """Every place in reading order."""
        return map(self.step, range(self.count))

    @property
    def count(self) -> int:
        """How many steps there are."""
        return self.output[0] * self.output[1]

    def step(self, number: int) -> Step:
        """The step of that number, from 0; raises IndexError if there is none."""
        if not 0 <= number < self.count:
            raise IndexError(f"no step {number} among {self.count}")
        row, column = divmod(number, self.output[1])
        top, left = row * self.stride[0], column * self.stride[1]
        return Step(top - self.padding[0], left - self.padding[1], row, column)


def slide(size: Pair, window: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> Slide:
    """The slide of a window over a map; raises the engine's SpecError where it does not fit."""
    [layer] = build_layers((1, *size), (conv2d(1, window, stride, padding),))
    return slide_of(layer)


def slide_of(layer: Layer) -> Slide:
    """The slide of a convolution's kernel or a pooling's window; raises TypeError for others."""
    size, output = layer.input_shape[-2:], layer.output_shape[-2:]
    match layer:
        case Conv2D():
            window, padding = layer.kernel, layer.padding
        case MaxPool2D():
            window, padding = layer.size, (0, 0)
        case _:
            raise TypeError(f"{layer.name} slides no window")
    return Slide((size[0], size[1]), window, layer.stride, padding, (output[0], output[1]))


def window_at(image: Array, moving: Slide, step: Step) -> Array:
    """What lies under the window, zeros in the padding; float64 of the window's shape."""
    return _part(_padded(image, moving), moving, step)


def correlation(image: Array, kernel: Array, moving: Slide) -> Array:
    """Σ window · kernel at every step: what a convolution layer does (without its bias)."""
    padded = _padded(image, moving)
    values = [np.sum(_part(padded, moving, step) * kernel) for step in moving.steps]
    return np.array(values).reshape(moving.output)


def pooling(image: Array, moving: Slide) -> tuple[Array, list[Pair]]:
    """The greatest value at every step, and where on the map it is first found, (y, x)."""
    values, winners = np.empty(moving.output), []
    for step in moving.steps:
        window = window_at(image, moving, step)
        y, x = divmod(int(window.argmax()), moving.window[1])
        values[step.row, step.column] = window[y, x]
        winners.append((step.top + y, step.left + x))
    return values, winners


@dataclass(frozen=True)
class TwoWays:
    """An image and a kernel, and what each of the two operations makes of them; all float64.

    Outputs are "full": the window also goes where only a corner of it lies on the image, for only
    then can image and kernel change places. With (H, W) and (h, w) they are (H + h − 1, W + w − 1).
    """

    image: Array
    kernel: Array
    flipped: Array
    """The kernel turned by half a circle: rows and columns in reverse."""
    moving: Slide
    correlation: Array
    """The kernel as it is; what deep learning calls a convolution."""
    convolution: Array
    """The kernel flipped; what mathematics calls a convolution."""
    swapped_correlation: Array
    swapped_convolution: Array
    """The image in the kernel's place and the other way round."""

    @property
    def kernel_is_symmetric(self) -> bool:
        """Whether flipping changes nothing, so that both are the same."""
        return np.array_equal(self.kernel, self.flipped)

    @property
    def convolution_commutes(self) -> bool:
        """Whether image and kernel may change places (they may, up to rounding)."""
        return bool(np.allclose(self.convolution, self.swapped_convolution))

    @property
    def correlation_commutes(self) -> bool:
        """The same for correlation; where it does not, one result is the other flipped."""
        return bool(np.allclose(self.correlation, self.swapped_correlation))


def two_ways(image: Array, kernel: Array) -> TwoWays:
    """Correlation and convolution of two small arrays (H, W) and (h, w), in both orders."""
    image, kernel = image.astype(np.float64), kernel.astype(np.float64)
    flipped, moving = kernel[::-1, ::-1], _full(image, kernel)
    swapped = _full(kernel, image)
    return TwoWays(
        image,
        kernel,
        flipped,
        moving,
        correlation(image, kernel, moving),
        correlation(image, flipped, moving),
        correlation(kernel, image, swapped),
        correlation(kernel, image[::-1, ::-1], swapped),
    )


def _full(image: Array, kernel: Array) -> Slide:
    """Every place at which the two touch."""
    height, width = kernel.shape
    return slide(_pair(image.shape), (height, width), padding=(height - 1, width - 1))


def _pair(shape: tuple[int, ...]) -> Pair:
    height, width = shape
    return height, width


def _padded(image: Array, moving: Slide) -> Array:
    y, x = moving.padding
    return np.pad(image.astype(np.float64), ((y, y), (x, x)))


def _part(padded: Array, moving: Slide, step: Step) -> Array:
    (y, x), (height, width) = moving.padding, moving.window
    top, left = step.top + y, step.left + x
    return padded[top : top + height, left : left + width]
