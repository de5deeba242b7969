"""How data of one's own are read: size, colours, what tests, and the seed that draws it."""

from dataclasses import replace
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal, Slot
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSpinBox, QWidget

from cnnviz.core.datasets import Options
from cnnviz.core.datasets.options import LARGEST_SIDE, LONGEST_SIDE
from cnnviz.ui.widgets.choice_button import ChoiceButton
from cnnviz.ui.widgets.number_fields import dress

COMMON, CHOSEN = "common", "chosen"
SIZES = (
    (COMMON, "as most have", f"The most common size, at most {LONGEST_SIDE} pixels a side"),
    (CHOSEN, "chosen:", "Every image is stretched to one size of your choice"),
)
COLOURS = (
    ("auto", "as most have", "Grey if most images are, else red, green and blue"),
    ("grey", "grey", "One channel: how bright each pixel is"),
    ("rgb", "RGB", "Three channels: red, green and blue"),
)
LARGEST_SEED = 2**31 - 1


class DataOptions(QWidget):
    """A row of fields; `options` is what they say."""

    changed = Signal()
    """The user chose otherwise."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.options = Options()
        self._size_now = (28, 28)  # of the images as they were read
        self._make_parts()
        self._lay_out()
        self.show_options(self.options)

    def _make_parts(self) -> None:
        self.size_choice = ChoiceButton("Size", SIZES)
        self.size_choice.setToolTip("All images are brought to one size")
        self.size_choice.chosen.connect(self._choose_size)
        self.height_field = self._side("Height of the images")
        self.width_field = self._side("Width of the images")
        self.colour_choice = ChoiceButton("Colours", COLOURS)
        self.colour_choice.setToolTip("One channel or three, the same for all images")
        self.colour_choice.chosen.connect(self._choose_colour)
        self.test_field = QDoubleSpinBox()
        self.test_field.setDecimals(1)
        self.test_field.setRange(0.1, 99.9)
        self.test_field.setPrefix("Test  ")
        self.test_field.setSuffix("\u2009%")
        self.test_field.setAccessibleName("Share of the images that tests")
        self.test_field.setToolTip(
            "Of each class, kept back to test on, where the data do not say which"
        )
        self.test_field.valueChanged.connect(self._choose_test)
        self.seed_field = QSpinBox()
        self.seed_field.setRange(0, LARGEST_SEED)
        self.seed_field.setPrefix("Seed  ")
        self.seed_field.setAccessibleName("Seed")
        self.seed_field.setToolTip("Draws which images test, and shuffles them")
        self.seed_field.valueChanged.connect(self._choose_seed)
        for field in (self.height_field, self.width_field, self.test_field, self.seed_field):
            dress(field)
            field.setFixedHeight(self.size_choice.sizeHint().height())

    def _side(self, name: str) -> QSpinBox:
        field = QSpinBox()
        field.setRange(1, LARGEST_SIDE)
        field.setAccessibleName(name)
        field.setToolTip(f"{name}, in pixels")
        field.valueChanged.connect(self._choose_sides)
        return field

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        self._times = QLabel("×")
        self._times.setToolTip("Height × width")
        for widget in (
            self.size_choice,
            self.height_field,
            self._times,
            self.width_field,
            self.colour_choice,
            self.test_field,
            self.seed_field,
        ):
            row.addWidget(widget)
        row.addStretch(1)

    def show_options(self, options: Options) -> None:
        """Shows them without telling anybody."""
        self.options = options
        self.size_choice.show_choice(CHOSEN if options.size else COMMON)
        self.colour_choice.show_choice(options.colour)
        height, width = options.size or self._size_now
        for field, value in (
            (self.height_field, height),
            (self.width_field, width),
            (self.seed_field, options.seed),
        ):
            with QSignalBlocker(field):
                field.setValue(value)
        with QSignalBlocker(self.test_field):
            self.test_field.setValue(100 * options.test)
        for widget in (self.height_field, self._times, self.width_field):
            widget.setVisible(options.size is not None)

    def show_size(self, height: int, width: int) -> None:
        """What size the images have now; from there the user goes on."""
        self._size_now = (height, width)

    @Slot(str)
    def _choose_size(self, kind: str) -> None:
        self._change(size=self._size_now if kind == CHOSEN else None)

    @Slot()
    def _choose_sides(self) -> None:
        self._change(size=(self.height_field.value(), self.width_field.value()))

    @Slot(str)
    def _choose_colour(self, colour: str) -> None:
        self._change(colour=colour)

    @Slot(float)
    def _choose_test(self, percent: float) -> None:
        self._change(test=percent / 100)

    @Slot(int)
    def _choose_seed(self, seed: int) -> None:
        self._change(seed=seed)

    def _change(self, **changes: Any) -> None:
        self.show_options(replace(self.options, **changes))
        self.changed.emit()
