"""A row a layer: how large its weights, gradients and updates are, how its values are spread."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from cnnviz.core.health import Health, Histogram, LayerHealth
from cnnviz.core.verdicts import DEAD, HIGH_RATIO, SATURATED
from cnnviz.ui import theme
from cnnviz.ui.arithmetic_blocks import number
from cnnviz.ui.widgets.table import (
    HEADER,
    PAD,
    RIGHT,
    Cell,
    CellDelegate,
    Column,
    QuietTable,
)

ROW_HEIGHT = 44
USUAL, LEAST, MOST = 1e-3, 1e-5, 1e-1
"""Update to weight [CS231n]: what is usual, in the middle of the scale, and the scale's ends."""
NONE = "–"
LEVEL = 13.0
"""Pixels below a histogram for its scale."""
COLUMNS = (
    Column("Layer", "In the order of the way there", 0, False),
    Column("Weights", "Norm of the layer's weights and biases: the root of the sum of squares", 72),
    Column("Gradient", "Norm of the gradient by them, over the probe images", 84),
    Column("Update", "Norm of what the optimiser would add to them now", 84),
    Column("Update ÷ weights", "0.001, the mark in the middle, is usual; ten times as much or a "
           "tenth is a sign. The scale is logarithmic", 168),
    Column("… over the run", "The same at the run's snapshots, from the beginning to now; the "
           "yellow line is the moment that is looked at", 150, False),
    Column("Dead, saturated", "ReLU units that are zero for every probe image; outputs of a "
           "sigmoid or arctan where the curve is flat", 118),
    Column("Weights", "How they are spread, without biases; a bar's height is the square root of "
           "its count", 128, False),
    Column("Outputs", "How the layer's outputs are spread over the probe images; a bar's height "
           "is the square root of its count", 128, False),
)  # fmt: skip


@dataclass(frozen=True)
class HealthCell(Cell):
    """A cell with a picture."""

    histogram: Histogram | None = None
    course: tuple[tuple[int, float], ...] = ()
    """(step, ratio)"""
    moment: int = 0
    mark: str = ""
    is_ratio: bool = False


class HealthTable(QuietTable):
    """Rows are high enough for pictures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.setItemDelegate(HealthDelegate(self))
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.setAccessibleName("The health of each layer")
        self.setToolTip("What the columns mean is said at their titles")

    def show_health(
        self, health: Health | None, course: Sequence[Health], told: Health | None = None
    ) -> None:
        """A moment, and the run around it; numbers are of the moment that was `told`, if any."""
        count = len(self.cells.cells)
        layers = _layers(health)
        read = _layers(told) if told else layers
        step = health.step if health else 0
        cells = [_cells(*both, course, step) for both in zip(layers, read, strict=True)]
        self.cells.show_cells(cells)
        if len(cells) != count:
            self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As high as all rows."""
        width = QuietTable.sizeHint(self).width()
        return QSize(width, HEADER + ROW_HEIGHT * len(self.cells.cells) + 2)


def _layers(health: Health | None) -> list[LayerHealth]:
    """Flattening changes no number."""
    layers = health.layers if health else ()
    return [layer for layer in layers if not layer.name.startswith("flatten")]


def _cells(
    layer: LayerHealth, told: LayerHealth, course: Sequence[Health], step: int
) -> list[Cell]:
    """Numbers of the layer as `told`, pictures of it as it is."""
    ratio = told.update_ratio
    norms = (told.weight_norm, told.gradient_norm, told.update_norm)
    return [
        Cell(layer.label),
        *(Cell(NONE, "muted") if norm is None else Cell(_norm(norm)) for norm in norms),
        _ratio_cell(ratio),
        HealthCell("" if ratio is not None else NONE, "muted", course=_course(layer.name, course),
                   moment=step),
        _share_cell(told),
        _spread_cell(layer.weights),
        _spread_cell(layer.activations),
    ]  # fmt: skip


def _norm(value: float) -> str:
    return number(value) if math.isfinite(value) else "not finite"


def _ratio_cell(ratio: float | None) -> Cell:
    if ratio is None:
        return Cell(NONE, "muted")
    if not math.isfinite(ratio):
        return Cell("not finite", "bad")
    color = "bad" if ratio > HIGH_RATIO else "text"
    return HealthCell(
        f"{ratio:.2g}", color, bar=(_height(ratio), "bad" if color == "bad" else "good"),
        is_ratio=True,
    )  # fmt: skip


def _height(ratio: float) -> float:
    """Where a ratio lies on the scale, from 0 to 1."""
    if ratio <= 0:
        return 0.0
    share = math.log(ratio / LEAST) / math.log(MOST / LEAST)
    return min(max(share, 0.0), 1.0)


