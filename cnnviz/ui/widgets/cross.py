"""The mark on what a muted filter leaves empty."""

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen

from cnnviz.ui import theme

SHARE, GREATEST = 0.2, 9.0
"""Half a cross, of the shorter side of what it is on, and in pixels at most."""


def paint_cross(painter: QPainter, area: QRectF) -> None:
    """A quiet cross in the middle of `area`."""
    arm = min(SHARE * min(area.width(), area.height()), GREATEST)
    middle = area.center()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(theme.color(theme.tokens().muted), 1.5)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    for corner in (QPointF(arm, arm), QPointF(arm, -arm)):
        painter.drawLine(QLineF(middle - corner, middle + corner))
    painter.restore()
