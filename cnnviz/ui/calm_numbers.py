"""When numbers that are read are taken anew, so that all who show the same one say the same.

Part of the session. The vector changes many times a second while the network learns; a number is
read, so it changes a few times. Two views with clocks of their own would show two moments.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal, Slot


class CalmNumbers(QObject):
    """One clock for all views."""

    changed = Signal()
    """Take what you tell of the network from what it is now."""

    def __init__(self, rest: Callable[[], int], parent: QObject) -> None:
        """`rest` gives the milliseconds between two takings while the network learns."""
        super().__init__(parent)
        self._rest = rest
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.settle)

    def follow(self, is_training: bool) -> None:
        """The network is another: at once, or while it trains as soon as the rest is over."""
        if is_training and self._timer.isActive():
            self._waiting = True
        else:
            self.take()

    @Slot()
    def take(self) -> None:
        """Now in any case."""
        self._waiting = False
        self._timer.start(self._rest())
        self.changed.emit()

    @Slot()
    def settle(self) -> None:
        """What waits is taken: the rest is over, or training."""
        if self._waiting:
            self.take()
