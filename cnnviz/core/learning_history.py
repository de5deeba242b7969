"""When each test image became right and when it was forgotten again, from epoch to epoch.

Forgetting is what Toneva et al. call it, "An Empirical Study of Example Forgetting during Deep
Neural Network Learning" (2019): an image that was right is wrong now. They follow training images
from batch to batch; here it is test images, at the ends of epochs.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.evaluation import Evaluation
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array

MOST_EPOCHS = 128
"""Whose results are kept; of 10 000 images that is 6.4 MB."""


@dataclass(frozen=True)
class Change:
    """An image became right, or was forgotten, at the end of an epoch."""

    epoch: int
    """From 1."""
    right: bool


@dataclass(frozen=True, eq=False)
class ImageRecord:
    """What became of one image at E ends of epochs."""

    epochs: NDArray[np.int64]
    """Which they are, from 1, (E,)."""
    predictions: NDArray[np.integer[Any]]
    """The class that was chosen, (E,)."""
    probabilities: Array
    """What was given to its label, 0 to 1, (E,)."""
    changes: tuple[Change, ...]
    """When it became right and when it was forgotten, in order."""

    @property
    def forgotten(self) -> int:
        """How often."""
        return sum(not change.right for change in self.changes)

    @property
    def in_words(self) -> str:
        """Such as: right since epoch 4, forgotten twice before."""
        if not len(self.epochs):
            return ""
        if not self.changes:
            return "never right at an epoch’s end"
        last, times = self.changes[-1], self.forgotten
        if last.right:
            before = f"forgotten {_times(times)} before" if times else "never forgotten"
            seen = int(self.epochs[0])
            if seen > 1 and last.epoch == seen:
                return f"right since epoch {seen} at least, the first that was tested here"
            return f"right since epoch {last.epoch}, {before}"
        first = self.changes[0].epoch
        return f"right at first in epoch {first}, forgotten {_times(times)}, last in {last.epoch}"


class _Row(NamedTuple):
    epoch: EpochResult
    predictions: NDArray[np.integer[Any]]
    losses: Array


@dataclass(eq=False)
class LearningHistory:
    """Predictions and losses of N images at the ends of epochs of one run.

    `follow` it with the run's timeline, `record` what is `missing`. With more than MOST_EPOCHS of
    them, only every second epoch is kept, then every fourth, and so on.
    """

    labels: NDArray[np.int64]
    apart: int = 1
    """Epochs between two that are kept."""
    _rows: list[_Row] = field(default_factory=list)
    _right: NDArray[np.bool_] | None = None

    def follow(self, timeline: Timeline) -> bool:
        """Forgets epochs that are void, and thins them; whether anything changed."""
        there = {id(epoch) for epoch in timeline.epochs}
        while len(timeline.epochs) // self.apart > MOST_EPOCHS:
            self.apart *= 2
        kept = [row for row in self._rows if id(row.epoch) in there and self._is_kept(row.epoch)]
        changed = len(kept) != len(self._rows)
        if changed:
            self._rows, self._right = kept, None
        return changed

    def missing(self, timeline: Timeline) -> list[tuple[EpochResult, Snapshot]]:
        """Epochs still to be recorded whose weights are kept, in order."""
        known = {id(row.epoch) for row in self._rows}
        return [
            (epoch, timeline.snapshots[epoch.step])
            for epoch in timeline.epochs
            if epoch.step in timeline.snapshots and self._is_kept(epoch) and id(epoch) not in known
        ]

    def record(self, epoch: EpochResult, evaluation: Evaluation) -> None:
        """What the test set gave at the end of an epoch."""
        small = np.min_scalar_type(max(evaluation.classes - 1, 0))
        row = _Row(epoch, evaluation.predictions.astype(small), evaluation.losses.astype("f4"))
        self._rows = sorted([*self._rows, row], key=lambda each: each.epoch.step)
        self._right = None

    def _is_kept(self, epoch: EpochResult) -> bool:
        return epoch.epoch % self.apart == 0

    @property
    def epochs(self) -> list[EpochResult]:
        """Those that are recorded, in order."""
        return [row.epoch for row in self._rows]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which images were right at each recorded end of an epoch, (epochs, N)."""
        if self._right is None:
            shape = (len(self._rows), len(self.labels))
            predictions = [row.predictions for row in self._rows]
            self._right = (
                np.reshape(predictions, shape) == self.labels
                if predictions
                else (np.zeros(shape, bool))
            )
        return self._right

    @property
    def forgotten(self) -> NDArray[np.int64]:
        """How often each image was right at the end of an epoch and wrong at the next one, (N,)."""
        right = self.right
        times: NDArray[np.int64] = (right[:-1] & ~right[1:]).sum(axis=0, dtype=np.int64)
        return times

    def image(self, index: int) -> ImageRecord:
        """All that is known of one image."""
        rows = self._rows
        right = self.right[:, index]
        before = np.concatenate([[False], right[:-1]]) if len(rows) else right
        changes = [
            Change(rows[k].epoch.epoch, bool(right[k])) for k in np.flatnonzero(right != before)
        ]
        losses = np.array([row.losses[index] for row in rows], np.float32)
        return ImageRecord(
            epochs=np.array([row.epoch.epoch for row in rows], np.int64),
            predictions=np.array([row.predictions[index] for row in rows], np.int64),
            probabilities=np.exp(-losses),
            changes=tuple(changes),
        )


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
