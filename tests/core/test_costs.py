"""Costs against counting: numbers that know when they are multiplied, put through real layers."""

import numpy as np
import pytest

from cnnviz.core.activations import Activation
from cnnviz.core.convolution import WAYS
from cnnviz.core.costs import PER_VALUE, Cost, layer_costs
from cnnviz.core.layers import LAYERS, Conv2D, Dense, MaxPool2D, build_layers
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.workspace import Workspace


class Tally:
    """How often its numbers were multiplied, added or compared."""

    def __init__(self):
        self.products = self.sums = self.comparisons = 0

    def numbers(self, *shape):
        array = np.empty(shape, object)
        array[...] = Number(self)
        return array


class Number:
    def __init__(self, tally):
        self.tally = tally

    def __mul__(self, other):
        if isinstance(other, np.ndarray):
            return NotImplemented  # then NumPy comes back for each of its numbers
        self.tally.products += 1
        return self

    def __add__(self, other):
        self.tally.sums += 1
        return self

    def __gt__(self, other):
        self.tally.comparisons += 1
        return True

    __rmul__, __radd__ = __mul__, __add__


SHAPES = [
    # batch, image (C, H, W), filters, kernel, stride, padding
    (1, (1, 4, 4), 1, (1, 1), (1, 1), (0, 0)),
    (3, (2, 7, 5), 4, (3, 2), (1, 1), (0, 0)),
    (2, (3, 6, 9), 2, (2, 5), (2, 3), (1, 0)),
    (2, (1, 5, 5), 3, (5, 5), (1, 1), (2, 4)),
]


@pytest.mark.parametrize(("count", "image", "filters", "kernel", "stride", "padding"), SHAPES)
def test_a_convolution_costs_what_the_loops_do(count, image, filters, kernel, stride, padding):
    conv = Conv2D("conv1", image, filters, kernel, stride, padding)
    costs = layer_costs([LAYERS["relu"]("relu1", image), conv], count)
    tally, loop = Tally(), WAYS["loop"]
    images, weight = tally.numbers(count, *image), tally.numbers(filters, image[0], *kernel)
    loop.forward(images, weight, tally.numbers(filters), stride, padding)
    assert costs["conv1", "forward"].flops == tally.products + tally.sums == 2 * tally.products

    back = Tally()
    images, weight = back.numbers(count, *image), back.numbers(filters, image[0], *kernel)
    gradient = back.numbers(count, *conv.output_shape)
    loop.gradient_by_weight(images, gradient, kernel, stride, padding)
    by_weight = back.products
    loop.gradient_by_input(gradient, weight, image[1:], stride, padding)
    assert costs["conv1", "backward"].flops == 2 * back.products
    assert layer_costs([conv], count)["conv1", "backward"].flops == 2 * by_weight


def test_a_dense_layer_costs_what_it_does():
    layer, tally = Dense("dense1", (7,), 3), Tally()
    inputs, weight, bias = tally.numbers(5, 7), tally.numbers(3, 7), tally.numbers(3)
    layer.forward(inputs, {"weight": weight, "bias": bias}, Workspace())
    costs = layer_costs([LAYERS["relu"]("relu1", (7,)), layer], 5)
    assert costs["dense1", "forward"].flops == tally.products + tally.sums == 2 * tally.products
    assert costs["dense1", "backward"].flops == 2 * costs["dense1", "forward"].flops
    assert layer_costs([layer], 5)["dense1", "backward"].flops == 2 * 5 * 7 * 3


