import random
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from time import monotonic, sleep
from typing import Any

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import DataError, SettingsError
from cnnviz.core.evaluation import Evaluation, evaluate
from cnnviz.core.fork import Differences, fork
from cnnviz.core.network import Network
from cnnviz.core.outbox import Captured, Changed, Entry, Failed, Kept, LossDiverged, Ready, Restored
from cnnviz.core.runner import Runner
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase, Status
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import BatchResult, Trainer
from cnnviz.core.workspace import Array

PATIENCE = 20.0
"""Seconds after which a test gives up waiting."""
EPOCH = 7
"""Batches of 8 in the 60 images of `dataset`."""

Start = Callable[..., Runner]
MakeTrainer = Callable[..., Trainer]


class Gate:
    """A place where the runner's thread waits until the test lets it through."""

    def __init__(self) -> None:
        self._reached, self._opened = threading.Event(), threading.Event()

    def hold(self) -> None:
        """What the thread calls."""
        self._reached.set()
        assert self._opened.wait(PATIENCE), "nobody opened the gate"

    def await_thread(self) -> None:
        """Returns when the thread stands at the gate."""
        assert self._reached.wait(PATIENCE), "the thread never came to the gate"

    def open(self) -> None:
        self._opened.set()


class HeldTrainer(Trainer):
    """Stands at `gate` in the middle of the batch after `at` batches."""

    gate: Gate
    at: int

    def train_batch(
        self,
        stopwatch: Stopwatch | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        ahead: int = 0,
    ) -> BatchResult:
        def hold() -> bool:
            if self.step == self.at:
                self.gate.hold()
            return interrupted()

        return super().train_batch(stopwatch, hold, ahead)


@pytest.fixture
def make_trainer(small_spec: Spec, dataset: Dataset) -> MakeTrainer:
    """A function that makes a trainer of small batches."""

    def make(kind: type[Trainer] = Trainer, data: Dataset = dataset, **settings: Any) -> Trainer:
        return kind(small_spec, data, replace(Settings(batch_size=8, epochs=2), **settings))

    return make


@pytest.fixture
def start(make_trainer: MakeTrainer) -> Iterator[Start]:
    """A function that starts a runner, by default of `make_trainer(**settings)`."""
    runners: list[Runner] = []

    def begin(
        build: Callable[[], Trainer] | None = None,
        timeline: Timeline | None = None,
        **settings: Any,
    ) -> Runner:
        runner = Runner(build or (lambda: make_trainer(**settings)), timeline)
        runners.append(runner)
        runner.start()
        return runner

    yield begin
    for runner in runners:
        runner.stop()
    assert all(runner.join(PATIENCE) for runner in runners)


@pytest.fixture
def start_held(start: Start, make_trainer: MakeTrainer) -> Callable[..., tuple[Runner, Gate]]:
    """A function that starts a runner whose thread stands in the batch after `at` batches."""

    def begin(at: int, **settings: Any) -> tuple[Runner, Gate]:
        gate = Gate()

        def build() -> Trainer:
            trainer = make_trainer(HeldTrainer, **settings)
            assert isinstance(trainer, HeldTrainer)
            trainer.gate, trainer.at = gate, at
            return trainer

        runner = start(build)
        runner.play()
        gate.await_thread()
        return runner, gate

    return begin


def wait_for(runner: Runner, condition: Callable[[Status], bool]) -> Status:
    end = monotonic() + PATIENCE
    while not condition(status := runner.status):
        assert monotonic() < end, f"still {status}"
        sleep(0.001)
    return status


def wait_for_pause(runner: Runner, step: int) -> Status:
    """Returns when `step` batches are done and the thread rests."""
    return wait_for(runner, lambda status: status.phase is Phase.PAUSED and status.step == step)


def wait_for_end(runner: Runner) -> list[Entry]:
    """What was told until the thread ended by itself."""
    assert runner.join(PATIENCE)
    assert runner.status.phase is Phase.STOPPED
    return runner.drain().entries


def steps(entries: list[Entry]) -> list[int]:
    return [entry.step for entry in entries if isinstance(entry, BatchResult)]


def only(entries: list[Entry], kind: type[Entry]) -> list[Entry]:
    return [entry for entry in entries if isinstance(entry, kind)]


