"""Long work on a thread of its own: whoever watches asks where it stands, and may cancel it."""

import threading
import traceback
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from cnnviz.core.errors import CnnvizError
from cnnviz.core.memory import give_back_memory

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


S = TypeVar("S", bound="DataclassInstance")
"""Where a task is: a frozen dataclass with at least `ended` (nothing changes any more) and
`failure` (what went wrong, and its traceback, which is empty if the user can mend it)."""


class Task(ABC, Generic[S]):
    """Started once. Whoever watches asks for `standing` at its own pace."""

    def __init__(self, name: str, standing: S) -> None:
        """`name` is the thread's; `standing` is where the task is before it begins."""
        self._lock = threading.Lock()
        self._standing = standing
        self._cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"cnnviz-{name}", daemon=False)

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def cancel(self) -> None:
        """Asks the thread to end; it gives up what it is at. Returns at once."""
        self._cancelled.set()

    @property
    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def join(self, timeout: float | None = None) -> bool:
        """Waits up to `timeout` seconds for the thread to end; whether it has."""
        self._thread.join(timeout)
        return not self.is_alive

    @property
    def standing(self) -> S:
        """Where the task is now."""
        with self._lock:
            return self._standing

    @abstractmethod
    def _work(self) -> dict[str, Any]:
        """Does it, on the thread; returns what its end changes in the standing."""

    def _tell(self, **changes: Any) -> None:
        """Takes down where the task is."""
        with self._lock:
            self._standing = replace(self._standing, **changes)

    def _run(self) -> None:
        changes: dict[str, Any] = {}
        try:
            changes = self._work()
        except CnnvizError as error:
            changes = {"failure": (str(error), "")}
        except Exception as error:
            changes = {"failure": (f"{type(error).__name__}: {error}", traceback.format_exc())}
        finally:
            give_back_memory()
            self._tell(ended=True, **changes)


class Tasks:
    """Those whose threads may still run; plain Python, so it outlives the view that began them."""

    def __init__(self) -> None:
        self._tasks: list[Task[Any]] = []

    def start(self, task: Task[Any]) -> None:
        """Has it run."""
        self._tasks = [each for each in self._tasks if each.is_alive]  # frees what others found
        self._tasks.append(task)
        task.start()

    def cancel(self) -> None:
        """Asks all to end."""
        for task in self._tasks:
            task.cancel()

    @property
    def are_over(self) -> bool:
        """Whether no thread runs any more."""
        self._tasks = [task for task in self._tasks if task.is_alive]
        return not self._tasks
