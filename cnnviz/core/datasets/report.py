"""What reading data came to: how many of each class, what was left out and why, what changed."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np

from cnnviz.core.datasets.dataset import Dataset, Shape

Item = TypeVar("Item")
Progress = Callable[[str, int, int], None]
"""Told what is being done, how many are done, and of how many (0 if nobody knows yet)."""
Cancelled = Callable[[], bool]
"""Whether it shall be given up."""


class ReadingCancelled(Exception):
    """Reading was given up, as was asked."""


class LeftOut(NamedTuple):
    """Something that did not become an image of the data set."""

    where: str
    """A path, or a place in a file, fit to be printed."""
    reason: str
    """In plain words, without a full stop."""


@dataclass(frozen=True)
class Report:
    """What was read and what was not; plain data.

    path         what was read
    kind         what it turned out to be
    shape        (channels, height, width) of every image
    class_names  one for each class
    train, test  how many images of each class, in the order of class_names
    left_out     everything that is not among the images
    notes        sentences on what was converted, and on how images for testing were chosen
    """

    path: str
    kind: str
    shape: Shape
    class_names: tuple[str, ...]
    train: tuple[int, ...]
    test: tuple[int, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]

    @property
    def images(self) -> int:
        """How many there are in all."""
        return sum(self.train) + sum(self.test)


def report_on(
    dataset: Dataset,
    path: str | os.PathLike[str],
    kind: str,
    left_out: list[LeftOut],
    notes: list[str],
) -> Report:
    """The report of a data set that was read from `path`."""
    classes = len(dataset.class_names)
    train, test = (
        tuple(np.bincount(split.labels, minlength=classes).tolist())
        for split in (dataset.train, dataset.test)
    )
    notes = notes + _gaps(dataset.class_names, train, "to learn from")
    notes += _gaps(dataset.class_names, test, "to test on")
    return Report(
        path=printable(path),
        kind=kind,
        shape=dataset.input_shape,
        class_names=dataset.class_names,
        train=train,
        test=test,
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _gaps(names: tuple[str, ...], counts: tuple[int, ...], what: str) -> list[str]:
    """A sentence on the classes that have no image for something, if there are any."""
    without = [name for name, count in zip(names, counts, strict=True) if not count]
    if not without:
        return []
    more = f" and {len(without) - 5} more" if len(without) > 5 else ""
    which = "Class" if len(without) == 1 else "Classes"
    return [f"{which} {', '.join(without[:5])}{more} without an image {what}."]


def printable(path: str | os.PathLike[str]) -> str:
    """A path as text that can be shown and encoded, even if the file system's bytes are no text."""
    return os.fsencode(path).decode("utf-8", "replace")


def check(cancelled: Cancelled) -> None:
    """Raises ReadingCancelled if that is wished."""
    if cancelled():
        raise ReadingCancelled


def watched(
    stage: str, items: Sequence[Item], progress: Progress, cancelled: Cancelled
) -> Iterator[Item]:
    """Each item; on the way tells the progress, and raises ReadingCancelled if that is wished."""
    for done, item in enumerate(items):
        check(cancelled)
        if done % 64 == 0:
            progress(stage, done, len(items))
        yield item
    progress(stage, len(items), len(items))


def images(count: int) -> str:
    """A number of images for people."""
    return "1 image" if count == 1 else f"{count} images"
