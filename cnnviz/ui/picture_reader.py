"""Reads one picture after the other in the background (core/picture.py) and says how it goes."""

from PySide6.QtCore import QObject, Signal, Slot

from cnnviz.core.picture import Reading, Source, Standing
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask

POLL_MS = 20


class PictureReader(QObject):
    """A picture that comes while another is read takes its place."""

    read = Signal(object, str)
    """A Picture of the shape that the network takes, and its name."""
    told = Signal(str)
    """What there is to say."""
    changed = Signal()
    """It has begun to read, or ended."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._reading: OneTask[Reading] = OneTask(self, self._poll, POLL_MS)
        self._found: tuple[Source, str] | None = None
        self._ended = False

    @property
    def is_reading(self) -> bool:
        """Whether a picture is being read."""
        return self._reading.now is not None

    @Slot(object)
    def take(self, found: tuple[Source, str]) -> None:
        """Reads a picture from anywhere; `found` is that and its name."""
        if self._ended or self._session.dataset is None:
            return
        self._found = found
        self._reading.end()  # of the one before
        self._reading.start(Reading(found[0], self._session.dataset.input_shape))
        self.told.emit(f"Reading {found[1]} …")
        self.changed.emit()

    def read_again(self) -> None:
        """Reads the last one for a network of another shape."""
        if self._found:
            self.take(self._found)

    @Slot()
    def cancel(self) -> None:
        """Gives the picture up."""
        if self._reading.now:
            self._give_up()
            self.told.emit("Stopped. The picture before stays.")

    def _give_up(self) -> None:
        self._reading.end()
        self.changed.emit()

    @Slot()
    def _poll(self) -> None:
        standing = self._reading.now.standing if self._reading.now else None
        if standing and standing.ended:
            self._give_up()
            self._hand_over(standing)

    def _hand_over(self, standing: Standing) -> None:
        dataset = self._session.dataset
        if standing.failure:
            text, details = standing.failure
            self.told.emit(text)
            if details:
                self._session.noticed.emit(Notice(f"The picture was not read. {text}", details))
        elif standing.picture and self._found and dataset:
            if standing.picture.values.shape == dataset.input_shape:
                self.read.emit(standing.picture, self._found[1])
            else:  # the run has changed meanwhile
                self.read_again()

    # The end.

    def shut_down(self) -> None:
        """Ends a reading, and allows no other. Returns at once."""
        self._ended = True
        self._give_up()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._reading.is_over
