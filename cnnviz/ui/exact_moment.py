"""Looks at a batch between two snapshots: it is trained again in the background, then shown.

The bits are those that were there (core/moment.py). Meanwhile the snapshot before it is shown.
"""

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.moment import Moment
from cnnviz.core.saved_run import take_changes
from cnnviz.core.trainer import Trainer
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask

POLL_MS = 15


class ExactMoment(QObject):
    """One batch at a time; another wish, another run or another look gives the last one up."""

    changed = Signal()
    """It began, went on or ended."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._work: OneTask[Moment] = OneTask(self, self._look, POLL_MS)
        session.past.changed.connect(self.cancel)
        session.run_changed.connect(self.cancel)

    @property
    def progress(self) -> tuple[int, int] | None:
        """(batches done, batches in all) of what is under way."""
        task = self._work.now
        return (task.standing.done, task.standing.batches) if task else None

    def look_on(self, by: int) -> None:
        """So many batches before or after what is looked at, or wished already."""
        timeline, past = self._session.timeline, self._session.past
        here = len(timeline) if past.moment is None else past.moment
        if self._work.now:
            here = self._work.now.step
        self.look_at(min(max(here + by, timeline.first), len(timeline)))

    def look_at(self, step: int) -> None:
        """Shows the network as it was after exactly `step` batches."""
        session, timeline = self._session, self._session.timeline
        self.cancel()
        session.past.look_at(step)
        past = session.past
        if step >= len(timeline) or past.snapshot is None or past.snapshot.step == step:
            return
        dataset, spec, settings = session.dataset, session.spec, session.settings
        rates, ways = timeline.rate_changes, timeline.convolution_changes
        if dataset is None or spec is None:
            return

        def build() -> Trainer:
            trainer = Trainer(spec, dataset, settings)
            take_changes(trainer, rates, ways)
            return trainer

        self._work.start(Moment(build, past.snapshot, step))
        self.changed.emit()

    @Slot()
    def cancel(self) -> None:
        """Gives up what is under way."""
        if self._work.now:
            self._work.end()
            self.changed.emit()

    @Slot()
    def _look(self) -> None:
        task = self._work.now
        if task is None:
            return
        standing = task.standing
        if standing.ended:
            self._work.end()
            if standing.snapshot and task.step < len(self._session.timeline):  # not void
                self._session.past.look_at_snapshot(standing.snapshot)
            elif standing.failure:
                self._session.noticed.emit(Notice(*standing.failure))
        self.changed.emit()

    def shut_down(self) -> None:
        """Gives up for good; `is_shut_down` says when the thread has ended."""
        self.cancel()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._work.is_over
