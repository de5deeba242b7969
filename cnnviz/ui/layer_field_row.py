"""One field of a layer in the form: its number, or its two for y and x, and what it does."""

from typing import Any

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from cnnviz.core.layer_fields import LayerField
from cnnviz.core.nearest import as_pair
from cnnviz.ui.widgets.problem_note import ProblemNote
from cnnviz.ui.widgets.whole_field import WholeField

TITLE_WIDTH = 62
GIVEN = "As many as the data have classes: a value for each."


class LayerFieldRow(QWidget):
    """`typed` tells each new value, `left` that the field was left."""

    typed = Signal(str, object)
    left = Signal()
    mended = Signal(int)
    same_wanted = Signal()
    """The padding that keeps the maps their size."""

    def __init__(self, field: LayerField, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        is_pair = field.kind == "pair"
        self.numbers = [WholeField(field.least, field.most) for _ in range(1 + is_pair)]
        for number, axis in zip(self.numbers, ("height", "width"), strict=False):
            name = f"{field.title}, {axis}" if is_pair else field.title
            number.setAccessibleName(name)
            number.valueChanged.connect(self._tell)
            number.editingFinished.connect(self.left)
        self.square = _chip("square", "Height and width are one number")
        self.square.setCheckable(True)
        self.square.setVisible(is_pair)
        self.square.clicked.connect(self._take_square)
        self.same = _chip("same", "")
        self.same.setVisible(field.name == "padding")
        self.same.clicked.connect(self.same_wanted)
        self.about = QLabel(field.text)
        self.about.setProperty("small", "true")
        self.about.setWordWrap(True)
        self.note = ProblemNote()
        self.note.mended.connect(self.mended)
        self._lay_out()

    def _lay_out(self) -> None:
        title = QLabel(self.field.title)
        title.setFixedWidth(TITLE_WIDTH)
        title.setBuddy(self.numbers[0])
        line = QHBoxLayout()
        line.setSpacing(5)
        line.addWidget(title)
        for place, number in enumerate(self.numbers):
            if place:
                line.addWidget(QLabel("×"))
            line.addWidget(number)
        line.addSpacing(4)
        line.addWidget(self.square)
        line.addWidget(self.same)
        line.addStretch(1)
        below = QVBoxLayout()
        below.setContentsMargins(TITLE_WIDTH + 6, 0, 0, 0)
        below.setSpacing(4)
        below.addWidget(self.about)
        below.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addLayout(line)
        column.addLayout(below)

    def begin(self, value: Any) -> None:
        """Another layer is shown: its field is square if it is now."""
        pair = as_pair(value)
        self.square.setChecked(pair is None or pair[0] == pair[1])

    def show_value(self, value: Any, is_given: bool) -> None:
        """Shows a value without telling anybody; one that is given cannot be changed."""
        pair = as_pair(value)
        values = [value] if len(self.numbers) == 1 else list(pair or (value, value))
        for number, each in zip(self.numbers, values, strict=True):
            number.show_value(each)
            number.setEnabled(not is_given)
        if pair and pair[0] != pair[1]:
            self.square.setChecked(False)
        self.show_about(GIVEN if is_given else self.field.text)

    def show_about(self, text: str) -> None:
        """What the field does, in small letters below it."""
        self.about.setText(text)

    def show_problem(self, text: str, ways: list[str]) -> None:
        """What is wrong with this field; nothing where there is no text."""
        for number in self.numbers:
            number.mark(bool(text))
        self.note.show_problem(text, ways)

    @Slot()
    def _tell(self) -> None:
        first = self.numbers[0].value()
        if len(self.numbers) == 1:
            self.typed.emit(self.field.name, first)
            return
        if self.square.isChecked():
            changed = self.sender()
            first = changed.value() if isinstance(changed, WholeField) else first
            self.typed.emit(self.field.name, (first, first))
        else:
            self.typed.emit(self.field.name, (first, self.numbers[1].value()))

    @Slot()
    def _take_square(self) -> None:
        if self.square.isChecked():
            height = self.numbers[0].value()
            self.left.emit()
            self.typed.emit(self.field.name, (height, height))


def _chip(text: str, tip: str) -> QToolButton:
    chip = QToolButton()
    chip.setText(f" {text} ")
    chip.setProperty("chip", "true")
    chip.setToolTip(tip)
    chip.setAccessibleName(tip or text)
    chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return chip
