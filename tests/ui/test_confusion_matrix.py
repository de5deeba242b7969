"""The confusion matrix: what it says, and how a cell is chosen by mouse and by keys."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt

from cnnviz.ui import theme
from cnnviz.ui.confusion_matrix import ConfusionMatrix

LEFT = Qt.MouseButton.LeftButton
COUNTS = np.array([[5, 1, 0], [0, 6, 0], [2, 0, 1234]])


@pytest.fixture
def matrix(qtbot):
    widget = ConfusionMatrix()
    qtbot.addWidget(widget)
    widget.resize(420, 360)
    widget.show_counts(COUNTS, ("zero", "one", "two"))
    widget.show()
    return widget


def place(matrix, cell):
    return matrix.cell_area(cell).center().toPoint()


def pixel(matrix, cell):
    corner = matrix.cell_area(cell).topLeft().toPoint() + QPoint(3, 3)
    return matrix.grab().toImage().pixelColor(corner)


def test_a_click_chooses_and_lets_go(matrix, qtbot):
    told = []
    matrix.chosen.connect(told.append)
    qtbot.mouseClick(matrix, LEFT, pos=place(matrix, (2, 0)))
    qtbot.mouseClick(matrix, LEFT, pos=place(matrix, (0, 1)))
    qtbot.mouseClick(matrix, LEFT, pos=place(matrix, (0, 1)))
    qtbot.mouseClick(matrix, LEFT, pos=place(matrix, (1, 1)))
    qtbot.mouseClick(matrix, LEFT, pos=QPoint(1, 1))
    assert told == [(2, 0), (0, 1), None, (1, 1), None]


def test_arrows_walk_and_stay_inside(matrix, qtbot):
    keys = Qt.Key
    seen = []
    for key in (keys.Key_Right, keys.Key_Right, keys.Key_Down, keys.Key_Left, keys.Key_Left):
        qtbot.keyClick(matrix, key)
        seen.append(matrix.cell)
    assert seen == [(0, 0), (0, 1), (1, 1), (1, 0), (1, 0)]
    qtbot.keyClick(matrix, keys.Key_Space)
    assert matrix.cell is None


def test_rows_are_labels_and_columns_are_answers(matrix):
    assert matrix.in_words((2, 0)) == "two read as zero: 2 of 1\u2009236"
    assert matrix.in_words((1, 1)) == "one read as such: 6 of 6"
    first, below = matrix.cell_area((0, 0)), matrix.cell_area((1, 0))
    assert below.top() > first.top()
    assert below.left() == first.left()
    matrix.choose((2, 0))
    assert matrix.accessibleDescription() == matrix.in_words((2, 0))


def test_mistakes_are_red_and_the_more_the_redder(matrix):
    one, two, right, none = (pixel(matrix, cell) for cell in ((0, 1), (2, 0), (2, 2), (1, 0)))
    surface = theme.color(theme.tokens().surface)
    assert surface.red() < one.red() < two.red()
    assert right.green() > right.red()
    assert none == surface


@pytest.mark.parametrize(("classes", "size"), [(2, (300, 260)), (10, (900, 700)), (62, (460, 400))])
def test_all_cells_are_inside_and_found_again(qtbot, classes, size):
    widget = ConfusionMatrix()
    qtbot.addWidget(widget)
    widget.resize(*size)
    names = tuple(f"a rather long name {k}" for k in range(classes))
    widget.show_counts(np.arange(classes**2).reshape(classes, classes), names)
    for cell in np.ndindex(classes, classes):
        area = widget.cell_area(cell)
        assert widget.cell_at(area.center()) == cell
        assert widget.rect().contains(area.toAlignedRect().adjusted(0, 0, -1, -1))
    assert not widget.grab().isNull()


def test_other_classes_let_go(matrix):
    matrix.choose((2, 2))
    matrix.show_counts(COUNTS + 1, ("zero", "one", "two"))
    assert matrix.cell == (2, 2)
    matrix.show_counts(np.zeros((2, 2), int), ("cat", "dog"))
    assert matrix.cell is None


def test_without_counts_nothing_happens(matrix, qtbot):
    matrix.show_counts(np.zeros((0, 0), int), ())
    matrix.grab()
    qtbot.mouseClick(matrix, LEFT, pos=QPoint(100, 100))
    qtbot.keyClick(matrix, Qt.Key.Key_Down)
    assert matrix.cell is None
