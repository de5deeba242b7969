"""The bar of edits as its user meets it: what it says, its buttons, its test, and how it ends."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from cnnviz.core import edited_accuracy as comparison_module
from cnnviz.core.datasets import LOADERS, Dataset, Split
from cnnviz.core.edits import Weight, edited
from cnnviz.core.evaluation import evaluate
from cnnviz.core.network import Network
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase
from cnnviz.core.trainer import Trainer
from cnnviz.ui.edits_view import EditsView
from cnnviz.ui.messages import RunRequest

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def show(qtbot, until):
    """Shows the bar of a session; it appears with the first edit."""
    made = []

    def show_view(session, width=1000):
        view = EditsView(session)
        qtbot.addWidget(view, before_close_func=EditsView.shut_down)
        view.resize(width, 30)
        made.append(view)
        return view

    yield show_view
    until(lambda: all(view.is_shut_down for view in made))


@pytest.fixture
def view(show, session):
    return show(session)


@pytest.fixture
def many_images(monkeypatch):
    """Data "many": so large a test set that running it takes a while."""
    rng = np.random.default_rng(0)
    train = Split(rng.integers(0, 256, (640, 1, 28, 28), dtype=np.uint8), np.arange(640) % 10)
    pixels = np.broadcast_to(
        rng.integers(0, 256, (1, 1, 28, 28), dtype=np.uint8), (400_000, 1, 28, 28)
    )
    names = tuple("0123456789")
    made = Dataset("many", "Many", train, Split(pixels, np.arange(400_000) % 10), names, "Made.")
    monkeypatch.setitem(LOADERS, "many", lambda: made)
    return "many"


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, LEFT)


def said(view):
    return view.words.text().replace("</span>", "").split(">", 1)[1].replace("\u2009", "")


def comparison_threads():
    return [each for each in threading.enumerate() if each.name == "cnnviz-comparison"]


def test_it_is_there_only_while_there_are_edits(view, session):
    assert not view.isVisible()
    session.edits.toggle_mute("conv1", 1)
    assert view.isVisible()
    assert said(view) == "Edited, not trained: 1 filter muted"
    session.edits.paint([Weight("conv1", 0, 0, 0, x) for x in range(3)], 0.5)
    assert said(view) == "Edited, not trained: 1 filter muted, 3 weights painted"
    session.edits.clear()
    assert not view.isVisible()


def test_its_buttons_go_back_and_forth(view, session, qtbot):
    session.edits.toggle_mute("conv1", 1)
    session.edits.toggle_mute("conv1", 2)
    assert not view.redo_button.isEnabled()
    press(qtbot, view.undo_button)
    assert said(view) == "Edited, not trained: 1 filter muted"
    press(qtbot, view.redo_button)
    assert said(view) == "Edited, not trained: 2 filters muted"
    press(qtbot, view.clear_button)
    assert not session.edits.now
    session.edits.undo()
    assert view.isVisible()


def test_another_network_hides_it(view, session, until):
    session.edits.toggle_mute("conv1", 1)
    session.open_run(RunRequest("digits", "mlp", Settings()))
    until(lambda: session.spec.name == "mlp")
    assert not view.isVisible()


def test_it_tells_both_accuracies_and_of_which_batch(view, session, train, until, qtbot):
    train(session, 30)
    session.edits.toggle_mute("conv1", 1)
    session.edits.toggle_mute("conv1", 2)
    step = session.shown_step
    press(qtbot, view.test_button)
    until(lambda: "test accuracy" in said(view))
    learned = Network(session.spec)
    learned.vector[...] = session.edits.learned
    test = session.dataset.test
    without = 100 * evaluate(learned, test).accuracy
    with_edits = 100 * evaluate(edited(learned, session.edits.now), test).accuracy
    assert said(view).endswith(
        f"2 filters muted · test accuracy {with_edits:.2f}% instead of {without:.2f}%, "
        f"at batch {step}"
    )
    assert comparison_threads() == []
    train(session)
    assert f"at batch {step}" in said(view), "it is still true"
    session.edits.undo()
    assert "accuracy" not in said(view), "other edits were not tested"


def test_in_a_narrow_bar_the_accuracies_come_first(show, session, until, qtbot):
    view = show(session, 720)
    session.edits.toggle_mute("conv1", 1)
    press(qtbot, view.test_button)
    until(lambda: "instead of" in said(view))
    assert view.height() < 32
    assert "at batch 0" in view.words.toolTip() or "batch 0" in said(view)
    assert "1 filter muted" in view.words.toolTip()
    view.resize(1200, view.height())
    assert "1 filter muted · test accuracy" in said(view)


@pytest.mark.parametrize("width", [400, 560, 730, 1200])
def test_nothing_is_cut_off(width, show, session, until, qtbot):
    view = show(session, width)
    session.edits.toggle_mute("conv1", 1)
    view.resize(width, view.sizeHint().height())
    press(qtbot, view.test_button)
    until(lambda: "instead of" in said(view))
    assert view.words.sizeHint().width() <= view.words.width()
    for button in (view.undo_button, view.clear_button, view.test_button, view.apply_button):
        assert button.width() >= button.sizeHint().width()
        assert view.rect().contains(button.geometry())


def test_while_it_tests_it_shows_how_far_and_can_be_cancelled(
    open_session, show, many_images, until, qtbot
):
    session = open_session("tiny", many_images)
    view = show(session)
    session.edits.toggle_mute("conv1", 1)
    view.activateWindow()
    press(qtbot, view.test_button)
    assert view.cancel_button.isVisible()
    assert view.progress.isVisible()
    assert not view.test_button.isVisible()
    until(lambda: 0 < view.progress.value() < 100)
    press(qtbot, view.cancel_button)
    assert view.test_button.isVisible()
    assert not view.progress.isVisible()
    until(lambda: comparison_threads() == [])
    qtbot.wait(100)
    assert said(view) == "Edited, not trained: 1 filter muted"


def test_another_edit_ends_the_test(open_session, show, many_images, until, qtbot):
    session = open_session("tiny", many_images)
    view = show(session)
    session.edits.toggle_mute("conv1", 1)
    press(qtbot, view.test_button)
    session.edits.toggle_mute("conv1", 2)
    assert view.test_button.isVisible()
    until(lambda: view.is_shut_down)


def test_a_test_while_training_is_of_the_weights_that_were_shown(view, session, until, qtbot):
    session.play()
    until(lambda: len(session.timeline) > 5)
    session.edits.toggle_mute("conv1", 1)
    step = session.shown_step
    press(qtbot, view.test_button)
    until(lambda: "instead of" in said(view))
    assert f"at batch {step}" in said(view)
    assert session.is_training or session.status.step > step


def test_a_defect_in_the_test_is_told(view, session, until, qtbot, monkeypatch):
    def broken(*arguments):
        raise ZeroDivisionError("no test")

    monkeypatch.setattr(comparison_module, "evaluate", broken)
    notices = []
    session.noticed.connect(notices.append)
    session.edits.toggle_mute("conv1", 1)
    press(qtbot, view.test_button)
    until(lambda: notices != [])
    assert "ZeroDivisionError: no test" in notices[0].text
    assert "Traceback" in notices[0].details
    assert view.test_button.isVisible()


# Applying


def question():
    found = QApplication.activeModalWidget()
    return found if isinstance(found, QMessageBox) else None


def answer(qtbot, until, text):
    until(lambda: question() is not None)
    box = question()
    (button,) = [each for each in box.buttons() if text in each.text()]
    qtbot.mouseClick(button, LEFT)
    until(lambda: question() is None)


def test_applying_asks_first(view, session, until, qtbot):
    session.edits.toggle_mute("conv1", 1)
    before = session.edits.learned.copy()
    press(qtbot, view.apply_button)
    until(lambda: question() is not None)
    assert "1 filter muted" in question().informativeText()
    answer(qtbot, until, "Only show")
    qtbot.wait(50)
    assert session.edits.now
    np.testing.assert_array_equal(session.edits.learned, before)


def test_applied_training_goes_on_from_it(view, session, train, until, qtbot):
    train(session, 3)
    step = session.status.step
    session.edits.toggle_mute("conv1", 1)
    press(qtbot, view.apply_button)
    answer(qtbot, until, "Apply")
    until(lambda: not session.edits.now)
    assert not view.isVisible()
    weights = Network(session.spec)
    weights.vector[...] = session.edits.learned
    assert not dict(weights.named_parameters())["conv1.weight"][1].any()
    assert session.status.phase is Phase.PAUSED
    assert session.status.step == step


def test_where_training_has_stopped_there_is_nothing_to_apply_to(view, session, until, monkeypatch):
    def broken(*arguments):
        raise ZeroDivisionError("all is lost")

    session.edits.toggle_mute("conv1", 1)
    assert view.apply_button.isEnabled()
    monkeypatch.setattr(Trainer, "train_batch", broken)
    session.step()
    until(lambda: session.status.phase is Phase.STOPPED)
    assert not view.apply_button.isEnabled()
    session.edits.toggle_mute("conv1", 2)
    assert not session.inspection.outputs["conv1"][2].any(), "looking goes on"


# The end


def test_closing_the_window_in_the_midst_of_a_test_ends_its_thread(
    open_session, open_window, many_images, until, qtbot
):
    window = open_window(open_session("tiny", many_images))
    window.session.edits.toggle_mute("conv1", 1)
    press(qtbot, window.edits.test_button)
    until(lambda: window.edits.progress.value() > 0)
    assert len(comparison_threads()) == 1
    window.close()
    until(lambda: not window.isVisible())
    assert comparison_threads() == []


def test_deleting_the_bar_ends_its_test(open_session, many_images, until, qtbot):
    session = open_session("tiny", many_images)
    view = EditsView(session)
    session.edits.toggle_mute("conv1", 1)
    view.test()
    assert len(comparison_threads()) == 1
    view.deleteLater()
    until(lambda: comparison_threads() == [])


def test_after_the_end_nothing_is_tested(view, session):
    session.edits.toggle_mute("conv1", 1)
    view.shut_down()
    view.test()
    assert view.is_shut_down
    assert comparison_threads() == []
