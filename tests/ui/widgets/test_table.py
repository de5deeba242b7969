"""The quiet table: points, chooses, ticks, by mouse and by keys, and stands still meanwhile."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from cnnviz.ui import theme
from cnnviz.ui.widgets.table import PAD, ROW, Cell, Column, QuietTable

LEFT = Qt.MouseButton.LeftButton
COLUMNS = (Column("Name", "What it is", 0, False), Column("ms", "How long", 120))


def rows(count, ticked=None):
    return [
        [Cell(f"row {row}", ticked=ticked, mark="positive"), Cell("1.0", bar=(0.5, "negative"))]
        for row in range(count)
    ]


@pytest.fixture
def table(qtbot, qapp):
    made = QuietTable(COLUMNS)
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.cells.show_cells(rows(5))
    with qtbot.waitActive(made):
        made.show()
        made.activateWindow()
    return made


def at(row, x=100):
    return QPoint(x, row * ROW + ROW // 2)


def test_it_tells_what_is_under_the_pointer(qtbot, table):
    heard: list[int] = []
    table.pointed.connect(heard.append)
    qtbot.mouseMove(table.viewport(), at(2))
    qtbot.mouseMove(table.viewport(), at(3))
    assert heard[-1] == 3
    image = table.viewport().grab().toImage()
    assert image.pixelColor(150, at(3).y()).name() == theme.tokens().raised


def test_a_click_chooses_and_another_lets_go(qtbot, table):
    heard: list[int] = []
    table.chosen.connect(heard.append)
    qtbot.mouseClick(table.viewport(), LEFT, pos=at(1))
    image = table.viewport().grab().toImage()
    assert image.pixelColor(1, at(1).y()) == QColor(theme.tokens().selected)
    qtbot.mouseClick(table.viewport(), LEFT, pos=at(1))
    qtbot.mouseClick(table.viewport(), LEFT, pos=at(2))
    qtbot.mouseClick(table.viewport(), LEFT, pos=QPoint(100, 280))
    assert heard == [1, -1, 2, -1]


def test_keys_choose(qtbot, table):
    table.choose(1)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert table.chosen_row == 2


def test_a_box_is_ticked_by_mouse_and_by_space(qtbot, table):
    table.cells.show_cells(rows(5, ticked=True))
    heard: list[int] = []
    table.ticked.connect(heard.append)
    qtbot.mouseClick(table.viewport(), LEFT, pos=at(3, PAD + 5))
    assert table.chosen_row == -1
    table.choose(2)
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Space)
    assert heard == [3, 2]


def test_new_numbers_keep_the_choice_and_other_rows_do_not(table):
    heard: list[int] = []
    table.choose(2)
    table.chosen.connect(heard.append)
    table.cells.show_cells(rows(5, ticked=False))
    assert table.chosen_row == 2
    table.cells.show_cells(rows(4))
    assert table.chosen_row == -1
    assert heard[-1] == -1


def test_screen_readers_hear_texts_and_ticks(table):
    table.cells.show_cells(rows(2, ticked=True))
    index = table.cells.index(1, 0)
    assert index.data() == "row 1"
    assert index.data(Qt.ItemDataRole.CheckStateRole) == Qt.CheckState.Checked
    header = table.cells.headerData(1, Qt.Orientation.Horizontal)
    assert header == "ms"


def test_a_column_is_edited_if_it_may_be(qtbot, qapp):
    columns = (Column("Name", "What it is", 0, False, editable=True), COLUMNS[1])
    table = QuietTable(columns)
    qtbot.addWidget(table)
    table.cells.show_cells(rows(2))
    heard: list[tuple[int, str]] = []
    table.cells.edited.connect(lambda row, text: heard.append((row, text)))
    name, number = (table.cells.index(1, place) for place in (0, 1))
    assert table.cells.flags(name) & Qt.ItemFlag.ItemIsEditable
    assert not table.cells.flags(number) & Qt.ItemFlag.ItemIsEditable
    assert name.data(Qt.ItemDataRole.EditRole) == "row 1"
    assert table.cells.setData(name, "another")
    assert heard == [(1, "another")]
    assert name.data() == "row 1"  # until whoever heard it says so


def test_a_badge_is_read_out_and_a_long_text_leaves_it_room(table):
    for text in ("short", "a name that is much too long for the room that it has " * 3):
        table.cells.show_cells([[Cell(text, badge="open"), Cell("")]])
        said = table.cells.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        assert said == f"{text}, open"
        image = table.viewport().grab().toImage()
        right = table.columnViewportPosition(1) - PAD
        line = [image.pixelColor(x, ROW // 2).name() for x in range(right + 2)]
        frame = [x for x, color in enumerate(line) if color == theme.tokens().muted]
        assert frame
        assert frame[-1] <= right + 1
        # Past the frame nothing is written.
        beyond = {image.pixelColor(x, ROW // 2).name() for x in range(frame[-1] + 2, right + PAD)}
        assert len(beyond) == 1
