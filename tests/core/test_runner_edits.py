"""Edits that are applied to training: the bits stay those of one way through time."""

import random
import threading
from collections.abc import Callable, Iterator
from time import monotonic, sleep

import numpy as np
import pytest

from cnnviz.core.datasets import Dataset
from cnnviz.core.edits import Edits, Filter, Weight, apply_edits
from cnnviz.core.outbox import Edited, Entry, Failed, Restored, mirror
from cnnviz.core.runner import Runner
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import BatchResult, Trainer
from cnnviz.core.workspace import Array

PATIENCE = 20.0
EDITS = Edits(frozenset({Filter("conv1", 0)}), {Weight("conv1", 1, 0, 1, 1): 0.75})
MORE = Edits().toggled(Filter("conv1", 2))
Start = Callable[..., Runner]


@pytest.fixture
def make_trainer(small_spec: Spec, dataset: Dataset) -> Callable[[], Trainer]:
    return lambda: Trainer(small_spec, dataset, Settings(batch_size=8, epochs=9))


@pytest.fixture
def start(make_trainer: Callable[[], Trainer]) -> Iterator[Start]:
    """A function that starts a runner, perhaps with a timeline of its own."""
    runners: list[Runner] = []

    def begin(
        timeline: Timeline | None = None, build: Callable[[], Trainer] = make_trainer
    ) -> Runner:
        runners.append(Runner(build, timeline))
        runners[-1].start()
        return runners[-1]

    yield begin
    for runner in runners:
        runner.stop()
    assert all(runner.join(PATIENCE) for runner in runners)


@pytest.fixture
def vector_at(make_trainer: Callable[[], Trainer]) -> Callable[..., Array]:
    """The vector after so many batches without any runner, edited at these steps."""

    def train(step: int, edits: dict[int, Edits] | None = None) -> Array:
        trainer, edits = make_trainer(), edits or {}
        for at in range(step + 1):
            if at in edits:
                apply_edits(trainer.network, edits[at])
            if at < step:
                trainer.train_batch()
        return trainer.network.vector

    return train


def reach(runner: Runner, step: int) -> Array:
    """Trains or has trained to `step`; the vector that is published there."""
    end = monotonic() + PATIENCE
    while not (runner.status.phase is Phase.PAUSED and runner.status.step == step):
        assert monotonic() < end, f"still {runner.status}"
        sleep(0.001)
    vector = runner.drain().vector
    assert vector is not None
    assert vector[0] == step
    return vector[1]


def train_to(runner: Runner, step: int) -> Array:
    runner.train_to(step)
    return reach(runner, step)


def travel(runner: Runner, step: int) -> Array:
    """Goes to `step` and waits until the journey has begun and ended."""
    runner.travel(step)
    end = monotonic() + PATIENCE
    entries, vector = [], None
    while True:
        outbox = runner.drain()
        entries += outbox.entries
        vector = outbox.vector or vector
        began = any(isinstance(entry, Restored) for entry in entries)
        if began and vector and vector[0] == step and runner.status.phase is Phase.PAUSED:
            return vector[1]
        assert monotonic() < end
        sleep(0.001)


def edit(runner: Runner, edits: Edits = EDITS) -> Edited:
    """Applies edits and waits until they are told."""
    runner.edit(edits)
    end = monotonic() + PATIENCE
    while not (told := [e for e in runner.drain().entries if isinstance(e, Edited)]):
        assert monotonic() < end
        sleep(0.001)
    return told[0]


