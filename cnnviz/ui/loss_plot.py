"""The loss curves over the batches: the picture, and what the mouse does to it.

What is shown is reckoned by `core.curves`, and lies in pixels here: pyqtgraph draws the curves, and
all that is text or a mark is painted around them. The yellow line is the moment that all views look
at; dragging it takes them through the past.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QMarginsF, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen, QWheelEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core import curves, scales, thinning
from cnnviz.core.events import Event
from cnnviz.core.scales import Scale, percent, short
from cnnviz.core.thinning import Values
from cnnviz.core.timeline import Timeline
from cnnviz.ui import event_marks, theme
from cnnviz.ui.event_marks import Mark
from cnnviz.ui.widgets.throttle import Throttle

LEFT, TOP, RIGHT, BOTTOM = 48, 8, 52, 22
"""Pixels around the curves, for their scales."""
LABEL_GAP = 80
"""Pixels from one label to the next, at least."""
DOT_GAP = 14
"""Pixels from one epoch to the next that leave room for the points of test losses too."""
CATCH = 5
"""Pixels from which the pointer is drawn to the end of an epoch."""
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CLICK, GRIP = 3, 6
"""Pixels that the pointer may move in a click, and from which it takes the line of the moment."""
CENTER = Qt.AlignmentFlag.AlignCenter
DRAG_MS = 33
"""Between two moments that all views are taken to while the line is dragged, at least."""


class LossPlot(pg.GraphicsView):  # type: ignore[misc]
    """The curves over the batches, and the values under the pointer."""

    following_changed = Signal(bool)
    moment_wanted = Signal(object)
    """A batch that all views are to look at, or None for the newest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.timeline = Timeline()
        self.batches_per_epoch = 1
        self.curves = curves.LossCurves()
        self.pointed: int | None = None  # the batch under the pointer, from 1
        self.moment: int | None = None  # the batch that is looked at, None for the newest
        self.events: list[Event] = []
        self.marks: list[Mark] = []
        self._held: QPointF | None = None
        self._pressed: QPointF | None = None
        self._scrubbing = False
        self._drag_to = QPointF()
        self.frame_ms: Callable[[], int] = _no_rest
        """How long a picture has to rest now; whoever owns the plot knows."""
        self._dragging = Throttle(self._follow_drag, DRAG_MS, self)
        self._scales: tuple[Scale, Scale, int, bool] | None = None
        self.raw = pg.PlotCurveItem(skipFiniteCheck=True)
        self.test = pg.PlotCurveItem(skipFiniteCheck=True, antialias=True)
        self.smoothed = pg.PlotCurveItem(skipFiniteCheck=True, antialias=True)
        self._frame = pg.QtWidgets.QGraphicsRectItem()
        self._frame.setPen(Qt.PenStyle.NoPen)
        self._frame.setFlag(self._frame.GraphicsItemFlag.ItemClipsChildrenToShape)
        self.addItem(self._frame)
        for curve in (self.raw, self.test, self.smoothed):
            curve.setSegmentedLineMode("on")  # ten times as fast for a thick one
            curve.setParentItem(self._frame)
        self.setViewportUpdateMode(self.ViewportUpdateMode.FullViewportUpdate)
        for widget in (self, self.viewport()):
            widget.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys are for the whole view
        self.recolour()
        self.draw()
        self.sigDeviceRangeChanged.connect(self.draw)  # another size

    def recolour(self) -> None:
        """Takes over the colours of the theme; opaque ones, which are painted much faster."""
        colors = theme.tokens()
        self.raw.setPen(QPen(_mixed(colors.background, colors.positive, 0.38), 1))
        self.test.setPen(QPen(_mixed(colors.background, colors.negative, 0.7), 1))
        self.smoothed.setPen(QPen(QColor(colors.positive), 2))
        self.resetCachedContent()

    def show_history(
        self, timeline: Timeline, batches_per_epoch: int, events: Sequence[Event] = ()
    ) -> None:
        """Draws what has happened so far."""
        self.timeline = timeline
        self.events = list(events)
        self.batches_per_epoch = batches_per_epoch
        self.curves.update(timeline)
        self.draw()

    @Slot()
    def draw(self) -> None:
        """Gives each curve what is shown of it."""
        shown, area = self.curves, self._area()
        self.across = Scale(*shown.x_range, area.left(), area.right())
        self.up = Scale(*shown.y_range, area.bottom(), area.top())
        scales = (self.across, self.up, self.batches_per_epoch, shown.logarithmic)
        if scales != self._scales:
            self._scales = scales
            self.resetCachedContent()  # else Qt keeps what drawBackground painted
        self._frame.setRect(area)
        for curve, (x, y) in (
            (self.raw, shown.raw_curve(int(area.width()))),
            (self.smoothed, shown.smoothed_curve(int(area.width() / 2))),
            (self.test, shown.test_curve(int(area.width() / 12))),
        ):
            curve.setData(self.across.pixel(x), self.up.pixel(y))
        self.marks = event_marks.marks(self.events, self.across)
        self.viewport().update()
        self.following_changed.emit(shown.following)

    def _area(self) -> QRectF:
        """The rectangle of the curves."""
        width, height = self.width() - LEFT - RIGHT, self.height() - TOP - BOTTOM
        return QRectF(LEFT, TOP, max(width, 1), max(height, 1))

    # What the user does.

    @Slot()
    def fit(self) -> None:
        """Follows training again."""
        self.curves.fit()
        self.draw()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zooms about the pointer: x, with Ctrl y."""
        factor, at = 0.85 ** (event.angleDelta().y() / 120), event.position()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.curves.zoom_y(factor, self.up.value(at.y()))
        else:
            self.curves.zoom_x(factor, self.across.value(at.x()))
        self.draw()
        self._point_at(at)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes hold of the line of the moment, or of the plot."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position()
            self._scrubbing = self._on_line(event.position())
            if not self._scrubbing:
                self._held = event.position()
                self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the plot with the hand, up and down too if y was zoomed; points at a batch."""
        if self._scrubbing:
            self._drag_to = event.position()
            self._dragging.set_interval(max(DRAG_MS, self.frame_ms()))
            self._dragging.ask()
            self.pointed = None  # the plate says where; painting anew at each move would cost much
            return
        if self._held:
            way, area = self._held - event.position(), self._area()
            y = 0 if self.curves.following_y else -way.y() / area.height()
            self._held = event.position()
            self.curves.move(way.x() / area.width(), y)
            self.draw()
        self._point_at(event.position())
        if not event.buttons():
            on_line = self._on_line(event.position())
            shape = Qt.CursorShape.SplitHCursor if on_line else Qt.CursorShape.ArrowCursor
            self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Lets go; a click that moved nothing goes to the batch under it."""
        pressed, moved = self._pressed, not self._scrubbing
        if pressed and event.button() == Qt.MouseButton.LeftButton and moved:
            way = event.position() - pressed
            if way.manhattanLength() <= CLICK and self._area().contains(event.position()):
                self._want(event.position())
        elif self._scrubbing and event.position() != pressed:
            self._drag_to = event.position()
            self._dragging.act()
        self._held = self._pressed = None
        self._scrubbing = False
        self.viewport().unsetCursor()

    def _follow_drag(self) -> None:
        self._want(self._drag_to)

    def _want(self, position: QPointF) -> None:
        """The batch under the pointer, or the newest at its end."""
        step = max(round(self.across.value(position.x())), 0)
        self.moment_wanted.emit(step if step < len(self.timeline) else None)

    def _on_line(self, position: QPointF) -> bool:
        """Whether the line of the moment can be taken here; live, it is the newest batch's."""
        step = len(self.timeline) if self.moment is None else self.moment
        near = abs(self.across.pixel(step) - position.x()) <= GRIP
        return bool(near and len(self.timeline))

    def show_moment(self, moment: int | None) -> None:
        """Another batch is looked at."""
        self.moment = moment
        self.viewport().update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed = None
        self.viewport().update()

    def _point_at(self, position: QPointF) -> None:
        """The batch nearest to the pointer, or the end of an epoch if one is near."""
        self.pointed = None
        if len(self.timeline) and self._area().contains(position):
            step = self.across.value(position.x())
            ends = self.curves.tested()[:, 0]
            near = np.abs(ends - step) * self.across.pixels_per_unit <= CATCH
            step = ends[near][-1] if near.any() else round(step)
            if mark := event_marks.near(self.marks, position.x()):
                step = mark.events[0].step
            self.pointed = min(max(int(step), 1), len(self.timeline))
        self.viewport().update()

    def in_words(self, step: int | None) -> str:
        """What is known of a batch, from 1; nothing if there is none."""
        if not step or step > min(len(self.timeline), len(self.curves.smoothed)):
            return ""
        parts = [
            self.name_of(step),
            f"loss {short(self.timeline.losses[step - 1])}",
            f"smoothed {short(self.curves.smoothed[step - 1])}",
            f"accuracy {percent(self.timeline.accuracies[step - 1], 1)}",
            f"rate {short(self.timeline.rates[step - 1])}",
        ]
        for _, loss, accuracy in self.curves.tests[self.curves.tests[:, 0] == step]:
            parts.append(f"test loss {short(loss)}, accuracy {percent(accuracy, 2)}")
        mark = event_marks.near(self.marks, self.across.pixel(float(step)))
        happened = mark.events if mark else ()
        parts += [f"after batch {theme.spaced(event.step)}: {event.text}" for event in happened]
        return " · ".join(part.replace(" ", "\u00a0") for part in parts)  # breaks between parts

    # How it is painted: the scales behind the curves, the marks before them.

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """The ground, and hairlines and labels at round losses and at the ends of epochs."""
        colors, area = theme.tokens(), self._area()
        painter.fillRect(rect, QColor(colors.background))
        painter.setFont(theme.font(theme.SMALL))
        ticks = scales.log_ticks if self.curves.logarithmic else scales.linear_ticks
        for loss in ticks(self.up.low, self.up.high):
            y = round(self.up.pixel(self.curves.heights(loss)))
            painter.setPen(QColor(colors.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(0, y - 10, LEFT - 10, 20), RIGHT_MIDDLE, short(loss))
        gap = LABEL_GAP / self.across.pixels_per_unit
        for step in scales.batch_ticks(self.curves.x_range, self.batches_per_epoch, gap):
            x = round(self.across.pixel(step))
            epoch, batch = divmod(step, self.batches_per_epoch)
            painter.setPen(QColor(colors.line))
            if batch == 0:
                painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(QColor(colors.muted))
            text = f"batch {theme.spaced(batch)}" if batch else f"epoch {theme.spaced(epoch)}"
            painter.drawText(QRectF(x - 50, area.bottom() + 3, 100, BOTTOM - 3), CENTER, text)

    def drawForeground(self, painter: QPainter, rect: QRectF) -> None:
        """The test set's points, the newest batch, and what is under the pointer."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        event_marks.paint(painter, self.marks, self._area())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if len(self.curves.tested()):
            self._paint_tests(painter)
        if len(self.curves.smoothed):
            self._paint_newest(painter)
        if self.moment is not None:
            self._paint_moment(painter, self.moment)
        if words := self.in_words(self.pointed):
            self._paint_pointer(painter, words)

    def _paint_tests(self, painter: QPainter) -> None:
        """Test losses, and accuracies on a scale of their own at the right."""
        colors, area = theme.tokens(), self._area()
        if self.across.pixels_per_unit * self.batches_per_epoch > DOT_GAP:
            x, y = self.test.getData()
            self._dots(painter, x, y, colors.negative, 2.5)
        ends, _, shares = self.curves.tested().T
        floor = scales.accuracy_floor(shares)
        scale = Scale(floor, 1, area.bottom() - 8, area.top() + 20)
        painter.setPen(QColor(colors.good))
        for share in (floor, (floor + 1) / 2, 1):
            box = QRectF(area.right() + 8, scale.pixel(share) - 10, RIGHT, 20)
            painter.drawText(box, LEFT_MIDDLE, f"{100 * share:g}{theme.THIN_SPACE}%")
        x, y = self.across.pixel(ends), scale.pixel(shares)
        chosen = thinning.extremes(shares, 0, len(shares), int(area.width() / 12))
        self._dots(painter, x[chosen], y[chosen], colors.good, 2.5)
        gap, newest = LABEL_GAP / self.across.pixels_per_unit, self.curves.tests[-1, 0]
        for index in scales.round_epochs(ends, self.batches_per_epoch, gap, newest):
            top = y[np.abs(x - x[index]) < LABEL_GAP / 2].min()
            self._paint_label(painter, QPointF(x[index], top), percent(shares[index], 2))

    def _dots(self, painter: QPainter, x: Values, y: Values, color: str, radius: float) -> None:
        pen = QPen(QColor(color), 2 * radius)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        points = [QPointF(*point) for point in zip(x, y, strict=True)]
        painter.drawPoints([point for point in points if self._area().contains(point)])

    def _paint_label(self, painter: QPainter, at: QPointF, text: str) -> None:
        """Text above a point, on a ground that keeps curves away from it."""
        colors, area = theme.tokens(), self._area()
        width = painter.fontMetrics().horizontalAdvance(text) + 6
        left = min(at.x() - width / 2, area.right() - width)
        box = QRectF(left, max(at.y() - 20, area.top()), width, 15)
        painter.fillRect(box, theme.color(colors.background, 0.75))
        painter.setPen(QColor(colors.good))
        painter.drawText(box, CENTER, text)

    def _paint_newest(self, painter: QPainter) -> None:
        """A dot at the end of the curve and the word for it, at the right edge if that is near."""
        area, color, ground = self._area(), theme.tokens().positive, theme.tokens().background
        x = self.across.pixel(len(self.curves.smoothed))
        y = self.up.pixel(self.curves.heights(self.curves.smoothed[-1]))
        self._dots(painter, np.array([x]), np.array([y]), color, 4)
        x, y = (x + 10, y) if x + 40 < area.right() else (area.right() - 30, y - 14)
        y = min(max(y, area.top() + 8), area.bottom() - 8)
        painter.fillRect(QRectF(x - 2, y - 7, 34, 15), theme.color(ground, 0.75))
        painter.setPen(QColor(color))
        painter.drawText(QRectF(x, y - 10, 40, 20), LEFT_MIDDLE, "live")
        painter.setBrush(QColor(color))
        tip = QPointF(x + 29, y + 0.5)
        painter.drawPolygon([tip, tip + QPointF(-4, -3), tip + QPointF(-4, 3)])

    def _paint_moment(self, painter: QPainter, moment: int) -> None:
        """The yellow line, and a plate on it that says which batch all views look at."""
        area, colors = self._area(), theme.tokens()
        x = min(max(self.across.pixel(moment), area.left()), area.right())
        painter.setPen(QPen(QColor(colors.selected), 2))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        text = f"looking at {self.name_of(moment)}"
        width = painter.fontMetrics().horizontalAdvance(text) + 14
        left = min(max(x - width / 2, area.left()), area.right() - width)
        above = 20 if self.marks else 0  # that the plate does not hide
        plate = QRectF(left, area.bottom() - 20 - above, width, 18)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colors.selected))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(colors.on_accent))
        painter.drawText(plate, CENTER, text)

    def name_of(self, step: int) -> str:
        """A number of batches for people: epoch 2, batch 172."""
        if step == 0:
            return "the beginning"
        epoch, batch = divmod(step - 1, self.batches_per_epoch)
        return f"epoch {epoch + 1}, batch {batch + 1}"

    def _paint_pointer(self, painter: QPainter, words: str) -> None:
        """A line at the batch, a dot on the smoothed curve, and the values in a box at the top."""
        area, colors, step = self._area(), theme.tokens(), self.pointed or 1
        x = self.across.pixel(step)
        y = self.up.pixel(self.curves.heights(self.curves.smoothed[step - 1]))
        painter.setPen(QColor(colors.muted))
        painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._dots(painter, np.array([x]), np.array([y]), colors.positive, 3)
        flags = CENTER | Qt.TextFlag.TextWordWrap
        room = QRectF(0, 0, max(area.width() - 20, 1), area.height())
        box = painter.boundingRect(room, flags, words).marginsAdded(QMarginsF(8, 4, 8, 4))
        box.moveTop(area.top())
        box.moveLeft(min(max(x - box.width() / 2, area.left()), area.right() - box.width()))
        painter.setPen(QColor(colors.line))
        painter.setBrush(QColor(colors.raised))
        painter.drawRoundedRect(box, 5, 5)
        painter.setPen(QColor(colors.text))
        painter.drawText(box, flags, words)


def _no_rest() -> int:
    return 0


def _mixed(ground: str, color: str, share: float) -> QColor:
    """What `color` looks like if `share` of it covers the ground."""
    low, high = (np.asarray(QColor(name).getRgb(), float) for name in (ground, color))
    return QColor(*np.round(low + share * (high - low)).astype(int).tolist())
