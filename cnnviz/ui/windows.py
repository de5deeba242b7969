"""The windows beside the main one: each is made when it is first asked for, all end together."""

from collections.abc import Callable
from typing import TypeVar, cast

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from cnnviz.core.receptive_field import Place
from cnnviz.ui.learning_window import LearningWindow
from cnnviz.ui.map_window import MapWindow
from cnnviz.ui.session import Session
from cnnviz.ui.time_lab import TimeLab
from cnnviz.ui.widgets.side_window import SideWindow

Kind = TypeVar("Kind", bound=SideWindow)
Maker = Callable[[Session, QWidget], Kind]


class Windows(QObject):
    """A method for each, to open it or bring it to the front."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent)
        self._session = session
        self._main = parent
        self._made: dict[object, SideWindow] = {}
        self._ended = False

    @Slot()
    def open_time_lab(self) -> None:
        """Where time is taken apart."""
        self._open(TimeLab)

    @Slot()
    def open_learning(self) -> None:
        """Gradients, one batch under the microscope, health."""
        self._open(LearningWindow)

    @Slot(object)
    def open_map(self, place: Place) -> None:
        """One map large."""
        if window := self._get(MapWindow):
            window.open_at(place)

    def made(self, kind: Maker[Kind]) -> Kind | None:
        """The window of this kind, if anybody has asked for it."""
        return cast("Kind | None", self._made.get(kind))

    def _open(self, kind: Maker[SideWindow]) -> None:
        if window := self._get(kind):
            window.show_in_front()

    def _get(self, kind: Maker[Kind]) -> Kind | None:
        """The one of this kind; None once all have been shut down."""
        if self._ended:
            return None
        window = self.made(kind) or kind(self._session, self._main)
        self._made[kind] = window
        return window

    def shut_down(self) -> None:
        """Closes all for good; `are_shut_down` says when their threads have ended."""
        self._ended = True
        for window in self._made.values():
            window.shut_down()

    @property
    def are_shut_down(self) -> bool:
        """Whether no thread of theirs runs any more."""
        return all(window.is_shut_down for window in self._made.values())
