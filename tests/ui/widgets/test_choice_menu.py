"""The menu of sections: lines between them only, each choice does what it says, once."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QWidget

from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu


def test_empty_sections_leave_no_line(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    done = []
    one, two = Choice("One", lambda: done.append(1)), Choice("Two", lambda: done.append(2))
    menu = ChoiceMenu(widget, [[], [one], [], [two], []])
    assert [action.isSeparator() for action in menu.actions()] == [False, True, False]


def test_a_choice_is_made_by_key_and_the_menu_is_gone(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    done = []
    choices = [Choice("One", lambda: done.append(1)), Choice("Two", lambda: done.append(2))]
    menu = ChoiceMenu(widget, [choices])
    menu.open_at(widget.mapToGlobal(QPoint(5, 5)))
    with qtbot.waitSignal(menu.destroyed):
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
            qtbot.keyClick(menu, key)
    assert done == [2]


def test_a_menu_of_nothing_does_not_open(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    menu = ChoiceMenu(widget, [[], []])
    with qtbot.waitSignal(menu.destroyed):
        menu.open_at(QPoint(5, 5))
    assert QApplication.activePopupWidget() is None


def test_actions_of_other_menus_that_qt_tells_it_of_do_nothing(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    done = []
    menu = ChoiceMenu(widget, [[Choice("One", lambda: done.append(1))]])
    menu.triggered.emit(QAction(widget))
    assert done == []
    menu.actions()[0].trigger()
    assert done == [1]
