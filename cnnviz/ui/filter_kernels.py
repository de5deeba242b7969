"""The kernels of one filter, a kernel for each input channel, large, on one scale.

Where there are too many for numbers on their weights, a click shows one alone, with them.
"""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.mosaic import Grid, Mosaics
from cnnviz.ui.widgets.plate import paint_plate
from cnnviz.ui.widgets.value_cells import numbers_glass

GAP = 8
CAPTION = 16
"""Height of a channel's number over its kernel."""
GREATEST_CELL, LEAST_CELL = 40, 4
SHARE_OF_WIDTH = 0.55
"""At most so high are all kernels together, if they can be."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
TOGGLES = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)


class FilterKernels(KeyFramed):
    """Paints weights (C, H, W) in rows of kernels; `tell` writes their numbers where they fit."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._weights: Array = np.zeros((1, 1, 1), np.float32)
        self._mosaics = Mosaics({})
        self._glasses: dict[int, QPixmap] = {}
        self._alone: int | None = None  # the channel that is shown without the others
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
            self._weights, self._alone = weights, None
            several = channels > 1
            policy = Qt.FocusPolicy.StrongFocus if several else Qt.FocusPolicy.NoFocus
            self.setFocusPolicy(policy)
            self.setToolTip("Click a kernel to see it alone, and again for all" * several)
            self._lay_out()
        self._weights = weights
        self._mosaics.show({"kernels": weights})
        self.update()

    def tell(self) -> None:
        """Writes the numbers of now on the weights."""
        _, height, width = self._weights.shape
        size, ratio = QSize(width * self._cell, height * self._cell), self.devicePixelRatioF()
        self._glasses = {
            channel: numbers_glass(self._weights[channel], self.level, size, ratio, ink=False)
            for channel in self.shown
        }
        self.update()

    def show_alone(self, channel: int | None) -> None:
        """Only the kernel of this channel, or all again."""
        if len(self._weights) > 1 and channel != self._alone:
            self._alone = channel
            what = "All channels" if channel is None else f"Channel {channel} alone"
            self.setAccessibleDescription(what)
            self._lay_out()
            self.tell()

    @property
    def shown(self) -> list[int]:
        """The channels whose kernels are shown."""
        return list(range(len(self._weights))) if self._alone is None else [self._alone]

    @property
    def level(self) -> float:
        """What full colour is."""
        return self._mosaics.levels.get("kernels", 0.0)

    @property
    def cell(self) -> int:
        """Pixels of the side of a weight."""
        return self._cell

    def kernel_area(self, channel: int) -> QRect:
        """Where the kernel of a shown channel stands."""
        row, column = divmod(self.shown.index(channel), self._columns)
        _, height, width = self._weights.shape
        size = QSize(width * self._cell, height * self._cell)
        caption = self._caption()
        x = column * (size.width() + GAP)
        return QRect(x, caption + row * (size.height() + caption + GAP), *size.toTuple())

    def value_at(self, point: QPointF) -> str:
        """The weight under `point`, in words; empty where there is none."""
        channel = self.channel_at(point)
        if channel is None:
            return ""
        place = point.toPoint() - self.kernel_area(channel).topLeft()
        x, y = place.x() // self._cell, place.y() // self._cell
        number = f"{float(self._weights[channel, y, x]):.4g}".replace("-", "−")
        return f"channel {channel} · x {x}, y {y} · {number}"

    def channel_at(self, point: QPointF) -> int | None:
        """Whose kernel is under `point`."""
        for channel in self.shown:
            if self.kernel_area(channel).contains(point.toPoint()):
                return channel
        return None

    def _caption(self) -> int:
        return CAPTION if len(self._weights) > 1 else 0

    def _lay_out(self) -> None:
        """The largest cells with which what is shown fits in the width, and well in the height.

        The height is kept while one is shown alone, so that nothing below moves.
        """
        self._glasses = {}
        count, (_, height, width) = len(self.shown), self._weights.shape
        for cell in range(GREATEST_CELL, LEAST_CELL - 1, -1):
            self._cell = cell
            self._columns = min(count, max(1, (self.width() + GAP) // (width * cell + GAP)))
            rows = -(-count // self._columns)
            needed = rows * (height * cell + self._caption() + GAP) - GAP
            wide = self._columns * (width * cell + GAP) - GAP
            if wide <= self.width() and needed <= max(SHARE_OF_WIDTH * self.width(), 1):
                break
        if self._alone is None:
            alone = min(GREATEST_CELL, max(self.width() // width, 1)) * height + self._caption()
            self.setFixedHeight(max(needed, min(alone, round(SHARE_OF_WIDTH * self.width())), 1))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every kernel with its channel, and the weight under the pointer."""
        if not self._mosaics.images:
            return
        painter, image = QPainter(self), self._mosaics.images["kernels"]
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        _, height, width = self._weights.shape
        for channel in self.shown:
            area = self.kernel_area(channel)
            painter.drawImage(area, image, QRect(0, channel * height, width, height))
            if self._caption():
                caption = str(channel) if self._alone is None else f"channel {channel}"
                painter.drawText(QPointF(area.x(), area.y() - 4), caption)
        for channel, glass in self._glasses.items():
            if not glass.isNull():
                painter.drawPixmap(self.kernel_area(channel).topLeft(), glass)
        if self._pointer is not None and (text := self.value_at(self._pointer)):
            paint_plate(painter, self._pointer, text, QRectF(self.rect()))
        if self._framed:
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()

    # Events.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a weight."""
        self._pointer = event.position()
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click shows a kernel alone; the next one all again."""
        if event.button() is Qt.MouseButton.LeftButton:
            channel = self.channel_at(event.position()) if self._alone is None else None
            self.show_alone(channel)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter or Space: one alone, or all; arrows go from one to the next."""
        key, count = Qt.Key(event.key()), len(self._weights)
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if key in TOGGLES:
            self.show_alone(0 if self._alone is None else None)
        elif key in STEPS and self._alone is not None and not shift:
            self.show_alone((self._alone + STEPS[key]) % count)
        else:
            super().keyPressEvent(event)

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
