"""The centre of the window: the chosen digit's way through the network, layer by layer, live.

Each layer is a column: its maps after the convolution, activation or pooling, then the units, last
the probabilities. One scale a layer, said below its column.

Thirty times a second only pictures and bars are painted; words are painted when they are told anew,
a few times a second, since laying out text is dear. What nobody told to change is left alone.
"""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
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
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollArea, QToolButton, QWidget

from cnnviz.core.receptive_field import Place
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.comparison import Scale, Side
from cnnviz.ui.network_classes import ClassRows, classes_width
from cnnviz.ui.network_layout import FOOTER, HEADER, Column, Kind, arrange, halve, make_columns
from cnnviz.ui.network_menu import save_sections, spot_at
from cnnviz.ui.network_pictures import NetworkPictures
from cnnviz.ui.network_trace import Trace, cover_unreached, make_trace, paint_trace
from cnnviz.ui.selection import first_place, kernel_channels, moved, other_layer, other_map
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import ChoiceMenu
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.posing import posed_area
from cnnviz.ui.widgets.throttle import Throttle

SCROLL_BAR = 8
ZOOM_STEP, MOST_ZOOM = 1.25, 4.0
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
        self._comparison = session.comparison
        self._zoom = 1.0
        self.canvas.panned.connect(self._pan)
        self.scale_button = QToolButton(self)
        self.scale_button.setProperty("quiet", "true")
        self.scale_button.setToolTip("What full colour means; press for another scale (X)")
        self.scale_button.clicked.connect(self.next_scale)
        session.comparison.changed.connect(self._say_scale)
        self._say_scale()

    @property
    def zoom(self) -> float:
        """How many times larger than what fits."""
        return self._zoom

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Larger or smaller, with the point of the view that is `at` staying where it is."""
        zoom = min(max(zoom, 1.0), MOST_ZOOM)
        at = QPointF(self.viewport().rect().center()) if at is None else at
        before = self.canvas.mapFrom(self.viewport(), at)
        share = before.x() / self.canvas.width(), before.y() / self.canvas.height()
        self._zoom = zoom
        self.canvas.fit(self._room(), zoom)
        self.canvas.resize(self.canvas.minimumSize().expandedTo(self.viewport().size()))
        for bar, k, length, target in (
            (self.horizontalScrollBar(), share[0], self.canvas.width(), at.x()),
            (self.verticalScrollBar(), share[1], self.canvas.height(), at.y()),
        ):
            bar.setValue(round(k * length - target))

    @Slot()
    def zoom_in(self) -> None:
        """A step larger."""
        self.set_zoom(self._zoom * ZOOM_STEP)

    @Slot()
    def zoom_out(self) -> None:
        """A step smaller, until all fits."""
        self.set_zoom(self._zoom / ZOOM_STEP)

    @Slot()
    def zoom_to_fit(self) -> None:
        """All of it."""
        self.set_zoom(1.0)

    def _room(self) -> QSizeF:
        return QSizeF(self.width() - SCROLL_BAR, self.height() - SCROLL_BAR)

    @Slot(QPointF)
    def _pan(self, by: QPointF) -> None:
        for bar, length in (
            (self.horizontalScrollBar(), by.x()),
            (self.verticalScrollBar(), by.y()),
        ):
            bar.setValue(round(bar.value() - length))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Ctrl it zooms, else it scrolls."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(
                self._zoom * ZOOM_STEP ** (event.angleDelta().y() / 120), event.position()
            )
            event.accept()
        else:
            super().wheelEvent(event)

    @Slot()
    def next_scale(self) -> None:
        """One scale a layer, one a map, or the scales of now for good."""
        scales = list(Scale)
        self._comparison.set_scale(scales[(scales.index(self._comparison.scale) + 1) % len(scales)])

    @Slot()
    def _say_scale(self) -> None:
        self.scale_button.setText(self._comparison.scale.value.capitalize())
        self.scale_button.adjustSize()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lays the network out, always leaving room for the scroll bars: see FiltersView."""
        super().resizeEvent(event)
        self.canvas.fit(self._room())
        self.scale_button.move(10, self.height() - SCROLL_BAR - self.scale_button.height())


