"""The last column of the network view: a row a class, with its name, a bar and its probability.

Bars follow the network as fast as maps do, but only those that move are painted. Words are taken
when they are told: they change at the pace of reading. Where two sides are compared, each bar has
two halves, the left side's above that of now, and numbers stand in the order of the sides.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QRegion

from cnnviz.core.scales import percent
from cnnviz.core.workspace import Array
from cnnviz.ui import theme

LEAST_NAME, GREATEST_NAME = 44, 96
"""Class names wider than the second are cut off, where there is little room than the first."""
LEAST_BAR, LEAST_BAR_WITH_MARK = 58, 84
"""Length of a probability's bar with room below for its number, and for “label ✓” besides."""
NAME_GAP = 10
"""Between a class's name and its bar."""
MARK_GAP = 6
"""Between the number and the mark of the label, at least."""
CHECK = 16
"""Room for “✓” and a gap before it."""
UNIT = f"{theme.THIN_SPACE}%"
TWO_LINES = 27
"""Height of a class's row from which on its number stands below its bar, not beside it."""
NUMBER = 46
"""Room for a number beside its bar."""
LEAST_TEXT = 11
"""Height of a class's row from which on texts do not run into each other."""
LEAST_MOVE = 0.1
"""Pixels by which the end of a bar has to move to be painted anew."""
BOLD = QFont.Weight.DemiBold
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class Words:
    """What stands beside a bar."""

    name: str
    number: str
    chosen: bool
    """Whether the network takes the image for this class."""
    is_label: bool


class ClassRows:
    """The rows of one network for one set of class names."""

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self._rows: list[QRectF] = []
        self._bars: list[QRectF] = []
        self._names_width = 0.0
        self._shares: list[float] = []
        self._left: Array = np.empty(0, np.float32)
        """Of the side to compare with; none where there is none."""
        self._words: list[Words] = []

    def place(self, rows: list[QRectF], names: Sequence[str]) -> None:
        """Takes over where the rows are, and what the classes are called."""
        self._rows, self._names = rows, names
        room = rows[0].width() - NAME_GAP - LEAST_BAR if rows else 0
        self._names_width = min(names_width(names), room)
        self._bars = [_bar_in(row, self._names_width) for row in rows]
        self._shares, self._words = [math.nan] * len(rows), []
        self._left = self._left[:0]

    @property
    def area(self) -> QRect:
        """All rows, and what stands out of low ones."""
        return _around(self._rows[0].united(self._rows[-1])) if self._rows else QRect()

    def show(self, probabilities: Array, left: Array | None = None) -> QRegion:
        """Takes over new probabilities, and those to compare with; where the bars they move are."""
        region, shares = QRegion(), probabilities.tolist()
        compared = self._left[:0] if left is None else left
        if not np.array_equal(compared, self._left, equal_nan=True):
            self._left, region = compared.copy(), QRegion(self.area)
        for index, (bar, share) in enumerate(zip(self._bars, shares, strict=True)):
            if _moves(self._shares[index], share, bar.width()):
                self._shares[index] = share
                region |= bar.toAlignedRect()
        return region

    def tell(self, probabilities: Array, label: int | None, left: Array | None = None) -> None:
        """Takes over what is said of the probabilities; the greatest is bold, the label marked."""
        best = int(np.nan_to_num(probabilities).argmax())
        numbers = [_per_cent(share) for share in probabilities.tolist()]
        if left is not None:
            numbers = self._side_by_side([_per_cent(share) for share in left.tolist()], numbers)
        self._words = [
            Words(name, number, index == best, index == label)
            for index, (name, number) in enumerate(zip(self._names, numbers, strict=False))
        ]

    def _side_by_side(self, left: list[str], now: list[str]) -> list[str]:
        """Both numbers of each class where all have room, else those of now."""
        both = [f"{one.rstrip(UNIT)} · {other}" for one, other in zip(left, now, strict=True)]
        metrics = QFontMetricsF(theme.font(theme.SMALL))
        widest = max(map(metrics.horizontalAdvance, both), default=0.0) + CHECK
        roomy = all(row.height() >= TWO_LINES for row in self._rows)
        return both if roomy and widest <= self._bars[0].width() else now

    # Painting.

    def paint(self, painter: QPainter, region: QRegion) -> None:
        """The bars and the rows of words that touch `region`."""
        if not region.intersects(self.area):
            return
        bars = [index for index, bar in enumerate(self._bars) if region.intersects(_whole(bar))]
        self._paint_bars(painter, bars)
        for row, bar, words in zip(self._rows, self._bars, self._words, strict=False):
            if row.height() < LEAST_TEXT and not words.chosen:
                continue
            if not (region & _around(row)).subtracted(_whole(bar)).isEmpty():
                self._paint_words(painter, row, bar, words)

    def _paint_bars(self, painter: QPainter, bars: list[int]) -> None:
        colors = theme.tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(colors.line))
        for index in bars:
            painter.drawRoundedRect(self._bars[index], 3, 3)
        for index in bars:
            bar = self._bars[index]
            if len(self._left):
                lower = QRectF(bar.x(), bar.center().y(), bar.width(), bar.height() / 2)
                upper = lower.translated(0, -lower.height())
                _fill(painter, upper, float(self._left[index]), colors.muted)
                _fill(painter, lower, self._shares[index], colors.positive)
            else:
                _fill(painter, bar, self._shares[index], colors.positive)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)

    def _paint_words(self, painter: QPainter, row: QRectF, bar: QRectF, words: Words) -> None:
        colors, chosen = theme.tokens(), words.chosen
        roomy, color = row.height() >= TWO_LINES, colors.text if chosen else colors.muted
        size = theme.FONT_SIZE if roomy else theme.SMALL
        font = theme.font(size, BOLD if chosen else QFont.Weight.Normal)
        painter.setFont(font)
        if words.is_label and not roomy:
            color = colors.good if chosen else colors.bad
        painter.setPen(theme.color(color))
        metrics, elide = QFontMetricsF(font), Qt.TextElideMode.ElideRight
        name = metrics.elidedText(words.name, elide, self._names_width + 1)
        painter.drawText(QPointF(row.x(), bar.center().y() + 0.36 * size), name)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        if roomy:
            painter.drawText(QPointF(bar.x(), bar.bottom() + 12), words.number)
        else:  # one below the other, so that they end where they can be compared
            painter.drawText(
                QRectF(bar.right() + 6, bar.center().y() - 8, NUMBER, 16), RIGHT, words.number
            )
        if words.is_label and roomy:
            _paint_label_mark(painter, row, bar, words)


