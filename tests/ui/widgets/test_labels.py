"""Names of points: none covers another, a point or a line, and all stay in the picture."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPointF, QRectF, QSizeF

from cnnviz.ui.widgets.labels import place_labels, spread

AREA = QRectF(0, 0, 400, 300)
SIZE = QSizeF(60, 13)


def placed(points, lines=(), wishes=()):
    """The boxes, or None."""
    radii, sizes = [5.0] * len(points), [SIZE] * len(points)
    found = place_labels(points, radii, sizes, AREA, lines, wishes)
    return [name[1] if name else None for name in found]


def test_a_lonely_point_has_its_name_at_the_right():
    (box,) = placed([QPointF(100, 100)])
    assert box.left() > 105
    assert box.top() < 100 < box.bottom()


def test_at_the_right_edge_the_name_goes_left():
    (box,) = placed([QPointF(390, 100)])
    assert box.right() < 385


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 300)), max_size=30))
def test_no_name_covers_anything(places):
    points = [QPointF(*place) for place in places]
    boxes = [box for box in placed(points) if box]
    assert all(AREA.contains(box) for box in boxes)
    assert not any(one.intersects(other) for one, other in combinations(boxes, 2))
    assert not any(box.contains(point) for box in boxes for point in points)


def test_where_there_is_no_room_there_is_no_name():
    crowd = [QPointF(100 + x, 100 + y) for x in range(0, 80, 8) for y in range(0, 80, 8)]
    boxes = placed(crowd)
    assert boxes[0] is not None
    assert None in boxes


def test_names_keep_off_lines():
    line = (QPointF(112, 0), QPointF(112, 300))
    (box,) = placed([QPointF(100, 100)], [line])
    assert box.right() < 112


def test_a_name_stays_where_it_was_as_long_as_it_can():
    (box,) = placed([QPointF(200, 100)], wishes=[(0, -1)])
    assert box.bottom() < 100
    (box,) = placed([QPointF(200, 12)], wishes=[(0, -1)])
    assert box.left() > 205


def test_heights_that_are_apart_stay():
    assert spread([10, 100, 50], 14, 0, 300) == [10, 100, 50]


@given(st.lists(st.floats(0, 300), min_size=1, max_size=15))
def test_heights_are_moved_apart_and_keep_their_order(heights):
    moved = np.array(spread(heights, 14, 0, 300))
    order = np.argsort(heights, kind="stable")
    assert (np.diff(moved[order]) >= 14 - 1e-6).all()
    assert moved.min() >= -1e-6
    assert moved.max() <= 300 + 1e-6


def test_two_at_one_place_move_about_it():
    assert spread([100, 100], 14, 0, 300) == pytest.approx([93, 107])
