"""Keeps runs on disk: saves and opens them in the background, and copies them while they train.

The copies are for a crash: a folder for each window that is open, with a lock in it. A folder whose
window is gone without having closed is offered at the next start.
"""

import re
import shutil
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, count
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

import platformdirs
from PySide6.QtCore import QLockFile, QObject, QSettings, QTimer, Signal, Slot

from cnnviz.core.run_file_tasks import FileStanding, KnownFile, Reading, Writing, light
from cnnviz.core.saved_run import SavedRun
from cnnviz.ui.messages import Notice
from cnnviz.ui.runs import Run, state_of
from cnnviz.ui.session import Session, request_for
from cnnviz.ui.watched_tasks import POLL_MS, WatchedTasks

SUFFIX = ".cnnviz"
COPY_SECONDS = 30
"""Between two looks whether there is something to copy."""
LAST_COPY_SECONDS = 3
"""That an end which was not the user's wish may take for copies."""
COPY_BYTES = 16 * 2**20
"""Of snapshots, that a copy has at most beside those that are pinned."""
MOST_RECENT = 8

Done = Callable[[bool], None]
"""Told whether it worked."""


@dataclass(frozen=True)
class Loss:
    """What saving a run into its own file would take away from there."""

    path: Path
    moments: int | None = None
    """How many the file has; None if others have changed it, so that nobody knows."""
    left: int = 0
    """How many of them would be left."""


Ask = Callable[[Loss], None]
"""Asks the user about it."""


