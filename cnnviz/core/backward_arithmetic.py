"""How one gradient by a value came about, number by number: the way back's arithmetic.

The twin of arithmetic.py; that of weights is in parameter_arithmetic.py. Every number is the
engine's own, out of a dissection (microscope.py). Sums are taken again in float64, so they differ
from the result by no more than the engine rounded: about 1e-7 of what was added up.

Sources: Goodfellow, Bengio and Courville, "Deep Learning" (2016), sections 6.5 and 9.5; for
convolutions Dumoulin and Visin (2016).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.activations import Activation
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.microscope import Dissection
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import INPUT, Place, check_inside
from cnnviz.core.workspace import Array, may_diverge

Doubles = NDArray[np.float64]


@dataclass(frozen=True)
class ThroughLoss:
    """dL/dz[k] = (p[k] − y[k]) / N: softmax and the loss in one, for one image of a batch of N."""

    place: Place
    probability: float
    target: int
    """y: 1 for the class of the image, 0 for all others."""
    count: int
    """N"""
    result: float

    @property
    def total(self) -> float:
        """The quotient once more."""
        return (self.probability - self.target) / self.count


@dataclass(frozen=True, eq=False)
class ThroughConvolution:
    """dL/dX[c, r, q] = the sum over f, i, j of W[f, c, i, j] · G[f, y, x]

    where kernel place (i, j) lay on (r, q) for the output at (y, x): r = y·s_y + i − p_y. Both
    arrays are (filters, kernel_h, kernel_w).
    """

    place: Place
    through: str
    """The layer that hands the gradient back."""
    kernel: Array
    gradient: Array
    """G where each kernel place met the value; zero where it never did."""
    met: NDArray[np.bool_]
    """(kernel_h, kernel_w): whether it did."""
    outputs: NDArray[np.intp]
    """(kernel_h, kernel_w, 2): at which output (y, x); meaningless where it did not."""
    result: float

    @property
    def products(self) -> Doubles:
        """Kernel times gradient, value by value."""
        return self.kernel.astype(np.float64) * self.gradient

    @property
    def filter_sums(self) -> Doubles:
        """The products of each filter added up, (filters,)."""
        sums: Doubles = self.products.sum(axis=(1, 2))
        return sums

    @property
    def total(self) -> float:
        """All filters."""
        return float(self.filter_sums.sum())


class Window(NamedTuple):
    """A pooling window that holds the value: its output (y, x), and who wins it, (y, x)."""

    output: tuple[int, int]
    winner: tuple[int, int]
    gradient: float
    won: bool
    """Whether the value is the winner, to whom all of the gradient goes."""


@dataclass(frozen=True)
class ThroughPooling:
    """dL/dx = the sum of the gradients of those windows that x has won; 0 if it has won none."""

    place: Place
    through: str
    windows: tuple[Window, ...]
    result: float

    @property
    def total(self) -> float:
        """What was won."""
        return sum(window.gradient for window in self.windows if window.won)


@dataclass(frozen=True)
class ThroughActivation:
    """dL/dz = dL/da · f'(z), one value from one."""

    place: Place
    through: str
    kind: str
    """relu, sigmoid or arctan"""
    value: float
    """z"""
    activated: float
    """a = f(z)"""
    slope: float
    gradient: float
    """dL/da"""
    result: float

    @property
    def blocked(self) -> bool:
        """Whether a ReLU lets nothing pass."""
        return self.kind == "relu" and self.slope == 0

    @property
    def total(self) -> float:
        """The product."""
        return self.gradient * self.slope


@dataclass(frozen=True)
class ThroughFlatten:
    """The gradient is that of the same number where flattening put it."""

    place: Place
    through: str
    unit: int
    result: float

    @property
    def total(self) -> float:
        """The gradient itself."""
        return self.result


@dataclass(frozen=True, eq=False)
class ThroughDense:
    """dL/dx[i] = the sum over k of W[k, i] · dL/dy[k]; both arrays are (units,)."""

    place: Place
    through: str
    weights: Array
    gradient: Array
    result: float

    @property
    def products(self) -> Doubles:
        """Weights times gradients."""
        return self.weights.astype(np.float64) * self.gradient

    @property
    def order(self) -> NDArray[np.intp]:
        """The units from the largest contribution to the least, whatever its sign."""
        return np.argsort(-np.abs(self.products), kind="stable")

    @property
    def total(self) -> float:
        """All products."""
        return float(self.products.sum())


ValueGradient = (
    ThroughLoss
    | ThroughConvolution
    | ThroughPooling
    | ThroughActivation
    | ThroughFlatten
    | ThroughDense
)


