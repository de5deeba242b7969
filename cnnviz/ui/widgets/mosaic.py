"""From numbers to pictures: maps and kernels as images in the one colour language.

All maps of a layer become one image, which is many times faster to draw than one image each.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from cnnviz.core.workspace import Array
from cnnviz.ui import theme


def level_of(values: Array) -> float:
    """The symmetric level ±level of a layer: its greatest finite magnitude, or 1 if all is zero."""
    finite = values[np.isfinite(values)]
    greatest = float(np.abs(finite).max()) if finite.size else 0.0
    return greatest or 1.0


def signed_image(values: Array, level: float) -> QImage:
    """A picture (H, W) of signed values: zero is the ground, ±level the full colours."""
    with np.errstate(all="ignore"):  # a network that has diverged holds infinities and NaN
        shares = np.nan_to_num(np.clip(values / level, -1, 1))
    return _image(np.rint(127 * shares).astype(np.int16) + 128, theme.signed_table())


def ink_image(values: Array) -> QImage:
    """A picture (H, W) of pixels from 0 (paper) to 1 (ink)."""
    return _image(np.clip(values * 255, 0, 255).astype(np.int16), theme.ink_table())


def rgb_image(values: Array) -> QImage:
    """A picture of channels (3, H, W) from 0 to 1 in their own colours."""
    pixels = np.clip(values * 255, 0, 255).astype(np.uint8).transpose(1, 2, 0)
    return _from_pixels(pixels)


def picture(image: Array) -> QImage:
    """An input image (C, H, W): ink for one channel, colours for three, else the channels' mean."""
    return rgb_image(image) if len(image) == 3 else ink_image(image.mean(axis=0))


def stacked(maps: Array) -> Array:
    """Maps (C, H, W) one below the other, (C·H, W)."""
    return maps.reshape(-1, maps.shape[-1])


def kernel_grid(tiles: Array, level: float) -> QImage:
    """Tiles (rows, columns, h, w) as one picture, one pixel of the ground colour between them."""
    rows, columns, height, width = tiles.shape
    padded = np.zeros((rows, columns, height + 1, width + 1), tiles.dtype)
    padded[:, :, :height, :width] = tiles
    whole = padded.transpose(0, 2, 1, 3).reshape(rows * (height + 1), columns * (width + 1))
    image = signed_image(whole[:-1, :-1], level)
    ground = QColor(theme.tokens().background)
    return _with_gaps(image, height, width, ground)


def _with_gaps(image: QImage, height: int, width: int, ground: QColor) -> QImage:
    rgb = (ground.blue(), ground.green(), ground.red(), 255)
    pixels = np.frombuffer(image.bits(), np.uint8).reshape(image.height(), image.width(), 4)
    pixels[height :: height + 1] = rgb
    pixels[:, width :: width + 1] = rgb
    return image


def _image(entries: NDArray[np.int16], table: NDArray[np.uint8]) -> QImage:
    return _from_pixels(table[entries])


def _from_pixels(rgb: NDArray[np.uint8]) -> QImage:
    """(H, W, 3) uint8 to an image that owns its memory."""
    height, width = rgb.shape[:2]
    pixels = np.empty((height, width, 4), np.uint8)
    pixels[..., :3] = rgb[..., ::-1]
    pixels[..., 3] = 255
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()
