"""Slides the kernel over its input, position by position, while its map fills.

Part of the session: a slide only moves the pinned value along its map. Under the pointer it follows
the pointer, and goes on from there.
"""

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.layer import Layer
from cnnviz.core.layers import Conv2D, MaxPool2D
from cnnviz.core.receptive_field import INPUT, Place
from cnnviz.ui.selection import Selection

SPEEDS = (2, 5, 10, 25, 60)
"""Positions a second."""


class Slide(QObject):
    """Runs or rests; who shows maps leaves out what is not `reached` while it is `filling`."""

    changed = Signal()
    """It began, ended, or has another speed."""

    def __init__(self, selection: Selection) -> None:
        super().__init__(selection)
        self._selection = selection
        self._layers: list[Layer] = []
        self._held = self._moving = False
        self.filling = False
        """Whether the pinned value's map is shown only as far as the slide has come."""
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._step)
        self.set_speed(10)
        selection.pinned_changed.connect(self._pinned)

    @property
    def running(self) -> bool:
        """Whether it moves by itself."""
        return self._timer.isActive()

    @property
    def speed(self) -> int:
        """Positions a second."""
        return self._speed

    def set_speed(self, speed: int) -> None:
        """From the next position on."""
        self._speed = speed
        self._timer.setInterval(round(1000 / speed))
        self.changed.emit()

    def layer_of(self, layers: list[Layer], place: Place | None) -> Conv2D | MaxPool2D | None:
        """The layer whose window can slide, if `place` is in the map of one."""
        for layer in layers:
            if place and layer.name == place.layer and isinstance(layer, Conv2D | MaxPool2D):
                return layer
        return None

    def start(self, layers: list[Layer]) -> None:
        """Begins in the map of the value that is looked at: after it, or anew at its end."""
        place = self._selection.place
        layer = self.layer_of(layers, place)
        if layer is None or place is None:
            return
        self._layers = layers
        self.filling = True
        if place.index[1:] == tuple(length - 1 for length in layer.output_shape[1:]):
            place = Place(place.layer, (place.index[0], 0, 0))
        self._move(place)
        self._timer.start()
        self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Rests; the map is whole again."""
        was = self.filling
        self._timer.stop()
        self.filling = self._held = False
        if was:
            self.changed.emit()
            self._selection.changed.emit()

    def hold(self, place: Place | None) -> None:
        """The pointer is at `place`: on the map or on its input it takes over."""
        pinned = self._selection.pinned
        if not self.filling or pinned is None:
            return
        layer = self.layer_of(self._layers, pinned)
        index = self._position(layer, place) if layer and place else None
        self._held = index is not None
        if index is not None:
            self._move(Place(pinned.layer, (pinned.index[0], *index)))

    def _position(self, layer: Conv2D | MaxPool2D, place: Place) -> tuple[int, int] | None:
        """The position of the window that the pointer means."""
        if place.layer == layer.name:
            return place.index[1], place.index[2]
        names = [each.name for each in self._layers]
        before = names.index(layer.name) - 1
        if place.layer != (names[before] if before >= 0 else INPUT):
            return None
        return centred_over(layer, place.index[1], place.index[2])

    @Slot()
    def _step(self) -> None:
        place = self._selection.pinned
        layer = self.layer_of(self._layers, place)
        if layer is None or place is None:
            self.stop()
        elif not self._held:
            channel, y, x = place.index
            _, height, width = layer.output_shape
            y, x = divmod(y * width + x + 1, width)
            if y == height:
                self.stop()
            else:
                self._move(Place(place.layer, (channel, y, x)))

    def _move(self, place: Place) -> None:
        self._moving = True
        self._selection.pin(place)
        self._moving = False

    @Slot()
    def _pinned(self) -> None:
        """Whoever else pins ends the slide."""
        if not self._moving:
            self.stop()


def centred_over(layer: Conv2D | MaxPool2D, y: int, x: int) -> tuple[int, int]:
    """The output position whose window has its middle nearest to this pixel of the input."""
    window, padding = (
        (layer.kernel, layer.padding) if isinstance(layer, Conv2D) else (layer.size, (0, 0))
    )
    found = []
    for axis, pixel in enumerate((y, x)):
        middle = (window[axis] - 1) / 2 - padding[axis]
        position = round((pixel - middle) / layer.stride[axis])
        found.append(min(max(position, 0), layer.output_shape[1 + axis] - 1))
    return found[0], found[1]
