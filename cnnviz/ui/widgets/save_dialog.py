"""Asks where something is to be saved, saves it there, and helps on where that cannot be.

Neither the window's event loop nor training waits. What is to be saved is held on to from the start
until it is on disk or nobody wants it any more.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QObject, QStandardPaths, Qt, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnviz.core.errors import CnnvizError
from cnnviz.core.workspace import Array
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.question import Question
from cnnviz.ui.widgets.saving import NUMBERS, PICTURES, Picture, save_numbers

ENDING = re.compile(r"\.[A-Za-z]\w*")


class SaveDialog(QObject):
    """One thing to be saved."""

    def __init__(
        self,
        parent: QWidget,
        session: Session,
        name: str,
        kinds: Mapping[str, str],
        write: Callable[[Path], None],
    ) -> None:
        """`name` is what the file is called at first, without its end; the first of `kinds` is it.

        `write` raises CnnvizError where it can't.
        """
        super().__init__(parent)
        self._window = parent
        self._session = session
        self._name = name
        self._kinds = kinds
        self._write = write
        self.ask()

    @Slot()
    def ask(self) -> None:
        """Opens the dialog and returns at once."""
        folder, suffix = folder_of(self._session), next(iter(self._kinds))
        filters = [f"{title} (*{end})" for end, title in self._kinds.items()]
        dialog = QFileDialog(self._window, "Save", str(folder))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setNameFilters(filters)
        dialog.selectFile(self._name + suffix)
        dialog.fileSelected.connect(self._choose)
        dialog.rejected.connect(self.deleteLater)
        self._dialog = dialog
        dialog.open()

    @Slot(str)
    def _choose(self, chosen: str) -> None:
        end = list(self._kinds)[_number_of(self._dialog)]
        self.save_as(Path(chosen), end)

    def save_as(self, file: Path, end: str) -> None:
        """Saves; a name without an end gets this one, and then may be that of another file.

        The dialog has asked about the name as it was typed, never about the one that we make of it.
        """
        if ENDING.fullmatch(file.suffix):  # “try 0.01” has none
            self._save(file)
            return
        file = file.with_name(file.name + end)
        if not file.exists():
            self._save(file)
            return

        def save() -> None:
            self._save(file)

        Question(
            self._window,
            f"{file.name} is there already.",
            "Saving replaces it.",
            "Replace",
            "Keep it",
            save,
            self.ask,
        )

    def _save(self, file: Path) -> None:
        try:
            self._write(file)
        except CnnvizError as error:
            self._session.noticed.emit(Notice(str(error), "", "Save it elsewhere…", self.ask))
            return
        self._session.folder = str(file.parent)
        self.deleteLater()


def ask_for_picture(parent: QWidget, session: Session, picture: Picture, what: str) -> SaveDialog:
    """Saves what was seen, under a name that says `what` it is and after which batch."""
    name = f"cnnviz-{what}-batch-{session.shown_step}"
    return SaveDialog(parent, session, name, PICTURES, picture.save)


def ask_for_numbers(parent: QWidget, session: Session, values: Array, what: str) -> SaveDialog:
    """Saves `values`, which must not change any more, under a name that says `what` they are."""

    def write(file: Path) -> None:
        save_numbers(values, file)

    return SaveDialog(parent, session, f"cnnviz-{what}", NUMBERS, write)


def _number_of(dialog: QFileDialog) -> int:
    """Which of the kinds is chosen in the dialog."""
    filters, chosen = dialog.nameFilters(), dialog.selectedNameFilter()
    return filters.index(chosen) if chosen in filters else 0


def folder_of(session: Session) -> Path:
    """Where something was saved before, else where documents are."""
    documents = QStandardPaths.StandardLocation.DocumentsLocation
    for name in (session.folder, QStandardPaths.writableLocation(documents)):
        if name and Path(name).is_dir():
            return Path(name)
    return Path.home()
