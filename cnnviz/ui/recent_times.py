"""Times per layer of the last batches, as means that stand still enough to be read."""

from collections import deque
from collections.abc import Callable
from time import perf_counter

from cnnviz.core.outbox import Outbox
from cnnviz.core.stopwatch import Row
from cnnviz.ui.messages import Times

BATCHES = 50
"""Means are over about this many."""


class RecentTimes:
    """Takes what the runner has measured, and forgets what is old."""

    def __init__(self, rest: Callable[[], int]) -> None:
        """`rest` gives the milliseconds between two means."""
        self._rest = rest
        self._taken: deque[tuple[int, dict[Row, float]]] = deque()
        self._due = 0.0  # when the next means are wanted

    def clear(self) -> None:
        """Nothing was measured yet."""
        self._taken.clear()

    def take(self, outbox: Outbox) -> Times | None:
        """Adds what was measured since the last time; gives new means if they are due."""
        if outbox.timed_batches:
            self._taken.append((outbox.timed_batches, outbox.seconds))
        while self._batches - (self._taken[0][0] if self._taken else 0) >= BATCHES:
            self._taken.popleft()
        if not self._taken or perf_counter() < self._due:
            return None
        self._due = perf_counter() + self._rest() / 1000
        return self._mean()

    @property
    def _batches(self) -> int:
        return sum(count for count, _ in self._taken)

    def _mean(self) -> Times:
        """Milliseconds per batch."""
        batches = self._batches
        rows: dict[Row, float] = {}
        for _, seconds in self._taken:
            for row, value in seconds.items():
                rows[row] = rows.get(row, 0.0) + 1000 * value / batches
        return Times(rows, sum(rows.values()), batches)
