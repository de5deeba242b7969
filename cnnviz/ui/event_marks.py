"""Marks on the loss curve where something happened: a sign in a circle, several as their number."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from cnnviz.core.events import Event, Kind
from cnnviz.core.scales import Scale
from cnnviz.ui import theme

RADIUS = 7.5
CENTER = Qt.AlignmentFlag.AlignCenter
SIGNS = {
    Kind.RATE: "r",
    Kind.CONVOLUTION: "c",
    Kind.EDIT: "e",
    Kind.FORK: "⑂",
    Kind.ORIGIN: "⑂",
    Kind.DIVERGED: "!",
    Kind.MARK: "n",
}
"""Of each kind; what it means is said where the pointer is."""


@dataclass(frozen=True)
class Mark:
    """Events that share a place on the screen."""

    x: float
    events: tuple[Event, ...]


def marks(events: Sequence[Event], across: Scale) -> list[Mark]:
    """Each event where it is; those whose circles would touch are one."""
    found: list[Mark] = []
    for event in events:
        x = across.pixel(float(event.step))
        if found and x - found[-1].x < 2 * RADIUS + 2:
            found[-1] = Mark(found[-1].x, (*found[-1].events, event))
        else:
            found.append(Mark(x, (event,)))
    return found


def paint(painter: QPainter, shown: Sequence[Mark], area: QRectF) -> None:
    """Along the lower edge of the curves, with a thin line up into them."""
    colors = theme.tokens()
    y = area.bottom() - RADIUS - 2
    painter.setFont(theme.font(theme.SMALL))
    for mark in shown:
        if not area.left() <= mark.x <= area.right():
            continue
        kinds = {event.kind for event in mark.events}
        color = QColor(colors.bad if Kind.DIVERGED in kinds else colors.text)
        painter.setPen(QPen(theme.color(colors.muted, 0.5), 1, Qt.PenStyle.DotLine))
        painter.drawLine(QPointF(mark.x, area.top()), QPointF(mark.x, y - RADIUS))
        painter.setPen(QPen(color, 1))
        painter.setBrush(QColor(colors.raised))
        painter.drawEllipse(QPointF(mark.x, y), RADIUS, RADIUS)
        sign = SIGNS[mark.events[0].kind] if len(mark.events) == 1 else str(len(mark.events))
        painter.drawText(QRectF(mark.x - 10, y - 10, 20, 20), CENTER, sign)


def near(shown: Sequence[Mark], x: float) -> Mark | None:
    """The mark whose circle is under or beside `x`."""
    found = [mark for mark in shown if abs(mark.x - x) <= RADIUS + 1]
    return min(found, key=lambda mark: abs(mark.x - x), default=None)
