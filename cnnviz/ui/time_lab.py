"""The time lab: a window of its own beside the main one, where time is taken apart.

Three pages put views together: what each layer's time is worth, the three ways of convolution
against each other, and how times move while training.
"""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from cnnviz.ui.layer_costs_view import LayerCostsView
from cnnviz.ui.race_view import RaceView
from cnnviz.ui.session import Session
from cnnviz.ui.time_history_view import TimeHistoryView

DEFAULT_SIZE = QSize(1180, 720)
LEAST_SIZE = QSize(1060, 480)
FRAME = QSize(40, 80)
"""Room for what the desktop draws around a window, and to see that there is another below."""
CLOSING_KEYS = ("Escape", "Ctrl+W")


class TimeLab(QWidget):
    """Not modal; it closes with the main window, and its pages rest while they are hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setWindowTitle("Time lab – cnnviz")
        self.setMinimumSize(LEAST_SIZE)
        self.resize(DEFAULT_SIZE.boundedTo(self.screen().availableSize() - FRAME))
        self.layers = LayerCostsView(session)
        self.race = RaceView(session)
        self.history = TimeHistoryView(session)
        self.pages = QTabWidget()
        self.pages.setDocumentMode(True)
        self.pages.setAccessibleName("Pages of the time lab")
        self.pages.tabBar().setAccessibleName("Pages of the time lab")
        self.pages.tabBar().setDrawBase(False)
        for title, page, tip in (
            ("Layers", self.layers, "What each layer's time is worth on this machine"),
            ("Race", self.race, "The three ways of convolution against each other"),
            ("History", self.history, "How the time of each layer moves while training"),
        ):
            place = self.pages.addTab(page, title)
            self.pages.setTabToolTip(place, f"{tip} (Ctrl+Tab for the next page)")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.pages)
        for key in CLOSING_KEYS:
            QShortcut(QKeySequence(key), self).activated.connect(self.close)

    def show_in_front(self) -> None:
        """Opens the window, or brings it back."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        self.pages.tabBar().setFocus()

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.layers.shut_down()
        self.race.shut_down()
        self.close()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.layers.is_shut_down and self.race.is_shut_down
