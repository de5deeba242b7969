"""A saved run goes on in the terminal: what may be asked beside it, and what that changes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnviz.core import CnnvizError, DataError, Dataset, Trainer, load_dataset
from cnnviz.core.saved_run import SavedRun
from cnnviz.core.storage import load_run
from cnnviz.terminal import Run

CHANGEABLE = ("data", "epochs", "learning_rate", "convolution")
"""Options that may differ from the file's; all others are what the run is."""


def resume(path: Path, given: Mapping[str, Any]) -> Run:
    """The run in `path`, ready to go on with the options that were `given`, by their names.

    Raises CnnvizError if the file, its data or an option does not allow that.
    """
    saved = load_run(path)
    _check_given(path, saved, given)
    saved = _with_epochs(path, saved, given.get("epochs"))
    trainer = saved.trainer(_data(path, saved, given.get("data")))
    try:
        _change(trainer, given)
    except CnnvizError:
        trainer.close()
        raise
    return Run(
        trainer,
        saved.timeline(),
        begin=saved.step,
        notes=saved.notes,
        name=saved.name,
        origin=saved.origin,
    )


def _check_given(path: Path, saved: SavedRun, given: Mapping[str, Any]) -> None:
    was = saved.settings.to_dict() | {"network": saved.spec.name}
    for name, value in given.items():
        if name not in CHANGEABLE and value != was[name]:
            option = f"--{name.replace('_', '-')}"
            raise CnnvizError(
                f"The run in {path} has {option} {was[name]} and cannot go on with {value}. "
                f"Leave out {option}, or begin a new run without --resume."
            )


def _with_epochs(path: Path, saved: SavedRun, epochs: int | None) -> SavedRun:
    """With that many epochs in all; raises CnnvizError if nothing is left to train."""
    planned = saved.settings.epochs
    if epochs not in (None, planned) and saved.settings.schedule != "constant":
        raise CnnvizError(
            f"The rate of the run in {path} follows {saved.settings.schedule} over {planned} "
            f"epochs, so it cannot have {epochs}. Leave out --epochs, or begin a new run."
        )
    settings = replace(saved.settings, epochs=planned if epochs is None else epochs)
    done = saved.epochs[-1].epoch if saved.epochs else 0
    if done >= settings.epochs:
        raise CnnvizError(
            f"The run in {path} has its {done} epochs already. "
            "Say with --epochs how many it shall have in all."
        )
    return replace(saved, settings=settings)


def _data(path: Path, saved: SavedRun, name: str | None) -> Dataset:
    """The data it was trained on, where they were then or under the name that is given now."""
    try:
        return load_dataset(name or saved.data)
    except DataError as error:
        raise DataError(
            f"The data of the run in {path} are not to be had. {error} "
            "If they are elsewhere now, say where with --data."
        ) from None


def _change(trainer: Trainer, given: Mapping[str, Any]) -> None:
    """What may change while a run goes on holds from the next batch."""
    if "learning_rate" in given:
        trainer.set_learning_rate(given["learning_rate"])
    if "convolution" in given:
        trainer.set_convolution(given["convolution"])


def is_same_file(path: Path, other: Path | None) -> bool:
    """Whether both lead to one file that exists."""
    with suppress(OSError):
        return other is not None and path.samefile(other)
    return False
