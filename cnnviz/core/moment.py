"""A moment between two snapshots, trained again: the same bits as when it was there.

A task of its own beside the training that goes on. It works on a trainer of its own, which takes
the batches from the last snapshot before the moment.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from cnnviz.core.priority import let_others_first
from cnnviz.core.task import Task
from cnnviz.core.trainer import Interrupted, Snapshot, Trainer


@dataclass(frozen=True)
class Recomputed:
    """How far it is."""

    done: int = 0
    batches: int = 0
    """That it takes in all."""
    snapshot: Snapshot | None = None
    ended: bool = False
    failure: tuple[str, str] | None = None


class Moment(Task[Recomputed]):
    """Trains from `begin` to `step`."""

    def __init__(self, build: Callable[[], Trainer], begin: Snapshot, step: int) -> None:
        """`build` makes a trainer with all changes of rate and convolution, on the thread."""
        super().__init__("moment", Recomputed(batches=step - begin.step))
        self._build, self._begin, self.step = build, begin, step

    def _work(self) -> dict[str, Any]:
        let_others_first()
        with closing(self._build()) as trainer:
            trainer.restore(self._begin)
            try:
                while trainer.step < self.step:
                    trainer.train_batch(interrupted=self._cancelled.is_set)
                    self._tell(done=trainer.step - self._begin.step)
            except Interrupted:
                return {}
            return {"snapshot": trainer.snapshot()}
