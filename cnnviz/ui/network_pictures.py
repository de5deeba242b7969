"""The pictures of the network view: every map, strip of units and kernel, and what its scale is.

One scale a layer: full orange is +level, full blue −level. On the user's wish it is one a map, or
stays as it was; and what is compared is always on one scale. A muted filter's maps are crossed out.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QFontMetrics, QImage, QPainter

from cnnviz.core.edits import Edits, filter_behind
from cnnviz.core.inspection import Inspection
from cnnviz.core.layer import Layer
from cnnviz.core.network import Network
from cnnviz.core.receptive_field import Place
from cnnviz.core.workspace import Array, may_diverge
from cnnviz.ui import theme
from cnnviz.ui.comparison import Comparison, Scale, Side
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.widgets.cross import paint_cross
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, draw_part, picture

Values = dict[str, Array]


class NetworkPictures:
    """The pictures of one network's columns, coloured anew for every inspection."""

    def __init__(self, columns: Sequence[Column] = (), layers: Sequence[Layer] = ()) -> None:
        self._columns, self._layers = columns, layers
        grids = grids_of(columns, layers)
        self._mosaics = Mosaics(grids)
        self._twins = Mosaics(grids)
        self._inputs: list[QImage] = []
        self._scales: dict[str, str] = {}
        self._locked: dict[str, float] = {}
        self._each_map = False
        self._channels: Mapping[str, int] = {}

    @property
    def area(self) -> QRect:
        """All pictures, from the input to the last units; classes are none."""
        area = QRectF()
        for column in self._columns:
            if column.kind is not Kind.CLASSES:
                for tiles in (column.tiles, column.twins, column.kernels):
                    area = area.united(tiles[0]).united(tiles[-1]) if tiles else area
        return area.toAlignedRect()

    def forget_input(self) -> None:
        """Another image, side or theme: its picture is made anew."""
        self._inputs = []

    def show(
        self,
        network: Network,
        inspection: Inspection,
        comparison: Comparison,
        channels: Mapping[str, int],
    ) -> None:
        """Colours all anew; `channels` says which of each layer's kernels' channels are shown."""
        self._channels = channels
        now = self._values(inspection, dict(network.named_parameters()))
        kept, side = comparison.kept, comparison.side
        then = self._values(kept.inspection, kept.weights) if kept else None
        self._each_map = comparison.scale is Scale.MAP
        if then and side is Side.DIFFERENCE and self._each_map:
            now, then, side = _shown(now, then, side), None, Side.NOW
        if self._each_map:
            now, then = _map_by_map(now, then)
        levels = self._levels(now, then, comparison.scale)
        self._mosaics.show(_shown(now, then, side), levels)
        if then and side is Side.BOTH:
            self._twins.show(then, self._mosaics.levels)
        if not self._inputs:
            other = kept.inspection.image if kept else inspection.image
            self._inputs = _input_pictures(inspection.image, other, side)

    def _values(self, inspection: Inspection, weights: Mapping[str, Array]) -> Values:
        values = {}
        for column in self._columns:
            if column.kind in (Kind.MAPS, Kind.UNITS):
                values[column.name] = inspection.outputs[column.name]
            if column.kernels:
                channel = self._channels.get(column.name, 0)
                values[kernels_of(column)] = weights[f"{column.name}.weight"][:, channel]
        return values

    def _levels(self, now: Values, then: Values | None, scale: Scale) -> dict[str, float] | None:
        """What full colour is to be; None for what the pictures themselves say."""
        if scale is not Scale.LOCKED:
            self._locked = {}
        if self._locked:
            return self._locked
        levels = (
            {name: max(_level(now[name]), _level(then[name])) for name in now} if then else None
        )
        if scale is Scale.LOCKED:
            self._locked = levels or {name: _level(values) for name, values in now.items()}
            return self._locked
        return levels

    def tell(self) -> None:
        """Takes down the scales of now."""
        for column in self._columns:
            level = self._mosaics.levels.get(column.name)
            told = f"±{level:.3g}" if level else "all 0"
            if self._each_map and column.kind is Kind.MAPS:
                told = "each map"
            self._scales[column.name] = f"{told} locked" if self._locked else told

    # Painting.

    def paint(self, painter: QPainter, edits: Edits) -> None:
        """All tiles and kernels, and a cross on each that a muted filter leaves empty."""
        painter.setClipRect(self.area)  # one rectangle is painted much faster
        for column in self._columns:
            if column.kind is Kind.INPUT:
                for place, image in zip((column.tiles, column.twins), self._inputs, strict=False):
                    if place:
                        painter.drawImage(place[0], image)
            elif column.kind is not Kind.CLASSES:
                draw_stack(painter, self._mosaics.images[column.name], column.tiles)
            if column.twins and column.kind is not Kind.INPUT:
                draw_stack(painter, self._twins.images[column.name], column.twins)
            if column.kernels:
                draw_stack(painter, self._mosaics.images[kernels_of(column)], column.kernels)
        if edits.muted:
            self._paint_crosses(painter, edits)
        painter.setClipping(False)

    def _paint_crosses(self, painter: QPainter, edits: Edits) -> None:
        for column in self._columns:
            if column.kind is not Kind.MAPS:
                continue
            for channel, tile in enumerate(column.tiles):
                place = Place(column.name, (channel, 0, 0))
                if filter_behind(self._layers, place) in edits.muted:
                    paint_cross(painter, tile)
                    if column.kernels:
                        paint_cross(painter, column.kernels[channel])

    def paint_scales(self, painter: QPainter, y: float) -> None:
        """What full orange is, on a line below the columns."""
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        for column, after in pairwise(self._columns):  # the last are the classes, without a scale
            if column.kind in (Kind.MAPS, Kind.UNITS):
                left = (column.twins or column.tiles)[0].left()
                ends = (after.twins or after.tiles)[0].left()
                words = within(self._scales[column.name], painter.fontMetrics(), ends - left - 4)
                painter.drawText(QPointF(left, y), words)


