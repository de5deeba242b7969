"""The curves of several runs laid over each other: the picture, and what the mouse does to it.

What is shown is reckoned by `core.run_curves`, and lies in pixels here: pyqtgraph draws the curves,
and all that is text or a mark is painted around them.
"""

from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core import scales
from cnnviz.core.run_curves import Across, Overlay, RunCurve
from cnnviz.core.scales import Scale, percent, short
from cnnviz.ui import theme
from cnnviz.ui.widgets.labels import spread

LEFT, TOP, RIGHT, BOTTOM = 54, 10, 150, 24
"""Pixels around the curves, for their scales and names."""
LABEL_GAP = 90
DOT_GAP = 9
"""Pixels from one epoch to the next that leave room for a dot each."""
NAME_PITCH = 15
ROW = 17
"""Pixels: the height of a line in the box at the pointer."""
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter
ELIDED = Qt.TextElideMode.ElideMiddle
UNITS = ((3 * 3600.0, 3600.0, "h"), (180.0, 60.0, "min"), (0.0, 1.0, "s"))
"""Of time, from so many seconds on."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """A run as the picture knows it."""

    name: str
    token: str
    """Of its colour."""
    curve: RunCurve


class RunsPlot(pg.GraphicsView):  # type: ignore[misc]
    """One curve a run over batches, epochs or time; names at the right, values at the pointer."""

    following_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.overlay = Overlay()
        self.runs: list[Drawn] = []
        self.lit: int | None = None  # the run that stands out
        self.pointed: float | None = None  # x under the pointer
        self._pointer = QPointF()
        self._held: QPointF | None = None
        self._items: list[pg.PlotCurveItem] = []
        self._frame = pg.QtWidgets.QGraphicsRectItem()
        self._frame.setPen(Qt.PenStyle.NoPen)
        self._frame.setFlag(self._frame.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.addItem(self._frame)
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        self.setCacheMode(self.CacheModeFlag.CacheNone)
        self.setMinimumSize(420, 150)
        self.setAccessibleName("Curves of the ticked runs")
        for widget in (self, self.viewport()):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys are for the whole view
        self.draw()
        self.sigDeviceRangeChanged.connect(self.draw)  # another size

    def show_runs(self, runs: list[Drawn]) -> None:
        """Draws these, the later ones above the earlier."""
        self.runs = runs
        self.overlay.show([run.curve for run in runs])
        self.draw()

    def light(self, place: int | None) -> None:
        """Has one of the runs stand out."""
        self.lit = place
        self.recolour()

    @Slot()
    def draw(self) -> None:
        """Gives each curve what is shown of it."""
        area, shown = self.area(), self.overlay
        self.across = Scale(*shown.x_range, area.left(), area.right())
        density = self.across.pixels_per_unit
        self.up = Scale(*shown.y_range(density), area.bottom(), area.top())
        self._frame.setRect(area)
        while len(self._items) < len(self.runs):
            item = pg.PlotCurveItem(skipFiniteCheck=True, antialias=True)
            item.setSegmentedLineMode("on")  # ten times as fast as a path
            item.setParentItem(self._frame)
            self._items.append(item)
        for place, item in enumerate(self._items):
            item.setVisible(place < len(self.runs))
            if place < len(self.runs):
                x, y = shown.drawn(self.runs[place].curve, density)
                item.setData(self.across.pixel(x), self.up.pixel(y))
        self.recolour()
        self.following_changed.emit(shown.following)

    def recolour(self) -> None:
        """Gives each curve the colour of the theme; the one that stands out is bold."""
        for place, (run, item) in enumerate(zip(self.runs, self._items, strict=False)):
            pen = QPen(self._color(run), 2.6 if place == self.lit else 1.5)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)  # where two pieces meet
            item.setPen(pen)
            item.setZValue(1 if place == self.lit else 0)
        self.viewport().update()

    def _color(self, run: Drawn) -> QColor:
        return QColor(getattr(theme.tokens(), run.token))

    def area(self) -> QRectF:
        """The rectangle of the curves."""
        width, height = self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM
        return QRectF(LEFT, TOP, max(width, 1), max(height, 1))

    # What the user does.

    @Slot()
    def fit(self) -> None:
        """Shows all."""
        self.overlay.fit()
        self.draw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms x about the pointer; y fits what is shown."""
        at = event.position()
        self.overlay.zoom(0.85 ** (event.angleDelta().y() / 120), self.across.value(at.x()))
        self.draw()
        self._point_at(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes hold of the plot."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the plot with the hand; points at what lies there."""
        if self._held:
            way = self._held - event.position()
            self._held = event.position()
            self.overlay.move(way.x() / self.area().width())
            self.draw()
        self._point_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go."""
        self._held = None
        self.viewport().unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """All again."""
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        """Points at nothing."""
        self.pointed = None
        self.viewport().update()

    def _point_at(self, at: QPointF) -> None:
        inside = self.runs and self.area().contains(at)
        self.pointed = self.across.value(at.x()) if inside else None
        self._pointer = at
        self.viewport().update()

    # In words.

    def in_words(self, x: float) -> list[tuple[str, str]]:
        """The place, then (name, number) of each run that has one there, the best last."""
        found = [(run, self.overlay_at(run, x)) for run in self.runs]
        rows = [(run.name, self.number(point[1])) for run, point in found if point]
        return [(self._place(x, [point for _, point in found if point]), ""), *rows]

    def overlay_at(self, run: Drawn, x: float) -> tuple[float, float] | None:
        """(x, y) of what is known of a run nearest to x."""
        return run.curve.at(self.overlay.height, self.overlay.across, x)

    def number(self, value: float) -> str:
        """A loss or an accuracy for people."""
        return short(value) if self.overlay.height.is_loss else percent(value, 2)

    def _place(self, x: float, points: list[tuple[float, float]]) -> str:
        """Of the point nearest to the pointer."""
        x = min((point[0] for point in points), key=lambda each: abs(each - x), default=x)
        if self.overlay.across is Across.BATCHES:
            return f"batch {theme.spaced(round(x))}"
        if self.overlay.across is Across.EPOCHS:
            return f"epoch {f'{x:.2f}'.rstrip('0').rstrip('.')}"
        return _time(x, self.across.high)

    # How it is painted: the scales behind the curves, names and marks before them.

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """The ground, and hairlines and labels at round places."""
        colors, area = theme.tokens(), self.area()
        painter.fillRect(rect, QColor(colors.background))
        painter.setFont(theme.font(theme.SMALL))
        ticks = scales.log_ticks if self.overlay.is_logarithmic else scales.linear_ticks
        for value in ticks(self.up.low, self.up.high):
            height = float(self.overlay.heights(np.array([value]))[0])
            y = round(self.up.pixel(height)) + 0.5
            painter.setPen(QColor(colors.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(0, y - 10, LEFT - 10, 20), RIGHT_MIDDLE, self._tick(value))
        for x, text in self._places():
            pixel = round(self.across.pixel(x)) + 0.5
            painter.setPen(QColor(colors.line))
            painter.drawLine(QPointF(pixel, area.top()), QPointF(pixel, area.bottom()))
            painter.setPen(QColor(colors.muted))
            box = QRectF(pixel - 50, area.bottom() + 4, 100, BOTTOM - 4)
            painter.drawText(box, CENTER, text)

    def _tick(self, value: float) -> str:
        if self.overlay.height.is_loss:
            return short(value)
        return f"{100 * value:.6g}{theme.THIN_SPACE}%"

    def _places(self) -> list[tuple[float, str]]:
        """Round places along x and what stands below them."""
        low, high = self.across.low, self.across.high
        most = max(int(self.area().width() / LABEL_GAP), 2)
        if self.overlay.across is Across.SECONDS:
            _, size, unit = _unit(high)
            ticks = scales.linear_ticks(low / size, high / size, most)
            return [(tick * size, f"{tick:g} {unit}") for tick in ticks]
        ticks = scales.linear_ticks(low, high, most)
        if self.overlay.across is Across.BATCHES:
            whole = [tick for tick in ticks if abs(tick - round(tick)) < 1e-6]
            return [(tick, f"batch {theme.spaced(round(tick))}") for tick in whole]
        return [(tick, f"epoch {tick:g}") for tick in ticks]

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """Ends and names of the curves, and what is under the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        painter.setClipRect(self.area().adjusted(-5, -5, 5, 5))
        for run, item in zip(self.runs, self._items, strict=False):
            self._paint_dots(painter, run, item)
        painter.setClipping(False)
        self._paint_names(painter)
        if self.pointed is not None:
            self._paint_pointer(painter, self.pointed)

    def _paint_dots(self, painter: QPainter, run: Drawn, item: pg.PlotCurveItem) -> None:
        """On each epoch's end where there is room, and on the newest point always."""
        x, y = item.getData()
        if x is None or not len(x):
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._color(run))
        gap = (x[-1] - x[0]) / max(len(x) - 1, 1)
        if self.overlay.height.is_tested and gap >= DOT_GAP:
            for point in zip(x, y, strict=True):
                painter.drawEllipse(QPointF(*point), 2.6, 2.6)
        painter.drawEllipse(QPointF(x[-1], y[-1]), 3.4, 3.4)

    def _paint_names(self, painter: QPainter) -> None:
        """At the right, at the heights of the curves' ends, moved apart where they would meet."""
        area, colors = self.area(), theme.tokens()
        heights = [self._end(place) for place in range(len(self.runs))]
        places = spread(heights, NAME_PITCH, area.top() - 2, area.bottom() - 5)
        metrics = QFontMetricsF(painter.font())
        for place, (run, y) in enumerate(zip(self.runs, places, strict=True)):
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._color(run))
            painter.drawRoundedRect(QRectF(area.right() + 11, y - 4, 8, 8), 1.5, 1.5)
            strong = place == self.lit
            painter.setPen(QColor(colors.text if strong else colors.muted))
            text = metrics.elidedText(run.name, ELIDED, RIGHT - 32)
            painter.drawText(QRectF(area.right() + 25, y - 8, RIGHT - 25, 16), LEFT_MIDDLE, text)

    def _end(self, place: int) -> float:
        """The height at which a curve ends, or leaves the picture; below it if there is none."""
        area = self.area()
        x, y = self._items[place].getData()
        if x is None or not len(x):
            return area.bottom() + 1
        inside = np.flatnonzero((x <= area.right()) & (x >= area.left()))
        last = inside[-1] if len(inside) else len(x) - 1
        return min(max(float(y[last]), area.top()), area.bottom())

    def _paint_pointer(self, painter: QPainter, x: float) -> None:
        """A line, a dot on each curve, and a box that names the values."""
        area, colors = self.area(), theme.tokens()
        pixel = self.across.pixel(x)
        painter.setPen(QColor(colors.muted))
        painter.drawLine(QPointF(pixel, area.top()), QPointF(pixel, area.bottom()))
        marks = [""]
        for run in self.runs:
            if point := self.overlay_at(run, x):
                height = float(self.overlay.heights(np.array([point[1]]))[0])
                painter.setPen(QPen(QColor(colors.background), 1))
                painter.setBrush(self._color(run))
                at = QPointF(self.across.pixel(point[0]), self.up.pixel(height))
                if area.contains(at):
                    painter.drawEllipse(at, 4, 4)
                marks.append(run.token)
        self._paint_box(painter, self.in_words(x), marks, pixel)

    def _paint_box(
        self, painter: QPainter, rows: list[tuple[str, str]], marks: list[str], pixel: float
    ) -> None:
        colors, metrics = theme.tokens(), QFontMetricsF(painter.font())
        names = max(min(metrics.horizontalAdvance(name), 180.0) for name, _ in rows)
        numbers = max(metrics.horizontalAdvance(number) for _, number in rows)
        box = QRectF(0, 0, names + numbers + 54, ROW * len(rows) + 10)
        beside = pixel + 14 if pixel + 14 + box.width() < self.width() else pixel - 14 - box.width()
        top = min(self._pointer.y() - 8, self.height() - box.height() - 4)
        box.moveTopLeft(QPointF(max(beside, 2), max(top, 2)))
        painter.setPen(QColor(colors.line))
        painter.setBrush(QColor(colors.raised))
        painter.drawRoundedRect(box, 5, 5)
        for place, ((name, number), mark) in enumerate(zip(rows, marks, strict=True)):
            line = QRectF(box.left() + 10, box.top() + 5 + ROW * place, box.width() - 20, ROW)
            if mark:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(QColor(getattr(colors, mark)))
                square = QRectF(line.left(), line.center().y() - 4, 8, 8)
                painter.drawRoundedRect(square, 1.5, 1.5)
                line.setLeft(line.left() + 14)
            painter.setPen(QColor(colors.text if mark else colors.muted))
            painter.drawText(line, LEFT_MIDDLE, metrics.elidedText(name, ELIDED, 182))
            painter.drawText(line, RIGHT_MIDDLE, number)


def _unit(longest: float) -> tuple[float, float, str]:
    return next(unit for unit in UNITS if longest >= unit[0])


def _time(seconds: float, longest: float) -> str:
    _, size, unit = _unit(longest)
    return f"{seconds / size:.2f} {unit}"
