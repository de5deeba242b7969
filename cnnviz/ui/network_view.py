"""The centre of the window: the chosen digit's way through the network, layer by layer, live.

Each layer is a column: its maps after the convolution, activation or pooling, then the units, last
the probabilities. One scale a layer, said below its column.
"""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Slot
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.network_layout import Column, Kind, arrange, make_columns
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.mosaic import level_of, picture, signed_image, stacked
from cnnviz.ui.widgets.plate import paint_plate

SCROLL_BAR = 8
TIME_BAR = 46
"""Length in pixels of the slowest layer's time bar."""
LEAST_NAME, GREATEST_NAME = 44, 96
"""Class names wider than the second are cut off, where there is little room than the first."""
LEAST_BAR, LEAST_BAR_WITH_MARK = 58, 84
"""Length of a probability's bar with room below for its number, and for “label ✓” besides."""
NAME_GAP = 10
"""Between a class's name and its bar."""
TWO_LINES = 27
"""Height of a class's row from which on its number stands below its bar, not beside it."""
NUMBER = 44
"""Room for a number beside its bar."""
LEAST_TEXT = 11
"""Height of a class's row from which on texts do not run into each other."""
BOLD = QFont.Weight.DemiBold
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


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
        self._images: dict[str, QImage] = {}
        self._kernels: dict[str, QImage] = {}
        self._levels: dict[str, float] = {}
        self._room = QSizeF(800, 480)
        self._pointer: QPointF | None = None
        self._stale = True
        self.setMouseTracking(True)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._refresh)
        session.image_changed.connect(self._refresh)
        session.times_changed.connect(self.update)
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
        self.update()

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

    @Slot()
    def _rebuild(self) -> None:
        network = self._session.network
        if network is not None:
            self._columns = make_columns(network.spec.input_shape, network.layers)
            self.fit(self._room)

    @Slot()
    def _refresh(self) -> None:
        """Pictures are made when they are to be seen, not before."""
        self._stale = True
        self.update()

    def _make_images(self) -> None:
        inspection, network = self._session.inspection, self._session.network
        if inspection is None or network is None:
            return
        self._stale = False
        weights = dict(network.named_parameters())
        for column in self._columns:
            if column.kind is Kind.INPUT:
                self._images[column.name] = picture(inspection.image)
                continue
            values = inspection.outputs[column.name]
            level = level_of(values)
            self._levels[column.name] = level if values.any() else 0.0
            if column.kind is Kind.MAPS:
                self._images[column.name] = signed_image(stacked(values), level)
            elif column.kind is Kind.UNITS:
                strip = _strip(values, column.unit_columns)
                self._images[column.name] = signed_image(strip, level)
            if column.kernels:
                kernels = weights[f"{column.name}.weight"][:, 0]
                self._kernels[column.name] = signed_image(stacked(kernels), level_of(kernels))

    # Painting.

    def paintEvent(self, event: QPaintEvent) -> None:
        """Headers, tiles, the scale below, and the value under the pointer."""
        painter = QPainter(self)
        if self._session.inspection is None:
            self._paint_nothing(painter)
            return
        if self._stale:
            self._make_images()
        for column in self._columns:
            self._paint_header(painter, column)
            if column.kind is Kind.CLASSES:
                self._paint_classes(painter, column)
            else:
                self._paint_tiles(painter, column)
        self._paint_pointer(painter)
        painter.end()

    def _paint_nothing(self, painter: QPainter) -> None:
        painter.setFont(theme.font())
        painter.setPen(theme.color(theme.tokens().muted))
        text = "The network appears here as soon as the data are loaded."
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignCenter, text)
        painter.end()

    def _paint_header(self, painter: QPainter, column: Column) -> None:
        colors = theme.tokens()
        painter.setFont(theme.font(weight=BOLD))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(column.x, 24), column.title)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        for line, text in enumerate(column.lines):
            painter.drawText(QPointF(column.x, 40 + 15 * line), text)
        self._paint_time(painter, column)

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
            painter.fillRect(QRectF(x, 62, length, 3), theme.color(value))
            x += length

    def _paint_tiles(self, painter: QPainter, column: Column) -> None:
        image = self._images.get(column.name)
        if image is None:
            return
        if column.kind is Kind.MAPS:
            _draw_stack(painter, image, column.tiles)
        else:
            painter.drawImage(column.tiles[0], image)
        if column.kernels:
            _draw_stack(painter, self._kernels[column.name], column.kernels)
        if column.kind is Kind.UNITS:
            painter.fillRect(column.rest, theme.color(theme.tokens().background))
        if column.kind is not Kind.INPUT:
            self._paint_scale(painter, column)

    def _paint_scale(self, painter: QPainter, column: Column) -> None:
        """One scale for the whole layer: full orange is +level, full blue −level."""
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(theme.tokens().muted))
        level = self._levels[column.name]
        text = f"±{level:.3g}" if level else "all 0"
        painter.drawText(QPointF(column.tiles[0].left(), self.height() - 8.0), text)

    def _paint_classes(self, painter: QPainter, column: Column) -> None:
        """A row a class: name, bar, per cent; the greatest is bold, the label is marked."""
        session, colors = self._session, theme.tokens()
        inspection, dataset = session.inspection, session.dataset
        if inspection is None or dataset is None:
            return
        best = int(np.nan_to_num(inspection.probabilities).argmax())
        names = min(self._names_width(), column.width - NAME_GAP - LEAST_BAR)
        for index, row in enumerate(column.tiles):
            probability, chosen = float(inspection.probabilities[index]), index == best
            bar = _bar_in(row, names)
            _draw_bar(painter, bar, probability)
            if row.height() < LEAST_TEXT and not chosen:
                continue
            roomy, color = row.height() >= TWO_LINES, colors.text if chosen else colors.muted
            size = theme.FONT_SIZE if roomy else theme.SMALL
            font = theme.font(size, BOLD if chosen else QFont.Weight.Normal)
            painter.setFont(font)
            if index == session.label and not roomy:
                color = colors.good if chosen else colors.bad
            painter.setPen(theme.color(color))
            metrics, elide = QFontMetricsF(font), Qt.TextElideMode.ElideRight
            name = metrics.elidedText(dataset.class_names[index], elide, names + 1)
            painter.drawText(QPointF(row.x(), bar.center().y() + 0.36 * size), name)
            painter.setFont(theme.font(theme.SMALL))
            painter.setPen(theme.color(colors.muted))
            below, beside = QPointF(bar.x(), bar.bottom() + 12), bar.center() + QPointF(0, 4)
            beside.setX(bar.right() + 6)
            painter.drawText(below if roomy else beside, _per_cent(probability))
            if index == session.label and roomy:
                self._paint_label_mark(painter, row, bar, right=chosen)

    def _paint_label_mark(self, painter: QPainter, row: QRectF, bar: QRectF, right: bool) -> None:
        """The true class: green where the network agrees; below its bar, or else its name."""
        colors = theme.tokens()
        painter.setPen(theme.color(colors.good if right else colors.bad))
        end = bar.right() if bar.width() >= LEAST_BAR_WITH_MARK else bar.left() - NAME_GAP
        place = QRectF(row.x(), bar.bottom(), end - row.x(), 16)
        flags = RIGHT if end == bar.right() else LEFT
        painter.drawText(place, flags, "label ✓" if right else "label")

    def _classes_width(self) -> float:
        """What names, bars and the mark of the label need; long names make do with little."""
        names = self._names_width()
        below_name = names >= LEAST_NAME
        needed = LEAST_NAME + LEAST_BAR if below_name else names + LEAST_BAR_WITH_MARK
        return needed + NAME_GAP

    def _names_width(self) -> float:
        """The longest class name's width, or as much as it gets."""
        dataset, bold = self._session.dataset, QFontMetricsF(theme.font(weight=BOLD))
        names = dataset.class_names if dataset else ()
        return min(max((bold.horizontalAdvance(name) for name in names), default=0), GREATEST_NAME)

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
        paint_plate(painter, self._pointer, text, QRectF(self.visibleRegion().boundingRect()))

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
            self._classes_width() if column.kind is Kind.CLASSES else 0,
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


