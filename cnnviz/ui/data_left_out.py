"""What did not become an image of a data set, and why: a table to read, to copy, to save."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from PySide6.QtCore import Slot
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.datasets import LeftOut
from cnnviz.core.files import write_atomically
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.save_dialog import SaveDialog
from cnnviz.ui.widgets.table import PAD, TEXT_SIZE, Cell, Column, QuietTable

COLUMNS = (
    Column("Where", "A file, or a place in one", 300, False),
    Column("Why", "What the matter is with it", 0, False),
)
LEAST_WHERE, MOST_WHERE = 120, 0.5
"""Pixels of the first column; its share of the table where its names would take more."""
KINDS = {".csv": "Table"}


class DataLeftOut(QWidget):
    """The table, and buttons below it."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._rows = Rows((), "")
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("What was left out")
        self.copy_button = QPushButton("Copy")
        self.copy_button.setToolTip("Copy the whole table as text")
        self.copy_button.clicked.connect(self.copy)
        self.save_button = QPushButton("Save as CSV…")
        self.save_button.setToolTip("Save the whole table as a file for other programs")
        self.save_button.clicked.connect(self.save)
        self.summary = QLabel()
        self.summary.setProperty("small", "true")
        row = QHBoxLayout()
        row.setContentsMargins(PAD, 0, PAD, 8)
        row.setSpacing(8)
        row.addWidget(self.summary, 1)
        row.addWidget(self.copy_button)
        row.addWidget(self.save_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.table, 1)
        column.addLayout(row)

    def show_rows(self, left_out: Sequence[LeftOut], path: str) -> None:
        """Shows what was left out of the data at `path`."""
        self._rows = Rows(left_out, path)
        self.table.cells.show_cells([])
        self.table.cells.show_cells(self._rows)
        self._share_width()
        count = len(left_out)
        self.summary.setText(
            f"{theme.spaced(count)} left out; all else is among the images."
            if count
            else "Nothing was left out."
        )
        for button in (self.copy_button, self.save_button):
            button.setEnabled(count > 0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Reasons get all the room that names leave."""
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        most = round(MOST_WHERE * self.table.viewport().width())
        needed = self._rows.names_width
        self.table.horizontalHeader().resizeSection(0, max(min(needed, most), LEAST_WHERE))

    @Slot()
    def copy(self) -> None:
        """All of it as text, to be pasted into a table."""
        QApplication.clipboard().setText(self._rows.text("\t"))

    @Slot()
    def save(self) -> None:
        """Asks where to save it as a file."""
        content = self._rows.text(",").encode()

        def write(path: Path) -> None:
            write_atomically(path, content)

        self._dialog = SaveDialog(self.window(), self._session, "left-out", KINDS, write)


class Rows(Sequence[list[Cell]]):
    """The cells of the table, made when they are looked at: there may be many thousands."""

    def __init__(self, left_out: Sequence[LeftOut], path: str) -> None:
        self._left_out = left_out
        self._path = path
        longest = max((self._inside(item) for item in left_out), key=len, default="")
        metrics = QFontMetrics(theme.font(TEXT_SIZE))
        self.names_width = metrics.horizontalAdvance(longest) + 2 * PAD + 12
        """Pixels that the longest name takes, about; letters differ."""

    def __len__(self) -> int:
        return len(self._left_out)

    @overload
    def __getitem__(self, place: int) -> list[Cell]: ...

    @overload
    def __getitem__(self, place: slice) -> list[list[Cell]]: ...

    def __getitem__(self, place: int | slice) -> list[Cell] | list[list[Cell]]:
        if isinstance(place, slice):
            return [self._row(item) for item in self._left_out[place]]
        return self._row(self._left_out[place])

    def _row(self, item: LeftOut) -> list[Cell]:
        return [
            Cell(self._inside(item), tip=item.where),
            Cell(item.reason, "muted", tip=item.reason),
        ]

    def _inside(self, item: LeftOut) -> str:
        return item.where.removeprefix(self._path).lstrip("/\\") or item.where

    def text(self, delimiter: str) -> str:
        """All of it with a heading, as CSV has it, whole paths."""
        lines = io.StringIO()
        writer = csv.writer(lines, delimiter=delimiter, lineterminator="\n")
        writer.writerow(("where", "why"))
        writer.writerows(self._left_out)
        return lines.getvalue()
