"""Sliders that shift, turn, scale and roughen the image the network gets, each with its number."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QSignalBlocker, Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

from cnnviz.core.transforms import Transform
from cnnviz.ui.theme import THIN_SPACE


@dataclass(frozen=True)
class Knob:
    """A slider: whole numbers from `least` to `most`, what one is worth, and how it is written."""

    field: str
    title: str
    least: int
    most: int
    unit: float
    words: Callable[[float], str]
    tip: str


def _pixels(value: float) -> str:
    return f"{value:+.2f}{THIN_SPACE}px".replace("-", "−") if value else f"0{THIN_SPACE}px"


def _degrees(value: float) -> str:
    return f"{value:+.0f}°".replace("-", "−") if value else "0°"


def _times(value: float) -> str:
    return f"× {value:.2f}"


def _share(value: float) -> str:
    return f"± {value:.2f}" if value else "0"


KNOBS = (
    Knob("right", "Shift x", -40, 40, 0.25, _pixels, "To the right"),
    Knob("down", "Shift y", -40, 40, 0.25, _pixels, "Down"),
    Knob("angle", "Rotation", -180, 180, 1, _degrees, "Anticlockwise"),
    Knob("scale", "Scale", 50, 150, 0.01, _times, "About the middle"),
    Knob("noise", "Noise", 0, 100, 0.01, _share, "Gaussian, on every pixel; ink is 1"),
)


class TransformSliders(QWidget):
    """A line each: name, slider, number."""

    changed = Signal()
    """The user moved one."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = Transform()
        self.sliders: dict[str, QSlider] = {}
        self._numbers: dict[str, QLabel] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        for row, knob in enumerate(KNOBS):
            name, slider, number = QLabel(knob.title), QSlider(Qt.Orientation.Horizontal), QLabel()
            name.setProperty("muted", "true")
            name.setBuddy(slider)
            slider.setRange(knob.least, knob.most)
            slider.setPageStep(max(1, (knob.most - knob.least) // 20))
            slider.setAccessibleName(knob.title)
            slider.setToolTip(f"{knob.tip} (arrow keys)")
            slider.valueChanged.connect(self._take)
            number.setFixedWidth(66)
            number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((name, slider, number)):
                grid.addWidget(widget, row, column)
            self.sliders[knob.field], self._numbers[knob.field] = slider, number
        grid.setColumnStretch(1, 1)
        self.show_transform(Transform())

    def show_transform(self, transform: Transform) -> None:
        """Sets the sliders without telling anybody."""
        self.transform = transform
        for knob in KNOBS:
            with QSignalBlocker(self.sliders[knob.field]):
                value = getattr(transform, knob.field)
                self.sliders[knob.field].setValue(round(value / knob.unit))
        self._tell()

    @Slot()
    def _take(self) -> None:
        right, down, angle, scale, noise = (
            self.sliders[knob.field].value() * knob.unit for knob in KNOBS
        )
        self.transform = Transform(right, down, angle, scale, noise)
        self._tell()
        self.changed.emit()

    def _tell(self) -> None:
        for knob in KNOBS:
            self._numbers[knob.field].setText(knob.words(getattr(self.transform, knob.field)))
