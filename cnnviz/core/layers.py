"""The layers with weights or windows, and how a spec becomes a list of layers.

See layer.py for what a layer is and activations.py for ReLU, Sigmoid and Arctan.
"""

import inspect
import math
from functools import cache
from typing import Any

import numpy as np

from cnnviz.core.activations import Arctan, ReLU, Sigmoid
from cnnviz.core.convolution import WAYS
from cnnviz.core.convolution.geometry import Pair, output_size, taps
from cnnviz.core.errors import SpecError
from cnnviz.core.layer import Layer, Shape, Weights
from cnnviz.core.spec import LayerSpec
from cnnviz.core.workspace import Array, Workspace, in_memory_order, scratch


class Conv2D(Layer):
    """Kernels slid over all channels at once: (C, H, W) to (filters, H_out, W_out)."""

    kind = "conv2d"
    title = "Conv"

    def __init__(
        self,
        name: str,
        input_shape: Shape,
        filters: int,
        kernel: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
    ) -> None:
        super().__init__(name, input_shape)
        channels, height, width = _maps(self)
        self.filters = _whole(self, "filters", filters, least=1)
        self.kernel = _pair(self, "kernel", kernel, least=1)
        self.stride = _pair(self, "stride", stride, least=1)
        self.padding = _pair(self, "padding", padding, least=0)
        self.way = WAYS["im2col"]
        _check_fits(self, "kernel", self.kernel, (height, width), self.padding)
        size = output_size((height, width), self.kernel, self.stride, self.padding)
        self.output_shape = (self.filters, *size)
        self.parameter_shapes = {
            "weight": (self.filters, channels, *self.kernel),
            "bias": (self.filters,),
        }

    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """See cnnviz.core.convolution."""
        output: Array = self.way.forward(
            inputs, weights["weight"], weights["bias"], self.stride, self.padding, workspace
        )
        return output

    def backward(
        self,
        inputs: Array,
        outputs: Array,
        gradient: Array,
        weights: Weights,
        weight_gradients: Weights,
        workspace: Workspace,
        to_input: bool = True,
    ) -> Array | None:
        """See cnnviz.core.convolution; the bias was added everywhere, so its gradients add up."""
        weight_gradients["bias"][...] = _sum_over_maps(gradient)
        weight_gradients["weight"][...] = self.way.gradient_by_weight(
            inputs, gradient, self.kernel, self.stride, self.padding, workspace
        )
        if not to_input:
            return None
        size = self.input_shape[1:]
        by_input: Array = self.way.gradient_by_input(
            gradient, weights["weight"], size, self.stride, self.padding, workspace
        )
        return by_input


class MaxPool2D(Layer):
    """The greatest value of each window of each map; the gradient goes to the first greatest."""

    kind = "max_pool2d"
    title = "Max pool"

    def __init__(
        self,
        name: str,
        input_shape: Shape,
        size: int | Pair,
        stride: int | Pair | None = None,
    ) -> None:
        super().__init__(name, input_shape)
        channels, height, width = _maps(self)
        self.size = _pair(self, "size", size, least=1)
        self.stride = _pair(self, "stride", self.size if stride is None else stride, least=1)
        _check_fits(self, "window", self.size, (height, width), (0, 0))
        out = output_size((height, width), self.size, self.stride, (0, 0))
        self.output_shape = (channels, *out)

    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """The greatest of the window's rows, then the greatest along what is left of them."""
        shape = (len(inputs), *self.output_shape)
        outputs = scratch(workspace, "output", shape, inputs)
        rows = scratch(workspace, "rows", (*shape[:3], inputs.shape[3]), inputs)
        height, width = self.output_shape[1:]
        _maximum([inputs[:, :, taps(i, height, self.stride[0])] for i in range(self.size[0])], rows)
        _maximum([rows[..., taps(j, width, self.stride[1])] for j in range(self.size[1])], outputs)
        return outputs

    def backward(
        self,
        inputs: Array,
        outputs: Array,
        gradient: Array,
        weights: Weights,
        weight_gradients: Weights,
        workspace: Workspace,
        to_input: bool = True,
    ) -> Array | None:
        """Place by place in reading order: a place that equals the maximum takes what is left.

        So the last place takes what no other took. Overlapping windows may choose one place more
        than once; it then gets the sum.
        """
        by_input = scratch(workspace, "by_input", inputs.shape, inputs)
        *places, _ = self._places(inputs)
        *targets, last = self._places(by_input)
        if self._tiles():
            for place, target in zip(places, targets, strict=True):
                np.multiply(gradient, place == outputs, out=target)
                gradient -= target
            last[...] = gradient
            return by_input
        by_input[...] = 0
        taken = scratch(workspace, "taken", gradient.shape, gradient)
        for place, target in zip(places, targets, strict=True):
            np.multiply(gradient, place == outputs, out=taken)
            target += taken
            gradient -= taken
        last += gradient
        return by_input

    def _tiles(self) -> bool:
        """Whether every value lies in exactly one window."""
        _, height, width = self.input_shape
        return self.stride == self.size and (height % self.size[0], width % self.size[1]) == (0, 0)

    def _places(self, maps: Array) -> list[Array]:
        """For each place in the window, its view of `maps`: one value per window."""
        height, width = self.output_shape[1:]
        return [
            maps[:, :, taps(i, height, self.stride[0]), taps(j, width, self.stride[1])]
            for i in range(self.size[0])
            for j in range(self.size[1])
        ]


