"""The one observable of the window: what is known, what is shown, and the wishes of the user.

Views take it, connect to its signals and redraw from it. It loads runs and drains the open one on
the GUI thread; what is shown of what comes is the matter of `Seeing`, what the user wishes of the
training that of `Steering`.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.datasets import LOADERS, Dataset
from cnnviz.core.network import Network
from cnnviz.core.outbox import (
    Captured,
    Changed,
    Edited,
    Entry,
    Failed,
    LossDiverged,
    Outbox,
    Ready,
    Restored,
    mirror,
)
from cnnviz.core.parallel import cores_left
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.spec import Spec
from cnnviz.core.time_history import TimeHistory
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array
from cnnviz.ui import reports
from cnnviz.ui.frame_pace import RESTING_MS
from cnnviz.ui.loading import Loading
from cnnviz.ui.messages import Notice, RunRequest, Times
from cnnviz.ui.run_threads import Coming
from cnnviz.ui.runs import Run, Runs
from cnnviz.ui.steering import Steering

MOST_RECENT_DATA = 8


class Session(Steering):
    """State of the window, drained from the runner at frame rate while anybody looks."""

    run_changed = Signal()
    """Another run: dataset, spec and settings are new, history is empty."""
    history_changed = Signal()
    """The timeline grew or was cut."""
    status_changed = Signal()
    """Phase, step or goal changed."""
    pace_changed = Signal()
    """Smooth pictures were chosen, or fast training."""
    loading_changed = Signal()
    """The run that is being loaded got further."""
    times_changed = Signal()
    """Times per layer and images/s were taken anew, a few times a second at most."""
    noticed = Signal(object)
    """A Notice for the user."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.request: RunRequest | None = None
        # Of the open run; before there is one, the first that was asked for.
        self.spec: Spec | None = None
        self.time_history = TimeHistory()
        self.runs = Runs(self)
        self.runs.changed.connect(self._follow_budget)
        self.asked.connect(self.drain)
        self._budget = self.runs.budget  # that the runner knows of
        self.folder = ""  # where something was saved last
        self.recent_data: list[str] = []  # names of data of one's own, the last used first
        self.times = Times({}, 0.0, 0)
        self._told_progress = ("", 0, 0)
        self._ended = False
        self._has_failed = False  # the thread of the open run: the last it tells is all of it
        self._timer = QTimer(self)
        self._timer.setInterval(RESTING_MS)
        self._timer.timeout.connect(self._frame)

    # What the user wishes.

    def open_run(
        self,
        request: RunRequest,
        play: bool = False,
        run: Run | None = None,
        dataset: Dataset | None = None,
    ) -> None:
        """Loads data and network in the background; the run of now stays until that has worked.

        `run` is what it is in the list of runs, if it is there already; `dataset` what the request
        names, if it has been read already.
        """
        if self._ended:
            return
        if dataset is None and self.request and self.request.data == request.data:
            dataset = self.dataset
        if self.request is None:
            self.request, self.settings = request, request.settings
            self.settings_changed.emit()
        self._threads.load(Loading(request, dataset), run, play, self.runs.budget)
        self._timer.start()
        self.status_changed.emit()

    def cancel_loading(self) -> None:
        """Gives up the run that is being loaded; the run of now stays."""
        if self._threads.coming:
            self._threads.give_up_loading()
            self.status_changed.emit()

    def open_again(self, run: Run) -> None:
        """Goes on with a run that was left."""
        if run.saved:
            self.open_run(request_for(run.saved), run=run)

    def capture(self, then: Callable[[SavedRun], None], run: Run | None = None) -> None:
        """Calls `then` with all of a run: of the open one, as it is after the batch of now.

        At once, if its thread has told all of it; later, if it has still to.
        """
        run = run or self.runs.open
        if run and run.saved:
            then(run.complete(run.saved))
        elif run:
            self._threads.capture(run, then, run is self.runs.open)

    @property
    def loading(self) -> RunRequest | None:
        """The run that is being loaded, if one is."""
        return self._threads.loading

    @property
    def loading_progress(self) -> tuple[str, int, int]:
        """What is being done for it, how many are done, of how many (0 if nobody knows)."""
        coming = self._threads.coming
        return coming.loading.progress if coming else ("", 0, 0)

    @property
    def wanted(self) -> RunRequest | None:
        """What the user has asked for so far: the run that is being loaded, else the one of now."""
        now = self.request and replace(self.request, settings=self.settings, start=None)
        return self.loading or now

    # The end.

    def shut_down(self) -> None:
        """Asks every thread to end, for good; `is_shut_down` says when they have."""
        self._ended = True
        self._timer.stop()
        self.player.stop()
        self._threads.give_up_loading()
        self._threads.leave()

    @property
    def has_ended(self) -> bool:
        """Whether it was shut down."""
        return self._ended

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        self._threads.drain_leaving(self.runs.open, self.runs.left)
        return self._threads.are_over

    # What the runner tells.

    @Slot()
    def drain(self) -> None:
        """Takes what the threads have told since the last call and tells the views."""
        self._threads.drain_leaving(self.runs.open, self.runs.left)
        if self._threads.coming:
            self._drain_coming(self._threads.coming)
        if self._runner is None:
            return
        status = self._runner.status  # first: it must not be ahead of what is told
        outbox = self._runner.drain()
        self._take_entries(outbox.entries, outbox.newest)
        if outbox.vector is not None:
            self._take_vector(*outbox.vector)
        self._take_times(outbox)
        if status != self.status:
            self.status = status
            self.status_changed.emit()
        if not self.is_training:
            self.numbers.settle()

    def _show_vector(self, step: int, vector: Array) -> None:
        super()._show_vector(step, vector)
        self.numbers.follow(self.is_training)

    @property
    def frame_ms(self) -> int:
        """Milliseconds between two pictures now, see frame_pace.py."""
        return self._timer.interval()

    @property
    def smooth(self) -> bool:
        """Whether pictures go before training, up to 60 a second."""
        return self.pace.smooth

    @smooth.setter
    def smooth(self, smooth: bool) -> None:
        self.pace.smooth = smooth
        self.pace_changed.emit()

    @Slot()
    def choose_smooth_or_fast(self) -> None:
        """Smooth pictures, or fast training."""
        self.smooth = not self.smooth

    @Slot()
    def _frame(self) -> None:
        """One beat of the timer, and when the next one comes."""
        self.drain()
        interval = self.pace.next_interval(self.is_training)
        if interval != self._timer.interval():
            self._timer.setInterval(interval)

    def _drain_coming(self, coming: Coming) -> None:
        """Waits for the run that is being loaded to be ready, or to fail."""
        if coming.loading.progress != self._told_progress:
            self._told_progress = coming.loading.progress
            self.loading_changed.emit()
        outbox = coming.runner.drain()
        for place, entry in enumerate(outbox.entries, start=1):
            if isinstance(entry, Ready):
                self._change_run(coming, entry)
                self._take_entries(outbox.entries[place:])
                if outbox.vector is not None:
                    self._show_vector(*outbox.vector)
                if coming.play:
                    self.play()
                return
            if isinstance(entry, Failed):
                self._threads.give_up_loading()
                self.noticed.emit(Notice(entry.message, entry.details))
                self.status_changed.emit()
                return

    def _change_run(self, coming: Coming, ready: Ready) -> None:
        # While views and network still belong together, for whoever draws at once.
        self.selection.forget()
        self.comparison.end()
        self._threads.enter(coming.runner, self.runs.open)
        self._has_failed = False
        request = coming.loading.request
        self.request = replace(request, start=None, weights=None)  # they have done their work
        settings_before = self.settings
        self.spec, self.settings = ready.spec, ready.settings
        self.pace.cores = cores_left(self.settings.threads)
        self.status = ready.status
        self.timeline = ready.timeline
        self._budget = self.timeline.budget
        self.time_history = TimeHistory(ready.snapshot.step)
        self._forget_times()
        self.newest = None
        coming.runner.publish_snapshots(self._wants_snapshots)
        network = Network(ready.spec, ready.settings.seed)
        self._see_run(network, ready.dataset, self.timeline, ready.snapshot)
        self._remember_data(request.data)
        self.runs.begin(ready, request, coming.run, settings_before)
        self.run_changed.emit()
        self.past.changed.emit()
        self.image_changed.emit()
        self.history_changed.emit()
        self.status_changed.emit()
        self.times_changed.emit()

    def _remember_data(self, name: str) -> None:
        if name not in LOADERS:
            names = dict.fromkeys([name, *self.recent_data])
            self.recent_data = list(names)[:MOST_RECENT_DATA]

    def _take_entries(self, entries: list[Entry], newest: Snapshot | None = None) -> None:
        for entry in entries:
            mirror(entry, self.timeline)
            if isinstance(entry, Restored):
                self.newest = None
                self.time_history.cut(entry.step)
                if self.past.moment is not None and self.past.moment > entry.step:
                    self.past.look_at(None)
                if entry.step == self.timeline.first:
                    self._forget_times()
                    self.times_changed.emit()
            elif isinstance(entry, Edited):
                self.edits.settle(entry.edits)
            elif isinstance(entry, Captured) and self.runs.open:
                self._threads.hand_over(self.runs.open, entry.run)
                if self._has_failed:
                    self.runs.open.saved = entry.run
            elif isinstance(entry, Changed):
                self.runs.changed.emit()
            elif isinstance(entry, LossDiverged):
                self.noticed.emit(reports.diverged(entry, self.settings, self._go_back))
            elif isinstance(entry, Failed):
                self._has_failed = True
                self.noticed.emit(reports.failed(entry, self._start_over))
        if newest and self._wants_snapshots:
            self.newest = newest
        if entries:
            self.history_changed.emit()

    def _go_back(self, step: int, rate: float) -> None:
        self.travel(step)
        self.set_learning_rate(rate)

    def _start_over(self) -> None:
        if self.wanted:
            self.open_run(self.wanted)

    @Slot()
    def _follow_budget(self) -> None:
        if self._runner and self._budget != self.timeline.budget:
            self._budget = self.timeline.budget
            self._runner.set_budget(self._budget)

    def _forget_times(self) -> None:
        """An untrained network has taken no time yet; whoever calls tells the views."""
        self._recent.clear()
        self.times, self.images_per_second = Times({}, 0.0, 0), 0.0

    def _take_times(self, outbox: Outbox) -> None:
        for batch in outbox.times:
            self.time_history.record(batch)
        if means := self._recent.take(outbox):
            self.times = means
            self.images_per_second = 1000 * self.settings.batch_size / means.total
            self.times_changed.emit()


def request_for(saved: SavedRun) -> RunRequest:
    """What opens a run that was left or saved."""
    return RunRequest(saved.data, saved.spec, saved.settings, None, saved)
