"""Keeps the examination of the test set up with the moment that is looked at, while anybody looks.

One task at a time on a thread of its own, news by a timer: first the moment that is looked at, then
the chosen image's past, then the epochs' ends whose results are not known yet.
"""

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.edits import Edits
from cnnviz.core.examination import Answer, Examination, Question
from cnnviz.core.image_history import ImageHistory
from cnnviz.core.learning_history import LearningHistory
from cnnviz.core.projection import layers_to_project, usual_layer
from cnnviz.core.task import Tasks
from cnnviz.core.timeline import EpochResult
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session

POLL_MS = 40
REST_MS = 250
"""The cursor has to rest for so long before its moment is examined."""
BETWEEN_MS = 700
"""Between the beginnings of two examinations while training goes on, at least."""


@dataclass(frozen=True, eq=False)
class Job:
    """A task, and what it is of: an epoch's end, an image at several of them, or none: now."""

    task: Examination | ImageHistory
    epochs: tuple[EpochResult, ...] = ()
    image: int = -1


@dataclass(frozen=True, eq=False)
class ImagePast:
    """What the network gave to all classes for one image at some epochs' ends."""

    image: int
    epochs: tuple[EpochResult, ...]
    probabilities: Array
    """0 to 1, or NaN, (epochs, classes)."""


