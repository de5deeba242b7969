"""What a widget looks like as a frame of a film: always of one size, with a line below it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from cnnviz.ui import theme
from cnnviz.ui.widgets.posing import posing

LARGEST = QSize(1920, 1200)
"""Pixels of a widget in a film, at most; smaller ones are shown twice as large where that fits."""
CAPTION = 22
"""Pixels of the line below, on the screen's scale."""
MARGIN = 10


@dataclass(frozen=True)
class FrameSize:
    """The size that all frames of a film have."""

    shown: QSize
    """Of the widget, in the screen's pixels, when the film began."""
    sharpness: float
    """Pixels of a frame for each one of the screen, across and down."""

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height of a frame."""
        width, height = self.shown.width(), self.shown.height() + CAPTION
        return round(width * self.sharpness), round(height * self.sharpness)


def frame_size(widget: QWidget) -> FrameSize:
    """As it is now."""
    size = widget.size()
    fits = min(LARGEST.width() / size.width(), LARGEST.height() / size.height())
    return FrameSize(size, 2 if fits >= 2 else min(fits, 1))


def take_frame(widget: QWidget, size: FrameSize, caption: str) -> NDArray[np.uint8]:
    """All of `widget` with `caption` below, (height, width, 3); fitted in if its size changed."""
    image = QImage(*size.pixels, QImage.Format.Format_RGB32)
    colors = theme.tokens()
    image.fill(theme.color(colors.background))
    image.setDevicePixelRatio(size.sharpness)
    painter = QPainter(image)
    _write(painter, size.shown, caption)
    scale = min(size.shown.width() / widget.width(), size.shown.height() / widget.height())
    painter.translate(
        (size.shown.width() - scale * widget.width()) / 2,
        (size.shown.height() - scale * widget.height()) / 2,
    )
    painter.scale(scale, scale)
    with posing(widget, widget.rect()):
        widget.render(painter, QPoint(), widget.rect())
    painter.end()
    return _pixels(image)


def _write(painter: QPainter, shown: QSize, caption: str) -> None:
    line = QRectF(MARGIN, shown.height(), shown.width() - 2 * MARGIN, CAPTION)
    painter.setFont(theme.font(theme.SMALL))
    painter.setPen(theme.color(theme.tokens().muted))
    painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, caption)


def _pixels(image: QImage) -> NDArray[np.uint8]:
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    lines = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), -1)
    # Lines are filled up to whole words; and the bytes are gone with the image.
    return lines[:, : 3 * plain.width()].reshape(plain.height(), -1, 3).copy()
