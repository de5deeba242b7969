"""The kernels of one filter, a kernel for each input channel, large, on one scale."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QWidget

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.mosaic import Grid, Mosaics
from cnnviz.ui.widgets.plate import paint_plate
from cnnviz.ui.widgets.value_cells import numbers_glass

GAP = 8
CAPTION = 16
"""Height of a channel's number over its kernel."""
GREATEST_CELL, LEAST_CELL = 40, 4
SHARE_OF_WIDTH = 0.55
"""At most so high are all kernels together, if they can be."""


class FilterKernels(QWidget):
    """Paints weights (C, H, W) in rows of kernels; `tell` writes their numbers where they fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights: Array = np.zeros((1, 1, 1), np.float32)
        self._mosaics = Mosaics({})
        self._glasses: list[QPixmap] = []
        self._cell = GREATEST_CELL
        self._columns = 1
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setAccessibleName("Kernels of the filter, one for each input channel")

    def show_weights(self, weights: Array) -> None:
        """The picture of now."""
        if self._weights.shape != weights.shape or not self._mosaics.images:
            channels, height, width = weights.shape
            self._mosaics = Mosaics({"kernels": Grid(channels, 1, height, width)})
            self._weights = weights
            self._lay_out()
        self._weights = weights
        self._mosaics.show({"kernels": weights})
        self.update()

    def tell(self) -> None:
        """Writes the numbers of now on the weights."""
        ratio = self.devicePixelRatioF()
        self._glasses = [
            numbers_glass(kernel, self.level, self.kernel_area(0).size(), ratio, ink=False)
            for kernel in self._weights
        ]
        self.update()

    @property
    def level(self) -> float:
        """What full colour is."""
        return self._mosaics.levels.get("kernels", 0.0)

    @property
    def cell(self) -> int:
        """Pixels of the side of a weight."""
        return self._cell

    def kernel_area(self, channel: int) -> QRect:
        """Where the kernel of a channel stands."""
        row, column = divmod(channel, self._columns)
        _, height, width = self._weights.shape
        size = QSize(width * self._cell, height * self._cell)
        caption = self._caption()
        x = column * (size.width() + GAP)
        return QRect(x, caption + row * (size.height() + caption + GAP), *size.toTuple())

    def value_at(self, point: QPointF) -> str:
        """The weight under `point`, in words; empty where there is none."""
        for channel in range(len(self._weights)):
            area = self.kernel_area(channel)
            if area.contains(point.toPoint()):
                y = (point.toPoint().y() - area.y()) // self._cell
                x = (point.toPoint().x() - area.x()) // self._cell
                number = f"{float(self._weights[channel, y, x]):.4g}".replace("-", "−")
                return f"channel {channel} · x {x}, y {y} · {number}"
        return ""

    def _caption(self) -> int:
        return CAPTION if len(self._weights) > 1 else 0

    def _lay_out(self) -> None:
        """The largest cells with which all channels fit in the width, and well in the height."""
        self._glasses = []
        count, height, width = self._weights.shape
        for cell in range(GREATEST_CELL, LEAST_CELL - 1, -1):
            self._cell = cell
            self._columns = min(count, max(1, (self.width() + GAP) // (width * cell + GAP)))
            rows = -(-count // self._columns)
            needed = rows * (height * cell + self._caption() + GAP) - GAP
            wide = self._columns * (width * cell + GAP) - GAP
            if wide <= self.width() and needed <= max(SHARE_OF_WIDTH * self.width(), 1):
                break
        self.setFixedHeight(max(needed, 1))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every kernel with its channel, and the weight under the pointer."""
        if not self._mosaics.images:
            return
        painter, image = QPainter(self), self._mosaics.images["kernels"]
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        _, height, width = self._weights.shape
        for channel in range(len(self._weights)):
            area = self.kernel_area(channel)
            painter.drawImage(area, image, QRect(0, channel * height, width, height))
            if self._caption():
                painter.drawText(QPointF(area.x(), area.y() - 4), str(channel))
        for channel, glass in enumerate(self._glasses):
            if not glass.isNull():
                painter.drawPixmap(self.kernel_area(channel).topLeft(), glass)
        if self._pointer is not None and (text := self.value_at(self._pointer)):
            paint_plate(painter, self._pointer, text, QRectF(self.rect()))
        painter.end()

    # Events.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a weight."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Other cells."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self._lay_out()
            if self.isVisible():
                self.tell()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and self._mosaics.images:
            self._mosaics.show({"kernels": self._weights})
            self.tell()
        super().changeEvent(event)