@pytest.fixture
def vector_at(make_trainer: MakeTrainer) -> Callable[..., Array]:
    """The vector after so many batches without any runner."""

    def train(step: int, **settings: Any) -> Array:
        trainer = make_trainer(**settings)
        while trainer.step < step:
            trainer.train_batch()
        return trainer.network.vector

    return train


def assert_vector(runner: Runner, step: int, expected: Array) -> None:
    published = runner.drain().vector
    assert published is not None
    assert published[0] == step
    np.testing.assert_array_equal(published[1], expected)


# Loading.


def test_it_builds_on_its_own_thread_and_then_waits(
    start: Start, make_trainer: MakeTrainer, vector_at: Callable[..., Array]
) -> None:
    gate, builders = Gate(), []

    def build() -> Trainer:
        gate.hold()
        builders.append(threading.current_thread())
        return make_trainer()

    runner = start(build)
    assert runner.status.phase is Phase.LOADING
    assert runner.is_alive
    gate.open()
    status = wait_for_pause(runner, 0)
    assert (status.goal, status.batches_per_epoch, status.planned_steps) == (0, EPOCH, 2 * EPOCH)
    assert builders != [threading.current_thread()]

    sleep(0.02)
    outbox = runner.drain()
    (ready,) = outbox.entries
    assert isinstance(ready, Ready)
    assert ready.dataset.name == "stripes"
    assert ready.spec.name == "small"
    assert ready.settings.batch_size == 8
    assert ready.status.batches_per_epoch == EPOCH
    assert outbox.vector is not None
    assert outbox.vector[0] == 0
    np.testing.assert_array_equal(outbox.vector[1], vector_at(0))


def test_a_build_that_fails_by_the_users_mistake_says_so(start: Start) -> None:
    def build() -> Trainer:
        raise DataError("There is no such folder.")

    assert wait_for_end(start(build)) == [Failed("There is no such folder.", "")]


def test_a_build_that_fails_by_a_defect_keeps_its_traceback(start: Start) -> None:
    def build() -> Trainer:
        raise KeyError("weights")

    (failed,) = wait_for_end(start(build))
    assert isinstance(failed, Failed)
    assert failed.message == "KeyError: 'weights'"
    assert "in build" in failed.details


@pytest.mark.parametrize(
    ("wishes", "step"),
    [
        (["step"], 1),
        (["epoch"], EPOCH),
        (["play"], 2 * EPOCH),
        (["play", "pause"], 0),
        (["pause", "step"], 1),
        (["play", "epoch"], EPOCH),
        (["epoch", "play"], 2 * EPOCH),
        (["reset", "epoch"], EPOCH),
        (["play", "reset"], 0),
    ],
)
def test_wishes_while_loading_are_carried_out_in_order(
    wishes: list[str], step: int, start: Start, make_trainer: MakeTrainer
) -> None:
    gate = Gate()

    def build() -> Trainer:
        gate.hold()
        return make_trainer()

    runner = start(build)
    for wish in wishes:
        getattr(runner, wish)()
    gate.open()
    wait_for_pause(runner, step)
    sleep(0.02)
    assert runner.status.step == step
    assert steps(runner.drain().entries) == list(range(1, step + 1))


def test_commands_while_loading_are_kept(start: Start, make_trainer: MakeTrainer) -> None:
    gate = Gate()

    def build() -> Trainer:
        gate.hold()
        return make_trainer()

    runner = start(build)
    runner.play()
    runner.set_learning_rate(0.25)
    runner.travel(5)
    gate.open()
    wait_for_pause(runner, 5)
    rates = {batch.rate for batch in runner.drain().entries if isinstance(batch, BatchResult)}
    assert rates == {0.25}


# Goals.


def test_step_trains_one_batch(start: Start, vector_at: Callable[..., Array]) -> None:
    runner = start()
    wait_for_pause(runner, 0)
    for step in (1, 2, 3):
        runner.step()
        assert wait_for_pause(runner, step).goal == step
        assert_vector(runner, step, vector_at(step))