def within(words: str, metrics: QFontMetrics, room: float) -> str:
    """`words`, or the first alone where they would run into those of the next column."""
    return words if metrics.horizontalAdvance(words) <= room else words.split()[0]


def grids_of(columns: Sequence[Column], layers: Sequence[Layer]) -> dict[str, Grid]:
    """The pictures of the columns and of the kernels beside them."""
    shapes = {layer.name: layer.parameter_shapes for layer in layers}
    grids = {}
    for column in columns:
        if column.kind is Kind.MAPS:
            grids[column.name] = Grid(column.shape[0], 1, *column.shape[1:])
        elif column.kind is Kind.UNITS:
            rows, across = column.unit_rows, column.unit_columns
            grids[column.name] = Grid(rows, across, 1, 1, count=column.shape[0])
        if column.kernels:
            count, _, height, width = shapes[column.name]["weight"]
            grids[kernels_of(column)] = Grid(count, 1, height, width)
    return grids


def kernels_of(column: Column) -> str:
    return f"{column.name}.weight"


def draw_stack(painter: QPainter, image: QImage, tiles: list[QRectF]) -> None:
    """Each tile shows its part of an image of tiles below each other."""
    height = image.height() / len(tiles)
    for index, tile in enumerate(tiles):
        draw_part(painter, tile, image, QRectF(0, index * height, image.width(), height))


@may_diverge
def _shown(now: Values, then: Values | None, side: Side) -> Values:
    """What the one picture shows."""
    if then is None or side in (Side.NOW, Side.BOTH):
        return now
    if side is Side.KEPT:
        return then
    return {name: now[name] - then[name] for name in now}


def _level(values: Array) -> float:
    """The greatest finite magnitude."""
    return float(np.abs(values, where=np.isfinite(values), out=np.zeros_like(values)).max())


def _map_by_map(now: Values, then: Values | None) -> tuple[Values, Values | None]:
    """Every map in shares of its own level; what is compared, of the greater of the two.

    A row of units is no map and stays as it is.
    """
    scaled: tuple[Values, Values] = {}, {}
    for name, values in now.items():
        both = [values, then[name]] if then else [values]
        if values.ndim < 3:
            for target, side in zip(scaled, both, strict=False):
                target[name] = side
            continue
        level = np.maximum.reduce([[_level(part) for part in side] for side in both])
        level = np.where(level > 0, level, 1).astype(values.dtype).reshape(-1, 1, 1)
        for target, side in zip(scaled, both, strict=False):
            target[name] = side / level
    return scaled[0], scaled[1] if then else None


def _input_pictures(now: Array, kept: Array, side: Side) -> list[QImage]:
    """The image, and of two the kept one beside it; their difference in the signed colours."""
    if side is Side.DIFFERENCE:
        difference = (now - kept).mean(axis=0)
        mosaic = Mosaics({"input": Grid(1, 1, *difference.shape)})
        mosaic.show({"input": difference})
        return [mosaic.images["input"].copy()]
    return [picture(kept if side is Side.KEPT else now), picture(kept)]
