"""The thread that trains: it owns a trainer and one number, the goal.

It works while `trainer.step < goal`. A batch is `goal = step + 1`, an epoch the next boundary, play
the planned end (then infinity), pause `goal = step`; travel restores the nearest snapshot and sets
the goal. There are no modes, so the phases follow from what the thread is doing:

    LOADING ──built──> PAUSED <──goal reached or diverged──> TRAINING <──epoch's end──> EVALUATING
       └──failed──┐       └───────────────stop or an exception──────────────┘
                  └──> STOPPED <────────────────────┘

Whoever watches calls `drain` at its own pace. Only copies leave the thread.
"""

import math
import threading
import traceback
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from time import perf_counter

from cnnviz.core.convolution import way
from cnnviz.core.edits import Edits, apply_edits
from cnnviz.core.errors import CnnvizError
from cnnviz.core.meeting import Meeting
from cnnviz.core.memory import give_back_memory
from cnnviz.core.outbox import (
    Captured,
    Changed,
    Edited,
    EditsForgotten,
    Failed,
    Kept,
    LossDiverged,
    Ready,
    Restored,
)
from cnnviz.core.priority import let_others_first
from cnnviz.core.saved_run import capture
from cnnviz.core.settings import check_learning_rate
from cnnviz.core.status import Phase, Status
from cnnviz.core.stopwatch import Stopwatch
from cnnviz.core.time_history import BatchTimes
from cnnviz.core.timeline import Timeline
from cnnviz.core.trainer import Diverged, Interrupted, Snapshot, Trainer

FRAME = 1 / 80
"""Seconds between two published vectors, at least: batches do not end when a screen wants them."""


