"""Keeps text calm: what is asked for many times a second is done a few times, and never forgotten.

Laying out a line of text takes longer than drawing a picture, and nobody reads thirty a second.
"""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Slot


class Throttle(QObject):
    """Calls `act` at once if it has rested for `interval` ms, else once when it has."""

    def __init__(self, act: Callable[[], None], interval: int, parent: QObject) -> None:
        super().__init__(parent)
        self._act = act
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval)
        self._timer.timeout.connect(self._rested)

    def set_interval(self, interval: int) -> None:
        """Another rest from now on."""
        if interval != self._timer.interval():
            self._timer.setInterval(interval)

    @Slot()
    def ask(self) -> None:
        """Now or soon."""
        if self._timer.isActive():
            self._waiting = True
        else:
            self.act()

    @Slot()
    def act(self) -> None:
        """Now in any case."""
        self._waiting = False
        self._timer.start()
        self._act()

    @Slot()
    def _rested(self) -> None:
        if self._waiting:
            self.act()
