"""Where a training step's time goes, measured around the layer loop; layers know nothing of it.

Laps are contiguous: each begins where the one before ended, so the rows add up to the wall time of
whoever measured them.
"""

from collections.abc import Mapping
from time import perf_counter

Row = tuple[str, str]
"""(what, direction): ("conv1", "forward"), ("conv1", "backward"), ("data", "forward") …"""


class Stopwatch:
    """Seconds by row since the last `start`, in the order in which rows were first met."""

    def __init__(self) -> None:
        self.seconds: dict[Row, float] = {}
        self._last = perf_counter()
        self._is_elsewhere = False

    def start(self) -> None:
        """Sets every row to zero and begins to count."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        self._last, self._is_elsewhere = perf_counter(), False

    def lap(self, what: str, direction: str = "forward") -> None:
        """Gives the time since the last lap (or the start) to a row."""
        if self._is_elsewhere:
            return
        now = perf_counter()
        row = (what, direction)
        self.seconds[row] = self.seconds.get(row, 0.0) + now - self._last
        self._last = now

    def go_on(self, what: str) -> None:
        """As `start`, but the time since the last lap is given to a row."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        self.lap(what)

    def replace(self, seconds: Mapping[Row, float]) -> None:
        """What another process has measured stands here until the next `start`; laps add nothing.

        That is for work that goes on there while this process does other things.
        """
        self.seconds, self._is_elsewhere = dict(seconds), True
