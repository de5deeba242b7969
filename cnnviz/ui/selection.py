"""The one value that the user looks at: under the pointer, or pinned; and how the keys walk.

Part of the session. Views point, pin and let go here, and redraw when it has changed.
"""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.layer import Layer, Shape
from cnnviz.core.layers import Conv2D, Flatten
from cnnviz.core.receptive_field import INPUT, Place


class Selection(QObject):
    """A pinned value counts before the one under the pointer."""

    changed = Signal()
    """Another value is looked at, or none."""
    pinned_changed = Signal()
    """Another value is pinned, or none."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.pinned: Place | None = None
        self.pointed: Place | None = None

    @property
    def place(self) -> Place | None:
        """The value that is looked at."""
        return self.pinned or self.pointed

    def point(self, place: Place | None) -> None:
        """The pointer is over `place`, or over nothing."""
        if place != self.pointed:
            self.pointed = place
            if self.pinned is None:
                self.changed.emit()

    def pin(self, place: Place | None) -> None:
        """Holds on to `place`, or lets go."""
        if place != self.pinned:
            self.pinned = place
            self.pinned_changed.emit()
            self.changed.emit()

    @Slot()
    def let_go(self) -> None:
        """Nothing is pinned."""
        self.pin(None)

    def forget(self) -> None:
        """Another network: its values are others."""
        self.pointed = None
        self.pin(None)
        self.changed.emit()


def kernel_channels(layers: Sequence[Layer], place: Place | None) -> dict[str, int]:
    """Which input channel of each convolution's kernels to show: that of the map looked at.

    A convolution follows the maps right before it, also through activations and pooling; else its
    first channel is shown.
    """
    channels, maps_before = {}, [INPUT]
    for layer in layers:
        if isinstance(layer, Conv2D):
            looked_at = place is not None and place.layer in maps_before
            channels[layer.name] = place.index[0] if place and looked_at else 0
            maps_before = []
        maps_before.append(layer.name)
    return channels


# How the keys walk.


def stops(layers: Sequence[Layer]) -> dict[str, Shape]:
    """The arrays that can be walked, from the image on, and their shapes.

    A flatten layer in the middle only copies, so nobody stops there.
    """
    shapes: dict[str, Shape] = {INPUT: layers[0].input_shape}
    for layer in layers:
        if not isinstance(layer, Flatten) or layer is layers[-1]:
            shapes[layer.name] = layer.output_shape
    return shapes


def first_place(layers: Sequence[Layer]) -> Place:
    """Where a walk begins: the middle of the first layer's first map."""
    name, shape = list(stops(layers).items())[1]
    return Place(name, (0, *(length // 2 for length in shape[1:])) if len(shape) > 1 else (0,))


def moved(layers: Sequence[Layer], place: Place, down: int, right: int) -> Place:
    """Some values further in the same map; in a row of units, `down` and `right` both go on."""
    shape = stops(layers)[place.layer]
    if len(shape) == 1:
        return Place(place.layer, (_within(place.index[0] + down + right, shape[0]),))
    channel, y, x = place.index
    return Place(place.layer, (channel, _within(y + down, shape[1]), _within(x + right, shape[2])))


def other_map(layers: Sequence[Layer], place: Place, by: int) -> Place:
    """The same pixel of a map further on; the last is followed by the first."""
    count = stops(layers)[place.layer][0]
    return Place(place.layer, ((place.index[0] + by) % count, *place.index[1:]))


def other_layer(layers: Sequence[Layer], place: Place, by: int) -> Place:
    """About the same place in the layer before or after; at the ends it stays."""
    shapes = stops(layers)
    names = list(shapes)
    name = names[_within(names.index(place.layer) + by, len(names))]
    before, after = shapes[place.layer], shapes[name]
    if len(before) != len(after):
        return Place(name, (0, *(length // 2 for length in after[1:])))
    if name == place.layer:
        return place
    scaled = [
        _within(int((k + 0.5) * new / old), new)
        for k, old, new in zip(place.index[1:], before[1:], after[1:], strict=True)
    ]
    return Place(name, (_within(place.index[0], after[0]), *scaled))


def _within(k: int, length: int) -> int:
    return min(max(k, 0), length - 1)