class Dense(Layer):
    """Every unit weighs every input: y = W x + b."""

    kind = "dense"
    title = "Dense"

    def __init__(self, name: str, input_shape: Shape, units: int) -> None:
        super().__init__(name, input_shape)
        if len(input_shape) != 1:
            raise self.refuse(
                f"a dense layer needs a row of values, not maps {_text(input_shape)}. "
                "Put a flatten layer before it."
            )
        self.units = _whole(self, "units", units, least=1)
        self.output_shape = (self.units,)
        self.parameter_shapes = {"weight": (self.units, input_shape[0]), "bias": (self.units,)}

    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """W · x for the whole batch, a column an image."""
        outputs = scratch(workspace, "output", (len(inputs), self.units), inputs)
        np.matmul(weights["weight"], inputs.T, out=outputs.T)
        outputs += weights["bias"]
        return outputs

    def backward(
        self,
        inputs: Array,
        outputs: Array,
        gradient: Array,
        weights: Weights,
        weight_gradients: Weights,
        workspace: Workspace,
        to_input: bool = True,
    ) -> Array | None:
        """dL/dW = dL/dy · x transposed, dL/dx = W transposed · dL/dy."""
        np.matmul(gradient.T, inputs, out=weight_gradients["weight"])
        np.sum(gradient, axis=0, out=weight_gradients["bias"])
        if not to_input:
            return None
        by_input = scratch(workspace, "by_input", inputs.shape, inputs)
        np.matmul(weights["weight"].T, gradient.T, out=by_input.T)
        return by_input


class Flatten(Layer):
    """Maps (C, H, W) to one row of C·H·W values, channel by channel; no number changes."""

    kind = "flatten"
    title = "Flatten"

    def __init__(self, name: str, input_shape: Shape) -> None:
        super().__init__(name, input_shape)
        self.output_shape = (math.prod(input_shape),)

    def forward(self, inputs: Array, weights: Weights, workspace: Workspace) -> Array:
        """The maps one after the other in memory too."""
        outputs = scratch(workspace, "output", (len(inputs), *self.output_shape), inputs)
        outputs.T.reshape(*self.input_shape, -1)[...] = np.moveaxis(inputs, 0, -1)
        return outputs

    def backward(
        self,
        inputs: Array,
        outputs: Array,
        gradient: Array,
        weights: Weights,
        weight_gradients: Weights,
        workspace: Workspace,
        to_input: bool = True,
    ) -> Array | None:
        """The gradient in the input's shape."""
        by_input = scratch(workspace, "by_input", inputs.shape, inputs)
        by_input[...] = np.moveaxis(in_memory_order(gradient).reshape(*self.input_shape, -1), -1, 0)
        return by_input


LAYERS: dict[str, type[Layer]] = {
    layer.kind: layer for layer in (Conv2D, MaxPool2D, Dense, Flatten, ReLU, Sigmoid, Arctan)
}
_STEMS = {"conv2d": "conv", "max_pool2d": "pool"}


def build_layers(input_shape: Shape, layer_specs: tuple[LayerSpec, ...]) -> list[Layer]:
    """The layers of a spec, named conv1, relu1, conv2 … (the one flatten is just "flatten").

    Raises SpecError naming the layer and the reason when a type or field is unknown or a shape
    does not fit.
    """
    layers: list[Layer] = []
    shape = input_shape
    for position, name in enumerate(layer_names(layer_specs)):
        try:
            layers.append(_build(name, shape, layer_specs[position]))
        except SpecError as error:
            error.layer = position
            raise
        shape = layers[-1].output_shape
    return layers


