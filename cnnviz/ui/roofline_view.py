"""Shows each layer under the machine's roofline: what it waits for, and how near it comes.

Logarithmic scales: to the right a pass computes more with every byte, upward it computes faster.
A dot is as large as its share of the time.
"""

import math
from itertools import pairwise

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from cnnviz.core.machine import Peak
from cnnviz.core.roofline import Pass, ridge, roof, verdict
from cnnviz.core.scales import Scale
from cnnviz.ui import theme
from cnnviz.ui.widgets.labels import Place, place_labels
from cnnviz.ui.widgets.plate import paint_plate
from cnnviz.ui.widgets.quantities import digits

SIDE_LEFT, TOP, SIDE_RIGHT, BOTTOM = 52, 26, 16, 40
"""Pixels around the picture, for its scales."""
LEAST, GREATEST = 3.5, 9.0
"""Radius of the dot of a pass that takes no time, and of one that takes all."""
CATCH = 6
"""Pixels around a dot that belong to it."""
LEAST_INTENSITY = (0.1, 10.0)
"""FLOPs a byte that are always shown."""
NAME_LIFT = 12
"""Pixels from a roof up to the middle of its name."""
UNTIL_PEAK = (1e8, 1e11)
"""FLOPs a second that are shown as long as no peak is known."""
COLORS = {"forward": "negative", "backward": "positive"}
CENTER = Qt.AlignmentFlag.AlignCenter


