"""Blocks of arithmetic below each other, and the words for what is under the pointer."""

from PySide6.QtCore import QEvent, QPointF, QRectF
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from cnnviz.ui.arithmetic_blocks import Block
from cnnviz.ui.widgets.plate import paint_plate

MARGIN = 14


class ArithmeticCanvas(QWidget):
    """Blocks below each other; the pointer asks for one multiplication."""

    def __init__(self) -> None:
        super().__init__()
        self._blocks: list[Block] = []
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)

    def show_blocks(self, blocks: list[Block]) -> None:
        """Takes over what to paint."""
        self._blocks = blocks
        height = sum(block.height for block in blocks) + 2 * MARGIN
        if self.minimumHeight() != int(height):
            self.setMinimumHeight(int(height))
        self.update()

    @property
    def blocks(self) -> list[Block]:
        """What is painted."""
        return self._blocks

    def words_at(self, point: QPointF) -> str:
        """What is under `point`."""
        y = float(MARGIN) / 2
        for block in self._blocks:
            if y <= point.y() < y + block.height:
                return block.words_at(point.x() - MARGIN, point.y() - y, self._width())
            y += block.height
        return ""

    def _width(self) -> float:
        return self.width() - 2 * MARGIN

    def paintEvent(self, event: QPaintEvent) -> None:
        """Only the blocks that are seen."""
        painter, y = QPainter(self), float(MARGIN) / 2
        for block in self._blocks:
            area = QRectF(0, y, self.width(), block.height).toAlignedRect()
            if event.region().intersects(area):
                block.paint(painter, MARGIN, y, self._width())
            y += block.height
        if self._pointer and (words := self.words_at(self._pointer)):
            seen = QRectF(self.visibleRegion().boundingRect())
            paint_plate(painter, self._pointer, words, seen)
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """It asks no more."""
        self._pointer = None
        self.update()
