"""Keeping up with the moment that is looked at: when a test begins, and when it does not."""

import threading

import numpy as np
import pytest

from cnnviz.core import examination
from cnnviz.core.evaluation import evaluate
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.ui import examiner as module
from cnnviz.ui.examiner import Examiner, in_words
from cnnviz.ui.messages import RunRequest


@pytest.fixture
def make_examiner(until, open_session):  # whose sessions end after their examiners
    made = []

    def make(session):
        examiner = Examiner(session, session)
        made.append(examiner)
        return examiner

    yield make
    for examiner in made:
        examiner.shut_down()
    until(lambda: all(examiner.is_shut_down for examiner in made))


@pytest.fixture
def examiner(make_examiner, session):
    return make_examiner(session)


def answered(examiner, step):
    return examiner.answer is not None and examiner.answer.question.step == step


def is_at_rest(examiner):
    return examiner._job is None and not examiner._begin_timer.isActive()


def test_while_nobody_looks_nothing_runs(examiner, session, train):
    train(session, 12)
    session.past.look_at(0)
    session.choose_image(3)
    assert is_at_rest(examiner)
    assert examiner.answer is None
    assert examiner.progress is None


def test_it_gives_the_numbers_of_the_engine(examiner, session, until):
    examiner.watch(True)
    until(lambda: examiner.answer is not None)
    expected = evaluate(session.network, session.dataset.test)
    assert examiner.answer.evaluation.loss == expected.loss
    assert (examiner.answer.evaluation.predictions == expected.predictions).all()
    assert not examiner.is_stale


def test_it_follows_the_cursor_to_another_moment(examiner, session, train, until):
    train(session, 12)
    examiner.watch(True)
    until(lambda: answered(examiner, session.shown_step))
    session.past.look_at(0)
    assert examiner.is_stale
    until(lambda: answered(examiner, 0))
    assert not examiner.is_stale
    session.past.look_at(None)
    until(lambda: answered(examiner, session.shown_step))


def test_a_cursor_that_moves_on_is_not_followed(examiner, session, train, until, monkeypatch):
    begun = []
    begin = Examiner._begin

    def note(self, job):
        begun.append(job)
        begin(self, job)

    monkeypatch.setattr(Examiner, "_begin", note)
    train(session, 30)
    examiner.watch(True)
    until(lambda: answered(examiner, session.shown_step))
    until(lambda: is_at_rest(examiner))
    begun.clear()
    for step in (0, 11, 22, 11, 0):
        session.past.look_at(step)
    until(lambda: answered(examiner, 0))
    until(lambda: is_at_rest(examiner))
    asked = [job.task.question.step for job in begun if not job.epochs]
    assert asked == [0]


def test_while_training_it_is_the_epochs_end_that_is_examined(
    examiner, session, train, until, monkeypatch
):
    monkeypatch.setattr(module, "BETWEEN_MS", 1)
    examiner.watch(True)
    session.play()
    ends = range(11, 10_000, 11)
    until(lambda: examiner.answer is not None and examiner.answer.question.step in ends)
    step = examiner.answer.question.step
    result = next(each for each in session.timeline.epochs if each.step == step)
    assert examiner.answer.evaluation.accuracy == pytest.approx(result.test_accuracy)
    assert examiner.answer.evaluation.loss == pytest.approx(result.test_loss)
    session.pause()
    until(lambda: session.status.phase is Phase.PAUSED)
    until(lambda: answered(examiner, session.shown_step))


def test_now_is_examined_on_demand_while_training(examiner, session, until, monkeypatch):
    monkeypatch.setattr(module, "BETWEEN_MS", 100_000)
    examiner.watch(True)
    until(lambda: examiner.answer is not None)
    session.play()
    until(lambda: session.shown_step > 0 and examiner.is_stale)
    examiner.examine_now()
    until(lambda: examiner.answer.question.step > 0)
    session.pause()


def test_it_learns_of_all_epochs_ends(examiner, session, train, until):
    train(session, 40)
    examiner.watch(True)
    until(lambda: len(examiner.history.epochs) == len(session.timeline.epochs))
    for row, epoch in zip(examiner.history.right, session.timeline.epochs, strict=True):
        assert row.mean() == pytest.approx(epoch.test_accuracy)
    epochs = tuple(session.timeline.epochs)
    until(lambda: examiner.image_past is not None and examiner.image_past.epochs == epochs)
    until(lambda: is_at_rest(examiner))
    past, record = examiner.image_past, examiner.history.image(0)
    np.testing.assert_allclose(
        past.probabilities[:, session.label], record.probabilities, rtol=1e-4
    )


def test_another_image_has_another_past(examiner, session, train, until):
    train(session, 12)
    examiner.watch(True)
    until(lambda: examiner.image_past is not None)
    session.choose_image(7)
    until(lambda: examiner.image_past.image == 7)