def _strip(values: Array, columns: int) -> Array:
    """Units (n,) as lines of `columns` cells, the last one filled up with zeros."""
    rows = math.ceil(len(values) / columns)
    strip = np.zeros(rows * columns, values.dtype)
    strip[: len(values)] = values
    return strip.reshape(rows, columns)


def _draw_stack(painter: QPainter, image: QImage, tiles: list[QRectF]) -> None:
    """Each tile shows its part of an image of tiles below each other."""
    height = image.height() / len(tiles)
    for index, tile in enumerate(tiles):
        painter.drawImage(tile, image, QRectF(0, index * height, image.width(), height))


def _bar_in(row: QRectF, names: float) -> QRectF:
    """A probability's bar, right of its name; in a low row it leaves room for its number."""
    x, middle, width = row.x() + names + NAME_GAP, row.center().y(), row.width() - names - NAME_GAP
    if row.height() >= TWO_LINES:
        return QRectF(x, middle - 10, width, 13)
    height = max(min(row.height() - 3, 10), row.height() / 2)
    return QRectF(x, middle - height / 2, width - NUMBER, height)


def _draw_bar(painter: QPainter, bar: QRectF, share: float) -> None:
    colors = theme.tokens()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color(colors.line))
    painter.drawRoundedRect(bar, 3, 3)
    if share > 0:
        painter.setBrush(theme.color(colors.positive))
        filled = QRectF(bar.x(), bar.y(), max(bar.width() * share, 1.5), bar.height())
        painter.drawRoundedRect(filled, min(3, filled.width() / 2), 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(theme.color(colors.muted))


def _per_cent(share: float) -> str:
    return f"{100 * share:.2f} %" if share < 0.9995 else f"{100 * share:.1f} %"