def _course(name: str, course: Sequence[Health]) -> tuple[tuple[int, float], ...]:
    found = []
    for health in course:
        ratio = next((each.update_ratio for each in health.layers if each.name == name), None)
        if ratio is not None and math.isfinite(ratio):
            found.append((health.step, ratio))
    return tuple(found)


def _share_cell(layer: LayerHealth) -> Cell:
    for share, most, word in (
        (layer.dead, DEAD, "dead"),
        (layer.saturated, SATURATED, "saturated"),
    ):
        if share is not None:
            color = "bad" if share > most else "text"
            return Cell(f"{100 * share:.0f}{theme.THIN_SPACE}% {word}", color)
    return Cell(NONE, "muted")


def _spread_cell(histogram: Histogram | None) -> Cell:
    if histogram is None:
        return Cell(NONE, "muted")
    if not len(histogram.counts):
        return Cell("none is finite", "bad")
    return HealthCell("", tip=f"{theme.spaced(histogram.total)} values", histogram=histogram)


class HealthDelegate(CellDelegate):
    """Paints pictures over what a plain cell has."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """One cell."""
        super().paint(painter, option, index)
        cell = self._table.cells.cells[index.row()][index.column()]
        if not isinstance(cell, HealthCell):
            return
        inner = QRectF(option.rect).adjusted(PAD, 5, -PAD, -3)
        if cell.histogram is not None:
            paint_histogram(painter, inner, cell.histogram)
        elif cell.is_ratio:
            _paint_usual(painter, QRectF(option.rect).adjusted(PAD, 0, -PAD - 58, 0))
        elif cell.course:
            paint_course(painter, inner, cell.course, cell.moment)


def paint_histogram(painter: QPainter, area: QRectF, histogram: Histogram) -> None:
    """Bars left of zero in blue, right of it in orange; the scale stands below."""
    colors = theme.tokens()
    ground = area.adjusted(0, 0, 0, -LEVEL)
    heights = np.sqrt(histogram.counts / max(int(histogram.counts.max()), 1))
    width = ground.width() / len(heights)
    middle = len(heights) / 2
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    bars: dict[str, list[QRectF]] = {colors.negative: [], colors.positive: []}
    for k, height in enumerate(heights.tolist()):
        if height > 0:
            tall = max(height * ground.height(), 1.0)
            left, right = round(ground.x() + k * width), round(ground.x() + (k + 1) * width)
            bar = QRectF(left, ground.bottom() - tall, right - left, tall)
            bars[colors.negative if k < middle else colors.positive].append(bar)
    painter.setPen(Qt.PenStyle.NoPen)
    for color, same in bars.items():
        painter.setBrush(theme.blend(colors.background, color, 0.85))
        painter.drawRects(same)
    painter.fillRect(
        QRectF(ground.x(), ground.bottom(), ground.width(), 1), theme.color(colors.line)
    )
    painter.fillRect(QRectF(ground.center().x(), ground.top(), 1, ground.height() + 3),
                     theme.color(colors.muted, 0.6))  # fmt: skip
    painter.setFont(theme.font(10))
    painter.setPen(theme.color(colors.muted))
    scale = QRectF(area.x(), ground.bottom() + 1, area.width(), LEVEL)
    painter.drawText(scale, RIGHT, scale_words(histogram))


def scale_words(histogram: Histogram) -> str:
    """How far the bars reach; where neither end has any, all values are zero."""
    is_zero = not histogram.counts[0] and not histogram.counts[-1]
    return "all 0" if is_zero else f"±{histogram.edges[-1]:.3g}"


def _paint_usual(painter: QPainter, track: QRectF) -> None:
    """A mark on the scale at what is usual."""
    x = round(track.x() + _height(USUAL) * track.width())
    middle = track.center().y()
    painter.fillRect(QRectF(x, middle - 7, 1, 14), theme.color(theme.tokens().muted))


def paint_course(
    painter: QPainter, area: QRectF, course: Sequence[tuple[int, float]], moment: int
) -> None:
    """A line on the same logarithmic scale, with what is usual in the middle."""
    colors = theme.tokens()
    last = max(course[-1][0], moment, 1)

    def point(step: int, ratio: float) -> QPointF:
        y = area.bottom() - _height(ratio) * area.height()
        return QPointF(area.x() + step / last * area.width(), y)

    usual = round(point(0, USUAL).y())
    painter.fillRect(QRectF(area.x(), usual, area.width(), 1), theme.color(colors.line))
    x = round(point(moment, USUAL).x())
    painter.fillRect(QRectF(min(x, area.right() - 1), area.top(), 1, area.height()),
                     theme.color(colors.selected))  # fmt: skip
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(theme.color(colors.text), 1.3)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    points = [point(*each) for each in course]
    for start, end in pairwise(points):
        painter.drawLine(start, end)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(colors.text))
    painter.drawEllipse(points[-1], 2, 2)
