"""What a layer's arithmetic costs by formula, to be held against the time that was measured.

Counted is the plain formula, whatever way computes it. A multiplication, an addition, a comparison
and a function such as exp or tanh are one FLOP each, for one batch of N images:

    conv2d      forward 2·N·F·C·k_h·k_w·H_out·W_out: a product and an addition for every tap of
                every output value, those in the padding too. The bias is the last addition of each
                sum. Backward as many for the gradient by the weights, and again as many for the
                one by the input. The sum that is the bias's gradient is left out.
    dense       forward 2·N·inputs·units, backward likewise twice
    max_pool2d  a window of k places takes k − 1 comparisons; as many find the place again backward
    activations a few for each value, see PER_VALUE; backward with the product of the chain rule
    flatten     none: numbers only move

Bytes are the least that has to move: every array that goes into a pass or comes out of it is read
or written once, as float32. Caches that overflow and workspaces move more, so the time that a layer
should take by these bytes is a bound from below.

The first layer's input is the images, which need no gradient: nobody asks for it, so it is free.
"""

import math
from typing import NamedTuple

from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, MaxPool2D
from cnnviz.core.stopwatch import Row

BYTES = 4
"""One float32."""
PER_VALUE = {"relu": (1, 2), "sigmoid": (4, 3), "arctan": (1, 4)}
"""FLOPs for each value, forward and backward: sigmoid is 1 / (1 + exp(−z)), then s·(1 − s)·g."""


class Cost(NamedTuple):
    """What one direction of one layer costs for one batch."""

    flops: int
    bytes: int

    @property
    def intensity(self) -> float:
        """FLOPs for each byte that moves; 0 where nothing does."""
        return self.flops / self.bytes if self.bytes else 0.0


FREE = Cost(0, 0)


def layer_costs(layers: list[Layer], batch_size: int) -> dict[Row, Cost]:
    """The cost of every layer's two directions, keyed ("conv1", "backward") as the stopwatch's."""
    costs: dict[Row, Cost] = {}
    for position, layer in enumerate(layers):
        costs[layer.name, "forward"] = _forward(layer, batch_size)
        costs[layer.name, "backward"] = _backward(layer, batch_size, to_input=position > 0)
    return costs


def _forward(layer: Layer, count: int) -> Cost:
    values = count * (math.prod(layer.input_shape) + math.prod(layer.output_shape))
    return Cost(_flops(layer, count)[0], BYTES * (values + layer.parameter_count))


def _backward(layer: Layer, count: int, to_input: bool) -> Cost:
    inputs, outputs = (count * math.prod(s) for s in (layer.input_shape, layer.output_shape))
    flops = _flops(layer, count)[1]
    if not layer.parameter_count:
        return Cost(flops, BYTES * (_seen(layer, count) + outputs + inputs)) if to_input else FREE
    # The input and the gradient by the output make the one by the parameters …
    by_parameters = inputs + outputs + layer.parameter_count
    if not to_input:
        return Cost(flops, BYTES * by_parameters)
    # … and with the weights, the one by the input; for that the biases do not matter.
    by_input = math.prod(layer.parameter_shapes["weight"]) + inputs
    return Cost(2 * flops, BYTES * (by_parameters + by_input))


def _flops(layer: Layer, count: int) -> tuple[int, int]:
    """Forward, and backward for one gradient (of the two that layers with weights have)."""
    outputs = count * math.prod(layer.output_shape)
    if isinstance(layer, Conv2D | Dense):
        per_output = math.prod(layer.parameter_shapes["weight"][1:])
        return (2 * outputs * per_output,) * 2
    if isinstance(layer, MaxPool2D):
        return (outputs * (math.prod(layer.size) - 1),) * 2
    forward, backward = PER_VALUE.get(layer.kind, (0, 0))
    return outputs * forward, outputs * backward


def _seen(layer: Layer, count: int) -> int:
    """How many values of the way there the way back of a layer without weights looks at again."""
    if isinstance(layer, MaxPool2D):
        return count * (math.prod(layer.input_shape) + math.prod(layer.output_shape))
    return count * math.prod(layer.output_shape) if layer.kind in PER_VALUE else 0
