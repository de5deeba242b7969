"""How one gradient, or one weight's step, came about, number by number: the way back's arithmetic.

The twin of arithmetic.py. Every number is the engine's own, out of a dissection (microscope.py).
Sums are taken again in float64, so they differ from the result by no more than the engine rounded:
about 1e-7 of what was added up, more where large contributions cancel.

Sources: Goodfellow, Bengio and Courville, "Deep Learning" (2016), sections 6.5 and 9.5; for
convolutions Dumoulin and Visin (2016).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.activations import Activation
from cnnviz.core.convolution.geometry import pad, taps
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, Flatten, MaxPool2D
from cnnviz.core.microscope import Dissection
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import INPUT, Place
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


@dataclass(frozen=True)
class Parameter:
    """One weight or bias: of which array, such as "conv1.weight", and where in it."""

    name: str
    index: tuple[int, ...]


class Contribution(NamedTuple):
    """What one image, at one place of the output, adds to a parameter's gradient."""

    image: int
    at: tuple[int, ...]
    """(y, x) of the output; () in a dense layer."""
    gradient: float
    value: float
    """The input that the parameter is multiplied by; 1 for a bias."""
    product: float


@dataclass(frozen=True, eq=False)
class ParameterGradient:
    """dL/dw = the sum over all images and all places that use w of G · X.

    conv weight   the sum over n, y, x of G[n, f, y, x] · X[n, c, y·s_y + i − p_y, x·s_x + j − p_x]
    dense weight  the sum over n of G[n, k] · X[n, i]
    a bias        the same with 1 for X

    Both arrays are (N, H_out, W_out) or (N,). G is the gradient of the batch's mean loss, so the
    1 / N is in it.
    """

    parameter: Parameter
    source: str
    """The layer before, whose output X is, or INPUT."""
    gradient: Array
    inputs: Array
    result: float

    @property
    def products(self) -> Doubles:
        """G times X."""
        return self.gradient.astype(np.float64) * self.inputs

    @property
    def count(self) -> int:
        """How many products there are."""
        return self.gradient.size

    @property
    def total(self) -> float:
        """All of them."""
        return float(self.products.sum())

    def largest(self, count: int = 20) -> list[Contribution]:
        """So many of the largest contributions, whatever their sign; of equals the first."""
        products = self.products
        flat = np.nan_to_num(np.abs(products), nan=np.inf).ravel()
        found = []
        for position in np.argsort(-flat, kind="stable")[:count]:
            image, *at = (int(k) for k in np.unravel_index(position, products.shape))
            where = (image, *at)
            found.append(
                Contribution(
                    image,
                    tuple(at),
                    float(self.gradient[where]),
                    float(self.inputs[where]),
                    float(products[where]),
                )
            )
        return found


@dataclass(frozen=True)
class WeightStep:
    """One weight's update: from `before` by `step` to `after`, by the rule of `optimizer`."""

    parameter: Parameter
    optimizer: str
    rate: float
    gradient: float
    before: float
    step: float
    after: float
    state_before: dict[str, float]
    """velocity; or mean, square and steps; or nothing. See optimizers.py."""
    state_after: dict[str, float]

    @property
    def total(self) -> float:
        """What was there and what was added."""
        return float(np.float32(self.before) + np.float32(self.step))


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
    _check_inside(place.layer, dissection.gradients[place.layer].shape, (image, *place.index))
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


@may_diverge
def explain_parameter(dissection: Dissection, parameter: Parameter) -> ParameterGradient:
    """How the gradient by this weight or bias came about.

    Raises KeyError for a name there is not, IndexError for a place outside of the array.
    """
    network = dissection.network()
    result = float(dissection.gradient[flat_index(network, parameter)])
    name, _, what = parameter.name.partition(".")
    names = [INPUT, *(layer.name for layer in network.layers)]
    source = names[names.index(name) - 1]
    layer = network.layers[names.index(name) - 1]
    gradient = dissection.gradients[name][:, parameter.index[0]].copy()
    if what == "bias":
        inputs = np.ones_like(gradient)
    elif isinstance(layer, Conv2D):
        _, channel, i, j = parameter.index
        maps = pad(dissection.outputs[source][:, channel : channel + 1], layer.padding)[:, 0]
        height, width = layer.output_shape[1:]
        rows, columns = taps(i, height, layer.stride[0]), taps(j, width, layer.stride[1])
        inputs = maps[:, rows, columns].copy()
    else:
        inputs = dissection.outputs[source][:, parameter.index[1]].copy()
    return ParameterGradient(parameter, source, gradient, inputs, result)


def explain_step(dissection: Dissection, parameter: Parameter) -> WeightStep:
    """How this weight or bias moved; raises as `explain_parameter`."""
    update = dissection.update
    at = flat_index(dissection.network(), parameter)

    def state(arrays: dict[str, Array]) -> dict[str, float]:
        return {
            name: float(array[at] if len(array) == len(update.before) else array[0])
            for name, array in arrays.items()
        }

    return WeightStep(
        parameter,
        dissection.moment.optimizer,
        update.rate,
        float(dissection.gradient[at]),
        float(update.before[at]),
        float(update.step[at]),
        float(update.after[at]),
        state(update.state_before),
        state(update.state_after),
    )


def flat_index(network: Network, parameter: Parameter) -> int:
    """Where in the network's `vector` it is; raises KeyError or IndexError if nowhere."""
    start = 0
    for name, array in network.named_parameters():
        if name == parameter.name:
            _check_inside(name, array.shape, parameter.index)
            return start + int(np.ravel_multi_index(parameter.index, array.shape))
        start += array.size
    raise KeyError(parameter.name)


def _check_inside(what: str, shape: tuple[int, ...], index: tuple[int, ...]) -> None:
    inside = len(index) == len(shape) and all(0 <= k < n for k, n in zip(index, shape, strict=True))
    if not inside:
        raise IndexError(f"{what} {shape} has no value {index}")


def _parameters(network: Network) -> dict[str, Array]:
    return dict(network.named_parameters())
