"""Reads data of one's own in the background, one after the other: the newest wish counts."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from cnnviz.core.datasets import Options, Reading
from cnnviz.core.datasets.reading import Standing
from cnnviz.core.task import Tasks

POLL_MS = 50


class DataReader(QObject):
    """A core/datasets task, watched by a timer. `shut_down()` ends it for good without waiting."""

    changed = Signal()
    """It began, got further, or was cancelled."""
    ended = Signal(object)
    """The Standing of a reading that came to its end, whether it worked or not."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.progress = Standing()
        self._wanted: Reading | None = None  # begins as soon as the one before has ended
        self._reading: Reading | None = None
        self._tasks = Tasks()
        self._ended = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        parent.destroyed.connect(self._tasks.cancel)

    @property
    def is_reading(self) -> bool:
        """Whether something is being read, or waits for that."""
        return bool(self._wanted or self._reading)

    def read(self, path: Path, options: Options) -> None:
        """Reads what is there, in place of what is being read now."""
        if self._ended:
            return
        self._give_up()
        self._wanted = Reading(path, options)
        self._timer.start()
        self._look()
        self.changed.emit()

    def cancel(self) -> None:
        """Reads no more."""
        if self.is_reading:
            self._give_up()
            self.changed.emit()

    def shut_down(self) -> None:
        """Reads no more, ever. Returns at once."""
        self._ended = True
        self._give_up()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._tasks.are_over

    def _give_up(self) -> None:
        self._wanted = self._reading = None
        self.progress = Standing()
        self._tasks.cancel()
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        if self._wanted and self._tasks.are_over:  # two at once would take twice the memory
            self._reading, self._wanted = self._wanted, None
            self._tasks.start(self._reading)
        if self._reading is None:
            return
        standing = self._reading.standing
        if standing.ended:
            self._give_up()
            self.ended.emit(standing)
        elif standing != self.progress:
            self.progress = standing
            self.changed.emit()
