"""Measures what the machine can do at its best while training rests, without making anybody wait.

Training beside the measurement would take its share of the cores and lower the result. So whoever
asks for a measurement has training paused, about a second long, and going on afterwards to the goal
it had. Who trains, or opens another run, in the midst of it gives the measurement up.
"""

import threading
from enum import Enum

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.machine import Peak, measure_peak
from cnnviz.core.status import Phase
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.session import Session

POLL_MS = 30
PATIENCE = 10
"""Polls for which training may seem wanted after it was paused; after that, somebody wants it."""

DISTURBED = "The measurement was given up because something else began."


class Work(Enum):
    """What the meter is doing."""

    NOTHING = 0
    WAITING = 1
    """For the batch or the test that is under way to end."""
    MEASURING = 2


class PeakMeter(QObject):
    """The newest peak, and how a new one is measured: on a plain thread, asked for by a timer."""

    changed = Signal()
    """Begins, measures, or has ended."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.peak: Peak | None = None
        self.problem = ""
        """Why the last measurement gave nothing, in words."""
        self.work = Work.NOTHING
        self._session = session
        self._interrupted = threading.Event()
        self._thread: threading.Thread | None = None
        self._result: Peak | None = None
        self._goal: float | None = None  # of the training that was paused
        self._place: tuple[RunRequest | None, int] = (None, 0)
        self._polls_of_training = 0
        self._ended = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs."""
        return self._thread is None or not self._thread.is_alive()

    @property
    def has_paused_training(self) -> bool:
        """Whether training goes on when this is over."""
        return self._goal is not None

    @Slot()
    def measure(self) -> None:
        """Pauses training and measures; does nothing if it is at it already."""
        if self.work is not Work.NOTHING or self._ended:
            return
        self._goal = self._session.status.goal if self._session.is_training else None
        if self._goal is not None:
            self._session.pause()
        self.problem, self._result, self._polls_of_training = "", None, 0
        self._interrupted.clear()
        self._turn_to(Work.WAITING)
        self._timer.start()

    def give_up(self) -> None:
        """Ends a measurement that is under way as soon as it can be, as if it had never begun."""
        self._interrupted.set()
        self._look()

    def shut_down(self) -> None:
        """Gives up, and allows no other measurement. Returns at once."""
        self._ended = True
        self.give_up()

    @Slot()
    def _look(self) -> None:
        """One step of the way: wait for rest, start the thread, take its result."""
        if self.work is Work.WAITING:
            self._polls_of_training += self._session.is_training
            if self._interrupted.is_set():
                self._end("")
            elif self._polls_of_training > PATIENCE:
                self._end(DISTURBED)
            elif self._is_at_rest():
                self._start()
        elif self.work is Work.MEASURING:
            if self._session.is_training or self._session.loading:
                self.problem = DISTURBED
                self._interrupted.set()
            if self.is_shut_down:
                self._take_result()

    def _is_at_rest(self) -> bool:
        busy = (Phase.TRAINING, Phase.EVALUATING)
        session = self._session
        return not (session.is_training or session.loading or session.status.phase in busy)

    def _start(self) -> None:
        session = self._session
        self._place = (session.request, session.status.step)
        threads = session.settings.threads
        self._thread = threading.Thread(
            target=self._run, args=(threads,), name="cnnviz-peak-meter", daemon=False
        )
        self._thread.start()
        self._turn_to(Work.MEASURING)

    def _run(self, threads: int) -> None:
        """On the thread."""
        try:
            self._result = measure_peak(threads, self._interrupted.is_set)
        except Exception as error:
            self.problem = f"It could not be measured. {type(error).__name__}: {error}"

    def _take_result(self) -> None:
        self._thread = None
        if self._result:  # finished, maybe in the last moment
            self.peak = self._result
            self._end("")
        else:
            self._end(self.problem)

    def _end(self, problem: str) -> None:
        self._timer.stop()
        self.problem = problem
        self._go_on()
        self._turn_to(Work.NOTHING)

    def _go_on(self) -> None:
        """Has training go on, unless the user went elsewhere meanwhile."""
        session, goal, self._goal = self._session, self._goal, None
        if goal is None or session.is_training or session.loading:
            return
        if self.work is Work.WAITING or self._place == (session.request, session.status.step):
            session.train_to(goal)

    def _turn_to(self, work: Work) -> None:
        self.work = work
        self.changed.emit()
