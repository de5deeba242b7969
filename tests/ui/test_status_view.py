"""The line at the bottom."""

from time import perf_counter

import pytest
from PySide6.QtWidgets import QLabel, QPushButton

from cnnviz.core.settings import Settings
from cnnviz.core.timeline import EpochResult
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session
from cnnviz.ui.status_view import StatusView


@pytest.fixture
def view(qtbot, session):
    """The status view of that session, shown."""
    made = StatusView(session)
    qtbot.addWidget(made)
    made.show()
    return made


def words(view):
    """(left, right)."""
    left, _, right = sorted(view.findChildren(QLabel), key=QLabel.x)
    return left.text().replace("\u2009", " "), right.text()


def test_before_there_is_a_run_it_says_nothing(qtbot):
    view = StatusView(Session())
    qtbot.addWidget(view)
    assert [label.text() for label in view.findChildren(QLabel)] == ["", "", ""]


def test_it_says_what_the_run_is_made_of(view, session):
    left, right = words(view)
    parts = left.split("     ")
    assert parts[:2] == ["Seed 0", "1 554 parameters"]
    assert f"{len(session.dataset.train)}".replace("1", "1 ", 1) in parts[2]
    assert "core" in parts[3]
    assert right == ""


@pytest.mark.parametrize(
    ("threads", "there", "words_of_it"),
    [(1, 1, "1 core"), (2, 2, "2 cores"), (1, 2, "1 of 2 cores"), (4, 2, "4 cores")],
)
def test_it_says_how_many_of_the_cores_train(
    threads, there, words_of_it, view, session, until, monkeypatch
):
    monkeypatch.setattr("cnnviz.ui.status_view.usable_cores", lambda: there)
    session.open_run(RunRequest("digits", "tiny", Settings(threads=threads)))
    until(lambda: session.loading is None)
    assert words(view)[0].endswith(f", {words_of_it}")


def test_another_run_is_told(view, session, until):
    session.open_run(RunRequest("digits", "numpy-cnn", Settings(seed=7, threads=1)))
    until(lambda: session.loading is None)
    left, _ = words(view)
    assert left.startswith("Seed 7     105 634 parameters")
    assert " core" in left


def test_it_says_while_smooth_pictures_slow_training_down(view, session):
    before = words(view)[0]
    session.choose_smooth_or_fast()
    assert words(view)[0] == f"{before}     Smooth pictures slow training down (Ctrl+M)"
    session.choose_smooth_or_fast()
    assert words(view)[0] == before


def test_results_come_and_go_with_the_history(view, session, train, until):
    train(session, 12)
    until(lambda: session.timeline.epochs != [])
    until(lambda: "Test accuracy" in words(view)[1])
    assert words(view)[1].startswith(f"Loss {session.timeline.losses[-1]:.3g}")
    session.reset()
    until(lambda: words(view)[1] == "")


def test_what_is_kept_of_the_past_is_counted(view, session, train):
    train(session, 60)
    kept = len(session.timeline.snapshots)
    assert kept > 3
    text = sorted(view.findChildren(QLabel), key=QLabel.x)[1].text().replace("\u2009", " ")
    megabytes = session.timeline.snapshot_bytes / 1e3
    assert text == f"Snapshot every 25 batches · {kept} kept · {megabytes:.3g} kB"


def test_while_it_trains_numbers_change_at_the_pace_of_reading(view, session, until, qtbot):
    session.play()
    until(lambda: "Loss" in words(view)[1])
    seen = set()
    session.status_changed.connect(lambda: seen.add(words(view)[1]))
    begin = perf_counter()
    qtbot.wait(600)
    until(lambda: len(seen) > 0)
    session.pause()
    assert len(seen) <= 4 * (perf_counter() - begin) + 2


def test_the_epoch_of_an_accuracy_is_named(view, session):
    session.timeline.epochs.append(EpochResult(3, 33, 0.3, 0.2, 0.98114, 1.0, 1e4))
    session.status_changed.emit()
    assert words(view)[1] == "Test accuracy 98.11\u2009% (epoch 3)"


def test_buttons_go_to_its_end(view, until):
    button = QPushButton("?")
    view.add(button)
    until(lambda: button.x() > max(label.x() for label in view.findChildren(QLabel)))
