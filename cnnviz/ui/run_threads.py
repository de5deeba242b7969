"""The threads of the session's runs: the open one, the one being loaded, and those that are ending.

Plain Python, part of the session, which drains them on the GUI thread.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cnnviz.core.outbox import Captured
from cnnviz.core.runner import Runner
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.timeline import Timeline
from cnnviz.ui.loading import Loading
from cnnviz.ui.messages import RunRequest
from cnnviz.ui.runs import Run

Wish = Callable[[SavedRun], None]
"""What is done with all of a run."""


@dataclass(frozen=True)
class Coming:
    """A run that is being loaded; `run` if it is in the list already."""

    loading: Loading
    runner: Runner
    run: Run | None
    play: bool
    """Whether it trains as soon as it is there."""


class RunThreads:
    """At most one of each trains and loads; any number may be ending."""

    def __init__(self) -> None:
        self.open: Runner | None = None
        self.coming: Coming | None = None
        self._leaving: list[tuple[Runner, Run | None]] = []
        self._wishes: list[tuple[Run, Wish]] = []

    def load(self, loading: Loading, run: Run | None, play: bool, budget: int) -> None:
        """Begins to load a run in place of the one that is being loaded, if one is."""
        self.give_up_loading()
        timeline = Timeline(budget)
        if loading.request.start:
            loading.request.start.timeline(timeline)
        runner = Runner(loading.build, timeline, gentle=True)
        self.coming = Coming(loading, runner, run, play)
        runner.start()

    def give_up_loading(self) -> None:
        """Nobody wants the run any more that is being loaded."""
        if self.coming:
            self.coming.loading.give_up()
            self._dismiss(self.coming.runner)
            self.coming = None

    def enter(self, runner: Runner, left: Run | None) -> None:
        """What was being loaded is open now; the run that was, `left`, ends."""
        self.coming = None
        self.leave(left)
        self.open = runner

    def leave(self, left: Run | None = None) -> None:
        """The open run ends; what its thread tells last is kept as what `left` was."""
        if self.open:
            self._dismiss(self.open, left)
        self.open = None

    def _dismiss(self, runner: Runner, run: Run | None = None) -> None:
        runner.stop()
        self._leaving.append((runner, run))

    @property
    def loading(self) -> RunRequest | None:
        """The run that is being loaded, if one is."""
        return self.coming.loading.request if self.coming else None

    @property
    def are_over(self) -> bool:
        """Whether none of them runs any more."""
        return not (self._leaving or self.open or self.coming)

    # All of a run, for whoever wants it.

    def capture(self, run: Run, then: Wish, is_open: bool) -> None:
        """Calls `then` with all of a run: of the open one now, of one that is ending at its end."""
        self._wishes.append((run, then))
        if self.open and is_open:
            self.open.capture()

    def hand_over(self, run: Run, saved: SavedRun) -> None:
        """To all who asked for the whole of `run`."""
        wishes, self._wishes = self._wishes, []
        for whose, then in wishes:
            if whose is run:
                then(run.complete(saved))
            else:
                self._wishes.append((whose, then))

    def drain_leaving(self, open_run: Run | None, take: Callable[[Run, SavedRun], None]) -> None:
        """The last that a thread tells is the whole of its run, which `take` gets."""
        leaving = self._leaving
        # Asked before it is drained: whoever lives may still have something to tell.
        self._leaving = [(runner, run) for runner, run in leaving if runner.is_alive]
        for runner, run in leaving:
            for entry in runner.drain().entries if run else ():
                if isinstance(entry, Captured) and run and run is not open_run:
                    self.hand_over(run, entry.run)
                    take(run, entry.run)
