"""The curves of an experiment over each other: loss on the left, test accuracy on the right."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from cnnviz.core import scales, thinning
from cnnviz.core.experiments import Outcome
from cnnviz.core.scales import Scale
from cnnviz.core.thinning import Smoother, Values
from cnnviz.ui import theme
from cnnviz.ui.widgets.labels import spread

COLORS = ("positive", "negative", "good", "text")
"""Names of theme.Tokens, one for each network of an experiment."""
LEFT, TOP, RIGHT, BOTTOM = 52, 32, 112, 24
"""Pixels around each of the two, for scales and names."""
WINDOW = 20
"""Batches of the smoothed loss, as in the main window."""
PITCH = 14
"""Pixels between two names, at least."""
LABEL_GAP = 70
RIGHT_MIDDLE = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT_MIDDLE = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
CENTER = Qt.AlignmentFlag.AlignCenter
LEAST_LOSS = 1e-6
EMPTY = "Run the experiment: the curves of all its networks will be drawn here."


class ExperimentPlot(QWidget):
    """`show_outcomes` draws how far everybody is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.outcomes: tuple[Outcome, ...] = ()
        self.lines: list[tuple[Values, Values]] = []
        """(batches, logarithms of the smoothed loss) of each."""
        self._smoothers: list[Smoother] = []
        self._steps, self._epochs = 1, 1
        self.setMinimumSize(480, 180)
        self.setAccessibleName("Loss and test accuracy of all networks")

    def show_outcomes(self, outcomes: Sequence[Outcome], steps: int, epochs: int) -> None:
        """How far all are on the way to `steps` batches in `epochs` epochs."""
        if not outcomes or len(outcomes) != len(self._smoothers):
            self._smoothers = [Smoother(WINDOW) for _ in outcomes]
        self.outcomes = tuple(outcomes)
        self._steps, self._epochs = max(steps, 1), max(epochs, 1)
        self.lines = []
        for outcome, smoother in zip(outcomes, self._smoothers, strict=True):
            smooth = smoother.smooth(thinning.without_gaps(outcome.losses))
            if not len(smooth):
                self.lines.append((np.empty(0), np.empty(0)))
                continue
            places, losses = thinning.bucket_means(smooth, 0, len(smooth), self.width() // 4)
            self.lines.append((places + 1, np.log10(np.maximum(losses, LEAST_LOSS))))
        self.update()

    # Where things lie.

    def _areas(self) -> tuple[QRectF, QRectF]:
        """The rectangles of the two plots."""
        half = self.width() / 2
        size = max(half - LEFT - RIGHT, 10), max(self.height() - TOP - BOTTOM, 10)
        return QRectF(LEFT, TOP, *size), QRectF(half + LEFT, TOP, *size)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both plots."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        left, right = self._areas()
        if any(len(y) for _, y in self.lines):
            self._paint_losses(painter, left)
            self._paint_accuracies(painter, right)
        else:
            painter.setFont(theme.font())
            painter.setPen(theme.color(theme.tokens().muted))
            painter.drawText(self.rect(), CENTER, EMPTY)
        painter.end()

    # The loss.

    def _paint_losses(self, painter: QPainter, area: QRectF) -> None:
        heights = np.concatenate([y for _, y in self.lines])
        low = np.floor(5 * heights.min() - 0.1) / 5
        high = max(np.ceil(5 * heights.max() + 0.1) / 5, low + 0.4)
        across = Scale(0, self._steps, area.left(), area.right())
        up = Scale(float(low), float(high), area.bottom(), area.top())
        _paint_title(painter, area, "Training loss, smoothed")
        for tick in scales.log_ticks(up.low, up.high, most=5):
            _paint_level(painter, area, up.pixel(float(np.log10(tick))), scales.short(tick))
        self._paint_epochs(painter, area, across)
        ends = []
        painter.setClipRect(area.adjusted(-2, -2, 2, 2))
        for place, (x, y) in enumerate(self.lines):
            points = [
                QPointF(*point)
                for point in zip(across.pixel(x).tolist(), up.pixel(y).tolist(), strict=True)
            ]
            painter.setPen(QPen(_color(place), 2))
            painter.drawPolyline(points)
            ends.append(points[-1] if points else None)
        painter.setClipping(False)
        titles = [outcome.contestant.title for outcome in self.outcomes]
        _paint_names(painter, area, ends, titles)

    # The accuracy.

    def _paint_accuracies(self, painter: QPainter, area: QRectF) -> None:
        tested = [_tested(outcome) for outcome in self.outcomes]
        every = np.concatenate([y for _, y in tested])
        _paint_title(painter, area, "Test accuracy after each epoch")
        floor = scales.accuracy_floor(every) if len(every) else 0.0
        across = Scale(0, self._steps, area.left(), area.right())
        up = Scale(floor, 1.0, area.bottom(), area.top())
        digits = 0 if floor < 0.9 else 1
        for tick in scales.linear_ticks(floor, 1.0, most=4):
            _paint_level(painter, area, up.pixel(tick), scales.percent(tick, digits))
        self._paint_epochs(painter, area, across)
        ends, texts = [], []
        for place, (x, y) in enumerate(tested):
            points = [
                QPointF(*point)
                for point in zip(across.pixel(x).tolist(), up.pixel(y).tolist(), strict=True)
            ]
            color = _color(place)
            painter.setPen(QPen(theme.blend(theme.tokens().background, color.name(), 0.5), 1))
            painter.drawPolyline(points)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            for point in points:
                painter.drawEllipse(point, 3.5, 3.5)
            ends.append(points[-1] if points else None)
            texts.append(scales.percent(float(y[-1]), 2) if points else "")
        _paint_names(painter, area, ends, texts)

    def _paint_epochs(self, painter: QPainter, area: QRectF, across: Scale) -> None:
        """Hairlines at the ends of epochs; as many names as there is room for."""
        per_epoch = self._steps / self._epochs
        stride = scales.round_stride(max(LABEL_GAP / (across.pixels_per_unit * per_epoch), 1))
        for epoch in range(stride, self._epochs + 1, stride):
            x = round(across.pixel(epoch * per_epoch)) + 0.5
            painter.setPen(theme.color(theme.tokens().line))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(theme.color(theme.tokens().muted))
            box = QRectF(x - 50, area.bottom() + 4, 100, BOTTOM - 4)
            painter.drawText(box, CENTER, f"epoch {epoch}")


def _tested(outcome: Outcome) -> tuple[Values, Values]:
    """(batches, accuracies) at the ends of epochs."""
    steps = np.array([epoch.step for epoch in outcome.epochs], float)
    return steps, np.array([epoch.test_accuracy for epoch in outcome.epochs], float)


def _color(place: int) -> QColor:
    return theme.color(getattr(theme.tokens(), COLORS[place]))


def _paint_title(painter: QPainter, area: QRectF, text: str) -> None:
    painter.setPen(theme.color(theme.tokens().muted))
    painter.drawText(QRectF(area.left(), 4, area.width() + RIGHT, 18), LEFT_MIDDLE, text)


def _paint_level(painter: QPainter, area: QRectF, y: float, text: str) -> None:
    colors, y = theme.tokens(), round(y) + 0.5
    painter.setPen(theme.color(colors.line))
    painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
    painter.setPen(theme.color(colors.muted))
    painter.drawText(QRectF(area.left() - LEFT, y - 9, LEFT - 8, 18), RIGHT_MIDDLE, text)


def _paint_names(
    painter: QPainter, area: QRectF, ends: Sequence[QPointF | None], texts: Sequence[str]
) -> None:
    """Beside the newest point of each, moved apart where they would cover each other."""
    found = [(place, end) for place, end in enumerate(ends) if end is not None]
    heights = spread([end.y() for _, end in found], PITCH, area.top(), area.bottom())
    for (place, end), y in zip(found, heights, strict=True):
        painter.setPen(_color(place))
        painter.drawText(QRectF(end.x() + 8, y - 9, RIGHT - 8, 18), LEFT_MIDDLE, texts[place])
