"""The line above a t-SNE: begins it, shows how far it is, and says of what it is and how old.

It takes long, so it does not follow the cursor: it stays until it is asked for again.
"""

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cnnviz.core.examination import Question
from cnnviz.core.neighbour_map import COUNTS, ITERATIONS, NeighbourMap, NeighbourMapTask, Standing
from cnnviz.ui import theme
from cnnviz.ui.examiner import Examiner, in_words
from cnnviz.ui.messages import Notice
from cnnviz.ui.watched_tasks import OneTask
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.throttle import Throttle
from cnnviz.ui.widgets.tinted_label import TintedLabel

POLL_MS = 100
TEXT_MS = 250
PROGRESS = 4
"""Pixels."""
READING = "Distances between clusters mean little."


class NeighbourBar(QWidget):
    """`look_at` says what is wanted; then it begins by itself, once for each layer and run.

    `shut_down()` ends it for good without waiting; `is_shut_down` says when its thread is gone.
    """

    changed = Signal()
    """There is another map, or none any more."""

    def __init__(self, examiner: Examiner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examiner, self._session = examiner, examiner.session
        self.map: NeighbourMap | None = None
        """The last one that came out, of the layer that is looked at."""
        self._layer: str | None = None
        self._work: OneTask[NeighbourMapTask] = OneTask(self, self._poll, POLL_MS)
        self._held = self._ended = False
        self._said = ""  # why there is nothing new; red if it is a failure
        self._failed = False
        self._make_parts()
        self._throttle = Throttle(self.refresh, TEXT_MS, self)
        self._session.network_changed.connect(self._throttle.ask)
        self._session.edits.changed.connect(self._throttle.ask)
        self._session.run_changed.connect(self._forget)

    def _make_parts(self) -> None:
        self.words = TintedLabel(small=True)
        self.words.setWordWrap(True)
        self.words.setTextFormat(Qt.TextFormat.PlainText)
        self.progress = QProgressBar()
        self.progress.setFixedHeight(PROGRESS)
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that the plot below stays where it is
        self.progress.setSizePolicy(policy)
        self.progress.setTextVisible(False)
        self.progress.setRange(0, ITERATIONS)
        self.progress.setAccessibleName("How much of the t-SNE is done")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setAccessibleName("Cancel the t-SNE")
        self.cancel_button.clicked.connect(self.cancel)
        self.again_button = QPushButton("Again")
        self.again_button.setToolTip("t-SNE of what is shown at this moment")
        self.again_button.clicked.connect(self.begin)
        choices = [(str(n), theme.spaced(n), _which(n)) for n in COUNTS]
        self.count_choice = ChoiceButton("Images", choices)
        self.count_choice.setToolTip("How many of the test images take part; more take longer")
        self.count_choice.show_choice(str(COUNTS[0]))
        self.count_choice.chosen.connect(self._choose_count)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.words, 1)
        for widget in (self.count_choice, self.cancel_button, self.again_button):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(row)
        column.addWidget(self.progress)

    # What is wished.

    def look_at(self, layer: str | None) -> None:
        """The layer whose t-SNE is looked at; None if another picture is."""
        if layer is None:
            self._work.end()
        elif self.map is None or self.map.question.layer != layer or self._layer != layer:
            self._held = False
        if self._work.now and self._work.now.question.layer != layer:
            self._work.end()
        self._layer = layer
        if layer and self.map and self.map.question.layer != layer:
            self.map = None
            self.changed.emit()
        self.refresh()

    @Slot()
    def begin(self) -> None:
        """Begins with what is shown at this moment; the map before stays until the end."""
        question = self._examiner.shown_question(self._layer)
        if question is None or question.layer is None or self._ended:
            return
        self._work.end()
        self._held = False
        self._work.start(NeighbourMapTask(question, self.count))
        self.refresh()

    @Slot()
    def cancel(self) -> None:
        """Ends what is under way."""
        had_focus = self.cancel_button.hasFocus()
        if self._work.now:
            self._hold("Cancelled. “Again” begins anew.")
        if had_focus:
            self.again_button.setFocus()

    @property
    def count(self) -> int:
        """Images that take part, if there are so many."""
        return int(self.count_choice.key)

    @Slot(str)
    def _choose_count(self, count: str) -> None:
        self.count_choice.show_choice(count)
        self.begin()

    @Slot()
    def _forget(self) -> None:
        """Another run."""
        self._work.end()
        self.map, self._held = None, False
        self.changed.emit()
        self.refresh()

    def shut_down(self) -> None:
        """Ends what is under way, and allows no other. Returns at once."""
        self._ended = True
        self._work.end()

    @property
    def is_shut_down(self) -> bool:
        """Whether no thread of ours runs any more."""
        return self._work.is_over

    # What happens.

    @Slot()
    def _poll(self) -> None:
        if self._work.now is None:
            return
        standing = self._work.now.standing
        if standing.ended:
            self._take(standing)
        self.refresh()

    def _take(self, standing: Standing) -> None:
        self._work.end()
        if standing.failure:
            message, details = standing.failure
            self._hold(f"There is no t-SNE. {message}", failed=True)
            if details:
                self._session.noticed.emit(Notice(self._said, details))
        elif standing.map:
            self.map = standing.map
            self.changed.emit()

    def _hold(self, why: str, failed: bool = False) -> None:
        """Nothing begins by itself any more, and why."""
        self._work.end()
        self._held, self._said, self._failed = True, why, failed
        self.refresh()

    # Looks.

    @property
    def is_stale(self) -> bool:
        """Whether the map is of another moment than what is shown, or of other edits."""
        if self.map is None:
            return False
        question, session = self.map.question, self._session
        return question.step != session.shown_step or question.edits != session.edits.now

    @Slot()
    def refresh(self) -> None:
        """All as it is now; begins what was never begun."""
        if not self.isVisible() or self._layer is None or self._session.dataset is None:
            return
        if self.map is None and self._work.now is None and not self._held and not self._ended:
            self.begin()  # and comes back here
            return
        total = len(self._session.dataset.test)
        self.count_choice.setVisible(total > COUNTS[0])
        for widget in (self.progress, self.cancel_button):
            widget.setVisible(self._work.now is not None)
        self.again_button.setVisible(self._work.now is None)
        if self._work.now:
            self.progress.setValue(self._work.now.standing.iterations)
        wanted = min(self.count, total)
        self.again_button.setEnabled(
            self.map is None or self.is_stale or self._held or self.map.asked != wanted
        )
        self._tell()

    def _tell(self) -> None:
        self.words.setText("\n".join(self._lines()))
        self.words.setToolTip(self._details())
        bad = self._held and self._failed and not self._work.now
        self.words.tint("bad" if bad else "muted")

    def _lines(self) -> tuple[str, str]:
        """Of what it is and how old, what is under way, or what went wrong."""
        if task := self._work.now:
            done = task.standing.iterations
            step = f"Step {theme.spaced(done)} of {theme.spaced(ITERATIONS)} …"
            now = step if done else "Looking for neighbours …"
            until = "the one before" if self.map else "PCA"
            first = self._of(task.question, task.count)
            return first, f"{now} Until it is done, {until} is shown."
        if self.map is None:
            return self._said, READING
        first = self._of(self.map.question, self.map.count)
        first += f" · KL divergence {self.map.divergence:.2f}"
        if self._held:
            return first, self._said
        age = f"{self._age(self.map.question.step)} " if self.is_stale else ""
        return first, age + READING

    def _age(self, step: int) -> str:
        """How a map of batch `step` differs from what is shown."""
        shown = self._session.shown_step
        if step == shown:
            return "Of other edits than those shown."
        age = "Older" if step < shown else "Later"
        return f"{age} than what is shown, batch {theme.spaced(shown)}."

    def _of(self, question: Question, count: int) -> str:
        total = len(question.split)
        images = theme.spaced(total)
        if count < total:
            images = f"{theme.spaced(count)} of {images}"
        when = in_words(question.step, self._session.status.batches_per_epoch)
        edited = ", with your edits" if question.edits else ""
        return f"t-SNE of {images} images, {when}{edited}"

    def _details(self) -> str:
        """How it was made."""
        if self.map is None:
            return self.words.text()
        return (
            f"{self.words.text()}\n\nPerplexity {self.map.perplexity:.3g}, "
            f"{theme.spaced(self.map.iterations)} steps by scikit-learn. KL divergence is how much "
            "the neighbours here differ from those in the layer; 0 were the same."
        )

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self.refresh()


def _which(count: int) -> str:
    return f"{theme.spaced(count)} test images, drawn by chance but always the same; or all"
