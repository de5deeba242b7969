"""One map of the network large, in a window of its own: its values, its kernels, what excites it.

It shows the map of the value that was pinned last, here or in the main window, so both walk
together; while nothing is pinned, it stays where it is.
"""

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.arithmetic_text import COUNTING
from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.core.value_statistics import statistics
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.excitement_tile import TILE
from cnnviz.ui.excitement_view import COLUMNS, ExcitementView
from cnnviz.ui.filter_kernels import FilterKernels
from cnnviz.ui.large_map import EDGE, LargeMap
from cnnviz.ui.selection import first_place, moved, other_layer, other_map, stops
from cnnviz.ui.session import Session
from cnnviz.ui.value_statistics_view import ValueStatisticsView
from cnnviz.ui.widgets.quiet_button import quiet_button
from cnnviz.ui.widgets.side_window import SideWindow
from cnnviz.ui.widgets.steady_label import SteadyLabel
from cnnviz.ui.widgets.throttle import Throttle

DEFAULT_SIZE = QSize(1400, 960)
LEAST_SIZE = QSize(1020, 480)
WORDS_MS = 250
"""Between two tellings of numbers while they change."""
MARGIN = 18
SCROLL_BAR = 8
SIDE_WIDTH = COLUMNS * (TILE.width() + 4) + 2 * MARGIN + SCROLL_BAR


