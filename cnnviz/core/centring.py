"""Ink as the digits of MNIST were made of it: scaled into a box, its centre of mass in the middle.

“The original black and white (bilevel) images from NIST were size normalized to fit in a 20x20
pixel box while preserving their aspect ratio. The resulting images contain grey levels as a result
of the anti-aliasing technique used by the normalization algorithm. The images were centered in a
28x28 image by computing the center of mass of the pixels, and translating the image so as to
position this point at the center of the 28x28 field.” (LeCun, Cortes, Burges:
yann.lecun.com/exdb/mnist.) In the files themselves the centre of mass lies within half a pixel of
(14, 14), so the translation was by whole pixels; an image of MNIST comes out as it was.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from cnnviz.core.workspace import Array

FIELD, BOX = 28, 20
"""Pixels of MNIST's images, and of the box that the ink is scaled into."""


@dataclass(frozen=True)
class Centred:
    """What came of the ink, and what was done to it."""

    values: Array
    """float32 (H, W) in [0, 1]."""
    crop: tuple[int, int, int, int]
    """(left, top, right, bottom) of the ink in what was given; all 0 if there is no ink."""
    size: tuple[int, int]
    """(width, height) it was scaled to."""
    moved: tuple[int, int]
    """Pixels right and down from the middle of the field, where the box would be."""


def centre(ink: Array, height: int = FIELD, width: int = FIELD) -> Centred:
    """Makes an image (height, width) of ink: (h, w), 0 without and 1 with it.

    Fields of another size than MNIST's have a box of the same proportions.
    """
    crop = extent(ink)
    if crop is None:
        return Centred(np.zeros((height, width), np.float32), (0, 0, 0, 0), (0, 0), (0, 0))
    side = max(1, round(min(height, width) * BOX / FIELD))
    scaled = resized(ink, _fitted(crop[2] - crop[0], crop[3] - crop[1], side), crop)
    size = scaled.shape[1], scaled.shape[0]
    down = _start(scaled.sum(axis=1), height)
    right = _start(scaled.sum(axis=0), width)
    moved = right - (width - size[0]) // 2, down - (height - size[1]) // 2
    values = np.zeros((height, width), np.float32)
    values[down : down + size[1], right : right + size[0]] = scaled
    return Centred(values, crop, size, moved)


def extent(ink: Array) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of what is inked; None if nothing is."""
    inked = ink > 0
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def resized(
    values: Array, size: tuple[int, int], crop: tuple[int, int, int, int] | None = None
) -> Array:
    """(h, w), or the part in `crop`, as (height, width) of `size` (width, height), in [0, 1].

    Each pixel is the mean of the area it covers; what has to be enlarged is interpolated.
    """
    left, top, right, bottom = crop or (0, 0, values.shape[1], values.shape[0])
    part = np.ascontiguousarray(values[top:bottom, left:right], np.float32)
    if size[0] <= right - left and size[1] <= bottom - top:
        scaled: Array = _areas(bottom - top, size[1]) @ part @ _areas(right - left, size[0]).T
    else:
        scaled = np.asarray(Image.fromarray(part).resize(size, Image.Resampling.BILINEAR))
    within: Array = np.clip(scaled, 0, 1)
    return within


def _areas(length: int, count: int) -> Array:
    """(count, length): what share of each of `count` equal areas each of `length` pixels covers."""
    edges, pixels = np.linspace(0, length, count + 1), np.arange(length)
    ends = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    shares: Array = np.clip(ends, 0, None).astype(np.float32) * np.float32(count / length)
    return shares


def spread(values: Array, channels: int) -> Array:
    """Grey (H, W) as (channels, H, W)."""
    return np.ascontiguousarray(np.broadcast_to(values, (channels, *values.shape)))


def _fitted(width: int, height: int, side: int) -> tuple[int, int]:
    """(width, height) of the longer side's length `side`, in the same proportions."""
    longer = max(width, height)
    return max(1, round(width * side / longer)), max(1, round(height * side / longer))


def _start(ink: Array, room: int) -> int:
    """Where ink of this distribution begins, its centre of mass in the middle, none of it lost."""
    centre_of_mass = float(ink @ np.arange(len(ink)) / ink.sum())
    wanted = int(np.floor(room / 2 - centre_of_mass + 0.5))
    return min(max(wanted, 0), room - len(ink))
