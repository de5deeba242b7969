"""Where the thread that trains and those who watch it meet: goal, inbox, outbox, status, one lock.

Nobody waits for the other side for longer than an assignment takes. Only copies leave the thread.
"""

import math
import threading
from collections.abc import Callable
from time import perf_counter

from cnnviz.core.outbox import Entry, Outbox
from cnnviz.core.status import Phase, Status
from cnnviz.core.trainer import Trainer


class Meeting:
    """What both sides of a runner write and read; see runner.py for who does."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._goal: float = 0
        self._stopping = False
        # Something waits in the inbox that leads elsewhere (or nothing is built yet): what is under
        # way is given up, and wishes wait behind it.
        self._abandon = True
        self._inbox: list[Callable[[Trainer], None]] = []
        self._outbox = Outbox()
        self._status = Status(Phase.LOADING)
        self._published = -math.inf
        self._wants_snapshots = False

    # From outside.

    @property
    def status(self) -> Status:
        """Where the run is now."""
        with self._changed:
            return self._status

    def drain(self) -> Outbox:
        """Takes what happened since the last call."""
        with self._changed:
            outbox, self._outbox = self._outbox, Outbox()
            return outbox

    def publish_snapshots(self, wanted: bool) -> None:
        """Whether vectors are published with what the optimiser remembers."""
        self._wants_snapshots = wanted

    # From either side; `_tell`, `_show` and what is published come from the thread.

    def _post(self, command: Callable[[Trainer], None], abandon: bool = False) -> None:
        """Has the thread carry out `command`: after this batch, or with `abandon` instead of it."""
        with self._changed:
            self._inbox.append(command)
            self._abandon = self._abandon or abandon
            self._changed.notify_all()

    def _wish(self, goal: Callable[[], float]) -> None:
        """Sets the goal, reckoned from the place where the thread is or is about to go."""
        with self._changed:
            if self._abandon:
                self._inbox.append(lambda trainer: self._set_goal(goal()))
            else:
                self._set_goal(goal())

    def _set_goal(self, goal: float) -> None:
        self._goal = goal
        self._show()
        self._changed.notify_all()

    def _show(self, phase: Phase | None = None, step: int | None = None) -> None:
        with self._changed:
            status = self._status
            self._status = Status(
                phase or status.phase,
                status.step if step is None else step,
                self._goal,
                status.batches_per_epoch,
                status.planned_steps,
            )

    def _tell(self, entry: Entry) -> None:
        with self._changed:
            self._outbox.entries.append(entry)

    def _publish_vector(self, trainer: Trainer) -> None:
        self._published = perf_counter()
        snapshot = trainer.snapshot() if self._wants_snapshots else None
        copy = snapshot.vector if snapshot else trainer.network.vector.copy()
        with self._changed:
            self._outbox.vector = (trainer.step, copy)
            self._outbox.newest = snapshot or self._outbox.newest