class Runner(Meeting):
    """A trainer on a thread of its own. Methods return at once and may be called at any time."""

    def __init__(
        self,
        build: Callable[[], Trainer],
        timeline: Timeline | None = None,
        gentle: bool = False,
    ) -> None:
        """`build` makes the trainer; it is called on the thread, so it may take its time.

        A trainer that is not at step 0 goes on with what `timeline` has of it already.

        With `gentle`, this process's other threads go first: see priority.py, and `stand_aside`.
        """
        super().__init__()
        self._build, self._gentle = build, gentle
        self._timeline = Timeline() if timeline is None else timeline
        self._replayed_to = 0
        self._edits: list[Edits] = []  # wait for the end of a journey
        self._stopwatch = Stopwatch()
        self._thread = threading.Thread(target=self._run, name="cnnviz-runner", daemon=False)

    # What the outside calls.

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Starts the thread; it builds the trainer and waits for a goal."""
        self._thread.start()

    def step(self) -> None:
        """Trains one batch; while training, this one and then pauses."""
        self._wish(lambda: self._status.step + 1)

    def epoch(self) -> None:
        """Trains to the end of the epoch; at its end, to the end of the next."""

        def boundary() -> int:
            batches = self._status.batches_per_epoch
            return (self._status.step // batches + 1) * batches

        self._wish(boundary)

    def play(self) -> None:
        """Trains to the planned end; beyond it, until paused."""

        def planned_end() -> float:
            planned = self._status.planned_steps
            return planned if self._status.step < planned else math.inf

        self._wish(planned_end)

    def train_to(self, goal: float) -> None:
        """Trains to a goal that was in force before, after a rest."""
        self._wish(lambda: goal)

    def pause(self) -> None:
        """Stops after no further batch; one that is under way is given up."""
        self._wish(lambda: self._status.step)

    def travel(self, step: int) -> None:
        """Goes back to `step` (from the snapshot before it, training up to it), then pauses.

        A fork with another past than the run it came from goes back no further than its beginning.
        """
        if step < 0:
            raise ValueError(f"there is no step {step}")

        def go(trainer: Trainer) -> None:
            to = max(step, self._timeline.first)
            self._restore(trainer, to)
            self._replayed_to = to
            self._set_goal(to)

        self._post(go, abandon=True)

    def reset(self) -> None:
        """Back to where this run began, with the rate and convolution of now.

        That is the untrained network of the same seed, or the place where a fork began.
        """

        def go(trainer: Trainer) -> None:
            rate, way_of_now = trainer.base_rate, trainer.convolution
            first = self._timeline.first
            if self._timeline.edited:
                self._timeline.forget_edits()
                self._tell(EditsForgotten())
            self._restore(trainer, first)
            self._replayed_to = first
            trainer.set_learning_rate(rate)
            trainer.set_convolution(way_of_now)
            self._tell_changes(trainer)
            self._set_goal(first)

        self._post(go, abandon=True)

    def edit(self, edits: Edits) -> None:
        """Writes edits into the weights between two batches; training goes on from there.

        Travel to this step or a later one keeps them, travel to one before drops them. On a journey
        they wait until it has arrived. What the optimiser remembers stays.
        """
        self._post(lambda trainer: self._edits.append(edits))

    def set_learning_rate(self, rate: float) -> None:
        """A new base rate from the next batch on; raises SettingsError if it makes no sense."""
        check_learning_rate(rate)

        def change(trainer: Trainer) -> None:
            trainer.set_learning_rate(rate, self._change_from(trainer))
            self._tell_changes(trainer)

        self._post(change)

    def set_convolution(self, name: str) -> None:
        """Another way of convolution from the next batch on; raises SettingsError if unknown.

        A batch that is under way begins anew, so that nobody has to wait for a slow way's end.
        """
        way(name)

        def change(trainer: Trainer) -> None:
            trainer.set_convolution(name, self._change_from(trainer))
            self._tell_changes(trainer)

        self._post(change, abandon=True)

    def capture(self) -> None:
        """Has a Captured told: the run as it is after this batch."""
        self._post(self._capture)

    def pin(self, step: int) -> None:
        """The snapshot at `step` is never thinned out."""
        self._post(lambda trainer: self._timeline.pin(step))

    def set_budget(self, budget: int) -> None:
        """Another number of bytes for snapshots."""
        self._post(lambda trainer: self._timeline.set_budget(budget))

    def stop(self) -> None:
        """Asks the thread to end; a batch that is under way is given up. Then `join`.

        The last thing it tells is a Captured, if it ever was ready.
        """
        with self._changed:
            self._stopping = self._abandon = True
            self._changed.notify_all()

    def join(self, timeout: float | None = None) -> bool:
        """Waits up to `timeout` seconds for the thread to end; whether it has."""
        if self.is_alive:
            self._thread.join(timeout)
        return not self.is_alive

    # What the thread does.

    def _run(self) -> None:
        try:
            self._live()
        except Exception as error:
            self._fail(error)
        finally:
            give_back_memory()
            self._show(phase=Phase.STOPPED)

    def _live(self) -> None:
        """The last that is told is all of the run, even if training failed before."""
        with closing(self._start_trainer()) as trainer:
            try:
                self._work(trainer)
            except Exception as error:
                self._fail(error)
            if trainer.step == len(self._timeline):
                self._capture(trainer)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, CnnvizError):
            self._tell(Failed(str(error), ""))
        else:
            details = "".join(traceback.format_exception(error))
            self._tell(Failed(f"{type(error).__name__}: {error}", details))

    def _start_trainer(self) -> Trainer:
        build = self._build
        self._build = _was_built  # it may hold on to a run that this one went on from
        trainer = build()
        if self._gentle and not trainer.stand_aside():
            let_others_first()
        begin = trainer.snapshot()
        if not self._timeline.snapshots:
            self._timeline.keep(begin)
        self._timeline.rate_changes = trainer.rate_changes
        self._timeline.convolution_changes = trainer.convolution_changes
        batches, planned = trainer.batches_per_epoch, trainer.planned_steps
        settings = replace(
            trainer.settings, learning_rate=trainer.base_rate, convolution=trainer.convolution
        )
        with self._changed:
            self._goal = max(self._goal, trainer.step)
            self._status = Status(Phase.PAUSED, trainer.step, self._goal, batches, planned)
            spec = trainer.network.spec
            ready = Ready(
                trainer.dataset, spec, settings, self._status, begin, self._timeline.copy()
            )
            self._outbox.entries.append(ready)
            self._publish_vector(trainer)  # in one, so that nobody sees it paused with no vector
        return trainer

    def _capture(self, trainer: Trainer) -> None:
        self._tell(Captured(capture(trainer, self._timeline)))

    def _tell_changes(self, trainer: Trainer) -> None:
        self._timeline.rate_changes = trainer.rate_changes
        self._timeline.convolution_changes = trainer.convolution_changes
        self._tell(Changed(trainer.rate_changes, trainer.convolution_changes))

    def _work(self, trainer: Trainer) -> None:
        while self._next_command(trainer):
            if self._evaluation_is_due(trainer):
                self._evaluate(trainer)
                continue
            self._stopwatch.start()
            try:
                self._train_batch(trainer)
            except Interrupted:
                continue
            except Diverged as diverged:
                self._report_divergence(diverged)

    def _next_command(self, trainer: Trainer) -> bool:
        """Carries out the inbox and waits while the goal is reached; False when asked to stop."""
        with self._changed:
            while not self._stopping:
                if self._inbox:
                    trainer.rest()
                for command in self._inbox:
                    command(trainer)
                self._inbox.clear()
                self._abandon = False
                self._edit(trainer)
                if self._evaluation_is_due(trainer):
                    return True
                if trainer.step < self._goal:
                    self._show(phase=Phase.TRAINING)
                    return True
                self._show(phase=Phase.PAUSED)
                self._publish_vector(trainer)
                trainer.rest()
                self._changed.wait()
        return False

    def _train_batch(self, trainer: Trainer) -> None:
        def unwanted() -> bool:
            return self._abandon or self._goal <= trainer.step

        convolution = trainer.convolution
        batches = trainer.batches_per_epoch
        until = min(self._goal, (trainer.step // batches + 1) * batches)  # then there is a test
        ahead = max(int(until) - trainer.step - 1, 0)
        result = trainer.train_batch(self._stopwatch, unwanted, ahead)
        self._timeline.record(result)
        self._tell(result)
        if self._timeline.wants_snapshot(trainer.step):
            self._keep(trainer.snapshot())
        self._show(step=trainer.step)
        if perf_counter() - self._published >= FRAME:
            self._publish_vector(trainer)
        self._stopwatch.lap("other")
        times = BatchTimes(trainer.step, convolution, self._stopwatch.seconds.copy())
        with self._changed:
            for row, seconds in times.seconds.items():
                self._outbox.seconds[row] = self._outbox.seconds.get(row, 0.0) + seconds
            self._outbox.timed_batches += 1
            self._outbox.times.append(times)

    def _keep(self, snapshot: Snapshot) -> None:
        self._timeline.keep(snapshot)
        self._tell(Kept(snapshot))

    def _evaluation_is_due(self, trainer: Trainer) -> bool:
        """At each epoch's end, until its test has been made."""
        if trainer.step == 0 or trainer.step % trainer.batches_per_epoch:
            return False
        epochs = self._timeline.epochs
        return not epochs or epochs[-1].step != trainer.step

    def _evaluate(self, trainer: Trainer) -> None:
        self._show(phase=Phase.EVALUATING)
        test = trainer.evaluate(lambda: self._abandon)
        if test is None:
            return
        batches = trainer.batches_per_epoch
        result = self._timeline.epoch_result(
            trainer.step // batches,
            batches,
            trainer.settings.batch_size,
            test.loss,
            test.accuracy,
        )
        self._timeline.epochs.append(result)
        self._tell(result)
        if trainer.step not in self._timeline.snapshots:
            self._keep(trainer.snapshot())

    def _change_from(self, trainer: Trainer) -> int:
        """Where a change takes effect: now, or at the end of a journey that replays batches."""
        return max(trainer.step, self._replayed_to)

    def _edit(self, trainer: Trainer) -> None:
        """Carries out the edits that wait, unless batches are being replayed."""
        if trainer.step < min(self._replayed_to, self._goal):
            return
        for edits in self._edits:
            apply_edits(trainer.network, edits)
            snapshot = trainer.snapshot()
            self._timeline.keep_edited(snapshot)
            self._tell(Edited(trainer.step, edits, snapshot))
            self._publish_vector(trainer)
        self._edits.clear()

    def _restore(self, trainer: Trainer, step: int) -> None:
        self._edits.clear()
        snapshot = self._timeline.nearest(step)
        trainer.restore(snapshot)
        self._timeline.cut(snapshot.step)
        with self._changed:
            self._tell(Restored(snapshot.step))
            kept = [batch for batch in self._outbox.times if batch.step <= snapshot.step]
            self._outbox.times, self._outbox.newest = kept, None
        self._show(step=snapshot.step)
        self._publish_vector(trainer)

    def _report_divergence(self, diverged: Diverged) -> None:
        """Pauses; the last few snapshots may be on the slope already, so it offers one before."""
        sound = max(diverged.step - 10, self._timeline.first)
        back_to = self._timeline.nearest(sound).step
        self._timeline.diverged[diverged.step] = diverged.loss
        self._tell(LossDiverged(diverged.step, diverged.loss, back_to))
        with self._changed:
            self._set_goal(diverged.step)


def _was_built() -> Trainer:
    raise RuntimeError("the trainer was built already")
