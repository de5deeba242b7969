"""Bars to both sides of zero, as long as the values are large."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from cnnviz.ui import theme
from cnnviz.ui.signed_rows import SignedRows


def painted(values, row=40.0, names=None):
    rows = SignedRows()
    names = names or [str(k) for k in range(len(values))]
    rows.place([QRectF(0, k * row, 200, row) for k in range(len(values))], names)
    rows.values = np.array(values, np.float32)
    rows.tell(0)
    image = QImage(220, int(row * len(values)), QImage.Format.Format_RGB32)
    image.fill(QColor(theme.tokens().background))
    painter = QPainter(image)
    rows.paint(painter)
    painter.end()
    return rows, image


def pixels(image, row, color):
    wanted = QColor(color).rgb()
    lines = range(int(row * 40), int(row * 40 + 40))
    return max(sum(image.pixel(x, y) == wanted for x in range(image.width())) for y in lines)


def test_the_greatest_reaches_the_end_and_half_of_it_half_way(qapp):
    rows, image = painted([1.0, -0.5, 0.0])
    colors = theme.tokens()
    assert rows.level == 1.0
    whole, half = pixels(image, 0, colors.positive), pixels(image, 1, colors.negative)
    assert whole > 60
    assert half == pytest.approx(whole / 2, abs=2)
    assert pixels(image, 0, colors.negative) == 0
    assert pixels(image, 2, colors.positive) == pixels(image, 2, colors.negative) == 0


@pytest.mark.parametrize("values", [[np.nan, np.inf, -np.inf], [0.0, 0.0], []])
@pytest.mark.parametrize("row", [4.0, 40.0])
def test_anything_can_be_painted(qapp, values, row):
    rows, _ = painted(values, row)
    assert rows.level == 0.0


def test_long_names_leave_room_for_bars(qapp):
    _, image = painted([1.0], names=["a very long name of a class indeed"])
    assert pixels(image, 0, theme.tokens().positive) > 30
