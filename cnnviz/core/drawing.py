"""What is drawn by hand, as plain data: strokes of ink and of the eraser, every one undoable.

All lengths are shares of the paper's side, so that a drawing looks the same however large it is
shown. Its ink is kept at SIDE × SIDE pixels with soft edges and grows with each piece of a stroke.
"""

import zlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.workspace import Array

SIDE = 280
"""Pixels of the ink, ten for each of MNIST's."""
LEAST_PRESSURE = 0.25
"""A pen that hardly touches still leaves a line of this share of its width."""
Pixels = NDArray[np.uint8]


class Point(NamedTuple):
    """Where the pen was (0 to 1 on the paper, from the left and from the top), and how hard."""

    x: float
    y: float
    pressure: float = 1.0


@dataclass(frozen=True)
class Stroke:
    """A line through points, `width` at full pressure; it leaves ink, or takes it away."""

    points: tuple[Point, ...]
    width: float
    erases: bool = False

    def radius(self, point: Point) -> float:
        """Half of the line's width at a point, as a share of the paper's side."""
        return self.width * max(min(point.pressure, 1.0), LEAST_PRESSURE) / 2


@dataclass(frozen=True)
class _Act:
    """A stroke, or clearing (None), and the ink as it was then, packed."""

    stroke: Stroke | None
    ink: bytes


class Drawing:
    """Strokes one after the other, with undo and redo without limit."""

    def __init__(self) -> None:
        self.pixels: Pixels = np.zeros((SIDE, SIDE), np.uint8)
        """The ink from 0 to 255, with the stroke under way."""
        self.changes = 0
        """How often anything has changed: who has painted as many shows all of it."""
        self._done: list[_Act] = []
        self._undone: list[_Act] = []
        self._now: Stroke | None = None

    @property
    def ink(self) -> Array:
        """float32 (SIDE, SIDE) in [0, 1], made anew."""
        return self.pixels.astype(np.float32) / np.float32(255)

    @property
    def strokes(self) -> tuple[Stroke, ...]:
        """All that is on the paper, the one under way last."""
        present: list[Stroke] = []
        for act in self._done:
            if act.stroke is None:
                present.clear()
            else:
                present.append(act.stroke)
        return (*present, self._now) if self._now else tuple(present)

    @property
    def is_blank(self) -> bool:
        """Whether there is no ink."""
        return not self.pixels.any()

    @property
    def under_way(self) -> Stroke | None:
        """The stroke that has begun and not ended."""
        return self._now

    def begin(self, point: Point, width: float, erases: bool = False) -> None:
        """The pen touches the paper; a stroke that was under way has ended."""
        self.end()
        self._now = Stroke((point,), width, erases)
        self.changes += 1
        _add(self.pixels, self._now, point, point)

    def extend(self, point: Point) -> None:
        """The pen goes on to `point`; ignored while it does not touch."""
        if self._now:
            before = self._now.points[-1]
            self._now = replace(self._now, points=(*self._now.points, point))
            self.changes += 1
            _add(self.pixels, self._now, before, point)

    def end(self) -> None:
        """The pen leaves the paper."""
        if self._now:
            self._do(self._now)
            self._now = None

    def clear(self) -> None:
        """Takes a new sheet, which can be undone; a blank one stays."""
        self.end()
        if not self.is_blank:
            self.pixels[...] = 0
            self.changes += 1
            self._do(None)

    @property
    def can_undo(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self._done or self._now)

    @property
    def can_redo(self) -> bool:
        """Whether anything was taken back."""
        return bool(self._undone)

    def undo(self) -> None:
        """Takes the last stroke or clearing back."""
        self.end()
        if self._done:
            self._undone.append(self._done.pop())
            self._unpack()

    def redo(self) -> None:
        """Does again what was taken back last."""
        self.end()
        if self._undone:
            self._done.append(self._undone.pop())
            self._unpack()

    def _do(self, stroke: Stroke | None) -> None:
        self._done.append(_Act(stroke, zlib.compress(self.pixels.tobytes(), 1)))
        self._undone.clear()

    def _unpack(self) -> None:
        self.changes += 1
        if self._done:
            ink = np.frombuffer(zlib.decompress(self._done[-1].ink), np.uint8)
            self.pixels[...] = ink.reshape(SIDE, SIDE)
        else:
            self.pixels[...] = 0


def ink_of(strokes: tuple[Stroke, ...]) -> Pixels:
    """The ink of strokes, uint8 (SIDE, SIDE), as if they had just been drawn."""
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    for stroke in strokes:
        _add(pixels, stroke, stroke.points[0], stroke.points[0])
        for start, end in zip(stroke.points, stroke.points[1:], strict=False):
            _add(pixels, stroke, start, end)
    return pixels


def _add(pixels: Pixels, stroke: Stroke, start: Point, end: Point) -> None:
    """Draws the piece of a stroke between two points: a line with round ends and a soft edge."""
    radii = SIDE * stroke.radius(start), SIDE * stroke.radius(end)
    (x0, y0), (x1, y1) = (SIDE * start.x, SIDE * start.y), (SIDE * end.x, SIDE * end.y)
    reach = max(radii) + 1
    left, right = _between(x0, x1, reach)
    top, bottom = _between(y0, y1, reach)
    if left >= right or top >= bottom:
        return
    x = np.arange(left, right, dtype=np.float32) + np.float32(0.5 - x0)
    y = (np.arange(top, bottom, dtype=np.float32) + np.float32(0.5 - y0))[:, None]
    along, across = x1 - x0, y1 - y0
    length = along * along + across * across
    share = np.clip((x * along + y * across) / length, 0, 1) if length else np.float32(0)
    distance = np.hypot(x - share * along, y - share * across)
    cover = np.clip(radii[0] + share * (radii[1] - radii[0]) - distance + 0.5, 0, 1)
    inked = np.rint(255 * cover).astype(np.uint8)
    area = pixels[top:bottom, left:right]
    if stroke.erases:
        np.minimum(area, 255 - inked, out=area)
    else:
        np.maximum(area, inked, out=area)


def _between(start: float, end: float, reach: float) -> tuple[int, int]:
    """The pixels that a piece of line from `start` to `end` may touch."""
    first, last = min(start, end) - reach, max(start, end) + reach
    return max(int(np.floor(first)), 0), min(int(np.ceil(last)), SIDE)
