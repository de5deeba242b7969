"""How the chosen image was learned: its probabilities from epoch to epoch, drawn as lines.

The label's line is bold. A disc is where the image became right, a cross where it was forgotten.
"""

from html import escape

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from cnnviz.core.learning_history import ImageRecord
from cnnviz.core.scales import percent
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.examiner import Examiner, ImagePast
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.labels import spread

LEFT, TOP, BOTTOM = 44, 8, 20
MOST_NAME = 84
"""Pixels for the names of lines at their ends."""
NAMED = 0.03
"""A line whose last probability is less has no name."""
NOTABLE = 0.02
"""A class that was never given more has no line."""
WAITS = "How this image was learned is shown from the first epoch’s end on."
CENTER = Qt.AlignmentFlag.AlignCenter


class ImagePastView(QWidget):
    """A sentence and the lines; a click on an epoch looks at its end."""

    def __init__(self, examiner: Examiner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examiner, self._session = examiner, examiner.session
        self.words = QLabel()
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setWordWrap(True)
        self.lines = ImagePastLines(self._session)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.words)
        column.addWidget(self.lines, 1)

    @Slot()
    def refresh(self) -> None:
        """Tells all anew of the image that is chosen now."""
        session, history = self._session, self._examiner.history
        dataset, image = session.dataset, session.image_index
        if session.image and session.test_image is None:
            only = "Only images of the test set, as they are, have a past."
            self._show_none(f"Shown is {session.image.words}. {only}")
            return
        if dataset is None or history is None or session.label is None:
            self._show_none()
            return
        record, colors = history.image(image), theme.tokens()
        answer = self._examiner.answer
        number, name = f"No. {theme.spaced(image)}", dataset.class_names[session.label]
        parts = [f"{theme.strong(number)}, label {theme.strong(name)}"]
        if answer and np.isfinite(answer.evaluation.losses[image]):
            chosen = int(answer.evaluation.predictions[image])
            color = colors.good if chosen == session.label else colors.bad
            read = theme.strong(dataset.class_names[chosen])
            sure = escape(percent(float(answer.confidences[image])))
            parts.append(f'read as <span style="color:{color}">{read}</span> at {sure}')
        elif answer:
            parts.append("the network gave no number")
        if record.in_words:
            parts.append(record.in_words)
        self.words.setText(f" <span style='color:{colors.muted}'>·</span> ".join(parts))
        past = self._examiner.image_past
        past = past if past and past.image == image else None
        steps = [epoch.step for epoch in history.epochs]
        self.lines.show_past(record, steps, past, dataset.class_names, session.label)

    def _show_none(self, why: str = "") -> None:
        """No lines, and why there are none."""
        self.words.clear()
        self.lines.show_none(why)


