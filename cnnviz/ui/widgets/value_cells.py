"""Numbers written on the cells of a picture: as many digits as fit, in a colour that can be read.

Laying out hundreds of numbers is dear, so they are painted on a glass of their own when they are
told anew, a few times a second; the picture under it may change at its own pace.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPixmap

from cnnviz.core.workspace import Array
from cnnviz.ui import theme

LEAST_CELL = 34
"""Pixels of a cell that has room for a number."""
PADDING = 3
"""Pixels at each side of a number."""
SPARE_PLACES = 2
"""Where there is room, so many decimals more than two digits of the greatest value need."""


def places_that_fit(level: float, width: float) -> int | None:
    """How many decimals every value up to ±level can have in a cell; None if none fits."""
    if width < LEAST_CELL or not math.isfinite(level):
        return None
    metrics = QFontMetricsF(theme.font(theme.SMALL))
    least = min(max(1 - math.floor(math.log10(level)), 0), 12) if level > 0 else 0
    for places in range(least + (SPARE_PLACES if level else 0), least - 1, -1):
        if metrics.horizontalAdvance(written(-level, places)) <= width - 2 * PADDING:
            return places
    return None


def written(value: float, places: int) -> str:
    """A value with so many decimals; exact zero is 0, and what rounds to zero has no sign."""
    if value == 0:
        return "0"
    text = f"{value:z.{places}f}" if math.isfinite(value) else str(value)
    return text.replace("-", "−").replace("inf", "∞").replace("nan", "?")


def numbers_glass(values: Array, level: float, size: QSize, ratio: float, ink: bool) -> QPixmap:
    """A clear pixmap of `size` with each of the values (H, W) in its cell; null if none fits.

    `level` is full colour; `ink` says that values are pixels from paper to ink.
    """
    rows, columns = values.shape
    cell = QRectF(0, 0, size.width() / columns, size.height() / rows)
    places = places_that_fit(level, min(cell.width(), cell.height()))
    if places is None:
        return QPixmap()
    glass = QPixmap(size * ratio)
    glass.setDevicePixelRatio(ratio)
    glass.fill(Qt.GlobalColor.transparent)
    shown = written_colors(values, level, ink)
    quiet = np.abs(values) < 0.5 * 10.0**-places  # rounds to zero
    if not ink:
        shown[quiet] = theme.tokens().muted  # calm, for most values often do
    painter = QPainter(glass)
    painter.setFont(theme.font(theme.SMALL))
    for y in range(rows):
        for x in range(columns):
            painter.setPen(theme.color(str(shown[y, x])))
            cell.moveTo(x * cell.width(), y * cell.height())
            text = written(float(values[y, x]), places)
            painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
    painter.end()
    return glass


def written_colors(values: Array, level: float, ink: bool) -> NDArray[np.object_]:
    """The colour of each number: the theme's text or background, whichever can be read there."""
    colors = theme.tokens()
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(values / (level or 1), nan=0.0, posinf=1.0, neginf=-1.0)
    low, scale = (0, 255) if ink else (128, 127)
    entries = np.clip(np.rint(shares * scale) + low, 0, 255).astype(np.uint8)
    names: NDArray[np.object_] = np.full(values.shape, colors.text, object)
    names[_wants_background(colors.name, ink)[entries]] = colors.background
    return names


@cache
def _wants_background(name: str, ink: bool) -> NDArray[np.bool_]:
    """For each colour of the table, whether the background stands out from it more than text."""
    colors = theme.THEMES[name]
    table = theme.ink_table() if ink else theme.signed_table()
    grounds = _luminance(table)
    text, background = _luminance_of(colors.text), _luminance_of(colors.background)
    return _contrast(grounds, background) > _contrast(grounds, text)


def _luminance_of(value: str) -> NDArray[np.float64]:
    made = theme.color(value)
    return _luminance(np.array([[made.red(), made.green(), made.blue()]], np.uint8))


def _luminance(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Relative luminance of colours (n, 3), by WCAG."""
    shares = rgb / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    found: NDArray[np.float64] = linear @ np.array([0.2126, 0.7152, 0.0722])
    return found


def _contrast(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return (np.maximum(one, other) + 0.05) / (np.minimum(one, other) + 0.05)
