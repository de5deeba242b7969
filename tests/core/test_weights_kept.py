"""A changed network keeps the weights of the layers that did not change, and only those."""

from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core.errors import WeightsError
from cnnviz.core.layers import build_layers
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu, sigmoid
from cnnviz.core.spec_edit import Design, add, duplicate, insert, move, remove, set_field
from cnnviz.core.weights_kept import keep_weights, kept_layers

LENET = Design.from_spec(PRESETS["lenet-5"])
ALL = ["conv1", "conv2", "dense1", "dense2", "dense3"]


def kept(old, new):
    old, new = old.to_spec(), new.to_spec()
    pairs = kept_layers(
        build_layers(old.input_shape, old.layers), build_layers(new.input_shape, new.layers)
    )
    return [(pair.old, pair.new) for pair in pairs]


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (LENET, [(name, name) for name in ALL]),
        # Activations and pooling have nothing to keep, nor do they stop others from it.
        (set_field(LENET, 1, "type", "sigmoid"), [(name, name) for name in ALL]),
        (remove(LENET, 1), [(name, name) for name in ALL]),
        # Another number of classes: all but the last.
        (replace(LENET, classes=26), [(name, name) for name in ALL[:-1]]),
        # More filters in the first: its own weights and those that look at them.
        (set_field(LENET, 0, "filters", 7), [(name, name) for name in ALL[2:]]),
        # A convolution in between, names move on.
        (
            insert(LENET, conv2d(6, 3, padding=1), 2),
            [("conv1", "conv1"), ("conv2", "conv3"), *[(n, n) for n in ALL[2:]]],
        ),
        (remove(LENET, 9), [("conv1", "conv1"), ("conv2", "conv2"), ("dense1", "dense1")]),
        # Smaller maps: kernels fit as before, the first dense layer does not.
        (set_field(LENET, 5, "stride", 3), [(n, n) for n in ALL if n != "dense1"]),
    ],
)
def test_what_did_not_change_is_kept(new, expected):
    assert kept(LENET, new) == expected


def test_no_two_of_the_new_come_from_one_of_the_old():
    old = Design((conv2d(1, 3), relu(), flatten(), dense(3)), (1, 8, 8), 3)
    pairs = kept(old, duplicate(old, 0))
    assert ("conv1", "conv2") not in pairs or ("conv1", "conv1") not in pairs
    assert [new for _, new in pairs].count("conv1") <= 1


def test_a_network_of_another_kind_keeps_nothing():
    old = Design((flatten(), dense(9), sigmoid(), dense(3)), (1, 8, 8), 3)
    new = Design((conv2d(2, 3), max_pool2d(2), flatten(), dense(3)), (1, 8, 8), 3)
    assert kept(old, new) == []
    # A dense layer and a convolution of the same numbers are still two kinds of layer.
    assert kept(move(add(old, "relu", 2), 2, 3), old) == [
        ("dense1", "dense1"),
        ("dense2", "dense2"),
    ]


def test_the_weights_are_copied_and_the_others_left():
    old, new = LENET.to_spec(), insert(LENET, conv2d(6, 3, padding=1), 2).to_spec()
    vector = Network(old, seed=5).vector
    before = vector.copy()
    network = Network(new, seed=9)
    drawn = network.state_dict()
    pairs = keep_weights(old, vector, network)
    had = Network(old, seed=5).state_dict()
    has = network.state_dict()
    names = {pair.new: pair.old for pair in pairs}
    assert names == {"conv1": "conv1", "conv3": "conv2"} | {name: name for name in ALL[2:]}
    for name, values in has.items():
        layer, which = name.split(".")
        expected = had[f"{names[layer]}.{which}"] if layer in names else drawn[name]
        np.testing.assert_array_equal(values, expected)
    network.vector += 1
    np.testing.assert_array_equal(vector, before)


def test_the_same_network_keeps_everything():
    spec = LENET.to_spec()
    network, vector = Network(spec), Network(spec, seed=5).vector
    keep_weights(spec, vector, network)
    np.testing.assert_array_equal(network.vector, vector)


def test_a_vector_of_another_network_changes_nothing():
    network = Network(LENET.to_spec())
    before = network.vector.copy()
    with pytest.raises(WeightsError, match="are 5 numbers; its network has 61706"):
        keep_weights(LENET.to_spec(), np.zeros(5, np.float32), network)
    np.testing.assert_array_equal(network.vector, before)
