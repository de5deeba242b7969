"""A run as plain data: all that it takes to go on later with the same bits, and to look back."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnviz import __version__
from cnnviz.core.datasets import Dataset
from cnnviz.core.errors import StorageError
from cnnviz.core.layers import build_layers
from cnnviz.core.optimizers import optimizer
from cnnviz.core.settings import Settings
from cnnviz.core.spec import Spec
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Snapshot, Trainer
from cnnviz.core.workspace import Array

COLUMNS = ("loss", "accuracy", "rate", "seconds")
"""Of the history: what is known of every batch."""

Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Origin:
    """Where a run forked off another."""

    run: str
    """The other's name."""
    step: int
    """Of the other, where this one began."""
    counted: bool
    """Whether this one counts its batches on from there; else from 0."""
    batches: int
    epochs: float
    seconds: float
    """What had been trained by then in all, also before the other forked off in its turn."""
    differences: str | None = None
    """What this one began with otherwise, in a few words; None where that is not known."""

    def before(self, timeline: Timeline, batches_per_epoch: int) -> "Before":
        """What was trained before the first batch that this one has in its own `timeline`."""
        own = self.step if self.counted else 0
        seconds = self.seconds - float(timeline.seconds[:own].sum())
        return Before(self.batches - own, self.epochs - own / batches_per_epoch, seconds)


@dataclass(frozen=True)
class Before:
    """What was trained before a run began to count, so that curves can be laid over each other."""

    batches: int = 0
    epochs: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class SavedRun:
    """A run as plain data: copies or what is never written to, so any thread may save it."""

    cnnviz: str
    """The version that wrote it."""
    spec: Spec
    settings: Settings
    data: str
    """The name of the data set, as `load_dataset` takes it."""
    fingerprint: str
    """Of the data set, see Dataset.fingerprint."""
    rates: tuple[tuple[int, float], ...]
    """(from step, base rate), the first from 0."""
    convolutions: tuple[tuple[int, str], ...]
    epochs: tuple[EpochResult, ...]
    history: Columns
    snapshots: tuple[Snapshot, ...]
    pinned: frozenset[int]
    interval: int
    newest: Snapshot
    """Where training goes on."""
    notes: str = ""
    edited: tuple[Snapshot, ...] = ()
    """Of just after edits by hand."""
    diverged: tuple[tuple[int, float], ...] = ()
    """(step, the loss of the batch after it that was not finite)"""
    marks: tuple[tuple[int, str], ...] = ()
    """(step, a note of the user's)"""
    name: str = ""
    origin: Origin | None = None

    @property
    def step(self) -> int:
        """Batches trained."""
        return self.newest.step

    def timeline(self, timeline: Timeline | None = None) -> Timeline:
        """All that was recorded, in a new timeline or in one that is empty."""
        timeline = Timeline() if timeline is None else timeline
        timeline.extend(np.stack([self.history[name] for name in COLUMNS]))
        timeline.epochs = list(self.epochs)
        timeline.snapshots = {snapshot.step: snapshot for snapshot in self.snapshots}
        timeline.pinned = set(self.pinned)
        timeline.interval = self.interval
        timeline.edited = {snapshot.step: snapshot for snapshot in self.edited}
        timeline.rate_changes, timeline.convolution_changes = self.rates, self.convolutions
        timeline.diverged, timeline.marks = dict(self.diverged), dict(self.marks)
        return timeline

    def trainer(self, dataset: Dataset) -> Trainer:
        """A trainer that goes on as if it had never stopped; raises StorageError for other data."""
        self.check_data(dataset)
        trainer = Trainer(self.spec, dataset, self.settings)
        take_changes(trainer, self.rates, self.convolutions)
        trainer.restore(self.newest)
        return trainer

    def check_data(self, dataset: Dataset) -> None:
        """Raises StorageError unless these are the images and labels it was trained on."""
        if self.fingerprint != dataset.fingerprint or not is_made_for(self.spec, dataset):
            raise StorageError(
                f"The run was trained on other data than {dataset.title} is now: images, labels or "
                f"classes differ. It can go on only with what was “{self.data}” then."
            )


def is_made_for(spec: Spec, dataset: Dataset) -> bool:
    """Whether its input has the shape of these images, and its output a number for each class."""
    classes = len(dataset.class_names)
    output = build_layers(spec.input_shape, spec.layers)[-1].output_shape
    return spec == spec.fitted(dataset.input_shape, classes) and output == (classes,)


def beginning(spec: Spec, vector: Array, settings: Settings, dataset: Dataset) -> SavedRun:
    """A run of no batch that begins with these weights instead of drawn ones."""
    state = optimizer(settings.optimizer)(vector.copy()).copy_state()
    begin = Snapshot(0, vector.copy(), state)
    return SavedRun(
        cnnviz=__version__,
        spec=spec,
        settings=settings,
        data=dataset.name,
        fingerprint=dataset.fingerprint,
        rates=((0, settings.learning_rate),),
        convolutions=((0, settings.convolution),),
        epochs=(),
        history={name: np.empty(0) for name in COLUMNS},
        snapshots=(begin,),
        pinned=frozenset(),
        interval=Timeline().interval,
        newest=begin,
    )


def take_changes(
    trainer: Trainer, rates: Iterable[tuple[int, float]], ways: Iterable[tuple[int, str]]
) -> None:
    """Has the trainer know of changes of rate and convolution, as (from step, value)."""
    for step, rate in rates:
        trainer.set_learning_rate(rate, step)
    for step, name in ways:
        trainer.set_convolution(name, step)


def capture(trainer: Trainer, timeline: Timeline, notes: str = "") -> SavedRun:
    """The run as it is now, quickly; to be called on the thread that trains.

    Raises ValueError if the history ends elsewhere than the trainer is.
    """
    if trainer.step != len(timeline):
        raise ValueError(f"the trainer is at step {trainer.step}, the history at {len(timeline)}")
    columns = (timeline.losses, timeline.accuracies, timeline.rates, timeline.seconds)
    return SavedRun(
        cnnviz=__version__,
        spec=trainer.network.spec,
        settings=trainer.settings,
        data=trainer.dataset.name,
        fingerprint=trainer.dataset.fingerprint,
        rates=trainer.rate_changes,
        convolutions=trainer.convolution_changes,
        epochs=tuple(timeline.epochs),
        history={name: column.copy() for name, column in zip(COLUMNS, columns, strict=True)},
        snapshots=tuple(timeline.snapshots[step] for step in sorted(timeline.snapshots)),
        pinned=frozenset(timeline.pinned & timeline.snapshots.keys()),
        interval=timeline.interval,
        newest=trainer.snapshot(),
        notes=notes,
        edited=tuple(timeline.edited[step] for step in sorted(timeline.edited)),
        diverged=tuple(sorted(timeline.diverged.items())),
        marks=tuple(sorted(timeline.marks.items())),
    )
