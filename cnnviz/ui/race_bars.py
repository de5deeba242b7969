"""Paints a race of the ways of convolution: a bar for each on one logarithmic axis of images/s.

On a plain axis the slow ways would not be seen at all: the fastest is a thousand times the slowest.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QEnterEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QVBoxLayout, QWidget

from cnnviz.core.race import Pace, Underway
from cnnviz.ui import theme

ROW_HEIGHT, AXIS_HEIGHT, BAR = 62, 42, 22
SIDE, GAP, DOT = 12, 18, 12
"""Pixels: left and right of everything, between columns, the mark of the way in use."""
FIRST_LINE, SECOND_LINE = -6, 13
"""Pixels from a row's middle to where its two lines of text stand."""
RIGHT = 150
"""Pixels for the numbers."""
LEAST_BARS = 130
USUAL = (0, 5)
"""The axis goes from 1 to 100 000 images/s, and on where a way is slower or faster."""

EXPLANATIONS = {
    "loop": "Python loops, one output value at a time",
    "correlate": "scipy.signal, a library for all signals",
    "im2col": "patches as columns, one matrix product",
}


@dataclass(frozen=True)
class Board:
    """All that the bars show."""

    paces: dict[str, Pace] = field(default_factory=dict)
    underway: Underway | None = None
    waiting: bool = False
    """Whether ways without a pace still get their turn."""
    in_use: str = ""
    stale: bool = False
    """Whether the paces are of another network or batch than the one of now."""

    @property
    def decades(self) -> tuple[int, int]:
        """The axis' ends as powers of ten."""
        logs = [math.log10(pace.images_per_second) for pace in self.paces.values()]
        low, high = min([USUAL[0], *logs]), max([USUAL[1], *logs])
        return math.floor(low), math.ceil(high)

    @property
    def slowest(self) -> Pace | None:
        """What the others are compared with, once there are two."""
        paces = self.paces.values()
        return min(paces, key=lambda pace: pace.images_per_second) if len(paces) > 1 else None

    def factor(self, way: str) -> str:
        """How many times as fast as the slowest; empty if there is nothing to compare."""
        pace, slowest = self.paces.get(way), self.slowest
        if pace is None or slowest is None:
            return ""
        if pace is slowest:
            return "the slowest"
        factor = three_digits(pace.images_per_second / slowest.images_per_second)
        return f"×{factor} faster than {slowest.way}"


def three_digits(number: float) -> str:
    """As exact as such a measurement is: 8.32, 54.6, 812, 10 200."""
    if number <= 0:
        return "0"
    decimals = 2 - int(f"{number:.2e}".partition("e")[2])
    rounded = round(number, decimals)
    return f"{rounded:.{decimals}f}" if decimals > 0 else theme.spaced(int(rounded))


