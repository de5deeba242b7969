"""The fields of a layer: what follows is there while one types, and a number typed is one step."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnnviz.core.presets import PRESETS
from cnnviz.core.spec import conv2d, dense, flatten, max_pool2d, relu
from cnnviz.core.spec_check import check
from cnnviz.core.spec_edit import Design

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def form(editor):
    return editor.form


@pytest.fixture
def type_number(editor, qtbot):
    """Types into a field of the chosen layer, number by number, without leaving it."""

    def type_into(name, text, axis=0):
        number = rows(editor)[name].numbers[axis]
        number.setFocus()
        number.selectAll()
        qtbot.keyClicks(number, text)
        return number

    return type_into


def rows(editor):
    return editor.form.pages[editor.editor.layer["type"]].rows


def shapes(editor):
    return [row.shape.replace("\u2009", "") for row in editor.layers.rows.rows]


def test_shapes_follow_while_one_types(editor, type_number):
    assert shapes(editor) == ["4×12×12", "4×12×12", "4×6×6", "144", "10"]
    type_number("filters", "1")
    assert shapes(editor)[0] == "1×12×12"
    QTest.keyClicks(rows(editor)["filters"].numbers[0], "2")
    assert shapes(editor) == ["12×12×12", "12×12×12", "12×6×6", "432", "10"]
    assert editor.form.facts.text("Parameters") == "12·1·5·5 + 12 = 312"


def test_what_is_typed_is_one_step_until_the_field_is_left(editor, type_number, press_key):
    number = type_number("filters", "123")
    QTest.keyClick(number, Qt.Key.Key_Return)
    number.stepBy(1)
    assert editor.editor.design.layers[0]["filters"] == 124
    assert editor.editor.undoes == "Filters of Conv 1"
    press_key("Ctrl+Z", editor)  # with the keyboard still in the field
    assert editor.editor.design.layers[0]["filters"] == 123
    press_key("Ctrl+Z", editor)
    assert editor.editor.design.to_spec() == PRESETS["tiny"]
    assert number.value() == 4
    press_key("Ctrl+Shift+Z", editor)
    assert number.value() == 123


def test_arrows_in_a_row_are_one_step(editor):
    number = rows(editor)["filters"].numbers[0]
    for _ in range(5):
        number.stepUp()
    assert editor.editor.design.layers[0]["filters"] == 9
    editor.editor.undo()
    assert not editor.editor.undoes


def test_a_value_typed_back_is_no_step(editor, type_number):
    type_number("filters", "12")
    type_number("filters", "4")
    assert editor.editor.undoes is None
    assert editor.editor.redoes is None


def test_square_fields_change_both_numbers(editor, type_number, qtbot):
    type_number("kernel", "3")
    assert editor.editor.design.layers[0]["kernel"] == (3, 3)
    row = rows(editor)["kernel"]
    qtbot.mouseClick(row.square, LEFT)
    type_number("kernel", "7", axis=1)
    assert editor.editor.design.layers[0]["kernel"] == (3, 7)
    assert editor.form.facts.text("Size").splitlines() == [
        "y  ⌊(28 + 2·0 − 3)/2⌋ + 1 = 13",
        "x  ⌊(28 + 2·0 − 7)/2⌋ + 1 = 11",
    ]
    qtbot.mouseClick(row.square, LEFT)
    assert editor.editor.design.layers[0]["kernel"] == (3, 3)


def test_fields_that_are_not_square_come_as_they_are(editor):
    layers = (conv2d(2, (3, 5)), flatten(), dense(10))
    editor.editor.start_from(Design(layers), "Start")
    row = rows(editor)["kernel"]
    assert [number.value() for number in row.numbers] == [3, 5]
    assert not row.square.isChecked()
    assert rows(editor)["stride"].square.isChecked()


@pytest.mark.parametrize(("kernel", "padding"), [((5, 5), (2, 2)), ((3, 7), (1, 3))])
def test_same_keeps_the_size(editor, kernel, padding, qtbot):
    editor.editor.set_field("stride", 1)
    editor.editor.set_field("kernel", kernel)
    qtbot.mouseClick(rows(editor)["padding"].same, LEFT)
    assert editor.editor.design.layers[0]["padding"] == padding
    assert shapes(editor)[0] == "4×28×28"


def test_same_says_why_an_even_kernel_has_none(editor, qtbot):
    editor.editor.set_field("kernel", (4, 4))
    row = rows(editor)["padding"]
    qtbot.mouseClick(row.same, LEFT)
    assert "has no middle" in row.about.text()


def test_the_last_layers_units_are_the_classes(editor):
    editor.editor.choose(4)
    row = rows(editor)["units"]
    assert not row.numbers[0].isEnabled()
    assert row.numbers[0].value() == 10
    editor.editor.add("dense")
    editor.editor.choose(4)
    assert rows(editor)["units"].numbers[0].isEnabled()


def test_what_does_not_fit_is_said_at_the_field(editor, type_number, qtbot):
    type_number("kernel", "30")
    row, report = rows(editor)["kernel"], check(editor.editor.design)
    assert row.note.text.text() == report.problem.text
    assert editor.layers.note.text.text() == report.problem.text
    assert [each.text() for each in row.note.shown] == [w.text for w in report.problem.remedies]
    assert row.numbers[0].property("bad")
    assert row.numbers[0].hasFocus()
    assert editor.form.facts.text("Size") == "⌊(28 + 2·0 − 30)/2⌋ + 1 = 0"
    qtbot.mouseClick(row.note.shown[0], LEFT)
    assert editor.editor.design.layers[0]["kernel"] == (28, 28)
    assert not row.note.isVisible()
    assert not row.numbers[0].property("bad")


@pytest.mark.parametrize("text", ["0", "-3"])
def test_impossible_numbers_can_be_typed_and_the_engine_judges(editor, type_number, text):
    type_number("stride", text)
    assert editor.editor.report.problem.field == "stride"
    assert rows(editor)["stride"].note.text.text() == editor.editor.report.problem.text


def test_arrows_keep_to_what_is_usual(editor, type_number):
    number = type_number("padding", "0")
    number.stepDown()
    assert number.value() == 0
    number = type_number("kernel", "500")
    number.stepUp()
    assert number.value() == 99


def test_a_value_that_is_no_number_is_shown_as_it_is(editor):
    layers = ({"type": "conv2d", "filters": "many", "kernel": (1, 2, 3)}, flatten(), dense(10))
    editor.editor.start_from(Design(layers), "Start")
    assert rows(editor)["filters"].numbers[0].text() == "many"
    assert rows(editor)["kernel"].numbers[0].text() == "(1, 2, 3)"
    assert rows(editor)["stride"].numbers[0].value() == 1
    assert editor.editor.design.layers == layers  # showing it changed nothing


def test_facts_are_those_of_the_engine(editor):
    layers = (conv2d(3, 3), max_pool2d(4), relu(), flatten(), dense(10))
    editor.editor.start_from(Design(layers), "Start")
    facts = editor.form.facts
    editor.editor.choose(1)
    assert facts.text("Goes in").replace("\u2009", "") == "3×26×26: 3 maps of 26×26"
    assert facts.text("Comes out").replace("\u2009", "") == "3×6×6: 3 maps of 6×6"
    assert facts.text("Parameters") == "none"
    assert facts.text("Sees").replace("\u2009", "") == "6×6 pixels of the image"
    assert facts.text("Left out") == "the last 2 rows and 2 columns: no whole window has room there"
    editor.editor.choose(4)
    assert facts.text("Parameters").replace("\u2009", "") == "10·108 + 10 = 1090"
    assert facts.text("Sees").startswith("the whole image")
    assert facts.text("Time").startswith("at least ")
    assert facts.text("Left out") == ""


def test_times_follow_what_the_open_run_takes(editor, train, session, until):
    editor.editor.choose(0)
    assert editor.form.facts.text("Time").startswith("at least ")
    train(session, 8)
    until(lambda: editor.editor.slowdown is not None)
    assert editor.form.facts.text("Time").startswith("about ")
    row = session.times.milliseconds
    measured = sum(ms for (name, _), ms in row.items() if name in {"conv1", "relu1", "pool1"})
    assert measured > 0
    assert "about" in editor.footer.totals.text()


def test_enter_in_the_list_goes_to_the_first_field(editor, press_key, qtbot):
    qtbot.keyClick(editor.layers, Qt.Key.Key_Return)
    assert QApplication.focusWidget() is rows(editor)["filters"].numbers[0]


def test_the_wheel_scrolls_the_form_and_changes_only_the_field_in_use(editor):
    number = rows(editor)["filters"].numbers[0]

    def turn():
        at, none = QPointF(5, 5), Qt.KeyboardModifier.NoModifier
        event = QWheelEvent(
            at,
            QPointF(number.mapToGlobal(at.toPoint())),
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(number, event)

    editor.layers.setFocus()
    turn()
    assert number.value() == 4
    number.setFocus()
    turn()
    assert number.value() == 5


def test_typed_back_later_it_is_the_open_runs_network_again(editor):
    for filters, kernel in ((5, (4, 4)), (4, (5, 5))):
        editor.editor.set_field("filters", filters)
        editor.editor.set_field("kernel", kernel)
    assert editor.editor.design.title == "Tiny, edited"  # a step ago it was another network
    assert editor.editor.is_open_network
