"""Where a training step's time goes, measured around the layer loop; layers know nothing of it.

Laps are contiguous: each begins where the one before ended, so the rows add up to the wall time.
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

    def start(self) -> None:
        """Sets every row to zero and begins to count."""
        self.seconds = dict.fromkeys(self.seconds, 0.0)
        self._last = perf_counter()

    def lap(self, what: str, direction: str = "forward") -> None:
        """Gives the time since the last lap (or the start) to a row."""
        now = perf_counter()
        row = (what, direction)
        self.seconds[row] = self.seconds.get(row, 0.0) + now - self._last
        self._last = now

    def take(self, seconds: Mapping[Row, float]) -> None:
        """Gives the time since the last lap to rows that another process has measured meanwhile.

        What they leave of it is the next lap's; where it began before that lap, all are cut alike.
        """
        spent, there = sum(seconds.values()), perf_counter() - self._last
        kept = min(there / spent, 1.0) if spent else 1.0
        for row, part in seconds.items():
            self.seconds[row] = self.seconds.get(row, 0.0) + kept * part
        self._last += kept * spent