class MapWindow(SideWindow):
    """Not modal; it closes with the main window, and rests while it is hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Map", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self.place: Place | None = None
        self._calm = Throttle(self._tell, WORDS_MS, self)
        self._make_parts()
        self._lay_out()
        self.map.pixel_pressed.connect(self._pin)
        self.map.step_wanted.connect(self._step)
        session.selection.pinned_changed.connect(self._follow_pin)
        session.run_changed.connect(self._follow_run)
        session.network_changed.connect(self._follow)
        session.image_changed.connect(self._follow_image)

    def _make_parts(self) -> None:
        self.title = QLabel()
        self.title.setProperty("heading", "true")
        self.title.setToolTip(COUNTING)
        self.about = SteadyLabel()
        self.about.setProperty("small", "true")
        self.map = LargeMap()
        self.statistics = ValueStatisticsView()
        self.kernels = FilterKernels()
        self.excitement = ExcitementView(self._session)
        self._kernels_about = SteadyLabel()
        self._kernels_about.setProperty("small", "true")
        self._kernel_part = _part("Kernel", self.kernels, self._kernels_about)
        self._excitement_part = _part("What excites this map most", self.excitement)
        self.buttons: dict[str, QToolButton] = {}
        for text, key, slot in (
            ("Layer before", "Shift+Left", self.layer_before),
            ("Next layer", "Shift+Right", self.next_layer),
            ("Map before", "PgUp", self.map_before),
            ("Next map", "PgDown", self.next_map),
        ):
            button = quiet_button(text, f"{text} ({_native(key)})")
            button.clicked.connect(slot)
            QShortcut(QKeySequence(key), self).activated.connect(slot)
            self.buttons[text] = button

    def _lay_out(self) -> None:
        walk = QHBoxLayout()
        walk.setSpacing(2)
        walk.addWidget(self.title)
        walk.addStretch(1)
        for button in self.buttons.values():
            walk.addWidget(button)
        head = QVBoxLayout()
        head.setContentsMargins(EDGE, 0, EDGE, 0)
        head.setSpacing(0)
        head.addLayout(walk)
        head.addWidget(self.about)
        left = QVBoxLayout()
        left.setContentsMargins(MARGIN - EDGE, MARGIN - 6, 0, 6)
        left.setSpacing(10)
        left.addLayout(head)
        left.addWidget(self.map, 1)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(18)
        column.addWidget(_part("Values", self.statistics))
        column.addWidget(self._kernel_part)
        column.addWidget(self._excitement_part)
        column.addStretch(1)
        self.side = QScrollArea()
        self.side.setWidget(whole)
        self.side.setWidgetResizable(True)
        self.side.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.side.setFixedWidth(SIDE_WIDTH)
        # A scroll bar that comes must not narrow the kernels, or it could make itself needless.
        whole.setFixedWidth(SIDE_WIDTH - SCROLL_BAR)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self.side)

    def open_at(self, place: Place) -> None:
        """Opens the window on the map of `place`, or brings it back and goes there."""
        self._go_to(place)
        self.show_in_front()
        self.map.setFocus()

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks the search to end; `is_shut_down` says when it has."""
        self.excitement.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.excitement.is_shut_down

    # What the user wishes.

    @Slot()
    def map_before(self) -> None:
        """The map before, at the same pixel."""
        self._walk_maps(-1)

    @Slot()
    def next_map(self) -> None:
        """The next map, at the same pixel."""
        self._walk_maps(1)

    @Slot()
    def layer_before(self) -> None:
        """About the same place in the layer before."""
        self._walk_layers(-1)

    @Slot()
    def next_layer(self) -> None:
        """About the same place in the next layer, if it has maps."""
        self._walk_layers(1)

    def _walk_maps(self, by: int) -> None:
        if self._layers and self.place:
            self._walk_to(other_map(self._layers, self.place, by))

    def _walk_layers(self, by: int) -> None:
        if self._layers and self.place:
            self._walk_to(other_layer(self._layers, self.place, by))

    @Slot(int, int)
    def _step(self, down: int, right: int) -> None:
        """From the pinned value to another; the first step only pins one."""
        if not self._layers or self.place is None:
            return
        pinned = self._session.selection.pinned
        here = pinned == self.place
        self._session.selection.pin(
            moved(self._layers, self.place, down, right) if here else self.place
        )

    @Slot(int, int)
    def _pin(self, y: int, x: int) -> None:
        """Pins a value of the map; lets go on the pinned one."""
        if self.place is not None:
            place = Place(self.place.layer, (self.place.index[0], y, x))
            selection = self._session.selection
            selection.pin(None if place == selection.pinned else place)

    def _walk_to(self, place: Place) -> None:
        """Takes the pinned value along, if one is."""
        if len(place.index) != 3:
            return  # units have no map
        if self._session.selection.pinned is None:
            self._go_to(place)
        else:
            self._session.selection.pin(place)

    # What changed.

    @property
    def _layers(self) -> list[Layer]:
        return self._session.network.layers if self._session.network else []

    @property
    def _layer(self) -> Layer | None:
        """The layer of the map; None for the image."""
        name = self.place.layer if self.place else INPUT
        return next((layer for layer in self._layers if layer.name == name), None)

    def _go_to(self, place: Place) -> None:
        self.place = place
        if self.isVisible():
            self._show_all()

    @Slot()
    def _follow_pin(self) -> None:
        pinned = self._session.selection.pinned
        if pinned is not None and len(pinned.index) == 3:
            self._go_to(pinned)
        elif self.isVisible():
            self._mark()

    @Slot()
    def _follow_run(self) -> None:
        """Another network: the same map of it, if it has one like that, else its first."""
        if self.place is None or not self._layers:
            return
        shape = stops(self._layers).get(self.place.layer, ())
        if len(shape) != 3 or any(k >= n for k, n in zip(self.place.index, shape, strict=True)):
            place = first_place(self._layers)
            if len(place.index) != 3:
                _, height, width = self._layers[0].input_shape
                place = Place(INPUT, (0, height // 2, width // 2))
            self.place = place
        if self.isVisible():
            self._show_all()

    @Slot()
    def _follow(self) -> None:
        """Another vector: pictures now, words soon."""
        if not self.isVisible() or self._values() is None:
            return
        self._show_pictures()
        if self._session.is_training:
            self._calm.ask()
        else:
            self._calm.act()

    @Slot()
    def _follow_image(self) -> None:
        if self.isVisible() and self._values() is not None:
            self._show_pictures()
            self._calm.act()

    def _values(self) -> Array | None:
        """The shown map's values, (H, W)."""
        inspection, place = self._session.inspection, self.place
        if inspection is None or place is None:
            return None
        maps = inspection.image if place.layer == INPUT else inspection.outputs.get(place.layer)
        if maps is None or maps.ndim != 3:
            return None
        values: Array = maps[place.index[0]]
        return values

    def _show_all(self) -> None:
        """Another map, or the first look since the window was hidden."""
        if self._values() is None or self.place is None:
            return
        layer = self._layer
        name = layer.label if layer else "Input"
        title = f"{name} · {'map' if layer else 'channel'} {self.place.index[0]}"
        self.title.setText(title)
        self.setWindowTitle(f"{title} – cnnviz")
        self._kernel_part.setVisible(isinstance(layer, Conv2D))
        self._excitement_part.setVisible(layer is not None)
        if layer is not None:
            self.excitement.show_map(self.place, title)
        self.buttons["Layer before"].setEnabled(layer is not None)
        self.buttons["Next layer"].setEnabled(self._has_next_layer())
        for text in ("Map before", "Next map"):
            self.buttons[text].setEnabled(stops(self._layers)[self.place.layer][0] > 1)
        self._show_pictures()
        self._mark()
        self._calm.act()

    def _has_next_layer(self) -> bool:
        place = self.place
        if place is None:
            return False
        after = other_layer(self._layers, place, 1)
        return after.layer != place.layer and len(after.index) == 3

    def _show_pictures(self) -> None:
        values, weights = self._values(), self._weights()
        if values is not None and self.place is not None:
            self.map.show_values(values, ink=self.place.layer == INPUT)
        if weights is not None:
            self.kernels.show_weights(weights)

    def _weights(self) -> Array | None:
        """The kernels of the map's filter (C, H, W), if a convolution made it."""
        network, layer = self._session.network, self._layer
        if network is None or self.place is None or not isinstance(layer, Conv2D):
            return None
        weight = dict(network.named_parameters())[f"{layer.name}.weight"]
        kernels: Array = weight[self.place.index[0]].copy()
        return kernels

    def _mark(self) -> None:
        pinned, place = self._session.selection.pinned, self.place
        ours = pinned is not None and pinned == place
        self.map.mark((place.index[1], place.index[2]) if ours and place else None)

    def _tell(self) -> None:
        """All that is read, of now."""
        values, place, layer = self._values(), self.place, self._layer
        if values is None or place is None or not self.isVisible():
            return
        self.map.tell()
        self.statistics.show_statistics(statistics(values), ink=layer is None)
        self.about.setText(self._about(place))
        if isinstance(layer, Conv2D):
            self.kernels.tell()
            self._kernels_about.setText(self._about_kernels(layer, place))
        self.excitement.refresh_words()

    def _about(self, place: Place) -> str:
        session = self._session
        count, height, width = stops(self._layers)[place.layer]
        what = "channel" if place.layer == INPUT else "map"
        plural = "" if count == 1 else "s"
        text = f"{count} {what}{plural} of {height} × {width}"
        if place.layer != INPUT:
            text += f" · batch {theme.spaced(session.shown_step)}"
        if session.test_image is not None:
            text += f" · test image {theme.spaced(session.test_image)}"
        elif session.image:
            text += f" · {session.image.words}"
        if session.dataset and session.label is not None:
            text += f", label {session.dataset.class_names[session.label]}"
        return text

    def _about_kernels(self, layer: Conv2D, place: Place) -> str:
        network = self._session.network
        channels, height, width = layer.parameter_shapes["weight"][1:]
        plural = "" if channels == 1 else "s"
        text = f"{channels} input channel{plural} · {height} × {width} · ±{self.kernels.level:.3g}"
        if network is not None:
            biases = dict(network.named_parameters())[f"{layer.name}.bias"]
            text += f" · bias {float(biases[place.index[0]]):.3g}".replace("-", "−")
        return text

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up with what happened while hidden."""
        super().showEvent(event)
        self._show_all()


def _part(title: str, content: QWidget, about: QWidget | None = None) -> QWidget:
    """A heading, something quiet beside it, and what it is about."""
    part, heading, row = QWidget(), QLabel(title), QHBoxLayout()
    heading.setProperty("heading", "true")
    row.setSpacing(10)
    row.addWidget(heading)
    if about:
        row.addWidget(about)
    row.addStretch(1)
    column = QVBoxLayout(part)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(8)
    column.addLayout(row)
    column.addWidget(content)
    return part


def _native(key: str) -> str:
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
