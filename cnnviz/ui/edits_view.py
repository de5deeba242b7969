"""The bar that says that what is shown is edited, and what can be done with the edits.

The test set is run on a thread of its own (core/comparison.py), which this view asks for news by a
timer. Training takes no notice of it, nor of the edits until they are applied.
"""

from PySide6.QtCore import QTimer, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnnviz.core.comparison import Compared, Comparison, Standing
from cnnviz.core.edits import Edits
from cnnviz.ui import theme
from cnnviz.ui.session import Notice, Session
from cnnviz.ui.widgets.question import Question

POLL_MS = 50
ONE_LINE = 720
"""Pixels from which on words and buttons stand side by side."""
APPLY = "Apply the edits to training?"
WHAT_IT_DOES = (
    "{edits}: written into the weights of training at the batch it is at. Training goes on from "
    "there and may learn those weights anew. Going back to an earlier batch, or to the untrained "
    "network, takes the edits out again."
)


class Comparisons:
    """Those whose threads may still run; plain Python, so it outlives the view's Qt half."""

    def __init__(self) -> None:
        self._all: list[Comparison] = []

    def start(self, comparison: Comparison) -> None:
        """Has it run."""
        self._all.append(comparison)
        comparison.start()

    def cancel(self) -> None:
        """Asks all to end."""
        for comparison in self._all:
            comparison.cancel()

    @property
    def are_over(self) -> bool:
        """Whether no thread runs any more."""
        self._all = [comparison for comparison in self._all if comparison.is_alive]
        return not self._all


class EditsView(QWidget):
    """Seen only while there are edits, or one was undone.

    `shut_down()` ends a test for good without waiting; `is_shut_down` says when its thread is gone.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._comparisons = Comparisons()
        self._comparison: Comparison | None = None
        self._tested: tuple[Edits, int] | None = None  # what the result is of
        self._ended = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._make_parts()
        self._lay_out()
        self.destroyed.connect(self._comparisons.cancel)
        session.edits.changed.connect(self._follow)
        session.run_changed.connect(self._follow)
        self._follow()

    def _make_parts(self) -> None:
        self.words, self.result = QLabel(), QLabel()
        self.words.setWordWrap(True)
        self.result.setWordWrap(True)
        self.result.setProperty("small", "true")
        self.progress = QProgressBar()
        self.progress.setFixedHeight(4)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("How much of the test is done")
        edits = self._session.edits
        self.undo_button = _quiet("Undo", "Takes the last edit back (Ctrl+Z)")
        self.undo_button.clicked.connect(edits.undo)
        self.redo_button = _quiet("Redo", "Makes it again (Ctrl+Shift+Z)")
        self.redo_button.clicked.connect(edits.redo)
        self.clear_button = _quiet("Take all back", "Shows the network as it was learned")
        self.clear_button.clicked.connect(edits.clear)
        self.test_button = _quiet("Test accuracy", "Runs the test set with the edits and without")
        self.test_button.clicked.connect(self.test)
        self.cancel_button = _quiet("Cancel", "Ends the test")
        self.cancel_button.clicked.connect(self.cancel)
        self.apply_button = QPushButton("Apply to training")
        self.apply_button.setToolTip("Writes the edits into the weights that are being trained")
        self.apply_button.clicked.connect(self.ask_to_apply)

    def _lay_out(self) -> None:
        text = QVBoxLayout()
        text.setSpacing(2)
        for widget in (self.words, self.progress, self.result):
            text.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.setSpacing(2)
        for button in (self.undo_button, self.redo_button, self.clear_button):
            buttons.addWidget(button)
        buttons.addSpacing(8)
        for button in (self.test_button, self.cancel_button):
            buttons.addWidget(button)
        buttons.addSpacing(8)
        buttons.addWidget(self.apply_button)
        frame = QFrame()
        frame.setProperty("edited", "true")
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, frame)
        self._row.setContentsMargins(12, 6, 8, 6)
        self._row.addLayout(text, 1)
        self._row.addLayout(buttons)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(14, 9, 14, 0)
        outer.addWidget(frame)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Buttons stand below the words where there is no room beside them."""
        super().resizeEvent(event)
        ways = QBoxLayout.Direction
        wide = event.size().width() >= ONE_LINE
        self._row.setDirection(ways.LeftToRight if wide else ways.TopToBottom)

    # What the user wishes.

    @Slot()
    def test(self) -> None:
        """Runs the test set with the edits of now and without, on the weights that are shown."""
        session = self._session
        if self._ended or self._comparison or session.dataset is None or session.network is None:
            return
        edits, step = session.edits.now, session.shown_step
        self._tested = (edits, step)
        spec, test = session.network.spec, session.dataset.test
        self._comparison = Comparison(spec, session.edits.learned, edits, test)
        self._comparisons.start(self._comparison)
        self.result.setText("")
        self._timer.start()
        self._poll()
        self.cancel_button.setFocus()

    @Slot()
    def cancel(self) -> None:
        """Ends the test."""
        self._end()
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
        self._end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._comparisons.are_over

    # How the test goes.

    @Slot()
    def _poll(self) -> None:
        if self._comparison is None:
            self._timer.stop()
            return
        standing = self._comparison.standing
        self.progress.setValue(round(100 * standing.share))
        if standing.ended:
            self._finish(standing)
        self._refresh()

    def _finish(self, standing: Standing) -> None:
        self._end()
        if standing.result and self._tested:
            self.result.setText(_in_words(standing.result, self._tested[1]))
        elif standing.failure:
            message, details = standing.failure
            self._session.noticed.emit(Notice(f"The test stopped. {message}", details))

    def _end(self) -> None:
        self._comparison = None
        self._comparisons.cancel()
        self._timer.stop()

    # Looks.

    @Slot()
    def _follow(self) -> None:
        """Other edits: a test of those before says nothing of them."""
        if self._tested and self._tested[0] != self._session.edits.now:
            self._tested = None
            self._end()
            self.result.setText("")
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        edits, testing = self._session.edits, self._comparison is not None
        now = edits.now
        words = f"<b>Edited, not trained:</b> {now.in_words}" if now else "Shown as learned"
        self.words.setText(words)
        self.undo_button.setEnabled(edits.can_undo)
        self.redo_button.setEnabled(edits.can_redo)
        for button in (self.clear_button, self.test_button, self.apply_button):
            button.setEnabled(bool(now))
        self.progress.setVisible(testing)
        self.test_button.setVisible(not testing)
        self.cancel_button.setVisible(testing)
        self.result.setVisible(bool(self.result.text()))
        self.setVisible(bool(now))


def _in_words(result: Compared, step: int) -> str:
    """What the test gave: "Test accuracy 97.1 % instead of 98.0 % (−0.9) at batch 220"."""
    learned, edited = 100 * result.learned, 100 * result.edited
    change = f"{edited - learned:+.2f}".replace("-", "−")
    percent = f"{theme.THIN_SPACE}%"
    return (
        f"Test accuracy {edited:.2f}{percent} with the edits, {learned:.2f}{percent} without "
        f"({change}), at batch {theme.spaced(step)}"
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _quiet(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setProperty("quiet", "true")
    return button
