from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from cnnviz.core.convolution import WAYS
from cnnviz.core.errors import CnnvizError, SettingsError, WeightsError
from cnnviz.core.network import Network
from cnnviz.core.presets import preset
from cnnviz.core.spec import (
    Spec,
    arctan,
    conv2d,
    dense,
    flatten,
    max_pool2d,
    relu,
    sigmoid,
)
from cnnviz.core.workspace import Array

AssertClose = Callable[..., None]
LABELS = np.array([0, 2, 1, 1])


@pytest.fixture
def network(small_spec: Spec) -> Network:
    return Network(small_spec)


@pytest.fixture
def images() -> Array:
    return np.random.default_rng(0).random((4, 1, 8, 8), np.float32)


# What it is made of.


def test_layers_and_weights_have_the_names_and_shapes_of_pytorch() -> None:
    network = Network(preset("numpy-cnn"))
    names = "conv1 relu1 conv2 relu2 pool1 flatten dense1 relu3 dense2"
    assert [layer.name for layer in network.layers] == names.split()
    state = network.state_dict()
    assert {name: array.shape for name, array in state.items()} == {
        "conv1.weight": (8, 1, 5, 5),
        "conv1.bias": (8,),
        "conv2.weight": (8, 8, 5, 5),
        "conv2.bias": (8,),
        "dense1.weight": (128, 800),
        "dense1.bias": (128,),
        "dense2.weight": (10, 128),
        "dense2.bias": (10,),
    }
    assert all(array.dtype == np.float32 for array in state.values())


def test_the_seed_decides_the_weights_and_biases_begin_at_zero(small_spec: Spec) -> None:
    first, same, other = (Network(small_spec, seed).vector for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert not np.array_equal(first, other)
    assert not Network(small_spec).state_dict()["conv1.bias"].any()


def test_without_a_seed_all_weights_are_zero(small_spec: Spec) -> None:
    assert not Network(small_spec, None).vector.any()


def test_every_initialisation_makes_a_network(small_spec: Spec) -> None:
    vectors = [
        Network(replace(small_spec, initializer=name)).vector
        for name in ("he", "glorot", "numpy-cnn")
    ]
    assert len({vector.tobytes() for vector in vectors}) == 3


def test_parameters_are_views_into_the_vector(network: Network) -> None:
    network.vector[...] = np.arange(network.vector.size)
    state = network.state_dict()
    flat = np.concatenate([array.ravel() for array in state.values()])
    np.testing.assert_array_equal(flat, network.vector)
    for _, view in network.named_parameters():
        view[...] = 7
    assert (network.vector == 7).all()


def test_gradients_are_views_into_the_gradient(network: Network, images: Array) -> None:
    _, gradients = network.loss_and_gradients(images, LABELS)
    flat = np.concatenate([array.ravel() for array in gradients.values()])
    np.testing.assert_array_equal(flat, network.gradient)
    assert gradients.keys() == network.state_dict().keys()


# Weights in and out.


def test_weights_go_out_and_in_again(small_spec: Spec, images: Array) -> None:
    source, target = Network(small_spec, seed=1), Network(small_spec, seed=2)
    target.load_state_dict(source.state_dict())
    np.testing.assert_array_equal(target.vector, source.vector)
    np.testing.assert_array_equal(target.forward(images), source.forward(images))


def test_the_state_is_a_copy(network: Network) -> None:
    before = network.vector.copy()
    for array in network.state_dict().values():
        array[...] = 9
    np.testing.assert_array_equal(network.vector, before)


def test_weights_of_another_float_type_are_converted(network: Network) -> None:
    state = {name: array.astype(np.float64) + 1 for name, array in network.state_dict().items()}
    expected = network.vector + 1
    network.load_state_dict(state)
    np.testing.assert_array_equal(network.vector, expected)
    assert network.vector.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("dense1.bias", None, r"missing \['dense1.bias'\]"),
        ("conv9.weight", np.zeros(3), r"unknown \['conv9.weight'\]"),
        ("dense1.bias", np.zeros(4), r"dense1.bias has the shape \(4,\).* needs \(3,\)"),
        ("conv1.weight", np.zeros((3, 3, 3)), "conv1.weight has the shape"),
        ("dense1.bias", np.zeros(3, complex), "dense1.bias holds complex128"),
        ("dense1.bias", np.array(["a", "b", "c"]), "dense1.bias holds <U1"),
        ("dense1.bias", [None, 1, 2], "dense1.bias holds object"),
    ],
)
def test_weights_that_do_not_fit_are_refused_and_change_nothing(
    network: Network, name: str, value: Any, message: str
) -> None:
    before = network.vector.copy()
    state: dict[str, Any] = {key: array + 1 for key, array in network.state_dict().items()}
    state[name] = value
    if value is None:
        del state[name]
    with pytest.raises(WeightsError, match=message):
        network.load_state_dict(state)
    np.testing.assert_array_equal(network.vector, before)


# Forward and predict.


def test_forward_gives_logits_of_the_callers_own(network: Network, images: Array) -> None:
    first = network.forward(images)
    kept = first.copy()
    network.forward(1 - images)
    network.loss_and_gradients(1 - images, LABELS)
    np.testing.assert_array_equal(first, kept)
    assert first.shape == (4, 3)
    assert first.dtype == np.float32
    assert first.flags.c_contiguous


