"""What leaves the training thread: entries in order of what happened, the newest vector, times.

All of it is plain data and copies, or what nobody writes to any more.
"""

from dataclasses import dataclass, field

from cnnviz.core.datasets import Dataset
from cnnviz.core.edits import Edits
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.status import Status
from cnnviz.core.stopwatch import Row
from cnnviz.core.time_history import BatchTimes
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import BatchResult, Snapshot
from cnnviz.core.workspace import Array


@dataclass(frozen=True)
class Ready:
    """The trainer is built, and nothing is trained since."""

    dataset: Dataset
    spec: Spec
    settings: Settings
    status: Status
    snapshot: Snapshot
    """Where training begins, or goes on."""
    timeline: Timeline
    """What was recorded before: a timeline of the watcher's own."""


@dataclass(frozen=True)
class Kept:
    """A snapshot to go back to. Nobody writes to it any more: whoever watches may keep it too."""

    snapshot: Snapshot


@dataclass(frozen=True)
class Restored:
    """Training went back to `step`: what was recorded after it is void."""

    step: int


@dataclass(frozen=True)
class Edited:
    """Edits by hand went into the weights at `step`; training goes on from them."""

    step: int
    edits: Edits
    snapshot: Snapshot
    """Of just after."""


@dataclass(frozen=True)
class EditsForgotten:
    """Nothing was edited any more: training goes back to what was there before all edits."""


@dataclass(frozen=True)
class Changed:
    """Another learning rate or way of convolution; each as (from step, value), the first from 0."""

    rates: tuple[tuple[int, float], ...]
    convolutions: tuple[tuple[int, str], ...]


@dataclass(frozen=True)
class Captured:
    """The whole run as it was when somebody asked, or when the thread ended."""

    run: SavedRun


@dataclass(frozen=True)
class LossDiverged:
    """The loss of the batch after `step` was not finite. Training paused; `back_to` is sound."""

    step: int
    loss: float
    back_to: int


@dataclass(frozen=True)
class Failed:
    """The thread ended by an exception; `details` is a traceback, or empty if the user can act."""

    message: str
    details: str


Entry = (
    BatchResult
    | Kept
    | EpochResult
    | Ready
    | Restored
    | Edited
    | EditsForgotten
    | Changed
    | Captured
    | LossDiverged
    | Failed
)


@dataclass
class Outbox:
    """What happened since the last drain, in order; the newest vector and the time it took."""

    entries: list[Entry] = field(default_factory=list)
    vector: tuple[int, Array] | None = None
    """(step, copy of the flat vector); only the newest is kept."""
    newest: Snapshot | None = None
    """With what the optimiser remembers, where that is wanted; not always of the same step."""
    seconds: dict[Row, float] = field(default_factory=dict)
    """Wall time by row, summed over `timed_batches`."""
    timed_batches: int = 0
    times: list[BatchTimes] = field(default_factory=list)
    """Of each of them that is still part of history, in order; a Restored is carried out."""


def mirror(entry: Entry, timeline: Timeline) -> None:
    """Does to a watcher's timeline what happened to the runner's."""
    if isinstance(entry, BatchResult):
        timeline.record(entry)
    elif isinstance(entry, Kept):
        timeline.keep(entry.snapshot)
    elif isinstance(entry, EpochResult):
        timeline.epochs.append(entry)
    elif isinstance(entry, Restored):
        timeline.cut(entry.step)
    elif isinstance(entry, Edited):
        timeline.keep_edited(entry.snapshot)
    elif isinstance(entry, EditsForgotten):
        timeline.forget_edits()
    elif isinstance(entry, Changed):
        timeline.rate_changes, timeline.convolution_changes = entry.rates, entry.convolutions
    elif isinstance(entry, LossDiverged):
        timeline.diverged[entry.step] = entry.loss
