"""Tasks watched by a timer: each is followed by what is to be done with what came of it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Slot

from cnnviz.core.task import Task, Tasks

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

POLL_MS = 30
S = TypeVar("S", bound="DataclassInstance")


class WatchedTasks(QObject):
    """For short work that nobody gives up, such as files; several may run at once."""

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
