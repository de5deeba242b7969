"""Where to write the names of many points so that they cover neither each other nor a point."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

GAP = 4
"""Pixels between a point and its name."""
LINE = 5
"""Pixels: the side of the boxes that stand for a line."""
PLACES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
"""Right, left, above, below, then the corners."""


def place_labels(
    points: Sequence[QPointF],
    radii: Sequence[float],
    sizes: Sequence[QSizeF],
    area: QRectF,
    lines: Sequence[tuple[QPointF, QPointF]] = (),
) -> list[QRectF | None]:
    """A box for each name, those of the first points first; None where there is no room.

    Names keep off the `lines` too.
    """
    taken = [box for start, end in lines for box in _along(start, end)]
    taken += [
        QRectF(point.x() - radius, point.y() - radius, 2 * radius, 2 * radius)
        for point, radius in zip(points, radii, strict=True)
    ]
    found: list[QRectF | None] = []
    for point, radius, size in zip(points, radii, sizes, strict=True):
        boxes = (_beside(point, radius + GAP, size, place) for place in PLACES)
        free = (box for box in boxes if area.contains(box) and not _meets(box, taken))
        box = next(free, None)
        found.append(box)
        if box:
            taken.append(box)
    return found


def spread(heights: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """The heights, moved apart to be `least` from each other, within `low` and `high` if it fits.

    Their order stays, and each group that is moved stays about its middle.
    """
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    groups: list[tuple[float, list[int]]] = []  # (where its first one lies, who is in it)
    for index in order:
        groups.append((heights[index], [index]))
        while len(groups) > 1:
            (above, upper), (below, lower) = groups[-2:]
            if above + least * len(upper) <= below:
                break
            both = upper + lower
            middle = sum(heights[each] for each in both) / len(both)
            start = middle - least * (len(both) - 1) / 2
            start = min(max(start, low), max(high - least * (len(both) - 1), low))
            groups[-2:] = [(start, both)]
    placed = [0.0] * len(heights)
    for start, members in groups:
        start = min(max(start, low), max(high - least * (len(members) - 1), low))
        for place, index in enumerate(members):
            placed[index] = start + place * least
    return placed


def _beside(point: QPointF, away: float, size: QSizeF, place: tuple[int, int]) -> QRectF:
    across, down = place
    if across and down:
        away *= 0.6
    box = QRectF(QPointF(), size)
    x = point.x() + across * (away + size.width() / 2)
    y = point.y() + down * (away + size.height() / 2 - 2)
    box.moveCenter(QPointF(x, y))
    return box


def _along(start: QPointF, end: QPointF) -> list[QRectF]:
    """Small boxes that cover a line."""
    way = end - start
    count = int(max(abs(way.x()), abs(way.y())) / LINE) + 1
    boxes = []
    for place in range(count + 1):
        box = QRectF(0, 0, LINE, LINE)
        box.moveCenter(start + way * (place / count))
        boxes.append(box)
    return boxes


def _meets(box: QRectF, taken: Sequence[QRectF]) -> bool:
    return any(box.intersects(other) for other in taken)
