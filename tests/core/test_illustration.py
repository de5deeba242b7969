"""The moving pictures' data against the engine, and against SciPy as the judge."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import signal

from cnnviz.core.errors import SpecError
from cnnviz.core.illustration import (
    KERNELS,
    correlation,
    pooling,
    slide,
    slide_of,
    two_ways,
    window_at,
)
from cnnviz.core.layers import MaxPool2D, build_layers
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import Field, seen_by, winners
from cnnviz.core.spec import Spec, conv2d, dense, flatten, relu
from cnnviz.core.workspace import Workspace

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.tuples(st.integers(0, 3), st.integers(0, 3))
sizes = st.tuples(st.integers(4, 9), st.integers(4, 9))


def images(size):
    return np.random.default_rng(0).integers(-5, 6, size).astype(np.float32)


@given(sizes, pairs, pairs, paddings)
def test_each_step_covers_what_the_engine_says_its_output_sees(size, window, stride, padding):
    moving = slide(size, window, stride, padding)
    [layer] = build_layers((1, *size), (conv2d(1, window, stride, padding),))
    assert slide_of(layer) == moving
    steps = list(moving.steps)
    assert [step[2:] for step in steps] == list(np.ndindex(*moving.output))
    assert [moving.step(number) for number in range(moving.count)] == steps
    for step in steps:
        place = Field(tuple(np.array([k]) for k in (0, step.row, step.column)))
        _, rows, columns = seen_by(layer, place).axes
        assert [y for y in range(step.top, step.top + window[0]) if 0 <= y < size[0]] == list(rows)
        assert [x for x in range(step.left, step.left + window[1]) if 0 <= x < size[1]] == list(
            columns
        )


@given(sizes, pairs, pairs, paddings)
def test_correlation_is_what_a_convolution_layer_does(size, window, stride, padding):
    spec = Spec("one", "One", (1, *size), (conv2d(1, window, stride, padding), flatten()))
    network = Network(spec)
    kernel = network.state_dict()["conv1.weight"][0, 0]
    image = images(size)
    expected = network.run(image[np.newaxis, np.newaxis])[1][0, 0]
    moving = slide_of(network.layers[0])
    np.testing.assert_allclose(correlation(image, kernel, moving), expected, rtol=1e-4, atol=1e-4)


@given(sizes, pairs, pairs)
def test_pooling_is_what_a_pooling_layer_does(size, window, stride):
    layer = MaxPool2D("pool1", (1, *size), window, stride)
    image = images(size)
    values, where = pooling(image, slide_of(layer))
    expected = layer.forward(image[np.newaxis, np.newaxis], {}, Workspace())[0, 0]
    np.testing.assert_array_equal(values, expected)
    everything = Field(tuple(np.arange(length) for length in layer.output_shape))
    assert [(0, *place) for place in where] == [
        tuple(row) for row in winners(layer, image[np.newaxis], everything).tolist()
    ]


def test_in_the_padding_there_are_zeros():
    moving = slide((2, 2), (3, 3), padding=(1, 1))
    image = np.array([[1, 2], [3, 4]], np.float32)
    first = moving.step(0)
    assert first == (-1, -1, 0, 0)
    np.testing.assert_array_equal(
        window_at(image, moving, first), [[0, 0, 0], [0, 1, 2], [0, 3, 4]]
    )


@pytest.mark.parametrize("number", [-1, 4])
def test_a_step_that_is_not_there(number):
    with pytest.raises(IndexError):
        slide((2, 2), (1, 1)).step(number)


def test_a_window_that_does_not_fit_is_refused_by_the_engine():
    with pytest.raises(SpecError, match="its kernel 5×5 is larger than its input 4×4"):
        slide((4, 4), (5, 5))


@pytest.mark.parametrize("layer_spec", [relu(), flatten(), dense(3)])
def test_other_layers_slide_nothing(layer_spec):
    shape = (4,) if layer_spec["type"] == "dense" else (1, 4, 4)
    [layer] = build_layers(shape, (layer_spec,))
    with pytest.raises(TypeError, match="slides no window"):
        slide_of(layer)


# Convolution against cross-correlation.

small = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.integers(-9, 9).map(float))
)


@given(small, small)
def test_scipy_agrees_on_both_and_convolution_commutes(image, kernel):
    both = two_ways(image, kernel)
    np.testing.assert_allclose(both.convolution, signal.convolve(image, kernel, method="direct"))
    np.testing.assert_allclose(
        both.swapped_convolution, signal.convolve(kernel, image, method="direct")
    )
    np.testing.assert_allclose(both.correlation, signal.correlate(image, kernel, method="direct"))
    assert both.convolution_commutes
    np.testing.assert_allclose(both.correlation, both.swapped_correlation[::-1, ::-1])
    if both.kernel_is_symmetric:
        np.testing.assert_array_equal(both.correlation, both.convolution)


@pytest.mark.parametrize("name", KERNELS)
def test_the_kernels_to_begin_with(name):
    image = images((5, 6))
    both = two_ways(image, KERNELS[name])
    assert both.kernel_is_symmetric == (name == "Blur")
    assert np.allclose(both.correlation, both.convolution) == both.kernel_is_symmetric
    assert both.convolution_commutes
    assert not both.correlation_commutes
    assert both.correlation.shape == (7, 8)
    assert both.moving.count == 56


def test_a_shift_goes_one_way_or_the_other():
    image = np.zeros((3, 3), np.float32)
    image[1, 1] = 1
    both = two_ways(image, KERNELS["Shift"])
    assert np.argwhere(both.correlation).tolist() == [[2, 3]]  # the image's middle is at 2, 2
    assert np.argwhere(both.convolution).tolist() == [[2, 1]]
