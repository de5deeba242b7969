"""Where each layer's column, maps and texts stand in the network view: geometry, no painting."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from PySide6.QtCore import QPointF, QRectF, QSizeF

from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Flatten, MaxPool2D
from cnnviz.core.receptive_field import Place
from cnnviz.ui.theme import spaced

HEADER = 74
"""Title, shape, size and time bar, in pixels."""
FOOTER = 22
"""The scale under the tiles."""
MARGIN = 12
GAP = 8
"""Between columns, at least."""
TILE_GAP = 6
LEAST_TILE, COMFORTABLE_TILE, GREATEST_TILE = 28, 48, 84
GREATEST_INPUT = 150
ROWS_BEFORE_STACKING = 8
"""Maps below each other, however small, before a second stack is begun."""
KERNEL_SHARE = 0.5
"""Size of a kernel beside its map."""
CLASS_WIDTH, CLASS_GROWTH = 92, 80
"""Width of the classes' column, and how much of the spare width it may take besides."""


class Kind(Enum):
    """What a column shows."""

    INPUT = "input"
    MAPS = "maps"
    UNITS = "units"
    CLASSES = "classes"


@dataclass
class Column:
    """One layer (or the input) as a column of tiles, in widget coordinates."""

    kind: Kind
    name: str
    title: str
    lines: tuple[str, ...]
    shape: tuple[int, ...]
    x: float = 0.0
    width: float = 0.0
    tiles: list[QRectF] = field(default_factory=list)
    """A rectangle a map; for units one rectangle for all; for classes a row each."""
    kernels: list[QRectF] = field(default_factory=list)
    """A rectangle a kernel, beside its map: one input channel of it."""
    twins: list[QRectF] = field(default_factory=list)
    """Beside each tile the one that it is compared with, while two are shown; see `halve`."""
    unit_columns: int = 1

    def at(self, point: QPointF) -> tuple[int, ...] | None:
        """Which value is under `point`: (map, y, x), or (unit,)."""
        for index, tile in enumerate(self.tiles):
            if tile.contains(point):
                return self._within(index, tile, point)
        return None

    def _within(self, index: int, tile: QRectF, point: QPointF) -> tuple[int, ...] | None:
        if self.kind is Kind.CLASSES:
            return (index,)
        rows, columns = self.unit_rows, self.unit_columns
        if self.kind is not Kind.UNITS:
            rows, columns = self.shape[1:]
        y = min(int((point.y() - tile.y()) / tile.height() * rows), rows - 1)
        x = min(int((point.x() - tile.x()) / tile.width() * columns), columns - 1)
        if self.kind is not Kind.UNITS:
            return (index, y, x)
        unit = y * columns + x
        return (unit,) if unit < self.shape[0] else None

    def cell(self, index: tuple[int, ...]) -> QRectF:
        """What shows the value at `index`, the opposite of `at`; of a class its row."""
        if self.kind is Kind.CLASSES:
            return self.tiles[index[0]]
        if self.kind is Kind.UNITS:
            tile, rows, columns = self.tiles[0], self.unit_rows, self.unit_columns
            y, x = divmod(index[0], columns)
        else:
            tile, (rows, columns) = self.tiles[index[0]], self.shape[1:]
            y, x = index[1:]
        size = QSizeF(tile.width() / columns, tile.height() / rows)
        return QRectF(tile.topLeft() + QPointF(x * size.width(), y * size.height()), size)

    @property
    def unit_rows(self) -> int:
        """Lines of a strip of units."""
        return math.ceil(self.shape[0] / self.unit_columns)

    @property
    def rest(self) -> QRectF:
        """The end of a strip's last line, where there are no units any more."""
        tile = self.tiles[0]
        cell = tile.width() / self.unit_columns
        empty = self.unit_rows * self.unit_columns - self.shape[0]
        return QRectF(tile.right() - empty * cell, tile.bottom() - cell, empty * cell, cell)


def make_columns(input_shape: tuple[int, int, int], layers: list[Layer]) -> list[Column]:
    """The columns for a network: the input and every layer but flatten, which changes no number."""
    columns = [Column(Kind.INPUT, "input", "Input", (times(input_shape),), input_shape)]
    for layer in layers:
        last = layer is layers[-1]
        if isinstance(layer, Flatten) and not last:
            continue
        maps = len(layer.output_shape) == 3
        kind = Kind.CLASSES if last else Kind.MAPS if maps else Kind.UNITS
        title, shape = ("Softmax" if last else layer.label), times(layer.output_shape)
        # Softmax learns nothing: the parameters are those of the layer whose logits it takes.
        lines = (f"{layer.label} · {shape}" if last else shape, _about(layer))
        columns.append(Column(kind, layer.name, title, lines, layer.output_shape))
    return columns


