"""Which images of the test set the shown network gets wrong, found in the background if asked.

Of the moment that is looked at. While training goes on they are found anew at each epoch's end, for
whoever reads them wants them to stay.
"""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.examination import Examination, Question
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.throttle import Throttle

POLL_MS, CALM_MS = 40, 500
"""Between two looks at the task, and between two beginnings."""


class MistakenDigits(QObject):
    """Nothing is examined while nobody watches."""

    changed = Signal()
    """Others were found, or nothing is known any more."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.images: NDArray[np.int64] | None = None
        """Their indices in the test set, in order; None while they are not known."""
        self._session = session
        self._known: Question | None = None
        self._epochs = 0
        self._watched = False
        self._task: OneTask[Examination] = OneTask(self, self._poll, POLL_MS)
        self._calm = Throttle(self._begin, CALM_MS, self)
        session.network_changed.connect(self._follow)
        session.history_changed.connect(self._follow)
        session.status_changed.connect(self._follow)
        session.run_changed.connect(self._forget)

    def watch(self, watched: bool) -> None:
        """Whether anybody wants to know."""
        self._watched = watched
        if watched:
            self._begin()
        else:
            self._task.end()

    def shut_down(self) -> None:
        """Ends what is under way; `is_shut_down` says when it has."""
        self.watch(False)

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._task.is_over

    @property
    def step(self) -> int | None:
        """How many batches the network had learned from that got them wrong."""
        return self._known.step if self._known else None

    @Slot()
    def _forget(self) -> None:
        """Another run."""
        self._task.end()
        self.images, self._known, self._epochs = None, None, 0
        self.changed.emit()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        if self._watched and (self._is_at_rest or self._epochs != self._count):
            self._calm.ask()

    @property
    def _is_at_rest(self) -> bool:
        """Whether what is shown stays until the user wants something else."""
        return not self._session.is_training or self._session.past.moment is not None

    @property
    def _count(self) -> int:
        return len(self._session.timeline.epochs)

    def _begin(self) -> None:
        question = self._question()
        if not self._watched or question is None:
            return
        self._epochs = self._count
        if self._known and self._known.covers(question):
            return
        if self._task.now:
            if self._task.now.question.covers(question):
                return
            self._task.end()
        self._task.start(Examination(question))

    def _question(self) -> Question | None:
        session = self._session
        if session.network is None or session.dataset is None:
            return None
        learned, edits = session.edits.learned, session.edits.now
        return Question(
            session.network.spec, learned, edits, session.shown_step, session.dataset.test
        )

    @Slot()
    def _poll(self) -> None:
        task = self._task.now
        if task is None or not task.standing.ended:
            return
        standing = task.standing
        self._task.end()
        if standing.failure:
            self._session.noticed.emit(Notice(*standing.failure))
        elif standing.answer:
            found = standing.answer.evaluation
            self._known = task.question
            self.images = np.flatnonzero(found.predictions != found.labels)
            self.changed.emit()
            self._follow()
