"""A line of text that changes many times a minute without moving anything around it.

To Qt every new text is a reason to lay out the whole window again, which takes longer than drawing
the pictures in it; only a label of fixed size is none. So this one grows where it must and stays.
"""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel


class SteadyLabel(QLabel):
    """As wide as its longest text so far, and as what was reserved."""

    def setText(self, text: str) -> None:
        """Shows another text in the same place."""
        if text == self.text():
            return
        super().setText(text)
        self._grow()

    def reserve(self, width: int) -> None:
        """Room for a text of `width` pixels, from now on; what it had grown to is forgotten."""
        self.setFixedSize(width, self.sizeHint().height())
        self._grow()

    def changeEvent(self, event: QEvent) -> None:
        """Another font or style may need more room."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._grow()

    def _grow(self) -> None:
        needed = self.sizeHint()
        kept = self.minimumSize()
        if needed.width() > kept.width() or needed.height() != kept.height():
            self.setFixedSize(max(needed.width(), kept.width()), needed.height())
