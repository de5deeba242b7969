"""A table in the arithmetic: the largest of many products, with where each is and its factors."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from cnnviz.ui import theme
from cnnviz.ui.arithmetic_blocks import LEFT, NUMBER_WIDTH, RIGHT, Block, number, sign_color


class Line(NamedTuple):
    """One product: where, in a few signs each, and what is multiplied."""

    where: tuple[str, ...]
    factors: tuple[float, ...]
    product: float


class Ledger(Block):
    """A heading and a line a product, with a bar as long as it is large."""

    ROW, HEAD = 18.0, 18.0
    PLACE, FACTOR = 42.0, 72.0
    """Widths of the columns before the bar."""

    def __init__(
        self, titles: Sequence[str], lines: Sequence[Line], result: str, sign: str = "+"
    ) -> None:
        """`titles` are those of all columns but the last, which is `result`.

        `sign` is what a positive number there has before it.
        """
        self.titles, self.lines, self._result, self._sign = titles, lines, result, sign
        self.height = self.HEAD + len(lines) * self.ROW

    def paint(self, painter: QPainter, x: float, y: float, width: float) -> None:
        """From the first line down."""
        colors = theme.tokens()
        edges = self._edges(x)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        for edge, title in zip(edges, self.titles, strict=False):
            painter.drawText(QRectF(edge, y, width, 15), LEFT, title)
        painter.drawText(QRectF(x, y, width, 15), RIGHT, self._result)
        greatest = max((abs(line.product) for line in self.lines), default=0.0) or 1.0
        room = max(x + width - NUMBER_WIDTH - edges[-1] - 6, 0)
        for row, line in enumerate(self.lines):
            top = y + self.HEAD + row * self.ROW
            painter.setPen(theme.color(colors.muted))
            for edge, text in zip(edges, line.where, strict=False):
                painter.drawText(QRectF(edge, top, width, self.ROW), LEFT, text)
            painter.setPen(theme.color(colors.text))
            for edge, factor in zip(edges[len(line.where) :], line.factors, strict=False):
                painter.drawText(QRectF(edge, top, width, self.ROW), LEFT, number(factor))
            color = theme.color(sign_color(line.product))
            share = abs(line.product) / greatest
            if share == share:  # a number
                painter.fillRect(QRectF(edges[-1], top + 5, room * min(share, 1.0), 8), color)
            painter.setPen(color)
            shown = QRectF(x, top, width, self.ROW)
            painter.drawText(shown, RIGHT, number(line.product, self._sign))

    def _edges(self, x: float) -> list[float]:
        """Where the columns begin, and last the bar."""
        edges = [x]
        places = len(self.lines[0].where) if self.lines else 0
        for column in range(len(self.titles)):
            edges.append(edges[-1] + (self.PLACE if column < places else self.FACTOR))
        return edges
