"""The fields of the chosen layer: to be typed into, each with what it does and what is wrong."""

from typing import Any

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.layer_fields import LAYER_TYPES, LayerType
from cnnviz.core.nearest import as_pair
from cnnviz.core.spec import LayerSpec
from cnnviz.core.spec_check import Problem
from cnnviz.core.spec_formulas import same_padding
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_facts import LayerFacts
from cnnviz.ui.layer_field_row import LayerFieldRow
from cnnviz.ui.widgets.problem_note import ProblemNote

MARGIN = 16


class LayerForm(QScrollArea):
    """A page for each type of layer, made once; the numbers that follow from it below."""

    def __init__(self, editor: DesignEditor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        self._shown: tuple[int, str] | None = None
        self.title = QLabel()
        self.title.setProperty("heading", "true")
        self.about = QLabel()
        self.about.setWordWrap(True)
        self.about.setProperty("muted", "true")
        self.note = ProblemNote()
        self.note.mended.connect(editor.take_remedy)
        self.facts = LayerFacts(editor)
        self.pages = {kind: FieldsPage(editor, each) for kind, each in LAYER_TYPES.items()}
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(MARGIN, 14, MARGIN, MARGIN)
        column.setSpacing(8)
        for widget in (self.title, self.about, self.note, *self.pages.values(), self.facts):
            column.addWidget(widget)
        column.addStretch(1)
        self.setWidget(whole)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        editor.changed.connect(self.refresh)
        editor.chosen.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Shows the chosen layer."""
        editor, layer = self._editor, self._editor.layer
        kind = layer.get("type") if layer else None
        page = self.pages.get(kind) if isinstance(kind, str) else None
        for each in self.pages.values():
            each.setVisible(each is page and bool(each.rows))
        if layer is None:
            self.title.setText("No layers")
            self.about.setText("Add one on the left, or start from a network that is there.")
        else:
            self.title.setText(editor.title_of(editor.position))
            strange = "There is no such type of layer: take it out, or mend the file."
            self.about.setText(page.type.text if page else strange)
        problem = editor.problem_at(editor.position) if layer else None
        in_field = bool(problem and page and problem.field in page.rows)
        if layer and page:
            begins = self._shown != (editor.position, kind)
            page.show_layer(layer, problem if in_field else None, begins)
        self._shown = (editor.position, str(kind))
        _tell(self.note, None if in_field else problem)

    def begin_typing(self) -> None:
        """The keyboard goes to the first field."""
        layer = self._editor.layer
        page = self.pages.get(layer["type"]) if layer else None
        if page and page.rows:
            number = next(iter(page.rows.values())).numbers[0]
            number.setFocus()
            number.selectAll()


class FieldsPage(QWidget):
    """The fields of one type of layer."""

    def __init__(self, editor: DesignEditor, kind: LayerType) -> None:
        super().__init__()
        self._editor = editor
        self.type = kind
        self.rows = {field.name: LayerFieldRow(field) for field in kind.fields}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 4)
        column.setSpacing(12)
        for row in self.rows.values():
            column.addWidget(row)
            row.typed.connect(editor.set_field)
            row.left.connect(editor.settle)
            row.mended.connect(editor.take_remedy)
            row.same_wanted.connect(self._take_same)

    def show_layer(self, layer: LayerSpec, problem: Problem | None, begins: bool) -> None:
        """The values of now; `begins` says that it was another layer before."""
        for name, row in self.rows.items():
            is_given = self._editor.is_given(name)
            value = self._editor.design.classes if is_given else field_value(layer, name)
            if begins:
                row.begin(value)
            row.show_value(value, is_given)
            _tell(row, problem if problem and problem.field == name else None)
        self._show_same(layer)

    def _show_same(self, layer: LayerSpec) -> None:
        """What padding keeps the maps their size, and why."""
        row, kernel = self.rows.get("padding"), as_pair(layer.get("kernel"))
        if row is None:
            return
        sound = kernel is not None and min(kernel) >= 1
        row.same.setEnabled(sound)
        if kernel and sound:
            same = same_padding(kernel)
            row.same.setToolTip(f"The padding that keeps the maps their size: {same.text}")
            taken = as_pair(field_value(layer, "padding")) == same.padding
            if same.is_exact or taken:
                row.show_about(f"{row.field.text} Same: {same.text}")

    @Slot()
    def _take_same(self) -> None:
        layer = self._editor.layer
        kernel = as_pair(layer.get("kernel")) if layer else None
        if kernel and min(kernel) >= 1:
            self._editor.settle()
            self._editor.set_field("padding", same_padding(kernel).padding)
            self._editor.settle()


def field_value(layer: LayerSpec, name: str) -> Any:
    """The value of a field, or what the engine takes where it is not given; None if it must be."""
    usual = {"padding": 0, "stride": layer.get("size", 1)}
    return layer.get(name, usual.get(name))


def _tell(place: ProblemNote | LayerFieldRow, problem: Problem | None) -> None:
    if problem is None:
        place.show_problem("", [])
    else:
        place.show_problem(problem.text, [way.text for way in problem.remedies])
