"""The runs of a window: left, opened again, forked, named, deleted; within one budget of memory."""

import threading
import weakref
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from cnnviz.core.fork import Differences
from cnnviz.core.outbox import Captured, Outbox
from cnnviz.core.runner import Runner
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.core.timeline import EpochResult
from cnnviz.core.trainer import Trainer
from cnnviz.ui.forking import fork_off
from cnnviz.ui.messages import RunRequest


def settled(session):
    """Whether the last run that was asked for is open, and what was left is told."""
    return session.loading is None and all(
        run.saved for run in session.runs.all if run is not session.runs.open
    )


@pytest.fixture
def open_another(session, until):
    """Opens another run in the session and waits until the one before is left."""

    def another(network="tiny", **settings):
        session.open_run(RunRequest("digits", network, Settings(**settings), 100))
        until(lambda: settled(session))
        return session.runs.open

    return another


def vector(session):
    return session.network.vector.copy()


def test_the_first_run_is_open(session):
    [run] = session.runs.all
    assert run is session.runs.open
    assert (run.name, run.color, run.parent, run.differences) == ("Run 1", 0, None, "")
    assert run.timeline is session.timeline
    assert (run.best_accuracy, run.seconds, run.is_unsaved) == (None, 0.0, False)


def test_a_run_that_learned_nothing_is_not_kept(session, open_another):
    run = open_another(seed=1)
    assert session.runs.all == [run]
    assert run.name == "Run 1"


def test_a_run_that_was_left_opens_again_where_it_was(session, open_another, train, until):
    train(session, 30)
    first, here, before = session.runs.open, session.status.step, vector(session)
    other = open_another(optimizer="momentum", learning_rate=0.01)
    assert [run.name for run in session.runs.all] == ["Run 1", "Run 2"]
    assert other.differences == "optimiser adam → momentum, rate 0.002 → 0.01"
    assert session.settings.optimizer == "momentum"
    train(session, 2)
    session.open_again(first)
    until(lambda: settled(session) and session.runs.open is first)
    assert (session.status.step, len(session.timeline)) == (here, here)
    assert session.settings.optimizer == "adam"
    np.testing.assert_array_equal(vector(session), before)
    assert session.status.phase is Phase.PAUSED
    train(session, 3)
    assert len(other.timeline) == other.saved.step


def test_opened_again_it_goes_on_with_the_same_bits(session, open_another, train, until):
    train(session, 5)
    first = session.runs.open
    open_another(seed=3)
    session.open_again(first)
    until(lambda: session.runs.open is first and settled(session))
    session.train_to(40)
    until(lambda: session.shown_step == 40)
    gone_on = vector(session)
    session.travel(0)
    until(lambda: session.status.step == 0 and session.shown_step == 0)
    session.train_to(40)
    until(lambda: session.shown_step == 40)
    np.testing.assert_array_equal(vector(session), gone_on)


def test_a_fork_goes_on_and_its_parent_stays(session, train, until):
    train(session, 60)
    parent, batches = session.runs.open, len(session.timeline)
    session.past.look_at(50)
    before = vector(session)
    fork_off(session, Differences(learning_rate=0.0005))
    until(lambda: session.runs.open is not parent and settled(session))
    fork = session.runs.open
    assert (fork.parent, fork.origin.step, fork.origin.run) == (parent, 50, "Run 1")
    assert fork.differences == "rate 0.002 → 0.0005"
    assert session.runs.forks_of(parent) == [(50, "Run 2")]
    assert session.shown_step == len(session.timeline) == session.status.step == 50
    np.testing.assert_array_equal(vector(session), before)
    assert session.settings.learning_rate == 0.0005
    assert len(parent.timeline) == batches
    assert 50 in parent.timeline.pinned
    session.past.look_at_first()
    assert session.past.moment == 0  # both have this past
    session.past.look_at(None)
    train(session, 5)
    np.testing.assert_array_equal(session.timeline.losses[:51], parent.timeline.losses[:51])
    assert session.timeline.losses[52] != parent.timeline.losses[52]


def test_a_fork_of_the_newest_batch(session, train, until):
    train(session, 12)
    parent, step = session.runs.open, len(session.timeline)
    fork_off(session, Differences(optimizer="momentum"))
    until(lambda: session.runs.open is not parent and settled(session))
    assert session.runs.open.origin.step == step
    assert session.timeline.first == step
    session.past.look_at(3)
    assert session.past.moment is None  # there is nothing before
    session.reset()
    until(lambda: session.status.phase is Phase.PAUSED)
    assert session.status.step == step


