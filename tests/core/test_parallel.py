import contextlib
import math
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cnnviz.core.datasets import Split
from cnnviz.core.helper import Helper
from cnnviz.core.network import Network
from cnnviz.core.parallel import (
    LEAST_SHARE,
    ParallelLearner,
    cores_beside_a_window,
    cores_left,
)
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Interrupted
from tests.core.processes import start_in_vain

Start = Callable[..., ParallelLearner]


def nothing(*_: str) -> None:
    pass


def some_split(count: int) -> Split:
    rng = np.random.default_rng(count)
    return Split(rng.integers(0, 256, (count, 1, 8, 8), dtype=np.uint8), rng.integers(0, 3, count))


@pytest.fixture
def start() -> Iterator[Start]:
    """Makes learners that are closed afterwards; with `helped`, their helpers are at work."""
    made: list[ParallelLearner] = []

    def start_one(network: Network, cores: int, count: int, helped: bool) -> ParallelLearner:
        made.append(ParallelLearner(network, cores, count))
        if helped:
            made[-1].start_helpers()
            wait_for_helpers(made[-1])
        return made[-1]

    yield start_one
    for learner in made:
        learner.close()


def wait_for_helpers(learner: ParallelLearner) -> None:
    deadline = time.monotonic() + 60
    while not learner.helpers_are_ready:
        assert time.monotonic() < deadline, "the helpers do not start"
        time.sleep(0.01)


def learn(learner: ParallelLearner, count: int) -> tuple[bytes, bytes, float]:
    loss, logits, labels = learner.learn(some_split(count), np.arange(count), nothing, nothing)
    np.testing.assert_array_equal(labels, some_split(count).labels)
    return learner._network.gradient.tobytes(), logits.tobytes(), loss


@pytest.mark.parametrize("helped", [False, True])
@pytest.mark.parametrize("cores", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2 * LEAST_SHARE - 1, 2 * LEAST_SHARE, 101])
def test_shares_add_up_to_what_one_core_learns(
    count: int,
    cores: int,
    helped: bool,
    small_spec: Spec,
    start: Start,
    assert_close: Callable[..., None],
) -> None:
    alone, network = Network(small_spec), Network(small_spec)
    learner = start(network, cores, count, helped)
    split = some_split(count)
    for _ in range(2):
        images, labels = split.batch(np.arange(count))
        expected_loss, expected_logits = alone.learn(images, labels)
        loss, logits, _ = learner.learn(split, np.arange(count), nothing, nothing)
        assert loss == pytest.approx(expected_loss, rel=1e-5)
        assert_close(logits, expected_logits, within=1e-5)
        assert_close(network.gradient, alone.gradient, within=1e-5)
        alone.vector -= 1e-2 * alone.gradient
        network.vector[...] = alone.vector


@pytest.mark.parametrize("way", ["im2col", "correlate"])
def test_helpers_give_the_same_bits_as_this_process(
    way: str, small_spec: Spec, start: Start
) -> None:
    results = []
    for helped in (False, True, True):
        network = Network(small_spec, convolution=way)
        learner = start(network, 3, 101, helped)
        assert learner.helpers == (2 if helped else 0)
        results.append(learn(learner, 101))
    assert results[0] == results[1] == results[2]