class Keeper(QObject):
    """What is in a file and what is not; nothing here asks the user."""

    changed = Signal()
    """A run was saved or opened, or there are other recent files."""

    def __init__(self, session: Session, parent: QObject, remember: bool = True) -> None:
        """Without `remember` no copies are made, and no files are known from the last time."""
        super().__init__(parent)
        self._session = session
        self._remember = remember
        self._tasks = WatchedTasks(self)
        self._copies: dict[Run, tuple[Path, tuple[object, ...]]] = {}
        self._saving = False
        self._saves: deque[Callable[[], None]] = deque()  # one after the other
        self._copying = False
        self._copies_due: float | None = None  # for the last ones
        self._number = 0
        self._folder = _copies_folder() / uuid4().hex
        self._lock: QLockFile | None = None
        self._copy_timer = QTimer(self)
        self._copy_timer.setInterval(1000 * COPY_SECONDS)
        self._copy_timer.timeout.connect(self.copy)
        if remember:
            self._copy_timer.start()

    # Saving.

    def save(
        self,
        run: Run,
        path: Path,
        done: Done = lambda worked: None,
        ask: Ask | None = None,
    ) -> None:
        """Writes all of `run` to `path`, in place of what is there; tells the user if it can't.

        With `ask`, for a run's own file, nothing is lost by it: if the file was changed by others,
        or has moments that the run has no more, it is left as it is and `ask` is called.
        """
        path = path.absolute()

        def write(saved: SavedRun) -> None:
            if self._saving:  # what it finds in the file would be its own
                self._saves.append(lambda: write(saved))
                return
            self._saving = True
            task = Writing(path, saved, run.file if ask else None)
            self._tasks.start(task, lambda standing: go_on(saved, standing))

        def go_on(saved: SavedRun, standing: FileStanding) -> None:
            self._saving = False
            finish(saved, standing)
            if self._saves and not self._saving:
                self._saves.popleft()()

        def finish(saved: SavedRun, standing: FileStanding) -> None:
            if ask and standing.was_changed:
                ask(Loss(path))
                return
            if ask and run.file and standing.left is not None:
                ask(Loss(path, len(run.file.moments), standing.left))
                return
            if standing.failure:
                self._session.noticed.emit(Notice(*standing.failure, "Try again", again))
            else:
                is_new = run.path != path
                self._session.runs.saved_to(path, run, saved, standing.file)
                self._remember_file(path)
                if is_new:
                    text = f"{run.name} is saved as {path.name}. Ctrl+S saves it there again."
                    self._session.noticed.emit(Notice(text, is_good=True))
            done(standing.failure is None)

        def again() -> None:
            self.save(run, path, ask=ask)

        self._session.capture(write, run)

    # Opening.

    def open(self, path: Path) -> None:
        """Reads the run in `path` and opens it; the run of now stays in the list."""
        path = path.absolute()
        known = next((run for run in self._session.runs.all if run.path == path), None)
        if known:
            self._session.open_again(known)
            return

        def finish(standing: FileStanding) -> None:
            if standing.run:
                self._take_in(standing.run, path, standing.file)
            elif standing.failure:
                self._session.noticed.emit(Notice(*standing.failure))

        self._tasks.start(Reading(path), finish)

    def _take_in(self, saved: SavedRun, path: Path, file: KnownFile | None) -> None:
        run = self._run_of(saved, path.stem)
        run.path, run.in_file, run.file = path, run.state, file
        self._remember_file(path)
        self._session.open_run(request_for(saved), run=run)

    def _run_of(self, saved: SavedRun, name: str) -> Run:
        runs = self._session.runs
        free, color = runs.next_name()
        taken = runs.names
        named = next((each for each in (saved.name, name) if each and each not in taken), free)
        batches = self._batches_per_epoch(saved)
        run = Run(named, color, saved.data, saved.spec, saved.settings, batches, saved.timeline())
        run.origin, run.notes, run.saved = saved.origin, saved.notes, saved
        run.differences = saved.origin.differences if saved.origin else None
        return run

    def _batches_per_epoch(self, saved: SavedRun) -> int:
        """Of a run that no trainer has opened yet; 1 where nothing tells."""
        if saved.epochs:
            return saved.epochs[-1].step // saved.epochs[-1].epoch
        dataset = self._session.dataset
        images = len(dataset.train) if dataset and dataset.name == saved.data else 0
        return max(images // saved.settings.batch_size, 1)

    # Recent files.

    @property
    def recent(self) -> list[Path]:
        """Files that were saved or opened last and are still there, the newest first."""
        kept = QSettings().value("files/recent", []) if self._remember else []
        names = [kept] if isinstance(kept, str) else list(kept) if isinstance(kept, list) else []
        return [Path(name) for name in names if Path(name).exists()]

    def _remember_file(self, path: Path) -> None:
        if self._remember:
            names = [str(path.absolute()), *map(str, self.recent)]
            QSettings().setValue("files/recent", list(dict.fromkeys(names))[:MOST_RECENT])
        self.changed.emit()

    # Copies for a crash.

    @Slot()
    def copy(self) -> None:
        """Copies the first run that has something that is neither in a file nor in a copy."""
        if self._copying or self._session.has_ended:
            return
        unsaved = self._session.runs.unsaved
        for run in self._copies.keys() - unsaved:  # in a file by now, or deleted
            with suppress(OSError):
                self._copies.pop(run)[0].unlink()
        for run in unsaved:
            if run not in self._copies or self._copies[run][1] != run.state:
                self._copying = True
                self._session.capture(partial(self._write_copy, run), run)
                return

    def copy_all(self, then: Callable[[], None]) -> None:
        """Copies all that is in no file, or what can be copied in a few seconds, then goes on."""
        if not self._remember:
            then()
        elif self._copies_due is None:
            self._after_copies, self._copies_due = then, monotonic() + LAST_COPY_SECONDS
            self._copy_timer.timeout.connect(self._look_after_copies)
            self._copy_timer.start(POLL_MS)

    @Slot()
    def _look_after_copies(self) -> None:
        """After each look whether there is something to copy."""
        if not self._copying or monotonic() > (self._copies_due or 0):
            self._copy_timer.stop()
            self._after_copies()

    def _write_copy(self, run: Run, saved: SavedRun) -> None:
        if not self._own_folder():
            self._copying = False
            return
        path = self._copies[run][0] if run in self._copies else self._next_copy()

        def finish(standing: FileStanding) -> None:
            # A full disk is told when the user saves; a copy that fails leaves the one before.
            self._copying = False
            if not standing.failure:
                self._copies[run] = path, state_of(saved)

        self._tasks.start(Writing(path, light(saved, COPY_BYTES)), finish)

    def _next_copy(self) -> Path:
        self._number += 1
        return self._folder / f"{self._number}{SUFFIX}"

    def _own_folder(self) -> bool:
        """Makes the folder of this window's copies, locked for as long as it lives."""
        if self._lock is None:
            with suppress(OSError):
                self._folder.mkdir(parents=True)
            lock = QLockFile(str(self._folder / "lock"))
            lock.setStaleLockTime(0)  # only a process that is gone gives it up
            self._lock = lock if lock.tryLock(0) else None
        return self._lock is not None

    @Slot()
    def offer_copies(self) -> None:
        """Offers what windows left behind that did not close, if there is any."""
        found = [path for folder in _left_behind() for path in sorted(folder.glob(f"*{SUFFIX}"))]
        if not found:
            return

        def recover() -> None:
            self._recover(found)

        what = "One run was" if len(found) == 1 else f"{len(found)} runs were"
        self._session.noticed.emit(
            Notice(f"The last time cnnviz ended all at once. {what} kept.", "", "Recover", recover)
        )

    def _recover(self, found: list[Path]) -> None:
        """The copies become this window's own, and runs in the list; the last one is opened."""
        if not self._own_folder():
            return
        for path in found:
            own = self._next_copy()
            with suppress(OSError):
                shutil.move(path, own)
                self._tasks.start(Reading(own), partial(self._take_copy, own))
        for folder in {path.parent for path in found}:
            if not list(folder.glob(f"*{SUFFIX}")):  # else it could not be moved, and stays
                shutil.rmtree(folder, ignore_errors=True)

    def _take_copy(self, path: Path, standing: FileStanding) -> None:
        if standing.run is None:
            self._session.noticed.emit(Notice(*standing.failure or ("", "")))
            return
        run = self._run_of(standing.run, self._recovered_name(standing.run.name))
        self._copies[run] = path, run.state
        self._session.runs.add(run)
        self._session.open_again(run)

    def _recovered_name(self, name: str) -> str:
        """What a run of that name is called while another has it: numpy-cnn 2 (recovered)."""
        taken = self._session.runs.names
        begin = re.sub(r" \(recovered( \d+)?\)$", "", name) or "Run"
        more = (f"{begin} (recovered {number})" for number in count(2))
        names = chain([f"{begin} (recovered)"], more)
        return next(each for each in names if each not in taken)

    # The end.

    def forget_copies(self) -> None:
        """Everything is saved or not wanted: the next start has nothing to offer."""
        self._copy_timer.stop()
        self._copies.clear()
        if self._lock:
            self._lock.unlock()
            self._lock = None
            shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def is_idle(self) -> bool:
        """Whether no thread of ours runs any more, and nothing waits to be saved."""
        return self._tasks.are_over and not self._saves


def _copies_folder() -> Path:
    return platformdirs.user_state_path("cnnviz") / "copies"


def _left_behind() -> list[Path]:
    """Folders whose window is gone."""
    found: list[Any] = []
    with suppress(OSError):
        for folder in sorted(_copies_folder().iterdir()):
            lock = QLockFile(str(folder / "lock"))
            lock.setStaleLockTime(0)
            if lock.tryLock(0):
                lock.unlock()
                found.append(folder)
    return found