def test_a_fork_with_another_batch_size_counts_from_zero(session, train, until):
    train(session, 12)
    parent = session.runs.open
    fork_off(session, Differences(batch_size=64))
    until(lambda: session.runs.open is not parent and settled(session))
    assert (session.status.step, session.status.batches_per_epoch) == (0, 22)
    fork = session.runs.open
    assert fork.seconds == pytest.approx(parent.timeline.seconds.sum(), rel=0.5)
    assert fork.differences == "batch 128 → 64"


def test_a_fork_that_makes_no_sense_is_refused_in_words(session, train, until):
    train(session, 3)
    notices = []
    session.noticed.connect(notices.append)
    for difference, why in (
        ({"learning_rate": 0.0}, "above zero"),
        ({"batch_size": 9**9}, "larger"),
    ):
        fork_off(session, Differences(**difference))
        until(lambda: notices != [])
        assert why in notices.pop().text
        assert session.loading is None
        assert len(session.runs.all) == 1


def test_names(session, open_another, train):
    train(session, 3)
    first, heard = session.runs.open, []
    session.runs.changed.connect(lambda: heard.append(1))
    session.runs.rename(first, "  bold \n try ")
    assert (first.name, len(heard)) == ("bold try", 1)
    session.runs.rename(first, "   ")
    assert (first.name, len(heard)) == ("bold try", 1)
    assert open_another(seed=1).name == "Run 1"


def test_every_run_has_a_colour_of_its_own(session, open_another, train):
    train(session, 3)
    first = session.runs.open
    session.runs.rename(first, "mine")
    second = open_another(seed=1)
    assert (second.name, second.color) == ("Run 1", 1)
    train(session, 3)
    session.runs.delete(first)
    assert open_another(seed=2).color == 2  # the deleted one may come back
    assert first.parameters == len(session.network.vector)


def test_whether_a_smaller_budget_would_thin(session, open_another, train):
    train(session, 120)
    taken = session.runs.snapshot_bytes
    assert not session.runs.would_thin(taken)
    assert session.runs.would_thin(taken - 1)
    open_another(seed=1)
    assert session.runs.would_thin(taken)  # the open one has half of it
    assert not session.runs.would_thin(2 * taken)


def test_deleting_and_its_undo(session, open_another, train):
    train(session, 3)
    first = session.runs.open
    session.runs.delete(first)
    assert session.runs.all == [first]  # the open one stays
    second = open_another(seed=1)
    assert session.runs.last_deleted is None
    session.runs.delete(first)
    assert (session.runs.all, session.runs.last_deleted) == ([second], first)
    session.runs.undo_delete()
    assert session.runs.all == [first, second]
    assert session.runs.last_deleted is None


def test_all_snapshots_share_one_budget(session, open_another, train, until):
    session.play()
    until(lambda: len(session.timeline) > 400)
    session.pause()
    until(lambda: session.status.phase is Phase.PAUSED)
    session.drain()
    size = session.timeline.nearest(0).nbytes
    first = session.runs.open
    assert first.timeline.budget == session.runs.budget == 256 * 2**20
    session.runs.set_budget(20 * size)
    assert session.runs.snapshot_bytes <= 20 * size
    open_another(seed=1)
    assert first.timeline.budget == session.timeline.budget == 10 * size
    assert len(first.saved.snapshots) == len(first.timeline.snapshots) <= 10
    session.play()
    until(lambda: len(session.timeline) > 400)
    session.pause()
    until(lambda: session.status.phase is Phase.PAUSED)
    assert session.runs.snapshot_bytes <= 20 * size


def test_what_is_unsaved(session, train):
    run = session.runs.open
    assert session.runs.unsaved == []
    train(session, 1)
    assert session.runs.unsaved == [run]
    run.in_file = run.state
    assert session.runs.unsaved == []
    session.timeline.marks[1] = "Look at this."
    assert session.runs.unsaved == [run]
    run.in_file = run.state
    session.runs.set_notes(run, "A note.")
    assert session.runs.unsaved == [run]


def test_whoever_asked_for_the_whole_run_gets_it_though_it_was_left(
    session, open_another, train, until
):
    train(session, 4)
    first, got = session.runs.open, []
    session.capture(got.append)
    open_another(seed=1)
    until(lambda: got != [])
    assert got[0].step == len(first.timeline)
    assert got[0].name == "Run 1"


