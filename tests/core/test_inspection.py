import numpy as np
import pytest

from cnnviz.core.errors import CnnvizError
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from cnnviz.core.spec import Spec
from cnnviz.core.workspace import Array


@pytest.fixture
def image() -> Array:
    return np.random.default_rng(0).random((1, 8, 8), np.float32)


def test_it_shows_what_every_layer_made_of_the_image(small_spec: Spec, image: Array) -> None:
    network = Network(small_spec)
    seen = inspect(network, image)
    shapes = {layer.name: layer.output_shape for layer in network.layers}
    assert {name: output.shape for name, output in seen.outputs.items()} == shapes
    assert list(seen.outputs) == list(shapes)

    # By hand, one layer from the other.
    state, outputs = network.state_dict(), seen.outputs
    corner = np.sum(image[:, :3, :3] * state["conv1.weight"][1]) + state["conv1.bias"][1]
    assert outputs["conv1"][1, 0, 0] == pytest.approx(corner, rel=1e-5)
    np.testing.assert_array_equal(outputs["relu1"], outputs["conv1"].clip(0))
    assert outputs["pool1"][2, 1, 0] == outputs["relu1"][2, 2:4, 0:2].max()
    np.testing.assert_array_equal(outputs["flatten"], outputs["pool1"].ravel())
    logits = state["dense1.weight"] @ outputs["flatten"] + state["dense1.bias"]
    np.testing.assert_allclose(outputs["dense1"], logits, rtol=1e-5)
    np.testing.assert_allclose(seen.probabilities, network.predict(image[None])[0], rtol=1e-6)


def test_what_it_shows_are_copies(small_spec: Spec, image: Array) -> None:
    network = Network(small_spec)
    seen = inspect(network, image)
    kept = {name: output.copy() for name, output in seen.outputs.items()}
    original = image.copy()
    image[...] = 0
    inspect(network, image)
    network.vector[...] = 0
    for name, output in seen.outputs.items():
        np.testing.assert_array_equal(output, kept[name])
        assert output.flags.c_contiguous
    np.testing.assert_array_equal(seen.image, original)


def test_an_image_of_another_shape_is_refused(small_spec: Spec) -> None:
    with pytest.raises(CnnvizError, match="images of shape"):
        inspect(Network(small_spec), np.zeros((1, 9, 9), np.float32))
