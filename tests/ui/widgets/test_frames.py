"""Frames of a film: the widget's pixels, the line below, and one size whatever the widget does."""

import numpy as np
import pytest
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from cnnviz.ui import theme
from cnnviz.ui.widgets.frames import CAPTION, LARGEST, frame_size, take_frame
from cnnviz.ui.widgets.posing import posed_area


class Flag(QWidget):
    """Orange on the left, blue on the right."""

    def __init__(self, width, height):
        super().__init__()
        self.posed = None
        self.resize(width, height)

    def paintEvent(self, event):
        self.posed = posed_area(self)
        painter, half = QPainter(self), self.width() // 2
        painter.fillRect(0, 0, half, self.height(), QColor(theme.tokens().positive))
        painter.fillRect(half, 0, self.width(), self.height(), QColor(theme.tokens().negative))
        painter.end()


@pytest.fixture(params=sorted(theme.THEMES))
def flag(request, qapp, qtbot):
    """Makes them, in either theme."""
    theme.apply_theme(qapp, request.param)

    def make(width, height):
        widget = Flag(width, height)
        qtbot.addWidget(widget)
        return widget

    return make


def rgb(value):
    color = QColor(value)
    return [color.red(), color.green(), color.blue()]


def test_a_frame_is_the_widget_twice_as_large_with_a_line_below(flag):
    widget, colors = flag(101, 60), theme.tokens()  # lines of 303 bytes are filled up by Qt
    size = frame_size(widget)
    frame = take_frame(widget, size, "batch 1 234")
    assert size.pixels == (202, 2 * (60 + CAPTION))
    assert frame.shape == (164, 202, 3)
    assert frame.dtype == np.uint8
    assert frame[60, 20].tolist() == rgb(colors.positive)
    assert frame[60, 180].tolist() == rgb(colors.negative)
    assert frame[118, 20].tolist() == rgb(colors.positive)
    below = frame[122:].astype(int)
    assert below[-1, -1].tolist() == rgb(colors.background)
    assert np.abs(below - rgb(colors.background)).max() > 60  # something is written there
    assert widget.posed == QRect(0, 0, 101, 60)
    assert posed_area(widget) is None


def test_captions_tell_frames_apart(flag):
    widget = flag(100, 60)
    one, other = (take_frame(widget, frame_size(widget), text) for text in ("batch 1", "batch 2"))
    assert (one[:120] == other[:120]).all()
    assert (one[120:] != other[120:]).any()


def test_frames_keep_their_size_when_the_widget_does_not(flag):
    widget, colors = flag(100, 60), theme.tokens()
    size = frame_size(widget)
    widget.resize(200, 60)
    frame = take_frame(widget, size, "")
    assert frame.shape == (164, 200, 3)
    middle = 60
    assert frame[middle, 20].tolist() == rgb(colors.positive)
    assert frame[middle, 180].tolist() == rgb(colors.negative)
    assert frame[10, 20].tolist() == rgb(colors.background)  # as wide as before, so half as high
    assert frame[110, 20].tolist() == rgb(colors.background)


@pytest.mark.parametrize("size", [(1600, 1000), (3840, 2160), (5000, 300)])
def test_films_of_large_widgets_are_not_larger_than_a_screen(size, flag):
    found = frame_size(flag(*size))
    assert found.sharpness <= 1
    assert found.shown == QSize(*size)
    width, height = found.pixels
    assert width <= LARGEST.width()
    assert height <= LARGEST.height() + CAPTION
    assert take_frame(flag(*size), found, "").shape == (height, width, 3)