class RooflineView(QWidget):
    """The picture; rows are those of the table beside it, -1 is none."""

    pointed = Signal(int)
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.parts: list[Pass] = []
        self.peak: Peak | None = None
        self.lit = -1
        self.chosen_row = -1
        self._hint = ""
        self._names: dict[int, QRectF] | None = None  # boxes by row, until something moves
        self._sides: dict[int, Place] = {}  # of the points, where names were last
        self._pointer: QPointF | None = None
        self.setMouseTracking(True)
        self.setMinimumSize(300, 240)
        self.setAccessibleName("Roofline")

    def show_parts(self, parts: list[Pass], peak: Peak | None, hint: str = "") -> None:
        """Takes over new times and roofs; `hint` is said where there are no dots."""
        if (parts, peak, hint) != (self.parts, self.peak, self._hint):
            self.parts, self.peak, self._hint = parts, peak, hint
            self.setAccessibleDescription("; ".join(self._words()) or hint)
            self._rearrange()

    def light(self, row: int) -> None:
        """Lights up a dot as if the pointer were on it."""
        if row != self.lit:
            self.lit = row
            self.update()

    def choose(self, row: int) -> None:
        """Marks a dot as chosen, in yellow."""
        if row != self.chosen_row:
            self.chosen_row = row
            self._rearrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Names find other places."""
        super().resizeEvent(event)
        self._rearrange()

    def _rearrange(self) -> None:
        self._names = None
        self.update()

    # Where things lie.

    def area(self) -> QRectF:
        """The rectangle between the scales."""
        return QRectF(self.rect()).adjusted(SIDE_LEFT, TOP, -SIDE_RIGHT, -BOTTOM)

    def scales(self) -> tuple[Scale, Scale]:
        """Decimal logarithms of FLOPs a byte and of FLOPs a second, in pixels."""
        area, dots = self.area(), [part for part in self.parts if part.has_place]
        across = [part.cost.intensity for part in dots] + list(LEAST_INTENSITY)
        up = [part.rate for part in dots]
        if self.peak:
            across.append(2 * ridge(self.peak))
            up += [self.peak.flops_per_second, 0.02 * self.peak.flops_per_second]
        else:
            up += UNTIL_PEAK
        low, high = _logarithms(min(across) / 1.3, max(across) * 1.5)
        bottom, top = _logarithms(min(up) / 1.6, max(up) * 1.9)
        return (
            Scale(low, high, area.left(), area.right()),
            Scale(bottom, top, area.bottom(), area.top()),
        )

    def place(self, part: Pass) -> QPointF:
        """Where the dot of a pass lies."""
        across, up = self.scales()
        return _point(across, up, part.cost.intensity, part.rate)

    def row_at(self, point: QPointF) -> int:
        """The row of the nearest dot, or -1."""
        across, up = self.scales()
        best, found = 0.0, -1
        for row, part in enumerate(self.parts):
            if part.has_place:
                away = point - _point(across, up, part.cost.intensity, part.rate)
                over = math.hypot(away.x(), away.y()) - self._radius(part) - CATCH
                if over < best:
                    best, found = over, row
        return found

    def _radius(self, part: Pass) -> float:
        total = sum(each.seconds for each in self.parts)
        return LEAST + (GREATEST - LEAST) * math.sqrt(part.seconds / total if total else 0)

    # What the user does.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Points at a dot."""
        self._pointer = event.position()
        self._point_at(self.row_at(event.position()))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Points at nothing."""
        self._pointer = None
        self._point_at(-1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Chooses a dot; again, or beside all dots, none."""
        row = self.row_at(event.position())
        self.choose(-1 if row == self.chosen_row else row)
        self.chosen.emit(self.chosen_row)

    def _point_at(self, row: int) -> None:
        if row != self.lit:
            self.light(row)
            self.pointed.emit(row)

    # How it is painted.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Scales, roofs, dots with their names, and what is under the pointer."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(theme.SMALL))
        across, up = self.scales()
        if self.peak:
            self._paint_ground(painter, across, up, self.peak)
        self._paint_scales(painter, across, up)
        if self.peak:
            self._paint_roofs(painter, across, up, self.peak)
        if any(part.has_place for part in self.parts):
            self._paint_dots(painter, across, up)
        elif self._hint:
            painter.setFont(theme.font())
            painter.setPen(QColor(theme.tokens().muted))
            flags = CENTER | Qt.TextFlag.TextWordWrap
            area = self.area()
            free = area.adjusted(area.width() / 2, area.height() / 2, -20, -20)
            painter.drawText(free, flags, self._hint)
        if self._pointer is not None and self.lit >= 0:
            text = "\n".join(self._told(self.lit))
            paint_plate(painter, self._pointer, text, QRectF(self.rect()))
        painter.end()

    def _roof_line(self, across: Scale, up: Scale, peak: Peak) -> list[QPointF]:
        """From the left edge up the slope, then flat to the right edge."""
        corner = ridge(peak)
        places = [10**across.low, corner, 10**across.high]
        return [_point(across, up, place, roof(peak, place)) for place in places]

    def _paint_ground(self, painter: QPainter, across: Scale, up: Scale, peak: Peak) -> None:
        """What can be reached lies on the ground that means zero everywhere."""
        area = self.area()
        line = self._roof_line(across, up, peak)
        painter.save()
        painter.setClipRect(area)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens().surface))
        painter.drawPolygon(QPolygonF([*line, area.bottomRight(), area.bottomLeft()]))
        painter.restore()

    def _paint_scales(self, painter: QPainter, across: Scale, up: Scale) -> None:
        colors, area = theme.tokens(), self.area()
        line, text = QPen(QColor(colors.line), 1), QPen(QColor(colors.muted))
        for power in range(math.ceil(across.low), math.floor(across.high) + 1):
            x = round(across.pixel(float(power))) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.setPen(text)
            painter.drawText(QRectF(x - 30, area.bottom() + 4, 60, 16), CENTER, digits_of(power))
        for power in range(math.ceil(up.low), math.floor(up.high) + 1):
            y = round(up.pixel(float(power))) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(text)
            box = QRectF(0, y - 8, SIDE_LEFT - 8, 16)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, right, digits_of(power - 9))
        painter.drawText(QRectF(8, 2, area.width(), 18), "GFLOP/s")
        below = QRectF(area.left(), area.bottom() + 21, area.width(), 18)
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, "FLOP for every byte that moves")

    def _paint_roofs(self, painter: QPainter, across: Scale, up: Scale, peak: Peak) -> None:
        """The two limits, and their values along them."""
        color, area = QColor(theme.tokens().muted), self.area()
        line = self._roof_line(across, up, peak)
        painter.save()
        painter.setClipRect(area)
        painter.setPen(QPen(color, 1.6))
        for start, end in pairwise(line):
            painter.drawLine(start, end)
        for start, end, text in self._roof_names(across, up, peak):
            way = end - start
            painter.save()
            painter.translate((start + end) / 2)
            painter.rotate(math.degrees(math.atan2(way.y(), way.x())))
            painter.drawText(QRectF(-150, -8, 300, 16), CENTER, text)
            painter.restore()
        painter.restore()

    def _roof_names(
        self, across: Scale, up: Scale, peak: Peak
    ) -> list[tuple[QPointF, QPointF, str]]:
        """What is written along the slope and along the flat roof, and from where to where."""
        area, (start, corner, end) = self.area(), self._roof_line(across, up, peak)
        if start.y() > area.bottom():  # where the slope comes into the picture
            share = (start.y() - area.bottom()) / (start.y() - corner.y())
            start += (corner - start) * share
        slope = f"memory: {digits(peak.bytes_per_second / 1e9)} GB/s"
        flat = f"arithmetic: {digits(peak.flops_per_second / 1e9)} GFLOP/s"
        return [
            (*_above(start + (corner - start) * 0.5, corner - start, _width(slope)), slope),
            (*_above(end - QPointF(_width(flat) / 2 + 6, 0), end - corner, _width(flat)), flat),
        ]

    def _paint_dots(self, painter: QPainter, across: Scale, up: Scale) -> None:
        """Those that take the most time below all others, what is chosen above them."""
        colors = theme.tokens()
        if self._names is None:
            self._names = self._place_names(across, up)
        for row in self._order():
            part, box = self.parts[row], self._names.get(row)
            point, radius = _point(across, up, part.cost.intensity, part.rate), self._radius(part)
            chosen, lit = row == self.chosen_row, row == self.lit
            ring = colors.selected if chosen else colors.background
            painter.setPen(QPen(QColor(ring), 2.5 if chosen else 1))
            mark = colors.text if lit else getattr(colors, COLORS[part.direction])
            painter.setBrush(QColor(mark))
            painter.drawEllipse(point, radius, radius)
            if box:
                mild = colors.selected if chosen else colors.muted
                painter.setPen(QColor(colors.text if lit else mild))
                painter.drawText(box, CENTER, part.label)

    def _order(self) -> list[int]:
        """The rows with a dot, from the slowest; the chosen one last."""
        rows = [row for row, part in enumerate(self.parts) if part.has_place]
        return sorted(rows, key=lambda row: (row == self.chosen_row, -self.parts[row].seconds))

    def _place_names(self, across: Scale, up: Scale) -> dict[int, QRectF]:
        """Boxes by row: what is chosen finds its place first, then the slowest."""
        rows = self._order()
        rows.sort(key=lambda row: row != self.chosen_row)
        parts = [self.parts[row] for row in rows]
        points = [_point(across, up, part.cost.intensity, part.rate) for part in parts]
        radii = [self._radius(part) for part in parts]
        sizes = [QSizeF(_width(part.label) + 2, 13) for part in parts]
        lines = self._obstacles(across, up, self.peak) if self.peak else []
        wishes = [self._sides.get(row) for row in rows]
        found = place_labels(points, radii, sizes, self.area(), lines, wishes)
        named = {row: name for row, name in zip(rows, found, strict=True) if name}
        self._sides = {row: side for row, (side, _) in named.items()}
        return {row: box for row, (_, box) in named.items()}

    def _obstacles(self, across: Scale, up: Scale, peak: Peak) -> list[tuple[QPointF, QPointF]]:
        """Lines that names of dots keep off: the roofs, and what is written along them."""
        names = [(start, end) for start, end, _ in self._roof_names(across, up, peak)]
        return [*pairwise(self._roof_line(across, up, peak)), *names]

    def in_words(self, row: int) -> str:
        """What a dot says."""
        return " · ".join(self._told(row))

    def _told(self, row: int) -> list[str]:
        part = self.parts[row]
        place = f"{digits(part.cost.intensity)} FLOP/byte · {digits(part.rate / 1e9)} GFLOP/s"
        return [part.name, place, *([verdict(part, self.peak)] if self.peak else [])]

    def _words(self) -> list[str]:
        return [self.in_words(row) for row, part in enumerate(self.parts) if part.has_place]


def _logarithms(low: float, high: float) -> tuple[float, float]:
    return math.log10(low), math.log10(high)


def _point(across: Scale, up: Scale, intensity: float, rate: float) -> QPointF:
    return QPointF(across.pixel(math.log10(intensity)), up.pixel(math.log10(rate)))


def _width(text: str) -> float:
    return QFontMetricsF(theme.font(theme.SMALL)).horizontalAdvance(text)


def _above(middle: QPointF, way: QPointF, width: float) -> tuple[QPointF, QPointF]:
    """The ends of a text so wide that is centred above a place of a line, along the line."""
    length = math.hypot(way.x(), way.y())
    along = way / length
    lifted = middle + QPointF(along.y(), -along.x()) * NAME_LIFT
    return lifted - along * (width / 2), lifted + along * (width / 2)


def digits_of(power: int) -> str:
    """A power of ten as it is written: 0.01, 100."""
    return f"{10.0**power:.{max(-power, 0)}f}"