@may_diverge
def explain_gradient(dissection: Dissection, image: int, place: Place) -> ValueGradient:
    """How the gradient by the value at `place` of this image (0 to N − 1) came about.

    Raises KeyError for a layer there is not, IndexError for a place outside of it.
    """
    network = dissection.network()
    names = [INPUT, *(layer.name for layer in network.layers)]
    if place.layer not in names:
        raise KeyError(place.layer)
    position = names.index(place.layer)
    check_inside(place.layer, dissection.gradients[place.layer].shape, (image, *place.index))
    result = float(dissection.gradients[place.layer][image][place.index])
    if position == len(network.layers):
        return ThroughLoss(
            place,
            float(dissection.probabilities[image][place.index]),
            int(dissection.labels[image] == place.index[0]),
            len(dissection.labels),
            result,
        )
    return _through(network, network.layers[position], dissection, image, place, result)


def _through(
    network: Network,
    layer: Layer,
    dissection: Dissection,
    image: int,
    place: Place,
    result: float,
) -> ValueGradient:
    gradient = dissection.gradients[layer.name][image]
    values = dissection.outputs[place.layer][image]
    if isinstance(layer, Conv2D):
        weight = _parameters(network)[f"{layer.name}.weight"]
        return _through_convolution(layer, place, weight, gradient, result)
    if isinstance(layer, MaxPool2D):
        return _through_pooling(layer, place, values, gradient, result)
    if isinstance(layer, Activation):
        return _through_activation(
            layer, place, values, dissection.outputs[layer.name][image], gradient, result
        )
    if isinstance(layer, Flatten):
        unit = int(np.ravel_multi_index(place.index, layer.input_shape))
        return ThroughFlatten(place, layer.name, unit, result)
    if not isinstance(layer, Dense):
        raise KeyError(f"{layer.name}: nothing is known of {layer.kind} layers")
    column = _parameters(network)[f"{layer.name}.weight"][:, place.index[0]]
    return ThroughDense(place, layer.name, column.copy(), gradient.copy(), result)


def _through_convolution(
    layer: Conv2D, place: Place, weight: Array, gradient: Array, result: float
) -> ThroughConvolution:
    channel, *position = place.index
    reached, hits = [], []
    for axis in (0, 1):
        # Kernel place i lay here for the output y with y·s = r + p − i, if there is such a y.
        distance = position[axis] + layer.padding[axis] - np.arange(layer.kernel[axis])
        output, rest = np.divmod(distance, layer.stride[axis])
        reached.append(output)
        hits.append((rest == 0) & (0 <= output) & (output < layer.output_shape[1 + axis]))
    met = hits[0][:, np.newaxis] & hits[1]
    rows = reached[0].clip(0, layer.output_shape[1] - 1)
    columns = reached[1].clip(0, layer.output_shape[2] - 1)
    return ThroughConvolution(
        place,
        layer.name,
        weight[:, channel].copy(),
        np.where(met, gradient[:, rows][:, :, columns], np.float32(0)),
        met,
        np.stack(np.meshgrid(*reached, indexing="ij"), axis=-1),
        result,
    )


def _through_pooling(
    layer: MaxPool2D, place: Place, values: Array, gradient: Array, result: float
) -> ThroughPooling:
    channel, y, x = place.index
    windows = []
    for row in _windows_over(layer, 0, y):
        for column in _windows_over(layer, 1, x):
            top, left = row * layer.stride[0], column * layer.stride[1]
            window = values[channel, top : top + layer.size[0], left : left + layer.size[1]]
            i, j = divmod(int(window.argmax()), window.shape[1])
            winner = (top + i, left + j)
            pulled = float(gradient[channel, row, column])
            windows.append(Window((row, column), winner, pulled, winner == (y, x)))
    return ThroughPooling(place, layer.name, tuple(windows), result)


def _windows_over(layer: MaxPool2D, axis: int, position: int) -> range:
    """Which windows hold this row (axis 0) or column (axis 1)."""
    size, stride = layer.size[axis], layer.stride[axis]
    first = max(-((size - 1 - position) // stride), 0)  # rounded up
    return range(first, min(position // stride + 1, layer.output_shape[1 + axis]))


def _through_activation(
    layer: Activation, place: Place, inputs: Array, outputs: Array, gradient: Array, result: float
) -> ThroughActivation:
    value, activated = inputs[place.index], outputs[place.index]
    slope = layer.slope(np.array([value]), np.array([activated]))[0]
    return ThroughActivation(
        place,
        layer.name,
        layer.kind,
        float(value),
        float(activated),
        float(slope),
        float(gradient[place.index]),
        result,
    )


def _parameters(network: Network) -> dict[str, Array]:
    return dict(network.named_parameters())
