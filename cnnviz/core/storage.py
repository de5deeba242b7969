"""A run as one file: all that it takes to go on later with the same bits, and to look back.

The file is described in docs/file-format.md; archive.py knows how it lies on the disk, this file
what is in it. A file of today opens in every later version.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from cnnviz import __version__
from cnnviz.core import json_fields as fields
from cnnviz.core.archive import Archive, Unsound, one, stack, write_archive
from cnnviz.core.convolution import way
from cnnviz.core.errors import StorageError
from cnnviz.core.files import open_atomically
from cnnviz.core.optimizers import optimizer
from cnnviz.core.reading import open_warily, sound_layers
from cnnviz.core.saved_run import COLUMNS, Columns, Origin, SavedRun, capture
from cnnviz.core.settings import Settings, check_learning_rate
from cnnviz.core.spec import Spec
from cnnviz.core.timeline import EpochResult, Timeline
from cnnviz.core.trainer import Snapshot, Trainer
from cnnviz.core.workspace import Array

FORMAT = 2
MOST_THREADS = 1024
"""Beyond what any machine here has."""


# Writing.


def save_run(path: str | Path, trainer: Trainer, timeline: Timeline, notes: str = "") -> None:
    """Writes the run to `path`, the whole of it or nothing; raises CnnvizError if it can't."""
    write_run(path, capture(trainer, timeline, notes))


def write_run(path: str | Path, run: SavedRun) -> None:
    """The same for a run that was captured before, perhaps on another thread."""
    path = Path(path)
    like = _arrays(run.newest)
    newest = {f"newest/{name}.npy": one(array) for name, array in like.items()}
    stacks = {
        f"{folder}/{name}.npy": stack([_arrays(snapshot)[name] for snapshot in kept], like[name])
        for folder, kept in (("snapshots", run.snapshots), ("edited", run.edited))
        for name in like
    }
    history = {f"history/{name}.npy": one(column) for name, column in run.history.items()}
    try:
        with open_atomically(path) as file:
            write_archive(file, _to_json(run), history | newest | stacks)
    except Unsound as unsound:
        raise StorageError(
            f"{path} cannot be saved: {unsound}. Thin out its snapshots by a smaller budget of "
            "memory, then save it again."
        ) from None


def _arrays(snapshot: Snapshot) -> dict[str, Array]:
    return {"vector": snapshot.vector, **snapshot.optimizer_state}


def _to_json(run: SavedRun) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "cnnviz": run.cnnviz,
        "data": {"name": run.data, "fingerprint": run.fingerprint},
        "spec": run.spec.to_dict(),
        "settings": run.settings.to_dict(),
        "step": run.step,
        "rates": run.rates,
        "convolutions": run.convolutions,
        "epochs": [_epoch_to_json(epoch) for epoch in run.epochs],
        "snapshots": [snapshot.step for snapshot in run.snapshots],
        "pinned": sorted(run.pinned),
        "interval": run.interval,
        "notes": run.notes,
        "edited": [snapshot.step for snapshot in run.edited],
        "diverged": [(step, loss if math.isfinite(loss) else None) for step, loss in run.diverged],
        "marks": run.marks,
        "name": run.name,
        "origin": asdict(run.origin) if run.origin else None,
    }


def _epoch_to_json(epoch: EpochResult) -> dict[str, float | None]:
    values = asdict(epoch).items()
    return {name: value if math.isfinite(value) else None for name, value in values}


# Reading.


def load_run(path: str | Path) -> SavedRun:
    """The run in a file; raises StorageError saying what is wrong with any other file."""
    path = Path(path)
    with open_warily(path, StorageError, "a run that was saved (*.cnnviz)") as file:
        return _read(path, Archive(file))


def _read(path: Path, archive: Archive) -> SavedRun:
    data = archive.text()
    number = fields.as_whole("format", fields.field(data, "format"))
    if number > FORMAT:
        raise StorageError(
            f"{path} was saved by a newer cnnviz, in format {number}; this is {__version__}, which "
            f"knows formats up to {FORMAT}. Update cnnviz to open it."
        )
    if number < 1:
        raise Unsound(f"its “format” is {number}; the first was 1")
    spec = Spec.from_dict(fields.members(data, "spec"))
    settings = _settings(data)
    step = fields.as_whole("step", fields.field(data, "step"))
    states = _empty_states(archive, spec, settings)
    folders = ("newest", "snapshots", "edited") if number > 1 else ("newest", "snapshots")
    names = [(folder, name) for folder in folders for name in states]
    names += [("history", name) for name in COLUMNS]
    archive.check_names(f"{folder}/{name}.npy" for folder, name in names)
    source = fields.members(data, "data")
    snapshots = _snapshots(archive, data, "snapshots", states, step)
    later = _since_format_2(archive, data, states, step) if number > 1 else {}
    return SavedRun(
        cnnviz=fields.line(data, "cnnviz"),
        spec=spec,
        settings=settings,
        data=fields.line(source, "name"),
        fingerprint=fields.line(source, "fingerprint"),
        rates=_changes(data, "rates", check_learning_rate),
        convolutions=_changes(data, "convolutions", _known_way),
        epochs=_epochs(data, step),
        history=_history(archive, step),
        snapshots=snapshots,
        pinned=_pinned(data, snapshots),
        interval=max(fields.as_whole("interval", fields.field(data, "interval")), 1),
        newest=_newest(archive, states, step),
        notes=fields.text(data, "notes"),
        **later,
    )


