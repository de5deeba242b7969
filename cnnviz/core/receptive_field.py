"""Which values of every earlier layer one value depends on: its receptive field, exactly.

A layer ties the rows of its output to rows of its input and columns to columns, whatever the
channel. So what a value sees of a layer is a product: some channels × some rows × some columns.
Where strides are longer than kernels the rows have gaps, so they are kept as numbers, not as ends.
Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.workspace import Array

INPUT = "input"
"""What the image is called where layers are named."""
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Place:
    """One value: of which layer's output (or of INPUT), and where, (channel, y, x) or (unit,)."""

    layer: str
    index: tuple[int, ...]


@dataclass(frozen=True)
class Field:
    """Some values of one layer's output: the product of `axes`, increasing indices along each.

    Three axes (channels, rows, columns) for maps, one for units.
    """

    axes: tuple[Indices, ...]

    def __contains__(self, index: tuple[int, ...]) -> bool:
        return all(place in axis for place, axis in zip(index, self.axes, strict=True))

    @property
    def size(self) -> int:
        """How many values there are."""
        return int(np.prod([len(axis) for axis in self.axes]))

    @property
    def mesh(self) -> tuple[Indices, ...]:
        """For indexing: `values[field.mesh]` are the values, in the field's shape."""
        return np.ix_(*self.axes)


def receptive_field(layers: Sequence[Layer], place: Place) -> dict[str, Field]:
    """What the value at `place` depends on, for its own layer and every one before, last INPUT.

    Raises KeyError for a layer there is not, IndexError for a place outside of it.
    """
    names = [layer.name for layer in layers]
    if place.layer == INPUT:
        shape, position = layers[0].input_shape, -1
    elif place.layer in names:
        position = names.index(place.layer)
        shape = layers[position].output_shape
    else:
        raise KeyError(place.layer)
    check_inside(place.layer, shape, place.index)
    field = Field(tuple(np.array([k], np.intp) for k in place.index))
    fields = {place.layer: field}
    for k in range(position, -1, -1):
        field = seen_by(layers[k], field)
        fields[names[k - 1] if k else INPUT] = field
    return fields


def check_inside(what: str, shape: tuple[int, ...], index: tuple[int, ...]) -> None:
    """Raises IndexError unless `index` is one in `shape`, counted from the front."""
    if len(index) != len(shape) or not all(
        0 <= k < length for k, length in zip(index, shape, strict=True)
    ):
        raise IndexError(f"{what} {shape} has no value {index}")


def seen_by(layer: Layer, field: Field) -> Field:
    """What `field` of the layer's output depends on in its input."""
    if isinstance(layer, Dense):
        return Field((np.arange(layer.input_shape[0]),))
    if isinstance(layer, Flatten):
        places = np.unravel_index(field.axes[0], layer.input_shape)
        return Field(tuple(np.unique(axis) for axis in places))
    if isinstance(layer, Conv2D):
        channels = np.arange(layer.input_shape[0])
        return Field((channels, *_under(layer, layer.kernel, layer.padding, field)))
    if isinstance(layer, MaxPool2D):
        return Field((field.axes[0], *_under(layer, layer.size, (0, 0), field)))
    return field


def field_sizes(layers: Sequence[Layer]) -> list[tuple[int, int]]:
    """How many rows and columns of the image one value of each layer's output sees, (y, x).

    By the formula r' = r + (k − 1)·j, where j is how far apart neighbours' fields lie: for a value
    whose field no edge cuts off, gaps counted in. After a dense layer it is the whole image.
    """
    sizes: list[tuple[int, int]] = []
    size, jump = (1, 1), (1, 1)
    for layer in layers:
        if isinstance(layer, Dense):
            size = _image_size(layers)
        elif isinstance(layer, Conv2D | MaxPool2D):
            window = layer.kernel if isinstance(layer, Conv2D) else layer.size
            size = (size[0] + (window[0] - 1) * jump[0], size[1] + (window[1] - 1) * jump[1])
            jump = (jump[0] * layer.stride[0], jump[1] * layer.stride[1])
        sizes.append(size)
    return sizes


def _image_size(layers: Sequence[Layer]) -> tuple[int, int]:
    height, width = layers[0].input_shape[-2:]
    return height, width


def _under(
    layer: Conv2D | MaxPool2D, window: tuple[int, int], padding: tuple[int, int], field: Field
) -> list[Indices]:
    """Rows and columns of the input that the windows of these outputs cover, padding left out."""
    covered = []
    for axis in (0, 1):
        first = field.axes[1 + axis] * layer.stride[axis] - padding[axis]
        places = np.unique(first[:, np.newaxis] + np.arange(window[axis]))
        length = layer.input_shape[1 + axis]
        covered.append(places[(0 <= places) & (places < length)])
    return covered


def winners(layer: MaxPool2D, inputs: Array, field: Field) -> NDArray[np.intp]:
    """The first greatest value of each window, (values, 3): where (channel, y, x) in `inputs`.

    `inputs` are the layer's maps (C, H, W), `field` says which outputs.
    """
    places = []
    for channel in field.axes[0]:
        for y in field.axes[1] * layer.stride[0]:
            for x in field.axes[2] * layer.stride[1]:
                window = inputs[channel, y : y + layer.size[0], x : x + layer.size[1]]
                i, j = divmod(int(window.argmax()), window.shape[1])
                places.append((channel, y + i, x + j))
    return np.array(places, np.intp).reshape(-1, 3)
