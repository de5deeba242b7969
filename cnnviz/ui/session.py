"""The one observable of the window: what is known, what is shown, and the wishes of the user.

Views take it, connect to its signals and redraw from it. It drains the runner on the GUI thread and
keeps a network of its own: whichever vector is to be shown is loaded there and run on the chosen
image. Live watching, another digit, another moment: all the same path.
"""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.datasets import LOADERS, Dataset
from cnnviz.core.inspection import Inspection, inspect
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
from cnnviz.core.runner import Runner
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Phase, Status
from cnnviz.core.time_history import TimeHistory
from cnnviz.core.timeline import Timeline
from cnnviz.core.workspace import Array
from cnnviz.ui import reports
from cnnviz.ui.calm_numbers import CalmNumbers
from cnnviz.ui.comparison import Comparison
from cnnviz.ui.comparison import Kept as Compared
from cnnviz.ui.edits import ShownEdits
from cnnviz.ui.frame_pace import SHORTEST_MS, FramePace
from cnnviz.ui.loading import Loading
from cnnviz.ui.messages import Notice, RunRequest, Times
from cnnviz.ui.other_run import OtherRun
from cnnviz.ui.past import Past
from cnnviz.ui.player import Player
from cnnviz.ui.recent_times import RecentTimes
from cnnviz.ui.run_threads import Coming, RunThreads
from cnnviz.ui.runs import Run, Runs, differences
from cnnviz.ui.selection import Selection
from cnnviz.ui.shown_image import ShownImage, after_change, of_test_set
from cnnviz.ui.slide import Slide
from cnnviz.ui.theme import spaced

TEXT_SECONDS = 0.25
"""Between two refreshes of numbers that are read, not seen."""
MOST_RECENT_DATA = 8


