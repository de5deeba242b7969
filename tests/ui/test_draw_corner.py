"""The paper in the corner of the main window: the same drawing as in the draw window."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from cnnviz.core.centring import centre
from cnnviz.ui import theme
from cnnviz.ui.draw_window import DrawWindow
from tests.ui.pen import SEVEN, draw, spot

RIGHT = Qt.MouseButton.RightButton


@pytest.fixture
def corner(window, until):
    """The corner of a window that has the keyboard."""
    until(window.isActiveWindow)
    return window.paper


def ink(canvas, x, y):
    """The colour at a share of the paper."""
    return canvas.grab().toImage().pixelColor(spot(canvas, x, y)).name()


def pressed(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_the_network_follows_the_pen(window, corner):
    draw(corner.canvas)
    image = window.session.image
    assert image.words == "a drawn digit"
    drawn = centre(window.windows.drawn.drawing.ink, 28, 28).values
    np.testing.assert_array_equal(image.values[0], drawn)
    np.testing.assert_array_equal(window.session.inspection.image, image.values)
    draw(corner.canvas, ((0.25, 0.25), (0.75, 0.25)), RIGHT)
    assert window.windows.drawn.drawing.strokes[-1].erases


def test_strokes_and_sheets_are_taken_back(window, corner, qtbot):
    drawing = window.windows.drawn.drawing
    assert not corner.undo_button.isEnabled()
    assert not corner.clear_button.isEnabled()
    draw(corner.canvas)
    pressed(corner.clear_button, qtbot)
    assert drawing.is_blank
    assert not window.session.image.values.any()
    pressed(corner.undo_button, qtbot)
    assert len(drawing.strokes) == 1
    assert ink(corner.canvas, 0.5, 0.25) == theme.tokens().ink.lower()
    pressed(corner.undo_button, qtbot)
    assert drawing.is_blank
    assert not corner.undo_button.isEnabled()


def test_keys_draw_while_the_paper_has_them(window, corner, press_key, until):
    corner.canvas.setFocus()
    until(corner.canvas.hasFocus)
    press_key("Space", window)
    for _ in range(5):
        press_key("Right", window)
    press_key("Space", window)
    (stroke,) = window.windows.drawn.drawing.strokes
    assert len(stroke.points) == 6
    assert not window.session.is_training
    press_key("Ctrl+Z", window)
    assert window.windows.drawn.drawing.is_blank
    press_key("Ctrl+Shift+Z", window)
    assert len(window.windows.drawn.drawing.strokes) == 1
    press_key("Delete", window)
    assert window.windows.drawn.drawing.is_blank
    assert not window.session.edits.now


def test_two_papers_show_one_drawing(window, corner, qtbot, until):
    draw(corner.canvas)
    pressed(corner.more_button, qtbot)
    large = window.windows.made(DrawWindow)
    until(large.canvas.isVisible)
    colour = theme.tokens().ink.lower()
    assert ink(large.canvas, 0.5, 0.25) == colour
    assert ink(large.canvas, 0.2, 0.5) != colour
    draw(large.canvas, ((0.2, 0.3), (0.2, 0.5), (0.2, 0.7)))
    assert ink(corner.canvas, 0.2, 0.5) == colour
    draw(corner.canvas, ((0.9, 0.3), (0.9, 0.7)))
    assert ink(large.canvas, 0.9, 0.5) == colour
    assert large.buttons["Undo"].isEnabled()
    qtbot.mouseClick(large.buttons["Clear"], Qt.MouseButton.LeftButton)
    assert ink(corner.canvas, 0.9, 0.5) != colour
    assert not corner.clear_button.isEnabled()


def test_what_is_painted_piece_by_piece_is_what_is_painted_at_once(window, corner):
    for end in (0.3, 0.6):
        draw(corner.canvas, (*SEVEN, (end, end)))
    before = corner.canvas.grab().toImage()
    theme_before = corner.canvas.size()
    corner.canvas.resize(theme_before.width() + 1, theme_before.height())
    corner.canvas.resize(theme_before)
    assert corner.canvas.grab().toImage() == before


def test_a_digit_of_the_test_set_takes_the_place_of_the_drawing_and_back(window, corner):
    draw(corner.canvas)
    window.session.choose_image(3)
    assert window.session.test_image == 3
    assert len(window.windows.drawn.drawing.strokes) == 1
    draw(corner.canvas, ((0.5, 0.5), (0.6, 0.6)))
    assert window.session.test_image is None
    assert window.session.image.words == "a drawn digit"


def test_the_keys_of_the_window_work_while_the_paper_has_the_focus(
    window, corner, press_key, until
):
    corner.canvas.setFocus()
    until(corner.canvas.hasFocus)
    press_key("I", window)
    assert window.pages.currentWidget() is window.inspector
    QTest.keyClick(corner.canvas, Qt.Key.Key_Escape)
