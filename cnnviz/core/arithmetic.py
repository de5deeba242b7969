"""How one value came about, number by number: what the inspector shows and adds up.

Every number is the engine's own: inputs and results are those of an inspection, weights those of
the network that made it. Sums are taken in float32 again, so they may differ from the result in
the last digit, where the engine added in another order.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.activations import Activation
from cnnviz.core.inspection import Inspection
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.workspace import Array, may_diverge


@dataclass(frozen=True)
class Pixel:
    """A value of the image itself: given, not made."""

    place: Place
    result: float


@dataclass(frozen=True)
class Convolution:
    """Z[f, y, x] = b[f] + the sum over c, i, j of

        W[f, c, i, j] · X[c, y·s_y + i − p_y, x·s_x + j − p_x]

    `patch`, `kernel` and `products` are (C, kernel_h, kernel_w); the patch is zero in the padding.
    """

    place: Place
    source: str
    """The layer before, or INPUT."""
    corner: tuple[int, int]
    """Where the patch begins in the input, (y, x); negative in the padding."""
    inside: NDArray[np.bool_]
    """(kernel_h, kernel_w): which of it lies on the input, not in the padding."""
    patch: Array
    kernel: Array
    bias: float
    result: float

    @property
    def products(self) -> Array:
        """Patch times kernel, value by value."""
        return self.patch * self.kernel

    @property
    def channel_sums(self) -> Array:
        """The products of each channel added up, (C,)."""
        sums: Array = self.products.sum(axis=(1, 2))
        return sums

    @property
    def total(self) -> float:
        """All channels and the bias."""
        return float(self.channel_sums.sum() + np.float32(self.bias))


@dataclass(frozen=True)
class Pooling:
    """y = the greatest value of the window, the first if there are several."""

    place: Place
    source: str
    corner: tuple[int, int]
    """Where the window begins in the input, (y, x)."""
    window: Array
    """(size_h, size_w)"""
    winner: tuple[int, int]
    """Where in the window, (y, x)."""
    result: float

    @property
    def total(self) -> float:
        """The winner's value."""
        return float(self.window[self.winner])


@dataclass(frozen=True)
class Activated:
    """a = f(z), one value from one."""

    place: Place
    source: str
    kind: str
    """relu, sigmoid or arctan"""
    value: float
    """z"""
    result: float

    @property
    def total(self) -> float:
        """f(z) once more, in float32."""
        return float(FUNCTIONS[self.kind](np.float32(self.value)))


FUNCTIONS: dict[str, Callable[[np.float32], np.float32]] = {
    "relu": lambda z: np.maximum(z, np.float32(0)),
    "sigmoid": lambda z: np.float32(0.5) * (1 + np.tanh(z * np.float32(0.5))),
    "arctan": lambda z: np.arctan(z),
}


@dataclass(frozen=True)
class Copied:
    """y = x: flattening changes no number, only where it stands."""

    place: Place
    source: str
    origin: tuple[int, ...]
    """Where it stood."""
    result: float

    @property
    def total(self) -> float:
        """The value itself."""
        return self.result


@dataclass(frozen=True)
class Weighted:
    """z[k] = b[k] + sum over i of W[k, i] · x[i]; of the last layer, with its softmax."""

    place: Place
    source: str
    inputs: Array
    weights: Array
    bias: float
    result: float
    softmax: "Softmax | None"

    @property
    def products(self) -> Array:
        """Inputs times weights, (inputs,)."""
        return self.inputs * self.weights

    @property
    def order(self) -> NDArray[np.intp]:
        """The inputs from the largest contribution to the least, whatever its sign."""
        return np.argsort(-np.abs(self.products), kind="stable")

    @property
    def total(self) -> float:
        """All products and the bias."""
        return float(self.products.sum() + np.float32(self.bias))


