"""The time lab: a window of its own beside the main one, where time is taken apart.

Three pages put views together: what each layer's time is worth, the three ways of convolution
against each other, and how times move while training.
"""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnviz.ui.layer_costs_view import LayerCostsView
from cnnviz.ui.race_view import RaceView
from cnnviz.ui.session import Session
from cnnviz.ui.time_history_view import TimeHistoryView
from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.side_window import SideWindow

DEFAULT_SIZE = QSize(1180, 720)
LEAST_SIZE = QSize(1060, 480)


class TimeLab(SideWindow):
    """Not modal; it closes with the main window, and its pages rest while they are hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Time lab", DEFAULT_SIZE, LEAST_SIZE)
        self.layers = LayerCostsView(session)
        self.race = RaceView(session)
        self.history = TimeHistoryView(session)
        parts = (
            ("Layers", self.layers, "What each layer's time is worth on this machine"),
            ("Race", self.race, "The three ways of convolution against each other"),
            ("History", self.history, "How the time of each layer moves while training"),
        )
        self.pages = make_pages("Pages of the time lab", parts)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.pages)

    def show_in_front(self) -> None:
        """Opens the window, or brings it back, with the keyboard at its pages."""
        super().show_in_front()
        self.pages.tabBar().setFocus()

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.layers.shut_down()
        self.race.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.layers.is_shut_down and self.race.is_shut_down
