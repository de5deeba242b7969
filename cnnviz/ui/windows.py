"""The windows beside the main one: each is made when it is first asked for, all end together."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar, cast

from PySide6.QtCore import QObject, QSettings, Slot
from PySide6.QtWidgets import QWidget

from cnnviz.core.picture import Source
from cnnviz.core.receptive_field import Place
from cnnviz.ui.data_window import DataWindow
from cnnviz.ui.draw_window import DrawWindow
from cnnviz.ui.editor_window import EditorWindow
from cnnviz.ui.experiments_window import ExperimentsWindow
from cnnviz.ui.fed_image import FedImage
from cnnviz.ui.learning_window import LearningWindow
from cnnviz.ui.map_window import MapWindow
from cnnviz.ui.mistakes_window import MistakesWindow
from cnnviz.ui.runs_window import RunsWindow
from cnnviz.ui.session import Session
from cnnviz.ui.time_lab import TimeLab
from cnnviz.ui.widgets.saving_menu import SavingMenu
from cnnviz.ui.widgets.side_window import SideWindow

Kind = TypeVar("Kind", bound=SideWindow)
DESIGN = "editor/design"
"""Among what is remembered."""
Maker = Callable[[Session, QWidget], Kind]


class Windows(QObject):
    """A method for each, to open it or bring it to the front."""

    def __init__(self, session: Session, parent: QWidget, remember: bool = False) -> None:
        """With `remember`, a network that was designed and not trained is there the next time."""
        super().__init__(parent)
        self._remember = remember
        self._session = session
        self._main = parent
        self.drawn = FedImage(session, self)
        """What is drawn, in the main window or in one of its own."""
        self._made: dict[object, SideWindow] = {}
        self._ended = False

    @Slot()
    def open_time_lab(self) -> None:
        """Where time is taken apart."""
        self._open(TimeLab)

    @Slot()
    def open_runs(self) -> None:
        """The runs so far, side by side."""
        self._open(RunsWindow)

    @Slot()
    def open_mistakes(self) -> None:
        """Where the test set is looked through."""
        self._open(MistakesWindow)

    @Slot()
    def open_draw(self) -> None:
        """Paper to draw a digit on."""
        self._open(DrawWindow)

    @Slot(object)
    def open_picture(self, found: tuple[Source, str]) -> None:
        """A picture that was dropped, and its name."""
        if window := self._get(DrawWindow):
            window.show_in_front()
            window.reader.take(found)

    @Slot()
    def open_editor(self) -> None:
        """Where networks are designed."""
        is_new = self.made(EditorWindow) is None
        self._open(EditorWindow)
        window = self.made(EditorWindow)
        if is_new and window and self._remember:
            window.bring_back(str(QSettings().value(DESIGN, "")))

    @Slot()
    def open_learning(self) -> None:
        """Gradients, one batch under the microscope, health."""
        self._open(LearningWindow)

    @Slot(object)
    def open_map(self, place: Place) -> None:
        """One map large."""
        if window := self._get(MapWindow):
            window.open_at(place)

    @Slot()
    def open_data(self) -> None:
        """Data of one's own."""
        self._open(DataWindow)

    @Slot()
    def open_experiments(self) -> None:
        """Networks that differ in one thing."""
        self._open(ExperimentsWindow)

    def open_data_at(self, path: Path) -> None:
        """The same, and reads what is at `path`."""
        if window := self._get(DataWindow):
            window.show_in_front()
            window.read(path)

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
        window = self.made(kind)
        if window is None:
            self._made[kind] = window = self._maker(kind)(self._session, self._main)
            SavingMenu(self._session, window)
        return window

    def _maker(self, kind: Maker[Kind]) -> Maker[Kind]:
        special: dict[object, object] = {DrawWindow: partial(DrawWindow, image=self.drawn)}
        return cast("Maker[Kind]", special.get(kind, kind))

    def shut_down(self) -> None:
        """Closes all for good; `are_shut_down` says when their threads have ended."""
        editor = self.made(EditorWindow)
        if editor and self._remember and not self._ended:
            QSettings().setValue(DESIGN, editor.text_to_keep())
        self._ended = True
        for window in self._made.values():
            window.shut_down()

    @property
    def are_shut_down(self) -> bool:
        """Whether no thread of theirs runs any more."""
        return all(window.is_shut_down for window in self._made.values())
