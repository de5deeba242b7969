"""Where to write the names of many points so that they cover neither each other nor a point."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF

Place = tuple[int, int]
"""To the right or left of a point, above or below it: 1, -1 or 0 each."""
Line = tuple[QPointF, QPointF]
GAP = 4
"""Pixels between a point and its name."""
NEAR = 9
"""Pixels at the sides of a point where no other name may stand."""
LINE = 5
"""Pixels: the side of the boxes that stand for a line."""
PLACES = ((1, 0), (-1, 0), (0, -1), (0, 1), (1, -1), (-1, -1), (1, 1), (-1, 1))
"""Right, left, above, below, then the corners."""


def place_labels(
    points: Sequence[QPointF],
    radii: Sequence[float],
    sizes: Sequence[QSizeF],
    area: QRectF,
    lines: Sequence[Line] = (),
    wishes: Sequence[Place | None] = (),
) -> list[tuple[Place, QRectF] | None]:
    """Side and box of each name, those of the first points first; None where there is no room.

    Names keep off the `lines` too. `wishes` are the sides where they were before: a name stays
    there as long as it can, so that it does not jump about while its point moves a little.
    """
    taken = [box for start, end in lines for box in _along(start, end)]
    dots = [_about(point, radius) for point, radius in zip(points, radii, strict=True)]
    taken += dots
    # So far other names stay away from a point: whose name it is must not be in doubt.
    wide = [dot.adjusted(-NEAR, -2, NEAR, 2) for dot in dots]
    found: list[tuple[Place, QRectF] | None] = []
    for index, (point, radius, size) in enumerate(zip(points, radii, sizes, strict=True)):
        wish = wishes[index] if wishes else None
        places = (wish, *PLACES) if wish else PLACES
        others = [*taken, *wide[:index], *wide[index + 1 :]]
        boxes = ((place, _beside(point, radius + GAP, size, place)) for place in places)
        free = (each for each in boxes if area.contains(each[1]) and not _meets(each[1], others))
        chosen = next(free, None)
        found.append(chosen)
        if chosen:
            taken.append(chosen[1])
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


def _about(point: QPointF, radius: float) -> QRectF:
    return QRectF(point.x() - radius, point.y() - radius, 2 * radius, 2 * radius)


def _beside(point: QPointF, away: float, size: QSizeF, place: Place) -> QRectF:
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
