"""Tasks watched by a timer: short ones whose end is waited for, and long ones that are given up."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot
from shiboken6 import isValid

from cnnviz.core.task import Task, Tasks

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

POLL_MS = 30
S = TypeVar("S", bound="DataclassInstance")
T = TypeVar("T", bound=Task[Any])


class WatchedTasks(QObject):
    """For short work that nobody gives up, such as files; several may run at once.

    Each is followed by what is to be done with what came of it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._tasks = Tasks()
        self._watched: list[tuple[Task[Any], Callable[[Any], None]]] = []
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)

    def start(self, task: Task[S], finish: Callable[[S], None]) -> None:
        """Has it run; `finish` is called with its last standing, on this thread."""
        self._watched.append((task, finish))
        self._tasks.start(task)
        self._timer.start()

    @property
    def are_over(self) -> bool:
        """Whether no thread runs any more."""
        return self._tasks.are_over

    @Slot()
    def _look(self) -> None:
        ended = [each for each in self._watched if each[0].standing.ended]
        self._watched = [each for each in self._watched if each not in ended]
        if not self._watched:
            self._timer.stop()
        for task, finish in ended:
            finish(task.standing)


class OneTask(Generic[T]):
    """For long work that can be given up: one task at a time, at which its owner looks by a timer.

    Deleting the owner ends it too.
    """

    def __init__(self, owner: QObject, look: Callable[[], None], milliseconds: int) -> None:
        """`look`, a slot of the owner, is called every so many milliseconds while it runs."""
        self.now: T | None = None
        """What is under way, until `end` is called."""
        self._tasks = Tasks()
        self._timer = QTimer(owner)
        self._timer.setInterval(milliseconds)
        self._timer.timeout.connect(look)
        owner.destroyed.connect(self._tasks.cancel)

    def start(self, task: T) -> None:
        """Has it run."""
        self.now = task
        self._tasks.start(task)
        self._timer.start()

    def wait(self) -> None:
        """Has the owner look although nothing runs yet."""
        self._timer.start()

    def end(self) -> None:
        """It has ended, or nobody wants it any more: then its thread ends soon. Returns at once."""
        self.now = None
        self._tasks.cancel()
        if isValid(self._timer):  # else it went with the owner
            self._timer.stop()

    @property
    def is_over(self) -> bool:
        """Whether no thread of it runs any more."""
        return self._tasks.are_over
