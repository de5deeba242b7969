"""The fork dialog: what differs, what that means in words, and what cannot be."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from cnnviz.core.fork import Differences
from cnnviz.core.settings import Settings
from cnnviz.ui.fork_dialog import ForkDialog, in_words
from cnnviz.ui.messages import RunRequest

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot):
    made = QWidget()
    made.resize(600, 400)
    qtbot.addWidget(made)
    with qtbot.waitExposed(made):
        made.show()
    return made


@pytest.fixture
def ask(session, window, qtbot, until):
    """Opens the dialog for a run, by default the open one."""

    def open_dialog(run=None):
        dialog = ForkDialog(session, run or session.runs.open, window)
        dialog.open()
        until(lambda: QApplication.activeModalWidget() is dialog)
        return dialog

    return open_dialog


@pytest.fixture
def press_fork(session, qtbot, until):
    def press(dialog):
        parent = session.runs.open
        qtbot.mouseClick(dialog.fork_button, LEFT)
        until(lambda: session.runs.open is not parent and session.loading is None)
        return session.runs.open

    return press


def typed(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)


def test_from_the_moment_that_is_looked_at(session, train, ask, press_fork, qtbot):
    train(session, 60)
    session.past.look_at(50)
    dialog = ask()
    assert dialog.looked_at.text() == "From batch 50, the moment looked at"
    assert dialog.looked_at.isChecked()
    typed(qtbot, dialog.rate, "0.0005")
    assert dialog.words.text().splitlines() == [
        "Rate 0.002 → 0.0005.",
        "It sees the very images that Run 1 saw next.",
    ]
    fork = press_fork(dialog)
    assert (fork.origin.step, fork.differences) == (50, "rate 0.002 → 0.0005")
    assert not session.is_training


def test_from_the_newest_though_another_is_looked_at(session, train, ask, press_fork, qtbot):
    train(session, 60)
    session.past.look_at(50)
    dialog, step = ask(), len(session.timeline)
    qtbot.mouseClick(dialog.newest, LEFT)
    assert press_fork(dialog).origin.step == step


def test_live_there_is_only_the_newest(session, train, ask):
    train(session, 3)
    dialog = ask()
    assert not dialog.looked_at.isVisible()
    assert dialog.newest.text() == f"From batch {len(session.timeline)}, the newest"
    dialog.reject()
    assert len(session.runs.all) == 1


def test_it_begins_with_the_rate_in_force_then(session, train, ask, press_fork, qtbot):
    train(session, 60)
    session.set_learning_rate(0.01)
    train(session, 60)
    session.past.look_at(50)
    dialog = ask()
    assert dialog.rate.value() == 0.002
    assert dialog.differences == Differences()
    qtbot.mouseClick(dialog.newest, LEFT)
    assert dialog.rate.value() == 0.01
    qtbot.mouseClick(dialog.looked_at, LEFT)
    fork = press_fork(dialog)
    assert fork.differences == ""
    assert session.settings.learning_rate == 0.002


def test_it_plays_on_if_training_was_on(session, until, ask, press_fork):
    session.play()
    until(lambda: len(session.timeline) > 20)
    dialog = ask()
    assert "newest batch" in dialog.newest.text()
    fork = press_fork(dialog)
    until(lambda: len(session.timeline) > fork.origin.step + 5)
    session.pause()
    until(lambda: not session.is_training)


def test_every_other_choice(session, train, ask, press_fork, qtbot):
    train(session, 12)
    dialog = ask()
    dialog.optimizer.chosen.emit("momentum")
    assert dialog.rate.value() == 0.02
    dialog.way.chosen.emit("correlate")
    typed(qtbot, dialog.batch, "64")
    typed(qtbot, dialog.seed, "7")
    assert dialog.differences == Differences(0.02, "momentum", 64, "correlate", 7)
    fork = press_fork(dialog)
    assert session.settings.optimizer == "momentum"
    assert (session.settings.batch_size, session.settings.seed) == (64, 7)
    assert session.settings.convolution == "correlate"
    assert not fork.origin.counted


def test_back_to_the_same_optimiser_is_no_difference(session, train, ask):
    train(session)
    dialog = ask()
    dialog.optimizer.chosen.emit("momentum")
    dialog.optimizer.chosen.emit("adam")
    assert dialog.differences == Differences()
    dialog.reject()


@pytest.mark.parametrize("text", ["abc", "0", "-1", "nan", "1e9", ""])
def test_a_bad_rate_is_refused_in_place(text, session, train, ask, qtbot):
    train(session)
    dialog = ask()
    typed(qtbot, dialog.rate, text or "\b")
    assert not dialog.fork_button.isEnabled()
    assert dialog.error.text().startswith("The learning rate must be a number from 0.000001 to 10")
    qtbot.keyClick(dialog.rate, Qt.Key.Key_Return)
    assert len(session.runs.all) == 1
    typed(qtbot, dialog.rate, "0.01")
    assert dialog.fork_button.isEnabled()
    assert dialog.error.text() == ""
    dialog.reject()


def test_an_empty_batch_size_is_refused_and_a_large_one_cannot_be_typed(session, train, ask, qtbot):
    train(session)
    dialog = ask()
    typed(qtbot, dialog.batch, "99999")
    assert dialog.batch.value() <= len(session.dataset.train)
    dialog.batch.lineEdit().setText("Batch  ")
    assert dialog.error.text().startswith("The batch size must be a whole number from 1 to 1437")
    assert not dialog.fork_button.isEnabled()
    dialog.reject()


def test_enter_in_a_field_forks(session, train, ask, qtbot, until):
    train(session, 3)
    parent, dialog = session.runs.open, ask()
    typed(qtbot, dialog.rate, "0.01")
    qtbot.keyClick(dialog.rate, Qt.Key.Key_Return)
    until(lambda: session.runs.open is not parent)
    assert session.settings.learning_rate == 0.01


def test_a_run_that_was_left_forks_from_its_newest(session, train, ask, press_fork, until, qtbot):
    train(session, 8)
    first, step = session.runs.open, len(session.timeline)
    session.open_run(RunRequest("digits", "tiny", Settings(seed=1), 100))
    until(lambda: session.runs.open is not first and first.saved is not None)
    train(session, 3)
    session.past.look_at(0)
    session.runs.rename(first, "good one")
    dialog = ask(first)
    assert not dialog.looked_at.isVisible()
    typed(qtbot, dialog.rate, "0.004")
    fork = press_fork(dialog)
    assert (fork.parent, fork.origin.step, fork.origin.run) == (first, step, "good one")
    assert session.settings.seed == 0
    assert len(session.timeline) == step


def test_what_each_difference_means():
    before = Settings()
    told = {
        "nothing": in_words("Run 1", before, Differences()),
        "batch": in_words("Run 1", before, Differences(batch_size=64)),
        "optimiser": in_words("Run 1", before, Differences(optimizer="momentum")),
        "seed": in_words("Run 1", before, Differences(seed=4)),
        "way": in_words("Run 1", before, Differences(convolution="loop")),
    }
    assert told["nothing"][0].startswith("Nothing differs")
    assert "from 0" in told["batch"][0]
    assert not any("very images" in line for line in told["batch"] + told["seed"])
    assert "without memory" in told["optimiser"][0]
    assert "another order" in told["seed"][0]
    assert "but for rounding" in told["way"][0]
    for name in ("nothing", "optimiser", "way"):
        assert told[name][-1] == "It sees the very images that Run 1 saw next."