def test_predict_gives_probabilities(network: Network, images: Array) -> None:
    probabilities = network.predict(images)
    assert probabilities.dtype == np.float32
    assert (probabilities > 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(probabilities.argmax(1), network.forward(images).argmax(1))


@pytest.mark.parametrize("name", WAYS)
def test_one_image_or_many_give_the_same(
    network: Network, images: Array, name: str, assert_close: AssertClose
) -> None:
    network.convolution = name
    together = network.forward(images)
    for k, image in enumerate(images):
        assert_close(network.forward(image[None])[0], together[k], within=1e-5)
    assert_close(network.forward(images), together, within=1e-6)


def test_run_gives_every_layers_input_and_the_logits(network: Network, images: Array) -> None:
    values = network.run(images)
    shapes = [(1, 8, 8), *(layer.output_shape for layer in network.layers)]
    assert [value.shape[1:] for value in values] == shapes
    np.testing.assert_array_equal(values[-1], network.forward(images))


def test_images_of_another_order_or_dtype_give_the_same(network: Network, images: Array) -> None:
    logits = network.forward(images)
    batch_last = np.moveaxis(np.moveaxis(images, 0, -1).copy(), -1, 0)
    np.testing.assert_allclose(network.forward(batch_last), logits, rtol=1e-5)
    np.testing.assert_array_equal(network.forward(images.astype(np.float64)), logits)


def test_neither_images_nor_labels_are_written_to(small_spec: Spec, images: Array) -> None:
    labels, kept = LABELS.copy(), images.copy()
    images.flags.writeable = labels.flags.writeable = False
    relu_first = replace(small_spec, layers=(relu(), *small_spec.layers))
    for spec in (small_spec, relu_first):
        Network(spec).loss_and_gradients(images, labels)
    np.testing.assert_array_equal(images, kept)


@pytest.mark.parametrize("shape", [(4, 1, 8, 9), (4, 2, 8, 8), (1, 8, 8), (8, 8), (0, 1, 8, 8)])
def test_images_of_the_wrong_shape_are_refused(network: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(CnnvizError, match="images of shape"):
        network.forward(np.zeros(shape, np.float32))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2], r"4 images need as many labels, not \(3,\)"),
        ([[0], [1], [2], [0]], r"not \(4, 1\)"),
        ([0, 1, 2, 3], "Labels must be 0 to 2; these are 0 to 3"),
        ([0, 1, -1, 2], "these are -1 to 2"),
        ([0.0, 1.0, 2.0, 0.0], "whole numbers"),
        ([True, False, True, False], "whole numbers"),
    ],
)
def test_labels_that_do_not_fit_are_refused(
    network: Network, images: Array, labels: Any, message: str
) -> None:
    with pytest.raises(CnnvizError, match=message):
        network.loss_and_gradients(images, np.array(labels))


# Convolution by name.


def test_the_way_can_be_changed_at_any_time(
    network: Network, images: Array, assert_close: AssertClose
) -> None:
    expected = network.loss_and_gradients(images, LABELS)
    for name in WAYS:
        network.convolution = name
        assert network.convolution == name
        loss, gradients = network.loss_and_gradients(images, LABELS)
        assert loss == pytest.approx(expected[0], rel=1e-4)
        for parameter, gradient in gradients.items():
            assert_close(gradient, expected[1][parameter])
    with pytest.raises(SettingsError, match="“fft”"):
        network.convolution = "fft"
    assert network.convolution == "im2col"


def test_laps_follow_the_data_through_the_network_and_back(network: Network, images: Array) -> None:
    laps: list[str] = []
    network.learn(images, LABELS, lambda what, direction: laps.append(f"{what} {direction}"))
    names = [layer.name for layer in network.layers]
    forward = [f"{name} forward" for name in [*names, "loss"]]
    assert laps == forward + [f"{name} backward" for name in reversed(names)]


# Gradients by finite differences, in float64.

EVERYTHING = Spec(
    "everything",
    "Everything",
    (2, 9, 8),
    (
        conv2d(4, (3, 2), padding=(1, 0)),
        sigmoid(),
        conv2d(3, 3, stride=(1, 2), padding=1),
        arctan(),
        max_pool2d((3, 2), 1),
        flatten(),
        dense(7),
        relu(),
        dense(5),
    ),
)


@pytest.mark.parametrize("name", WAYS)
def test_gradients_agree_with_finite_differences(name: str) -> None:
    network = Network(EVERYTHING, seed=3, convolution=name, dtype=np.float64)
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(3, 2, 9, 8)), np.array([4, 0, 2])
    start = network.vector.copy()
    loss, gradients = network.loss_and_gradients(images, labels)
    gradient = network.gradient.copy()
    assert all(np.abs(array).max() > 1e-3 for array in gradients.values())

    def loss_at(vector: Array) -> float:
        network.vector[...] = vector
        return network.loss_and_gradients(images, labels)[0]

    directions = [rng.normal(size=start.size) for _ in range(3)]
    directions += list(np.eye(start.size)[rng.choice(start.size, 12, replace=False)])
    for direction in directions:
        slope = (loss_at(start + 1e-5 * direction) - loss_at(start - 1e-5 * direction)) / 2e-5
        assert slope == pytest.approx(gradient @ direction, rel=1e-6, abs=1e-8)
    assert loss_at(start) == loss