def test_helpers_start_by_themselves_after_a_while(
    small_spec: Spec, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.parallel.PATIENCE", 0.01)
    learner = start(Network(small_spec), 2, 64, helped=False)
    expected = learn(learner, 64)
    deadline = time.monotonic() + 60
    while not learner.helpers and time.monotonic() < deadline:
        assert learn(learner, 64) == expected
    wait_for_helpers(learner)
    assert learn(learner, 64) == expected


def test_weights_and_the_way_are_shared_but_gradients_are_not(small_spec: Spec) -> None:
    network = Network(small_spec)
    twin, (images, labels) = network.twin(), some_split(4).batch(np.arange(4))
    network.vector *= 2
    np.testing.assert_array_equal(twin.forward(images), network.forward(images))
    twin.learn(images, labels)
    assert twin.gradient.any()
    assert not network.gradient.any()


@pytest.mark.parametrize("helped", [False, True])
def test_giving_up_leaves_nothing_behind(helped: bool, small_spec: Spec, start: Start) -> None:
    learner = start(Network(small_spec), 2, 64, helped)
    expected = learn(learner, 64)

    def give_up(*_: str) -> None:
        raise Interrupted

    for lap, check in ((give_up, nothing), (nothing, give_up)):
        with contextlib.suppress(Interrupted):
            learner.learn(some_split(64), np.arange(64), lap, check)
        assert learn(learner, 64) == expected


@pytest.mark.parametrize("what", ["learn", "forward"])
def test_ctrl_c_when_a_helper_has_just_answered_does_not_wait_for_it(
    what: str, small_spec: Spec, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = Network(small_spec, seed=3)
    learner = start(network, 2, 32, helped=True)
    receive, ended = Helper._receive, threading.Event()

    works: dict[str, Callable[[], object]] = {
        "learn": lambda: learn(learner, 32),
        "forward": lambda: learner.forward(network, some_split(5000), nothing),
    }

    def interrupted(helper: Helper) -> None:
        receive(helper)
        monkeypatch.undo()
        raise KeyboardInterrupt

    def work() -> None:
        monkeypatch.setattr(Helper, "_receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            works[what]()
        ended.set()

    threading.Thread(target=work, daemon=True).start()
    assert ended.wait(20), "it waits for an answer that was given already"
    assert learner.helpers == 0
    learn(learner, 32)  # alone


def test_a_slow_share_of_a_helper_is_given_up_at_once(start: Start) -> None:
    spec = Spec.from_dict(
        {
            "input_shape": [1, 8, 8],
            "layers": [
                {"type": "conv2d", "filters": 60, "kernel": 5},
                {"type": "flatten"},
                {"type": "dense", "units": 3},
            ],
        }
    )
    learner = start(Network(spec, convolution="loop"), 2, 2000, helped=True)
    begin = time.monotonic()

    def impatient(*_: str) -> None:
        if time.monotonic() - begin > 0.3:
            raise Interrupted

    with pytest.raises(Interrupted):
        learner.learn(some_split(2000), np.arange(2000), nothing, impatient)
    assert time.monotonic() - begin < 10, "learning it all takes minutes"


def test_a_helper_that_is_killed_costs_only_time(
    small_spec: Spec, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    learner = start(Network(small_spec), 2, 64, helped=True)
    expected = learn(learner, 64)
    (helper,) = [share.helper for share in learner._shares if share.helper]
    helper._process.kill()
    helper._process.wait()
    assert learn(learner, 64) == expected
    assert learner.helpers == 0
    assert "a helper process has ended" in caplog.text
    assert learn(learner, 64) == expected


def test_without_processes_one_core_learns_alone(
    small_spec: Spec,
    start: Start,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    learner = start(Network(small_spec), 2, 64, helped=True)
    assert learner.helpers == 0
    assert "no helper process can be started" in caplog.text
    learn(learner, 64)


def test_a_process_that_ends_at_once_leaves_one_core_alone(
    small_spec: Spec, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.child.start_python", start_in_vain)
    learner = start(Network(small_spec), 2, 64, helped=True)
    assert learner.helpers == 0
    learn(learner, 64)


@pytest.mark.parametrize("helped", [False, True])
def test_labels_that_do_not_fit_are_refused_in_any_share(
    helped: bool, small_spec: Spec, start: Start
) -> None:
    learner = start(Network(small_spec), 2, 64, helped)
    for position in (0, 63):
        split = some_split(64)
        labels = split.labels.copy()
        labels[position] = 3
        with pytest.raises(Exception, match="Labels must be 0 to 2"):
            learner.learn(Split(split.pixels, labels), np.arange(64), nothing, nothing)
    learn(learner, 64)


@pytest.mark.parametrize(("cores", "train"), [(1, 1), (2, 2), (7, 7), (8, 7), (32, 31)])
def test_of_many_cores_a_window_gets_one(
    cores: int, train: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: cores)
    assert cores_beside_a_window() == train
    assert cores_left(train) == cores - train
    assert cores_left(cores + 2) == 0


def test_who_is_without_patience_is_helped_only_when_asked(
    small_spec: Spec, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.parallel.PATIENCE", 1e-6)
    learner = start(Network(small_spec), 2, 64, helped=False)
    learner.patience = math.inf
    learn(learner, 64)
    assert learner.helpers == 0
    learner.be_helped()
    learn(learner, 64)
    assert learner.helpers == 1
    learner.be_helped()  # twice does nothing
    assert learner.patience <= 0