def test_an_edit_over_an_edit_is_unsaved_too(session, train, until):
    train(session, 2)
    run = session.runs.open
    for number in (0, 1):
        run.in_file = run.state
        assert session.runs.unsaved == []
        session.edits.toggle_mute("conv1", number)
        session.apply_edits()
        until(lambda: session.runs.unsaved == [run])
    assert len(session.timeline.edited) == 1


def test_a_run_whose_training_failed_is_not_lost(session, train, until, monkeypatch):
    train(session, 3)
    run, step, notices, got = session.runs.open, len(session.timeline), [], []
    session.noticed.connect(notices.append)

    def fail(*arguments):
        raise MemoryError("no room")

    monkeypatch.setattr(Trainer, "train_batch", fail)
    session.step()
    until(lambda: notices != [])
    until(lambda: run.saved is not None)
    assert notices[0].text == "Training stopped. MemoryError: no room"
    session.capture(got.append)
    assert (got[0].step, got[0].name) == (step, "Run 1")
    monkeypatch.undo()
    notices[0].act()  # starts over
    until(lambda: settled(session) and session.runs.open is not run)
    assert session.runs.all == [run, session.runs.open]
    session.open_again(run)
    until(lambda: settled(session) and session.runs.open is run)
    train(session, 2)
    assert run.saved is None
    assert len(session.timeline) >= step + 2


def test_a_run_is_forked_that_is_still_ending(session, train, until, monkeypatch):
    train(session, 5)
    first, step, got = session.runs.open, len(session.timeline), []
    may_end, capture = threading.Event(), Runner._capture

    def capture_late(runner, trainer):
        assert may_end.wait(20)
        capture(runner, trainer)

    monkeypatch.setattr(Runner, "_capture", capture_late)
    session.open_run(RunRequest("digits", "tiny", Settings(seed=1), 100))
    until(lambda: session.runs.open is not first)
    fork_off(session, Differences(learning_rate=0.0005), run=first)
    session.capture(got.append, first)
    assert (first.saved, got) == (None, [])
    may_end.set()
    until(lambda: got != [] and settled(session) and session.runs.open.origin is not None)
    assert session.runs.open.parent is first
    assert session.runs.open.origin.step == got[0].step == step


class LateRunner:
    """One whose thread tells the last just after it was asked, and ends."""

    def __init__(self, last):
        self.is_alive, self._entries, self._last = True, [], [last]

    def drain(self):
        outbox = Outbox(self._entries)
        self._entries, self._last, self.is_alive = self._last, [], False
        return outbox


def test_what_a_thread_tells_as_it_ends_is_heard(session, open_another, train):
    train(session, 3)
    first = session.runs.open
    open_another(seed=1)
    saved, first.saved = first.saved, None
    session._threads._leaving.append((LateRunner(Captured(saved)), first))
    session.drain()
    session.drain()
    assert first.saved is not None
    assert session.runs.all[0] is first


def test_what_happens_before_a_run_is_seen_to_be_ready_is_heard(session, open_another, until):
    """Such as the test of an epoch that had ended just before the run was left."""
    first = session.runs.open
    session.epoch()
    until(lambda: len(session.timeline.epochs) == 1)
    open_another(seed=1)
    first.saved = replace(first.saved, epochs=())
    session.open_again(first)
    runner = session._threads.coming.runner
    deadline = monotonic() + 20
    while not any(isinstance(entry, EpochResult) for entry in runner._outbox.entries):
        assert monotonic() < deadline
    session.drain()
    assert session.runs.open is first
    assert [epoch.step for epoch in session.timeline.epochs] == [11]


def test_an_open_run_holds_on_to_nothing_that_it_went_on_from(session, open_another, train, until):
    train(session, 3)
    first = session.runs.open
    open_another(seed=1)
    saved = weakref.ref(first.saved)
    session.open_again(first)
    until(lambda: session.runs.open is first and settled(session))
    assert session.request.start is None
    assert saved() is None


def test_a_file_that_another_run_took_is_no_longer_a_runs_own(session, open_another, train):
    train(session, 3)
    first = session.runs.open
    second = open_another(seed=1)
    path, saved = Path("a.cnnviz"), first.saved
    session.runs.saved_to(path, first, saved)
    assert (first.path, first.is_unsaved) == (path, False)
    session.runs.saved_to(path, second, saved)
    assert (first.path, first.is_unsaved, second.path) == (None, True, path)