def layer_names(layer_specs: tuple[LayerSpec, ...]) -> list[str]:
    """conv1, relu1, conv2 … by type and order; "Layer 3" for a third of no known type."""
    names: list[str] = []
    met: dict[str, int] = {}
    for position, layer_spec in enumerate(layer_specs, start=1):
        kind = layer_spec.get("type")
        if not isinstance(kind, str) or kind not in LAYERS:
            names.append(f"Layer {position}")
            continue
        met[kind] = met.get(kind, 0) + 1
        name = _STEMS.get(kind, kind) + str(met[kind])
        names.append("flatten" if name == "flatten1" else name)
    return names


def _maximum(arrays: list[Array], out: Array) -> None:
    """The greatest of the arrays at each place."""
    if len(arrays) == 1:
        out[...] = arrays[0]
        return
    np.maximum(arrays[0], arrays[1], out=out)
    for array in arrays[2:]:
        np.maximum(out, array, out=out)


def _build(name: str, shape: Shape, layer_spec: LayerSpec) -> Layer:
    fields = dict(layer_spec)
    kind = fields.pop("type", None)
    if not isinstance(kind, str) or kind not in LAYERS:
        known = ", ".join(LAYERS)
        raise SpecError(f"{name}: there is no layer type “{kind}”; there are {known}.", "type")
    needed = _fields(LAYERS[kind])
    for field in fields:
        if field not in needed:
            allowed = f"it has {', '.join(needed)}" if needed else "it has none"
            raise SpecError(f"{name}: there is no field “{field}”; {allowed}.", str(field))
    for field, is_needed in needed.items():
        if is_needed and field not in fields:
            raise SpecError(f"{name}: the field “{field}” is missing.", field)
    return LAYERS[kind](name, shape, **fields)


@cache
def _fields(kind: type[Layer]) -> dict[str, bool]:
    """The fields of a type, and whether each must be given."""
    parameters = list(inspect.signature(kind).parameters.values())[2:]  # after name and shape
    return {each.name: each.default is each.empty for each in parameters}


def _sum_over_maps(gradient: Array) -> Array:
    """(N, F, H, W) to (F,), reading the memory in its own order."""
    memory = in_memory_order(gradient)
    rows = memory.reshape(*memory.shape[:2], -1)
    # A product with ones, since NumPy's own sums are three times slower.
    total: Array = (rows @ np.ones(rows.shape[2], rows.dtype)).sum(axis=0)
    return total


def _text(shape: tuple[int, ...]) -> str:
    return "×".join(str(length) for length in shape)


def _maps(layer: Layer) -> tuple[int, int, int]:
    """The input shape as (C, H, W), or a refusal."""
    if len(layer.input_shape) != 3:
        raise layer.refuse(
            f"needs maps (channels × height × width), not a row of {_text(layer.input_shape)} "
            "values. Move it before the flatten layer."
        )
    channels, height, width = layer.input_shape
    return channels, height, width


def _whole(layer: Layer, what: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise layer.refuse(
            f"{what} must be a whole number of at least {least}, not {value!r}.", what
        )
    return int(value)


def _pair(layer: Layer, what: str, value: Any, least: int) -> Pair:
    """One number for both axes, or (y, x)."""
    values = tuple(value) if isinstance(value, tuple | list) else (value, value)
    if len(values) != 2:
        raise layer.refuse(f"{what} must be one whole number or two (y, x), not {value!r}.", what)
    return _whole(layer, what, values[0], least), _whole(layer, what, values[1], least)


def _check_fits(layer: Layer, what: str, window: Pair, size: Pair, padding: Pair) -> None:
    """Refuses a window that is larger than the padded maps it slides over."""
    padded = (size[0] + 2 * padding[0], size[1] + 2 * padding[1])
    if window[0] > padded[0] or window[1] > padded[1]:
        margin = f" with padding {_text(padding)}" if padding != (0, 0) else ""
        raise layer.refuse(
            f"its {what} {_text(window)} is larger than its input {_text(size)}{margin}. "
            f"Make the {what} smaller, or shrink the maps less in the layers before.",
            "size" if what == "window" else what,
        )
