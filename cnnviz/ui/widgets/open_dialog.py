"""Asks for a file to be opened; neither the window's event loop nor training waits."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from cnnviz.ui.session import Session
from cnnviz.ui.widgets.save_dialog import folder_of


def ask_for_file(
    parent: QWidget,
    session: Session,
    title: str,
    kind: tuple[str, Iterable[str]],
    take: Callable[[str], None],
) -> None:
    """Opens the dialog and returns at once; the slot `take` gets the name that is chosen.

    `kind` is what such files are called, and the ends of their names.
    """
    dialog = QFileDialog(parent, title, str(folder_of(session)))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    name, ends = kind
    dialog.setNameFilters([f"{name} ({' '.join(f'*{end}' for end in ends)})", "All files (*)"])
    dialog.fileSelected.connect(take)
    dialog.open()
