"""The menu of data: those with a name, one's own that were used last, and the way to others."""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from cnnviz.core.datasets import is_there
from cnnviz.core.datasets.fetch import SOURCES
from cnnviz.core.errors import DataError
from cnnviz.ui.data_names import KNOWN, data_line, data_tip, data_title
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.choice_button import ChoiceButton, Entry

OWN = "own"
"""Stands for the last line; no data set is called so."""
TIP = "What to learn from (Ctrl+D). Another choice starts a new run"


class DataChoice(ChoiceButton):
    """Tells which data were picked, or that some have to be fetched or looked for first."""

    picked = Signal(str)
    """The name of data that are here."""
    fetch_wanted = Signal(str)
    """The name of published data that are not."""
    own_wanted = Signal()
    """Data of one's own shall be looked for."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__("Data", [], parent)
        self._session = session
        self.chosen.connect(self._take)
        self.menu().aboutToShow.connect(self._list)
        session.run_changed.connect(self._list)
        self.setToolTip(TIP)
        self._list()

    def show_data(self, name: str) -> None:
        """Shows the data of this name as chosen."""
        self.show_choice(name, data_title(name))
        self.setToolTip(TIP if name in KNOWN else f"{TIP}.\n{data_tip(name)}")

    @Slot()
    def _list(self) -> None:
        """The lines as things are now: what is not here says so."""
        known = []
        for name, each in KNOWN.items():
            to_fetch = name in SOURCES and not is_there(name)
            title = f"{each.title} (to be fetched)…" if to_fetch else each.title
            known.append((name, title, each.explanation))
        recent = [name for name in self._session.recent_data if _is_there(name)]
        own = [(name, data_line(name), data_tip(name)) for name in recent]
        tip = "A folder of images, an .npz or a .csv file (Ctrl+Shift+D)"
        sections: list[list[Entry]] = [known, own, [(OWN, "Your own data…", tip)]]
        self.set_choices(sections)
        self.show_choice(self.key, data_title(self.key))

    @Slot(str)
    def _take(self, name: str) -> None:
        if name == OWN:
            self.own_wanted.emit()
        elif name in SOURCES and not is_there(name):
            self.fetch_wanted.emit(name)
        else:
            self.picked.emit(name)


def _is_there(name: str) -> bool:
    try:
        return is_there(name)
    except DataError:
        return False
