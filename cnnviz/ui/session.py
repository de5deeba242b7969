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
from cnnviz.core.errors import CnnvizError
from cnnviz.core.fork import Differences, fork, settings_at
from cnnviz.core.inspection import Inspection, inspect
from cnnviz.core.network import Network
from cnnviz.core.optimizers import optimizer
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
from cnnviz.core.trainer import Snapshot
from cnnviz.core.workspace import Array
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
from cnnviz.ui.runs import Run, Runs, differences
from cnnviz.ui.selection import Selection
from cnnviz.ui.shown_image import ShownImage
from cnnviz.ui.slide import Slide

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
        self._runner: Runner | None = None
        self._coming: tuple[Loading, Runner, Run | None] | None = None
        self._told_progress = ("", 0, 0)
        self._leaving: list[tuple[Runner, Run | None]] = []
        self._wants_capture: list[tuple[Run, Callable[[SavedRun], None]]] = []
        self._ended = False
        self._has_failed = False  # the thread of the open run: the last it tells is all of it
        self._recent = RecentTimes()
        self._text_due = 0.0
        self._play_when_ready = False
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
        self._give_up_loading()
        if self.request is None:
            self.request, self.settings = request, request.settings
            self.settings_changed.emit()
        loading = Loading(request, dataset)
        timeline = Timeline(self.runs.budget)
        if request.start:
            request.start.timeline(timeline)
        runner = Runner(loading.build, timeline, gentle=True)
        self._coming = (loading, runner, run)
        self._play_when_ready = play
        runner.start()
        self._timer.start()
        self.status_changed.emit()

    def cancel_loading(self) -> None:
        """Gives up the run that is being loaded; the run of now stays."""
        if self._coming:
            self._give_up_loading()
            self.status_changed.emit()

    def _give_up_loading(self) -> None:
        if self._coming:
            loading, runner, _ = self._coming
            loading.give_up()
            self._dismiss(runner)
            self._coming = None

    def open_again(self, run: Run) -> None:
        """Goes on with a run that was left."""
        if run.saved:
            self.open_run(request_for(run.saved), run=run)

    def fork(self, others: Differences, play: bool = False, run: Run | None = None) -> None:
        """Goes on from the moment that is looked at with other settings, as a run of its own.

        `run` is one that was left, of which it goes on from the newest batch.
        """
        parent = run or self.runs.open
        at = self.past.snapshot if parent is self.runs.open else None

        def begin(saved: SavedRun) -> None:
            assert parent
            origin = at if at and at.step <= saved.step else saved.newest
            begins = self._begin_fork(parent, saved, origin, others, play)
            if begins and parent is self.runs.open:
                self._pin(origin.step)

        self.capture(begin, parent)

    def _begin_fork(
        self, parent: Run, saved: SavedRun, at: Snapshot, others: Differences, play: bool
    ) -> bool:
        batches = parent.batches_per_epoch
        try:
            forked = fork(saved, at, batches, others)
        except CnnvizError as error:
            self.noticed.emit(Notice(str(error)))
            return False
        name, color = self.runs.next_name()
        data, timeline = parent.data, forked.timeline()
        run = Run(name, color, data, forked.spec, forked.settings, batches, timeline, parent)
        run.differences = differences(parent, run, settings_at(saved, at.step))
        run.origin = forked.origin
        self.open_run(request_for(forked), play, run)
        return True

    def compare_with(self, run: Run) -> None:
        """Lays what a run that was left makes of the digit beside it; raises SpecError."""
        if self.network and self.image and run.saved:
            source = OtherRun(run, self.network)
            self.comparison.keep(source(self.image, self.shown_step), source)

    def _pin(self, step: int) -> None:
        """A fork's beginning stays in its parent too."""
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
            self._wants_capture.append((run, then))
            if self._runner and run is self.runs.open:
                self._runner.capture()

    @property
    def loading(self) -> RunRequest | None:
        """The run that is being loaded, if one is."""
        return self._coming[0].request if self._coming else None

    @property
    def loading_progress(self) -> tuple[str, int, int]:
        """What is being done for it, how many are done, of how many (0 if nobody knows)."""
        return self._coming[0].progress if self._coming else ("", 0, 0)

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

    def go_on_from_here(self) -> None:
        """Takes training back to the moment that is looked at; what came after is void."""
        if self.past.moment is not None:
            step = self.past.moment
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
        self._show_image(self._test_image(self.dataset, index))

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

    @staticmethod
    def _test_image(dataset: Dataset, index: int) -> ShownImage:
        images, labels = dataset.test.batch(np.array([index]))
        label = int(labels[0])
        return ShownImage(images[0], f"No. {index}, a {dataset.class_names[label]}", index, label)

    @Slot()
    def keep_or_end(self) -> None:
        """Keeps what is shown now, to compare it with what comes; or compares no more."""
        if self.comparison.kept:
            self.comparison.end()
        elif self.network and self.inspection and self.image:
            words = f"{self.image.words}, at batch {self.shown_step}"
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
        return self._test_image(self.dataset, self.image_index) if self.dataset else None

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
        self._give_up_loading()
        if self._runner:
            self._dismiss(self._runner)
        self._runner = None

    @property
    def has_ended(self) -> bool:
        """Whether it was shut down."""
        return self._ended

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        self._drain_leaving()
        return not (self._leaving or self._runner or self._coming)

    # What the runner tells.

    @Slot()
    def drain(self) -> None:
        """Takes what the threads have told since the last call and tells the views."""
        self._drain_leaving()
        if self._coming:
            self._drain_coming(*self._coming)
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

    @Slot()
    def _frame(self) -> None:
        """One beat of the timer, and when the next one comes."""
        self.drain()
        interval = self._pace.next_interval(self.is_training)
        if interval != self._timer.interval():
            self._timer.setInterval(interval)

    def _drain_leaving(self) -> None:
        """The last that a thread tells is the whole of its run."""
        leaving = self._leaving
        # Asked before it is drained: whoever lives may still have something to tell.
        self._leaving = [(runner, run) for runner, run in leaving if runner.is_alive]
        for runner, run in leaving:
            for entry in runner.drain().entries if run else ():
                if isinstance(entry, Captured) and run and run is not self.runs.open:
                    self._hand_over(run, entry.run)
                    self.runs.left(run, entry.run)

    def _drain_coming(self, loading: Loading, runner: Runner, run: Run | None) -> None:
        """Waits for the run that is being loaded to be ready, or to fail."""
        if loading.progress != self._told_progress:
            self._told_progress = loading.progress
            self.loading_changed.emit()
        outbox = runner.drain()
        for place, entry in enumerate(outbox.entries, start=1):
            if isinstance(entry, Ready):
                self._coming = None
                self._change_run(loading.request, runner, run, entry)
                self._take_entries(outbox.entries[place:])
                if outbox.vector is not None:
                    self._show_vector(*outbox.vector)
                if self._play_when_ready:
                    self.play()
                return
            if isinstance(entry, Failed):
                self._coming = None
                self._dismiss(runner)
                self.noticed.emit(Notice(entry.message, entry.details))
                self.status_changed.emit()
                return

    def _change_run(
        self, request: RunRequest, runner: Runner, run: Run | None, ready: Ready
    ) -> None:
        # While views and network still belong together, for whoever draws at once.
        self.selection.forget()
        self.comparison.end()
        if self._runner:
            self._dismiss(self._runner, self.runs.open)
        same_images = self.dataset is ready.dataset
        self._runner = runner
        self._has_failed = False
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
            self._let_go_of_image(ready.dataset)
        self._inspect()
        self._remember_data(request.data)
        self._list_run(request, run, settings_before)
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

    def _let_go_of_image(self, dataset: Dataset) -> None:
        """Of other data: a picture stays if it fits, but its class has no name any more."""
        image = self.image
        if image and image.number is None and image.values.shape == dataset.input_shape:
            self.image = replace(image, label=None)
        else:
            self.image = self._test_image(dataset, 0)

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
                self._hand_over(self.runs.open, entry.run)
                if self._has_failed:
                    self.runs.open.saved = entry.run
            elif isinstance(entry, Changed):
                self.runs.changed.emit()
            elif isinstance(entry, LossDiverged):
                self._report_divergence(entry)
            elif isinstance(entry, Failed):
                self._report_failure(entry)
        if entries:
            self.history_changed.emit()

    def _hand_over(self, run: Run, saved: SavedRun) -> None:
        """To all who asked for the whole of `run`."""
        wanted, self._wants_capture = self._wants_capture, []
        for whose, then in wanted:
            if whose is run:
                then(run.complete(saved))
            else:
                self._wants_capture.append((whose, then))

    def _report_divergence(self, entry: LossDiverged) -> None:
        usual = optimizer(self.settings.optimizer).default_rate
        lower = min(self.settings.learning_rate / 4, usual)

        def go_back() -> None:
            self.travel(entry.back_to)
            self.set_learning_rate(lower)

        self.noticed.emit(
            Notice(
                f"The loss became {entry.loss} at batch {entry.step + 1}, so training paused. "
                "The learning rate is probably too high.",
                action=f"Go back to batch {entry.back_to}, rate {lower:g}",
                act=go_back,
            )
        )

    def _report_failure(self, entry: Failed) -> None:
        self._has_failed = True

        def start_over() -> None:
            if self.wanted:
                self.open_run(self.wanted)

        text = f"Training stopped. {entry.message}"
        self.noticed.emit(Notice(text, entry.details, "Start over", start_over))

    def _show_vector(self, step: int, vector: Array) -> None:
        if self.network is None:
            return
        self.shown_step = step
        self.edits.lay_over(self.network, vector)
        self._inspect()
        self.network_changed.emit()

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

    def _dismiss(self, runner: Runner, run: Run | None = None) -> None:
        """Has a thread end; what it tells last is kept as what `run` was."""
        runner.stop()
        self._leaving.append((runner, run))


def request_for(saved: SavedRun) -> RunRequest:
    """What opens a run that was left or saved."""
    return RunRequest(saved.data, saved.spec, saved.settings, None, saved)
