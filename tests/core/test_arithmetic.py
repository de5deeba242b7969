"""What the inspector adds up is what the engine has made, for every kind of value."""

import numpy as np
import pytest

from cnnviz.core.arithmetic import (
    Activated,
    Convolution,
    Copied,
    Pixel,
    Pooling,
    Weighted,
    explain,
)
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.spec import Spec, arctan, conv2d, dense, flatten, max_pool2d, relu, sigmoid

ODD = Spec(
    "odd",
    "Odd",
    (3, 11, 9),
    (
        conv2d(4, (3, 2), stride=(2, 1), padding=(2, 1)),
        sigmoid(),
        max_pool2d((2, 3), (1, 2)),
        conv2d(2, 2),
        arctan(),
        flatten(),
        dense(6),
        relu(),
        dense(3),
    ),
)


def trained(spec, seed=0):
    """A network with weights and biases of all signs, and an image's way through it."""
    network, random = Network(spec, seed), np.random.default_rng(seed)
    network.vector += random.normal(0, 0.05, len(network.vector)).astype(np.float32)
    return network, inspect(network, random.random(spec.input_shape, np.float32))


def magnitude(found):
    """The size of what is added up: rounding is relative to it."""
    if isinstance(found, Convolution | Weighted):
        return max(abs(found.result), float(np.abs(found.products).sum()), abs(found.bias))
    return abs(found.result)


@pytest.mark.parametrize("spec", [*PRESETS.values(), ODD], ids=lambda spec: spec.name)
def test_its_sum_is_what_the_engine_made(spec):
    network, inspection = trained(spec)
    random = np.random.default_rng(1)
    for _ in range(200):
        layer = network.layers[random.integers(len(network.layers))]
        place = Place(layer.name, tuple(int(random.integers(n)) for n in layer.output_shape))
        found = explain(network, inspection, place)
        assert found.result == inspection.outputs[layer.name][place.index]
        assert abs(found.total - found.result) <= 1e-5 * magnitude(found), place
        if isinstance(found, Convolution):
            assert found.products.sum(axis=(1, 2)) == pytest.approx(found.channel_sums)
        if layer is network.layers[-1]:
            softmax = found.softmax
            assert softmax.result == inspection.probabilities[place.index]
            assert softmax.total == pytest.approx(softmax.result, rel=1e-5)
            assert softmax.denominator == pytest.approx(softmax.exponentials.sum())


def test_a_convolution_by_hand():
    network, inspection = trained(ODD)
    found = explain(network, inspection, Place("conv1", (2, 0, 3)))
    weights = network.state_dict()
    assert isinstance(found, Convolution)
    assert found.source == INPUT
    assert found.corner == (-2, 2)
    np.testing.assert_array_equal(found.inside, [[False, False], [False, False], [True, True]])
    np.testing.assert_array_equal(found.patch[:, 2], inspection.image[:, 0, 2:4])
    assert not found.patch[:, :2].any()
    np.testing.assert_array_equal(found.kernel, weights["conv1.weight"][2])
    assert found.bias == weights["conv1.bias"][2]


def test_a_patch_in_the_padding_is_zero_whatever_is_at_the_edge():
    network, inspection = trained(ODD)
    inspection.image[...] = np.inf
    found = explain(network, inspection, Place("conv1", (0, 0, 0)))
    outside = np.broadcast_to(~found.inside, found.patch.shape)
    assert not found.patch[outside].any()


def test_a_pooling_by_hand():
    network, inspection = trained(ODD)
    found = explain(network, inspection, Place("pool1", (1, 3, 2)))
    assert isinstance(found, Pooling)
    assert (found.source, found.corner) == ("sigmoid1", (3, 4))
    np.testing.assert_array_equal(found.window, inspection.outputs["sigmoid1"][1, 3:5, 4:7])
    assert found.window[found.winner] == found.result == found.window.max()


@pytest.mark.parametrize("name", ["sigmoid1", "arctan1"])
def test_an_activation_has_one_source(name):
    network, inspection = trained(ODD)
    found = explain(network, inspection, Place(name, (1, 2, 1)))
    assert isinstance(found, Activated)
    assert found.value == inspection.outputs[found.source][1, 2, 1]


def test_flattening_tells_where_a_value_stood():
    network, inspection = trained(ODD)
    height, width = network.layers[4].output_shape[1:]
    found = explain(network, inspection, Place("flatten", (height * width + width + 1,)))
    assert isinstance(found, Copied)
    assert (found.source, found.origin) == ("arctan1", (1, 1, 1))
    assert inspection.outputs[found.source][found.origin] == found.result


def test_the_largest_contributions_come_first():
    network, inspection = trained(PRESETS["numpy-cnn"])
    found = explain(network, inspection, Place("dense1", (5,)))
    assert isinstance(found, Weighted)
    assert found.softmax is None
    sizes = np.abs(found.products[found.order])
    assert (np.diff(sizes) <= 0).all()
    assert len(sizes) == 800


def test_a_pixel_is_given():
    network, inspection = trained(ODD)
    found = explain(network, inspection, Place(INPUT, (2, 1, 0)))
    assert found == Pixel(Place(INPUT, (2, 1, 0)), float(inspection.image[2, 1, 0]))


def test_what_it_tells_stays_when_the_network_learns_on():
    network, inspection = trained(ODD)
    found = explain(network, inspection, Place("conv1", (0, 2, 2)))
    kept = found.kernel.copy()
    network.vector += 1
    np.testing.assert_array_equal(found.kernel, kept)


def test_a_place_that_is_none_is_refused():
    network, inspection = trained(ODD)
    with pytest.raises(KeyError):
        explain(network, inspection, Place("conv7", (0, 0, 0)))
    with pytest.raises(IndexError):
        explain(network, inspection, Place("conv1", (9, 0, 0)))


def test_a_network_that_diverged_is_explained_without_a_warning():
    network, inspection = trained(ODD)
    network.vector[...] = np.float32(1e38)
    inspection.image[...] = 10
    found = explain(network, inspection, Place("conv1", (0, 3, 3)))
    with np.errstate(over="ignore", invalid="ignore"):
        assert not np.isfinite(found.total)