def test_epoch_trains_to_the_next_boundary_and_tests(
    start: Start, vector_at: Callable[..., Array], small_spec: Spec, dataset: Dataset
) -> None:
    runner = start()
    runner.epoch()
    wait_for_pause(runner, EPOCH)
    entries = runner.drain().entries
    (epoch,) = only(entries, EpochResult)
    assert isinstance(epoch, EpochResult)
    kept = entries[-1]
    assert entries[-2] is epoch
    assert isinstance(kept, Kept)
    assert kept.snapshot.step == EPOCH

    network = Network(small_spec)
    network.vector[...] = vector_at(EPOCH)
    test = evaluate(network, dataset.test)
    assert test is not None
    batches = [entry for entry in entries if isinstance(entry, BatchResult)]
    assert (epoch.epoch, epoch.step) == (1, EPOCH)
    assert (epoch.test_loss, epoch.test_accuracy) == (test.loss, test.accuracy)
    assert epoch.train_loss == pytest.approx(np.mean([batch.loss for batch in batches]))
    assert epoch.seconds == pytest.approx(sum(batch.seconds for batch in batches))
    assert epoch.images_per_second == pytest.approx(8 * EPOCH / epoch.seconds)

    runner.step()
    wait_for_pause(runner, EPOCH + 1)
    runner.epoch()
    wait_for_pause(runner, 2 * EPOCH)
    (epoch,) = only(runner.drain().entries, EpochResult)
    assert isinstance(epoch, EpochResult)
    assert epoch.epoch == 2


def test_play_goes_to_the_planned_end_and_after_it_on_until_paused(start: Start) -> None:
    runner = start()
    runner.play()
    assert wait_for_pause(runner, 2 * EPOCH).goal == 2 * EPOCH
    sleep(0.02)
    assert runner.status.step == 2 * EPOCH
    runner.play()
    wait_for(runner, lambda status: status.step > 5 * EPOCH)
    runner.pause()
    status = wait_for(runner, lambda status: status.phase is Phase.PAUSED)
    sleep(0.02)
    assert runner.status.step == status.step


def test_pause_gives_up_the_batch_and_nothing_is_lost(
    start_held: Callable[..., tuple[Runner, Gate]], vector_at: Callable[..., Array]
) -> None:
    runner, gate = start_held(at=3)
    assert (runner.status.phase, runner.status.step) == (Phase.TRAINING, 3)
    runner.pause()
    gate.open()
    wait_for_pause(runner, 3)
    outbox = runner.drain()
    assert steps(outbox.entries) == [1, 2, 3]
    assert outbox.timed_batches == 3
    runner.play()
    wait_for_pause(runner, 2 * EPOCH)
    assert_vector(runner, 2 * EPOCH, vector_at(2 * EPOCH))


def test_step_while_training_ends_with_this_batch(
    start_held: Callable[..., tuple[Runner, Gate]],
) -> None:
    runner, gate = start_held(at=3)
    runner.step()
    gate.open()
    wait_for_pause(runner, 4)


# Back in time.


def test_reset_goes_back_to_the_untrained_network_at_the_rate_of_now(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    runner.epoch()
    wait_for_pause(runner, EPOCH)
    runner.set_learning_rate(0.01)
    runner.step()
    wait_for_pause(runner, EPOCH + 1)
    runner.drain()
    runner.reset()
    assert wait_for_pause(runner, 0).goal == 0
    outbox = runner.drain()
    assert outbox.entries == [Restored(0), Changed(((0, 0.01),), ((0, "im2col"),))]
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(0))

    runner.play()
    wait_for_pause(runner, 2 * EPOCH)
    outbox = runner.drain()
    assert {batch.rate for batch in outbox.entries if isinstance(batch, BatchResult)} == {0.01}
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(2 * EPOCH, learning_rate=0.01))


