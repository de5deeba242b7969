"""A line drawn by hand: what it holds, against a plain test; a click is none."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QSize

from cnnviz.ui.widgets.lasso import Lasso

SIZE = QSize(200, 100)


def drawn(*corners):
    lasso = Lasso(QPointF(*corners[0]))
    for corner in corners[1:]:
        lasso.draw_to(QPointF(*corner))
    return lasso


def test_it_holds_what_a_triangle_holds():
    lasso = drawn((20, 20), (180, 20), (20, 90), (20, 20))
    points = np.random.default_rng(0).uniform((0, 0), (200, 100), (500, 2))
    x, y = points.T
    edge = (x - 20) / 160 + (y - 20) / 70
    clear = (abs(edge - 1) > 0.05) & (abs(x - 20) > 2) & (abs(y - 20) > 2)
    expected = (x > 20) & (y > 20) & (edge < 1)
    assert (lasso.inside(points, SIZE) == expected)[clear].all()
    assert expected.sum() > 50


def test_what_is_outside_or_nowhere_is_not_in_it(qapp):
    lasso = drawn((-50, -50), (400, -50), (400, 300), (-50, 300))
    points = np.array([[10, 10], [-5, 10], [250, 10], [10, 100], [np.nan, 10], [199.9, 99.9]])
    assert lasso.inside(points, SIZE).tolist() == [True, False, False, False, False, True]
    assert lasso.inside(np.empty((0, 2)), SIZE).tolist() == []


@pytest.mark.parametrize(
    "corners", [[(5, 5)], [(5, 5), (6, 6), (5, 5)], [(5, 5), (15, 5)], [(5, 5), (7, 5), (6, 6)]]
)
def test_a_hand_that_hardly_moves_clicks(corners):
    lasso = drawn(*corners)
    assert lasso.is_click
    assert not lasso.inside(np.array([[6.0, 5.0]]), SIZE).any()
