"""What happened at every batch, and snapshots to go back to."""

from copy import copy
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.trainer import BatchResult, Snapshot

DEFAULT_BUDGET = 256 * 2**20
"""Bytes that snapshots may take."""


@dataclass(frozen=True)
class EpochResult:
    """What one epoch gave: training over its batches, the test set at its end."""

    epoch: int
    """From 1."""
    step: int
    train_loss: float
    test_loss: float
    test_accuracy: float
    """0 to 1."""
    seconds: float
    """Training alone, without the evaluation."""
    images_per_second: float


class Timeline:
    """Loss, accuracy, rate and seconds of every batch; epochs; snapshots, evenly thinned.

    The beginning, the best epoch's end and what is pinned are never thinned out; the end of every
    epoch stays, too, until these alone are over budget. (A small network that is left playing
    trains a thousand epochs a minute; its memory must not grow with them.)
    """

    def __init__(self, budget: int = DEFAULT_BUDGET) -> None:
        self.budget = budget
        self.epochs: list[EpochResult] = []
        self.snapshots: dict[int, Snapshot] = {}
        self.edited: dict[int, Snapshot] = {}
        """Of just after an edit by hand; never thinned, as nothing before leads there."""
        self.pinned: set[int] = set()
        """Steps whose snapshots stay for a reason of their own."""
        self.rate_changes: tuple[tuple[int, float], ...] = ()
        self.convolution_changes: tuple[tuple[int, str], ...] = ()
        """As the trainer has them: (from step, value), the first from 0; none if nobody told."""
        self.diverged: dict[int, float] = {}
        """The loss that was not finite, of the batch after that step."""
        self.marks: dict[int, str] = {}
        """Notes of the user's at a step. Theirs alone: going back does not cut them."""
        self.interval = 25
        """Batches between two snapshots; doubles whenever the budget is spent."""
        self._epochs_apart = 1
        """Epochs between two whose ends are kept; doubles when nothing else is left to thin."""
        self._columns = np.zeros((4, 1024))
        self._length = 0

    def __len__(self) -> int:
        """Batches recorded, which is the step of the last of them."""
        return self._length

    @property
    def losses(self) -> NDArray[np.float64]:
        """The loss of every batch, shape (steps,)."""
        return self._columns[0, : self._length]

    @property
    def accuracies(self) -> NDArray[np.float64]:
        """The accuracy of every batch, 0 to 1, shape (steps,)."""
        return self._columns[1, : self._length]

    @property
    def rates(self) -> NDArray[np.float64]:
        """The learning rate of every batch, shape (steps,)."""
        return self._columns[2, : self._length]

    @property
    def seconds(self) -> NDArray[np.float64]:
        """The wall time of every batch, shape (steps,)."""
        return self._columns[3, : self._length]

    def copy(self) -> "Timeline":
        """Another with the same in it; snapshots, which nobody writes to, are shared."""
        twin = copy(self)
        twin._columns = self._columns.copy()
        for name in ("epochs", "snapshots", "edited", "pinned", "diverged", "marks"):
            setattr(twin, name, copy(getattr(self, name)))
        return twin

    def record(self, result: BatchResult) -> None:
        """Appends a batch; raises ValueError if it does not follow the last one."""
        if result.step != self._length + 1:
            raise ValueError(f"batch {result.step} does not follow batch {self._length}")
        if self._length == self._columns.shape[1]:
            self._columns = np.hstack([self._columns, np.zeros_like(self._columns)])
        self._columns[:, self._length] = result[1:]
        self._length += 1

    def extend(self, columns: NDArray[np.float64]) -> None:
        """Appends many batches at once: (4, batches) of loss, accuracy, rate and seconds."""
        length = self._length + columns.shape[1]
        room = np.zeros((4, max(length, self._columns.shape[1])))
        room[:, : self._length] = self._columns[:, : self._length]
        room[:, self._length : length] = columns
        self._columns, self._length = room, length

    def cut(self, step: int) -> None:
        """Forgets what came after `step`: batches, epochs and snapshots."""
        self._length = min(self._length, step)
        self.epochs = [epoch for epoch in self.epochs if epoch.step <= step]
        self.snapshots = {at: kept for at, kept in self.snapshots.items() if at <= step}
        self.edited = {at: kept for at, kept in self.edited.items() if at <= step}
        self.pinned = {at for at in self.pinned if at <= step}
        self.diverged = {at: loss for at, loss in self.diverged.items() if at <= step}

    def wants_snapshot(self, step: int) -> bool:
        """Whether `step` is one of the evenly spaced steps and not yet kept."""
        return self._is_spaced(step) and step not in self.snapshots

    def keep(self, snapshot: Snapshot) -> None:
        """Keeps a snapshot, and no more of them than fit the budget (but always two)."""
        self.snapshots[snapshot.step] = snapshot
        self._fit(snapshot.nbytes)  # those of a run are all of one size

    def set_budget(self, budget: int) -> None:
        """Another number of bytes from now on; what no longer fits is thinned at once."""
        self.budget = budget
        if self.snapshots:
            self._fit(next(iter(self.snapshots.values())).nbytes)

    def pin(self, step: int) -> None:
        """The snapshot at `step` stays, if there is one."""
        if step in self.snapshots:
            self.pinned.add(step)

    def fits(self, budget: int) -> bool:
        """Whether no snapshot would have to go with so many bytes."""
        size = next((each.nbytes for each in self.snapshots.values()), 1)
        return len(self.snapshots) <= max(budget // size, 2)

    def _fit(self, size: int) -> None:
        most = max(self.budget // size, 2)
        if len(self.snapshots) > most:
            self._thin(most)

    def _thin(self, most: int) -> None:
        """Every other one goes and the interval doubles; ends of epochs only when all else has."""
        self._drop()
        while len(self.snapshots) > most:
            if len(self.snapshots.keys() - self._staying()) > 1:
                self.interval *= 2
            elif self._epochs_apart <= len(self.epochs):
                self._epochs_apart *= 2
            else:
                return
            self._drop()

    def _drop(self) -> None:
        staying = self._staying()
        self.snapshots = {
            step: kept
            for step, kept in self.snapshots.items()
            if step in staying or self._is_spaced(step)
        }

    def _is_spaced(self, step: int) -> bool:
        return step % self.interval == 0

    def _staying(self) -> set[int]:
        """Steps that are not thinned like all others."""
        apart = self._epochs_apart
        ends = {epoch.step for epoch in self.epochs if epoch.epoch % apart == 0}
        return {self.first, *self.pinned, *ends, *([self.best.step] if self.best else [])}

    @property
    def first(self) -> int:
        """The step of the first snapshot, before which nothing leads: 0, or where a fork began."""
        return min(self.snapshots, default=0)

    @property
    def best(self) -> EpochResult | None:
        """The first epoch of the greatest test accuracy; None before the first epoch's end."""
        return max(self.epochs, key=lambda epoch: epoch.test_accuracy, default=None)

    def why_kept(self, step: int) -> str:
        """Why the snapshot at `step` is there, in a few plain words."""
        epoch = next((epoch for epoch in self.epochs if epoch.step == step), None)
        if step == self.first:
            return "where this run forked off" if step else "the beginning"
        if step in self.pinned:
            return "pinned"
        if epoch is None:
            return f"one every {self.interval} batches"
        return f"the end of epoch {epoch.epoch}" + (", the best" if epoch == self.best else "")

    def keep_edited(self, snapshot: Snapshot) -> None:
        """Keeps how an edit left the weights, in place of what stood at that step."""
        self.edited[snapshot.step] = snapshot

    def forget_edits(self) -> None:
        """Nothing was edited: for going back to what was there before all edits."""
        self.edited = {}

    @property
    def epochs_apart(self) -> int:
        """Epochs between two whose ends are kept: 1 for every one."""
        return self._epochs_apart

    @property
    def snapshot_bytes(self) -> int:
        """Memory that all snapshots take, in bytes."""
        kept = chain(self.snapshots.values(), self.edited.values())
        return sum(snapshot.nbytes for snapshot in kept)

    def nearest(self, step: int) -> Snapshot:
        """The last snapshot at or before `step`; raises LookupError if there is none.

        At the step of an edit it is that of after the edit.
        """
        kept = {**self.snapshots, **self.edited}
        steps = [at for at in kept if at <= step]
        if not steps:
            raise LookupError(f"there is no snapshot at or before step {step}")
        return kept[max(steps)]

    def epoch_result(
        self, epoch: int, batches: int, batch_size: int, loss: float, accuracy: float
    ) -> EpochResult:
        """Sums up the `batches` of `epoch` (from 1), ending at the last recorded batch."""
        seconds = float(self.seconds[-batches:].sum())
        return EpochResult(
            epoch=epoch,
            step=self._length,
            train_loss=float(self.losses[-batches:].mean()),
            test_loss=loss,
            test_accuracy=accuracy,
            seconds=seconds,
            images_per_second=batches * batch_size / seconds,
        )
