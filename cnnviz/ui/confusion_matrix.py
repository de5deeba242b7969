"""Who is taken for whom: a row for each label, a column for each answer, a cell to choose.

Mistakes are on one scale of red. What is right stands apart, for it would drown everything else.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnnviz.ui import theme
from cnnviz.ui.widgets.plate import paint_plate
from cnnviz.ui.widgets.posing import posed_area

Cell = tuple[int, int]
"""The number of the label's class, and of the answer's."""
TITLE, GAP = 18, 6
"""Pixels: the height of “read as”, and between names and cells."""
MOST_NAME = 96
LEAST_LINE = 12
"""Pixels a name needs in height; where rows are lower, some names are left out."""
WIDEST, TALLEST = 1.7, 1.15
"""A cell's width to its height at most, and its height to its width."""
KEYS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
LEAST_MOST = 5
"""So many mistakes have full red, if no cell has more: a single one is no drama."""
CENTER = Qt.AlignmentFlag.AlignCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class ConfusionMatrix(QWidget):
    """Counts (C, C) with the classes' names; `chosen` is a cell, or None."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.counts: NDArray[np.integer[Any]] = np.zeros((0, 0), np.int64)
        self.names: tuple[str, ...] = ()
        self.cell: Cell | None = None
        """What is chosen."""
        self.pointed: Cell | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Confusion matrix")
        self.setToolTip("")
        self.setMinimumSize(QSize(300, 260))

    def show_counts(self, counts: NDArray[np.integer[Any]], names: tuple[str, ...]) -> None:
        """Other counts; what is chosen stays if the classes do."""
        if names != self.names:
            self.cell = self.pointed = None
        self.counts, self.names = counts, names
        self._describe()
        self.update()

    def choose(self, cell: Cell | None) -> None:
        """Chooses a cell, or none, and tells so."""
        if cell != self.cell:
            self.cell = cell
            self._describe()
            self.update()
            self.chosen.emit(cell)

    # Where things are.

    @property
    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(theme.font(theme.SMALL))

    @property
    def area(self) -> QRectF:
        """Where the cells are."""
        count = max(len(self.names), 1)
        name = self._name_width()
        left, top = TITLE + name + GAP, TITLE + self._name_height(name) + GAP
        height = max((self.height() - top - 2) // count, 2)
        width = max(min((self.width() - left - 2) // count, int(WIDEST * height)), 2)
        height = min(height, max(int(TALLEST * width), 2))
        return QRectF(left, top, width * count, height * count)

    def _name_width(self) -> float:
        widths = (self._metrics.horizontalAdvance(name) for name in self.names)
        return min(max(widths, default=0), MOST_NAME)

    def _name_height(self, name: float) -> float:
        """Above the columns; names that are wider than a cell stand upright."""
        return name if self._upright(name) else self._metrics.height()

    def _upright(self, name: float) -> bool:
        return name > (self.width() - TITLE - name - GAP) / max(len(self.names), 1) - 4

    def cell_area(self, cell: Cell) -> QRectF:
        """Where a cell is."""
        return _cell_in(self.area, cell, max(len(self.names), 1))

    def cell_at(self, at: QPointF) -> Cell | None:
        """The cell at a point."""
        area, count = self.area, len(self.names)
        if not count or not area.contains(at):
            return None
        row = int((at.y() - area.y()) * count / area.height())
        column = int((at.x() - area.x()) * count / area.width())
        return min(row, count - 1), min(column, count - 1)

    # Words.

    def in_words(self, cell: Cell) -> str:
        """What a cell says."""
        label, answer = (self.names[k] for k in cell)
        count, of = int(self.counts[cell]), int(self.counts[cell[0]].sum())
        read = "read as such" if cell[0] == cell[1] else f"read as {answer}"
        return f"{label} {read}: {theme.spaced(count)} of {theme.spaced(of)}"

    def _describe(self) -> None:
        text = self.in_words(self.cell) if self.cell and len(self.counts) else "No cell is chosen."
        self.setAccessibleDescription(text)

    # Mouse and keys.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Says what is under the pointer."""
        self.pointed = self.cell_at(event.position())
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is gone."""
        self.pointed = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses a cell; lets go of one that is chosen, or beside the cells."""
        if event.button() == Qt.MouseButton.LeftButton:
            cell = self.cell_at(event.position())
            self.choose(None if cell == self.cell else cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows walk from cell to cell, Space lets go."""
        by, last = KEYS.get(Qt.Key(event.key())), len(self.names) - 1
        if by and last >= 0:
            row, column = self.cell or (0, 0)
            if self.cell:
                row, column = row + by[0], column + by[1]
            self.choose((min(max(row, 0), last), min(max(column, 0), last)))
        elif event.key() == Qt.Key.Key_Space and self.cell:
            self.choose(None)
        else:
            super().keyPressEvent(event)

    # Looks.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, cells, frames, and the plate at the pointer."""
        if not len(self.counts):
            return
        painter = QPainter(self)
        self._paint_names(painter)
        self._paint_cells(painter)
        posed = posed_area(self) is not None
        if self.cell:
            self._frame(painter, self.cell, theme.tokens().selected, 2)
        if self.pointed and not posed:
            self._frame(painter, self.pointed, theme.tokens().text, 1)
            at = self.cell_area(self.pointed).center()
            paint_plate(painter, at, self.in_words(self.pointed), QRectF(self.rect()))
        elif self.hasFocus() and self.cell is None and not posed:
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(self.area.adjusted(-1, -1, 0, 0))
        painter.end()

    def _frame(self, painter: QPainter, cell: Cell, color: str, width: int) -> None:
        pen = QPen(theme.color(color), width)
        pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.setPen(pen)
        inset = width / 2
        painter.drawRect(self.cell_area(cell).adjusted(inset - 1, inset - 1, -inset, -inset))

    def _paint_names(self, painter: QPainter) -> None:
        colors, area, count = theme.tokens(), self.area, len(self.names)
        width, height, name = area.width() / count, area.height() / count, self._name_width()
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        painter.drawText(QRectF(area.x(), 0, area.width(), TITLE), CENTER, "read as")
        painter.save()
        painter.translate(0, area.bottom())
        painter.rotate(-90)
        painter.drawText(QRectF(0, 0, area.height(), TITLE), CENTER, "label")
        painter.restore()
        lit = self.pointed or self.cell or (-1, -1)
        every_row, every = -int(-LEAST_LINE // height), -int(-LEAST_LINE // width)
        upright = self._upright(name)
        for k, text in enumerate(self.names):
            short = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, MOST_NAME)
            if k % every_row == 0 or k == lit[0]:
                painter.setPen(theme.color(colors.text if k == lit[0] else colors.muted))
                y = area.y() + (k + 0.5) * height - 8
                painter.drawText(QRectF(TITLE, y, name, 16), RIGHT, short)
            if k % (every if upright else 1) == 0 or k == lit[1]:
                painter.setPen(theme.color(colors.text if k == lit[1] else colors.muted))
                self._paint_column(painter, area.x() + (k + 0.5) * width, short, upright)

    def _paint_column(self, painter: QPainter, x: float, text: str, upright: bool) -> None:
        bottom = self.area.y() - GAP
        if not upright:
            painter.drawText(QRectF(x - 60, bottom - 16, 120, 18), CENTER, text)
            return
        painter.save()
        painter.translate(x, bottom)
        painter.rotate(-90)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRectF(0, -8, MOST_NAME + 4, 16), left, text)
        painter.restore()

    def _paint_cells(self, painter: QPainter) -> None:
        colors, count, area = theme.tokens(), len(self.names), self.area
        gap = 1 if min(area.width(), area.height()) / count > 6 else 0
        painter.fillRect(area.adjusted(0, 0, -gap, -gap), theme.color(colors.surface))
        self._paint_gaps(painter, area, gap)
        mistakes = self.counts.copy()
        np.fill_diagonal(mistakes, 0)
        most = max(int(mistakes.max()), LEAST_MOST)
        write = self._writes(area, int(self.counts.max()))
        filled = (self.counts > 0) | np.eye(count, dtype=bool)
        for row, column in np.argwhere(filled).tolist():
            number, right = int(self.counts[row, column]), row == column
            rect = _cell_in(area, (row, column), count).adjusted(0, 0, -gap, -gap)
            share = 0.14 + 0.76 * number / most
            ground = theme.blend(colors.surface, colors.bad, round(share, 2))
            if right:
                ground = theme.blend(colors.surface, colors.good, 0.16 if number else 0.05)
            painter.fillRect(rect, ground)
            if write and number:
                ink = colors.good if right else colors.text
                if not right and share > 0.75:
                    ink = colors.on_accent if colors.name == "dark" else colors.paper
                painter.setPen(theme.color(ink))
                painter.drawText(rect, CENTER, theme.spaced(number))

    def _paint_gaps(self, painter: QPainter, area: QRectF, gap: int) -> None:
        """Hairlines between the cells."""
        count, ground = len(self.names), theme.color(theme.tokens().background)
        for k in range(1, count if gap else 0):
            cell = _cell_in(area, (k, k), count)
            painter.fillRect(QRectF(cell.x() - 1, area.y(), 1, area.height()), ground)
            painter.fillRect(QRectF(area.x(), cell.y() - 1, area.width(), 1), ground)

    def _writes(self, area: QRectF, most: int) -> bool:
        """Whether there is room for numbers."""
        count, widest = len(self.names), self._metrics.horizontalAdvance(theme.spaced(most))
        return area.width() / count > widest + 4 and area.height() / count > LEAST_LINE


def _cell_in(area: QRectF, cell: Cell, count: int) -> QRectF:
    """Where a cell is, of so many in a row."""
    width, height = area.width() / count, area.height() / count
    return QRectF(area.x() + cell[1] * width, area.y() + cell[0] * height, width, height)
