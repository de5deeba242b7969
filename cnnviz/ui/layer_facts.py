"""What follows from the chosen layer's fields: shapes, parameters, work and time, with formulas."""

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from cnnviz.core.layer import Shape
from cnnviz.core.layers import Flatten
from cnnviz.core.spec_check import LayerReport
from cnnviz.ui.design_editor import DesignEditor
from cnnviz.ui.layer_rows import shape_text
from cnnviz.ui.widgets.quantities import digits, quantity

TITLES = ("Goes in", "Comes out", "Size", "Parameters", "FLOPs", "Time", "Sees", "Left out")
TIPS = {
    "Size": "⌊(n + 2·padding − kernel) / stride⌋ + 1 along each axis",
    "Parameters": "A weight for every connection, a bias for every map or unit",
    "FLOPs": "Multiplications, additions and the like for one image, by formula",
    "Time": "Guessed from this machine’s measured peak, and from what the open run really takes",
    "Sees": "The receptive field: so much of the image one of its values depends on",
    "Left out": "At the end of its input, where no whole window has room",
}


class LayerFacts(QWidget):
    """A line for each thing that is known; what is not known has none."""

    def __init__(self, editor: DesignEditor, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editor = editor
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 10, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        self.lines: dict[str, tuple[QLabel, QLabel]] = {}
        for row, title in enumerate(TITLES):
            name, value = QLabel(title), QLabel()
            name.setProperty("muted", "true")
            name.setAlignment(Qt.AlignmentFlag.AlignTop)
            value.setWordWrap(True)
            value.setTextFormat(Qt.TextFormat.PlainText)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            for label in (name, value):
                label.setToolTip(TIPS.get(title, ""))
            grid.addWidget(name, row, 0)
            grid.addWidget(value, row, 1)
            self.lines[title] = name, value
        editor.changed.connect(self.refresh)
        editor.chosen.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Shows the chosen layer."""
        report = self._editor.layer_report
        facts = self._facts(report) if report else {}
        for title, (name, value) in self.lines.items():
            text = facts.get(title, "")
            value.setText(text)
            name.setVisible(bool(text))
            value.setVisible(bool(text))

    def text(self, title: str) -> str:
        """What is said under that title."""
        return self.lines[title][1].text()

    def _facts(self, report: LayerReport) -> dict[str, str]:
        layer, facts = report.layer, {}
        if report.input_shape:
            facts["Goes in"] = _shape(report.input_shape)
        if report.size_formulas and not isinstance(layer, Flatten):
            facts["Size"] = _formulas(report.size_formulas)
        if layer is None:
            return facts
        facts["Comes out"] = _shape(layer.output_shape)
        if isinstance(layer, Flatten):
            facts["Comes out"] = f"{report.size_formulas[0]} values"
        facts["Parameters"] = report.parameter_formula or "none"
        facts["FLOPs"] = self._flops(report)
        if report.seconds is not None:
            facts["Time"] = duration_text(report.seconds, self._editor)
        if report.field_size:
            facts["Sees"] = _sees(report.field_size, self._editor.design.input_shape[1:])
        if any(report.unused):
            facts["Left out"] = _unused(*report.unused)
        return facts

    def _flops(self, report: LayerReport) -> str:
        forward, backward = report.forward.flops, report.backward.flops
        if not forward + backward:
            return "none"
        batch = self._editor.report.batch_size
        ways = f"{quantity(forward / batch)} forward, {quantity(backward / batch)} backward"
        return f"{ways},\nfor each image"


def duration_text(seconds: float, editor: DesignEditor) -> str:
    """About 0.21 ms a batch of 64; “at least” where nothing was measured but the peak."""
    word = "at least" if editor.slowdown is None else "about"
    return f"{word} {digits(1000 * seconds)} ms a batch of {editor.report.batch_size}"


def _shape(shape: Shape) -> str:
    what = "maps of" if len(shape) == 3 else ""
    if len(shape) == 1:
        return f"{shape_text(shape)} values"
    many = "1 map of" if shape[0] == 1 else f"{shape[0]} {what}"
    return f"{shape_text(shape)}: {many} {shape_text(shape[1:])}"


def _formulas(formulas: tuple[str, ...]) -> str:
    if len(formulas) == 1:
        return formulas[0]
    return "\n".join(f"{axis}  {text}" for axis, text in zip("yx", formulas, strict=True))


def _sees(size: tuple[int, int], image: tuple[int, ...]) -> str:
    if size[0] >= image[0] and size[1] >= image[1]:
        return f"the whole image, {shape_text(image)}"
    if size == (1, 1):
        return "1 pixel of the image"
    return f"{shape_text(size)} pixels of the image"


def _unused(rows: int, columns: int) -> str:
    parts = [
        f"{count} {what}{'s' if count > 1 else ''}"
        for count, what in ((rows, "row"), (columns, "column"))
        if count
    ]
    return f"the last {' and '.join(parts)}: no whole window has room there"
