"""Shows how training goes: the loss of every batch, smoothed, and the test set after each epoch.

`LossPlot` is the picture and what the mouse does to it; `LossView` puts a heading, a legend and
switches above it. What is shown is reckoned by `core.curves`, and lies in pixels here: pyqtgraph
draws the curves, and all that is text or a mark is painted around them.
"""

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QMarginsF, QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QShowEvent, QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedLayout, QToolButton, QVBoxLayout, QWidget

from cnnviz.core import curves
from cnnviz.core.curves import Scale, Values, percent, short
from cnnviz.core.timeline import Timeline
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.throttle import Throttle

LEFT, TOP, RIGHT, BOTTOM = 48, 8, 52, 22
"""Pixels around the curves, for their scales."""
LABEL_GAP = 80
"""Pixels from one label to the next, at least."""
DOT_GAP = 14
"""Pixels from one epoch to the next that leave room for the points of test losses too."""
CURVES_MS = 250
"""Between two drawings of the curves while they grow, which costs as much as all pictures."""
CATCH = 5
"""Pixels from which the pointer is drawn to the end of an epoch."""
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter


class LossPlot(pg.GraphicsView):  # type: ignore[misc]
    """The curves over the batches, and the values under the pointer."""

    following_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.timeline = Timeline()
        self.batches_per_epoch = 1
        self.curves = curves.LossCurves()
        self.pointed: int | None = None  # the batch under the pointer, from 1
        self._held: QPointF | None = None
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

    def show_history(self, timeline: Timeline, batches_per_epoch: int) -> None:
        """Draws what has happened so far."""
        self.timeline = timeline
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
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = event.position()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Moves the plot with the hand, up and down too if y was zoomed; points at a batch."""
        if self._held:
            way, area = self._held - event.position(), self._area()
            y = 0 if self.curves.following_y else -way.y() / area.height()
            self._held = event.position()
            self.curves.move(way.x() / area.width(), y)
            self.draw()
        self._point_at(event.position())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None
        self.viewport().unsetCursor()

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
            self.pointed = min(max(int(step), 1), len(self.timeline))
        self.viewport().update()

    def in_words(self, step: int | None) -> str:
        """What is known of a batch, from 1; nothing if there is none."""
        if not step or step > min(len(self.timeline), len(self.curves.smoothed)):
            return ""
        epoch, batch = divmod(step - 1, self.batches_per_epoch)
        parts = [
            f"epoch {epoch + 1}, batch {batch + 1}",
            f"loss {short(self.timeline.losses[step - 1])}",
            f"smoothed {short(self.curves.smoothed[step - 1])}",
            f"accuracy {percent(self.timeline.accuracies[step - 1], 1)}",
            f"rate {short(self.timeline.rates[step - 1])}",
        ]
        for _, loss, accuracy in self.curves.tests[self.curves.tests[:, 0] == step]:
            parts.append(f"test loss {short(loss)}, accuracy {percent(accuracy, 2)}")
        return " · ".join(part.replace(" ", "\u00a0") for part in parts)  # breaks between parts

    # How it is painted: the scales behind the curves, the marks before them.

    def drawBackground(self, painter: QPainter, rect: QRectF) -> None:
        """The ground, and hairlines and labels at round losses and at the ends of epochs."""
        colors, area = theme.tokens(), self._area()
        painter.fillRect(rect, QColor(colors.background))
        painter.setFont(theme.font(theme.SMALL))
        ticks = curves.log_ticks if self.curves.logarithmic else curves.linear_ticks
        for loss in ticks(self.up.low, self.up.high):
            y = round(self.up.pixel(self.curves.heights(loss)))
            painter.setPen(QColor(colors.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colors.muted))
            painter.drawText(QRectF(0, y - 10, LEFT - 10, 20), RIGHT_MIDDLE, short(loss))
        gap = LABEL_GAP / self.across.pixels_per_unit
        for step in curves.batch_ticks(self.curves.x_range, self.batches_per_epoch, gap):
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
        if len(self.curves.tested()):
            self._paint_tests(painter)
        if len(self.curves.smoothed):
            self._paint_newest(painter)
        if words := self.in_words(self.pointed):
            self._paint_pointer(painter, words)

    def _paint_tests(self, painter: QPainter) -> None:
        """Test losses, and accuracies on a scale of their own at the right."""
        colors, area = theme.tokens(), self._area()
        if self.across.pixels_per_unit * self.batches_per_epoch > DOT_GAP:
            x, y = self.test.getData()
            self._dots(painter, x, y, colors.negative, 2.5)
        ends, _, shares = self.curves.tested().T
        floor = curves.accuracy_floor(shares)
        scale = Scale(floor, 1, area.bottom() - 8, area.top() + 20)
        painter.setPen(QColor(colors.good))
        for share in (floor, (floor + 1) / 2, 1):
            box = QRectF(area.right() + 8, scale.pixel(share) - 10, RIGHT, 20)
            painter.drawText(box, LEFT_MIDDLE, f"{100 * share:g}{theme.THIN_SPACE}%")
        x, y = self.across.pixel(ends), scale.pixel(shares)
        chosen = curves.extremes(shares, 0, len(shares), int(area.width() / 12))
        self._dots(painter, x[chosen], y[chosen], colors.good, 2.5)
        gap, newest = LABEL_GAP / self.across.pixels_per_unit, self.curves.tests[-1, 0]
        for index in curves.round_epochs(ends, self.batches_per_epoch, gap, newest):
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


class LossView(QWidget):
    """Heading, legend, linear or log, fit; a sentence as long as there is nothing to show."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.setAccessibleName("Loss")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.plot = LossPlot()
        self.hint = _text("wheel zooms, drag moves, double click shows all", "small")
        self.hint.setWordWrap(True)  # and one line high: it loses whole words where it is narrow
        self.hint.setFixedHeight(16)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.legend = _text("", "small")
        self.legend.setToolTip(
            "Training: thin, the loss of each batch; bold, the mean over about "
            f"{curves.WINDOW} batches, exponentially weighted.\nTest: loss and, on the scale at "
            "the right, accuracy over the whole test set after each epoch."
        )
        self.fit = _switch("Fit", "Show all and follow training (F)", "F")
        self.log = _switch("Log", "Logarithmic scale of the loss (L)", "L")
        self.log.setCheckable(True)
        self.log.setChecked(True)
        self.empty = _text("Press Train: the loss of every batch will be drawn here.", "muted")
        self.empty.setAlignment(CENTER)
        self._lay_out()
        self._recolour()
        self.fit.clicked.connect(self.plot.fit)
        self.log.toggled.connect(self._change_scale)
        self.plot.following_changed.connect(self.fit.setHidden)
        self._calm = Throttle(self._refresh, CURVES_MS, self)
        session.history_changed.connect(self._follow)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(10)
        for widget in (_text("Loss", "heading"), self.hint, self.fit, self.legend, self.log):
            row.addWidget(widget)
        row.setStretchFactor(self.hint, 1)
        self.pages = QStackedLayout()
        self.pages.addWidget(self.empty)
        self.pages.addWidget(self.plot)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.addLayout(row)
        column.addLayout(self.pages, 1)

    @Slot()
    def _follow(self) -> None:
        """While training goes on, some times a second; what the user did, at once."""
        if self.session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _refresh(self) -> None:
        """Shows the session's history, if anybody looks."""
        if not self.isVisible():
            return
        timeline = self.session.timeline
        self.plot.show_history(timeline, self.session.status.batches_per_epoch)
        self.pages.setCurrentWidget(self.plot if len(timeline) else self.empty)
        self.setAccessibleDescription(self.plot.in_words(len(timeline)) or self.empty.text())

    @Slot(bool)
    def _change_scale(self, logarithmic: bool) -> None:
        self.plot.curves.set_logarithmic(logarithmic)
        self.plot.draw()

    def _recolour(self) -> None:
        colors = theme.tokens()
        marks = (
            (colors.positive, "—", "training"),
            (colors.negative, "●", "test loss"),
            (colors.good, "●", "test accuracy"),
        )
        mark = '<span style="color:{}"><b>{}</b></span>&nbsp;{}'
        self.legend.setText("&nbsp;&nbsp; ".join(mark.format(*parts) for parts in marks))
        self.plot.recolour()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._recolour()
        super().changeEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """+ and − zoom, arrows move, Home shows all."""
        key, shown = event.key(), self.plot.curves
        across = (key == Qt.Key.Key_Right) - (key == Qt.Key.Key_Left)
        up = (key == Qt.Key.Key_Up) - (key == Qt.Key.Key_Down)
        if across or up:
            shown.move(0.1 * across, 0.1 * up)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal, Qt.Key.Key_Minus):
            shown.zoom_x(1 / 0.7 if key == Qt.Key.Key_Minus else 0.7)
        elif key == Qt.Key.Key_Home:
            shown.fit()
        else:
            super().keyPressEvent(event)
        self.plot.draw()


def _mixed(ground: str, color: str, share: float) -> QColor:
    """What `color` looks like if `share` of it covers the ground."""
    low, high = (np.asarray(QColor(name).getRgb(), float) for name in (ground, color))
    return QColor(*np.round(low + share * (high - low)).astype(int).tolist())


def _text(text: str, kind: str) -> QLabel:
    label = QLabel(text)
    label.setProperty(kind, True)
    return label


def _switch(text: str, tip: str, key: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setShortcut(key)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setProperty("quiet", True)
    return button
