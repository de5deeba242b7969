"""How one weight's gradient and its step came about, number by number, over a whole batch.

With backward_arithmetic.py, which is about values. Every number is the engine's own, out of a
dissection (microscope.py); sums are taken again in float64.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.convolution.geometry import pad, taps
from cnnviz.core.layers import Conv2D
from cnnviz.core.microscope import Dissection
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import INPUT, check_inside
from cnnviz.core.workspace import Array, may_diverge

Doubles = NDArray[np.float64]


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
        for position in _greatest(flat, count):
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


def _greatest(values: Doubles, count: int) -> NDArray[np.intp]:
    """Where the greatest are, the greatest first; without sorting all of them."""
    if 0 < count < len(values):
        least = np.partition(values, -count)[-count]
        among = np.flatnonzero(values >= least)
    else:
        among = np.arange(len(values))
    return among[np.argsort(-values[among], kind="stable")][:count]


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
            check_inside(name, array.shape, parameter.index)
            return start + int(np.ravel_multi_index(parameter.index, array.shape))
        start += array.size
    raise KeyError(parameter.name)
