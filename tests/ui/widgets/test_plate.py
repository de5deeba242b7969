"""The plate beside the pointer: whole, legible, never over the edge."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from cnnviz.ui import theme
from cnnviz.ui.widgets.plate import paint_plate

WIDTH, HEIGHT = 320, 200
TEXT = "Conv 1 · map 3 · x 12, y 12 · −0.2051"
CORNERS = [(0, 0), (319, 0), (0, 199), (319, 199), (160, 100), (300, 100), (160, 190)]


def painted(pointer, text=TEXT, seen=None):
    """Where the plate is, in an otherwise black picture."""
    image = QImage(WIDTH, HEIGHT, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    paint_plate(painter, QPointF(*pointer), text, seen or QRectF(0, 0, WIDTH, HEIGHT))
    painter.end()
    raw = np.frombuffer(image.constBits(), np.uint32).reshape(HEIGHT, WIDTH) & 0xFFFFFF
    found = np.argwhere(raw == int(theme.tokens().selected[1:], 16))
    assert len(found), "no plate at all"
    (top, left), (bottom, right) = found.min(axis=0).tolist(), found.max(axis=0).tolist()
    return QRectF(left, top, right - left + 1, bottom - top + 1)


@pytest.fixture(autouse=True)
def fonts(qapp):
    """Our face, so that widths are those of the window."""


def test_it_stands_below_and_right_of_the_pointer():
    plate = painted((20, 20))
    assert plate.left() > 20
    assert plate.top() > 20


@pytest.mark.parametrize("pointer", CORNERS)
def test_it_is_whole_wherever_the_pointer_is(pointer):
    plate, free = painted(pointer), painted((20, 20))
    assert plate.size() == free.size()
    assert QRectF(2, 2, WIDTH - 4, HEIGHT - 4).contains(plate)


@pytest.mark.parametrize("pointer", CORNERS)
def test_it_never_hides_what_is_pointed_at(pointer):
    assert not painted(pointer).contains(QPointF(*pointer))


def test_it_stays_in_the_part_that_is_seen():
    seen = QRectF(10, 30, 290, 120)
    for pointer in ((299, 149), (11, 31), (299, 31)):
        assert seen.contains(painted(pointer, seen=seen))


def test_its_beginning_is_kept_where_there_is_no_room_for_all():
    seen = QRectF(0, 0, 150, HEIGHT)
    plate = painted((140, 50), seen=seen)
    assert plate.left() >= 3
