"""A quiet table of texts and numbers: a row lights up under the pointer, a yellow mark is chosen.

Cells are plain data. New ones for the same rows are taken over in place, so the table stands still
while its numbers change.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from cnnviz.ui import theme

ROW, HEADER = 22, 28
"""Heights in pixels."""
TEXT_SIZE = 12
PAD = 8
"""Left and right in each cell."""
MARK, BAR, BOX = 8, 5, 13
"""Pixels: a square of colour, the height of a bar, a box for a tick."""
BADGE_PAD = 6
NUMBER = 58
"""Pixels that a bar leaves to the number after it."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
ELIDED = Qt.TextElideMode.ElideRight
Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


@dataclass(frozen=True)
class Column:
    """What stands above a column, what that is, and how wide it is; 0 takes what is left."""

    title: str
    explanation: str
    width: int = 0
    is_number: bool = True
    editable: bool = False


@dataclass(frozen=True)
class Cell:
    """A text and what stands before it; colours are names of theme.Tokens."""

    text: str
    color: str = "text"
    mark: str = ""
    """The colour of a small square; #rrggbb for one that has no name."""
    bar: tuple[float, str] | None = None
    """The length of a bar, from 0 to 1, and its colour."""
    ticked: bool | None = None
    """Whether a box is ticked; None for no box."""
    tip: str = ""
    badge: str = ""
    """A word after the text, in a frame."""


