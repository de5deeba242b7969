"""One image's way there and back, in the form of a dissected batch, is that batch."""

import numpy as np
import pytest

from cnnviz.core.backward_arithmetic import explain_gradient
from cnnviz.core.backward_inspection import inspect_backward
from cnnviz.core.datasets import Split
from cnnviz.core.inspection import inspect
from cnnviz.core.microscope import Moment, dissect
from cnnviz.core.network import Network
from cnnviz.core.one_image import as_dissection
from cnnviz.core.parameter_arithmetic import Parameter, explain_parameter
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.trainer import Snapshot
from tests.core.odd import ODD, odd_data


@pytest.fixture
def both():
    """Our dissection, and the microscope's of the same image as a batch of its own."""
    network, test = Network(ODD, seed=3), odd_data().test
    images, labels = test.batch(np.array([5]))
    label = int(labels[0])
    inspection = inspect(network, images[0])
    ours = as_dissection(
        network.spec, network.vector.copy(), inspection, inspect_backward(network, images[0], label)
    )
    batch = Split(test.pixels[5:6].copy(), test.labels[5:6].copy())
    start = Snapshot(0, network.vector.copy(), {})
    return ours, dissect(Moment(ODD, start, batch, 0.1, "gradient-descent", "im2col", 1))


def test_every_array_is_the_microscopes(both):
    ours, theirs = both
    assert ours.loss == theirs.loss
    assert ours.outputs.keys() == theirs.outputs.keys()
    for name in ours.outputs:
        np.testing.assert_array_equal(ours.outputs[name], theirs.outputs[name])
        np.testing.assert_array_equal(ours.gradients[name], theirs.gradients[name])
    np.testing.assert_array_equal(ours.gradient, theirs.gradient)
    np.testing.assert_array_equal(ours.probabilities, theirs.probabilities)
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    np.testing.assert_array_equal(ours.network().vector, theirs.network().vector)


@pytest.mark.parametrize(
    "place", [Place(INPUT, (2, 4, 4)), Place("pool1", (1, 2, 1)), Place("dense2", (1,))]
)
def test_it_can_be_explained(both, place):
    ours, theirs = both
    found = explain_gradient(ours, 0, place)
    assert found.result == explain_gradient(theirs, 0, place).result
    assert found.total == pytest.approx(found.result, rel=1e-4, abs=1e-8)


def test_a_weight_can_be_explained(both):
    weight = Parameter("conv2.weight", (1, 2, 0, 1))
    found = [explain_parameter(each, weight) for each in both]
    assert found[0].result == found[1].result
    assert found[0].total == pytest.approx(found[0].result, rel=1e-4, abs=1e-8)


def test_nothing_is_learned(both):
    ours, _ = both
    assert not ours.update.step.any()
    np.testing.assert_array_equal(ours.update.after, ours.update.before)
