"""Mistakes: a window of its own beside the main one, where the test set is looked through.

Two pages put views together: who is taken for whom and which images they are, and where all images
lie in the space of a layer. While nobody looks at it, nothing is tested.
"""

from PySide6.QtCore import QSize, Slot
from PySide6.QtGui import QCloseEvent, QContextMenuEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cnnviz.ui.examination_bar import ExaminationBar
from cnnviz.ui.examiner import Examiner
from cnnviz.ui.mistakes_view import MistakesView
from cnnviz.ui.session import Session
from cnnviz.ui.space_view import SpaceView
from cnnviz.ui.widgets.choice_menu import ChoiceMenu, MenuKey
from cnnviz.ui.widgets.paged_window import PagedWindow
from cnnviz.ui.widgets.pages import make_pages
from cnnviz.ui.widgets.save_choices import numbers_choice, picture_choice

DEFAULT_SIZE = QSize(1240, 780)
LEAST_SIZE = QSize(900, 560)


class MistakesWindow(PagedWindow):
    """Not modal; it closes with the main window."""

    def __init__(self, session: Session, parent: QWidget) -> None:
        super().__init__(parent, "Mistakes", DEFAULT_SIZE, LEAST_SIZE)
        self._session = session
        self.examiner = Examiner(session, self)
        self.bar = ExaminationBar(self.examiner)
        self.mistakes = MistakesView(self.examiner)
        self.space = SpaceView(self.examiner)
        pages = (
            ("Mistakes", self.mistakes, "Who is taken for whom, and which images they are"),
            ("The space of digits", self.space, "Where all test images lie for a layer"),
        )
        self.pages = make_pages("Pages of the mistakes window", pages)
        self.pages.currentChanged.connect(self._watch)
        self.space.layer_changed.connect(self._watch)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.pages, 1)
        MenuKey(self)

    @Slot()
    def _watch(self) -> None:
        """Only what is looked at is examined; a minimised window only looks away."""
        layer = self.space.layer if self.pages.currentWidget() is self.space else None
        self.examiner.watch(self.isVisible(), layer)

    def showEvent(self, event: QShowEvent) -> None:
        """Begins to look."""
        super().showEvent(event)
        self._watch()
        self.bar.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more."""
        super().hideEvent(event)
        if not event.spontaneous():
            self._look_away()

    def closeEvent(self, event: QCloseEvent) -> None:
        """The same for one that is closed."""
        self._look_away()
        super().closeEvent(event)

    def _look_away(self) -> None:
        self.examiner.watch(False)
        self.space.neighbours.cancel()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be saved: pictures, and numbers."""
        answer, session, name = self.examiner.answer, self._session, "mistakes"
        section = []
        if self.pages.currentWidget() is self.mistakes:
            matrix = self.mistakes.matrix
            text = "Save confusion matrix as picture…"
            section.append(picture_choice(matrix, session, text, "confusion-matrix"))
            if answer:
                text, what = "Save confusion matrix as numbers…", "confusion-matrix"
                counts = answer.evaluation.confusion.astype("f4")
                section.append(numbers_choice(self, session, text, counts, what))
        else:
            name = "space"
            text = "Save points as picture…"
            section.append(picture_choice(self.space.plot, session, text, "points"))
            if self.space.plot.plane:
                text, points = "Save points as numbers…", self.space.plot.plane.points
                section.append(numbers_choice(self, session, text, points, "points"))
        section.append(picture_choice(self, session, "Save window as picture…", name))
        ChoiceMenu(self, [section]).open_at(event.globalPos())

    # The end.

    def shut_down(self) -> None:
        """Closes for good and asks every thread to end; `is_shut_down` says when they have."""
        self.examiner.shut_down()
        self.space.neighbours.shut_down()
        super().shut_down()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self.examiner.is_shut_down and self.space.neighbours.is_shut_down