def classes_width(names: Sequence[str]) -> float:
    """What names, bars and the mark of the label need; long names make do with little."""
    needed = names_width(names)
    below_name = needed >= LEAST_NAME
    return NAME_GAP + (LEAST_NAME + LEAST_BAR if below_name else needed + LEAST_BAR_WITH_MARK)


def names_width(names: Sequence[str]) -> float:
    """The longest class name's width, or as much as it gets."""
    bold = QFontMetricsF(theme.font(weight=BOLD))
    return min(max((bold.horizontalAdvance(name) for name in names), default=0), GREATEST_NAME)


def _fill(painter: QPainter, bar: QRectF, share: float, color: str) -> None:
    """A share of the bar; one that is not zero can be seen."""
    if share > 0:
        width = max(bar.width() * share, 1.5)
        painter.setBrush(theme.color(color))
        painter.drawRoundedRect(QRectF(bar.x(), bar.y(), width, bar.height()), min(3, width / 2), 3)


def _paint_label_mark(painter: QPainter, row: QRectF, bar: QRectF, words: Words) -> None:
    """The true class: green where the network agrees; below its bar, or else its name."""
    colors, metrics = theme.tokens(), painter.fontMetrics()
    painter.setPen(theme.color(colors.good if words.chosen else colors.bad))
    end = bar.right() if bar.width() >= LEAST_BAR_WITH_MARK else bar.left() - NAME_GAP
    place = QRectF(row.x(), bar.bottom(), end - row.x(), 16)
    beside = end == bar.right()
    text = "label ✓" if words.chosen else "label"
    needed = metrics.horizontalAdvance(words.number) + MARK_GAP + metrics.horizontalAdvance(text)
    if words.chosen and beside and needed > bar.width():
        text = "✓"  # the number is a long one
    painter.drawText(place, RIGHT if beside else LEFT, text)


def _bar_in(row: QRectF, names: float) -> QRectF:
    """A probability's bar, right of its name; in a low row it leaves room for its number."""
    x, middle, width = row.x() + names + NAME_GAP, row.center().y(), row.width() - names - NAME_GAP
    if row.height() >= TWO_LINES:
        return QRectF(x, middle - 10, width, 13)
    height = max(min(row.height() - 3, 10), row.height() / 2)
    return QRectF(x, middle - height / 2, width - NUMBER, height)


def _moves(before: float, now: float, length: float) -> bool:
    """Whether a bar looks different; at first, and if it is no number, it does."""
    return (now > 0) != (before > 0) or not abs(now - before) * length < LEAST_MOVE


def _whole(bar: QRectF) -> QRegion:
    """All pixels that a bar touches."""
    return QRegion(bar.toAlignedRect())


def _around(row: QRectF) -> QRect:
    """All pixels that a row touches, with the text that is higher than a low one."""
    return row.toAlignedRect().adjusted(-1, -6, 1, 6)


def _per_cent(share: float) -> str:
    """With as many digits as there is room for."""
    return percent(share, 2 if share < 0.9995 else 1)
