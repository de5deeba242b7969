"""The loss view as its user meets it: what is drawn, pointed at, zoomed, dragged and typed."""

import math

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu

from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase, Status
from cnnviz.core.timeline import EpochResult
from cnnviz.core.trainer import BatchResult
from cnnviz.ui import theme
from cnnviz.ui.loss_plot import RIGHT
from cnnviz.ui.loss_view import LossView
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

PER_EPOCH = 100


@pytest.fixture
def session(qtbot, qapp):
    """A session at the beginning of a run of 100 batches an epoch."""
    theme.load_fonts(qapp)
    theme.apply_theme(qapp, "dark")
    made = Session()
    made.status = Status(Phase.PAUSED, batches_per_epoch=PER_EPOCH, planned_steps=1000)
    yield made
    made.shut_down()
    qtbot.waitUntil(lambda: made.is_shut_down, timeout=10_000)


@pytest.fixture
def view(qtbot, session):
    """The view of that session, on screen."""
    made = LossView(session)
    qtbot.addWidget(made)
    made.resize(800, 260)
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def train(session, losses, test_loss=0.2):
    """Records batches as if they had been trained."""
    for loss in losses:
        step = len(session.timeline) + 1
        session.timeline.record(BatchResult(step, float(loss), 0.875, 0.002, 0.01))
        if step % PER_EPOCH == 0:
            epoch = EpochResult(step // PER_EPOCH, step, 0.3, test_loss, 0.9811, 1.0, 1e4)
            session.timeline.epochs.append(epoch)
    session.history_changed.emit()


def falling(count):
    return 2.3 * np.exp(-np.arange(count) / 100) + 0.05


def pixel(view, step, y=100.0):
    """Where a batch is, in the plot's viewport."""
    return QPoint(round(view.plot.across.pixel(float(step))), round(y))


def wheel(view, at, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    port = view.plot.viewport()
    event = QWheelEvent(
        QPointF(at),
        QPointF(port.mapToGlobal(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(port, event)


def words(view):
    """What the plot says of the batch under the pointer."""
    return view.plot.in_words(view.plot.pointed).replace("\u00a0", " ")


def drawn(view, curve):
    """(batches, heights) of the points that a curve is drawn through."""
    x, y = curve.getData()
    assert np.isfinite(x).all()
    assert np.isfinite(y).all()
    return view.plot.across.value(x), view.plot.up.value(y)


# What is shown


def test_before_training_it_says_what_to_do(view):
    assert view.empty.isVisible()
    assert "Press Train" in view.empty.text()
    assert not view.plot.isVisible()
    assert view.accessibleDescription() == view.empty.text()


def test_batches_become_curves(view, session):
    train(session, falling(250))
    assert view.plot.isVisible()
    assert not view.empty.isVisible()
    x, y = drawn(view, view.plot.raw)
    np.testing.assert_allclose(x, np.arange(1, 251))
    np.testing.assert_allclose(y, np.log10(falling(250)))
    x, y = drawn(view, view.plot.test)
    assert x == pytest.approx([100, 200])
    np.testing.assert_allclose(y, np.log10(0.2))


def test_a_single_batch_is_a_dot_in_the_colour_of_the_loss(view, session):
    train(session, [2.3])
    plot = view.plot
    image = plot.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    x, y = plot.across.pixel(1.0), plot.up.pixel(math.log10(2.3))
    assert image.pixelColor(int(x * ratio), int(y * ratio)) == QColor(theme.tokens().positive)


def test_the_curve_is_painted_where_the_scales_say(view, session):
    train(session, np.full(200, 0.25))
    plot, color = view.plot, QColor(theme.tokens().positive)
    image = plot.viewport().grab().toImage()
    ratio = image.devicePixelRatio()
    y = plot.up.pixel(math.log10(0.25))
    assert all(
        image.pixelColor(int(plot.across.pixel(step) * ratio), int(y * ratio)) == color
        for step in (20.0, 60.0, 120.0, 190.0)
    )


def test_a_hundred_thousand_batches_keep_their_spike_in_few_points(view, session):
    losses = np.full(100_000, 0.1)
    losses[54_321] = 30.0
    train(session, losses)
    x, y = drawn(view, view.plot.raw)
    assert len(x) <= 2 * view.plot.width()
    assert y.max() == pytest.approx(math.log10(30))
    assert len(drawn(view, view.plot.smoothed)[0]) <= view.plot.width()


def test_losses_of_zero_and_nan_do_no_harm(view, session):
    train(session, [1.0, 0.0, math.nan, 0.5] * 50, test_loss=math.nan)
    for _ in range(2):
        drawn(view, view.plot.raw)
        drawn(view, view.plot.smoothed)
        assert len(drawn(view, view.plot.test)[0]) == 0
        view.plot.viewport().grab()
        view.log.click()


def test_following_the_plot_stands_still_until_it_needs_room(view, session):
    train(session, falling(100))
    before = view.plot.curves.x_range
    train(session, falling(5))
    assert view.plot.curves.x_range == before
    train(session, falling(100))
    assert view.plot.curves.x_range[1] > before[1]


def test_a_history_that_was_cut_is_drawn_anew(view, session):
    train(session, falling(300))
    session.timeline.cut(120)
    train(session, np.full(60, 0.7))  # cut and grown between two updates
    x, y = drawn(view, view.plot.raw)
    assert x[-1] == pytest.approx(180)
    np.testing.assert_allclose(y[120:], math.log10(0.7))
    assert drawn(view, view.plot.test)[0] == pytest.approx([100])


def test_a_reset_brings_the_sentence_back(view, session):
    train(session, falling(300))
    wheel(view, pixel(view, 100), 3)
    session.timeline.cut(0)
    session.history_changed.emit()
    assert view.empty.isVisible()
    train(session, falling(3))
    assert view.plot.curves.following


def test_hidden_it_rests_and_catches_up_when_shown(view, session):
    train(session, falling(10))
    view.hide()
    train(session, falling(10))
    assert drawn(view, view.plot.raw)[0][-1] == pytest.approx(10)
    view.show()
    assert drawn(view, view.plot.raw)[0][-1] == pytest.approx(20)


def test_resizing_draws_as_many_points_as_there_are_pixels(qtbot, view, session):
    train(session, falling(20_000))
    before = len(drawn(view, view.plot.raw)[0])
    view.resize(1400, 260)
    qtbot.waitUntil(lambda: len(drawn(view, view.plot.raw)[0]) > 1.5 * before)


def test_another_theme_recolours_curves_and_legend(qapp, view, session):
    train(session, falling(10))
    theme.apply_theme(qapp, "light")
    assert view.plot.smoothed.opts["pen"].color() == QColor(theme.LIGHT.positive)
    assert theme.LIGHT.good in view.legend.text()
    image = view.plot.viewport().grab().toImage()
    assert image.pixelColor(2, 2) == QColor(theme.LIGHT.background)


def test_the_newest_batch_is_told_to_those_who_do_not_see(view, session):
    train(session, np.full(100, 0.5))
    told = view.accessibleDescription().replace("\u00a0", " ")
    assert told.startswith("epoch 1, batch 100 · loss 0.5 · smoothed 0.5")
    assert view.accessibleName() == "Loss"


# Linear and logarithmic


def test_the_log_button_and_its_key_change_the_scale(qtbot, view, session):
    train(session, falling(50))
    qtbot.mouseClick(view.log, Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(drawn(view, view.plot.raw)[1], falling(50))
    assert view.plot.curves.y_range[0] == 0
    qtbot.keyClick(view, Qt.Key.Key_L)
    qtbot.waitUntil(view.log.isChecked)
    np.testing.assert_allclose(drawn(view, view.plot.raw)[1], np.log10(falling(50)))


# The value under the pointer


def test_the_pointer_snaps_to_a_batch_and_says_its_values(qtbot, view, session):
    train(session, [0.5] * 150 + [0.0312] + [0.5] * 49)
    qtbot.mouseMove(view.plot.viewport(), pixel(view, 151))
    assert words(view) == (
        "epoch 2, batch 51 · loss 0.0312 · smoothed 0.477 · accuracy 87.5\u2009% · rate 0.002"
    )


def test_near_the_end_of_an_epoch_the_pointer_catches_its_test_result(qtbot, view, session):
    train(session, falling(250))
    qtbot.mouseMove(view.plot.viewport(), pixel(view, 100) + QPoint(4, 0))
    assert view.plot.pointed == 100
    assert words(view).endswith("test loss 0.2, accuracy 98.11\u2009%")


def test_right_of_the_newest_batch_the_pointer_says_the_newest(qtbot, view, session):
    train(session, falling(55))
    qtbot.mouseMove(view.plot.viewport(), QPoint(view.plot.width() - RIGHT - 2, 100))
    assert words(view).startswith("epoch 1, batch 55")


def test_pointing_paints_a_line_and_leaving_takes_it_away(qtbot, view, session):
    train(session, falling(60))
    plain = view.plot.viewport().grab().toImage()
    qtbot.mouseMove(view.plot.viewport(), pixel(view, 30))
    assert view.plot.viewport().grab().toImage() != plain
    QApplication.sendEvent(view.plot, QEvent(QEvent.Type.Leave))
    assert words(view) == ""
    assert view.plot.viewport().grab().toImage() == plain


def test_a_cut_takes_the_pointed_batch_away(qtbot, view, session):
    train(session, falling(60))
    qtbot.mouseMove(view.plot.viewport(), pixel(view, 50))
    session.timeline.cut(10)
    session.history_changed.emit()
    assert words(view) == ""
    view.plot.viewport().grab()


# Zoom and pan


def test_the_wheel_zooms_about_the_pointer_and_fit_comes_up(view, session):
    train(session, falling(400))
    assert not view.fit.isVisible()
    at = pixel(view, 200)
    width = np.ptp(view.plot.curves.x_range)
    wheel(view, at, 3)
    assert np.ptp(view.plot.curves.x_range) == pytest.approx(0.85**3 * width)
    assert view.plot.across.value(at.x()) == pytest.approx(200, abs=1)
    assert view.fit.isVisible()


def test_zoomed_in_new_batches_do_not_move_the_plot(view, session):
    train(session, falling(400))
    wheel(view, pixel(view, 200), 5)
    before = view.plot.curves.x_range
    train(session, falling(400))
    assert view.plot.curves.x_range == before


def test_the_wheel_with_ctrl_zooms_the_loss(view, session):
    train(session, falling(400))
    x, y = view.plot.curves.x_range, view.plot.curves.y_range
    wheel(view, pixel(view, 200), 2, Qt.KeyboardModifier.ControlModifier)
    assert view.plot.curves.x_range == x
    assert np.ptp(view.plot.curves.y_range) == pytest.approx(0.85**2 * np.ptp(y))


def test_dragging_moves_the_batch_with_the_hand(qtbot, view, session):
    train(session, falling(400))
    wheel(view, pixel(view, 200), 6)
    port, start = view.plot.viewport(), pixel(view, 200)
    held = view.plot.across.value(start.x())
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    for x in range(10, 70, 10):
        qtbot.mouseMove(port, start + QPoint(x, 3))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=start + QPoint(60, 3))
    assert view.plot.across.value(start.x() + 60) == pytest.approx(held)
    moved = view.plot.curves.x_range
    qtbot.mouseMove(port, start)
    assert view.plot.curves.x_range == moved


def test_dragging_moves_the_loss_too_once_it_is_zoomed(qtbot, view, session):
    train(session, falling(400))
    wheel(view, pixel(view, 200), 4, Qt.KeyboardModifier.ControlModifier)
    port, start = view.plot.viewport(), pixel(view, 200)
    held = view.plot.up.value(start.y())
    qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(port, start + QPoint(0, 40))
    qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=start + QPoint(0, 40))
    assert view.plot.up.value(start.y() + 40) == pytest.approx(held)


def double_click(qtbot, view):
    qtbot.mouseDClick(view.plot.viewport(), Qt.MouseButton.LeftButton, pos=pixel(view, 200))


def click_fit(qtbot, view):
    qtbot.mouseClick(view.fit, Qt.MouseButton.LeftButton)


def press_f(qtbot, view):
    qtbot.keyClick(view, Qt.Key.Key_F)


def press_home(qtbot, view):
    qtbot.keyClick(view, Qt.Key.Key_Home)


@pytest.mark.parametrize("way", [double_click, click_fit, press_f, press_home])
def test_every_way_back_follows_training_again(qtbot, view, session, way):
    train(session, falling(400))
    wheel(view, pixel(view, 200), 4)
    wheel(view, pixel(view, 200), 4, Qt.KeyboardModifier.ControlModifier)
    way(qtbot, view)
    qtbot.waitUntil(lambda: view.plot.curves.following)
    assert not view.fit.isVisible()
    assert view.plot.curves.x_range[0] == 0


def test_keys_zoom_and_move(qtbot, view, session):
    train(session, falling(400))
    whole = np.ptp(view.plot.curves.x_range)
    qtbot.keyClick(view, Qt.Key.Key_Plus)
    low, high = view.plot.curves.x_range
    assert high - low < whole
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert view.plot.curves.x_range[0] > low
    qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.plot.curves.x_range == pytest.approx((low, high))
    bottom = view.plot.curves.y_range[0]
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.plot.curves.y_range[0] > bottom
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.plot.curves.y_range[0] == pytest.approx(bottom)
    qtbot.keyClick(view, Qt.Key.Key_Minus)
    assert np.ptp(view.plot.curves.x_range) == pytest.approx(whole)


def test_a_click_on_the_plot_gives_it_the_keys(qtbot, view, session):
    train(session, falling(400))
    view.log.setFocus()
    port = view.plot.viewport()
    qtbot.mouseClick(port, Qt.MouseButton.LeftButton, pos=pixel(view, 200))
    assert QApplication.focusWidget() is view


def test_the_right_button_brings_no_menu(qtbot, view, session):
    train(session, falling(40))
    qtbot.mouseClick(view.plot.viewport(), Qt.MouseButton.RightButton, pos=pixel(view, 20))
    assert QApplication.activePopupWidget() is None
    menus = {menu for menu in QApplication.allWidgets() if isinstance(menu, QMenu)}
    assert menus == {view.player.speed.menu()}  # none of pyqtgraph's


# A real run


def test_it_shows_a_real_run(qtbot, view, session):
    session.open_run(RunRequest("digits", "tiny", Settings(), epochs=1), play=True)
    qtbot.waitUntil(lambda: len(session.timeline.epochs) == 1, timeout=60_000)
    qtbot.waitUntil(lambda: len(drawn(view, view.plot.raw)[0]) == len(session.timeline))
    end = session.timeline.epochs[0].step
    assert view.plot.in_words(end).count("accuracy") == 2
