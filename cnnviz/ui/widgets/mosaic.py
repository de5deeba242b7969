"""From numbers to pictures: maps and kernels as images in the one colour language.

All tiles of a layer are one picture, and all pictures of a view are coloured in one go: many
times a second, what counts is how many calls there are.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter

from cnnviz.core.workspace import Array
from cnnviz.ui import theme

Colors = NDArray[np.uint32]
"""As Qt has them in an image: 0xffrrggbb."""
GROUND = 0
"""Where in the table of colours the background is; of the signed ones it is the only free entry."""


@dataclass(frozen=True)
class Grid:
    """Tiles of `height` × `width` values in rows and columns, read line by line."""

    rows: int
    columns: int
    height: int
    width: int
    gap: int = 0
    """Pixels of the background between two tiles."""
    count: int | None = None
    """How many tiles there are, where the last row is not full; the rest is background."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the picture, and of a gap more below it and right of it."""
        return self.rows * (self.height + self.gap), self.columns * (self.width + self.gap)

    def tiles_of(self, picture: Array) -> Array:
        """The values in a picture of that size, (rows, columns, height, width)."""
        down, across = self.height + self.gap, self.width + self.gap
        tiles = picture.reshape(self.rows, down, self.columns, across).transpose(0, 2, 1, 3)
        return tiles[:, :, : self.height, : self.width]


class Mosaics:
    """Pictures of signed values, each on a scale of its own: zero is the ground, ±level full.

    The images are made once and stay; `show` changes what is in them.
    """

    def __init__(self, grids: Mapping[str, Grid]) -> None:
        self.images: dict[str, QImage] = {}
        self.levels: dict[str, float] = {}
        """The greatest finite magnitude in each picture."""
        sizes = [height * width for height, width in (grid.size for grid in grids.values())]
        self._sizes = np.array(sizes, np.intp)
        self._starts = np.cumsum(self._sizes) - self._sizes
        self._values: Array = np.zeros(sum(sizes), np.float32)
        self._full: Array = np.zeros(len(sizes), np.float32)
        self._colors: Colors = np.zeros(sum(sizes), np.uint32)
        self._tiles: dict[str, list[Array]] = {}
        filled = np.zeros(sum(sizes), np.float32)
        for (name, grid), start, size in zip(grids.items(), self._starts, sizes, strict=True):
            part = slice(start, start + size)
            self._tiles[name] = _whole_rows_and_rest(grid, self._values[part])
            for tiles in _whole_rows_and_rest(grid, filled[part]):
                tiles[...] = 1
            self.images[name] = _image_in(self._colors[part].reshape(grid.size), grid.gap)
        self._grounds = np.flatnonzero(filled == 0)

    def show(self, values: Mapping[str, Array], levels: Mapping[str, float] | None = None) -> None:
        """Colours every picture anew; `values` of each are its tiles, one after the other.

        Full colour is each picture's greatest magnitude, or what `levels` says; what is beyond
        has full colour too.
        """
        if not self._tiles:
            return
        self._place(values)
        self._measure(levels or {})
        shares = self._values / np.repeat(np.where(self._full > 0, self._full, 1), self._sizes)
        if levels:
            np.clip(shares, -1, 1, out=shares)
        entries = (np.rint(127 * shares) + 128).astype(np.uint8)
        entries[self._grounds] = GROUND
        np.take(_signed_colors(theme.tokens()), entries, out=self._colors, mode="clip")

    def _place(self, values: Mapping[str, Array]) -> None:
        for name, places in self._tiles.items():
            start, source = 0, values[name].ravel()
            for place in places:
                place[...] = source[start : start + place.size].reshape(place.shape)
                start += place.size

    def _measure(self, given: Mapping[str, float]) -> None:
        """Takes down what full colour is."""
        levels = np.maximum.reduceat(np.abs(self._values), self._starts)
        if not np.isfinite(levels).all():
            levels = self._tame()
        for k, name in enumerate(self._tiles):
            levels[k] = given.get(name, levels[k])
        self._full = levels
        self.levels = dict(zip(self._tiles, levels.tolist(), strict=True))

    def _tame(self) -> Array:
        """The finite levels of a network that has diverged: NaN becomes zero, infinity the level.

        Where nothing is finite but zero, the level is 1.
        """
        finite, odd = np.isfinite(self._values), np.isnan(self._values)
        magnitudes = np.where(finite, np.abs(self._values), 0)
        levels = np.maximum.reduceat(magnitudes, self._starts)
        strange = np.maximum.reduceat((~finite).astype(np.uint8), self._starts)
        levels[(levels == 0) & (strange > 0)] = 1
        each = np.repeat(levels, self._sizes)
        self._values[odd] = 0
        np.clip(self._values, -each, each, out=self._values)
        return levels


def _whole_rows_and_rest(grid: Grid, flat: Array) -> list[Array]:
    """Where the values of a grid's tiles go in its picture: the full rows, then the last one."""
    tiles = grid.tiles_of(flat.reshape(grid.size))
    count = grid.rows * grid.columns if grid.count is None else grid.count
    whole, rest = divmod(count, grid.columns)
    return [tiles[:whole], tiles[whole, :rest]] if rest else [tiles[:whole]]


def _signed_colors(colors: theme.Tokens) -> Colors:
    """The table of signed values with the background in front."""
    table = _packed(theme.signed_table())
    table[GROUND] = QColor(colors.background).rgb()
    return table


def ink_image(values: Array) -> QImage:
    """A picture (H, W) of pixels from 0 (paper) to 1 (ink)."""
    entries = np.clip(values * 255, 0, 255).astype(np.uint8)
    return _image_in(_packed(theme.ink_table())[entries]).copy()


def rgb_image(values: Array) -> QImage:
    """A picture of channels (3, H, W) from 0 to 1 in their own colours."""
    pixels = np.clip(values * 255, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return _image_in(_packed(pixels)).copy()


def picture(image: Array) -> QImage:
    """An input image (C, H, W): ink for one channel, colours for three, else the channels' mean."""
    return rgb_image(image) if len(image) == 3 else ink_image(image.mean(axis=0))


def draw_part(painter: QPainter, target: QRectF, image: QImage, part: QRectF) -> None:
    """Draws `part` of an image; in an SVG Qt would draw all of it, so there the part is cut out."""
    if painter.paintEngine().type() is QPaintEngine.Type.SVG:
        painter.drawImage(target, image.copy(part.toAlignedRect()))
    else:
        painter.drawImage(target, image, part)


def _packed(rgb: NDArray[np.uint8]) -> Colors:
    """(…, 3) uint8 as opaque pixels."""
    pixels: Colors = np.full(rgb.shape[:-1], 0xFF, np.uint32)
    for channel in range(3):
        pixels = (pixels << np.uint32(8)) | rgb[..., channel].astype(np.uint32)
    return pixels


def _image_in(colors: Colors, gap: int = 0) -> QImage:
    """An image that shares memory with `colors`, without the last gap; they have to outlive it."""
    height, width = colors.shape
    form = QImage.Format.Format_RGB32
    return QImage(colors.data, width - gap, height - gap, colors.strides[0], form)
