"""Every kernel the network learns: for each conv layer, every channel of every filter, live."""

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import (
    QFont,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.layers import Conv2D
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import kernel_grid, level_of
from cnnviz.ui.widgets.plate import paint_plate

MARGIN = 14
SCROLL_BAR = 8
HEADING = 42
"""Height of a layer's heading above its kernels."""
LEAST_KERNEL, GREATEST_KERNEL = 24, 44


class FiltersView(QScrollArea):
    """The kernels of all conv layers, scrolled where they are many."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = FiltersCanvas(session)
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setAccessibleName("Kernels of each conv layer")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the kernels out in the width, always leaving room for the scroll bar.

        With the viewport's width, a bar that comes could make itself needless, go, and come again.
        """
        super().resizeEvent(event)
        self.canvas.fit(self.width() - SCROLL_BAR)


class FiltersCanvas(QWidget):
    """A grid a layer: a row a filter, a column an input channel; one channel alone fills lines."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._width = 300
        self._blocks: list[tuple[Conv2D, int, QRectF]] = []
        self._images: dict[str, QImage] = {}
        self._levels: dict[str, float] = {}
        self._pointer: QPointF | None = None
        self._stale = True
        self.setMouseTracking(True)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._refresh)
        self._rebuild()

    def fit(self, width: int) -> None:
        """Lays the grids out below each other in `width`."""
        self._width = width
        self._blocks = []
        y = 4.0
        for layer in self._conv_layers():
            filters, channels, kernel_h, kernel_w = layer.parameter_shapes["weight"]
            columns, rows = (channels, filters) if channels > 1 else _lines(filters, width)
            side = (width - 2 * MARGIN) / columns
            side = min(max(side, LEAST_KERNEL), GREATEST_KERNEL)
            # Whole pixels, so that all weights are squares alike; a gap is as wide as a weight.
            cell = max(1, int(side / (kernel_w + 1)))
            across, down = columns * (kernel_w + 1) - 1, rows * (kernel_h + 1) - 1
            grid = QRectF(MARGIN, y + HEADING, cell * across, cell * down)
            self._blocks.append((layer, columns, grid))
            y = grid.bottom() + 12
        widest = max((grid.right() for _, _, grid in self._blocks), default=0) + MARGIN
        self.setMinimumSize(QSize(round(max(widest, 0)), round(y)))
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """The weight under `point` in words and numbers; empty where there is none."""
        network = self._session.network
        if network is None:
            return ""
        for layer, columns, grid in self._blocks:
            if not grid.contains(point):
                continue
            filters, channels, height, width = layer.parameter_shapes["weight"]
            rows = -(-filters * channels // columns)
            across, down = columns * (width + 1) - 1, rows * (height + 1) - 1
            column, x = divmod(int((point.x() - grid.x()) / grid.width() * across), width + 1)
            row, y = divmod(int((point.y() - grid.y()) / grid.height() * down), height + 1)
            number, channel = divmod(row * columns + column, channels)
            if number >= filters or x == width or y == height:
                return ""  # beyond the last kernel, or between two
            weight = dict(network.named_parameters())[f"{layer.name}.weight"]
            value = f"{float(weight[number, channel, y, x]):.4g}".replace("-", "−")
            return f"{layer.label} · filter {number} · channel {channel} · x {x}, y {y} · {value}"
        return ""

    def _conv_layers(self) -> list[Conv2D]:
        network = self._session.network
        return [layer for layer in network.layers if isinstance(layer, Conv2D)] if network else []

    @Slot()
    def _rebuild(self) -> None:
        self.fit(self._width)

    @Slot()
    def _refresh(self) -> None:
        self._stale = True
        self.update()

    def _make_images(self) -> None:
        network = self._session.network
        if network is None:
            return
        self._stale = False
        weights = dict(network.named_parameters())
        for layer, columns, _ in self._blocks:
            weight = weights[f"{layer.name}.weight"]
            level = self._levels[layer.name] = level_of(weight)
            self._images[layer.name] = kernel_grid(_as_grid(weight, columns), level)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Heading, scale and grid of every layer, and the value under the pointer."""
        painter = QPainter(self)
        if self._stale:
            self._make_images()
        if not self._blocks:
            self._paint_nothing(painter)
        for layer, columns, grid in self._blocks:
            self._paint_heading(painter, layer, grid)
            painter.drawImage(grid, self._images[layer.name])
            rest = _rest(layer, columns, grid)
            painter.fillRect(rest, theme.color(theme.tokens().background))
        self._paint_pointer(painter)
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        if self._session.network is None:
            return
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().muted))
        flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        place = QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)
        painter.drawText(place, flags, "This network has no convolution, so it has no kernels.")

    def _paint_heading(self, painter: QPainter, layer: Conv2D, grid: QRectF) -> None:
        filters, channels, height, width = layer.parameter_shapes["weight"]
        colors = theme.tokens()
        painter.setFont(theme.font(weight=QFont.Weight.DemiBold))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(MARGIN, grid.y() - 22), layer.label)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        what = f"{filters} filters"
        if channels > 1:
            what += f" down, {channels} channels across"
        painter.drawText(QPointF(MARGIN, grid.y() - 7), f"{what} · {height}×{width}")
        scale = f"±{self._levels[layer.name]:.3g}"
        right = QRectF(0, grid.y() - 36, self._width - MARGIN, 18)
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, scale)

    def _paint_pointer(self, painter: QPainter) -> None:
        if self._pointer is None or not (text := self.value_at(self._pointer)):
            return
        paint_plate(painter, self._pointer, text, QRectF(self.visibleRegion().boundingRect()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        self._refresh()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()
        super().changeEvent(event)


def _lines(filters: int, width: int) -> tuple[int, int]:
    """(columns, rows) for kernels of one channel: as few lines as the width allows."""
    columns = min(filters, max(1, (width - 2 * MARGIN) // LEAST_KERNEL))
    rows = -(-filters // columns)
    return -(-filters // rows), rows


def _rest(layer: Conv2D, columns: int, grid: QRectF) -> QRectF:
    """The end of a grid's last line, where there are no kernels any more."""
    filters, channels, height, width = layer.parameter_shapes["weight"]
    used = filters * channels % columns
    if not used:
        return QRectF()
    cell = grid.width() / (columns * (width + 1) - 1)
    corner = QPointF(grid.x() + used * (width + 1) * cell, grid.bottom() - height * cell)
    return QRectF(corner, grid.bottomRight())


def _as_grid(weight: Array, columns: int) -> Array:
    """(F, C, h, w) as (rows, columns, h, w), the last row filled up with zeros."""
    tiles = weight.reshape(-1, *weight.shape[2:])
    rows = -(-len(tiles) // columns)
    grid = np.zeros((rows * columns, *weight.shape[2:]), weight.dtype)
    grid[: len(tiles)] = tiles
    return grid.reshape(rows, columns, *weight.shape[2:])
