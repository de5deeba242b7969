"""Looking back on a thread gives what looking back at once gives."""

import numpy as np

from cnnviz.core.backward_inspection import inspect_backward
from cnnviz.core.backward_task import LookingBack, look_back
from cnnviz.core.inspection import inspect
from cnnviz.core.network import Network
from tests.core.odd import ODD, odd_data

PATIENCE = 60


def asked():
    network = Network(ODD, seed=1)
    images, labels = odd_data().test.batch(np.array([2]))
    return network, inspect(network, images[0]), int(labels[0])


def test_both_ways_find_the_same():
    network, inspection, label = asked()
    expected = inspect_backward(network, inspection.image, label)
    task = LookingBack(network, inspection, label)
    task.start()
    assert task.join(PATIENCE)
    for found in (task.standing.result, look_back(network, inspection, label)):
        assert found.seconds > 0
        assert found.inspection is inspection
        np.testing.assert_array_equal(found.backward.image, expected.image)
        np.testing.assert_array_equal(found.dissection.gradient, network.gradient)


def test_what_cannot_be_is_told():
    network, inspection, _ = asked()
    task = LookingBack(network, inspection, 3)
    task.start()
    assert task.join(PATIENCE)
    assert task.standing.ended
    assert task.standing.result is None
    assert task.standing.failure is not None
    message, details = task.standing.failure
    assert message
    assert details == ""


def test_a_diverged_network_warns_nobody():
    network, inspection, label = asked()
    network.vector[::3] = np.inf
    found = look_back(network, inspection, label)
    assert not np.isfinite(found.backward.loss)
