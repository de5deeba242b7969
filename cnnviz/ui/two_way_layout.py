"""Where columns stand that show the way there and back: as in the network view, with more room for
the input, whose image stands above the gradient by it.
"""

import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

from cnnviz.core.layer import Layer
from cnnviz.ui.network_layout import (
    FOOTER,
    HEADER,
    TILE_GAP,
    Column,
    arrange,
)

INPUT_SHARE, GREATEST_EXTRA = 0.11, 190.0
"""Of the width, and pixels: how much wider the input's column is than in the network view."""


def arrange_both_ways(
    columns: list[Column],
    layers: list[Layer],
    size: QSizeF,
    text_width: Callable[[Column], float],
    title_width: Callable[[Column], float],
) -> tuple[QSizeF, QRectF]:
    """Places all columns; returns the size that is needed, and where the image stands.

    The tiles of the input's column are its gradient, a channel each.
    """
    extra = math.floor(min(INPUT_SHARE * size.width(), GREATEST_EXTRA))
    room = QSizeF(size.width() - extra, size.height())
    needed = arrange(columns, layers, room, text_width, 1.0, title_width)
    first = columns[0]
    for column in columns[1:]:
        _move(column, extra)
    first.width += extra
    height = needed.height() - HEADER - FOOTER
    image, *first.tiles = stacked(first.shape, first.x, HEADER, first.width, height)
    return QSizeF(needed.width() + extra, needed.height()), image


def stacked(shape: Sequence[int], x: float, y: float, width: float, height: float) -> list[QRectF]:
    """Pictures of an image and of each of its channels, as large as fit in rows."""
    channels, rows, columns = shape
    count = channels + 1
    best, across = 0.0, 1
    for tried in range(1, count + 1):
        down = math.ceil(count / tried)
        cell = min(
            (width - (tried - 1) * TILE_GAP) / tried / columns,
            (height - (down - 1) * TILE_GAP) / down / rows,
        )
        if cell > best:
            best, across = cell, tried
    cell = math.floor(best) if best >= 1 else max(best, 0.1)
    down = math.ceil(count / across)
    top = y + (height - down * (cell * rows + TILE_GAP) + TILE_GAP) / 2
    corners = [divmod(place, across) for place in range(count)]
    step = QSizeF(cell * columns + TILE_GAP, cell * rows + TILE_GAP)
    return [
        QRectF(
            QPointF(x + column * step.width(), math.floor(top + row * step.height())),
            QSizeF(cell * columns, cell * rows),
        )
        for row, column in corners
    ]


def _move(column: Column, by: float) -> None:
    column.x += by
    column.tiles = [tile.translated(by, 0) for tile in column.tiles]
    column.kernels = [kernel.translated(by, 0) for kernel in column.kernels]