def _since_format_2(
    archive: Archive, data: Mapping[str, Any], states: dict[str, Array], step: int
) -> dict[str, Any]:
    """What the first format did not have, by the fields of SavedRun."""
    origin = fields.field(data, "origin")
    return {
        "edited": _snapshots(archive, data, "edited", states, step),
        "diverged": _by_step(data, "diverged", step, fields.as_loss),
        "marks": _by_step(data, "marks", fields.LARGEST, fields.as_text),
        "name": fields.line(data, "name"),
        "origin": None if origin is None else _origin(fields.members(data, "origin")),
    }


def _by_step(
    data: Mapping[str, Any], name: str, last: int, read: Callable[[str, Any], fields.Value]
) -> tuple[tuple[int, fields.Value], ...]:
    pairs = fields.entries(data, name, fields.as_pair)
    fields.check_rising(name, [step for step, _ in pairs], last)
    return tuple((step, read(name, value)) for step, value in pairs)


def _origin(data: Mapping[str, Any]) -> Origin:
    differences = data.get("differences")
    return Origin(
        run=fields.line(data, "run"),
        step=fields.as_whole("origin: step", fields.field(data, "step")),
        counted=fields.as_yes_or_no("origin: counted", fields.field(data, "counted")),
        batches=fields.as_whole("origin: batches", fields.field(data, "batches")),
        epochs=fields.as_number("origin: epochs", fields.field(data, "epochs")),
        seconds=fields.as_number("origin: seconds", fields.field(data, "seconds")),
        differences=None if differences is None else fields.text(data, "differences"),
    )


def _settings(data: Mapping[str, Any]) -> Settings:
    settings = Settings.from_dict(fields.members(data, "settings"))
    fields.as_number("learning_rate", settings.learning_rate)
    fields.as_whole("epochs", settings.epochs)
    fields.as_whole("batch_size", settings.batch_size)
    fields.as_whole("threads", settings.threads, MOST_THREADS)
    return settings


def _empty_states(archive: Archive, spec: Spec, settings: Settings) -> dict[str, Array]:
    """What a snapshot of this network and optimiser holds, if the file has room for it."""
    parameters = sum(layer.parameter_count for layer in sound_layers(spec))
    archive.check_size("newest/vector.npy", parameters, itemsize=4)
    vector = np.zeros(parameters, np.float32)
    return {"vector": vector, **optimizer(settings.optimizer)(vector).state}


def _newest(archive: Archive, states: dict[str, Array], step: int) -> Snapshot:
    arrays = {
        name: archive.one(f"newest/{name}.npy", like.shape, like.dtype)
        for name, like in states.items()
    }
    return _snapshot(step, arrays)


def _snapshots(
    archive: Archive, data: Mapping[str, Any], folder: str, states: dict[str, Array], last: int
) -> tuple[Snapshot, ...]:
    steps = fields.entries(data, folder, fields.as_whole)
    fields.check_rising(folder, steps, last)
    stacks = {
        name: archive.stack(f"{folder}/{name}.npy", len(steps), like)
        for name, like in states.items()
    }
    return tuple(
        _snapshot(step, {name: rows[row] for name, rows in stacks.items()})
        for row, step in enumerate(steps)
    )


def _snapshot(step: int, arrays: dict[str, Array]) -> Snapshot:
    updates = arrays.get("steps")  # of Adam, whose formula fails for a negative number
    if updates is not None and not 0 <= updates[0] <= fields.LARGEST:
        raise Unsound(f"its optimiser made {updates[0]:g} updates in {step} batches")
    vector = arrays.pop("vector")
    return Snapshot(step, vector, arrays)


def _history(archive: Archive, step: int) -> Columns:
    columns: Columns = {}
    for name in COLUMNS:
        column = archive.one(f"history/{name}.npy", (step,), np.dtype(np.float64))
        if not np.all(np.isfinite(column)) or np.any(column < 0):
            raise Unsound(f"its {name} of a batch is no number, or below zero")
        columns[name] = column
    return columns


def _epochs(data: Mapping[str, Any], last: int) -> tuple[EpochResult, ...]:
    epochs = fields.entries(data, "epochs", _epoch)
    fields.check_rising("epochs", [epoch.epoch for epoch in epochs], last)
    fields.check_rising("epochs", [epoch.step for epoch in epochs], last)
    return tuple(epochs)


def _epoch(name: str, value: Any) -> EpochResult:
    if not isinstance(value, dict):
        raise Unsound(f"its “{name}” has an entry that is not an object")

    def number(what: str, read: Callable[[str, Any], float] = fields.as_number) -> float:
        return read(f"{name}: {what}", fields.field(value, what))

    return EpochResult(
        epoch=fields.as_whole("epoch", fields.field(value, "epoch")),
        step=fields.as_whole("step", fields.field(value, "step")),
        train_loss=number("train_loss", fields.as_loss),
        test_loss=number("test_loss", fields.as_loss),
        test_accuracy=number("test_accuracy"),
        seconds=number("seconds"),
        images_per_second=number("images_per_second"),
    )


def _changes(
    data: Mapping[str, Any], name: str, check: Callable[[Any], fields.Value]
) -> tuple[tuple[int, fields.Value], ...]:
    """What holds from which step on; they may lie ahead, for travelling back forgets none."""
    changes = fields.entries(data, name, fields.as_pair)
    steps = [step for step, _ in changes]
    fields.check_rising(name, steps, fields.LARGEST)
    if not steps or steps[0] != 0:
        raise Unsound(f"its “{name}” do not begin at step 0")
    return tuple((step, check(value)) for step, value in changes)


def _known_way(name: Any) -> str:
    way(str(name))
    return str(name)


def _pinned(data: Mapping[str, Any], snapshots: tuple[Snapshot, ...]) -> frozenset[int]:
    pinned = frozenset(fields.entries(data, "pinned", fields.as_whole))
    if not pinned <= {snapshot.step for snapshot in snapshots}:
        raise Unsound("it pins a snapshot that it does not have")
    return pinned
