"""Runs written to a file and read from one on a thread of their own, so that no window waits."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cnnviz.core.saved_run import SavedRun
from cnnviz.core.storage import load_run, write_run
from cnnviz.core.task import Task


@dataclass(frozen=True)
class KnownFile:
    """A run's file as we read or wrote it last, to tell what a later save would lose."""

    stamp: tuple[int, int] | None
    """Its size in bytes and when it was changed, in ns; None if nobody could tell."""
    moments: frozenset[int]
    """The steps of its snapshots."""

    def thinned(self, run: SavedRun) -> int | None:
        """How many of its moments `run` still has; None if it has all of them.

        What the user gave up by going back to an earlier batch is not missed.
        """
        wanted = {step for step in self.moments if step <= run.step}
        kept = wanted & {snapshot.step for snapshot in run.snapshots}
        return len(kept) if kept < wanted else None


def stamp_of(path: Path) -> tuple[int, int] | None:
    """The size and the time of the last change of a file; None if there is none to be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def known(stamp: tuple[int, int] | None, run: SavedRun) -> KnownFile:
    """The file of that stamp with all of `run` in it."""
    return KnownFile(stamp, frozenset(snapshot.step for snapshot in run.snapshots))


@dataclass(frozen=True)
class FileStanding:
    """Whether it is done, and what was read."""

    run: SavedRun | None = None
    file: KnownFile | None = None
    """As it is now."""
    was_changed: bool = False
    """Nothing was written, because the file is not as it was known."""
    left: int | None = None
    """Nothing was written, because only so many of the file's moments would be left."""
    ended: bool = False
    failure: tuple[str, str] | None = None


class Writing(Task[FileStanding]):
    """Writes a run to `path`, the whole of it or nothing. It is short, so it is not given up."""

    def __init__(self, path: Path, run: SavedRun, over: KnownFile | None = None) -> None:
        """With `over` it writes over this file only, and only if none of its moments is lost."""
        super().__init__("writing", FileStanding())
        self.path, self._run_to_write, self._over = path, run, over

    def _work(self) -> dict[str, Any]:
        found = stamp_of(self.path)
        if self._over and found is not None:
            if found != self._over.stamp:
                return {"was_changed": True}
            left = self._over.thinned(self._run_to_write)
            if left is not None:
                return {"left": left}
        write_run(self.path, self._run_to_write)
        return {"file": known(stamp_of(self.path), self._run_to_write)}


class Reading(Task[FileStanding]):
    """Reads the run in `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__("reading", FileStanding())
        self.path = path

    def _work(self) -> dict[str, Any]:
        stamp = stamp_of(self.path)  # first: what changes meanwhile shall be noticed
        run = load_run(self.path)
        return {"run": run, "file": known(stamp, run)}


def light(run: SavedRun, most_bytes: int) -> SavedRun:
    """`run` with few snapshots: the first, the last ones of epochs, those that are pinned.

    For a copy that is written again and again; training goes on from it with the same bits.
    """
    size = run.newest.nbytes
    room = max(most_bytes // size, 2)
    ends = [epoch.step for epoch in run.epochs][-(room - 1) :]
    steps = {run.snapshots[0].step, *ends, *run.pinned} if run.snapshots else set()
    kept = tuple(snapshot for snapshot in run.snapshots if snapshot.step in steps)
    pinned = frozenset(run.pinned & {snapshot.step for snapshot in kept})
    return replace(run, snapshots=kept, pinned=pinned)
