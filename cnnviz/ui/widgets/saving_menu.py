"""What any window beside the main one lets one save: a plot, a table, all of it.

For windows that bring no menu of their own. A plot is whatever paints itself.
"""

from collections.abc import Callable
from pathlib import Path

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, QPoint
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.export.csv_file import write_table
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu
from cnnviz.ui.widgets.save_choices import picture_choice, slug
from cnnviz.ui.widgets.save_dialog import SaveDialog
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.table import QuietTable

TABLES = {".csv": "Table"}


class SavingMenu(QObject):
    """Watches a window for questions for its menu that nobody else in it answers."""

    def __init__(self, session: Session, window: SideWindow) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._name = slug(window.windowTitle().split("–")[0].strip())
        if type(window).contextMenuEvent is SideWindow.contextMenuEvent:
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Opens the menu at the pointer."""
        if watched is self._window and isinstance(event, QContextMenuEvent):
            section = self.choices(event.pos())
            ChoiceMenu(self._window, [section]).open_at(event.globalPos())
            return True
        return False

    def choices(self, at: QPoint) -> list[Choice]:
        """What can be saved of what is at a point of the window."""
        found = []
        if plot := self._plot_at(at):
            found.append(picture_choice(plot, self._session, "Save plot as picture…", self._name))
        found += [
            Choice("Save table as CSV…", self._table_saver(table))
            for table in self._window.findChildren(QuietTable)
            if table.isVisible() and table.rect().contains(table.mapFrom(self._window, at))
        ]
        text = "Save window as picture…"
        return [*found, picture_choice(self._window, self._session, text, self._name)]

    def _plot_at(self, at: QPoint) -> QWidget | None:
        """The innermost part there that paints itself."""
        widget = self._window.childAt(at)
        while widget and widget is not self._window:
            ours = type(widget).__module__.startswith("cnnviz")
            paints = isinstance(widget, pg.GraphicsView) or "paintEvent" in vars(type(widget))
            if ours and paints:
                return widget
            widget = widget.parentWidget()
        return None

    def _table_saver(self, table: QuietTable) -> Callable[[], None]:
        heads = [column.title for column in table.cells.columns]
        rows = [[cell.text for cell in row] for row in table.cells.cells]  # as they are now

        def write(path: Path) -> None:
            write_table(path, heads, rows)

        def ask() -> None:
            SaveDialog(self._window, self._session, f"cnnviz-{self._name}", TABLES, write)

        return ask
