"""The layers of a design as a list: chosen, moved by dragging, marked where one does not fit."""

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QApplication,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from cnnviz.ui import theme
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_rows import LayerRow, layer_rows
from cnnviz.ui.widgets.problem_note import ProblemNote

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()
ROW, HEAD = 44, 26
"""Heights in pixels."""
HANDLE, TEXT = 14, 30
"""Where the handle's middle and the texts are, from the left."""
RIGHT_EDGE, BAR, PERCENT = 12, 44, 46
SHARE = BAR + PERCENT
"""The widths of the last column's parts."""
PARAMETERS, GIVES, GAP = 82, 92, 8
NEAR_END = 24
"""Dragging so near to an end of the list scrolls it."""
COLUMNS = (
    ("FLOPs", SHARE, "Its share of the network's arithmetic, both directions"),
    ("Parameters", PARAMETERS, "How many numbers it learns"),
    ("Gives", GIVES, "The shape of what comes out: channels × height × width"),
)


def column_boxes(width: int, top: int, height: int) -> list[QRect]:
    """Where the columns of COLUMNS are in a row, and last what is left for the name."""
    boxes, right = [], width - RIGHT_EDGE
    for _, wide, _ in COLUMNS:
        boxes.append(QRect(right - wide, top, wide, height))
        right -= wide + GAP
    return [*boxes, QRect(TEXT, top, max(right - TEXT, 0), height)]


