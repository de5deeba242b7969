"""The runs of this window: the one that is open, and those that were left and can be opened again.

Part of the session. A run that was left is plain data (core/saved_run.py), so nothing that was
learned is lost when another begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from math import prod
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from cnnviz.core.layers import build_layers
from cnnviz.core.outbox import Ready
from cnnviz.core.run_file_tasks import KnownFile
from cnnviz.core.saved_run import Before, Origin, SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.timeline import DEFAULT_BUDGET, Timeline
from cnnviz.ui.messages import RunRequest

MEGABYTE = 2**20
LEAST_BUDGET, MOST_BUDGET = 16 * MEGABYTE, 65_536 * MEGABYTE
MOST_DELETED = 3
"""Runs that can be brought back; until then they still take memory."""


@dataclass(eq=False)
class Run:
    """One run, as the list of runs shows it."""

    name: str
    color: int
    """Its place in the theme's row of colours."""
    data: str
    spec: Spec
    settings: Settings
    batches_per_epoch: int
    timeline: Timeline
    """Of the open run, the session's own; it grows."""
    parent: "Run | None" = None
    """The run it forked off, or that was open when it began."""
    differences: str | None = ""
    """What it began with that its parent had otherwise, in a few words; None: not known."""
    origin: Origin | None = None
    """Where it forked off; None if it began untrained."""
    notes: str = ""
    saved: SavedRun | None = None
    """All of it, once it was left."""
    path: Path | None = None
    """The file it is in."""
    in_file: tuple[object, ...] = field(default=())
    """What of it the file has, see `state`."""
    file: KnownFile | None = None
    """As it was read or written last."""

    @cached_property
    def parameters(self) -> int:
        """How many numbers its network learns."""
        layers = build_layers(self.spec.input_shape, self.spec.layers)
        return sum(prod(shape) for each in layers for shape in each.parameter_shapes.values())

    @property
    def state(self) -> tuple[object, ...]:
        """Differs whenever there is something to save that was not there before."""
        timeline = self.timeline
        marks = tuple(sorted(timeline.marks.items()))
        edited = tuple(timeline.edited[step] for step in sorted(timeline.edited))
        return len(timeline), edited, timeline.rate_changes, marks, self.name, self.notes

    @property
    def is_unsaved(self) -> bool:
        """Whether it has learned something, or has notes, that are in no file."""
        has_something = self.seconds > 0 or self.notes or self.timeline.marks
        return bool(has_something) and self.state != self.in_file

    @property
    def best_accuracy(self) -> float | None:
        """The best of the test set at an epoch's end, 0 to 1; None before the first."""
        best = self.timeline.best
        return best.test_accuracy if best else None

    @property
    def seconds(self) -> float:
        """Time trained, what its parent trained before it forked included."""
        return self.before.seconds + float(self.timeline.seconds.sum())

    @property
    def before(self) -> Before:
        """What was trained before this run began to count its batches."""
        if self.origin is None:
            return Before()
        return self.origin.before(self.timeline, self.batches_per_epoch)

    def complete(self, run: SavedRun) -> SavedRun:
        """`run` with what only the window knows of it."""
        marks = tuple(sorted(self.timeline.marks.items()))
        return replace(run, name=self.name, notes=self.notes, marks=marks, origin=self.origin)


def state_of(saved: SavedRun) -> tuple[object, ...]:
    """The `state` of a run that is all in `saved`."""
    return saved.step, saved.edited, saved.rates, saved.marks, saved.name, saved.notes


