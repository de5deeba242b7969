"""One image's gradients: against PyTorch, against a nudge of each value; and their shapes."""

import numpy as np
import pytest

from cnnviz.core.backward_inspection import inspect_backward, winning_places
from cnnviz.core.errors import CnnvizError
from cnnviz.core.inspection import inspect
from cnnviz.core.layers import MaxPool2D
from cnnviz.core.loss import negative_log_likelihood
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.receptive_field import Field, winners
from cnnviz.core.spec import Spec, dense, flatten, max_pool2d, relu
from cnnviz.core.workspace import Workspace
from tests.core.odd import ODD
from tests.core.torch_model import torch_model

SPECS = {**PRESETS, "odd": ODD}


def shaken(spec, dtype=np.float32):
    """A network with weights and biases of all signs, an image and its label."""
    network, rng = Network(spec, seed=3, dtype=dtype), np.random.default_rng(0)
    network.vector += rng.normal(0, 0.05, len(network.vector)).astype(dtype)
    return network, rng.random(spec.input_shape).astype(dtype), 2


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_it_is_parallel_to_the_inspection(spec):
    network, image, label = shaken(spec)
    ahead, back = inspect(network, image), inspect_backward(network, image, label)
    assert list(ahead.outputs) == list(back.outputs)
    for name, values in ahead.outputs.items():
        assert back.outputs[name].shape == values.shape, name
        assert back.outputs[name].flags.c_contiguous
    assert back.image.shape == image.shape
    assert {name: g.shape for name, g in back.parameters.items()} == {
        name: w.shape for name, w in network.named_parameters()
    }
    logits = ahead.outputs[network.layers[-1].name]
    expected = negative_log_likelihood(logits[np.newaxis], np.array([label]))[0]
    assert back.loss == pytest.approx(expected, rel=1e-6)
    assert back.label == label


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_gradient_equals_torchs(spec, assert_close):
    torch = pytest.importorskip("torch")
    network, image, label = shaken(spec)
    model = torch_model(spec)
    with torch.no_grad():
        for theirs, ours in zip(model.parameters(), network.state_dict().values(), strict=True):
            theirs.copy_(torch.from_numpy(ours))
    values = [torch.from_numpy(image[np.newaxis]).requires_grad_()]
    for module in model:
        values.append(module(values[-1]))
        values[-1].retain_grad()
    torch.nn.functional.cross_entropy(values[-1], torch.tensor([label])).backward()

    back = inspect_backward(network, image, label)
    assert_close(back.image, values[0].grad[0].numpy())
    for (name, ours), theirs in zip(back.outputs.items(), values[1:], strict=True):
        assert theirs.grad.abs().max() > 0, name
        assert_close(ours, theirs.grad[0].numpy())
    for ours, theirs in zip(back.parameters.values(), model.parameters(), strict=True):
        assert_close(ours, theirs.grad.numpy())


def loss_from(network, position, values, label):
    """The loss if `values` were the input of the layer at `position`."""
    parameters = dict(network.named_parameters())
    for layer in network.layers[position:]:
        weights = {name: parameters[f"{layer.name}.{name}"] for name in layer.parameter_shapes}
        values = layer.forward(values, weights, Workspace()).copy()
    return float(negative_log_likelihood(values, np.array([label]))[0])


@pytest.mark.parametrize("spec", [PRESETS["tiny"], ODD], ids=["tiny", "odd"])
def test_every_gradient_equals_a_nudge(spec):
    network, image, label = shaken(spec, np.float64)
    back, rng, h = inspect_backward(network, image, label), np.random.default_rng(1), 1e-6
    values = [image, *inspect(network, image).outputs.values()]
    gradients = [back.image, *back.outputs.values()]
    for position, (value, gradient) in enumerate(zip(values, gradients, strict=True)):
        assert np.abs(gradient).max() > 0
        smooth = np.argwhere(value)  # zeros are kinks: of a ReLU, or shared by a window
        for at in map(tuple, rng.choice(smooth, 8)):
            losses = []
            for sign in (1, -1):
                moved = value[np.newaxis].copy()
                moved[(0, *at)] += sign * h
                losses.append(loss_from(network, position, moved, label))
            quotient = (losses[0] - losses[1]) / (2 * h)
            assert gradient[at] == pytest.approx(quotient, rel=1e-4, abs=1e-8), (position, at)


def test_what_relu_blocked_and_who_won():
    network, image, label = shaken(ODD)
    ahead, back = inspect(network, image), inspect_backward(network, image, label)
    assert set(back.blocked) == {"relu1", "relu2"}
    assert set(back.winners) == {"pool1", "pool2"}
    blocked = back.blocked["relu1"]
    assert blocked.any()
    np.testing.assert_array_equal(blocked, ahead.outputs["conv2"] <= 0)
    assert not back.outputs["conv2"][blocked].any()
    np.testing.assert_array_equal(back.outputs["conv2"][~blocked], back.outputs["relu1"][~blocked])


def test_winners_are_those_of_the_receptive_field():
    network, image, label = shaken(ODD)
    ahead, back = inspect(network, image), inspect_backward(network, image, label)
    layer = next(layer for layer in network.layers if isinstance(layer, MaxPool2D))
    inputs = ahead.outputs["sigmoid1"]
    everywhere = Field(tuple(np.arange(length) for length in layer.output_shape))
    expected = winners(layer, inputs, everywhere)[:, 1:]
    _, y, x = np.indices(layer.output_shape)
    i, j = np.divmod(back.winners["pool1"], layer.size[1])
    found = np.stack([y * layer.stride[0] + i, x * layer.stride[1] + j], axis=-1)
    np.testing.assert_array_equal(found.reshape(-1, 2), expected)


def test_of_equal_values_the_first_wins():
    network = Network(Spec("p", "P", (1, 4, 4), (max_pool2d(2), flatten(), dense(2))))
    layer = network.layers[0]
    assert isinstance(layer, MaxPool2D)
    places = winning_places(layer, np.ones((1, 1, 4, 4), np.float32))
    np.testing.assert_array_equal(places, np.zeros((1, 1, 2, 2)))


def test_a_network_may_begin_with_any_layer():
    spec = Spec("r", "R", (1, 4, 4), (relu(), flatten(), dense(2)))
    image = np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 4, 4)
    back = inspect_backward(Network(spec), image, 1)
    assert not back.image[image <= 0].any()
    assert back.image[image > 0].all()


def test_it_is_a_copy():
    network, image, label = shaken(ODD)
    back = inspect_backward(network, image, label)
    kept = {name: array.copy() for name, array in (back.outputs | back.parameters).items()}
    inspect_backward(network, 1 - image, 0)
    for name, array in (back.outputs | back.parameters).items():
        np.testing.assert_array_equal(array, kept[name])


def test_watching_changes_no_gradient():
    network, image, label = shaken(ODD)
    network.learn(image[np.newaxis], np.array([label]))
    expected = network.gradient.copy()
    inspect_backward(network, image, label)
    np.testing.assert_array_equal(network.gradient, expected, strict=True)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_there_is_not_is_refused(label):
    network, image, _ = shaken(ODD)
    with pytest.raises(CnnvizError, match="Labels must be 0 to 2"):
        inspect_backward(network, image, label)


def test_a_network_that_diverged_gives_no_warning():
    network, image, label = shaken(ODD)
    network.vector[...] = np.float32(1e38)
    assert not np.isfinite(inspect_backward(network, image, label).loss)
