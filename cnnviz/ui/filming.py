"""Takes a film of the past: moves the cursor, takes what a view looks like, hands it to be written.

One frame a turn of the event loop, so that the window stays alive. Training rests meanwhile, so
that all that a frame shows is of its batch; then it goes on, and the cursor is where it was.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QSize, QTimer, Signal, Slot
from PySide6.QtWidgets import QWidget

from cnnviz.core.film import Film
from cnnviz.core.status import Phase
from cnnviz.core.task import Tasks
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Snapshot
from cnnviz.ui import theme
from cnnviz.ui.messages import Notice
from cnnviz.ui.past import Past
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.frames import FrameSize, frame_size, take_frame
from cnnviz.ui.widgets.quantities import quantity

SAMPLES = 5
"""Frames from all over the film that say which colours it needs."""
WAIT_MS = 10
"""While there is nothing to do but wait."""
Frame = NDArray[np.uint8]
CANCELLED = "Cancelled. Nothing was saved."


@dataclass(frozen=True)
class Plan:
    """What is to be filmed."""

    widget: QWidget
    seconds: float
    rate: float
    """Frames a second."""
    until: int | None = None
    """The last batch to be shown; None for the newest."""

    @property
    def frames(self) -> int:
        """How many there are, at least two."""
        return max(round(self.seconds * self.rate), 2)


@dataclass(frozen=True)
class _Work:
    """A film that is being made."""

    plan: Plan
    path: Path
    timeline: Timeline
    last: int
    """The batch of the last frame."""
    before: Snapshot | None
    """Where the cursor was."""
    goal: float | None
    """Of the training that rests."""

    def step(self, number: int) -> int:
        """Which batch a frame is of."""
        first = self.timeline.first
        return first + (self.last - first) * number // (self.plan.frames - 1)

    def look_at(self, past: Past, step: int) -> None:
        """Takes the cursor there; where the user looked, at just what they saw."""
        if self.before and self.before.step == step:
            past.look_at_snapshot(self.before)
        else:
            past.look_at(step)


class Filming(QObject):
    """Makes one film after another; `message` says how the last one went.

    `shut_down()` ends it for good without waiting; `is_shut_down` says when its thread is gone.
    """

    changed = Signal()
    """A frame more, or the end."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._films = Tasks()
        self._work: _Work | None = None
        self._film: Film | None = None
        self._size = FrameSize(QSize(1, 1), 1)
        self._samples: list[Frame] = []
        self._taken: tuple[Snapshot | None, FrameSize, Frame] | None = None
        self._held: Frame | None = None  # taken, and not yet handed over
        self._ended = False
        self.done = 0
        """Frames taken."""
        self.message, self.failed = "", False
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self.destroyed.connect(self._films.cancel)
        session.run_changed.connect(self._follow_run)

    @property
    def is_active(self) -> bool:
        """Whether a film is being made."""
        return self._work is not None

    @property
    def waits(self) -> bool:
        """Whether a film waits for training to rest."""
        session = self._session
        busy = session.status.phase in (Phase.TRAINING, Phase.EVALUATING)
        return self.is_active and self._film is None and (busy or session.is_training)

    @property
    def frames(self) -> int:
        """Of the film that is being made, in all."""
        return self._work.plan.frames if self._work else 1

    def say(self, message: str, failed: bool = False) -> None:
        """How it went."""
        self.message, self.failed = message, failed
        self.changed.emit()

    def start(self, plan: Plan, path: Path) -> None:
        """Has training rest, and then takes the film."""
        session, timeline = self._session, self._session.timeline
        if self.is_active or self._ended or not session.player.can_play:
            return
        session.player.stop()
        goal = session.status.goal if session.is_training else None
        session.pause()
        last = len(timeline) if plan.until is None else plan.until
        self._work = _Work(plan, path, timeline, last, session.past.snapshot, goal)
        self.done, self.message, self.failed = 0, "", False
        self._timer.start(WAIT_MS)
        self.changed.emit()

    @Slot()
    def cancel(self) -> None:
        """Ends it, and nothing is left of the film. Returns at once."""
        if self._work and self._film and self._film.standing.ended:
            self._finish(self._work, self._film)  # too late
        else:
            self._end(CANCELLED)

    # The end.

    def shut_down(self) -> None:
        """Ends it, and allows no other. Returns at once."""
        self._ended = True
        if self._work:
            self._stop()
        self._films.cancel()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._films.are_over

    @Slot()
    def _follow_run(self) -> None:
        self._end("Another run was opened, so the film was given up.", failed=True)

    def _end(self, message: str, failed: bool = False) -> None:
        """The cursor goes back and training goes on, if all that is still there."""
        work = self._work
        if work is None:
            return
        self._stop()
        session, before = self._session, work.before
        if session.timeline is work.timeline:
            kept = before is None or before.step <= len(work.timeline)
            session.past.look_at_snapshot(before if kept else None)
            if work.goal is not None and not session.is_training and not session.loading:
                session.train_to(work.goal)
        self.say(message, failed)

    def _stop(self) -> None:
        self._timer.stop()
        if self._film:
            self._film.cancel()  # changes nothing, if it has ended
        self._work = self._film = self._taken = self._held = None
        self._samples = []

    # How it goes.

    @Slot()
    def _turn(self) -> None:
        """The next frame, if there is room for it; or waits for what has to come first."""
        work = self._work
        try:
            self._take_turn(work)
        except Exception as error:
            self._end(f"The film could not be made. {error}", failed=True)
            raise

    def _take_turn(self, work: _Work | None) -> None:
        if work is None:
            self._timer.stop()
        elif len(work.timeline) < work.last:
            self._end("Training went back, so the film was given up.", failed=True)
        elif self._film and self._film.standing.ended:
            self._finish(work, self._film)
        elif self._film is None:
            if not self.waits and self._films.are_over:
                self._begin(work)
        elif self._session.is_training:
            self._end("Training began again, so the film was given up.", failed=True)
        else:
            self._hand_over(work, self._film)

    def _begin(self, work: _Work) -> None:
        """Looks at some frames for their colours, one a turn; then the film itself begins.

        The last of them is the first of the film: by then the view has the size that it has while
        it looks back.
        """
        self._timer.setInterval(0)
        if not self._samples and work.plan.until is None:
            self._work = work = replace(work, last=len(work.timeline))  # a last batch has come
        self._size = frame_size(work.plan.widget)
        ahead = SAMPLES - 1 - len(self._samples)
        if ahead >= 0:
            number = ahead * (work.plan.frames - 1) // (SAMPLES - 1)
            self._samples.append(self._take(work, number))
        else:
            rate, vital = work.plan.rate, theme.vital_colors()
            self._film = Film(work.path, self._size.pixels, rate, self._samples, vital)
            self._samples = []
            self._films.start(self._film)

    def _hand_over(self, work: _Work, film: Film) -> None:
        if self._held is None and self.done < work.plan.frames:
            self._held = self._take(work, self.done)
        if self._held is not None and film.offer(self._held):
            self._held = None
            self.done += 1
            if self.done == work.plan.frames:
                film.finish()
            self.changed.emit()
        waits = self._held is not None or self.done == work.plan.frames
        self._timer.setInterval(WAIT_MS if waits else 0)

    def _take(self, work: _Work, number: int) -> Frame:
        """The frame; of the same snapshot in the same size the same as before."""
        session = self._session
        work.look_at(session.past, work.step(number))
        snapshot, taken = session.past.snapshot, self._taken
        if taken and taken[0] is snapshot and taken[1] == self._size:
            return taken[2]
        caption = f"batch {theme.spaced(session.shown_step)}"
        frame = take_frame(work.plan.widget, self._size, caption)
        self._taken = snapshot, self._size, frame
        return frame

    def _finish(self, work: _Work, film: Film) -> None:
        standing = film.standing
        failure = standing.failure
        if failure is None:
            size = quantity(standing.bytes, "B")
            self._end(f"Saved {work.path.name}: {work.plan.frames} frames, {size}.")
            return
        message, details = failure
        self._end(f"The film was not saved. {message}", failed=True)
        if details:
            self._session.noticed.emit(Notice(f"The film was not saved. {message}", details))
