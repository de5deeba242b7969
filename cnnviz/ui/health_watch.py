"""Keeps the health of the moment that is looked at, and of the run's snapshots, found beside it.

One short task after another: first the moment, then the snapshots from the newest back. What was
found stays as long as its snapshot does. Where training leaves time for it, the moment is that of
the last frame, as often as a screen shows it, and a process examines; else it is the newest
snapshot, a few times a second.
"""

import logging
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.datasets import Split
from cnnviz.core.health import Health, probe
from cnnviz.core.health_helper import HealthHelper
from cnnviz.core.health_task import Answer, Examining, Past, Question
from cnnviz.core.in_force import rate_after
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.spec import Spec
from cnnviz.core.trainer import Snapshot
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.throttle import Throttle

log = logging.getLogger(__name__)

POLL_MS, LIVE_MS, CALM_MS = 8, 16, 600
"""Between two looks at a task; between two beginnings while training goes on, at least, where the
moment of the last frame is followed, and where it is not."""
MOST_POINTS = 60
"""Snapshots of a run that are examined, evenly spread."""
AT_ONCE, LIVE_AT_ONCE = 4, 2
"""Questions of one task."""


class _Found(NamedTuple):
    snapshot: Snapshot
    answer: Answer
    diverged: bool
    """Whether it was known then that the batch after it has no finite loss."""