@dataclass(frozen=True)
class Softmax:
    """p[k] = exp(z[k] − m) / sum over j of exp(z[j] − m), with m the greatest logit."""

    logits: Array
    exponentials: Array
    """exp(z − m), (classes,)"""
    unit: int
    result: float
    """The engine's probability."""

    @property
    def denominator(self) -> float:
        """The sum of all exponentials."""
        return float(self.exponentials.sum())

    @property
    def total(self) -> float:
        """The quotient."""
        return float(self.exponentials[self.unit] / self.exponentials.sum())


Arithmetic = Pixel | Convolution | Pooling | Activated | Copied | Weighted


@may_diverge
def explain(network: Network, inspection: Inspection, place: Place) -> Arithmetic:
    """How the value at `place` came about in `inspection`, which `network` has made.

    Raises KeyError for a layer there is not, IndexError for a place outside of it.
    """
    if place.layer == INPUT:
        return Pixel(place, float(inspection.image[place.index]))
    names = [layer.name for layer in network.layers]
    if place.layer not in names:
        raise KeyError(place.layer)
    position = names.index(place.layer)
    layer, source = network.layers[position], names[position - 1] if position else INPUT
    values = inspection.outputs[source] if position else inspection.image
    result = float(inspection.outputs[place.layer][place.index])
    weights = {
        name.partition(".")[2]: array
        for name, array in network.named_parameters()
        if name.startswith(f"{layer.name}.")
    }
    return _explained(layer, place, source, values, weights, result, network, inspection)


def _explained(
    layer: Layer,
    place: Place,
    source: str,
    values: Array,
    weights: dict[str, Array],
    result: float,
    network: Network,
    inspection: Inspection,
) -> Arithmetic:
    if isinstance(layer, Conv2D):
        return _convolution(layer, place, source, values, weights, result)
    if isinstance(layer, MaxPool2D):
        return _pooling(layer, place, source, values, result)
    if isinstance(layer, Activation):
        return Activated(place, source, layer.kind, float(values[place.index]), result)
    if isinstance(layer, Flatten):
        origin = np.unravel_index(place.index[0], layer.input_shape)
        return Copied(place, source, tuple(int(k) for k in origin), result)
    if not isinstance(layer, Dense):
        raise KeyError(f"{place.layer}: nothing is known of {layer.kind} layers")
    unit = place.index[0]
    last = layer is network.layers[-1]
    return Weighted(
        place,
        source,
        values.copy(),
        weights["weight"][unit].copy(),
        float(weights["bias"][unit]),
        result,
        _softmax(inspection, place) if last else None,
    )


def _convolution(
    layer: Conv2D,
    place: Place,
    source: str,
    values: Array,
    weights: dict[str, Array],
    result: float,
) -> Convolution:
    channel, y, x = place.index
    top, left = y * layer.stride[0] - layer.padding[0], x * layer.stride[1] - layer.padding[1]
    height, width = layer.input_shape[1:]
    rows, columns = top + np.arange(layer.kernel[0]), left + np.arange(layer.kernel[1])
    inside = ((0 <= rows) & (rows < height))[:, np.newaxis] & (0 <= columns) & (columns < width)
    patch = values[:, rows.clip(0, height - 1)][:, :, columns.clip(0, width - 1)] * inside
    patch[:, ~inside] = 0  # also where the value at the edge is no finite number
    return Convolution(
        place,
        source,
        (top, left),
        inside,
        patch,
        weights["weight"][channel].copy(),
        float(weights["bias"][channel]),
        result,
    )


def _pooling(layer: MaxPool2D, place: Place, source: str, values: Array, result: float) -> Pooling:
    channel, y, x = place.index
    top, left = y * layer.stride[0], x * layer.stride[1]
    window = values[channel, top : top + layer.size[0], left : left + layer.size[1]].copy()
    i, j = divmod(int(window.argmax()), window.shape[1])
    return Pooling(place, source, (top, left), window, (i, j), result)


def _softmax(inspection: Inspection, place: Place) -> Softmax:
    logits = inspection.outputs[place.layer]
    exponentials = np.exp(logits - logits.max())
    unit = place.index[0]
    return Softmax(logits, exponentials, unit, float(inspection.probabilities[unit]))
