import threading
from collections.abc import Callable

import numpy as np
import pytest

from cnnviz.core.errors import CnnvizError
from cnnviz.core.network import Network
from cnnviz.core.parallel import LEAST_SHARE, ParallelLearner
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Interrupted
from cnnviz.core.workspace import Array


def nothing(what: str, direction: str) -> None:
    pass


def batch(count: int) -> tuple[Array, np.ndarray]:
    rng = np.random.default_rng(count)
    return rng.random((count, 1, 8, 8), np.float32), rng.integers(0, 3, count)


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2 * LEAST_SHARE - 1, 2 * LEAST_SHARE, 101])
def test_shares_add_up_to_what_one_thread_learns(
    count: int, threads: int, small_spec: Spec, assert_close: Callable[..., None]
) -> None:
    alone, network = Network(small_spec), Network(small_spec)
    learner = ParallelLearner(network, threads, count)
    for images, labels in (batch(count), batch(count + 1)):
        expected_loss, expected_logits = alone.learn(images, labels)
        loss, logits = learner.learn(images, labels, nothing, nothing)
        assert loss == pytest.approx(expected_loss, rel=1e-5)
        assert_close(logits, expected_logits, within=1e-5)
        assert_close(network.gradient, alone.gradient, within=1e-5)
    learner.close()


def test_the_same_number_of_threads_gives_the_same_bits(small_spec: Spec) -> None:
    gradients = []
    for _ in range(5):
        network = Network(small_spec)
        learner = ParallelLearner(network, 3, 101)
        learner.learn(*batch(101), nothing, nothing)
        gradients.append(network.gradient.tobytes())
        learner.close()
    assert len(set(gradients)) == 1


def test_weights_and_the_way_are_shared_but_gradients_are_not(small_spec: Spec) -> None:
    network = Network(small_spec)
    twin, (images, labels) = network.twin(), batch(4)
    network.vector *= 2
    np.testing.assert_array_equal(twin.forward(images), network.forward(images))
    twin.learn(images, labels)
    assert twin.gradient.any()
    assert not network.gradient.any()


@pytest.mark.parametrize("who", ["lap", "twin_lap"])
def test_what_a_lap_raises_on_any_thread_comes_out_once_all_have_ended(
    who: str, small_spec: Spec
) -> None:
    laps: list[int] = []

    def give_up(what: str, direction: str) -> None:
        raise Interrupted

    def count(what: str, direction: str) -> None:
        laps.append(threading.get_ident())

    learner = ParallelLearner(Network(small_spec), 2, 64)
    lap, twin_lap = (give_up if name == who else count for name in ("lap", "twin_lap"))
    with pytest.raises(Interrupted):
        learner.learn(*batch(64), lap, twin_lap)
    assert len(laps) == 2 * len(small_spec.layers) + 1, "the other share was learned to its end"
    assert (threading.get_ident() in laps) == (who == "twin_lap")

    learner.learn(*batch(64), nothing, nothing)
    learner.close()


def test_labels_that_do_not_fit_are_refused_in_any_share(small_spec: Spec) -> None:
    learner = ParallelLearner(Network(small_spec), 2, 64)
    for position in (0, 63):
        images, labels = batch(64)
        labels[position] = 3
        with pytest.raises(CnnvizError, match="Labels must be 0 to 2"):
            learner.learn(images, labels, nothing, nothing)
    learner.close()


def test_close_ends_the_threads(small_spec: Spec) -> None:
    before = set(threading.enumerate())
    learner = ParallelLearner(Network(small_spec), 3, 64)
    learner.learn(*batch(64), nothing, nothing)
    assert set(threading.enumerate()) > before
    learner.close()
    assert set(threading.enumerate()) == before
