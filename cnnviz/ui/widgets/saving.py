"""Pictures and numbers as files: any widget as PNG or SVG, any array as CSV or .npy.

What a file becomes is said by the end of its name. All are written whole or not at all.
"""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect
from PySide6.QtGui import QImage, QImageWriter, QPainter
from PySide6.QtWidgets import QWidget

from cnnviz.core.errors import CnnvizError
from cnnviz.core.files import write_atomically
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.widgets.posing import posing
from cnnviz.ui.widgets.svg import svg_of

PICTURES = {".png": "PNG picture", ".svg": "SVG drawing"}
"""Ends of the names of files that pictures become."""
NUMBERS = {".csv": "Table of numbers", ".npy": "NumPy array"}
"""The same for arrays."""
SHARPNESS = 2
"""Pixels of a PNG for each one of the screen, across and down."""
AXES = {
    1: ("unit",),
    3: ("channel", "y", "x"),
    4: ("filter", "channel", "y", "x"),
}
"""What the indices of an array are called in a CSV, by how many there are."""


@dataclass(frozen=True)
class Picture:
    """What a widget looked like at one moment, both ways."""

    image: QImage
    svg: bytes

    def save(self, file: Path) -> None:
        """Writes a PNG or an SVG; raises CnnvizError if it can't."""
        kind = known_suffix(file, PICTURES)
        _write(file, self.svg if kind == ".svg" else _png(self.image))


def take_picture(widget: QWidget, area: QRect | None = None) -> Picture:
    """All of `widget`, even what is scrolled out of sight, or only the part in `area`."""
    whole = widget.rect()
    area = area.intersected(whole) if area else whole
    with posing(widget, area):
        return Picture(_image(widget, area), svg_of(widget, area))


def save_picture(widget: QWidget, file: Path, area: QRect | None = None) -> None:
    """Writes `take_picture(widget, area)` to `file`; raises CnnvizError if it can't."""
    known_suffix(file, PICTURES)
    take_picture(widget, area).save(file)


def save_numbers(array: Array, file: Path) -> None:
    """Writes float32 values such that they can be read back as they are, to the bit.

    In a CSV, two axes are a table as it is seen: a line a row, no heading. Any other number of axes
    is a list: a heading (channel,y,x,value), then a line a value. Raises CnnvizError if it can't.
    """
    kind = known_suffix(file, NUMBERS)
    _write(file, _npy(array) if kind == ".npy" else _csv(array).encode())


def known_suffix(file: Path, kinds: Mapping[str, str]) -> str:
    """The end of the file's name in small letters; raises CnnvizError if it is none of `kinds`."""
    suffix = file.suffix.lower()
    if suffix not in kinds:
        told = f"“{file.suffix}” is unknown here" if suffix else "Its name has no end"
        raise CnnvizError(f"Cannot save {file.name}: {told}. Use {' or '.join(kinds)}.")
    return suffix


def refuse_protected(file: Path) -> None:
    """Raises CnnvizError if there is a folder or a file that may not be replaced.

    Renaming would replace it all the same.
    """
    if file.is_dir():
        raise CnnvizError(f"Cannot write {file}: it is a folder.")
    if file.exists() and not (os.access(file, os.W_OK) and file.stat().st_mode & 0o222):
        raise CnnvizError(f"Cannot write {file}: it is read-only.")


def _write(file: Path, content: bytes) -> None:
    refuse_protected(file)
    write_atomically(file, content)


# Pictures.


def _image(widget: QWidget, area: QRect) -> QImage:
    image = QImage(area.size() * SHARPNESS, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(SHARPNESS)
    image.fill(theme.color(theme.tokens().background))
    painter = QPainter(image)
    widget.render(painter, QPoint(), area)
    painter.end()
    return image


def _png(image: QImage) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())


# Numbers.


def _npy(array: Array) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _csv(array: Array) -> str:
    lines = _table(array) if array.ndim == 2 else _list(array, AXES[array.ndim])
    return "".join(f"{line}\n" for line in lines)


def _table(array: Array) -> Iterator[str]:
    for row in array.tolist():
        yield ",".join(_exact(value) for value in row)


def _list(array: Array, axes: Sequence[str]) -> Iterator[str]:
    yield ",".join((*axes, "value"))
    for index, value in zip(np.ndindex(array.shape), array.ravel().tolist(), strict=True):
        yield ",".join((*map(str, index), _exact(value)))


def _exact(value: float) -> str:
    """Nine digits tell every float32 from its neighbours, whether read as float32 or as float64."""
    return f"{value:.9g}"
