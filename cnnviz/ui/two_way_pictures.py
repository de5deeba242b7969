"""The pictures of the way there and back: maps of values or of gradients, one scale a layer.

Where a ReLU lets no gradient pass, its column lies under a grey veil.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from cnnviz.core.layer import Layer
from cnnviz.core.receptive_field import INPUT
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.network_pictures import draw_stack, grids_of, kernels_of
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, picture

VEIL = 0.72
"""How much of what a ReLU blocks is covered."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Frame:
    """What is shown at one moment: a value or a gradient for each column that has been reached."""

    image: Array
    """(C, H, W)"""
    label: int
    values: Mapping[str, Array] = field(default_factory=dict)
    """By the name of a layer, or INPUT; a column without is still empty."""
    kernels: Mapping[str, Array] = field(default_factory=dict)
    """By the name of a convolution: its weights, or what belongs to them, (F, C, h, w)."""
    kernel_words: Mapping[str, str] = field(default_factory=dict)
    """What those are: weight, gradient or step."""
    blocked: Mapping[str, Flags] = field(default_factory=dict)
    """By the name of a ReLU: where it lets no gradient pass."""
    gradients: frozenset[str] = frozenset()
    """Which of `values` are gradients."""
    count: int = 1
    """How many images the batch has, of whose mean loss the gradients are."""
    now: str = ""
    """The layer that is at work."""


class TwoWayPictures:
    """The pictures of one network's columns, coloured anew for every frame."""

    def __init__(self, columns: Sequence[Column] = (), layers: Sequence[Layer] = ()) -> None:
        self._columns = columns
        self._grids = grids_of(columns, layers)
        for column in columns[:1]:
            self._grids[INPUT] = Grid(column.shape[0], 1, *column.shape[1:])
        self._mosaics = Mosaics(self._grids)
        self._image = QImage()
        self._veils: dict[str, tuple[Array, QImage]] = {}
        self._frame: Frame | None = None

    @property
    def area(self) -> QRect:
        """All pictures of values and kernels."""
        area = QRectF()
        for column in self._columns:
            if column.kind is not Kind.CLASSES:
                for tiles in (column.tiles, column.kernels):
                    area = area.united(tiles[0]).united(tiles[-1]) if tiles else area
        return area.toAlignedRect()

    def level(self, column: Column) -> float | None:
        """What full colour is in a column; None while it is empty."""
        if self._frame is None or column.name not in self._frame.values:
            return None
        return self._mosaics.levels.get(column.name)

    def kernel_level(self, column: Column) -> float | None:
        """The same of its kernels."""
        if self._frame is None or column.name not in self._frame.kernels:
            return None
        return self._mosaics.levels.get(kernels_of(column))

    def show(self, frame: Frame, channels: Mapping[str, int]) -> None:
        """Colours all anew; `channels` says which of each layer's kernels' channels are shown."""
        if self._frame is None or self._frame.image is not frame.image or self._image.isNull():
            self._image = picture(frame.image)
        self._frame = frame
        values = {}
        for column in self._columns:
            if column.name in self._grids:
                empty = np.zeros(column.shape, np.float32)
                values[column.name] = frame.values.get(column.name, empty)
            if column.kernels:
                name, grid = kernels_of(column), self._grids[kernels_of(column)]
                kernel = frame.kernels.get(column.name)
                none = np.zeros((grid.rows, grid.height, grid.width), np.float32)
                values[name] = none if kernel is None else kernel[:, channels.get(column.name, 0)]
        self._mosaics.show(values)
        self._veils = {
            column.name: _veil(self._grids[column.name], frame.blocked[column.name])
            for column in self._columns
            if column.name in frame.blocked and column.name in self._grids
        }

    def forget(self) -> None:
        """Another theme: the image is made anew."""
        self._image = QImage()

    def paint(self, painter: QPainter, image_at: QRectF) -> None:
        """The image, all tiles and kernels, and the veils."""
        frame = self._frame
        if frame is None:
            return
        painter.drawImage(image_at, self._image)
        for column in self._columns:
            if column.kind is Kind.CLASSES:
                continue
            if column.name in frame.values:
                draw_stack(painter, self._mosaics.images[column.name], column.tiles)
            else:
                _paint_empty(painter, column.tiles)
            if column.kernels and column.name in frame.kernels:
                draw_stack(painter, self._mosaics.images[kernels_of(column)], column.kernels)
            elif column.kernels:
                _paint_empty(painter, column.kernels)
            if column.name in self._veils:
                draw_stack(painter, self._veils[column.name][1], column.tiles)


def _paint_empty(painter: QPainter, tiles: Sequence[QRectF]) -> None:
    painter.setPen(theme.color(theme.tokens().line))
    for tile in tiles:
        painter.drawRect(tile.adjusted(0, 0, -1, -1))


def _veil(grid: Grid, blocked: Flags) -> tuple[Array, QImage]:
    """A picture that covers what is blocked, and the memory that it lies in."""
    height, width = grid.size
    colors = theme.tokens()
    color = QColor(theme.color(colors.line, VEIL)).rgba()
    covered = np.zeros(height * width, np.bool_)
    covered[: blocked.size] = blocked.ravel()  # tiles are below each other, units line by line
    entries = np.where(covered, np.uint32(color), np.uint32(0)).reshape(height, width)
    form = QImage.Format.Format_ARGB32
    return entries, QImage(entries.data, width, height, entries.strides[0], form)
