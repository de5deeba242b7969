"""The time lab: a window of its own beside the main one, where time is taken apart.

Three pages put views together: what each layer's time is worth, the three ways of convolution
against each other, and how times move while training.
"""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from cnnviz.ui.layer_costs_view import LayerCostsView
from cnnviz.ui.race_view import RaceView
from cnnviz.ui.session import Session
from cnnviz.ui.time_history_view import TimeHistoryView
from cnnviz.ui.widgets.paged_window import PagedWindow

DEFAULT_SIZE = QSize(1180, 720)
LEAST_SIZE = QSize(1060, 480)


class TimeLab(PagedWindow):
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
        self.fill("Pages of the time lab", parts)

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