@pytest.mark.parametrize(("size", "stride"), [((2, 2), (2, 2)), ((3, 2), (1, 2)), ((1, 1), (2, 1))])
def test_pooling_compares_its_windows(size, stride):
    layer, tally = MaxPool2D("pool1", (2, 7, 6), size, stride), Tally()
    maps = tally.numbers(3, 2, 7, 6)
    for y in range(0, 7 - size[0] + 1, stride[0]):
        for x in range(0, 6 - size[1] + 1, stride[1]):
            windows = maps[:, :, y : y + size[0], x : x + size[1]].reshape(6, -1)
            for window in windows:
                max(window)
    costs = layer_costs([LAYERS["relu"]("relu1", (2, 7, 6)), layer], 3)
    assert costs["pool1", "forward"].flops == tally.comparisons
    assert costs["pool1", "backward"].flops == tally.comparisons


def test_the_presets_cost_what_a_hand_reckons():
    costs = layer_costs(Network(PRESETS["numpy-cnn"]).layers, 1)
    forward = {name: cost.flops for (name, way), cost in costs.items() if way == "forward"}
    assert forward == {
        "conv1": 2 * 8 * 25 * 24 * 24,  # 230 400
        "relu1": 8 * 24 * 24,
        "conv2": 2 * 8 * 8 * 25 * 20 * 20,  # 1 280 000
        "relu2": 8 * 20 * 20,
        "pool1": 3 * 8 * 10 * 10,
        "flatten": 0,
        "dense1": 2 * 800 * 128,
        "relu3": 128,
        "dense2": 2 * 128 * 10,
    }
    assert costs["conv1", "backward"].flops == 230_400
    assert costs["conv2", "backward"].flops == 2 * 1_280_000
    assert costs["relu1", "backward"].flops == 2 * 8 * 24 * 24
    assert sum(forward.values()) == 1_728_096


def test_bytes_are_each_array_once():
    layers = build_layers((2, 6, 6), (conv2d(3, 3), relu(), max_pool2d(2), flatten(), dense(5)))
    costs = layer_costs(layers, 10)
    images, maps, pooled = 10 * 2 * 36, 10 * 3 * 16, 10 * 3 * 4
    kernels, matrix = 3 * 2 * 9, 5 * 12
    values = {row: cost.bytes / 4 for row, cost in costs.items()}
    assert values == {
        ("conv1", "forward"): images + kernels + 3 + maps,
        ("conv1", "backward"): images + maps + kernels + 3,  # nobody asks for the images' gradient
        ("relu1", "forward"): 2 * maps,
        ("relu1", "backward"): 3 * maps,  # what came out, its gradient, the new gradient
        ("pool1", "forward"): maps + pooled,
        ("pool1", "backward"): 2 * maps + 2 * pooled,
        ("flatten", "forward"): 2 * pooled,
        ("flatten", "backward"): 2 * pooled,
        ("dense1", "forward"): pooled + matrix + 5 + 50,
        # Read: inputs, gradient, weights. Written: the gradients by weights, biases and inputs.
        ("dense1", "backward"): 2 * pooled + 50 + 2 * matrix + 5,
    }


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_row_of_the_stopwatch_has_a_cost_and_ten_batches_cost_ten_times(name):
    layers = Network(PRESETS[name]).layers
    costs, tenfold = layer_costs(layers, 16), layer_costs(layers, 160)
    rows = [(layer.name, way) for layer in layers for way in ("forward", "backward")]
    assert list(costs) == rows
    assert all(tenfold[row].flops == 10 * costs[row].flops for row in rows)
    assert all(tenfold[row].bytes <= 10 * costs[row].bytes for row in rows)
    assert all(isinstance(number, int) for cost in costs.values() for number in cost)


def test_what_nobody_asks_for_is_free():
    costs = layer_costs(Network(PRESETS["mlp"]).layers, 4)
    assert costs["flatten", "backward"] == Cost(0, 0)
    assert costs["flatten", "backward"].intensity == 0
    assert costs["dense1", "backward"].flops == 2 * costs["dense1", "forward"].flops


def test_every_activation_is_counted():
    kinds = {kind for kind, layer in LAYERS.items() if issubclass(layer, Activation)}
    assert kinds == set(PER_VALUE)


def test_intensity_is_flops_for_each_byte():
    assert Cost(300, 100).intensity == 3
