"""Writes a film as GIF, frame by frame, so that its length costs no memory.

Pillow compresses each frame; its own writer of whole films would hold all of them until the end.
All frames share one table of colours. Of each frame only what changed is written.
The format: https://www.w3.org/Graphics/GIF/spec-gif89a.txt
"""

import math
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.GifImagePlugin import getdata

from cnnviz.core.files import open_atomically

Pixels = NDArray[np.uint8]
"""A frame, (H, W, 3), red, green and blue."""
Color = tuple[int, int, int]
COLORS = 255
"""Of the table's 256; the last means: as in the frame before."""
UNCHANGED = 255
EXACT = 64
"""Colours that are taken over as they are, as so much of the film has them."""
LOOKED_AT = 2**20
"""Pixels that the table is made from, at most."""
AT_ONCE = 2**14
"""Colours that are looked for together."""
FOR_EVER = b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00"


@contextmanager
def writing_gif(
    path: Path,
    size: tuple[int, int],
    rate: float,
    samples: Sequence[Pixels],
    vital: Sequence[Color] = (),
) -> Iterator[Callable[[Pixels], None]]:
    """Yields what takes the frames of (width, height), shown at `rate` a second, over and over.

    The colours are those of `samples`, as `shared_colors` has it. Whole or not at all; raises
    CnnvizError if it can't.
    """
    table = shared_colors(samples, vital)
    nearest = _Nearest(table)
    before: Pixels | None = None
    number = 0

    def write(frame: Pixels) -> None:
        nonlocal before, number
        now = nearest.numbers(frame)
        part, offset = _what_changed(before, now)
        for piece in getdata(
            Image.fromarray(part),
            offset,
            duration=10 * (_hundredths(number + 1, rate) - _hundredths(number, rate)),
            transparency=UNCHANGED,
            disposal=1,  # leave it, for the next frame to be laid over
            interlace=0,
        ):
            file.write(piece)
        before, number = now, number + 1

    with open_atomically(path) as file:
        screen = struct.pack("<HHBBB", *size, 0b1111_0111, 0, 0)  # a table of 256 colours, for all
        file.write(b"GIF89a" + screen + table.tobytes() + bytes(3) + FOR_EVER)
        yield write
        file.write(b";")


def shared_colors(samples: Sequence[Pixels], vital: Sequence[Color] = ()) -> Pixels:
    """255 colours (255, 3) for all frames, chosen from what is in some.

    The `vital` ones, a few, and the most frequent are taken over as they are. The rest of the table
    is shared out among the *different* colours, by median cut: by area, the few bright pixels of a
    dark window would get none.
    """
    stride = math.ceil(math.sqrt(max(sum(each[..., 0].size for each in samples) / LOOKED_AT, 1)))
    pixels = np.vstack([each[::stride, ::stride].reshape(-1, 3) for each in samples])
    colors, counts = np.unique(_packed(pixels), return_counts=True)
    if len(colors) > COLORS:
        frequent = colors[np.argsort(-counts, kind="stable")[:EXACT]]
        kept = np.array([red << 16 | green << 8 | blue for red, green, blue in vital], np.uint32)
        exact = np.union1d(kept, frequent)
        others = np.setdiff1d(colors, exact, assume_unique=True)
        cut = Image.fromarray(_unpacked(others)[None]).quantize(
            COLORS - len(exact), Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
        )
        found = np.array(cut.getpalette() or [], np.uint8).reshape(-1, 3)
        table = np.vstack([_unpacked(exact), found])[:COLORS]
    else:
        table = _unpacked(colors)
    return np.vstack([table, np.repeat(table[-1:], COLORS - len(table), axis=0)])


class _Nearest:
    """Which of the table's colours is nearest to a pixel's, looked for once a colour.

    Pillow's own search takes four neighbouring levels for one, and white for nearly white.
    """

    def __init__(self, table: Pixels) -> None:
        self._table = table.astype(np.float32)
        self._known = np.full(2**24, UNCHANGED, np.uint8)  # until it is known

    def numbers(self, frame: Pixels) -> Pixels:
        """Places in the table, (H, W), of the pixels of (H, W, 3)."""
        packed = _packed(frame)
        found = self._known.take(packed)
        new = np.unique(packed[found == UNCHANGED])
        for begin in range(0, len(new), AT_ONCE):
            part = new[begin : begin + AT_ONCE]
            self._known[part] = self._look_for(_unpacked(part).astype(np.float32))
        return self._known.take(packed) if len(new) else found

    def _look_for(self, colors: NDArray[np.float32]) -> NDArray[np.intp]:
        """By |a − b|² − |a|² = |b|² − 2 a·b, exact in float32."""
        distances: NDArray[np.float32] = (self._table**2).sum(axis=1) - 2 * colors @ self._table.T
        nearest: NDArray[np.intp] = distances.argmin(axis=1)
        return nearest


def _packed(pixels: Pixels) -> NDArray[np.uint32]:
    red, green, blue = (pixels[..., channel].astype(np.uint32) for channel in range(3))
    return red * np.uint32(65536) + green * np.uint32(256) + blue


def _unpacked(colors: NDArray[np.uint32]) -> Pixels:
    return np.stack([colors >> 16, colors >> 8 & 255, colors & 255], axis=-1).astype(np.uint8)


def _what_changed(before: Pixels | None, now: Pixels) -> tuple[Pixels, tuple[int, int]]:
    """The smallest rectangle with all changes, and its left upper corner (x, y)."""
    if before is None:
        return now, (0, 0)
    changed = now != before
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        return np.full((1, 1), UNCHANGED, np.uint8), (0, 0)
    area = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    part = np.where(changed[area], now[area], np.uint8(UNCHANGED))
    return part, (int(columns[0]), int(rows[0]))


def _hundredths(frames: int, rate: float) -> int:
    """When a frame ends: 15 a second are no whole hundredths, yet must not drift."""
    return round(100 * frames / rate)
