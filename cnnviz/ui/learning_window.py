"""How it learns: a window of its own beside the main one, about gradients and what they do.

Three pages: the way back for the image that is looked at, one batch in stops, and the health of the
network while it learns.
"""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from cnnviz.ui.backward_view import BackwardView
from cnnviz.ui.health_view import HealthView
from cnnviz.ui.microscope_view import MicroscopeView
from cnnviz.ui.session import Session
from cnnviz.ui.widgets.paged_window import PagedWindow

DEFAULT_SIZE = QSize(1440, 860)
LEAST_SIZE = QSize(1100, 560)


class LearningWindow(PagedWindow):
    """Not modal; it closes with the main window, and its pages rest while they are hidden."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "How it learns", DEFAULT_SIZE, LEAST_SIZE)
        self.backward = BackwardView(session)
        self.microscope = MicroscopeView(session)
        self.health = HealthView(session)
        parts = (
            ("Gradients", self.backward, "The way back for the image that is looked at"),
            ("Microscope", self.microscope, "One batch, stop by stop: there, back, the update"),
            ("Health", self.health, "What seems to go wrong, and how each layer is doing"),
        )
        self.fill("Pages of how it learns", parts)

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.backward.shut_down()
        self.microscope.shut_down()
        self.health.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        pages = (self.backward, self.microscope, self.health)
        return all(page.is_shut_down for page in pages)
