"""Why something does not fit, and buttons for the ways out."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

MOST_BUTTONS = 6


class ProblemNote(QWidget):
    """Hidden while there is nothing to say; `mended` tells the number of the way that is taken."""

    mended = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QLabel()
        self.text.setProperty("problem", "true")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = [QPushButton() for _ in range(MOST_BUTTONS)]
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(5)
        self._column.addWidget(self.text)
        for first in range(0, MOST_BUTTONS, 2):
            row = QHBoxLayout()
            row.setSpacing(6)
            for button in self.buttons[first : first + 2]:
                button.setProperty("small", "true")
                button.clicked.connect(self._mend)
                row.addWidget(button)
            row.addStretch(1)
            self._column.addLayout(row)
        self.hide()

    def show_problem(self, text: str, ways: Sequence[str]) -> None:
        """Shows this, or hides where there is no text."""
        self.setVisible(bool(text))
        if text == self.text.text() and list(ways) == [each.text() for each in self.shown]:
            return
        self.text.setText(text)
        for place, button in enumerate(self.buttons):
            button.setVisible(place < len(ways))
            button.setText(ways[place] if place < len(ways) else "")

    @property
    def shown(self) -> list[QPushButton]:
        """The buttons that say something."""
        return [button for button in self.buttons if button.text()]

    @Slot()
    def _mend(self) -> None:
        for place, button in enumerate(self.buttons):
            if button is self.sender():
                self.mended.emit(place)
                return
