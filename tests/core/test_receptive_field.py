"""A receptive field is what a spoilt value reaches: put a NaN in, see where it comes out."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnnviz.core.errors import SpecError
from cnnviz.core.layers import MaxPool2D, build_layers
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import (
    INPUT,
    Field,
    Place,
    field_sizes,
    receptive_field,
    winners,
)
from cnnviz.core.spec import Spec, conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.workspace import Workspace


def random_places(network, count, seed=0):
    random = np.random.default_rng(seed)
    for _ in range(count):
        layer = network.layers[random.integers(len(network.layers))]
        yield Place(layer.name, tuple(int(random.integers(n)) for n in layer.output_shape))


def run_from(network, position, values):
    """Every layer's output from `position` on, for a batch of inputs to that layer."""
    outputs = {}
    named = dict(network.named_parameters())
    for layer in network.layers[position:]:
        weights = {key: named[f"{layer.name}.{key}"] for key in layer.parameter_shapes}
        values = layer.forward(values, weights, Workspace())
        outputs[layer.name] = values
    return outputs


def reach(network, position):
    """By layer, which of its outputs turn NaN for a NaN in each value that goes into `position`."""
    shape = network.layers[position].input_shape
    size = int(np.prod(shape))
    spoilt = np.zeros((size, size), np.float32)
    np.fill_diagonal(spoilt, np.nan)
    with np.errstate(invalid="ignore"):
        outputs = run_from(network, position, spoilt.reshape(size, *shape))
    return {name: np.isnan(values) for name, values in outputs.items()}


def as_mask(field, shape):
    mask = np.zeros(shape, bool)
    mask[field.mesh] = True
    return mask


@pytest.mark.parametrize("name", PRESETS)
def test_of_any_value_it_is_what_the_image_reaches_it_from(name):
    network = Network(PRESETS[name])
    reached = reach(network, 0)
    for place in random_places(network, 200):
        field = receptive_field(network.layers, place)[INPUT]
        expected = reached[place.layer][(slice(None), *place.index)]
        np.testing.assert_array_equal(
            as_mask(field, network.spec.input_shape).ravel(), expected, err_msg=str(place)
        )


lengths = st.integers(1, 3)
pairs = st.tuples(lengths, lengths)


@st.composite
def networks(draw):
    """Two or three windows with odd strides and padding, over one to three channels."""
    layers = []
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            padding = draw(st.tuples(st.integers(0, 2), st.integers(0, 2)))
            layers += [conv2d(draw(lengths), draw(pairs), draw(pairs), padding), relu()]
        else:
            layers += [max_pool2d(draw(pairs), draw(pairs)), sigmoid()]
    shape = (draw(lengths), draw(st.integers(5, 9)), draw(st.integers(5, 9)))
    try:
        return Network(Spec("any", "Any", shape, (*layers, flatten(), dense(4), dense(2))))
    except SpecError:
        assume(False)


@given(network=networks(), seed=st.integers(0, 1000))
def test_in_every_earlier_layer_it_is_what_reaches_the_value(network, seed):
    (place,) = random_places(network, 1, seed)
    names = [layer.name for layer in network.layers]
    fields = receptive_field(network.layers, place)
    assert list(fields) == [*reversed(names[: names.index(place.layer) + 1]), INPUT]
    for position in range(names.index(place.layer) + 1):
        source = names[position - 1] if position else INPUT
        expected = reach(network, position)[place.layer][(slice(None), *place.index)]
        shape = network.layers[position].input_shape
        np.testing.assert_array_equal(as_mask(fields[source], shape).ravel(), expected)
        assert fields[source].size == expected.sum()


def test_a_stride_longer_than_the_kernel_leaves_gaps():
    layers = build_layers((1, 9, 9), (conv2d(1, 2, stride=3), conv2d(1, 2)))
    field = receptive_field(layers, Place("conv2", (0, 0, 1)))[INPUT]
    np.testing.assert_array_equal(field.axes[1], [0, 1, 3, 4])
    np.testing.assert_array_equal(field.axes[2], [3, 4, 6, 7])
    assert (0, 1, 3) in field
    assert (0, 2, 3) not in field


def test_a_pixel_sees_itself():
    layers = build_layers((2, 4, 4), (flatten(),))
    fields = receptive_field(layers, Place(INPUT, (1, 2, 3)))
    assert list(fields) == [INPUT]
    assert fields[INPUT].size == 1
    assert (1, 2, 3) in fields[INPUT]


@pytest.mark.parametrize(
    ("place", "error"),
    [
        (Place("conv9", (0, 0, 0)), KeyError),
        (Place("conv1", (8, 0, 0)), IndexError),
        (Place("conv1", (0, -1, 0)), IndexError),
        (Place("conv1", (0,)), IndexError),
        (Place(INPUT, (0, 28, 0)), IndexError),
    ],
)
def test_a_place_that_is_none_is_refused(place, error):
    with pytest.raises(error):
        receptive_field(Network(PRESETS["numpy-cnn"]).layers, place)


def test_winners_are_the_first_greatest_of_each_window():
    layer = MaxPool2D("pool1", (2, 4, 5), (2, 3), (2, 1))
    inputs = np.random.default_rng(0).integers(0, 3, (2, 4, 5)).astype(np.float32)
    field = Field((np.array([1]), np.array([0, 1]), np.array([0, 2])))
    found = winners(layer, inputs, field)
    expected = []
    for y in (0, 1):
        for x in (0, 2):
            window = [(inputs[1, 2 * y + i, x + j], -i, -j) for i in range(2) for j in range(3)]
            _, i, j = max(window)
            expected.append((1, 2 * y - i, x - j))
    np.testing.assert_array_equal(found, expected)
    outputs = layer.forward(inputs[np.newaxis], {}, Workspace())[0]
    np.testing.assert_array_equal(inputs[tuple(found.T)], outputs[field.mesh].ravel())


window = st.integers(1, 4)
pairs = st.tuples(window, window)


@given(
    st.lists(
        st.one_of(
            st.builds(conv2d, st.just(1), pairs, pairs, st.tuples(st.integers(0, 2), window)),
            st.builds(max_pool2d, pairs, pairs),
            st.builds(relu),
        ),
        max_size=3,
    )
)
def test_its_size_by_formula_is_that_of_a_value_in_the_middle(layer_specs):
    layers = build_layers((1, 400, 400), (*layer_specs, relu()))
    for layer, size in zip(layers, field_sizes(layers), strict=True):
        middle = (0, layer.output_shape[1] // 2, layer.output_shape[2] // 2)
        rows, columns = receptive_field(layers, Place(layer.name, middle))[INPUT].axes[1:]
        seen = int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1
        assert size == seen  # the gaps of long strides too


def test_its_size_in_rows_is_that_of_one_map_and_behind_a_dense_layer_the_image():
    layers = build_layers(
        (3, 9, 8), (conv2d(2, (3, 2)), flatten(), relu(), dense(4), sigmoid(), dense(2))
    )
    assert field_sizes(layers) == [(3, 2)] * 3 + [(9, 8)] * 3
    assert field_sizes([]) == []
