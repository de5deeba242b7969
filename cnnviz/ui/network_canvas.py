"""The network view's columns as they are painted: pictures as often as they come, words at leisure.

With each frame only pictures and bars are painted; words are painted when they are told anew,
a few times a second, since laying out text is dear. What nobody told to change is left alone.
"""

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, QSizeF, Qt, Slot
from PySide6.QtGui import (
    QFont,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QRegion,
    QShowEvent,
)

from cnnviz.core.receptive_field import Place
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.comparison import Side
from cnnviz.ui.network_classes import ClassRows, classes_width
from cnnviz.ui.network_layout import (
    FOOTER,
    GAP,
    HEADER,
    Column,
    Kind,
    arrange,
    halve,
    make_columns,
)
from cnnviz.ui.network_pictures import NetworkPictures
from cnnviz.ui.network_trace import Trace, cover_unreached, make_trace, paint_trace
from cnnviz.ui.network_words import value_in_words, weight_in_words
from cnnviz.ui.selection import kernel_channels
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.key_framed import KeyFramed
from cnnviz.ui.widgets.plate import paint_plate, plate_beside
from cnnviz.ui.widgets.posing import posed_area

TIME_BAR, TIME_TOP, TIME_HEIGHT = 46, 62, 3
"""Pixels: the length of the slowest layer's time bar, and where all of them are."""
SCALES = 13.0
"""Pixels from the bottom to the line that the scales stand on, as the button for them does."""
BOLD = QFont.Weight.DemiBold