class Examiner(QObject):
    """What the pages of the window show; they say whether they are looked at with `watch`."""

    answered = Signal()
    """There is another answer, or none any more."""
    history_changed = Signal()
    """More is known of the epochs before, or less."""
    image_past_changed = Signal()
    """The same of the chosen image."""
    progressed = Signal()
    """What is under way, or how far it is, changed."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self.session = session
        self.answer: Answer | None = None
        self.history: LearningHistory | None = None
        self.image_past: ImagePast | None = None
        self.layer: str | None = None
        """Whose outputs are seen in a plane; None if no page shows one."""
        self.failure = ""
        self._tasks = Tasks()
        self._job: Job | None = None
        self._watched = self._held = self._wanted = self._ended = False
        self._failed: Question | None = None
        self._begin_timer = _timer(self, REST_MS, single=True)
        self._begin_timer.timeout.connect(self._begin_next)
        self._poll_timer = _timer(self, POLL_MS)
        self._poll_timer.timeout.connect(self._poll)
        self.destroyed.connect(self._tasks.cancel)
        session.run_changed.connect(self._forget)
        session.past.changed.connect(self._wait_for_rest)
        session.edits.changed.connect(self._wait_for_rest)
        session.history_changed.connect(self._follow)
        session.status_changed.connect(self._follow)
        session.image_changed.connect(self._wait_for_rest)
        self._forget()

    # What the pages wish.

    def watch(self, watched: bool, layer: str | None = None) -> None:
        """Whether anybody looks, and at the plane of which layer; while nobody does, all rests."""
        self._watched, self.layer = watched, layer
        if not watched:
            self._give_up()
        elif not self._ended:
            self._follow()  # what was missed meanwhile
            self._begin_timer.start(0)

    @Slot()
    def examine_now(self) -> None:
        """Examines what is shown at this moment, even while training goes on."""
        self._wanted, self._held, self._failed = True, False, None
        self._begin_timer.start(0)

    @Slot()
    def cancel(self) -> None:
        """Ends what is under way; nothing begins by itself until something else is looked at."""
        self._held = True
        self._give_up()

    def shut_down(self) -> None:
        """Ends all for good. Returns at once."""
        self._ended = True
        self._give_up()

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing begins by itself for now."""
        return self._held

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._tasks.are_over

    # What they ask.

    @property
    def layers(self) -> list[str]:
        """Those whose outputs can be seen in a plane."""
        return layers_to_project(self.session.network) if self.session.network else []

    @property
    def usual_layer(self) -> str | None:
        """The one to begin with."""
        return usual_layer(self.session.network) if self.session.network else None

    def shown_question(self, layer: str | None) -> Question | None:
        """The moment that is shown, and a layer if the network has it; None without a network."""
        session = self.session
        if session.network is None or session.dataset is None:
            return None
        spec, vector, edits = session.network.spec, session.edits.learned, session.edits.now
        layer = layer if layer in self.layers else None
        return Question(spec, vector, edits, session.shown_step, session.dataset.test, layer)

    @property
    def is_stale(self) -> bool:
        """Whether the answer is of another moment than what is shown, or of other edits."""
        if self.answer is None:
            return False
        question, session = self.answer.question, self.session
        return question.step != session.shown_step or question.edits != session.edits.now

    @property
    def progress(self) -> tuple[str, float] | None:
        """What is under way in words, and how much of it is done, 0 to 1; None if all rests."""
        task = self._job.task if self._job else None
        if not self._job or not isinstance(task, Examination):
            return None
        share = task.standing.done / len(task.question.split)
        if not self._job.epochs:
            return f"Testing batch {theme.spaced(task.question.step)} …", share
        known = len(self.history.epochs) if self.history is not None else 0
        number = f"{self._job.epochs[0].epoch} of {len(self.session.timeline.epochs)}"
        whole = known + self._missing_count()
        return f"Testing the epochs before: {number} …", (known + share) / max(whole, 1)

    def _missing_count(self) -> int:
        history = self.history
        return len(history.missing(self.session.timeline)) if history is not None else 0

    # What happens.

    @Slot()
    def _forget(self) -> None:
        """Another run: all that is known says nothing of it."""
        self._give_up()
        dataset = self.session.dataset
        self.history = LearningHistory(dataset.test.labels) if dataset else None
        self.answer = self.image_past = self._failed = None
        self._held, self.failure = False, ""
        self.answered.emit()
        self.history_changed.emit()
        self.image_past_changed.emit()
        self._follow()

    @Slot()
    def _wait_for_rest(self) -> None:
        """The cursor moved, or the edits: they may move on."""
        self._held = False
        if self._watched:
            self._begin_timer.start(REST_MS)

    @Slot()
    def _follow(self) -> None:
        """Training went on, or back."""
        if self.history is None or not self._watched:
            return
        if self.history.follow(self.session.timeline):
            self.history_changed.emit()
        if not self._begin_timer.isActive() and not self._job:
            self._begin_timer.start(BETWEEN_MS if self.session.is_training else REST_MS)

    @Slot()
    def _begin_next(self) -> None:
        """Begins what is due, if anything is; the moment that is looked at comes first."""
        if not self._watched or self._held or self._ended or self.session.dataset is None:
            return
        question = self._due_question()
        if question:
            if self._is_under_way(question):
                return
            self._give_up()
            self._begin(Job(Examination(question)))
        elif self._job is None and (job := self._past_of_image() or self._missing_epoch()):
            self._begin(job)

    def _is_under_way(self, question: Question) -> bool:
        """Whether it is examined just now; with every batch another, so the first one is ended."""
        job = self._job
        if job is None or not isinstance(job.task, Examination):
            return False
        return (self._is_live and not job.epochs) or job.task.question.covers(question)

    def _begin(self, job: Job) -> None:
        self._job = job
        self._tasks.start(job.task)
        self._poll_timer.start()
        self.progressed.emit()

    def _due_question(self) -> Question | None:
        """The moment to examine now; None if the answer is of it, or it is not time yet."""
        question, answer = self._question(), self.answer
        if question is None or (self._failed and self._failed.covers(question)):
            return None
        if answer and answer.question.covers(question):
            self._wanted = False
            return None
        if self._wanted or answer is None or not self._is_live:
            return question
        known, timeline = answer.question, self.session.timeline
        others = question.layer not in (None, known.layer) or question.edits != known.edits
        ended = any(epoch.step > known.step for epoch in timeline.epochs[-1:])
        return question if others or ended or known.step > len(timeline) else None

    @property
    def _is_live(self) -> bool:
        """Whether what is shown changes with every batch."""
        return self.session.past.moment is None and self.session.is_training

    def _question(self) -> Question | None:
        session = self.session
        question = self.shown_question(self.layer)
        end = session.timeline.epochs[-1].step if session.timeline.epochs else None
        kept = session.timeline.snapshots
        if question and self._is_live and not self._wanted and end in kept:
            return replace(question, step=end, vector=kept[end].vector)
        return question

    def _past_of_image(self) -> Job | None:
        """The chosen image at the epochs' ends that are kept, if there are others than before."""
        session, history = self.session, self.history
        if session.dataset is None or session.spec is None or history is None:
            return None
        kept = session.timeline.snapshots
        epochs = tuple(epoch for epoch in history.epochs if epoch.step in kept)
        past, image = self.image_past, session.image_index
        if not epochs or (past and past.image == image and _same(past.epochs, epochs)):
            return None
        if self._missing_epoch() and past and past.image == image:
            return None  # soon there will be more
        pixels, _ = session.dataset.test.batch(np.array([image]))
        snapshots = [kept[epoch.step] for epoch in epochs]
        return Job(ImageHistory(session.spec, snapshots, pixels[0]), epochs, image)

    def _missing_epoch(self) -> Job | None:
        session, history = self.session, self.history
        if session.dataset is None or session.spec is None or history is None:
            return None
        for epoch, snapshot in history.missing(session.timeline):
            test, none = session.dataset.test, Edits()
            question = Question(session.spec, snapshot.vector, none, epoch.step, test)
            if not (self._failed and self._failed.covers(question)):
                return Job(Examination(question), (epoch,))
        return None

    @Slot()
    def _poll(self) -> None:
        if self._job is None:
            self._poll_timer.stop()
            return
        job = self._job
        if job.task.standing.ended:
            self._end_job()
            self._take(job)
            if self._is_live:
                self._begin_timer.start(BETWEEN_MS)
            else:
                self._begin_next()
        self.progressed.emit()

    def _take(self, job: Job) -> None:
        """What a task that has ended tells."""
        task = job.task
        if task.standing.failure:
            self._fail(task, *task.standing.failure)
        elif isinstance(task, ImageHistory):
            if task.standing.probabilities is not None:
                self.image_past = ImagePast(job.image, job.epochs, task.standing.probabilities)
                self.image_past_changed.emit()
        elif task.standing.answer and job.epochs:
            self._record(job.epochs[0], task.standing.answer)
        elif task.standing.answer:
            self._take_answer(task.standing.answer)

    def _take_answer(self, answer: Answer) -> None:
        self.answer, self._wanted, self.failure = answer, False, ""
        if self.history is not None and not answer.question.edits:
            step, vector = answer.question.step, answer.question.vector
            for epoch, snapshot in self.history.missing(self.session.timeline):
                if epoch.step == step and np.array_equal(snapshot.vector, vector):
                    self._record(epoch, answer)
        self.answered.emit()

    def _record(self, epoch: EpochResult, answer: Answer) -> None:
        if self.history is not None and any(each is epoch for each in self.session.timeline.epochs):
            self.history.record(epoch, answer.evaluation)
            self.history_changed.emit()

    def _fail(self, task: Examination | ImageHistory, message: str, details: str) -> None:
        """Says so, and does not try the same again by itself."""
        self.failure, self._held = f"The test stopped. {message}", True
        if isinstance(task, Examination):
            self._failed = task.question
        if details:
            self.session.noticed.emit(Notice(self.failure, details))

    def _give_up(self) -> None:
        self._tasks.cancel()
        self._begin_timer.stop()
        self._end_job()
        self.progressed.emit()

    def _end_job(self) -> None:
        self._job = None
        self._poll_timer.stop()


def in_words(step: int, batches_per_epoch: int) -> str:
    """A number of batches for people: after batch 1 404 (epoch 3)."""
    if step == 0:
        return "before the first batch"
    epoch = -(-step // max(batches_per_epoch, 1))
    return f"after batch {theme.spaced(step)} (epoch {theme.spaced(epoch)})"


def _same(some: tuple[EpochResult, ...], others: tuple[EpochResult, ...]) -> bool:
    pairs = zip(some, others, strict=False)
    return len(some) == len(others) and all(one is other for one, other in pairs)


def _timer(parent: QObject, milliseconds: int, single: bool = False) -> QTimer:
    timer = QTimer(parent)
    timer.setInterval(milliseconds)
    timer.setSingleShot(single)
    return timer
