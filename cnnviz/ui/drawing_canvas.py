"""Paper to draw on: mouse, pen with pressure, finger or arrow keys; the right button erases.

What is drawn is kept in core/drawing.py; here it is painted, at the screen's own resolution. Only
the newest piece of a stroke is painted anew.
"""

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import (
    QEventPoint,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPointingDevice,
    QResizeEvent,
    QTabletEvent,
    QTouchEvent,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.drawing import Drawing, Point, Stroke
from cnnviz.ui import theme

STEP, LONG_STEP = 1 / 28, 1 / 7
"""How far an arrow key moves the pen, and with Shift, as shares of the paper."""
LEAST_SIDE = 120
"""Pixels of the paper."""
USUAL_WIDTH = 0.07
"""Of the pen: about what MNIST's strokes have, once the digit is scaled."""
WIDTHS = (0.02, 0.2)
"""The thinnest and the thickest pen."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
HINT = "Draw a digit here,\nor drop a picture"


class DrawingCanvas(QWidget):
    """Shows a drawing and adds to it."""

    drawn = Signal()
    """The ink is another."""

    def __init__(self, drawing: Drawing, hint: str = HINT) -> None:
        """`hint` stands on the blank paper."""
        super().__init__()
        self._drawing = drawing
        self._hint = hint
        self._sheet = QPixmap()
        self._painted_changes = 0  # that are on the sheet
        self._cursor: tuple[float, float] | None = None  # where the keyboard's pen is
        self.pen_width = USUAL_WIDTH
        self.erases = False
        self.setAttribute(Qt.WidgetAttribute.WA_AcceptTouchEvents)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Paper to draw a digit on")
        self.setAccessibleDescription("Arrow keys move the pen, Space sets it down and lifts it")
        self.setMinimumSize(LEAST_SIDE, LEAST_SIDE)

    def sizeHint(self) -> QSize:
        """A square."""
        return QSize(560, 560)

    @property
    def paper(self) -> QRectF:
        """The square that is drawn on."""
        side = min(self.width(), self.height()) - 2
        area = QRectF(0, 0, side, side)
        area.moveCenter(QRectF(self.rect()).center())
        area.moveTopLeft(QPointF(area.topLeft().toPoint()))
        return area

    @Slot()
    def follow(self) -> None:
        """Shows what was changed otherwise than by strokes here."""
        if self._painted_changes != self._drawing.changes:
            self.update()

    # Drawing.

    def _point(self, at: QPointF, pressure: float = 1.0) -> Point:
        paper = self.paper
        x, y = (at.x() - paper.x()) / paper.width(), (at.y() - paper.y()) / paper.height()
        return Point(x, y, pressure)

    def _begin(self, point: Point, erases: bool) -> None:
        blank = self._drawing.is_blank
        self._drawing.begin(point, self.pen_width, erases or self.erases)
        self._paint_newest()
        if blank:
            self.update()  # the hint goes

    def _extend(self, point: Point) -> None:
        if self._drawing.under_way:
            self._drawing.extend(point)
            self._paint_newest()

    def _end(self) -> None:
        if self._drawing.under_way:
            self._drawing.end()
            self.drawn.emit()

    def _paint_newest(self) -> None:
        stroke = self._drawing.under_way
        if stroke and not self._sheet.isNull() and self._lacks_one_change:
            painter = _painter_on(self._sheet)
            last = stroke.points[-2:]
            _paint_piece(painter, stroke, last[0], last[-1], self.paper.width())
            painter.end()
            self._painted_changes = self._drawing.changes
            self.update(self._area_of(stroke, last).toAlignedRect())
        self.drawn.emit()

    def _area_of(self, stroke: Stroke, points: tuple[Point, ...]) -> QRectF:
        paper = self.paper
        places = [paper.topLeft() + QPointF(point.x, point.y) * paper.width() for point in points]
        reach = paper.width() * max(stroke.radius(point) for point in points) + 2
        area = QRectF(places[0], places[-1]).normalized()
        return area.adjusted(-reach, -reach, reach, reach)

    # Events.

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left draws, right erases."""
        self._forget_cursor()
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton):
            erases = event.button() == Qt.MouseButton.RightButton
            self._begin(self._point(event.position()), erases)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Goes on."""
        if event.buttons():
            self._extend(self._point(event.position()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """The stroke ends with the last button."""
        if not event.buttons():
            self._end()

    def tabletEvent(self, event: QTabletEvent) -> None:
        """A pen, with pressure; its other end erases."""
        event.accept()  # or Qt makes a mouse's event of it
        point = self._point(event.position(), event.pressure())
        if event.type() == QEvent.Type.TabletPress:
            self._forget_cursor()
            self.setFocus()
            eraser = event.pointerType() == QPointingDevice.PointerType.Eraser
            self._begin(point, eraser or event.button() == Qt.MouseButton.RightButton)
        elif event.type() == QEvent.Type.TabletMove:
            self._extend(point)
        else:
            self._end()

    def event(self, event: QEvent) -> bool:
        """Fingers: the first draws, others do nothing. The pen's keys are no one else's."""
        if isinstance(event, QTouchEvent):
            self._touch(event)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
            if plain and event.key() in (Qt.Key.Key_Space, *ARROWS):
                event.accept()
                return True
        return super().event(event)

    def _touch(self, event: QTouchEvent) -> None:
        event.accept()
        first = event.points()[0] if event.points() else None
        if first is None or event.type() == QEvent.Type.TouchCancel:
            self._end()
        elif first.state() == QEventPoint.State.Pressed:
            self._forget_cursor()
            self.setFocus()
            self._begin(self._point(first.position()), False)
        elif first.state() == QEventPoint.State.Released:
            self._end()
        else:
            self._extend(self._point(first.position()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the pen, Space sets it down or lifts it."""
        if event.key() == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._set_down_or_lift()
        elif event.key() in ARROWS:
            shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            self._walk(*ARROWS[Qt.Key(event.key())], LONG_STEP if shift else STEP)
        else:
            super().keyPressEvent(event)

    def _set_down_or_lift(self) -> None:
        if self._drawing.under_way:
            self._end()
        else:
            self._cursor = self._cursor or (0.5, 0.5)
            self._begin(Point(*self._cursor), False)
        self.update()

    def _walk(self, right: int, down: int, step: float) -> None:
        if self._cursor is None:
            self._cursor = (0.5, 0.5)
        else:
            x, y = self._cursor
            self._cursor = min(max(x + step * right, 0), 1), min(max(y + step * down, 0), 1)
            self._extend(Point(*self._cursor))
        self.update()

    def _forget_cursor(self) -> None:
        if self._cursor:
            self._cursor = None
            self.update()

    def hideEvent(self, event: QHideEvent) -> None:
        """A stroke does not outlive the window."""
        super().hideEvent(event)
        self._end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The paper is as large as there is room."""
        super().resizeEvent(event)
        self._sheet = QPixmap()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._sheet = QPixmap()
            self.update()

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """The paper, a hint while it is blank, the keyboard's pen."""
        ratio, paper, colors = self.devicePixelRatioF(), self.paper, theme.tokens()
        stale = self._painted_changes != self._drawing.changes
        if stale or self._sheet.isNull() or self._sheet.devicePixelRatioF() != ratio:
            self._sheet = self._painted(ratio)
        painter = QPainter(self)
        painter.drawPixmap(paper.topLeft(), self._sheet)
        painter.setPen(theme.color(colors.selected if self.hasFocus() else colors.line))
        painter.drawRect(paper.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self._drawing.is_blank and not self._drawing.under_way:
            painter.setFont(theme.font())
            painter.setPen(theme.color(colors.muted))
            painter.drawText(paper, Qt.AlignmentFlag.AlignCenter, self._hint)
        if self._cursor:
            self._paint_cursor(painter, QPointF(*self._cursor) * paper.width() + paper.topLeft())
        painter.end()

    @property
    def _lacks_one_change(self) -> bool:
        """Whether all is on the sheet but the newest piece."""
        return self._painted_changes == self._drawing.changes - 1

    def _painted(self, ratio: float) -> QPixmap:
        self._painted_changes = self._drawing.changes
        side = self.paper.width()
        sheet = QPixmap(QSize(round(side * ratio), round(side * ratio)))
        sheet.setDevicePixelRatio(ratio)
        sheet.fill(theme.color(theme.tokens().paper))
        painter = _painter_on(sheet)
        for stroke in self._drawing.strokes:
            _paint_piece(painter, stroke, stroke.points[0], stroke.points[0], side)
            for start, end in zip(stroke.points, stroke.points[1:], strict=False):
                _paint_piece(painter, stroke, start, end, side)
        painter.end()
        return sheet

    def _paint_cursor(self, painter: QPainter, at: QPointF) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        down = self._drawing.under_way is not None
        painter.setPen(QPen(theme.color(theme.tokens().selected), 2 if down else 1))
        radius = max(self.paper.width() * self.pen_width / 2, 3)
        painter.drawEllipse(at, radius, radius)


def _painter_on(sheet: QPixmap) -> QPainter:
    painter = QPainter(sheet)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return painter


def _paint_piece(painter: QPainter, stroke: Stroke, start: Point, end: Point, side: float) -> None:
    colors = theme.tokens()
    color = theme.color(colors.paper if stroke.erases else colors.ink)
    width = side * (stroke.radius(start) + stroke.radius(end))
    round_ends = Qt.PenCapStyle.RoundCap
    painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, round_ends))
    first, last = QPointF(start.x, start.y) * side, QPointF(end.x, end.y) * side
    if first == last:
        painter.drawPoint(first)
    else:
        painter.drawLine(first, last)
