"""Filters muted in the network view: by a click with Alt, by M; crossed out and told."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication

from cnnviz.core.edits import Filter, Weight
from cnnviz.core.receptive_field import Place
from cnnviz.ui import theme

LEFT, ALT = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.AltModifier


@pytest.fixture
def canvas(window):
    """The network of the window."""
    return window.network.canvas


def column_named(canvas, name):
    return next(column for column in canvas.columns if column.name == name)


def middle(canvas, layer, channel):
    return column_named(canvas, layer).tiles[channel].center().toPoint()


def pixels(canvas, rect):
    """What is painted in a rectangle, as numbers 0xrrggbb."""
    image = canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    ratio = round(image.devicePixelRatio())
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), -1)
    left, top, width, height = (round(ratio * edge) for edge in rect.getRect())
    return raw[top : top + height, left : left + width] & 0xFFFFFF


def crossed(canvas, rect):
    """Whether there is nothing in `rect` but zero and a cross in its middle."""
    inside = rect.adjusted(1, 1, -1, -1)
    colors = set(np.unique(pixels(canvas, inside)).tolist())
    ground = int(theme.tokens().surface[1:], 16)
    corner = set(np.unique(pixels(canvas, inside)[:3, :3]).tolist())
    return corner == {ground} and int(theme.tokens().muted[1:], 16) in colors


@pytest.mark.parametrize("layer", ["conv1", "relu1", "pool1"])
def test_a_click_with_alt_mutes_and_unmutes(layer, canvas, session, qtbot):
    before = session.inspection.outputs["conv1"].copy()
    qtbot.mouseClick(canvas, LEFT, ALT, middle(canvas, layer, 2))
    assert session.edits.now.muted == {Filter("conv1", 2)}
    assert session.selection.pinned is None
    after = session.inspection.outputs["conv1"]
    assert not after[2].any()
    np.testing.assert_array_equal(np.delete(after, 2, 0), np.delete(before, 2, 0))
    qtbot.mouseClick(canvas, LEFT, ALT, middle(canvas, layer, 2))
    np.testing.assert_array_equal(session.inspection.outputs["conv1"], before)


def test_where_there_is_no_map_alt_does_nothing(canvas, session, qtbot):
    for point in (
        column_named(canvas, "input").tiles[0].center(),
        canvas.columns[-1].tiles[3].center(),
        QPointF(3, 3),
    ):
        qtbot.mouseClick(canvas, LEFT, ALT, point.toPoint())
    assert not session.edits.now
    assert session.selection.pinned is None


def test_m_mutes_what_is_pinned_before_what_is_pointed_at(window, canvas, session, qtbot):
    session.selection.pin(Place("pool1", (1, 2, 2)))
    session.selection.point(Place("conv1", (3, 2, 2)))
    qtbot.keyClick(canvas, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 1)}
    session.selection.let_go()
    qtbot.keyClick(canvas, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 1), Filter("conv1", 3)}
    session.selection.point(None)
    qtbot.keyClick(canvas, Qt.Key.Key_M)
    assert len(session.edits.now.muted) == 2


def test_m_mutes_where_the_keys_are_unless_a_map_is_pointed_at(window, canvas, session, qtbot):
    window.filters.canvas.grab()
    window.filters.paint_button.click()
    kernels = window.filters.canvas
    for _ in range(5):
        qtbot.keyClick(kernels, Qt.Key.Key_Right)
    qtbot.keyClick(kernels, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 1)}
    qtbot.mouseMove(canvas, middle(canvas, "relu1", 3))
    qtbot.keyClick(kernels, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 1), Filter("conv1", 3)}


def test_the_maps_stay_where_they_are_when_the_bar_comes(window, canvas, session, qtbot):
    where = [tile.toRect() for tile in column_named(canvas, "conv1").tiles]
    height = window.loss.height()
    point = middle(canvas, "conv1", 2)
    qtbot.mouseClick(canvas, LEFT, ALT, point)
    assert window.edits.isVisible()
    qtbot.waitUntil(lambda: window.loss.height() < height)
    assert [tile.toRect() for tile in column_named(canvas, "conv1").tiles] == where
    qtbot.mouseClick(canvas, LEFT, ALT, point)
    assert not session.edits.now


def test_m_mutes_the_kernel_under_the_pointer(window, canvas, session, qtbot):
    kernels = window.filters.canvas
    kernels.grab()
    area = kernels.block_of(Weight("conv1", 2, 0, 1, 1)).kernel_area(2, 0)
    session.selection.pin(Place("pool1", (1, 2, 2)))
    window.pages.setCurrentWidget(window.filters_page)
    qtbot.mouseMove(kernels, area.center().toPoint())
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 2)}
    QApplication.sendEvent(kernels, QEvent(QEvent.Type.Leave))
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert session.edits.now.muted == {Filter("conv1", 1), Filter("conv1", 2)}


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_muted_filter_is_crossed_out_wherever_it_is_seen(name, qapp, canvas, session):
    theme.apply_theme(qapp, name)
    session.edits.toggle_mute("conv1", 2)
    for layer in ("conv1", "relu1", "pool1"):
        tiles = column_named(canvas, layer).tiles
        assert crossed(canvas, tiles[2]), layer
        assert not crossed(canvas, tiles[1]), layer
    kernels = column_named(canvas, "conv1").kernels
    assert crossed(canvas, kernels[2])
    assert not crossed(canvas, kernels[1])
    session.edits.undo()
    assert not crossed(canvas, kernels[2])


def test_the_plate_says_muted(canvas, session):
    place = Place("relu1", (2, 3, 3))
    assert "muted" not in canvas.in_words(place)
    session.edits.toggle_mute("conv1", 2)
    assert canvas.in_words(place).endswith("· 0 · muted")
    assert "muted" not in canvas.in_words(Place("relu1", (1, 3, 3)))
    assert QColor(theme.tokens().muted).isValid()


def test_a_muted_filter_stays_muted_while_it_trains(canvas, session, until, qtbot):
    qtbot.mouseClick(canvas, LEFT, ALT, middle(canvas, "conv1", 2))
    session.play()
    until(lambda: session.shown_step > 10)
    assert not session.inspection.outputs["conv1"][2].any()
    assert crossed(canvas, column_named(canvas, "conv1").tiles[2])


def test_ctrl_z_takes_it_back_wherever_the_keyboard_is(window, canvas, session, qtbot):
    qtbot.mouseClick(canvas, LEFT, ALT, middle(canvas, "conv1", 2))
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Z, control)
    assert not session.edits.now
    qtbot.keyClick(window, Qt.Key.Key_Z, control | shift)
    assert session.edits.now.muted == {Filter("conv1", 2)}