class Runs(QObject):
    """All of them in order of their beginning; deleting can be undone."""

    changed = Signal()
    """A run came, went, was left, named or noted."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.all: list[Run] = []
        self.open: Run | None = None
        self.budget = DEFAULT_BUDGET
        """Bytes that the snapshots of all runs may take."""
        self._deleted: list[tuple[int, Run]] = []

    @property
    def names(self) -> set[str]:
        """Those that are taken: not that of an open run which goes with the next."""
        return {run.name for run in self._staying()}

    def next_name(self) -> tuple[str, int]:
        """What the next run is called, and its colour."""
        names, colors = self.names, {run.color for run in self._staying()}
        number = next(number for number in count(1) if f"Run {number}" not in names)
        return f"Run {number}", next(color for color in count() if color not in colors)

    def _staying(self) -> list[Run]:
        runs = [*self.all, *(run for _, run in self._deleted)]
        return [run for run in runs if run is not self.open or _is_worth_keeping(run)]

    def begin(self, ready: Ready, request: RunRequest, run: Run | None, settings: Settings) -> None:
        """What is ready is open now: a run of the list, or a new one.

        `settings` were in force in the open run when that was left.
        """
        rest = (ready.spec, ready.settings, ready.status.batches_per_epoch, ready.timeline)
        if run is None:
            name, color = self.next_name()
            run = Run(name, color, request.data, *rest, parent=self.open)
            if run.parent:
                kept = ", weights kept" if request.weights else ""
                run.differences = differences(run.parent, run, settings) + kept
        run.data, run.saved = request.data, None
        _, run.settings, run.batches_per_epoch, run.timeline = rest
        self.enter(run)

    def enter(self, run: Run) -> None:
        """`run` is open now; the one before is left, and forgotten if it never learned."""
        left = self.open
        if left and left is not run and not _is_worth_keeping(left):
            self.all.remove(left)
            self._forget(left)
        if run not in self.all:
            self.all.append(run)
        self.open = run
        self.share_budget()
        self.changed.emit()

    def add(self, run: Run) -> None:
        """A run from elsewhere, which was left there."""
        self.all.append(run)
        self.share_budget()
        self.changed.emit()

    def share_budget(self) -> None:
        """The open run has half of the memory, those that were left share the rest."""
        for run, share in self._shares(self.budget):
            run.timeline.set_budget(share)
            if run is not self.open:
                self._thin(run)

    def would_thin(self, budget: int) -> bool:
        """Whether snapshots would go if they had to fit into so many bytes."""
        return any(not run.timeline.fits(share) for run, share in self._shares(budget))

    def _shares(self, budget: int) -> list[tuple[Run, int]]:
        half, left = budget // 2, [run for run in self.all if run is not self.open]
        shares = [(run, half // len(left)) for run in left]
        return [*shares, *([(self.open, half if left else budget)] if self.open else [])]

    def set_budget(self, budget: int) -> None:
        """Another number of bytes for all snapshots; what no longer fits is thinned at once."""
        self.budget = budget
        self.share_budget()
        self.changed.emit()

    def left(self, run: Run, saved: SavedRun) -> None:
        """The thread of a run that was left has told all of it."""
        run.saved = run.complete(saved)
        budget = run.timeline.budget
        run.timeline = run.saved.timeline(Timeline(budget))
        run.timeline.set_budget(budget)
        self._thin(run)
        self.changed.emit()

    def saved_to(
        self, path: Path, run: Run, saved: SavedRun, file: KnownFile | None = None
    ) -> None:
        """`path` has `saved` of `run` now, and nothing of a run that was there before."""
        for each in [*self.all, *(deleted for _, deleted in self._deleted)]:
            if each.path == path:
                each.path, each.in_file, each.file = None, (), None
        run.path, run.in_file, run.file = path, state_of(saved), file
        self.changed.emit()

    def rename(self, run: Run, name: str) -> None:
        """Another name; an empty one is none."""
        name = " ".join(name.split())
        if name and name != run.name:
            run.name = name
            self.changed.emit()

    def set_notes(self, run: Run, notes: str) -> None:
        """What the user has to say about it."""
        if notes != run.notes:
            run.notes = notes
            self.changed.emit()

    def delete(self, run: Run) -> None:
        """Takes a run that was left out of the list; its file, if it has one, stays."""
        if run is not self.open and run in self.all:
            self._deleted.append((self.all.index(run), run))
            if len(self._deleted) > MOST_DELETED:
                self._forget(self._deleted.pop(0)[1])
            self.all.remove(run)
            self.share_budget()
            self.changed.emit()

    def _forget(self, run: Run) -> None:
        """Nobody's parent any more, so that its memory is free."""
        for each in [*self.all, *(deleted for _, deleted in self._deleted)]:
            if each.parent is run:
                each.parent = None

    @property
    def last_deleted(self) -> Run | None:
        """What `undo_delete` brings back."""
        return self._deleted[-1][1] if self._deleted else None

    def undo_delete(self) -> None:
        """The run that was deleted last comes back to its place."""
        if self._deleted:
            place, run = self._deleted.pop()
            self.all.insert(min(place, len(self.all)), run)
            self.share_budget()
            self.changed.emit()

    @property
    def snapshot_bytes(self) -> int:
        """Memory that the snapshots of all runs take; forks share some, which count twice."""
        return sum(run.timeline.snapshot_bytes for run in self.all)

    @property
    def unsaved(self) -> list[Run]:
        """Those that have something that is in no file."""
        return [run for run in self.all if run.is_unsaved]

    def forks_of(self, run: Run) -> Iterable[tuple[int, str]]:
        """(step, name) of the runs that forked off `run`."""
        return [
            (each.origin.step, each.name) for each in self.all if each.origin and each.parent is run
        ]

    def _thin(self, run: Run) -> None:
        """What was left keeps no snapshot that its timeline has not."""
        if run.saved:
            steps = sorted(run.timeline.snapshots)
            kept = tuple(run.timeline.snapshots[step] for step in steps)
            pinned = frozenset(run.timeline.pinned & set(steps))
            run.saved = replace(
                run.saved, snapshots=kept, pinned=pinned, interval=run.timeline.interval
            )


def _is_worth_keeping(run: Run) -> bool:
    return bool(len(run.timeline) or run.origin or run.notes or run.timeline.marks)


def differences(parent: Run, run: Run, old: Settings) -> str:
    """What `run` begins with that `parent` had otherwise, with the settings `old` then."""
    new = run.settings
    found = []
    if run.data != parent.data:
        found.append("other data")
    if run.spec.layers != parent.spec.layers or run.spec.initializer != parent.spec.initializer:
        found.append("other network")
    for name, title in (
        ("optimizer", "optimiser"),
        ("learning_rate", "rate"),
        ("schedule", "schedule"),
        ("batch_size", "batch"),
        ("convolution", "convolution"),
        ("seed", "seed"),
    ):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            found.append(f"{title} {_plain(before)} → {_plain(after)}")
    return ", ".join(found)


def remembered_budget(value: object) -> int:
    """The budget of memory that was written down; nonsense is the usual one."""
    try:
        budget = int(str(value))
    except ValueError:
        return DEFAULT_BUDGET
    return budget if LEAST_BUDGET <= budget <= MOST_BUDGET else DEFAULT_BUDGET


def _plain(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