@pytest.mark.parametrize("step", [0, 1, 24, 25, 37, 62, 63])
def test_travel_arrives_with_the_bits_of_an_uninterrupted_run(
    step: int, start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start(epochs=9)
    runner.play()
    wait_for_pause(runner, 63)
    runner.drain()
    runner.travel(step)
    outboxes = [runner.drain()]
    while not any(outbox.entries for outbox in outboxes):
        outboxes.append(runner.drain())
    wait_for_pause(runner, step)
    outboxes.append(runner.drain())
    entries = [entry for outbox in outboxes for entry in outbox.entries]
    snapshot = max(25 * (step // 25), EPOCH * (step // EPOCH))  # each epoch's end is kept, too
    assert entries[0] == Restored(snapshot)
    assert steps(entries) == list(range(snapshot + 1, step + 1))
    vectors = [outbox.vector for outbox in outboxes if outbox.vector]
    assert vectors[-1][0] == step
    np.testing.assert_array_equal(vectors[-1][1], vector_at(step))

    runner.step()
    wait_for_pause(runner, step + 1)
    assert_vector(runner, step + 1, vector_at(step + 1))


def test_travel_past_the_newest_batch_trains_up_to_it(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    runner.step()
    wait_for_pause(runner, 1)
    runner.travel(12)
    wait_for_pause(runner, 12)
    assert_vector(runner, 12, vector_at(12))


def test_there_is_nothing_before_the_beginning(start: Start) -> None:
    runner = start()
    with pytest.raises(ValueError, match="no step -1"):
        runner.travel(-1)
    runner.step()
    wait_for_pause(runner, 1)


def test_going_back_gives_up_the_batch_that_is_under_way(
    start_held: Callable[..., tuple[Runner, Gate]], vector_at: Callable[..., Array]
) -> None:
    runner, gate = start_held(at=5)
    runner.travel(2)
    gate.open()
    wait_for_pause(runner, 2)
    outbox = runner.drain()
    assert steps(outbox.entries) == [1, 2, 3, 4, 5, 1, 2]
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(2))


@pytest.mark.parametrize(
    ("wish", "step"), [("step", 1), ("epoch", EPOCH), ("play", 2 * EPOCH), ("pause", 0)]
)
def test_wishes_right_after_going_back_count_from_there(
    wish: str, step: int, start_held: Callable[..., tuple[Runner, Gate]]
) -> None:
    runner, gate = start_held(at=EPOCH + 3)
    runner.reset()
    getattr(runner, wish)()
    gate.open()
    wait_for_pause(runner, step)
    sleep(0.02)
    assert runner.status.step == step


def test_the_last_of_several_journeys_counts(
    start_held: Callable[..., tuple[Runner, Gate]],
) -> None:
    runner, gate = start_held(at=9)
    for step in (8, 2, 5):
        runner.travel(step)
    gate.open()
    wait_for_pause(runner, 5)
    assert steps(runner.drain().entries)[-5:] == [1, 2, 3, 4, 5]


# While it trains.


def test_the_rate_is_live(start_held: Callable[..., tuple[Runner, Gate]]) -> None:
    runner, gate = start_held(at=4)
    runner.set_learning_rate(0.125)
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(SettingsError):
            runner.set_learning_rate(wrong)
    gate.open()
    wait_for_pause(runner, 2 * EPOCH)
    batches = [entry for entry in runner.drain().entries if isinstance(entry, BatchResult)]
    assert [batch.rate for batch in batches[:5]] == [0.002] * 5
    assert {batch.rate for batch in batches[5:]} == {0.125}


def test_the_way_of_convolution_is_live(start: Start, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    runner = start(lambda: trainer)
    for step, way in enumerate(("correlate", "loop", "im2col"), start=1):
        runner.set_convolution(way)
        runner.step()
        wait_for_pause(runner, step)
        assert trainer.network.convolution == way
    with pytest.raises(SettingsError, match="“fft”"):
        runner.set_convolution("fft")
    runner.step()
    wait_for_pause(runner, 4)


def test_divergence_is_told_and_paused_and_one_can_go_back(start: Start) -> None:
    runner = start(optimizer="gradient-descent", learning_rate=1e30)
    runner.play()
    status = wait_for(runner, lambda s: s.phase is Phase.PAUSED and 0 < s.step == s.goal)
    entries = runner.drain().entries
    diverged = entries[-1]
    assert isinstance(diverged, LossDiverged)
    assert diverged.step == status.step == steps(entries)[-1]
    assert not np.isfinite(diverged.loss)
    assert diverged.back_to == 0

    runner.step()  # to no avail
    wait_for(runner, lambda s: s.goal == s.step and s.phase is Phase.PAUSED)
    (again,) = runner.drain().entries
    assert isinstance(again, LossDiverged)
    assert (again.step, again.back_to) == (diverged.step, 0)

    runner.travel(diverged.back_to)
    runner.set_learning_rate(0.01)
    runner.play()
    wait_for_pause(runner, 2 * EPOCH)
    outbox = runner.drain()
    assert not only(outbox.entries, LossDiverged)
    assert outbox.vector is not None
    assert np.isfinite(outbox.vector[1]).all()


# Testing at an epoch's end.


@pytest.fixture
def start_testing(
    start: Start, make_trainer: MakeTrainer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], tuple[Runner, Gate]]:
    """A function that starts a runner whose thread stands in the test of the first epoch."""

    def begin() -> tuple[Runner, Gate]:
        gate = Gate()

        trainer = make_trainer()
        test = trainer.evaluate

        def held(interrupted: Callable[[], bool]) -> Evaluation | None:
            gate.hold()
            return test(interrupted)

        monkeypatch.setattr(trainer, "evaluate", held)
        runner = start(lambda: trainer)
        runner.play()
        gate.await_thread()
        assert runner.status.phase is Phase.EVALUATING
        return runner, gate

    return begin


def test_pause_lets_the_test_come_to_its_end(
    start_testing: Callable[[], tuple[Runner, Gate]],
) -> None:
    runner, gate = start_testing()
    runner.pause()
    gate.open()
    wait_for_pause(runner, EPOCH)
    assert len(only(runner.drain().entries, EpochResult)) == 1


def test_going_back_gives_up_the_test(start_testing: Callable[[], tuple[Runner, Gate]]) -> None:
    runner, gate = start_testing()
    runner.travel(3)
    gate.open()
    wait_for_pause(runner, 3)
    entries = runner.drain().entries
    assert only(entries, EpochResult) == []
    assert steps(entries) == [1, 2, 3, 4, 5, 6, 7, 1, 2, 3]


def test_stop_gives_up_the_test(start_testing: Callable[[], tuple[Runner, Gate]]) -> None:
    runner, gate = start_testing()
    runner.stop()
    gate.open()
    assert only(wait_for_end(runner), EpochResult) == []


# The end.


def test_stop_gives_up_the_batch(start_held: Callable[..., tuple[Runner, Gate]]) -> None:
    runner, gate = start_held(at=3)
    runner.stop()
    assert not runner.join(0.01)
    gate.open()
    assert steps(wait_for_end(runner)) == [1, 2, 3]
    assert not runner.is_alive
    for wish in (runner.play, runner.step, runner.epoch, runner.pause, runner.reset, runner.stop):
        wish()
    assert runner.status.phase is Phase.STOPPED


def test_stop_while_paused_or_loading(start: Start, make_trainer: MakeTrainer) -> None:
    paused, gate = start(), Gate()
    wait_for_pause(paused, 0)
    paused.stop()
    assert paused.join(PATIENCE)

    def build() -> Trainer:
        gate.hold()
        return make_trainer()

    loading = start(build)
    loading.play()
    loading.stop()
    gate.open()
    assert steps(wait_for_end(loading)) == []


def test_a_runner_that_never_started_has_nothing_to_wait_for(make_trainer: MakeTrainer) -> None:
    runner = Runner(make_trainer)
    runner.stop()
    assert runner.join(PATIENCE)


def test_an_exception_on_the_thread_comes_out(start: Start, make_trainer: MakeTrainer) -> None:
    class FailingTrainer(Trainer):
        def train_batch(self, *_: object) -> BatchResult:
            if self.step == 3:
                raise ZeroDivisionError("by design")
            return super().train_batch()

    runner = start(lambda: make_trainer(FailingTrainer))
    runner.play()
    entries = wait_for_end(runner)
    failed, last = entries[-2:]
    assert isinstance(failed, Failed)
    assert isinstance(last, Captured)  # what was learned is not lost
    assert steps(entries) == [1, 2, 3]
    assert last.run.step == 3
    assert failed.message == "ZeroDivisionError: by design"
    assert "in train_batch" in failed.details


def test_twenty_runners_leave_no_thread_behind(make_trainer: MakeTrainer) -> None:
    before = set(threading.enumerate())
    for k in range(20):
        runner = Runner(lambda: make_trainer(batch_size=40, threads=2))
        runner.start()
        runner.play()
        if k % 2:
            wait_for(runner, lambda status: status.step > 0)
        runner.stop()
        assert runner.join(PATIENCE)
    assert set(threading.enumerate()) == before


# What comes out.


def test_entries_come_in_order_and_only_once(start: Start) -> None:
    runner = start()
    runner.play()
    entries: list[Entry] = []
    end = monotonic() + PATIENCE
    while sum(isinstance(entry, EpochResult) for entry in entries) < 2:
        entries += runner.drain().entries
        assert monotonic() < end
    wait_for_pause(runner, 2 * EPOCH)
    told = [
        f"{type(entry).__name__} {getattr(entry, 'step', '')}"
        for entry in entries
        if not isinstance(entry, Kept)
    ]
    first = [f"BatchResult {step}" for step in range(1, EPOCH + 1)]
    second = [f"BatchResult {step}" for step in range(EPOCH + 1, 2 * EPOCH + 1)]
    assert told == ["Ready ", *first, "EpochResult 7", *second, "EpochResult 14"]
    rest = runner.drain()
    rest = runner.drain()
    assert (rest.entries, rest.vector, rest.seconds, rest.timed_batches) == ([], None, {}, 0)


def test_the_rows_add_up_to_the_time_of_the_batches(start: Start) -> None:
    runner = start()
    runner.play()
    wait_for_pause(runner, 2 * EPOCH)
    outbox = runner.drain()
    assert outbox.timed_batches == 2 * EPOCH
    batches = [entry for entry in outbox.entries if isinstance(entry, BatchResult)]
    assert sum(outbox.seconds.values()) > 0.9 * sum(batch.seconds for batch in batches)
    names = {"data", "conv1", "relu1", "pool1", "flatten", "dense1", "loss", "optimizer", "other"}
    assert {what for what, _ in outbox.seconds} == names


def test_published_vectors_are_copies(start: Start, make_trainer: MakeTrainer) -> None:
    trainer = make_trainer()
    runner = start(lambda: trainer)
    published, kept = [], []
    wait_for_pause(runner, 0)
    for step in range(1, 5):
        runner.step()
        wait_for_pause(runner, step)
        vector = runner.drain().vector
        assert vector is not None
        published.append(vector[1])
        kept.append(vector[1].copy())
        assert not np.shares_memory(vector[1], trainer.network.vector)
        vector[1].flags.writeable = False
    for vector_then, copy_then in zip(published, kept, strict=True):
        np.testing.assert_array_equal(vector_then, copy_then)
    assert len({vector_then.tobytes() for vector_then in published}) == 4


def test_it_keeps_the_timeline_it_is_given(start: Start) -> None:
    timeline = Timeline()
    runner = start(timeline=timeline)
    runner.epoch()
    wait_for_pause(runner, EPOCH)
    runner.stop()
    assert runner.join(PATIENCE)
    assert len(timeline) == EPOCH
    assert len(timeline.epochs) == 1
    assert 0 in timeline.snapshots


def test_any_wishes_from_several_threads_at_once_do_no_harm(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start(epochs=1000)

    def wish_at_random(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(100):
            wish = rng.choice(["step", "epoch", "play", "pause", "reset", "travel"])
            getattr(runner, wish)(*[rng.randrange(40)] * (wish == "travel"))
            sleep(rng.random() / 500)

    threads = [threading.Thread(target=wish_at_random, args=[seed]) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    runner.stop()
    assert runner.join(PATIENCE)

    outbox, step = runner.drain(), 0
    for entry in outbox.entries[1:]:
        if isinstance(entry, Kept):
            assert entry.snapshot.step == step
            continue
        if isinstance(entry, Changed | Captured):
            continue
        if isinstance(entry, Restored):
            assert entry.step <= step
        elif isinstance(entry, BatchResult):
            assert entry.step == step + 1
        else:
            assert isinstance(entry, EpochResult)
            assert entry.step == step
        step = entry.step
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(outbox.vector[0]))


# Captured, gone on with, forked.


def captured(runner: Runner) -> SavedRun:
    """What the runner has told last of the whole run."""
    found: list[SavedRun] = []
    deadline = monotonic() + PATIENCE
    while not found and monotonic() < deadline:
        entries = runner.drain().entries
        found += [entry.run for entry in entries if isinstance(entry, Captured)]
        sleep(0.001)
    return found[-1]


def test_a_run_is_captured_while_it_trains(start: Start) -> None:
    runner = start(epochs=1000)
    runner.play()
    runner.capture()
    run = captured(runner)
    assert run.step == len(run.timeline())
    runner.capture()
    assert captured(runner).step >= run.step


def test_the_last_thing_told_is_the_whole_run(start: Start) -> None:
    runner = start()
    runner.epoch()
    wait_for_pause(runner, EPOCH)
    runner.stop()
    assert runner.join(PATIENCE)
    last = runner.drain().entries[-1]
    assert isinstance(last, Captured)
    assert last.run.step == EPOCH
    assert len(last.run.epochs) == 1


def test_a_run_that_was_saved_goes_on(
    start: Start, dataset: Dataset, vector_at: Callable[..., Array]
) -> None:
    first = start()
    first.train_to(EPOCH + 2)
    wait_for_pause(first, EPOCH + 2)
    first.drain()
    first.set_learning_rate(0.05)
    first.capture()
    run = captured(first)
    second = start(lambda: run.trainer(dataset), run.timeline())
    assert wait_for_pause(second, EPOCH + 2).goal == EPOCH + 2
    [ready] = [entry for entry in second.drain().entries if isinstance(entry, Ready)]
    assert (ready.snapshot.step, len(ready.timeline)) == (EPOCH + 2, EPOCH + 2)
    assert ready.settings.learning_rate == 0.05
    assert ready.timeline.rate_changes == ((0, 0.002), (EPOCH + 2, 0.05))
    np.testing.assert_array_equal(ready.snapshot.vector, vector_at(EPOCH + 2))
    second.travel(3)
    wait_for_pause(second, 3)
    outbox = second.drain()
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(3))


def test_a_fork_goes_back_no_further_than_its_beginning(start: Start, dataset: Dataset) -> None:
    first = start()
    first.epoch()
    wait_for_pause(first, EPOCH)
    first.drain()
    first.capture()
    run = captured(first)
    other = fork(run, run.newest, EPOCH, Differences(seed=4))
    second = start(lambda: other.trainer(dataset), other.timeline())
    second.epoch()
    wait_for_pause(second, 2 * EPOCH)
    second.travel(3)
    assert wait_for_pause(second, EPOCH).goal == EPOCH
    second.epoch()
    wait_for_pause(second, 2 * EPOCH)
    second.reset()
    assert wait_for_pause(second, EPOCH).goal == EPOCH


def test_the_budget_changes_while_it_trains(start: Start) -> None:
    runner = start()
    runner.train_to(40)
    wait_for_pause(runner, 40)
    runner.pin(EPOCH)
    runner.capture()
    before = {snapshot.step for snapshot in captured(runner).snapshots}
    runner.set_budget(1)
    runner.capture()
    run = captured(runner)
    assert {0, EPOCH} <= {snapshot.step for snapshot in run.snapshots} < before
    assert run.pinned == {EPOCH}


def test_changes_are_told(start: Start) -> None:
    runner = start()
    runner.step()
    wait_for_pause(runner, 1)
    runner.set_learning_rate(0.5)
    runner.set_convolution("loop")
    runner.capture()
    seen: list[Entry] = []
    deadline = monotonic() + PATIENCE
    while not any(isinstance(entry, Captured) for entry in seen) and monotonic() < deadline:
        seen += runner.drain().entries
    changes = [entry for entry in seen if isinstance(entry, Changed)]
    assert changes[-1] == Changed(((0, 0.002), (1, 0.5)), ((0, "im2col"), (1, "loop")))


def test_what_built_the_trainer_is_let_go(start: Start, make_trainer: MakeTrainer) -> None:
    class Build:
        def __call__(self) -> Trainer:
            return make_trainer()

    build = Build()
    seen = weakref.ref(build)
    runner = start(build)
    del build
    wait_for_pause(runner, 0)
    assert seen() is None


class SeenTrainer(Trainer):
    """Takes down how many batches may be begun ahead of each."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.asked: list[tuple[int, int]] = []
        self.rests = 0

    def train_batch(
        self,
        stopwatch: Stopwatch | None = None,
        interrupted: Callable[[], bool] = lambda: False,
        ahead: int = 0,
    ) -> BatchResult:
        self.asked.append((self.step, ahead))
        return super().train_batch(stopwatch, interrupted, ahead)

    def rest(self) -> None:
        self.rests += 1
        super().rest()


def test_batches_are_begun_ahead_up_to_the_goal_and_the_epochs_end(
    start: Start, make_trainer: MakeTrainer
) -> None:
    trainer = make_trainer(SeenTrainer)
    assert isinstance(trainer, SeenTrainer)
    runner = start(lambda: trainer)
    runner.step()
    wait_for_pause(runner, 1)
    runner.train_to(EPOCH + 3)
    wait_for_pause(runner, EPOCH + 3)
    first = [(step, EPOCH - 1 - step) for step in range(1, EPOCH)]
    assert trainer.asked == [(0, 0), *first, (EPOCH, 2), (EPOCH + 1, 1), (EPOCH + 2, 0)]
    assert trainer.rests >= 3  # before, between and after
