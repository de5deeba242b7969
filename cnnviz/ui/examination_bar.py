"""The line above both pages: how the test set fared, at which moment, and how a test goes."""

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.scales import percent
from cnnviz.ui import theme
from cnnviz.ui.examiner import Examiner, in_words
from cnnviz.ui.widgets.throttle import Throttle
from cnnviz.ui.widgets.tinted_label import TintedLabel

TEXT_MS = 250
PROGRESS = (140, 4)


class ExaminationBar(QWidget):
    """Numbers at the left, what can be done at the right."""

    def __init__(self, examiner: Examiner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examiner = examiner
        self.result = QLabel()
        self.result.setTextFormat(Qt.TextFormat.RichText)
        self.words = TintedLabel(small=True)
        self.progress = QProgressBar()
        self.progress.setFixedSize(*PROGRESS)
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName("How much of the test is done")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the test")
        self.cancel_button.clicked.connect(examiner.cancel)
        self.test_button = QPushButton("Test now")
        self.test_button.setToolTip("Tests what is shown at this moment, without waiting")
        self.test_button.clicked.connect(examiner.examine_now)
        self._lay_out()
        self._throttle = Throttle(self.refresh, TEXT_MS, self)
        examiner.answered.connect(self.refresh)
        examiner.progressed.connect(self._throttle.ask)
        examiner.session.network_changed.connect(self._throttle.ask)
        examiner.session.status_changed.connect(self._throttle.ask)
        self.refresh()

    def _lay_out(self) -> None:
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.result)
        texts.addWidget(self.words)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 10, 14, 8)
        row.setSpacing(10)
        row.addLayout(texts, 1)
        for widget in (self.progress, self.cancel_button, self.test_button):
            row.addWidget(widget)

    @Slot()
    def refresh(self) -> None:
        """All as it is now."""
        if not self.isVisible():
            return
        colors, examiner = theme.tokens(), self._examiner
        answer, progress = examiner.answer, examiner.progress
        self.progress.setVisible(progress is not None)
        self.cancel_button.setVisible(progress is not None)
        self.test_button.setEnabled(answer is None or examiner.is_stale)
        if progress:
            self.progress.setValue(round(1000 * progress[1]))
        text = "Nothing is tested yet."
        if answer:
            evaluation, dot = answer.evaluation, f" <span style='color:{colors.muted}'>·</span> "
            right, of = int(evaluation.confusion.trace()), len(evaluation.labels)
            batches = examiner.session.status.batches_per_epoch
            loss = f"{evaluation.loss:.4f}"
            parts = [
                theme.strong(f"{theme.spaced(right)} of {theme.spaced(of)} right"),
                theme.strong(percent(evaluation.accuracy, 2)),
                f"loss {loss}",
                in_words(answer.question.step, batches),
            ]
            if answer.question.edits:
                parts.append("with your edits")
            text = dot.join(parts)
        self.result.setText(text)
        self._tell(progress[0] if progress else "")

    def _tell(self, underway: str) -> None:
        """How old it is, what is under way, or what went wrong."""
        examiner, answer = self._examiner, self._examiner.answer
        shown = theme.spaced(examiner.session.shown_step)
        bad = False
        if examiner.failure:
            text, bad = examiner.failure, True
        elif answer and answer.undecided:
            count, of = theme.spaced(answer.undecided), theme.spaced(len(answer.confidences))
            text, bad = f"The network has diverged: {count} of {of} images gave no number.", True
        elif answer is None and examiner.is_cancelled:
            text = "Cancelled. “Test now” tests what is shown."
        elif answer and examiner.is_stale:
            text = f"Shown by now: batch {shown}."
            if examiner.is_cancelled:
                text += " The test was cancelled."
            elif examiner.session.is_training and examiner.session.past.moment is None:
                text += " Tested again at the epoch’s end."
            elif examiner.session.edits.now != answer.question.edits:
                text = "Other edits lie over the network by now."
        else:
            text = "Mistakes of the network on images it has not learned from."
        self.words.setText(f"{text}  {underway}" if underway and not bad else text)
        self.words.tint("bad" if bad else "muted")

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "words"):
            self.refresh()
        super().changeEvent(event)
