import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import numpy as np
import pytest

from cnnviz.core import child
from cnnviz.core.datasets import Dataset, Split
from cnnviz.core.evaluation import evaluate
from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
from cnnviz.core.parallel_forward import forward_shared
from cnnviz.core.pipe import Lines
from cnnviz.core.settings import Settings
from cnnviz.core.slices import chunk_size
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Interrupted, Trainer


class Helpers:
    """As many as a test asks for, of networks of one spec."""

    def __init__(self, network: Network, count: int) -> None:
        self.made = [Helper(network, 8) for _ in range(count)]
        deadline = time.monotonic() + 60
        while not all(helper.ready for helper in self.made):
            assert time.monotonic() < deadline, "the helpers do not start"
            time.sleep(0.01)


@pytest.fixture
def network(small_spec: Spec) -> Network:
    return Network(small_spec, seed=3)


@pytest.fixture(params=[0, 1, 3])
def helpers(request: pytest.FixtureRequest, network: Network) -> Iterator[list[Helper]]:
    made = Helpers(network, request.param).made
    yield made
    for helper in made:
        helper.close()


def some_split(count: int) -> Split:
    rng = np.random.default_rng(count)
    return Split(rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8), rng.integers(0, 3, count))


def nothing() -> None:
    pass


def expected(network: Network, split: Split) -> bytes:
    logits: list[np.ndarray] = []
    evaluate(network, split, see=lambda values: logits.append(values[-1].copy()))
    return np.concatenate(logits).tobytes()


def test_any_number_of_helpers_gives_the_bits_of_one_process(
    network: Network, helpers: list[Helper]
) -> None:
    size = chunk_size(network.layers)
    for count in (1, size, size + 1, 20 * size + 7):
        split = some_split(count)
        logits = forward_shared(network, split, helpers, nothing)
        assert logits.tobytes() == expected(network, split)


def test_new_weights_reach_the_helpers(network: Network, helpers: list[Helper]) -> None:
    split = some_split(30 * chunk_size(network.layers))
    before = forward_shared(network, split, helpers, nothing).tobytes()
    network.vector *= 1.5
    after = forward_shared(network, split, helpers, nothing).tobytes()
    assert before != after == expected(network, split)


def test_what_was_given_up_is_not_answered_later(network: Network, helpers: list[Helper]) -> None:
    split = some_split(30 * chunk_size(network.layers))
    asked = iter(range(5))

    def give_up_soon() -> None:
        if next(asked) == 4:
            raise Interrupted

    with contextlib.suppress(Interrupted):
        forward_shared(network, split, helpers, give_up_soon)
    assert next(asked, None) is None
    logits = forward_shared(network, split, helpers, nothing)
    assert logits.tobytes() == expected(network, split)


def test_where_pipes_cannot_be_asked_all_comes_out_alike(
    network: Network, helpers: list[Helper], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Lines, "watch", lambda *_: True)  # as on Windows
    split = some_split(30 * chunk_size(network.layers))
    asked = iter(range(3))

    def give_up_soon() -> None:
        if next(asked) == 2:
            raise Interrupted

    with pytest.raises(Interrupted):
        forward_shared(network, split, helpers, give_up_soon)
    logits = forward_shared(network, split, helpers, nothing)
    assert logits.tobytes() == expected(network, split)


@pytest.mark.parametrize("calls", [0, 3])
def test_helpers_that_end_on_the_way_cost_only_time(
    network: Network, helpers: list[Helper], calls: int
) -> None:
    split = some_split(30 * chunk_size(network.layers))
    left = calls

    def kill() -> None:
        nonlocal left
        left -= 1
        if left < 0:
            for helper in helpers:
                helper._process.kill()
                helper._process.wait()

    logits = forward_shared(network, split, helpers, kill)
    assert logits.tobytes() == expected(network, split)


@pytest.mark.skipif(sys.platform == "win32", reason="cannot hold up a process")
@pytest.mark.parametrize("what", ["test", "batch"])
def test_a_helper_that_is_held_up_does_not_hold_up_giving_up(
    what: str,
    small_spec: Spec,
    make_dataset: Callable[..., Dataset],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(child, "GIVE_UP_SECONDS", 0.1)
    monkeypatch.setattr(child, "END_SECONDS", 0.1)
    dataset = make_dataset(train=64, test=900)
    with closing(Trainer(small_spec, dataset, Settings(batch_size=32, threads=2))) as trainer:
        trainer.start_helpers()
        helper = trainer._learner._shares[1].helper
        assert helper
        os.kill(helper._process.pid, signal.SIGSTOP)
        until = time.monotonic() + 0.5  # by then all that is ours is done

        def is_over() -> bool:
            return time.monotonic() > until

        if what == "test":
            assert trainer.evaluate(is_over) is None
        else:
            with pytest.raises(Interrupted):
                trainer.train_batch(interrupted=is_over)
        assert helper._process.poll() is not None
        assert trainer.evaluate()
        trainer.train_batch()
        assert trainer._learner.helpers == 0


@pytest.mark.parametrize("way", ["im2col", "correlate"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_test_between_two_batches_changes_neither(
    threads: int, way: str, small_spec: Spec, make_dataset: Callable[..., Dataset]
) -> None:
    dataset = make_dataset(train=64, test=900)
    settings = Settings(batch_size=32, threads=threads, convolution=way)
    plain, tested = (Trainer(small_spec, dataset, settings) for _ in range(2))
    with closing(plain), closing(tested):
        tested.start_helpers()
        for _ in range(3):
            reference = Network(plain.network.spec)
            reference.vector[...] = plain.network.vector
            expected_result = evaluate(reference, dataset.test)
            result = tested.evaluate()
            assert result
            assert expected_result
            assert result.losses.tobytes() == expected_result.losses.tobytes()
            assert (result.loss, result.accuracy) == (
                expected_result.loss,
                expected_result.accuracy,
            )
            assert tested.train_batch().loss == plain.train_batch().loss
        np.testing.assert_array_equal(tested.network.vector, plain.network.vector)
        assert tested.evaluate(lambda: True) is None
        assert tested.train_batch().loss == plain.train_batch().loss
        before = plain.evaluate()
        tested.close()
        after = tested.evaluate()  # alone
        assert before
        assert after
        assert after.losses.tobytes() == before.losses.tobytes()