class ImagePastLines(QWidget):
    """The picture; `epoch_at` is what a click would look at."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self.record: ImageRecord | None = None
        self._why_none = WAITS
        self._steps: list[int] = []
        self._past: ImagePast | None = None
        self._names: tuple[str, ...] = ()
        self._label = 0
        self.setMinimumHeight(92)
        self.setAccessibleName("Probabilities of the chosen image over the epochs")
        self.setToolTip(
            "The bold line is the label's: a disc where it became right, a cross where it was "
            "forgotten. Click to look at the end of that epoch."
        )

    def sizeHint(self) -> QSize:
        """Flat and wide."""
        return QSize(400, 120)

    def show_past(
        self,
        record: ImageRecord,
        steps: list[int],
        past: ImagePast | None,
        names: tuple[str, ...],
        label: int,
    ) -> None:
        """Another image, or more of its past; `steps` are those of the record's epochs."""
        self.record, self._steps, self._past = record, steps, past
        self._why_none = WAITS
        self._names, self._label = names, label
        self.setAccessibleDescription(record.in_words)
        self.update()

    def show_none(self, why: str = "") -> None:
        """Nothing is drawn; `why`, or that there is nothing yet."""
        self.record, self._past, self._steps, self._why_none = None, None, [], why or WAITS
        self.setAccessibleDescription(self._why_none)
        self.update()

    # Where things are.

    @property
    def _area(self) -> QRectF:
        metrics = QFontMetricsF(theme.font(theme.SMALL))
        widest = max((metrics.horizontalAdvance(name) for name in self._names), default=0)
        right = min(widest, MOST_NAME) + 14
        return QRectF(
            LEFT, TOP, max(self.width() - LEFT - right, 1), max(self.height() - TOP - BOTTOM, 1)
        )

    def _x(self, epoch: float) -> float:
        """Where the end of an epoch is; the first is at the left, the last at the right."""
        area, epochs = self._area, self.record.epochs if self.record else np.array([1])
        first, last = int(epochs[0]), int(epochs[-1])
        share = (epoch - first) / (last - first) if last > first else 1.0
        return area.x() + area.width() * share

    def _y(self, share: float) -> float:
        return self._area.bottom() - self._area.height() * share

    def epoch_at(self, x: float) -> int | None:
        """The place, in the record, of the epoch nearest to a point."""
        if self.record is None or not len(self.record.epochs):
            return None
        places = [self._x(int(epoch)) for epoch in self.record.epochs]
        return int(np.abs(np.array(places) - x).argmin())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Looks at the end of the epoch under the pointer."""
        place = self.epoch_at(event.position().x())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._session.past.look_at(self._steps[place])

    # Looks.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Scales, lines, marks; or why there are none."""
        painter, colors, area = QPainter(self), theme.tokens(), self._area
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        if self.record is None or not len(self.record.epochs):
            text = self._why_none
            painter.drawText(QRectF(self.rect()), CENTER | Qt.TextFlag.TextWordWrap, text)
            return
        self._paint_scales(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ends = []
        if self._past:
            numbers = np.array([epoch.epoch for epoch in self._past.epochs])
            values = np.nan_to_num(self._past.probabilities)
            for each in np.flatnonzero(values.max(axis=0) >= NOTABLE).tolist():
                if each != self._label:
                    color = theme.class_color(each)
                    self._paint_line(painter, numbers, values[:, each], color, 1.2)
                    if values[-1, each] >= NAMED:
                        ends.append((float(values[-1, each]), each))
        own = np.nan_to_num(self.record.probabilities)
        color = theme.class_color(self._label)
        self._paint_line(painter, self.record.epochs, own, color, 2.6)
        ends.append((float(own[-1]), self._label))
        self._paint_changes(painter, own)
        self._paint_names(painter, ends)
        if self._session.shown_step in self._steps:
            epoch = self.record.epochs[self._steps.index(self._session.shown_step)]
            x = self._x(int(epoch))
            painter.setPen(QPen(theme.color(colors.selected), 2))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        painter.end()

    def _paint_scales(self, painter: QPainter) -> None:
        colors, area = theme.tokens(), self._area
        for share in (0, 0.5, 1):
            y = round(self._y(share))
            painter.setPen(theme.color(colors.line))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(theme.color(colors.muted))
            box = QRectF(0, y - 8, LEFT - 8, 16)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, right, f"{100 * share:g}{theme.THIN_SPACE}%")
        assert self.record
        epochs = self.record.epochs.tolist()
        least = 60 * max(epochs[-1] - epochs[0], 1) / area.width()
        before = -np.inf
        for epoch in epochs:
            if epoch - before >= least:
                before = epoch
                left = min(self._x(epoch) - 40, self.width() - 66)
                box = QRectF(left, area.bottom() + 4, 80, 16)
                painter.drawText(box, CENTER, f"epoch {theme.spaced(epoch)}")

    def _paint_line(
        self,
        painter: QPainter,
        epochs: NDArray[np.int64],
        values: Array,
        color: QColor,
        width: float,
    ) -> None:
        pen = QPen(color, width)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        pairs = zip(epochs.tolist(), values.tolist(), strict=True)
        points = [QPointF(self._x(epoch), self._y(value)) for epoch, value in pairs]
        if len(points) > 1:
            painter.drawPolyline(QPolygonF(points))
        else:
            pen.setWidthF(3 * width)
            painter.setPen(pen)
            painter.drawPoints(QPolygonF(points))

    def _paint_changes(self, painter: QPainter, own: Array) -> None:
        """A disc where it became right, a cross where it was forgotten."""
        assert self.record
        colors, epochs = theme.tokens(), self.record.epochs.tolist()
        for change in self.record.changes:
            place = epochs.index(change.epoch)
            at = QPointF(self._x(change.epoch), self._y(float(own[place])))
            painter.setBrush(theme.color(colors.background))
            painter.setPen(QPen(theme.color(colors.good if change.right else colors.bad), 2))
            if change.right:
                painter.drawEllipse(at, 4, 4)
            else:
                painter.drawLine(at + QPointF(-4, -4), at + QPointF(4, 4))
                painter.drawLine(at + QPointF(-4, 4), at + QPointF(4, -4))
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_names(self, painter: QPainter, ends: list[tuple[float, int]]) -> None:
        """At the lines' ends, moved apart; the label's is bold by its colour."""
        area = self._area
        ends = sorted(ends, key=lambda end: (end[1] != self._label, -end[0]))[:6]
        wanted = [self._y(value) for value, _ in ends]
        heights = spread(wanted, 13, area.top(), area.bottom())
        metrics = painter.fontMetrics()
        for (_, number), y in zip(ends, heights, strict=True):
            painter.setPen(theme.class_color(number))
            elide = Qt.TextElideMode.ElideRight
            name = metrics.elidedText(self._names[number], elide, MOST_NAME)
            box = QRectF(area.right() + 9, y - 8, MOST_NAME + 4, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, name)
