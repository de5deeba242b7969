"""The mistakes on the test set: who is taken for whom, class by class, image by image."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnnviz.core.evaluation import ClassScore
from cnnviz.core.examination import Answer
from cnnviz.core.scales import percent
from cnnviz.core.workspace import Array
from cnnviz.ui import theme
from cnnviz.ui.confusion_matrix import ConfusionMatrix
from cnnviz.ui.examiner import Examiner
from cnnviz.ui.image_grid import MOST_SHOWN, ImageGrid, Images
from cnnviz.ui.image_past_view import ImagePastView
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.split import make_split
from cnnviz.ui.widgets.table import Cell, Column, QuietTable
from cnnviz.ui.widgets.throttle import Throttle

REFRESH_MS = 400
ORDERS = (
    ("loss", "loss", "The least probability for the label first"),
    ("confidence", "confidence", "The greatest probability for the answer first"),
    ("forgotten", "times forgotten", "Most often right at an epoch’s end and wrong at the next"),
    ("number", "number", "As they are in the test set"),
)
COLUMNS = (
    Column("Class", "Choose a row to see the mistakes on images of that class", 0, False),
    Column("images", "Test images of this class", 62),
    Column("recall", "Of the images of this class, the share that was read as it", 74),
    Column("precision", "Of the images that were read as this class, the share that is of it", 80),
    Column("F1", "The harmonic mean of recall and precision", 74),
)


class MistakesView(QWidget):
    """Matrix and classes at the left; at the right the images they lead to, and the past of one."""

    def __init__(self, examiner: Examiner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._examiner, self._session = examiner, examiner.session
        self._order = "loss"
        self._label: int | None = None  # the class whose mistakes are shown
        self._make_parts()
        self._lay_out()
        self._throttle = Throttle(self._show_images, REFRESH_MS, self)
        self._past_throttle = Throttle(self._show_past, REFRESH_MS, self)
        examiner.answered.connect(self.refresh)
        examiner.history_changed.connect(self._follow_history)
        examiner.image_past_changed.connect(self._show_past)
        self._session.image_changed.connect(self._show_past)
        self._session.network_changed.connect(self._past_throttle.ask)

    def _make_parts(self) -> None:
        self.matrix = ConfusionMatrix()
        self.matrix.chosen.connect(self._choose_cell)
        self.table = QuietTable(COLUMNS)
        self.table.setAccessibleName("Recall, precision and F1 of each class")
        self.table.setToolTip("Choose a class to see the mistakes on it")
        self.table.chosen.connect(self._choose_label)
        self.count = QLabel()
        self.count.setTextFormat(Qt.TextFormat.PlainText)
        self.count.setProperty("heading", "true")
        self.note = QLabel()
        self.note.setProperty("small", "true")
        self.order = ChoiceButton("Sort by", ORDERS)
        self.order.setToolTip("Which images come first")
        self.order.show_choice("loss")
        self.order.chosen.connect(self._choose_order)
        self.grid = ImageGrid(self._session)
        self.past = ImagePastView(self._examiner)

    def _lay_out(self) -> None:
        upright = Qt.Orientation.Vertical
        matrix, table = _padded(self.matrix, 8, 10, 8, 8), _padded(self.table, 6, 4, 4, 0)
        left = make_split(matrix, table, way=upright)
        left.setSizes([380, 266])
        left.setStretchFactor(0, 3)
        left.setStretchFactor(1, 1)
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(self.count)
        head.addWidget(self.note, 1)
        head.addWidget(self.order)
        images = QWidget()
        column = QVBoxLayout(images)
        column.setContentsMargins(14, 10, 8, 0)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.grid, 1)
        right = make_split(images, _padded(self.past, 14, 10, 10, 6), way=upright)
        right.setSizes([420, 190])
        right.setStretchFactor(0, 1)
        self.body = make_split(left, right)
        self.body.setSizes([470, 700])
        self.body.setStretchFactor(0, 2)
        self.body.setStretchFactor(1, 3)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.body)

    # What the user wishes.

    @Slot(object)
    def _choose_cell(self, cell: object) -> None:
        if cell is not None:
            self.table.choose(-1)
        self._show_images()
        self.grid.scrollToTop()

    @Slot(int)
    def _choose_label(self, row: int) -> None:
        self._label = row if row >= 0 else None
        if row >= 0:
            self.matrix.choose(None)
        self._show_images()
        self.grid.scrollToTop()

    @Slot(str)
    def _choose_order(self, order: str) -> None:
        self._order = order
        self.order.show_choice(order)
        self._show_images()
        self.grid.scrollToTop()

    # Looks.

    @Slot()
    def refresh(self) -> None:
        """All of another answer."""
        answer, dataset = self._examiner.answer, self._session.dataset
        if not self.isVisible():
            return
        if answer is None or dataset is None:
            self.matrix.show_counts(np.zeros((0, 0), np.int64), ())
            self.table.cells.show_cells([])
        else:
            names, evaluation = dataset.class_names, answer.evaluation
            self.matrix.show_counts(evaluation.confusion, names)
            rows = zip(names, evaluation.class_scores, strict=True)
            self.table.cells.show_cells([_cells(name, score) for name, score in rows])
        self._show_images()
        self._show_past()

    @Slot()
    def _follow_history(self) -> None:
        if self._order == "forgotten":
            self._throttle.ask()
        self._past_throttle.ask()

    @Slot()
    def _show_past(self) -> None:
        if self.isVisible():
            self.past.refresh()

    @Slot()
    def _show_images(self) -> None:
        """The images of what is chosen, in order, and what they are in words."""
        answer, dataset = self._examiner.answer, self._session.dataset
        if not self.isVisible():
            return
        if answer is None or dataset is None:
            self.grid.show_images(None)
            self.count.setText("")
            self.note.setText("")
            return
        numbers, what = self._chosen(answer, dataset.class_names)
        shown = numbers[np.argsort(self._keys(answer, numbers), kind="stable")][:MOST_SHOWN]
        self.grid.show_images(Images(dataset, answer, shown, self._notes(answer, shown)))
        self.count.setText(what)
        self.note.setText(self._in_words(len(numbers)))

    def _chosen(self, answer: Answer, names: tuple[str, ...]) -> tuple[NDArray[np.int64], str]:
        evaluation, cell = answer.evaluation, self.matrix.cell
        labels, predictions = evaluation.labels, evaluation.predictions
        if cell:
            found = (labels == cell[0]) & (predictions == cell[1])
            label, read = names[cell[0]], names[cell[1]]
            what = f"{label} read as {read}" if cell[0] != cell[1] else f"{label}, rightly read"
        elif self._label is not None:
            found = (labels == self._label) & (predictions != labels)
            what = f"Mistakes on {names[self._label]}"
        else:
            found, what = predictions != labels, "All mistakes"
        numbers = np.flatnonzero(found).astype(np.int64)
        return numbers, f"{what}: {theme.spaced(len(numbers))}"

    def _keys(self, answer: Answer, numbers: NDArray[np.int64]) -> Array:
        """By what to sort, the least first."""
        if self._order == "forgotten" and self._examiner.history is not None:
            return -self._examiner.history.forgotten[numbers].astype(np.float64)
        if self._order == "loss":
            return -answer.evaluation.losses[numbers]
        return -answer.confidences[numbers] if self._order == "confidence" else numbers.astype("f8")

    def _notes(self, answer: Answer, numbers: NDArray[np.int64]) -> list[str]:
        """What is said of each below it."""
        if self._order == "forgotten" and self._examiner.history is not None:
            times = self._examiner.history.forgotten[numbers].tolist()
            return [f"forgotten {count}×" for count in times]
        if self._order == "loss":
            return [f"loss {loss:.3g}" for loss in answer.evaluation.losses[numbers].tolist()]
        return [f"No. {theme.spaced(number)}" for number in numbers.tolist()]

    def _in_words(self, count: int) -> str:
        history, timeline = self._examiner.history, self._session.timeline
        if self._order == "forgotten" and history is not None:
            if len(history.epochs) < 2:
                return "Forgotten is known from the second epoch’s end on."
            known = f"{len(history.epochs)} of {len(timeline.epochs)} epochs’ ends"
            return f"Counted over {known}."
        if count > MOST_SHOWN:
            return f"The first {theme.spaced(MOST_SHOWN)} are shown."
        if not count and self.matrix.cell is None and self._label is None:
            return "Not a single one."
        return "Click one to take it through the network." if count else ""

    def showEvent(self, event: QShowEvent) -> None:
        """Catches up."""
        super().showEvent(event)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "past"):
            self.matrix.update()
            self.table.viewport().update()
            self._show_past()
        super().changeEvent(event)


def _cells(name: str, score: ClassScore) -> list[Cell]:
    return [
        Cell(name),
        Cell(theme.spaced(score.support), "muted"),
        *(Cell(percent(share)) for share in (score.recall, score.precision, score.f1)),
    ]


def _padded(widget: QWidget, *margins: int) -> QWidget:
    """A widget with room around it, as a part of a splitter."""
    around = QWidget()
    column = QVBoxLayout(around)
    column.setContentsMargins(*margins)
    column.addWidget(widget)
    return around
