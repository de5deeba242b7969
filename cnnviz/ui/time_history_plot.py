"""The picture of how each layer's time moves while training: a line a layer, named at its end.

What is drawn is reckoned by `core.time_lines`; pyqtgraph draws the lines, and all that is text or a
mark is painted around them. All lines are grey but the chosen one, which is yellow, with its two
directions in blue and orange below it.
"""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from cnnviz.core import scales, time_lines
from cnnviz.core.scales import Scale
from cnnviz.core.thinning import Values
from cnnviz.core.time_history import TimeHistory
from cnnviz.core.time_lines import WHOLE_STEP, Line
from cnnviz.ui import theme
from cnnviz.ui.widgets.labels import spread
from cnnviz.ui.widgets.plate import paint_plate
from cnnviz.ui.widgets.quantities import digits

LEFT, TOP, RIGHT, BOTTOM = 48, 30, 116, 22
"""Pixels around the lines, for their scales and names."""
POINT, MOST_POINTS = 5, 180
"""Pixels from one point of a line to the next, and points at most."""
LABEL_GAP = 90
"""Pixels from one label of a batch to the next, at least."""
NAME_PITCH = 14
CATCH = 8
"""Pixels from which the pointer is drawn to a line."""
DIRECTIONS = ("negative", "positive")
"""The colours of forward and backward."""
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter


