"""The pictures of the network view: every map, strip of units and kernel, and what its scale is.

One scale a layer: full orange is +level, full blue −level.
"""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QImage, QPainter

from cnnviz.core.inspection import Inspection
from cnnviz.core.layer import Layer
from cnnviz.core.network import Network
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Column, Kind
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, draw_part, picture


class NetworkPictures:
    """The pictures of one network's columns, coloured anew for every inspection."""

    def __init__(self, columns: Sequence[Column] = (), layers: Sequence[Layer] = ()) -> None:
        self._columns = columns
        self._mosaics = Mosaics(_grids(columns, layers))
        self._input = QImage()
        self._scales: dict[str, str] = {}

    @property
    def area(self) -> QRect:
        """All pictures, from the input to the last units; classes are none."""
        area = QRectF()
        for column in self._columns:
            if column.kind is not Kind.CLASSES:
                for tiles in (column.tiles, column.kernels):
                    area = area.united(tiles[0]).united(tiles[-1]) if tiles else area
        return area.toAlignedRect()

    def forget_input(self) -> None:
        """Another image or another theme: its picture is made anew."""
        self._input = QImage()

    def show(self, network: Network, inspection: Inspection) -> None:
        """Colours all anew."""
        weights = dict(network.named_parameters())
        values = {}
        for column in self._columns:
            if column.kind in (Kind.MAPS, Kind.UNITS):
                values[column.name] = inspection.outputs[column.name]
            if column.kernels:
                values[_kernels_of(column)] = weights[f"{column.name}.weight"][:, 0]
        self._mosaics.show(values)
        if self._input.isNull():
            self._input = picture(inspection.image)

    def tell(self) -> None:
        """Takes down the scales of now."""
        for column in self._columns:
            level = self._mosaics.levels.get(column.name)
            self._scales[column.name] = f"±{level:.3g}" if level else "all 0"

    # Painting.

    def paint(self, painter: QPainter) -> None:
        """All tiles and kernels."""
        painter.setClipRect(self.area)  # one rectangle is painted much faster
        for column in self._columns:
            if column.kind is Kind.INPUT:
                painter.drawImage(column.tiles[0], self._input)
            elif column.kind is not Kind.CLASSES:
                _draw_stack(painter, self._mosaics.images[column.name], column.tiles)
            if column.kernels:
                _draw_stack(painter, self._mosaics.images[_kernels_of(column)], column.kernels)
        painter.setClipping(False)

    def paint_scales(self, painter: QPainter, y: float) -> None:
        """What full orange is, on a line below the columns."""
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        for column in self._columns:
            if column.kind in (Kind.MAPS, Kind.UNITS):
                painter.drawText(QPointF(column.tiles[0].left(), y), self._scales[column.name])


def _grids(columns: Sequence[Column], layers: Sequence[Layer]) -> dict[str, Grid]:
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
            grids[_kernels_of(column)] = Grid(count, 1, height, width)
    return grids


def _kernels_of(column: Column) -> str:
    return f"{column.name}.weight"


def _draw_stack(painter: QPainter, image: QImage, tiles: list[QRectF]) -> None:
    """Each tile shows its part of an image of tiles below each other."""
    height = image.height() / len(tiles)
    for index, tile in enumerate(tiles):
        draw_part(painter, tile, image, QRectF(0, index * height, image.width(), height))
