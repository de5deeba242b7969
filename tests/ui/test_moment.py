"""Looking back: the line on the loss curve, the keys, what all views show then, and going on."""

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox

from cnnviz.core.events import Kind
from cnnviz.core.moment import Moment
from cnnviz.core.status import Phase
from cnnviz.ui import theme

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def trained(open_window, open_session, until):
    """The window of a network that has learned for 100 batches, paused."""
    window = open_window(open_session(batch_size=32, epochs=3))
    session = window.session
    session.train_to(100)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == 100)
    session.drain()
    window.loss.plot.show_history(session.timeline, session.status.batches_per_epoch)
    return window


def at(window, step):
    """Where a batch is in the plot."""
    plot = window.loss.plot
    return QPoint(round(plot.across.pixel(step)), plot.height() // 2)


def drag(qtbot, window, start, end):
    port = window.loss.plot.viewport()
    qtbot.mousePress(port, LEFT, pos=start)
    for share in (0.3, 0.7, 1.0):
        way = QPointF(end - start) * share
        qtbot.mouseMove(port, start + way.toPoint())
    qtbot.mouseRelease(port, LEFT, pos=end)


def weights(session, step):
    return session.timeline.snapshots[step].vector


def test_snapshots_are_there_to_look_at(trained):
    assert {0, 25, 50, 75, 100} <= set(trained.session.timeline.snapshots)


def test_dragging_the_line_takes_every_view_back(trained, qtbot):
    session = trained.session
    seen = []
    session.network_changed.connect(lambda: seen.append(session.shown_step))
    drag(qtbot, trained, at(trained, 100), at(trained, 30))
    assert session.past.moment == session.shown_step == 25
    assert len(set(seen)) > 1
    np.testing.assert_array_equal(session.network.vector, weights(session, 25))
    expected = session.network.forward(session.dataset.test.images[:1])
    np.testing.assert_allclose(session.inspection.outputs["dense1"], expected[0], rtol=1e-5)
    assert session.status.step == 100
    drag(qtbot, trained, at(trained, 25), at(trained, 100) + QPoint(20, 0))
    assert session.past.moment is None
    assert session.shown_step == 100


def test_a_click_goes_there_and_a_drag_beside_the_line_moves_the_plot(trained, qtbot):
    port, session = trained.loss.plot.viewport(), trained.session
    qtbot.mouseClick(port, LEFT, pos=at(trained, 60))
    assert session.past.moment == 50
    before = trained.loss.plot.curves.x_range
    trained.loss.plot.curves.zoom_x(0.5, 60)
    trained.loss.plot.draw()
    before = trained.loss.plot.curves.x_range
    drag(qtbot, trained, at(trained, 70), at(trained, 60))
    assert trained.loss.plot.curves.x_range != before
    assert session.past.moment == 50


def test_the_line_says_what_is_looked_at(trained):
    trained.session.past.look_at(30)
    image = trained.loss.plot.grab().toImage()
    x = round(trained.loss.plot.across.pixel(25))
    ratio = image.devicePixelRatio()
    row = [image.pixelColor(int((x + k) * ratio), int(30 * ratio)) for k in (-1, 0)]
    assert all(color.red() > 180 and color.blue() < 90 for color in row)  # yellow on any ground
    plate = image.pixelColor(int((x + 30) * ratio), image.height() - int(38 * ratio))
    assert plate.name() == theme.tokens().selected
    assert trained.loss.plot.name_of(25) == "epoch 1, batch 25"
    assert trained.loss.plot.name_of(0) == "the beginning"
    assert trained.loss.live.isVisible()
    assert trained.loss.go_on.isVisible()
    trained.session.past.look_at(None)
    assert not trained.loss.live.isVisible()


def test_keys_walk_through_the_past(trained, press_key):
    session = trained.session
    epoch = session.status.batches_per_epoch
    steps = sorted(session.timeline.snapshots)
    for key, moment in (
        (",", steps[-2]),
        (",", steps[-3]),
        (".", steps[-2]),
        ("Ctrl+,", epoch),
        ("Ctrl+,", 0),
        (",", 0),
        ("Ctrl+.", epoch),
        ("Backspace", None),
        (".", None),
    ):
        press_key(key, trained)
        nearest = None if moment is None else max(k for k in steps if k <= moment)
        assert session.past.moment == nearest, key


def test_training_goes_on_underneath(trained, until):
    session = trained.session
    session.past.look_at(50)
    session.train_to(140)
    until(lambda: len(session.timeline) == 140)
    until(lambda: session.status.phase is Phase.PAUSED)
    assert session.shown_step == 50
    np.testing.assert_array_equal(session.network.vector, weights(session, 50))
    session.past.look_at(None)
    assert session.shown_step == 140


def test_another_digit_is_shown_as_it_was_then(trained):
    session = trained.session
    session.past.look_at(50)
    session.choose_image(7)
    assert session.shown_step == 50
    logits = session.network.forward(session.dataset.test.images[7:8])[0]
    np.testing.assert_allclose(session.inspection.outputs["dense1"], logits, rtol=1e-5)


def test_going_on_from_here_asks_and_gives_the_same_bits_again(trained, until, qtbot):
    session = trained.session
    end = weights(session, 100).copy()
    session.past.look_at(50)
    trained.loss.go_on.click()
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    assert "50 batches" in box.informativeText()
    next(each for each in box.buttons() if each.text() == "Go back").click()
    until(lambda: session.status.step == 50 and session.status.phase is Phase.PAUSED)
    assert session.past.moment is None
    assert len(session.timeline) == 50
    session.train_to(100)
    until(lambda: len(session.timeline) == 100 and session.status.phase is Phase.PAUSED)
    session.drain()
    np.testing.assert_array_equal(weights(session, 100), end)


def test_staying_loses_nothing(trained, until):
    session = trained.session
    session.past.look_at(50)
    trained.loss.go_on.click()
    until(lambda: isinstance(QApplication.activeModalWidget(), QMessageBox))
    box = QApplication.activeModalWidget()
    next(each for each in box.buttons() if each.text() == "Stay").click()
    assert len(session.timeline) == 100
    assert session.past.moment == 50


def test_what_is_void_is_not_looked_at(trained, until):
    session = trained.session
    session.past.look_at(75)
    session.travel(25)
    until(lambda: session.status.step == 25)
    assert session.past.moment is None
    assert session.shown_step == 25


def test_another_run_begins_now(trained, until):
    session = trained.session
    session.past.look_at(50)
    before = session.network
    session.open_run(session.request)
    until(lambda: session.network is not before)
    assert session.past.moment is None
    assert not trained.loss.live.isVisible()
    session.past.look_at(10)
    assert session.past.moment is None


# The very batch, between two snapshots.


def test_the_line_between_snapshots_offers_the_very_batch(trained, qtbot, until):
    session, loss = trained.session, trained.loss
    session.travel(30)
    until(lambda: session.status.phase is Phase.PAUSED and session.shown_step == 30)
    there = session.network.vector.copy()
    session.train_to(100)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == 100)
    assert not loss.exact_button.isVisible()
    drag(qtbot, trained, at(trained, 100), at(trained, 30))
    assert session.past.moment == 25
    wished = loss._wished
    assert loss.exact_button.text() == f"Exactly {loss.plot.name_of(wished)}"
    loss._wished = 30  # the pixel may have been beside it
    loss._show_exact()
    qtbot.mouseClick(loss.exact_button, LEFT)
    until(lambda: session.past.moment == 30)
    assert session.shown_step == 30
    np.testing.assert_array_equal(session.network.vector, there)
    assert not loss.exact_button.isVisible()
    until(lambda: loss.exact.is_shut_down)


