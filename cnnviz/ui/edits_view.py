"""The bar that says that what is shown is edited, and what can be done with the edits.

The test set is run on a thread of its own (core/edited_accuracy.py), which this view asks for news
by a timer. Training takes no notice of it, nor of the edits until they are applied.
"""

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from cnnviz.core.edited_accuracy import Compared, Comparison, Standing
from cnnviz.core.edits import Edits
from cnnviz.core.scales import percent
from cnnviz.core.status import Phase
from cnnviz.ui import theme
from cnnviz.ui.messages import Notice
from cnnviz.ui.session import Session
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.question import Question

POLL_MS = 50
PROGRESS = (60, 4)
LEAST_WORDS = 260
"""Pixels that the words need beside the buttons, or else stand above them."""
BOLD = QFont.Weight.DemiBold
EDITED = "Edited, not trained"
APPLY = "Apply the edits to training?"
WHAT_IT_DOES = (
    "{edits}: written into the weights of training at the batch it is at. Training goes on from "
    "there and may learn those weights anew. Going back to an earlier batch, or to the untrained "
    "network, takes the edits out again."
)


class EditsView(QWidget):
    """Seen only while there are edits.

    `shut_down()` ends a test for good without waiting; `is_shut_down` says when its thread is gone.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._comparison: OneTask[Comparison] = OneTask(self, self._poll, POLL_MS)
        self._tested: tuple[Edits, int] | None = None  # what the result is of
        self._result: Compared | None = None
        self._ended = False
        self._make_parts()
        self._lay_out()
        session.edits.changed.connect(self._follow)
        session.run_changed.connect(self._follow)
        session.status_changed.connect(self._follow_training)
        self._follow()

    def _make_parts(self) -> None:
        self.words = QLabel()
        self.words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.progress = QProgressBar()
        self.progress.setFixedSize(*PROGRESS)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How much of the test is done")
        edits = self._session.edits
        self.undo_button = _small("Undo", "Takes the last edit back (Ctrl+Z)")
        self.undo_button.clicked.connect(edits.undo)
        self.redo_button = _small("Redo", "Makes it again (Ctrl+Shift+Z)")
        self.redo_button.clicked.connect(edits.redo)
        self.clear_button = _small("Take all back", "Shows the network as it was learned")
        self.clear_button.clicked.connect(edits.clear)
        self.test_button = _small("Test accuracy", "Runs the test set with the edits and without")
        self.test_button.clicked.connect(self.test)
        self.cancel_button = _small("Cancel", "Ends the test")
        self.cancel_button.clicked.connect(self.cancel)
        tip = "Writes the edits into the weights of training, after a question"
        self.apply_button = _small("Apply to training", tip)
        self.apply_button.clicked.connect(self.ask_to_apply)

    def _lay_out(self) -> None:
        buttons = self._buttons = QHBoxLayout()
        buttons.setSpacing(1)
        for widget in (
            *(self.undo_button, self.redo_button, self.clear_button),
            *(self.test_button, self.progress, self.cancel_button, self.apply_button),
        ):
            buttons.addWidget(widget)
        buttons.insertSpacing(5, 6)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("bar", "true")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(14, 2, 8, 2)
        self._row.setSpacing(2)
        self._row.addWidget(self.words, 1)
        self._row.addLayout(buttons)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons stand below the words where there is no room beside them."""
        super().resizeEvent(event)
        ways = QBoxLayout.Direction
        rest = event.size().width() - self._buttons.sizeHint().width()
        self._row.setDirection(ways.LeftToRight if rest >= LEAST_WORDS else ways.TopToBottom)
        self._tell()

    # What the user wishes.

    @Slot()
    def test(self) -> None:
        """Runs the test set with the edits of now and without, on the weights that are shown."""
        session = self._session
        busy = self._ended or self._comparison.now
        if busy or session.dataset is None or session.network is None:
            return
        edits, step = session.edits.now, session.shown_step
        self._tested = (edits, step)
        spec, test = session.network.spec, session.dataset.test
        self._comparison.start(Comparison(spec, session.edits.learned, edits, test))
        self._result = None
        self._poll()
        self.cancel_button.setFocus()

    @Slot()
    def cancel(self) -> None:
        """Ends the test."""
        self._comparison.end()
        self._refresh()

    @Slot()
    def ask_to_apply(self) -> None:
        """Says what it does, then does it or not."""
        text = WHAT_IT_DOES.format(edits=_capital(self._session.edits.now.in_words))
        yes, no = self._session.apply_edits, self._refresh
        Question(self, APPLY, text, "Apply to training", "Only show them", yes, no)

    # The end.

    def shut_down(self) -> None:
        """Ends a test, and allows no other. Returns at once."""
        self._ended = True
        self._comparison.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._comparison.is_over

    # How the test goes.

    @Slot()
    def _poll(self) -> None:
        if self._comparison.now is None:
            return
        standing = self._comparison.now.standing
        self.progress.setValue(round(100 * standing.share))
        if standing.ended:
            self._finish(standing)
        self._refresh()

    def _finish(self, standing: Standing) -> None:
        self._comparison.end()
        self._result = standing.result
        if standing.failure:
            message, details = standing.failure
            self._session.noticed.emit(Notice(f"The test stopped. {message}", details))

    # Looks.

    @Slot()
    def _follow_training(self) -> None:
        """Where training has stopped for good there is nothing to apply edits to."""
        self.apply_button.setEnabled(self._session.status.phase is not Phase.STOPPED)

    @Slot()
    def _follow(self) -> None:
        """Other edits: a test of those before says nothing of them."""
        if self._tested and self._tested[0] != self._session.edits.now:
            self._tested = self._result = None
            self._comparison.end()
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        edits, testing = self._session.edits, self._comparison.now is not None
        focus = self.cancel_button.hasFocus()
        self.undo_button.setEnabled(edits.can_undo)
        self.redo_button.setEnabled(edits.can_redo)
        self.progress.setVisible(testing)
        self.test_button.setVisible(not testing)
        self.cancel_button.setVisible(testing)
        if focus and not testing:
            self.test_button.setFocus()
        self.setVisible(bool(edits.now))
        self._tell()

    def _tell(self) -> None:
        """As much as there is room for; all of it as a tooltip."""
        what = self._session.edits.now.in_words
        told = [(EDITED, what), ("Edited", what)]
        if self._result and self._tested:
            result, short = _in_words(self._result, self._tested[1])
            told = [(EDITED, f"{what} · {result}"), (EDITED, result), ("Edited", result)]
            told.append(("Edited", short))
        self._row.activate()  # buttons may have come or gone
        fitting = (each for each in told if _width(*each) <= self.words.width())
        begin, rest = next(fitting, told[-1])
        self.words.setText(f'<span style="font-weight: 600">{begin}:</span> {rest}')
        self.words.setToolTip(": ".join(told[0]))


def _in_words(result: Compared, step: int) -> tuple[str, str]:
    """What the test gave: "test accuracy 97.10 % instead of 98.00 %, at batch 220", and shorter."""
    learned, edited = percent(result.learned, 2), percent(result.edited, 2)
    batch = f"batch {theme.spaced(step)}"
    return (
        f"test accuracy {edited} instead of {learned}, at {batch}",
        f"accuracy {edited} instead of {learned}, {batch}",
    )


def _width(begin: str, rest: str) -> float:
    """Pixels of the words, which begin bold."""
    bold = QFontMetricsF(theme.font(theme.SMALL, BOLD))
    plain = QFontMetricsF(theme.font(theme.SMALL))
    return bold.horizontalAdvance(f"{begin}:") + plain.horizontalAdvance(f" {rest}") + 2


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _small(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("small", "true")
    return button