def test_an_edit_goes_in_now_and_training_goes_on_from_it(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    np.testing.assert_array_equal(train_to(runner, 20), vector_at(20))
    runner.edit(EDITS)
    end = monotonic() + PATIENCE
    while not (outbox := runner.drain()).entries:
        assert monotonic() < end
        sleep(0.001)
    [told] = outbox.entries
    assert isinstance(told, Edited)
    assert (told.step, told.edits, told.snapshot.step) == (20, EDITS, 20)
    np.testing.assert_array_equal(told.snapshot.vector, vector_at(20, {20: EDITS}))
    assert outbox.vector is not None
    np.testing.assert_array_equal(outbox.vector[1], vector_at(20, {20: EDITS}))
    np.testing.assert_array_equal(train_to(runner, 40), vector_at(40, {20: EDITS}))
    assert (vector_at(40, {20: EDITS}) != vector_at(40)).any()


def test_a_detour_after_an_edit_gives_the_same_bits(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    train_to(runner, 20)
    edit(runner)
    straight = train_to(runner, 40)
    np.testing.assert_array_equal(travel(runner, 30), vector_at(30, {20: EDITS}))
    np.testing.assert_array_equal(train_to(runner, 40), straight)
    np.testing.assert_array_equal(travel(runner, 22), vector_at(22, {20: EDITS}))
    np.testing.assert_array_equal(train_to(runner, 40), straight)
    np.testing.assert_array_equal(travel(runner, 20), vector_at(20, {20: EDITS}))
    np.testing.assert_array_equal(train_to(runner, 40), straight)


@pytest.mark.parametrize("back_to", [0, 10, 19])
def test_going_back_before_an_edit_drops_it(
    back_to: int, start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    train_to(runner, 20)
    edit(runner)
    train_to(runner, 40)
    np.testing.assert_array_equal(travel(runner, back_to), vector_at(back_to))
    np.testing.assert_array_equal(train_to(runner, 40), vector_at(40))
    np.testing.assert_array_equal(travel(runner, 30), vector_at(30))


@pytest.mark.parametrize("at", [0, 7, 25, 50])
def test_an_edit_where_a_snapshot_or_an_epochs_end_is(
    at: int, start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    train_to(runner, at)
    edit(runner)
    np.testing.assert_array_equal(train_to(runner, 63), vector_at(63, {at: EDITS}))
    np.testing.assert_array_equal(travel(runner, at + 5), vector_at(at + 5, {at: EDITS}))
    np.testing.assert_array_equal(travel(runner, at), vector_at(at, {at: EDITS}))


def test_two_edits_are_both_passed_through(start: Start, vector_at: Callable[..., Array]) -> None:
    runner = start()
    train_to(runner, 12)
    edit(runner)
    train_to(runner, 30)
    edit(runner, MORE)
    train_to(runner, 45)
    both = {12: EDITS, 30: MORE}
    for step in (40, 30, 29, 14, 12):
        expected = vector_at(step, {at: each for at, each in both.items() if at <= step})
        np.testing.assert_array_equal(travel(runner, step), expected)
    np.testing.assert_array_equal(train_to(runner, 45), vector_at(45, {12: EDITS}))


def test_a_reset_takes_an_edit_of_the_untrained_network_out(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    reach(runner, 0)
    edit(runner)
    train_to(runner, 5)
    runner.reset()
    np.testing.assert_array_equal(reach(runner, 0), vector_at(0))
    np.testing.assert_array_equal(train_to(runner, 9), vector_at(9))


def test_the_snapshot_of_an_edit_is_never_thinned_out(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    timeline = Timeline(budget=1)
    runner = start(timeline)
    train_to(runner, 13)
    edit(runner)
    train_to(runner, 300)
    assert len(timeline.snapshots) <= 3  # the beginning, the best epoch, the newest
    assert list(timeline.edited) == [13]
    np.testing.assert_array_equal(travel(runner, 60), vector_at(60, {13: EDITS}))


def test_an_edit_while_it_trains_is_told_where_it_went_in(
    start: Start, vector_at: Callable[..., Array]
) -> None:
    runner = start()
    runner.train_to(60)
    while runner.status.step < 3:
        sleep(0.0005)
    told = edit(runner)
    assert 3 <= told.step <= 60
    np.testing.assert_array_equal(reach(runner, 60), vector_at(60, {told.step: EDITS}))


@pytest.mark.parametrize("seed", range(6))
def test_any_walk_gives_the_bits_of_the_straight_way(
    seed: int, start: Start, vector_at: Callable[..., Array]
) -> None:
    chance = random.Random(seed)
    runner = start(Timeline(budget=20_000))
    step, done = 0, dict[int, Edits]()
    vector = reach(runner, 0)
    for _ in range(12):
        action = chance.choice(["train", "train", "edit", "travel", "travel"])
        if action == "train":
            step += chance.randint(1, 20)
            vector = train_to(runner, step)
        elif action == "edit":
            place = Weight("conv1", chance.randint(0, 2), 0, chance.randint(0, 2), 1)
            done[step] = done.get(step, Edits()).with_paint(place, 0.5)
            edit(runner, Edits().with_paint(place, 0.5))
        else:
            step = chance.randint(0, step + 5)
            done = {at: edits for at, edits in done.items() if at <= step}
            vector = travel(runner, step)
        if action != "edit":
            np.testing.assert_array_equal(vector, vector_at(step, done))


class SlowTrainer(Trainer):
    """Waits before the batch after `at` batches until it may go on."""

    at = -1
    may_go_on = threading.Event()

    def train_batch(self, *arguments: object) -> BatchResult:
        if self.step == self.at:
            assert self.may_go_on.wait(PATIENCE)
        return super().train_batch(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def slow(small_spec: Spec, dataset: Dataset) -> SlowTrainer:
    trainer = SlowTrainer(small_spec, dataset, Settings(batch_size=8, epochs=9))
    trainer.may_go_on = threading.Event()
    return trainer


def begin_slow_journey(runner: Runner, trainer: SlowTrainer) -> None:
    """From 40 to 15, standing at the snapshot before it."""
    train_to(runner, 40)
    trainer.at = 14
    runner.travel(15)
    end = monotonic() + PATIENCE
    while runner.status.step != 14:
        assert monotonic() < end
        sleep(0.001)


def test_on_a_journey_an_edit_waits_for_the_arrival(
    start: Start, slow: SlowTrainer, vector_at: Callable[..., Array]
) -> None:
    runner = start(build=lambda: slow)
    begin_slow_journey(runner, slow)
    runner.edit(EDITS)
    slow.may_go_on.set()
    np.testing.assert_array_equal(reach(runner, 15), vector_at(15, {15: EDITS}))


def test_another_journey_before_the_arrival_drops_it(
    start: Start, slow: SlowTrainer, vector_at: Callable[..., Array]
) -> None:
    runner = start(build=lambda: slow)
    begin_slow_journey(runner, slow)
    runner.edit(EDITS)
    runner.travel(12)
    slow.may_go_on.set()
    np.testing.assert_array_equal(reach(runner, 12), vector_at(12))


def test_edits_of_another_network_end_the_run_with_a_message(start: Start) -> None:
    runner = start()
    runner.edit(Edits().toggled(Filter("conv7", 0)))
    assert runner.join(PATIENCE)
    failed = runner.drain().entries[-2]
    assert isinstance(failed, Failed)
    assert "conv7" in failed.message


def test_a_reset_forgets_edits_in_the_watchers_timeline_too(start: Start) -> None:
    runner, watched, entries = start(), Timeline(), list[Entry]()
    reach(runner, 0)
    runner.edit(EDITS)
    end = monotonic() + PATIENCE
    while not any(isinstance(entry, Edited) for entry in entries):
        entries += runner.drain().entries
        assert monotonic() < end
    runner.reset()
    while not any(isinstance(entry, Restored) for entry in entries):
        entries += runner.drain().entries
        assert monotonic() < end
    for entry in entries:
        mirror(entry, watched)
    assert watched.edited == {}
