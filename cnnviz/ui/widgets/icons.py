"""Our SVG icons in the colour of the text beside them: QIcon.fromTheme is often empty."""

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from cnnviz.assets import asset_path

PIXELS = 64
"""Drawn large and scaled down by Qt, so that it is sharp at 2x too."""


def icon(name: str, color: str = "#000000") -> QIcon:
    """assets/icons/NAME.svg with its currentColor drawn in `color`."""
    source = asset_path(f"icons/{name}.svg").read_text(encoding="utf-8")
    renderer = QSvgRenderer(QByteArray(source.replace("currentColor", color).encode()))
    pixmap = QPixmap(PIXELS, PIXELS)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    renderer.render(painter, QRectF(0, 0, PIXELS, PIXELS))
    painter.end()
    return QIcon(pixmap)
