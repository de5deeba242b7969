"""What is chosen in the network, there or back: a field to choose a parameter, and the arithmetic.

At the right of both views of it. The canvas and the field choose the same; either tells the other.
"""

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from cnnviz.core.parameter_arithmetic import Parameter
from cnnviz.ui.gradient_panel import GradientPanel
from cnnviz.ui.parameter_chooser import ParameterChooser
from cnnviz.ui.two_way_canvas import TwoWayCanvas

WIDTH = 360


class ChoicePanel(QWidget):
    """Knows what is chosen; who has it explains that, in `panel`."""

    changed = Signal()
    """Something else is chosen, or nothing any more."""

    def __init__(self, canvas: TwoWayCanvas, nothing: str) -> None:
        """`nothing` is what is said while nothing is chosen."""
        super().__init__()
        self.setMinimumWidth(WIDTH)
        self._canvas = canvas
        self.chooser = ParameterChooser()
        self.panel = GradientPanel(nothing)
        choose = QHBoxLayout()
        choose.setContentsMargins(14, 10, 14, 0)
        choose.addWidget(self.chooser)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(choose)
        self._column.addWidget(self.panel, 1)
        canvas.chosen.connect(self._take_choice)
        self.chooser.chosen.connect(self._choose_parameter)
        self.panel.let_go.connect(self._let_go)

    def add_below(self, widget: QWidget) -> None:
        """Something more about it."""
        self._column.addWidget(widget)

    @Slot(object)
    def _take_choice(self, choice: object) -> None:
        if isinstance(choice, Parameter):
            self.chooser.show_parameter(choice)
        self.changed.emit()

    @Slot(object)
    def _choose_parameter(self, parameter: Parameter) -> None:
        self._canvas.choose(parameter)
        self.changed.emit()

    @Slot()
    def _let_go(self) -> None:
        self._canvas.choose(None)
        self.changed.emit()
