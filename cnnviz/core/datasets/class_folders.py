"""A folder of class folders becomes a data set: glance at every file, agree on a shape, read all.

Two passes, so that memory is taken once, and for the final images only. One thread: two were slower
with small images, where Python is the limit, and large JPEGs are decoded small anyway.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnviz.core.datasets import pictures
from cnnviz.core.datasets.dataset import Dataset, Shape, Split
from cnnviz.core.datasets.folder_scan import Found, scan
from cnnviz.core.datasets.options import Options, full_name
from cnnviz.core.datasets.pictures import Glance, UnreadableError
from cnnviz.core.datasets.report import (
    Cancelled,
    LeftOut,
    Progress,
    Report,
    images,
    printable,
    report_on,
    watched,
)
from cnnviz.core.datasets.shaping import (
    check_memory,
    common_size,
    is_grey,
    resize_note,
    split_note,
)
from cnnviz.core.datasets.splitting import natural, stratified
from cnnviz.core.errors import DataError

KIND = "a folder of class folders"


class _Item(NamedTuple):
    path: str
    kind: str
    """The name of its class's folder."""
    tests: bool


def read_class_folders(
    folder: Path, options: Options, progress: Progress, cancelled: Cancelled
) -> tuple[Dataset, Report]:
    """The data set in a folder that has a folder of images for each class, and its report.

    Classes are named after their folders, in natural order. The images of each split are shuffled
    by the seed, so that those of one class do not stand together. Raises DataError if there are no
    images, only one class, or more than fits, and ReadingCancelled.
    """
    pictures.keep_pillow_quiet()
    found = scan(folder, progress, cancelled)
    reader = _Reader(found.left_out, progress, cancelled)
    items = reader.glance_at(_items(found))
    shape = reader.common_shape(options)
    items, pixels = reader.read(items, shape)
    if options.colour == "auto" and shape[0] == 3 and is_grey(pixels):
        pixels = pixels[:, :1]
        reader.notes.append("Stored in colour, but all are grey: one channel is enough.")
    names = _class_names(folder, found, items)
    train, test = _splits(folder, items, pixels, names, options, found.test is not None)
    dataset = Dataset(
        name=full_name(folder, options),
        title=printable(folder.absolute().name),
        train=train,
        test=test,
        class_names=tuple(map(printable, names)),
        source=f"Images in {printable(folder)}.",
    )
    told = "The folders say which images test." if found.test is not None else split_note(options)
    return dataset, report_on(dataset, folder, KIND, found.left_out, [*reader.notes, told])


def _items(found: Found) -> list[_Item]:
    return [
        _Item(path, kind, tests)
        for tests, classes in ((False, found.train), (True, found.test or {}))
        for kind, paths in classes.items()
        for path in paths
    ]


class _Reader:
    """Looks at items and reads them; takes down why it could not, and what it changed."""

    def __init__(self, left_out: list[LeftOut], progress: Progress, cancelled: Cancelled) -> None:
        self.notes: list[str] = []
        self._left_out = left_out
        self._progress = progress
        self._cancelled = cancelled
        self._glances: dict[_Item, Glance] = {}

    def glance_at(self, items: list[_Item]) -> list[_Item]:
        """Those that seem to be images; many that are damaged further on do."""
        for item in watched("Looking at images", items, self._progress, self._cancelled):
            try:
                self._glances[item] = pictures.glance(item.path)
            except UnreadableError as error:
                self._leave_out(item, error)
        return list(self._glances)

    def common_shape(self, options: Options) -> Shape:
        """What all images shall have: the chosen size and channels, or what most of them have."""
        glances = self._glances.values()
        sizes = Counter(glance.size for glance in glances) or Counter([(1, 1)])
        size = options.size or common_size(sizes)
        grey = sum(glance.is_grey for glance in glances)
        channels = {"grey": 1, "rgb": 3}.get(options.colour, 1 if 2 * grey > len(glances) else 3)
        return channels, *size

    def read(self, items: list[_Item], shape: Shape) -> tuple[list[_Item], NDArray[np.uint8]]:
        """Those that are images to their end, and their pixels (n, *shape)."""
        check_memory(len(items), shape)
        channels, *size = shape
        pixels = np.empty((len(items), *shape), np.uint8)
        kept: list[_Item] = []
        changes: Counter[str] = Counter()
        for item in watched("Reading images", items, self._progress, self._cancelled):
            try:
                pixels[len(kept)], done = pictures.read(item.path, (size[0], size[1]), channels)
            except UnreadableError as error:
                self._leave_out(item, error)
                continue
            kept.append(item)
            changes.update(done)
        self._note(kept, changes, shape)
        return kept, pixels[: len(kept)]

    def _note(self, kept: list[_Item], changes: Counter[str], shape: Shape) -> None:
        channels, *size = shape
        glances = [self._glances[item] for item in kept]
        if channels == 3 and (grey := sum(glance.is_grey for glance in glances)):
            changes["grey, made three channels alike"] = grey
        self.notes += resize_note(Counter(glance.size for glance in glances), (size[0], size[1]))
        self.notes += [f"{images(count)} {what}." for what, count in sorted(changes.items())]

    def _leave_out(self, item: _Item, error: UnreadableError) -> None:
        self._left_out.append(LeftOut(printable(item.path), str(error)))


def _class_names(folder: Path, found: Found, items: list[_Item]) -> list[str]:
    """Of the classes that have images, in natural order; the other folders are left out."""
    if not items:
        raise DataError(_nothing(folder, found))
    names = {item.kind for item in items}
    if len(names) < 2:
        raise DataError(
            f"{printable(folder)} has images of one class only, “{printable(*names)}”, so there is "
            "nothing to tell apart. Name the folder that has a folder for each class."
        )
    for parent, classes in zip(found.folders, (found.train, found.test or {}), strict=False):
        for name in (name for name in classes if name not in names):
            reason = "there is no image in it that can be read, so it is no class"
            found.left_out.append(LeftOut(printable(parent / name), reason))
    return sorted(names, key=natural)


def _nothing(folder: Path, found: Found) -> str:
    classes = len(found.train) + len(found.test or {})
    first = next(iter(found.left_out), None)
    what = f"has no image in its {classes} class folders" if classes else "has no class folders"
    why = f" ({first.where}: {first.reason}, for one)" if first else ""
    return (
        f"{printable(folder)} {what}{why}, and lacks train-images-idx3-ubyte and the other files "
        "of IDX data. Name a folder that has a folder of images for each class."
    )


def _splits(
    folder: Path,
    items: list[_Item],
    pixels: NDArray[np.uint8],
    names: list[str],
    options: Options,
    is_decided: bool,
) -> tuple[Split, Split]:
    """The images to learn from and to test on, each shuffled."""
    numbers = {name: number for number, name in enumerate(names)}
    labels = np.array([numbers[item.kind] for item in items], np.int64)
    if is_decided:
        tests = np.array([item.tests for item in items])
        train, test = np.flatnonzero(~tests), np.flatnonzero(tests)
    else:
        train, test = stratified(labels, options.test, options.seed)
    for what, chosen in (("train", train), ("test", test)):
        if not len(chosen):
            raise DataError(f"{printable(folder)} has no image to {what} on that can be read.")
    rng = np.random.default_rng(options.seed)
    orders = rng.permutation(train), rng.permutation(test)
    first, second = (Split(pixels[order], labels[order]) for order in orders)
    return first, second
