"""What any window beside the main one lets one save."""

import csv

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication

from cnnviz.core.export.csv_file import write_table
from cnnviz.ui.runs_window import RunsWindow
from cnnviz.ui.time_lab import TimeLab
from cnnviz.ui.widgets.choice_menu import ChoiceMenu
from cnnviz.ui.widgets.saving_menu import SavingMenu
from cnnviz.ui.widgets.table import QuietTable


@pytest.fixture
def lab(window, train, until):
    train(window.session, 3)
    window.windows.open_time_lab()
    lab = window.windows.made(TimeLab)
    until(lambda: len(table_of(lab).cells.cells) > 0)
    return lab


def table_of(lab):
    return next(each for each in lab.findChildren(QuietTable) if each.isVisible())


def ask(widget, at):
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, widget.mapToGlobal(at))
    QApplication.sendEvent(widget, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, ChoiceMenu)
    texts = [action.text() for action in menu.actions()]
    menu.close()
    return texts


def test_a_table_is_saved_as_it_is_seen(lab, tmp_path):
    table = table_of(lab)
    assert ask(table.viewport(), QPoint(20, 20)) == [
        "Save table as CSV…",
        "Save window as picture…",
    ]
    saver = lab.findChild(SavingMenu)
    expected = [[cell.text for cell in row] for row in table.cells.cells]
    [choice, _] = saver.choices(table.viewport().mapTo(lab, QPoint(20, 20)))
    choice.act()
    dialog = QApplication.activeModalWidget()
    dialog.reject()
    write_table(tmp_path / "a.csv", [c.title for c in table.cells.columns], expected)
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        heads, *rows = csv.reader(file)
    assert heads[0] == "Layer"
    assert rows == expected


def test_elsewhere_the_window_is_all_there_is(lab):
    assert ask(lab, QPoint(lab.width() - 2, 2)) == ["Save window as picture…"]


def test_a_plot_is_saved_alone(window, train):
    train(window.session, 3)
    window.windows.open_runs()
    runs = window.windows.made(RunsWindow)
    saver = runs.findChild(SavingMenu)
    plot = runs.overlay.plot
    middle = plot.mapTo(runs, plot.rect().center())
    assert saver.choices(middle)[0].text == "Save plot as picture…"
