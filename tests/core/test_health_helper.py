"""A process that examines: the same health as here, and no harm if it is lost."""

import sys
import threading
from contextlib import closing

import numpy as np
import pytest

from cnnviz.core.child import HelperLost
from cnnviz.core.health import examine, probe
from cnnviz.core.health_helper import HealthHelper
from cnnviz.core.health_task import Examining, Question
from cnnviz.core.network import Network
from cnnviz.core.settings import Settings
from cnnviz.core.trainer import Trainer
from tests.core.odd import ODD, odd_data
from tests.core.processes import run_program, wait_until_gone

PATIENCE = 60


@pytest.fixture
def run():
    """The probe, and three snapshots."""
    data = odd_data()
    with closing(Trainer(ODD, data, Settings(batch_size=16))) as trainer:
        snapshots = [trainer.snapshot()]
        for _ in range(2):
            trainer.train_batch()
            snapshots.append(trainer.snapshot())
    return probe(data.train, 20), snapshots


@pytest.fixture
def helper(run):
    images, _ = run
    helper = HealthHelper(ODD, images, "adam")
    yield helper
    helper.close()


def same(one, other):
    assert (one.step, one.loss, one.accuracy) == (other.step, other.loss, other.accuracy)
    for mine, its in zip(one.layers, other.layers, strict=True):
        for name in ("name", "output_gradient", "weight_norm", "gradient_norm", "update_norm"):
            assert getattr(mine, name) == getattr(its, name)
        assert (mine.dead, mine.saturated) == (its.dead, its.saturated)
        np.testing.assert_array_equal(mine.activations.counts, its.activations.counts)
        np.testing.assert_array_equal(mine.activations.edges, its.activations.edges)


def test_it_finds_what_is_found_here(helper, run):
    images, snapshots = run
    for snapshot in reversed(snapshots):
        health, seconds = helper.examine(snapshot, 0.003)
        same(health, examine(Network(ODD), snapshot, images, "adam", 0.003))
        assert seconds > 0


def test_a_task_has_it_examine_and_counts_its_seconds(helper, run, monkeypatch):
    images, snapshots = run
    monkeypatch.setattr("cnnviz.core.health_task.examine", None)  # not here
    questions = tuple(Question(each, 0.001) for each in snapshots)
    task = Examining(ODD, images, "adam", questions, helper)
    task.start()
    assert task.join(PATIENCE)
    assert task.standing.failure is None
    assert [answer.health.step for answer in task.standing.answers] == [0, 1, 2]
    assert task.standing.seconds > 0


def test_threads_take_turns(helper, run):
    _, snapshots = run
    wrong = []

    def ask(snapshot):
        steps = {helper.examine(snapshot, 0.001)[0].step for _ in range(10)}
        wrong.extend(steps - {snapshot.step})

    threads = [threading.Thread(target=ask, args=(each,)) for each in snapshots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not wrong


def test_what_is_not_wanted_any_more_is_not_examined(helper, run):
    _, snapshots = run
    assert helper.examine(snapshots[0], 0.001, lambda: True) is None
    assert helper.examine(snapshots[1], 0.001, lambda: False)[0].step == 1
    assert not helper.is_lost


def test_one_that_is_lost_costs_only_time(helper, run):
    images, snapshots = run
    helper.examine(snapshots[0], 0.001)
    helper._process.kill()
    helper._process.wait()
    assert helper.is_lost
    with pytest.raises(HelperLost):
        helper.examine(snapshots[0], 0.001)
    questions = tuple(Question(each, 0.001) for each in snapshots)
    task = Examining(ODD, images, "adam", questions, helper)
    task.start()
    assert task.join(PATIENCE)
    assert task.standing.failure is None
    assert len(task.standing.answers) == 3


@pytest.mark.parametrize("cancelled", [False, True])
def test_closing_lets_go_whoever_waits_for_an_answer(run, cancelled):
    images, snapshots = run
    helper = HealthHelper(ODD, images, "adam")  # it takes a while to begin
    task = Examining(ODD, images, "adam", (Question(snapshots[1], 0.001),), helper)
    task.start()
    if cancelled:
        task.cancel()
    helper.close()
    assert task.join(PATIENCE)
    assert task.standing.failure is None
    assert len(task.standing.answers) == (0 if cancelled else 1)
    assert helper._process.returncode is not None
    helper.close()  # twice does nothing


def test_what_no_process_can_do_is_told(run, monkeypatch):
    images, _ = run
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(OSError, match="nowhere"):
        HealthHelper(ODD, images, "adam")


EXAMINES_AND_LEAVES = """
import os
from cnnviz.core.health import probe
from cnnviz.core.health_helper import HealthHelper
from cnnviz.core import Settings, Trainer
from tests.core.odd import ODD, odd_data
data = odd_data()
helper = HealthHelper(ODD, probe(data.train, 20), "adam")
trainer = Trainer(ODD, data, Settings(batch_size=16, threads=1))
helper.examine(trainer.snapshot(), 0.001)
print(helper._process.pid, flush=True)
{end}
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("end", ["", "os._exit(3)", "os.kill(os.getpid(), 9)"])
def test_none_outlives_a_program_however_it_ends(end):
    ended = run_program(EXAMINES_AND_LEAVES.format(end=end))
    if not end:
        assert (ended.returncode, ended.stderr) == (0, "")
    wait_until_gone(int(ended.stdout))
