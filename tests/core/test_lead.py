"""A process that trains for this one: the same bits whatever happens, and one batch ahead."""

import math
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from multiprocessing import shared_memory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnviz.core.aside import MOST
from cnnviz.core.child import Child
from cnnviz.core.datasets import Dataset
from cnnviz.core.edits import Edits, Filter
from cnnviz.core.lead import Lead
from cnnviz.core.optimizers import OPTIMIZERS
from cnnviz.core.outbox import Captured
from cnnviz.core.runner import Runner
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec, conv2d, dense, flatten
from cnnviz.core.status import Phase
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.trainer import BatchResult, Diverged, Interrupted, Trainer
from tests.core.processes import run_program, start_in_vain, wait_until_gone

PATIENCE = 60
Pair = Callable[..., tuple[Trainer, Trainer]]


@pytest.fixture(autouse=True)
def a_core_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: 4)


@pytest.fixture(autouse=True)
def asked_for_less(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Grows whenever a thread lets others go first, which this one must not."""
    asked: list[bool] = []
    monkeypatch.setattr("cnnviz.core.aside.let_others_first", lambda: asked.append(True))
    return asked


@pytest.fixture
def pair(small_spec: Spec, dataset: Dataset) -> Iterator[Pair]:
    """Makes two trainers of small batches: one that learns here, and one that has a lead."""
    made: list[Trainer] = []

    def make(
        spec: Spec = small_spec, data: Dataset = dataset, **changes: Any
    ) -> tuple[Trainer, Trainer]:
        chosen = replace(Settings(batch_size=12, epochs=3, threads=1), **changes)
        here, aside = Trainer(spec, data, chosen), Trainer(spec, data, chosen)
        made.extend((here, aside))
        assert aside.stand_aside()
        aside.start_helpers()
        lead_of(aside)
        return here, aside

    yield make
    for trainer in made:
        trainer.close()


def lead_of(trainer: Trainer) -> Lead:
    assert trainer._aside
    lead = trainer._aside.lead
    assert lead
    return lead


def state(trainer: Trainer) -> list[bytes]:
    """All that goes on from here."""
    arrays = trainer.snapshot().optimizer_state
    return [trainer.network.vector.tobytes(), *(arrays[name].tobytes() for name in sorted(arrays))]


def told(result: BatchResult) -> tuple[float, ...]:
    return result.step, result.loss, result.accuracy, result.rate


def train_alike(here: Trainer, aside: Trainer, batches: int, ahead: int = 1) -> None:
    """Trains both; none may have learned anything else than the other."""
    for _ in range(batches):
        assert told(aside.train_batch(ahead=ahead)) == told(here.train_batch())
        assert state(aside) == state(here)
        assert aside.step == here.step
    assert aside._aside
    assert aside._aside.lead, "it did not train"


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("threads", [1, 2])
def test_it_learns_the_same_bits(optimizer: str, threads: int, pair: Pair) -> None:
    here, aside = pair(optimizer=optimizer, threads=threads, batch_size=20, schedule="one-cycle")
    train_alike(here, aside, 7)


@pytest.mark.parametrize("convolution", ["im2col", "correlate", "loop"])
def test_it_learns_every_way_of_convolution(convolution: str, pair: Pair) -> None:
    train_alike(*pair(convolution=convolution), 3)


def test_the_next_batch_is_learned_while_nobody_asks(pair: Pair) -> None:
    here, aside = pair()
    train_alike(here, aside, 2)
    deadline = time.monotonic() + PATIENCE
    while not lead_of(aside).has_answered():
        assert time.monotonic() < deadline
        time.sleep(0.005)
    assert state(aside) == state(here)  # it is nobody's before it is asked for
    train_alike(here, aside, 2)


def test_the_last_batch_begins_no_other(pair: Pair) -> None:
    here, aside = pair()
    train_alike(here, aside, 2, ahead=0)
    assert not lead_of(aside)._asked
    train_alike(here, aside, 2, ahead=99)
    assert len(lead_of(aside)._asked) == 1


def test_the_memory_is_not_given_anew_for_every_batch(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    send = Child._send

    def seen(child: Child, message: dict[str, Any]) -> None:
        sent.append(message)
        send(child, message)

    here, aside = pair()
    monkeypatch.setattr(Child, "_send", seen)
    train_alike(here, aside, 5)
    assert [each["load"] for each in sent] == [True, False, False, False, False, False]
    assert [each["follows"] for each in sent] == [False, True, True, True, True, True]


def change_weights(trainer: Trainer) -> None:
    trainer.network.vector[3] += 0.25


def change_memory(trainer: Trainer) -> None:
    for array in trainer.optimizer.state.values():
        array += 0.125


def change_rate(trainer: Trainer) -> None:
    trainer.set_learning_rate(0.0123)


def change_way(trainer: Trainer) -> None:
    trainer.set_convolution("correlate")


def go_elsewhere(trainer: Trainer) -> None:
    """The same weights after another number of batches: other images come."""
    trainer.restore(replace(trainer.snapshot(), step=9))


@pytest.mark.parametrize(
    "change", [change_weights, change_memory, change_rate, change_way, go_elsewhere]
)
@pytest.mark.parametrize("ahead", [0, 1])
def test_what_is_changed_between_two_batches_counts(
    change: Callable[[Trainer], None], ahead: int, pair: Pair
) -> None:
    here, aside = pair()
    train_alike(here, aside, 2, ahead)
    for trainer in (here, aside):
        change(trainer)
    train_alike(here, aside, 3, ahead)


STEPS = st.lists(
    st.sampled_from(
        ["train", "train ahead", "weights", "memory", "rate", "way", "go back", "test", "give up"]
    ),
    min_size=3,
    max_size=12,
)


def test_no_order_of_events_changes_a_bit(pair: Pair) -> None:
    here, aside = pair()
    beginning = here.snapshot()
    kept = [beginning]

    @given(STEPS)
    @settings(max_examples=25)
    def check(steps: list[str]) -> None:
        for trainer in (here, aside):
            trainer.restore(beginning)
            trainer.set_learning_rate(0.002, 0)
            trainer.set_convolution("im2col", 0)
        kept[1:] = []
        for name in steps:
            take(name)
            assert state(aside) == state(here)

    def take(name: str) -> None:
        if name.startswith("train"):
            train_alike(here, aside, 1, ahead=int(name != "train"))
            kept.append(here.snapshot())
        elif name == "test":
            mine, other = here.evaluate(), aside.evaluate()
            assert mine
            assert other
            assert mine.losses.tobytes() == other.losses.tobytes()
        elif name == "give up":
            with pytest.raises(Interrupted):
                aside.train_batch(interrupted=lambda: True, ahead=1)
        else:
            for trainer in (here, aside):
                {
                    "weights": change_weights,
                    "memory": change_memory,
                    "rate": change_rate,
                    "way": change_way,
                    "go back": lambda each: each.restore(kept[len(kept) // 2]),
                }[name](trainer)

    check()


def test_tests_are_those_of_one_process(pair: Pair, make_dataset: Callable[..., Dataset]) -> None:
    here, aside = pair(data=make_dataset(test=3000), threads=2, batch_size=16)
    train_alike(here, aside, 2, ahead=1)
    mine, other = here.evaluate(), aside.evaluate()
    assert mine
    assert other
    assert mine.losses.tobytes() == other.losses.tobytes()
    train_alike(here, aside, 2)
    asked = iter([False, False])
    assert aside.evaluate(lambda: next(asked, True)) is None
    train_alike(here, aside, 2)


def test_a_slow_batch_is_given_up_at_once_and_leaves_nothing_behind(
    pair: Pair, make_dataset: Callable[..., Dataset]
) -> None:
    spec = Spec("slow", "Slow", (1, 8, 8), (conv2d(60, 5), flatten(), dense(3)))
    here, aside = pair(spec, make_dataset(train=2000), batch_size=2000, convolution="loop")
    before, begin = state(aside), time.monotonic()
    with pytest.raises(Interrupted):
        aside.train_batch(interrupted=lambda: time.monotonic() - begin > 0.3, ahead=1)
    assert time.monotonic() - begin < 10, "learning it all takes minutes"
    assert state(aside) == before
    for trainer in (here, aside):
        trainer.set_convolution("im2col")
    train_alike(here, aside, 2)


def test_a_loss_that_is_no_number_changes_nothing(pair: Pair) -> None:
    here, aside = pair(optimizer="gradient-descent")
    train_alike(here, aside, 1)
    for trainer in (here, aside):
        trainer.network.vector[...] = math.nan
    before = state(aside)
    for trainer in (here, aside):
        with pytest.raises(Diverged) as raised:
            trainer.train_batch(ahead=1)
        assert raised.value.step == 1
        assert state(trainer) == before
    for trainer in (here, aside):
        trainer.network.draw(3)
    train_alike(here, aside, 3)


@pytest.mark.parametrize("what", ["train", "test"])
@pytest.mark.parametrize("busy", [False, True])
def test_a_lead_that_is_killed_costs_only_time(
    what: str, busy: bool, pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    here, aside = pair(threads=2, batch_size=20)
    train_alike(here, aside, 2, ahead=int(busy))
    process = lead_of(aside)._process
    process.kill()
    process.wait()
    if what == "train":
        assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
    else:
        mine, other = here.evaluate(), aside.evaluate()
        assert mine
        assert other
        assert mine.losses.tobytes() == other.losses.tobytes()
    assert "the process that trains has ended" in caplog.text
    assert aside._aside
    assert not aside._aside.lead
    for _ in range(3):
        assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
        assert state(aside) == state(here)


def test_a_lost_lead_is_followed_by_others_but_not_for_ever(
    pair: Pair, asked_for_less: list[bool]
) -> None:
    here, aside = pair()
    keeper = aside._aside
    assert keeper
    for left in reversed(range(MOST)):
        train_alike(here, aside, 2)
        lead_of(aside)._process.kill()
        lead_of(aside)._process.wait()
        assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
        assert keeper.is_over == (left == 0)
        assert bool(asked_for_less) == (left == 0)
        aside.start_helpers()
    assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
    assert not keeper.lead
    assert aside._learner.patience < math.inf, "helpers are wanted then"


def test_what_nobody_asked_to_stop_and_is_stopped_is_lost(pair: Pair) -> None:
    here, aside = pair()
    train_alike(here, aside, 2, ahead=0)
    lead_of(aside).shared["stop"][0] = 1
    assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
    assert state(aside) == state(here)


def test_a_rest_between_two_batches_is_part_of_none(pair: Pair) -> None:
    for rests in (True, False):
        here, aside = pair()
        train_alike(here, aside, 2)
        if rests:
            aside.rest()
        time.sleep(0.3)
        seconds = [aside.train_batch(ahead=1).seconds for _ in range(4)]
        assert (max(seconds) > 0.25) == (not rests)


def test_large_networks_have_none(
    small_spec: Spec, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most, has_one in ((10**6, True), (10, False)):
        monkeypatch.setattr("cnnviz.core.trainer.MOST_PARAMETERS", most)
        trainer = Trainer(small_spec, dataset, Settings(batch_size=12, threads=1))
        assert trainer.stand_aside() == has_one
        trainer.close()


def test_without_processes_this_one_trains(
    small_spec: Spec,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    trainer = Trainer(small_spec, dataset, Settings(batch_size=12, threads=1))
    trainer.stand_aside()
    trainer.start_helpers()
    assert "no process can be started" in caplog.text
    trainer.train_batch(ahead=1)
    assert trainer.evaluate()
    trainer.close()


def test_a_process_that_ends_at_once_leaves_this_one(
    small_spec: Spec, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.child.start_python", start_in_vain)
    trainer = Trainer(small_spec, dataset, Settings(batch_size=12, threads=1))
    trainer.stand_aside()
    trainer.start_helpers()
    trainer.train_batch(ahead=1)
    assert trainer.step == 1
    trainer.close()


def test_it_comes_by_itself_after_a_while(
    small_spec: Spec, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cnnviz.core.aside.PATIENCE", 0.001)
    chosen = Settings(batch_size=12, threads=1)
    here, aside = Trainer(small_spec, dataset, chosen), Trainer(small_spec, dataset, chosen)
    aside.stand_aside()
    assert aside._aside
    deadline = time.monotonic() + PATIENCE
    while not aside._aside.lead:
        assert time.monotonic() < deadline
        assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
    train_alike(here, aside, 3)
    here.close()
    aside.close()


@pytest.mark.parametrize(("system", "cores"), [("posix", 2), ("nt", 2), ("posix", 1)])
def test_it_needs_a_core_and_pipes_that_can_be_asked(
    system: str,
    cores: int,
    small_spec: Spec,
    dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("cnnviz.core.parallel.usable_cores", lambda: cores)
    trainer = Trainer(small_spec, dataset, Settings(batch_size=12, threads=1))
    with monkeypatch.context() as patch:
        patch.setattr("cnnviz.core.trainer.os.name", system)
        assert trainer.stand_aside() == (system == "posix" and cores == 2)
    trainer.close()


@pytest.mark.parametrize("what", ["train", "test"])
def test_ctrl_c_ends_it(what: str, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    here, aside = pair()
    train_alike(here, aside, 2)
    process, receive = lead_of(aside)._process, Child._receive

    def interrupted(child: Child) -> None:
        receive(child)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Child, "_receive", interrupted)
        with pytest.raises(KeyboardInterrupt):
            aside.train_batch(ahead=1) if what == "train" else aside.evaluate()
    assert process.returncode is not None
    for _ in range(2):
        assert told(aside.train_batch(ahead=1)) == told(here.train_batch())
    aside.start_helpers()
    train_alike(here, aside, 2)


def test_rows_are_those_of_this_process_and_add_up_to_the_time(pair: Pair) -> None:
    here, aside = pair(batch_size=60)
    stopwatches = Stopwatch(), Stopwatch()
    begin, sums = 0.0, 0.0
    for k in range(40):
        for trainer, stopwatch in zip((here, aside), stopwatches, strict=True):
            stopwatch.start()
            trainer.train_batch(stopwatch, ahead=1)
            stopwatch.lap("rest")  # while the process is at the next
        if k == 1:
            begin, sums = time.perf_counter(), 0.0
        sums += sum(stopwatches[1].seconds.values())
    whole = time.perf_counter() - begin
    assert list(stopwatches[0].seconds)[:-1] == list(stopwatches[1].seconds)
    # It idles while the other one learns, which is part of "other".
    assert 0.8 * whole < sums < 1.2 * whole


def test_closing_ends_the_process_and_frees_the_memory(pair: Pair) -> None:
    _, aside = pair()
    aside.train_batch(ahead=1)
    lead = lead_of(aside)
    process, name = lead._process, lead.shared.name
    aside.close()
    assert process.returncode == 0
    with pytest.raises(FileNotFoundError):
        shared_memory.SharedMemory(name)
    aside.close()  # twice does nothing


TRAINS_AND_LEAVES = """
import os
from cnnviz.core import PRESETS, Settings, Trainer, load_dataset, parallel
parallel.usable_cores = lambda: 4
trainer = Trainer(PRESETS["tiny"], load_dataset("digits"), Settings(batch_size=64, threads=2))
trainer.stand_aside()
trainer.start_helpers()
trainer.train_batch(ahead=1)
print(trainer._aside.lead._process.pid, trainer._aside.lead.shared.name, flush=True)
{end}
"""


SLOW = """
import os, threading, time
from cnnviz.core import Settings, Trainer, load_dataset, parallel
from cnnviz.core.spec import Spec, conv2d, dense, flatten
parallel.usable_cores = lambda: 4
spec = Spec("slow", "Slow", (1, 28, 28), (conv2d(60, 5), flatten(), dense(10)))
settings = Settings(batch_size=1000, threads=2, convolution="loop")
trainer = Trainer(spec, load_dataset("digits"), settings)
trainer.stand_aside()
trainer.start_helpers()
threading.Thread(target=trainer.train_batch, daemon=True).start()
time.sleep(1.5)
print(trainer._aside.lead._process.pid, trainer._aside.lead.shared.name, flush=True)
os._exit(3)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_slow_batch_is_given_up_when_nobody_is_there_to_ask_for_it() -> None:
    ended = run_program(SLOW)
    pid, name = ended.stdout.split()
    wait_until_gone(int(pid), name, seconds=10)  # learning it all takes minutes
    assert "Traceback" not in ended.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("end", ["", "os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_no_lead_outlives_a_program_however_it_ends(end: str) -> None:
    ended = run_program(TRAINS_AND_LEAVES.format(end=end))
    pid, name = ended.stdout.split()
    if not end:
        assert (ended.returncode, ended.stderr) == (0, "")
    wait_until_gone(int(pid), name)


def test_a_gentle_runner_goes_back_edits_and_goes_on_as_without_it(
    small_spec: Spec, dataset: Dataset
) -> None:
    def build() -> Trainer:
        return Trainer(small_spec, dataset, Settings(batch_size=8, epochs=50, threads=1))

    def build_helped() -> Trainer:
        trainer = build()
        trainer.stand_aside()
        trainer.start_helpers()
        monkeypatch.setattr(trainer, "stand_aside", lambda: True)  # it does already
        return trainer

    found = []
    with pytest.MonkeyPatch.context() as monkeypatch:
        for make, gentle in ((build, False), (build_helped, True)):
            runner = Runner(make, gentle=gentle)
            runner.start()
            runner.train_to(33)
            wait_for(runner, 33)
            runner.travel(12)
            wait_for(runner, 12)
            runner.edit(Edits(frozenset({Filter("conv1", 0)})))
            runner.set_learning_rate(0.01)
            runner.train_to(40)
            wait_for(runner, 40)
            runner.set_convolution("correlate")
            runner.step()
            wait_for(runner, 41)
            runner.travel(39)
            wait_for(runner, 39)
            runner.stop()
            assert runner.join(PATIENCE)
            (run,) = [each.run for each in runner.drain().entries if isinstance(each, Captured)]
            newest, losses = run.newest, run.history["loss"]
            found.append((newest.step, newest.vector.tobytes(), losses.tobytes()))
    assert found[0] == found[1]


def wait_for(runner: Runner, step: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while (runner.status.step, runner.status.phase) != (step, Phase.PAUSED):
        assert time.monotonic() < deadline, runner.status
        time.sleep(0.002)


def test_random_data_of_many_shapes(pair: Pair, make_dataset: Callable[..., Dataset]) -> None:
    for shape, classes in (((3, 6, 9), 5), ((2, 12, 5), 2)):
        layers = (conv2d(3, (2, 3), stride=(2, 1), padding=1), flatten(), dense(classes))
        data = make_dataset(train=50, shape=shape, classes=classes)
        train_alike(*pair(Spec("odd", "Odd", shape, layers), data, batch_size=17), 4)
        assert np.isfinite(lead_of(pair(batch_size=5)[1]).shared["vector"]).all()
