"""Rows of classes by themselves: what is written below a bar does not run into its neighbour."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QRegion

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.network_classes import LEAST_BAR_WITH_MARK, NAME_GAP, ClassRows, names_width


def reach_of_the_mark(share, bar_width):
    """The leftmost pixel of the green mark, from the bar's left end."""
    names = ("0", "1")
    left = names_width(names) + NAME_GAP
    rows = ClassRows()
    rows.place([QRectF(0, 40 * k, left + bar_width, 40) for k in range(2)], names)
    probabilities = np.array([share, 1 - share], np.float32)
    rows.show(probabilities)
    rows.tell(probabilities, 0)
    picture = QImage(round(left + bar_width) + 2, 80, QImage.Format.Format_RGB32)
    picture.fill(theme.color(theme.tokens().background))
    painter = QPainter(picture)
    rows.paint(painter, QRegion(picture.rect()))
    painter.end()
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(80, -1, 4)[:40].astype(int)
    green = pixels[..., 1] - np.maximum(pixels[..., 0], pixels[..., 2]) > 30
    return int(np.flatnonzero(green.any(axis=0)).min()) - left


@pytest.mark.parametrize("share", [0.6, 0.99999])
@pytest.mark.parametrize("bar_width", [LEAST_BAR_WITH_MARK, 140])
def test_the_mark_of_the_label_keeps_clear_of_the_number(qapp, share, bar_width):
    number = QFontMetricsF(theme.font(theme.SMALL)).horizontalAdvance(percent(share, 2))
    assert reach_of_the_mark(share, bar_width) >= number + 4


def bgr(name):
    color = theme.color(name)
    return np.array([color.blue(), color.green(), color.red()])


def painted(width, left):
    """Pixels (height, width, BGR) of two rows of 40 pixels, the second class the label."""
    rows, now = ClassRows(), np.array([0.25, 0.75], np.float32)
    rows.place([QRectF(0, 40 * k, width, 40) for k in range(2)], ("0", "1"))
    region = rows.show(now, left)
    rows.tell(now, 1, left)
    picture = QImage(round(width) + 2, 80, QImage.Format.Format_RGB32)
    picture.fill(theme.color(theme.tokens().background))
    painter = QPainter(picture)
    rows.paint(painter, QRegion(picture.rect()))
    painter.end()
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(80, -1, 4)[..., :3].astype(int)
    return pixels, rows, region


def test_two_sides_have_a_half_of_each_bar(qapp):
    pixels, rows, _ = painted(260, np.array([1.0, 0.0], np.float32))
    bar = rows._bars[0]
    x = round(bar.x() + 0.6 * bar.width())  # between now, a quarter, and the left side, all
    upper, lower = (pixels[round(bar.center().y() + dy), x] for dy in (-3, 3))
    now = pixels[round(bar.center().y() + 3), round(bar.x() + 0.1 * bar.width())]
    assert np.abs(now - bgr(theme.tokens().positive)).max() < 8
    assert np.abs(upper - lower).max() > 40
    assert np.abs(upper - bgr(theme.tokens().muted)).max() < 8
    numbers = [words.number.replace("\u2009", "") for words in rows._words]
    assert numbers == ["100.0 · 25.00%", "0.00 · 75.00%"]
    assert [words.chosen for words in rows._words] == [False, True], "bold is what is now"


def test_where_two_numbers_have_no_room_that_of_now_stays(qapp):
    narrow = names_width(("0", "1")) + NAME_GAP + LEAST_BAR_WITH_MARK
    left = np.array([1.0, 0.0], np.float32)
    both, one = painted(narrow, left)[0], painted(narrow, None)[0]
    below = slice(30, 40)
    np.testing.assert_array_equal(both[below], one[below])


def test_another_left_side_is_painted_anew_and_the_same_is_not(qapp):
    left = np.array([0.5, 0.5], np.float32)
    _, rows, _ = painted(260, left)
    now = np.array([0.25, 0.75], np.float32)
    assert rows.show(now, left).isEmpty()
    assert not rows.show(now, left[::-1] + 0.25).isEmpty()
    assert not rows.show(now).isEmpty()
    assert rows.show(now).isEmpty()
