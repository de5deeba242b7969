"""The small yellow plate that says what is under the pointer."""

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter

from cnnviz.ui import theme


def paint_plate(painter: QPainter, pointer: QPointF, text: str, seen: QRectF) -> None:
    """Paints `text` beside `pointer`, inside `seen`."""
    painter.setFont(theme.font(theme.SMALL, QFont.Weight.Medium))
    size = QFontMetricsF(painter.font()).size(0, text)
    plate = QRectF(pointer + QPointF(14, 14), size + QSizeF(14, 8))
    plate.moveRight(min(plate.right(), seen.right() - 4))
    plate.moveLeft(max(plate.left(), seen.left() + 4))
    if plate.bottom() > seen.bottom() - 4:
        plate.moveBottom(pointer.y() - 10)
    colors = theme.tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(colors.selected))
    painter.drawRoundedRect(plate, 4, 4)
    painter.setPen(theme.color(colors.on_accent))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
