"""The trace of one value through the network view: what it sees of every column, and the lines.

Marked are the value itself, its receptive field in every column before, and the winner of each
pooling window in it. Lines join the maps that take part: map by map where a layer keeps them
apart, all with all where it adds them up.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen

from cnnviz.core.inspection import Inspection
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, Dense, MaxPool2D
from cnnviz.core.receptive_field import INPUT, Field, Indices, Place, receptive_field, winners
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Column, Kind

MOST_LINES = 24
"""From one column to the next; more of them meet in a knot between."""
LEAST_CELL = 4.0
"""Pixels of the mark around one value, however small it is drawn."""


@dataclass
class Trace:
    """Where to draw; in widget coordinates."""

    place: Place
    cell: QRectF
    """The value itself."""
    marks: list[QRectF] = field(default_factory=list)
    """Its receptive field in the columns before."""
    winners: list[QRectF] = field(default_factory=list)
    lines: QPainterPath = field(default_factory=QPainterPath)


def make_trace(
    columns: Sequence[Column], layers: Sequence[Layer], inspection: Inspection, place: Place
) -> Trace | None:
    """The trace of the value at `place`; None if no column shows it."""
    by_name = {column.name: column for column in columns}
    if place.layer not in by_name:
        return None
    fields = receptive_field(layers, place)
    trace = Trace(place, _grown(by_name[place.layer].cell(place.index)))
    way = [column for column in columns if column.name in fields]
    for column in way:
        if column.name != place.layer:
            trace.marks += marks_in(column, fields[column.name])
    trace.winners = _winners(by_name, layers, inspection, fields)
    named = {layer.name: layer for layer in layers}
    for before, after in pairwise(way):
        _join(trace.lines, (before, fields[before.name]), (after, fields[after.name]), named)
    return trace


def paint_trace(painter: QPainter, trace: Trace, pinned: bool) -> None:
    """Draws it over the columns."""
    colors = theme.tokens()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color(colors.selected, 0.5), 1.0))
    painter.drawPath(trace.lines)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(colors.selected))
    for rect in trace.winners:
        radius = min(2.0, 0.35 * rect.width())
        painter.drawEllipse(rect.center(), radius, radius)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.color(colors.selected, 0.8), 1.0))
    painter.drawRects([rect.adjusted(-1, -1, 0, 0) for rect in trace.marks])
    painter.setPen(QPen(theme.color(colors.selected), 2.0 if pinned else 1.0))
    painter.drawRect(trace.cell.adjusted(-1, -1, 1, 1))
    painter.restore()


def cover_unreached(painter: QPainter, columns: Sequence[Column], place: Place) -> None:
    """Hides what comes after `place` in its map, which a sliding kernel has still to make."""
    column = next((each for each in columns if each.name == place.layer), None)
    if column is None or column.kind is not Kind.MAPS:
        return
    tile, cell = column.tiles[place.index[0]], column.cell(place.index)
    ground = theme.color(theme.tokens().background)
    painter.fillRect(QRectF(cell.topRight(), QPointF(tile.right(), cell.bottom())), ground)
    painter.fillRect(QRectF(QPointF(tile.left(), cell.bottom()), tile.bottomRight()), ground)


def marks_in(column: Column, seen: Field) -> list[QRectF]:
    """Rectangles around the values of `seen`: one a map, or more where it has gaps."""
    if column.kind in (Kind.UNITS, Kind.CLASSES):
        if len(seen.axes[0]) == 1:
            return [_grown(column.cell((int(seen.axes[0][0]),)))]
        return [column.tiles[0].united(column.tiles[-1])]
    first = column.tiles[0]
    rectangles = [
        column.cell((0, top, left)).united(column.cell((0, bottom, right)))
        for top, bottom in runs(seen.axes[1])
        for left, right in runs(seen.axes[2])
    ]
    if column.kind is Kind.INPUT:
        return rectangles
    corners = [column.tiles[channel].topLeft() - first.topLeft() for channel in seen.axes[0]]
    return [rect.translated(corner) for corner in corners for rect in rectangles]


def runs(axis: Indices) -> list[tuple[int, int]]:
    """The first and the last of each row of neighbours among increasing numbers."""
    if not len(axis):
        return []
    parts = np.split(axis, np.flatnonzero(np.diff(axis) > 1) + 1)
    return [(int(part[0]), int(part[-1])) for part in parts]


def _winners(
    columns: dict[str, Column],
    layers: Sequence[Layer],
    inspection: Inspection,
    fields: dict[str, Field],
) -> list[QRectF]:
    """Of the pooling windows in the field; none where it is the whole map, which says nothing."""
    marked: list[QRectF] = []
    for before, layer in zip((None, *layers), layers, strict=False):
        seen = fields.get(layer.name)
        if not isinstance(layer, MaxPool2D) or seen is None or _is_whole(seen, layer):
            continue
        name = before.name if before else INPUT
        values = inspection.outputs[name] if before else inspection.image
        column = columns[name]
        marked += [column.cell(tuple(place)) for place in winners(layer, values, seen).tolist()]
    return marked


def _is_whole(seen: Field, layer: Layer) -> bool:
    return seen.size == int(np.prod(layer.output_shape))


def _join(
    path: QPainterPath,
    before: tuple[Column, Field],
    after: tuple[Column, Field],
    layers: dict[str, Layer],
) -> None:
    """Lines from one column to the next."""
    starts, ends = _anchors(*before, right=True), _anchors(*after, right=False)
    adds_up = isinstance(layers[after[0].name], Conv2D | Dense)
    if not adds_up and len(starts) == len(ends):
        for start, end in zip(starts, ends, strict=True):
            _curve(path, start, end)
    elif len(starts) * len(ends) <= MOST_LINES:
        for start in starts:
            for end in ends:
                _curve(path, start, end)
    else:
        middle = (starts[0] + ends[0]) / 2
        knot = QPointF(middle.x(), (starts[0].y() + starts[-1].y()) / 2)
        for start in starts:
            _curve(path, start, knot)
        for end in ends:
            _curve(path, knot, end)


def _anchors(column: Column, seen: Field, right: bool) -> list[QPointF]:
    """Where lines leave a column to the right or reach it from the left."""
    if column.kind in (Kind.UNITS, Kind.CLASSES):
        (mark,) = marks_in(column, seen)
        edge = column.tiles[0]
        return [QPointF(edge.right() if right else edge.left(), mark.center().y())]
    maps = [0] if column.kind is Kind.INPUT else seen.axes[0].tolist()
    tiles = column.tiles if right or not column.kernels else column.kernels
    return [
        QPointF(tiles[k].right() if right else tiles[k].left(), tiles[k].center().y()) for k in maps
    ]


def _curve(path: QPainterPath, start: QPointF, end: QPointF) -> None:
    half = QPointF((end.x() - start.x()) / 2, 0)
    path.moveTo(start)
    path.cubicTo(start + half, end - half, end)


def _grown(cell: QRectF) -> QRectF:
    """A cell that can be seen, however small the value is drawn."""
    more = max(0.0, (LEAST_CELL - min(cell.width(), cell.height())) / 2)
    return cell.adjusted(-more, -more, more, more)
