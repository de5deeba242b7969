"""Work on threads: told, cancelled, and forgotten once it is over."""

import gc
import weakref
from dataclasses import dataclass

from cnnviz.core.task import Task, Tasks

PATIENCE = 30


@dataclass(frozen=True)
class Standing:
    ended: bool = False
    failure: tuple[str, str] | None = None
    found: str = ""


class Short(Task[Standing]):
    def __init__(self):
        super().__init__("short", Standing())

    def _work(self):
        return {"found": "something"}


class Endless(Short):
    def _work(self):
        self._cancelled.wait()
        return {}


def test_those_that_are_over_are_forgotten_when_another_begins():
    tasks, first = Tasks(), Short()
    tasks.start(first)
    assert first.join(PATIENCE)
    assert first.standing.found == "something"
    gone = weakref.ref(first)
    del first
    second = Short()
    tasks.start(second)
    gc.collect()
    assert gone() is None
    assert second.join(PATIENCE)


def test_cancelling_ends_all():
    tasks, both = Tasks(), (Endless(), Endless())
    for task in both:
        tasks.start(task)
    assert not tasks.are_over
    tasks.cancel()
    assert all(task.join(PATIENCE) for task in both)
    assert tasks.are_over
