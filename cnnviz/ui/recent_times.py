"""Times per layer of the last batches, as means that stand still enough to be read."""

from collections import deque

from cnnviz.core.outbox import Outbox
from cnnviz.core.stopwatch import Row
from cnnviz.ui.messages import Times

BATCHES = 50
"""Means are over about this many."""


class RecentTimes:
    """Takes what the runner has measured, and forgets what is old."""

    def __init__(self) -> None:
        self._taken: deque[tuple[int, dict[Row, float]]] = deque()

    def clear(self) -> None:
        """Nothing was measured yet."""
        self._taken.clear()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was measured yet."""
        return not self._taken

    def take(self, outbox: Outbox) -> None:
        """Adds what was measured since the last time."""
        if outbox.timed_batches:
            self._taken.append((outbox.timed_batches, outbox.seconds))
        while self._batches - (self._taken[0][0] if self._taken else 0) >= BATCHES:
            self._taken.popleft()

    @property
    def _batches(self) -> int:
        return sum(count for count, _ in self._taken)

    def mean(self) -> Times:
        """Milliseconds per batch."""
        batches = self._batches
        rows: dict[Row, float] = {}
        for _, seconds in self._taken:
            for row, value in seconds.items():
                rows[row] = rows.get(row, 0.0) + 1000 * value / batches
        return Times(rows, sum(rows.values()), batches)