class RaceBars(QWidget):
    """A row for each way, and the axis below them."""

    def __init__(self, ways: Iterable[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.board = Board()
        self.rows = {way: WayRow(way, self) for way in ways}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for row in self.rows.values():
            column.addWidget(row)
        self.axis = SpeedAxis(self)
        column.addWidget(self.axis)
        self.setAccessibleName("Images per second of each way of convolution")

    def show_board(self, board: Board) -> None:
        """Takes over what is to be shown."""
        self.board = board
        for row in self.rows.values():
            row.tell()
            row.update()
        self.axis.update()

    @property
    def left(self) -> float:
        """Where the axis begins: names and explanations, one as wide as another, end before."""
        small = QFontMetricsF(theme.font(theme.SMALL))
        words = [small.horizontalAdvance(EXPLANATIONS.get(way, "")) for way in self.rows]
        return math.ceil(SIDE + DOT + 10 + max(words, default=0) + GAP)

    @property
    def span(self) -> float:
        """How long the axis is in pixels."""
        return self.width() - self.left - GAP - RIGHT - SIDE

    def x_of(self, rate: float) -> float:
        """Where so many images/s are on the axis."""
        low, high = self.board.decades
        return self.left + self.span * (math.log10(rate) - low) / (high - low)

    def paint_grid(self, painter: QPainter, height: float) -> None:
        """A hairline at each power of ten."""
        low, high = self.board.decades
        painter.setPen(QPen(QColor(theme.tokens().line), 1))
        for decade in range(low, high + 1):
            x = round(self.x_of(10.0**decade)) + 0.5
            painter.drawLine(QPointF(x, 0), QPointF(x, height))

    def minimumSizeHint(self) -> QSize:
        """Room for words, a short axis and numbers."""
        height = len(self.rows) * ROW_HEIGHT + AXIS_HEIGHT
        return QSize(math.ceil(self.left + LEAST_BARS + GAP + RIGHT + SIDE), height)


class WayRow(QAbstractButton):
    """One way: its name, its bar, its numbers. Pressing it asks for this way to be used."""

    def __init__(self, way: str, bars: RaceBars) -> None:
        super().__init__(bars)
        self.way = way
        self._bars = bars
        self.setCheckable(True)
        self.setFixedHeight(ROW_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.tell()

    def tell(self) -> None:
        """Marks the way in use and says in words what is painted."""
        board = self._bars.board
        self.setChecked(board.in_use == self.way)
        words = [self.way, EXPLANATIONS.get(self.way, ""), *self._numbers()]
        words.append("out of date" if board.stale and self.way in board.paces else "")
        words.append("in use" if self.isChecked() else "")
        self.setAccessibleName(", ".join(filter(None, words)))
        tip = "Training uses this way" if self.isChecked() else f"Train with {self.way} from now on"
        self.setToolTip(tip)

    def nextCheckState(self) -> None:
        """Whoever hears of the click changes the way, and then this is marked."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses, as Space does."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(self._bars.minimumSizeHint().width(), ROW_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Ground, grid, frame, mark and words, bar, numbers."""
        colors, painter = theme.tokens(), QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 1.5, -0.5, -1.5)
        if self.underMouse() or self.hasFocus():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.raised))
            painter.drawRoundedRect(frame, 7, 7)
        self._bars.paint_grid(painter, self.height())
        if self.hasFocus():
            painter.setPen(QPen(QColor(colors.selected), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(frame, 7, 7)
        self._paint_name(painter)
        self._paint_bar(painter)
        self._paint_numbers(painter)

    def _paint_name(self, painter: QPainter) -> None:
        colors = theme.tokens()
        left, middle = SIDE + DOT + 10.0, self.height() / 2
        mark = QRectF(SIDE, middle - 17, DOT, DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(colors.selected if self.isChecked() else colors.muted), 1.5))
        painter.drawEllipse(mark.adjusted(0.75, 0.75, -0.75, -0.75))
        painter.setFont(theme.font(theme.FONT_SIZE, QFont.Weight.DemiBold))
        advance = painter.fontMetrics().horizontalAdvance(self.way)
        painter.setPen(QColor(colors.text))
        painter.drawText(QPointF(left, middle + FIRST_LINE), self.way)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(QColor(colors.muted))
        painter.drawText(QPointF(left, middle + SECOND_LINE), EXPLANATIONS.get(self.way, ""))
        if self.isChecked():
            painter.setPen(QColor(colors.selected))
            painter.drawText(QPointF(left + advance + 8, middle + FIRST_LINE), "in use")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.selected))
            painter.drawEllipse(mark.adjusted(3, 3, -3, -3))

    def _paint_bar(self, painter: QPainter) -> None:
        board, bars, colors = self._bars.board, self._bars, theme.tokens()
        top = (self.height() - BAR) / 2
        track = QRectF(bars.left, top, bars.span, BAR)
        painter.setPen(Qt.PenStyle.NoPen)
        if pace := board.paces.get(self.way):
            painter.setBrush(theme.color(colors.muted if board.stale else colors.positive))
            track.setRight(max(bars.x_of(pace.images_per_second), bars.left + 2))
            painter.drawRoundedRect(track, 3, 3)
        elif board.underway and board.underway.way == self.way:
            line = QRectF(bars.left, self.height() / 2 - 2, bars.span, 4)
            painter.setBrush(QColor(colors.line))
            painter.drawRoundedRect(line, 2, 2)
            line.setWidth(bars.span * board.underway.share)
            painter.setBrush(QColor(colors.muted))
            painter.drawRoundedRect(line, 2, 2)

    def _paint_numbers(self, painter: QPainter) -> None:
        colors, stale = theme.tokens(), self._bars.board.stale
        measured = self.way in self._bars.board.paces
        weight = QFont.Weight.DemiBold if measured else QFont.Weight.Normal
        ink = colors.text if measured and not stale else colors.muted
        lines = (
            (theme.font(theme.FONT_SIZE, weight), ink, FIRST_LINE),
            (theme.font(theme.SMALL), colors.muted, SECOND_LINE),
        )
        for text, (font, color, baseline) in zip(self._numbers(), lines, strict=True):
            painter.setFont(font)
            painter.setPen(QColor(color))
            x = self.width() - SIDE - QFontMetricsF(font).horizontalAdvance(text)
            painter.drawText(QPointF(x, self.height() / 2 + baseline), text)

    def _numbers(self) -> tuple[str, str]:
        """The two lines on the right."""
        board = self._bars.board
        if pace := board.paces.get(self.way):
            return f"{three_digits(pace.images_per_second)} images/s", board.factor(self.way)
        if board.underway and board.underway.way == self.way:
            done, seconds = board.underway.images, board.underway.seconds
            if not seconds:
                return "warms up", ""
            images = f"{theme.spaced(done)} images" if done else "the first images"
            return f"{seconds:.1f}{theme.THIN_SPACE}s", images
        return ("waits", "") if board.waiting else ("", "")


class SpeedAxis(QWidget):
    """The powers of ten, and what they are."""

    def __init__(self, bars: RaceBars) -> None:
        super().__init__(bars)
        self._bars = bars
        self.setFixedHeight(AXIS_HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Numbers under their hairlines; every second one where they would touch."""
        bars, painter = self._bars, QPainter(self)
        bars.paint_grid(painter, 5)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(QColor(theme.tokens().muted))
        low, high = bars.board.decades
        apart = bars.span / (high - low)
        widest = painter.fontMetrics().horizontalAdvance(_power(high)) + 8
        top = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
        for decade in range(low, high + 1, 1 if apart > widest else 2):
            box = QRectF(bars.x_of(10.0**decade) - 40, 7, 80, 16)
            painter.drawText(box, top, _power(decade))
        caption = "images/s, logarithmic: ten times as many from line to line"
        width = painter.fontMetrics().horizontalAdvance(caption) + 2
        box = QRectF(bars.left + (bars.span - width) / 2, 24, width, 16)
        painter.drawText(box, top, caption)


def _power(decade: int) -> str:
    return theme.spaced(10**decade) if decade >= 0 else f"{10.0**decade:.{-decade}f}"
