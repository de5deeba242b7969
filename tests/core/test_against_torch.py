"""The whole network against PyTorch with the same weights: logits, loss and every gradient."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cnnviz.core.convolution import WAYS
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import (
    Spec,
    arctan,
    conv2d,
    dense,
    flatten,
    max_pool2d,
    relu,
)
from tests.core.odd import SIGMOIDS
from tests.core.torch_model import torch_model

torch = pytest.importorskip(
    "torch", reason="PyTorch is not installed: comparisons with it are skipped"
)

SPECS = {
    **PRESETS,
    "sigmoids": replace(SIGMOIDS, initializer="glorot"),
    "arctans": Spec(
        "arctans",
        "Arctans and windows that overlap",
        (1, 12, 15),
        (
            max_pool2d((2, 3), 1),
            conv2d(6, 3, padding=1),
            arctan(),
            max_pool2d(3, (1, 2)),
            conv2d(5, 2, stride=2),
            arctan(),
            flatten(),
            dense(3),
        ),
    ),
    "ties": Spec(
        "ties",
        "Pooled after ReLU, where many values are zero",
        (2, 10, 10),
        (relu(), max_pool2d(3, 2), conv2d(3, 2), relu(), max_pool2d(2, 1), flatten(), dense(3)),
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_logits_loss_and_gradients_equal_torchs(
    spec: Spec, way: str, assert_close: Callable[..., None]
) -> None:
    network, model = Network(spec, seed=4, convolution=way), torch_model(spec)
    rng = np.random.default_rng(0)
    count = 2 if way == "loop" else 9
    images = rng.normal(size=(count, *spec.input_shape)).astype(np.float32)
    labels = rng.integers(0, network.classes, count)
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            parameter[...] = rng.normal(0, 0.1, parameter.shape)
    ours = network.state_dict()
    with torch.no_grad():
        for theirs, array in zip(model.parameters(), ours.values(), strict=True):
            assert tuple(theirs.shape) == array.shape
            theirs.copy_(torch.from_numpy(array))

    logits = model(torch.from_numpy(images))
    their_loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(labels))
    their_loss.backward()

    loss, gradients = network.loss_and_gradients(images, labels)
    assert_close(network.forward(images), logits.detach().numpy())
    assert_close(network.predict(images), logits.softmax(1).detach().numpy())
    assert loss == pytest.approx(their_loss.item(), rel=1e-4)
    for theirs, (name, gradient) in zip(model.parameters(), gradients.items(), strict=True):
        assert theirs.grad.abs().max() > 0, f"{name} learns nothing"
        assert gradient.dtype == np.float32
        assert_close(gradient, theirs.grad.numpy())


def test_weights_load_from_a_state_of_tensors() -> None:
    network, model = Network(PRESETS["tiny"]), torch_model(PRESETS["tiny"])
    names = network.state_dict()
    network.load_state_dict(
        {name: t.detach() for name, t in zip(names, model.parameters(), strict=True)}
    )
    np.testing.assert_array_equal(network.state_dict()["conv1.weight"], model[0].weight.detach())
