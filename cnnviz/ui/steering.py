"""The part of the session that takes the user's wishes to the runner: when to train, and how.

It knows what the training is about to do; what comes of it is taken down elsewhere.
"""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from cnnviz.core.runner import Runner
from cnnviz.core.settings import Settings
from cnnviz.core.status import Phase, Status
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Snapshot
from cnnviz.ui.recent_times import RecentTimes
from cnnviz.ui.run_threads import RunThreads
from cnnviz.ui.seeing import Seeing


class Steering(Seeing):
    """The open run, as far as it can be steered."""

    settings_changed = Signal()
    """The learning rate or the way of convolution changed within the run."""
    asked = Signal()
    """Something was asked of the runner; what comes of it at once can be taken down."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = Settings()
        self.timeline = Timeline()
        self.status = Status(Phase.LOADING)
        self.images_per_second = 0.0
        self.newest: Snapshot | None = None
        """As of the last frame, where somebody wants it; see `want_snapshots`."""
        self._wants_snapshots = False
        self._threads = RunThreads()
        self._recent = RecentTimes(self.pace.calm_ms)

    @property
    def _runner(self) -> Runner | None:
        return self._threads.open

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
            self.asked.emit()

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
            self.asked.emit()

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
            self.asked.emit()
        self._recent.clear()
        self.images_per_second = 0.0
        self.settings_changed.emit()

    def apply_edits(self) -> None:
        """Writes the edits into the weights of training, which goes on from there."""
        if self._runner and self.edits.now:
            self._runner.edit(self.edits.now)
            self.asked.emit()

    def pin(self, step: int) -> None:
        """The snapshot at `step` is never thinned out."""
        self.timeline.pin(step)
        if self._runner:
            self._runner.pin(step)

    def want_snapshots(self, wanted: bool) -> None:
        """Whether `newest` is to follow the training, for whoever needs more than the vector."""
        if wanted != self._wants_snapshots:
            self._wants_snapshots, self.newest = wanted, None
            if self._runner:
                self._runner.publish_snapshots(wanted)

    def _ask(self, wish: Callable[[Runner], None]) -> None:
        if self._runner:
            wish(self._runner)
            self.asked.emit()