class LayerList(QListView):
    """Rows are painted by LayerDelegate; dragging is not Qt's, so that a line shows where to."""

    remove_wanted = Signal()

    def __init__(self, editor: DesignEditor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self.rows = LayerModel()
        self.dragged = -1
        """The row that is being moved, or -1."""
        self.gap = -1
        """Before which row it would be put."""
        self._pressed: tuple[int, QPoint] | None = None
        self.note = ProblemNote(self.viewport())
        self.note.mended.connect(editor.take_remedy)
        self.setModel(self.rows)
        self.setItemDelegate(LayerDelegate(self))
        self.setMouseTracking(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName("Layers of the network")
        self.setToolTip("Drag a layer to move it, or Alt with ↑ and ↓")
        editor.changed.connect(self.refresh)
        editor.chosen.connect(self._show_chosen)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Shows the design of now."""
        rows = layer_rows(self._editor)
        if rows != self.rows.rows:
            self._end_drag()
        self.rows.show_rows(rows)
        problem = self._editor.report.problem
        if problem and problem.layer is not None:
            self.note.show_problem(problem.text, [way.text for way in problem.remedies])
        else:
            self.note.show_problem("", ())
        self.scheduleDelayedItemsLayout()
        self._show_chosen()

    @Slot()
    def _show_chosen(self) -> None:
        index = self.rows.index(self._editor.position)
        if index != self.currentIndex():
            self.setCurrentIndex(index)
        self.viewport().update()

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Keys and clicks choose a layer."""
        super().currentChanged(current, previous)
        if current.isValid():
            self._editor.choose(current.row())

    # The note below the row that does not fit.

    @property
    def refused(self) -> int:
        """The row that does not fit, or -1."""
        rows = self.rows.rows
        return next((place for place, row in enumerate(rows) if row.is_refused), -1)

    def note_height(self) -> int:
        """How much room the note needs below its row."""
        width = max(self.viewport().width() - TEXT - RIGHT_EDGE, 60)
        return self.note.heightForWidth(width) + 12

    def updateGeometries(self) -> None:
        """The note moves with its row."""
        super().updateGeometries()
        self._place_note()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The note moves with its row."""
        super().scrollContentsBy(dx, dy)
        self._place_note()

    def _place_note(self) -> None:
        if self.refused >= 0:
            area = self.visualRect(self.rows.index(self.refused))
            self.note.setGeometry(area.adjusted(TEXT, ROW - 2, -RIGHT_EDGE, -8))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the note's text elsewhere."""
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()

    # Dragging.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses a layer; dragging may follow."""
        super().mousePressEvent(event)
        at = event.position().toPoint()
        row = self.indexAt(at).row()
        if event.button() is Qt.MouseButton.LeftButton and row >= 0:
            self._pressed = row, at

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drags, with the left button held; else only points."""
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        row, start = self._pressed
        at = event.position().toPoint()
        if self.dragged < 0 and (at - start).manhattanLength() < QApplication.startDragDistance():
            return
        if self.dragged < 0:
            self.dragged = row
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        self._scroll_near_end(at.y())
        self.gap = self._gap_at(at.y())
        self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Puts the layer where the line was."""
        row, gap = self.dragged, self.gap
        self._end_drag()
        super().mouseReleaseEvent(event)
        if row >= 0 and gap >= 0:
            self._editor.move(row, gap - (gap > row))

    def _end_drag(self) -> None:
        self.dragged = self.gap = -1
        self._pressed = None
        self.viewport().unsetCursor()
        self.viewport().update()

    def _gap_at(self, y: int) -> int:
        for row in range(len(self.rows.rows)):
            if y < self.visualRect(self.rows.index(row)).top() + ROW / 2:
                return row
        return len(self.rows.rows)

    def _scroll_near_end(self, y: int) -> None:
        bar = self.verticalScrollBar()
        if y < NEAR_END:
            bar.setValue(bar.value() - NEAR_END // 2)
        elif y > self.viewport().height() - NEAR_END:
            bar.setValue(bar.value() + NEAR_END // 2)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, and the line where a dragged one would go."""
        super().paintEvent(event)
        painter, colors = QPainter(self.viewport()), theme.tokens()
        if not self.rows.rows:
            painter.setPen(theme.color(colors.muted))
            area = self.viewport().rect().adjusted(TEXT, 12, -RIGHT_EDGE, 0)
            wrapped = Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
            painter.drawText(area, wrapped, "No layers yet. Add one below.")
        if self.gap >= 0:
            last = self.gap == len(self.rows.rows)
            area = self.visualRect(self.rows.index(self.gap - 1 if last else self.gap))
            y = area.bottom() if last else max(area.top(), 1)
            painter.setPen(QPen(theme.color(colors.selected), 2))
            painter.drawLine(6, y, self.viewport().width() - 6, y)
        painter.end()

    # Keys.

    def event(self, event: QEvent) -> bool:
        """While something is dragged, Escape lets go of it and does not close the window."""
        asks = event.type() == QEvent.Type.ShortcutOverride and self.dragged >= 0
        if asks and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del takes the chosen layer out, Escape lets go of what is dragged; arrows choose."""
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_wanted.emit()
        elif event.key() == Qt.Key.Key_Escape and self.dragged >= 0:
            self._end_drag()
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """Wide enough for its columns and a name."""
        return QSize(468, 400)


class LayerModel(QAbstractListModel):
    """The rows, so that Qt, and through it a screen reader, knows of them."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[LayerRow] = []

    def show_rows(self, rows: list[LayerRow]) -> None:
        """Takes over new rows."""
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        elif rows != self.rows:
            self.rows = rows
            self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """No rows below rows."""
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> str | None:
        """The row in words; how it looks is the delegate's business."""
        words = role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole)
        return self.rows[index.row()].in_words if words else None


class LayerDelegate(QStyledItemDelegate):
    """Paints a row: handle, name, summary, what it gives, parameters, share."""

    def __init__(self, view: LayerList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Room for the note as well below the row that does not fit."""
        note = self._view.note_height() if self._view.rows.rows[index.row()].is_refused else 0
        return QSize(200, ROW + note)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        view, colors, place = self._view, theme.tokens(), index.row()
        row, whole = view.rows.rows[place], option.rect
        chosen = index == view.currentIndex()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if place == view.dragged:
            painter.setOpacity(0.4)
        under_pointer = whole.contains(view.viewport().mapFromGlobal(view.cursor().pos()))
        if chosen or (under_pointer and view.underMouse() and view.dragged < 0):
            painter.fillRect(whole, theme.color(colors.raised))
        if row.is_refused or chosen:
            edge = colors.bad if row.is_refused else colors.selected
            painter.fillRect(QRect(whole.topLeft(), QSize(3, whole.height())), theme.color(edge))
        self._paint_handle(painter, whole.top() + ROW / 2)
        self._paint_texts(painter, row, column_boxes(whole.width(), whole.top(), ROW))
        painter.restore()

    def _paint_handle(self, painter: QPainter, middle: float) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(theme.tokens().muted, 0.7))
        for x in (-3, 3):
            for y in (-5, 0, 5):
                painter.drawEllipse(QRectF(HANDLE + x - 1, middle + y - 1, 2, 2))

    def _paint_texts(self, painter: QPainter, row: LayerRow, boxes: list[QRect]) -> None:
        colors = theme.tokens()
        share, parameters, gives, name = boxes
        known = row.share is not None
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(weight=QFont.Weight.DemiBold))
        usual = colors.text if known else colors.muted
        painter.setPen(theme.color(colors.bad if row.is_refused else usual))
        upper, lower = name.adjusted(0, 5, 0, -ROW // 2 + 2), name.adjusted(0, ROW // 2 - 2, 0, -5)
        painter.drawText(upper, left, _elided(painter, row.title, name.width()))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        painter.drawText(lower, left, _elided(painter, row.summary, name.width()))
        painter.setFont(theme.font(12))
        painter.setPen(theme.color(usual))
        painter.drawText(gives, right, row.shape)
        painter.drawText(parameters, right, row.parameters)
        if row.share is None:
            return
        painter.setPen(theme.color(colors.muted))
        painter.drawText(share, right, f"{100 * row.share:.1f}{theme.THIN_SPACE}%")
        track = QRectF(share.left(), share.center().y() - 2, BAR, 5)
        painter.setPen(Qt.PenStyle.NoPen)
        for width, color in ((1.0, colors.line), (row.share, colors.positive)):
            painter.setBrush(theme.color(color))
            if width > 0:
                wide = QRectF(track.topLeft(), track.size())
                wide.setWidth(max(width * BAR, 1.0))
                painter.drawRoundedRect(wide, 2, 2)


class LayerListHead(QWidget):
    """What stands above the columns, and what comes into the first layer."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEAD)
        self.setToolTip("\n".join(f"{name}: {text}" for name, _, text in COLUMNS))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Small and muted."""
        painter = QPainter(self)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        *boxes, name = column_boxes(self.width(), 0, HEAD)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(name, Qt.AlignmentFlag.AlignVCenter, "Layer")
        for box, (text, _, _) in zip(boxes, COLUMNS, strict=True):
            painter.drawText(box, right, text)
        painter.setPen(theme.color(theme.tokens().line))
        painter.drawLine(0, HEAD - 1, self.width(), HEAD - 1)
        painter.end()


def _elided(painter: QPainter, text: str, width: int) -> str:
    return painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, width)
