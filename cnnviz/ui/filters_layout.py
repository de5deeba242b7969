"""Where each kernel and each weight stands in the filters view: geometry, no painting."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSizeF

from cnnviz.core.edits import Weight
from cnnviz.core.layers import Conv2D
from cnnviz.ui.widgets.mosaic import Grid

MARGIN = 14
HEADING = 42
"""Height of a layer's heading above its kernels."""
LEAST_KERNEL, GREATEST_KERNEL = 24, 44


@dataclass(frozen=True)
class Block:
    """A layer's kernels as a grid: whole pixels a weight, and a gap as wide as one."""

    layer: Conv2D
    columns: int
    """Kernels side by side."""
    grid: QRectF
    cell: int
    """Pixels of a weight's side."""

    @property
    def kernels(self) -> int:
        """How many there are: filters × channels."""
        filters, channels, _, _ = self.layer.parameter_shapes["weight"]
        return filters * channels

    @property
    def rows(self) -> int:
        """Lines of kernels."""
        return -(-self.kernels // self.columns)

    @property
    def as_grid(self) -> Grid:
        """The same for the picture."""
        height, width = self.layer.kernel
        return Grid(self.rows, self.columns, height, width, 1, self.kernels)

    def weight_at(self, point: QPointF) -> Weight | None:
        """Which weight is under `point`, if it is on one."""
        if not self.grid.contains(point):
            return None
        height, width = self.layer.kernel
        column, x = divmod(int((point.x() - self.grid.x()) / self.cell), width + 1)
        row, y = divmod(int((point.y() - self.grid.y()) / self.cell), height + 1)
        if x == width or y == height:
            return None  # between two kernels
        return self._weight(row, column, y, x)

    def _weight(self, row: int, column: int, y: int, x: int) -> Weight | None:
        """The weight of the kernel in that line and column; none beyond the last kernel."""
        kernel = row * self.columns + column
        if not (0 <= kernel < self.kernels and 0 <= column < self.columns):
            return None
        number, channel = divmod(kernel, self.layer.parameter_shapes["weight"][1])
        return Weight(self.layer.name, number, channel, y, x)

    def kernel_area(self, number: int, channel: int) -> QRectF:
        """Where a kernel is."""
        height, width = self.layer.kernel
        row, column = self._line(number, channel)
        corner = QPointF(column * (width + 1), row * (height + 1)) * self.cell
        return QRectF(self.grid.topLeft() + corner, QSizeF(width, height) * self.cell)

    def weight_area(self, weight: Weight) -> QRectF:
        """Where a weight is, the opposite of `weight_at`."""
        corner = self.kernel_area(weight.filter, weight.channel).topLeft()
        corner += QPointF(weight.x, weight.y) * self.cell
        return QRectF(corner, QSizeF(self.cell, self.cell))

    def moved(self, weight: Weight, down: int, right: int) -> Weight:
        """The weight beside it, if need be in the kernel beside; at the edges it stays."""
        height, width = self.layer.kernel
        row, column = self._line(weight.filter, weight.channel)
        row, y = divmod(row * height + weight.y + down, height)
        column, x = divmod(column * width + weight.x + right, width)
        return self._weight(row, column, y, x) or weight

    def end(self, top: bool) -> Weight:
        """The very first weight, or the first of the last filter's last row."""
        filters, _, height, _ = self.layer.parameter_shapes["weight"]
        return Weight(self.layer.name, 0 if top else filters - 1, 0, 0 if top else height - 1, 0)

    def _line(self, number: int, channel: int) -> tuple[int, int]:
        channels = self.layer.parameter_shapes["weight"][1]
        return divmod(number * channels + channel, self.columns)


def make_blocks(layers: Sequence[Conv2D], width: int) -> list[Block]:
    """The grids of all layers, below each other in `width`."""
    blocks = []
    y = 4.0
    for layer in layers:
        filters, channels, kernel_h, kernel_w = layer.parameter_shapes["weight"]
        columns, rows = (channels, filters) if channels > 1 else _lines(filters, width)
        side = (width - 2 * MARGIN) / columns
        side = min(max(side, LEAST_KERNEL), GREATEST_KERNEL)
        # Whole pixels, so that all weights are squares alike; a gap is as wide as a weight.
        cell = max(1, int(side / (kernel_w + 1)))
        across, down = columns * (kernel_w + 1) - 1, rows * (kernel_h + 1) - 1
        grid = QRectF(MARGIN, y + HEADING, cell * across, cell * down)
        blocks.append(Block(layer, columns, grid, cell))
        y = grid.bottom() + 12
    return blocks


def _lines(filters: int, width: int) -> tuple[int, int]:
    """(columns, rows) for kernels of one channel: as few lines as the width allows."""
    columns = min(filters, max(1, (width - 2 * MARGIN) // LEAST_KERNEL))
    rows = -(-filters // columns)
    return -(-filters // rows), rows
