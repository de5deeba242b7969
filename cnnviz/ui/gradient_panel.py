"""One number of the way there or back, taken apart: its name, formula and numbers, to be copied."""

import re
from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from cnnviz.core.arithmetic import Arithmetic
from cnnviz.core.arithmetic_text import as_text, formula, where
from cnnviz.core.backward_arithmetic import ThroughLoss
from cnnviz.core.backward_arithmetic_text import (
    Explained,
    gradient_formula,
    gradient_text,
    loss_formula,
    parameter_formula,
    step_formulas,
    step_with_numbers,
    title,
)
from cnnviz.core.layer import Layer
from cnnviz.core.loss_arithmetic import ImageLoss
from cnnviz.core.parameter_arithmetic import ParameterGradient, WeightStep
from cnnviz.ui.arithmetic_blocks import Block, number, sign_color
from cnnviz.ui.arithmetic_canvas import MARGIN, ArithmeticCanvas
from cnnviz.ui.gradient_blocks import TEACHING, gradient_blocks, step_blocks, value_blocks
from cnnviz.ui.widgets.quiet_button import quiet_button

Found = Explained | Arithmetic


class GradientPanel(QWidget):
    """A heading, the formula, the numbers; `let_go` is wanted by its ✕."""

    let_go = Signal()

    def __init__(self, nothing: str, parent: QWidget | None = None) -> None:
        """`nothing` is what it says while there is nothing to take apart."""
        super().__init__(parent)
        self._nothing = nothing
        self._layers: Sequence[Layer] = ()
        self._classes: Sequence[str] = ()
        self.found: Found | None = None
        """What is shown."""
        self.title, self.result = QLabel(), QLabel()
        for label in (self.title, self.result):
            label.setProperty("heading", "true")
        self.title.setWordWrap(True)
        self.teaching, self.formula = QLabel(), QLabel()
        self.teaching.setProperty("small", "true")
        for label in (self.teaching, self.formula):
            label.setWordWrap(True)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.copy_button = quiet_button("Copy", "Copy all these numbers as text (Ctrl+C)")
        self.copy_button.clicked.connect(self.copy)
        self.let_go_button = quiet_button("✕", "Let go of it", "Let go")
        self.let_go_button.clicked.connect(self.let_go)
        copy = QShortcut(QKeySequence.StandardKey.Copy, self)
        copy.setContext(Qt.ShortcutContext.WindowShortcut)
        copy.activated.connect(self.copy)
        self.canvas = ArithmeticCanvas()
        self.canvas.setAccessibleName("Arithmetic of the gradient")
        scroll = QScrollArea()
        scroll.setWidget(self.canvas)
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._arrange(scroll)
        self.show_found((), (), None)

    def _arrange(self, scroll: QScrollArea) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(0)
        buttons.addWidget(self.copy_button)
        buttons.addWidget(self.let_go_button)
        buttons.addStretch(1)
        line = QHBoxLayout()
        line.addWidget(self.title, 1)
        line.addWidget(self.result)
        head = QVBoxLayout()
        head.setContentsMargins(MARGIN, 10, MARGIN, 4)
        head.setSpacing(6)
        head.addLayout(line)
        head.addWidget(self.teaching)
        head.addWidget(self.formula)
        head.addLayout(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(scroll, 1)

    def show_found(
        self,
        layers: Sequence[Layer],
        classes: Sequence[str],
        found: Found | None,
        nothing: str = "",
    ) -> None:
        """Takes another number apart; None says `nothing`, or what it says at first."""
        self._layers, self._classes, self.found = layers, classes, found
        for widget in (self.copy_button, self.let_go_button, self.formula):
            widget.setVisible(found is not None)
        if found is None:
            self.title.setText("Arithmetic")
            self.result.clear()
            self.teaching.setText(nothing or self._nothing)
            self.canvas.show_blocks([])
            return
        words = self._title(found)
        self.title.setText(words)
        value = found.step if isinstance(found, WeightStep) else found.result
        self.result.setText(number(value))
        color = f"color: {sign_color(value)}"
        if self.result.styleSheet() != color:  # to set it anew is dear
            self.result.setStyleSheet(color)
        self.teaching.setText(TEACHING.get(type(found), ""))
        self.teaching.setVisible(bool(self.teaching.text()))
        self.formula.setText(re.sub(r"\[[^]]*\]", _unbroken, self._formula(found)))
        self.canvas.show_blocks(self._blocks(found))

    def _title(self, found: Found) -> str:
        if isinstance(found, Arithmetic):
            return where(self._layers, found.place)
        if isinstance(found, ThroughLoss):
            return f"Gradient by the logit of {self._classes[found.place.index[0]]}"
        return title(self._layers, found)

    def _formula(self, found: Found) -> str:
        if isinstance(found, Arithmetic):
            return formula(found)
        if isinstance(found, ImageLoss):
            return loss_formula(found)
        if isinstance(found, ParameterGradient):
            return parameter_formula(self._layers, found)
        if isinstance(found, WeightStep):
            rule = step_formulas(found.optimizer)
            return "\n".join([*rule, "", *step_with_numbers(found)])
        return gradient_formula(self._layers, found)

    def _blocks(self, found: Found) -> list[Block]:
        if isinstance(found, Arithmetic):
            return value_blocks(found)
        if isinstance(found, WeightStep):
            return step_blocks(found)
        return gradient_blocks(found, self._classes)

    @property
    def text(self) -> str:
        """All of it, to be copied."""
        if self.found is None:
            return ""
        if isinstance(self.found, Arithmetic):
            return as_text(self._layers, self.found)
        return gradient_text(self._layers, self.found)

    @Slot()
    def copy(self) -> None:
        """Takes the arithmetic to the clipboard."""
        if self.isVisible() and self.found:
            QGuiApplication.clipboard().setText(self.text)

    def changeEvent(self, event: QEvent) -> None:
        """Follows the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "canvas"):
            self.show_found(self._layers, self._classes, self.found)


def _unbroken(indices: re.Match[str]) -> str:
    """Indices stay on one line."""
    return indices.group().replace(" ", "\u00a0")
