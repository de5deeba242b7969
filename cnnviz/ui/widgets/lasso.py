"""A line drawn by hand around some of many points."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from cnnviz.core.workspace import Array
from cnnviz.ui import theme

STEP, CLICK = 3, 4
"""Pixels between two corners; and that the pointer may move in a click."""


class Lasso:
    """Begun where the pointer is pressed; with fewer than three corners it is a click."""

    def __init__(self, start: QPointF) -> None:
        self.start = start
        self._corners: list[QPointF] = []

    def draw_to(self, at: QPointF) -> bool:
        """Goes on to a point, if that is far enough; whether it was."""
        last = self._corners[-1] if self._corners else self.start
        if (at - last).manhattanLength() < (STEP if self._corners else CLICK):
            return False
        self._corners = [*(self._corners or [self.start]), at]
        return True

    @property
    def is_click(self) -> bool:
        """Whether nothing is in it."""
        return len(self._corners) < 3

    def inside(self, points: Array, size: QSize) -> NDArray[np.bool_]:
        """Which points (N, 2) of a widget of `size` are in it, (N,); looked up in a picture."""
        mask = QImage(size, QImage.Format.Format_Grayscale8)
        mask.fill(0)
        painter = QPainter(mask)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor("white"))
        painter.drawPolygon(QPolygonF(self._corners))
        painter.end()
        rows = np.frombuffer(mask.constBits(), np.uint8).reshape(mask.height(), -1)
        limits = np.array([size.width(), size.height()])
        found: NDArray[np.bool_] = np.all((points >= 0) & (points < limits), axis=1)
        places = points[found].astype(np.intp)
        found[found] = rows[places[:, 1], places[:, 0]] > 0
        return found

    def paint(self, painter: QPainter) -> None:
        """The line, and a shade of yellow in it."""
        painter.setPen(QPen(theme.color(theme.tokens().selected), 1.5))
        painter.setBrush(theme.color(theme.tokens().selected, 0.1))
        painter.drawPolygon(QPolygonF(self._corners))
