"""The last column where it shows signed values: a row a class, with a bar to both sides of zero."""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.network_classes import LEAST_TEXT, TWO_LINES, names_width

NAME_GAP = 8
NUMBER = 48
"""Room for a number beside its bar."""
GREATEST_BAR = 12
BOLD = QFont.Weight.DemiBold


class SignedRows:
    """Where the rows are and what they show; texts change when they are told, bars at any time."""

    def __init__(self) -> None:
        self._names: Sequence[str] = ()
        self._rows: list[QRectF] = []
        self._label = -1
        self._words: list[str] = []
        self.values: Array = np.zeros(0, np.float32)

    def place(self, rows: list[QRectF], names: Sequence[str]) -> None:
        """Takes over where the rows are, and what the classes are called."""
        self._rows, self._names, self._words = rows, names, []

    @property
    def area(self) -> QRect:
        """All rows."""
        return self._rows[0].united(self._rows[-1]).toAlignedRect() if self._rows else QRect()

    @property
    def level(self) -> float:
        """The longest bar: the greatest finite magnitude."""
        finite = self.values[np.isfinite(self.values)]
        return float(np.abs(finite).max(initial=0))

    def tell(self, label: int) -> None:
        """Takes down the numbers of now, and which class is the label."""
        self._label = label
        self._words = [f"{value:+.3g}".replace("-", "−") for value in self.values.tolist()]

    def paint(self, painter: QPainter) -> None:
        """Names, bars from the middle, numbers; the label's name is bold."""
        colors, level = theme.tokens(), self.level or 1.0
        width = names_width(self._names)
        for k, row in enumerate(self._rows[: len(self.values)]):
            room = QRectF(row).adjusted(width + NAME_GAP, 0, 0, 0)
            stacked = row.height() >= TWO_LINES
            if not stacked and room.width() > 2 * NUMBER:
                room.setRight(room.right() - NUMBER)
            height = min(GREATEST_BAR, max(row.height() - 3, 1))
            bar = QRectF(room.x(), row.center().y() - height / 2, room.width(), height)
            if stacked:
                bar.moveTop(row.center().y() - height + 2)
            self._paint_bar(painter, bar, float(self.values[k]) / level)
            if row.height() < LEAST_TEXT and k != self._label:
                continue
            chosen = k == self._label
            size = theme.FONT_SIZE if stacked else theme.SMALL
            font = theme.font(size, BOLD if chosen else QFont.Weight.Normal)
            painter.setFont(font)
            painter.setPen(theme.color(colors.text if chosen else colors.muted))
            name = QFontMetricsF(font).elidedText(
                self._names[k], Qt.TextElideMode.ElideRight, width + 1
            )
            painter.drawText(QPointF(row.x(), bar.center().y() + 0.36 * size), name)
            if k < len(self._words):
                painter.setFont(theme.font(theme.SMALL))
                painter.setPen(theme.color(colors.muted))
                below = QPointF(bar.x(), bar.bottom() + 12)
                beside = QPointF(bar.right() + 6, bar.center().y() + 4)
                painter.drawText(below if stacked else beside, self._words[k])

    @staticmethod
    def _paint_bar(painter: QPainter, bar: QRectF, share: float) -> None:
        """Right of the middle in orange, left of it in blue."""
        colors, middle = theme.tokens(), bar.center().x()
        painter.fillRect(bar, theme.color(colors.line, 0.5))
        share = min(max(share, -1.0), 1.0) if math.isfinite(share) else 0.0
        length = share * bar.width() / 2
        filled = QRectF(min(middle, middle + length), bar.y(), abs(length), bar.height())
        painter.fillRect(filled, theme.color(colors.positive if share > 0 else colors.negative))
        painter.fillRect(
            QRectF(middle, bar.y() - 1, 1, bar.height() + 2), theme.color(colors.muted)
        )
