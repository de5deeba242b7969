"""Ten thousand round points as one picture, in a few milliseconds.

Each pixel of a small disc is written for all points of a group at once. The rims come first and the
hearts last, so that no point's rim covers another's heart.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from cnnviz.core.workspace import Array

Colors = NDArray[np.uint32]
"""As Qt has them in an image: 0xffrrggbb."""
LEVELS = 4
"""Shades of a rim."""


class PointPicture:
    """A picture of `size` (width, height) in pixels; groups of points go onto it one by one."""

    def __init__(self, size: tuple[int, int], radius: float, ground: QColor) -> None:
        self._width, self._height = size
        self._radius, self._ground = radius, ground
        self._margin = 2 * (int(radius) + 2)
        shape = self._height + 2 * self._margin, self._width + 2 * self._margin
        self._pixels = np.full(shape, ground.rgb(), np.uint32)

    def add(self, positions: Array, colors: NDArray[np.uint8]) -> None:
        """A disc at each position (N, 2) in its colour (N, 3), over all that is there.

        What is outside is left out, and so is what is no number.
        """
        near = self._margin // 2
        inside = (positions > -near) & (positions < (self._width + near, self._height + near))
        kept = inside.all(axis=1)
        places = np.floor(positions[kept]).astype(np.intp) + self._margin
        stride = self._pixels.shape[1]
        starts = places[:, 1] * stride + places[:, 0]
        shades = [
            _packed(colors[kept], self._ground, (level + 1) / LEVELS) for level in range(LEVELS)
        ]
        pixels = self._pixels.reshape(-1)
        for level, dy, dx in _disc(self._radius):
            pixels[starts + (dy * stride + dx)] = shades[level]

    def image(self) -> QImage:
        """The picture; it shares memory with this, which has to outlive it."""
        m, stride = self._margin, self._pixels.shape[1]
        begin = self._pixels.reshape(-1)[m * stride + m :]
        form = QImage.Format.Format_RGB32
        return QImage(begin.data, self._width, self._height, 4 * stride, form)


@cache
def _disc(radius: float) -> list[tuple[int, int, int]]:
    """(shade, y, x) of each pixel that a disc covers, the least covered first."""
    reach = np.arange(-int(radius) - 1, int(radius) + 2)
    fine = (np.arange(8) + 0.5) / 8
    across = (reach[:, None] + fine).ravel() - 0.5
    covered = (across[:, None] ** 2 + across**2 <= radius**2).astype(float)
    shares = covered.reshape(len(reach), 8, len(reach), 8).mean(axis=(1, 3))
    levels = np.rint(shares * LEVELS).astype(int)
    found = [
        (int(levels[y, x]) - 1, int(reach[y]), int(reach[x]))
        for y, x in np.argwhere(levels > 0).tolist()
    ]
    return sorted(found)


def _packed(colors: NDArray[np.uint8], ground: QColor, share: float) -> Colors:
    """Colours that cover `share` of the ground, as pixels."""
    below = np.array([ground.red(), ground.green(), ground.blue()])
    mixed = np.rint(below + share * (colors - below)).astype(np.uint32)
    packed: Colors = 0xFF000000 | mixed[:, 0] << 16 | mixed[:, 1] << 8 | mixed[:, 2]
    return packed
