"""The small yellow plate that says what is under the pointer."""

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from cnnviz.ui import theme


def plate_beside(pointer: QPointF, text: str, seen: QRectF) -> QRectF:
    """Where the plate with `text` stands: beside `pointer`, inside `seen`."""
    size = QFontMetricsF(_font()).size(0, text)
    plate = QRectF(pointer + QPointF(14, 14), size + QSizeF(14, 8))
    plate.moveRight(min(plate.right(), seen.right() - 4))
    plate.moveLeft(max(plate.left(), seen.left() + 4))
    if plate.bottom() > seen.bottom() - 4:
        plate.moveBottom(pointer.y() - 10)
    return plate


def paint_plate(painter: QPainter, pointer: QPointF, text: str, seen: QRectF) -> QRectF:
    """Paints `text` beside `pointer`, inside `seen`; returns where."""
    plate, colors = plate_beside(pointer, text, seen), theme.tokens()
    painter.setFont(_font())
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(colors.selected))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(theme.color(colors.on_accent))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
    return plate


def _font() -> QFont:
    return theme.font(theme.SMALL, QFont.Weight.Medium)
