"""A question before something is lost, that never blocks the window's event loop."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtWidgets import QMessageBox, QWidget


class Question(QObject):
    """Asks once; `yes` runs if the user chooses `do_it`, `no` if they keep what they have."""

    def __init__(
        self,
        parent: QWidget,
        text: str,
        loss: str,
        do_it: str,
        keep: str,
        yes: Callable[[], None],
        no: Callable[[], None],
    ) -> None:
        super().__init__(parent)
        self._yes, self._no = yes, no
        self._box = QMessageBox(parent)
        self._box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._box.setWindowTitle("cnnviz")
        self._box.setText(text)
        self._box.setInformativeText(loss)
        self._do_it = self._box.addButton(do_it, QMessageBox.ButtonRole.DestructiveRole)
        kept = self._box.addButton(keep, QMessageBox.ButtonRole.RejectRole)
        self._box.setDefaultButton(kept)
        self._box.setEscapeButton(kept)
        self._box.finished.connect(self._answered)
        self._box.open()

    @Slot()
    def _answered(self) -> None:
        answer = self._yes if self._box.clickedButton() is self._do_it else self._no
        self.deleteLater()
        answer()
