"""Reads any data set, and says what became of it; on a thread of its own, if that is wished.

What it is, is told by what is there: a name, IDX files in a folder, class folders, .npz, .csv.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cnnviz.core.datasets.dataset import Dataset, Shape, Split
from cnnviz.core.datasets.digits import load_digits
from cnnviz.core.datasets.lookup import is_file, is_folder
from cnnviz.core.datasets.mnist import (
    FASHION_MNIST,
    MNIST,
    has_idx_files,
    is_available,
    load_fashion_mnist,
    load_idx_folder,
    load_mnist,
)
from cnnviz.core.datasets.options import Options, full_name, split_name
from cnnviz.core.datasets.report import (
    Cancelled,
    Progress,
    ReadingCancelled,
    Report,
    printable,
    report_on,
)
from cnnviz.core.datasets.shaping import check_memory, fitted
from cnnviz.core.datasets.tables import Watch
from cnnviz.core.errors import DataError
from cnnviz.core.task import Task

LOADERS = {"digits": load_digits, "mnist": load_mnist, "fashion-mnist": load_fashion_mnist}
"""The data sets that have a name of their own."""
PUBLISHED = {published.name: published for published in (MNIST, FASHION_MNIST)}
SUFFIXES = (".npz", ".csv")
KINDS = "a folder with a folder of images for each class, a folder of IDX files, .npz, .csv"


def load_dataset(name_or_path: str | Path) -> Dataset:
    """The data set of that name ("digits", "mnist", "fashion-mnist"), or the one at that path.

    A path leads to a folder of class folders, a folder of IDX files, an .npz or a .csv file;
    options may follow it, as in "photos?size=32x32" (see `Options`). A name wins over a folder
    called the same; "./mnist" is the folder. Raises DataError if there is neither, or if the data
    are missing or damaged.
    """
    return read_dataset(name_or_path)[0]


def read_dataset(
    name_or_path: str | Path,
    options: Options | None = None,
    progress: Progress = lambda stage, done, of: None,
    cancelled: Cancelled = lambda: False,
) -> tuple[Dataset, Report]:
    """The same, with a report of what was read, left out and converted.

    `options` go before those in the name; data sets with names of their own have none. `progress`
    is called on this thread. Raises ReadingCancelled soon after `cancelled()` says so.
    """
    if isinstance(name_or_path, str) and name_or_path in LOADERS:  # and says what it lacks
        dataset = LOADERS[name_or_path]()
        return dataset, report_on(dataset, name_or_path, dataset.title, [], [])
    if not is_there(name_or_path):
        raise DataError(
            f"There is no data set “{name_or_path}”; there are {', '.join(LOADERS)}, and any data "
            f"of your own, by their path: {KINDS}."
        )
    path, named = split_name(name_or_path)
    options = named if options is None else options
    if is_folder(path):
        if has_idx_files(path):
            return _read_idx(path, options, progress, cancelled)
        from cnnviz.core.datasets.class_folders import read_class_folders  # it imports Pillow

        return read_class_folders(path, options, progress, cancelled)
    from cnnviz.core.datasets.csv_table import read_csv
    from cnnviz.core.datasets.npz import read_npz

    read = read_npz if path.suffix.lower() == ".npz" else read_csv
    return read(path, options, Watch(progress, cancelled, []))


def is_there(name_or_path: str | Path) -> bool:
    """Whether there is something to read under that name or at that path; nothing is opened.

    Raises DataError if the options in the name make no sense.
    """
    if isinstance(name_or_path, str) and name_or_path in LOADERS:
        published = PUBLISHED.get(name_or_path)
        return published is None or is_available(published)
    path, _ = split_name(name_or_path)
    if not os.fspath(name_or_path):
        return False
    return is_folder(path) or (is_file(path) and path.suffix.lower() in SUFFIXES)


def _read_idx(
    folder: Path, options: Options, progress: Progress, cancelled: Cancelled
) -> tuple[Dataset, Report]:
    """IDX files as they are, unless a size or colour is chosen."""
    dataset = replace(
        load_idx_folder(folder),
        name=full_name(folder, options),
        title=printable(folder.absolute().name),
        source=f"IDX files in {printable(folder)}.",
    )
    channels, height, width = dataset.input_shape
    notes = []
    shape: Shape = (
        {"grey": 1, "rgb": 3}.get(options.colour, channels),
        *(options.size or (height, width)),
    )
    if shape != dataset.input_shape and channels in (1, 3):

        def fit(split: Split) -> Split:
            check_memory(len(split), shape)
            return Split(fitted(split.pixels, shape, progress, cancelled), split.labels)

        dataset = replace(dataset, train=fit(dataset.train), test=fit(dataset.test))
        notes.append("All images were brought to the size and colour that were chosen.")
    return dataset, report_on(dataset, folder, "a folder of IDX files", [], notes)


@dataclass(frozen=True)
class Standing:
    """Where a reading is; once `ended`, it stays so."""

    stage: str = ""
    """What is being done, in words."""
    done: int = 0
    of: int = 0
    """0 while nobody knows how many there are."""
    dataset: Dataset | None = None
    report: Report | None = None
    ended: bool = False
    failure: tuple[str, str] | None = None
    """What went wrong, and its traceback (empty if the user can mend it)."""


class Reading(Task[Standing]):
    """Reads a data set on a thread of its own; cancelled, it ends without one."""

    def __init__(self, name_or_path: str | Path, options: Options | None = None) -> None:
        super().__init__("reading", Standing())
        self._what = name_or_path, options

    def _work(self) -> dict[str, Any]:
        try:
            dataset, report = read_dataset(*self._what, self._take, self._cancelled.is_set)
        except ReadingCancelled:
            return {}
        return {"dataset": dataset, "report": report}

    def _take(self, stage: str, done: int, of: int) -> None:
        self._tell(stage=stage, done=done, of=of)
