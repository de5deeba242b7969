"""Runs written to a file and read from one on a thread of their own, so that no window waits."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cnnviz.core.saved_run import SavedRun
from cnnviz.core.storage import load_run, write_run
from cnnviz.core.task import Task


@dataclass(frozen=True)
class FileStanding:
    """Whether it is done, and what was read."""

    run: SavedRun | None = None
    ended: bool = False
    failure: tuple[str, str] | None = None


class Writing(Task[FileStanding]):
    """Writes a run to `path`, the whole of it or nothing. It is short, so it is not given up."""

    def __init__(self, path: Path, run: SavedRun) -> None:
        super().__init__("writing", FileStanding())
        self.path, self._run_to_write = path, run

    def _work(self) -> dict[str, Any]:
        write_run(self.path, self._run_to_write)
        return {}


class Reading(Task[FileStanding]):
    """Reads the run in `path`."""

    def __init__(self, path: Path) -> None:
        super().__init__("reading", FileStanding())
        self.path = path

    def _work(self) -> dict[str, Any]:
        return {"run": load_run(self.path)}


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
