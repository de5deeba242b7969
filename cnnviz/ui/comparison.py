"""Two moments or two digits beside each other: what was kept, what is shown now, the difference.

Part of the session. What is kept is a copy of an inspection, so it stays when the network learns on
or another digit is chosen.
"""

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.inspection import Inspection
from cnnviz.core.workspace import Array


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


class Comparison(QObject):
    """What is kept and how it is shown; without anything kept, now is all there is."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.kept: Kept | None = None
        self.side = Side.NOW
        self.scale = Scale.LAYER

    def keep(self, kept: Kept) -> None:
        """Holds on to this, to be compared with what comes."""
        self.kept, self.side = kept, Side.BOTH
        self.changed.emit()

    @Slot()
    def end(self) -> None:
        """Compares no more."""
        self.kept, self.side = None, Side.NOW
        self.changed.emit()

    def show_side(self, side: Side) -> None:
        """Shows this side; without anything kept there is only now."""
        self.side = side if self.kept else Side.NOW
        self.changed.emit()

    def set_scale(self, scale: Scale) -> None:
        """What full colour means from now on."""
        self.scale = scale
        self.changed.emit()