def test_keys_walk_batch_by_batch(trained, press_key, until):
    session = trained.session
    for key, step in (("<", 99), ("<", 98), (">", 99), (">", None)):
        press_key(key, trained)
        until(lambda step=step: session.past.moment == step)
    session.past.look_at(25)
    press_key(">", trained)
    until(lambda: session.past.moment == 26)
    press_key("<", trained)
    until(lambda: session.past.moment == 25)
    assert session.past.snapshot is session.timeline.snapshots[25]


def test_presses_in_a_row_add_up(trained, press_key, until):
    for _ in range(4):
        press_key("<", trained)
    until(lambda: trained.session.past.moment == 96)


def test_looking_elsewhere_gives_the_search_up(trained, until):
    session, exact = trained.session, trained.loss.exact
    exact.look_at(99)
    assert exact.progress is not None
    session.past.look_at(50)
    assert exact.progress is None
    until(lambda: exact.is_shut_down)
    assert session.past.moment == 50


def test_a_batch_that_training_took_back_is_not_shown(trained, until, monkeypatch):
    session, exact = trained.session, trained.loss.exact
    may_begin, work = threading.Event(), Moment._work

    def begin_late(task):
        assert may_begin.wait(20)
        return work(task)

    monkeypatch.setattr(Moment, "_work", begin_late)
    exact.look_at(99)
    assert session.past.moment == 88
    session.travel(90)
    until(lambda: session.status.phase is Phase.PAUSED and len(session.timeline) == 90)
    may_begin.set()
    until(lambda: exact.progress is None)
    assert session.past.moment == 88


