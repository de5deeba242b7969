"""Files of networks in the user's hands: open, save, drop."""

import re
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from cnnviz.core.errors import CnnvizError
from cnnviz.core.spec_file import load_design, save_design
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.open_dialog import ask_for_file
from cnnviz.ui.widgets.save_dialog import SaveDialog

SUFFIX = ".toml"
KINDS = {SUFFIX: "A network for cnnviz"}


class DesignFiles(QObject):
    """Dialogs around core/spec_file.py; none of them blocks the event loop."""

    told = Signal(str)

    def __init__(self, session: Session, editor: DesignEditor, window: QWidget) -> None:
        super().__init__(window)
        self._session, self._editor, self._window = session, editor, window

    @Slot()
    def open(self) -> None:
        """Asks for a file and opens the network in it."""
        kind = KINDS[SUFFIX], (SUFFIX,)
        ask_for_file(self._window, self._session, "Open a network", kind, self.open_file)

    @Slot(str)
    def open_file(self, name: str) -> None:
        """Opens the network in that file, in place of this one, which undo brings back."""
        path = Path(name)
        self._session.folder = str(path.parent)
        try:
            design = load_design(path)
        except CnnvizError as error:
            self._session.noticed.emit(Notice(str(error)))
            return
        self._editor.start_from(design, f"Open {path.name}")

    @Slot()
    def save(self) -> None:
        """Asks where to save the network as it is now, whether it fits or not."""
        design = self._editor.design

        def write(path: Path) -> None:
            save_design(path, design)
            self.told.emit(f"Saved as {path.name}.")

        name = re.sub(r"[^\w-]+", "-", design.title.lower()).strip("-")[:60] or "network"
        SaveDialog(self._window, self._session, name, KINDS, write)

    def dropped(self, mime: QMimeData) -> Path | None:
        """The first file of a network among what is dragged."""
        paths = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        return next((path for path in paths if path.suffix.lower() == SUFFIX), None)