def test_going_back_forgets_and_learns_again(examiner, session, train, until):
    train(session, 34)
    examiner.watch(True)
    until(lambda: len(examiner.history.epochs) >= 3)
    session.travel(12)
    until(lambda: len(session.timeline) == 12)
    until(lambda: len(examiner.history.epochs) == 1)
    until(lambda: answered(examiner, 12))
    train(session, 10)
    until(lambda: examiner.history.epochs == session.timeline.epochs)
    assert len(session.timeline.epochs) >= 2


def test_what_became_void_while_nobody_looked_is_forgotten(examiner, session, train, until):
    train(session, 34)
    examiner.watch(True)
    until(lambda: len(examiner.history.epochs) >= 3)
    examiner.watch(False)
    session.travel(12)
    until(lambda: len(session.timeline) == 12)
    assert len(examiner.history.epochs) >= 3
    examiner.watch(True)
    assert examiner.history.epochs == session.timeline.epochs
    until(lambda: answered(examiner, 12))


def test_what_is_under_way_while_training_is_ended_first(examiner, session, until, held):
    session.play()
    until(lambda: len(session.timeline) > 3)
    examiner.watch(True)
    until(lambda: examiner.progress is not None)
    job = examiner._job
    examiner.examine_now()
    session.choose_image(9)
    until(lambda: not examiner._begin_timer.isActive())
    assert examiner._job is job
    held.set()
    until(lambda: examiner.answer is not None)
    session.pause()


def test_edits_are_examined_too(examiner, session, until):
    examiner.watch(True)
    until(lambda: examiner.answer is not None)
    session.edits.toggle_mute("conv1", 1)
    assert examiner.is_stale
    until(lambda: not examiner.is_stale)
    expected = evaluate(session.network, session.dataset.test)
    assert examiner.answer.evaluation.loss == expected.loss
    assert examiner.history.epochs == []


def test_a_plane_is_made_when_somebody_looks_at_it(examiner, session, until):
    examiner.watch(True)
    until(lambda: examiner.answer is not None)
    assert examiner.answer.plane is None
    examiner.watch(True, examiner.usual_layer)
    until(lambda: examiner.answer.plane is not None)
    first = examiner.answer
    examiner.watch(True)
    until(lambda: is_at_rest(examiner))
    assert examiner.answer is first


def test_another_run_forgets_all(examiner, session, until, train):

    train(session, 12)
    examiner.watch(True)
    until(lambda: examiner.image_past is not None)
    before = examiner.answer
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    assert examiner.history.epochs == []
    until(lambda: examiner.answer not in (None, before))
    assert examiner.answer.question.spec.name == "mlp"


@pytest.fixture
def held(monkeypatch):
    """Examinations wait until this is set."""
    go_on = threading.Event()
    monkeypatch.setattr(examination, "let_others_first", lambda niceness: go_on.wait(20))
    yield go_on
    go_on.set()


def test_cancelled_it_waits_until_something_else_is_looked_at(examiner, session, until, held):
    examiner.watch(True)
    until(lambda: examiner.progress is not None)
    assert examiner.progress == ("Testing batch 0 …", 0)
    examiner.cancel()
    assert examiner.progress is None
    assert examiner.is_cancelled
    held.set()
    session.history_changed.emit()
    until(lambda: is_at_rest(examiner))
    assert examiner.answer is None
    session.edits.toggle_mute("conv1", 0)
    until(lambda: examiner.answer is not None)


def test_looking_away_ends_what_runs(examiner, session, until, held):
    examiner.watch(True)
    until(lambda: examiner.progress is not None)
    examiner.watch(False)
    held.set()
    until(lambda: examiner.is_shut_down)
    assert examiner.answer is None


def test_a_failure_is_said_once(examiner, session, until, monkeypatch):
    def fail(*_):
        raise ValueError("broken")

    notices = []
    session.noticed.connect(notices.append)
    monkeypatch.setattr(examination, "evaluate", fail)
    examiner.watch(True)
    until(lambda: bool(examiner.failure))
    assert examiner.failure == "The test stopped. ValueError: broken"
    assert "Traceback" in notices[0].details
    session.history_changed.emit()
    session.status_changed.emit()
    until(lambda: is_at_rest(examiner))
    assert len(notices) == 1


def test_shut_down_it_never_begins_again(examiner, session, until):
    examiner.shut_down()
    examiner.watch(True)
    examiner.examine_now()
    until(lambda: is_at_rest(examiner))
    assert examiner.answer is None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (0, "before the first batch"),
        (1, "after batch 1 (epoch 1)"),
        (11, "after batch 11 (epoch 1)"),
        (12, "after batch 12 (epoch 2)"),
        (1404, "after batch 1\u2009404 (epoch 128)"),
    ],
)
def test_a_moment_in_words(step, words):
    assert in_words(step, 11) == words