class CellModel(QAbstractTableModel):
    """The cells as Qt, and a screen reader, ask for them."""

    edited = Signal(int, str)
    """What was typed into the editable column of a row; whoever hears it shows new cells."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self.columns = columns
        self.cells: Sequence[Sequence[Cell]] = []

    def show_cells(self, cells: Sequence[Sequence[Cell]]) -> None:
        """Takes over new cells; the selection stays if there are as many rows as before."""
        if len(cells) != len(self.cells):
            self.beginResetModel()
            self.cells = cells
            self.endResetModel()
            return
        before, self.cells = self.cells, cells
        for row, (old, new) in enumerate(zip(before, cells, strict=True)):
            for place, (one, other) in enumerate(zip(old, new, strict=True)):
                if one != other:  # only these are painted anew
                    self.dataChanged.emit(self.index(row, place), self.index(row, place))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """No rows below rows."""
        return 0 if parent.isValid() else len(self.cells)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """As many as were given."""
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text and tooltip; how they look is the delegate's business."""
        cell = self.cells[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return cell.text
        if role == Qt.ItemDataRole.ToolTipRole:
            return cell.tip or None
        if role == Qt.ItemDataRole.AccessibleTextRole and cell.badge:
            return f"{cell.text}, {cell.badge}"
        if role == Qt.ItemDataRole.CheckStateRole and cell.ticked is not None:
            return Qt.CheckState.Checked if cell.ticked else Qt.CheckState.Unchecked
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Editable where the column is."""
        editable = index.isValid() and self.columns[index.column()].editable
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Tells what was typed."""
        if role == Qt.ItemDataRole.EditRole:
            self.edited.emit(index.row(), str(value))
        return role == Qt.ItemDataRole.EditRole

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """The columns' titles and explanations."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return column.explanation
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if column.is_number else LEFT
        return None


class QuietTable(QTableView):
    """Rows to point at and to choose, by mouse and by keys."""

    pointed = Signal(int)
    """The row under the pointer, or -1."""
    chosen = Signal(int)
    """The row that is chosen, or -1."""
    ticked = Signal(int)
    """The box of this row was clicked, or Space pressed on it."""

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cells = CellModel(columns)
        self.lit = self.chosen_row = -1
        self.setModel(self.cells)
        self.setItemDelegate(CellDelegate(self))
        self.setShowGrid(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(ROW)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self._arrange_header(columns)
        self.entered.connect(self._enter)
        self.selectionModel().selectionChanged.connect(self._tell_choice)
        self.cells.modelReset.connect(self._tell_choice)  # other rows: nothing is chosen

    def _arrange_header(self, columns: Sequence[Column]) -> None:
        header = self.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(20)
        for place, column in enumerate(columns):
            fixed, stretched = QHeaderView.ResizeMode.Fixed, QHeaderView.ResizeMode.Stretch
            header.setSectionResizeMode(place, fixed if column.width else stretched)
            if column.width:
                header.resizeSection(place, column.width)

    def choose(self, row: int) -> None:
        """Chooses a row and brings it into view; -1 for none."""
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(NOWHERE)
        elif row != self.chosen_row:
            self.selectRow(row)

    def light(self, row: int) -> None:
        """Lights up a row as if the pointer were on it; -1 for none."""
        if row != self.lit:
            self.lit = row
            self.viewport().update()

    def sizeHint(self) -> QSize:
        """As high as all rows."""
        return QSize(super().sizeHint().width(), HEADER + ROW * len(self.cells.cells) + 2)

    @Slot(QModelIndex)
    def _enter(self, index: QModelIndex) -> None:
        self.light(index.row())
        self.pointed.emit(index.row())

    @Slot()
    def _tell_choice(self) -> None:
        rows = self.selectionModel().selectedRows()
        self.chosen_row = rows[0].row() if rows else -1
        self.viewport().update()
        self.chosen.emit(self.chosen_row)

    def viewportEvent(self, event: QEvent) -> bool:
        """The pointer leaves."""
        if event.type() == QEvent.Type.Leave and self.lit >= 0:
            self.light(-1)
            self.pointed.emit(-1)
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A box is ticked, a row is chosen, what is chosen already or beside the rows is let go."""
        row = self.indexAt(event.position().toPoint()).row()
        if row >= 0 and self._is_box(event.position(), row):
            self.ticked.emit(row)
        elif row < 0 or row == self.chosen_row:
            self.choose(-1)
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks the box of the chosen row."""
        row = self.chosen_row
        if event.key() == Qt.Key.Key_Space and row >= 0 and self._box(row) is not None:
            self.ticked.emit(row)
        else:
            super().keyPressEvent(event)

    def _box(self, row: int) -> bool | None:
        return self.cells.cells[row][0].ticked

    def _is_box(self, at: QPointF, row: int) -> bool:
        return self._box(row) is not None and at.x() < PAD + BOX + PAD / 2


class CellDelegate(QStyledItemDelegate):
    """Paints a cell in the colours of the theme: its ground, box, square, bar, text."""

    def __init__(self, table: QuietTable) -> None:
        super().__init__(table)
        self._table = table

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell."""
        table, place = self._table, index.column()
        cell, column = table.cells.cells[index.row()][place], table.cells.columns[place]
        colors, rect = theme.tokens(), QRectF(option.rect)
        chosen = index.row() == table.chosen_row
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if chosen or index.row() == table.lit:
            painter.fillRect(rect, QColor(colors.raised))
        if chosen and place == 0:
            edge = QRectF(rect.left(), rect.top(), 3, rect.height())
            painter.fillRect(edge, QColor(colors.selected))
        inner = self._paint_before(painter, rect.adjusted(PAD, 0, -PAD, 0), cell)
        painter.setFont(theme.font(TEXT_SIZE))
        if cell.badge:
            inner = _paint_badge(painter, inner, cell)
        painter.setPen(QColor(getattr(colors, cell.color)))
        text = painter.fontMetrics().elidedText(cell.text, ELIDED, math.ceil(inner.width()))
        painter.drawText(inner, RIGHT if column.is_number else LEFT, text)

    def _paint_before(self, painter: QPainter, inner: QRectF, cell: Cell) -> QRectF:
        """What stands before the text; returns what is left for that."""
        middle, colors = inner.center().y(), theme.tokens()
        if cell.ticked is not None:
            box = QRectF(inner.left() + 0.5, round(middle - BOX / 2) + 0.5, BOX, BOX)
            _paint_box(painter, box, cell.ticked)
            inner = inner.adjusted(BOX + PAD, 0, 0, 0)
        painter.setPen(Qt.PenStyle.NoPen)
        if cell.mark:
            painter.setBrush(QColor(getattr(colors, cell.mark, cell.mark)))
            square = QRectF(inner.left(), middle - MARK / 2, MARK, MARK)
            painter.drawRoundedRect(square, 1.5, 1.5)
            inner = inner.adjusted(MARK + 6, 0, 0, 0)
        if cell.bar:
            share, color = cell.bar
            track = QRectF(inner.left(), middle - BAR / 2, inner.width() - NUMBER, BAR)
            painter.setBrush(QColor(colors.line))
            painter.drawRoundedRect(track, 2, 2)
            track.setWidth(max(1.0, min(share, 1.0) * track.width()))
            painter.setBrush(QColor(getattr(colors, color)))
            painter.drawRoundedRect(track, 2, 2)
        return inner


def _paint_badge(painter: QPainter, inner: QRectF, cell: Cell) -> QRectF:
    """After the text, or at the cell's end; returns what is left for the text."""
    metrics, colors = painter.fontMetrics(), theme.tokens()
    small = theme.font(theme.SMALL)
    width = QFontMetricsF(small).horizontalAdvance(cell.badge) + 2 * BADGE_PAD
    left = min(inner.left() + metrics.horizontalAdvance(cell.text) + PAD, inner.right() - width)
    badge = QRectF(round(left) + 0.5, round(inner.center().y() - 8) + 0.5, round(width), 16)
    painter.setPen(QPen(QColor(colors.muted), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(badge, 4, 4)
    painter.save()
    painter.setFont(small)
    painter.setPen(QColor(colors.text))
    painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, cell.badge)
    painter.restore()
    inner.setRight(left - PAD + 2)
    return inner


def _paint_box(painter: QPainter, box: QRectF, ticked: bool) -> None:
    colors = theme.tokens()
    painter.setPen(QPen(QColor(colors.muted), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(box, 3, 3)
    if ticked:
        painter.setPen(QPen(QColor(colors.text), 1.7))
        corners = ((0.24, 0.52), (0.43, 0.71), (0.77, 0.30))
        painter.drawPolyline(
            [QPointF(box.x() + x * box.width(), box.y() + y * box.height()) for x, y in corners]
        )