def map_beside(columns: list[Column], point: QPointF) -> Place | None:
    """The middle of the map whose kernel is under `point`."""
    for column in columns:
        for index, kernel in enumerate(column.kernels):
            if kernel.contains(point):
                _, height, width = column.shape
                return Place(column.name, (index, height // 2, width // 2))
    return None


def arrange(
    columns: list[Column],
    layers: list[Layer],
    size: QSizeF,
    text_width: Callable[[Column], float],
    zoom: float = 1.0,
    title_width: Callable[[Column], float] | None = None,
) -> QSizeF:
    """Places all columns in `size`; returns the size that is needed, which may be wider.

    With a `zoom` above 1, pictures may be as many times larger, in a size as many times larger.
    Where whole texts would be too wide, titles alone have to fit, if `title_width` says how wide.
    """
    size = size * zoom
    height = max(size.height(), HEADER + FOOTER + 8 * (LEAST_TILE + TILE_GAP))
    by_name = {layer.name: layer for layer in layers}

    def place(tile: float, text_width: Callable[[Column], float]) -> float:
        """Places tiles of at most this size; the width that they and the texts need."""
        for column in columns:
            _place_tiles(column, by_name.get(column.name), tile, height, zoom)
            column.width = max(column.width, text_width(column))
        return sum(column.width for column in columns) + GAP * (len(columns) - 1) + 2 * MARGIN

    tiles = range(round(GREATEST_TILE * zoom), LEAST_TILE - 1, -2)
    # Larger tiles than rows have room for make the input larger alone, at the texts' expense.
    rows = (height - HEADER - FOOTER) / ROWS_BEFORE_STACKING - TILE_GAP
    modest = [tile for tile in tiles if tile <= max(rows, COMFORTABLE_TILE * zoom)]
    tries = [(text_width, tiles), *([(title_width, modest)] if title_width else [])]
    for tile, texts in ((tile, texts) for texts, sizes in tries for tile in sizes):
        needed = place(tile, texts)
        if needed <= size.width():
            break
    else:
        # Too wide in any case: then scroll, with maps of a size that can be read.
        needed = place(COMFORTABLE_TILE * zoom, text_width)
    _spread(columns, max(size.width(), needed))
    return QSizeF(max(size.width(), needed), height)


def halve(columns: list[Column]) -> None:
    """Makes room in every tile for two: a twin left, the tile itself right."""
    for column in columns:
        if column.kind is not Kind.CLASSES:
            column.twins = [_half(tile, column.kind, 0.0) for tile in column.tiles]
            column.tiles = [_half(tile, column.kind, 0.5) for tile in column.tiles]


def _half(tile: QRectF, kind: Kind, start: float) -> QRectF:
    """The left or the right half; a map keeps its shape."""
    width = tile.width() / 2 - 1
    height = tile.height() if kind is Kind.UNITS else tile.height() * width / tile.width()
    x = tile.x() + start * (tile.width() + 2)
    return QRectF(x, tile.center().y() - height / 2, width, height)


def _place_tiles(
    column: Column, layer: Layer | None, tile: float, height: float, zoom: float
) -> None:
    """Tiles at x = 0 with the column's width; `_spread` moves them."""
    room = height - HEADER - FOOTER
    column.kernels, column.twins = [], []
    if column.kind is Kind.INPUT:
        _place_input(column, tile, room, zoom)
    elif column.kind is Kind.MAPS:
        _place_maps(column, layer, tile, room)
    elif column.kind is Kind.UNITS:
        _place_units(column, tile, room, zoom)
    else:
        row = min(room / column.shape[0], 48.0)
        top = HEADER + (room - row * column.shape[0]) / 2
        column.width = CLASS_WIDTH
        column.tiles = [
            QRectF(0, top + index * row, CLASS_WIDTH, row) for index in range(column.shape[0])
        ]


def _place_input(column: Column, tile: float, room: float, zoom: float) -> None:
    channels, height, width = column.shape
    shown = _fitted(height, width, min(GREATEST_INPUT * zoom, 2 * tile, room) / max(height, width))
    column.width = shown.width()
    column.tiles = [_standing(0, HEADER + room / 2, shown)] * channels


def _place_maps(column: Column, layer: Layer | None, tile: float, room: float) -> None:
    """Maps below each other; more than fit side by side in stacks."""
    count, height, width = column.shape
    rows = min(count, max(ROWS_BEFORE_STACKING, int(room / (tile + TILE_GAP))))
    stacks = math.ceil(count / rows)
    rows = math.ceil(count / stacks)
    pitch = math.floor(min(tile + TILE_GAP, room / rows))
    side = math.floor((pitch - TILE_GAP) * (0.8 if isinstance(layer, MaxPool2D) else 1.0))
    shown = _fitted(height, width, side / max(height, width))
    kernel = QSizeF()
    if isinstance(layer, Conv2D):
        kernel = _fitted(*layer.kernel, _whole(side * KERNEL_SHARE / max(layer.kernel)))
    beside = 0.0 if kernel.isEmpty() else kernel.width() + TILE_GAP
    step = shown.width() + TILE_GAP + beside
    top = HEADER + (room - rows * pitch + TILE_GAP) / 2
    column.tiles = []
    for index in range(count):
        stack, row = divmod(index, rows)
        middle = top + row * pitch + (pitch - TILE_GAP) / 2
        x = stack * step
        if beside:
            column.kernels.append(_standing(x, middle, kernel))
        column.tiles.append(_standing(x + beside, middle, shown))
    column.width = stacks * step - TILE_GAP


def _place_units(column: Column, tile: float, room: float, zoom: float) -> None:
    """All units as cells of one strip, read line by line."""
    units = column.shape[0]
    column.unit_columns = max(1, min(units, round(math.sqrt(units / 8))))
    rows = column.unit_rows
    cell = _whole(min(room / rows, tile * 0.8 / column.unit_columns, 16.0 * zoom))
    size = _fitted(rows, column.unit_columns, cell)
    column.width = size.width()
    column.tiles = [_standing(0, HEADER + room / 2, size)]


def _fitted(height: int, width: int, cell: float) -> QSizeF:
    return QSizeF(width * cell, height * cell)


def _standing(x: float, middle: float, size: QSizeF) -> QRectF:
    """A rectangle about the height `middle`, on whole pixels so that its edges are sharp."""
    return QRectF(QPointF(x, math.floor(middle - size.height() / 2)), size)


def _whole(cell: float) -> float:
    """Cells of whole pixels are all alike; only those below one pixel stay as they are."""
    return math.floor(cell) if cell >= 1 else cell


def _spread(columns: list[Column], width: float) -> None:
    """Shares the spare width between the columns; each begins at a whole pixel."""
    gaps = max(len(columns) - 1, 1)
    spare = width - 2 * MARGIN - sum(column.width for column in columns)
    for column in columns:
        if column.kind is Kind.CLASSES:
            growth = max(0.0, min(CLASS_GROWTH, (spare - gaps * GAP) / 3))
            column.width, spare = column.width + growth, spare - growth
            column.tiles = [
                QRectF(row.topLeft(), QSizeF(column.width, row.height())) for row in column.tiles
            ]
    x, gap = float(MARGIN), spare / gaps
    for column in columns:
        column.x = math.floor(x)
        column.tiles = [tile.translated(column.x, 0) for tile in column.tiles]
        column.kernels = [kernel.translated(column.x, 0) for kernel in column.kernels]
        x += column.width + gap


def times(shape: tuple[int, ...]) -> str:
    """A shape in words: 8 × 24 × 24."""
    return " × ".join(str(length) for length in shape)


def _about(layer: Layer) -> str:
    """The layer's window and how much it learns."""
    if isinstance(layer, MaxPool2D):
        return f"{_pair(layer.size)} stride {_number(layer.stride)}"
    if isinstance(layer, Conv2D):
        window = _pair(layer.kernel)
        if layer.stride != (1, 1):
            window += f" stride {_number(layer.stride)}"
        if layer.padding != (0, 0):
            window += f" pad {_number(layer.padding)}"
        return f"{window} · {spaced(layer.parameter_count)} par."
    if layer.parameter_count:
        return f"{spaced(layer.parameter_count)} par."
    return ""


def _number(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else _pair(pair)


def _pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]}×{pair[1]}"