class NetworkPainting(KeyFramed):
    """The columns of the session's network, the trace, and the value under the pointer."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns: list[Column] = []
        self._classes = ClassRows()
        self._pictures = NetworkPictures()
        self._trace: Trace | None = None
        self._room = QSizeF(800, 480)
        self._zoom = 1.0
        self._pointer: QPointF | None = None
        self._plate = QRectF()
        self._stale = self._untold = True
        self._looked_at = ""  # in words, of the same moment as the inspector's
        session.selection.changed.connect(self._select)
        session.comparison.changed.connect(self._refit)
        session.run_changed.connect(self._rebuild)
        session.network_changed.connect(self._follow)
        session.numbers.changed.connect(self._tell_anew)
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
            widths = self._text_width, self._title_width
            needed = arrange(self._columns, layers, room, widths[0], self._zoom, widths[1])
            self.setMinimumSize(QSize(math.ceil(needed.width()), math.ceil(needed.height())))
            if self._session.comparison.side is Side.BOTH:
                halve(self._columns)
            self._classes.place(self._columns[-1].tiles, self._class_names())
        self._trace = self._traced()
        self._refresh()

    def value_at(self, point: QPointF) -> str:
        """What stands under `point`, in words and numbers; empty where there is nothing."""
        place = self.place_at(point)
        return (
            self.in_words(place) if place else weight_in_words(self._session, self._columns, point)
        )

    def place_at(self, point: QPointF) -> Place | None:
        """Which value stands under `point`."""
        for column in self._columns:
            index = column.at(point)
            if index is not None:
                return Place(column.name, index)
        return None

    def in_words(self, place: Place) -> str:
        """A value and where it is; that which is looked at as it was when numbers were taken."""
        if place != self._session.selection.place:
            return value_in_words(self._session, self._columns, place)
        if not self._looked_at:
            self._looked_at = value_in_words(self._session, self._columns, place)
        return self._looked_at

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
        moved = self._classes.show(self._probabilities(), self._left()) | self._pictures.area
        self.update(moved | self._plate_area())

    @Slot()
    def _tell_anew(self) -> None:
        self._untold, self._looked_at = True, ""
        if self.isVisible() and self._session.inspection:
            self.update(QRegion(self._scales_area()) | self._classes.area | self._plate_area())

    @Slot()
    def _select(self) -> None:
        """Another value is looked at; kernels may show another channel."""
        self._stale, before = True, self._trace_area()
        self._looked_at = ""
        self._trace = self._traced()
        if self._trace and self._session.selection.pinned:
            self.setAccessibleDescription(self.in_words(self._trace.place))
        self.update(self._plate_area() | before | self._trace_area())

    def _trace_area(self) -> QRect:
        """Where the trace may have left marks: on the classes only if it begins at one."""
        to_class = self._trace is not None and self._trace.place.layer == self._columns[-1].name
        right = self.width() if to_class else self._pictures.area.right() + GAP
        return QRect(0, HEADER - 8, right, self.height() - HEADER - FOOTER + 16)

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
        return QRect(0, self._top + TIME_TOP, self.width(), TIME_HEIGHT)

    @property
    def _top(self) -> int:
        """Where the headings are: zoomed and scrolled, they stay in sight."""
        return max(0, math.floor(self._seen().top()))

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

    def _left(self) -> Array | None:
        """Probabilities of the other side, where both are shown."""
        kept = self._session.comparison.kept
        both = self._session.comparison.side is Side.BOTH
        return kept.inspection.probabilities if kept and both else None

    def _make_images(self) -> None:
        inspection, network = self._session.inspection, self._session.network
        if inspection is None or network is None:
            return
        self._stale = False
        channels = kernel_channels(network.layers, self._session.selection.place)
        self._pictures.show(network, inspection, self._session.comparison, channels)
        self._trace = self._traced()
        self._classes.show(self._probabilities(), self._left())

    def _tell(self) -> None:
        """Takes down what is said of the numbers of now."""
        inspection = self._session.inspection
        if inspection is None:
            return
        self._untold = False
        self._pictures.tell()
        self._classes.tell(self._probabilities(), self._session.label, self._left())

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
        if region.intersects(self._scales_area()):
            self._pictures.paint_scales(painter, self.height() - SCALES)
        self._classes.paint(painter, region)
        if region.intersects(self._pictures.area):
            self._pictures.paint(painter, self._session.edits.now)
        if self._trace:
            if self._session.slide.filling:
                cover_unreached(painter, self._columns, self._trace.place)
            paint_trace(painter, self._trace, self._session.selection.pinned is not None)
        self._paint_headers(painter, region)
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
        top, times = self._top, region.intersects(self._times_area())
        painter.save()
        painter.translate(0, top)
        if top:
            ground = QRectF(0, 0, self.width(), TIME_TOP + TIME_HEIGHT + 5)
            painter.fillRect(ground, theme.color(theme.tokens().background))
        for column in self._columns:
            words = QRectF(column.x - 2, top, column.width + GAP, TIME_TOP - 1)
            if top or region.intersects(words.toAlignedRect()):
                self._paint_title(painter, column)
            if top or times:
                self._paint_time(painter, column)
        painter.restore()

    def _paint_title(self, painter: QPainter, column: Column) -> None:
        colors = theme.tokens()
        painter.setFont(theme.font(weight=BOLD))
        painter.setPen(theme.color(colors.text))
        painter.drawText(QPointF(column.x, 24), column.title)
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color(colors.muted))
        room, right = column.width + 1, Qt.TextElideMode.ElideRight
        for line, text in enumerate(column.lines):
            shown = painter.fontMetrics().elidedText(text, right, math.floor(room))
            painter.drawText(QPointF(column.x, 40 + 15 * line), shown)

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
        """What all lines of the heading need."""
        small = QFontMetricsF(theme.font(theme.SMALL))
        return max(
            self._title_width(column), *(small.horizontalAdvance(line) for line in column.lines)
        )

    def _title_width(self, column: Column) -> float:
        """What the title and, of the last column, the classes need."""
        classes = classes_width(self._class_names()) if column.kind is Kind.CLASSES else 0
        bold = QFontMetricsF(theme.font(weight=BOLD))
        return max(classes, bold.horizontalAdvance(column.title))

    # Events.

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        self._refresh()
        super().showEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._refresh()
        super().changeEvent(event)
