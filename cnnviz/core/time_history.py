"""How long each layer took at every batch of a run, in little memory, so that a slow-down is seen.

A row of numbers a batch, float32. When more than `most` are kept, neighbours are merged by their
mean: every entry then stands for twice as many batches, and the memory stays bounded. Means keep
the sum: the entries times their batches are still the time that was spent.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.stopwatch import Row

MOST_ENTRIES = 20_000
"""Entries kept at most: 2 MB for a network of a dozen layers."""

Seconds = NDArray[np.float32]
EVERY_ENTRY = slice(None)


class BatchTimes(NamedTuple):
    """Where the time of one batch went: `step` batches were done after it."""

    step: int
    way: str
    """Of convolution."""
    seconds: dict[Row, float]


class TimeHistory:
    """Seconds a batch by row of the stopwatch, for each entry of `span` batches (1 at first)."""

    def __init__(self, begin: int = 0, most: int = MOST_ENTRIES) -> None:
        """Keeps at most `most` entries, an even number; nothing is known of `begin` batches."""
        self.begin = begin
        """Batches before the first entry, of a run that went on."""
        self.span = 1
        """Batches that one entry is the mean of."""
        self.changes: list[tuple[int, str]] = []
        """(batch from which on, way of convolution), in order; the first is the way it began."""
        self._most = most
        self._columns: dict[Row, int] = {}
        self._means = np.zeros((0, 1024), np.float32)
        self._batches = 0

    def __len__(self) -> int:
        """Batches recorded, which is the step of the last of them."""
        return self.begin + self._batches

    @property
    def entries(self) -> int:
        """How many are kept; the last may stand for fewer batches than the others."""
        return -(-self._batches // self.span)

    @property
    def rows(self) -> list[Row]:
        """What was measured, in the order in which it was first met."""
        return list(self._columns)

    def seconds(self, *rows: Row, part: slice = EVERY_ENTRY) -> Seconds:
        """The sum of some rows, seconds a batch, for every entry; 0 for what was not measured."""
        means = self._means[:, : self.entries][:, part]
        total = np.zeros(means.shape[1], np.float32)
        for row in rows:
            if row in self._columns:
                total += means[self._columns[row]]
        return total

    def total(self) -> Seconds:
        """The whole step, seconds a batch, for every entry."""
        return self.seconds(*self._columns)

    def record(self, batch: BatchTimes) -> None:
        """Appends a batch; raises ValueError if it does not follow the last one."""
        if batch.step != len(self) + 1:
            raise ValueError(f"batch {batch.step} does not follow batch {len(self)}")
        if self._batches == self._most * self.span:
            self._merge()
        values = self._values(batch.seconds)
        entry, before = divmod(self._batches, self.span)
        if entry == self._means.shape[1]:
            self._means = np.hstack([self._means, np.zeros_like(self._means)])
        if before:
            self._means[:, entry] += (values - self._means[:, entry]) / (before + 1)
        else:
            self._means[:, entry] = values
        if not self.changes or self.changes[-1][1] != batch.way:
            self.changes.append((batch.step, batch.way))
        self._batches += 1

    def cut(self, step: int) -> None:
        """Forgets what came after `step`; an entry that is cut in two keeps its mean."""
        self.begin = min(self.begin, step)
        self._batches = min(self._batches, step - self.begin)
        self.changes = [change for change in self.changes if change[0] <= step]

    def _values(self, seconds: Mapping[Row, float]) -> Seconds:
        """In the order of the columns; a row not met before gets a new one, zero until now."""
        for row in seconds:
            if row not in self._columns:
                self._columns[row] = len(self._columns)
        missing = len(self._columns) - len(self._means)
        if missing:
            self._means = np.pad(self._means, ((0, missing), (0, 0)))
        return np.array([seconds.get(row, 0.0) for row in self._columns], np.float32)

    def _merge(self) -> None:
        """Makes one entry of each two."""
        kept = self._means[:, : self._most]
        self._means[:, : self._most // 2] = kept.reshape(len(kept), -1, 2).mean(axis=2)
        self.span *= 2
