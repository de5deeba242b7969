"""A share learned in slices gives what it gives at once."""

import numpy as np
import pytest

from cnnviz.core import slices
from cnnviz.core.layers import build_layers
from cnnviz.core.network import Network
from cnnviz.core.presets import PRESETS
from cnnviz.core.slices import chunk_size, learn_in_slices, slice_size
from cnnviz.core.spec import Spec, conv2d, dense, flatten


@pytest.mark.parametrize("images", [1, 7, 8, 9, 40])
def test_slices_add_up_to_the_whole(images, monkeypatch, assert_close):
    monkeypatch.setattr(slices, "CACHE", 1)
    network, random = Network(PRESETS["tiny"]), np.random.default_rng(0)
    pixels = random.random((images, *network.spec.input_shape), dtype=np.float32)
    labels = random.integers(0, network.classes, images)
    assert slice_size(network.layers) == 8

    loss, logits = network.learn(pixels, labels, count=50)
    expected, gradient = logits.copy(), network.gradient.copy()
    laps = []
    sliced_loss, sliced_logits = learn_in_slices(
        network, pixels, labels, lambda *row: laps.append(row), 50
    )
    assert sliced_loss == pytest.approx(loss, rel=1e-5)
    assert_close(sliced_logits, expected, 1e-5)
    assert_close(network.gradient, gradient, 1e-5)
    assert laps.count(("conv1", "forward")) == -(-images // 8)


def test_the_more_patches_an_image_has_the_fewer_images_are_worked_on():
    assert slice_size(Network(PRESETS["numpy-cnn"]).layers) >= 64
    many = Spec("many", "Many", (64, 28, 28), (conv2d(64, 5), flatten(), dense(10)))
    assert slice_size(Network(many).layers) == 8
    assert slice_size(Network(PRESETS["mlp"]).layers) > 10_000


def test_a_chunk_of_large_images_is_small():
    assert chunk_size(Network(PRESETS["mlp"]).layers) == 250
    for side, images in ((64, 250), (256, 20), (1024, 8)):
        large = Spec("large", "Large", (3, side, side), (flatten(), dense(2)))
        assert chunk_size(build_layers(large.input_shape, large.layers)) == images