def test_the_first_and_the_best(trained, press_key):
    session = trained.session
    press_key("Ctrl+B", trained)
    assert session.past.moment == session.timeline.best.step
    press_key("Ctrl+Home", trained)
    assert session.past.moment == 0


def test_closing_amid_the_search(trained, until):
    trained.loss.exact.look_at(99)
    trained.close()
    until(lambda: not trained.isVisible())
    assert trained.loss.exact.is_shut_down


# What happened, on the curve.


def point_at(window, qtbot, step):
    plot = window.loss.plot
    plot._point_at(QPointF(plot.across.pixel(step), plot.height() / 2))
    return plot.in_words(plot.pointed).replace("\u00a0", " ")


def test_events_are_marked_and_told(trained, qtbot, until):
    session, plot = trained.session, trained.loss.plot
    session.set_learning_rate(0.01)
    session.set_convolution("correlate")
    session.train_to(140)
    until(lambda: session.status.phase is Phase.PAUSED and session.status.step == 140)
    session.drain()
    trained.loss._refresh()
    [mark] = plot.marks
    assert [event.text for event in mark.events] == [
        "rate 0.002 → 0.01",
        "convolution im2col → correlate",
    ]
    words = point_at(trained, qtbot, 101)
    assert "after batch 100: rate 0.002 → 0.01" in words
    assert "after batch" not in point_at(trained, qtbot, 20)
    picture = plot.grab().toImage()
    ratio = picture.devicePixelRatio()
    y = plot._area().bottom() - 9.5
    inside = picture.pixelColor(round((mark.x + 5.5) * ratio), round(y * ratio)).name()
    assert inside == theme.tokens().raised


def test_a_note_at_a_moment(trained, press_key, until, qtbot):
    session = trained.session
    session.past.look_at(50)
    press_key("A", trained)
    until(lambda: isinstance(QApplication.activeModalWidget(), QInputDialog))
    dialog = QApplication.activeModalWidget()
    assert "epoch 2, batch 6" in dialog.labelText()
    dialog.setTextValue("Look: edges!")
    dialog.accept()
    assert session.timeline.marks == {50: "Look: edges!"}
    assert session.runs.open.is_unsaved
    assert "after batch 50: Look: edges!" in point_at(trained, qtbot, 50)
    press_key("A", trained)
    until(lambda: isinstance(QApplication.activeModalWidget(), QInputDialog))
    dialog = QApplication.activeModalWidget()
    assert dialog.textValue() == "Look: edges!"
    dialog.setTextValue("")
    dialog.accept()
    assert session.timeline.marks == {}


def test_a_loss_that_is_no_number_is_marked(trained, until):
    session = trained.session
    session.set_learning_rate(1e30)
    session.play()
    until(lambda: session.status.phase is Phase.PAUSED and session.timeline.diverged != {})
    trained.loss._refresh()
    kinds = [event.kind for mark in trained.loss.plot.marks for event in mark.events]
    assert kinds == [Kind.RATE, Kind.DIVERGED]