class NetworkCanvas(QWidget):
    """Paints the columns and tells the value under the pointer."""

    panned = Signal(QPointF)
    """Dragged by so many pixels, beside all pictures or with the middle button."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns: list[Column] = []
        self._classes = ClassRows()
        self._pictures = NetworkPictures()
        self._trace: Trace | None = None
        self._room = QSizeF(800, 480)
        self._zoom = 1.0
        self._panned: QPointF | None = None
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._framed = False
        self._stale = self._untold = True
        self._calm = Throttle(self._tell_anew, WORDS_MS, self)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Values of the network")
        session.selection.changed.connect(self._select)
        session.comparison.changed.connect(self._refit)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        session.image_changed.connect(self._refresh)
        session.times_changed.connect(self._follow_times)
        self._rebuild()

    @property
    def columns(self) -> list[Column]:
        """The columns as laid out now."""
        return self._columns

    def fit(self, room: QSizeF, zoom: float | None = None) -> None:
        """Lays the columns out in `room`, or larger by `zoom` (as before, if None)."""
        self._room = room
        self._zoom = self._zoom if zoom is None else zoom
        network = self._session.network
        if network is not None:
            layers = network.layers
            needed = arrange(self._columns, layers, room, self._text_width, self._zoom)
            self.setMinimumSize(QSize(math.ceil(needed.width()), math.ceil(needed.height())))
            if self._session.comparison.side is Side.BOTH:
                halve(self._columns)
            self._classes.place(self._columns[-1].tiles, self._class_names())
        self._trace = self._traced()
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """What stands under `point`, in words and numbers; empty where there is nothing."""
        place = self.place_at(point)
        return self.in_words(place) if place else self._kernel_at(point)

    def _kernel_at(self, point: QPointF) -> str:
        """The weight under `point`, of the kernels beside the maps."""
        network = self._session.network
        if network is None:
            return ""
        channels = kernel_channels(network.layers, self._session.selection.place)
        for column in self._columns:
            for number, kernel in enumerate(column.kernels):
                if kernel.contains(point):
                    channel = channels[column.name]
                    weights = dict(network.named_parameters())[f"{column.name}.weight"]
                    height, width = weights.shape[2:]
                    y = min(int((point.y() - kernel.y()) / kernel.height() * height), height - 1)
                    x = min(int((point.x() - kernel.x()) / kernel.width() * width), width - 1)
                    value = f"{float(weights[number, channel, y, x]):.4g}".replace("-", "−")
                    where = f"filter {number} · channel {channel} · x {x}, y {y}"
                    return f"{column.title} · {where} · {value}"
        return ""

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
        number = self._number(place)
        if column.kind is Kind.CLASSES:
            unit = place.index[0]
            return self._class_in_words(unit, number, float(inspection.probabilities[unit]))
        if column.kind is Kind.UNITS:
            return f"{column.title} · unit {place.index[0]} · {number}"
        channel, y, x = place.index
        muted = " · muted" if self._session.edits.is_muted(place) else ""
        return f"{column.title} · map {channel} · x {x}, y {y} · {number}{muted}"

    def _number(self, place: Place) -> str:
        """The value at `place`; while two are compared, both."""
        inspections = {"": self._session.inspection}
        if kept := self._session.comparison.kept:
            inspections = {"now ": self._session.inspection, "kept ": kept.inspection}
        return " · ".join(
            f"{name}{float(each.outputs[place.layer][place.index]):.4g}".replace("-", "−")
            for name, each in inspections.items()
            if each
        )

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
    def _refit(self) -> None:
        """Another side or scale is shown."""
        if self._columns:
            self.fit(self._room)

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
        moved = self._classes.show(self._probabilities()) | self._pictures.area
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
        """Another value is looked at; kernels may show another channel."""
        self._stale = True
        self._trace = self._traced()
        if self._trace and self._session.selection.pinned:
            self.setAccessibleDescription(self.in_words(self._trace.place))
        tiles = QRect(0, HEADER - 8, self.width(), self.height() - HEADER - FOOTER + 16)
        self.update(self._plate_area() | tiles)

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
        soon = plate_beside(*told, self._seen()) if told else QRectF()
        return QRegion(self._plate.united(soon).toAlignedRect())

    def _times_area(self) -> QRect:
        return QRect(0, TIME_TOP, self.width(), TIME_HEIGHT)

    def _scales_area(self) -> QRect:
        return QRect(0, self.height() - FOOTER, self.width(), FOOTER)

    def _seen(self) -> QRectF:
        """The part that is scrolled into view, or painted for a file."""
        return QRectF(posed_area(self) or self.visibleRegion().boundingRect())

    def _probabilities(self) -> Array:
        """Of the side that is shown."""
        kept, now = self._session.comparison.kept, self._session.inspection
        shown = kept.inspection if kept and self._session.comparison.side is Side.KEPT else now
        return shown.probabilities if shown else np.zeros(0, np.float32)

    def _make_images(self) -> None:
        inspection, network = self._session.inspection, self._session.network
        if inspection is None or network is None:
            return
        self._stale = False
        channels = kernel_channels(network.layers, self._session.selection.place)
        self._pictures.show(network, inspection, self._session.comparison, channels)
        self._trace = self._traced()
        self._classes.show(self._probabilities())

    def _tell(self) -> None:
        """Takes down what is said of the numbers of now."""
        inspection = self._session.inspection
        if inspection is None:
            return
        self._untold = False
        self._pictures.tell()
        self._classes.tell(self._probabilities(), self._session.label)

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
            self._pictures.paint(painter, self._session.edits.now)
        if self._trace:
            if self._session.slide.filling:
                cover_unreached(painter, self._columns, self._trace.place)
            paint_trace(painter, self._trace, self._session.selection.pinned is not None)
        if self._framed and not posed_area(self):
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
        self._plate = QRectF()
        if told and posed_area(self) in (None, self.rect()):  # a column alone has no room for it
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
        if self._panned is not None:
            self.panned.emit(event.globalPosition() - self._panned)
            self._panned = event.globalPosition()
            return
        self._pointer = event.position()
        place = self.place_at(self._pointer)
        self._session.selection.point(place)
        self._session.slide.hold(place)
        self.update(self._plate_area())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pins the value under the pointer; lets go on it, or beside all; with Alt mutes."""
        selection, place = self._session.selection, self.place_at(event.position())
        if event.button() is Qt.MouseButton.LeftButton:
            if event.modifiers() & Qt.KeyboardModifier.AltModifier:
                self._session.edits.toggle_mute_behind(place)
            else:
                selection.pin(None if place == selection.pinned else place)
        if event.button() is Qt.MouseButton.MiddleButton or place is None:
            self._panned = event.globalPosition()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Ends dragging."""
        self._panned = None

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with what is under the pointer or, if keys ask, with what is pinned."""
        at = QPointF(event.pos())
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            pinned = self._trace if self._session.selection.pinned else None
            at = pinned.cell.center() if pinned else QPointF()
        self._pointer = None
        self._session.selection.point(None)
        sections = save_sections(self, self._session, spot_at(self._columns, at))
        ChoiceMenu(self, sections).open_at(self.mapToGlobal(at.toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer asks no more."""
        self._pointer = None
        self._session.selection.point(None)
        self._session.slide.hold(None)
        self.update(self._plate_area())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Walks: arrows by a value, Page keys by a map, with Shift by a layer; Esc lets go."""
        network, selection = self._session.network, self._session.selection
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
