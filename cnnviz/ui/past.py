"""Which moment of the run is looked at: the newest, or a snapshot from before.

Part of the session, which shows whatever vector is chosen here. Training goes on underneath.
"""

from bisect import bisect_left

from PySide6.QtCore import QObject, Signal

from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Snapshot


class Past(QObject):
    """The cursor on the timeline."""

    changed = Signal()
    """Another moment is looked at, or the newest again."""
    asked = Signal()
    """Somebody took the cursor, even to where it stands already."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.timeline = Timeline()
        self.snapshot: Snapshot | None = None
        """What is looked at; None for the newest."""

    @property
    def moment(self) -> int | None:
        """The batch that is looked at; None for the newest."""
        return self.snapshot.step if self.snapshot else None

    def enter(self, timeline: Timeline) -> None:
        """Another run, of which the newest is looked at; whoever changes the run tells so."""
        self.timeline, self.snapshot = timeline, None

    def look_at(self, step: int | None) -> None:
        """Shows the network as it was at the snapshot nearest before `step`; None for now.

        At or after the newest batch, now is shown; before the first snapshot, that one.
        """
        if step is not None:
            step = max(step, self.timeline.first)
        if step is None or step >= len(self.timeline) or not self.timeline.snapshots:
            self.look_at_snapshot(None)
        else:
            self.look_at_snapshot(self.timeline.nearest(step))

    def look_at_snapshot(self, snapshot: Snapshot | None) -> None:
        """Shows this one, which may lie between those that are kept."""
        self.asked.emit()
        if snapshot is not self.snapshot:
            self.snapshot = snapshot
            self.changed.emit()

    def look_on(self, by: int) -> None:
        """The snapshot before or after the one that is looked at; after the last, now."""
        steps = sorted({*self.timeline.snapshots, *self.timeline.edited})
        here = bisect_left(steps, self._here)
        place = max(here + by, 0)
        if by > 0 and here < len(steps) and steps[here] > self._here:
            place -= 1  # from between two snapshots, the next is the one that lies ahead
        self.look_at(steps[place] if place < len(steps) else None)

    def look_on_by_epochs(self, by: int) -> None:
        """The end of the epoch before or after; before the first, where the run began."""
        ends = [self.timeline.first, *(epoch.step for epoch in self.timeline.epochs)]
        if by < 0:
            before = [end for end in ends if end < self._here]
            self.look_at(max(before, default=self.timeline.first))
        else:
            self.look_at(min((end for end in ends if end > self._here), default=None))

    def look_at_first(self) -> None:
        """Where the run began."""
        self.look_at(self.timeline.first)

    def look_at_best(self) -> None:
        """The end of the epoch with the best test accuracy, if one has ended."""
        if self.timeline.best:
            self.look_at(self.timeline.best.step)

    @property
    def _here(self) -> int:
        return len(self.timeline) if self.moment is None else self.moment
