"""A widget that has keys of its own, and shows by a frame that they are there."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QWidget

BY_KEY = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason)


class KeyFramed(QWidget):
    """Who inherits it paints a frame while it is `_framed`: while the focus came by key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._framed = False

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Reached by key, a frame shows where the keys are now."""
        super().focusInEvent(event)
        self._framed = event.reason() in BY_KEY
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """They are elsewhere."""
        super().focusOutEvent(event)
        self._framed = False
        self.update()
