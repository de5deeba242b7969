"""The centre of the window: the chosen digit's way through the network, layer by layer, live.

Each layer is a column: its maps after the convolution, activation or pooling, then the units, last
the probabilities. One scale a layer, said below its column. How it is painted is in
network_canvas.py; here are the pointer and the keys, zoom and pan.
"""

from functools import partial

from PySide6.QtCore import QEvent, QPointF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QScrollArea, QToolButton, QWidget

from cnnviz.core.receptive_field import Place
from cnnviz.ui.comparison import Scale
from cnnviz.ui.network_canvas import NetworkPainting
from cnnviz.ui.network_layout import (
    map_beside,
)
from cnnviz.ui.network_menu import save_sections, spot_at
from cnnviz.ui.selection import first_place, moved, other_layer, other_map
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_menu import Choice, ChoiceMenu, Section

SCROLL_BAR = 8
ZOOM_STEP, MOST_ZOOM = 1.25, 4.0
PIXELS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}
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

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """The headings stay in sight."""
        super().scrollContentsBy(dx, dy)
        if dy:
            self.canvas.update()

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


class NetworkCanvas(NetworkPainting):
    """The columns under the pointer and the keys: point, pin, walk, mute, drag, open."""

    panned = Signal(QPointF)
    """Dragged by so many pixels, beside all pictures or with the middle button."""
    map_wanted = Signal(object)
    """A Place: somebody wants to see its map large."""
    film_wanted = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._panned: QPointF | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Values of the network")
        session.slide.changed.connect(self._forget_pointer)

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

    @Slot()
    def _forget_pointer(self) -> None:
        """While the kernel slides the plate tells what it makes, until the pointer moves again."""
        if self._session.slide.running:
            self._pointer = None

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
        place, spot = self.place_at(at), spot_at(self._columns, at)
        sections = [self._choices(place), *save_sections(self, self._session, spot)]
        sections.append([Choice("Save as film…", self.film_wanted.emit)])
        ChoiceMenu(self, sections).open_at(self.mapToGlobal(at.toPoint()))

    def _choices(self, place: Place | None) -> Section:
        """What can be done with a value, its map and what is shown."""
        session = self._session
        kept = session.comparison.kept is not None
        compare = Choice("Compare no more" if kept else "Keep and compare", session.keep_or_end)
        if place is None or len(place.index) != 3:
            return [compare]
        choices = [Choice("Show this map large", partial(self._want_map, place)), compare]
        if session.edits.can_mute(place):
            text = "Unmute this filter" if session.edits.is_muted(place) else "Mute this filter"
            choices.append(Choice(text, partial(session.edits.toggle_mute_behind, place)))
        return choices

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
        self._session.slide.hold(None)
        self.update(self._plate_area())

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
