"""Chooses one weight or bias by keys: which array, and where in it."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from cnnviz.core.arithmetic_text import COUNTING
from cnnviz.core.network import Network
from cnnviz.core.parameter_arithmetic import Parameter

AXES = {4: ("filter", "channel", "y", "x"), 2: ("unit", "input"), 1: ("bias",)}

FIELD = 46
"""Pixels: four digits."""


class ParameterChooser(QWidget):
    """A list of arrays and a number for each of its axes."""

    chosen = Signal(object)
    """A Parameter: the user wants this one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shapes: dict[str, tuple[int, ...]] = {}
        self.array = QComboBox()
        self.array.setAccessibleName("Which weights")
        self.array.setToolTip("Whose gradient is taken apart; a click on a kernel chooses it, too")
        self.array.activated.connect(self._other_array)
        self.numbers = [QSpinBox() for _ in range(4)]
        self.titles = [QLabel() for _ in range(4)]
        row = QHBoxLayout()
        row.setSpacing(5)
        for title, field in zip(self.titles, self.numbers, strict=True):
            title.setProperty("small", "true")
            for widget in (title, field):
                widget.setToolTip(COUNTING)
            field.setFixedWidth(FIELD)
            field.valueChanged.connect(self._tell)
            row.addWidget(title)
            row.addWidget(field)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(self.array)
        column.addLayout(row)
        self._fit()

    def show_network(self, network: Network | None) -> None:
        """The arrays of another network."""
        layers = network.layers if network else []
        labels = {layer.name: layer.label for layer in layers}
        named = network.named_parameters() if network else ()
        self._shapes = {name: array.shape for name, array in named}
        with QSignalBlocker(self.array):
            self.array.clear()
            for name in self._shapes:
                layer, _, what = name.partition(".")
                self.array.addItem(f"{labels[layer]} {what}", name)
        self.array.setEnabled(bool(self._shapes))
        self._fit()

    @property
    def parameter(self) -> Parameter | None:
        """The one that stands there."""
        name = self.array.currentData()
        if name is None:
            return None
        index = [field.value() for field in self.numbers[: len(self._shapes[name])]]
        return Parameter(name, tuple(index))

    def show_parameter(self, parameter: Parameter) -> None:
        """Says one that was chosen elsewhere."""
        at = self.array.findData(parameter.name)
        if at < 0:
            return
        self.array.setCurrentIndex(at)
        self._fit()
        for field, value in zip(self.numbers, parameter.index, strict=False):
            with QSignalBlocker(field):
                field.setValue(value)

    @Slot()
    def _other_array(self) -> None:
        self._fit()
        self._tell()

    def _fit(self) -> None:
        """As many fields as the array has axes, each to its end."""
        shape: Sequence[int] = self._shapes.get(self.array.currentData() or "", ())
        names = AXES.get(len(shape), ())
        for k, (title, field) in enumerate(zip(self.titles, self.numbers, strict=True)):
            there = k < len(names)
            title.setVisible(there)
            field.setVisible(there)
            if there:
                title.setText(names[k])
                field.setAccessibleName(names[k].capitalize())
                with QSignalBlocker(field):
                    field.setRange(0, shape[k] - 1)

    @Slot()
    def _tell(self) -> None:
        if self.parameter:
            self.chosen.emit(self.parameter)
