"""A window of its own beside the main one: not modal, closed by its keys and with that one.

Ctrl+Q closes the main one from here, too.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

FRAME = QSize(40, 80)
"""Room for what the desktop draws around a window, and to see that there is another below."""
CLOSING_KEYS = ("Escape", "Ctrl+W")


class SideWindow(QWidget):
    """What stands in it is up to who derives from it; one that has threads says when they end."""

    def __init__(self, parent: QWidget, title: str, size: QSize, least: QSize) -> None:
        """Opens at `size`, or what the screen has room for; never smaller than `least`."""
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle(f"{title} – cnnviz")
        self.setMinimumSize(least)
        self.resize(size.boundedTo(self.screen().availableSize() - FRAME))
        for key in CLOSING_KEYS:
            QShortcut(QKeySequence(key), self).activated.connect(self.close)
        QShortcut(QKeySequence("Ctrl+Q"), self).activated.connect(parent.window().close)

    def show_in_front(self) -> None:
        """Opens the window, or brings it back."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.close()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return True