class TimeHistoryPlot(pg.GraphicsView):  # type: ignore[misc]
    """The shown lines over the batches; labels name lines, "" is none."""

    pointed = Signal(str)
    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.history = TimeHistory()
        self.lines: list[Line] = []
        """Those that are shown, the whole step first if it is."""
        self.batches_per_epoch = 1
        self.logarithmic = True
        self.lit = self.chosen_line = ""
        self.drawn: dict[str, tuple[Values, Values]] = {}
        """(batches, milliseconds) of each shown line."""
        self.parts: list[tuple[Values, Values]] = []
        """Forward and backward of the chosen line, if it is a layer."""
        self._pointer: QPointF | None = None
        self._items: list[pg.PlotCurveItem] = []
        self._frame = pg.QtWidgets.QGraphicsRectItem()
        self._frame.setPen(Qt.PenStyle.NoPen)
        self._frame.setFlag(self._frame.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.addItem(self._frame)
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setMinimumSize(360, 220)
        self.setAccessibleName("Times over the batches")
        for widget in (self, self.viewport()):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.draw()
        self.sigDeviceRangeChanged.connect(self.draw)  # another size

    def show_history(self, history: TimeHistory, lines: list[Line], per_epoch: int) -> None:
        """Draws what has happened so far."""
        self.history, self.lines, self.batches_per_epoch = history, lines, per_epoch
        self.draw()

    def light(self, label: str) -> None:
        """Lights up a line as if the pointer were on it."""
        if label != self.lit:
            self.lit = label
            self.recolour()

    def choose(self, label: str) -> None:
        """Shows a line in yellow."""
        if label != self.chosen_line:
            self.chosen_line = label
            self.draw()

    # What is drawn where.

    @property
    def points(self) -> int:
        """How many points a line may have."""
        return min(int(self.area().width() / POINT), MOST_POINTS)

    def area(self) -> QRectF:
        """The rectangle of the lines."""
        width, height = self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM
        return QRectF(LEFT, TOP, max(width, 1), max(height, 1))

    @Slot()
    def draw(self) -> None:
        """Reckons the lines and gives each curve what is shown of it."""
        area = self.area()
        self.drawn = {
            line.label: time_lines.curve(self.history, line.rows, self.points)
            for line in self.lines
            if self.history.entries
        }
        self.parts = self._directions()
        shown = [y for _, y in (*self.drawn.values(), *self.parts)]
        x_range = time_lines.x_range(self.history)
        self.across = Scale(*x_range, area.left(), area.right())
        y_range = time_lines.y_range(shown, self.logarithmic)
        self.up = Scale(*y_range, area.bottom(), area.top())
        self._frame.setRect(area)
        self._give([*self.drawn.values(), *self.parts])
        self.recolour()

    def recolour(self) -> None:
        """Gives each curve the colour of the theme that it has now."""
        pens = [self._pen(label) for label in self.drawn]
        pens += [QPen(QColor(getattr(theme.tokens(), name)), 1) for name in DIRECTIONS]
        for item, pen in zip(self._items, pens, strict=False):
            item.setPen(pen)
            item.setZValue(pen.widthF())
        self.viewport().update()

    def _directions(self) -> list[tuple[Values, Values]]:
        for line in self.lines:
            if line.label == self.chosen_line and len(line.rows) == 2 and self.history.entries:
                rows = line.rows
                return [time_lines.curve(self.history, (row,), self.points) for row in rows]
        return []

    def _give(self, data: list[tuple[Values, Values]]) -> None:
        """To curves that are made once and then only changed."""
        while len(self._items) < len(data):
            item = pg.PlotCurveItem(skipFiniteCheck=True, antialias=True)
            item.setSegmentedLineMode("on")  # ten times as fast as a path
            item.setParentItem(self._frame)
            self._items.append(item)
        for place, item in enumerate(self._items):
            item.setVisible(place < len(data))
            if place < len(data):
                x, y = data[place]
                item.setData(self.across.pixel(x), self.pixel(y))

    def pixel(self, milliseconds: Values) -> Values:
        """Where times lie along y."""
        return self.up.pixel(time_lines.heights(milliseconds, self.logarithmic))

    def _pen(self, label: str) -> QPen:
        """The chosen one is bold; beside it the others step back."""
        if label in (self.chosen_line, self.lit, WHOLE_STEP):
            pen = QPen(self._color(label), 2)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # where two pieces meet
            return pen
        colors = theme.tokens()
        share = 0.5 if self.chosen_line else 0.8
        return QPen(theme.blend(colors.background, colors.muted, share), 1)

    def _color(self, label: str) -> QColor:
        colors = theme.tokens()
        if label == self.chosen_line:
            return QColor(colors.selected)
        return QColor(colors.text if label in (self.lit, WHOLE_STEP) else colors.muted)

    # What the user does.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at the nearest line."""
        self._pointer = event.position()
        self._point_at(self.line_at(event.position()))
        self.viewport().update()

    def leaveEvent(self, event: QEvent) -> None:
        """Points at nothing."""
        self._pointer = None
        self._point_at("")
        self.viewport().update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses a line; again, or beside all lines, none."""
        label = self.line_at(event.position())
        self.choose("" if label == self.chosen_line else label)
        self.chosen.emit(self.chosen_line)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Nothing is dragged here."""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Two clicks are two clicks."""

    def wheelEvent(self, event: QEvent) -> None:
        """Everything is in view already."""
        event.ignore()

    def _point_at(self, label: str) -> None:
        if label != self.lit:
            self.light(label)
            self.pointed.emit(label)

    def line_at(self, at: QPointF) -> str:
        """The label of the line nearest to a place, above or below it, or ""."""
        best, found = float(CATCH), ""
        if self.area().contains(at):
            for label in self.drawn:
                away = abs(self._dot(label, at.x()).y() - at.y())
                if away < best:
                    best, found = away, label
        return found

    def _dot(self, label: str, x: float) -> QPointF:
        """The drawn point of a line nearest to x."""
        batches, times = self.drawn[label]
        index = self._nearest(batches, x)
        y = self.pixel(times[index : index + 1])
        return QPointF(self.across.pixel(float(batches[index])), float(y[0]))

    def _nearest(self, batches: Values, x: float) -> int:
        batch = self.across.value(x)
        right = int(np.searchsorted(batches, batch).clip(1, max(1, len(batches) - 1)))
        near = right if right < len(batches) else right - 1
        return near if abs(batches[near] - batch) < abs(batches[right - 1] - batch) else right - 1

    # How it is painted: the scales behind the lines, names and marks before them.

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """The ground, and hairlines and labels at round times and at the ends of epochs."""
        colors, area = theme.tokens(), self.area()
        painter.fillRect(rect, QColor(colors.background))
        painter.setFont(theme.font(theme.SMALL))
        ticks = scales.log_ticks if self.logarithmic else scales.linear_ticks
        for time in ticks(self.up.low, self.up.high):
            y = round(float(self.pixel(np.array([time]))[0])) + 0.5
            painter.setPen(QColor(colors.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(0, y - 10, LEFT - 10, 20), RIGHT_MIDDLE, scales.short(time))
        painter.setPen(QColor(colors.muted))
        painter.drawText(QRectF(0, 2, LEFT - 10, 18), RIGHT_MIDDLE, "ms")
        self._paint_batches(painter)

    def _paint_batches(self, painter: QPainter) -> None:
        colors, area = theme.tokens(), self.area()
        shown, per_epoch = (self.across.low, self.across.high), self.batches_per_epoch
        gap = LABEL_GAP / self.across.pixels_per_unit
        for step in scales.batch_ticks(shown, per_epoch, gap):
            x = round(self.across.pixel(float(step))) + 0.5
            epoch, batch = divmod(step, per_epoch)
            if batch == 0:
                painter.setPen(QColor(colors.line))
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(QColor(colors.muted))
            text = f"batch {theme.spaced(batch)}" if batch else f"epoch {theme.spaced(epoch)}"
            painter.drawText(QRectF(x - 50, area.bottom() + 3, 100, BOTTOM - 3), CENTER, text)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """The ways of convolution, the names of the lines, and what is under the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        if len(self.history.changes) > 1:
            self._paint_changes(painter)
        self._paint_names(painter)
        if self._pointer is not None and self.lit in self.drawn:
            dot = self._dot(self.lit, self._pointer.x())
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color(self.lit))
            painter.drawEllipse(dot, 3.5, 3.5)
            paint_plate(painter, self._pointer, self._words(dot.x()), QRectF(self.rect()))

    def _paint_changes(self, painter: QPainter) -> None:
        """A dashed line where the way of convolution changed, and its name."""
        colors, area = theme.tokens(), self.area()
        free = area.left()
        for step, way in self.history.changes:
            x = round(self.across.pixel(step - 0.5)) + 0.5
            if step > 1:
                painter.setPen(QPen(QColor(colors.muted), 1, Qt.PenStyle.DashLine))
                painter.drawLine(QPointF(x, area.top() - 18), QPointF(x, area.bottom()))
            width = QFontMetricsF(painter.font()).horizontalAdvance(way) + 10
            if x >= free - 1:
                painter.setPen(QColor(colors.muted))
                painter.drawText(QRectF(x + 5, area.top() - 20, width, 16), LEFT_MIDDLE, way)
                free = x + width

    def _paint_names(self, painter: QPainter) -> None:
        """Beside the ends of the lines, moved apart where they would cover each other."""
        area, line = self.area(), QColor(theme.tokens().line)
        labels = list(self.drawn)
        ends = [self._dot(label, area.right()) for label in labels]
        places = spread([end.y() for end in ends], NAME_PITCH, area.top() - 6, area.bottom() + 6)
        for label, end, y in zip(labels, ends, places, strict=True):
            if area.top() <= end.y() <= area.bottom():
                painter.setPen(QPen(line, 1))
                painter.drawLine(end + QPointF(3, 0), QPointF(area.right() + 6, y))
            painter.setPen(self._color(label))
            painter.drawText(QRectF(area.right() + 10, y - 8, RIGHT - 10, 16), LEFT_MIDDLE, label)

    def _words(self, x: float) -> str:
        """What is told about the line under the pointer at x."""
        batches, times = self.drawn[self.lit]
        index = self._nearest(batches, x)
        epoch, batch = divmod(max(round(float(batches[index])) - 1, 0), self.batches_per_epoch)
        place = f"epoch {theme.spaced(epoch + 1)}, batch {theme.spaced(batch + 1)}"
        return f"{self.lit} · {place} · {digits(float(times[index]))}{theme.THIN_SPACE}ms"
