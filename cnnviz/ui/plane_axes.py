"""The axes of a plane of principal components: two lines, and how much each shows."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter

from cnnviz.core.projection import Plane
from cnnviz.ui import theme

CENTER = Qt.AlignmentFlag.AlignCenter


def paint_axes(painter: QPainter, plane: Plane, area: QRectF) -> None:
    """Left of and below `area`, where the points are."""
    colors = theme.tokens()
    painter.setPen(theme.color(colors.line))
    painter.drawLine(area.bottomLeft() + QPointF(0, 4), area.bottomRight() + QPointF(0, 4))
    painter.drawLine(area.topLeft() + QPointF(-4, 0), area.bottomLeft() + QPointF(-4, 4))
    painter.setPen(theme.color(colors.muted))
    across, up = axis_names(plane)
    painter.drawText(QRectF(area.x(), area.bottom() + 6, area.width(), 18), CENTER, across)
    painter.save()
    painter.translate(4, area.bottom())
    painter.rotate(-90)
    painter.drawText(QRectF(0, 0, area.height(), 18), CENTER, up)
    painter.restore()


def axis_names(plane: Plane) -> tuple[str, str]:
    """What stands at both axes: PC 1 (31 % of the variance)."""
    names = ("PC 1 ({})", "PC 2 ({})")
    if plane.turned > 89:
        names = (names[1], names[0])
    elif plane.turned >= 1:
        names = ("{}", "{}")
    shares = (f"{100 * share:.0f}{theme.THIN_SPACE}% of the variance" for share in plane.shares)
    across, up = (name.format(share) for name, share in zip(names, shares, strict=True))
    return across, up