class HealthWatch(QObject):
    """Works only while `watching`; `changed` tells of anything new."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.answer: Answer | None = None
        """Of the moment that is looked at; of one before while that is not found yet."""
        self.course: list[Health] = []
        """Of the run's snapshots, as far as found, in order."""
        self._found: dict[int, _Found] = {}  # by the identity of the snapshot, which it keeps
        self._paused_at: Snapshot | None = None
        self._asked_for: int | None = None
        self._examining: OneTask[Examining] = OneTask(self, self._poll, POLL_MS)
        self._helper: HealthHelper | None = None
        self._may_be_helped = True
        self._live: Snapshot | None = None
        self.is_seen = True
        """Whether the window that watches is not minimised."""
        self._watching = self._trained = False
        self._calm = Throttle(self._work, CALM_MS, self)
        session.run_changed.connect(self._forget)
        session.history_changed.connect(self._follow)
        session.status_changed.connect(self._follow)
        session.past.changed.connect(self._follow)
        session.pace_changed.connect(self._follow)

    def watch(self, watching: bool) -> None:
        """Whether anybody looks."""
        self._watching = watching
        if watching:
            self._calm.act()
        else:
            self._examining.end()
            self._end_helper()
            self._session.want_snapshots(False)

    @property
    def is_over(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._examining.is_over

    @property
    def moment(self) -> Snapshot | None:
        """The snapshot whose health is wanted: looked at, else the newest there is."""
        if self._session.past.snapshot:
            return self._session.past.snapshot
        if self._live and self.is_live:
            return self._live
        try:
            kept = self._session.timeline.nearest(len(self._session.timeline))
        except LookupError:
            return None
        newest = self._paused_at
        return newest if newest and newest.step > kept.step else kept

    @property
    def is_live(self) -> bool:
        """Whether the training of now is followed, picture by picture."""
        session = self._session
        return session.is_training and session.pace.goes_first and self.is_seen

    @Slot()
    def _forget(self) -> None:
        """Another run."""
        self._examining.end()
        self._end_helper()
        self._may_be_helped = True
        self.answer, self.course = None, []
        self._found, self._paused_at, self._asked_for = {}, None, None
        self._live = None
        self.changed.emit()
        self._follow()

    @Slot()
    def _follow(self) -> None:
        if self._asked_for != len(self._session.timeline):
            self._paused_at = self._asked_for = None  # it may be reached again, with other weights
        if self._session.newest is None:
            self._live = None  # training went back: it was of a future that is void
        trained, self._trained = self._trained, self._session.is_training
        if not self._watching:
            return
        if trained and not self._trained:  # nobody is disturbed any more
            self._calm.set_interval(CALM_MS)
            self._calm.act()
        elif not (self.is_live and self._examining.now):  # else its end asks
            self._calm.ask()

    def _work(self) -> None:
        """Begins with what is wanted and not known, if nothing runs."""
        session = self._session
        if not self._watching or session.dataset is None or session.spec is None:
            return
        session.want_snapshots(session.pace.goes_first)
        if not self._examining.now:
            self._live = session.newest
        self._ask_for_newest()
        self._take_course()
        moment = self.moment
        self._show_known(moment)
        known = moment is None or self._answer_for(moment) is not None
        task = self._examining.now
        if task and not known and task.questions[0].snapshot is not moment:
            self._examining.end()  # another moment is more urgent
        if self._examining.now:
            return
        wanted = [] if moment is None or known else [moment]
        wanted += [each for each in self._spread() if id(each) not in self._found]
        if wanted:
            self._ask(wanted[: LIVE_AT_ONCE if self.is_live else AT_ONCE], moment)
        elif self.is_live:
            self._calm.waive()  # the next frame is not waited for any longer

    def _ask(self, wanted: list[Snapshot], moment: Snapshot | None) -> None:
        """Begins a task; only the moment that is looked at is judged."""
        session, dataset, spec = self._session, self._session.dataset, self._session.spec
        assert dataset
        assert spec
        timeline, settings = session.timeline, session.settings
        classes, planned = len(dataset.class_names), session.status.planned_steps
        questions = tuple(
            Question(
                each,
                rate_after(timeline, settings, planned, each.step),
                Past.of(timeline, classes, each.step) if each is moment else None,
            )
            for each in wanted
        )
        given = spec, probe(dataset.train), settings.optimizer
        if self._helper and self._helper.is_lost:
            log.warning("the process that examines has ended; a thread does so instead")
            self._may_be_helped = False
            self._end_helper()
        if self._helper is None and self._may_be_helped and self.is_live:
            self._start_helper(*given)
        self._examining.start(Examining(*given, questions, self._helper))

    def _start_helper(self, spec: Spec, images: Split, optimizer: str) -> None:
        try:
            self._helper = HealthHelper(spec, images, optimizer)
        except OSError:
            self._may_be_helped = False
            log.warning("no process can be started; a thread examines instead", exc_info=True)

    def _end_helper(self) -> None:
        """Who waits for its answer is told that it is lost."""
        if self._helper:
            self._helper.close()
            self._helper = None

    def _answer_for(self, moment: Snapshot) -> Answer | None:
        """What was found of a moment, if it was judged by all that is known of it now."""
        found = self._found.get(id(moment))
        if found is None or found.answer.verdicts is None:
            return None
        diverged = moment.step in self._session.timeline.diverged
        return found.answer if found.diverged == diverged else None

    def _show_known(self, moment: Snapshot | None) -> None:
        answer = self._answer_for(moment) if moment else None
        if answer and answer is not self.answer:
            self.answer = answer
            self.changed.emit()

    def _ask_for_newest(self) -> None:
        """Paused between two snapshots, the newest is asked for: it is in no timeline."""
        session, step = self._session, len(self._session.timeline)
        newest = session.newest
        if newest and newest.step == step:
            self._paused_at, self._asked_for = newest, step
        kept = {**session.timeline.snapshots, **session.timeline.edited}
        if session.is_training or step in kept or self._asked_for == step:
            return
        self._asked_for = step
        session.capture(self._take_newest)

    def _take_newest(self, saved: SavedRun) -> None:
        if saved.newest.step == self._asked_for:
            self._paused_at = saved.newest
            self._follow()

    def _spread(self) -> list[Snapshot]:
        """Some of the run's snapshots up to the newest, the last first."""
        snapshots = self._session.timeline.snapshots
        steps = sorted(snapshots, reverse=True)
        every = -(-len(steps) // MOST_POINTS)
        return [snapshots[step] for step in steps[:: max(every, 1)]]

    @Slot()
    def _poll(self) -> None:
        task = self._examining.now
        if task is None:
            return
        standing = task.standing
        for question, answer in zip(task.questions, standing.answers, strict=False):
            at = question.snapshot
            diverged = question.past is not None and len(question.past.losses) > at.step
            if id(at) not in self._found or answer.verdicts is not None:
                self._found[id(at)] = _Found(at, answer, diverged)
        self._show_known(self.moment)
        if standing.ended:
            self._examining.end()
            self._take_course()
            least, rest = LIVE_MS if self.is_live else CALM_MS, 0
            if self._session.is_training:
                rest = self._session.pace.rest_after(standing.seconds)
            self._calm.set_interval(max(least, rest))
            if standing.failure:
                self._session.noticed.emit(Notice(*standing.failure))
            else:
                self._calm.ask()

    def _take_course(self) -> None:
        """What is known of snapshots that are still there; the others are forgotten."""
        snapshots = set(map(id, self._session.timeline.snapshots.values()))
        there = snapshots | {id(self.moment)}
        self._found = {key: found for key, found in self._found.items() if key in there}
        healths = [found.answer.health for key, found in self._found.items() if key in snapshots]
        course = sorted(healths, key=lambda health: health.step)
        if list(map(id, course)) != list(map(id, self.course)):
            self.course = course
            self.changed.emit()
