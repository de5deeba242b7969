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
        instead: tuple[str, Callable[[], None]] | None = None,
    ) -> None:
        """`instead` is a third answer, by which nothing is lost either."""
        super().__init__(parent)
        self._no = no
        self._box = QMessageBox(parent)
        self._box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._box.setWindowTitle("cnnviz")
        self._box.setText(text)
        self._box.setInformativeText(loss)
        self._answers = {self._box.addButton(do_it, QMessageBox.ButtonRole.DestructiveRole): yes}
        if instead:
            text, act = instead
            self._answers[self._box.addButton(text, QMessageBox.ButtonRole.AcceptRole)] = act
        kept = self._box.addButton(keep, QMessageBox.ButtonRole.RejectRole)
        self._box.setDefaultButton(kept)
        self._box.setEscapeButton(kept)
        self._box.finished.connect(self._answered)
        self._box.open()

    @Slot()
    def _answered(self) -> None:
        clicked = self._box.clickedButton()
        answers = [act for button, act in self._answers.items() if button is clicked]
        self._answers.clear()  # they may hold on to a whole run
        self.deleteLater()
        (answers[0] if answers else self._no)()
