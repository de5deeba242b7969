"""A fork: a run that goes on from a moment of another with other settings, while that one stays."""

from dataclasses import dataclass, fields, replace
from typing import TypeVar

from cnnviz.core.optimizers import optimizer
from cnnviz.core.saved_run import Before, Origin, SavedRun
from cnnviz.core.settings import Settings
from cnnviz.core.trainer import Snapshot

Value = TypeVar("Value")


@dataclass(frozen=True)
class Differences:
    """What a fork does otherwise; None for what stays as it is."""

    learning_rate: float | None = None
    optimizer: str | None = None
    batch_size: int | None = None
    convolution: str | None = None
    seed: int | None = None

    def of(self, settings: Settings) -> Settings:
        """`settings` with these differences; raises SettingsError for what makes no sense."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return replace(settings, **{name: v for name, v in values.items() if v is not None})


def fork(parent: SavedRun, at: Snapshot, batches_per_epoch: int, others: Differences) -> SavedRun:
    """A run that begins at the snapshot `at` of `parent`, in which it may lie between two others.

    `batches_per_epoch` is the parent's. With the same batch size it counts its batches on from
    there, with the history before, and sees the very images that the parent saw next (unless the
    seed is another). With another batch size it counts from 0. Another optimiser begins without
    memory, for what one remembers means nothing to the other. Raises SettingsError.
    """
    now = settings_at(parent, at.step)
    settings = others.of(now)
    state = at.optimizer_state
    if settings.optimizer != now.optimizer:
        state = optimizer(settings.optimizer)(at.vector).copy_state()
    counted = settings.batch_size == now.batch_size
    step = at.step if counted else 0
    begin = Snapshot(step, at.vector, state)
    timeline = parent.timeline()
    before = parent.origin.before(timeline, batches_per_epoch) if parent.origin else Before()
    same_past = counted and settings.optimizer == now.optimizer and settings.seed == now.seed
    kept = [each for each in parent.snapshots if same_past and each.step < step]
    steps = {each.step for each in kept}
    return replace(
        parent,
        settings=settings,
        rates=_changed(parent.rates if same_past else (), step, settings.learning_rate),
        convolutions=_changed(parent.convolutions if same_past else (), step, settings.convolution),
        epochs=tuple(epoch for epoch in parent.epochs if counted and epoch.step <= step),
        history={name: column[:step].copy() for name, column in parent.history.items()},
        snapshots=(*kept, begin),
        pinned=frozenset(parent.pinned & steps) | {step},
        newest=begin,
        notes="",
        edited=tuple(each for each in parent.edited if same_past and each.step <= step),
        diverged=(),
        marks=tuple(mark for mark in parent.marks if counted and mark[0] <= step),
        name="",
        origin=Origin(
            parent.name,
            at.step,
            counted,
            before.batches + at.step,
            before.epochs + at.step / batches_per_epoch,
            before.seconds + float(timeline.seconds[: at.step].sum()),
        ),
    )


def settings_at(run: SavedRun, step: int) -> Settings:
    """The settings of a run with the rate and the way of convolution in force at `step`."""
    return replace(
        run.settings,
        learning_rate=in_force(run.rates, step),
        convolution=in_force(run.convolutions, step),
    )


def in_force(changes: tuple[tuple[int, Value], ...], step: int) -> Value:
    """The last value that changed at or before `step`."""
    return [value for start, value in changes if start <= step][-1]


def _changed(
    changes: tuple[tuple[int, Value], ...], step: int, value: Value
) -> tuple[tuple[int, Value], ...]:
    """`value` from `step` on; the first of the changes is always from 0."""
    before = [(start, old) for start, old in changes if start < step]
    if not before:
        return ((0, value),)
    return tuple(before) if before[-1][1] == value else (*before, (step, value))
