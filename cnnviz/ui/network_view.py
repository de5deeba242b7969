"""The centre of the window: the chosen digit's way through the network, layer by layer, live.

Each layer is a column: its maps after the convolution, activation or pooling, then the units, last
the probabilities. One scale a layer, said below its column.

Thirty times a second only pictures and bars are painted; words are painted when they are told anew,
a few times a second, since laying out text is dear. What nobody told to change is left alone.
"""

import math

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRegion,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QScrollArea, QWidget

from cnnviz.core.receptive_field import Place
from cnnviz.ui import theme
from cnnviz.ui.network_classes import ClassRows, classes_width
from cnnviz.ui.network_layout import FOOTER, Column, Kind, arrange, make_columns, map_beside
from cnnviz.ui.network_pictures import NetworkPictures
from cnnviz.ui.network_trace import Trace, make_trace, paint_trace
from cnnviz.ui.selection import first_place, moved, other_layer, other_map
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.throttle import Throttle

SCROLL_BAR = 8
WORDS_MS = 250
"""Between two tellings of numbers while they change."""
TIME_BAR, TIME_TOP, TIME_HEIGHT = 46, 62, 3
"""Pixels: the length of the slowest layer's time bar, and where all of them are."""
BOLD = QFont.Weight.DemiBold
PIXELS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
BY_KEY = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)
MAPS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
LAYERS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
"""With Shift."""


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

    map_wanted = Signal(object)
    """A Place: somebody wants to see its map large."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns: list[Column] = []
        self._classes = ClassRows()
        self._pictures = NetworkPictures()
        self._trace: Trace | None = None
        self._room = QSizeF(800, 480)
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._framed = False
        self._stale = self._untold = True
        self._calm = Throttle(self._tell_anew, WORDS_MS, self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Values of the network")
        session.selection.changed.connect(self._select)
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
        self._trace = self._traced()
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """What stands under `point`, in words and numbers; empty where there is nothing."""
        place = self.place_at(point)
        return self.in_words(place) if place else ""

    def place_at(self, point: QPointF) -> Place | None:
        """Which value stands under `point`."""
        for column in self._columns:
            index = column.at(point)
            if index is not None:
                return Place(column.name, index)
        return None

    def in_words(self, place: Place) -> str:
        """A value and where it is."""
        inspection = self._session.inspection
        column = next((each for each in self._columns if each.name == place.layer), None)
        if inspection is None or column is None:
            return ""
        if column.kind is Kind.INPUT:
            _, y, x = place.index
            pixel = ", ".join(f"{value:.4g}" for value in inspection.image[:, y, x])
            return f"{column.title} · x {x}, y {y} · {pixel}"
        number = f"{float(inspection.outputs[column.name][place.index]):.4g}".replace("-", "−")
        if column.kind is Kind.CLASSES:
            unit = place.index[0]
            return self._class_in_words(unit, number, float(inspection.probabilities[unit]))
        if column.kind is Kind.UNITS:
            return f"{column.title} · unit {place.index[0]} · {number}"
        channel, y, x = place.index
        return f"{column.title} · map {channel} · x {x}, y {y} · {number}"

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
            self._pictures = NetworkPictures(self._columns, network.layers)

    @Slot()
    def _refresh(self) -> None:
        """All is new; pictures and words are made when they are to be seen, not before."""
        self._stale = self._untold = True
        self._pictures.forget_input()
        self.update()

    @Slot()
    def _follow(self) -> None:
        """Another vector: pictures and bars now, words soon."""
        self._stale = True
        inspection = self._session.inspection
        if not self.isVisible() or inspection is None:
            self._untold = True
            return
        moved = self._classes.show(inspection.probabilities) | self._pictures.area
        self.update(moved | self._plate_area())
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    def _tell_anew(self) -> None:
        self._untold = True
        self.update(QRegion(self._scales_area()) | self._classes.area)

    @Slot()
    def _select(self) -> None:
        """Another value is looked at."""
        self._trace = self._traced()
        if self._trace and self._session.selection.pinned:
            self.setAccessibleDescription(self.in_words(self._trace.place))
        self.update()

    def _traced(self) -> Trace | None:
        network, inspection = self._session.network, self._session.inspection
        place = self._session.selection.place
        if network is None or inspection is None or place is None:
            return None
        return make_trace(self._columns, network.layers, inspection, place)

    @Slot()
    def _follow_times(self) -> None:
        self.update(self._times_area())

    def _plate_area(self) -> QRegion:
        """Where the plate is and where it will be."""
        told = self._told()
        if told is None:
            return QRegion()
        return QRegion(self._plate.united(plate_beside(*told, self._seen())).toAlignedRect())

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
        self._pictures.show(network, inspection)
        self._trace = self._traced()
        self._classes.show(inspection.probabilities)

    def _tell(self) -> None:
        """Takes down what is said of the numbers of now."""
        inspection = self._session.inspection
        if inspection is None:
            return
        self._untold = False
        self._pictures.tell()
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
            self._pictures.paint_scales(painter, self.height() - 8.0)
        self._classes.paint(painter, region)
        if region.intersects(self._pictures.area):
            self._pictures.paint(painter)
        if self._trace:
            paint_trace(painter, self._trace, self._session.selection.pinned is not None)
        if self._framed:
            painter.setPen(theme.color(theme.tokens().selected))
            painter.drawRect(self._seen().adjusted(0, 0, -1, -1))
        self._paint_plate(painter)
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

    def _paint_plate(self, painter: QPainter) -> None:
        """The value under the pointer, else the pinned one, in a small plate beside it."""
        told = self._told()
        if told:
            self._plate = paint_plate(painter, *told, self._seen())

    def _told(self) -> tuple[QPointF, str] | None:
        """Where the plate points and what it says."""
        if self._pointer is not None:
            text = self.value_at(self._pointer)
            return (self._pointer, text) if text else None
        if self._trace is None or self._session.selection.pinned is None:
            return None
        return self._trace.cell.bottomRight(), self.in_words(self._trace.place)

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
        self._session.selection.point(self.place_at(self._pointer))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pins the value under the pointer; lets go on the pinned one, or beside all."""
        if event.button() is Qt.MouseButton.LeftButton:
            selection, place = self._session.selection, self.place_at(event.position())
            selection.pin(None if place == selection.pinned else place)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Wants a map large; its value stays pinned, as the first of the clicks may have not."""
        place = self.place_at(event.position())
        if event.button() is not Qt.MouseButton.LeftButton:
            return
        if place is None:
            place = map_beside(self._columns, event.position())
        elif len(place.index) == 3:
            self._session.selection.pin(place)
        self._want_map(place)

    def _want_map(self, place: Place | None) -> None:
        if place is not None and len(place.index) == 3:
            self.map_wanted.emit(place)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self._session.selection.point(None)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walks: arrows by a value, Page keys by a map, with Shift by a layer; Esc lets go.

        Enter wants the pinned value's map large.
        """
        network, selection = self._session.network, self._session.selection
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._want_map(selection.pinned)
            return
        if network is None or event.key() not in (*PIXELS, *MAPS, *LAYERS, Qt.Key.Key_Escape):
            super().keyPressEvent(event)
            return
        layers, key = network.layers, Qt.Key(event.key())
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        self._pointer = None
        if key == Qt.Key.Key_Escape:
            selection.let_go()
        elif selection.pinned is None:
            selection.pin(selection.place or first_place(layers))
        elif shift and key in LAYERS:
            selection.pin(other_layer(layers, selection.pinned, LAYERS[key]))
        elif key in MAPS:
            selection.pin(other_map(layers, selection.pinned, MAPS[key]))
        else:
            selection.pin(moved(layers, selection.pinned, *PIXELS[key]))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Reached by key, a frame shows where the keys are now."""
        super().focusInEvent(event)
        self._framed = event.reason() in BY_KEY
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They are elsewhere."""
        super().focusOutEvent(event)
        self._framed = False
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
