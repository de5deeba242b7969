from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.convolution import WAYS, way
from cnnviz.core.errors import SpecError
from cnnviz.core.layer import Layer
from cnnviz.core.layers import LAYERS, Conv2D, MaxPool2D, build_layers
from cnnviz.core.spec import (
    LayerSpec,
    arctan,
    conv2d,
    dense,
    flatten,
    max_pool2d,
    relu,
    sigmoid,
)
from cnnviz.core.workspace import Array, Workspace

AssertClose = Callable[..., None]


def build(layer_spec: LayerSpec, input_shape: tuple[int, ...]) -> Layer:
    return build_layers(input_shape, (layer_spec,))[0]


def forward(layer: Layer, inputs: Array, weights: dict[str, Array] | None = None) -> Array:
    return layer.forward(inputs, weights or {}, Workspace()).copy()


def backward(
    layer: Layer, inputs: Array, gradient: Array, weights: dict[str, Array] | None = None
) -> tuple[Array, dict[str, Array]]:
    """The gradient by the input and those by the weights."""
    weights = weights or {}
    workspace, by_weights = Workspace(), {k: np.full_like(w, np.nan) for k, w in weights.items()}
    outputs = layer.forward(inputs, weights, workspace)
    by_input = layer.backward(inputs, outputs, gradient.copy(), weights, by_weights, workspace)
    assert by_input is not None
    return by_input.copy(), by_weights


def grid(rows: list[list[float]]) -> Array:
    """One image of one map."""
    return np.array([[rows]], np.float32)


# Shapes and names.


@pytest.mark.parametrize(
    ("layer_spec", "input_shape", "output_shape", "parameters"),
    [
        (conv2d(8, 5), (1, 28, 28), (8, 24, 24), 208),
        (conv2d(6, (5, 3), (2, 1), (2, 0)), (3, 9, 7), (6, 5, 5), 276),
        (max_pool2d(2), (8, 20, 20), (8, 10, 10), 0),
        (max_pool2d(2), (1, 5, 7), (1, 2, 3), 0),
        (max_pool2d((3, 2), (2, 1)), (2, 7, 7), (2, 3, 6), 0),
        (flatten(), (8, 10, 10), (800,), 0),
        (flatten(), (7,), (7,), 0),
        (dense(128), (800,), (128,), 102528),
        (relu(), (8, 10, 10), (8, 10, 10), 0),
        (sigmoid(), (5,), (5,), 0),
        (arctan(), (2, 3, 4), (2, 3, 4), 0),
    ],
)
def test_shapes(
    layer_spec: LayerSpec,
    input_shape: tuple[int, ...],
    output_shape: tuple[int, ...],
    parameters: int,
) -> None:
    layer = build(layer_spec, input_shape)
    rng = np.random.default_rng(0)
    weights = {
        name: rng.normal(size=shape).astype(np.float32)
        for name, shape in layer.parameter_shapes.items()
    }
    outputs = forward(layer, rng.normal(size=(3, *input_shape)).astype(np.float32), weights)
    assert layer.output_shape == output_shape
    assert outputs.shape == (3, *output_shape)
    assert outputs.dtype == np.float32
    assert layer.parameter_count == parameters


def test_every_kind_of_layer_counts_for_itself() -> None:
    kinds = (conv2d(1, 1), relu(), conv2d(1, 1), relu(), max_pool2d(1), flatten(), dense(2))
    names = [layer.name for layer in build_layers((1, 4, 4), (*kinds, relu(), flatten()))]
    assert names == "conv1 relu1 conv2 relu2 pool1 flatten dense1 relu3 flatten2".split()


def test_a_layer_says_what_does_not_fit() -> None:
    with pytest.raises(SpecError, match="^conv1: .*5×5.*4×4"):
        build(conv2d(1, 5), (1, 4, 4))


# Max pooling: the gradient goes to the first greatest value of each window.


