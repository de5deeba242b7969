"""The centre of the window: the chosen digit's way through the network, layer by layer, live.

Each layer is a column: its maps after the convolution, activation or pooling, then the units, last
the probabilities. One scale a layer, said below its column.

Thirty times a second only pictures and bars are painted; words are painted when they are told anew,
a few times a second, since laying out text is dear. What nobody told to change is left alone.
"""

import math

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Slot
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.layer import Layer
from cnnviz.ui import theme
from cnnviz.ui.network_classes import ClassRows, classes_width
from cnnviz.ui.network_layout import FOOTER, Column, Kind, arrange, make_columns
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import Grid, Mosaics, picture
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.throttle import Throttle

SCROLL_BAR = 8
WORDS_MS = 250
"""Between two tellings of numbers while they change."""
TIME_BAR, TIME_TOP, TIME_HEIGHT = 46, 62, 3
"""Pixels: the length of the slowest layer's time bar, and where all of them are."""
BOLD = QFont.Weight.DemiBold


class NetworkView(QScrollArea):
    """The network, scrolled sideways where it is wider than the window."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = NetworkCanvas(session)
        self.setWidgetResizable(True)
        self.setWidget(self.canvas)
        self.setAccessibleName("The network and the chosen digit's way through it")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the network out, always leaving room for the scroll bars: see FiltersView."""
        super().resizeEvent(event)
        self.canvas.fit(QSizeF(self.width() - SCROLL_BAR, self.height() - SCROLL_BAR))


