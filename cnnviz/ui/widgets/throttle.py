"""Keeps text calm: what is asked for many times a second is done a few times, and never forgotten.

Laying out a line of text takes longer than drawing a picture, and nobody reads sixty a second.
"""

from collections.abc import Callable
from time import perf_counter
from typing import ClassVar

from PySide6.QtCore import QObject, Qt, QTimer, Slot

CALM_MS = 200
"""An interval from which on a throttle may wait for another."""
APART_MS = 20
"""Between two throttles that may wait. All at once they keep the window from answering, for their
pictures are then painted in one go."""


class Throttle(QObject):
    """Calls `act` at once if it has rested for `interval` ms, else once when it has.

    The interval may be a function, asked whenever a rest begins.
    """

    _last_calm_act: ClassVar[float] = 0.0

    def __init__(
        self, act: Callable[[], None], interval: int | Callable[[], int], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._act = act
        self._interval = interval
        self._waiting = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)  # Qt bundles coarse ones
        self._timer.timeout.connect(self._rested)

    def set_interval(self, interval: int) -> None:
        """Another rest from the next act on."""
        self._interval = interval

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
        self._timer.start(self._rest)
        self._act()

    def waive(self) -> None:
        """There was nothing to do, so no rest is needed after it."""
        self._waiting = False
        self._timer.stop()

    @property
    def _rest(self) -> int:
        return self._interval() if callable(self._interval) else self._interval

    @Slot()
    def _rested(self) -> None:
        if not self._waiting:
            return
        if self._rest >= CALM_MS:
            now = perf_counter()
            if 0 <= now - Throttle._last_calm_act < APART_MS / 1000:
                self._timer.start(APART_MS)
                return
            Throttle._last_calm_act = now
        self.act()
