"""Which files a folder of class folders holds, before any is opened.

    photos/cat/1.png  photos/dog/…              a folder for each class, or
    photos/train/cat/…  photos/test/cat/…       the same twice, if both are there

Below a class folder, folders may be nested. What is met in no class folder is left out and named.
"""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from cnnviz.core.datasets.lookup import is_folder
from cnnviz.core.datasets.report import Cancelled, LeftOut, Progress, check, printable
from cnnviz.core.datasets.splitting import natural
from cnnviz.core.errors import DataError

TRAIN_NAMES = ("train", "training")
TEST_NAMES = ("test", "testing", "val", "valid", "validation")
"""Folders for testing, the best first."""
MOST_FILES = 2_000_000
DEEPEST = 16
STAGE = "Looking for images"
CLUTTER = ("thumbs.db", "desktop.ini", "__macosx")
"""What systems leave behind, in lower case."""

ClassFiles = dict[str, list[str]]
"""The paths of a class's files, by the name of its folder."""


@dataclass
class Found:
    """What a folder holds; classes in natural order, paths in the order of their names."""

    train: ClassFiles = field(default_factory=dict)
    test: ClassFiles | None = None
    """None if the folder does not say which images test."""
    folders: list[Path] = field(default_factory=list)
    """Those that the class folders are in."""
    left_out: list[LeftOut] = field(default_factory=list)


def scan(folder: Path, progress: Progress, cancelled: Cancelled) -> Found:
    """What `folder` holds, in an order that does not depend on the file system's.

    Raises DataError if it cannot be listed or holds far too much, ReadingCancelled.
    """
    if folder.absolute().parent == folder.absolute():
        raise DataError(
            f"{folder} is the whole disk, and lacks train-images-idx3-ubyte and the other files of "
            "IDX data. Name a folder that has a folder of images for each class."
        )
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise DataError(
            f"{printable(folder)} cannot be opened: {_reason(error)}. Check its permissions."
        ) from None
    scanner = _Scanner(Found(), progress, cancelled)
    children = scanner.children(os.fspath(folder))
    folders = [name for name in children if is_folder(folder / name)]
    train, test = _first_of(TRAIN_NAMES, folders), _first_of(TEST_NAMES, folders)
    if not (train and test):
        scanner.found.folders = [folder]
        scanner.found.train = scanner.classes(folder)
        return scanner.found
    for name in children:
        if name not in (train, test):
            scanner.leave_out(
                str(folder / name), "it is neither in the training nor the test folder"
            )
    scanner.found.folders = [folder / train, folder / test]
    scanner.found.train = scanner.classes(folder / train)
    scanner.found.test = scanner.classes(folder / test)
    return scanner.found


def _first_of(wanted: tuple[str, ...], names: list[str]) -> str | None:
    by_lower = {name.lower(): name for name in names}
    return next((by_lower[name] for name in wanted if name in by_lower), None)


@dataclass
class _Scanner:
    found: Found
    progress: Progress
    cancelled: Cancelled
    seen: int = 0

    def leave_out(self, path: str, reason: str) -> None:
        self.found.left_out.append(LeftOut(printable(path), reason))

    def children(self, folder: str) -> list[str]:
        """The names in a folder in natural order, without what is hidden."""
        names = []
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    check(self.cancelled)
                    self._count(folder)
                    if entry.name.startswith(".") or entry.name.lower() in CLUTTER:
                        self.leave_out(entry.path, "it is hidden, or left there by the system")
                    else:
                        names.append(entry.name)
        except OSError as error:
            self.leave_out(folder, f"the folder cannot be opened: {_reason(error)}")
        return sorted(names, key=natural)

    def _count(self, folder: str) -> None:
        self.seen += 1
        if self.seen % 1000 == 0:
            self.progress(STAGE, self.seen, 0)
        if self.seen > MOST_FILES:
            raise DataError(
                f"There are more than {MOST_FILES} files, counted up to {printable(folder)}. "
                "Name a smaller folder, one that has a folder for each class."
            )

    def classes(self, folder: Path) -> ClassFiles:
        """The files of each class folder."""
        classes = {}
        for name in self.children(os.fspath(folder)):
            path = os.fspath(folder / name)
            if is_folder(path):
                classes[name] = list(self._files(path, (_identity(folder),)))
            else:
                self.leave_out(path, "it is in no class's folder")
        return classes

    def _files(self, folder: str, above: tuple[tuple[int, int] | None, ...]) -> Iterator[str]:
        """All files below; `above` are the folders on the way here, which no link may lead to."""
        me = _identity(folder)
        if me in above:
            self.leave_out(folder, "it is a link back to a folder that it is in")
            return
        if len(above) > DEEPEST:
            self.leave_out(folder, f"it is nested more than {DEEPEST} folders deep")
            return
        for name in self.children(folder):
            path = os.path.join(folder, name)  # noqa: PTH118 - a Path takes six times as long, and files are many
            if is_folder(path):
                yield from self._files(path, (*above, me))
            else:
                yield path


def _identity(folder: str | Path) -> tuple[int, int] | None:
    """What a folder is on the disk, whatever links lead to it."""
    try:
        found = Path(folder).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _reason(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM):
        return "permission denied"
    return error.strerror or str(error)