class NetworkCanvas(QWidget):
    """Paints the columns and tells the value under the pointer."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns: list[Column] = []
        self._classes = ClassRows()
        self._mosaics = Mosaics({})
        self._input = QImage()
        self._drawn: list[tuple[QRectF, QImage, QRectF]] = []
        self._scales: dict[str, str] = {}
        self._room = QSizeF(800, 480)
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._stale = self._untold = True
        self._calm = Throttle(self._tell_anew, WORDS_MS, self)
        self.setMouseTracking(True)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        session.image_changed.connect(self._refresh)
        session.times_changed.connect(self._follow_times)
        self._rebuild()

    @property
    def columns(self) -> list[Column]:
        """The columns as laid out now."""
        return self._columns

    def fit(self, room: QSizeF) -> None:
        """Lays the columns out in `room`."""
        self._room = room
        network = self._session.network
        if network is not None:
            needed = arrange(self._columns, network.layers, room, self._text_width)
            self.setMinimumSize(QSize(math.ceil(needed.width()), math.ceil(needed.height())))
            self._classes.place(self._columns[-1].tiles, self._class_names())
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """What stands under `point`, in words and numbers; empty where there is nothing."""
        inspection = self._session.inspection
        for column in self._columns:
            place = column.at(point)
            if place is None or inspection is None:
                continue
            if column.kind is Kind.INPUT:
                _, y, x = place
                pixel = ", ".join(f"{value:.4g}" for value in inspection.image[:, y, x])
                return f"{column.title} · x {x}, y {y} · {pixel}"
            values = inspection.outputs[column.name]
            number = f"{float(values[place]):.4g}".replace("-", "−")
            if column.kind is Kind.CLASSES:
                return self._class_in_words(
                    place[0], number, float(inspection.probabilities[place])
                )
            if column.kind is Kind.UNITS:
                return f"{column.title} · unit {place[0]} · {number}"
            return f"{column.title} · map {place[0]} · x {place[2]}, y {place[1]} · {number}"
        return ""

    def _class_in_words(self, unit: int, logit: str, probability: float) -> str:
        dataset = self._session.dataset
        name = dataset.class_names[unit] if dataset else str(unit)
        return f"Class {name} · logit {logit} · probability {100 * probability:.3f} %"

    def _class_names(self) -> tuple[str, ...]:
        return self._session.dataset.class_names if self._session.dataset else ()

    # What changed.

    @Slot()
    def _rebuild(self) -> None:
        network = self._session.network
        if network is not None:
            self._columns = make_columns(network.spec.input_shape, network.layers)
            self.fit(self._room)
            self._mosaics = Mosaics(_grids(self._columns, network.layers))

    @Slot()
    def _refresh(self) -> None:
        """All is new; pictures and words are made when they are to be seen, not before."""
        self._stale = self._untold = True
        self._input = QImage()
        self.update()

    @Slot()
    def _follow(self) -> None:
        """Another vector: pictures and bars now, words soon."""
        self._stale = True
        inspection = self._session.inspection
        if not self.isVisible() or inspection is None:
            self._untold = True
            return
        moved = self._classes.show(inspection.probabilities) | _tiles_area(self._columns)
        self.update(moved | self._plate_area())
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _tell_anew(self) -> None:
        self._untold = True
        self.update(QRegion(self._scales_area()) | self._classes.area)

    @Slot()
    def _follow_times(self) -> None:
        self.update(self._times_area())

    def _plate_area(self) -> QRegion:
        """Where the plate is and where it will be."""
        if self._pointer is None:
            return QRegion()
        soon = plate_beside(self._pointer, self.value_at(self._pointer), self._seen())
        return QRegion(self._plate.united(soon).toAlignedRect())

    def _times_area(self) -> QRect:
        return QRect(0, TIME_TOP, self.width(), TIME_HEIGHT)

    def _scales_area(self) -> QRect:
        return QRect(0, self.height() - FOOTER, self.width(), FOOTER)

    def _seen(self) -> QRectF:
        """The part that is scrolled into view."""
        return QRectF(self.visibleRegion().boundingRect())

    def _make_images(self) -> None:
        inspection, network = self._session.inspection, self._session.network
        if inspection is None or network is None:
            return
        self._stale = False
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
        self._classes.show(inspection.probabilities)

    def _tell(self) -> None:
        """Takes down what is said of the numbers of now."""
        inspection = self._session.inspection
        if inspection is None:
            return
        self._untold = False
        levels = self._mosaics.levels
        for column in self._columns:
            if level := levels.get(column.name):
                self._scales[column.name] = f"±{level:.3g}"
            else:
                self._scales[column.name] = "all 0"
        self._classes.tell(inspection.probabilities, self._session.label)

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headers, tiles, the scale below, and the value under the pointer, where asked for."""
        painter, region = QPainter(self), event.region()
        if self._session.inspection is None:
            self._paint_nothing(painter)
            return
        if self._stale:
            self._make_images()
        if self._untold:
            self._tell()
        self._paint_headers(painter, region)
        if region.intersects(self._scales_area()):
            self._paint_scales(painter)
        self._classes.paint(painter, region)
        if region.intersects(_tiles_area(self._columns)):
            self._paint_tiles(painter)
        self._paint_pointer(painter)
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().muted))
        text = "The network appears here as soon as the data are loaded."
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def _paint_headers(self, painter: QPainter, region: QRegion) -> None:
        times = region.intersects(self._times_area())
        for column in self._columns:
            words = QRectF(column.x - 2, 0, column.width + 4, TIME_TOP - 1)
            if region.intersects(words.toAlignedRect()):
                self._paint_title(painter, column)
            if times:
                self._paint_time(painter, column)

    def _paint_title(self, painter: QPainter, column: Column) -> None:
        colors = theme.tokens()
        painter.setFont(theme.font(weight=BOLD))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(column.x, 24), column.title)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        for line, text in enumerate(column.lines):
            painter.drawText(QPointF(column.x, 40 + 15 * line), text)

    def _paint_time(self, painter: QPainter, column: Column) -> None:
        """Forward and backward time, on one scale for all layers."""
        rows = self._session.times.milliseconds
        names = {column.name for column in self._columns}
        layers = [rows.get((n, "forward"), 0) + rows.get((n, "backward"), 0) for n in names]
        slowest = max(layers, default=0)
        if not slowest:
            return
        colors = theme.tokens()
        x = column.x
        for direction, value in (("forward", colors.negative), ("backward", colors.positive)):
            length = TIME_BAR * rows.get((column.name, direction), 0) / slowest
            painter.fillRect(QRectF(x, TIME_TOP, length, TIME_HEIGHT), theme.color(value))
            x += length

    def _paint_tiles(self, painter: QPainter) -> None:
        painter.setClipRect(_tiles_area(self._columns))  # one rectangle is painted much faster
        for column in self._columns:
            if column.kind is Kind.INPUT:
                painter.drawImage(column.tiles[0], self._input)
            elif column.kind is not Kind.CLASSES:
                _draw_stack(painter, self._mosaics.images[column.name], column.tiles)
            if column.kernels:
                _draw_stack(painter, self._mosaics.images[_kernels_of(column)], column.kernels)
        painter.setClipping(False)

    def _paint_scales(self, painter: QPainter) -> None:
        """One scale for the whole layer: full orange is +level, full blue −level."""
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        for column in self._columns:
            if column.kind in (Kind.MAPS, Kind.UNITS):
                place = QPointF(column.tiles[0].left(), self.height() - 8.0)
                painter.drawText(place, self._scales[column.name])

    def _paint_pointer(self, painter: QPainter) -> None:
        """The tile under the pointer, and its value in a small plate beside it."""
        if self._pointer is None:
            return
        text = self.value_at(self._pointer)
        if not text:
            return
        colors = theme.tokens()
        tile = self._tile_at(self._pointer)
        painter.setPen(theme.color(colors.selected))
        painter.drawRect(tile.adjusted(-1.5, -1.5, 0.5, 0.5))
        self._plate = paint_plate(painter, self._pointer, text, self._seen())

    def _tile_at(self, point: QPointF) -> QRectF:
        for column in self._columns:
            for tile in column.tiles:
                if tile.contains(point):
                    return tile
        return QRectF()

    def _text_width(self, column: Column) -> float:
        bold = QFontMetricsF(theme.font(weight=BOLD))
        small = QFontMetricsF(theme.font(theme.SMALL))
        return max(
            classes_width(self._class_names()) if column.kind is Kind.CLASSES else 0,
            bold.horizontalAdvance(column.title),
            *(small.horizontalAdvance(line) for line in column.lines),
        )

    # Events.

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """The pointer asks for a value."""
        self._pointer = event.position()
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        self._refresh()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()
        super().changeEvent(event)


def _grids(columns: list[Column], layers: list[Layer]) -> dict[str, Grid]:
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


def _tiles_area(columns: list[Column]) -> QRect:
    """All pictures, from the input to the last units; classes are none."""
    area = QRectF()
    for column in columns:
        if column.kind is not Kind.CLASSES:
            for tiles in (column.tiles, column.kernels):
                area = area.united(tiles[0]).united(tiles[-1]) if tiles else area
    return area.toAlignedRect()


def _draw_stack(painter: QPainter, image: QImage, tiles: list[QRectF]) -> None:
    """Each tile shows its part of an image of tiles below each other."""
    height = image.height() / len(tiles)
    for index, tile in enumerate(tiles):
        painter.drawImage(tile, image, QRectF(0, index * height, image.width(), height))