def test_among_equals_the_first_in_reading_order_takes_the_gradient() -> None:
    layer = build(max_pool2d(2), (1, 4, 4))
    by_input, _ = backward(layer, np.ones((1, 1, 4, 4), np.float32), grid([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(
        by_input, grid([[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]])
    )


def test_overlapping_windows_add_up_at_the_value_they_share() -> None:
    inputs = grid([[0, 0, 0], [0, 9, 0], [0, 0, 9]])
    layer = build(max_pool2d(2, 1), (1, 3, 3))
    np.testing.assert_array_equal(forward(layer, inputs), grid([[9, 9], [9, 9]]))
    by_input, _ = backward(layer, inputs, grid([[1, 2], [4, 8]]))
    np.testing.assert_array_equal(by_input, grid([[0, 0, 0], [0, 15, 0], [0, 0, 0]]))


def test_values_that_no_window_sees_get_nothing() -> None:
    layer = build(max_pool2d(1, 2), (1, 3, 4))
    by_input, _ = backward(layer, np.ones((1, 1, 3, 4), np.float32), grid([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(by_input, grid([[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0]]))


@settings(max_examples=100)
@given(st.data())
def test_max_pooling_with_many_ties_equals_its_definition(data: st.DataObject) -> None:
    lengths = st.tuples(st.integers(1, 7), st.integers(1, 7))
    height, width = data.draw(lengths, "maps")
    size = data.draw(st.tuples(st.integers(1, height), st.integers(1, width)), "size")
    stride = data.draw(st.tuples(st.integers(1, 3), st.integers(1, 3)), "stride")
    rng = np.random.default_rng(data.draw(st.integers(0, 1000), "seed"))

    layer = build(max_pool2d(size, stride), (2, height, width))
    inputs = rng.integers(-2, 3, (3, 2, height, width)).astype(np.float32)
    gradient = rng.integers(-9, 10, (3, *layer.output_shape)).astype(np.float32)
    outputs, by_input = np.zeros_like(gradient), np.zeros_like(inputs)
    for n, c, y, x in np.ndindex(gradient.shape):
        top, left = y * stride[0], x * stride[1]
        window = inputs[n, c, top : top + size[0], left : left + size[1]]
        i, j = np.unravel_index(window.argmax(), size)  # argmax gives the first
        outputs[n, c, y, x] = window.max()
        by_input[n, c, top + i, left + j] += gradient[n, c, y, x]

    batch_last = np.moveaxis(np.moveaxis(inputs, 0, -1).copy(), -1, 0)
    for maps in (inputs, batch_last):
        np.testing.assert_array_equal(forward(layer, maps), outputs)
        np.testing.assert_array_equal(backward(layer, maps, gradient)[0], by_input)


# Activations and flatten.


def test_relu_passes_what_is_above_zero_and_nothing_at_zero() -> None:
    layer, inputs = build(relu(), (3,)), np.array([[-1, 0, 2]], np.float32)
    np.testing.assert_array_equal(forward(layer, inputs), [[0, 0, 2]])
    np.testing.assert_array_equal(backward(layer, inputs, np.full_like(inputs, 5))[0], [[0, 0, 5]])


@pytest.mark.parametrize(
    ("layer_spec", "low", "middle", "high"),
    [(sigmoid(), 0, 0.5, 1), (arctan(), -np.pi / 2, 0, np.pi / 2)],
)
def test_what_saturates_does_so_without_overflow(
    layer_spec: LayerSpec, low: float, middle: float, high: float
) -> None:
    layer, inputs = build(layer_spec, (3,)), np.array([[-1e10, 0, 1e10]], np.float32)
    np.testing.assert_allclose(forward(layer, inputs), [[low, middle, high]], rtol=1e-6)
    by_input, _ = backward(layer, inputs, np.ones_like(inputs))
    assert by_input[0, 0] == pytest.approx(0)
    assert by_input[0, 1] > 0.2
    assert by_input[0, 2] == pytest.approx(0)


def test_flatten_reads_channel_by_channel_in_any_memory_order() -> None:
    images = np.arange(48, dtype=np.float32).reshape(2, 2, 3, 4)
    batch_last = np.moveaxis(np.moveaxis(images, 0, -1).copy(), -1, 0)
    layer = build(flatten(), (2, 3, 4))
    for maps in (images, batch_last, np.repeat(images, 2, axis=3)[..., ::2]):
        rows = forward(layer, maps)
        np.testing.assert_array_equal(rows, images.reshape(2, 24))
        for gradient in (rows, np.asfortranarray(rows)):
            np.testing.assert_array_equal(backward(layer, maps, gradient)[0], images)


# Gradients by finite differences.

CHECKED: list[tuple[LayerSpec, tuple[int, ...]]] = [
    (conv2d(3, 3), (2, 6, 5)),
    (conv2d(4, (3, 2), (2, 1), (1, 2)), (3, 6, 5)),
    (conv2d(2, (1, 4), (1, 3), 1), (1, 4, 7)),
    (max_pool2d(2), (2, 6, 5)),
    (max_pool2d((3, 2), (1, 2)), (2, 6, 6)),
    (dense(4), (7,)),
    (flatten(), (2, 3, 4)),
    (relu(), (2, 3, 4)),
    (sigmoid(), (2, 3, 4)),
    (arctan(), (9,)),
]


def test_every_kind_of_layer_is_checked() -> None:
    assert {layer_spec["type"] for layer_spec, _ in CHECKED} == set(LAYERS)


@pytest.mark.parametrize(
    ("layer_spec", "input_shape", "name"),
    [
        (*checked, name)
        for checked in CHECKED
        for name in WAYS
        if checked[0]["type"] == "conv2d" or name == "im2col"
    ],
)
def test_gradients_agree_with_finite_differences(
    layer_spec: LayerSpec, input_shape: tuple[int, ...], name: str
) -> None:
    layer = build(layer_spec, input_shape)
    if isinstance(layer, Conv2D):
        layer.way = way(name)
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(2, *input_shape))
    weights: dict[str, Array] = {
        name: rng.normal(size=shape) for name, shape in layer.parameter_shapes.items()
    }
    pull = rng.normal(size=(2, *layer.output_shape))  # the loss is sum(pull · outputs)
    by_input, by_weights = backward(layer, inputs, pull, weights)

    def loss(point: dict[str, Array]) -> float:
        return float(np.sum(pull * forward(layer, point["inputs"], point)))

    point, gradients = {"inputs": inputs, **weights}, {"inputs": by_input, **by_weights}
    for part, gradient in gradients.items():
        everywhere = rng.normal(size=gradient.shape)
        one_entry = np.zeros(gradient.shape)
        one_entry.flat[rng.integers(one_entry.size)] = 1
        for direction in (everywhere, one_entry):
            ahead = loss({**point, part: point[part] + 1e-5 * direction})
            behind = loss({**point, part: point[part] - 1e-5 * direction})
            slope = float(np.sum(gradient * direction))
            assert (ahead - behind) / 2e-5 == pytest.approx(slope, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize(("layer_spec", "shape"), [(conv2d(2, 3), (1, 5, 5)), (dense(3), (4,))])
def test_the_gradient_by_the_input_is_left_out_on_request(
    layer_spec: LayerSpec, shape: tuple[int, ...]
) -> None:
    layer, workspace = build(layer_spec, shape), Workspace()
    inputs: Any = np.ones((2, *shape), np.float32)
    weights = {k: np.ones(s, np.float32) for k, s in layer.parameter_shapes.items()}
    gradients = {k: np.zeros(s, np.float32) for k, s in layer.parameter_shapes.items()}
    outputs = layer.forward(inputs, weights, workspace)
    passed = layer.backward(
        inputs, outputs, np.ones_like(outputs), weights, gradients, workspace, to_input=False
    )
    assert passed is None
    assert all(gradient.all() for gradient in gradients.values())


def test_the_pooling_stride_is_the_window_unless_given() -> None:
    layer = build({"type": "max_pool2d", "size": [3, 2]}, (1, 6, 6))
    assert isinstance(layer, MaxPool2D)
    assert layer.stride == (3, 2)