class Session(QObject):
    """State of the window, drained from the runner at frame rate while anybody looks."""

    run_changed = Signal()
    """Another run: dataset, spec and settings are new, history is empty."""
    settings_changed = Signal()
    """The learning rate or the way of convolution changed within the run."""
    history_changed = Signal()
    """The timeline grew or was cut."""
    network_changed = Signal()
    """The shown vector or the edits over it are others; weights and inspection are new."""
    image_changed = Signal()
    """Another image is chosen; inspection is new."""
    status_changed = Signal()
    """Phase, step or goal changed."""
    loading_changed = Signal()
    """The run that is being loaded got further."""
    times_changed = Signal()
    """Times per layer and images/s were taken anew (about 4 times a second)."""
    noticed = Signal(object)
    """A Notice for the user."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.request: RunRequest | None = None
        # Of the open run; before there is one, the first that was asked for.
        self.dataset: Dataset | None = None
        self.spec: Spec | None = None
        self.settings = Settings()
        self.timeline = Timeline()
        self.time_history = TimeHistory()
        self.network: Network | None = None
        self.inspection: Inspection | None = None
        self.selection = Selection(self)
        self.slide = Slide(self.selection)
        self.comparison = Comparison(self)
        self.numbers = CalmNumbers(self)
        self.comparison.changed.connect(self.numbers.take)
        self.image_changed.connect(self.numbers.take)
        self.edits = ShownEdits(self)
        self.edits.changed.connect(self._show_edits)
        self.status = Status(Phase.LOADING)
        self.shown_step = 0
        self.past = Past(self)
        self.past.changed.connect(self._show_moment)
        self.player = Player(self.past)
        self.runs = Runs(self)
        self.runs.changed.connect(self._follow_budget)
        self._newest: tuple[int, Array] | None = None
        self._budget = self.runs.budget  # that the runner knows of
        self.image: ShownImage | None = None
        self.image_index = 0  # of the test image that is shown, or was before another picture
        self.folder = ""  # where something was saved last
        self.recent_data: list[str] = []  # names of data of one's own, the last used first
        self.times = Times({}, 0.0, 0)
        self.images_per_second = 0.0
        self._threads = RunThreads()
        self._told_progress = ("", 0, 0)
        self._ended = False
        self._has_failed = False  # the thread of the open run: the last it tells is all of it
        self._recent = RecentTimes()
        self._text_due = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(SHORTEST_MS)
        self._pace = FramePace()
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

    def compare_with(self, run: Run) -> None:
        """Lays what a run that was left makes of the digit beside it; raises SpecError."""
        if self.network and self.image and run.saved:
            source = OtherRun(run, self.network)
            self.comparison.keep(source(self.image, self.shown_step), source)

    def pin(self, step: int) -> None:
        """The snapshot at `step` is never thinned out."""
        self.timeline.pin(step)
        if self._runner:
            self._runner.pin(step)

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
    def _runner(self) -> Runner | None:
        return self._threads.open

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

    @property
    def is_training(self) -> bool:
        """Whether batches are wanted: the goal is ahead."""
        return self.status.goal > self.status.step and self.status.phase is not Phase.STOPPED

    @property
    def has_work(self) -> bool:
        """Whether anything has been learned that a new run would lose."""
        return self._runner is not None and len(self.timeline) > 0

    def toggle(self) -> None:
        """Train if paused, pause if training."""
        if self.is_training:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Trains to the planned end, beyond it until paused."""
        self._ask(Runner.play)

    def pause(self) -> None:
        """Pauses after the last whole batch."""
        self._ask(Runner.pause)

    def train_to(self, goal: float) -> None:
        """Takes up a goal again that was in force before a rest."""
        if self._runner:
            self._runner.train_to(goal)
            self.drain()

    def step(self) -> None:
        """Trains one batch."""
        self._ask(Runner.step)

    def epoch(self) -> None:
        """Trains to the end of the epoch."""
        self._ask(Runner.epoch)

    def reset(self) -> None:
        """Back to the untrained network."""
        self._ask(Runner.reset)

    def travel(self, step: int) -> None:
        """Takes training back to `step`."""
        if self._runner:
            self._runner.travel(step)
            self.drain()

    def go_on_from(self, step: int) -> None:
        """Takes training back to a moment; what came after is void, and all look at the newest."""
        self.past.look_at(None)
        self.travel(step)

    def set_learning_rate(self, rate: float) -> None:
        """A new rate from the next batch on; raises SettingsError if it makes no sense."""
        if self._runner:
            self._runner.set_learning_rate(rate)
        self.settings = replace(self.settings, learning_rate=rate)
        self.settings_changed.emit()

    def set_convolution(self, name: str) -> None:
        """Another way of convolution from the next batch on; times are then measured anew."""
        self.settings = replace(self.settings, convolution=name)
        if self._runner:
            self._runner.set_convolution(name)
            self.drain()
        self._recent.clear()
        self.images_per_second = 0.0
        self.settings_changed.emit()

    def apply_edits(self) -> None:
        """Writes the edits into the weights of training, which goes on from there."""
        if self._runner and self.edits.now:
            self._runner.edit(self.edits.now)
            self.drain()

    def choose_image(self, index: int) -> None:
        """Shows another image of the test set; an index outside of it is ignored."""
        if self.dataset is None or not 0 <= index < len(self.dataset.test):
            return
        self._show_image(of_test_set(self.dataset, index))

    def show_picture(self, values: Array, words: str, label: int | None = None) -> None:
        """Shows an image that is not of the test set: float32 (C, H, W) in [0, 1].

        `words` say what it is. One of another shape than the network takes is ignored, for it is of
        a run that was left.
        """
        if self.dataset and values.shape == self.dataset.input_shape:
            self._show_image(ShownImage(values, words, label=label))

    def _show_image(self, image: ShownImage) -> None:
        self.image = image
        if image.number is not None:
            self.image_index = image.number
        self._inspect()
        self.image_changed.emit()

    @Slot()
    def keep_or_end(self) -> None:
        """Keeps what is shown now, to compare it with what comes; or compares no more."""
        if self.comparison.kept:
            self.comparison.end()
        elif self.network and self.inspection and self.image:
            words = f"{self.image.words}, at batch {spaced(self.shown_step)}"
            weights = self.network.state_dict()
            kept = Compared(self.inspection, weights, self.shown_step, words)
            self.comparison.keep(kept)

    @property
    def test_image(self) -> int | None:
        """The number of the shown image in the test set; None while another picture is shown."""
        return self.image.number if self.image else None

    @property
    def last_test_image(self) -> ShownImage | None:
        """The test image that is shown, or that was before another picture."""
        return of_test_set(self.dataset, self.image_index) if self.dataset else None

    @property
    def label(self) -> int | None:
        """The true class of the shown image, where it is known."""
        return self.image.label if self.image else None

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
        self._take_entries(outbox.entries)
        if outbox.vector is not None:
            self._newest = outbox.vector
            if self.past.moment is None:
                self._show_vector(*outbox.vector)
        self._take_times(outbox)
        if status != self.status:
            self.status = status
            self.status_changed.emit()
        if not self.is_training:
            self.numbers.settle()

    @property
    def frame_ms(self) -> int:
        """Milliseconds between two pictures now, such that they hardly slow the training down."""
        return self._timer.interval()

    @Slot()
    def _frame(self) -> None:
        """One beat of the timer, and when the next one comes."""
        self.drain()
        interval = self._pace.next_interval(self.is_training)
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
        request, same_images = coming.loading.request, self.dataset is ready.dataset
        self.request = replace(request, start=None, weights=None)  # they have done their work
        settings_before = self.settings
        self.dataset, self.spec, self.settings = ready.dataset, ready.spec, ready.settings
        self.status = ready.status
        self.timeline = ready.timeline
        self._budget = self.timeline.budget
        self.past.enter(self.timeline)
        self._newest = (ready.snapshot.step, ready.snapshot.vector)
        self.time_history = TimeHistory(ready.snapshot.step)
        self.network = Network(ready.spec, ready.settings.seed)
        self.edits.lay_over(self.network, ready.snapshot.vector)
        self.shown_step = ready.snapshot.step
        self.times = Times({}, 0.0, 0)
        self.images_per_second = 0.0
        self._recent.clear()
        if not same_images:
            self.image_index = 0
            self.image = after_change(self.image, ready.dataset)
        self._inspect()
        self._remember_data(request.data)
        self._list_run(request, coming.run, settings_before)
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

    def _list_run(self, request: RunRequest, run: Run | None, settings: Settings) -> None:
        """The open run in the list of runs."""
        if run is None:
            name, color = self.runs.next_name()
            run = Run(name, color, request.data, *self._parts(), parent=self.runs.open)
            if run.parent:
                run.differences = differences(run.parent, run, settings)
                if request.weights:
                    run.differences += ", weights kept"
        run.data, run.timeline, run.saved = request.data, self.timeline, None
        _, run.settings, run.batches_per_epoch, _ = self._parts()
        self.runs.enter(run)

    def _parts(self) -> tuple[Spec, Settings, int, Timeline]:
        assert self.spec
        return self.spec, self.settings, self.status.batches_per_epoch, self.timeline

    def _take_entries(self, entries: list[Entry]) -> None:
        for entry in entries:
            mirror(entry, self.timeline)
            if isinstance(entry, Restored):
                self.time_history.cut(entry.step)
                if self.past.moment is not None and self.past.moment > entry.step:
                    self.past.look_at(None)
                if entry.step == self.timeline.first:
                    self._forget_times()
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
        if entries:
            self.history_changed.emit()

    def _go_back(self, step: int, rate: float) -> None:
        self.travel(step)
        self.set_learning_rate(rate)

    def _start_over(self) -> None:
        if self.wanted:
            self.open_run(self.wanted)

    def _show_vector(self, step: int, vector: Array) -> None:
        if self.network is None:
            return
        self.shown_step = step
        self.edits.lay_over(self.network, vector)
        self._inspect()
        self.network_changed.emit()
        self.numbers.follow(self.is_training)

    @Slot()
    def _show_moment(self) -> None:
        if snapshot := self.past.snapshot:
            self._show_vector(snapshot.step, snapshot.vector)
        elif self._newest:
            self._show_vector(*self._newest)

    @Slot()
    def _follow_budget(self) -> None:
        if self._runner and self._budget != self.timeline.budget:
            self._budget = self.timeline.budget
            self._runner.set_budget(self._budget)

    @Slot()
    def _show_edits(self) -> None:
        self._show_vector(self.shown_step, self.edits.learned)

    def _inspect(self) -> None:
        if self.network is None or self.image is None:
            return
        # A network that has just diverged holds infinities; showing it must not warn about them.
        with np.errstate(all="ignore"):
            self.inspection = inspect(self.network, self.image.values)
        self.comparison.follow(self.image, self.shown_step)

    def _forget_times(self) -> None:
        """An untrained network has taken no time yet."""
        self._recent.clear()
        self.times, self.images_per_second = Times({}, 0.0, 0), 0.0
        self.times_changed.emit()

    def _take_times(self, outbox: Outbox) -> None:
        for batch in outbox.times:
            self.time_history.record(batch)
        self._recent.take(outbox)
        if self._recent.is_empty or perf_counter() < self._text_due:
            return
        self._text_due = perf_counter() + TEXT_SECONDS
        self.times = self._recent.mean()
        self.images_per_second = 1000 * self.settings.batch_size / self.times.total
        self.times_changed.emit()

    def _ask(self, wish: Callable[[Runner], None]) -> None:
        if self._runner:
            wish(self._runner)
            self.drain()


def request_for(saved: SavedRun) -> RunRequest:
    """What opens a run that was left or saved."""
    return RunRequest(saved.data, saved.spec, saved.settings, None, saved)
