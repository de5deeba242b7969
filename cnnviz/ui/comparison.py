"""Two moments or two digits beside each other: what was kept, what is shown now, the difference.

Part of the session. What is kept is a copy of an inspection, so it stays when the network learns on
or another digit is chosen; only what comes from another run follows the digit and the moment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.inspection import Inspection
from cnnviz.core.workspace import Array
from cnnviz.ui.shown_image import ShownImage


class Side(Enum):
    """Which of the two the network view shows."""

    NOW = "now"
    KEPT = "kept"
    BOTH = "both"
    DIFFERENCE = "difference"


class Scale(Enum):
    """What full colour means in the network view."""

    LAYER = "scale: layer"
    MAP = "scale: map"
    LOCKED = "scale: locked"


@dataclass(frozen=True)
class Kept:
    """One digit's way through the network at one moment."""

    inspection: Inspection
    weights: dict[str, Array]
    """Every parameter by name, as `Network.state_dict` gives them."""
    step: int
    words: str
    """Which digit and when, for people."""
    title: str = "kept"
    """Of its side."""


Source = Callable[[ShownImage, int], Kept]
"""What there is to compare with an image, at a step of the open run."""


class Comparison(QObject):
    """What is kept and how it is shown; without anything kept, now is all there is."""

    changed = Signal()
    followed = Signal()
    """What is kept came from elsewhere and is of another digit or moment now."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.kept: Kept | None = None
        self._source: Source | None = None
        self.side = Side.NOW
        self.scale = Scale.LAYER

    def keep(self, kept: Kept, source: Source | None = None) -> None:
        """Holds on to this, to be compared with what comes; a source follows what comes."""
        self.kept, self._source, self.side = kept, source, Side.BOTH
        self.changed.emit()

    def follow(self, image: ShownImage, step: int) -> None:
        """Another image or moment is shown; whoever shows it tells so."""
        if self._source:
            before, self.kept = self.kept, self._source(image, step)
            if self.kept is not before:
                self.followed.emit()

    @Slot()
    def end(self) -> None:
        """Compares no more."""
        self.kept, self._source, self.side = None, None, Side.NOW
        self.changed.emit()

    def show_side(self, side: Side) -> None:
        """Shows this side; without anything kept there is only now."""
        self.side = side if self.kept else Side.NOW
        self.changed.emit()

    def set_scale(self, scale: Scale) -> None:
        """What full colour means from now on."""
        self.scale = scale
        self.changed.emit()
